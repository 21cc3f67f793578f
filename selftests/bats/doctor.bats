#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# stabletap doctor names each fault that a test makes, and no other; on a healthy
# machine it names nothing.  vm-timeout: 1800
#
# The topology is that of daemon.bats.  The doctor works in a mount namespace of
# the test's own, the room, where the module is installed; a test changes files
# only there.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

setup_file() {
	local name release

	rm -rf /run/stabletap
	release=$(uname -r)
	export MODULES=$BATS_FILE_TMPDIR/modules
	mkdir "$MODULES"
	for name in tap macvlan; do
		cp "$(modinfo -n $name)" "$MODULES"
	done
	cp "$STABLETAP_KO" "$MODULES/stabletap.ko"
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$1" "/lib/modules/$2" &&
		depmod "$2" 2>/dev/null' - "$MODULES" "$release"
	[ -s "$MODULES/modules.dep" ]
}

# Directories that are empty in the room
EMPTY=(/etc/stabletap /etc/modprobe.d /etc/udev/rules.d /etc/systemd/network
	/run/systemd /run/udev /run/NetworkManager /var/lib/dkms)

setup() {
	setup_scene
	mkdir -p "${EMPTY[@]}"
	# shellcheck disable=SC2016
	nsenter --net="/run/netns/$NS" -- unshare -m bash -c '
		mount -t tmpfs none "/lib/modules/$1" &&
		cp "$2"/* "/lib/modules/$1" && mount -t sysfs none /sys &&
		{ mount -t securityfs none /sys/kernel/security || :; } &&
		for dir in "${@:4}"; do
			mount -t tmpfs none "$dir"
		done && touch "$3" && exec sleep infinity' - \
		"$(uname -r)" "$MODULES" "$BATS_TEST_TMPDIR/ready" "${EMPTY[@]}" \
		3>&- &
	ROOM=$!
	background+=("$ROOM")
	eventually test -e "$BATS_TEST_TMPDIR/ready"
}

# Run a command in the room
room() {
	nsenter -t "$ROOM" -m --net="/run/netns/$NS" -- "$@"
}

# Write file $1 in the room from standard input
put() {
	room mkdir -p "${1%/*}"
	room tee "$1" >/dev/null
}

# Does the doctor exit with status $1 and name the findings $2..., and no other?
names() {
	local wanted found

	run "-$1" room "$BIN" doctor
	wanted=$(printf '%s\n' "${@:2}" | sort -u)
	found=$(sed -n 's/^\(error\|warning\): .* \[\([a-z-]*\)\]$/\2/p' \
		<<<"$output" | sort -u)
	[ "$found" = "$wanted" ] || { echo "# $output" >&2; return 1; }
}

names_nothing() {
	names 0
	[ "$output" = "nothing found" ]
}

unload() {
	eventually rmmod stabletap
}

reload() {
	unload 2>/dev/null || :
	insmod "$STABLETAP_KO"
}

teardown() {
	[ -d /sys/module/stabletap ] || insmod "$STABLETAP_KO"
	teardown_scene
	rm -rf /run/stabletap/override
}

# A process with the name of QEMU's that has port $1 open; $2...: words of exec
guest() {
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/qemu-system-x86_64"
	"$BIN" -n "$NS" exec "$@" -- "$BATS_TEST_TMPDIR/qemu-system-x86_64" 1000 \
		3>&- </dev/null >/dev/null 2>&1 &
	background+=("$!")
	eventually grep -qx qemu-system-x86 "/proc/$!/comm"
}

healthy_machine() {
	names_nothing
	stabletap add vm1
	names_nothing
	stabletap attach vm1 dev d0
	names_nothing
	stabletap attach vm1 dev v0 mode direct replace
	names_nothing
	configure <<<'[Port vm2]
Candidate=d1'
	daemon
	eventually is_on vm2 d1
	names_nothing
	room "$BIN" -j doctor | jq -e '.version == 1 and .findings == [] and
		.unchecked == []'
}

@test "before all faults, the doctor names nothing on a healthy machine" {
	healthy_machine
}

@test "a module that is not loaded, but can be, is no fault" {
	unload
	names_nothing
	[ ! -d /sys/module/stabletap ]
}

# ---- the module ----

@test "a module that is not built: headers, DKMS's log, index" {
	local dir

	dir=/lib/modules/$(uname -r)
	unload
	room rm "$dir/stabletap.ko"
	room depmod
	names 1 headers-missing
	room mkdir -p "$dir/build"
	room touch "$dir/build/Makefile"
	names 1 module-not-built
	put /var/lib/dkms/stabletap/0.1.0/build/make.log <<-LOG
		DKMS make.log for stabletap-0.1.0 for kernel $(uname -r) (x86_64)
		make: Entering directory
		port.c:1:2: error: too new
		make: *** [all] Error 2
	LOG
	names 1 module-build-failed
	[[ $output == *'"port.c:1:2: error: too new" (/var/lib/dkms/stabletap/0.1.0/build/make.log)'* ]]
	room cp "$MODULES/stabletap.ko" "$dir"
	names 1 module-not-indexed
	room depmod
	names_nothing
}

@test "a module that modprobe must not load" {
	unload
	put /etc/modprobe.d/local.conf <<<'blacklist stabletap'
	names 1 module-blacklisted
	run room "$BIN" add vm1
	[ "$status" = 1 ]
	[ ! -d /sys/module/stabletap ]
	room rm /etc/modprobe.d/local.conf
	names_nothing
	# The doctor was right in both cases.
	room "$BIN" add vm1
	[ -d /sys/module/stabletap ]
	room "$BIN" del vm1
}

@test "a module without a signature, or signed with a key that the kernel has not" {
	local dir key=$BATS_TEST_TMPDIR/key

	dir=/lib/modules/$(uname -r)
	unload
	echo Y >"$BATS_TEST_TMPDIR/enforced"
	# To set it would be for good.
	room mount --bind "$BATS_TEST_TMPDIR/enforced" \
		/sys/module/module/parameters/sig_enforce
	names 1 module-not-signed
	openssl req -new -x509 -newkey rsa:2048 -nodes -subj '/CN=Nobody/' \
		-keyout "$key" -out "$key.pem" 2>/dev/null
	cp "$MODULES/stabletap.ko" "$key.ko"
	openssl cms -sign -binary -noattr -nocerts -signer "$key.pem" \
		-inkey "$key" -md sha256 -outform DER -in "$key.ko" \
		-out "$key.sig"
	# struct module_signature: PKCS#7, and the length of the signature
	{
		cat "$key.sig"
		printf '\0\0\2\0\0\0\0\0'
		printf "%08x" "$(stat -c %s "$key.sig")" | xxd -r -p
		echo '~Module signature appended~'
	} >>"$key.ko"
	room cp "$key.ko" "$dir/stabletap.ko"
	names 1 module-key-not-enrolled
	[[ $output == *"signed by 'Nobody'"* ]]
	cp /proc/keys "$BATS_TEST_TMPDIR/keys"
	echo '12345678 I------     1 perm 1f030000     0     0 asymmetri Nobody: 12ab: X509.rsa 12ab []' \
		>>"$BATS_TEST_TMPDIR/keys"
	room mount --bind "$BATS_TEST_TMPDIR/keys" /proc/keys
	names_nothing
}

@test "a loaded module of another release, and one that is not the installed one" {
	local version dir

	dir=/lib/modules/$(uname -r)
	version=$(modinfo -F version "$STABLETAP_KO")
	LC_ALL=C sed "s/${version//./\\.}/9${version#?}/g" "$STABLETAP_KO" \
		>"$BATS_TEST_TMPDIR/stabletap.ko"
	unload
	insmod "$BATS_TEST_TMPDIR/stabletap.ko"
	names 3 module-other-release
	reload
	names_nothing
	room sed -i "s/srcversion=[0-9A-F]*/srcversion=ABCDEF0123456789ABCDEF0/" \
		"$dir/stabletap.ko"
	names 3 module-outdated
	room rm "$dir/stabletap.ko"
	room depmod
	names 3 module-not-installed
}

@test "a control device that is missing, another's, or refused by a control group" {
	local rules=/run/doctor-cgroup

	mv /dev/stabletap /dev/stabletap.gone
	names 1 control-missing
	mv /dev/stabletap.gone /dev/stabletap
	room mount --bind /dev/null /dev/stabletap
	names 1 control-foreign
	room umount /dev/stabletap
	names_nothing
	mkdir -p $rules
	mount -t cgroup -o devices none $rules ||
		skip "this kernel has no cgroup v1 of devices"
	mkdir -p $rules/strict
	echo "c $(cat /sys/class/misc/stabletap/dev) rwm" \
		>$rules/strict/devices.deny
	run -1 bash -c 'echo $$ >"$1/strict/cgroup.procs" &&
		exec nsenter -t "$2" -m --net="$3" -- "$4" doctor' - \
		$rules "$ROOM" "/run/netns/$NS" "$BIN"
	[[ $output == *"[control-refused]"* ]]
	rmdir $rules/strict
	umount $rules
	names_nothing
}

# ---- ports ----

@test "a port that is down" {
	stabletap add vm1 down
	names 3 port-down
	[[ $output == "warning: vm1: "*"remedy: stabletap set vm1 up"* ]]
	stabletap set vm1 up
	names_nothing
}

@test "a node that is missing, and one that is a container's macvtap" {
	local node

	stabletap add vm1
	node=$(of vm1 node)
	mv "$node" "$node.gone"
	names 1 node-missing
	mv "$node.gone" "$node"
	names_nothing
	# An ifindex belongs to its namespace, /dev to all.
	ip link add link d0 name mt0 index 47110 type macvtap
	command ip link add vm9 index 47110 type stabletap
	command ip link set vm9 up
	run -1 nsenter -t "$ROOM" -m -- "$BIN" doctor
	command ip link del vm9
	[[ $output == "error: vm9: /dev/tap47110 is not the port's node ("* ]]
	[[ $output == *", of network device mt0 in another namespace [node-foreign]"* ]]
	names_nothing
}

@test "a lower that is down, without carrier, too small, or the host's" {
	stabletap add vm1
	stabletap attach vm1 dev v0 mode direct
	names_nothing
	ip link set v1 down
	names 3 lower-without-carrier
	ip link set v0 down
	names 3 lower-down
	[[ $output == *"remedy: ip link set v0 up"* ]]
	ip link set v1 up
	ip link set v0 up mtu 1400
	names 3 lower-mtu
	ip link set v0 mtu 1500
	ip addr add 192.0.2.1/24 dev v0
	names 3 lower-has-addresses
	ip addr flush dev v0
	names_nothing
	# A child's parent
	stabletap attach vm1 dev d0 replace
	ip link set d0 down
	names 3 lower-down
	[[ $output == *"d0, which carries"* ]]
}

@test "a bridge that filters VLANs and gives untagged frames none" {
	ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0
	ip link set br0 up
	ip link set d1 master br0
	stabletap add vm1
	stabletap attach vm1 dev br0
	names 3 bridge-vlan-filter
	room bridge vlan add dev br0 vid 5 pvid untagged self
	names_nothing
	room bridge vlan del dev br0 vid 5 self
	ip link set br0 type bridge vlan_filtering 0
	names_nothing
}

@test "a guest that runs on a detached port" {
	stabletap add vm1
	hold vm1
	names 3 port-detached
	stabletap attach vm1 dev v0
	names_nothing
	ip link del v0
	names 3 port-detached
	[[ $output == *lower-gone* ]]
}

@test "a guest without vhost-net, and a machine without it" {
	stabletap add vm1
	stabletap attach vm1 dev d0
	# Another test may have loaded it, and then it stays in use for a moment.
	eventually sh -c 'modprobe -r vhost_net; ! [ -e /sys/module/vhost_net ]'
	rm -f /dev/vhost-net
	guest vm1
	names 3 vhost-missing
	modprobe vhost_net
	names 3 guest-without-vhost
	[[ $output == *"qemu-system-x86 (pid "* ]]
	kill -KILL "${background[-1]}"
	eventually has_no_reader
	guest vm1 vhost
	names_nothing
}

has_no_reader() {
	[ "$(of vm1 open_queues)" = 0 ]
}

@test "AppArmor that refuses a guest the port's node" {
	local node

	room test -e /sys/kernel/security/apparmor/profiles ||
		skip "AppArmor is not in use"
	stabletap add vm1
	node=$(of vm1 node)
	echo 'libvirt-4711 (enforce)' >"$BATS_TEST_TMPDIR/profiles"
	room mount --bind "$BATS_TEST_TMPDIR/profiles" \
		/sys/kernel/security/apparmor/profiles
	names_nothing
	echo "audit: type=1400 apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"libvirt-4711\" name=\"$node\" pid=1 comm=\"qemu-system-x86\" requested_mask=\"wr\" denied_mask=\"wr\"" \
		>/dev/kmsg
	names 3 apparmor-denied
	[[ $output == *"libvirt-4711 has refused $node to qemu-system-x86"* ]]
	hold vm1
	stabletap attach vm1 dev d0
	names_nothing
}

# ---- the system ----

# As "make install" does
install_files() {
	local dir

	room mkdir -p /run/udev /usr/lib/udev/rules.d /usr/lib/systemd/network
	for dir in /usr/lib/udev/rules.d /usr/lib/systemd/network; do
		room mount -t tmpfs none $dir
	done
	room cp "$STABLETAP_TOP"/userspace/udev/*.rules /usr/lib/udev/rules.d
	room cp "$STABLETAP_TOP"/userspace/udev/*.link \
		"$STABLETAP_TOP"/userspace/network/*.network \
		/usr/lib/systemd/network
	room touch /run/udev/control
}

@test "udev's rule and .link files: missing, masked, overridden, an earlier one" {
	put /run/udev/control </dev/null
	room mkdir -p /usr/lib/udev/rules.d
	room mount -t tmpfs none /usr/lib/udev/rules.d
	names 3 udev-rule-missing link-file-missing
	install_files
	names_nothing
	put /etc/udev/rules.d/80-stabletap.rules <<<'# mine'
	names 3 udev-rule-overridden
	room ln -sf /dev/null /etc/udev/rules.d/80-stabletap.rules
	names 3 udev-rule-masked
	room rm /etc/udev/rules.d/80-stabletap.rules
	put /etc/systemd/network/80-stabletap.link <<<'[Match]'
	names 3 link-file-overridden
	room rm /etc/systemd/network/80-stabletap.link
	put /etc/systemd/network/10-all.link <<<'[Match]
OriginalName=*
[Link]
MACAddressPolicy=persistent'
	names 3 link-file-other
	[[ $output == *"udev applies /etc/systemd/network/10-all.link"* ]]
	room rm /etc/systemd/network/10-all.link
	names_nothing
}

@test "systemd-networkd or NetworkManager has taken a port, child or lower" {
	local name

	stabletap add vm1
	stabletap attach vm1 dev d0
	for name in systemd-networkd NetworkManager; do
		cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/$name"
		"$BATS_TEST_TMPDIR/$name" 1000 3>&- &
		background+=("$!")
	done
	put "/run/systemd/netif/links/$(of vm1 lower.ifindex)" <<<'# private
ADMIN_STATE=configuring
NETWORK_FILE=/etc/systemd/network/all.network'
	names 3 networkd-manages
	[[ $output == *"its child st"*"(state configuring, by /etc/systemd/network/all.network)"* ]]
	room rm -r /run/systemd/netif
	put "/run/NetworkManager/devices/$(of vm1 ifindex)" <<<'[device]
managed=true'
	names 3 networkmanager-manages
	room rm -r /run/NetworkManager/devices
	names_nothing
}

# ---- the daemon ----

@test "ports are configured, but stabletapd does not run, or can't" {
	put /etc/stabletap/guests.conf <<<'[Port vm1]
Candidate=d0'
	names 1 daemon-not-running
	put /etc/stabletap/guests.conf <<<'[Port vm1]
Candidate=d0
Bogus=1'
	names 1 daemon-not-running configuration-errors
	[[ $output == *"/etc/stabletap/guests.conf:3: "* ]]
	room mkdir -p /run/systemd/system
	names 1 daemon-not-running configuration-errors daemon-not-enabled
	room rm -r /etc/stabletap/guests.conf
	names_nothing
}

@test "stabletapd does not answer" {
	configure <<<''
	daemon
	names_nothing
	kill -STOP "$DAEMON"
	names 1 daemon-does-not-answer
	kill -CONT "$DAEMON"
	names_nothing
}

@test "what the daemon can't do: a section, a port, a device, a monitor" {
	deaf_socket STREAM "$BATS_TEST_TMPDIR/qmp"
	configure <<<"[Port vm1]
Candidate=nothing
[Port vm2]
Candidate=d0
QMPSocket=$BATS_TEST_TMPDIR/qmp
QMPDevice=net0
[Port vm3]
Candidate=
Bogus=1
[Port d1]
Candidate=d0"
	daemon
	eventually is_on vm2 d0
	eventually log_has "vm2: QMP socket .*does not greet"
	names 1 section-left-out port-missing port-without-device qmp-refused
	[[ $output == *"leaves out section [Port vm3]: "* ]]
	[[ $output == *"vm1: stabletapd has no device for the port: no device matches"* ]]
	[[ $output == *"vm2: stabletapd can't use QEMU's monitor"* ]]
	stabletap hold-off vm1
	names 1 section-left-out port-missing qmp-refused
	room "$BIN" -j doctor | "$STABLETAP_TOP/userspace/tests/validate" \
		"$STABLETAP_TOP/userspace/schema/stabletap.schema.json" doctor
}

@test "a configuration that was not loaded, and a pin that can't be met" {
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d0
	configure <<<'[Port vm1]
Candidate=d0
[Port vm2]
Candidate=d1'
	names 3 configuration-not-loaded
	[[ $output == "warning: vm2: "* ]]
	kill -HUP "$DAEMON"
	eventually is_on vm2 d1
	names_nothing
	stabletap pin vm1 d7 force
	names 3 pin-unmet
	stabletap unpin vm1
	eventually is_on vm1 d0
	names_nothing
}

# ---- in general ----

@test "without root, the doctor says what it could not check" {
	stabletap add vm1
	hold vm1
	stabletap attach vm1 dev d0
	run -0 room setpriv --reuid 65534 --regid 65534 --clear-groups "$BIN" doctor
	[[ $output == *"not checked: the guests: "* ]]
	[[ $output == *"nothing found"* ]]
	run -2 room "$BIN" doctor vm1
}

@test "after all faults, the doctor names nothing on a healthy machine" {
	healthy_machine
}
