#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# After install.bats, while its guest runs: upgrade, downgrade, removal, purge.

load machine.bash

old() {
	cat /job/old
}

new() {
	cat /job/new
}

@test "an upgrade with a running guest interrupts nothing" {
	eventually answers
	guest_pid vm1 >/run/guest.pid
	while_pinging page /job/newer upgrade 1
	guest_lives
	[ "$(dpkg-query -W -f '${Version}' stabletap)" = "$(new)" ]
}

@test "it says that the loaded module stays, and until when" {
	grep -q "the loaded module is still version $(old)" /job/said
	grep -q 'until the next boot' /job/said
}

@test "the new daemon runs, and the new module is installed but not loaded" {
	[[ $(stabletap -j status) == *"\"$(new)\""* ]]
	[ "$(cat /sys/module/stabletap/version)" = "$(old)" ]
	[ "$(modinfo -F version stabletap)" = "$(new)" ]
	page / upgrade 3
	[ ! -e "/usr/src/stabletap-$(old)" ]
	[[ $(dkms status stabletap) != *"/$(old),"* ]]
	journalctl -q -u stabletapd | grep -q "the loaded module is of version $(old)"
}

@test "the guest's device is still followed" {
	ip link del nic0
	plug_nic
	eventually guest_lives
}

@test "after all ports are gone, the new module is loaded as the page says" {
	stop_guest vm1
	page / upgrade 2
	[ "$(cat /sys/module/stabletap/version)" = "$(new)" ]
	eventually stabletap wait vm1 attached timeout 10
	doctor_is_silent
	start_guest vm1
	eventually answers
	guest_pid vm1 >/run/guest.pid
}

@test "a downgrade with a running guest interrupts nothing" {
	while_pinging page /job/debs upgrade 4
	guest_lives
	[ "$(dpkg-query -W -f '${Version}' stabletap)" = "$(old)" ]
	[ "$(modinfo -F version stabletap)" = "$(old)" ]
	[ "$(cat /sys/module/stabletap/version)" = "$(new)" ]
	[ "$(systemctl is-active stabletapd)" = active ]
}

@test "removal with a running guest interrupts nothing, and says what stays" {
	while_pinging apt-get -q -y remove stabletap stabletap-dkms
	guest_lives
	grep -q 'the module is in use' /job/said
	[ "$(systemctl is-active stabletapd)" != active ]
	[ -e /etc/stabletap/guests.conf ]
}

@test "a purge leaves nothing" {
	# The page deletes the ports with the command.
	apt-get -q -y install --no-install-recommends /job/debs/stabletap_*.deb
	guest_lives
	stop_guest vm1
	page / removal 1
	not is_loaded
	apt-get -q -y purge stabletap-libvirt libstabletap0 libstabletap-dev
	not getent group stabletap
	[ ! -e /etc/stabletap ]
	[ -z "$(ls -d /run/stabletap* 2>/dev/null)" ]
	named_files >/run/left
	cat /run/left
	[ ! -s /run/left ]
	not systemctl cat stabletapd
	[ -z "$(systemctl --failed --no-legend)" ]
	not modinfo stabletap
}
