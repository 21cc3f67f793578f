#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2030,SC2031
#
# An unmodified libvirt starts a domain on a port, as on a macvtap that another
# program has created, and with the hook also on ports that it makes for the
# domain.  vm-timeout: 2700
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
	run_libvirtd
}

run_libvirtd() {
	/usr/sbin/libvirtd >"$DIR/libvirtd.log" 2>&1 3>&- &
	echo $! >>"$DIR/pids"
	echo $! >"$DIR/libvirtd.pid"
	eventually listens || { cat "$DIR/libvirtd.log"; return 1; }
}

has_ended() {
	! grep -q "^State:.[^Z]" "/proc/$1/status" 2>/dev/null
}

# stop_process SIGNAL PID
stop_process() {
	kill -s "$1" "$2"
	eventually has_ended "$2"
}

# As Documentation/howto-libvirt.md says, but each call and message is recorded.
install_hook() {
	cp "$STABLETAP_TOP"/build/root/usr/sbin/* /usr/sbin/
	mkdir -p /etc/libvirt/hooks/qemu.d /etc/stabletap
	sed "s|^case|echo \"\$1 \$2\" >>$DIR/hook.calls\n&|
		s|>/dev/null|& 2>>$DIR/hook.log|" \
		"$STABLETAP_TOP/build/root/usr/share/stabletap/libvirt-qemu-hook" \
		>/etc/libvirt/hooks/qemu.d/stabletap
	chmod 755 /etc/libvirt/hooks/qemu.d/stabletap
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
	install_hook
	start_libvirt
}

teardown_file() {
	local pid

	virsh -q -c qemu:///system destroy first
	virsh -q -c qemu:///system destroy second
	virsh -q -c qemu:///system destroy third
	virsh -q -c qemu:///system destroy fourth
	virsh -q -c qemu:///system destroy fifth
	umount /run/stabletap
	while read -r pid; do
		kill "$pid"
	done <"$DIR/pids"
	stabletap del lv1 force
	stabletap del lv2 force
	stabletap del hk1 force
	stabletap del hk2 force
	rm -f /etc/stabletap/ops.conf /run/stabletap/libvirt-*.conf
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
		Candidate=lv0
		QMPSocket=$DIR/third.qmp
		QMPDevice=net0
		GuestLinkDownSec=1
	CONF
	stabletapd --config "$DIR/guests.conf" >"$DIR/daemon.log" 2>&1 3>&- &
	echo $! >>"$DIR/pids"
	echo $! >"$DIR/stabletapd.pid"
	eventually log_has "lv1: attached to lv0"
	[ "$(stat -c %u:%a "/dev/tap$(</sys/class/net/lv1/ifindex)")" = 0:600 ]

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

# ---- the hook ----

uuid_of() {
	echo "$1" | md5sum | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/'
}

file_of() {
	echo "/run/stabletap/libvirt-$(uuid_of "$1").conf"
}

# hook_domain NAME PORT MAC SETTINGS - the XML of a domain that names its port
hook_domain() {
	domain "$1" | sed "s|$MAC|$3|; s|'lv1'|'$2'|
		s|<memory|<uuid>$(uuid_of "$1")</uuid><metadata>\\
		    <s:ports xmlns:s='urn:stabletap:libvirt:1'>\\
		      <s:port name='$2'>${4//$'\n'/}</s:port></s:ports></metadata>\\
		&|" >"$DIR/$1.xml"
}

start_daemon() {
	stabletapd "$@" >>"$DIR/hook-daemon.log" 2>&1 3>&- &
	echo $! >>"$DIR/pids"
	echo $! >"$DIR/stabletapd.pid"
	eventually daemon_answers
}

daemon_answers() {
	stabletap status >/dev/null 2>&1
}

stop_daemon() {
	stop_process TERM "$(<"$DIR/stabletapd.pid")"
}

create() {
	run virsh -q -c qemu:///system create "$@"
	echo "$output"
	cat "$DIR/hook.log"
	[ "$status" -eq 0 ]
}

is_running() {
	[ "$(virsh -q -c qemu:///system domstate "$1")" = running ]
}

is_on() {
	[ "$(stabletap -j status "$1" | jq -r '.ports[0].dev')" = "$2" ]
}

has_called() {
	grep -qx "$1" "$DIR/hook.calls"
}

@test "the hook makes a domain's port before QEMU starts, and the guest answers" {
	stop_daemon
	stabletap del lv1
	cat >/etc/stabletap/ops.conf <<-CONF
		[Port op1]
		MACAddress=52:54:00:78:00:0d
	CONF
	start_daemon

	hook_domain fourth hk1 $MAC "<s:Candidate>lv0</s:Candidate>
		<s:OnDetach>hold</s:OnDetach>"
	create "$DIR/fourth.xml"
	qemu_pid fourth >"$DIR/pid"
	[ "$(</sys/class/net/hk1/address)" = $MAC ]
	[ "$(stabletap -j show hk1 | jq -r '.ports[0].on_detach')" = hold ]
	eventually is_on hk1 lv0
	eventually answers
	stabletapd --check
	[ -e "$(file_of fourth)" ]
}

@test "a running domain survives a restart of libvirtd, whatever the hook can do" {
	stop_daemon
	stop_process TERM "$(<"$DIR/libvirtd.pid")"
	: >"$DIR/hook.calls"
	mount -t tmpfs -o ro none /run/stabletap
	printf '#!/bin/sh\nkill -SEGV $$\n' >/usr/sbin/stabletap-libvirt-hook
	run_libvirtd
	eventually has_called "fourth reconnect"
	is_running fourth
	# Not only until libvirt has looked at the hook's status
	stop_process TERM "$(<"$DIR/libvirtd.pid")"
	rm /usr/sbin/stabletap-libvirt-hook
	run_libvirtd
	is_running fourth
	[ "$(qemu_pid fourth)" = "$(<"$DIR/pid")" ]
	eventually answers

	umount /run/stabletap
	cp "$STABLETAP_TOP/build/root/usr/sbin/stabletap-libvirt-hook" /usr/sbin/
	start_daemon
	eventually is_on hk1 lv0
	answers
}

@test "a domain whose port can't be made is refused by libvirt, and nothing else is touched" {
	hook_domain fifth hk2 52:54:00:78:00:0e \
		"<s:Candidate>name=eth0 vlan=5000</s:Candidate>"
	run virsh -q -c qemu:///system create "$DIR/fifth.xml"
	[ "$status" -ne 0 ]
	grep -q "hk2: can't be made as the domain's metadata says: .*5000" \
		"$DIR/hook.log"
	[ ! -e "$(file_of fifth)" ]
	stabletapd --check

	hook_domain fifth hk2 52:54:00:78:00:0e "<s:Candidate>lv9</s:Candidate>"
	mount -t tmpfs -o ro none /run/stabletap
	run virsh -q -c qemu:///system create "$DIR/fifth.xml"
	umount /run/stabletap
	[ "$status" -ne 0 ]
	grep -q "can't write .*libvirt-.*: Read-only file system" "$DIR/hook.log"
	is_running fourth
}

@test "two domains that start at the same time have their ports; at their end the ports are deleted" {
	local first

	virsh -q -c qemu:///system destroy fourth
	[ ! -e /sys/class/net/hk1 ]
	[ ! -e "$(file_of fourth)" ]
	stabletap -j status | jq -e '[.ports[].port] == ["op1"]'

	hook_domain fifth hk2 52:54:00:78:00:0e "<s:Candidate>lv0</s:Candidate>"
	virsh -q -c qemu:///system create --paused "$DIR/fourth.xml" 3>&- &
	first=$!
	create --paused "$DIR/fifth.xml"
	wait $first
	eventually is_on hk1 lv0
	eventually is_on hk2 lv0
	virsh -q -c qemu:///system destroy fourth 3>&- &
	first=$!
	virsh -q -c qemu:///system destroy fifth
	wait $first
	[ ! -e /sys/class/net/hk1 ]
	[ ! -e /sys/class/net/hk2 ]
	[ -z "$(compgen -G "/run/stabletap/libvirt-*.conf")" ]
}

@test "a port that the operator has configured or made is left alone" {
	local ifindex

	eventually test -e /sys/class/net/op1
	ifindex=$(</sys/class/net/op1/ifindex)
	hook_domain fourth op1 52:54:00:78:00:0d "<s:Candidate>lv0</s:Candidate>"
	create --paused "$DIR/fourth.xml"
	grep -q "op1: /etc/stabletap/ops.conf configures the port" "$DIR/hook.log"
	[ "$(stabletap -j show op1 | jq '.ports[0].open_queues')" = 1 ]
	[ ! -e "$(file_of fourth)" ]

	stabletap add lv2 address 52:54:00:78:00:0e
	hook_domain fifth lv2 52:54:00:78:00:0e "<s:Candidate>lv0</s:Candidate>"
	create --paused "$DIR/fifth.xml"
	virsh -q -c qemu:///system destroy fifth
	virsh -q -c qemu:///system destroy fourth
	[ "$(</sys/class/net/op1/ifindex)" = "$ifindex" ]
	[ "$(stabletap -j show lv2 | jq -r '.ports[0].state')" = detached ]
	stabletap del lv2
}

@test "without stabletapd the hook makes and attaches the port, and stabletapd takes it over" {
	local ifindex

	stop_daemon
	hook_domain fourth hk1 $MAC \
		"<s:Candidate>name=no* driver=none</s:Candidate>
		 <s:Candidate>lv0</s:Candidate>"
	create "$DIR/fourth.xml"
	eventually answers
	ifindex=$(</sys/class/net/hk1/ifindex)
	start_daemon
	eventually is_on hk1 lv0
	[ "$(</sys/class/net/hk1/ifindex)" = "$ifindex" ]
	answers
}

@test "the port is deleted also if libvirtd was dead when the domain ended" {
	stop_process KILL "$(<"$DIR/libvirtd.pid")"
	stop_process KILL "$(qemu_pid fourth)"
	[ -e /sys/class/net/hk1 ]
	run_libvirtd
	eventually test ! -e /sys/class/net/hk1
	[ ! -e "$(file_of fourth)" ]
}

@test "a stabletapd that hangs, or reads another file, does not keep a domain from starting" {
	kill -s STOP "$(<"$DIR/stabletapd.pid")"
	create --paused "$DIR/fourth.xml"
	[ -e /sys/class/net/hk1 ]
	kill -s CONT "$(<"$DIR/stabletapd.pid")"
	eventually is_on hk1 lv0
	virsh -q -c qemu:///system destroy fourth
	[ ! -e /sys/class/net/hk1 ]

	stop_daemon
	start_daemon --config /etc/stabletap/ops.conf
	create --paused "$DIR/fourth.xml"
	grep -q "hk1: stabletapd refuses" "$DIR/hook.log"
	[ "$(stabletap -j show hk1 | jq -r '.ports[0].state')" = attached ]
	virsh -q -c qemu:///system destroy fourth
	[ ! -e /sys/class/net/hk1 ]
	stop_daemon
	start_daemon
}

@test "a port that a process has open is not deleted" {
	cat >/etc/libvirt/hooks/qemu.d/open <<-SCRIPT
		#!/bin/sh
		[ "\$2" = stopped ] || exit 0
		sleep 600 >/dev/null 2>&1 \
			<>"/dev/tap\$(cat /sys/class/net/hk1/ifindex)" &
		echo \$! >$DIR/sleep.pid
	SCRIPT
	chmod 755 /etc/libvirt/hooks/qemu.d/open
	create --paused "$DIR/fourth.xml"
	virsh -q -c qemu:///system destroy fourth
	rm /etc/libvirt/hooks/qemu.d/open
	grep -q "hk1: a process still has the port open" "$DIR/hook.log"
	[ "$(stabletap -j show hk1 | jq '.ports[0].open_queues')" = 1 ]
	[ ! -e "$(file_of fourth)" ]
	stop_process TERM "$(<"$DIR/sleep.pid")"
	eventually stabletap del hk1
}
