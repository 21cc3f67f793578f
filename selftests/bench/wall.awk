# SPDX-License-Identifier: GPL-2.0
#
# Print the median and the spread of the rounds of "wall".

# Insert a value into a sorted list.
function insert(key, value,	i) {
	for (i = ++count[key]; i > 1 && packets[key, i - 1] > value; i--)
		packets[key, i] = packets[key, i - 1]
	packets[key, i] = value
}

{
	key = $2 "\t" $3 "\t" $4 "\t" $5
	if (!(key in count))
		order[++keys] = key
	insert(key, $6)
	if ($6)
		bits[key] = $7 / $6
}

END {
	format = "%-18s %-8s %5s %-6s %12s %8s %9s\n"
	printf format, "setup", "", "size", "way", "packets/s", "Gbit/s",
		"spread, %"
	for (k = 1; k <= keys; k++) {
		key = order[k]
		median = packets[key, int((count[key] + 1) / 2)]
		spread = packets[key, count[key]] - packets[key, 1]
		split(key, f, "\t")
		printf format, f[1], f[2], f[3], f[4], sprintf("%.0f", median),
			sprintf("%.3f", median * bits[key]),
			median ? sprintf("%.1f", spread * 100 / median) : "-"
	}
}
