/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic through one port in both directions, with a ledger in which every
 * frame is found again: read, seen by the far end, or freed by the kernel at a
 * place that the tracepoint skb:kfree_skb tells.
 *
 *	fd0 fd1  (two writers, one reader)    \         .- v0 ==== p0 -\
 *	fd2 fd3  (a reader process each, that  -- vm1 --+- v1 ==== p1 -- senders,
 *	          may be killed)              /         +- mv0 on v2 == p2  socket
 *	                                                '- d0 (dummy)
 *	         namespace "here"                          namespace "there"
 *
 * Frames from the fds have ethertype ST_ETHERTYPE, those to them
 * SOAK_RX_ETHERTYPE, and each has a number of its own.  The caller is one
 * thread, and the only one that may use st.h meanwhile.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/stabletap.h>

#include "st.h"

#define SOAK_RX_ETHERTYPE	0x88b6	/* local experimental, too */
#define SOAK_LEN		100
#define SOAK_QUEUES		4
#define SOAK_CHILDREN		2	/* of them: with a process each */
#define SOAK_VETHS		3

enum soak_lower { SOAK_V0, SOAK_V1, SOAK_MV0, SOAK_D0, SOAK_LOWERS,
		  SOAK_NONE = -1 };

/* What reader processes have left when they are killed */
struct soak_slot {
	uint8_t hdr[ST_VNET_HDR];
	uint8_t frame[2048];
};

/* Shared with the reader processes */
struct soak_shared {
	struct soak_slot slot[SOAK_CHILDREN];
	uint32_t ready;			/* readers that have opened */
	uint32_t duplicates;		/* frames that came twice */
	uint32_t damaged;
	uint32_t unexpected;		/* errors that must not happen */
	int32_t last_unexpected;
	uint8_t *tx_seen;		/* by number */
	uint8_t *rx_seen;
};

struct soak {
	struct soak_shared *shared;
	uint32_t frames;		/* in each direction */
	int control;
	int port;
	int fd[2];
	pid_t child[SOAK_CHILDREN];
	int here, there, away;		/* namespaces */
	int lower[SOAK_LOWERS];		/* ifindexes */
	enum soak_lower current;
	int peer[SOAK_VETHS];		/* p0..p2, read by the senders */
	int sender;			/* packet socket in there */
	int far;			/* packet socket that sees what arrives */
	int host;			/* what the host's stack gets */
	uint8_t mac[6];			/* the port's */
	pthread_t thread[6];
	pthread_rwlock_t gate;		/* writers hold it for each frame */
	bool port_down;			/* under the gate */
	bool stop;
	bool drain;
	bool short_of_memory;		/* by the test's will */

	/* Atomic */
	uint32_t next_tx, next_rx, allowed;
	uint64_t written, written_down, refused, host_seen, leaked;
	uint64_t sent, dropped;		/* given to a veth; at once by it */
	uint64_t swallowed;		/* by dummies, deleted ones included */
};

/* The sums of one soak; every field is frames. */
struct soak_ledger {
	struct stabletap_stats stats;
	uint64_t written, written_down, refused;
	uint64_t far;			/* numbers seen at the far end */
	uint64_t swallowed;		/* taken by a dummy */
	uint64_t tx_freed;		/* by the kernel, anywhere */
	uint64_t tx_freed_port;		/* ... of these by the module */
	uint64_t sent;
	uint64_t read;			/* numbers read from the fds */
	uint64_t host;			/* came by a device that was no lower */
	uint64_t rx_freed;
	uint64_t rx_freed_port;
	uint64_t rx_freed_full;		/* by the tap core: the ring was full */
	uint64_t rx_freed_ring;		/* ... queue closed or ring shrunk */
};

/* False on a kernel that has no histogram triggers */
bool soak_can_audit(void);
/* All of the drawing, attached to v0; nobody sends yet. */
int soak_new(struct soak *s, uint32_t frames);
int soak_start(struct soak *s);
/* So many more frames may be sent in each direction. */
void soak_allow(struct soak *s, uint32_t frames);
/* Have both directions had all their frames? */
bool soak_is_done(struct soak *s);
/* Let nobody send any more, wait until each frame is found, write the ledger.
 * -ETIMEDOUT if some are not; the ledger says how many. */
int soak_settle(struct soak *s, struct soak_ledger *ledger);
void soak_end(struct soak *s);
/* 0 if the sums are right; prints what is wrong as a comment of TAP. */
int soak_check(const struct soak *s, const struct soak_ledger *ledger);
void soak_print(const struct soak_ledger *ledger);

/* A reader process is killed, and another opens the queue. */
int soak_kill_reader(struct soak *s, int which);
/* Nothing is written in between. */
void soak_hold_writers(struct soak *s);
void soak_let_write(struct soak *s);
/* The port is set down or up, and the frames written meanwhile told apart. */
int soak_port_up(struct soak *s, bool up);
/* By ioctl; NONE detaches. */
int soak_attach(struct soak *s, enum soak_lower lower, uint32_t flags);
/* The lower is deleted, whoever uses it, and made anew.  It has no port. */
int soak_delete(struct soak *s, enum soak_lower lower);
int soak_make(struct soak *s, enum soak_lower lower);
const char *soak_name(enum soak_lower lower);
/* An XDP program that passes everything; its fd, or -1 */
int soak_xdp_load(void);

/*
 * What the kernel has in memory that is not given back: unreclaimable slabs,
 * per-CPU memory, and each such slab cache's objects.
 */
struct soak_memory;
struct soak_memory *soak_memory(void);
/*
 * Objects of the cache that has grown most since, with its name; and KiB.  A
 * slab or two more are no growth.
 */
long soak_memory_grown(const struct soak_memory *before,
		       const struct soak_memory *after, char name[64],
		       long *kib);

#endif /* SOAK_H */
