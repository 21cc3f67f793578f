#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# syzkaller's descriptions of the module agree with the header. syzkaller's own
# compiler is not run here, because Debian has no package of it (see
# kfuzz/syzkaller/README.md).

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
DESCRIPTION=$TOP/selftests/kfuzz/syzkaller/dev_stabletap.txt

# compiles DESCRIPTION - true if the description's assertions hold
compiles() {
	"$BATS_TEST_DIRNAME/syzkaller-asserts" "$1" "$DESCRIPTION.const" \
		>"$BATS_TEST_TMPDIR/asserts.c"
	"${CC:-gcc}" -D_GNU_SOURCE -fsyntax-only -I"$TOP/include/uapi" \
		"$BATS_TEST_TMPDIR/asserts.c"
}

@test "syzkaller's constants and structs are the header's" {
	compiles "$DESCRIPTION"
	# Check that there are assertions.
	[ "$(grep -c offsetof "$BATS_TEST_TMPDIR/asserts.c")" -gt 60 ]
	[ "$(grep -c ULL "$BATS_TEST_TMPDIR/asserts.c")" -gt 20 ]
}

@test "a field that syzkaller has and the header has not is found" {
	sed 's/^\tlower_mtu\t/\tlower_too\t/' "$DESCRIPTION" \
		>"$BATS_TEST_TMPDIR/field.txt"
	run ! compiles "$BATS_TEST_TMPDIR/field.txt"
	sed '/^\tlower_mtu\t/d' "$DESCRIPTION" >"$BATS_TEST_TMPDIR/field.txt"
	run ! compiles "$BATS_TEST_TMPDIR/field.txt"
}

@test "every ioctl, flag and attribute of the header that can be given is described" {
	local name

	for name in $(sed -n 's/^#define \(STABLETAP_\(IOC\|CREATE\|ATTACH\|DELETE\|SET\)_[A-Z_]*\)\t.*/\1/p' \
		      "$TOP/include/uapi/linux/stabletap.h"; sed -n \
		      's/^\t\(IFLA_STABLETAP_[A-Z_]*\),.*rw.*/\1/p' \
		      "$TOP/include/uapi/linux/stabletap.h"); do
		case $name in
		# Not an ioctl; read-only
		STABLETAP_IOC_TYPE|STABLETAP_ATTACH_INCOMPLETE)	continue ;;
		esac
		grep -qw "$name" "$DESCRIPTION" ||
			{ echo "$name is missing"; return 1; }
	done
}
