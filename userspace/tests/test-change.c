// SPDX-License-Identifier: GPL-2.0
/* The request by which a port is changed, attribute by attribute. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "stabletap.h"
#include "tap.h"

int __wrap_st_nl_exchange(struct stabletap *st, struct nlmsghdr *nlh,
			  int (*fn)(const struct nlmsghdr *nlh, void *arg),
			  void *arg);

/* The request, "12 up mtu=1400 on-detach=1" */
static char sent[256];

__attribute__((format(printf, 1, 2)))
static void add(const char *fmt, ...)
{
	size_t len = strlen(sent);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sent + len, sizeof(sent) - len, fmt, ap);
	va_end(ap);
}

static void add_option(const struct nlattr *attr)
{
	unsigned int size = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_STABLETAP_ON_DETACH:
		add(" on-detach/%u=%u", size, mnl_attr_get_u32(attr));
		break;
	case IFLA_STABLETAP_HOLD_FRAMES:
		add(" frames/%u=%u", size, mnl_attr_get_u32(attr));
		break;
	case IFLA_STABLETAP_HOLD_TIME:
		add(" time/%u=%u", size, mnl_attr_get_u32(attr));
		break;
	case IFLA_STABLETAP_HOLD_BYTES:
		add(" bytes/%u=%llu", size,
		    (unsigned long long)mnl_attr_get_u64(attr));
		break;
	default:
		add(" ?");
	}
}

static void add_info(const struct nlattr *info)
{
	const struct nlattr *attr, *option;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			add(" %s", mnl_attr_get_str(attr));
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			mnl_attr_for_each_nested(option, attr)
				add_option(option);
		else
			add(" ?");
	}
}

int __wrap_st_nl_exchange(struct stabletap *st, struct nlmsghdr *nlh,
			  int (*fn)(const struct nlmsghdr *nlh, void *arg),
			  void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	(void)st, (void)fn, (void)arg;
	add("%d", ifi->ifi_index);
	if (ifi->ifi_change == IFF_UP)
		add(ifi->ifi_flags & IFF_UP ? " up" : " down");
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		if (mnl_attr_get_type(attr) == IFLA_ADDRESS)
			add(" address/%u", mnl_attr_get_payload_len(attr));
		else if (mnl_attr_get_type(attr) == IFLA_MTU)
			add(" mtu=%u", mnl_attr_get_u32(attr));
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			add_info(attr);
		else
			add(" ?");
	}
	return nlh->nlmsg_type == RTM_NEWLINK && nlh->nlmsg_flags & NLM_F_ACK ?
	       -EPERM : 0;
}

static void expect(struct tap *t, const struct stabletap_change *c,
		   const char *want, const char *name)
{
	struct stabletap *st = NULL;

	if (stabletap_open(&st))
		return;
	sent[0] = '\0';
	ok(t, stabletap_port_change(st, 12, c) == -EPERM,
	   "%s: the kernel's answer is returned", name);
	is_str(t, sent, want, name);
	stabletap_close(st);
}

int main(void)
{
	static const uint8_t mac[6] = { 2 };
	struct stabletap_change c = { .hold_frames = 9, .on_detach = 1 };
	struct tap t = { 0 };

	expect(&t, &c, "12", "a change of nothing");
	c.options = STABLETAP_SET_ON_DETACH;
	expect(&t, &c, "12 stabletap on-detach/4=1", "one option");
	c = (struct stabletap_change){
		.addr = mac, .mtu = 1400, .down = true,
		.options = STABLETAP_SET_ON_DETACH | STABLETAP_SET_HOLD_FRAMES |
			   STABLETAP_SET_HOLD_TIME | STABLETAP_SET_HOLD_BYTES,
		.hold_frames = 9, .hold_time = 500, .hold_bytes = 4294967296,
	};
	expect(&t, &c, "12 down address/6 mtu=1400 stabletap on-detach/4=0 "
	       "frames/4=9 time/4=500 bytes/8=4294967296",
	       "everything, in one request");
	return tap_end(&t);
}
