/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic through one port in both directions, with a ledger that accounts for
 * every frame: it was read, was seen by the far end, or was freed by the kernel
 * at a place that the tracepoint skb:kfree_skb reports.
 *
 *	fd0 fd1  (two writers, one reader)    \         .- v0 ==== p0 -\
 *	fd2 fd3  (a reader process each, that  -- vm1 --+- v1 ==== p1 -- senders,
 *	          may be killed)              /         +- mv0 on v2 == p2  socket
 *	                                                '- d0 (dummy)
 *	         namespace "here"                          namespace "there"
 *
 * Frames from the fds have ethertype ST_ETHERTYPE, frames to the fds
 * SOAK_RX_ETHERTYPE, and each frame has a number of its own.  All functions
 * must be called by one thread; no other thread may use st.h during the soak.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/stabletap.h>

#include "st.h"

#define SOAK_RX_ETHERTYPE	0x88b6	/* IEEE 802 local experimental */
#define SOAK_LEN		100
#define SOAK_QUEUES		4
#define SOAK_CHILDREN		2	/* queues with a process each */
#define SOAK_VETHS		3

enum soak_lower { SOAK_V0, SOAK_V1, SOAK_MV0, SOAK_D0, SOAK_LOWERS,
		  SOAK_NONE = -1 };

/* The frame that a reader process had when it was killed */
struct soak_slot {
	uint8_t hdr[ST_VNET_HDR];
	uint8_t frame[2048];
};

/* Memory shared with the reader processes */
struct soak_shared {
	struct soak_slot slot[SOAK_CHILDREN];
	uint32_t ready;			/* readers with an open queue */
	uint32_t duplicates;		/* frames that came twice */
	uint32_t damaged;
	uint32_t unexpected;		/* errors that must not happen */
	int32_t last_unexpected;
	uint8_t *tx_seen;		/* indexed by number */
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
	int peer[SOAK_VETHS];		/* p0..p2, used by the senders */
	int sender;			/* packet socket in namespace "there" */
	int far;			/* packet socket: arriving frames */
	int host;			/* packet socket: the host's stack */
	uint8_t mac[6];			/* the port's MAC address */
	pthread_t thread[6];
	pthread_rwlock_t gate;		/* held by a writer for each frame */
	bool port_down;			/* protected by the gate */
	bool stop;
	bool drain;
	bool short_of_memory;		/* the test makes memory short */

	/* Accessed atomically */
	uint32_t next_tx, next_rx, allowed;
	uint64_t written, written_down, refused, host_seen, leaked;
	uint64_t sent, dropped;		/* given to a veth; dropped by it */
	uint64_t swallowed;		/* by dummies, also by deleted ones */
};

/* The sums of one soak; every field counts frames. */
struct soak_ledger {
	struct stabletap_stats stats;
	uint64_t written, written_down, refused;
	uint64_t far;			/* numbers seen at the far end */
	uint64_t swallowed;		/* accepted by a dummy */
	uint64_t tx_freed;		/* freed by the kernel anywhere */
	uint64_t tx_freed_port;		/* ... of these by the module */
	uint64_t sent;
	uint64_t read;			/* numbers read from the fds */
	uint64_t host;			/* received by a device, not a lower */
	uint64_t rx_freed;
	uint64_t rx_freed_port;
	uint64_t rx_freed_full;		/* by the tap core: the ring was full */
	uint64_t rx_freed_ring;		/* ... queue closed or ring shrunk */
};

/* Returns false if the kernel has no histogram triggers. */
bool soak_can_audit(void);
/* Create the topology in the drawing, attached to v0, without traffic. */
int soak_new(struct soak *s, uint32_t frames);
int soak_start(struct soak *s);
/* Allow that many more frames in each direction. */
void soak_allow(struct soak *s, uint32_t frames);
/* Returns true if all frames of both directions were sent. */
bool soak_is_done(struct soak *s);
/*
 * Stop sending, wait until each frame is accounted for, and write the ledger.
 * Returns -ETIMEDOUT if frames are missing; the ledger shows how many.
 */
int soak_settle(struct soak *s, struct soak_ledger *ledger);
void soak_end(struct soak *s);
/* Returns 0 if the sums are right.  Prints wrong sums as TAP comments. */
int soak_check(const struct soak *s, const struct soak_ledger *ledger);
void soak_print(const struct soak_ledger *ledger);

/* Kill a reader process; another one opens the queue. */
int soak_kill_reader(struct soak *s, int which);
/* Stop all writing, until soak_let_write() */
void soak_hold_writers(struct soak *s);
void soak_let_write(struct soak *s);
/*
 * Set the port down or up.  Frames that are written while it is down are
 * counted separately.
 */
int soak_port_up(struct soak *s, bool up);
/* Attach a lower by ioctl; NONE detaches. */
int soak_attach(struct soak *s, enum soak_lower lower, uint32_t flags);
/*
 * soak_delete() deletes the lower, even if it is in use; soak_make() creates it
 * again, detached.
 */
int soak_delete(struct soak *s, enum soak_lower lower);
int soak_make(struct soak *s, enum soak_lower lower);
const char *soak_name(enum soak_lower lower);

/*
 * The kernel's memory that would be missing after a leak: unreclaimable slabs,
 * per-CPU memory, and the number of objects of each unreclaimable slab cache.
 */
struct soak_memory;
struct soak_memory *soak_memory(void);
/*
 * By how many objects the cache grew that grew most, and its name; and the
 * total growth in KiB. Growth by up to two slabs is ignored.
 */
long soak_memory_grown(const struct soak_memory *before,
		       const struct soak_memory *after, char name[64],
		       long *kib);

#endif /* SOAK_H */
