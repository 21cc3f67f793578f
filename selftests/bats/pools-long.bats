#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Pools of stabletapd: each member carries one port at a time.  These tests use
# plain devices; ../sriov/vf.bats tests VFs.  vm-timeout: 1800
#
# In a network namespace for each test (command.bash):
#
#      vm1, vm2 ...      ports that the daemon makes
#          │
#     p0  p1  p2         dummies, the pool
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

# $1: the number of devices p0 ... in the pool
devices() {
	local i

	for ((i = 0; i < $1; i++)); do
		echo "link add p$i type dummy"
		echo "link set p$i up"
	done | ip -batch -
}

# Configure $1 ports, each with the lines $2..., and the pool
ports() {
	local i

	printf '[Pool fast]\nMember=p*\n'
	for ((i = 1; i <= $1; i++)); do
		printf '[Port vm%d]\nCandidate=pool=fast %s\n' "$i" "${2:-}"
	done
}

# Print how status describes member $1
member() {
	stabletap status | sed -n "s/^    $1: //p"
}

member_is() {
	[ "$(member "$1")" = "$2" ]
}

# Print the devices of all ports, one for each port
had() {
	local port

	for port; do
		of "$port" lower.dev | grep -v null || of "$port" lower.ifname
	done | sort
}

# True if all ports $@ are attached, each to a device of its own
each_has_its_own() {
	local all

	all=$(had "$@" 2>/dev/null) || return
	[[ $all != *null* ]] || return
	[ "$(uniq <<<"$all" | wc -l)" = $# ]
}

for_each_mode() {
	local mode

	for mode in direct passthru bridge; do
		"$@" $mode || return
	done
}

@test "each port has a member of its own, in each mode" {
	each() {
		devices 3
		ports 3 "mode=$1" | configure
		daemon
		eventually each_has_its_own vm1 vm2 vm3
		[ "$(of vm1 attaches)$(of vm2 attaches)$(of vm3 attaches)" = 111 ]
		run ! log_has "can't be attached"
		daemon_ends TERM
		for port in vm1 vm2 vm3; do
			stabletap del $port
		done
		for dev in p0 p1 p2; do
			ip link del $dev
		done
	}

	for_each_mode each
}

@test "of two ports that want the last member one waits, and gets it later" {
	devices 1
	ports 2 mode=bridge | configure
	daemon
	eventually is_on vm1 p0
	eventually is_detached vm2
	member_is p0 "port vm1"
	run ! log_has "can't be attached"
	# The operator removes the first port's section, and the port.
	{
		printf '[Pool fast]\nMember=p*\n'
		printf '[Port vm2]\nCandidate=pool=fast mode=bridge\n'
	} | configure
	kill -HUP "$DAEMON"
	eventually log_has "vm1: no longer configured"
	is_detached vm2
	stabletap del vm1
	eventually is_on vm2 p0
	eventually member_is p0 "port vm2"
}

@test "a deleted port's member goes to the port that waits, and the port waits when it is back" {
	devices 1
	ports 2 mode=direct | configure
	daemon
	eventually is_on vm1 p0
	ip link del vm1
	eventually is_on vm2 p0
	eventually is_detached vm1
}

@test "a member that is lost is replaced by a free one" {
	devices 3
	ports 2 mode=direct | configure
	daemon
	eventually each_has_its_own vm1 vm2
	ip link del "$(of vm1 lower.ifname)"
	eventually each_has_its_own vm1 vm2
}

@test "a port that is on a member already keeps it" {
	devices 3
	stabletap add vm2
	stabletap attach vm2 dev p0 mode direct
	ports 2 mode=direct | configure
	daemon
	eventually each_has_its_own vm1 vm2
	is_on vm2 p0
	[ "$(of vm2 attaches)" = 1 ]
}

@test "after a kill the daemon knows which port has which member" {
	devices 2
	ports 2 mode=direct | configure
	daemon
	eventually each_has_its_own vm1 vm2
	before=$(had vm1)
	daemon_ends KILL
	ip link del vm2
	daemon
	eventually each_has_its_own vm1 vm2
	[ "$(had vm1)" = "$before" ]
	[ "$(of vm1 attaches)" = 1 ]
}

@test "killed at any step of an attach, the next start gives one member each" {
	local step

	devices 2
	ports 2 mode=bridge | configure
	for step in planned child-created child-marked; do
		run in_ns env STABLETAP_FAULT=$step \
			"${BIN_FAULTS%/*}/stabletapd" \
			--config "$BATS_TEST_TMPDIR/conf"
		[ "$status" = 137 ] || echo "# $step: $status $output" >&2
		[ "$status" = 137 ]
		daemon
		eventually each_has_its_own vm1 vm2
		eventually has_children 2
		daemon_ends TERM
		stabletap del vm1
		stabletap del vm2
	done
}

@test "a member with another user is taken until that user is gone" {
	devices 4
	ip addr add 192.0.2.1/24 dev p0
	ip link add br0 type bridge
	ip link set p1 master br0
	ip link add mine link p2 type macvlan mode bridge
	ip link add tag5 link p3 type vlan id 5
	ports 2 mode=bridge | configure
	daemon
	eventually is_detached vm1
	eventually member_is p0 "taken, it has addresses"
	member_is p1 "taken, br0 is its master"
	member_is p2 "taken, mine is on it"
	member_is p3 "taken, tag5 is on it"
	ip addr del 192.0.2.1/24 dev p0
	eventually is_on vm1 p0
	is_detached vm2
	ip link del mine
	eventually is_on vm2 p2
	# A later use of a member does not detach the port.
	ip addr add 192.0.2.1/24 dev p0
	ip link set p1 nomaster
	ip link del tag5
	eventually member_is p3 free
	is_on vm1 p0
	[ "$(of vm1 attaches)" = 1 ]
}

@test "an address that the kernel assigned does not make a member taken" {
	devices 1
	ip -6 addr show dev p0 | grep -q fe80
	ports 1 mode=direct | configure
	daemon
	eventually is_on vm1 p0
}

@test "a veth is free even if its peer is in use" {
	ip addr add 192.0.2.1/24 dev v1
	configure <<-CONF
		[Pool fast]
		Member=v0
		[Port vm1]
		Candidate=pool=fast mode=direct
	CONF
	daemon
	eventually is_on vm1 v0
}

@test "a member that moves to another namespace is lost, and found again" {
	devices 1
	ports 1 mode=direct | configure
	daemon
	eventually is_on vm1 p0
	command ip netns add "$NS-away"
	ip link set p0 netns "$NS-away"
	eventually is_detached vm1
	command ip -n "$NS-away" link set p0 netns "$NS"
	ip link set p0 up
	command ip netns del "$NS-away"
	eventually is_on vm1 p0
}

@test "another candidate does not take a member that a port has" {
	devices 1
	{
		ports 1 mode=bridge
		printf '[Port wm]\nCandidate=p0 mode=bridge\nCandidate=d0\n'
	} | configure
	daemon
	eventually is_on vm1 p0
	eventually is_on wm d0
	member_is p0 "port vm1"
}

@test "a member can't be pinned while another port has it" {
	devices 2
	ports 2 mode=direct | configure
	daemon
	eventually each_has_its_own vm1 vm2
	its=$(of vm2 lower.ifname)
	stabletap pin vm1 "$its"
	[ "$(of vm2 lower.ifname)" = "$its" ]
	is_attached_no_more() { [ "$(of vm1 lower.ifname)" != "$its" ]; }
	is_attached_no_more
	ip link del vm2
	eventually is_on vm1 "$its"
	stabletap unpin vm1
}

@test "a reload can enlarge a pool; removing a pool detaches no port" {
	devices 1
	{
		printf '[Pool fast]\nMember=p0\n'
		printf '[Port vm1]\nCandidate=pool=fast mode=direct\n'
		printf '[Port vm2]\nCandidate=pool=fast mode=direct\n'
	} | configure
	daemon
	eventually is_on vm1 p0
	{
		printf '[Pool fast]\nMember=p0\nMember=v0\n'
		printf '[Port vm1]\nCandidate=pool=fast mode=direct\n'
		printf '[Port vm2]\nCandidate=pool=fast mode=direct\n'
	} | configure
	kill -HUP "$DAEMON"
	eventually is_on vm2 v0
	log_has "pool fast: Member was 'name=p0', is 'name=p0, name=v0'"
	printf '[Port vm1]\nCandidate=p0 mode=direct\n' | configure
	kill -HUP "$DAEMON"
	eventually log_has "pool fast: no longer configured"
	is_on vm1 p0
	is_on vm2 v0
	[ "$(of vm1 attaches)" = 1 ]
}
