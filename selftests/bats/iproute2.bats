#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The plug-in of ip(8): everything beyond master and nomaster.
#
#     vm1 ── d0, then d1

load command.bash

setup() {
	setup_scene
	IP_LIB_DIR=$(dirname "$STABLETAP_TOP"/build/root/usr/lib/*/ip/link_stabletap.so)
	export IP_LIB_DIR
}

# of_ip DEVICE FILTER - true if ip's information about the device's link kind
# matches the filter of jq
of_ip() {
	run -0 ip -j -d link show "$1"
	echo "# $output"
	jq -e ".[0].linkinfo | $2" <<<"$output"
}

@test "a port is made with every attribute, and shown with them" {
	ip link add vm1 address $MAC type stabletap queues 3 owner nobody \
		group daemon perm 0640 on-detach drop lower d0 filter
	of_ip vm1 '.info_kind == "stabletap" and (.info_data |
		.state == "attached" and .lower == "d0" and
		.lower_kind == "direct" and .receive == "filter" and
		.queues == 3 and .open_queues == 0 and .on_detach == "drop" and
		.hold == {"frames": 1024, "bytes": 4194304, "time_ms": 10000,
			  "held_frames": 0, "held_bytes": 0} and
		.owner == 65534 and .group == 1 and .perm == "0640" and
		.attaches == 1 and .replaces == 0 and .losses == 0)'
	of_ip d0 '.info_slave_kind == "stabletap" and
		.info_slave_data == {"lower_kind": "direct", "receive": "filter"}'
	# The text output
	run -0 ip -d link show vm1
	[[ $output == *" state attached lower d0 kind direct filter queues 3 open 0 on-detach drop owner 65534 group 1 perm 0640 attaches 1 replaces 0 losses 0 "* ]]
	run -0 ip -d link show d0
	[[ $output == *" stabletap_slave kind direct filter "* ]]
}

@test "a lower is replaced, made promiscuous, and taken away" {
	ip link add vm1 type stabletap lower d0 filter
	run -2 ip link set vm1 type stabletap lower d1
	[[ $output == *"The port has a lower; detach it first, or ask for replace"* ]]
	ip link set vm1 type stabletap lower d1 replace
	of_ip vm1 '.info_data | .lower == "d1" and .receive == "promisc" and
		.replaces == 1 and .last_lower == "d0" and
		.detach_reason == "replaced"'
	# Through the lower's own attribute, then through the port's
	ip link set d1 type stabletap_slave filter
	of_ip vm1 '.info_data.receive == "filter"'
	ip link set vm1 type stabletap promisc
	of_ip vm1 '.info_data.receive == "promisc"'
	ip link set vm1 type stabletap nolower
	of_ip vm1 '.info_data | .state == "detached" and (has("lower") | not) and
		.last_lower == "d1" and .detach_reason == "asked"'
	of_ip d1 'has("info_slave_kind") | not'
}

@test "frames are held, within bounds that are set and shown" {
	ip link add vm1 type stabletap on-detach hold hold-frames 9 \
		hold-bytes 64K hold-time 3600000
	run -0 ip -d link show vm1
	[[ $output == *" on-detach hold hold-frames 9 hold-bytes 65536 hold-time 3600000 owner "* ]]
	ip link set vm1 up
	# ARP requests
	ip addr add 10.77.1.1/24 dev vm1
	in_ns ping -c 1 -W 1 10.77.1.2 || :
	run -0 ip -d link show vm1
	[[ $output =~ " hold-time 3600000 held "[1-9]" frames "[1-9][0-9]*" bytes owner " ]]
	of_ip vm1 '.info_data.hold | .frames == 9 and .held_frames > 0 and
		.held_bytes > 0'
	ip link set vm1 type stabletap on-detach drop hold-bytes 4G
	of_ip vm1 '.info_data | .on_detach == "drop" and .hold == {"frames": 9,
		"bytes": 4294967296, "time_ms": 3600000, "held_frames": 0,
		"held_bytes": 0}'
	run -2 ip link set vm1 type stabletap hold-frames 0
	[[ $output == *"A port holds 1 to 1,000,000 frames"* ]]
	run -2 ip link set vm1 type stabletap hold-bytes 5G
	[[ $output == *"A port holds 1 byte to 4 GiB of frames"* ]]
	run -2 ip link set vm1 type stabletap hold-time 3600001
	[[ $output == *"A port holds a frame for 1 to 3,600,000 ms"* ]]
	run ! ip link set vm1 type stabletap hold-bytes 4T
	[[ $output == *'4T is not a valid value of "hold-bytes"'* ]]
	run ! ip link set vm1 type stabletap hold-time 1s
	[[ $output == *'1s is not a valid value of "hold-time"'* ]]
}

@test "the counters of all ports, and of one" {
	ip link add vm1 type stabletap
	ip link add vm2 type stabletap lower d0
	ip link set vm2 up
	ip addr add 10.77.1.1/24 dev vm2
	in_ns ping -c 1 -W 1 10.77.1.2 || :
	ip link set vm2 down
	run -0 ip -j link xstats type stabletap
	echo "# $output"
	jq -e 'length == 2 and (.[] | select(.ifname == "vm2") |
		.tx_packets > 0 and length == 18)' <<<"$output"
	run -0 ip -j link xstats type stabletap dev vm2
	diff <(jq -S '.[0] | del(.ifname)' <<<"$output") \
		<(stabletap -j -s show vm2 | jq -S '.ports[0].stats')
	run -0 ip link xstats type stabletap dev vm1
	[[ $output == "vm1 "*"    tx_packets     0"* ]]
}

@test "invalid requests are refused with a message" {
	run -0 ip link help stabletap
	[[ $output == "Usage: ... stabletap [ queues N ]"* ]]
	ip link add vm1 type stabletap
	run ! ip link set vm1 type stabletap lower d9
	[[ $output == *'stabletap: there is no device d9'* ]]
	run ! ip link set vm1 type stabletap on-detach keep
	[[ $output == *'stabletap: keep is not a valid value of "on-detach"'* ]]
	for perm in 0888 -1 '' ' 640' +640 01000 0 40000000000; do
		run ! ip link add vm2 type stabletap perm "$perm"
		[[ $output == *'is not a valid value of "perm"'* ]]
	done
	run ! ip link set vm1 type stabletap lower
	[[ $output == *'stabletap: "lower" needs a value'* ]]
	run ! ip link set vm1 type stabletap loewr d0
	[[ $output == *'stabletap: unknown option "loewr"'*"Usage: "* ]]
	run ! ip link xstats type stabletap dev
	[[ $output == "Usage: "* ]]
	run ! ip link xstats type stabletap dev d9
	of_ip vm1 '.info_data.state == "detached"'
}
