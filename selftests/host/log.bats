#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# kernel_log_splats of vm/lib.sh: which parts of a kernel's log are complaints.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)

setup() {
	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	log=$BATS_TEST_TMPDIR/log
}

# race FUNCTION MARK FUNCTION MARK - a report of KCSAN: a read and a write
race() {
	cat <<-REPORT
		[    1.0] ==================================================
		[    1.1] BUG: KCSAN: data-race in ${1% *} / ${3% *}
		[    1.2]
		[    1.3] read$2 to 0xffff888103e0a0c0 of 4 bytes by interrupt on cpu 0:
		[    1.4]  $1
		[    1.5]  stabletap_caller+0x1/0x2 [stabletap]
		[    1.6]
		[    1.7] write$4 to 0xffff888103e0a0c0 of 4 bytes by task 271 on cpu 1:
		[    1.8]  $3
		[    1.9]
		[    2.0] ==================================================
	REPORT
}

CORE="dev_function+0x7f/0x2e0"
OURS="lower_function+0x88/0x1e0 [stabletap]"

@test "an ordinary log has no complaint" {
	echo "[    1.0] stabletap: loading out-of-tree module taints kernel." >"$log"
	[ -z "$(kernel_log_splats "$log")" ]
}

@test "a warning is a complaint" {
	echo "[    1.0] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1" >"$log"
	[ -n "$(kernel_log_splats "$log")" ]
}

@test "a data race of the rest of the kernel is none" {
	race "$CORE" "" "$CORE" "" >"$log"
	[ -z "$(kernel_log_splats "$log")" ]
}

@test "a data race with an unmarked access of the module is a complaint" {
	race "$CORE" "" "$OURS" "" >"$log"
	[[ $(kernel_log_splats "$log") == *"lower_function"* ]]
	race "$OURS" "" "$CORE" " (marked)" >"$log"
	[[ $(kernel_log_splats "$log") == *"lower_function"* ]]
}

@test "a data race with a marked access of the module is none" {
	race "$CORE" "" "$OURS" " (marked)" >"$log"
	[ -z "$(kernel_log_splats "$log")" ]
}

@test "what follows a data race, or is in its midst, is still looked at" {
	race "$CORE" "" "$CORE" "" >"$log"
	echo "[    3.0] BUG: kernel NULL pointer dereference" >>"$log"
	[[ $(kernel_log_splats "$log") == *"NULL pointer"* ]]
	race "$CORE" "" "$CORE" "" |
		sed '5a [    1.4] WARNING: CPU: 1 PID: 2 at mm/slub.c:1' >"$log"
	[[ $(kernel_log_splats "$log") == *"WARNING"* ]]
}

@test "of a report that is not complete the access of the module counts" {
	race "$OURS" "" "$CORE" "" | head -n 6 >"$log"
	[[ $(kernel_log_splats "$log") == *"lower_function"* ]]
	race "$CORE" "" "$OURS" "" | head -n 6 >"$log"
	[ -z "$(kernel_log_splats "$log")" ]
}
