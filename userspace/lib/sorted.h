/* SPDX-License-Identifier: GPL-2.0 */
/* Binary search in an array that is sorted by a number, as an ifindex. */
#ifndef STABLETAP_SORTED_H
#define STABLETAP_SORTED_H

#include <stddef.h>

/*
 * Returns the position of @key in array @v of @n elements, or where to insert
 * it.  @key_at returns the number by which element @i is sorted.
 */
static inline size_t sorted_position(const void *v, size_t n, int key,
				     int (*key_at)(const void *v, size_t i))
{
	size_t low = 0, high = n, mid;

	/*
	 * Most insertions are at the end: a new device has the highest ifindex.
	 */
	if (n && key_at(v, n - 1) < key)
		return n;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (key_at(v, mid) < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

#endif /* STABLETAP_SORTED_H */
