/* SPDX-License-Identifier: GPL-2.0 */
/* Declarations that only the library's own files use. */
#ifndef STABLETAP_INTERNAL_H
#define STABLETAP_INTERNAL_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "origin.h"
#include "stabletap.h"

/* A device with 256 VFs takes some 64 KiB to describe. */
#define ST_BUFFER_SIZE 98304

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

struct stabletap {
	struct mnl_socket *nl;
	unsigned int seq;
	int control;		/* fd of the control device, or -1 */
	bool no_wait;		/* for the end of a release */
	int claims;		/* for claim.h; -1, -errno: not open */
	struct origin_netns netns;	/* inode 0: not asked yet */
	char msg[STABLETAP_MESSAGE_SIZE];
	char buf[ST_BUFFER_SIZE];
};

/*
 * An ioctl of the control device, which is opened if it is not yet.  @arg has
 * its size.  The second is for structs with a buffer for the message: that is the
 * handle's.
 */
int st_control_ioctl(struct stabletap *st, unsigned long cmd, void *arg);
int st_control_call(struct stabletap *st, unsigned long cmd, void *arg);

/* The file of claims, opened when it is first needed */
int st_claims(struct stabletap *st);

void st_message_clear(struct stabletap *st);
void st_message_set(struct stabletap *st, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Inserts @link at position @i; its strings belong to @links then, unless this
 * fails with -ENOMEM.
 */
int st_links_insert(struct stabletap_links *links, size_t i,
		    const struct stabletap_link *link);

/*
 * Returns the ifindex of the device with that name, or a negative errno.  Only
 * for a device that should exist: if there is none, the kernel runs modprobe
 * for that name, and the caller waits.
 */
int st_link_index(struct stabletap *st, const char *name);

/* Fills in the device's parent, if sysfs has it. */
void st_sysfs_parent(struct stabletap_link *link);

/* Called for each answer; negative: stop calling and return that. */
typedef int (*st_answer_fn)(const struct nlmsghdr *nlh, void *arg);

/* Bytes of any request; the longest string in one is an altname of 128 bytes */
#define ST_REQUEST_SIZE 512

/*
 * Begins a request in @buf, which is zeroed, because the padding of strings is
 * sent.  The payload begins with @size bytes of @header.
 */
struct nlmsghdr *st_nl_request(char buf[ST_REQUEST_SIZE], uint16_t type,
			       uint16_t flags, const void *header, size_t size);

/* Begins a request about device @ifindex. */
struct nlmsghdr *st_nl_link_request(char buf[ST_REQUEST_SIZE], uint16_t type,
				    uint16_t flags, int ifindex);

/*
 * Sends @nlh and reads the answers: until the acknowledgement with NLM_F_ACK,
 * until the end of the dump with NLM_F_DUMP, otherwise one.  -EINTR: the dump
 * was inconsistent; repeat it.
 */
int st_nl_exchange(struct stabletap *st, struct nlmsghdr *nlh, st_answer_fn fn,
		   void *arg);

/*
 * Repeats a dump while it is interrupted; @reset drops the result of the last
 * attempt.  Returns 1 if each attempt was interrupted: the result may lack
 * something.
 */
int st_nl_dump(struct stabletap *st, struct nlmsghdr *nlh, st_answer_fn fn,
	       void (*reset)(void *arg), void *arg);

/*
 * A point at which tests kill or stop the process.  Only compiled in for tests.
 */
#ifdef STABLETAP_FAULTS
void st_fault(const char *step);
#else
#define st_fault(step) ((void)0)
#endif

#endif /* STABLETAP_INTERNAL_H */
