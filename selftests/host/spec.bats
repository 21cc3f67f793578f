#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The YNL spec of the rtnetlink attributes is valid by the kernel's schema, and
# agrees with the header. ../bats/ynl.bats tests its use.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
CHECK=$BATS_TEST_DIRNAME/check-spec
SPEC=$TOP/Documentation/netlink/specs/stabletap.yaml
HEADER=$TOP/include/uapi/linux/stabletap.h
SCHEMA=${STABLETAP_CACHE:-/var/cache/stabletap}/ynl/lib/netlink-raw.yaml

# changed FILE SCRIPT - make a copy of FILE, edited by sed
changed() {
	sed "$2" "$1" >"$BATS_TEST_TMPDIR/changed"
	run -1 cmp -s "$1" "$BATS_TEST_TMPDIR/changed"
}

@test "the spec is valid by the kernel's schema" {
	"$CHECK" schema "$SCHEMA" "$SPEC"
}

@test "the spec and the header have the same names and numbers" {
	"$CHECK" header "$HEADER" "$SPEC"
}

@test "the spec's check finds a key that the schema does not know" {
	changed "$SPEC" 's/nested-attributes/nested-atributes/'
	run ! "$CHECK" schema "$SCHEMA" "$BATS_TEST_TMPDIR/changed"
}

@test "the spec's check finds what the header has and the spec lacks" {
	changed "$HEADER" 's/^\tIFLA_STABLETAP_PAD,/\tIFLA_STABLETAP_NEW,\n&/'
	run ! "$CHECK" header "$BATS_TEST_TMPDIR/changed" "$SPEC"
	[[ $output == *IFLA_STABLETAP_NEW* ]]
}

@test "the spec's check finds what the spec has and the header lacks" {
	changed "$SPEC" 's/name: rx-nomem/name: rx-nothing/'
	run ! "$CHECK" header "$HEADER" "$BATS_TEST_TMPDIR/changed"
	[[ $output == *STABLETAP_XSTATS_RX_NOTHING* ]]
}

@test "the spec's check finds another number" {
	changed "$HEADER" 's/STABLETAP_REASON_ASKED = 1/STABLETAP_REASON_ASKED = 9/'
	run ! "$CHECK" header "$BATS_TEST_TMPDIR/changed" "$SPEC"
	[[ $output == *STABLETAP_REASON_ASKED* ]]
}
