#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The command beside stabletapd: what it asks the daemon for, and what it says
# about ports that the daemon manages.  vm-timeout: 1800
#
# The topology is that of daemon.bats.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

load daemon.bash

# vm1 is on d0, by the daemon.
managed() {
	configure <<<'[Port vm1]
Candidate=d0
Candidate=d1
FailbackDelaySec=0'
	daemon
	eventually is_on vm1 d0
}

# ---- what the daemon undoes ----

@test "verbs that the daemon undoes at once say so, and what to use instead" {
	managed
	run -0 --separate-stderr stabletap detach vm1
	[[ $stderr == *"stabletapd attaches 'vm1' again"* ]]
	[[ $stderr == *"stabletap hold-off vm1"* ]]
	eventually is_on vm1 d0
	run -0 --separate-stderr stabletap attach vm1 dev d1 replace
	[[ $stderr == *"stabletapd moves 'vm1'"* ]]
	[[ $stderr == *"stabletap pin vm1 d1"* ]]
	eventually is_on vm1 d0
	run -0 --separate-stderr stabletap del vm1
	[[ $stderr == *"stabletapd makes 'vm1' anew"* ]]
	[[ $stderr == *"[Port vm1]"* ]]
	eventually is_on vm1 d0
	# No note about ports that the daemon does not manage, ...
	stabletap add vm2
	run -0 --separate-stderr stabletap attach vm2 dev d1
	[ "$stderr" = "" ]
	run -0 --separate-stderr stabletap detach vm2
	[ "$stderr" = "" ]
	# ... nor if no daemon runs.
	daemon_ends TERM
	run -0 --separate-stderr stabletap detach vm1
	[ "$stderr" = "" ]
}

@test "on-detach and its bounds are as the daemon's configuration has them" {
	frames_are() { [ "$(of vm1 hold.frames)" = "$1" ]; }
	on_detach_is() { [ "$(of vm1 on_detach)" = "$1" ]; }
	# A port that exists, made otherwise
	stabletap add vm1 bytes 1M
	configure <<<'[Port vm1]
Candidate=d0
OnDetach=hold
HoldFrames=9'
	daemon
	eventually is_on vm1 d0
	eventually on_detach_is hold
	frames_are 9
	eventually log_has "vm1: set to on-detach hold frames 9, as configured"
	# Changed by hand; a bound that is not configured is left alone.
	run -0 --separate-stderr stabletap set vm1 on-detach drop bytes 2M
	[[ $stderr == *"stabletapd sets 'vm1' to what its configuration has"* ]]
	[[ $stderr == *"[Port vm1]"* ]]
	eventually on_detach_is hold
	[ "$(of vm1 hold.bytes)" = 2097152 ]
	# A reload, which does not touch the lower
	configure <<<'[Port vm1]
Candidate=d0
OnDetach=hold
HoldFrames=10
HoldSec=1500ms'
	kill -HUP "$DAEMON"
	eventually frames_are 10
	[ "$(of vm1 hold.time_ms)" = 1500 ]
	configure <<<'[Port vm1]
Candidate=d0'
	kill -HUP "$DAEMON"
	eventually on_detach_is drop
	frames_are 10
	[ "$(of vm1 attaches)" = 1 ]
	# A port that the daemon makes
	stabletap add vm2
	run -0 --separate-stderr stabletap set vm2 on-detach hold
	[ "$stderr" = "" ]
	configure <<<'[Port vm3]
Candidate=d1
OnDetach=hold
HoldBytes=64K'
	kill -HUP "$DAEMON"
	eventually is_on vm3 d1
	[ "$(of vm3 on_detach)" = hold ]
	[ "$(of vm3 hold.bytes)" = 65536 ]
	run -1 log_has "vm3: set to"
}

# ---- by hand ----

@test "pin and prefer check names, and print the result" {
	managed
	run stabletap pin vm1 etho
	refused "there is no device 'etho'"
	run stabletap pin vm9 d1
	refused "no port 'vm9' in its configuration"
	[ ! -e /run/stabletap/override/vm1 ]
	[ ! -e /run/stabletap/override/vm9 ]
	run -0 stabletap pin vm1 d1
	[[ $output == "vm1: attached dev d1 pin d1"* ]]
	is_on vm1 d1
	run -0 stabletap unpin vm1
	[[ $output == "vm1: attached dev d0"* ]]
	is_on vm1 d0
	run -0 stabletap prefer vm1 dev d1
	[[ $output == "vm1: attached dev d1 prefer d1"* ]]
	stabletap -j unpin vm1 | jq -e '.version == 1 and .port.dev == "d0"'
}

@test "a device may be pinned, and attached, by an alternative name" {
	managed
	ip link property add dev d1 altname the-other
	run -0 --separate-stderr stabletap pin vm1 the-other
	[[ $output == "vm1: attached dev d1 pin the-other"* ]]
	[ "$stderr" = "" ]
	run -0 --separate-stderr stabletap attach vm1 dev d1 replace
	[ "$stderr" = "" ]
}

@test "pin with force keeps the port off other devices, and status warns of it" {
	managed
	run -0 stabletap pin vm1 etho force
	[[ $output == *"'vm1' is not on 'etho' now"* ]]
	warned() { [[ $(stabletap status vm1) == *"warning: "*etho* ]]; }
	eventually warned
	# A lower that carries is kept: a wrong name cuts no guest off.
	is_on vm1 d0
	ip link del d0
	eventually events_have vm1 "detached from d0"
	# Once it is settled, there is no step to come.
	run -0 stabletap pin vm1 etho force
	[[ $output == "vm1: detached pin etho"* ]]
	is_detached vm1
	warned
	run -0 stabletap unpin vm1
	[[ $output == "vm1: attached dev d1"* ]]
	is_on vm1 d1
}

@test "a pin without a running daemon takes effect when it starts" {
	rm -rf /run/stabletap
	stabletap add vm1
	run stabletap pin vm9 d1
	refused "there is no port 'vm9'"
	run -0 stabletap pin vm1 d1
	[[ $output == *"this takes effect when it is started"* ]]
	configure <<<'[Port vm1]
Candidate=d0'
	daemon
	eventually is_on vm1 d1
}

@test "hold-off keeps a port detached until unpin, also over a restart" {
	managed
	run -0 stabletap hold-off vm1
	[[ $output == "vm1: detached held-off"* ]]
	is_detached vm1
	# If the daemon is faster, the child is gone before it is complete.
	run --separate-stderr stabletap attach vm1 dev d1
	[[ $stderr == *"it is held off"* ]]
	eventually is_detached vm1
	daemon_ends TERM
	daemon
	[[ $(stabletap status vm1) == "vm1: detached held-off"* ]]
	is_detached vm1
	run -0 stabletap unpin vm1
	[[ $output == "vm1: attached dev d0"* ]]
}

@test "failback prints the result" {
	goes_for_good
	came_back() { stabletap -j status vm1 | grep -q '"name":"v0","usable":true'; }
	eventually came_back
	run -0 --separate-stderr stabletap failback vm1
	[[ $output == "vm1: attached dev v0"* ]]
	[ "$stderr" = "" ]
	is_on vm1 v0
	run -0 --separate-stderr stabletap failback vm1
	[[ $stderr == *"'vm1' stays"* ]]
}

# ---- namespaces ----

@test "option -n never shows another namespace's daemon" {
	managed
	command ip netns add "$NS.other"
	for words in "status" "events" "events --follow" "status --watch" \
		"pin vm1 d1" "prefer vm1 d1" "hold-off vm1" "unpin vm1" \
		"failback vm1"; do
		run "$BIN" -n "$NS.other" $words
		refused "does not work in network namespace '$NS.other'"
	done
	# Without -n it says so.
	run -0 --separate-stderr nsenter --net="/run/netns/$NS.other" -- \
		"$BIN" status
	[[ $stderr == *"works in another network namespace"* ]]
	[[ $output == vm1:* ]]
	command ip netns del "$NS.other"
	is_on vm1 d0
	[ ! -e /run/stabletap/override/vm1 ]
}

# ---- on and on ----

@test "events --follow goes on over a restart of the daemon, and says so" {
	managed
	"$BIN" -n "$NS" events vm1 --follow 3>&- \
		>"$BATS_TEST_TMPDIR/told" 2>"$BATS_TEST_TMPDIR/said" &
	background+=("$!")
	eventually grep -q 'vm1: .* to d0' "$BATS_TEST_TMPDIR/told"
	ip link set d0 down
	eventually grep -q 'vm1: replaced from d0 to d1' "$BATS_TEST_TMPDIR/told"
	daemon_ends KILL
	eventually grep -q "stabletapd has gone" "$BATS_TEST_TMPDIR/said"
	ip link set d0 up
	daemon
	eventually grep -q "stabletapd was restarted" "$BATS_TEST_TMPDIR/said"
	eventually grep -q 'vm1: replaced from d1 to d0' "$BATS_TEST_TMPDIR/told"
	# Each once
	[ "$(grep -c 'replaced from d0 to d1' "$BATS_TEST_TMPDIR/told")" = 1 ]
	[ "$(grep -c 'replaced from d1 to d0' "$BATS_TEST_TMPDIR/told")" = 1 ]
}

@test "events since a number of an earlier daemon hides none, and says so" {
	local first
	managed
	eventually events_have vm1 "to d0"
	first=$(stabletap events vm1 | head -n 1 | cut -d ' ' -f 1)
	daemon_ends TERM
	daemon
	stabletap pin vm1 d1
	eventually is_on vm1 d1
	stabletap unpin vm1
	eventually is_on vm1 d0
	eventually events_have vm1 "from d1 to d0"
	run -0 --separate-stderr stabletap events vm1 since "$first"
	[[ $output == *"from d0 to d1"*"from d1 to d0"* ]]
	[[ $stderr == *"stabletapd was restarted"* ]]
	# A number alone can't tell.
	run -0 --separate-stderr stabletap events vm1 since "${first#*:}"
	[[ $stderr == *"'since INSTANCE:${first#*:}'"* ]]
}

@test "status --watch has a line a port, in place on a terminal, over a restart" {
	managed
	"$BIN" -n "$NS" status --watch 3>&- >"$BATS_TEST_TMPDIR/seen" 2>&1 &
	background+=("$!")
	eventually grep -qE '^vm1 +d0 +attached ' "$BATS_TEST_TMPDIR/seen"
	ip link set d0 down
	eventually grep -qE '^vm1 +d1 +attached ' "$BATS_TEST_TMPDIR/seen"
	daemon_ends KILL
	eventually grep -q "stabletapd does not answer" "$BATS_TEST_TMPDIR/seen"
	ip link set d0 up
	daemon
	eventually grep -q "stabletapd was restarted" "$BATS_TEST_TMPDIR/seen"
	back() { tail -n 3 "$BATS_TEST_TMPDIR/seen" | grep -qE '^vm1 +d0 +attached '; }
	eventually back
	# On a terminal the cursor goes back to the top each time.
	run timeout 5 script -qec "$BIN -n $NS status --watch" /dev/null
	[ "$(grep -o $'\e\[H' <<<"$output" | wc -l)" -ge 2 ]
}
