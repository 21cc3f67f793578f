# SPDX-License-Identifier: GPL-2.0
#
# Add up the counts of the blocks of each function.  Input, sorted by address:
#	ADDRESS S NAME [MODULE]		a symbol of the kernel
#	ADDRESS T COUNT			a block, and its executed instructions

function hexadecimal(digits,	value, i) {
	for (i = 1; i <= length(digits); i++)
		value = value * 16 + index("123456789abcdef",
					   substr(digits, i, 1))
	return value
}

BEGIN {
	name = "(user)"
}

$2 == "S" {
	name = $3 $4
	next
}

{
	executed[name] += hexadecimal($3)
}

END {
	for (name in executed)
		if (executed[name] >= frames / 10)
			printf "%.1f %s\n", executed[name] / frames, name
}
