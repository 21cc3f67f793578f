// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic control: queueing disciplines, and filters that redirect to and from
 * ports.  The target is mostly one from which a frame can't come back: a frame
 * in an endless loop would leave no time for anything else.
 */
#include "kfuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <string.h>

#define SINK	(KF_LINK0 + KF_LINKS - 1)

static struct tcmsg *tc_msg(struct kf *kf, uint16_t type, uint16_t flags,
			    int ifindex, struct nlmsghdr **nlh)
{
	struct tcmsg *tcm;

	*nlh = mnl_nlmsg_put_header(kf->buf);
	(*nlh)->nlmsg_type = type;
	(*nlh)->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	tcm = mnl_nlmsg_put_extra_header(*nlh, sizeof(*tcm));
	tcm->tcm_ifindex = ifindex;
	return tcm;
}

static int tc_device(struct kf *kf)
{
	switch (kf_below(kf, 3)) {
	case 0:
		return kf->veth;
	case 1:
		return kf_port(kf);
	default:
		return kf_link(kf);
	}
}

static int qdisc_put(struct kf *kf, int ifindex, uint32_t parent,
		     const char *kind, const void *data, size_t len)
{
	struct nlmsghdr *nlh;
	struct tcmsg *tcm;

	tcm = tc_msg(kf, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
		     &nlh);
	tcm->tcm_parent = parent;
	tcm->tcm_handle = parent == TC_H_ROOT ? 0 :
			  TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	if (data)
		mnl_attr_put(nlh, TCA_OPTIONS, len, data);
	return kf_talk(kf, nlh);
}

static int tc_clsact(struct kf *kf, int ifindex)
{
	return qdisc_put(kf, ifindex, TC_H_CLSACT, "clsact", NULL, 0);
}

static int tc_netem(struct kf *kf)
{
	struct tc_netem_qopt netem = {
		.latency = kf_below(kf, 100000), .limit = 1 + kf_below(kf, 64),
		.loss = kf_once_in(kf, 4) ? 1U << 30 : 0,
		.duplicate = kf_once_in(kf, 4) ? 1U << 30 : 0,
		.gap = kf_below(kf, 4),
	};

	return qdisc_put(kf, tc_device(kf), TC_H_ROOT, "netem", &netem,
			 sizeof(netem));
}

static int tc_qdisc(struct kf *kf)
{
	static const char *const kinds[] = {
		"pfifo_fast", "fq", "fq_codel", "noqueue", "prio", "sfq",
		"pfifo", "mq", "multiq",
	};

	if (kf_once_in(kf, 2))
		return tc_clsact(kf, tc_device(kf));
	return qdisc_put(kf, tc_device(kf), TC_H_ROOT, KF_PICK(kf, kinds),
			 NULL, 0);
}

static int tc_qdisc_del(struct kf *kf)
{
	bool root = kf_once_in(kf, 2);
	struct nlmsghdr *nlh;
	struct tcmsg *tcm;

	tcm = tc_msg(kf, RTM_DELQDISC, 0, tc_device(kf), &nlh);
	tcm->tcm_parent = root ? TC_H_ROOT : TC_H_CLSACT;
	return kf_talk(kf, nlh);
}

static void put_mirred(struct kf *kf, struct nlmsghdr *nlh)
{
	static const int actions[] = {
		TCA_EGRESS_REDIR, TCA_EGRESS_MIRROR, TCA_INGRESS_REDIR,
		TCA_INGRESS_MIRROR,
	};
	struct tc_mirred mirred = {
		.eaction = KF_PICK(kf, actions),
		.ifindex = kf_below(kf, 4) ? SINK : kf_any(kf),
	};

	mirred.action = mirred.eaction == TCA_EGRESS_REDIR ||
			mirred.eaction == TCA_INGRESS_REDIR ?
			TC_ACT_STOLEN : TC_ACT_PIPE;
	mnl_attr_put(nlh, TCA_MIRRED_PARMS, sizeof(mirred), &mirred);
}

static void put_action(struct kf *kf, struct nlmsghdr *nlh, uint32_t which)
{
	struct tc_gact gact = {
		.action = kf_below(kf, 3) ? TC_ACT_OK : TC_ACT_SHOT,
	};
	struct tc_skbedit edit = { .action = TC_ACT_PIPE };
	struct nlattr *action = mnl_attr_nest_start(nlh, 1), *options;
	static const char *const kinds[] = { "mirred", "gact", "skbedit" };

	mnl_attr_put_strz(nlh, TCA_ACT_KIND, kinds[which]);
	options = mnl_attr_nest_start(nlh, TCA_ACT_OPTIONS);
	if (which == 0) {
		put_mirred(kf, nlh);
	} else if (which == 1) {
		mnl_attr_put(nlh, TCA_GACT_PARMS, sizeof(gact), &gact);
	} else {
		mnl_attr_put(nlh, TCA_SKBEDIT_PARMS, sizeof(edit), &edit);
		mnl_attr_put_u16(nlh, TCA_SKBEDIT_QUEUE_MAPPING,
				 kf_below(kf, 4));
	}
	mnl_attr_nest_end(nlh, options);
	mnl_attr_nest_end(nlh, action);
}

static int filter_new(struct kf *kf, bool bpf)
{
	bool ingress = kf_once_in(kf, 2);
	int ifindex = tc_device(kf);
	struct nlattr *options, *list;
	struct nlmsghdr *nlh;
	struct tcmsg *tcm;

	tc_clsact(kf, ifindex);
	tcm = tc_msg(kf, RTM_NEWTFILTER, NLM_F_CREATE, ifindex, &nlh);
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS :
				    TC_H_MIN_EGRESS);
	tcm->tcm_info = TC_H_MAKE((1 + kf_below(kf, 6)) << 16,
				  htons(ETH_P_ALL));
	mnl_attr_put_strz(nlh, TCA_KIND, bpf ? "bpf" : "matchall");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	if (bpf) {
		mnl_attr_put_u32(nlh, TCA_BPF_FD, kf->prog[4]);
		mnl_attr_put_strz(nlh, TCA_BPF_NAME, "kfuzz");
		mnl_attr_put_u32(nlh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	} else {
		list = mnl_attr_nest_start(nlh, TCA_MATCHALL_ACT);
		put_action(kf, nlh, kf_below(kf, 4) % 3);
		mnl_attr_nest_end(nlh, list);
	}
	mnl_attr_nest_end(nlh, options);
	return kf_talk(kf, nlh);
}

static int tc_matchall(struct kf *kf)
{
	return filter_new(kf, false);
}

static int tc_bpf(struct kf *kf)
{
	return filter_new(kf, true);
}

/* Delete all filters of a hook */
static int tc_filter_del(struct kf *kf)
{
	struct nlmsghdr *nlh;
	struct tcmsg *tcm;

	tcm = tc_msg(kf, RTM_DELTFILTER, 0, tc_device(kf), &nlh);
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, kf_once_in(kf, 2) ?
				    TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	return kf_talk(kf, nlh);
}

static int tc_sink(struct kf *kf)
{
	struct nlattr *info;
	struct nlmsghdr *nlh;

	nlh = kf_link_msg(kf, RTM_NEWLINK, NLM_F_CREATE, SINK);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(SINK));
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(nlh, info);
	kf_talk(kf, nlh);
	return kf_link_flags(kf, SINK, 1, 1);
}

static const struct kf_call calls[] = {
	{ "tc: the device to redirect to", 4, tc_sink, 1 },
	{ "tc: queue", 8, tc_qdisc, 1 },
	{ "tc: netem", 4, tc_netem, 1 },
	{ "tc: queue deleted", 8, tc_qdisc_del, 1 },
	{ "tc: matchall with actions", 10, tc_matchall, 30 },
	{ "tc: bpf", 3, tc_bpf, 1 },
	{ "tc: filters deleted", 8, tc_filter_del, 1 },
};

const struct kf_table kf_tc_table = KF_TABLE(calls);
