# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Shared by signing-refused.bats and signing.bats: the installed module's file,
# and its signatures.  /root/dkms.ko is the file as DKMS has installed it.

module_file() {
	modinfo -n stabletap
}

# edit_module COMMAND... - run a command on the module's file, unpacked
edit_module() {
	local file

	file=$(module_file)
	[[ $file != *.xz ]] || unxz "$file"
	"$@" "${file%.xz}"
	[[ $file != *.xz ]] ||
		xz --check=crc32 --lzma2=dict=1MiB "${file%.xz}"
}

# Remove the signature, which is behind the end of the ELF file.
unsign_module() {
	edit_module objcopy
	not has_signature
}

# xz passes on what is not compressed.
has_signature() {
	xz -dcf "$(module_file)" | tail -c 28 |
		grep -q '^~Module signature appended~$'
}

restore_module() {
	cp /root/dkms.ko "$(module_file)"
}

# The command can't load the module, and says why, and what helps.
add_is_refused() {
	run stabletap add vm9
	echo "$output"
	[ "$status" = 1 ]
	not is_loaded
	[[ $output == *"can't load the module"*"signed"*"Key was rejected by service"* ]]
	[[ $output == *"hint: 'stabletap doctor'"* ]]
}

# doctor_finds ID WORDS - the first fault, with these words.  A port that can't be
# made is another one.
doctor_finds() {
	run stabletap doctor
	echo "$output"
	[ "$status" = 1 ]
	[[ ${lines[0]} == "error: "*"$2"*"Key was rejected by service"*"[$1]" ]]
	[[ ${lines[1]} == *"remedy: "*"mokutil --import /var/lib/dkms/mok.pub"* ]]
}
