#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# NEWS has the version of META, and the interfaces for programs are as recorded;
# check-release finds a change without the entry in NEWS, the new version, or
# the new number that it needs.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
CHECK=$BATS_TEST_DIRNAME/check-release
HEADER=include/uapi/linux/stabletap.h

# A tree with what the check reads: the real header, a library of two symbols, a
# version that is not released yet
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p include/uapi/linux userspace/lib
	cp "$TOP/$HEADER" include/uapi/linux
	echo 'Version: 1.2.0' >META
	news 'stabletap 1.2.0 (unreleased)' '- UAPI: first' \
		'- libstabletap: first'
	library 1 LIBSTABLETAP_1.2 one two
	echo 'LDFLAGS += -Wl,-soname,libstabletap.so.1' >userspace/Makefile
	"$CHECK" --record .
	"$CHECK" .
}

news() {
	printf '%s\n' 'News' '' "$@" >NEWS
}

# library NODES [NODE SYMBOL...]... - write the version script; each node has
# two symbols
library() {
	local nodes=$1

	shift
	while [ "$nodes" -gt 0 ]; do
		cat <<-MAP
			# x { not_a; comment; };
			$1 {
			global:
			 $2; /* not_this;
			 nor_that; */
			 $3; # nor_this;
			local:
			 not_local;
			 *;
			};
		MAP
		shift 3
		nodes=$((nodes - 1))
	done >userspace/lib/libstabletap.map
}

# Release 1.2.0, and begin 1.3.0 with these entries
released() {
	echo 'Version: 1.3.0' >META
	news 'stabletap 1.3.0 (unreleased)' "$@" '- something else' '' \
		'stabletap 1.2.0 (2026-12-24)' '- UAPI: first' \
		'- libstabletap: first'
}

# change SCRIPT - edit the header by sed
change() {
	cp $HEADER before
	sed -i "$1" $HEADER
	run ! cmp -s before $HEADER
}

append_field() {
	change '/^struct stabletap_get {/,/^};/s/^};/\t__u32 more;\n&/'
}

# refused TEXT [OPTION]... - neither accepted nor recorded, and the output has
# TEXT
refused() {
	local text=$1

	shift
	run -1 "$CHECK" .
	cp -r selftests recorded
	run -1 "$CHECK" --record "$@" .
	[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
	diff -r selftests recorded
	rm -r recorded
}

# Not accepted before it is recorded
accepted() {
	run -1 "$CHECK" .
	[[ $output == *"not as recorded"*"$1"*"check-release --record"* ]] ||
		{ echo "$output"; return 1; }
	"$CHECK" --record .
	"$CHECK" .
}

@test "NEWS has META's version, and the interfaces are as recorded" {
	"$CHECK" "$TOP"
}

@test "a new comment in the header changes nothing" {
	change 's,^struct stabletap_get {,/* More\n * words */\n\n&,'
	"$CHECK" .
}

@test "a field that is appended is recorded before the first release" {
	append_field
	accepted "+__u32 more;"
}

@test "a change of the header without an entry in NEWS is refused" {
	news 'stabletap 1.2.0 (unreleased)' '- The UAPI: is mended'
	append_field
	refused 'add a line "- UAPI: ..."'
}

@test "after a release, an entry and a higher version are needed" {
	append_field
	news 'stabletap 1.2.0 (2026-12-24)' '- UAPI: first'
	refused "1.2.0 was released"
	released
	refused 'add a line "- UAPI: ..."'
	released '- UAPI: first'
	refused 'add a line "- UAPI: ..."'
	released '- UAPI: one field' '  more'
	accepted "+__u32 more;"
	grep -qx '// NEWS: UAPI: one field more' selftests/host/recorded/uapi
}

@test "a second change after a release needs an entry of its own" {
	released '- UAPI: one more field'
	append_field
	accepted "+__u32 more;"
	change '/^#define STABLETAP_FEATURE_HOLD/s/$/\n#define STABLETAP_FEATURE_NEW (1ULL << 1)/'
	refused 'add a line "- UAPI: ..."'
	released '- UAPI: one more field' '- UAPI: one more feature'
	accepted "+#define STABLETAP_FEATURE_NEW"
}

@test "an entry of a recorded change can't be removed" {
	news 'stabletap 1.2.0 (unreleased)' '- libstabletap: first'
	run -1 "$CHECK" .
	[[ $output == *'no line "- UAPI: ..." any more'* ]]
}

@test "a version can't become smaller" {
	echo 'Version: 1.1.0' >META
	news 'stabletap 1.1.0 (unreleased)' '- UAPI: first'
	append_field
	refused "later than that of META"
}

@test "appended constants, attributes and counters are accepted" {
	released '- UAPI: more'
	change 's/^\tSTABLETAP_REASON_PORT_MOVED = 5,/&\n\tSTABLETAP_REASON_NEW = 6,/'
	change 's/^\t__IFLA_STABLETAP_MAX/\tIFLA_STABLETAP_NEW,\t\/* u32 *\/\n&/'
	change 's/^\t__STABLETAP_XSTATS_MAX/\tSTABLETAP_XSTATS_NEW,\n&/'
	change 's,^\(\tIFLA_STABLETAP_STATE\,.*u32\) \*/,\1\, rw */,'
	accepted "+IFLA_STABLETAP_NEW"
}

# breaks SCRIPT TEXT - this change needs a new STABLETAP_API_VERSION
breaks() {
	cp $HEADER kept
	change "$1"
	refused "$2"
	[[ $output == *STABLETAP_API_VERSION* ]]
	mv kept $HEADER
}

@test "a field, constant or attribute that is changed, moved or removed needs a new API version" {
	released '- UAPI: something else'
	breaks 's/^\t__u32 lower_mtu;/\t__u64 lower_mtu;/' \
		"struct stabletap_get: __u32 lower_mtu;"
	breaks '/^\t__u32 lower_mtu;/d' "struct stabletap_get: __u32 lower_mtu;"
	breaks 's/^\t__u32 lower_mtu;/\t__u32 more;\n&/' \
		"struct stabletap_get: __u32 lower_mtu;"
	breaks '/^struct stabletap_list {/,/^};/d' "struct stabletap_list:"
	breaks '/^#define STABLETAP_FEATURE_HOLD/s/0/1/' \
		"#define STABLETAP_FEATURE_HOLD"
	breaks '/^#define STABLETAP_GET_SIZE_VER0/s/216/220/' \
		"#define STABLETAP_GET_SIZE_VER0"
	breaks 's/STABLETAP_REASON_ASKED = 1/STABLETAP_REASON_ASKED = 9/' \
		"enum stabletap_reason: STABLETAP_REASON_ASKED = 1"
	breaks 's/^\tIFLA_STABLETAP_PAD,/\tIFLA_STABLETAP_NEW,\n&/' \
		"IFLA_STABLETAP_PAD"
	breaks 's,^\(\tIFLA_STABLETAP_LOSSES\,.*\)u64,\1u32,' \
		"IFLA_STABLETAP_LOSSES, /* u64 */"
	breaks 's,^\(\tIFLA_STABLETAP_QUEUES\,.*\)\, rw,\1,' \
		"IFLA_STABLETAP_QUEUES, /* u32, rw */"
	breaks '/^\t__IFLA_STABLETAP_SLAVE_MAX/d' "IFLA_STABLETAP_SLAVE"
}

@test "with a new API version it is accepted, and no smaller one afterwards" {
	released '- UAPI: lower_mtu has 64 bits'
	change 's/^\t__u32 lower_mtu;/\t__u64 lower_mtu;/'
	change '/^#define STABLETAP_API_VERSION/s/1$/2/'
	accepted "+__u64 lower_mtu;"
	released '- UAPI: lower_mtu has 64 bits' '- UAPI: back to 1'
	change '/^#define STABLETAP_API_VERSION/s/2$/1/'
	refused "STABLETAP_API_VERSION was 2, and must not become 1"
}

@test "before the first release an option allows what breaks programs" {
	change '/^\t__u32 lower_mtu;/d'
	refused "struct stabletap_get: __u32 lower_mtu;"
	"$CHECK" --record --before-first-release .
	"$CHECK" .
	released '- UAPI: another'
	change '/^\t__u32 lower_kind;/d'
	refused "NEWS has a release" --before-first-release
}

@test "the symbols that the library exports are recorded, and no others" {
	diff - <(grep -v '^//' selftests/host/recorded/libstabletap) <<-SYMBOLS
		soname 1
		LIBSTABLETAP_1.2 one
		LIBSTABLETAP_1.2 two
	SYMBOLS
}

@test "a new symbol of the library needs an entry, and a node of its own" {
	library 2 LIBSTABLETAP_1.2 one two LIBSTABLETAP_1.3 three four
	released
	refused 'add a line "- libstabletap: ..."'
	library 1 LIBSTABLETAP_1.2 one two
	sed -i 's/^global:/&\n three;/' userspace/lib/libstabletap.map
	released '- libstabletap: three'
	refused "LIBSTABLETAP_1.2 three: 1.2.0 was released without it"
	library 2 LIBSTABLETAP_1.2 one two LIBSTABLETAP_1.3 three four
	accepted "+LIBSTABLETAP_1.3 four"
}

@test "a symbol that is removed, or goes to another node, needs a new soname" {
	released '- libstabletap: two is gone'
	library 1 LIBSTABLETAP_1.2 one one
	refused "LIBSTABLETAP_1.2 two"
	[[ $output == *soname* ]]
	library 2 LIBSTABLETAP_1.2 one one LIBSTABLETAP_1.3 two two
	refused "LIBSTABLETAP_1.2 two"
	sed -i 's/so\.1/so.2/' userspace/Makefile
	accepted "+LIBSTABLETAP_1.3 two"
	sed -i 's/so\.2/so.1/' userspace/Makefile
	released '- libstabletap: soname 1'
	refused "soname was 2, and must not become 1"
}

@test "a library without a soname is an error, and so is one that is gone" {
	: >userspace/Makefile
	run -1 "$CHECK" .
	[[ $output == *"has no soname"* ]]
	rm userspace/lib/libstabletap.map
	released '- libstabletap: no more'
	refused "LIBSTABLETAP_1.2 one"
}

# wrong TEXT LINE... - check-release says TEXT of a NEWS with these lines
wrong() {
	news "${@:2}"
	run -1 "$CHECK" .
	[[ $output == *"$1"* ]] || { echo "$output"; return 1; }
}

@test "a NEWS that can't be read, or is of another version, is found" {
	local entries=('- UAPI: first' '- libstabletap: first')

	wrong "NEWS has no section" "${entries[@]}"
	wrong "NEWS:3: write" 'stabletap 1.2.0' "${entries[@]}"
	wrong "2026-13-01 is no date" 'stabletap 1.2.0 (2026-13-01)' \
		"${entries[@]}"
	wrong "no entry" 'stabletap 1.2.0 (unreleased)'
	wrong "1.1.0 has no date" 'stabletap 1.2.0 (unreleased)' \
		"${entries[@]}" 'stabletap 1.1.0 (unreleased)' '- more'
	wrong "not greater" 'stabletap 1.2.0 (unreleased)' "${entries[@]}" \
		'stabletap 1.10.0 (2026-01-01)' '- more'
	wrong "META is of 1.2.0" 'stabletap 1.3.0 (unreleased)' '- more' \
		'stabletap 1.2.0 (2026-01-01)' "${entries[@]}"
	news 'stabletap 1.2.0 (2026-12-24)' "${entries[@]}"
	"$CHECK" .
}
