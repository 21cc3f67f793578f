#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# META, the table of tested kernels and the documentation agree, and
# check-kernels finds where they don't.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
CHECK=$BATS_TEST_DIRNAME/check-kernels
PAGE=Documentation/kernels.md

setup() {
	cd "$TOP" || return
	cp --parents -t "$BATS_TEST_TMPDIR" META README.md NEWS $PAGE \
		selftests/matrix kmod/compat/*
	cd "$BATS_TEST_TMPDIR" || return
}

# change FILE SCRIPT - edit a file of the copy by sed
change() {
	cp "$1" before
	sed -i "$2" "$1"
	run ! cmp -s before "$1"
}

finds() {
	run -1 "$CHECK" .
	[[ $output == *"$1"* ]] || { echo "$output"; return 1; }
}

@test "the supported kernels are those that were tested" {
	"$CHECK" "$TOP"
}

@test "a maximum or minimum that was not tested is found" {
	change META 's/^\(Linux-Maximum:\).*/\1 99.0/'
	finds "the newest kernel with all tests is"
	change META '/^Linux-Maximum:/d'
	finds "META lacks Linux-Minimum or Linux-Maximum"
	cp "$TOP/META" .
	change META 's/^\(Linux-Minimum:\).*/\1 5.9/'
	finds "the oldest kernel with all tests is"
}

@test "a tested kernel beyond META's is found" {
	change META 's/^\(Linux-Maximum:\).*/\1 6.12/'
	finds "7 is 7."
	finds "kmod/compat names"
}

@test "a failed, missing or unknown row of the table is found" {
	change $PAGE '/^| 6.1 /s/no warnings | no warnings/no warnings | **fails**, 3 warnings/'
	finds "6.1: W=1: no warnings; sparse: **fails**, 3 warnings"
	cp "$TOP/$PAGE" $PAGE
	change $PAGE 's/^\(| 6.12 .* | [0-9]* |\) 0 |/\1 2 |/'
	finds "6.12: failed tests: 2"
	cp "$TOP/$PAGE" $PAGE
	change $PAGE 's/^| 7-rt | [^|]*|/| 7-rt | - |/'
	finds "7-rt was not tested"
	cp "$TOP/$PAGE" $PAGE
	change $PAGE '/^| 6.12-rt /d'
	finds "make check-matrix tests 5.10"
}

@test "a page that names other kernels is found" {
	change README.md 's/Linux 5\.[0-9]* to/Linux 5.11 to/'
	finds "README.md does not say"
	cp "$TOP/README.md" .
	change NEWS 's/Linux 5\.[0-9]* to/Linux 5.11 to/'
	finds "NEWS does not say"
}
