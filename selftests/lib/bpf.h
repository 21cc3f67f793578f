/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BPF programs that give every frame the same answer.  Functions return a
 * negative errno on failure.
 */
/* <linux/bpf_common.h> defines BPF_H. */
#ifndef LIB_BPF_H
#define LIB_BPF_H

#include <linux/bpf.h>
#include <stdint.h>

/* Load a program of this type that returns @answer.  Returns its fd. */
int bpf_load(enum bpf_prog_type type, int answer);
/* Give a device a generic XDP program, or none (-1). */
int bpf_xdp_set(int ifindex, int prog);

/* Hooks of tcx, which 6.6 has and Debian 12's headers lack */
#define BPF_HOOK_TCX_INGRESS	46
#define BPF_HOOK_TCX_EGRESS	47
/*
 * Attach a BPF_PROG_TYPE_SCHED_CLS program to a hook of a device.  Returns the
 * link's fd, whose close detaches it; -EINVAL if the kernel has no tcx.
 */
int bpf_tcx_attach(int ifindex, uint32_t hook, int prog);

#endif /* LIB_BPF_H */
