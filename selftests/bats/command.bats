#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The command stabletap: show, monitor, exec, announce, and behaviour that all
# verbs share.  vm-timeout: 1800
#
# In a network namespace for each test (command.bash):
#
#      vm1, vm2 ...      ports that the test makes
#          │
#       st<i>-<tag>      children that the command makes
#          │
#     d0     d1          dummies, MTU 1500         v0 ──── v1   a veth pair
#
# shellcheck disable=SC2030,SC2031,SC2086,SC2154

load daemon.bash

state_is() {
	[ "$(of "$1" state)" = "$2" ]
}

# ---- show ----

@test "show prints state, lower, mode, device, MAC, MTU and node" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	run -0 stabletap show vm1
	[[ ${lines[0]} == "vm1: state attached lower st"*" mode bridge dev d0" ]]
	[[ $output == *"link up address $MAC mtu 1500 on-detach drop"* ]]
	[[ $output == *"node $(of vm1 node) owner root group root perm 0600 queues 0/1"* ]]
}

@test "show -j lists all ports as JSON, -p for people, -br in a line each" {
	stabletap add vm1
	stabletap add vm2
	stabletap attach vm2 dev d0
	stabletap -j show | jq -e '.version == 1 and
		(.ports | map(.port)) == ["vm1", "vm2"]'
	[ "$(stabletap -j show | wc -l)" = 1 ]
	[ "$(stabletap -j -p show | wc -l)" -gt 10 ]
	stabletap -j -p show | jq -e '.ports | length == 2'
	run -0 stabletap -br show
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == vm2*attached*" up "*"$(of vm2 lower.ifname)@d0"* ]]
	# The options may stand behind the verb as well.
	[ "$(stabletap show -br)" = "$output" ]
}

@test "show prints the bounds of on-detach hold, and what is held" {
	is_empty() { [ "$(of vm1 hold.held_frames)" = 0 ]; }
	stabletap add vm1 on-detach hold frames 9 bytes 64K time 3600000
	run -0 stabletap show vm1
	[[ ${lines[1]} == *" on-detach hold frames 9 bytes 65536 time 3600000" ]]
	[[ $output != *"    held "* ]]
	is_empty
	# ARP requests
	ip addr add 10.77.1.1/24 dev vm1
	in_ns ping -c 1 -W 1 10.77.1.2 || :
	run -0 stabletap show vm1
	[[ ${lines[2]} =~ ^"    held "[1-9]" frames "[1-9][0-9]*" bytes"$ ]]
	stabletap attach vm1 dev d0
	eventually is_empty
	stabletap -j -s show vm1 | jq -e '.ports[0].stats |
		.tx_held > 0 and .tx_packets >= .tx_held and .tx_expired == 0'
}

@test "show without ports prints nothing, or an empty array" {
	run -0 stabletap show
	[ "$output" = "" ]
	[ "$(stabletap -j show)" = '{"version":1,"ports":[]}' ]
}

@test "show names who has a port open" {
	stabletap add vm1 queues 2
	[ "$(of vm1 open_queues)" = 0 ]
	hold vm1
	[ "$(of vm1 open_queues)" = 2 ]
	stabletap -j show vm1 | jq -e --argjson pid "$HOLDER" '.ports[0].holders ==
		[{"pid": $pid, "command": "sleep", "fds": 2}]'
	# -br has no effect on JSON.
	[ "$(stabletap -br -j show vm1)" = "$(stabletap -j show vm1)" ]
	run -0 stabletap show vm1
	[[ $output == *"open in sleep pid $HOLDER"* ]]
}

@test "show prints why and when which lower was lost" {
	stabletap add vm1
	stabletap attach vm1 dev v0
	lower=$(of vm1 lower.ifname)
	ip link del v0
	[ "$(of vm1 state)" = detached ]
	stabletap -j show vm1 | jq -e --arg lower "$lower" '.ports[0] |
		.losses == 1 and .last_detach.reason == "lower-gone" and
		.last_detach.lower == $lower and .last_detach.dev == "v0" and
		.last_detach.seconds_ago >= 0 and
		.last_detach.seconds_ago < 1000'
	run -0 stabletap show vm1
	[[ $output == *"last detach lower-gone "*"s ago from v0"* ]]
}

# The record of the devices of the children of port $1, which is there now
record_of() {
	echo "/run/stabletap/children/$(stat -c %i "/run/netns/$NS").$(of "$1" ifindex)"
}

@test "the record of a child's device is removed with the port" {
	stabletap add vm1
	stabletap attach vm1 dev v0
	local first second

	first=$(record_of vm1)
	[ -L "$first" ]
	stabletap del vm1
	[ ! -L "$first" ]
	# Behind the command's back: the next time it works on any port
	stabletap add vm2
	stabletap attach vm2 dev v0
	second=$(record_of vm2)
	[ -L "$second" ]
	ip link del vm2
	stabletap add vm3
	stabletap attach vm3 dev d0
	[ ! -L "$second" ]
	[ -L "$(record_of vm3)" ]
}

@test "the record of a namespace that is gone is not taken for this one's" {
	stabletap add vm1
	stabletap attach vm1 dev v0
	lower=$(of vm1 lower.ifname)
	ip link del v0
	record=$(record_of vm1)
	rest=$(readlink "$record")
	ln -sfn "18446744073709551615 ${rest#* }" "$record"
	# (Without cookies, on 5.10, ours is 0, which is another one as well.)
	run -0 stabletap show vm1
	[[ $output == *"last detach lower-gone "*"s ago from $lower"* ]]
}

@test "show distinguishes a lower that is down from one that is up" {
	stabletap add vm1
	stabletap attach vm1 dev v0
	[ "$(of vm1 state)" = attached ]
	ip link set v1 down
	eventually state_is vm1 lower-down
	ip link set v1 up
	eventually state_is vm1 attached
}

@test "show warns of a lower that shrank below the port" {
	stabletap add vm1
	stabletap attach vm1 dev v0 mode direct
	[ "$(of vm1 warnings)" = "[]" ]
	ip link set v0 mtu 1400
	[ "$(of vm1 warnings)" = "[" ]
	run -0 stabletap show vm1
	[[ $output == *"warning: the lower's MTU 1400 is below the port's 1500"* ]]
}

@test "show -s counts, and counts what is dropped while detached" {
	stabletap add vm1
	ip -6 address add 2001:db8::1/64 dev vm1 nodad
	run in_ns ping -6 -c 1 -W 1 2001:db8::2
	stabletap -j -s show vm1 | jq -e '.ports[0].stats.tx_detached > 0'
	run -0 stabletap -s show vm1
	[[ $output == *"TX:"*"detached"* ]]
	[[ $output == *"RX:"*"no-reader"* ]]
}

@test "show warns of a loaded module that is not the installed one" {
	local release dir
	release=$(uname -r)
	dir=/lib/modules/$release
	mkdir -p "$BATS_TEST_TMPDIR/extra"
	cp "$STABLETAP_KO" "$BATS_TEST_TMPDIR/stabletap.ko"
	loaded=$(cat /sys/module/stabletap/srcversion)
	stabletap add vm1
	# shellcheck disable=SC2016
	run unshare -m sh -c '
		mount -t tmpfs none "$1" && cp "$2/stabletap.ko" "$1/" &&
		depmod "$3" 2>/dev/null
		nsenter --net="$4" "$5" show vm1 2>&1 >/dev/null
		sed -i "s/srcversion=$6/srcversion=ABCDEF0123456789ABCDEF0/" \
			"$1/stabletap.ko"
		nsenter --net="$4" "$5" show vm1 2>&1 >/dev/null
		nsenter --net="$4" "$5" -j show vm1 2>/dev/null' \
		- "$dir" "$BATS_TEST_TMPDIR" "$release" "/run/netns/$NS" \
		"$BIN" "$loaded"
	# First the installed module itself: no warning.
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == warning:*"$loaded"*"not the installed one (ABCDEF0123456789ABCDEF0"* ]]
	# And with -j where programs look.
	jq -e '.ports[0].warnings | length == 1 and
		(.[0] | contains("not the installed one"))' <<<"${lines[1]}"
}

@test "any user may use show" {
	stabletap add vm1
	run -0 unprivileged 65534 -j show
	echo "$output" | jq -e '.ports[0].port == "vm1"'
}

@test "show works while ports are created and deleted" {
	(
		while :; do
			ip -batch - <<-BATCH
				link add a type stabletap
				link add b type stabletap
				link del a
				link del b
			BATCH
		done
	) 3>&- >/dev/null 2>&1 &
	background+=("$!")
	# Not "i": run of bats 1.8 overwrites it.
	for ((turn = 0; turn < 10; turn++)); do
		run -0 stabletap -j show
		[[ $output == "{"*"]}" ]]
	done
}

@test "show reports errors with the right status" {
	run stabletap show nope
	refused "there is no port 'nope'"
	run stabletap show d0
	refused "'d0' is a network device, but no port"
	run -2 stabletap show vm1 vm2
	run -2 stabletap show -x
}

# ---- monitor ----

# Start a monitor whose output goes to $events, and wait until it listens.
monitor() {
	events=$BATS_TEST_TMPDIR/events
	stabletap add ready down
	# Appended, because the file is truncated below.
	"$@" now 3>&- >>"$events" 2>&1 &
	MONITOR=$!
	background+=("$MONITOR")
	eventually grep -q ready "$events"
	stabletap del ready
	eventually grep -q deleted "$events"
	: >"$events"
}

@test "monitor reports the events of a port in order, as JSON" {
	monitor "$BIN" -n "$NS" -j monitor
	stabletap add vm1 down
	stabletap attach vm1 dev d0
	stabletap attach vm1 dev d1 replace
	# The kernel sets a device down before it deletes it.
	ip link del d1
	stabletap del vm1
	eventually grep -q '"deleted"' "$events"
	cat "$events"
	run -0 jq -r '[.event, .reason // empty] | join(" ")' "$events"
	[ "$output" = "added
attached
replaced
lower-down
detached lower-gone
deleted" ]
	jq -es '.[1] | .event == "attached" and .port == "vm1" and
		.lower_ifindex > 0 and (.lower | startswith("st")) and
		.kind == "macvlan" and .dev == "d0"' "$events"
}

@test "monitor reports lower-down, lower-up, renames, MAC, MTU, up and down" {
	monitor "$BIN" -n "$NS" monitor
	stabletap add vm1
	stabletap attach vm1 dev v0
	ip link set v1 down
	eventually grep -q 'vm1: lower-down' "$events"
	ip link set v1 up
	eventually grep -q 'vm1: lower-up' "$events"
	ip link set vm1 down
	ip link set vm1 name vm9
	ip link set vm9 mtu 1400
	ip link set vm9 address $MAC
	eventually grep -q "vm9: address address $MAC" "$events"
	grep -q 'vm1: down' "$events"
	grep -q 'vm9: renamed old_name vm1' "$events"
	grep -q 'vm9: mtu mtu 1400 old_mtu 1500' "$events"
}

@test "monitor reports on-detach and its bounds" {
	monitor "$BIN" -n "$NS" monitor
	stabletap add vm1
	stabletap set vm1 on-detach hold
	stabletap set vm1 frames 9 bytes 64K
	stabletap set vm1 on-detach drop time 500
	eventually grep -qx 'vm1: hold frames 9 bytes 65536 time_ms 500' \
		"$events"
	diff - <(grep -E 'hold|detach' "$events") <<-END
		vm1: on-detach on_detach hold
		vm1: hold frames 9 bytes 65536 time_ms 10000
		vm1: on-detach on_detach drop
		vm1: hold frames 9 bytes 65536 time_ms 500
	END
}

@test "monitor -t stamps every line" {
	monitor "$BIN" -n "$NS" -t monitor
	stabletap add vm1
	eventually grep -q 'vm1: added' "$events"
	run -1 grep -vE '^\[[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}[+-][0-9]{2}:[0-9]{2}\] ' "$events"
}

@test "monitor -u stamps in UTC" {
	monitor "$BIN" -n "$NS" monitor -t -u
	stabletap add vm1
	eventually grep -qE '^\[[0-9T:.-]{26}Z\] vm1: added' "$events"
}

@test "monitor names the device of a child that is lost" {
	monitor "$BIN" -n "$NS" -j monitor
	stabletap add vm1
	stabletap attach vm1 dev v0
	ip link del v0
	eventually grep -q '"detached"' "$events"
	jq -es 'map(select(.event == "detached")) | .[0].dev == "v0"' "$events"
}

@test "monitor of one port is silent about others" {
	monitor "$BIN" -n "$NS" monitor
	stabletap add vm1 down
	stabletap add vm2 down
	"$BIN" -n "$NS" monitor vm2 now \
		3>&- >"$events.2" &
	background+=("$!")
	eventually grep -q 'vm2: added' "$events.2"
	ip link set vm1 up
	ip link set vm2 up
	eventually grep -q 'vm2: up' "$events.2"
	[ "$(grep -c vm1 "$events.2")" = 0 ]
}

@test "monitor of one port continues when the port is deleted and created again" {
	stabletap add vm1 down
	events=$BATS_TEST_TMPDIR/events
	"$BIN" -n "$NS" monitor vm1 now 3>&- >"$events" &
	background+=("$!")
	eventually grep -q 'vm1: added' "$events"
	# The monitor follows the renamed port, not the port that gets its name.
	ip link set vm1 name vm9
	stabletap add vm1 down
	stabletap del vm9
	eventually grep -q 'vm9: deleted' "$events"
	stabletap del vm1
	eventually grep -q 'vm1: deleted' "$events"
	stabletap add other down
	stabletap add vm1
	eventually grep -q 'vm1: up' "$events"
	run -0 cat "$events"
	[[ ${lines[0]} == "vm1: added"* ]]
	[[ ${lines[1]} == "vm9: renamed"* ]]
	[[ ${lines[2]} == "vm9: deleted"* ]]
	[[ ${lines[3]} == "vm1: deleted"* ]]
	[[ ${lines[4]} == "vm1: added"* ]]
	[[ ${lines[5]} == "vm1: up"* ]]
	[ "${#lines[@]}" = 6 ]
}

@test "monitor reports the difference after it lost events" {
	# Without privileges the receive buffer is small.
	monitor nsenter --net="/run/netns/$NS" -- \
		setpriv --reuid 65534 --clear-groups "$BIN" monitor
	stabletap add vm1
	stabletap add vm2
	eventually grep -q 'vm2: up' "$events"
	kill -STOP "$MONITOR"
	# The default receive buffer has grown to 4 MiB (7.x).
	for ((turn = 0; turn < 30; turn++)); do
		for ((i = 0; i < 400; i++)); do
			echo "link set d0 mtu $((1500 + i % 2))"
		done | ip -batch -
		[ "$(in_ns cat /proc/net/netlink |
			awk '$2 == 0 && $9 > 0' | wc -l)" = 0 ] || break
	done
	[ "$turn" -lt 30 ]
	# Events from before the loss are kept.
	stabletap attach vm1 dev d0
	stabletap del vm2
	kill -CONT "$MONITOR"
	eventually grep -q 'vm2: deleted' "$events"
	eventually grep -q 'vm1: attached' "$events"
	[ "$(grep -c 'vm1: attached' "$events")" = 1 ]
	# The monitor continues as before.
	stabletap detach vm1
	eventually grep -q 'vm1: detached reason asked' "$events"
}

@test "monitor reports no wrong difference after lost events while others continue" {
	monitor nsenter --net="/run/netns/$NS" -- \
		setpriv --reuid 65534 --clear-groups "$BIN" monitor
	stabletap add busy down
	stabletap add vm1 down
	(
		while :; do
			ip -batch - <<-BATCH
				link add x type dummy
				link set busy mtu 1400
				link del x
				link set busy mtu 1500
			BATCH
		done
	) 3>&- >/dev/null 2>&1 &
	churn=$!
	background+=("$churn")
	for ((turn = 0; turn < 5; turn++)); do
		kill -STOP "$MONITOR"
		for ((i = 0; i < 400; i++)); do
			echo "link set d0 mtu $((1500 + i % 2))"
		done | ip -batch -
		ip link del vm1
		kill -CONT "$MONITOR"
		stabletap add vm1 down
		stabletap add "t$turn" down
		eventually grep -q "t$turn: added" "$events"
		stabletap del "t$turn"
		eventually grep -q "t$turn: deleted" "$events"
	done
	kill -KILL "$churn"
	for ((turn = 0; turn < 5; turn++)); do
		[ "$(grep -c "t$turn: added" "$events")" = 1 ]
		[ "$(grep -c "t$turn: deleted" "$events")" = 1 ]
	done
	[ "$(grep -c "vm1: deleted" "$events")" = 5 ]
	[ "$(grep -c "vm1: added" "$events")" = 6 ]
	[ "$(grep -cE "busy: (added|deleted)" "$events")" = 1 ]
}

# ---- exec ----

@test "exec gives the command one open fd a queue, and nothing else" {
	stabletap add vm1 queues 2
	node=$(of vm1 node)
	# shellcheck disable=SC2016
	run -0 stabletap exec vm1 -- bash -c '
		[ "$1" = "$STABLETAP_FDS" ] || exit 1
		for fd in ${1//:/ }; do
			readlink /proc/$$/fd/$fd
			grep flags: /proc/$$/fdinfo/$fd
		done
		ls /proc/$$/fd' - '{fds}' 3>&-
	[ "$(grep -cx "$node" <<<"$output")" = 2 ]
	# O_RDWR, O_NONBLOCK, O_LARGEFILE; not O_CLOEXEC
	[ "$(grep -cE 'flags:[[:space:]]+0?104002$' <<<"$output")" = 2 ]
	with=$(grep -cE '^[0-9]+$' <<<"$output")
	# shellcheck disable=SC2016
	run -0 bash -c 'ls /proc/$$/fd' 3>&-
	[ "$with" = $((${#lines[@]} + 2)) ]
	[ "$(of vm1 open_queues)" = 0 ]
}

@test "exec with {fd} anywhere in the command opens one queue" {
	stabletap add vm1 queues 4
	# shellcheck disable=SC2016
	run -0 stabletap exec vm1 -- sh -c \
		'echo "$1"; stabletap -br show vm1' - \
		'tap,fd={fd},vhost=on'
	[[ ${lines[0]} =~ ^tap,fd=[0-9]+,vhost=on$ ]]
	[[ ${lines[1]} == *1/4 ]]
	run -0 stabletap exec vm1 queues 3 -- stabletap -br show vm1
	[[ $output == *3/4 ]]
}

@test "exec passes on the command's status, 127 and 126 as shells do" {
	stabletap add vm1
	run -42 stabletap exec vm1 -- sh -c 'exit 42'
	run -127 stabletap exec vm1 -- /no/such/command
	[[ $output == *"can't execute '/no/such/command'"* ]]
	run -126 stabletap exec vm1 -- /etc/passwd
	[ "$(of vm1 open_queues)" = 0 ]
}

@test "exec --user gives up every privilege but the fd" {
	stabletap add vm1
	# shellcheck disable=SC2016
	run -0 stabletap exec vm1 --user nobody -- sh -c '
		id -u; id -g; id -G; grep -E "Cap(Prm|Eff)" /proc/self/status
		readlink /proc/self/fd/$STABLETAP_FDS'
	[ "${lines[0]}" = "$(id -u nobody)" ]
	[ "${lines[1]}" = "$(id -g nobody)" ]
	[ "${lines[2]}" = "$(id -G nobody)" ]
	[ "$(grep -c 0000000000000000 <<<"$output")" = 2 ]
	[ "${lines[5]}" = "$(of vm1 node)" ]
	run -0 stabletap exec vm1 --user=nobody:daemon -- id -G
	[[ " $output " == *" $(getent group daemon | cut -d : -f 3) "* ]]
	run -0 stabletap exec vm1 --user 4242:4243 -- sh -c 'id -u; id -G'
	[ "$output" = "4242
4243" ]
	# The environment does not name root any more.
	# shellcheck disable=SC2016
	USER=root LOGNAME=root HOME=/root \
		run -0 stabletap exec vm1 --user 4242:4243 -- \
		sh -c 'echo "$HOME,${USER-none},${LOGNAME-none}"'
	[ "$output" = "/,none,none" ]
	# shellcheck disable=SC2016
	run -0 stabletap exec vm1 --user daemon -- \
		sh -c 'echo "$HOME,$USER,$LOGNAME"'
	[ "$output" = "$(getent passwd daemon | cut -d : -f 6),daemon,daemon" ]
}

@test "exec --user leaves no inheritable and no ambient capability" {
	local sets='Cap(Inh|Prm|Eff|Amb)'

	stabletap add vm1 owner daemon
	# With some and with all of root's capabilities
	for as in "--reuid daemon --regid daemon --clear-groups" ""; do
		# shellcheck disable=SC2086
		run -0 in_ns setpriv $as --inh-caps +net_admin,+setgid \
			--ambient-caps +net_admin,+setgid \
			grep -E "$sets" /proc/self/status
		[ "$(grep -c 0000000000000000 <<<"$output")" = 0 ]
		# shellcheck disable=SC2086
		run -0 in_ns setpriv $as --inh-caps +net_admin,+setgid \
			--ambient-caps +net_admin,+setgid \
			"$BIN" exec vm1 --user daemon -- \
			grep -E "$sets" /proc/self/status
		[ "$(grep -c 0000000000000000 <<<"$output")" = 4 ]
	done
}

@test "exec refuses an unknown user before it opens anything" {
	stabletap add vm1
	run -2 stabletap exec vm1 --user nosuchuser -- true
	[[ $output == *"there is no user 'nosuchuser'"* ]]
	run -2 stabletap exec vm1 --user 4242 -- true
	[[ $output == *"4242:GROUP"* ]]
}

@test "exec refuses more queues than there are, and names who has them" {
	stabletap add vm1 queues 2
	run stabletap exec vm1 queues 3 -- true
	refused "port 'vm1' has 2 queues, not 3"
	hold vm1
	run stabletap exec vm1 queues 1 -- true
	refused "can't open port 'vm1'"
	[[ $output == *"pid $HOLDER"* ]]
}

@test "exec gives vhost fds when they are asked for" {
	modprobe vhost_net
	stabletap add vm1 queues 2
	# shellcheck disable=SC2016
	run -0 stabletap exec vm1 -- bash -c '
		for fd in ${1//:/ }; do readlink /proc/$$/fd/$fd; done' - \
		'{vhostfds}'
	[ "$output" = "/dev/vhost-net
/dev/vhost-net" ]
	# shellcheck disable=SC2016
	run -0 stabletap exec vm1 queues 1 vhost -- bash -c \
		'readlink /proc/$$/fd/$STABLETAP_VHOST_FDS'
	[ "$output" = /dev/vhost-net ]
	# shellcheck disable=SC2016
	STABLETAP_VHOST_FDS=7 run -0 stabletap exec vm1 -- \
		sh -c 'echo "${STABLETAP_VHOST_FDS-none}"'
	[ "$output" = none ]
}

@test "exec does not open another device's node at the port's path" {
	stabletap add vm1
	node=$(of vm1 node)
	mv "$node" "$node.away"
	mknod "$node" c 1 3
	run stabletap exec vm1 -- true
	mv "$node.away" "$node"
	refused "is not the port's node"
	mv "$node" "$node.away"
	run stabletap exec vm1 -- true
	mv "$node.away" "$node"
	refused "can't find the port's node"
	stabletap exec vm1 -- true
}

@test "exec by a user without rights on the node is refused" {
	stabletap add vm1 owner daemon
	run unprivileged 65534 exec vm1 -- true
	refused "can't open port 'vm1'"
	run -0 unprivileged daemon exec vm1 -- true
}

@test "exec --user by another than root is refused, unless it is that user" {
	stabletap add vm1 owner daemon
	run unprivileged daemon exec vm1 --user nobody -- true
	refused "can't set the groups of user"
	[[ $output == *hint:*root* ]]
	run -0 unprivileged daemon exec vm1 --user daemon -- id -un
	[ "$output" = daemon ]
	run unprivileged daemon exec vm1 --user daemon:nogroup -- true
	refused "can't become group"
}

@test "exec names the owner of /dev/vhost-net if it may not be opened" {
	modprobe vhost_net
	stabletap add vm1 owner daemon
	# shellcheck disable=SC2016
	run unshare -m sh -c 'mknod "$1" c 1 3 && chmod 600 "$1" &&
		mount --bind "$1" /dev/vhost-net && shift && exec "$@"' - \
		"$BATS_TEST_TMPDIR/node" nsenter --net="/run/netns/$NS" -- \
		setpriv --reuid daemon --regid daemon --clear-groups \
		"$BIN" exec vm1 vhost -- true
	refused "can't open /dev/vhost-net"
	[[ $output == *"hint:"*"kvm"* ]]
}

@test "exec reports wrong arguments in one line, status 2" {
	stabletap add vm1 queues 2
	for words in "" "vm1" "vm1 --" "-- true" "vm1 true" "vm1 queues -- true" \
		"vm1 queues 0 -- true" "vm1 --user" "vm1 -- {fd} {fds}" \
		"vm1 queues 2 -- {fd}"; do
		# shellcheck disable=SC2086
		run -2 stabletap exec $words
		[ "${#lines[@]}" = 1 ]
	done
}

# ---- announce ----

@test "announce sends a RARP from the port's MAC out of the lower" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev v0
	in_ns tcpdump -i v1 -c 1 -nn -e -l rarp \
		3>&- >"$BATS_TEST_TMPDIR/dump" 2>"$BATS_TEST_TMPDIR/err" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/err"
	stabletap announce vm1
	eventually grep -q "$MAC > ff:ff:ff:ff:ff:ff.*Reverse ARP.*$MAC tell $MAC" \
		"$BATS_TEST_TMPDIR/dump"
}

@test "announce of a detached port is refused" {
	stabletap add vm1
	run stabletap announce vm1
	refused "has no lower"
	run -2 stabletap announce
	run -2 stabletap announce vm1 vm2
}

@test "announce names the missing capability or link state" {
	stabletap add vm1
	stabletap attach vm1 dev v0 mode direct
	run unprivileged 65534 announce vm1
	refused "can't announce port 'vm1'"
	[[ $output == *CAP_NET_RAW* ]]
	ip link set v0 down
	run stabletap announce vm1
	refused "can't announce port 'vm1'"
	[[ $output == *"ip link set v0 up"* ]]
}

# ---- set ----

@test "set changes what may change, and only that" {
	stabletap add vm1 address $MAC down
	stabletap set vm1 mtu 1400 address 52:54:00:0a:0b:0c
	[ "$(of vm1 mtu)" = 1400 ]
	[ "$(of vm1 address)" = 52:54:00:0a:0b:0c ]
	[ "$(of vm1 up)" = false ]
	stabletap set vm1 up
	[ "$(of vm1 up)" = true ]
	stabletap set vm1 on-detach hold frames 9 bytes 1M time 500
	[ "$(of vm1 on_detach)" = hold ]
	[ "$(of vm1 hold.frames)" = 9 ]
	[ "$(of vm1 hold.bytes)" = 1048576 ]
	[ "$(of vm1 hold.time_ms)" = 500 ]
	# The bounds stay.
	stabletap set vm1 on-detach drop
	[ "$(of vm1 on_detach)" = drop ]
	[ "$(of vm1 hold.frames)" = 9 ]
	stabletap set vm1 frames 10
	[ "$(of vm1 hold.frames)" = 10 ]
	[ "$(of vm1 hold.bytes)" = 1048576 ]
	run stabletap set vm1 address 53:54:00:01:02:03
	refused "can't change port 'vm1'"
	run stabletap set d0 up
	refused "no port"
	run unprivileged 65534 set vm1 down
	refused "can't change port 'vm1'"
	for words in "" "vm1" "vm1 up down" "vm1 queues 2" "vm1 mtu 1" \
		"vm1 frames 0" "vm1 frames 1000001" "vm1 frames 1K" \
		"vm1 bytes 0" "vm1 bytes 5G" "vm1 bytes 1KB" \
		"vm1 time 0" "vm1 time 3600001" "vm1 time"; do
		run -2 stabletap set $words
		[ "${#lines[@]}" = 1 ]
	done
}

# ---- wait ----

# Waits with "$@" in the background, as WAITER.
waits() {
	"$BIN" -n "$NS" wait "$@" 3>&- >"$BATS_TEST_TMPDIR/waited" 2>&1 &
	WAITER=$!
	background+=("$WAITER")
}

is_waiting() {
	grep -q do_sys_poll "/proc/$WAITER/wchan" ||
		grep -q '^State:.*S' "/proc/$WAITER/status"
}

@test "wait ends when the port is attached, though it did not exist" {
	waits vm1
	eventually is_waiting
	stabletap add vm1
	stabletap attach vm1 dev d0
	wait "$WAITER"
	# And at once where it is so already.
	stabletap wait vm1 attached timeout 60
	waits vm1 detached
	eventually is_waiting
	kill -0 "$WAITER"
	stabletap detach vm1
	wait "$WAITER"
}

@test "wait gives up with status 1 when its time is over" {
	stabletap add vm1
	run stabletap wait vm1 timeout 1
	refused "port 'vm1' was not attached within 1 s"
	run stabletap wait vm1 timeout 0
	refused "port 'vm1' was not attached"
	stabletap wait vm1 detached timeout 0
	run -2 stabletap wait vm1 attached detached
	run -2 stabletap wait vm1 timeout x
}

@test "wait is told of a lower that has lost its carrier" {
	stabletap add vm1
	stabletap attach vm1 dev v0
	ip link set v1 down
	eventually state_is vm1 lower-down
	run stabletap wait vm1 timeout 0
	refused "was not attached"
	waits vm1 timeout 100
	ip link set v1 up
	wait "$WAITER"
}

# ---- in general ----

@test "help and version are printed, wrong verbs are not guessed at" {
	run -0 stabletap help
	[[ $output == *attach*monitor* ]]
	for words in "attach help" "help attach" "attach --help" "-h attach"; do
		run -0 stabletap $words
		[[ $output == "Usage: stabletap attach PORT dev DEVICE"* ]]
		[[ $output == *passthru*"Example:"* ]]
	done
	run -0 stabletap -V
	[[ $output == stabletap*module* ]]
	[ "$(stabletap version)" = "$output" ]
	stabletap -j -V | jq -e '.version == 1 and .release and .module.release'
	[[ $output == *", build $(cat /sys/module/stabletap/srcversion),"* ]]
	[[ $output == *"stabletapd not running"* ]]
	[[ $output == *"libstabletap not installed"* ]]
	run -0 env LD_LIBRARY_PATH="$STABLETAP_TOP/build/root/usr/lib" \
		stabletap version
	[[ $output == *"libstabletap "*", build "*"stabletapd not running"* ]]
	run -2 stabletap
	run -2 stabletap nonsense
	[[ $output == *"'nonsense' is unknown"* ]]
	run -2 stabletap a vm1
	[[ $output == *"add, attach, announce"* ]]
	run -2 stabletap -x show
}

# Print the completions of the last word
completions() {
	COMP_WORDS=(stabletap "$@")
	COMP_CWORD=$#
	_stabletap
	echo "${COMPREPLY[*]}"
}

@test "completion offers what may come next, and runs nothing" {
	# shellcheck disable=SC1091
	source "$STABLETAP_TOP/userspace/completion/stabletap"
	stabletap add vm1 down
	# shellcheck disable=SC2016
	stabletap add '$(id>&2)' down
	[[ $(completions "") == "add set del "*"-n"* ]]
	[ "$(completions sh)" = show ]
	[[ " $(completions -n "") " == *" $NS "* ]]
	[[ $(completions -n "$NS" "") == "add set del "* ]]
	[ "$(completions -j -n "$NS" show v)" = vm1 ]
	[ "$(completions del "")" = 'vm1 \$\(id\>\&2\)' ]
	[ "$(completions attach vm1 "")" = \
		"dev mode replace filter promisc quiet force" ]
	[ "$(completions attach vm1 dev v0)" = v0 ]
	[ "$(completions attach vm1 dev d0 mode p)" = "private passthru" ]
	[ "$(completions attach vm1 dev d0 mode vepa "")" = \
		"replace filter promisc quiet force" ]
	[ "$(completions add vm2 mtu "")" = "" ]
	[ "$(completions exec vm1 "")" = "queues vhost user --" ]
	[[ " $(completions exec vm1 -- bas) " == *" bash "* ]]
	[[ " $(completions exec vm1 -- cat /etc/passw) " == *" /etc/passwd "* ]]
}

@test "a failed write of the output is an error" {
	stabletap add vm1
	for words in -V -h help "attach help" show "-j show"; do
		# shellcheck disable=SC2016
		run sh -c 'exec "$@" >/dev/full' - "$BIN" -n "$NS" $words
		refused "can't write the output"
	done
}

@test "if the reader of its output goes away, the command says so" {
	stabletap add vm1
	for words in show "-j show" help; do
		# The writer begins when the reader has gone.
		# shellcheck disable=SC2016
		run bash -o pipefail -c '
			{ while [ ! -e "$0" ]; do :; done; "$@"; } |
			{ exec <&-; touch "$0"; }' \
			"$BATS_TEST_TMPDIR/gone" "$BIN" -n "$NS" $words
		rm "$BATS_TEST_TMPDIR/gone"
		refused "can't write the output"
	done
}

@test "what exec runs has SIGPIPE as the command found it" {
	stabletap add vm1
	run -0 stabletap exec vm1 -- grep SigIgn /proc/self/status
	# Bit 12 is signal 13.
	[ $((0x${output##*[[:space:]]} & 0x1000)) = 0 ]
	# shellcheck disable=SC2016
	run -0 sh -c 'trap "" PIPE; exec "$@"' - "$BIN" -n "$NS" \
		exec vm1 -- grep SigIgn /proc/self/status
	[ $((0x${output##*[[:space:]]} & 0x1000)) != 0 ]
}

@test "options may follow the verb, and are refused where they have no effect" {
	stabletap add vm1
	[ "$("$BIN" show vm1 -n "$NS" -j)" = "$(stabletap -j show vm1)" ]
	run -2 stabletap del vm1 -br
	[[ $output == *"'-brief' has no meaning here"* ]]
	run -2 stabletap show -t
	[ "$(of vm1 state)" = detached ]
}

@test "habits of iproute2 work" {
	stabletap create vm1
	[ "$(stabletap ls)" = "$(stabletap show)" ]
	[ "$(stabletap lst dev vm1)" = "$(stabletap show)" ]
	stabletap rm vm1
	[ "$(stabletap list)" = "" ]
	run -2 stabletap attach vm1 dev d0 dev d1
	[[ $output == *"'dev' is given twice"* ]]
}

@test "add loads the module" {
	local release

	release=$(uname -r)
	# Ports of namespaces that are being deleted keep it in use for a while.
	eventually rmmod stabletap
	run stabletap add vm1
	# Where modprobe does not find it
	if [ "$status" = 0 ]; then
		stabletap del vm1
		return
	fi
	refused "the module is not loaded"
	# shellcheck disable=SC2016
	run unshare -m sh -c '
		mount -t tmpfs none "/lib/modules/$2" && cp "$1" "/lib/modules/$2/" &&
		depmod "$2" 2>/dev/null
		nsenter --net="$3" "$4" add vm1' - \
		"$STABLETAP_KO" "$release" "/run/netns/$NS" "$BIN"
	[ -e /dev/stabletap ] || insmod "$STABLETAP_KO"
	[ "$status" = 0 ]
	[ "$(of vm1 state)" = detached ]
}

# Create a port as the root of new user and network namespaces, without
# privileges in any other.  Prints what lsmod says of the module afterwards.
load_from_user_namespace() {
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		unshare --map-root-user --user --net \
		ip link add vm1 type stabletap >&2
	lsmod | sed -n 's/^stabletap .*/loaded/p'
}

# SECURITY.md states this.
@test "the root of a user namespace loads the module by the link kind, unless it is blacklisted" {
	local dir conf=/etc/modprobe.d/stabletap-test.conf before after

	dir=/lib/modules/$(uname -r)
	eventually rmmod stabletap
	# The kernel runs modprobe outside of the test's namespaces.
	mount -t tmpfs none "$dir"
	cp "$STABLETAP_KO" "$dir"
	depmod 2>/dev/null
	mkdir -p /etc/modprobe.d
	echo "blacklist stabletap" >$conf
	before=$(load_from_user_namespace || :)
	rm $conf
	after=$(load_from_user_namespace || :)
	umount "$dir"
	[ -e /dev/stabletap ] || insmod "$STABLETAP_KO"
	[ "$before" = "" ]
	[ "$after" = loaded ]
}

# ---- a command that is stopped ----

@test "a command that is stopped half-way does not stop failover" {
	configure <<<'[Port vm1]
Candidate=d0
Candidate=d1
[Port vm3]
Candidate=d0
Candidate=d1'
	daemon
	eventually is_on vm1 d0
	eventually is_on vm3 d0
	stabletap add vm2
	# vm2: a child without a master yet; vm3: a port of the daemon
	for what in "vm2 dev v0 filter" "vm3 dev v0 replace"; do
		STABLETAP_STOP=child-created "$BIN_FAULTS" -n "$NS" \
			attach $what 3>&- >"$BATS_TEST_TMPDIR/stopped" 2>&1 &
		background+=("$!")
		stopped+=("$!")
		eventually grep -q '^State:.*T' "/proc/$!/status"
	done
	ip link set d0 down
	eventually is_on vm1 d1
	eventually is_on vm3 d1
	# The daemon deletes the children that it has replaced.  It does not
	# take the half-made ones for orphans, ...
	eventually are_loose 2
	# ... and those who made them go on.
	kill -CONT "${stopped[@]}"
	for pid in "${stopped[@]}"; do
		wait "$pid" || :
	done
	eventually is_on vm2 v0
	eventually is_on vm3 d1
	is_on vm1 d1
	eventually nothing_is_loose
	eventually has_children 3
}

@test "a command stops no other port's failover at any step of a break-before-make" {
	local mode=passthru from=v0 to=d1

	configure <<<'[Port vm1]
Candidate=v0
Candidate=d1
Failback=no'
	daemon
	stabletap add vm2
	stabletap attach vm2 dev d0
	eventually is_on vm1 v0
	for step in planned detached old-deleted child-created attached; do
		stops_at "$step" attach vm2 dev d0 mode "$mode" \
			filter replace
		# v0's carrier is that of v1
		ip link set "${from/v0/v1}" down
		eventually is_on vm1 "$to"
		ip link set "${from/v0/v1}" up
		goes_on
		[ "$(of vm2 lower.mode)" = "$mode" ]
		[ "$mode" = passthru ] && mode=bridge || mode=passthru
		read -r from to <<<"$to $from"
	done
	eventually nothing_is_loose
	eventually has_children 2
}

@test "the remains of a command that is killed while stopped are removed" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	stabletap add vm2
	stops_at child-created attach vm2 dev v0 filter
	[ "$(loose)" = 1 ]
	kill -KILL "$STOPPED"
	eventually nothing_is_loose
}

@test "option -n needs the name of an existing namespace" {
	for name in "" a/b; do
		run -2 "$BIN" -n "$name" show
		[[ $output == *"'$name' is no name of a network namespace"* ]]
	done
	run -2 "$BIN" -n
	run "$BIN" -n nosuchnamespace show
	refused "can't open network namespace 'nosuchnamespace'"
	[[ $output == *"ip netns"* ]]
	run setpriv --reuid 65534 --clear-groups "$BIN" -n "$NS" show
	refused "can't enter network namespace '$NS'"
	[[ $output == *CAP_SYS_ADMIN* ]]
}

@test "verbs and keywords may be abbreviated" {
	stabletap add vm1 addr $MAC q 2
	[ "$(of vm1 queues)" = 2 ]
	stabletap att vm1 d d0 m vepa
	[ "$(of vm1 lower.mode)" = vepa ]
	stabletap det vm1
	stabletap sh vm1
	stabletap del vm1
}

@test "without the module every verb says how to load it" {
	for words in "show" "add vm1" "set vm1 up" "del vm1" \
		"attach vm1 dev d0" "detach vm1" "exec vm1 -- true" "announce vm1"; do
		# shellcheck disable=SC2016
		run unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' - \
			nsenter --net="/run/netns/$NS" -- \
			"$BIN" $words
		refused "the module is not loaded"
		[[ $output == *"modprobe stabletap"* ]]
	done
}
