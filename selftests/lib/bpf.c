// SPDX-License-Identifier: GPL-2.0
#include "bpf.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "st.h"

static int bpf(int cmd, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

int bpf_load(enum bpf_prog_type type, int answer)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = answer },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

int bpf_xdp_set(int ifindex, int prog)
{
	struct nlmsghdr *nlh;
	struct nlattr *xdp;
	char buf[256] = {};

	nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
	xdp = mnl_attr_nest_start(nlh, IFLA_XDP);
	mnl_attr_put_u32(nlh, IFLA_XDP_FD, prog);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, XDP_FLAGS_SKB_MODE);
	mnl_attr_nest_end(nlh, xdp);
	return st_talk(nlh, NULL, NULL);
}

int bpf_tcx_attach(int ifindex, uint32_t hook, int prog)
{
	union bpf_attr attr = {};

	attr.link_create.prog_fd = prog;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = hook;
	return bpf(BPF_LINK_CREATE, &attr);
}
