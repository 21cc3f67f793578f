# SPDX-License-Identifier: GPL-2.0
#
# Print a table of the goals (the first input) and of what was measured (the
# others), as ratios.  A ratio above the bound is printed bold.

FNR == NR {
	goal[++goals] = $0
	next
}

{
	cost[$1, $2, $3, $4, $5, $6, $7] = $8
}

function ratio(kernel, bound, ours, yardstick, rest,	mine, its, text) {
	mine = cost[kernel, ours, rest]
	its = cost[kernel, yardstick, rest]
	if (!mine || !its)
		return "-"
	text = sprintf("%.3f", mine / its)
	return mine <= its * bound ? text : "**" text "**"
}

END {
	count = split(kernels, kernel)
	printf "| | compared with | frame | at most"
	for (k = 1; k <= count; k++)
		printf " | %s", kernel[k]
	printf " |\n|---|---|---|---"
	for (k = 1; k <= count; k++)
		printf "|---"
	print "|"
	for (g = 1; g <= goals; g++) {
		split(goal[g], f)
		printf "| %s | %s | %s %s, %s%s | %s", label[f[2]],
			label[f[3]], f[4], f[7], f[8],
			f[5] == 1 ? "" : ", " f[5] " ports", f[1]
		for (k = 1; k <= count; k++)
			printf " | %s", ratio(kernel[k], f[1], f[2], f[3],
				f[4] SUBSEP f[5] SUBSEP f[6] SUBSEP f[7] \
				SUBSEP f[8])
		print " |"
	}
}
