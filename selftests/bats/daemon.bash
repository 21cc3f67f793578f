# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Shared by the bats files of the daemon, which runs in the test's namespace.

load "$BATS_TEST_DIRNAME/../bats/command.bash"

setup_file() {
	# Left by an earlier daemon whose test was killed
	rm -rf /run/stabletap
}

teardown() {
	teardown_scene
	rm -rf /run/stabletap/override
}

# Write the daemon's configuration from standard input
configure() {
	cat >"$BATS_TEST_TMPDIR/conf"
}

# Listen on the UNIX socket $2 of type $1 (STREAM, DGRAM), but neither accept a
# connection nor read.  No datagram more fits into the socket.
deaf_socket() {
	rm -f "$2"
	python3 - "$@" 3>&- <<-'PYTHON' &
		import signal, socket, sys
		kind = getattr(socket, 'SOCK_' + sys.argv[1])
		deaf = socket.socket(socket.AF_UNIX, kind)
		deaf.bind(sys.argv[2])
		if kind == socket.SOCK_STREAM:
		    deaf.listen()
		else:
		    sender = socket.socket(socket.AF_UNIX, kind)
		    sender.setblocking(False)
		    try:
		        while True:
		            sender.sendto(b'full', sys.argv[2])
		    except BlockingIOError:
		        pass
		open(sys.argv[2] + '.ready', 'w').close()
		signal.pause()
	PYTHON
	background+=("$!")
	eventually test -e "$2.ready"
	rm "$2.ready"
}

# Start the daemon. $1...: variables for its environment.  Sets DAEMON.
daemon() {
	LOG=$BATS_TEST_TMPDIR/log
	# Not through a function: $! would be the process id of a subshell.
	nsenter --net="/run/netns/$NS" -- env "$@" "${BIN%/*}/stabletapd" \
		--config "$BATS_TEST_TMPDIR/conf" 3>&- >>"$LOG" 2>&1 &
	DAEMON=$!
	background+=("$DAEMON")
	eventually answers
}

# Follow the daemon's events with as many clients as it takes: 96
take_all_places() {
	local ready=$BATS_TEST_TMPDIR/places

	python3 - "$ready" 3>&- <<-'PYTHON' &
		import signal, socket, sys
		clients = []
		for _ in range(96):
		    client = socket.socket(socket.AF_UNIX)
		    client.connect('/run/stabletap/stabletapd.sock')
		    client.sendall(b'{"events": 1000000, "follow": true}\n')
		    # The answer shows that this client has a place, and keeps it.
		    if b'"busy"' in client.recv(65536):
		        sys.exit('a client got no place')
		    clients.append(client)
		open(sys.argv[1], 'w').close()
		signal.pause()
	PYTHON
	background+=("$!")
	eventually test -e "$ready"
}

answers() {
	stabletap status >/dev/null 2>&1
}

# $1: the signal
daemon_ends() {
	kill "-$1" "$DAEMON"
	wait "$DAEMON" || :
}

# True if port $1's lower is on device $2
is_on() {
	[ "$(of "$1" lower.dev 2>/dev/null)" = "$2" ] ||
		[ "$(of "$1" lower.ifname 2>/dev/null)" = "$2" ]
}

is_detached() {
	[ "$(of "$1" state 2>/dev/null)" = detached ]
}

# True if there are $1 children.  A replaced child is deleted a moment after the
# new one is attached.
has_children() {
	local n=()

	read -ra n <<<"$(macvlans)" || :
	[ "${#n[@]}" = "$1" ]
}

# True if $1 children have no port
are_loose() {
	[ "$(loose)" = "$1" ]
}

nothing_is_loose() {
	are_loose 0
}

has_no_macvlan() {
	[[ " $(macvlans) " != *" $1 "* ]]
}

# vm1 is on d0. v0 is a better candidate, and is about to get carrier again.
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

# True if the events of port $1 have $2.  Wait for this with "eventually": the
# daemon learns of its own actions from the kernel's messages, so it reports
# them later than the port shows them.
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
