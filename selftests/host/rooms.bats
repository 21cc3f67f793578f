#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Files of the module use only files of lower layers, and check-rooms finds
# those that don't.  The module must have been built for STABLETAP_KERNEL.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
CHECK=$BATS_TEST_DIRNAME/check-rooms

setup() {
	local release

	# shellcheck disable=SC1091
	release=$(. "$TOP/selftests/vm/lib.sh" &&
		kernel_release "${STABLETAP_KERNEL:-6.1}")
	BUILT=$TOP/build/$release/kmod
	COPY=$BATS_TEST_TMPDIR/kmod
	mkdir "$COPY"
	cp "$TOP"/kmod/*.[ch] "$BUILT"/*.o "$COPY"
}

# finds TEXT - check that check-rooms fails for the copy and says TEXT
finds() {
	run -1 "$CHECK" "$COPY" "$COPY"
	[[ $output == *"$1"* ]]
}

@test "the module's files use only files of lower layers" {
	"$CHECK" "$TOP/kmod" "$BUILT"
}

@test "an include of a higher layer's header is found" {
	echo '#include "lower.h"' >>"$COPY/hold.c"
	finds "hold.c includes lower.h"
}

@test "an include of a header of the same layer is found" {
	echo '#include "filter.h"' >>"$COPY/datapath.h"
	finds "datapath.h includes filter.h"
}

@test "a higher layer's symbol that is used without its header is found" {
	echo 'extern int stabletap_lower_get(void); int made(void); int made(void) { return stabletap_lower_get(); }' |
		cc -x c -c -o "$COPY/more.o" -
	ld -r -o "$COPY/both.o" "$COPY/report.o" "$COPY/more.o"
	mv "$COPY/both.o" "$COPY/report.o"
	finds "report.o uses stabletap_lower_get()"
}

@test "a file that is in no layer is found" {
	echo >"$COPY/another.c"
	finds "does not list another.c"
}
