#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2030,SC2031
#
# An unmodified libvirt starts a domain on a port, as on a macvtap that another
# program has created.  vm-timeout: 1500
#
#	libvirtd - QEMU (iPXE) - fd - lv1 - child - lv0 ==== to-lv0 - switch
#	                                                |
#	                    namespace lvlan: 10.78.0.1, DHCP, HTTP, pings
#
# The test runs in the initial network namespace, because only there a port's
# node has the name that libvirt looks for. selftests/vm/prepare --services
# unpacks libvirt.

MAC=52:54:00:78:00:0a
ADDRESS=10.78.0.10
PEER=10.78.0.1
DEADLINE=200

domain() {
	cat <<-XML
	<domain type='qemu'>
	  <name>$1</name>
	  <memory unit='MiB'>32</memory>
	  <vcpu>1</vcpu>
	  <os>
	    <type arch='x86_64' machine='pc'>hvm</type>
	    <boot dev='network'/>
	  </os>
	  <features><acpi/></features>
	  <devices>
	    <emulator>/usr/bin/qemu-system-x86_64</emulator>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	    <interface type='ethernet'>
	      <mac address='$MAC'/>
	      <target dev='lv1' managed='no'/>
	      <model type='virtio'/>
	    </interface>
	  </devices>
	</domain>
	XML
}

plug_nic() {
	ip link add lv0 type veth peer name to-lv0 netns lvlan
	ip -n lvlan link set to-lv0 master switch up
	ip link set lv0 up
}

make_lan() {
	ip netns add lvlan
	ip -n lvlan link set lo up
	ip -n lvlan link add switch address 52:54:00:78:00:01 type bridge
	ip -n lvlan addr add $PEER/24 dev switch
	ip -n lvlan link set switch up
	mkdir -p "$DIR/www"
	printf '#!ipxe\nshell\n' >"$DIR/www/boot"
	ip netns exec lvlan busybox httpd -f -p $PEER:80 -h "$DIR/www" 3>&- &
	echo $! >>"$DIR/pids"
	cat >"$DIR/udhcpd.conf" <<-CONF
	interface switch
	start $ADDRESS
	end $ADDRESS
	lease_file $DIR/leases
	pidfile $DIR/udhcpd.pid
	boot_file http://$PEER/boot
	siaddr $PEER
	option subnet 255.255.255.0
	CONF
	: >"$DIR/leases"
	ip netns exec lvlan busybox udhcpd -f "$DIR/udhcpd.conf" \
		>/dev/null 2>&1 3>&- &
	echo $! >>"$DIR/pids"
}

# This machine has no cgroups and no D-Bus.
start_libvirt() {
	[ ! -d "$STABLETAP_CACHE/libvirt" ] ||
		(cd "$STABLETAP_CACHE/libvirt" && cp -a usr/. /usr/ &&
		 cp -a etc/. /etc/ && { [ ! -d lib ] || cp -a lib/. /lib/; })
	ldconfig
	# The account that is compiled into libvirt must exist, though it is not
	# used.
	getent group kvm >/dev/null || echo 'kvm:x:64054:' >>/etc/group
	getent group libvirt-qemu >/dev/null ||
		echo 'libvirt-qemu:x:64055:' >>/etc/group
	getent passwd libvirt-qemu >/dev/null ||
		echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >>/etc/passwd
	mkdir -p /etc/libvirt /run/libvirt /var/log/libvirt/qemu
	cat >/etc/libvirt/qemu.conf <<-CONF
	user = "root"
	group = "root"
	security_driver = "none"
	cgroup_controllers = [ ]
	namespaces = [ ]
	stdio_handler = "file"
	remember_owner = 0
	CONF
	cat >/etc/libvirt/libvirtd.conf <<-CONF
	auth_unix_ro = "none"
	auth_unix_rw = "none"
	unix_sock_group = "root"
	CONF
	/usr/sbin/libvirtd >"$DIR/libvirtd.log" 2>&1 3>&- &
	echo $! >>"$DIR/pids"
	eventually listens || { cat "$DIR/libvirtd.log"; return 1; }
}

listens() {
	virsh -q -c qemu:///system list >/dev/null 2>&1
}

eventually() {
	local end=$((SECONDS + DEADLINE))

	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			echo "not within $DEADLINE s: $*"
			return 1
		fi
		busybox usleep 200000
	done
}

answers() {
	ip netns exec lvlan ping -q -c 3 -i 0.3 -w 10 $ADDRESS |
		grep -q ' 3 received'
}

is_silent() {
	! ip netns exec lvlan ping -q -c 5 -i 0.2 -w 2 $ADDRESS >/dev/null
}

qemu_pid() {
	cat "/run/libvirt/qemu/$1.pid"
}

setup_file() {
	export DIR=$BATS_FILE_TMPDIR
	export PATH=$STABLETAP_TOP/build/bin:$PATH

	[ -d "$STABLETAP_CACHE/libvirt" ] || command -v libvirtd >/dev/null ||
		skip "no libvirt: selftests/vm/prepare --services"
	modprobe -a macvlan veth bridge
	make_lan
	plug_nic
	stabletap add lv1 address $MAC
	start_libvirt
}

teardown_file() {
	local pid

	virsh -q -c qemu:///system destroy first
	virsh -q -c qemu:///system destroy second
	virsh -q -c qemu:///system destroy third
	while read -r pid; do
		kill "$pid"
	done <"$DIR/pids"
	stabletap del lv1 force
	stabletap del lv2 force
	ip link del lv0
	ip netns del lvlan
} >/dev/null 2>&1

@test "a domain starts on a port without a lower, and answers pings once it has one" {
	domain first >"$DIR/first.xml"
	run virsh -q -c qemu:///system create "$DIR/first.xml"
	echo "$output"
	tail -n 5 "$DIR/libvirtd.log"
	[ "$status" -eq 0 ]
	qemu_pid first >"$DIR/pid"
	stabletap attach lv1 dev lv0
	eventually answers
}

@test "the domain answers again after its NIC was deleted and another one came" {
	eventually answers
	ip link del lv0
	is_silent
	plug_nic
	stabletap attach lv1 dev lv0
	eventually answers
	[ "$(qemu_pid first)" = "$(<"$DIR/pid")" ]
	[ "$(virsh -q -c qemu:///system domstate first)" = running ]
}

@test "a second domain can't have the same port, and takes nothing from the first" {
	domain second | sed "s/$MAC/52:54:00:78:00:0b/" >"$DIR/second.xml"
	run virsh -q -c qemu:///system create "$DIR/second.xml"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *busy* ]]
	eventually answers
	[ "$(qemu_pid first)" = "$(<"$DIR/pid")" ]
}

@test "the port outlives the domain" {
	virsh -q -c qemu:///system destroy first
	[ "$(stabletap -j show lv1 | jq '.ports[0].open_queues')" = 0 ]
	[ -e "/dev/tap$(</sys/class/net/lv1/ifindex)" ]
}

log_has() {
	grep -q -- "$1" "$DIR/daemon.log"
}

# As in Documentation/howto-libvirt.md
@test "stabletapd keeps a domain's port on its device, and sets the guest's link" {
	stabletap del lv1
	cat >"$DIR/guests.conf" <<-CONF
		[Port lv1]
		MACAddress=$MAC
		Owner=libvirt-qemu
		Candidate=lv0
		QMPSocket=$DIR/third.qmp
		QMPDevice=net0
		GuestLinkDownSec=1
	CONF
	stabletapd --config "$DIR/guests.conf" >"$DIR/daemon.log" 2>&1 3>&- &
	echo $! >>"$DIR/pids"
	eventually log_has "lv1: attached to lv0"
	# By number, because an account of another test may have the same
	# number.
	[ "$(stat -c %u "/dev/tap$(</sys/class/net/lv1/ifindex)")" = \
		"$(id -u libvirt-qemu)" ]

	domain third | sed "
		s|^<domain|& xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'|
		s|^</domain>|  <qemu:commandline>\\
		    <qemu:arg value='-qmp'/>\\
		    <qemu:arg value='unix:$DIR/third.qmp,server=on,wait=off'/>\\
		  </qemu:commandline>\\
		&|" >"$DIR/third.xml"
	virsh -q -c qemu:///system create "$DIR/third.xml"
	eventually answers
	log_has "lv1: QEMU's monitor listens"
	ip link del lv0
	eventually log_has "lv1: the guest's link is set down"
	plug_nic
	eventually log_has "lv1: the guest's link is set up"
	eventually answers
	virsh -q -c qemu:///system domiflist third | grep -q "lv1 *ethernet"
	virsh -q -c qemu:///system domifstat third lv1

	# Another interface is plugged in while the domain runs.
	stabletap add lv2 address 52:54:00:78:00:0c
	cat >"$DIR/nic.xml" <<-XML
		<interface type='ethernet'>
		  <mac address='52:54:00:78:00:0c'/>
		  <target dev='lv2' managed='no'/>
		  <model type='virtio'/>
		</interface>
	XML
	virsh -q -c qemu:///system attach-device third "$DIR/nic.xml"
	[ "$(stabletap -j show lv2 | jq '.ports[0].open_queues')" = 1 ]

	virsh -q -c qemu:///system destroy third
	stabletap del lv2
	[ "$(stabletap status lv1 | head -n 1)" = "lv1: attached dev lv0" ]
}
