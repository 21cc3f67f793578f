/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets the link of a guest's NIC in QEMU, and reads the guest's filter from it.
 *
 * A QMP socket serves one client at a time, so ports of one guest share a
 * connection.  Everything is asynchronous: a socket that is absent, busy, slow
 * or sends nonsense affects its own ports only.
 */
#ifndef GUEST_QMP_H
#define GUEST_QMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct qmp_filter;

/*
 * Any may be NULL.  They are called from the loop, never from within the
 * functions below, and may call these, except qmp_hub_free().
 */
struct qmp_callbacks {
	const char *port;	/* the port's name, for the log; it is copied */
	/*
	 * The guest's filter, after each connect and after each change; @f is
	 * lent.  A guest that keeps changing it is queried less often.  NULL:
	 * the filter can't be had, although QEMU is connected.
	 */
	void (*filter)(const struct qmp_filter *f, void *arg);
	/* The connection's state; trouble that was reported before is over. */
	void (*state)(bool connected, void *arg);
	/*
	 * The socket or the NIC is unusable for the reason @why; NULL: no
	 * longer.  @news: to be logged, as is done without this function; not
	 * set if the attempt before failed for the same reason.
	 */
	void (*trouble)(const char *why, bool news, void *arg);
};

/* All connections */
struct qmp_hub;
struct qmp_hub *qmp_hub_new(sd_event *loop);
void qmp_hub_free(struct qmp_hub *hub);		/* after all its qmp_free() */

/*
 * Uses the NIC with the id @device by the socket @path, whenever it exists. For
 * set_link alone, a netdev's id works, too.  Released by qmp_free(). -EINVAL:
 * @path is not absolute; -ENAMETOOLONG; -ENOMEM.
 */
struct qmp;
int qmp_new(struct qmp_hub *hub, const char *path, const char *device,
	    const struct qmp_callbacks *callbacks, void *arg,
	    struct qmp **out);
void qmp_free(struct qmp *q);
/*
 * The same, but takes the guest's link up first: at once, or when QEMU is
 * connected soon.  No function is called back any more.
 */
void qmp_free_link_up(struct qmp *q);

/*
 * Sets the guest's link up or down, as soon as QEMU is connected and again
 * after each later connect.  The last call counts.
 */
void qmp_set_link(struct qmp *q, bool up);

/* Sends announce-self once, as soon as QEMU is connected; times in ms. */
struct qmp_announce {
	unsigned int initial;
	unsigned int max;
	unsigned int rounds;
	unsigned int step;
};

void qmp_announce(struct qmp *q, const struct qmp_announce *how);

#endif /* GUEST_QMP_H */
