# SPDX-License-Identifier: AGPL-3.0-or-later
# Completion for sotto, from its own help. Names of contacts would need the passphrase.
_sotto() {
	local cur=${COMP_WORDS[COMP_CWORD]} help command='' words word
	help=$(sotto help)
	words=$(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' <<<"$help")
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		! grep -qx -- "$word" <<<"$words" || { command=$word && break; }
	done
	if [[ $cur == -* ]]; then # everybody's, and those of the command
		[[ ! $command ]] || help=${help%$'\noptions of some'*}$'\n'$(sotto help "$command")
		words=$(sed -n 's/^  \(--[a-z-]*\).*/\1/p' <<<"$help")
	elif [[ $command == help ]]; then
		words+=' errors'
	elif [[ $command ]]; then # a name, or a file
		words=''
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _sotto sotto # where we know nothing, names of files
