#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# stabletapd under valgrind, in all of its activities: devices appear and
# disappear, the configuration changes, QEMU and hooks are notified.
# vm-timeout: 600
#
#     vm1                vm2          ports
#      │                  │
#     v0, else d0      d1.7 on d1     devices (command.bash)
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load daemon.bash

qemu() {
	qemu-system-x86_64 -M pc -accel tcg -S -m 32 -nodefaults -display none \
		-netdev hubport,hubid=0,id=hub0 \
		-device virtio-net-pci,id=net0,netdev=hub0,romfile= \
		-qmp "unix:$1,server=on,wait=off" 3>&- >/dev/null 2>&1 &
	background+=($!)
}

is_attached() {
	[ "$(of "$1" state 2>/dev/null)" = attached ]
}

# $1: the configuration, to which a port is added
steps_of_valgrind() {
	eventually is_on vm1 v0
	eventually log_has "QEMU's monitor listens"
	ip link set v1 down
	eventually is_on vm1 d0
	ip link del d0
	eventually is_detached vm1
	eventually log_has "the guest's link is set down"
	configure <<<"$1[Port vm2]
Candidate=d1 vlan=7 create
AttachMode=private"
	kill -HUP "$DAEMON"
	eventually is_attached vm2
	ip link set v1 up
	eventually is_on vm1 v0
	eventually grep -q "vm1 attached" "$BATS_TEST_TMPDIR/told"
	stabletap del vm2 force
	eventually log_has "vm2: deleted"
	run -0 stabletap status
	run -0 stabletap events
}

@test "valgrind finds no error" {
	local status=0 conf="[Port vm1]
Candidate=v0
Candidate=d0
FailbackDelaySec=0
QMPSocket=$BATS_TEST_TMPDIR/qmp
QMPDevice=net0
GuestLinkDownSec=0
Hook=$BATS_TEST_TMPDIR/hook
"
	DEADLINE=150
	printf '#!/bin/sh\necho "$STABLETAP_PORT $STABLETAP_EVENT" >>%s\n' \
		"$BATS_TEST_TMPDIR/told" >"$BATS_TEST_TMPDIR/hook"
	chmod +x "$BATS_TEST_TMPDIR/hook"
	qemu "$BATS_TEST_TMPDIR/qmp"
	configure <<<"$conf"
	daemon valgrind -q --vgdb=no --error-exitcode=99 --leak-check=full \
		--log-file="$BATS_TEST_TMPDIR/valgrind"
	steps_of_valgrind "$conf"
	kill -TERM "$DAEMON"
	wait "$DAEMON" || status=$?
	# valgrind warns about ioctls and system calls that it does not know.
	cat "$BATS_TEST_TMPDIR/valgrind"
	[ $status = 0 ]
}
