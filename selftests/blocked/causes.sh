# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The causes: what happens to the network below the guest.  event runs one of
# these functions while the traffic flows.

# arrive DEVICE - what the host's network configuration does with a NIC that
# appears: set it up, but give it to its bond first
arrive() {
	case $PEER in
	bond)	bond_adopt "$1" ;;
	*)	up "$1" ;;
	esac
}

# Planned: the guest moves to another device.
cause_swap() {
	"${PEER}_swap" nic1
}

# The VLAN of the guest's network is deleted, and made again.
cause_vlan() {
	if declare -F "${PEER}_vlan" >/dev/null; then
		"${PEER}_vlan"
		return
	fi
	local base=nic0

	[ "$PEER" != bond ] || base=bond0
	ip link del "$base.$VLAN"
	sleep $GAP
	# stabletapd may have made it meanwhile.
	[ -e "/sys/class/net/$base.$VLAN" ] || vlan_make "$base"
}

# The NIC is gone; there is another one.
cause_replaced() {
	ip link del nic0
}

# The NIC is gone, and comes back.
cause_replugged() {
	ip link del nic0
	sleep $GAP
	plug_nic nic0
	arrive nic0
}

# The driver of an emulated NIC is unloaded and loaded.
cause_reload() {
	rmmod e1000e
	modprobe e1000e
	arrive eth0
}

# The switch port is down for a while; another NIC has carrier.
cause_carrier() {
	ip -n lan link set sw0 down
	sleep $GAP
	ip -n lan link set sw0 up
}

# What looks after the peer is killed, and started again.
cause_manager() {
	manager_kill
	sleep $GAP
	manager_start
}
