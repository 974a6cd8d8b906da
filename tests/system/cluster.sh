#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# A throw-away PostgreSQL cluster with the settings a real one has, reached by a unix socket only.
#
#   cluster.sh up DIR [OS-USER...]   data in DIR/pgdata, socket in DIR/pg, postmaster's pid in DIR/pg.pid
#   cluster.sh fill DIR BUILD        roles, database, tables and functions, by BUILD/sottoctl
#   cluster.sh down DIR              stop it; the files stay
#
# The caller, root, postgres and the OS users named may be any role, superuser included. As root the server runs as
# postgres, so DIR must let others pass (mode 711). Connect with "host=DIR/pg user=blobd dbname=sotto".
set -eu

fail() {
	echo "cluster.sh: $*" >&2
	exit 1
}

# By exec in the same process, so that $! is the postmaster; its own session, so that only down ends it.
as_postgres() {
	if [ "$(id -u)" = 0 ]; then
		exec setsid setpriv --reuid=postgres --regid=postgres --init-groups --reset-env "$@"
	fi
	exec setsid "$@"
}

settings() { # later lines win
	cat "$top/services/sottoctl/conf/postgresql.conf"
	cat <<-EOF
		port = 5432
		unix_socket_directories = '$dir/pg'
	EOF
}

make() {
	(as_postgres "$bin/initdb" -D "$dir/pgdata" -U postgres -A peer -E UTF8 --locale=C --no-sync \
		--no-instructions --data-checksums --wal-segsize=1) >"$dir/pg.log" 2>&1 || fail "initdb: see $dir/pg.log"
	settings >>"$dir/pgdata/postgresql.conf"
	cp "$top/services/sottoctl/conf/pg_hba.conf" "$dir/pgdata/"
	: >"$dir/pgdata/pg_ident.conf"
	for user in $(printf '%s\n' "$(id -un)" root postgres "$@" | sort -u); do
		for role in postgres sotto_owner prekeyd blobd bridged; do
			echo "sotto $user $role" >>"$dir/pgdata/pg_ident.conf"
		done
	done
}

up() {
	mkdir -p "$dir/pg"
	[ -d "$dir/pgdata" ] || mkdir -m 700 "$dir/pgdata"
	if [ "$(id -u)" = 0 ]; then
		chown postgres: "$dir/pg" "$dir/pgdata"
	fi
	[ -s "$dir/pgdata/PG_VERSION" ] || make "$@"
	as_postgres "$bin/postgres" -D "$dir/pgdata" >>"$dir/pg.log" 2>&1 </dev/null &
	echo $! >"$dir/pg.pid"
	until "$bin/pg_isready" -q -h "$dir/pg" -p 5432 -U postgres -d postgres; do
		kill -0 "$(cat "$dir/pg.pid")" 2>/dev/null || fail "postgres ended: see $dir/pg.log"
		sleep 0.02
	done
}

fill() {
	"$1/sottoctl" --database "host=$dir/pg port=5432 user=postgres" --sql "$1/sql" cluster
	"$1/sottoctl" --database "host=$dir/pg port=5432 user=sotto_owner" --sql "$1/sql" migrate
}

# Fast, which a stopped backend would hold up for ever; then immediate, which it cannot.
down() {
	[ -f "$dir/pg.pid" ] || return 0
	pid=$(cat "$dir/pg.pid")
	rm -f "$dir/pg.pid"
	signal=INT
	for n in $(seq 1 1000); do
		[ "$n" = 150 ] && signal=QUIT
		case $n in 1 | 150) kill -$signal "$pid" 2>/dev/null || return 0 ;; esac
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.02
	done
	fail "postmaster $pid does not end"
}

[ $# -ge 2 ] || fail "usage: up DIR [OS-USER...] | fill DIR BUILD | down DIR"
verb=$1 dir=$(cd "$2" && pwd) top=$(cd "$(dirname "$0")/../.." && pwd)
shift 2
bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)
[ -x "$bin/postgres" ] || fail "no PostgreSQL server under /usr/lib/postgresql"
case $verb in
up | fill | down) "$verb" "$@" ;;
*) fail "no such command: $verb" ;;
esac
