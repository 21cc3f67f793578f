/* SPDX-License-Identifier: GPL-2.0 */
/* One configured port: what it should be, what the kernel says it is. */
#ifndef MODEL_PORT_H
#define MODEL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "model/agenda.h"
#include "override.h"
#include "stabletap.h"
#include "util/retry.h"

struct device;
struct model;
struct refusal;

/* What the plan waits for, from one look at the port to the next */
struct port_waits {
	uint64_t unusable_since;	/* the present lower; 0: it is usable */
	size_t better;			/* candidate waiting for its delay ... */
	uint64_t better_since;		/* ... since then; 0: none */
};

/* QEMU's monitor, as status tells it */
enum port_monitor {
	MONITOR_NONE,		/* none is configured */
	MONITOR_CONNECTING,	/* or waiting for its socket */
	MONITOR_CONNECTED,
	MONITOR_REFUSED,	/* there is one, and it is of no use: @why */
};

/* What is known of the guest, by the room that talks to its QEMU */
struct port_guest {
	enum port_monitor monitor;
	char why[160];
	const char *filter;	/* "lists", "all", "last-known", "unknown";
				 * NULL: it is not followed */
	uint16_t *vlans;	/* that the guest has made on its NIC */
	size_t vlans_n;
};

/* How a port's net device came to be no more */
enum port_end {
	PORT_DELETED,
	PORT_MOVED,		/* to another network namespace */
	PORT_RENAMED,
	PORT_LOST,		/* deleted or moved, while events were lost */
};

/* Why a port leaves a device that went to another network namespace */
#define WHY_DEVICE_MOVED "device moved away"

#define PORT_WATCHERS 16
/* As the time until which it is not made: until the module comes */
#define PORT_NO_MODULE UINT64_MAX

struct port {
	struct model *model;
	const struct conf_port *conf;
	struct todo todo;
	struct override override;
	char pin_why[200];	/* in the way of the pin, as was logged; or "" */

	/* What the kernel says */
	int ifindex;		/* 0: there is none */
	bool up;
	struct stabletap_port_info told;
	char dev[STABLETAP_NAME_SIZE];	/* of the last lower seen, or "" */

	bool was_there;		/* and came to an end, which was ... */
	enum port_end end;
	bool set_up_due;	/* just made: to be set up once */
	struct retry up_retry;
	uint64_t up_until;	/* not tried before; 0: may be tried */
	char why[64];		/* of the step under way */
	uint64_t event_until;	/* the event of a step that was taken is
				 * waited for so long; 0: none is */
	uint64_t since;		/* CLOCK_REALTIME: state and device are so */
	uint64_t blackout;	/* ns, of the last change of device ... */
	bool blackout_known;	/* ... if there was one */
	uint64_t absent_since;	/* seen without a lower; 0: it has one */

	/* What the plan has to remember */
	struct port_waits waits;
	bool failback;		/* to a better candidate now, by hand */
	int stuck;		/* device that it was cut off from in vain,
				 * for another mode; 0: none */
	bool awaits_probes;	/* its next step depends on verdicts */
	struct retry create_retry;
	uint64_t create_until;	/* not made before; 0: may be */
	char create_why[160];	/* it could not be made, as was logged; or "" */
	struct retry busy;	/* attempts that met others at work */
	struct refusal *refusals;
	size_t refusals_n;
	struct device *claim;	/* see pool.h */
	uint64_t claim_count;	/* told.attaches + told.replaces then */

	struct port_guest guest;
	void *data[PORT_WATCHERS];	/* each watcher's own */
};

/* The state of a port before an event */
struct port_was {
	bool fresh;		/* it was not known */
	bool up;
	struct stabletap_port_info told;
};

/* How candidate @rank is to carry the port */
enum stabletap_mode port_mode(const struct port *port, size_t rank);
static inline bool port_takes_whole(enum stabletap_mode mode)
{
	return mode == STABLETAP_MODE_DIRECT || mode == STABLETAP_MODE_PASSTHRU;
}

/* ---- the device that it was just attached to ---- */

void port_claim(struct port *port, struct device *dev);
void port_claim_end(struct port *port);
/* How often it has been attached to any device */
uint64_t port_attachments(const struct port *port);

#endif /* MODEL_PORT_H */
