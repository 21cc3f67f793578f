#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# After install.bats, while its guest runs: upgrade, downgrade, removal, purge.

load machine.bash

# Status of the guest's service, and that it is the same process and answers
guest_lives() {
	[ "$(guest_pid vm1)" = "$(cat /run/guest.pid)" ] && answers
}

# Ping without a pause, while a command runs, and print how many are missing
while_pinging() {
	local ping lost

	ip netns exec lan ping -q -i 0.2 $ADDRESS >/run/pings 2>&1 3>&- &
	ping=$!
	"$@" >/run/output 2>&1
	kill -INT $ping
	wait $ping || :
	cat /run/output
	lost=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' /run/pings)
	echo "# pings sent and answered: $lost"
	# shellcheck disable=SC2086
	set -- $lost
	# The last may be on its way.
	[ "$1" -gt 3 ] && [ $(($1 - $2)) -le 1 ]
}

old() {
	cat /job/old
}

new() {
	cat /job/new
}

@test "an upgrade with a running guest interrupts nothing" {
	eventually answers
	guest_pid vm1 >/run/guest.pid
	DEBIAN_FRONTEND=noninteractive while_pinging dpkg -i /job/newer/*.deb
	guest_lives
	[ "$(dpkg-query -W -f '${Version}' stabletap)" = "$(new)" ]
}

@test "it says that the loaded module stays, and until when" {
	grep -q "the loaded module is still version $(old)" /run/output
	grep -q 'until the next boot' /run/output
}

@test "the new daemon runs, and the new module is installed but not loaded" {
	[[ $(stabletap -j status) == *"\"$(new)\""* ]]
	[ "$(cat /sys/module/stabletap/version)" = "$(old)" ]
	[ "$(modinfo -F version stabletap)" = "$(new)" ]
	[ ! -e "/usr/src/stabletap-$(old)" ]
	[[ $(dkms status stabletap) != *"$(old)"* ]]
	journalctl -q -u stabletapd | grep -q "the loaded module is of version $(old)"
}

@test "the guest's device is still followed" {
	ip link del nic0
	plug_nic
	eventually guest_lives
}

@test "a downgrade with a running guest interrupts nothing" {
	DEBIAN_FRONTEND=noninteractive while_pinging dpkg -i /job/debs/*.deb
	guest_lives
	[ "$(dpkg-query -W -f '${Version}' stabletap)" = "$(old)" ]
	[ "$(modinfo -F version stabletap)" = "$(old)" ]
	[ "$(systemctl is-active stabletapd)" = active ]
}

@test "removal with a running guest interrupts nothing, and says what stays" {
	while_pinging apt-get -q -y remove stabletap stabletap-dkms
	guest_lives
	grep -q 'the module is in use' /run/output
	[ "$(systemctl is-active stabletapd)" != active ]
	[ -e /etc/stabletap/guests.conf ]
}

@test "a purge leaves nothing" {
	systemctl stop guest-vm1
	ip link del vm1
	rmmod stabletap
	apt-get -q -y purge stabletap stabletap-dkms libstabletap0 \
		libstabletap-dev
	not getent group stabletap
	[ ! -e /etc/stabletap ]
	[ -z "$(ls -d /run/stabletap* 2>/dev/null)" ]
	# dkms of Debian 12 keeps an empty directory.
	find / -xdev \( -path /proc -o -path /job -o -path /sys -o \
		-path /var/cache/stabletap -o -path /var/lib/apt -o \
		-path /var/log -o -path "$TOP" \) -prune -o \
		-iname '*stabletap*' -print >/run/left
	cat /run/left
	[ ! -s /run/left ]
	not systemctl cat stabletapd
	[ -z "$(systemctl --failed --no-legend)" ]
	not modinfo stabletap
}
