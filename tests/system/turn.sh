#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# The relay for calls without systemd's units, and as they run it: coturn with systemd/turnserver.conf in an empty
# network namespace, and before it a unix socket.
#
#   turn.sh DIR SECRET-FILE [SETTINGS]     socket DIR/s, configuration DIR/conf; in the foreground until TERM
set -eu
[ "$#" = 2 ] || [ "$#" = 3 ] || { echo "usage: turn.sh DIR SECRET-FILE [SETTINGS]" >&2 && exit 2; }
umask 077
cat "${3:-$(dirname "$0")/../../systemd/turnserver.conf}" "$2" >"$1/conf"
drop=() alone=(unshare --user --map-root-user --net)
if [ "$(id -u)" = 0 ]; then
	chown turnserver:turnserver "$1/conf"
	drop=(--reuid=turnserver --regid=turnserver --clear-groups)
	alone=(unshare --net)
fi

# What dies takes the others along.
# shellcheck disable=SC2016
exec "${alone[@]}" bash -euc '
	dir=$1 && shift
	ip link set lo up
	trap "kill \$(jobs -p) 2>/dev/null || :" EXIT
	trap "exit 0" TERM INT
	setpriv --pdeathsig KILL --no-new-privs "$@" turnserver -c "$dir/conf" --pidfile= &
	setpriv --pdeathsig KILL --no-new-privs systemd-socket-activate --listen="$dir/s" \
		/lib/systemd/systemd-socket-proxyd --connections-max="${TURN_CONNECTIONS:-256}" 127.0.0.1:3478 &
	wait -n
' turn "$1" "${drop[@]}"
