# SPDX-License-Identifier: AGPL-3.0-or-later
# Completion for sottoctl, from its own help.
_sottoctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} command='' i words
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--database | --sql | --config) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]} && break ;;
		esac
	done
	if [ -n "$command" ]; then # its options, or the words that it takes
		words=$(sottoctl "$command" --help 2>/dev/null | sed '/^$/,$d')
		if [[ $cur == -* ]]; then
			words=$(grep -o -- '--[a-z-]*' <<<"$words")
		else
			words=$(sed -n 's/.*\[\([a-z|]*\)\].*/\1/p' <<<"$words" | tr '|' ' ')
		fi
	elif [[ $cur == -* ]]; then
		words=$(sottoctl --help | sed 1q | grep -o -- '--[a-z-]*')
	else
		words=$(sottoctl --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _sottoctl sottoctl # where we know nothing, names of files
