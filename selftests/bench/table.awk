# SPDX-License-Identifier: GPL-2.0
#
# Print a table of instructions.  rows: setups.  The first input has the columns,
#	LABEL=KERNEL,DIRECTION,PORTS,QUEUES,SIZE,WAY
# and the others have what "measure" prints.

FNR == NR {
	heading[++columns] = substr($0, 1, index($0, "=") - 1)
	column[columns] = substr($0, index($0, "=") + 1)
	next
}

{
	cost[$2, $1 "," $3 "," $4 "," $5 "," $6 "," $7] = $8
}

END {
	count = split(rows, setup)
	printf "|"
	for (c = 1; c <= columns; c++)
		printf " | %s", heading[c]
	printf " |\n|---"
	for (c = 1; c <= columns; c++)
		printf "|---"
	print "|"
	for (r = 1; r <= count; r++) {
		printf "| %s", label[setup[r]]
		for (c = 1; c <= columns; c++) {
			value = cost[setup[r], column[c]]
			printf " | %s", value ? value : "-"
		}
		print " |"
	}
}
