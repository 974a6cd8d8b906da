# SPDX-License-Identifier: AGPL-3.0-or-later
# Completion for sotto, from its own help. Names of contacts would need the passphrase.
_sotto() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	if [ "$prev" = --profile ]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sotto --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(sotto --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')" -- "$cur")
	fi
}
complete -F _sotto sotto
