// SPDX-License-Identifier: GPL-2.0
/* The VLAN of untagged frames on a bridge. */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

#include "internal.h"

struct search {
	int ifindex;
	int pvid;
};

static void take_vlans(const struct nlattr *spec, struct search *s)
{
	const struct bridge_vlan_info *v;
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, spec) {
		if (mnl_attr_get_type(attr) != IFLA_BRIDGE_VLAN_INFO ||
		    mnl_attr_get_payload_len(attr) < sizeof(*v))
			continue;
		v = mnl_attr_get_payload(attr);
		if (v->flags & BRIDGE_VLAN_INFO_PVID)
			s->pvid = v->vid;
	}
}

static int take_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct search *s = arg;

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*ifm) ||
	    ifm->ifi_index != s->ifindex)
		return 0;
	if (s->pvid < 0)
		s->pvid = 0;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm))
		if ((mnl_attr_get_type(attr) & NLA_TYPE_MASK) == IFLA_AF_SPEC)
			take_vlans(attr, s);
	return 0;
}

static void reset(void *arg)
{
	((struct search *)arg)->pvid = -1;
}

int stabletap_bridge_pvid(struct stabletap *st, int ifindex)
{
	static const struct ifinfomsg ifm = { .ifi_family = AF_BRIDGE };
	struct search s = { ifindex, -1 };
	char buf[ST_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err;

	nlh = st_nl_request(buf, RTM_GETLINK, NLM_F_DUMP, &ifm, sizeof(ifm));
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
	err = st_nl_dump(st, nlh, take_link, reset, &s);
	if (err < 0)
		return err;
	return s.pvid < 0 ? -ENODATA : s.pvid;
}
