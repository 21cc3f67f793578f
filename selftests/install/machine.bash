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

# The QEMU that runs this machine, too: of Debian 13, below the cache
qemu() {
	local root=$CACHE/qemu

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
		-netdev "tap,id=n0,fd={fd}" \
		-device "virtio-net-pci,netdev=n0,mac=$MAC" -boot n
}

guest_pid() {
	systemctl show -P MainPID "guest-$1"
}

answers() {
	ip netns exec lan ping -q -c 3 -i 0.3 -w 10 $ADDRESS |
		grep -q ' 3 received'
}
