# SPDX-License-Identifier: GPL-2.0
#
# Compare the figures of "measure" (the second file) with the lines of "goals"
# (the first), for each of the kernels.

FNR == NR {
	goal[++goals] = $0
	next
}

{
	cost[$1, $2, $3, $4, $5, $6, $7] = $8
}

function report(kernel, bound, ours, yardstick, direction, ports, queues, size,
		way, most,	mine, its, where, held) {
	where = kernel SUBSEP "%s" SUBSEP direction SUBSEP ports SUBSEP \
		queues SUBSEP size SUBSEP way
	mine = cost[sprintf(where, ours)]
	its = cost[sprintf(where, yardstick)]
	held = mine && its && mine <= its * most
	missed += held && mine > its * bound
	if (held)
		passed++
	else
		failed++
	where = kernel " " direction " " \
		(size == "gso" ? "64 KiB GSO" : size " bytes") " " way \
		(ports + 0 > 1 ? " " ports " ports" : "")
	printf("%s %d - %s: %s at most %s of %s%s # %d / %d = %s\n",
	       held ? "ok" : "not ok", ++n, where, ours, most, yardstick,
	       most == bound ? "" : " (goal: " bound ")", mine, its,
	       its ? sprintf("%.3f", mine / its) : "not measured")
}

END {
	split(kernels, list)
	print "TAP version 13"
	for (k = 1; k in list; k++)
		for (i = 1; i <= goals; i++) {
			split(goal[i], f)
			report(list[k], f[1], f[2], f[3], f[4], f[5], f[6],
			       f[7], f[8], f[9])
		}
	print "1.." n
	printf "# %d goals are not reached\n", missed
	printf "%d passed, %d failed, 0 skipped\n", passed, failed
	exit failed > 0 || !passed
}
