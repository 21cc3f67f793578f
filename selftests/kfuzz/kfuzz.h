/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kfuzz: a structured, seeded fuzzer of all interfaces of the module.
 *
 * Four workers, each a process with its own random numbers, run in three
 * network namespaces: two share one and race for the same devices, one has its
 * own, and one is in a user namespace.  Each runs programs: a few calls from
 * the tables (kf_tables), with arguments from a tape of random words.  If the
 * kernel has KCOV, a tape that reached new code of the module is kept, and
 * later programs are mutations of such tapes.
 *
 * Devices have fixed ifindexes, so that calls need no look-up:
 *
 *	KF_LINK0 + n	"l<n>": links of any kind; the first ones are the
 *			workers' own veths (see scene.c)
 *	KF_PORT0 + n	"vm<n>": ports
 */
#ifndef KFUZZ_H
#define KFUZZ_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pair.h"
#include "st.h"

#define KF_WORKERS	4
#define KF_NETNS	3
#define KF_LINK0	32
#define KF_LINKS	16
#define KF_PORT0	64
#define KF_PORTS	4
#define KF_OWN_LINKS	4	/* the first: two veths, four ends; ... */
#define KF_CHILDREN	2	/* ... then macvlans for the own ports */
#define KF_TAPS		6
#define KF_PACKETS	4
#define KF_TAPE		320	/* words */
#define KF_CALLS	96
#define KF_ERRNOS	160
#define KF_KINDS	32
#define KF_FRAME_MAX	65550
#define KF_VNET_MAX	32
#define KF_COVER_BITS	(1 << 20)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* The random words of a program; replaying them repeats the program. */
struct kf_tape {
	unsigned int len;
	unsigned int pos;
	uint32_t word[KF_TAPE];
};

struct kf_frame {
	uint8_t vnet[KF_VNET_MAX];
	uint8_t data[KF_FRAME_MAX];
	size_t len;
};

/* One open queue of a port */
struct kf_tap {
	int fd;		/* -1 if none */
	int hdr;	/* length of the vnet header, 0 without */
};

struct kf_corpus;
struct kf_cover;

/* Memory in which the workers report to the first process */
struct kf_shared {
	bool stop;
	bool low_memory;
	uint64_t programs[KF_WORKERS];
	uint64_t kept[KF_WORKERS];		/* number of kept tapes */
	int at[KF_WORKERS];			/* the current call */
	uint64_t since[KF_WORKERS];		/* time when it began */
	uint64_t made[KF_WORKERS][KF_CALLS];
	uint64_t done[KF_WORKERS][KF_CALLS];
	uint64_t failed[KF_WORKERS][KF_CALLS][KF_ERRNOS];
	uint64_t kind_made[KF_WORKERS][KF_KINDS];
	uint64_t kind_done[KF_WORKERS][KF_KINDS];
	uint64_t strange[KF_WORKERS];		/* undocumented errnos */
	int last_strange[KF_WORKERS];
	uint64_t covered;
	uint64_t cover[KF_COVER_BITS / 64];
};

struct kf {
	int nr;
	bool trace;
	uint64_t random;
	struct kf_tape tape;
	struct kf_corpus *corpus;
	struct kf_cover *cover;
	struct kf_shared *shared;

	int netns[KF_NETNS];
	int home;		/* index of the worker's namespace */
	int port;		/* ifindexes of the worker's port and veth */
	int veth;
	int peer;
	unsigned int silent;	/* receives in a row without a frame */
	int control;
	int control_host;	/* control device of the first namespace */
	int inet;		/* a socket for SIOC* */
	struct mnl_socket *route;
	struct mnl_socket *netfilter;
	struct kf_tap tap[KF_TAPS];
	int packet[KF_PACKETS];
	int sender[2];		/* packet sockets; [1] with a vnet header */
	struct pair pair;
	bool pair_open;
	int *prog;		/* BPF programs (bpf.c) */
	int pass[2];		/* a socket pair that carries fds */

	struct kf_frame frame;
	uint8_t buf[65536] __attribute__((aligned(8)));
	uint8_t answer[65536] __attribute__((aligned(8)));
};

/**
 * struct kf_call - a call that a program can make
 * @name: name in the table of results
 * @weight: relative frequency
 * @func: makes the call; returns a negative errno on failure
 * @share: percentage that must succeed; below it the run has failed
 * @strict: an errno that the header does not list is a failure
 */
struct kf_call {
	const char *name;
	unsigned int weight;
	int (*func)(struct kf *kf);
	unsigned int share;
	bool strict;
};

struct kf_table {
	const struct kf_call *call;
	unsigned int calls;
};

#define KF_TABLE(calls) { calls, ARRAY_SIZE(calls) }

extern const struct kf_table kf_control_table, kf_link_table, kf_kind_table,
	kf_tap_table, kf_packet_table, kf_scene_table, kf_tc_table,
	kf_nft_table, kf_bpf_table, kf_vhost_table;

/* kinds.c: names of link kinds, some more than once; NULL after the last */
const char *kf_kind_name(unsigned int i);

/* program.c */
unsigned int kf_calls(void);
const struct kf_call *kf_call_at(unsigned int i);
int kf_corpus_new(struct kf *kf);
void kf_program(struct kf *kf);

/* random.c */
uint32_t kf_prng(struct kf *kf);	/* not on the tape */
uint32_t kf_next(struct kf *kf);
uint32_t kf_below(struct kf *kf, uint32_t limit);
bool kf_once_in(struct kf *kf, uint32_t times);
uint32_t kf_number(struct kf *kf);	/* a number that is valid, or nearly */
int kf_port(struct kf *kf);		/* ifindexes */
int kf_link(struct kf *kf);
int kf_child(struct kf *kf);
int kf_any(struct kf *kf);
const char *kf_name(int ifindex);
void kf_mac(struct kf *kf, uint8_t mac[6]);
#define KF_PICK(kf, array) ((array)[kf_below(kf, ARRAY_SIZE(array))])

/* cover.c: KCOV; these do nothing if the kernel has none */
struct kf_cover *kf_cover_new(struct kf_shared *shared);
void kf_cover_start(struct kf_cover *cover);
unsigned int kf_cover_stop(struct kf_cover *cover);	/* new points */

/* netlink.c */
int kf_netlink_open(struct kf *kf);
int kf_talk(struct kf *kf, struct nlmsghdr *nlh);
int kf_batch(struct kf *kf, size_t len, unsigned int acks);
struct nlmsghdr *kf_link_msg(struct kf *kf, uint16_t type, uint16_t flags,
			     int ifindex);
int kf_link_del(struct kf *kf, int ifindex);
int kf_link_del_name(struct kf *kf, const char *name);
int kf_link_flags(struct kf *kf, int ifindex, unsigned int flags,
		  unsigned int change);
int kf_link_u32(struct kf *kf, int ifindex, uint16_t attr, uint32_t value);
int kf_veth_new(struct kf *kf, int ifindex, int peer);
int kf_links(struct kf *kf, int *ifindex, int room);

/* frame.c */
void kf_frame_make(struct kf *kf, const uint8_t *dst);

/* scene.c: the worker's own port, veth and queue */
int kf_scene_repair(struct kf *kf);
int kf_scene_inject(struct kf *kf);	/* from the veth's far end */
void kf_scene_sweep(struct kf *kf);	/* delete and close everything */

/* tap.c, packet.c, vhost.c, bpf.c */
void kf_port_mac(int ifindex, uint8_t mac[6]);
int kf_tap_open(struct kf *kf, int port, struct kf_tap *tap);
void kf_tap_close(struct kf_tap *tap);
int kf_tap_read(struct kf *kf, struct kf_tap *tap);
void kf_packet_close(struct kf *kf);
void kf_vhost_close(struct kf *kf);
int *kf_bpf_load(void);

/* worker.c */
void kf_worker(struct kf *kf, uint64_t seed, int userns);

#endif /* KFUZZ_H */
