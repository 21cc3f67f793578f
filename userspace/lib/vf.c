// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions: reads and changes their settings in the physical function.
 * Each message has one attribute, so that a refusal shows what was refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "internal.h"

#define MARK_PREFIX "stabletap-vf."

/* ---- reading ---- */

static const void *payload(const struct nlattr *attr, size_t size)
{
	return mnl_attr_get_payload_len(attr) < size ? NULL :
	       mnl_attr_get_payload(attr);
}

/* A value that the driver does not fill in stays at -1. */
static int flag_of(uint32_t setting)
{
	return setting <= 1 ? (int)setting : -1;
}

static void take_vlans(const struct nlattr *list, struct stabletap_vf *vf)
{
	const struct ifla_vf_vlan_info *v;
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, list) {
		v = payload(attr, sizeof(*v));
		if (mnl_attr_get_type(attr) != IFLA_VF_VLAN_INFO || !v)
			continue;
		vf->vlan = (uint16_t)v->vlan;
		vf->qos = (uint8_t)v->qos;
		vf->vlan_proto = ntohs(v->vlan_proto);
		return;
	}
}

static void take_vf(const struct nlattr *info, struct stabletap_vf *vf)
{
	const struct ifla_vf_spoofchk *spoof;
	const struct ifla_vf_trust *trust;
	const struct ifla_vf_mac *mac;
	const struct nlattr *attr;

	*vf = (struct stabletap_vf){
		.vlan_proto = ETH_P_8021Q, .spoof_check = -1, .trust = -1,
	};
	mnl_attr_for_each_nested(attr, info) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_VF_MAC:
			mac = payload(attr, sizeof(*mac));
			if (!mac)
				break;
			vf->number = mac->vf;
			memcpy(vf->mac, mac->mac, sizeof(vf->mac));
			break;
		case IFLA_VF_VLAN_LIST:
			take_vlans(attr, vf);
			break;
		case IFLA_VF_SPOOFCHK:
			spoof = payload(attr, sizeof(*spoof));
			if (spoof)
				vf->spoof_check = flag_of(spoof->setting);
			break;
		case IFLA_VF_TRUST:
			trust = payload(attr, sizeof(*trust));
			if (trust)
				vf->trust = flag_of(trust->setting);
			break;
		}
	}
}

static int take_list(const struct nlattr *list, struct stabletap_vfs *vfs)
{
	const struct nlattr *attr;
	struct stabletap_vf *v;

	mnl_attr_for_each_nested(attr, list) {
		if (mnl_attr_get_type(attr) != IFLA_VF_INFO)
			continue;
		v = realloc(vfs->v, (vfs->n + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		vfs->v = v;
		take_vf(attr, &v[vfs->n++]);
	}
	return 0;
}

static int take_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	int err;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) != IFLA_VFINFO_LIST)
			continue;
		err = take_list(attr, arg);
		if (err)
			return err;
	}
	return 0;
}

int stabletap_vf_dump(struct stabletap *st, int pf, struct stabletap_vfs *out)
{
	struct stabletap_vfs vfs = { 0 };
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];
	int err;

	nlh = st_nl_link_request(buf, RTM_GETLINK, 0, pf);
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK,
			 RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	err = st_nl_exchange(st, nlh, take_link, &vfs);
	if (err) {
		stabletap_vfs_release(&vfs);
		return err;
	}
	*out = vfs;
	return 0;
}

void stabletap_vfs_release(struct stabletap_vfs *vfs)
{
	free(vfs->v);
	memset(vfs, 0, sizeof(*vfs));
}

const struct stabletap_vf *stabletap_vfs_find(const struct stabletap_vfs *vfs,
					      unsigned int number)
{
	size_t i;

	for (i = 0; i < vfs->n; i++)
		if (vfs->v[i].number == number)
			return &vfs->v[i];
	return NULL;
}

/* ---- changing ---- */

static int set(struct stabletap *st, int pf, uint16_t type, const void *value,
	       size_t size)
{
	struct nlattr *list, *info;
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];

	nlh = st_nl_link_request(buf, RTM_NEWLINK, NLM_F_ACK, pf);
	list = mnl_attr_nest_start(nlh, IFLA_VFINFO_LIST);
	info = mnl_attr_nest_start(nlh, IFLA_VF_INFO);
	mnl_attr_put(nlh, type, size, value);
	mnl_attr_nest_end(nlh, info);
	mnl_attr_nest_end(nlh, list);
	return st_nl_exchange(st, nlh, NULL, NULL);
}

static int set_mac(struct stabletap *st, int pf, unsigned int vf,
		   const uint8_t mac[6])
{
	static const uint8_t none[6];
	/*
	 * If the PF refuses zeros, use this address, which no device has, as
	 * libvirt does.
	 */
	static const uint8_t other[6] = { 0x02 };
	struct ifla_vf_mac value = { .vf = vf };
	int err;

	memcpy(value.mac, mac, 6);
	err = set(st, pf, IFLA_VF_MAC, &value, sizeof(value));
	if (err != -EINVAL || memcmp(mac, none, sizeof(none)) != 0)
		return err;
	memcpy(value.mac, other, sizeof(other));
	return set(st, pf, IFLA_VF_MAC, &value, sizeof(value));
}

static int set_vlan(struct stabletap *st, int pf, const struct stabletap_vf *vf)
{
	struct {
		struct nlattr head;
		struct ifla_vf_vlan_info value;
	} list = {
		.head = { .nla_len = sizeof(list),
			  .nla_type = IFLA_VF_VLAN_INFO },
		.value = { .vf = vf->number, .vlan = vf->vlan, .qos = vf->qos,
			   .vlan_proto = htons(vf->vlan_proto) },
	};

	_Static_assert(sizeof(list) == NLA_HDRLEN + sizeof(list.value),
		       "an attribute's header and its value");
	return set(st, pf, IFLA_VF_VLAN_LIST, &list, sizeof(list));
}

static int set_spoof_check(struct stabletap *st, int pf, unsigned int vf,
			   bool on)
{
	struct ifla_vf_spoofchk value = { .vf = vf, .setting = on };

	return set(st, pf, IFLA_VF_SPOOFCHK, &value, sizeof(value));
}

static int set_trust(struct stabletap *st, int pf, unsigned int vf, bool on)
{
	struct ifla_vf_trust value = { .vf = vf, .setting = on };

	return set(st, pf, IFLA_VF_TRUST, &value, sizeof(value));
}

static bool same_vlan(const struct stabletap_vf *a,
		      const struct stabletap_vf *b)
{
	return a->vlan == b->vlan && a->qos == b->qos &&
	       (!a->vlan || a->vlan_proto == b->vlan_proto);
}

bool stabletap_vf_equal(const struct stabletap_vf *a,
			const struct stabletap_vf *b)
{
	return !memcmp(a->mac, b->mac, sizeof(a->mac)) && same_vlan(a, b) &&
	       a->spoof_check == b->spoof_check && a->trust == b->trust;
}

int stabletap_vf_change(struct stabletap *st, int pf,
			const struct stabletap_vf *now,
			const struct stabletap_vf *want)
{
	int err = 0;

	/*
	 * Set the VLAN before the address, or the VF could send untagged
	 * frames.
	 */
	if (!same_vlan(now, want))
		err = set_vlan(st, pf, want);
	st_fault("vf-vlan");
	if (!err && memcmp(now->mac, want->mac, sizeof(now->mac)) != 0) {
		err = set_mac(st, pf, want->number, want->mac);
		/* A PF that can't set addresses does not check them either. */
		if (err == -EOPNOTSUPP)
			err = 0;
	}
	st_fault("vf-mac");
	if (!err && want->spoof_check >= 0 &&
	    now->spoof_check != want->spoof_check)
		err = set_spoof_check(st, pf, want->number, want->spoof_check);
	if (!err && want->trust >= 0 && now->trust != want->trust)
		err = set_trust(st, pf, want->number, want->trust);
	return err;
}

/* ---- the mark ---- */

static uint64_t mac_number(const uint8_t mac[6])
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < 6; i++)
		n = n << 8 | mac[i];
	return n;
}

static void number_mac(uint64_t n, uint8_t mac[6])
{
	int i;

	for (i = 5; i >= 0; i--, n >>= 8)
		mac[i] = (uint8_t)n;
}

static void mark_format(int ifindex, const uint8_t addr[6],
			const struct stabletap_vf *was, char *buf, size_t size)
{
	snprintf(buf, size, MARK_PREFIX "%d.%012" PRIx64 ".%012" PRIx64
		 ".%u.%u.%x.%d.%d", ifindex, mac_number(addr),
		 mac_number(was->mac), was->vlan, was->qos, was->vlan_proto,
		 was->spoof_check, was->trust);
}

/* Reads the next number of a mark, and skips the separator behind it. */
static unsigned long long next(const char **p, int base)
{
	char *end;
	unsigned long long n = strtoull(*p, &end, base);

	*p = *end ? end + 1 : end;
	return n;
}

static bool mark_parse(const char *text, uint8_t addr[6],
		       struct stabletap_vf *was)
{
	const char *p = text + strlen(MARK_PREFIX);
	int ifindex = (int)next(&p, 10);
	struct stabletap_vf vf = { 0 };
	uint8_t own[6];
	char again[128];

	number_mac(next(&p, 16), own);
	number_mac(next(&p, 16), vf.mac);
	vf.vlan = (uint16_t)next(&p, 10);
	vf.qos = (uint8_t)next(&p, 10);
	vf.vlan_proto = (uint16_t)next(&p, 16);
	vf.spoof_check = (int)next(&p, 10);
	vf.trust = (int)next(&p, 10);
	/* Accept only marks that would be formatted the same. */
	mark_format(ifindex, own, &vf, again, sizeof(again));
	if (strcmp(text, again) != 0)
		return false;
	memcpy(addr, own, sizeof(own));
	*was = vf;
	return true;
}

const char *stabletap_vf_marked(const struct stabletap_link *link,
				uint8_t addr[6], struct stabletap_vf *was)
{
	const char *alt = NULL;

	while ((alt = stabletap_link_altname(link, alt)))
		if (!strncmp(alt, MARK_PREFIX, strlen(MARK_PREFIX)) &&
		    mark_parse(alt, addr, was))
			return alt;
	return NULL;
}

/* ---- setting up and restoring ---- */

/*
 * Gives a VF's device the address @addr.  Many PFs that have set a VF's address
 * allow it no other.  If so, clears the PF's setting first, also in *now.
 */
static int give_addr(struct stabletap *st, const struct stabletap_link *link,
		     int pf, struct stabletap_vf *now, const uint8_t addr[6])
{
	struct stabletap_vf free = *now;
	int err;

	if (!memcmp(link->addr, addr, 6) ||
	    !stabletap_link_set_mac(st, link->ifindex, addr))
		return 0;
	memset(free.mac, 0, sizeof(free.mac));
	err = stabletap_vf_change(st, pf, now, &free);
	if (err)
		return err;
	*now = free;
	/* Ignore an error: the card's switch uses the PF's address. */
	stabletap_link_set_mac(st, link->ifindex, addr);
	return 0;
}

static int add_mark(struct stabletap *st, const struct stabletap_link *link,
		    const struct stabletap_vf *was)
{
	char mark[128];

	mark_format(link->ifindex, link->addr, was, mark, sizeof(mark));
	return stabletap_link_add_altname(st, link->ifindex, mark);
}

static int del_mark(struct stabletap *st, const struct stabletap_link *link,
		    const struct stabletap_vf *was)
{
	char mark[128];

	mark_format(link->ifindex, link->addr, was, mark, sizeof(mark));
	return stabletap_link_del_altname(st, link->ifindex, mark);
}

/*
 * PF and VF show the same address.  Either it was set in the PF, or it is the
 * VF's own: many PFs report an address chosen by the VF's driver in the same
 * place.  In the first case most PFs refuse the VF any other address, so try
 * @other, and set the old one again.  A trusted VF may have any address, so the
 * test shows nothing; for it, nothing is lost by recording the PF's.
 */
static bool is_own_addr(struct stabletap *st, const struct stabletap_link *link,
			const struct stabletap_vf *now, const uint8_t other[6])
{
	if (memcmp(now->mac, link->addr, sizeof(now->mac)) != 0 ||
	    !memcmp(now->mac, other, sizeof(now->mac)) || now->trust == 1 ||
	    stabletap_link_set_mac(st, link->ifindex, other))
		return false;
	stabletap_link_set_mac(st, link->ifindex, link->addr);
	return true;
}

/* If the process is killed here, the VF is restored by the mark. */
static int mark(struct stabletap *st, const struct stabletap_link *link,
		const struct stabletap_vf *now, const uint8_t other[6])
{
	struct stabletap_vf was = *now;
	int err = add_mark(st, link, &was);

	if (err || !is_own_addr(st, link, now, other))
		return err;
	memset(was.mac, 0, sizeof(was.mac));
	err = add_mark(st, link, &was);
	return err ? err : del_mark(st, link, now);
}

int stabletap_vf_set_up(struct stabletap *st, const struct stabletap_link *link,
			int pf, const struct stabletap_vf *now,
			const struct stabletap_vf *want, const uint8_t *addr)
{
	struct stabletap_vf from = *now, was;
	uint8_t old[6];
	int err = 0;

	if (!stabletap_vf_marked(link, old, &was))
		err = mark(st, link, now, want->mac);
	if (err)
		return err;
	st_fault("vf-marked");
	/*
	 * Set the device's address first: once the PF has set one, it may
	 * refuse others, and many VF drivers read the PF's setting only when
	 * they load.
	 */
	if (addr)
		err = give_addr(st, link, pf, &from, addr);
	st_fault("vf-address");
	if (!err)
		err = stabletap_vf_change(st, pf, &from, want);
	st_fault("vf-set-up");
	return err;
}

int stabletap_vf_put_back(struct stabletap *st,
			  const struct stabletap_link *link, int pf,
			  const struct stabletap_vf *now)
{
	struct stabletap_vf from = *now, was;
	uint8_t addr[6];
	const char *mark = stabletap_vf_marked(link, addr, &was);
	int err;

	if (!mark)
		return 0;
	was.number = now->number;
	err = give_addr(st, link, pf, &from, addr);
	if (!err)
		err = stabletap_vf_change(st, pf, &from, &was);
	if (err)
		return err;
	/*
	 * Clearing the PF's address may leave the VF without one, so set it
	 * again.
	 */
	stabletap_link_set_mac(st, link->ifindex, addr);
	st_fault("vf-put-back");
	return stabletap_link_del_altname(st, link->ifindex, mark);
}
