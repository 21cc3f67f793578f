/* SPDX-License-Identifier: GPL-2.0 */
/* One probe of one device, for all ports that have this Probe=. */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "conf/conf.h"
#include "model/device.h"
#include "model/verdict.h"

struct program;
struct probes;

struct probe {
	struct probes *owner;
	struct probe *next;
	struct device *dev;	/* NULL: gone; the program must end first */
	struct verdict_entry entry;	/* its entry in the device's list */
	struct conf_probe spec;
	bool asleep;		/* the device is not usable */
	bool awaited;		/* sent, and not settled yet */
	bool waits;		/* until other programs have ended */
	uint64_t asked;
	sd_event_source *timer;

	/* ARP and ND */
	uint8_t mac[6];		/* time and source of the last probe */
	uint8_t source[16];
	int tap;		/* tap on a device used whole, or -1 */
	sd_event_source *tap_io;
	/* A script */
	struct program *program;
};

#endif /* PROBE_PROBE_H */
