/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One question about one device: does what Probe= names answer through it?
 * Asked for all ports that would like to know.
 */
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
	struct device *dev;	/* NULL: it is gone, the program has to end */
	struct verdict_entry entry;	/* in the device's list */
	struct conf_probe spec;
	bool asleep;		/* the device carries nothing */
	bool awaited;		/* asked, and not settled yet */
	bool waits;		/* for others' programs to end */
	uint64_t asked;
	sd_event_source *timer;

	/* ARP and ND */
	uint8_t mac[6];		/* as @asked, and from where */
	uint8_t source[16];
	int tap;		/* hears a device that is used whole, or -1 */
	sd_event_source *tap_io;
	/* A script */
	struct program *program;
};

#endif /* PROBE_PROBE_H */
