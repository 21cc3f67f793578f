# SPDX-License-Identifier: GPL-2.0
#
# Print the table of profile: the functions by their difference, and the sums.
# Input: FUNCTION INSTRUCTIONS-OF-OURS INSTRUCTIONS-OF-THE-YARDSTICK

BEGIN {
	format = "%-44s %12s %16s %10s\n"
	printf format, "function", ours, yardstick, "difference"
	sort = "LC_ALL=C sort -k 4,4nr -k 2,2nr"
}

{
	sum1 += $2
	sum2 += $3
	printf format, $1, $2, $3, sprintf("%.1f", $2 - $3) | sort
}

END {
	close(sort)
	printf format, "sum", sprintf("%.1f", sum1), sprintf("%.1f", sum2),
		sprintf("%.1f", sum1 - sum2)
}
