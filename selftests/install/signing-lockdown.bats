#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that is locked down, without Secure Boot: it takes no machine-owner
# keys, and refuses the module with another error.  The image is that of
# signing.bats.
#
#	boot --append lockdown=integrity IMAGE DIR

load machine.bash
load signing.bash

@test "the kernel is locked down, without Secure Boot" {
	grep -F '[integrity]' /sys/kernel/security/lockdown
	[ "$(cat /sys/module/module/parameters/sig_enforce)" = N ]
	[ ! -e /sys/firmware/efi ]
	not grep -F 'DKMS module signing key' /proc/keys
}

@test "the module of DKMS is refused, and stabletap add says so" {
	[ "$(modinfo -F signer stabletap)" = "DKMS module signing key" ]
	run modprobe stabletap
	[[ $output == *"Operation not permitted"* ]]
	run stabletap add vm9
	echo "$output"
	[ "$status" = 1 ]
	not is_loaded
	[[ $output == *"can't load the module"*"Operation not permitted"* ]]
	[[ $output == *"hint: 'stabletap doctor'"* ]]
}

@test "the doctor names the lock-down and the key" {
	run stabletap doctor
	echo "$output"
	[ "$status" = 1 ]
	[[ ${lines[0]} == *"DKMS module signing key"*"locked down"*"Operation not permitted"* ]]
	[[ ${lines[0]} == *"[module-key-not-enrolled]" ]]
}

@test "if modprobe.d forbids the module, the command and the doctor say so" {
	local conf=/etc/modprobe.d/stabletap-test.conf

	echo "blacklist stabletap" >$conf
	run stabletap add vm9
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"can't load the module: modprobe.d"*"Operation not permitted"* ]]
	run stabletap doctor
	echo "$output"
	[[ $output == *"$conf"*"[module-blacklisted]"* ]]
	rm $conf
}
