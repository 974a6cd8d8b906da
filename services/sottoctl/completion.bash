# SPDX-License-Identifier: AGPL-3.0-or-later
# Completion for sottoctl, from its own help.
_sottoctl() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sottoctl --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _sottoctl sottoctl
