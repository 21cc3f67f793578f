#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# stabletapd keeps ports on their devices.  vm-timeout: 1800
#
# In a network namespace for each test (command.bash):
#
#      vm1, vm2 ...      ports that the daemon makes
#          │
#       st<i>-<tag>      children that the daemon makes
#          │
#     d0     d1          dummies          v0 ──── v1   a veth pair: v0 has
#                                                      carrier while v1 is up
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

# ---- whatever comes first ----

@test "a device that was there before the daemon is used" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	[ "$(of vm1 up)" = true ]
	eventually has_children 1
}

@test "a device that comes after the daemon is used, and set up" {
	ip link del d0
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_detached vm1
	ip link add d0 type dummy
	eventually is_on vm1 d0
}

@test "a port that was made and attached by hand is taken over as it is" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	before=$(of vm1 lower.ifname)
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	run -0 stabletap status vm1
	[[ $output == *"(now)"* ]]
	[ "$(of vm1 lower.ifname)" = "$before" ]
	[ "$(of vm1 attaches)" = 1 ]
}

@test "a port that is declared later is created by a reload, which logs the changes" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	configure <<<'[Port vm1]
Candidate=d0
[Port vm2]
Candidate=d1'
	kill -HUP "$DAEMON"
	eventually is_on vm2 d1
	eventually log_has vm2
	[ "$(of vm1 attaches)" = 1 ]
}

@test "the module may be loaded last" {
	# Killed processes may not have closed their fds yet.
	eventually rmmod stabletap || { lsmod; return 1; }
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually log_has "modprobe stabletap"
	insmod "$STABLETAP_KO"
	eventually is_on vm1 d0
}

@test "a module of another version than the daemon's is logged" {
	local version

	version=$(modinfo -F version "$STABLETAP_KO")
	LC_ALL=C sed "s/${version//./\\.}/9${version#?}/g" "$STABLETAP_KO" \
		>"$BATS_TEST_TMPDIR/stabletap.ko"
	rmmod stabletap
	insmod "$BATS_TEST_TMPDIR/stabletap.ko"
	configure <<<"[Daemon]
MetricsFile=$BATS_TEST_TMPDIR/prom"
	daemon
	eventually grep -qx "stabletapd_module_differs 1" \
		"$BATS_TEST_TMPDIR/prom"
	daemon_ends TERM
	rmmod stabletap
	insmod "$STABLETAP_KO"
	log_has "the loaded module is of version 9${version#?}, stabletapd of $version"
	: >"$LOG"
	daemon
	run ! log_has "the loaded module"
	eventually grep -qx "stabletapd_module_differs 0" \
		"$BATS_TEST_TMPDIR/prom"
}

@test "version names the release and the build of the running daemon" {
	local answer build

	build=$(stabletap -j version | jq -r .build)
	configure <<<''
	daemon
	answer=$(stabletap -j version)
	jq -e --arg build "$build" '.daemon.release == .release and
		.daemon.build == $build' <<<"$answer"
	run -0 stabletap version
	[[ ${lines[2]} == "stabletapd "* ]]
	[[ ${lines[2]} != *running* ]]
	daemon_ends TERM
	run -0 stabletap version
	[ "${lines[2]}" = "stabletapd not running" ]
}

# ---- what happens to devices ----

@test "a device that disappears and comes back is used again, and events list it" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	hold vm1
	ip link del d0
	eventually is_detached vm1
	ip link add d0 type dummy
	eventually is_on vm1 d0
	eventually has_children 1
	eventually events_have vm1 "vm1: detached from d0, lower-gone"
	eventually events_have vm1 \
		"vm1: attached to d0, usable, without a lower for "
	kill -0 "$HOLDER"
}

@test "a port moves to the next device when carrier is lost, and back when it returns" {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
FailbackDelaySec=200ms'
	daemon
	eventually is_on vm1 v0
	ip link set v1 down
	eventually is_on vm1 d0
	ip link set v1 up
	eventually is_on vm1 v0
	eventually has_children 1
	eventually events_have vm1 "replaced from v0 to d0, lower down"
	eventually events_have vm1 "replaced from d0 to v0, failback"
}

@test "without failback a port stays on its new device" {
	goes_for_good
	eventually has_carrier v0
	# A later change marks that the earlier ones were handled.
	ip link add d2 type dummy
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
Failback=no
[Port vm2]
Candidate=d2'
	kill -HUP "$DAEMON"
	eventually is_on vm2 d2
	is_on vm1 d0
}

@test "if devices are removed, added and renamed at once, the right one is used" {
	ip link set d0 address 52:54:00:aa:00:01
	configure <<<'[Port vm1]
Candidate=mac=52:54:00:aa:00:01'
	daemon
	eventually is_on vm1 d0
	ip -batch - <<-BATCH
		link del d0
		link add x9 type dummy
		link add e7 address 52:54:00:aa:00:01 type dummy
		link set x9 name d0
	BATCH
	eventually is_on vm1 e7
}

@test "an ifindex that is used again by another device is no candidate" {
	ip link add name d5 index 4711 type dummy
	configure <<<'[Port vm1]
Candidate=d5'
	daemon
	eventually is_on vm1 d5
	ip -batch - <<-BATCH
		link del d5
		link add name other index 4711 type dummy
	BATCH
	eventually is_detached vm1
	ip link set other name d5
	eventually is_on vm1 d5
}

@test "a VLAN that is asked for is made whenever its parent comes" {
	configure <<<'[Port vm1]
Candidate=name=d0 vlan=5 create'
	daemon
	eventually is_on vm1 d0.5
	ip link del d0
	eventually is_detached vm1
	ip link add d0 type dummy
	eventually is_on vm1 d0.5
}

@test "a device is known by altname, pattern or driver" {
	ip link property add dev d0 altname uplink0
	configure <<<'[Port vm1]
Candidate=name=uplink*
[Port vm2]
Candidate=name=v0* driver=veth'
	daemon
	eventually is_on vm1 d0
	eventually is_on vm2 v0
}

# ---- by hand ----

@test "pin, prefer and unpin outlast the daemon" {
	configure <<<'[Port vm1]
Candidate=d0
FailbackDelaySec=0'
	daemon
	eventually is_on vm1 d0
	stabletap pin vm1 d1
	eventually is_on vm1 d1
	daemon_ends TERM
	is_on vm1 d1
	daemon
	run -0 stabletap status vm1
	[[ $output == *"dev d1 pin d1"* ]]
	stabletap unpin vm1
	eventually is_on vm1 d0
	stabletap prefer vm1 d1
	eventually is_on vm1 d1
	ip link del d1
	eventually is_on vm1 d0
	stabletap unpin vm1
	run stabletap unpin vm1
	refused "'vm1' is not pinned"
}

@test "a lower that is no candidate is replaced" {
	stabletap add vm1
	stabletap attach vm1 dev d1
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	eventually has_children 1
}

@test "a deleted port is created again with a warning; a renamed one is left alone" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	stabletap del vm1
	eventually is_on vm1 d0
	eventually log_has "was deleted, and is made anew"

	ip link set vm1 down
	ip link set vm1 name vm9
	eventually is_on vm1 d0
	log_has "vm1: was renamed to vm9"
	[ "$(grep -c "is made anew" "$LOG")" = 1 ]
	is_on vm9 d0
}

# ---- the daemon itself ----

@test "stopping the daemon detaches nothing, and starting it changes nothing" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	before=$(of vm1 lower.ifname)
	daemon_ends KILL
	is_on vm1 d0
	run stabletap status
	refused "stabletapd does not run"
	daemon
	[ "$(of vm1 lower.ifname)" = "$before" ]
	[ "$(of vm1 attaches)" = 1 ]
}

@test "a step at which the daemon is killed is completed by the next start" {
	local step

	configure <<<'[Port vm1]
Candidate=d0'
	for step in planned child-created child-marked; do
		stabletap add vm1
		LOG=$BATS_TEST_TMPDIR/log
		run in_ns env STABLETAP_FAULT=$step \
			"${BIN_FAULTS%/*}/stabletapd" \
			--config "$BATS_TEST_TMPDIR/conf"
		[ "$status" = 137 ] || echo "# $step: $status $output" >&2
		[ "$status" = 137 ]
		daemon
		eventually is_on vm1 d0
		eventually has_children 1
		[ "$(of vm1 attaches)" = 1 ]
		daemon_ends TERM
		stabletap del vm1
	done
}

@test "children of deleted ports are removed, other macvlans stay" {
	ip link add mine link d0 type macvlan mode bridge
	stabletap add vm9
	stabletap attach vm9 dev d1
	child=$(of vm9 lower.ifname)
	ip link del vm9
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	[[ " $(macvlans) " == *" mine "* ]]
	eventually has_no_macvlan "$child"
}

@test "a section with an error is kept as it was, and the others take effect" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	configure <<<'[Port vm1]
Candidat=d1
[Port vm2]
Candidate=d1'
	kill -HUP "$DAEMON"
	eventually log_has 'section \[Port vm1\] is left out'
	eventually log_has 'conf:2:.*Candidat'
	eventually is_on vm2 d1
	run "${BIN%/*}/stabletapd" --check "$BATS_TEST_TMPDIR/conf"
	[ "$status" = 1 ]
	[[ $output == *"conf:2:"* ]]
	[[ $output == *"left out: [Port vm1]"* ]]
	is_on vm1 d0
	answers
}

@test "a section with an error is left out at start, and the others work" {
	configure <<<'[Port vm1]
Candidate=d0
Owner=no-such-user
[Port vm2]
Candidate=d1'
	daemon
	eventually is_on vm2 d1
	log_has 'conf:3:.*no-such-user'
	run ! ip link show vm1
}

@test "a configuration that can't be read changes nothing, and ends a start" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	rm "$BATS_TEST_TMPDIR/conf"
	kill -HUP "$DAEMON"
	eventually log_has "can't read"
	is_on vm1 d0
	answers
	daemon_ends TERM
	run in_ns "${BIN%/*}/stabletapd" --config "$BATS_TEST_TMPDIR/conf"
	[ "$status" = 78 ]
}

@test "--check reports that the module does not support OnDetach=hold" {
	configure <<<'[Port vm1]
OnDetach=hold
Candidate=d0'
	run "${BIN%/*}/stabletapd" --check "$BATS_TEST_TMPDIR/conf"
	# Whether it can is the module's affair; the command asks it as well.
	if stabletap add hold0 on-detach hold; then
		stabletap del hold0
		[ "$status" = 0 ]
	else
		[ "$status" = 1 ]
		[[ $output == *"conf:1: 'OnDetach=hold'"* ]]
	fi
}

@test "a second daemon is refused" {
	configure <<<''
	daemon
	run in_ns "${BIN%/*}/stabletapd" --config "$BATS_TEST_TMPDIR/conf"
	[ "$status" = 1 ]
	[[ $output == *"another stabletapd runs"* ]]
}

@test "a flood of other devices and a tiny buffer lose nothing" {
	local i

	configure <<<'[Port vm1]
Candidate=d0
[Port vm2]
Candidate=late'
	daemon STABLETAPD_RCVBUF=2048
	eventually is_on vm1 d0
	# The daemon is stopped meanwhile, because otherwise it could keep up.
	kill -STOP "$DAEMON"
	eventually grep -q '^State:.*T' "/proc/$DAEMON/status"
	for ((i = 0; i < 100; i++)); do
		echo "link add n$i type dummy"
		echo "link set n$i up"
		[ $i != 50 ] || echo "link add late type dummy"
	done | ip -batch -
	kill -CONT "$DAEMON"
	for ((i = 0; i < 100; i++)); do
		echo "link del n$i"
	done | ip -batch -
	eventually is_on vm2 late
	[ "$(of vm1 attaches)" = 1 ]
	eventually log_has "events were lost"
}

# Start the daemon with a stderr that is full and that nobody reads.
# $1...: variables for its environment
daemon_unread() {
	mkfifo "$BATS_TEST_TMPDIR/full"
	exec 9<>"$BATS_TEST_TMPDIR/full"
	# The capacity of a pipe
	head -c 65536 /dev/zero >&9
	nsenter --net="/run/netns/$NS" -- env "$@" "${BIN%/*}/stabletapd" \
		--config "$BATS_TEST_TMPDIR/conf" 3>&- >&9 2>&9 9>&- &
	DAEMON=$!
	background+=("$DAEMON")
	exec 9>&-
	eventually answers
}

# $1...: variables for the daemon's environment
fails_over_unread() {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
FailbackDelaySec=0'
	daemon_unread "$@"
	eventually is_on vm1 v0
	ip link set v1 down
	eventually is_on vm1 d0
	ip link set v1 up
	eventually is_on vm1 v0
}

@test "a log that nobody reads does not delay failover" {
	fails_over_unread
}

@test "a journal that hangs does not delay failover" {
	mkdir -p /run/systemd/journal
	deaf_socket DGRAM /run/systemd/journal/socket
	# The daemon only checks that it is set.
	fails_over_unread JOURNAL_STREAM=1:1
	rm /run/systemd/journal/socket
}

@test "the port's address is announced to the network" {
	configure <<<'[Port vm1]
MACAddress=52:54:00:01:02:03
Candidate=v0'
	in_ns timeout 600 tcpdump -c 2 -U -nei v1 rarp 3>&- \
		>"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/listens" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/listens"
	daemon
	eventually grep -q "52:54:00:01:02:03 > ff:ff:ff:ff:ff:ff" \
		"$BATS_TEST_TMPDIR/seen"
}

@test "the address is also announced in the VLANs on the port" {
	configure <<<'[Port vm1]
MACAddress=52:54:00:01:02:03
Candidate=v0'
	daemon
	eventually is_on vm1 v0
	ip link add vm1.7 link vm1 up type vlan id 7
	in_ns timeout 600 tcpdump -c 1 -U -nei v1 vlan 7 and rarp 3>&- \
		>"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/listens" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/listens"
	stabletap detach vm1
	eventually grep -q "52:54:00:01:02:03 > ff:ff:ff:ff:ff:ff.*vlan 7" \
		"$BATS_TEST_TMPDIR/seen"
}

@test "a hook gets the event" {
	configure <<<"[Port vm1]
Candidate=d0
Hook=$BATS_TEST_TMPDIR/hook"
	cat >"$BATS_TEST_TMPDIR/hook" <<-HOOK
		#!/bin/sh
		echo "\$STABLETAP_PORT \$STABLETAP_EVENT \$STABLETAP_TO" \
			>>"$BATS_TEST_TMPDIR/told"
	HOOK
	chmod +x "$BATS_TEST_TMPDIR/hook"
	daemon
	eventually grep -q "vm1 attached d0" "$BATS_TEST_TMPDIR/told"
}

# ---- metrics ----

# Print what the node exporter serves
scrape() {
	ip netns exec "$NS" python3 -c '
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9100/metrics").read().decode())'
}

serves() {
	scrape 2>/dev/null | grep -q "$@"
}

@test "promtool and the node exporter accept the metrics, and none of the dashboard is missing" {
	local dir=$BATS_TEST_TMPDIR/prom tools=$STABLETAP_CACHE/monitoring
	local monitoring=$STABLETAP_TOP/packaging/monitoring

	mkdir "$dir"
	configure <<<"[Daemon]
MetricsFile=$dir/stabletap.prom
[Port vm1]
Candidate=d0"
	daemon
	eventually grep -qx 'stabletap_port_attached{port="vm1"} 1' \
		"$dir/stabletap.prom"
	run -0 "$tools/promtool" check metrics <"$dir/stabletap.prom"
	[ -z "$output" ]
	ip -n "$NS" link set lo up
	ip netns exec "$NS" "$tools/prometheus-node-exporter" \
		--collector.disable-defaults --collector.netdev \
		--collector.ethtool --collector.textfile \
		--collector.textfile.directory="$dir" \
		--web.listen-address=127.0.0.1:9100 \
		3>&- >"$BATS_TEST_TMPDIR/exporter" 2>&1 &
	background+=("$!")
	eventually serves 'stabletap_port_attached{port="vm1"} 1'
	eventually serves 'node_ethtool_transmitted_detached{device="vm1"} '
	[ "$("$STABLETAP_TOP/selftests/host/check-monitoring" metrics \
		"$monitoring/stabletap-dashboard.json" \
		"$monitoring/stabletap.rules.yml" | comm -13 \
		<(scrape | sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' | sort -u) -)" = "" ]
}

# ---- devices that refuse, and what the operator does ----

@test "devices that refuse are tried in turn, with a back-off" {
	# Passthru needs the device alone.
	ip link add m0 link d0 type macvlan mode bridge
	ip link add m1 link d1 type macvlan mode bridge
	configure <<<'[Port vm1]
AttachMode=passthru
Candidate=d0
Candidate=d1'
	daemon
	eventually log_has "attached to d1"
	eventually refusals_are_at_least vm1 5
	# A warning for each device, however often it is tried
	[ "$(grep -c "can't be attached" "$LOG")" = 2 ]
	# The next attempt would be 8 s later; the event ends the wait.
	DEADLINE=6
	ip link del m1
	eventually is_on vm1 d1
}

# ---- by hand, for maintenance ----

@test "a port that is held off stays detached until unpin" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	mkdir -p /run/stabletap/override
	echo hold-off >/run/stabletap/override/vm1
	eventually is_detached vm1
	eventually events_have vm1 "detached from d0"
	ip link set d0 down
	ip link set d0 up
	is_detached vm1
	stabletap -j status vm1 | grep -q '"held_off":true'
	rm /run/stabletap/override/vm1
	eventually is_on vm1 d0
}

@test "a pin that keeps a port detached is logged, and shown in status" {
	configure <<<'[Port vm1]
Candidate=d0'
	mkdir -p /run/stabletap/override
	echo "pin etho" >/run/stabletap/override/vm1
	daemon
	eventually log_has "pinned to etho, which does not exist"
	stabletap -j status vm1 | grep -q "pinned to etho, which does not exist"
	eventually is_detached vm1
}

@test "status of a pin to another port's device names that port" {
	configure <<<'[Port vm1]
AttachMode=direct
Candidate=d0

[Port vm2]
AttachMode=direct
Candidate=d1'
	daemon
	eventually is_on vm1 d0
	eventually is_on vm2 d1
	stabletap pin vm1 d1
	stabletap -j status vm1 | grep -q "pinned to d1, which is in use by port vm2"
	is_on vm2 d1
}

@test "status says why a port can't be made" {
	ip link add vm1 type dummy
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually log_has "vm1: can't be made: "
	run -0 stabletap status vm1
	[[ $output == *"    can't be made: "* ]]
	ip link del vm1
	eventually is_on vm1 d0
	run -0 stabletap status vm1
	[[ $output != *"can't be made"* ]]
}

# ---- namespaces ----

@test "a port whose device goes to another namespace moves to the next" {
	command ip netns add "$NS.far"
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0'
	daemon
	eventually is_on vm1 v0
	ip link set v0 netns "$NS.far"
	eventually is_on vm1 d0
	eventually events_have vm1 "replaced from v0 to d0, device moved away"
	command ip netns del "$NS.far"
}

@test "status names the right device when it went to another namespace" {
	command ip netns add "$NS.far"
	ip link add name e7 index 4711 type dummy
	configure <<<'[Port vm1]
Candidate=e7'
	daemon
	eventually is_on vm1 e7
	ip link set e7 netns "$NS.far"
	ip link add name innocent index 4711 type dummy
	went() { stabletap -j status vm1 | grep -q "e7 went to another network namespace"; }
	eventually went
	run -0 stabletap -j status vm1
	[[ $output == *'"dev":"e7"'* && $output != *innocent* ]]
	[[ $output == *"\"netns\":\"$NS.far\""* ]]
	run -0 stabletap status vm1
	[[ $output == *"moved: e7 went to network namespace $NS.far, and"* ]]
	# The device comes back, and is the candidate again.
	ip link del innocent
	command ip -n "$NS.far" link set e7 netns "$NS"
	ip link set e7 up
	is_back() { stabletap -j status vm1 | grep -q '"rank":0'; }
	eventually is_back
	command ip netns del "$NS.far"
}

@test "a port that goes to another namespace is not logged as deleted" {
	command ip netns add "$NS.far"
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	ip link set vm1 netns "$NS.far"
	eventually events_have vm1 "vm1: moved"
	eventually is_on vm1 d0
	run ! log_has "has no network"
	command ip netns del "$NS.far"
}

# ---- VLANs ----

@test "no VLANs are made on VLANs that the daemon has made" {
	configure <<<'[Port vm1]
Candidate=name=d[0]* vlan=5 create
[Port vm2]
Candidate=d1'
	daemon
	eventually is_on vm1 d0.5
	eventually is_on vm2 d1
	[ "$(ip -br link show type vlan | wc -l)" = 1 ]
}

@test "a VLAN that was lost and is made anew waits for FailbackDelaySec" {
	configure <<<'[Port vm1]
Candidate=name=d0 vlan=5 create
Candidate=d1
FailbackDelaySec=5'
	daemon
	eventually is_on vm1 d0.5
	ip link del d0.5
	eventually is_on vm1 d1
	eventually ip link show d0.5
	is_on vm1 d1
	eventually is_on vm1 d0.5
	eventually events_have vm1 "replaced from d1 to d0.5, failback"
}

# ---- clients ----

@test "clients that ask all the time do not delay failover" {
	local i

	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0'
	daemon
	eventually is_on vm1 v0
	for i in {1..16}; do
		in_ns sh -c "while :; do '$BIN' status; done" \
			3>&- >/dev/null 2>&1 &
		background+=("$!")
	done
	ip link set v1 down
	DEADLINE=20
	eventually is_on vm1 d0
}

@test "a client above the limit gets the reason, and failover continues" {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0'
	daemon
	eventually is_on vm1 v0
	take_all_places
	run stabletap status
	refused "busy: there are too many clients"
	ip link set v1 down
	eventually is_on vm1 d0
	run stabletap status
	refused "busy: there are too many clients"
}

@test "each start of the daemon numbers events anew, with a new instance id" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	instance() { stabletap -j status | grep -o '"instance":"[0-9a-f]*"'; }
	first=$(instance)
	daemon_ends TERM
	daemon
	[ "$(instance)" != "$first" ]
}
