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

# Number of children
children() {
	local n=(unset)

	read -ra n <<<"$(macvlans)"
	echo "${#n[@]}"
}

log_has() {
	grep -q -- "$1" "$LOG"
}

refusals_are_at_least() {
	[ "$(grep -c "can't be attached" "$LOG")" -ge "$1" ]
}
