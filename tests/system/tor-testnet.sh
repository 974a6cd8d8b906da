#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# A whole private Tor network on loopback: one directory authority, some relays, the onion services, some clients.
#
#   tor-testnet.sh up DIR [--services FILE] [--client-line LINE]... [--line LINE]...
#                         [--clients N] [--relays N] [--timeout SECONDS]
#   tor-testnet.sh down DIR            stop all of it; DIR stays, with the logs
#   tor-testnet.sh stop DIR NAME       stop one process (auth r1..r5 onion c1..cN), for failure tests
#   tor-testnet.sh start DIR NAME      start it again, same keys, same ports
#
# FILE is the part of a torrc that opens HiddenServiceDirs, below DIR/onion. "up" returns when every process has
# bootstrapped and the descriptors are stored on every HSDir. It leaves DIR/env for the shell: ONION (ONION2.. for
# further ones), SOCKS1.., CONTROL1.., ONION_CONTROL. Each process' number is in DIR/NAME/pid.
# As root, the processes run as debian-tor (or nobody), who must be able to reach DIR and unix targets.
# Control ports ask no password: never use this outside a test machine.

set -euo pipefail

# In every torrc. Circuit timeouts are fixed because learned ones are too short on a busy machine. The Vanilla
# scheduler answers in 1 ms where KIST takes 100 on loopback; "--line 'Schedulers KIST'" is what real nodes do.
shared_lines='TestingTorNetwork 1
Address 127.0.0.1
AssumeReachable 1
SafeLogging 0
RunAsDaemon 1
ShutdownWaitLength 0
DisableDebuggerAttachment 0
LearnCircuitBuildTimeout 0
CircuitBuildTimeout 3
Schedulers Vanilla'

say() { printf '%3d s  %s\n' "$SECONDS" "$*"; }
die() { echo "tor-testnet: $*" >&2; exit 1; }
count() { cat "${@:2}" 2>/dev/null | grep -c -- "$1" || true; } # count PATTERN FILE...

until_true() { # until_true WHAT COMMAND...: poll until it succeeds, or the time for all of "up" is over
	until "${@:2}"; do
		(($(date +%s) < deadline)) || {
			grep -e Bootstrapped -e warn -e jumped "$dir"/*/log >&2
			die "gave up waiting for: $1 (logs: $dir/*/log)"
		}
		none_ended
		sleep 0.1
	done
	say "$1"
}

# --- one process -------------------------------------------------------------------------------------

configure() { # configure NAME < its own lines
	local d=$dir/$1
	mkdir -p "$d"
	{
		printf '%s\n' "DataDirectory $d" "PidFile $d/pid" "Log notice file $d/log" "$shared_lines" "$authority_line"
		cat
		[ -z "$user" ] || echo "User $user"
	} >"$d/torrc"
	[ -z "$user" ] || chown -R "$user" "$d"
	chmod 700 "$d"
}

launch() { # returns once it has forked, opened its ports and dropped root
	tor -f "$dir/$1/torrc" --hush >"$dir/$1/start.log" 2>&1 || { cat "$dir/$1/start.log" >&2 && return 1; }
}

alive() { # sets pid; only a process whose command line names our torrc counts
	pid=$(cat "$dir/$1/pid" 2>/dev/null) && grep -qsF "$dir/$1/torrc" "/proc/$pid/cmdline"
}

none_ended() {
	local name
	for name in "$dir"/*/pid; do
		name=$(basename "${name%/pid}")
		[ ! -s "$dir/$name/pid" ] || alive "$name" || die "$name ended unasked"
	done
}

halt() { # halt NAME...
	local name pid i
	for name; do alive "$name" && kill -TERM "$pid"; done # on TERM a relay too leaves at once
	for name; do
		for ((i = 0; i < 50; i++)); do alive "$name" || continue 2; sleep 0.1; done
		kill -KILL "$pid"
	done
}

# --- the network -------------------------------------------------------------------------------------

pick_ports() { # sets base: a free block of 50 below the ephemeral range
	local p
	while base=$((20000 + RANDOM % 240 * 50)); do
		for ((p = base; p < base + 50; p++)); do
			! grep -q ":$(printf %04X "$p") " /proc/net/tcp || continue 2
		done
		return
	done
}

authority_keys() { # sets fingerprint and v3ident
	mkdir -p "$dir/auth/keys"
	(cd "$dir/auth/keys" && echo | tor-gencert --create-identity-key -m 12 --passphrase-fd 0) &>"$dir/gencert.log" ||
		die "tor-gencert failed, see $dir/gencert.log"
	v3ident=$(awk '$1 == "fingerprint" { print $2 }' "$dir/auth/keys/authority_certificate")
	fingerprint=$(tor --ignore-missing-torrc -f "$dir/none" --hush --list-fingerprint --DataDirectory "$dir/auth" \
		--ORPort 1 --Address 127.0.0.1 --DirAuthority "x 127.0.0.1:1 $(printf 'f%.0s' {1..40})" |
		awk 'END { $1 = ""; gsub(" ", ""); print }')
}

start_authority() { # fails if another network took the ports first
	pick_ports
	authority_line="DirAuthority auth orport=$base no-v2 v3ident=$v3ident 127.0.0.1:$((base + 1)) $fingerprint"
	configure auth <<-END
		Nickname auth
		ContactInfo none@example.invalid
		ORPort 127.0.0.1:$base
		DirPort 127.0.0.1:$((base + 1))
		SocksPort 0
		AuthoritativeDirectory 1
		V3AuthoritativeDirectory 1
		TestingDirAuthVoteGuard *
		TestingDirAuthVoteHSDir *
		V3AuthVotingInterval 1800
		V3AuthVoteDelay 2
		V3AuthDistDelay 2
		TestingV3AuthInitialVotingInterval 1800
		TestingV3AuthInitialVoteDelay 2
		TestingV3AuthInitialDistDelay 2
		TestingV3AuthVotingStartOffset $((($(date +%s) + 900) % 1800))
	END
	launch auth
}

vote_now() { # the first vote was 15 minutes away, so that it cannot come before all relays have published
	sed -i -e "s/^\(TestingV3AuthInitialVotingInterval\) .*/\1 5/" \
		-e "s/^\(TestingV3AuthVotingStartOffset\) .*/\1 $(($(date +%s) % 5))/" "$dir/auth/torrc"
	kill -HUP "$(cat "$dir/auth/pid")"
}

relays_published() { (($(count '^router ' "$dir"/auth/cached-descriptors{,.new}) == relays + 1)); }
consensus_complete() { (($(count '^r ' "$dir/auth/cached-microdesc-consensus") == relays + 1)); }
relays_serve() { (($(count '^onion-key$' "$dir"/r*/cached-microdescs{,.new}) >= relays * (relays + 1))); }
all_bootstrapped() { (($(count 'Bootstrapped 100%' "$dir"/{r,c,onion}*/log) >= relays + clients + 1)); }
all_bootstrapped_or_told() { # who asked in vain, on a busy machine, would ask again a minute later
	local log
	all_bootstrapped && return
	((SECONDS - told < patience)) || {
		told=$SECONDS patience=$((2 * patience)) # who is told all the time comes to no end
		for log in "$dir"/{r*,c*,onion}/log; do
			# One that has only begun would die of it.
			grep -q 'Bootstrapped 100%' "$log" || ! grep -q 'Bootstrapped [1-9]' "$log" ||
				! alive "$(basename "${log%/log}")" || kill -HUP "$pid"
		done
	}
	return 1
}
descriptors_stored() { # of every service: this time period's and the next one's, on every HSDir asked
	(($(count 'Initiating upload for hidden service next' "$dir/onion/rend.log") >= \
	$(count '^HiddenServiceDir ' "$dir/onion/torrc") && \
	$(count 'finished with status 200' "$dir/onion/rend.log") >= \
	$(count 'initiated upload request' "$dir/onion/rend.log")))
}

up() {
	local n hs pid pids=() user='' base fingerprint v3ident authority_line told patience
	local relays=5 clients=2 timeout=180 services=/dev/null client_lines=''
	while (($#)); do
		case $1 in
		--services) services=$2 ;;
		--client-line) client_lines+=$2$'\n' ;;
		--line) shared_lines+=$'\n'$2 ;;
		--clients) clients=$2 ;; # at most 15
		--relays) relays=$2 ;;   # at most 9
		--timeout) timeout=$2 ;;
		*) die "unknown option $1" ;;
		esac
		shift 2
	done
	deadline=$(($(date +%s) + timeout))
	if [ "$(id -u)" = 0 ]; then
		user=$(id -nu debian-tor 2>/dev/null || echo nobody)
		setpriv --reuid="$user" --clear-groups test -x "$dir" || die "$user cannot reach $dir"
	fi
	authority_keys
	for n in {1..10}; do start_authority && break; done
	for ((n = 1; n <= relays; n++)); do
		printf '%s\n' "Nickname r$n" "ORPort 127.0.0.1:$((base + 10 + n))" "SocksPort 0" | configure "r$n"
		launch "r$n" &
		pids+=($!)
	done
	until_true "all relays have published" relays_published
	vote_now
	until_true "consensus lists all relays" consensus_complete
	for ((n = 1; n <= relays; n++)); do kill -HUP "$(cat "$dir/r$n/pid")"; done # fetch it now, not in a minute
	until_true "relays serve it" relays_serve # else who asks them too early asks again 10 seconds later
	configure onion <<-END
		SocksPort 0
		ControlPort 127.0.0.1:$((base + 3))
		Log [rend]info file $dir/onion/rend.log
		$(grep '^[A-Z]' "$services")
	END
	launch onion &
	pids+=($!)
	for ((n = 1; n <= clients; n++)); do
		configure "c$n" <<-END
			SocksPort 127.0.0.1:$((base + 18 + 2 * n))
			SocksPort unix:$dir/c$n/socks
			ControlPort 127.0.0.1:$((base + 19 + 2 * n))
			$client_lines
		END
		launch "c$n" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || die "a process did not start"; done
	told=$SECONDS patience=8
	until_true "all bootstrapped" all_bootstrapped_or_told
	until_true "descriptors stored" descriptors_stored
	n=
	while read -r _ hs; do
		echo "ONION$n=$(cat "$hs/hostname")"
		n=$((${n:-1} + 1))
	done < <(grep '^HiddenServiceDir ' "$dir/onion/torrc") >"$dir/env"
	for ((n = 1; n <= clients; n++)); do
		printf '%s\n' "SOCKS$n=127.0.0.1:$((base + 18 + 2 * n))" "CONTROL$n=127.0.0.1:$((base + 19 + 2 * n))"
	done >>"$dir/env"
	echo "ONION_CONTROL=127.0.0.1:$((base + 3))" >>"$dir/env"
}

down() {
	local t names=()
	for t in "$dir"/{c*,onion,r*,auth}/torrc; do [ ! -e "$t" ] || names+=("$(basename "${t%/torrc}")"); done
	halt "${names[@]}"
	say "all stopped"
}

case ${1:-}$# in
up[2-9] | up[1-9][0-9] | down2 | start3 | stop3) dir=$(realpath -m "${2:-.}") ;;
*) die "usage: up DIR [options] | down DIR | start DIR NAME | stop DIR NAME" ;;
esac
case $1 in
up)
	[ ! -e "$dir/auth" ] || die "$dir holds a network already: take a fresh directory"
	mkdir -p "$dir"
	trap 'down >&2' EXIT
	up "${@:3}"
	trap - EXIT
	;;
start) launch "$3" ;;
stop) halt "$3" ;;
*) "$1" ;;
esac
