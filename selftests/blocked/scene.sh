# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The scene of a trial; trials, event and follow include this file.
#
#	traffic - node - peer - nic0 ==== sw0 \
#	                 (later nic1 ==== sw1) switch - uplink ==== wire - traffic
#	        the initial namespace        |  namespace "lan"
#
# The switch is a learning bridge, so it matters whether and when a peer lets it
# know that the guest has moved.  A NIC is a veth pair: one end here, the other
# plugged into the switch.  For the cause "reload" the NIC is an emulated e1000e,
# called eth0, whose wire leads to an emulated vmxnet3 in the switch.

# Set by the including script: CAUSE, PEER

WORK=/run/blocked
MAC_GUEST=52:54:00:00:00:01	# ST_MAC_PORT of selftests/lib/st.h
MAC_WIRE=52:54:00:00:00:02	# ST_MAC_PEER
MAC_VMXNET3=52:54:00:aa:00:02
VLAN=100
# How long a device that comes back was gone, and a manager was not there, in
# seconds.  Every cell includes this time if its peer can't work around it.
GAP=0.5

# Candidates for the guest's network, the first one in use at the start, and
# the device at the far end
case $CAUSE in
swap|replaced|carrier)	LOWERS="nic0 nic1" ;;
vlan)			LOWERS="nic0" ;;
reload)			LOWERS="eth0" ;;
*)			LOWERS="nic0" ;;
esac
FAR=wire
[ "$CAUSE" != vlan ] || FAR=wire.$VLAN

# up NAME...
up() {
	local name

	for name; do
		ip link set "$name" up
	done
}

# An emulated NIC takes seconds to find its link.
await_carrier() {
	local carrier=

	until read -r carrier 2>/dev/null <"/sys/class/net/$1/carrier" &&
		[ "$carrier" = 1 ]; do
		sleep 0.01
	done
}

plug_nic() {
	ip link add "$1" type veth peer name "sw${1#nic}" netns lan
	ip -n lan link set "sw${1#nic}" master switch up
}

# find_nic MAC - print the name of a NIC, which has another one after its
# namespace was deleted
find_nic() {
	ip -o link | sed -n "s/^[0-9]*: \([^:]*\):.*ether $1 .*/\1/p"
}

# The wire of the e1000e ends in the switch.
plug_e1000e() {
	ip link set "$(find_nic $MAC_VMXNET3)" name sw0 netns lan
	ip -n lan link set sw0 master switch up
}

scene_make() {
	local nic

	ip netns add lan
	ip netns exec lan sysctl -q net.ipv6.conf.default.disable_ipv6=1
	ip -n lan link add switch type bridge forward_delay 0
	ip -n lan link add wire address $MAC_WIRE type veth peer name uplink
	ip -n lan link set uplink master switch
	[ "$CAUSE" != vlan ] ||
		ip -n lan link add link wire name wire.$VLAN type vlan id $VLAN
	for nic in switch uplink wire "$FAR"; do
		ip -n lan link set "$nic" up
	done
	for nic in $LOWERS; do
		case $nic in
		eth0)	plug_e1000e ;;
		*)	plug_nic "$nic" ;;
		esac
		up "$nic"
		await_carrier "$nic"
	done
}

# The namespace takes the veth pairs with it, and gives the emulated NIC back.
scene_clear() {
	local name

	for name in mt0 mt1 vm1 tap0 br0 bond0; do
		ip link del "$name" 2>/dev/null || :
	done
	ip netns del lan
	# Nothing of this trial may be left on it.
	[ "$CAUSE" != reload ] || { rmmod e1000e; modprobe e1000e; }
	while [ -e /sys/class/net/nic0 ] || [ -e /sys/class/net/nic1 ] ||
		[ -z "$(find_nic $MAC_VMXNET3)" ]; do
		sleep 0.01
	done
}
