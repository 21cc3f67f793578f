#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# stabletapd: candidates that have carrier but don't reach the gateway.
# vm-timeout: 1800
#
#      vm1, vm2 ...        ports that the daemon makes
#          │
#     u0      u1           candidates: veths, with carrier all the time
#      :      :
#     g0      g1           in a namespace of its own: the switch's ports,
#      └─ br0 ┘            and the gateway, 192.0.2.1 and 2001:db8::1
#
# A path is cut by removing g0 from the bridge.  The gateway is dead when br0
# has no address that answers.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

gw() {
	nsenter --net="/run/netns/$GW" -- "$@"
}

setup() {
	setup_scene
	GW=${NS}gw
	command ip netns add "$GW"
	# Each device answers ARP only for its own addresses, like a switch
	# port.
	gw sysctl -qw net.ipv4.conf.all.arp_ignore=1
	gw ip -batch - <<-BATCH
		link add br0 type bridge mcast_snooping 0
		link set br0 up
		addr add 192.0.2.1/24 dev br0
		addr add 2001:db8::1/64 dev br0 nodad
	BATCH
	for i in 0 1; do
		ip link add u$i address 52:54:00:aa:00:0$i type veth \
			peer name g$i netns "$GW"
		ip link set u$i up
		gw ip link set g$i master br0 up
	done
}

teardown() {
	teardown_scene
	rm -rf /run/stabletap/override
	command ip netns del "$GW"
}

# Answers arrive fast; the second is for a busy machine.
QUICK='ProbeIntervalSec=200ms
ProbeTimeoutSec=1
FailbackDelaySec=200ms'

gateway_dies() {
	gw ip -batch - <<-BATCH
		link set br0 arp off
		addr del 2001:db8::1/64 dev br0
	BATCH
}

gateway_lives() {
	gw ip -batch - <<-BATCH
		link set br0 arp on
		addr add 2001:db8::1/64 dev br0 nodad
	BATCH
}

# True if the log has $1 at least $2 times
log_has_times() {
	[ "$(grep -c -- "$1" "$LOG")" -ge "$2" ]
}

# True if at least $1 requests were seen on g0 since watch_questions
questions_are() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/questions")" -ge "$1" ]
}

watch_questions() {
	nsenter --net="/run/netns/$GW" -- tcpdump -lnei g0 -Q in \
		'arp[6:2] = 1 or icmp6[0] = 135' 3>&- \
		>"$BATS_TEST_TMPDIR/questions" \
		2>"$BATS_TEST_TMPDIR/listens" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/listens"
}

@test "a device with carrier that does not reach the gateway is not used" {
	gw ip link set g0 nomaster
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	daemon
	eventually is_on vm1 u1
	eventually log_has "u0: probe 'arp 192.0.2.1' fails: no answer"
	run -0 stabletap status vm1
	[[ $output == *"u0 (not usable: probe fails)"* ]]
	[[ $output == *"u1 (answered "*" s ago)"* ]]
	[ "$(of vm1 attaches)" = 1 ]
	[ "$(of vm1 replaces)" = 0 ]
}

@test "when the gateway's answers stop it moves, and back when they return" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	daemon
	eventually is_on vm1 u0
	gw ip link set g0 nomaster
	eventually is_on vm1 u1
	run -0 stabletap status vm1
	[[ $output == *"u0 (not usable: probe fails, last answer "*" s ago)"* ]]
	run -0 stabletap -j status vm1
	[[ $output == *'"probe":"fails"'* && $output == *'"probe":"answers"'* ]]
	gw ip link set g0 master br0
	eventually is_on vm1 u0
	run -0 stabletap events vm1
	[[ $output == *"replaced from u0 to u1, probe failed"* ]]
	[[ $output == *"replaced from u1 to u0, failback"* ]]
}

@test "a gateway that dies and comes back moves nothing" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK
[Port vm2]
Candidate=u1
Candidate=u0
Probe=nd 2001:db8::1
$QUICK"
	daemon
	eventually is_on vm1 u0
	eventually is_on vm2 u1
	for round in 1 2; do
		eventually log_has_times "probe 'arp 192.0.2.1' answers" \
			$((2 * round))
		eventually log_has_times "probe 'nd 2001:db8::1' answers" \
			$((2 * round))
		gateway_dies
		eventually log_has_times "probe 'arp 192.0.2.1' fails" \
			$((2 * round))
		eventually log_has_times "probe 'nd 2001:db8::1' fails" \
			$((2 * round))
		gateway_lives
	done
	eventually log_has_times "probe 'arp 192.0.2.1' answers" 6
	eventually log_has_times "probe 'nd 2001:db8::1' answers" 6
	# When this port has been created, the others would have moved if they
	# were to.
	ip link add d2 type dummy
	cat >>"$BATS_TEST_TMPDIR/conf" <<-CONF
		[Port vm3]
		Candidate=d2
	CONF
	kill -HUP "$DAEMON"
	eventually is_on vm3 d2
	for port in vm1 vm2; do
		[ "$(of $port attaches)" = 1 ]
		[ "$(of $port replaces)" = 0 ]
	done
}

@test "a port without a lower gets the best when no gateway answers" {
	gateway_dies
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=nd 2001:db8::1
$QUICK"
	daemon
	eventually is_on vm1 u0
	run -0 stabletap events vm1
	[[ $output == *"attached to u0, none answers"* ]]
}

@test "the only candidate does not wait for an answer" {
	gateway_dies
	ip link del u1
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
ProbeIntervalSec=1h"
	daemon
	eventually is_on vm1 u0
}

@test "a device without carrier is left for one that has carrier at least" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	daemon
	eventually is_on vm1 u0
	gateway_dies
	eventually log_has "u0: probe 'arp 192.0.2.1' fails"
	eventually log_has "u1: probe 'arp 192.0.2.1' fails"
	is_on vm1 u0
	gw ip link set g0 down
	eventually is_on vm1 u1
	run -0 stabletap events vm1
	[[ $output == *"replaced from u0 to u1, lower down"* ]]
}

@test "LossDelaySec delays the change after a failed probe too" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
LossDelaySec=1h
$QUICK"
	daemon
	eventually is_on vm1 u0
	eventually log_has "u1: probe 'arp 192.0.2.1' answers"
	gw ip link set g0 nomaster
	eventually log_has "u0: probe 'arp 192.0.2.1' fails"
	watch_questions
	eventually questions_are 3
	is_on vm1 u0
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	kill -HUP "$DAEMON"
	eventually is_on vm1 u1
	# The probes' verdicts are kept over the reload.
	[ "$(grep -c '^u1: probe ' "$LOG")" = 1 ]
}

@test "a pinned device is used whatever its probe says" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	gw ip link set g0 nomaster
	daemon
	eventually is_on vm1 u1
	eventually log_has "u0: probe 'arp 192.0.2.1' fails"
	stabletap pin vm1 u0
	eventually is_on vm1 u0
	stabletap unpin vm1
	eventually is_on vm1 u1
	run -0 stabletap events vm1
	[[ $output == *"replaced from u1 to u0, by hand"* ]]
	[[ $output == *"replaced from u0 to u1, probe failed"* ]]
}

# True if the gateway's answers arrive through the lower in use. $1: mode,
# $2...: probe
heard_in_use() {
	local mode=$1 count

	shift
	rm -f "$BATS_TEST_TMPDIR/log"
	configure <<<"[Port vm1]
MACAddress=$MAC
AttachMode=$mode
Candidate=u0
Candidate=u1
Probe=$*
$QUICK"
	daemon
	eventually is_on vm1 u0
	# After so many requests without an answer the probe would have failed.
	watch_questions
	eventually questions_are 5
	run -0 stabletap status vm1
	[[ $output == *"u0 (answered "*" s ago)"* ]]
	log_has "u0: probe '$*' answers"
	run ! log_has "u0: probe '$*' fails"
	# Requests come only from its own address.
	[ "$(bridge -n "$GW" fdb show dev g1 | grep -c "$MAC")" = 0 ]
	gw ip link set g0 nomaster
	eventually is_on vm1 u1
	gw ip link set g0 master br0
	eventually is_on vm1 u0
	daemon_ends TERM
	stabletap del vm1
}

@test "ARP probes work through a child's parent, passthru and direct" {
	for mode in bridge private passthru direct; do
		heard_in_use $mode arp 192.0.2.1
	done
}

@test "ND probes work through a child's parent, passthru and direct" {
	for mode in vepa passthru direct; do
		heard_in_use $mode nd 2001:db8::1
	done
}

@test "ND requests come from the device's own address, not from the unspecified one" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=nd 2001:db8::1
$QUICK"
	watch_questions
	daemon
	eventually is_on vm1 u0
	eventually grep -q '52:54:00:aa:00:00 > 33:33:ff:00:00:01.*fe80::5054:ff:feaa:0 > ff02::1:ff00:1: ICMP6, neighbor solicitation, who has 2001:db8::1' \
		"$BATS_TEST_TMPDIR/questions"
}

@test "a gateway that answers only known addresses is asked from ProbeSource" {
	gw nft -f - <<-NFT
		table arp picky {
			chain in {
				type filter hook input priority 0;
				arp saddr ip 0.0.0.0 drop
			}
		}
	NFT
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	daemon
	eventually is_on vm1 u0
	log_has "u0: probe 'arp 192.0.2.1' fails"
	log_has "u1: probe 'arp 192.0.2.1' fails"
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
ProbeSource=192.0.2.77
$QUICK"
	kill -HUP "$DAEMON"
	eventually log_has "u0: probe 'arp 192.0.2.1' answers"
	eventually log_has "u1: probe 'arp 192.0.2.1' answers"
}

@test "on a VLAN the VLAN's gateway is asked" {
	gw ip -batch - <<-BATCH
		addr del 192.0.2.1/24 dev br0
		link add link br0 name br0.5 up type vlan id 5
		addr add 192.0.2.1/24 dev br0.5
	BATCH
	configure <<<"[Port vm1]
Candidate=name=u0 vlan=5 create
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	daemon
	eventually is_on vm1 u0.5
	eventually log_has "u1: probe 'arp 192.0.2.1' fails"
	gw ip -batch - <<-BATCH
		addr del 192.0.2.1/24 dev br0.5
		addr add 192.0.2.1/24 dev br0
	BATCH
	eventually is_on vm1 u1
}

# ---- scripts ----

# Write a probe script from standard input; sets SCRIPT.
script() {
	SCRIPT=$BATS_TEST_TMPDIR/script
	{
		echo "#!/bin/sh"
		echo "dir=$BATS_TEST_TMPDIR"
		cat
	} >"$SCRIPT"
	chmod +x "$SCRIPT"
}

@test "a script's exit status is the verdict on the device that it is given" {
	script <<'SCRIPT'
[ "$1" = "an" ] && [ "$2" = "argument" ] || exit 3
[ "$(cat /sys/class/net/$STABLETAP_DEVICE/ifindex)" = $STABLETAP_IFINDEX ] ||
	exit 4
[ ! -e $dir/dead-$STABLETAP_DEVICE ] || exit 5
SCRIPT
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=script $SCRIPT an  argument
ProbeTimeoutSec=20
ProbeIntervalSec=100ms
FailbackDelaySec=0"
	# /sys shows the namespace of the process that mounted it.
	BIN_DIR=${BIN%/*}
	LOG=$BATS_TEST_TMPDIR/log
	command ip netns exec "$NS" "$BIN_DIR/stabletapd" \
		--config "$BATS_TEST_TMPDIR/conf" 3>&- >>"$LOG" 2>&1 &
	background+=("$!")
	eventually is_on vm1 u0
	touch "$BATS_TEST_TMPDIR/dead-u0"
	eventually is_on vm1 u1
	log_has "u0: probe .* fails: failed: status 5"
	rm "$BATS_TEST_TMPDIR/dead-u0"
	eventually is_on vm1 u0
}

@test "a script that hangs delays nothing, is killed, and counts as failed" {
	script <<'SCRIPT'
[ $STABLETAP_DEVICE = u1 ] && exit 0
echo $$ >>$dir/hanging
trap "" TERM
while :; do sleep 1000; done
SCRIPT
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=script $SCRIPT
ProbeIntervalSec=200ms
ProbeTimeoutSec=10
ProbeMisses=1
[Port vm2]
Candidate=d0"
	daemon
	eventually [ -s "$BATS_TEST_TMPDIR/hanging" ]
	eventually is_on vm1 u1
	# While the script hangs
	eventually is_on vm2 d0
	eventually log_has "u0: probe .* fails: was killed after its time limit of 10 s"
	first=$(head -n 1 "$BATS_TEST_TMPDIR/hanging")
	run ! kill -0 "$first"
	is_on vm1 u1
}

@test "a script that can't be run is logged, and does not keep a port from a device" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=script /no/such/program
ProbeMisses=1
ProbeIntervalSec=200ms"
	daemon
	eventually is_on vm1 u0
	log_has "u0: probe 'script /no/such/program' fails: can't be run: No such file"
}

@test "ports that ask the same share one probe of each device" {
	script <<'SCRIPT'
echo $STABLETAP_DEVICE >>$dir/runs
while [ ! -e $dir/go ]; do sleep 0.2; done
SCRIPT
	for ((i = 0; i < 100; i++)); do
		echo "[Port p$i]
Candidate=u0
Candidate=u1
Probe=script $SCRIPT
ProbeTimeoutSec=1h
ProbeIntervalSec=1h"
	done | configure
	daemon
	# All ports were created, and have evaluated their candidates.
	eventually all_wait
	eventually are_runs 2
	touch "$BATS_TEST_TMPDIR/go"
	eventually all_are_on u0
	are_runs 2
}

are_runs() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/runs")" = "$1" ]
}

# Created, without a device to attach to yet
all_wait() {
	run -0 stabletap status
	[ "$(grep -c '^p[0-9]*: detached' <<<"$output")" = 100 ] &&
		[ "$(grep -c 'u0 (not usable yet)' <<<"$output")" = 100 ]
}

all_are_on() {
	run -0 stabletap status
	[ "$(grep -c "^p[0-9]*: .* dev $1" <<<"$output")" = 100 ]
}

@test "a probe ends when no port needs it any more" {
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.1
$QUICK"
	daemon
	eventually is_on vm1 u0
	configure <<<"[Port vm1]
Candidate=u0
Candidate=u1
[Port vm2]
Candidate=u0
Candidate=u1
Probe=arp 192.0.2.9
$QUICK"
	kill -HUP "$DAEMON"
	eventually log_has "Probe was 'arp 192.0.2.1', is the default"
	watch_questions
	# The other probe continues.
	eventually questions_are 5
	grep -q 192.0.2.9 "$BATS_TEST_TMPDIR/questions"
	run ! grep 'who-has 192.0.2.1 ' "$BATS_TEST_TMPDIR/questions"
	run -0 stabletap status vm1
	[[ $output != *answered* ]]
}
