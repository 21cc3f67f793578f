#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Runs the commands of Documentation/howto-dock.md: away from the desk a guest
# uses a network inside of the host.  vm-timeout: 900
#
#	QEMU (iPXE) - fd - vm1 --- card ==== to-card   namespace desk: 10.79.0.1,
#	                    |                          DHCP, HTTP
#	                    '----- guests, guests0
#	                               |
#	                  wl0, NAT ======== to-wl0     namespace far: 198.51.100.1,
#	                                               HTTP, no way to 192.0.2.0/24
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load ../bats/daemon.bash

DEADLINE=200
HOWTO=$STABLETAP_TOP/Documentation/howto-dock.md

# Print the howto's code block that begins with $1
block() {
	awk -v first="$1" '
		on && !/^    / { exit }
		/^    / && index($0, "    " first) == 1 { on = 1 }
		on { sub(/^    /, ""); print }' "$HOWTO"
}

# $1: the namespace, $2: its address, $3: the file that it serves
serve() {
	mkdir "$BATS_TEST_TMPDIR/$1"
	echo "$1" >"$BATS_TEST_TMPDIR/$1/$3"
	command ip netns exec "$NS.$1" busybox httpd -f -v -p "$2:80" \
		-h "$BATS_TEST_TMPDIR/$1" 3>&- 2>"$BATS_TEST_TMPDIR/$1.log" &
	background+=("$!")
}

plug_card() {
	ip link add card type veth peer name to-card netns "$NS.desk"
	command ip -n "$NS.desk" addr add 10.79.0.1/24 dev to-card
	command ip -n "$NS.desk" link set to-card up
}

make_desk() {
	command ip netns add "$NS.desk"
	plug_card
	serve desk 10.79.0.1 reached
	# iPXE requests an address again and again: it does not notice the
	# link's state.
	cat >"$BATS_TEST_TMPDIR/desk/boot" <<-'IPXE'
	#!ipxe
	:again
	imgfetch --name it --timeout 3000 http://10.79.0.1/reached ||
	imgfetch --name it --timeout 3000 http://198.51.100.1/reached ||
	imgfree it ||
	dhcp net0 ||
	goto again
	IPXE
	cat >"$BATS_TEST_TMPDIR/udhcpd.conf" <<-CONF
	interface to-card
	start 10.79.0.10
	end 10.79.0.10
	lease_file $BATS_TEST_TMPDIR/leases
	pidfile $BATS_TEST_TMPDIR/udhcpd.pid
	boot_file http://10.79.0.1/boot
	siaddr 10.79.0.1
	option subnet 255.255.255.0
	CONF
	: >"$BATS_TEST_TMPDIR/leases"
	serve_addresses
}

serve_addresses() {
	command ip netns exec "$NS.desk" busybox udhcpd -f \
		"$BATS_TEST_TMPDIR/udhcpd.conf" >/dev/null 2>&1 3>&- &
	background+=("$!")
}

make_away() {
	command ip netns add "$NS.far"
	ip link add wl0 type veth peer name to-wl0 netns "$NS.far"
	ip addr add 198.51.100.2/24 dev wl0
	ip link set wl0 up
	command ip -n "$NS.far" addr add 198.51.100.1/24 dev to-wl0
	command ip -n "$NS.far" link set to-wl0 up
	serve far 198.51.100.1 reached
	# As on a host that has a resolver
	in_ns busybox nc -l -s 127.0.0.1 -p 53 </dev/null 3>&- &
	background+=("$!")
	block "ip link add guests" >"$BATS_TEST_TMPDIR/away"
	in_ns sh -ex "$BATS_TEST_TMPDIR/away" 3>&-
	background+=("$(</run/dnsmasq.pid)")
}

# Print how often address $2 has fetched a file in namespace $1
fetches() {
	grep -c "$2.*response:200" "$BATS_TEST_TMPDIR/$1.log" || :
}

fetched_more_than() {
	[ "$(fetches "$2" "$3")" -gt "$1" ]
}

link_was_switched() {
	[ "$(grep -cF '{"return": {}}' "$LOG")" = 3 ]
}

teardown() {
	if [ -z "$BATS_TEST_COMPLETED" ]; then
		cat "$LOG" "$BATS_TEST_TMPDIR"/*.log
	fi
	teardown_scene
	command ip netns del "$NS.desk"
	command ip netns del "$NS.far"
	rm -rf /run/vm1
}

@test "away from the desk a guest uses the host's own network, and back" {
	local before hook=$BATS_TEST_TMPDIR/ask-anew

	make_desk
	make_away
	mkdir /run/vm1
	block "#!/bin/sh" >"$hook"
	chmod +x "$hook"
	configure <<-CONF
	[Port vm1]
	MACAddress=52:54:00:79:00:0a
	Candidate=card
	FailbackDelaySec=0
	$(block Candidate=guests | sed "s,/usr/local/lib/stabletap,$BATS_TEST_TMPDIR,")
	CONF
	daemon
	eventually is_on vm1 card
	nsenter --net="/run/netns/$NS" -- "$BIN" exec vm1 -- \
		qemu-system-x86_64 -M pc -cpu qemu64 -m 32 -boot n -nodefaults \
		-no-user-config -display none \
		-device virtio-net-pci,netdev=n0,id=net0,mac=52:54:00:79:00:0a \
		-netdev 'tap,id=n0,fd={fd}' \
		-qmp unix:/run/vm1/hook.sock,server=on,wait=off \
		</dev/null 3>&- >"$BATS_TEST_TMPDIR/qemu.log" 2>&1 &
	background+=("$!")
	# The script, and the file that it fetches
	eventually fetched_more_than 1 desk 10.79.0.10

	ip link del card
	eventually is_on vm1 guests
	eventually fetched_more_than 0 far 198.51.100.2
	# QEMU's answers to the hook
	eventually link_was_switched

	before=$(fetches desk 10.79.0.10)
	plug_card
	serve_addresses
	eventually is_on vm1 card
	eventually fetched_more_than "$before" desk 10.79.0.10
}
