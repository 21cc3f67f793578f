#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Secure Boot, and a host whose owner has not enrolled the key of DKMS: the module
# is refused, and everything that needs it says what to do.  The image is that of
# signing.bats.
#
#	boot --secure IMAGE DIR
#
# signing.bats comes next, in another boot of the same image.

load machine.bash
load signing.bash

@test "Secure Boot is on, and the kernel wants signatures" {
	[ "$(mokutil --sb-state)" = "SecureBoot enabled" ]
	grep -F '[integrity]' /sys/kernel/security/lockdown
	[ "$(cat /sys/module/module/parameters/sig_enforce)" = Y ]
	[ -z "$(systemctl --failed --no-legend)" ]
}

@test "DKMS has signed the module with a key that it made" {
	cp "$(module_file)" /root/dkms.ko
	has_signature
	run page / signing 1
	[ "$status" = 0 ]
	[ "$output" = "DKMS module signing key" ]
	[ "$(stat -c %a /var/lib/dkms/mok.key)" = 600 ]
}

@test "the module is refused, at boot and by modprobe" {
	not is_loaded
	run modprobe stabletap
	echo "$output"
	[ "$status" != 0 ]
	[[ $output == *"Key was rejected by service"* ]]
	not ip link add vm9 type stabletap
}

@test "stabletap add says that the kernel does not trust the key" {
	add_is_refused
}

@test "the doctor names the key and the remedy" {
	doctor_finds module-key-not-enrolled "'DKMS module signing key'"
}

@test "the service keeps running, and its journal says what to do" {
	configure_port
	systemctl reload stabletapd
	DEADLINE=60 eventually journal_has "the module is not loaded"
	journal_has "'modprobe stabletap'"
	journal_has "'stabletap doctor' says why"
	[ "$(systemctl is-active stabletapd)" = active ]
	run stabletap status
	echo "$output"
	[[ $output == *"the module is not loaded"* ]]
}

journal_has() {
	journalctl -q -b -u stabletapd | grep -F "$1"
}

@test "an unsigned module is refused as well, with other advice" {
	unsign_module
	add_is_refused
	doctor_finds module-not-signed "is not signed"
}

@test "a signature by hand, of a key that is not enrolled, is refused" {
	page / signing 4
	[ "$(stat -c %a /root/module-key/key.pem)" = 600 ]
	page / signing 5
	has_signature
	add_is_refused
	doctor_finds module-key-not-enrolled "'module key of machine'"
	restore_module
}

@test "mokutil takes the request to enroll the key of DKMS" {
	run page / signing 3
	[ "$status" = 0 ]
	[ "$output" = "/var/lib/dkms/mok.pub is not enrolled" ]
	# It reads the password twice.
	printf '%s\n' secret12 secret12 >/run/password
	page / signing 2 </run/password
	mokutil --list-new
	[[ $(mokutil --list-new) == *"Subject: CN=DKMS module signing key"* ]]
	run mokutil --test-key /var/lib/dkms/mok.pub
	[ "$output" = "/var/lib/dkms/mok.pub is already in the enrollment request" ]
	mokutil --revoke-import
}

@test "signatures are wanted until the kernel is booted again" {
	not sh -c 'echo N >/sys/module/module/parameters/sig_enforce'
	not sh -c 'echo none >/sys/kernel/security/lockdown'
	add_is_refused
}
