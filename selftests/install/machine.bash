# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Shared by the bats files that run in an installed machine.  /job is the
# directory of this run: packages in debs/ and newer/, busybox.
#
#	QEMU (iPXE) - fd - vm1 - child - nic0 ==== to-nic0 - switch
#	                                           |
#	                   namespace lan: 10.79.0.1, DHCP, HTTP, pings

DEADLINE=${DEADLINE:-240}

MAC=52:54:00:79:00:0a
ADDRESS=10.79.0.10
PEER=10.79.0.1

busybox() {
	/job/busybox "$@"
}

eventually() {
	local end=$((SECONDS + DEADLINE))

	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			echo "# not within $DEADLINE s: $*"
			return 1
		fi
		sleep 0.3
	done
}

# In bats, "! COMMAND" does not fail a test.
not() {
	! "$@"
}

is_loaded() {
	[ -d /sys/module/stabletap ]
}

plug_nic() {
	ip link add nic0 type veth peer name to-nic0 netns lan
	ip -n lan link set to-nic0 master switch up
	ip link set nic0 up
}

# configure_port [LINE]... - let the daemon make vm1 for the guest, on nic0, with
# more keys
configure_port() {
	mkdir -p /etc/stabletap
	printf '%s\n' "[Port vm1]" "MACAddress=$MAC" "Candidate=name=nic0" \
		"$@" >/etc/stabletap/guests.conf
}

# The rest of the network, with what makes a guest without a disk answer pings
make_lan() {
	local dir=/run/lan

	mkdir -p $dir/www
	ip netns add lan
	ip -n lan link set lo up
	ip -n lan link add switch address 52:54:00:79:00:01 type bridge
	ip -n lan addr add $PEER/24 dev switch
	ip -n lan link set switch up
	printf '#!ipxe\nshell\n' >$dir/www/boot
	cat >$dir/udhcpd.conf <<-CONF
	interface switch
	start $ADDRESS
	end $ADDRESS
	lease_file $dir/leases
	pidfile $dir/udhcpd.pid
	boot_file http://$PEER/boot
	siaddr $PEER
	option subnet 255.255.255.0
	CONF
	: >$dir/leases
	systemd-run -q --unit=lan-http -p NetworkNamespacePath=/run/netns/lan \
		/job/busybox httpd -f -p $PEER:80 -h $dir/www
	systemd-run -q --unit=lan-dhcp -p NetworkNamespacePath=/run/netns/lan \
		/job/busybox udhcpd -f $dir/udhcpd.conf
}

# Debian's own QEMU, if the machine has it; otherwise the one that runs this
# machine, of Debian 13, below the cache
qemu() {
	local root=$CACHE/qemu

	if command -v qemu-system-x86_64 >/dev/null; then
		echo qemu-system-x86_64
		return
	fi
	echo "$root/usr/lib64/ld-linux-x86-64.so.2 --library-path" \
		"$root/usr/lib/x86_64-linux-gnu" \
		"$root/usr/bin/qemu-system-x86_64 -L $root/usr/share/qemu" \
		"-L $root/usr/share/seabios -L $root/usr/lib/ipxe/qemu"
}

# start_guest PORT - a guest whose only disk is the network, as a service
start_guest() {
	# shellcheck disable=SC2046
	systemd-run -q --unit="guest-$1" stabletap exec "$1" -- $(qemu) \
		-accel tcg -cpu qemu64 -M pc -m 32 -nodefaults -display none \
		-netdev "tap,id=n0,fd={fd},vhost=on" \
		-device "virtio-net-pci,netdev=n0,mac=$MAC" -boot n
}

# The daemon has read its configuration: vm1 is attached, and its guest answers.
guest_is_up() {
	eventually stabletap wait vm1 attached timeout 10
	start_guest vm1
	eventually answers
}

guest_pid() {
	systemctl show -P MainPID "guest-$1"
}

answers() {
	ip netns exec lan ping -q -c 3 -i 0.3 -w 10 $ADDRESS |
		grep -q ' 3 received'
}

stop_guest() {
	systemctl stop "guest-$1"
}

# Status of the guest's service, and that it is the same process and answers
guest_lives() {
	[ "$(guest_pid vm1)" = "$(cat /run/guest.pid)" ] && answers
}

# Ping without a pause, while a command runs, and print how many are missing
while_pinging() {
	local ping lost

	ip netns exec lan ping -q -i 0.2 $ADDRESS >/job/pings 2>&1 3>&- &
	ping=$!
	"$@" >/job/said 2>&1
	kill -INT $ping
	wait $ping || :
	cat /job/said
	lost=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' /job/pings)
	echo "# pings sent and answered: $lost"
	# shellcheck disable=SC2086
	set -- $lost
	# The last may be on its way.
	[ "$1" -gt 3 ] && [ $(($1 - $2)) -le 1 ]
}

# page DIR PAGE N - run in DIR what a page of the documentation says
page() {
	(cd "$1" && DEBIAN_FRONTEND=noninteractive \
		"$TOP/selftests/install/page" run "$2" "$3")
}

# Print the files that are named after the project, without those that the
# machine has for the tests, logs, and the paths in $@
named_files() {
	local path prune=()

	for path in /proc /sys /job /run/lan /etc/stabletap-suite \
		"$CACHE" "$TOP" /var/log \
		/var/lib/apt "$@"; do
		prune+=(-path "$path" -o)
	done
	find / -xdev \( "${prune[@]}" -false \) -prune -o \
		-iname '*stabletap*' -print
}

# ---- a host with other software on it ----

child_of() {
	stabletap -j show "$1" | jq -r '.ports[0].lower.ifname // empty'
}

# doctor_is_silent - true if nothing is found; prints what is
doctor_is_silent() {
	local said status=0

	said=$(stabletap doctor 2>&1) || status=$?
	[ $status = 0 ] && [ "$said" = "nothing found" ] && return
	echo "# status $status: $said"
	return 1
}

# doctor_names ID - true if that is found, whatever else is
doctor_names() {
	stabletap -j doctor | jq -e --arg id "$1" \
		'any(.findings[]; .id == $id)' >/dev/null
}

# is_pristine DEVICE MASTER - true if it is as stabletap makes it: with this
# master ("" for none), up, without an IP address, with the port's MAC and MTU
is_pristine() {
	ip -j addr show dev "$1" | jq -e --arg master "$2" --arg mac $MAC '
		.[0] | (.master // "") == $master and .address == $mac and
			.mtu == 1500 and (.flags | index("UP")) and
			.addr_info == []' >/dev/null && return
	ip addr show dev "$1" | sed 's/^/# /'
	return 1
}

# is_left_alone PORT - nobody has changed the port or its child
is_left_alone() {
	local child

	child=$(child_of "$1")
	[ -n "$child" ] && is_pristine "$1" "" && is_pristine "$child" "$1" &&
		[ -z "$(ip route show table all dev "$1" | grep -v multicast)" ]
}

# True if NetworkManager shows the device $1 in state $2, with connection $3
is_by_nm() {
	nmcli -t -f DEVICE,STATE,CONNECTION device | grep -qFx "$1:$2:$3"
}

# True if systemd-networkd shows the device $1 in the state $2
is_by_networkd() {
	[ "$(networkctl --json=short status "$1" | jq -r .AdministrativeState)" \
		= "$2" ]
}

# Take the NIC away, give it back, and wait for the guest.
lose_nic() {
	ip link del nic0
	eventually stabletap wait vm1 detached timeout 10
	not answers
}

return_nic() {
	plug_nic
	eventually stabletap wait vm1 attached timeout 10
	eventually answers
}
