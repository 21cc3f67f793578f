#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# packages: libvirt-daemon-system libvirt-clients qemu-system-x86 ipxe-qemu apparmor apparmor-utils stabletap-libvirt
#
# Debian's libvirt with the configuration that Debian gives it, on ports: with
# AppArmor, and with a QEMU that runs as libvirt-qemu.
#
#	libvirtd - QEMU (iPXE) - fd - vm1 - child - nic0 ==== to-nic0 - switch
#	                              hk1 - child ---'
#	                                           |
#	                   namespace lan: 10.79.0.1, DHCP, HTTP, pings
#
# The tests build on each other.  Afterwards the machine is booted again, for
# libvirt-reboot.bats.
#
# shellcheck disable=SC2154

load machine.bash
load libvirt.bash

setup_file() {
	make_lan
	lease_for_hooked
	modprobe vhost_net
	modprobe kvm_amd || :
	configure_port Queues=2
	systemctl reload stabletapd
}

# Is the process of domain $1 confined, and not root's?
is_confined() {
	local pid profile

	pid=$(qemu_pid "$1")
	profile="libvirt-$(uuid_of "$1")"
	[ "$(cat "/proc/$pid/attr/current")" = "$profile (enforce)" ] &&
		[ "$(stat -c %U "/proc/$pid")" = libvirt-qemu ] &&
		aa-status --json | jq -e --arg p "$profile" \
			'.profiles[$p] == "enforce"' >/dev/null
}

@test "libvirtd and its files are Debian's, and AppArmor confines it" {
	[ -z "$(dpkg --verify libvirt-daemon libvirt-daemon-system \
		libvirt-daemon-driver-qemu qemu-system-x86 apparmor)" ]
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]
	systemctl is-active libvirtd
	virsh list
	[[ $(cat "/proc/$(pidof libvirtd)/attr/current") == *libvirtd*"(enforce)" ]]
	[ -z "$(systemctl --failed --no-legend)" ]
}

@test "a domain starts while its port is detached; it is confined, and not root's" {
	[ ! -e /sys/class/net/nic0 ]
	define first vm1 $MAC
	virsh start first
	is_running first
	is_confined first
	opens vm1 1
	[ "$(stabletap -j show vm1 | jq -r '.ports[0].state')" = detached ]
	qemu_pid first >/run/first.pid
}

@test "the device appears, and the guest answers" {
	plug_nic
	eventually stabletap wait vm1 attached timeout 10
	eventually answers
	is_left_alone vm1
	virsh domiflist first
	virsh domiflist first | grep -q 'vm1 *ethernet'
}

@test "the device goes and comes back, and the guest answers again" {
	lose_nic
	is_running first
	return_nic
	is_running first
	[ "$(qemu_pid first)" = "$(cat /run/first.pid)" ]
}

@test "domif-setlink takes the guest's link down and up" {
	virsh domif-setlink first vm1 down
	[[ $(virsh domif-getlink first vm1) == *down* ]]
	not answers
	[ "$(stabletap -j show vm1 | jq -r '.ports[0].state')" = attached ]
	virsh domif-setlink first vm1 up
	eventually answers
}

# counted WORD - print a counter of libvirt's
counted() {
	virsh domifstat first vm1 | awk -v word="$1" '$2 == word { print $3 }'
}

has_counted() {
	[ $(($(counted "$1") - $2)) -ge "$3" ]
}

# Old versions exchange the directions: Documentation/howto-libvirt.md says so.
@test "domifstat counts what the guest receives" {
	local received=rx_packets sent=tx_packets before sent_before

	libvirtd --version
	[[ $(libvirtd --version) != *" 9."* ]] ||
		received=tx_packets sent=rx_packets
	before=$(counted $received)
	sent_before=$(counted $sent)
	# The guest receives these, and does not answer.
	ip -n lan neigh replace 10.79.0.99 lladdr $MAC dev switch
	ip netns exec lan ping -q -f -w 2 10.79.0.99 >/run/pings || :
	cat /run/pings
	eventually has_counted $received "$before" 100
	not has_counted $sent "$sent_before" 50
	[ "$(counted $received)" = "$(cat /sys/class/net/vm1/statistics/rx_packets)" ]
}

@test "a second domain can't have the port's last queue, and disturbs nothing" {
	define second vm1 52:54:00:79:00:0d "<driver queues='2'/>"
	run virsh start second
	echo "$output"
	[ "$status" != 0 ]
	[[ $output == *busy* ]]
	virsh undefine second
	opens vm1 1
	answers
}

@test "libvirtd is restarted, and the domain runs on" {
	systemctl restart libvirtd
	eventually is_running first
	[ "$(qemu_pid first)" = "$(cat /run/first.pid)" ]
	answers
	is_left_alone vm1
}

has_leases() {
	[ "$(journalctl -q -u lan-dhcp -o cat | grep -c 'sending ACK')" -ge "$1" ]
}

@test "a domain that is reset asks for its address again, and answers" {
	local leases

	leases=$(journalctl -q -u lan-dhcp -o cat | grep -c 'sending ACK')
	virsh reset first
	eventually has_leases $((leases + 1))
	eventually answers
	[ "$(qemu_pid first)" = "$(cat /run/first.pid)" ]
}

@test "the port outlives the domain, and serves the next start" {
	virsh destroy first
	opens vm1 0
	[ "$(stat -L -c %t:%T /dev/stabletap.d/vm1)" = \
		"$(stat -c %t:%T "/dev/tap$(cat /sys/class/net/vm1/ifindex)")" ]
	is_left_alone vm1
	doctor_is_silent
	virsh start first
	eventually answers
	virsh destroy first
	virsh undefine first
}

# The number of fds that a process has for a file
fds_of() {
	find "/proc/$1/fd" -lname "$2" | wc -l
}

@test "two queues with vhost-net: the guest answers, also after a loss" {
	local pid

	start_afresh
	[ "$(domain_type)" = kvm ]
	define queues vm1 $MAC "<driver name='vhost' queues='2'/>"
	virsh start queues
	pid=$(qemu_pid queues)
	opens vm1 2
	[ "$(fds_of "$pid" /dev/vhost-net)" = 2 ]
	[ "$(fds_of "$pid" "/dev/tap$(cat /sys/class/net/vm1/ifindex)")" = 2 ]
	is_confined queues
	eventually answers
	lose_nic
	return_nic
	[ "$(qemu_pid queues)" = "$pid" ]
	is_left_alone vm1
	doctor_is_silent
	virsh destroy queues
	opens vm1 0
	virsh undefine queues
}

# ---- QEMU's monitor ----

# The status register of the guest's NIC: 1 if the link is up.  It follows the MAC
# address in the configuration, after 20 bytes of a legacy virtio device.
guest_link() {
	local base

	base=$(virsh qemu-monitor-command --hmp "$1" 'info pci' |
		tr -d '\r' | sed -n '/1af4:1000/,/BAR0/s/.*BAR0: I\/O at \(0x[0-9a-f]*\).*/\1/p')
	virsh qemu-monitor-command --hmp "$1" \
		"i /hx $(printf '0x%x' $((base + 26)))" | tr -d '\r' |
		sed -n 's/.* = 0x0*\([0-9a-f]\)$/\1/p'
}

has_link() {
	[ "$(guest_link "$1")" = "$2" ]
}

is_told() {
	journalctl -q -u stabletapd -o cat --since "@$BEGAN" |
		grep -q -- "$1"
}

# As Documentation/howto-libvirt.md says
@test "a fault: stabletapd may not use QEMU's monitor, and the doctor says so" {
	BEGAN=$(date +%s)
	start_afresh
	echo 'd /run/guests 0750 libvirt-qemu libvirt-qemu' \
		>/etc/tmpfiles.d/guests.conf
	systemd-tmpfiles --create
	mkdir -p /etc/apparmor.d/local/abstractions
	echo '"/run/guests/*.qmp" rw,' \
		>>/etc/apparmor.d/local/abstractions/libvirt-qemu
	cat >>/etc/stabletap/guests.conf <<-CONF
		QMPSocket=/run/guests/monitor.qmp
		QMPDevice=net0
		GuestLinkDownSec=1
	CONF
	systemctl reload stabletapd
	define monitor vm1 $MAC "<driver name='vhost'/>" "" "
		<qemu:arg value='-qmp'/>
		<qemu:arg value='unix:/run/guests/monitor.qmp,server=on,wait=off'/>"
	virsh start monitor
	is_confined monitor
	eventually is_told "monitor.qmp: Permission denied"
	eventually doctor_names qmp-refused
}

@test "stabletapd in the group of QEMU's socket sets the guest's link down and up" {
	BEGAN=$(date +%s)
	mkdir -p /etc/systemd/system/stabletapd.service.d
	cat >/etc/systemd/system/stabletapd.service.d/qmp.conf <<-CONF
		[Service]
		SupplementaryGroups=libvirt-qemu
	CONF
	systemctl daemon-reload
	systemctl restart stabletapd
	eventually is_told "QEMU's monitor listens"
	eventually answers
	has_link monitor 1
	doctor_is_silent
	lose_nic
	eventually has_link monitor 0
	return_nic
	has_link monitor 1
	doctor_is_silent
	virsh destroy monitor
	virsh undefine monitor
}

# ---- libvirt's hook ----

@test "the hook makes a domain's port when the domain starts, and the guest answers" {
	start_afresh
	[ -x /etc/libvirt/hooks/qemu.d/stabletap ]
	not ip link show hk1
	define hooked hk1 $HOOKED_MAC "<driver name='vhost' queues='2'/>" \
		"$(ports hk1)"
	virsh start hooked
	opens hk1 2
	[ -e "/run/stabletap/libvirt-$(uuid_of hooked).conf" ]
	is_confined hooked
	eventually hooked_answers
	MAC=$HOOKED_MAC is_left_alone hk1
	doctor_is_silent
	qemu_pid hooked >/run/hooked.pid
}

@test "the hook's port follows its device, too" {
	ip link del nic0
	eventually stabletap wait hk1 detached timeout 10
	not hooked_answers
	plug_nic
	eventually hooked_answers
}

@test "whatever happens to the hook, a restart of libvirtd kills no domain" {
	local program=/usr/sbin/stabletap-libvirt-hook

	mv $program $program.away
	systemctl restart libvirtd
	eventually is_running hooked
	printf '#!/bin/sh\nkill -SEGV $$\n' >$program
	chmod 755 $program
	systemctl restart libvirtd
	eventually is_running hooked
	mv $program.away $program
	systemctl stop stabletapd
	systemctl restart libvirtd
	eventually is_running hooked
	systemctl start stabletapd
	[ "$(qemu_pid hooked)" = "$(cat /run/hooked.pid)" ]
	hooked_answers
	eventually doctor_is_silent
}

@test "the hook gives the port back when the domain ends" {
	virsh destroy hooked
	not ip link show hk1
	[ ! -e "/run/stabletap/libvirt-$(uuid_of hooked).conf" ]
	[ "$(stabletap -j status | jq -r '.ports[].port')" = vm1 ]
	doctor_is_silent
}

@test "a domain whose port can't be made does not start, and the journal says why" {
	BEGAN=$(date +%s)
	define wrong hk2 52:54:00:79:00:0e "" "$(ports hk2 'name=nic0 vlan=5000')"
	run virsh start wrong
	[ "$status" != 0 ]
	journalctl -q -t stabletap-libvirt-hook --since "@$BEGAN" | grep 5000
	virsh undefine wrong
	doctor_is_silent
}

@test "AppArmor has refused nothing of this" {
	journalctl -q -k -o cat | grep 'apparmor="DENIED"' || :
	not grep -qE 'stabletap|/dev/tap|/run/guests' \
		<(journalctl -q -k -o cat | grep 'apparmor="DENIED"')
}

@test "two domains run, and are to be started at the next boot" {
	echo vhost_net >/etc/modules-load.d/vhost.conf
	# iPXE does not heed ACPI, so libvirt-guests would wait for 5 minutes.
	echo SHUTDOWN_TIMEOUT=5 >>/etc/default/libvirt-guests
	sed -i '/QMP/d; /GuestLink/d' /etc/stabletap/guests.conf
	systemctl reload stabletapd
	define auto vm1 $MAC "<driver name='vhost' queues='2'/>"
	virsh autostart auto
	virsh autostart hooked
	virsh start auto
	virsh start hooked
	eventually answers
	eventually hooked_answers
	doctor_is_silent
}
