// SPDX-License-Identifier: GPL-2.0
/*
 * XDP: programs of two instructions, on ports and the devices below.  The first
 * process, which has the rights, loads them; only attaching them is fuzzed.
 */
#include "kfuzz.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf_load(unsigned int type, int answer)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = answer },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insn_cnt = ARRAY_SIZE(insns),
		.insns = (uintptr_t)insns,
		.license = (uintptr_t)"GPL",
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* [0] a socket filter, [1] to [3] XDP, [4] tc; -1 if it can't be loaded */
int *kf_bpf_load(void)
{
	static int prog[5];

	prog[0] = bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, 0);
	prog[1] = bpf_load(BPF_PROG_TYPE_XDP, XDP_PASS);
	prog[2] = bpf_load(BPF_PROG_TYPE_XDP, XDP_DROP);
	prog[3] = bpf_load(BPF_PROG_TYPE_XDP, XDP_TX);
	prog[4] = bpf_load(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_UNSPEC);
	return prog;
}

static int xdp_set(struct kf *kf, int ifindex, int fd, uint32_t flags)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_XDP);

	mnl_attr_put_u32(nlh, IFLA_XDP_FD, fd);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, flags);
	mnl_attr_nest_end(nlh, nest);
	return kf_talk(kf, nlh);
}

/* Mostly a port: a program on a lower makes every attach fail. */
static int xdp_device(struct kf *kf)
{
	return kf_below(kf, 3) ? kf_port(kf) : kf_link(kf);
}

static int xdp_attach(struct kf *kf)
{
	static const uint32_t flags[] = {
		0, XDP_FLAGS_SKB_MODE, XDP_FLAGS_SKB_MODE, XDP_FLAGS_DRV_MODE,
		XDP_FLAGS_HW_MODE, XDP_FLAGS_UPDATE_IF_NOEXIST,
	};
	int ifindex = xdp_device(kf), which = kf_below(kf, 8);

	return xdp_set(kf, ifindex, kf->prog[which > 3 ? 1 : which],
		       KF_PICK(kf, flags));
}

static int xdp_detach(struct kf *kf)
{
	return xdp_set(kf, xdp_device(kf), -1, 0);
}

static const struct kf_call calls[] = {
	{ "XDP attached", 6, xdp_attach, 1 },
	{ "XDP detached", 6, xdp_detach, 1 },
};

const struct kf_table kf_bpf_table = KF_TABLE(calls);
