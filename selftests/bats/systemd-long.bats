#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The tree that make install makes (build/root) under a real systemd, with its
# journal and its udev, in the unit's whole sandbox.  vm-timeout: 1800
#
# systemd is process 1 of namespaces of its own for processes, mounts, control
# groups and host names; the network is the machine's:
#
#      vm1 ── sd0, or VLAN 5 on sd1            dummies
#      vm2 ── the device of a udev property
#
# The tests build on each other, because commands to systemd take long.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0

# Emulation is slow.
DEADLINE=60

# Units that are not needed here, or that would affect the whole machine
MASKED=(systemd-{udev-trigger,modules-load,sysctl,remount-fs,binfmt}.service
	systemd-{tmpfiles-setup,tmpfiles-setup-dev,sysusers}.service
	systemd-{journal-flush,update-utmp,random-seed,firstboot}.service
	systemd-{machine-id-commit,boot-system-token,pstore,hwdb-update}.service
	kmod-static-nodes.service ldconfig.service systemd-logind.service
	modprobe@{configfs,dm_mod,drm,efi_pstore,fuse,loop}.service
	sys-kernel-{config,debug,tracing}.mount sys-fs-fuse-connections.mount
	dev-{hugepages,mqueue}.mount proc-sys-fs-binfmt_misc.automount
	timers.target paths.target dbus.socket)

# Run a command in systemd's namespaces, with the installed files
sd() {
	nsenter -t "$INIT" -m -p -C -u -- env -i \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

eventually() {
	local end=$((SECONDS + DEADLINE))

	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			echo "# not within $DEADLINE s: $*" >&2
			return 1
		fi
		busybox usleep 100000
	done
}

# Print a property of the unit
property() {
	sd systemctl show -P "$1" stabletapd
}

# True if property $1 has value $2
has() {
	[ "$(property "$1")" = "$2" ]
}

# True if the journal has $1 (an extended regular expression) since this test
# began.  Further arguments are for journalctl.
told() {
	sd journalctl -q -o cat --since "@$BEGAN" "${@:2}" | grep -qE -- "$1"
}

# True if port $1 is on device $2
is_on() {
	[[ "$(sd stabletap status "$1" 2>&1)" == *" dev $2"* ]]
}

# Print the lower of port $1, and the number of its attaches
lower_of() {
	sd stabletap -j show "$1" |
		jq -r '.ports[0] | "\(.lower.ifname) \(.attaches)"'
}

is_restarted() {
	[ "$(property MainPID)" != "$1" ] && has SubState running &&
		sd stabletap status >/dev/null 2>&1
}

# Write the drop-in $1 for the unit from standard input.
drop_in() {
	sd mkdir -p /run/systemd/system/stabletapd.service.d
	sd tee "/run/systemd/system/stabletapd.service.d/$1.conf" >/dev/null
	sd systemctl daemon-reload
}

find_init() {
	INIT=$(pgrep -P "$UNSHARE")
}

start_systemd() {
	mkdir -p /run/cgroup2
	mountpoint -q /run/cgroup2 ||
		mount -t cgroup2 cgroup2 /run/cgroup2
	mkdir -p /run/cgroup2/systemd
	cat >"$BATS_FILE_TMPDIR/init" <<-'INIT'
		echo $$ >/run/cgroup2/systemd/cgroup.procs
		exec unshare --cgroup bash -c '
			mount -t tmpfs -o mode=1777 tmp /tmp
			mount -t tmpfs -o mode=755 run /run
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			mkdir -p /run/lock /run/systemd/system
			for unit; do
				ln -s /dev/null "/run/systemd/system/$unit"
			done
			# Every reload runs the generators, which takes seconds.
			mkdir -p /run/systemd/system-generators
			for unit in /lib/systemd/system-generators/*; do
				ln -s /dev/null "/run/systemd/system-generators/${unit##*/}"
			done
			exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
				/lib/systemd/systemd --system \
				--unit=basic.target --log-target=journal' - "$@"
	INIT
	unshare --pid --mount --uts --fork --kill-child --mount-proc \
		setsid bash "$BATS_FILE_TMPDIR/init" "${MASKED[@]}" \
		</dev/null >"$BATS_FILE_TMPDIR/console" 2>&1 3>&- &
	UNSHARE=$!
	eventually find_init
	export UNSHARE INIT
	eventually sd systemctl is-active --quiet basic.target 2>/dev/null
}

setup_file() {
	# A fresh root has an empty directory.
	systemd-id128 machine-id >/dev/null 2>&1 ||
		echo 0123456789abcdef0123456789abcdef >/etc/machine-id
	# make install would take a minute in the emulator.
	cp -a "$STABLETAP_TOP/build/root/." /
	cp -a "$STABLETAP_CACHE/networkmanager/." /
	ldconfig
	systemd-sysusers stabletap.conf
	# The user that QEMU runs as
	systemd-sysusers - <<<'u st-qemu 64055'
	mkdir -p /var/lib/prometheus/node-exporter
	start_systemd
	sd systemd-tmpfiles --create stabletap.conf
}

teardown_file() {
	local dev

	kill -KILL "$UNSHARE" || :
	wait "$UNSHARE" || :
	for dev in vm1 vm2 vm3 sd0 sd1; do
		ip link del $dev 2>/dev/null || :
	done
	rmmod e1000e 2>/dev/null || :
	rm -rf /dev/stabletap.d /etc/stabletap/*
	(cd "$STABLETAP_TOP/build/root" && find . -type f) | (cd / && xargs rm)
	rmdir /run/cgroup2/systemd/*/* /run/cgroup2/systemd/* \
		/run/cgroup2/systemd 2>/dev/null || :
	umount /run/cgroup2 || :
}

setup() {
	local dev

	set +o functrace	# see command.bash
	# Restore what an earlier test has removed and, after a failure, not
	# restored.
	for dev in sd0 sd1; do
		[ -e /sys/class/net/$dev ] || ip link add $dev type dummy
	done
	BEGAN=$(date +%s.%N)
}

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] || {
		sd journalctl -q -o short-monotonic -n 25 --no-pager
		sd systemctl status stabletapd --no-pager
	} 2>&1 | sed 's/^/# /'
	! sd test -e /run/systemd/network/90-all.network || stop_networkd
}

@test "the unit has no errors, and an exposure below 2.0" {
	run -0 sd systemd-analyze verify --man=no stabletapd.service
	[ -z "$output" ]
	# In tenths: 2.0 is too high.
	run -0 sd systemd-analyze security --threshold=19 --no-pager stabletapd
}

@test "udev accepts the rules and .link files" {
	BEGAN=0
	told "Using default interface naming scheme" -u systemd-udevd
	run ! told "stabletap" -u systemd-udevd
}

@test "the service is started when ready, and says how many ports are attached" {
	cat >/etc/stabletap/guests.conf <<-CONF
		[Daemon]
		MetricsFile=/var/lib/prometheus/node-exporter/stabletap.prom
		[Port vm1]
		MACAddress=52:54:00:01:02:03
		Candidate=sd0
		Candidate=name=sd1 vlan=5 create
		FailbackDelaySec=0
	CONF
	sd systemctl start stabletapd
	has Type notify
	has SubState running
	eventually is_on vm1 sd0
	eventually has StatusText "1 of 1 ports are attached"
	eventually grep -q vm1 /var/lib/prometheus/node-exporter/stabletap.prom
}

@test "when the service has started, all ports are made" {
	local i

	for ((i = 100; i < 200; i++)); do
		echo "[Port many$i]"
	done >/etc/stabletap/many.conf
	sd systemctl restart stabletapd
	[ -e /sys/class/net/many199 ]
	rm /etc/stabletap/many.conf
	sd systemctl reload stabletapd
	for ((i = 100; i < 200; i++)); do
		echo "link del many$i"
	done | ip -batch -
	eventually is_on vm1 sd0
}

@test "in its sandbox the daemon makes children and VLANs, replaces, and follows udev" {
	sd mkdir -p /run/udev/rules.d
	sd tee /run/udev/rules.d/90-test.rules >/dev/null <<-'RULE'
		SUBSYSTEM=="net", KERNEL=="sd2", ENV{ST_TEST}="yes"
	RULE
	sd udevadm control --reload
	cat >>/etc/stabletap/guests.conf <<-CONF
		[Port vm2]
		Candidate=property=ST_TEST=yes
	CONF
	sd systemctl reload stabletapd
	ip link del sd0
	eventually is_on vm1 sd1.5
	told "attached to sd1.5"
	run ! told "not by the daemon"
	ip link add sd0 type dummy
	eventually is_on vm1 sd0
	told "replaced from sd1.5 to sd0"
	ip link add sd2 type dummy
	eventually is_on vm2 sd2
}

@test "a port's lines are found in the journal by its name" {
	ip link del sd2
	eventually told "vm2: detached from sd2" STABLETAP_PORT=vm2
	run ! told "vm2" STABLETAP_PORT=vm1
}

@test "a unit can wait for the port's node, which is linked by its name" {
	[ "$(stat -L -c %t:%T /dev/stabletap.d/vm1)" = \
		"$(stat -c %t:%T "/dev/tap$(cat /sys/class/net/vm1/ifindex)")" ]
	eventually sd systemctl is-active --quiet dev-stabletap.d-vm1.device
}

@test "a reload prints the difference; with errors it fails, and changes nothing" {
	local pid

	pid=$(property MainPID)
	sed -i 's/^FailbackDelaySec=0/FailbackDelaySec=7/' \
		/etc/stabletap/guests.conf
	sd systemctl reload stabletapd
	eventually told 'vm1.*FailbackDelaySec'
	echo "Candidat=sd1" >>/etc/stabletap/guests.conf
	run ! sd systemctl reload stabletapd
	eventually told "guests.conf:[0-9]+: 'Candidat'"
	sed -i '/^Candidat=/d; s/^FailbackDelaySec=7/FailbackDelaySec=0/' \
		/etc/stabletap/guests.conf
	sd systemctl reload stabletapd
	has MainPID "$pid"
	has SubState running
}

@test "a restart with errors in a section leaves it out, and interrupts no port" {
	local before

	before=$(lower_of vm1)
	echo "Candidat=sd1" >>/etc/stabletap/guests.conf
	sd systemctl restart stabletapd
	eventually told "guests.conf:[0-9]+: 'Candidat'" -u stabletapd
	has SubState running
	[ "$(lower_of vm1)" = "$before" ]
	sed -i '/^Candidat=/d' /etc/stabletap/guests.conf
	sd systemctl reload stabletapd
	[ "$(lower_of vm1)" = "$before" ]
}

@test "a restart with a file that can't be read fails once, and interrupts no port" {
	local before

	before=$(lower_of vm1)
	ln -s /nowhere /etc/stabletap/zz.conf
	run ! sd systemctl restart stabletapd
	eventually told "zz.conf: can't be read" -u stabletapd
	has ActiveState failed
	has ExecMainStatus 78
	has NRestarts 0
	[ "$(lower_of vm1)" = "$before" ]
	rm /etc/stabletap/zz.conf
	sd systemctl start stabletapd
	has SubState running
	[ "$(lower_of vm1)" = "$before" ]
}

@test "a failure that is not in the configuration is retried without a limit" {
	sd systemctl stop stabletapd
	# As if another daemon were running
	exec 8>"/proc/$INIT/root/run/stabletap/stabletapd.lock"
	flock 8
	sd systemctl start --no-block stabletapd 8>&-
	# systemd's own limit is 5 in 10 s.
	has_restarted() { [ "$(property NRestarts)" -ge 6 ]; }
	eventually has_restarted
	exec 8>&-
	eventually has SubState running
	sd stabletap status
	# Reset the counters that the next tests compare.
	sd systemctl restart stabletapd
}

@test "hooks run in the sandbox, and can leave it by systemd-run" {
	cat >/usr/local/sbin/st-hook <<-'HOOK'
		#!/bin/sh
		echo "$STABLETAP_PORT $STABLETAP_EVENT $STABLETAP_TO" >/run/told
		touch /var/st-inside
		systemd-run --no-block --quiet --collect \
			--setenv=STABLETAP_PORT --setenv=STABLETAP_TO \
			sh -c 'echo "$STABLETAP_PORT $STABLETAP_TO" >/var/st-out'
	HOOK
	chmod +x /usr/local/sbin/st-hook
	sed -i '/^\[Port vm1\]/aHook=/usr/local/sbin/st-hook' \
		/etc/stabletap/guests.conf
	sd systemctl reload stabletapd
	ip link del sd0
	eventually grep -qx "vm1 sd1.5" /var/st-out
	sd grep -qx "vm1 attached sd1.5" /run/told
	[ ! -e /var/st-inside ]
	ip link add sd0 type dummy
	eventually is_on vm1 sd0
	sed -i '/^Hook=/d' /etc/stabletap/guests.conf
	sd systemctl reload stabletapd
	rm -f /usr/local/sbin/st-hook /var/st-out
}

@test "status is shown to members of group stabletap, and to no other user" {
	[ "$(sd stat -c '%U %G %a' /run/stabletap)" = "root stabletap 2755" ]
	run ! sd setpriv --reuid 1234 --regid 1234 --clear-groups \
		stabletap status
	[[ $output == *"member of group stabletap"* ]]
	run -0 sd setpriv --reuid 1234 --regid 1234 --groups stabletap \
		stabletap status vm1
	[[ $output == *"dev sd0"* ]]
	# Members may only query.
	run ! sd setpriv --reuid 1234 --regid 1234 --groups stabletap \
		stabletap pin vm1 sd1
	run ! sd setpriv --reuid 1234 --regid 1234 --groups stabletap \
		stabletap failback vm1
	[[ $output == *"only root"* ]]
	run -0 sd stabletap failback vm1
}

@test "completion knows the ports that stabletapd is to make, and what is pinned" {
	local offered

	offers() {
		# shellcheck disable=SC2016
		sd bash --norc -c '
			. /usr/share/bash-completion/bash_completion
			_completion_loader "$1"
			COMP_WORDS=("$@")
			COMP_CWORD=$(($# - 1))
			_$1
			echo "${COMPREPLY[@]}"' - "$@" 2>&1
	}
	[ "$(offers stabletap pin vm)" = "vm1 vm2" ]
	# In the kernel's order, with the existing VLANs
	offered=" $(offers stabletap pin vm1 sd) "
	[[ $offered == *" sd0 "* && $offered == *" sd1 "* ]]
	[ -z "$(offers stabletap unpin "")" ]
	sd stabletap pin vm1 sd0
	[ "$(offers stabletap unpin "")" = vm1 ]
	sd stabletap unpin vm1
}

@test "a daemon that is killed is started again, and changes nothing" {
	local before pid

	before=$(lower_of vm1)
	pid=$(property MainPID)
	sd systemctl kill -s KILL stabletapd
	eventually is_restarted "$pid"
	has NRestarts 1
	[ "$(lower_of vm1)" = "$before" ]
}

@test "the watchdog ends a daemon that hangs; its ports keep working" {
	local before pid

	drop_in watchdog <<-CONF
		[Service]
		WatchdogSec=8
	CONF
	sd systemctl restart stabletapd
	before=$(lower_of vm1)
	pid=$(property MainPID)
	sd kill -STOP "$pid"
	[ "$(lower_of vm1)" = "$before" ]
	eventually is_restarted "$pid"
	told "Watchdog timeout" -u stabletapd
	[ "$(lower_of vm1)" = "$before" ]
	sd rm /run/systemd/system/stabletapd.service.d/watchdog.conf
	sd systemctl daemon-reload
}

@test "a stop interrupts no port, and pins are kept" {
	local before

	sd stabletap pin vm1 sd1.5
	eventually is_on vm1 sd1.5
	before=$(lower_of vm1)
	sd systemctl stop stabletapd
	has ActiveState inactive
	[ "$(lower_of vm1)" = "$before" ]
	sd systemctl start stabletapd
	[[ $(sd stabletap status vm1) == *"dev sd1.5 pin sd1.5"* ]]
	sd systemctl restart stabletapd
	[[ $(sd stabletap status vm1) == *"dev sd1.5 pin sd1.5"* ]]
	[ "$(lower_of vm1)" = "$before" ]
	sd stabletap unpin vm1
	eventually is_on vm1 sd0
}

# Run QEMU as libvirt does: as a user of its own, with umask 002. $1: mode of
# the directory of its socket
start_qemu() {
	sd install -d -o st-qemu -g st-qemu -m "$1" /run/guests
	sd setpriv --reuid st-qemu --regid st-qemu --clear-groups sh -c '
		umask 002
		exec qemu-system-x86_64 -M none -nodefaults -display none \
			-qmp unix:/run/guests/vm1.qmp,server=on,wait=off
	' </dev/null >"$BATS_TEST_TMPDIR/qemu" 2>&1 3>&- &
	QEMU=$!
	eventually sd test -S /run/guests/vm1.qmp
}

@test "QMP sockets of other users are refused without the group or the capability" {
	sed -i '/^\[Port vm1\]/a\
		QMPSocket=/run/guests/vm1.qmp\
		QMPDevice=net0' /etc/stabletap/guests.conf
	start_qemu 0700
	sd systemctl reload stabletapd
	eventually told "vm1.qmp: Permission denied.*stabletapd\(8\)" \
		STABLETAP_PORT=vm1
	[[ $(sd stabletap status vm1) == *"QEMU monitor refused: "*"Permission denied"* ]]

	drop_in qmp <<-CONF
		[Service]
		CapabilityBoundingSet=CAP_DAC_OVERRIDE
	CONF
	sd systemctl restart stabletapd
	eventually told "QEMU's monitor listens" STABLETAP_PORT=vm1

	BEGAN=$(date +%s.%N)
	sd chmod 0750 /run/guests
	drop_in qmp <<-CONF
		[Service]
		SupplementaryGroups=st-qemu
	CONF
	sd systemctl restart stabletapd
	eventually told "QEMU's monitor listens" STABLETAP_PORT=vm1
	run -0 sd systemd-analyze security --threshold=19 --no-pager stabletapd

	kill "$QEMU"
	wait "$QEMU" || :
	sed -i '/QMP/d' /etc/stabletap/guests.conf
	sd rm /run/systemd/system/stabletapd.service.d/qmp.conf
	sd systemctl daemon-reload
	sd systemctl restart stabletapd
}

# True if systemd-networkd shows device $2 as $1 (configured or unmanaged)
is_by_networkd() {
	sd grep -qx "ADMIN_STATE=$1" \
		"/run/systemd/netif/links/$(cat "/sys/class/net/$2/ifindex")"
}

# True if the doctor names $1, whatever else it names
doctor_names() {
	[[ $(sd stabletap doctor) == *" [$1]"* ]]
}

# networkd's socket would start it again at the next link event.
stop_networkd() {
	sd rm /run/systemd/network/90-all.network
	sd systemctl stop systemd-networkd.socket systemd-networkd
}

@test "systemd-networkd leaves ports and children alone, even if a file matches all devices" {
	local child

	ip link add name sd3 link sd1 type macvlan mode bridge
	child=$(lower_of vm1)
	child=${child% *}
	sd mkdir -p /run/systemd/network
	sd tee /run/systemd/network/90-all.network >/dev/null <<-CONF
		[Match]
		Name=sd* vm* st*
		[Network]
		Address=192.0.2.1/24
	CONF
	sd systemctl start systemd-networkd
	eventually is_by_networkd configured sd0
	eventually is_by_networkd configured sd3
	is_by_networkd unmanaged vm1
	is_by_networkd unmanaged "$child"
	run ! told "stabletap" -u systemd-networkd
	run ! doctor_names networkd-manages
	# Without this project's file, networkd takes the port.
	sd ln -s /dev/null /run/systemd/network/05-stabletap.network
	sd systemctl restart systemd-networkd
	eventually doctor_names networkd-manages
	doctor_names network-file-masked
	sd rm /run/systemd/network/05-stabletap.network
	stop_networkd
	run ! doctor_names networkd-manages
	ip addr flush dev vm1
}

# Set NIC to the name of the removable card, if it is there and udev has named
# it.
find_nic() {
	local path

	for path in /sys/bus/pci/drivers/e1000e/0*/net/*; do
		NIC=${path##*/}
	done
	[ -n "$NIC" ] && [[ $NIC != eth* && $NIC != "*" ]]
}

@test "a card is found by its address each time it is plugged in; Wi-Fi is no candidate" {
	modprobe e1000e
	modprobe mac80211_hwsim radios=1
	eventually find_nic
	cat >>/etc/stabletap/guests.conf <<-CONF
		[Port vm3]
		Candidate=mac=$(cat "/sys/class/net/$NIC/address")
		Candidate=driver=mac80211_hwsim
		FailbackDelaySec=0
	CONF
	sd systemctl reload stabletapd
	eventually is_on vm3 "$NIC"

	echo 1 >"$(echo /sys/bus/pci/drivers/e1000e/0*)/remove"
	eventually told "vm3: detached from $NIC" STABLETAP_PORT=vm3
	told "wlan0 is a Wi-Fi device"
	[[ $(sd stabletap status vm3) == "vm3: detached"*"wlan0 (Wi-Fi, "* ]]

	echo 1 >/sys/bus/pci/rescan
	eventually find_nic
	eventually is_on vm3 "$NIC"
	rmmod mac80211_hwsim
}

start_networkmanager() {
	systemd-sysusers - <<<'u messagebus -'
	sd rm -f /run/systemd/system/dbus.socket
	sd systemctl daemon-reload
	sd systemctl start NetworkManager
	# The daemon waits until udev has processed a device.
	sd udevadm trigger --settle --subsystem-match=net --action=add
}

# True if NetworkManager shows device $1 in state $2
is_by_nm() {
	sd nmcli -t -f DEVICE,STATE device | grep -qFx "$1:$2"
}

state_is() {
	[[ "$(sd stabletap status "$1")" == "$1: $2"* ]]
}

@test "NetworkManager leaves ports and children alone, and shares its card" {
	local before child

	find_nic
	eventually is_on vm3 "$NIC"
	before=$(lower_of vm3)
	child=${before% *}
	ip link add name sd4 link sd1 type macvlan mode bridge
	ip link set sd4 up
	ip addr add 192.0.2.1/24 dev sd4
	ip addr add 192.0.2.2/24 dev vm3
	ip addr add 192.0.2.3/24 dev "$child"
	start_networkmanager
	sd nmcli connection add type ethernet ifname "$NIC" con-name for-guests \
		ipv4.method disabled ipv6.method disabled
	sd nmcli connection up for-guests
	eventually is_by_nm "$NIC" connected
	eventually is_by_nm sd4 "connected (externally)"
	is_by_nm vm3 unmanaged
	is_by_nm "$child" unmanaged
	run ! doctor_names networkmanager-manages
	sd nmcli device set vm3 managed yes
	eventually doctor_names networkmanager-manages
	sd nmcli device set vm3 managed no
	eventually is_by_nm vm3 unmanaged
	run ! doctor_names networkmanager-manages

	sd nmcli networking off
	eventually state_is vm3 lower-down
	sd nmcli networking on
	eventually state_is vm3 attached
	sd nmcli connection down for-guests
	sd nmcli device set "$NIC" managed no
	eventually is_by_nm "$NIC" unmanaged
	state_is vm3 attached
	[ "$(lower_of vm3)" = "$before" ]
	sd systemctl stop NetworkManager
	ip link del sd4
}
