// SPDX-License-Identifier: GPL-2.0
/*
 * nftables: chains at a device's ingress and egress hook, with a rule or two.
 */
#include "kfuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define TABLE "kfuzz"

struct batch {
	struct kf *kf;
	size_t len;
	unsigned int acks;
};

static struct nlmsghdr *batch_msg(struct batch *batch, uint16_t type,
				  uint16_t flags, uint8_t family,
				  uint16_t res_id)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	nlh = mnl_nlmsg_put_header(batch->kf->buf + batch->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = batch->acks;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return nlh;
}

static void batch_end_msg(struct batch *batch, const struct nlmsghdr *nlh)
{
	batch->len += MNL_ALIGN(nlh->nlmsg_len);
}

static void batch_begin(struct batch *batch, struct kf *kf)
{
	batch->kf = kf;
	batch_end_msg(batch, batch_msg(batch, NFNL_MSG_BATCH_BEGIN, 0,
				       AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

static struct nlmsghdr *nft_msg(struct batch *batch, uint16_t type,
				uint16_t flags)
{
	batch->acks++;
	return batch_msg(batch, NFNL_SUBSYS_NFTABLES << 8 | type,
			 NLM_F_ACK | flags, NFPROTO_NETDEV, 0);
}

static int batch_commit(struct batch *batch)
{
	batch_end_msg(batch, batch_msg(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
				       NFNL_SUBSYS_NFTABLES));
	return kf_batch(batch->kf, batch->len, batch->acks);
}

static void put_table(struct batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = nft_msg(batch, type, flags);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE);
	batch_end_msg(batch, nlh);
}

static void put_chain(struct kf *kf, struct batch *batch, const char *name,
		      int ifindex, uint32_t hook)
{
	struct nlmsghdr *nlh = nft_msg(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl(kf_below(kf, 3)));
	mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, kf_name(ifindex));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY,
			 htonl(kf_once_in(kf, 16) ? NF_DROP : NF_ACCEPT));
	batch_end_msg(batch, nlh);
}

static void put_verdict(struct nlmsghdr *nlh, int verdict)
{
	struct nlattr *expr = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *data, *value, *nest;

	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "immediate");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_u32(nlh, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	value = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	nest = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl(verdict));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, value);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
}

static void put_counter(struct nlmsghdr *nlh)
{
	struct nlattr *expr = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "counter");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
}

static void put_rule(struct kf *kf, struct batch *batch, const char *chain)
{
	struct nlmsghdr *nlh = nft_msg(batch, NFT_MSG_NEWRULE,
				       NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	put_counter(nlh);
	if (kf_once_in(kf, 2))
		put_verdict(nlh, kf_once_in(kf, 8) ? NF_DROP : NF_ACCEPT);
	mnl_attr_nest_end(nlh, list);
	batch_end_msg(batch, nlh);
}

/* The egress hook needs 5.16 and its configuration option. */
static int nft_chain(struct kf *kf)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	const char *name = KF_PICK(kf, names);
	unsigned int rules = 1 + kf_below(kf, 3);
	struct batch batch = {};

	batch_begin(&batch, kf);
	put_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_chain(kf, &batch, name, kf_once_in(kf, 2) ? kf_port(kf) :
		  kf_link(kf), kf_once_in(kf, 2));
	while (rules--)
		put_rule(kf, &batch, name);
	return batch_commit(&batch);
}

static int nft_delete(struct kf *kf)
{
	struct batch batch = {};

	batch_begin(&batch, kf);
	/* Create the table in the same transaction, so that it always exists */
	put_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(&batch, NFT_MSG_DELTABLE, 0);
	return batch_commit(&batch);
}

static const struct kf_call calls[] = {
	{ "nft: chain with rules", 10, nft_chain, 20 },
	{ "nft: table deleted", 4, nft_delete, 1 },
};

const struct kf_table kf_nft_table = KF_TABLE(calls);
