#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What the command prints with -j, of real ports and a real daemon, against the
# schema that is installed.  vm-timeout: 1800
#
# The topology is that of daemon.bats.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

# Is standard input what definition $1 of the schema says, and nothing more?
valid() {
	"$STABLETAP_TOP/userspace/tests/validate" \
		"$STABLETAP_TOP/userspace/schema/stabletap.schema.json" "$1"
}

@test "add, show and version" {
	stabletap -j add vm%d | valid add
	stabletap -j version | valid release
	stabletap -j help | valid help
	stabletap -j show | valid show
	stabletap attach vm0 dev v0
	hold vm0
	stabletap -j -s show vm0 | valid show
	stabletap attach vm0 dev d0 mode direct filter replace
	stabletap -j -s show vm0 | valid show
	stabletap set vm0 on-detach hold frames 9
	stabletap -j show vm0 | valid show
	ip link set d0 mtu 1400
	ip link del v0
	ip link del d0
	stabletap add vm2
	stabletap -j -p show | valid show
}

@test "monitor" {
	stabletap add vm1
	"$BIN" -n "$NS" -j -t monitor now 3>&- >"$BATS_TEST_TMPDIR/told" &
	background+=("$!")
	eventually grep -q added "$BATS_TEST_TMPDIR/told"
	stabletap attach vm1 dev v0
	ip link set v1 down
	eventually grep -q lower-down "$BATS_TEST_TMPDIR/told"
	stabletap attach vm1 dev d0 filter replace
	stabletap set vm1 mtu 1400 down on-detach hold frames 9
	ip link set vm1 name vm9
	ip link del d0
	eventually grep -q '"detached"' "$BATS_TEST_TMPDIR/told"
	stabletap del vm9
	eventually grep -q '"deleted"' "$BATS_TEST_TMPDIR/told"
	valid monitor <"$BATS_TEST_TMPDIR/told"
}

@test "status, events and overrides" {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0
[Port vm2]
Candidate=nothing
[Pool one]
Member=d1'
	daemon
	eventually is_on vm1 v0
	stabletap -j status | valid status
	stabletap -j -s status vm1 | valid status
	stabletap -j pin vm1 d0 | valid by_hand
	stabletap -j pin vm1 etho force | valid by_hand
	stabletap -j -u status | valid status
	stabletap -j prefer vm1 v0 | valid by_hand
	stabletap -j failback vm1 | valid by_hand
	stabletap -j hold-off vm1 | valid by_hand
	stabletap -j status | valid status
	stabletap -j unpin vm1 | valid by_hand
	eventually is_on vm1 v0
	stabletap -j events | valid events
	stabletap -j events vm2 since 3 | valid events
	stabletap -j events | jq -e '.events | length > 0'
}

@test "events --follow and status --watch" {
	configure <<<'[Port vm1]
Candidate=v0
Candidate=d0'
	daemon
	eventually is_on vm1 v0
	"$BIN" -n "$NS" -j events --follow 3>&- \
		>"$BATS_TEST_TMPDIR/told" 2>/dev/null &
	background+=("$!")
	"$BIN" -n "$NS" -j status --watch 3>&- >"$BATS_TEST_TMPDIR/seen" &
	WATCH=$!
	background+=("$WATCH")
	eventually grep -q '"rates"' "$BATS_TEST_TMPDIR/seen"
	daemon_ends KILL
	eventually grep -q '"answers":false' "$BATS_TEST_TMPDIR/seen"
	daemon
	eventually grep -q daemon-restarted "$BATS_TEST_TMPDIR/told"
	ip link set v1 down
	eventually grep -q '"to":"d0"' "$BATS_TEST_TMPDIR/told"
	# Not to be in the middle of a line
	kill -TERM "$WATCH"
	wait "$WATCH" || :
	valid follow <"$BATS_TEST_TMPDIR/told"
	valid watch <"$BATS_TEST_TMPDIR/seen"
}
