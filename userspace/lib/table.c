// SPDX-License-Identifier: GPL-2.0
/*
 * A table of devices by ifindex: a dump that is updated by events.  It is an
 * array of pointers: there may be thousands of devices, and when a NIC takes
 * hundreds along, the elements behind each move up.
 */
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include "internal.h"
#include "sorted.h"

#define ELEMENT sizeof(struct stabletap_link *)

static int ifindex_at(const void *v, size_t i)
{
	return ((struct stabletap_link *const *)v)[i]->ifindex;
}

/* Returns the position of @ifindex, or where to insert it. */
static size_t position(const struct stabletap_links *links, int ifindex)
{
	return sorted_position(links->v, links->n, ifindex, ifindex_at);
}

struct stabletap_link *
stabletap_links_find(const struct stabletap_links *links, int ifindex)
{
	size_t i = position(links, ifindex);

	if (i < links->n && links->v[i]->ifindex == ifindex)
		return links->v[i];
	return NULL;
}

int st_links_insert(struct stabletap_links *links, size_t i,
		    const struct stabletap_link *link)
{
	struct stabletap_link **grown;
	struct stabletap_link *copy;
	size_t room;

	if (links->n == links->room) {
		room = links->room ? links->room * 2 : 64;
		grown = realloc(links->v, room * ELEMENT);
		if (!grown)
			return -ENOMEM;
		links->v = grown;
		links->room = room;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *link;
	memmove(&links->v[i + 1], &links->v[i], (links->n - i) * ELEMENT);
	links->v[i] = copy;
	links->n++;
	return 0;
}

int stabletap_links_put(struct stabletap_links *links,
			const struct stabletap_link *link)
{
	size_t i = position(links, link->ifindex);

	if (i == links->n || links->v[i]->ifindex != link->ifindex)
		return st_links_insert(links, i, link);
	stabletap_link_release(links->v[i]);
	*links->v[i] = *link;
	return 0;
}

void stabletap_links_drop(struct stabletap_links *links, int ifindex)
{
	size_t i = position(links, ifindex);

	if (i == links->n || links->v[i]->ifindex != ifindex)
		return;
	stabletap_link_release(links->v[i]);
	free(links->v[i]);
	links->n--;
	memmove(&links->v[i], &links->v[i + 1], (links->n - i) * ELEMENT);
}
