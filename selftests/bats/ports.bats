#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The command stabletap: add, del, attach, detach.  vm-timeout: 1800
#
# In a network namespace for each test (command.bash):
#
#      vm1, vm2 ...      ports that the test makes
#          │
#       st<i>-<tag>      children that the command makes
#          │
#     d0     d1          dummies, MTU 1500         v0 ──── v1   a veth pair
#
# shellcheck disable=SC2030,SC2031,SC2086,SC2154

load command.bash

promiscuity() {
	run -0 ip -d link show "$1"
	[[ $output == *"promiscuity $2 "* ]]
}

# ---- add ----

@test "add makes a port that is up, detached and has its node" {
	stabletap add vm1
	[ "$(of vm1 state)" = detached ]
	[ "$(of vm1 up)" = true ]
	[ "$(of vm1 perm)" = 0600 ]
	node=$(of vm1 node)
	[ -c "$node" ]
	[ "$(stat -c %a:%u:%g "$node")" = 600:0:0 ]
}

@test "add takes address, mtu, queues, owner, group and perm" {
	stabletap add vm1 address $MAC mtu 9000 queues 3 owner nobody \
		group daemon perm 0640
	[ "$(of vm1 address)" = $MAC ]
	[ "$(of vm1 mtu)" = 9000 ]
	[ "$(of vm1 queues)" = 3 ]
	[ "$(stat -c %a:%U:%G "$(of vm1 node)")" = 640:nobody:daemon ]
}

@test "add with a group and no perm lets the group use the node" {
	stabletap add vm1 group daemon
	[ "$(stat -c %a:%G "$(of vm1 node)")" = 660:daemon ]
}

@test "add down leaves the port down" {
	stabletap add vm1 down
	[ "$(of vm1 up)" = false ]
}

@test "add with a pattern prints the name that was given" {
	run -0 stabletap add vm%d
	[ "$output" = vm0 ]
	run -0 stabletap add vm%d
	[ "$output" = vm1 ]
}

@test "add says which name is in use" {
	run stabletap add d0
	refused "can't add port 'd0'"
	[[ $output == *"File exists"* ]]
}

@test "add refuses a multicast address with the kernel's message" {
	run stabletap add vm1 address 53:54:00:01:02:03
	refused multicast
	run stabletap show vm1
	refused "there is no port 'vm1'"
}

@test "add with on-detach hold has the module's bounds, or those given" {
	stabletap add vm1 on-detach hold
	stabletap add vm2 on-detach hold frames 9 bytes 4G time 1
	stabletap add vm3 frames 1000000
	stabletap -j show | jq -ec '.ports | map([.on_detach,
		.hold.frames, .hold.bytes, .hold.time_ms]) == [
			["hold", 1024, 4194304, 10000],
			["hold", 9, 4294967296, 1],
			["drop", 1000000, 4194304, 10000]]'
}

@test "add without CAP_NET_ADMIN says so" {
	run unprivileged 65534 add vm1
	refused "can't add port 'vm1'"
	[[ $output == *CAP_NET_ADMIN* ]]
}

@test "add reports wrong arguments in one line, status 2" {
	for words in "" "vm1 adress $MAC" "vm1 address" "vm1 address 52:54" \
		"vm1 address 00:00:00:00:00:00" \
		"vm1 mtu 1" "vm1 queues 0" "vm1 queues 257" "vm1 queues x" \
		"vm1 owner nosuchuser" "vm1 group nosuchgroup" "vm1 perm 999" \
		"vm1 perm 0" "vm1 on-detach keep" "vm1 o" "vm1 frames 0" \
		"vm1 bytes 4294967297" "vm1 time 1s" \
		"averylongportname"; do
		# shellcheck disable=SC2086
		run -2 stabletap add $words
		[ "${#lines[@]}" = 1 ]
		[[ $output == stabletap:* ]]
	done
	run stabletap show vm1
	refused "there is no port"
}

# ---- del ----

@test "del removes the port and its child" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	stabletap del vm1
	[ "$(macvlans)" = "" ]
	run stabletap show vm1
	refused "there is no port 'vm1'"
}

@test "del refuses an open port and names who has it open" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	hold vm1
	run stabletap del vm1
	refused "can't delete port 'vm1'"
	[[ $output == *"pid $HOLDER"* ]]
	[[ $output == *"del vm1 force"* ]]
	[ "$(of vm1 state)" = attached ]
	stabletap del vm1 force
	[ "$(macvlans)" = "" ]
}

@test "del of an unknown port or another device is refused" {
	run stabletap del vm1
	refused "there is no port 'vm1'"
	run stabletap del d0
	refused "'d0' is a network device, but no port"
	ip link show d0
	run -2 stabletap del
	run -2 stabletap del vm1 farce
	# "force" can't be abbreviated, because it can cost a guest its network.
	run -2 stabletap del vm1 f
	run -2 stabletap del vm1 forc
}

# ---- attach ----

@test "attach makes a marked child in bridge mode, with MAC and MTU of the port" {
	stabletap add vm1 address $MAC mtu 1400
	stabletap attach vm1 dev d0
	[ "$(of vm1 state)" = attached ]
	[ "$(of vm1 lower.dev)" = d0 ]
	[ "$(of vm1 lower.child)" = true ]
	run -0 ip -d link show "$(of vm1 lower.ifname)"
	[[ $output == *"mtu 1400 "*"master vm1 "*"link/ether $MAC "* ]]
	[[ $output == *"macvlan mode bridge"* ]]
	[[ $output == *"altname stabletap-$(of vm1 ifindex)-"* ]]
}

@test "attach takes vepa, private and passthru" {
	for mode in vepa private passthru; do
		stabletap add $mode
		stabletap attach $mode dev d0 mode $mode
		[ "$(of $mode lower.mode)" = $mode ]
		stabletap del $mode
	done
}

@test "attach direct uses the device itself, promiscuous" {
	stabletap add vm1
	stabletap attach vm1 dev v0 mode direct
	[ "$(of vm1 lower.ifname)" = v0 ]
	[ "$(of vm1 lower.kind)" = direct ]
	[ "$(of vm1 lower.receive)" = promisc ]
	[ "$(macvlans)" = "" ]
	promiscuity v0 1
}

@test "attach direct with filter leaves the device without promiscuity" {
	# A VLAN has an address filter; a veth has none.
	ip link add v0.5 link v0 type vlan id 5
	stabletap add vm1
	stabletap attach vm1 dev v0.5 mode direct filter
	[ "$(of vm1 lower.receive)" = filter ]
	promiscuity v0.5 0
	stabletap attach vm1 dev v0.5 mode direct promisc replace
	[ "$(of vm1 lower.receive)" = promisc ]
	promiscuity v0.5 1
}

@test "attach with filter takes a child, too" {
	stabletap add vm1
	stabletap attach vm1 dev d0 filter
	[ "$(of vm1 lower.receive)" = filter ]
	[ "$(of vm1 lower.mode)" = bridge ]
}

@test "attach knows a device by its altname" {
	ip link property add dev d0 altname some-long-alternative-name
	stabletap add vm1
	stabletap attach vm1 dev some-long-alternative-name
	[ "$(of vm1 lower.dev)" = d0 ]
}

@test "attach direct takes the operator's own macvlan, which detach leaves" {
	ip link add mine link d0 type macvlan mode bridge
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev mine mode direct
	[ "$(of vm1 lower.kind)" = macvlan ]
	[ "$(of vm1 lower.child)" = false ]
	stabletap detach vm1
	[ "$(macvlans)" = mine ]
	stabletap attach vm1 dev mine mode direct
	stabletap del vm1
	[ "$(macvlans)" = mine ]
}

@test "attach without replace is refused when there is a lower" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	child=$(macvlans)
	run stabletap attach vm1 dev d1
	refused "has a lower"
	[[ $output == *replace* ]]
	run stabletap attach vm1 dev v0 mode direct
	refused "has a lower"
	[ "$(macvlans)" = "$child" ]
	[ "$(of vm1 lower.ifname)" = "$child" ]
}

@test "a refused attach makes nothing first" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	# The kernel reports a new carrier up to a second later.
	eventually has_carrier v0
	command ip -n "$NS" monitor link 3>&- >"$BATS_TEST_TMPDIR/links" &
	background+=("$!")
	listens() { ip link set d1 mtu $((1400 + RANDOM % 100)) && grep -q d1: "$BATS_TEST_TMPDIR/links"; }
	eventually listens
	for words in "" filter "mode direct"; do
		run stabletap attach vm1 dev v0 $words
		refused "has a lower"
	done
	# The end of what is listened to
	ip link add last type dummy
	eventually grep -q last: "$BATS_TEST_TMPDIR/links"
	# The child on d0 may still be heard of: its carrier.
	run ! grep -E '@v0:|: v0' "$BATS_TEST_TMPDIR/links" ||
		{ echo "# heard: $output"; return 1; }
}

@test "attach replace swaps devices in one step and removes the old child" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	stabletap attach vm1 dev d1 replace
	[ "$(of vm1 lower.dev)" = d1 ]
	[ "$(of vm1 replaces)" = 1 ]
	[ "$(of vm1 attaches)" = 1 ]
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
	stabletap attach vm1 dev v0 mode direct replace
	[ "$(of vm1 replaces)" = 2 ]
	[ "$(macvlans)" = "" ]
	stabletap attach vm1 dev d0 replace
	[ "$(of vm1 replaces)" = 3 ]
	[ "$(of vm1 lower.dev)" = d0 ]
}

@test "attach replace attaches a detached port" {
	stabletap add vm1
	stabletap attach vm1 dev d0 replace
	[ "$(of vm1 lower.dev)" = d0 ]
}

@test "attach replace on one device changes the mode in place" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	child=$(of vm1 lower.ifindex)
	run -0 --separate-stderr stabletap attach vm1 dev d0 mode vepa replace
	[ "$stderr" = "" ]
	[ "$(of vm1 lower.mode)" = vepa ]
	[ "$(of vm1 lower.ifindex)" = "$child" ]
	stabletap attach vm1 dev d0 mode private replace filter
	[ "$(of vm1 lower.mode)" = private ]
	[ "$(of vm1 lower.receive)" = filter ]
	stabletap attach vm1 dev d0 mode private replace
	[ "$(of vm1 lower.receive)" = allmulti ]
	[ "$(of vm1 lower.ifindex)" = "$child" ]
	[ "$(of vm1 attaches)" = 1 ]
}

@test "attach replace from, to and between passthru and direct reports the interruption" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev v0
	for mode in passthru direct passthru bridge direct vepa; do
		run -0 --separate-stderr \
			stabletap attach vm1 dev v0 mode $mode replace
		[[ $stderr == *"without a gap"* ]]
		[ "$(of vm1 state)" = attached ]
		if [ $mode = direct ]; then
			[ "$(of vm1 lower.ifname)" = v0 ]
			[ "$(macvlans)" = "" ]
		else
			[ "$(of vm1 lower.mode)" = $mode ]
			[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
		fi
	done
}

@test "attach does not interrupt for a mode that other users make impossible" {
	ip link add other link d0 type macvlan mode bridge
	stabletap add vm1
	stabletap attach vm1 dev d0
	for mode in passthru direct; do
		run stabletap attach vm1 dev d0 mode $mode replace force
		refused "'d0' has other macvlans, and mode $mode wants it alone"
		[[ $output != *"old lower"* ]]
	done
	[ "$(of vm1 attaches)" = 1 ]
	[ "$(of vm1 lower.mode)" = bridge ]
}

@test "attach restores the old lower when a break-before-make fails" {
	# An obstacle that the command can't see beforehand
	command ip netns add "$NS.far"
	ip link add other link d0 netns "$NS.far" type macvlan mode bridge
	stabletap add vm1
	stabletap attach vm1 dev d0 mode vepa filter
	run stabletap attach vm1 dev d0 mode passthru replace
	refused "can't attach port 'vm1' to 'd0'"
	[[ $output == *"old lower is back"* ]]
	[ "$(of vm1 state)" = attached ]
	[ "$(of vm1 lower.mode)" = vepa ]
	[ "$(of vm1 lower.receive)" = filter ]
	run stabletap attach vm1 dev d0 mode direct replace force
	refused "can't attach port 'vm1' to 'd0'"
	[ "$(of vm1 lower.mode)" = vepa ]
	[ "$(loose)" = 0 ]
	command ip netns del "$NS.far"
}

@test "attach replace that fails leaves the old lower untouched" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	child=$(macvlans)
	ip link set d1 mtu 1400
	for mode in bridge direct; do
		run stabletap attach vm1 dev d1 mode $mode replace
		refused "MTU"
		[[ $output == *"ip link set d1 mtu 1500"* ]]
	done
	[ "$(macvlans)" = "$child" ]
	[ "$(of vm1 lower.ifname)" = "$child" ]
	[ "$(of vm1 attaches)" = 1 ]
	[ "$(of vm1 last_detach)" = null ]
}

@test "attach refuses promisc for a child with the kernel's message" {
	stabletap add vm1
	run stabletap attach vm1 dev d0 promisc
	refused "can't attach port 'vm1' to 'd0'"
	[ "$(macvlans)" = "" ]
}

@test "attach refuses a bridge's port" {
	ip link add br0 type bridge
	ip link set v0 master br0
	stabletap add vm1
	run stabletap attach vm1 dev v0
	refused "can't attach port 'vm1' to 'v0'"
	run stabletap attach vm1 dev v0 mode direct
	refused "can't attach port 'vm1' to 'v0'"
	[ "$(macvlans)" = "" ]
}

@test "attach refuses a second port with the same MAC on one device" {
	stabletap add vm1 address $MAC
	stabletap add vm2 address $MAC
	stabletap attach vm1 dev d0
	run stabletap attach vm2 dev d0
	refused "MAC address"
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
}

@test "attach refuses passthru beside another macvlan, and others beside it" {
	stabletap add vm1
	stabletap add vm2
	stabletap attach vm1 dev d0
	run stabletap attach vm2 dev d0 mode passthru
	refused "passthru mode wants the device without other macvlans"
	stabletap attach vm1 dev d0 mode passthru replace
	run stabletap attach vm2 dev d0
	refused "passthru mode has the device for itself"
}

@test "attach direct refuses a device with an address, unless forced" {
	ip address add 192.0.2.1/24 dev v0
	stabletap add vm1
	run stabletap attach vm1 dev v0 mode direct
	refused "'v0' has 1 IP address"
	[ "$(of vm1 state)" = detached ]
	stabletap attach vm1 dev v0 mode direct force
	[ "$(of vm1 lower.ifname)" = v0 ]
}

@test "attach direct accepts a device with only an IPv6 link-local address" {
	ip -6 address add fe80::1/64 dev v0 nodad
	stabletap add vm1
	stabletap attach vm1 dev v0 mode direct
}

@test "attach direct refuses the device of a default route" {
	ip address add 192.0.2.1/24 dev v0
	ip route add default via 192.0.2.2
	ip address add 192.0.2.1/32 dev lo
	ip address del 192.0.2.1/24 dev v0
	ip route replace default dev v0
	stabletap add vm1
	run stabletap attach vm1 dev v0 mode direct
	refused "a default route uses 'v0'"
}

@test "attach direct refuses a device with devices stacked on it" {
	ip link add v0.5 link v0 type vlan id 5
	stabletap add vm1
	run stabletap attach vm1 dev v0 mode direct
	refused "'v0' carries 'v0.5'"
	stabletap attach vm1 dev v0.5 mode direct
	[ "$(of vm1 lower.ifname)" = v0.5 ]
}

@test "attach refuses a Wi-Fi device" {
	modprobe mac80211_hwsim radios=1 || skip "no mac80211_hwsim"
	wlan=$(basename "$(dirname "$(ls -d /sys/class/net/*/phy80211)")")
	NS=init
	ln -sf /proc/1/ns/net /run/netns/init
	stabletap add wtest
	run stabletap attach wtest dev "$wlan"
	stabletap del wtest
	rm /run/netns/init
	NS=t$BATS_TEST_NUMBER
	rmmod mac80211_hwsim
	refused "'$wlan' is a Wi-Fi device"
}

@test "attach refuses loopback, a port and a missing device" {
	stabletap add vm1
	stabletap add vm2
	run stabletap attach vm1 dev lo
	refused "can't attach port 'vm1' to 'lo'"
	run stabletap attach vm1 dev vm2 mode direct
	refused "can't attach port 'vm1' to 'vm2'"
	run stabletap attach vm1 dev nope
	refused "there is no device 'nope'"
	run stabletap attach nope dev d0
	refused "there is no port 'nope'"
	run stabletap attach d1 dev d0
	refused "'d1' is a network device, but no port"
	[ "$(macvlans)" = "" ]
}

@test "attach reports wrong arguments in one line, status 2" {
	stabletap add vm1
	for words in "" "vm1" "vm1 dev" "vm1 dev d0 mode" "vm1 d0" \
		"vm1 dev d0 mode tap" "vm1 dev d0 mode p" "vm1 dev d0 f" \
		"vm1 dev d0 filter promisc"; do
		# shellcheck disable=SC2086
		run -2 stabletap attach $words
		[ "${#lines[@]}" = 1 ]
	done
	[ "$(of vm1 state)" = detached ]
}

@test "two commands at once on one port leave one child" {
	stabletap add vm1
	for i in 1 2 3 4; do
		"$BIN" -n "$NS" attach vm1 dev "d$((i % 2))" replace 3>&- &
		background+=("$!")
	done
	for i in "${background[@]}"; do
		wait "$i"
	done
	background=()
	[ "$(of vm1 state)" = attached ]
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
}

# How many are at it: each may find that the others were faster.
at_once() {
	local i

	background=()
	for i in 1 2 3 4 5 6; do
		"$BIN" -n "$NS" attach vm1 dev "$@" replace 3>&- &
		background+=("$!")
	done
	for i in "${background[@]}"; do
		wait "$i"
	done
	background=()
}

@test "many commands at once on one port and device all succeed" {
	stabletap add vm1 address $MAC
	for ((turn = 0; turn < 5; turn++)); do
		at_once d0
		[ "$(of vm1 lower.dev)" = d0 ]
		[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
		at_once d1 filter
		[ "$(of vm1 lower.dev)" = d1 ]
		[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
	done
}

@test "a half-made child of a stopped command is left alone, an orphan is not" {
	stabletap add vm1
	stabletap add vm2
	stops_at child-created attach vm1 dev d0 filter
	child=$(macvlans)
	stabletap attach vm2 dev d1
	stabletap detach vm2
	# Nor does a command for the same port wait, or take it.
	stabletap attach vm1 dev d1
	[[ " $(macvlans) " == *" $child "* ]]
	stabletap detach vm1
	[ "$(macvlans)" = "$child" ]
	kill -KILL "$STOPPED"
	wait "$STOPPED" || :
	stabletap attach vm1 dev d1
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
}

@test "nobody else's macvlan is ever touched" {
	stabletap add vm1
	index=$(of vm1 ifindex)
	ip link add "st$index-aa" link d0 type macvlan mode bridge
	ip link add mine link d0 type macvlan mode bridge
	stabletap attach vm1 dev d0
	stabletap attach vm1 dev d1 replace
	stabletap detach vm1
	stabletap del vm1
	[ "$(macvlans)" = "mine st$index-aa" ]
}

@test "children of ports that are gone are swept up, renamed or not" {
	stabletap add gone address $MAC
	stabletap attach gone dev d0
	child=$(of gone lower.ifname)
	ip link set "$child" down
	ip link set "$child" name renamed
	ip link del gone
	[ "$(macvlans)" = renamed ]
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
}

# ---- overtaken ----

@test "a child that is renamed before it has its mark is found and marked" {
	stabletap add vm1 address $MAC
	stops_at child-created attach vm1 dev d0
	child=$(macvlans)
	ip link set "$child" down
	ip link set "$child" name renamed
	goes_on
	[ "$(of vm1 lower.ifname)" = renamed ]
	[ "$(of vm1 lower.child)" = true ]
	# The new child has no master yet.
	stops_at child-created attach vm1 dev d1 replace
	child=$(macvlans)
	ip link set "${child#renamed }" name another
	goes_on
	[ "$(of vm1 lower.ifname)" = another ]
	[ "$(of vm1 lower.child)" = true ]
	[ "$(macvlans)" = another ]
}

@test "a break-before-make continues when the old lower disappears" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	stops_at planned attach vm1 dev d0 mode passthru replace
	ip link set "$(macvlans)" nomaster
	goes_on
	[ "$(of vm1 lower.mode)" = passthru ]
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
}

@test "a break-before-make is planned again if another lower was attached meanwhile" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	stops_at planned attach vm1 dev d0 mode passthru replace
	ip link del "$(macvlans)"
	ip link add mine link d1 type macvlan mode bridge
	ip link set mine master vm1
	goes_on
	[ "$(of vm1 lower.mode)" = passthru ]
	[ "$(of vm1 lower.dev)" = d0 ]
	[ "$(loose)" = 1 ]
	ip link show mine
}

# ---- killed half-way ----

# $1: the step to die at; then the command
dies() {
	run stabletap_dies_at "$@"
	[ "$status" = 137 ] || { echo "# status $status: $output"; return 1; }
}

@test "attach killed at any step leaves what the next one completes" {
	for step in child-created child-marked; do
		stabletap add vm1 address $MAC
		dies $step attach vm1 dev d0
		# Created and attached in one message, so no child is without a
		# port.
		[ "$(loose)" = 0 ]
		stabletap attach vm1 dev d0 replace
		[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
		[ "$(of vm1 lower.child)" = true ]
		stabletap del vm1
		[ "$(macvlans)" = "" ]
	done
}

@test "replace killed at any step keeps a lower and leaves at most one child" {
	for step in child-created child-marked attached; do
		stabletap add vm1 address $MAC
		stabletap attach vm1 dev d0
		dies $step attach vm1 dev d1 replace
		[ "$(of vm1 state)" = attached ]
		[ "$(loose)" = 1 ]
		stabletap attach vm1 dev d1 replace
		[ "$(of vm1 lower.dev)" = d1 ]
		[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
		stabletap del vm1
		[ "$(macvlans)" = "" ]
	done
}

@test "a break-before-make killed at any step leaves at most one child" {
	for step in detached old-deleted child-created child-marked; do
		stabletap add vm1 address $MAC
		stabletap attach vm1 dev d0
		dies $step attach vm1 dev d0 mode passthru replace
		[ "$(loose)" -le 1 ]
		stabletap attach vm1 dev d0 mode passthru replace
		[ "$(of vm1 lower.mode)" = passthru ]
		[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
		stabletap del vm1
		[ "$(macvlans)" = "" ]
	done
}

@test "detach and del killed half-way leave a child that the next run removes" {
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	dies detached detach vm1
	[ "$(of vm1 state)" = detached ]
	[ "$(loose)" = 1 ]
	# The port is already detached, but a child is left.
	run -1 stabletap detach vm1
	[ "$(macvlans)" = "" ]
	stabletap attach vm1 dev d0
	dies port-deleted del vm1
	[ "$(loose)" = 1 ]
	stabletap add vm1 address $MAC
	stabletap attach vm1 dev d0
	[ "$(macvlans)" = "$(of vm1 lower.ifname)" ]
}

# ---- detach ----

@test "detach removes the child and gives a direct lower back as it was" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	stabletap detach vm1
	[ "$(of vm1 state)" = detached ]
	[ "$(of vm1 last_detach.reason)" = asked ]
	[ "$(macvlans)" = "" ]
	stabletap attach vm1 dev v0 mode direct
	stabletap detach vm1
	promiscuity v0 0
	run -0 ip link show v0
	[[ $output != *master* ]]
}

@test "detach of a port without a lower is refused" {
	stabletap add vm1
	run stabletap detach vm1
	refused "has no lower"
	run stabletap detach nope
	refused "there is no port 'nope'"
	run -2 stabletap detach
	run -2 stabletap detach vm1 force
}
