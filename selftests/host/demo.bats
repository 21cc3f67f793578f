#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The drawing of the demo's output (selftests/demo/draw).  The figures in the
# sample are invented; its format is that of demo/inside and demo/pinger.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
DRAW=$TOP/selftests/demo/draw

setup() {
	SAMPLE=$BATS_TEST_TMPDIR/output
	SVG=$BATS_TEST_TMPDIR/demo.svg
	cat >"$SAMPLE" <<-'SAMPLE'
		guest "port" is on stabletap, guest "macvtap" on a plain macvtap
		   1.00 s  port vm1 is created and attached to NIC eth0; macvtap mt0 is created on eth0 for comparison
		  20.00 s  both guests answer: 20 pings a second to each, counted from here
		  30.00 s  1. macvlan deleted: ip link del st5-1 & mt0
		  31.50 s           port: no answers since 29.98 s
		  32.00 s     macvlan created again: stabletap attach vm1 dev eth0
		  32.10 s           port: answers again after 40 lost pings
		  60.00 s  4. macvtap's guest restarted: QEMU opens the new mt0
		 120.00 s  waiting until guest "port" answers 100 pings in a row

		  port: 2000 pings sent, 40 lost in 1 window; slowest answer 31 ms
		      30.00 -  32.00 s    40 lost: 1. macvlan deleted
		  macvtap: 1500 pings sent, 701 lost in 2 windows; slowest answer 40 ms
		      25.00 -  25.05 s     1 lost: no step of the demo
		      70.00 s - the end  700 lost: 4. macvtap's guest restarted
		  port: QEMU's process id is 77, as at the start
		DEMO PASSED: the guest on stabletap kept its fd
	SAMPLE
}

# attributes CLASS NAME... - these attributes of each rectangle of that class
attributes() {
	python3 - "$SVG" "$@" <<-'PYTHON'
		import sys
		from xml.etree import ElementTree
		for e in ElementTree.parse(sys.argv[1]).iter():
		    if e.tag.endswith('rect') and e.get('class') == sys.argv[2]:
		        print(*(e.get(name) for name in sys.argv[3:]))
	PYTHON
}

# texts - all texts of the picture, a line each
texts() {
	python3 - "$SVG" <<-'PYTHON'
		import sys
		from xml.etree import ElementTree
		for e in ElementTree.parse(sys.argv[1]).iter():
		    if e.tag.endswith('text'):
		        print(e.text)
	PYTHON
}

# The time axis is 100 s long, from x = 150 to x = 840: 6.9 for a second.
@test "each window of lost pings is drawn in its guest's bar, to scale" {
	"$DRAW" "$SAMPLE" >"$SVG"
	[ "$(attributes answered x y width)" = "150.0 40 690.0
150.0 84 690.0" ]
	[ "$(attributes lost x y width)" = "219.0 40 13.8
184.5 84 1.0
495.0 84 345.0" ]
}

@test "steps, guests and totals are written beside the bars" {
	"$DRAW" <"$SAMPLE" >"$SVG"
	texts >"$BATS_TEST_TMPDIR/texts"
	for text in "stabletap port" "macvtap" "40 of 2000 pings lost" \
			"701 of 1500 pings lost" "1" "4" "0 s" "100 s" \
			"1  macvlan deleted; 2.0 s later: macvlan created again" \
			"4  macvtap's guest restarted" \
			"Green: pings answered.  Red: pings lost."; do
		grep -qFx -- "$text" "$BATS_TEST_TMPDIR/texts"
	done
}

@test "a step with characters of XML is drawn as it is" {
	sed -i 's/macvlan deleted:/<macvlan> \& co deleted:/' "$SAMPLE"
	"$DRAW" "$SAMPLE" >"$SVG"
	texts | grep -F "1  <macvlan> & co deleted"
}

@test "an output that was cut off, or does not add up, is refused" {
	sed '/pings sent/,$d' "$SAMPLE" >"$SVG"
	run -1 "$DRAW" "$SVG"
	[[ $output == *"not the whole output"* ]]
	sed -i '/1 lost: no step/d' "$SAMPLE"
	run -1 "$DRAW" "$SAMPLE"
	[[ $output == *"the windows of macvtap do not add up"* ]]
}

# Pings itself, and an address to which there is no route.
@test "what the pinger prints is drawn" {
	local pinger=$BATS_TEST_TMPDIR/pinger

	"${CC:-gcc}" -std=gnu11 -O2 -Wall -Wextra -Werror -o "$pinger" \
		"$TOP/selftests/demo/pinger.c"
	mkfifo "$BATS_TEST_TMPDIR/answers"
	exec 6<>"$BATS_TEST_TMPDIR/answers"
	{
		echo start
		echo "say both guests answer: counted from here"
		echo "mark 1. something deleted: by nobody"
		echo "wait port 5 20000"
		read -r -t 30 <&6
		echo end
	} | unshare -n sh -c 'ip link set lo up && exec "$@"' - "$pinger" 20 \
		port=127.0.0.1 macvtap=192.0.2.1 3>&6 >"$SAMPLE"
	"$DRAW" "$SAMPLE" >"$SVG"
	texts >"$BATS_TEST_TMPDIR/texts"
	grep -E '^0 of [0-9]+ pings lost$' "$BATS_TEST_TMPDIR/texts"
	grep -E '^([1-9][0-9]*) of \1 pings lost$' "$BATS_TEST_TMPDIR/texts"
	grep -Fx "1  something deleted" "$BATS_TEST_TMPDIR/texts"
}
