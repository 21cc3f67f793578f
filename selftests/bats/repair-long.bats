#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# stabletapd after interruptions, refusals and manual changes. vm-timeout: 1800
#
# The topology is that of daemon.bats.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

# True if the lower of port $1 is a child in mode $2
has_mode() {
	[ "$(of "$1" lower.mode 2>/dev/null)" = "$2" ]
}

is_up() {
	[ "$(of "$1" up)" = true ]
}

has_flag_up() {
	[ -n "$(ip link show dev "$1" up)" ]
}

# A daemon that dies at step $1, and then one that does not
dies_and_is_started() {
	LOG=$BATS_TEST_TMPDIR/log
	run in_ns timeout 600 env "STABLETAP_FAULT=$1" \
		"${BIN_FAULTS%/*}/stabletapd" --config "$BATS_TEST_TMPDIR/conf"
	[ "$status" = 137 ] || echo "# $1: $status $output" >&2
	[ "$status" = 137 ]
	daemon
}

# ---- kill -9 ----

@test "the daemon is killed between making a port and setting it up" {
	configure <<<'[Port vm1]
Candidate=d0'
	dies_and_is_started port-created
	eventually is_on vm1 d0
	eventually is_up vm1
	eventually has_children 1
}

@test "the daemon is killed at any step of a replace by another device" {
	local step

	configure <<<'[Port vm1]
Candidate=d1
FailbackDelaySec=0'
	for step in planned child-created child-marked attached; do
		stabletap add vm1
		stabletap attach vm1 dev d0
		hold vm1
		dies_and_is_started $step
		eventually is_on vm1 d1
		eventually nothing_is_loose
		eventually has_children 1
		[ "$(of vm1 losses)" = 0 ]
		[ "$(of vm1 replaces)" = 1 ]
		kill -0 "$HOLDER"
		daemon_ends TERM
		stabletap del vm1 force
	done
}

@test "the daemon is killed at any step of a change to passthru, or of mode" {
	local step

	configure <<<'[Port vm1]
AttachMode=passthru
Candidate=d0'
	for step in planned detached old-deleted child-created child-marked; do
		stabletap add vm1
		stabletap attach vm1 dev d0
		dies_and_is_started $step
		eventually has_mode vm1 passthru
		eventually nothing_is_loose
		eventually has_children 1
		daemon_ends TERM
		stabletap del vm1
	done
	configure <<<'[Port vm1]
AttachMode=vepa
Candidate=d0'
	for step in planned mode-changed; do
		stabletap add vm1
		stabletap attach vm1 dev d0
		dies_and_is_started $step
		eventually has_mode vm1 vepa
		[ "$(of vm1 attaches)" = 1 ]
		eventually has_children 1
		daemon_ends TERM
		stabletap del vm1
	done
}

@test "a child that the command left half-made is removed while the daemon runs" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	stabletap add vm2
	run stabletap_dies_at child-marked attach vm2 dev d1 filter
	[ "$status" = 137 ]
	eventually nothing_is_loose
	is_on vm1 d0
	eventually has_children 1
}

# ---- what the operator does ----

@test "a device that is set down by hand stays down over a reload" {
	configure <<<'[Port vm1]
Candidate=d0
Candidate=d1'
	daemon
	eventually is_on vm1 d0
	ip link set d0 down
	eventually is_on vm1 d1
	configure <<<'[Port vm1]
Candidate=d0
Candidate=d1
[Port vm2]
Candidate=d1'
	kill -HUP "$DAEMON"
	eventually is_on vm2 d1
	run ! has_flag_up d0
	is_on vm1 d1
	# Another device of the same name is not affected.
	ip link del d0
	ip link add d0 type dummy
	eventually has_flag_up d0
}

@test "a device that can't be set up is logged once, and used as soon as it can be" {
	local mac

	read -r _ _ mac _ < <(ip -br link show d0)
	# The device can't be set up: its parent has the same MAC address.
	ip link add mv0 link d0 address "$mac" type macvlan mode bridge
	configure <<<'[Port vm1]
Candidate=name=mv0 mode=direct
[Port vm2]
Candidate=later'
	daemon
	eventually log_has "mv0 can't be set up: Address already in use"
	ip link set mv0 mtu 1400
	ip link set mv0 mtu 1500
	# A later change marks that this one was handled.
	ip link add later type dummy
	eventually is_on vm2 later
	# There is no event that says that it can be set up now.
	ip link set d0 address 02:00:00:00:00:01
	eventually is_on vm1 mv0
	[ "$(grep -c "can't be set up" "$LOG")" = 1 ]
}

@test "a refusal of macvlan without a message is explained" {
	ip link add d0.7 link d0 mtu 1400 type vlan id 7
	configure <<<'[Port vm1]
Candidate=d0.7'
	daemon
	eventually log_has "attached to d0.7: the device's MTU 1400 is below the port's 1500"
	ip link set d0.7 mtu 1500
	eventually is_on vm1 d0.7
}

@test "failback by hand, if Failback=no" {
	goes_for_good
	came_back() { stabletap -j status vm1 | grep -q '"name":"v0","usable":true'; }
	eventually came_back
	is_on vm1 d0
	stabletap failback vm1
	eventually is_on vm1 v0
	eventually events_have vm1 "replaced from d0 to v0, failback by hand"
	run stabletap failback vm9
	refused "no such port"
}

reloaded_is_on() {
	kill -HUP "$DAEMON"
	is_on "$@"
}

@test "reloads that change nothing do not put off failback" {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
FailbackDelaySec=3'
	daemon
	eventually is_on vm1 v0
	ip link set v1 down
	eventually is_on vm1 d0
	ip link set v1 up
	# Reload more often than the delay would allow if each reload restarted
	# it
	eventually reloaded_is_on vm1 v0
}

@test "failback by hand waits for no process that works on this or another port" {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
Failback=no'
	ip link set v1 down
	daemon
	eventually is_on vm1 d0
	ip link set v1 up
	came_back() { stabletap -j status vm1 | grep -q '"name":"v0","usable":true'; }
	eventually came_back
	stabletap add vm2
	# Both are stopped while they have claimed their ports.
	for port in vm1 vm2; do
		STABLETAP_STOP=child-created "$BIN_FAULTS" -n "$NS" \
			attach $port dev d1 filter replace 3>&- 2>/dev/null &
		background+=("$!")
		eventually grep -q '^State:.*T' "/proc/$!/status"
	done
	run -0 stabletap failback vm1
	eventually is_on vm1 v0
	# Nothing remains of the killed commands.
	kill -KILL "${background[@]: -2}"
	eventually nothing_is_loose
	is_on vm1 v0
}

@test "a pinned or preferred device is used when it appears, candidate or not" {
	configure <<<'[Port vm1]
Candidate=d0
[Port vm2]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	eventually is_on vm2 d0
	run stabletap pin vm1 e0
	refused "there is no device 'e0'"
	stabletap pin vm1 e0 force
	stabletap prefer vm2 v0
	eventually log_has "pinned to e0"
	eventually is_on vm2 v0
	# The device appears, and is set up later.
	ip link add e0 type dummy
	ip link set e0 up
	eventually is_on vm1 e0
	ip link set v1 down
	eventually is_on vm2 d0
	ip link set v1 up
	eventually is_on vm2 v0
	# A renamed device is another device.
	ip link set v0 down
	ip link set v0 name w0
	eventually is_on vm2 d0
	ip link set w0 up
	ip link property add dev w0 altname v0
	eventually is_on vm2 w0
	ip link property del dev w0 altname v0
	eventually is_on vm2 d0
}

@test "pin, failback and activate refuse missing names" {
	configure <<<''
	daemon
	run stabletap pin vm1 ""
	[ "$status" = 2 ]
	run stabletap failback
	[ "$status" = 2 ]
	run stabletap activate
	[ "$status" = 2 ]
}

@test "pins work although their directory was removed" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	stabletap pin vm1 d1
	eventually is_on vm1 d1
	rm -r /run/stabletap/override
	eventually log_has "no longer pinned"
	stabletap pin vm1 d1
	eventually log_has_twice "pinned to d1"
}

log_has_twice() {
	[ "$(grep -c -- "$1" "$LOG")" = 2 ]
}

@test "status shows a device's present name" {
	configure <<<'[Port vm1]
Candidate=driver=dummy name=*0'
	daemon
	eventually is_on vm1 d0
	# Before 6.3 a device that is up can't be renamed.
	ip link set d0 down
	ip link set d0 name new0
	ip link set new0 up
	told() { stabletap status vm1 | grep -q "dev new0"; }
	eventually told
}

# ---- modes ----

# A port with a child on d0, which is changed to use d0 alone
wants_passthru() {
	stabletap add vm1
	stabletap attach vm1 dev d0
	configure <<<'[Port vm1]
AttachMode=passthru
Candidate=d0'
	daemon
}

@test "a port that works is not interrupted for an impossible mode" {
	ip link add m0 link d0 type macvlan mode bridge
	wants_passthru
	eventually log_has "'d0' has other macvlans"
	[ "$(of vm1 attaches)" = 1 ]
	has_mode vm1 bridge
	ip link del m0
	eventually has_mode vm1 passthru
}

@test "a port that was interrupted in vain is not interrupted again" {
	# An obstacle that the daemon can't see
	command ip netns add "$NS.far"
	ip link add m0 link d0 netns "$NS.far" type macvlan mode bridge
	wants_passthru
	eventually log_has "can't be attached to d0"
	eventually is_on vm1 d0
	eventually has_mode vm1 bridge
	[ "$(of vm1 attaches)" = 2 ]
	# There is no condition to wait for.  After this time the first two
	# retries would have happened.
	busybox sleep 4
	[ "$(of vm1 attaches)" = 2 ]
	# An unrelated reload does not cut the port off again either.
	cat >>"$BATS_TEST_TMPDIR/conf" <<<'[Port vm2]'
	kill -HUP "$DAEMON"
	eventually log_has "vm2: made"
	busybox sleep 4
	[ "$(of vm1 attaches)" = 2 ]
	command ip netns del "$NS.far"
}

@test "Filter= applies to a port that is already attached" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	[ "$(of vm1 lower.receive)" != filter ]
	configure <<<'[Port vm1]
Candidate=d0
Filter=yes'
	kill -HUP "$DAEMON"
	filters() { [ "$(of vm1 lower.receive)" = filter ]; }
	eventually filters
	[ "$(of vm1 attaches)" = 1 ]
	eventually events_have vm1 "vm1: changed from d0 to d0, mode"
}

@test "a changed option that needs a new port is logged" {
	configure <<<'[Port vm1]
MTUBytes=1400
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	configure <<<'[Port vm1]
MTUBytes=1300
Candidate=d0'
	kill -HUP "$DAEMON"
	eventually log_has "MTUBytes= is not what it was made with"
	[ "$(of vm1 mtu)" = 1400 ]
}

# ---- VLANs ----

@test "VLANs are created on devices with long names" {
	local name

	for name in averylongname-a averylongname-b; do
		ip link add $name type dummy
	done
	configure <<<'[Port vm1]
Candidate=name=averylongname-? vlan=7 create'
	daemon
	both() { [ "$(ip -br link show type vlan | grep -c averylongname-)" = 2 ]; }
	eventually both
	attached() { [ "$(of vm1 state)" = attached ]; }
	eventually attached
}

# ---- quiet ----

@test "a quiet port announces nothing until it is activated" {
	configure <<<'[Port vm1]
MACAddress=52:54:00:01:02:03
Quiet=yes
Candidate=v0
[Port vm2]
MACAddress=52:54:00:01:02:04
Candidate=v0'
	in_ns timeout 600 tcpdump -l -nei v1 rarp 3>&- \
		>"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/listens" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/listens"
	daemon
	eventually is_on vm1 v0
	eventually is_on vm2 v0
	run ! is_up vm1
	# Wait for all five announcements of the other port, the last after 800
	# ms.
	all_five() { [ "$(grep -c "02:04 > ff" "$BATS_TEST_TMPDIR/seen")" -ge 5 ]; }
	eventually all_five
	run ! grep -q "02:03 > ff" "$BATS_TEST_TMPDIR/seen"
	stabletap activate vm1
	is_up vm1
	eventually grep -q "02:03 > ff" "$BATS_TEST_TMPDIR/seen"
}

@test "the command attaches quietly, too, but no port that works" {
	stabletap add vm1
	stabletap attach vm1 dev d0 quiet
	is_on vm1 d0
	run ! is_up vm1
	stabletap activate vm1
	is_up vm1
	run stabletap attach vm1 dev d0 quiet
	refused "'quiet' would cut it off"
	run stabletap attach vm1 dev d1 quiet replace
	[ "$status" = 2 ]
	# A refusal leaves the port as it was.
	stabletap add vm2
	run stabletap attach vm2 dev lo quiet
	[ "$status" = 1 ]
	is_up vm2
}

# ---- the guest ----

# Start a fake QEMU; $1.asked has the commands that it got.
qemu() {
	qemu-system-x86_64 -M pc -accel tcg -S -m 32 -nodefaults -display none \
		-netdev hubport,hubid=0,id=hub0 \
		-device virtio-net-pci,id=net0,netdev=hub0,romfile= \
		-D "$1.asked" -trace handle_qmp_command \
		-qmp "unix:$1,server=on,wait=off" 3>&- >/dev/null 2>&1 &
	background+=($!)
}

@test "a monitor that does not answer is logged with the port's name, and shown" {
	local qmp=$BATS_TEST_TMPDIR/qmp

	deaf_socket STREAM "$qmp"
	configure <<<"[Port vm1]
Candidate=d0
QMPSocket=$qmp
QMPDevice=net0
[Port vm2]
Candidate=d0"
	daemon
	eventually log_has "^vm1: QMP socket $qmp: does not greet"
	run -0 stabletap status vm1
	[[ $output == *"QEMU monitor refused: QMP socket $qmp: does not greet"* ]]
	run -0 stabletap -j status vm1
	[[ $output == *'"monitor":{"state":"refused","why":"QMP socket '* ]]
	run -0 stabletap -j status vm2
	[[ $output == *'"monitor":{"state":"none","why":null}'* ]]
	is_on vm1 d0
}

@test "a guest's link is down until the first attach, if configured so" {
	local qmp=$BATS_TEST_TMPDIR/qmp

	qemu "$qmp"
	configure <<<"[Port vm1]
Candidate=late
QMPSocket=$qmp
QMPDevice=net0
GuestLink=down"
	daemon
	eventually grep -q 'set_link.*"up": *false' "$qmp.asked"
	ip link add late type dummy
	eventually grep -q 'set_link.*"up": *true' "$qmp.asked"
	# Afterwards the daemon leaves the guest's link alone.
	ip link del late
	eventually events_have vm1 "detached from late"
	[ "$(grep -c set_link "$qmp.asked")" = 2 ]
}

@test "a guest's link is set up when it is no longer configured" {
	local qmp=$BATS_TEST_TMPDIR/qmp guest

	guest="QMPSocket=$qmp
QMPDevice=net0
GuestLinkDownSec=0"
	qemu "$qmp"
	configure <<<"[Port vm1]
Candidate=nothing
$guest"
	daemon
	eventually grep -q 'set_link.*"up": *false' "$qmp.asked"
	# Another port gets that NIC, and is detached too.
	configure <<<"[Port vm1]
Candidate=nothing
[Port vm2]
Candidate=nothing
$guest"
	kill -HUP "$DAEMON"
	eventually is_detached vm2
	configure <<<'[Port vm1]
Candidate=nothing
[Port vm2]
Candidate=nothing'
	kill -HUP "$DAEMON"
	eventually grep -q 'set_link.*"up": *true' "$qmp.asked"
	[ "$(grep -c 'set_link.*"up": *true' "$qmp.asked")" = 1 ]
}

# ---- metrics ----

@test "a file for Prometheus has the state of the ports" {
	configure <<<"[Daemon]
MetricsFile=$BATS_TEST_TMPDIR/stabletap.prom
[Port vm1]
Candidate=d0
[Port vm2]
Candidate=nothing"
	daemon
	eventually grep -q '^stabletap_port_attached{port="vm1"} 1$' \
		"$BATS_TEST_TMPDIR/stabletap.prom"
	eventually grep -q '^stabletap_port_attached{port="vm2"} 0$' \
		"$BATS_TEST_TMPDIR/stabletap.prom"
	ip link del d0
	eventually grep -q '^stabletap_port_losses_total{port="vm1"} 1$' \
		"$BATS_TEST_TMPDIR/stabletap.prom"
	# The daemon may replace the file between two reads.
	eventually cp "$BATS_TEST_TMPDIR/stabletap.prom" "$BATS_TEST_TMPDIR/copy"
	# Each sample has its type before it, and every line is one or the other.
	run ! grep -vE '^(# (HELP|TYPE) stabletapd?_[a-z_]+ .+|stabletapd?_[a-z_]+(\{(port="vm[12]"|version="[^"]+")\})? -?[0-9]+)$' \
		"$BATS_TEST_TMPDIR/copy"
	[ "$(grep -c '^# TYPE' "$BATS_TEST_TMPDIR/copy")" = 22 ]
	# The file is not renewed any more, so it is removed.
	daemon_ends TERM
	[ ! -e "$BATS_TEST_TMPDIR/stabletap.prom" ]
}

@test "a file for Prometheus is removed when its path changes" {
	local dir=$BATS_TEST_TMPDIR

	configure <<<"[Daemon]
MetricsFile=$dir/one.prom
[Port vm1]
Candidate=d0"
	daemon
	eventually test -e "$dir/one.prom"
	configure <<<"[Daemon]
MetricsFile=$dir/two.prom
[Port vm1]
Candidate=d0"
	kill -HUP "$DAEMON"
	eventually test -e "$dir/two.prom"
	[ ! -e "$dir/one.prom" ]
	configure <<<'[Port vm1]
Candidate=d0'
	# A foreign file with the name that the daemon would use
	echo mine >"$dir/other"
	ln -s "$dir/other" "$dir/.three.prom.$DAEMON"
	kill -HUP "$DAEMON"
	eventually test ! -e "$dir/two.prom"
	configure <<<"[Daemon]
MetricsFile=$dir/three.prom
[Port vm1]
Candidate=d0"
	kill -HUP "$DAEMON"
	eventually test -e "$dir/three.prom"
	[ "$(cat "$dir/other")" = mine ]
}
