#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The tables of "make bench-blocked", from made-up trials

REPORT="$BATS_TEST_DIRNAME/../blocked/report"

# trial CAUSE PEER LOST-FROM-GUEST LOST-TO-GUEST [RECOVERED]
trial() {
	printf '%s\t' "$1" "$2" 1 300 1000 "$3" 0 0 1000 "${5:-1}" \
		1000 "$4" 0 0 1000 "${5:-1}" 0
	echo 0
}

setup() {
	trials=$BATS_TEST_TMPDIR/trials
}

@test "the best setup of a row is bold, and a port may be two frames behind" {
	trial swap bond 0 2 >"$trials"
	trial swap drop 2 2 >>"$trials"
	trial swap bridge 9 9 >>"$trials"
	run "$REPORT" "$trials"
	[ "$status" = 0 ]
	[[ $output == *" **0 / 2** "*" 9 / 9 "*" **2 / 2** "* ]]
}

@test "the median of the trials is shown, and their range" {
	trial swap drop 1 1 >"$trials"
	trial swap drop 5 1 >>"$trials"
	trial swap drop 9 1 >>"$trials"
	run "$REPORT" "$trials"
	[ "$status" = 0 ]
	[[ $output == *"| 5 (1 – 9) | 1 |"* ]]
}

@test "frames that do not arrive at the end are lost for ever" {
	trial swap macvtap 5000 5000 0 >"$trials"
	trial swap drop 0 0 >>"$trials"
	run "$REPORT" "$trials"
	[ "$status" = 0 ]
	[[ $output == *"| for ever |"* ]]
}

@test "a row in which no port is the best needs a note" {
	mkdir "$BATS_TEST_TMPDIR/blocked"
	cp "$REPORT" "$BATS_TEST_TMPDIR/blocked/"
	trial swap bond 0 0 >"$trials"
	trial swap drop 3 0 >>"$trials"
	echo "vlan: another row" >"$BATS_TEST_TMPDIR/blocked/notes"
	run "$BATS_TEST_TMPDIR/blocked/report" "$trials"
	[ "$status" = 1 ]
	echo "swap: this row" >"$BATS_TEST_TMPDIR/blocked/notes"
	run "$BATS_TEST_TMPDIR/blocked/report" "$trials"
	[ "$status" = 0 ]
	[[ $output == *"this row"* ]]
}

@test "what is not a trial is refused" {
	trial swap nobody 0 0 >"$trials"
	run "$REPORT" "$trials"
	[ "$status" = 1 ]
	[[ $output == *"not a trial"* ]]
}
