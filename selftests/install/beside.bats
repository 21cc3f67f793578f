#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# packages: network-manager ifupdown openvswitch-switch firewalld nftables
#
# Ports beside the other software that sets up networks on a Debian machine.  Each
# has a device of its own, own0, which it must set up, and must leave alone the
# port, its child, and the guest:
#
#	QEMU (iPXE) - fd - vm1 - child - nic0 ==== to-nic0 - switch
#	                                own0 ==== to-own0 ---'
#	                                           |
#	                   namespace lan: 10.79.0.1, DHCP, HTTP, pings
#
# The tests build on each other.
#
# shellcheck disable=SC2154

load machine.bash

OWN=10.79.0.2

MANAGERS=(NetworkManager systemd-networkd.socket systemd-networkd networking
	openvswitch-switch firewalld nftables)

stop_managers() {
	systemctl stop "${MANAGERS[@]}" 2>/dev/null || :
}

# A device for the other software; nobody has set it up yet.
plug_own() {
	ip link add own0 type veth peer name to-own0 netns lan
	ip -n lan link set to-own0 master switch up
}

# Does the host have its own network on own0?
own_works() {
	ip -j addr show dev own0 | jq -e --arg own $OWN \
		'any(.[0].addr_info[]; .local == $own)' >/dev/null &&
		ping -q -c 1 -w 5 -I own0 $PEER >/dev/null
}

setup_file() {
	stop_managers
	make_lan
	plug_nic
	plug_own
	configure_port
	systemctl reload stabletapd
	guest_is_up
}

setup() {
	GUEST=$(guest_pid vm1)
	[ -e /sys/class/net/own0 ] || plug_own
	[ -e /sys/class/net/nic0 ] || plug_nic
}

# So that a test that failed makes no other manager's fail
recover() {
	stop_managers
	rm -f /etc/systemd/network/* /etc/udev/rules.d/80-stabletap.rules \
		/etc/NetworkManager/conf.d/{all,cards}.conf \
		/run/NetworkManager/devices/*
	udevadm control --reload
	udevadm trigger --settle --subsystem-match=net
	ip addr flush dev vm1
	ip link set vm1 address $MAC mtu 1500 up
	ip link del own0
	ip link del other0
}

teardown() {
	[ -z "$BATS_TEST_COMPLETED" ] || return 0
	{
		ip addr
		stabletap status
		stabletap events vm1 | tail -n 10
		journalctl -q --no-pager -n 30
	} 2>&1 | sed 's/^/# /'
	recover 2>/dev/null || :
}

# What holds at the end of each test
all_is_well() {
	udevadm settle
	is_left_alone vm1 && answers && [ "$(guest_pid vm1)" = "$GUEST" ] &&
		doctor_is_silent
}

@test "without any of them the guest answers, and the doctor is silent" {
	all_is_well
	not own_works
}

# ---- systemd-networkd ----

@test "networkd, with a file that matches all devices, leaves port and child alone" {
	ip link add other0 type dummy
	cat >/etc/systemd/network/10-own.network <<-CONF
		[Match]
		Name=own0
		[Network]
		Address=$OWN/24
	CONF
	cat >/etc/systemd/network/10-nic.network <<-CONF
		[Match]
		Name=nic0
		[Network]
		LinkLocalAddressing=no
	CONF
	cat >/etc/systemd/network/90-all.network <<-CONF
		[Match]
		Name=*
		Type=!loopback
		[Link]
		MTUBytes=1400
		MACAddress=52:54:00:99:99:99
		[Network]
		Address=192.0.2.1/24
	CONF
	systemctl start systemd-networkd
	eventually own_works
	eventually is_by_networkd other0 configured
	[ "$(cat /sys/class/net/other0/mtu)" = 1400 ]
	[ "$(cat /sys/class/net/other0/address)" = 52:54:00:99:99:99 ]
	eventually is_by_networkd vm1 unmanaged
	eventually is_by_networkd "$(child_of vm1)" unmanaged
	all_is_well
}

@test "networkd: the NIC goes and comes back" {
	lose_nic
	return_nic
	eventually is_by_networkd nic0 configured
	eventually is_by_networkd vm1 unmanaged
	eventually is_by_networkd "$(child_of vm1)" unmanaged
	all_is_well
}

@test "networkd: a port that is made later is left alone, too" {
	stabletap add vm2 address 52:54:00:79:00:0b
	stabletap attach vm2 dev own0
	eventually is_by_networkd vm2 unmanaged
	eventually is_by_networkd "$(child_of vm2)" unmanaged
	MAC=52:54:00:79:00:0b is_left_alone vm2
	stabletap del vm2
	own_works
	all_is_well
}

has_foreign_address() {
	[[ $(ip addr show dev "$1") == *192.0.2.1/24* ]]
}

@test "a fault: without stabletap's file networkd takes the port, and the doctor says so" {
	ln -s /dev/null /etc/systemd/network/05-stabletap.network
	networkctl reload
	networkctl reconfigure vm1
	# It stays "configuring", since a port has no IPv6 address of its own.
	eventually has_foreign_address vm1
	not is_by_networkd vm1 unmanaged
	doctor_names networkd-manages
	doctor_names network-file-masked
	not is_left_alone vm1

	rm /etc/systemd/network/05-stabletap.network
	networkctl reload
	eventually is_by_networkd vm1 unmanaged
	ip addr flush dev vm1
	ip link set vm1 address $MAC mtu 1500
	eventually answers
	all_is_well
}

@test "a fault: a file in /etc replaces stabletap's, and the doctor says so" {
	sed 's/Unmanaged=yes/Unmanaged=no/' \
		"$(dpkg -L stabletap | grep '/05-stabletap-child.network$')" \
		>/etc/systemd/network/05-stabletap-child.network
	doctor_names network-file-overridden
	rm /etc/systemd/network/05-stabletap-child.network
	all_is_well
	rm /etc/systemd/network/{10-own,10-nic,90-all}.network
	systemctl stop systemd-networkd.socket systemd-networkd
	ip link del other0
	ip link del own0
}

# ---- udev's .link files ----

@test "a fault: a .link file that matches all devices, and the doctor says so" {
	cat >/etc/systemd/network/10-all.link <<-CONF
		[Match]
		OriginalName=*
		[Link]
		MACAddressPolicy=random
	CONF
	doctor_names link-file-other
	rm /etc/systemd/network/10-all.link
	all_is_well
}

@test "a fault: stabletap's .link file or rules are masked, and the doctor says so" {
	ln -s /dev/null /etc/systemd/network/80-stabletap.link
	doctor_names link-file-masked
	rm /etc/systemd/network/80-stabletap.link
	: >/etc/udev/rules.d/80-stabletap.rules
	doctor_names udev-rule-masked
	rm /etc/udev/rules.d/80-stabletap.rules
	all_is_well
}

# ---- NetworkManager ----

@test "NetworkManager has its cards connected, and leaves port and child alone" {
	# Debian's udev rules take veths away from it.
	cat >/etc/NetworkManager/conf.d/cards.conf <<-CONF
		[device-cards]
		match-device=interface-name:nic0,interface-name:own0
		managed=1
	CONF
	systemctl start NetworkManager
	nmcli connection add type ethernet ifname nic0 con-name for-guests \
		ipv4.method disabled ipv6.method disabled
	nmcli connection add type ethernet ifname own0 con-name own \
		ipv4.method manual ipv4.addresses $OWN/24 ipv6.method disabled
	eventually is_by_nm nic0 connected for-guests
	eventually is_by_nm own0 connected own
	eventually own_works
	is_by_nm vm1 unmanaged ""
	is_by_nm "$(child_of vm1)" unmanaged ""
	all_is_well
}

@test "NetworkManager: the NIC goes and comes back" {
	lose_nic
	return_nic
	eventually is_by_nm nic0 connected for-guests
	eventually is_by_nm "$(child_of vm1)" unmanaged ""
	is_by_nm vm1 unmanaged ""
	all_is_well
}

@test "NetworkManager is restarted, and takes nothing over" {
	systemctl restart NetworkManager
	eventually is_by_nm nic0 connected for-guests
	eventually own_works
	is_by_nm vm1 unmanaged ""
	is_by_nm "$(child_of vm1)" unmanaged ""
	all_is_well
}

@test "a fault: NetworkManager's configuration has it manage all, and the doctor says so" {
	cat >/etc/NetworkManager/conf.d/all.conf <<-CONF
		[device-all]
		match-device=*
		managed=1
	CONF
	systemctl restart NetworkManager
	eventually doctor_names networkmanager-manages
	not is_by_nm vm1 unmanaged ""

	# NetworkManager remembers across its restart that it managed a device.
	rm /etc/NetworkManager/conf.d/all.conf
	systemctl restart NetworkManager
	eventually doctor_names networkmanager-manages
	nmcli device set vm1 managed no
	nmcli device set "$(child_of vm1)" managed no
	eventually is_by_nm vm1 unmanaged ""
	eventually is_by_nm "$(child_of vm1)" unmanaged ""
	eventually answers
	all_is_well
}

@test "a fault: without stabletap's udev rules NetworkManager takes the child, and the doctor says so" {
	ln -s /dev/null /etc/udev/rules.d/80-stabletap.rules
	udevadm control --reload
	lose_nic
	return_nic
	eventually doctor_names networkmanager-manages
	doctor_names udev-rule-masked

	rm /etc/udev/rules.d/80-stabletap.rules
	udevadm control --reload
	udevadm trigger --settle --subsystem-match=net
	nmcli device set "$(child_of vm1)" managed no
	eventually is_by_nm "$(child_of vm1)" unmanaged ""
	eventually answers
	all_is_well
	# The next child needs no command.
	lose_nic
	return_nic
	eventually is_by_nm "$(child_of vm1)" unmanaged ""
	all_is_well
	nmcli connection delete for-guests own
	systemctl stop NetworkManager
	rm /etc/NetworkManager/conf.d/cards.conf
	ip link del own0
}

# ---- ifupdown ----

# Does ifupdown say that it has set the device up?
is_by_ifupdown() {
	[ -n "$(ifquery --state "$1")" ]
}

is_ignored_by_ifupdown() {
	not is_by_ifupdown vm1 && not is_by_ifupdown "$(child_of vm1)"
}

@test "ifupdown sets up its own devices only" {
	cp /etc/network/interfaces /run/interfaces
	cat >/etc/network/interfaces <<-CONF
		auto lo
		iface lo inet loopback
		allow-hotplug nic0
		iface nic0 inet manual
		auto own0
		iface own0 inet static
			address $OWN/24
	CONF
	systemctl restart networking
	eventually own_works
	is_by_ifupdown own0
	is_ignored_by_ifupdown
	all_is_well
}

@test "ifupdown: the NIC goes and is plugged in again" {
	lose_nic
	return_nic
	eventually is_by_ifupdown nic0
	lose_nic
	eventually not is_by_ifupdown nic0
	return_nic
	eventually is_by_ifupdown nic0
	is_ignored_by_ifupdown
	all_is_well
}

@test "ifupdown: ifdown and ifup of all devices" {
	ifdown -a
	ifup -a
	eventually own_works
	eventually answers
	all_is_well
	cp /run/interfaces /etc/network/interfaces
	ifdown --force -a 2>/dev/null || :
	systemctl stop networking
	ip link del own0
}

# ---- Open vSwitch ----

@test "Open vSwitch has VLAN 5 of another NIC in its bridge, and leaves port and child alone" {
	systemctl start openvswitch-switch
	ip link set own0 up
	ip link add own0.5 link own0 type vlan id 5
	ip link set own0.5 up
	ip -n lan link add to-own0.5 link to-own0 type vlan id 5
	ip -n lan addr add 10.79.5.1/24 dev to-own0.5
	# A bridge takes all frames of its ports, those of VLANs as well.
	ip -n lan link set to-own0 nomaster
	ip -n lan link set to-own0.5 up
	ovs-vsctl add-br ovs0
	ovs-vsctl add-port ovs0 own0.5
	ip addr add 10.79.5.2/24 dev ovs0
	ip link set ovs0 up
	ovs_works() { ping -q -c 1 -w 5 -I ovs0 10.79.5.1 >/dev/null; }
	eventually ovs_works
	[ "$(ovs-vsctl list-ports ovs0)" = own0.5 ]
	all_is_well
}

@test "Open vSwitch: the NIC goes and comes back" {
	lose_nic
	return_nic
	[ "$(ovs-vsctl list-ports ovs0)" = own0.5 ]
	all_is_well
}

@test "Open vSwitch is restarted, and its bridge works again" {
	systemctl restart openvswitch-switch
	ovs_restored() { ping -q -c 1 -w 5 -I ovs0 10.79.5.1 >/dev/null; }
	ip addr replace 10.79.5.2/24 dev ovs0
	ip link set ovs0 up
	eventually ovs_restored
	all_is_well
	ovs-vsctl del-br ovs0
	systemctl stop openvswitch-switch
	ip link del own0
}

# ---- packet filters ----

# own0 as somebody has set it up by hand
set_up_own() {
	ip addr replace $OWN/24 dev own0
	ip link set own0 up
	eventually own_works
}

@test "firewalld filters the host's frames, and not the guest's" {
	set_up_own
	systemctl start firewalld
	firewall-cmd --zone=drop --add-interface=own0
	own_works
	# No frame may pass, in either direction.
	firewall-cmd --panic-on
	not own_works
	answers
	firewall-cmd --panic-off
	eventually own_works
	not firewall-cmd --get-zone-of-interface=vm1
	all_is_well
}

@test "firewalld: the NIC goes and comes back, and all rules are made again" {
	lose_nic
	return_nic
	firewall-cmd --complete-reload
	all_is_well
	systemctl stop firewalld
}

@test "nftables with Debian's own file" {
	set_up_own
	[ "$(nft list ruleset)" = "" ]
	[ -z "$(dpkg --verify nftables)" ]
	systemctl start nftables
	nft list chain inet filter forward
	own_works
	all_is_well
}

@test "nftables: what Debian's chains drop is the host's alone; the NIC goes and comes back" {
	for chain in input forward output; do
		nft chain inet filter $chain '{ policy drop; }'
	done
	not own_works
	answers
	lose_nic
	return_nic
	all_is_well
	# Debian's file begins with "flush ruleset".
	systemctl reload nftables
	eventually own_works
	all_is_well
	systemctl stop nftables
	ip link del own0
}

# ---- all ----

@test "all at the same time: the NIC goes and comes back" {
	cat >/etc/systemd/network/90-all.network <<-CONF
		[Match]
		Name=*
		Type=!loopback
		[Network]
		Address=192.0.2.1/24
	CONF
	systemctl start systemd-networkd NetworkManager networking \
		openvswitch-switch firewalld
	eventually is_by_networkd nic0 configured
	eventually is_by_networkd vm1 unmanaged
	lose_nic
	return_nic
	eventually is_by_networkd "$(child_of vm1)" unmanaged
	eventually is_by_nm "$(child_of vm1)" unmanaged ""
	is_by_networkd vm1 unmanaged
	is_by_nm vm1 unmanaged ""
	all_is_well
	rm /etc/systemd/network/90-all.network
	stop_managers
}
