#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Programs that use the shared library, built by pkg-config with the tree that
# make install makes (build/root).
#
#     lp1 ── d0, then d1

load command.bash

setup_file() {
	export ROOT=$STABLETAP_TOP/build/root
	export LD_LIBRARY_PATH=$ROOT/usr/lib PKG_CONFIG_SYSROOT_DIR=$ROOT
	export PKG_CONFIG_PATH=$ROOT/usr/lib/pkgconfig

	build port "$ROOT/usr/share/doc/stabletap/examples/port.c"
	build client "$STABLETAP_TOP/userspace/tests/client.c"
}

# build NAME SOURCE
build() {
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror -o "$BATS_FILE_TMPDIR/$1" "$2" \
		$(pkg-config --cflags --libs libstabletap)
}

@test "the example makes a port, opens it, and sees its changes" {
	local out=$BATS_TEST_TMPDIR/out pid status=0

	in_ns "$BATS_FILE_TMPDIR/port" lp1 d0 600 >"$out" 2>&1 3>&- &
	pid=$!
	background+=("$pid")
	eventually grep -q '^lp1: attached by st' "$out"
	grep -q '^lp1 is open as fd [3-9]' "$out"
	[ "$(of lp1 open_queues)" = 1 ]
	ip link del d0
	eventually grep -q '^lp1: detached$' "$out"
	stabletap attach lp1 dev d1
	eventually [ "$(tail -n 1 "$out" | cut -d ' ' -f 2)" = attached ]
	# What the example does at the end, but it waits too long for a test
	stabletap del lp1 force
	wait "$pid" || status=$?
	[ "$status" = 1 ]
}

@test "each function does what the header says" {
	run in_ns "$BATS_FILE_TMPDIR/client" d0 d1
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = "all done" ]
	[ -z "$(macvlans)" ]
}

@test "a struct of the first version is not written beyond its end" {
	run in_ns "$BATS_FILE_TMPDIR/client" --old d0 d1
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = "all done" ]
}
