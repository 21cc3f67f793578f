# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# The setups that the benchmark compares, in the machine
#
# setup_build NAME LOWER PORTS QUEUES - build a setup on top of a device, and
# set nodes to the paths of its nodes, as hop takes them.  The station of node i
# has the MAC address 52:54:00:00:i>>8:i.
#
# The name of a setup is its kind, and then perhaps -queue: the lower has a
# queue, as a NIC does.

# All of them, those that are measured with four queues, and those with many
# guests
SETUPS="macvtap-default macvtap-bridge macvtap-bridge-queue macvtap-others
	macvtap-others-queue macvtap-vepa macvtap-private macvtap-passthru
	macvtap-passthru-queue macvtap-bond tap-bridge tap-mirred
	port-bridge port-bridge-queue port-others port-others-queue port-vepa
	port-private port-passthru port-direct port-direct-queue"
SETUPS_QUEUES="macvtap-bridge macvtap-passthru tap-bridge port-bridge
	port-direct"
SETUPS_PORTS="macvtap-bridge tap-bridge port-bridge"

# mac NUMBER - the MAC address of a guest
mac() {
	printf '52:54:00:00:%02x:%02x' $(($1 >> 8)) $(($1 & 255))
}
PEER_MAC=52:54:00:ff:00:00

up() {
	local name

	for name; do
		ip link set "$name" up
	done
}

# names PREFIX COUNT - set guests, the names of the devices that guests use
names() {
	local i

	guests=()
	for ((i = 0; i < $2; i++)); do
		guests+=("$1$i")
	done
}

# no_queue NAME... - replace the root qdisc of guests' devices, as libvirt does
no_queue() {
	printf 'qdisc replace dev %s root noqueue\n' "$@" | tc -batch -
}

# node NAME... - add the nodes of devices
node() {
	local name

	for name; do
		nodes+=("/dev/tap$(<"/sys/class/net/$name/ifindex")")
	done
}

# Another station on the lower, to which the host's own traffic belongs
add_other() {
	ip link add other link "$1" address 52:54:00:fe:00:00 type macvlan \
		mode bridge
	up other
}

# build_macvtap LOWER PORTS MODE
build_macvtap() {
	local i

	for ((i = 0; i < $2; i++)); do
		echo "link add mt$i link $1 address $(mac $i) type macvtap mode $3"
		echo "link set mt$i up"
	done | ip -batch -
	names mt "$2"
	node "${guests[@]}"
}

build_macvtap_noqueue() {
	build_macvtap "$@"
	no_queue "${guests[@]}"
}

# build_ports PORTS QUEUES - create them without a lower
build_ports() {
	local i

	if [ "$2" = 1 ]; then
		# One call of ip(8) for all
		for ((i = 0; i < $1; i++)); do
			echo "link add vm$i address $(mac $i) type stabletap"
			echo "link set vm$i up"
		done | ip -batch -
	else
		stabletap add vm0 address "$(mac 0)" queues "$2"
	fi
	names vm "$1"
	no_queue "${guests[@]}"
	node "${guests[@]}"
}

# build_port_macvlan LOWER PORTS QUEUES MODE
build_port_macvlan() {
	local i

	build_ports "$2" "$3"
	for ((i = 0; i < $2; i++)); do
		echo "link add mv$i link $1 address $(mac $i) master vm$i" \
			"type macvlan mode $4"
	done | ip -batch -
}

build_port_direct() {
	build_ports 1 "$2"
	ip link set "$1" master vm0
}

build_macvtap_bond() {
	ip link add bond0 type bond mode active-backup
	ip link set "$1" down
	ip link set "$1" master bond0
	up "$1" bond0
	wait_up bond0
	build_macvtap_noqueue bond0 1 bridge
}

# build_taps PORTS QUEUES
build_taps() {
	local i multi=

	[ "$2" = 1 ] || multi=multi_queue
	names tap "$1"
	printf "tuntap add %s mode tap vnet_hdr $multi\n" "${guests[@]}" |
		ip -batch -
	no_queue "${guests[@]}"
	printf 'link set %s up\n' "${guests[@]}" | ip -batch -
	nodes=("${guests[@]/#/tun:}")
}

build_tap_bridge() {
	local i

	build_taps "$2" "$3"
	# A bridge that snoops sends IGMP reports itself, at any moment.
	ip link add br0 type bridge mcast_snooping 0
	ip link set "$1" master br0
	printf 'link set %s master br0\n' "${guests[@]}" | ip -batch -
	# What the bridge would have learned
	{
		echo "fdb add $PEER_MAC dev $1 master static"
		for ((i = 0; i < $2; i++)); do
			echo "fdb add $(mac $i) dev tap$i master static"
		done
	} | bridge -batch -
	up br0
}

build_tap_mirred() {
	build_taps 1 "$2"
	ip link set "$1" promisc on
	tc qdisc add dev tap0 clsact
	tc qdisc add dev "$1" clsact
	tc filter add dev tap0 ingress matchall \
		action mirred egress redirect dev "$1"
	tc filter add dev "$1" ingress matchall \
		action mirred egress redirect dev tap0
}

setup_build() {
	local kind=${1%-queue} lower=$2 ports=$3 queues=$4

	nodes=()
	[ "$kind" = "$1" ] || tc qdisc replace dev "$lower" root fq_codel
	case $kind in
	macvtap-default)
		build_macvtap "$lower" "$ports" bridge ;;
	macvtap-bond)
		build_macvtap_bond "$lower" ;;
	macvtap-others)
		add_other "$lower"
		build_macvtap_noqueue "$lower" "$ports" bridge ;;
	macvtap-*)
		build_macvtap_noqueue "$lower" "$ports" "${kind#*-}" ;;
	tap-bridge)
		build_tap_bridge "$lower" "$ports" "$queues" ;;
	tap-mirred)
		build_tap_mirred "$lower" "$queues" ;;
	port-direct)
		build_port_direct "$lower" "$queues" ;;
	port-others)
		add_other "$lower"
		build_port_macvlan "$lower" "$ports" "$queues" bridge ;;
	port-*)
		build_port_macvlan "$lower" "$ports" "$queues" "${kind#*-}" ;;
	*)
		echo "no setup $1" >&2
		return 1 ;;
	esac
}

# setup_remove LOWER - remove the setup from a device that stays
setup_remove() {
	local name

	for name in vm0 mv0 mt0 other tap0 br0 bond0; do
		ip link del "$name" 2>/dev/null || :
	done
	tc qdisc del dev "$1" clsact 2>/dev/null || :
	tc qdisc del dev "$1" root 2>/dev/null || :
	ip link set "$1" promisc off
	ip link set "$1" up
}

# wait_up NAME - wait until linkwatch has activated the queue of a device with
# new carrier
wait_up() {
	local i

	for ((i = 0; i < 2000; i++)); do
		[ "$(<"/sys/class/net/$1/operstate")" != up ] || return 0
		sleep 0.01
	done
	echo "$1 did not come up" >&2
	return 1
}
