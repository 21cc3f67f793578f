# SPDX-License-Identifier: GPL-2.0
#
# Print the data of a plot: a line for each setup, a column for each kernel.

$3 == direction && $4 == 1 && $5 == 1 && $6 == 60 && $7 == way {
	cost[$2, $1] = $8
}

END {
	count = split(kernels, kernel)
	rows = split(setups, setup)
	for (r = 1; r <= rows; r++) {
		printf "\"%s\"", label[setup[r]]
		for (k = 1; k <= count; k++)
			printf " %s", cost[setup[r], kernel[k]] + 0
		print ""
	}
}
