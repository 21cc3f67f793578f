/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telling a guest's QEMU what its NIC's link does, and asking it what the
 * guest wants to receive.
 *
 * A QMP socket serves one client at a time, so ports that belong to one guest
 * share a connection.  Everything is asynchronous: a socket that is absent,
 * busy, slow or lies costs its own ports' news and nothing else.
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
 * functions below, and may call these, qmp_hub_free() excepted.
 */
struct qmp_callbacks {
	/*
	 * First after each connect, then after each change; @f is lent.  A
	 * guest that changes it all the time is asked less and less often.
	 * NULL: it can't be had any more, though somebody listens.
	 */
	void (*filter)(const struct qmp_filter *f, void *arg);
	/* Either way the trouble that was told before is over. */
	void (*state)(bool connected, void *arg);
	/*
	 * The socket or the NIC is of no use, and why.  NULL: that is over.
	 * @news: to be logged, as it is without this function; the same cause
	 * at one attempt after the other is none.
	 */
	void (*trouble)(const char *why, bool news, void *arg);
};

/* The connections. */
struct qmp_hub;
struct qmp_hub *qmp_hub_new(sd_event *loop);
void qmp_hub_free(struct qmp_hub *hub);		/* after all its qmp_free() */

/*
 * Talk to the NIC with the id @device by the socket @path, now and whenever it
 * is there.  A netdev's id does for set_link alone.  Released by qmp_free().
 * -EINVAL: @path is not absolute; -ENAMETOOLONG; -ENOMEM.
 */
struct qmp;
int qmp_new(struct qmp_hub *hub, const char *path, const char *device,
	    const struct qmp_callbacks *callbacks, void *arg,
	    struct qmp **out);
void qmp_free(struct qmp *q);
/*
 * The same, but the guest's link is to be up before: said at once, or as soon
 * as somebody listens, if that is soon.  Nothing is called back any more.
 */
void qmp_free_link_up(struct qmp *q);

/*
 * The guest's link shall be up, or down: said as soon as somebody listens, and
 * again to whoever listens after that.  The last wish counts.
 */
void qmp_set_link(struct qmp *q, bool up);

/* announce-self, times in ms; once, as soon as somebody listens. */
struct qmp_announce {
	unsigned int initial;
	unsigned int max;
	unsigned int rounds;
	unsigned int step;
};

void qmp_announce(struct qmp *q, const struct qmp_announce *how);

#endif /* GUEST_QMP_H */
