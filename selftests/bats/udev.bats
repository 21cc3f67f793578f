#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# A real udev, with systemd's default rules and ours, leaves a port's MAC
# address and its node's owner alone.
#
#      udevd ── uevents of the initial network namespace ── p0, p1 (ports)

bats_require_minimum_version 1.5.0

LINKS=/run/systemd/network

stabletap() {
	"$STABLETAP_TOP/build/bin/stabletap" "$@"
}

settle() {
	udevadm settle --timeout=30
}

install_links() {
	mkdir -p $LINKS
	cp "$STABLETAP_TOP"/userspace/udev/*.link $LINKS
	udevadm control --reload
}

remove_links() {
	rm -f $LINKS/*stabletap*.link
	udevadm control --reload
}

node_of() {
	local node=(/sys/class/net/"$1"/tap*)

	echo "/dev/${node[0]##*/}"
}

setup_file() {
	[ -e /etc/machine-id ] || echo 0123456789abcdef0123456789abcdef \
		> /etc/machine-id
	/lib/systemd/systemd-udevd --daemon
	settle
}

teardown_file() {
	udevadm control --exit --timeout=30
}

setup() {
	install_links
}

teardown() {
	for port in p0 p1; do
		stabletap del $port force || :
	done
	settle
}

@test "udev rewrites the random MAC address of a port that has no .link file" {
	remove_links
	stabletap add p0
	settle
	# NET_ADDR_SET
	[ "$(cat /sys/class/net/p0/addr_assign_type)" = 3 ]
}

@test "udev leaves a port the random MAC address it was made with" {
	stabletap add p0
	settle
	# NET_ADDR_RANDOM
	[ "$(cat /sys/class/net/p0/addr_assign_type)" = 1 ]
}

@test "udev leaves a port the MAC address it was given" {
	stabletap add p0 address 52:54:00:01:02:03
	settle
	[ "$(cat /sys/class/net/p0/address)" = 52:54:00:01:02:03 ]
}

@test "the node's owner, group and permissions survive udev" {
	stabletap add p0 owner 1234 group 4321 perm 0640
	settle
	[ "$(stat -c '%u %g %a' "$(node_of p0)")" = "1234 4321 640" ]
	udevadm trigger --settle --action=add --subsystem-match=stabletap
	udevadm trigger --settle --action=change --subsystem-match=stabletap
	[ "$(stat -c '%u %g %a' "$(node_of p0)")" = "1234 4321 640" ]
}

@test "a node nobody was named for stays root's alone under udev" {
	stabletap add p1
	settle
	udevadm trigger --settle --action=add --subsystem-match=stabletap
	[ "$(stat -c '%u %g %a' "$(node_of p1)")" = "0 0 600" ]
}
