#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# packages: qemu-system-x86 ipxe-qemu seabios
#
# After install.bats, in a machine that has booted a kernel which was installed
# after the packages.

load machine.bash

@test "the kernel is the second one, and dkms has built the module for both" {
	local release

	[ "$(compgen -G '/lib/modules/*/build' | wc -l)" = 2 ]
	for release in /lib/modules/*; do
		[[ $(dkms status stabletap) == *"${release##*/}"*installed* ]]
	done
	[ "$(cd /lib/modules && printf '%s\n' * | sort -V | tail -n 1)" = \
		"$(uname -r)" ]
}

@test "a module that is missing after a kernel upgrade is built as the page says" {
	dkms remove "stabletap/$(cat /sys/module/stabletap/version)" -k "$(uname -r)"
	not modinfo stabletap
	stabletap doctor | grep -q 'module-not-installed'
	page / troubleshooting 3
	modinfo stabletap
	answers
}
