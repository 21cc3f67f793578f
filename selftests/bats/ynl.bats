#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# All operations on a port through rtnetlink, with the kernel's YNL library and
# Documentation/netlink/specs/stabletap.yaml.
#
#     vm1 ── d0, then d1

load command.bash

setup() {
	NS=ynl$BATS_TEST_NUMBER
	command ip netns add "$NS"
	ip link add d0 type dummy
	ip link add d1 type dummy
	mkfifo "$BATS_TEST_TMPDIR"/{asked,answered}
	in_ns "$BATS_TEST_DIRNAME/ynl" <"$BATS_TEST_TMPDIR/asked" \
		>"$BATS_TEST_TMPDIR/answered" 3>&- &
	exec 6>"$BATS_TEST_TMPDIR/asked" 7<"$BATS_TEST_TMPDIR/answered"
}

teardown() {
	exec 6>&- 7<&-
	wait
	command ip netns del "$NS"
}

# ynl OPERATION JSON [FLAG[,FLAG]...]
ynl() {
	local status answer

	printf '%s %s %s\n' "$1" "${3:--}" "${2//[$'\n\t']/ }" >&6
	read -r -t "$DEADLINE" status answer <&7
	printf '%s\n' "$answer"
	return "$status"
}

index() {
	ip -o link show "$1" | cut -d: -f1
}

# set PORT DATA - change attributes in the port's IFLA_INFO_DATA
set_data() {
	ynl newlink "{\"ifi-index\": $(index "$1"), \"linkinfo\":
		{\"kind\": \"stabletap\", \"data\": $2}}"
}

@test "a port is made, shown, changed and counted by its YNL spec" {
	local got

	ynl newlink "{\"ifname\": \"vm1\", \"linkinfo\": {\"kind\": \"stabletap\",
		\"data\": {\"queues\": 3, \"lower\": $(index d0),
			   \"attach-flags\": [\"filter\"]}}}" create,excl

	got=$(ynl getlink "{\"ifi-index\": $(index vm1)}")
	echo "# $got"
	jq -e --argjson d0 "$(index d0)" '.linkinfo | .kind == "stabletap" and
		(.data | .queues == 3 and .owner == 0 and .perm == 384 and
		 ."on-detach" == "drop" and .lower == $d0 and
		 ."lower-kind" == "direct" and ."attach-flags" == ["filter"] and
		 ."detach-reason" == "none" and .attaches == 1 and
		 ."hold-frames" == 1024 and ."hold-time" == 10000 and
		 ."hold-bytes" == 4194304 and ."held-frames" == 0 and
		 ."held-bytes" == 0 and (keys | length == 22) and
		 (keys | all(startswith("Unknown") | not)))' <<<"$got"
	ynl getlink "{\"ifi-index\": $(index d0)}" |
		jq -e '.linkinfo."slave-data" | ."lower-kind" == "direct" and
			."attach-flags" == ["filter"]'

	# A refusal has a message.
	run -1 set_data vm1 "{\"lower\": $(index d1)}"
	[ "$output" = "stabletap: The port has a lower; detach it first, or ask for replace" ]
	set_data vm1 "{\"lower\": $(index d1), \"attach-flags\": [\"replace\"]}"
	[ "$(of vm1 lower.ifname)" = d1 ]

	set_data vm1 '{"on-detach": "hold", "hold-frames": 9, "hold-time": 500,
		"hold-bytes": 4294967296}'
	ynl getlink "{\"ifi-index\": $(index vm1)}" |
		jq -e '.linkinfo.data | ."on-detach" == "hold" and
			."hold-frames" == 9 and ."hold-time" == 500 and
			."hold-bytes" == 4294967296'
	run -1 set_data vm1 '{"hold-time": 0}'
	[ "$output" = "stabletap: A port holds a frame for 1 to 3,600,000 ms" ]

	ynl newlink "{\"ifi-index\": $(index d1), \"linkinfo\":
		{\"slave-kind\": \"stabletap\",
		 \"slave-data\": {\"attach-flags\": [\"filter\"]}}}"
	ynl getlink "{\"ifi-index\": $(index vm1)}" |
		jq -e '.linkinfo.data."attach-flags" == ["filter"]'

	# At least one ARP request; no more frames follow
	ip link set vm1 up
	ip addr add 10.77.1.1/24 dev vm1
	in_ns ping -c 1 -W 1 10.77.1.2 || :
	ip link set vm1 down
	got=$(ynl getstats "{\"ifindex\": $(index vm1), \"filter-mask\": 2}")
	echo "# $got"
	jq -e '."link-xstats".stabletap | ."tx-packets" > 0 and
		(keys | length == 17)' <<<"$got"
	diff <(jq -S '."link-xstats".stabletap' <<<"$got") \
		<(stabletap -j -s show vm1 | jq -S '.ports[0].stats |
			with_entries(.key |= gsub("_"; "-"))')

	set_data vm1 '{"lower": 0}'
	[ "$(of vm1 state)" = detached ]
	ynl dellink "{\"ifi-index\": $(index vm1)}"
	run ! ip link show vm1
}
