# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Shared by the bats files of the command.  Every test has a network namespace
# of its own, in which ip and stabletap below work.
#
#      vm1, vm2 ...      ports that the test makes
#          │
#       st<i>-<tag>      children that the command makes
#          │
#     d0     d1          dummies, MTU 1500         v0 ──── v1   a veth pair

bats_require_minimum_version 1.5.0

# Long, since emulation is slow and the host may be busy
DEADLINE=120

MAC=52:54:00:01:02:03

# Can be set, to test another command
BIN=${BIN:-$STABLETAP_TOP/build/bin/stabletap}
BIN_FAULTS=${BIN_FAULTS:-$STABLETAP_TOP/build/faults/bin/stabletap}

in_ns() {
	nsenter --net="/run/netns/$NS" -- "$@"
}

ip() {
	command ip -n "$NS" "$@"
}

stabletap() {
	"$BIN" -n "$NS" "$@"
}

# Run the command as a user without privileges, in the test's namespace, which
# such a user can't enter
unprivileged() {
	in_ns setpriv --reuid "$1" --regid "$1" --clear-groups \
		"$BIN" "${@:2}"
}

# Run the command with fault points, so that it dies at step $1
stabletap_dies_at() {
	STABLETAP_FAULT=$1 "$BIN_FAULTS" -n "$NS" "${@:2}"
}

# Wait until a command succeeds.
eventually() {
	local end=$((SECONDS + DEADLINE))

	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			echo "# not within $DEADLINE s: $*" >&2
			return 1
		fi
		busybox usleep 50000
	done
}

# Print the value of a key of a port's JSON, or of "lower.key",
# "last_detach.key".  Parsed by indentation, because jq takes a second in the
# emulator.
of() {
	local line outer="" section="" key=${2##*.} value

	[[ $2 != *.* ]] || outer=${2%.*}
	value=$(stabletap -j -p show "$1") || return
	while IFS= read -r line; do
		if [[ $line == "            \""* ]]; then
			section=${line#*\"}
			section=${section%%\"*}
			[ -z "$outer" ] || continue
		elif [ -z "$outer" ] || [ "$section" != "$outer" ]; then
			continue
		fi
		[[ $line == *" \"$key\": "* ]] || continue
		line=${line#*\": }
		line=${line%,}
		line=${line%\"}
		printf '%s\n' "${line#\"}"
		return
	done <<<"$value"
	echo null
}

# Print the names of all macvlans
macvlans() {
	local line names=()

	while read -r line _; do
		names+=("${line%@*}")
	done < <(ip -br link show type macvlan | sort)
	echo "${names[*]}"
}

# Print the number of macvlans without a master
loose() {
	# Up to 5.10 the kernel takes "nomaster" for any master.
	ip -j -d link show type macvlan |
		jq '[.[] | select(.ifname and .master == null)] | length'
}

has_carrier() {
	[[ $(ip -br link show "$1") == *" UP "* ]]
}

# Start a process that keeps a port open.  Sets HOLDER to its pid.
hold() {
	"$BIN" -n "$NS" exec "$1" -- sleep 1000 \
		3>&- </dev/null >/dev/null 2>&1 &
	HOLDER=$!
	background+=("$HOLDER")
	# The process runs "sleep" once it has opened the port.
	eventually grep -qx sleep "/proc/$HOLDER/comm"
}

# Bats traces each command, which takes 10 ms in the emulator.  Trace only the
# test's own lines, not the functions that it calls.
untraced() {
	set +o functrace
}

setup() {
	setup_scene
}

setup_scene() {
	untraced
	NS=t$BATS_TEST_NUMBER
	background=()
	command ip netns add "$NS"
	ip -batch - <<-BATCH
		link set lo up
		link add d0 type dummy
		link add d1 type dummy
		link add v0 type veth peer name v1
		link set d0 up
		link set d1 up
		link set v0 up
		link set v1 up
	BATCH
}

teardown() {
	teardown_scene
}

teardown_scene() {
	local pid

	# After "function &", $! is a subshell, so kill what it started, too.
	for pid in "${background[@]}" $(command ip netns pids "$NS"); do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	command ip netns del "$NS"
}

# Run a command until it stops at step $1. $2...: the command.  Sets STOPPED.
stops_at() {
	STABLETAP_STOP=$1 "$BIN_FAULTS" -n "$NS" "${@:2}" 3>&- &
	STOPPED=$!
	background+=("$STOPPED")
	eventually grep -q '^State:.*T' "/proc/$STOPPED/status"
}

goes_on() {
	kill -CONT "$STOPPED"
	wait "$STOPPED"
}

# Check that the output is one message with the text "$1", and that the status
# was 1.
refused() {
	[ "$status" = 1 ] || { echo "# status $status: $output" >&2; return 1; }
	[[ $output == *"$1"* ]] || { echo "# said: $output" >&2; return 1; }
	[[ $output == stabletap:* ]] || [[ $output == *$'\n'stabletap:* ]]
}
