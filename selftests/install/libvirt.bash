# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Shared by libvirt.bats and libvirt-reboot.bats: domains that are as small as
# possible.  The guest is iPXE; it starts again if it finds no network.

HOOKED_MAC=52:54:00:79:00:0c
HOOKED_ADDRESS=10.79.0.12

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] || {
		virsh list --all
		stabletap -s show
		stabletap status
		stabletap events | tail -n 10
		tail -n 15 /var/log/libvirt/qemu/*.log
		journalctl -q -b --no-pager -n 60
	} 2>&1 | sed 's/^/# /'
}

virsh() {
	command virsh -q -c qemu:///system "$@"
}

# The machine is an AMD one with SVM, which the emulator emulates, too.  libvirt
# uses vhost-net only for domains of type kvm.
domain_type() {
	if [ -e /dev/kvm ]; then echo kvm; else echo qemu; fi
}

uuid_of() {
	echo "$1" | md5sum | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/'
}

# domain NAME PORT MAC [DRIVER [METADATA [ARGUMENTS]]] - print a domain's XML: as
# in Documentation/howto-libvirt.md
domain() {
	cat <<-XML
	<domain type='$(domain_type)' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
	  <name>$1</name>
	  <uuid>$(uuid_of "$1")</uuid>
	  ${5:+<metadata>$5</metadata>}
	  <memory unit='MiB'>32</memory>
	  <vcpu>1</vcpu>
	  <os>
	    <type arch='x86_64' machine='pc'>hvm</type>
	    <boot dev='network'/>
	    <bios rebootTimeout='3000'/>
	  </os>
	  <features><acpi/></features>
	  <devices>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	    <interface type='ethernet'>
	      <mac address='$3'/>
	      <target dev='$2' managed='no'/>
	      <model type='virtio'/>
	      ${4-}
	    </interface>
	  </devices>
	  ${6:+<qemu:commandline>$6</qemu:commandline>}
	</domain>
	XML
}

# define NAME ARGUMENT... - as domain, and make it known to libvirt
define() {
	domain "$@" >"/run/$1.xml"
	virsh define "/run/$1.xml"
}

# ports PORT - print metadata for libvirt's hook
ports() {
	cat <<-XML
	<stabletap:ports xmlns:stabletap='urn:stabletap:libvirt:1'>
	  <stabletap:port name='$1'>
	    <stabletap:Candidate>${2:-name=nic0}</stabletap:Candidate>
	  </stabletap:port>
	</stabletap:ports>
	XML
}

# What a test that failed has left, or one that was not run has not made
start_afresh() {
	local name

	[ -e /sys/class/net/nic0 ] || plug_nic
	for name in $(virsh list --all --name); do
		virsh destroy "$name" 2>/dev/null || :
		virsh undefine "$name"
	done
}

qemu_pid() {
	cat "/run/libvirt/qemu/$1.pid"
}

is_running() {
	[ "$(virsh domstate "$1")" = running ]
}

# opens PORT N - true if N queues of the port are open
opens() {
	[ "$(stabletap -j show "$1" | jq '.ports[0].open_queues')" = "$2" ]
}

# DHCP for the domain of the hook, too.  udhcpd remembers as many leases as its
# range has addresses.
lease_for_hooked() {
	local conf=/run/lan/udhcpd.conf

	sed -i 's/^end .*/end 10.79.0.19/' $conf
	printf 'static_lease %s %s\n' "$MAC" "$ADDRESS" \
		$HOOKED_MAC $HOOKED_ADDRESS >>$conf
	systemctl stop lan-dhcp
	systemd-run -q --unit=lan-dhcp \
		-p NetworkNamespacePath=/run/netns/lan \
		/job/busybox udhcpd -f $conf
}

hooked_answers() {
	ADDRESS=$HOOKED_ADDRESS answers
}
