#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The dashboard and the alerts in packaging/monitoring: promtool's own checks,
# the alerts' tests, and that only metrics are used that exist.
# ../bats/daemon.bats compares them with what a running daemon and node exporter
# serve.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
PROMTOOL=${STABLETAP_CACHE:-/var/cache/stabletap}/monitoring/promtool
CHECK=$TOP/selftests/host/check-monitoring
DIR=$TOP/packaging/monitoring
DASHBOARD=$DIR/stabletap-dashboard.json
RULES=$DIR/stabletap.rules.yml
TESTS=$DIR/stabletap.rules.test.yml

# Metrics that neither dashboard nor alerts use, on purpose
UNUSED=""

# Print the names of the exporter's metrics
exported() {
	"$TOP/build/tests/test-metrics" --text |
		sed -n 's/^# TYPE \([^ ]*\) .*/\1/p'
}

# with_mutant HOW - run the alerts' tests on rules that are wrong in that way,
# and print the alerts for which they fail
with_mutant() {
	local dir=$BATS_TEST_TMPDIR

	"$CHECK" mutate "$1" "$RULES" >"$dir/${RULES##*/}"
	cp "$TESTS" "$dir"
	run -1 "$PROMTOOL" test rules "$dir/${TESTS##*/}"
	sed -n 's/^ *alertname: \([A-Za-z]*\),.*/\1/p' <<<"$output" | sort -u
}

# edit FILTER - print the dashboard as jq's FILTER changes it
edit() {
	jq "$1" "$DASHBOARD" >"$BATS_TEST_TMPDIR/edited.json"
	"$CHECK" problems "$BATS_TEST_TMPDIR/edited.json"
}

@test "promtool accepts the rules" {
	run -0 "$PROMTOOL" check rules --lint=all --lint-fatal "$RULES"
}

@test "the alerts fire and are silent as their tests say" {
	run -0 "$PROMTOOL" test rules "$TESTS"
}

@test "each alert has a test that has it fire, and one that has it silent" {
	[ -z "$("$CHECK" untested "$RULES" "$TESTS")" ]
	sed 's/exp_alerts: \[\]/exp_alerts: [x]/' "$TESTS" \
		>"$BATS_TEST_TMPDIR/tests.yml"
	[ "$("$CHECK" untested "$RULES" "$BATS_TEST_TMPDIR/tests.yml" |
		wc -l)" = "$("$CHECK" alerts "$RULES" | wc -l)" ]
}

@test "the tests fail for each alert that never fires" {
	diff <(with_mutant never) \
		<("$CHECK" alerts "$RULES" | cut -d ' ' -f 1 | sort)
}

@test "the tests fail for each alert that always fires" {
	diff <(with_mutant always) \
		<("$CHECK" alerts "$RULES" | cut -d ' ' -f 1 | sort)
}

# Not for those that look at a span of time anyway: their "for" is a minute.
@test "the tests fail for each alert that fires too early" {
	[ -z "$(comm -13 <(with_mutant at-once) \
		<("$CHECK" alerts "$RULES" | grep -v ' 1m$' |
		cut -d ' ' -f 1 | sort))" ]
}

@test "each alert has a severity, and a command as its remedy" {
	[ "$("$CHECK" alerts "$RULES" | cut -d ' ' -f 2 | sort -u | xargs)" = \
		"critical info warning" ]
	[ "$(grep -c '^          summary: ' "$RULES")" = \
		"$("$CHECK" alerts "$RULES" | wc -l)" ]
	[ "$(grep -cE "^          description: .*'[a-z]+ [^']+'" "$RULES")" = \
		"$("$CHECK" alerts "$RULES" | wc -l)" ]
}

@test "the commands of remedies exist" {
	local text=("$RULES" "$TOP/Documentation/monitoring.md") verb n=0

	for verb in $(grep -ohE "['\`]stabletap (-s )?[a-z-]+" "${text[@]}" |
		sed 's/.* //' | sort -u); do
		"$TOP/build/bin/stabletap" help "$verb" >/dev/null
		n=$((n + 1))
	done
	[ $n -ge 6 ]
	grep -q -- --check <("$TOP/build/bin/stabletapd" --help)
}

@test "promtool accepts the metrics of the daemon" {
	run -0 "$PROMTOOL" check metrics \
		< <("$TOP/build/tests/test-metrics" --text)
	[ -z "$output" ]
}

@test "the dashboard has no duplicate ids, overlaps or unknown variables" {
	[ "$(edit .)" = "" ]
	[[ $(edit '.panels[1].id = 3') == "two panels have the id 3" ]]
	[[ $(edit '.panels[1].gridPos.w = 4') == "Attached: overlaps Ports" ]]
	[[ $(edit '.panels[1].gridPos.x = 23') == *"outside of the grid"* ]]
	[[ $(edit '.panels[1].targets[0].expr = "up{a=\"$nosuch\"}"') == \
		"variable nosuch is not defined" ]]
	[[ $(edit 'del(.templating.list[3])') == \
		"variable port is not defined" ]]
	[[ $(edit '.panels[1].datasource.uid = "mine"') == \
		*"a data source of its own" ]]
	[[ $(edit 'del(.panels[1].description)') == *"no description" ]]
}

@test "promtool accepts each expression of the dashboard" {
	local rules=$BATS_TEST_TMPDIR/expressions.yml

	"$CHECK" expressions "$DASHBOARD" >"$rules"
	[ "$(jq '.groups[0].rules | length' "$rules")" -ge 40 ]
	run -0 "$PROMTOOL" check rules "$rules"
	jq '(.panels[] | select(.id == 2).targets[0].expr) = "sum(up"' \
		"$DASHBOARD" >"$BATS_TEST_TMPDIR/broken.json"
	"$CHECK" expressions "$BATS_TEST_TMPDIR/broken.json" >"$rules"
	run -1 "$PROMTOOL" check rules "$rules"
}

@test "dashboard and alerts use only metrics that exist, and all of them" {
	local used=$BATS_TEST_TMPDIR/used

	"$CHECK" metrics "$DASHBOARD" "$RULES" | grep '^stabletap' >"$used"
	# shellcheck disable=SC2086
	diff <(sort -u "$used" <(printf '%s\n' $UNUSED | grep .)) \
		<(exported | sort)
}

@test "the manual page lists each metric" {
	diff <(sed -n 's/^\.It Li \(stabletapd\?_[a-z_]*\)$/\1/p' \
		"$TOP/userspace/man/stabletap.conf.5" | sort) \
		<(exported | sort)
}

@test "the documentation lists each alert, with its severity" {
	diff <(sed -n 's/^| `\(Stabletap[A-Za-z]*\)` | \([a-z]*\), \([0-9a-z]*\) |.*/\1 \2 \3/p' \
		"$TOP/Documentation/monitoring.md") \
		<("$CHECK" alerts "$RULES")
}
