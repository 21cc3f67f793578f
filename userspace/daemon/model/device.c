// SPDX-License-Identifier: GPL-2.0
/* One network device: questions about it. */
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "model/device.h"
#include "sorted.h"

/* As IF_OPER_* of <linux/if.h>, which conflicts with <net/if.h> */
enum { OPER_UNKNOWN = 0, OPER_UP = 6 };

bool device_is_ethernet(const struct stabletap_link *link)
{
	return link->type == ARPHRD_ETHER && !(link->flags & IFF_LOOPBACK) &&
	       !stabletap_link_is_port(link) &&
	       !stabletap_child_is(link, NULL);
}

bool device_is_usable(const struct stabletap_link *link)
{
	return link->flags & IFF_UP && link->carrier &&
	       (link->operstate == OPER_UP || link->operstate == OPER_UNKNOWN);
}

bool device_is_marked(const struct stabletap_link *link)
{
	struct stabletap_vf was;
	uint8_t addr[6];

	return link->altnames_len && stabletap_vf_marked(link, addr, &was);
}

bool device_is_stacked(const struct stabletap_link *link)
{
	/* IFLA_LINK of a veth or netkit is its peer, not a device below it. */
	return link->link && link->link != link->ifindex &&
	       strcmp(link->kind, "veth") != 0 &&
	       strcmp(link->kind, "netkit") != 0;
}

int device_below(const struct stabletap_link *link)
{
	return device_is_stacked(link) && link->link_netnsid < 0 ? link->link :
	       0;
}

/*
 * The kernel sends an RTM_NEWLINK of the parent for each child made on it, in
 * which only counters differ.  Hundreds of ports on that parent need not be
 * evaluated for that.
 */
bool device_is_news(const struct stabletap_link *old,
		    const struct stabletap_link *now)
{
	struct stabletap_link a = *old;
	struct stabletap_link b = *now;

	a.altnames = NULL;
	b.altnames = NULL;
	/*
	 * If only the padding differs, that costs an evaluation and nothing
	 * else.
	 */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
	return memcmp(&a, &b, sizeof(a)) != 0 ||
	       (a.altnames_len && memcmp(old->altnames, now->altnames,
					 a.altnames_len) != 0);
}

bool device_is_other(const struct stabletap_link *old,
		     const struct stabletap_link *now)
{
	/*
	 * Before Linux 5.14 the parent is read from sysfs by name, and is not
	 * found by a name that the device had before.
	 */
	return strcmp(old->kind, now->kind) != 0 || old->type != now->type ||
	       (*old->parent_dev && *now->parent_dev &&
		strcmp(old->parent_dev, now->parent_dev) != 0);
}

/* ---- VLANs on it ---- */

static int id_at(const void *v, size_t i)
{
	return ((const struct device_vlan *)v)[i].id;
}

static size_t vlan_position(const struct device *dev, int id)
{
	return sorted_position(dev->vlans, dev->vlans_n, id, id_at);
}

struct device_vlan *device_vlan(const struct device *dev, int id)
{
	size_t i = vlan_position(dev, id);

	return i < dev->vlans_n && dev->vlans[i].id == id ? &dev->vlans[i] :
	       NULL;
}

struct device_vlan *device_vlan_make(struct device *dev, int id)
{
	struct device_vlan *v = device_vlan(dev, id);
	size_t i = vlan_position(dev, id);
	struct device_vlan *grown;

	if (v)
		return v;
	/* The array doubles when it is full, which is at powers of two. */
	if (!(dev->vlans_n & (dev->vlans_n - 1))) {
		grown = reallocarray(dev->vlans, dev->vlans_n ?
				     2 * dev->vlans_n : 1, sizeof(*grown));
		if (!grown)
			return NULL;
		dev->vlans = grown;
	}
	v = &dev->vlans[i];
	memmove(v + 1, v, (dev->vlans_n - i) * sizeof(*v));
	*v = (struct device_vlan){ .id = id };
	dev->vlans_n++;
	return v;
}
