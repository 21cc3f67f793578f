# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The peers: ways to connect a guest to a network.  trials, event and follow
# include this file after scene.sh.  For each peer there are
#
#	PEER_make DEVICE	set it up on the device
#	PEER_node		print the node that the guest opens, as traffic
#				wants it
#	PEER_swap DEVICE	move it to the device: what its documentation has
#				for that, or the least that does it
#	PEER_adopt DEVICE	connect it to the device after the one that it
#				used was lost
#
# and, where needed,
#
#	PEER_manager		start the program that looks after it, if that
#				is not follow
#	PEER_vlan		make the row's VLAN anew, if it is not a device
#	PEER_clear		what is left besides devices

node_of() {
	local index

	read -r index <"/sys/class/net/$1/ifindex"
	echo "/dev/tap$index"
}

# with_vlan DEVICE - make the row's VLAN on the device, if it has one, and set
# LOWER to what the peer uses
with_vlan() {
	LOWER=$1
	[ "$CAUSE" = vlan ] || return 0
	LOWER=$1.$VLAN
	vlan_make "$1"
}

vlan_make() {
	ip link add link "$1" name "$1.$VLAN" type vlan id $VLAN
	up "$1.$VLAN"
}

# --- macvtap -----------------------------------------------------------------
# ip-link(8): a macvtap belongs to the device that it was created on.  So
# another has to be created, which the guest, with its open file, does not get.

macvtap_make() {
	ip link add mt0 link "$1" address $MAC_GUEST type macvtap mode bridge
	up mt0
}

macvtap_node() {
	node_of mt0
}

macvtap_swap() {
	ip link del mt0
	macvtap_make "$1"
}

macvtap_adopt() {
	[ -e /sys/class/net/mt0 ] || macvtap_make "$1"
}

# --- macvtap on a bond -------------------------------------------------------
# The kernel's Documentation/networking/bonding.rst: active-backup with miimon
# 100; a member is added with "ip link set DEVICE master bond0" while it is
# down, and the active one chosen with "active_slave".  VLANs are on the bond.

bond_make() {
	local device

	ip link add bond0 type bond mode active-backup miimon 100
	for device in $LOWERS; do
		bond_adopt "$device"
	done
	up bond0
	[ "$CAUSE" != vlan ] || vlan_make bond0
	macvtap_make "$(bond_top)"
}

bond_top() {
	[ "$CAUSE" = vlan ] && echo bond0.$VLAN || echo bond0
}

bond_node() {
	macvtap_node
}

bond_swap() {
	ip link set bond0 type bond active_slave "$1"
}

bond_adopt() {
	[ -e "/sys/class/net/bond0/lower_$1" ] || {
		ip link set "$1" down
		ip link set "$1" master bond0
		ip link set "$1" up
	}
	[ ! -e /sys/class/net/bond0.$VLAN ] || macvtap_adopt bond0.$VLAN
}

# --- tap and bridge ----------------------------------------------------------
# libvirt's formatnetwork (bridge) and QEMU's network guide: the host's NIC and
# the guest's tap are ports of one bridge, without STP.  Two NICs at a time
# would be a loop.

bridge_make() {
	ip link add br0 type bridge forward_delay 0
	ip tuntap add tap0 mode tap vnet_hdr
	ip link set "$1" master br0
	ip link set tap0 master br0
	up br0 tap0
}

bridge_node() {
	echo tun:tap0
}

bridge_swap() {
	ip -batch - <<-BATCH
		link set nic0 nomaster
		link set $1 master br0
	BATCH
}

bridge_adopt() {
	local other

	for other in $LOWERS; do
		[ "$other" = "$1" ] || ip link set "$other" nomaster 2>/dev/null || :
	done
	ip link set "$1" master br0
}

# --- tap and tc mirred -------------------------------------------------------
# tc-mirred(8): redirect what comes in on one to the other.  The NIC must be
# promiscuous, since it does not know the guest's address.  tc-actions(8): an
# action with an index can be replaced in one step.

mirred_make() {
	ip tuntap add tap0 mode tap vnet_hdr
	up tap0
	mirred_from "$1"
	tc qdisc add dev tap0 clsact
	tc filter add dev tap0 ingress matchall \
		action mirred egress redirect dev "$1" index 100
}

mirred_node() {
	echo tun:tap0
}

# Redirect what comes in on the device, unless that is done.
mirred_from() {
	ip link set "$1" promisc on
	! tc qdisc add dev "$1" clsact 2>/dev/null ||
		tc filter add dev "$1" ingress matchall \
			action mirred egress redirect dev tap0
}

mirred_adopt() {
	mirred_from "$1"
	tc actions replace action mirred egress redirect dev "$1" index 100
}

# Both NICs lead to the tap for a moment, so that nothing is lost.
mirred_swap() {
	mirred_adopt "$1"
	tc qdisc del dev nic0 clsact
	ip link set nic0 promisc off
}

# --- Open vSwitch ------------------------------------------------------------
# Documentation/howto/kvm.rst and tag VLANs in howto/vlan.rst, topics/bonding.rst
# (two NICs: an active-backup bond), ovs-ctl(8) for how the daemons are started.

OVS=/run/openvswitch

ovs_make() {
	mkdir -p $OVS
	ovsdb-tool create $OVS/conf.db /usr/share/openvswitch/vswitch.ovsschema
	ovsdb-server $OVS/conf.db --remote=punix:$OVS/db.sock \
		--pidfile=$OVS/ovsdb-server.pid --detach --no-chdir \
		-vconsole:emer -vsyslog:off
	ovs-vsctl --no-wait init
	ip tuntap add tap0 mode tap vnet_hdr
	up tap0
	ovs_manager
	ovs-vsctl add-br br0 -- add-port br0 tap0
	[ "$CAUSE" != vlan ] || ovs-vsctl set port tap0 tag=$VLAN
	case $LOWERS in
	*" "*)
		# shellcheck disable=SC2086
		ovs-vsctl add-bond br0 bond0 $LOWERS bond_mode=active-backup
		ovs-appctl bond/set-active-member bond0 "$1" ;;
	*)	ovs-vsctl add-port br0 "$1" ;;
	esac >$WORK/ovs.log
}

ovs_node() {
	echo tun:tap0
}

ovs_swap() {
	ovs-appctl bond/set-active-member bond0 "$1" >$WORK/ovs.log
}

ovs_vlan() {
	ovs-vsctl clear port tap0 tag
	sleep $GAP
	ovs-vsctl set port tap0 tag=$VLAN
}

ovs_manager() {
	start_manager ovs-vswitchd unix:$OVS/db.sock \
		--pidfile=$OVS/ovs-vswitchd.pid --mlockall \
		-vconsole:emer -vsyslog:off
	ovs-vsctl init
}

# The kernel's part would outlive the daemons.
ovs_clear() {
	local pid

	read -r pid <$OVS/ovsdb-server.pid
	kill "$pid"
	ovs-dpctl del-dp ovs-system
	rm -rf $OVS
}

# --- QEMU's hot-plug ---------------------------------------------------------
# QEMU's docs/hot-plug and QMP reference: device_del, netdev_del, then
# netdev_add with the new macvtap's file, device_add.  traffic does that, as
# QEMU's user and as the guest's driver, which here takes no time: so these are
# the least times that a guest can have.

qemu_make() {
	rm -f $WORK/plug $WORK/plugged
	mkfifo $WORK/plug $WORK/plugged
	macvtap_make "$1"
}

qemu_node() {
	echo "qemu:$(macvtap_node)"
}

qemu_swap() {
	local new=mt1 old=mt0

	[ ! -e /sys/class/net/mt1 ] || { new=mt0; old=mt1; }
	ip link add $new link "$1" address $MAC_GUEST type macvtap mode bridge
	up $new
	node_of $new >$WORK/plug
	read -r <$WORK/plugged
	ip link del $old 2>/dev/null || :
}

qemu_adopt() {
	qemu_swap "$1"
}

# --- a port, without the daemon ----------------------------------------------
# stabletap(8)

drop_make() {
	stabletap add vm1 address $MAC_GUEST
	stabletap attach vm1 dev "$1"
}

drop_node() {
	node_of vm1
}

drop_swap() {
	stabletap attach vm1 dev "$1" replace
}

drop_adopt() {
	drop_swap "$1"
}

# Bounds for five seconds of this traffic
HOLD="frames 8192 bytes 32M time 10000"

hold_make() {
	# shellcheck disable=SC2086
	stabletap add vm1 address $MAC_GUEST on-detach hold $HOLD
	stabletap attach vm1 dev "$1"
}

hold_node() {
	drop_node
}

hold_swap() {
	drop_swap "$1"
}

hold_adopt() {
	drop_swap "$1"
}

# --- a port with stabletapd --------------------------------------------------
# stabletap.conf(5): the daemon makes the port, and a VLAN that it lacks.

daemon_make() {
	local device

	rm -rf /run/stabletap
	{
		echo "[Port vm1]"
		echo "MACAddress=$MAC_GUEST"
		echo "OnDetach=hold"
		echo "HoldFrames=8192"
		echo "HoldBytes=32M"
		echo "HoldSec=10"
		for device in $LOWERS; do
			[ "$CAUSE" = vlan ] && device+=" vlan=$VLAN create"
			echo "Candidate=name=$device"
		done
	} >$WORK/stabletapd.conf
	daemon_manager
}

daemon_node() {
	drop_node
}

daemon_swap() {
	stabletap pin vm1 "$1" >$WORK/stabletap.log
}

daemon_manager() {
	start_manager stabletapd --config $WORK/stabletapd.conf
	stabletap wait vm1 attached timeout 30 >/dev/null
}

# --- managers ----------------------------------------------------------------

# start_manager COMMAND... - start what looks after the peer, in a session of its
# own
start_manager() {
	setsid "$@" >$WORK/manager.log 2>&1 &
	echo $! >$WORK/manager
	disown
}

# For peers without a daemon: the script on "ip monitor" that connects them again
follow_manager() {
	start_manager "${BASH_SOURCE[0]%/*}/follow"
	until grep -qs following $WORK/manager.log; do
		sleep 0.01
	done
}

manager_start() {
	if declare -F "${PEER}_manager" >/dev/null; then
		"${PEER}_manager"
	else
		follow_manager
	fi
}

manager_kill() {
	local pid

	read -r pid <$WORK/manager
	kill -KILL -- "-$pid"
}
