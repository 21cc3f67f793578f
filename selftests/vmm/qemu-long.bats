#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# A newer QEMU than Debian 12's opens a port's node by the port's name
# (Documentation/howto-qemu.md).  vm-timeout: 600
#
# The test runs in the initial network namespace, because only there a port's
# node has the name that QEMU looks for.
#
# shellcheck disable=SC2154

load ../bats/command.bash

setup() {
	set +o functrace	# see command.bash
	# shellcheck disable=SC1091
	. "$STABLETAP_TOP/selftests/vm/lib.sh"
	"$BIN" add qv1 queues 2
}

teardown() {
	[ -z "${QEMU:-}" ] || kill -KILL "$QEMU"
	wait
	"$BIN" del qv1 force
}

queues_are_open() {
	[ "$("$BIN" -j show qv1 | jq '.ports[0].open_queues')" = "$1" ]
}

@test "QEMU 10 opens a port by its name, and as many queues as it is told" {
	newer_qemu
	"${newer_qemu[@]}" -M pc -accel tcg -S -m 32 -nodefaults -display none \
		-netdev tap,id=n0,ifname=qv1,script=no,downscript=no,queues=2 \
		-device virtio-net-pci,netdev=n0,mq=on,romfile= \
		3>&- &
	QEMU=$!
	eventually queues_are_open 2
}
