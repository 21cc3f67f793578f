#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The harness of the C tests: a failed test must be torn down too, since what it
# leaves behind would make later tests fail.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)

# compile OPTION... - build a test that fails, and that prints its teardown
compile() {
	cat >"$BATS_TEST_TMPDIR/one.c" <<-'C'
		#include <stdio.h>
		#include "harness.h"

		FIXTURE(one) { int value; };
		FIXTURE_SETUP(one) { self->value = 1; }
		FIXTURE_TEARDOWN(one) { fprintf(stderr, "torn down: %d\n", self->value); }
		TEST_F(one, fails) { self->value = 7; ASSERT_EQ(1, 2); }
		TEST_HARNESS_MAIN
	C
	"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE= "$@" -I"$TOP/selftests/lib" \
		-isystem "$STABLETAP_CACHE/kselftest" \
		-o "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/one.c"
}

@test "a fixture is torn down after a failed assertion" {
	compile -O2 -g
	run ! "$BATS_TEST_TMPDIR/one"
	[[ $output == *"torn down: 7"* ]]
	[[ $output == *"not ok 1 one.fails"* ]]
}
