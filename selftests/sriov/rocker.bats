#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Devices that are selected by the names of their physical ports, with the real
# driver on an emulated switch (vm/run --sriov).  vm-timeout: 300
#
# The driver creates its devices in the machine's first namespace, so the test
# runs there.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load ../bats/daemon.bash

# Print the name of the device for the switch's port $1
device_of() {
	local path

	for path in /sys/class/net/*; do
		[ "$(cat "$path/phys_port_name" 2>/dev/null)" != "$1" ] ||
			echo "${path##*/}"
	done
}

is_on_port() {
	local dev

	dev=$(device_of "$2")
	[ -n "$dev" ] && is_on "$1" "$dev"
}

load_driver() {
	insmod "$STABLETAP_CACHE/rocker/$(uname -r)/rocker.ko"
}

setup() {
	untraced
	NS=first
	background=()
	modprobe bridge
	command ip netns attach first 1
	load_driver
}

teardown() {
	local port

	kill -KILL "${background[@]}" || :
	wait "${background[@]}" 2>/dev/null || :
	for port in vm1 vm2; do
		stabletap del $port force 2>/dev/null || :
	done
	ip link del group 7 2>/dev/null || :
	rmmod rocker || :
	[ -n "${BATS_TEST_COMPLETED:-}" ] || sed 's/^/# log: /' "$LOG"
	command ip netns del first
}

@test "a device is found by its physical port's name, whatever its own name" {
	local one two

	configure <<-'CONF'
	[Port vm1]
	Candidate=port=swp2
	[Port vm2]
	Candidate=port=sw?1
	CONF
	daemon
	eventually is_on_port vm1 swp2
	eventually is_on_port vm2 swp1
	one=$(device_of swp1)
	two=$(device_of swp2)

	# The other device gets its name.
	rmmod rocker
	eventually is_detached vm1
	ip link add "$one" group 7 type dummy
	load_driver
	[ "$(device_of swp1)" = "$two" ]
	eventually is_on_port vm1 swp2
	eventually is_on_port vm2 swp1
}
