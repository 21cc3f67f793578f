#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The shared library for other programs: what it exports, and its ABI.
# ../bats/library.bats runs programs that use it.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
LIB=$TOP/userspace/lib

# The functions that the linker exports
exported() {
	sed -n 's/^\t\(stabletap_[a-z_]*\);$/\1/p' "$LIB/libstabletap.map"
}

setup_file() {
	export TREE=$BATS_FILE_TMPDIR/tree

	mkdir "$TREE"
	cp -r "$TOP/userspace" "$TOP/include" "$TOP/META" "$TREE"
	make -s -C "$TREE/userspace" shared BUILT_FROM=test CFLAGS="-O2 -g"
}

# abi_differs - compare the library with the record
abi_differs() {
	make -s -C "$TREE/userspace" shared BUILT_FROM=test CFLAGS="-O2 -g"
	run make -s -C "$TREE/userspace" check-abi BUILT_FROM=test
}

@test "every declared function is exported, and explained in the manual page" {
	diff <(exported | sort) \
		<(grep -oE '\bstabletap_[a-z_]+\(' "$LIB/libstabletap.h" |
			grep -v 'stabletap_[a-z_]*_fn' | tr -d '(' | sort -u)
	diff <(exported | sort) \
		<(sed -nE 's/^\.F[no] (stabletap_[a-z_]+).*/\1/p' \
			"$TOP/userspace/man/libstabletap.3" | sort -u)
}

@test "nothing else is exported" {
	diff <(exported | sort) \
		<(nm -D --defined-only "$TREE/build/lib/libstabletap.so" |
			sed -n 's/^[0-9a-f]* T \([a-z_]*\)@@.*/\1/p' | sort)
}

@test "the ABI is the recorded one" {
	abi_differs
	echo "$output"
	[ "$status" = 0 ]
}

@test "a changed parameter, a field in a struct, or a lost function is found" {
	local lib=$TREE/userspace/lib kept=$BATS_TEST_TMPDIR/kept

	mkdir "$kept"
	cp "$lib"/{libstabletap.h,api.c,libstabletap.map} \
		"$TREE/include/uapi/linux/stabletap.h" "$kept"
	sed -i 's/stabletap_delete(struct stabletap \*st, int port, uint32_t/stabletap_delete(struct stabletap *st, int port, uint64_t/' \
		"$lib/libstabletap.h" "$lib/api.c"
	abi_differs
	[ "$status" != 0 ]
	[[ $output == *stabletap_delete* ]]
	cp "$kept"/{libstabletap.h,api.c} "$lib"

	sed -i 's/^\t__aligned_u64 tx_purged;/&\n\t__aligned_u64 more;/' \
		"$TREE/include/uapi/linux/stabletap.h"
	abi_differs
	[ "$status" != 0 ]
	[[ $output == *stabletap_stats* ]]
	cp "$kept/stabletap.h" "$TREE/include/uapi/linux"

	sed -i '/stabletap_find;/d' "$lib/libstabletap.map"
	abi_differs
	[ "$status" != 0 ]
	[[ $output == *stabletap_find* ]]
	cp "$kept/libstabletap.map" "$lib"
	abi_differs
	[ "$status" = 0 ]
}

@test "the header can be included by itself, and by C++" {
	cd "$BATS_TEST_TMPDIR"
	echo '#include <libstabletap.h>' >a.c
	cc -std=c11 -Wall -Wextra -Wpedantic -Werror -c -I"$LIB" \
		-I"$TOP/include/uapi" a.c
	g++ -x c++ -Wall -Wextra -Werror -c -I"$LIB" -I"$TOP/include/uapi" a.c
}
