#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# A real udev, with systemd's default rules and this project's, leaves a port's
# MAC address and its node's owner alone, makes a symlink to the node by the
# port's name, and tells network managers to leave ports and children alone.
#
#      udevd ── uevents of the initial network namespace ── p0, p1 (ports)
#                                                            │
#                                                  child and macvlan on u0

bats_require_minimum_version 1.5.0

LINKS=/run/systemd/network
RULES=/run/udev/rules.d

stabletap() {
	"$STABLETAP_TOP/build/bin/stabletap" "$@"
}

settle() {
	udevadm settle --timeout=120
}

install_files() {
	mkdir -p $LINKS $RULES
	cp "$STABLETAP_TOP"/userspace/udev/*.link $LINKS
	cp "$STABLETAP_TOP"/userspace/udev/*.rules $RULES
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

# True if /dev/stabletap.d/$1 is the node of the port of that name
links_to() {
	[ "$(stat -L -c %t:%T "/dev/stabletap.d/$1")" = \
		"$(stat -c %t:%T "$(node_of "$1")")" ]
}

# True if udev tells network managers to leave device $1 alone
unmanaged() {
	udevadm info -q property -p "/sys/class/net/$1" |
		grep -qx NM_UNMANAGED=1
}

# True if udev has applied $1.link to device $2
link_file_is() {
	udevadm info -q property -p "/sys/class/net/$2" |
		grep -q "^ID_NET_LINK_FILE=.*/$1.link$"
}

setup_file() {
	# A fresh root has an empty directory.
	systemd-id128 machine-id >/dev/null 2>&1 ||
		echo 0123456789abcdef0123456789abcdef >/etc/machine-id
	/lib/systemd/systemd-udevd --daemon
	settle
}

teardown_file() {
	udevadm control --exit --timeout=120
}

setup() {
	set +o functrace	# see command.bash
	install_files
}

teardown() {
	for port in p0 p1; do
		stabletap del $port force || :
	done
	ip link del u0 2>/dev/null || :
	ip netns del udev 2>/dev/null || :
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

@test "a node without owner or group stays root's under udev" {
	stabletap add p1
	settle
	udevadm trigger --settle --action=add --subsystem-match=stabletap
	[ "$(stat -c '%u %g %a' "$(node_of p1)")" = "0 0 600" ]
}

@test "a node is linked by its port's name, and no longer when that has gone" {
	stabletap add p0
	stabletap add p1
	settle
	links_to p0
	links_to p1
	stabletap del p0
	settle
	[ "$(ls /dev/stabletap.d)" = p1 ]
	stabletap del p1
	settle
	[ ! -e /dev/stabletap.d ]
}

@test "the link follows a port that is renamed, and the name its next port" {
	stabletap add p0 down
	settle
	ip link set p0 name p1
	settle
	links_to p1
	[ "$(ls /dev/stabletap.d)" = p1 ]
	stabletap add p0 down
	settle
	links_to p0
	links_to p1
	# At once, before udev has handled any of these events
	ip -batch - <<-BATCH
		link set p0 name px
		link set p1 name p0
		link set px name p1
	BATCH
	settle
	links_to p0
	links_to p1
	[ "$(ls /dev/stabletap.d)" = "p0"$'\n'"p1" ]
}

@test "a name that can't be a symlink makes none, and removes no other" {
	stabletap add p_1
	# shellcheck disable=SC2016
	stabletap add 'p$1'
	settle
	links_to p_1
	[ "$(ls /dev/stabletap.d)" = p_1 ]
	stabletap del p_1
	# shellcheck disable=SC2016
	stabletap del 'p$1'
}

@test "ports of other namespaces are not linked; one that comes back is" {
	ip netns add udev
	ip -n udev link add p1 type stabletap
	stabletap add p0
	settle
	links_to p0
	[ "$(ls /dev/stabletap.d)" = p0 ]
	ip link set p0 netns udev
	settle
	[ ! -e /dev/stabletap.d ]
	ip -n udev link set p0 netns 1
	settle
	links_to p0
}

@test "the node keeps owner, group and mode when its port is renamed" {
	stabletap add p0 owner 1234 group 4321 perm 0640 down
	settle
	ip link set p0 name p1
	settle
	links_to p1
	[ "$(stat -c '%u %g %a' "$(node_of p1)")" = "1234 4321 640" ]
}

@test "network managers are told to leave ports and children alone" {
	local child

	ip link add u0 type dummy
	ip link add name mine link u0 type macvlan mode bridge
	stabletap add p0
	stabletap attach p0 dev u0
	settle
	child=$(basename /sys/class/net/p0/lower_*)
	child=${child#lower_}
	unmanaged p0
	unmanaged "$child"
	run ! unmanaged u0
	run ! unmanaged mine
	link_file_is 80-stabletap-child "$child"
	link_file_is 99-default mine
	ip link set "$child" down
	ip link set "$child" name other
	ip link set p0 down
	ip link set p0 name p1
	settle
	unmanaged p1
	unmanaged other
}
