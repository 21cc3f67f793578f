#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# packages: qemu-system-x86 ipxe-qemu seabios
#
# In a machine of a release of Debian that has the package with the module only.
# Ports are made and attached by ip(8).

load machine.bash

# make_child - a macvlan on nic0 with the port's address, attached to the port
make_child() {
	ip link add child link nic0 address $MAC type macvlan mode bridge
	ip link set child master vm1
	ip link set child up
}

# A guest that gets the node as its standard input
start_guest_on_node() {
	local node

	node=/dev/tap$(cat /sys/class/net/vm1/ifindex)
	# shellcheck disable=SC2046
	systemd-run -q --unit=guest-vm1 bash -c 'node=$1; shift
		exec "$@" 3<>"$node"' - "$node" $(qemu) \
		-accel tcg -cpu qemu64 -M pc -m 32 -nodefaults -display none \
		-netdev "tap,id=n0,fd=3,vhost=on" \
		-device "virtio-net-pci,netdev=n0,mac=$MAC" -boot n
}

@test "apt has installed the package, and dkms the module" {
	[ "$(dpkg-query -W -f '${db:Status-Status}' stabletap-dkms)" = installed ]
	dkms status
	[[ $(dkms status) == *stabletap*"$(uname -r)"*installed* ]]
	[ -z "$(dpkg --verify stabletap-dkms)" ]
	[ "$(modinfo -F version stabletap)" = "$(cat /job/old)" ]
}

@test "ip link add loads the module, by its link kind" {
	not is_loaded
	ip link add vm1 address $MAC type stabletap
	is_loaded
	[ -c "/dev/tap$(cat /sys/class/net/vm1/ifindex)" ]
}

@test "a guest runs on a port" {
	make_lan
	plug_nic
	ip link set vm1 up
	make_child
	start_guest_on_node
	eventually answers
}

@test "the guest keeps its network when the device goes and comes back" {
	guest_pid vm1 >/run/guest.pid
	ip link del nic0
	not answers
	plug_nic
	make_child
	eventually guest_lives
}

@test "removal with a running guest interrupts nothing, and says what stays" {
	while_pinging apt-get -q -y remove stabletap-dkms
	guest_lives
	grep -q 'the module is in use' /job/said
	not modinfo stabletap
}

@test "a purge leaves nothing" {
	apt-get -q -y install --no-download /job/debs/stabletap-dkms_*.deb
	modinfo stabletap
	stop_guest vm1
	ip link del vm1
	apt-get -q -y purge stabletap-dkms
	not is_loaded
	named_files >/run/left
	cat /run/left
	[ ! -s /run/left ]
}
