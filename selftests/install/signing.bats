#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# packages: shim-signed grub-efi-amd64-signed mokutil keyutils openssl
#
# Secure Boot, and a host whose owner has enrolled the key of DKMS and one more.
# After signing-refused.bats, which has made this other key, in another boot of
# the same image:
#
#	boot --secure --mok /var/lib/dkms/mok.pub \
#		--mok /root/module-key/certificate.der IMAGE DIR

load machine.bash
load signing.bash

@test "Secure Boot is on, and the keys are enrolled" {
	[ "$(mokutil --sb-state)" = "SecureBoot enabled" ]
	grep -F '[integrity]' /sys/kernel/security/lockdown
	[ "$(cat /sys/module/module/parameters/sig_enforce)" = Y ]
	run mokutil --test-key /var/lib/dkms/mok.pub
	[ "$output" = "/var/lib/dkms/mok.pub is already enrolled" ]
	grep -F 'asymmetri DKMS module signing key: ' /proc/keys
	grep -F 'asymmetri module key of machine: ' /proc/keys
}

@test "the module of DKMS was loaded at boot, and the service has made its port" {
	is_loaded
	[ "$(modinfo -F signer stabletap)" = "DKMS module signing key" ]
	eventually stabletap show vm1
	systemctl stop stabletapd
	stabletap del vm1
}

@test "stabletap add loads the module of DKMS" {
	rmmod stabletap
	stabletap add vm9
	is_loaded
	stabletap del vm9
	rmmod stabletap
}

@test "the doctor finds nothing wrong with the module that is not loaded" {
	run stabletap doctor
	echo "$output"
	[[ $output != *"[module-"* ]]
	[[ $output != *"not checked: the module's signature"* ]]
}

@test "a module whose signature is gone is refused" {
	unsign_module
	add_is_refused
	doctor_finds module-not-signed "is not signed"
}

@test "a module that was signed by hand is loaded" {
	page / signing 5
	[ "$(modinfo -F signer stabletap)" = "module key of machine" ]
	stabletap add vm9
	is_loaded
	stabletap del vm9
	rmmod stabletap
}

@test "a module that was changed after it was signed is refused" {
	edit_module sed -i 's/license=GPL/license=gpl/'
	has_signature
	modinfo -F license stabletap | grep gpl
	run stabletap add vm9
	echo "$output"
	[ "$status" = 1 ]
	not is_loaded
	[[ $output == *"can't load the module"*"hint: 'stabletap doctor'"* ]]
}

# For example after the system was installed again
@test "the doctor tells a new key of DKMS from the enrolled one of the same name" {
	local dir=/var/lib/dkms

	mkdir -p /root/enrolled
	mv $dir/mok.key $dir/mok.pub /root/enrolled
	openssl req -new -x509 -newkey rsa:2048 -nodes -days 9 \
		-subj "/CN=DKMS module signing key/" -keyout $dir/mok.key \
		-outform DER -out $dir/mok.pub 2>/dev/null
	edit_module "/lib/modules/$(uname -r)/build/scripts/sign-file" sha256 \
		$dir/mok.key $dir/mok.pub
	[ "$(modinfo -F signer stabletap)" = "DKMS module signing key" ]
	add_is_refused
	doctor_finds module-key-not-enrolled "'DKMS module signing key'"
	mv /root/enrolled/* $dir
}

@test "DKMS installs the module that it has built and signed once more" {
	dkms install --force "stabletap/$(dpkg-query -W -f '${Version}' stabletap-dkms)"
	cmp "$(module_file)" /root/dkms.ko
	stabletap add vm9
	stabletap del vm9
	systemctl start stabletapd
	eventually stabletap show vm1
}
