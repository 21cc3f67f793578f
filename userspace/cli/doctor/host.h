/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the doctor's checks look at.  It is read once, and no check asks the
 * kernel or the daemon itself, so tests can fill it in.
 */
#ifndef DOCTOR_HOST_H
#define DOCTOR_HOST_H

#include <jansson.h>

#include "cli.h"

struct host_port {
	const struct stabletap_link *link;	/* of host.links */
	const struct stabletap_link *lower;	/* or NULL */
	/* A child's parent, or the lower itself if it is direct; or NULL */
	const struct stabletap_link *device;
	struct stabletap_get get;
	int addresses;		/* IP addresses of a direct lower */
	bool has_vf;		/* the device is a VF, and its PF has: */
	struct stabletap_vf vf;
	int pvid;		/* of a bridge; negative: unknown */
};

struct host {
	const char *root;	/* precedes each path; "" but in tests */
	char release[65];	/* of the running kernel */
	bool is_root;
	bool is_local;		/* /run and /sys are of the network namespace */

	bool is_loaded;		/* the module */
	int control;		/* 0: it answers; or a negative errno */
	struct stabletap_version loaded;
	struct stabletap_module module;

	struct stabletap_links links;
	struct host_port *ports;
	size_t ports_n;
	struct stabletap_holders holders;

	json_t *daemon;		/* the answer to status, or NULL: */
	int daemon_err;		/* as of ask_status_quietly() */
};

/* Returns 0 or a negative errno. */
int host_read(struct cli *cli, struct host *h);
void host_release(struct host *h);

#endif /* DOCTOR_HOST_H */
