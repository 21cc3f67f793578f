// SPDX-License-Identifier: GPL-2.0
/* A port's own addresses and its VLANs', from rtnetlink. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_addr.h>

#include "tell/speakers.h"

#define SPEAKERS_MAX 64

struct listing {
	struct speaker v[SPEAKERS_MAX];	/* the first is the port */
	size_t n;
};

bool speaker_from_vlan(const struct stabletap_link *link, struct speaker *out)
{
	if (!link->tag_proto || !(link->flags & IFF_UP))
		return false;
	/* The device with this ifindex is in another namespace. */
	if (link->link_netnsid >= 0)
		return false;
	*out = (struct speaker){
		.ifindex = link->ifindex, .link = link->link,
		.tags = { 1, { link->tag_proto }, { link->tag_id } },
	};
	memcpy(out->mac, link->addr, sizeof(out->mac));
	return true;
}

bool speaker_has_ip(const struct stabletap_addr *addr)
{
	/* The device below may not be a speaker, or not be one yet. */
	return addr->has_ip &&
	       !(addr->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) &&
	       (addr->family == AF_INET || addr->family == AF_INET6);
}

/* A VLAN on a VLAN has the tags of both, the outer one first. */
static bool is_stacked(const struct speaker *parent, struct speaker *s)
{
	struct announce_tags tags = parent->tags;

	if (s->link != parent->ifindex || tags.n == ANNOUNCE_TAGS_MAX)
		return false;
	tags.proto[tags.n] = s->tags.proto[0];
	tags.id[tags.n] = s->tags.id[0];
	tags.n++;
	s->tags = tags;
	return true;
}

/* VLANs on speaker @parent */
static void add_vlans(struct listing *l, size_t parent,
		      const struct stabletap_links *vlans)
{
	struct speaker s;
	size_t i;

	for (i = 0; i < vlans->n && l->n < SPEAKERS_MAX; i++)
		if (speaker_from_vlan(vlans->v[i], &s) &&
		    is_stacked(&l->v[parent], &s))
			l->v[l->n++] = s;
}

/* Each speaker that is found may have VLANs on it, too. */
static int find_vlans(struct listing *l, struct stabletap *st)
{
	struct stabletap_links vlans = { 0 };
	int err = stabletap_link_dump(st, "vlan", &vlans);
	size_t i;

	for (i = 0; i < l->n; i++)
		add_vlans(l, i, &vlans);
	stabletap_links_release(&vlans);
	/*
	 * Without the 8021q module the kernel does not know the kind: no VLANs.
	 */
	return err < 0 && err != -EOPNOTSUPP ? err : 0;
}

static int tell_addresses(struct stabletap *st, struct speaker *s,
			  speaker_ip_fn fn, void *arg)
{
	struct stabletap_addrs list = { 0 };
	int err = stabletap_addr_dump(st, s->ifindex, &list);
	size_t i;

	if (list.n)
		s->router = stabletap_ip6_forwards(st, s->ifindex);
	for (i = 0; i < list.n; i++)
		if (speaker_has_ip(&list.v[i]))
			fn(s, list.v[i].family, list.v[i].ip, arg);
	stabletap_addrs_release(&list);
	return err < 0 ? err : 0;
}

int speakers_list(struct stabletap *st, int port, const uint8_t mac[6],
		  bool stacked, speaker_fn fn, speaker_ip_fn ip_fn, void *arg)
{
	struct listing *l = calloc(1, sizeof(*l));
	int err = 0;
	size_t i;

	if (!l)
		return -ENOMEM;
	l->n = 1;
	l->v[0].ifindex = port;
	memcpy(l->v[0].mac, mac, 6);
	if (stacked)
		err = find_vlans(l, st);
	for (i = 0; i < l->n; i++)
		fn(&l->v[i], arg);
	for (i = 0; i < l->n && !err; i++)
		err = tell_addresses(st, &l->v[i], ip_fn, arg);
	free(l);
	return err;
}
