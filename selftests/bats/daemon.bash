# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the bats files of the daemon share.  It runs in the test's namespace.

load "$BATS_TEST_DIRNAME/../bats/command.bash"

setup_file() {
	# Of a daemon before, if a test of it was killed
	rm -rf /run/stabletap
}

teardown() {
	teardown_scene
	rm -rf /run/stabletap/override
}

# What the daemon is to do, on standard input
configure() {
	cat >"$BATS_TEST_TMPDIR/conf"
}

# Starts the daemon, $1...: variables for its environment; sets DAEMON.
daemon() {
	LOG=$BATS_TEST_TMPDIR/log
	# No function: its process id would be that of a shell.
	nsenter --net="/run/netns/$NS" -- env "$@" "${BIN%/*}/stabletapd" \
		--config "$BATS_TEST_TMPDIR/conf" 3>&- >>"$LOG" 2>&1 &
	DAEMON=$!
	background+=("$DAEMON")
	eventually answers
}

answers() {
	stabletap status >/dev/null 2>&1
}

# $1: the signal
daemon_ends() {
	kill "-$1" "$DAEMON"
	wait "$DAEMON" || :
}

# Is port $1's lower on device $2?
is_on() {
	[ "$(of "$1" lower.dev 2>/dev/null)" = "$2" ] ||
		[ "$(of "$1" lower.ifname 2>/dev/null)" = "$2" ]
}

is_detached() {
	[ "$(of "$1" state 2>/dev/null)" = detached ]
}

# Are there so many children?  One that was replaced goes a moment after the
# new one has come.
has_children() {
	local n=()

	read -ra n <<<"$(macvlans)" || :
	[ "${#n[@]}" = "$1" ]
}

has_no_macvlan() {
	[[ " $(macvlans) " != *" $1 "* ]]
}

has_carrier() {
	[[ $(ip -br link show "$1") == *" UP "* ]]
}

# vm1 is on d0, though v0 would be better and is about to have carrier again.
goes_for_good() {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
Failback=no'
	daemon
	eventually is_on vm1 v0
	ip link set v1 down
	eventually is_on vm1 d0
	ip link set v1 up
}

# The daemon hears from the kernel what it has done: it tells of it later than
# the port shows it.  $1: a port
events_have() {
	local events

	events=$(stabletap events "$1") && [[ $events == *"$2"* ]]
}

log_has() {
	grep -q -- "$1" "$LOG"
}

# Has port $1 been refused by a device at least $2 times?
refusals_are_at_least() {
	stabletap -j status "$1" | grep -oE '"times":[0-9]+' |
		sed 's/.*://' | sort -n | tail -n 1 |
		{ read -r times && [ "$times" -ge "$2" ]; }
}
