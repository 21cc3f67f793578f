#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Pools of virtual functions, with real drivers on an emulated igb (vm/run
# --sriov). vm-timeout: 1800
#
#      vm1, vm2          ports that the daemon makes
#       │    │
#      VF 0  VF 1        that the daemon makes, of driver igbvf
#       └──┬─┘
#          pf            driver igb: its switch is between the VFs, itself and
#                        the wire
#
# The kernel creates the VFs' devices in the machine's first namespace, so the
# tests run there.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load ../bats/daemon.bash

ADDR=52:54:00:00:01:01
PF_ADDR=52:54:00:aa:00:03

setup_file() {
	rm -rf /run/stabletap
	modprobe -a igb igbvf
	# Otherwise the module may be unloaded and loaded between two tests.
	command ip netns attach first 1
}

teardown_file() {
	command ip netns del first
}

setup() {
	local path

	NS=first
	background=()
	for path in /sys/bus/pci/drivers/igb/0*/net/*; do
		[ "$(cat "$path/address")" = $PF_ADDR ] || continue
		PCI=$(realpath "$path/device")
		[ "${path##*/}" = pf ] || ip link set "${path##*/}" name pf
	done
	ip link set pf up
	eventually has_carrier pf
}

teardown() {
	local pid

	for pid in "${background[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	[ -n "${BATS_TEST_COMPLETED:-}" ] || sed 's/^/# log: /' "$LOG"
	for port in vm1 vm2; do
		stabletap del $port force 2>/dev/null || :
	done
	echo 0 >"$PCI/sriov_numvfs"
}

has_carrier() {
	[ "$(cat "/sys/class/net/$1/carrier")" = 1 ]
}

# Configure a pool of $1 VFs with the lines $2, and $3 of the ports vm1, vm2.
vfs() {
	local i

	printf '[Pool fast]\nMember=pf vf=*\nVFCount=%d\n%b' "$1" "$2"
	for ((i = 1; i <= $3; i++)); do
		printf '[Port vm%d]\nMACAddress=52:54:00:00:01:0%d\n' $i $i
		printf 'Candidate=pool=fast mode=%s\n' "${4:-direct}"
	done
}

# Print the device of VF $1
vf() {
	local path

	for path in "$PCI/virtfn$1"/net/*; do
		[ ! -e "$path" ] || echo "${path##*/}"
	done
}

# Print the PF's settings of VF $1, in one line
admin() {
	ip link show pf | tr -s ' ' | sed -n "s/^ vf $1 link.ether //p"
}

admin_is() {
	[[ $(admin "$1") == *"$2"* ]]
}

address() {
	cat "/sys/class/net/$1/address"
}

address_is() {
	[ "$(address "$1" 2>/dev/null)" = "$2" ]
}

# Print the marks that are left
marks() {
	ip link | grep -c stabletap-vf || :
}

no_marks() {
	[ "$(marks)" = 0 ]
}

# Print the number of VFs with vm$1's address
with_address_of() {
	ip link show pf | grep -c "vf .*52:54:00:00:01:0$1" || :
}

vf_is_made() {
	[ -n "$(vf "$1")" ]
}

is_attached() {
	[ "$(of "$1" state 2>/dev/null)" = attached ]
}

@test "VFs are made, and one is given what the port needs" {
	vfs 2 'VFVLAN=5\nVFTrust=yes\nVFSpoofCheck=no\n' 1 | configure
	daemon
	eventually is_attached vm1
	[ "$(cat "$PCI/sriov_numvfs")" = 2 ]
	[ "$(with_address_of 1)" = 1 ]
	dev=$(of vm1 lower.ifname)
	address_is "$dev" $ADDR
	# Not "i": run of Debian 12's bats overwrites it.
	for n in 0 1; do
		if [ "$(vf $n)" = "$dev" ]; then
			admin_is $n "$ADDR"
			admin_is $n "vlan 5, spoof checking off"
			admin_is $n "trust on"
		else
			run ! admin_is $n vlan
			admin_is $n "spoof checking on"
			admin_is $n "trust off"
		fi
	done
	run -0 stabletap status
	[[ $output == *"$dev: port vm1"* ]]
	[[ $output == *": free"* ]]
}

@test "VFs are left alone until all of them were created" {
	vfs 1 '' 1 | sed /VFCount/d | configure
	daemon
	is_detached vm1
	echo "stabletap-test: VFs are to be made" >/dev/kmsg
	echo 3 >"$PCI/sriov_numvfs"
	eventually is_attached vm1
	dmesg | sed '1,/stabletap-test: VFs are to be made/d' \
		>"$BATS_TEST_TMPDIR/kernel"
	# Logged by igb, and by 8021q when a device is set up
	said() { grep -n "$1" "$BATS_TEST_TMPDIR/kernel" | sed 's/:.*//;q'; }
	made=$(said ' 3 VFs allocated')
	up=$(said 'adding VLAN 0 to HW filter on device')
	[ "$made" -lt "$up" ]
}

@test "a daemon that is killed while VFs are made can be started at once" {
	vfs 4 '' 1 | configure
	daemon
	eventually [ -e "$PCI/virtfn0" ]
	daemon_ends KILL
	daemon
	eventually is_attached vm1
	[ "$(cat "$PCI/sriov_numvfs")" = 4 ]
}

@test "frames go through a VF, by the port's address and checked" {
	vfs 1 '' 1 | configure
	tcpdump -c 2 -U -nei pf rarp 3>&- >"$BATS_TEST_TMPDIR/seen" \
		2>"$BATS_TEST_TMPDIR/listens" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/listens"
	daemon
	eventually grep -q "$ADDR > ff:ff:ff:ff:ff:ff" "$BATS_TEST_TMPDIR/seen"
	admin_is 0 "spoof checking on"
	# To the port, which has no reader, and counts rx_no_reader.
	ip addr add 192.0.2.1/24 dev pf
	ip neigh replace 192.0.2.2 lladdr $ADDR dev pf nud permanent
	tcpdump -c 1 -U -nei vm1 icmp 3>&- >"$BATS_TEST_TMPDIR/came" \
		2>"$BATS_TEST_TMPDIR/listens" &
	background+=("$!")
	eventually grep -q listening "$BATS_TEST_TMPDIR/listens"
	came() {
		in_ns ping -c 1 -W 1 192.0.2.2 >/dev/null
		grep -q "> $ADDR" "$BATS_TEST_TMPDIR/came"
	}
	eventually came
	ip addr flush dev pf
}

@test "a VF's settings are restored when its port goes" {
	echo 1 >"$PCI/sriov_numvfs"
	eventually vf_is_made 0
	# Not the settings of a new VF
	ip link set pf vf 0 vlan 7
	ip link set pf vf 0 spoofchk off
	ip link set pf vf 0 mac 02:00:00:00:00:77
	# The VF's driver reads the PF's settings when it is loaded.
	function=$(realpath "$PCI/virtfn0")
	echo "${function##*/}" >"$function/driver/unbind"
	echo "${function##*/}" >/sys/bus/pci/drivers_probe
	eventually vf_is_made 0
	dev=$(vf 0)
	address_is "$dev" 02:00:00:00:00:77
	ip link set "$dev" up
	eventually has_carrier "$dev"
	before=$(admin 0)
	vfs 1 'VFVLAN=5\nVFSpoofCheck=yes\nVFTrust=yes\n' 1 |
		tee "$BATS_TEST_TMPDIR/with" | configure
	daemon
	is_put_back() {
		eventually is_attached vm1
		admin_is 0 "$ADDR"
		admin_is 0 "vlan 5, spoof checking on"
		configure <<<'[Pool fast]
Member=pf vf=*'
		: >"$LOG"
		kill -HUP "$DAEMON"
		eventually log_has "vm1: no longer configured"
		admin_is 0 "vlan 5"
		stabletap del vm1
		eventually no_marks
		[ "$(admin 0)" = "$before" ]
		address_is "$dev" 02:00:00:00:00:77
		# The PF had set the address, and sets it again.
		run ! ip link set "$dev" address 02:00:00:00:00:78
	}
	is_put_back
	# Another address, which the VF has not taken over
	ip link set pf vf 0 mac 02:00:00:00:00:79
	before=$(admin 0)
	configure <"$BATS_TEST_TMPDIR/with"
	kill -HUP "$DAEMON"
	is_put_back
}

@test "a VF that had no address from its PF may take any again" {
	vfs 1 '' 1 | configure
	daemon
	eventually is_attached vm1
	# The pool may have been removed too.
	configure <<<'[Port vm2]
Candidate=none'
	kill -HUP "$DAEMON"
	eventually log_has "vm1: no longer configured"
	stabletap del vm1
	eventually no_marks
	run ! admin_is 0 $ADDR
	ip link set "$(vf 0)" address 02:00:00:00:00:78
	eventually admin_is 0 02:00:00:00:00:78
}

@test "the last VF goes to the port that waits, with its address" {
	vfs 1 '' 2 | configure
	daemon
	eventually is_attached vm1
	is_detached vm2
	vfs 1 '' 2 | sed '/vm1/,/Candidate/d' | configure
	kill -HUP "$DAEMON"
	eventually log_has "vm1: no longer configured"
	stabletap del vm1
	eventually is_attached vm2
	admin_is 0 52:54:00:00:01:02
	address_is "$(vf 0)" 52:54:00:00:01:02
	[ "$(marks)" = 1 ]
}

@test "a VF's set-up at which the daemon is killed is completed by the next start" {
	local step

	vfs 2 'VFVLAN=5\n' 1 | configure
	echo 2 >"$PCI/sriov_numvfs"
	eventually vf_is_made 1
	for step in vf-marked vf-address vf-vlan vf-mac vf-set-up planned; do
		run in_ns env STABLETAP_FAULT=$step \
			"${BIN_FAULTS%/*}/stabletapd" \
			--config "$BATS_TEST_TMPDIR/conf"
		[ "$status" = 137 ] || echo "# $step: $status $output" >&2
		[ "$status" = 137 ]
		[ "$(marks)" = 1 ]
		daemon
		eventually is_attached vm1
		[ "$(with_address_of 1)" = 1 ]
		[ "$(marks)" = 1 ]
		[ "$(ip link show pf | grep -c 'vlan 5')" = 1 ]
		daemon_ends KILL
		stabletap del vm1
	done
	# The last daemon's changes, whose port was deleted meanwhile
	for step in vf-vlan vf-mac vf-put-back; do
		run in_ns env STABLETAP_FAULT=$step \
			"${BIN_FAULTS%/*}/stabletapd" \
			--config "$BATS_TEST_TMPDIR/conf"
		[ "$status" = 137 ] || echo "# $step: $status $output" >&2
		[ "$status" = 137 ]
		[ "$(marks)" = 1 ]
	done
	configure <<<'[Port vm2]
Candidate=none'
	daemon
	eventually no_marks
	[ "$(with_address_of 1)" = 0 ]
	[ "$(ip link show pf | grep -c 'vlan 5' || :)" = 0 ]
}

@test "a VF that vfio-pci has is taken, without the port's address" {
	modprobe vfio-pci
	vfs 2 '' 1 | configure
	daemon
	eventually is_attached vm1
	dev=$(of vm1 lower.ifname)
	function=$(realpath "/sys/class/net/$dev/device")
	echo vfio-pci >"$function/driver_override"
	echo "${function##*/}" >"$function/driver/unbind"
	echo "${function##*/}" >/sys/bus/pci/drivers_probe
	is_elsewhere() {
		is_attached vm1 && [ "$(of vm1 lower.ifname)" != "$dev" ]
	}
	eventually is_elsewhere
	run -0 stabletap status
	[[ $output == *"${function##*/}: taken, it is bound to vfio-pci"* ]]
	[ "$(with_address_of 1)" = 1 ]
	address_is "$(of vm1 lower.ifname)" $ADDR
	# And back again
	echo >"$function/driver_override"
	echo "${function##*/}" >"$function/driver/unbind"
	echo "${function##*/}" >/sys/bus/pci/drivers_probe
	both_have_devices() { vf_is_made 0 && vf_is_made 1; }
	eventually both_have_devices
	one_is_free() { stabletap status | grep -q ': free'; }
	eventually one_is_free
	[ "$(with_address_of 1)" = 1 ]
}

@test "settings changed in the PF by hand are corrected, and follow the port's address" {
	vfs 1 'VFVLAN=5\n' 1 | configure
	daemon
	eventually is_attached vm1
	ip link set pf vf 0 vlan 0
	eventually admin_is 0 "vlan 5"
	ip link set vm1 address 52:54:00:00:01:09
	eventually admin_is 0 52:54:00:00:01:09
	vfs 1 'VFVLAN=6\n' 1 | configure
	kill -HUP "$DAEMON"
	eventually admin_is 0 "vlan 6"
	[ "$(of vm1 attaches)" = 1 ]
}

@test "a child on a VF gets its frames, too" {
	vfs 2 '' 1 bridge | configure
	daemon
	eventually is_attached vm1
	[ "$(with_address_of 1)" = 1 ]
	run ! log_has "can't be attached"
	daemon_ends TERM
	stabletap del vm1
	vfs 2 '' 1 passthru | configure
	daemon
	eventually is_attached vm1
	[ "$(with_address_of 1)" = 1 ]
	run ! log_has "can't be attached"
}

@test "existing VFs are not created again" {
	echo 1 >"$PCI/sriov_numvfs"
	eventually vf_is_made 0
	vfs 3 '' 1 | configure
	daemon
	eventually is_attached vm1
	eventually log_has "pf has 1 VFs already, not the 3 of pool 'fast'"
	[ "$(cat "$PCI/sriov_numvfs")" = 1 ]
}
