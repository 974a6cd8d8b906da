# SPDX-License-Identifier: AGPL-3.0-or-later
# Completion for sotto, from its own help. Names of contacts would need the passphrase.
_sotto() {
	local cur=${COMP_WORDS[COMP_CWORD]} help words='' word
	help=$(sotto --help)
	if [[ $cur == -* ]]; then
		words=$(sed -n 's/^  \(--[a-z-]*\(, --[a-z-]*\)*\).*/\1/p' <<<"$help" | tr ',' ' ')
	else
		words=$(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' <<<"$help")
		for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do # a command is there: a name, or a file
			! grep -qx -- "$word" <<<"$words" || { words='' && break; }
		done
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _sotto sotto # where we know nothing, names of files
