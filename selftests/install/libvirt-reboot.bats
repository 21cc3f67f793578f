#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# After libvirt.bats, when the machine has been booted again: its two domains are
# started by libvirtd, before the NIC is there.
#
# shellcheck disable=SC2154

load machine.bash
load libvirt.bash

@test "both domains have been started at boot, on ports that wait for the NIC" {
	[ ! -e /sys/class/net/nic0 ]
	eventually is_running auto
	eventually is_running hooked
	opens vm1 2
	opens hk1 2
	[ -z "$(systemctl --failed --no-legend)" ]
	[ "$(journalctl -q -b -o cat -t stabletap-libvirt-hook)" = \
		"hooked: hk1: is ready" ]
	qemu_pid auto >/run/auto.pid
}

@test "the NIC appears, and both guests answer" {
	make_lan
	lease_for_hooked
	plug_nic
	eventually answers
	eventually hooked_answers
	is_left_alone vm1
	MAC=$HOOKED_MAC is_left_alone hk1
	doctor_is_silent
	[ "$(qemu_pid auto)" = "$(cat /run/auto.pid)" ]
}

@test "both domains end, and only the hook's port does" {
	virsh destroy hooked
	virsh destroy auto
	not ip link show hk1
	opens vm1 0
	is_left_alone vm1
	doctor_is_silent
}
