/* SPDX-License-Identifier: GPL-2.0 */
/* A configured port: its section, and its state as the kernel reports it. */
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

/* Delays that the plan keeps between two evaluations of the port */
struct port_waits {
	uint64_t unusable_since;	/* of the present lower; 0: usable */
	size_t better;			/* candidate waiting for its delay ... */
	uint64_t better_since;		/* ... since then; 0: none */
};

/* State of the connection to QEMU's monitor, for status */
enum port_monitor {
	MONITOR_NONE,		/* none is configured */
	MONITOR_CONNECTING,	/* or its socket does not exist */
	MONITOR_CONNECTED,
	MONITOR_REFUSED,	/* not usable, see @why */
};

/* State of the guest, written by guest/ */
struct port_guest {
	enum port_monitor monitor;
	char why[160];
	const char *filter;	/* "lists", "all", "last-known", "unknown";
				 * NULL: not followed */
	uint16_t *vlans;	/* VLANs that the guest has on its NIC */
	size_t vlans_n;
};

/* Why a port's net device is gone */
enum port_end {
	PORT_DELETED,
	PORT_MOVED,		/* to another network namespace */
	PORT_RENAMED,
	PORT_LOST,		/* deleted or moved, while events were lost */
};

/* Reason for leaving a device that went to another network namespace */
#define WHY_DEVICE_MOVED "device moved away"

#define PORT_WATCHERS 16
/* As create_until: until the module is loaded */
#define PORT_NO_MODULE UINT64_MAX

struct port {
	struct model *model;
	const struct conf_port *conf;
	struct todo todo;
	struct override override;
	char pin_why[200];	/* why the pin has no effect, as logged; or "" */

	/* From the kernel */
	int ifindex;		/* 0: it does not exist */
	bool up;
	struct stabletap_port_info told;
	char dev[STABLETAP_NAME_SIZE];	/* device of the last lower, or "" */

	bool was_there;		/* it existed and is gone; @end: the cause */
	enum port_end end;
	bool set_up_due;	/* new: to be set up once */
	struct retry up_retry;
	uint64_t up_until;	/* no attempt before then; 0: at once */
	struct retry options_retry;
	uint64_t options_until;	/* not set before then; 0: at once */
	char why[64];		/* of the step under way */
	uint64_t event_until;	/* wait so long for a step's event;
				 * 0: none is due */
	uint64_t since;		/* CLOCK_REALTIME of the last change of
				 * state or device */
	uint64_t blackout;	/* ns, of the last change of device ... */
	bool blackout_known;	/* ... if there was one */
	uint64_t absent_since;	/* without a lower since; 0: it has one */

	/* State of the plan */
	struct port_waits waits;
	bool failback;		/* failback was asked for by hand */
	int stuck;		/* device on which a change of mode
				 * failed; 0: none */
	bool awaits_probes;	/* each verdict may change its next step */
	struct retry create_retry;
	uint64_t create_until;	/* not created before then; 0: at once */
	struct retry remade;	/* counts how often it was made */
	uint64_t remade_until;	/* if it goes, not made again before then */
	char create_why[160];	/* why it can't be created, as logged; or "" */
	struct retry busy;	/* attempts while other processes worked on it */
	struct refusal *refusals;
	size_t refusals_n;
	struct device *claim;	/* see pool.h */
	uint64_t claim_count;	/* port_attachments() at that time */

	struct port_guest guest;
	void *data[PORT_WATCHERS];	/* each watcher's own */
};

/* A port's state before an event */
struct port_was {
	bool fresh;		/* its net device was not known */
	bool up;
	struct stabletap_port_info told;
};

/* Returns the mode of candidate @rank for the port. */
enum stabletap_mode port_mode(const struct port *port, size_t rank);
static inline bool port_takes_whole(enum stabletap_mode mode)
{
	return mode == STABLETAP_MODE_DIRECT || mode == STABLETAP_MODE_PASSTHRU;
}

/* Returns the configured options, for a new port. */
struct stabletap_change port_options(const struct conf_port *conf);
/* Returns a change to these; its mask has those in which the port differs. */
struct stabletap_change port_options_due(const struct port *port);

/* ---- claims: the device to which the port was attached just now ---- */

void port_claim(struct port *port, struct device *dev);
void port_claim_end(struct port *port);
/* Returns how often the port has been attached to any device. */
uint64_t port_attachments(const struct port *port);

#endif /* MODEL_PORT_H */
