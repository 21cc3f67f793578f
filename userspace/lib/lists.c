// SPDX-License-Identifier: GPL-2.0
/*
 * A device's address lists and flags.
 *
 * The unicast list is that of "bridge fdb ... self"; each entry has one owner.
 * The multicast list counts users, because the kernel's own protocols join and
 * leave.  All entries made by hand ("ip maddr add") are one more user, which
 * the kernel calls global use.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "internal.h"

/* /proc/net does not exist where /proc is mounted with subset=pid. */
#define DEV_MCAST "/proc/self/net/dev_mcast"

static int put(struct stabletap_macs *list, int ifindex, const uint8_t mac[6])
{
	struct stabletap_mac *grown;

	/* The array doubles at each power of two. */
	if (!(list->n & (list->n - 1))) {
		grown = realloc(list->v, (list->n ? list->n * 2 : 1) *
				sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->v = grown;
	}
	list->v[list->n].ifindex = ifindex;
	memcpy(list->v[list->n].mac, mac, 6);
	list->n++;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct stabletap_mac *x = a;
	const struct stabletap_mac *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return memcmp(x->mac, y->mac, 6);
}

bool stabletap_macs_has(const struct stabletap_macs *list, int ifindex,
			const uint8_t mac[6])
{
	struct stabletap_mac key = { .ifindex = ifindex };

	memcpy(key.mac, mac, 6);
	return list->n && bsearch(&key, list->v, list->n, sizeof(key),
				  by_place);
}

void stabletap_macs_release(struct stabletap_macs *list)
{
	free(list->v);
	memset(list, 0, sizeof(*list));
}

/* ---- both lists ---- */

struct gather {
	struct stabletap_macs list;
	int ifindex;
};

static int take_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct gather *g = arg;

	if (nlh->nlmsg_type != RTM_NEWNEIGH ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm))
		return 0;
	if (ndm->ndm_ifindex != g->ifindex || !(ndm->ndm_flags & NTF_SELF))
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) == NDA_LLADDR &&
		    mnl_attr_get_payload_len(attr) == 6)
			return put(&g->list, g->ifindex,
				   mnl_attr_get_payload(attr));
	}
	return 0;
}

static void forget(void *arg)
{
	struct gather *g = arg;

	stabletap_macs_release(&g->list);
}

int stabletap_macs_list(struct stabletap *st, int ifindex,
			struct stabletap_macs *out)
{
	struct gather g = { .ifindex = ifindex };
	const struct ndmsg ndm = {
		.ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex,
	};
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];
	int err;

	nlh = st_nl_request(buf, RTM_GETNEIGH, NLM_F_DUMP, &ndm, sizeof(ndm));
	err = st_nl_dump(st, nlh, take_neighbour, forget, &g);
	if (err) {
		forget(&g);
		return err > 0 ? -EAGAIN : err;
	}
	if (g.list.n)
		qsort(g.list.v, g.list.n, sizeof(*g.list.v), by_place);
	*out = g.list;
	return 0;
}

/* ---- multicast ---- */

/* Reads twelve digits; -EBADMSG: it is no Ethernet address. */
static int parse_hex(const char *text, uint8_t mac[6])
{
	uint64_t value;
	char *end;
	int i;

	value = strtoull(text, &end, 16);
	if (end != text + 12 || *end)
		return -EBADMSG;
	for (i = 5; i >= 0; i--, value >>= 8)
		mac[i] = (uint8_t)value;
	return 0;
}

/* "7    vm1             2     1     333300000001": index, users, global */
static int take_line(struct stabletap_macs *list, char *line)
{
	const char *word[5] = { NULL };
	char *rest = NULL;
	uint8_t mac[6];
	size_t i;

	for (i = 0; i < 5; i++, line = NULL)
		word[i] = strtok_r(line, " \n", &rest);
	if (!word[4] || !strtol(word[3], NULL, 10) || parse_hex(word[4], mac))
		return 0;
	return put(list, (int)strtol(word[0], NULL, 10), mac);
}

int stabletap_mc_by_hand(struct stabletap *st, struct stabletap_macs *out)
{
	struct stabletap_macs list = { 0 };
	FILE *in = fopen(DEV_MCAST, "re");
	char line[160];
	int err = 0;

	st_message_clear(st);
	if (!in)
		return -errno;
	while (!err && fgets(line, sizeof(line), in))
		err = take_line(&list, line);
	if (!err && ferror(in))
		err = -EIO;
	fclose(in);
	if (err) {
		stabletap_macs_release(&list);
		return err;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_place);
	*out = list;
	return 0;
}

int stabletap_mc_set(struct stabletap *st, int ifindex, const uint8_t mac[6],
		     bool member)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = AF_UNSPEC };
	int fd, err = 0;

	st_message_clear(st);
	/* The kernel takes only a name here, not an ifindex. */
	if (!if_indextoname((unsigned int)ifindex, ifr.ifr_name))
		return -ENODEV;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, member ? SIOCADDMULTI : SIOCDELMULTI, &ifr))
		err = -errno;
	close(fd);
	return err;
}

/* ---- unicast ---- */

int stabletap_uc_set(struct stabletap *st, int ifindex, const uint8_t mac[6],
		     bool member)
{
	const struct ndmsg ndm = {
		.ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex,
		.ndm_state = NUD_PERMANENT, .ndm_flags = NTF_SELF,
	};
	const uint16_t flags = member ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];

	nlh = st_nl_request(buf, member ? RTM_NEWNEIGH : RTM_DELNEIGH,
			    NLM_F_ACK | flags, &ndm, sizeof(ndm));
	mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	return st_nl_exchange(st, nlh, NULL, NULL);
}
