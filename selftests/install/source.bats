#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# In a machine with the source tree in /root/stabletap, whose programs have been
# built, and with a module of an older version that dkms has built for the image.
#
# shellcheck disable=SC2154

load machine.bash

SOURCE=/root/stabletap

@test "the module that was built for the image, in a chroot, is loaded by its link kind" {
	[ "$(modinfo -F version stabletap)" = "$(cat /job/old)~0" ]
	ip link add vm9 type stabletap
	ip link del vm9
	rmmod stabletap
}

@test "make install and make dkms-install; the older version's module goes" {
	page $SOURCE install 5
	[ "$(modinfo -F version stabletap)" = "$(cat /job/old)" ]
	[[ $(dkms status stabletap) == *"$(uname -r)"*installed* ]]
	[[ $(dkms status stabletap) != *"~0"* ]]
	[ "$(compgen -G '/usr/src/stabletap-*')" = \
		"/usr/src/stabletap-$(cat /job/old)" ]
	getent group stabletap
}

@test "the service is enabled and started, and a guest runs" {
	make_lan
	plug_nic
	configure_port
	page $SOURCE install 7
	[ "$(systemctl is-active stabletapd)" = active ]
	eventually stabletap wait vm1 attached timeout 10
	[ -c /dev/stabletap.d/vm1 ]
	start_guest vm1
	eventually answers
	doctor_is_silent
}

@test "installing once more, over a running service, interrupts nothing" {
	guest_pid vm1 >/run/guest.pid
	while_pinging make -C $SOURCE install
	guest_lives
}

@test "dkms-uninstall while ports exist keeps the loaded module, and says so" {
	while_pinging make -C $SOURCE dkms-uninstall
	guest_lives
	is_loaded
	grep -q 'in use' /job/said
	make -C $SOURCE dkms-install
}

@test "make uninstall and make dkms-uninstall leave nothing" {
	stop_guest vm1
	rm -r /etc/stabletap/guests.conf
	ip link del vm1
	page $SOURCE removal 2
	not is_loaded
	not getent group stabletap
	not systemctl cat stabletapd
	[ -z "$(systemctl --failed --no-legend)" ]
	not modinfo stabletap
	[ -z "$(find /etc/systemd /lib/systemd /usr/local -xtype l -name '*stabletap*')" ]
	named_files $SOURCE >/run/left
	cat /run/left
	[ ! -s /run/left ]
}
