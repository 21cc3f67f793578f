# SPDX-License-Identifier: GPL-2.0
#
# Print the table of profile: functions, those with the greatest difference
# first, and the sums.  Functions whose costs differ by less than an instruction
# are one line, unless "all" is set.
# Input: FUNCTION INSTRUCTIONS-OF-OURS INSTRUCTIONS-OF-THE-YARDSTICK

function row(name, mine, its) {
	return sprintf("| %s | %.1f | %.1f | %.1f |", name, mine, its,
		       mine - its)
}

BEGIN {
	printf "| kernel %s | %s | %s | difference |\n", kernel, ours, yardstick
	print "|---|---|---|---|"
	sort = "LC_ALL=C sort -t '|' -k 5,5nr -k 3,3nr"
}

{
	sum1 += $2
	sum2 += $3
	difference = $2 - $3
}

!all && difference < 1 && difference > -1 {
	count++
	same1 += $2
	same2 += $3
	next
}

{
	print row("`" $1 "`", $2, $3) | sort
}

END {
	close(sort)
	if (count)
		print row(count " other functions", same1, same2)
	print row("sum", sum1, sum2)
}
