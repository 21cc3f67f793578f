# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A machine with Secure Boot: Debian's firmware with Microsoft's keys starts the
# image's own shim, GRUB and kernel, all unmodified.  The caller has sourced
# ../vm/lib.sh, ../vm/apt.sh and roots.sh.

FIRMWARE=$CACHE/ovmf

# What mokutil --import names as the owner of a key (shim's GUID)
SHIM_GUID=605dab50-e046-4300-abb6-3dd810dd8b23

# Debian 13's firmware, and its program that edits the firmware's variables
secure_prepare() {
	local tmp

	install_packages python3-cryptography openssl
	[ ! -e "$FIRMWARE/complete" ] || return 0
	say "unpacking Debian 13's UEFI firmware below $FIRMWARE"
	tmp=$(mktemp -d "$CACHE/tmp.XXXXXX")
	mkdir "$tmp/root"
	(
		apt_of trixie "$tmp/apt"
		apt_update
		cd "$tmp" && unpack root ovmf python3-virt-firmware \
			python3-importlib-resources python3-pefile
	) || return
	rm -rf "$tmp"/root/usr/share/{doc,man} "$FIRMWARE"
	touch "$tmp/root/complete"
	mv -T "$tmp/root" "$FIRMWARE"
	rm -rf "$tmp"
}

# secure_variables ARGUMENT... - edit or print the firmware's variables, as
# virt-fw-vars does
secure_variables() {
	PYTHONPATH=$FIRMWARE/usr/lib/python3/dist-packages \
		/usr/bin/python3 -m virt.firmware.vars "$@"
}

# secure_take ROOT DIR [CERTIFICATE]... - make DIR/variables, and copy the programs
# that the firmware starts from the root of an image.  The certificates of the
# root become machine-owner keys.
secure_take() {
	local shim=$1/usr/lib/shim/shimx64.efi.signed root=$1 dir=$2 mok pem
	local grub=$1/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed
	local -a keys=()

	shift 2
	if [ ! -e "$shim" ] || [ ! -e "$grub" ]; then
		say "the image needs the packages shim-signed and" \
			"grub-efi-amd64-signed"
		return 1
	fi
	rm -rf "$dir/esp"
	mkdir -p "$dir/esp/EFI/BOOT" "$dir/esp/EFI/debian" || return
	cp "$shim" "$dir/esp/EFI/BOOT/BOOTX64.EFI" || return
	cp "$grub" "$dir/esp/EFI/BOOT/grubx64.efi" || return
	cp "$FIRMWARE/usr/share/OVMF/OVMF_VARS_4M.ms.fd" "$dir/variables" ||
		return
	[ $# -gt 0 ] || return 0
	for mok; do
		pem=$dir/mok.${#keys[@]}.pem
		openssl x509 -inform DER -in "$root/$mok" -out "$pem" || return
		keys+=(--add-mok "$SHIM_GUID" "$pem")
	done
	secure_variables --inplace "$dir/variables" "${keys[@]}" \
		2>"$dir/variables.log" || {
			cat "$dir/variables.log" >&2
			return 1
		}
}

# secure_boot_files DIR COMMAND-LINE - add the kernel to what the firmware starts
secure_boot_files() {
	local dir=$1

	mv "$dir/vmlinuz" "$dir/initrd" "$dir/esp"
	cat >"$dir/esp/EFI/debian/grub.cfg" <<-CONFIG
	linux /vmlinuz $2
	initrd /initrd
	boot
	CONFIG
}

# secure_machine DIR - set secure_machine, QEMU's options for the firmware and
# for a disk with what it starts.  Only code in SMM can write its variables.
secure_machine() {
	# shellcheck disable=SC2034,SC2054	# The caller's; QEMU's commas.
	secure_machine=(
		-M "q35,smm=on"
		-global driver=cfi.pflash01,property=secure,value=on
		-drive if=pflash,format=raw,unit=0,readonly=on,file="$FIRMWARE/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
		-drive if=pflash,format=raw,unit=1,file="$1/variables"
		-drive if=none,id=esp,format=raw,readonly=on,file="fat:$1/esp"
		-device virtio-blk-pci,drive=esp,bootindex=0
	)
}
