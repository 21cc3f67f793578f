// SPDX-License-Identifier: GPL-2.0
/* Devices kept by ifindex: a dump that is brought up to date by events. */
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include "internal.h"

/* Position of @ifindex, or where it would have to stand. */
static size_t position(const struct stabletap_links *links, int ifindex)
{
	size_t low = 0;
	size_t high = links->n;
	size_t mid;

	/* A new device is the newest one, as a rule. */
	if (high && links->v[high - 1].ifindex < ifindex)
		return high;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (links->v[mid].ifindex < ifindex)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct stabletap_link *
stabletap_links_find(const struct stabletap_links *links, int ifindex)
{
	size_t i = position(links, ifindex);

	if (i < links->n && links->v[i].ifindex == ifindex)
		return &links->v[i];
	return NULL;
}

int stabletap_links_put(struct stabletap_links *links,
			const struct stabletap_link *link)
{
	size_t i = position(links, link->ifindex);
	struct stabletap_link *grown;
	size_t room;

	if (i < links->n && links->v[i].ifindex == link->ifindex) {
		stabletap_link_release(&links->v[i]);
		links->v[i] = *link;
		return 0;
	}
	if (links->n >= links->room) {
		room = links->n ? links->n * 2 : 64;
		grown = realloc(links->v, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		links->v = grown;
		links->room = room;
	}
	memmove(&links->v[i + 1], &links->v[i],
		(links->n - i) * sizeof(*links->v));
	links->v[i] = *link;
	links->n++;
	return 0;
}

void stabletap_links_drop(struct stabletap_links *links, int ifindex)
{
	size_t i = position(links, ifindex);

	if (i == links->n || links->v[i].ifindex != ifindex)
		return;
	stabletap_link_release(&links->v[i]);
	links->n--;
	memmove(&links->v[i], &links->v[i + 1],
		(links->n - i) * sizeof(*links->v));
}
