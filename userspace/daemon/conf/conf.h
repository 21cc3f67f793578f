/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operator wants: the configuration, read from files, checked whole
 * before any of it counts.  Knows nothing of what there is.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "stabletap.h"

/*
 * A description of devices: each field that is set must match.  Strings are
 * owned, NULL if not set; @name, @driver and @phys_port are shell patterns
 * (fnmatch).  Equal descriptions of different ports are one selector.
 */
struct conf_selector {
	char *name;		/* name or altname */
	bool mac_set;
	uint8_t mac[6];		/* permanent address */
	char *path;		/* bus and device: "pci-0000:03:00.0" */
	char *driver;
	char *property;		/* udev: "KEY=pattern" */
	char *phys_port;	/* IFLA_PHYS_PORT_NAME */
	int vlan;		/* the VLAN of this id on it; -1: none */
	bool vlan_create;	/* make it if it is not there */
	int vf;			/* the VF of this number on it; -1 */
	int vf_last;		/* or of any number up to this */
	char *pool;		/* any member of this pool, and no more said */
};

#define CONF_VF_MAX 65535

/* Of a port, or a member of a pool, which has no mode. */
struct conf_candidate {
	size_t selector;	/* index into conf.selectors */
	bool mode_set;
	enum stabletap_mode mode; /* instead of the port's */
	const char *file;	/* where it was said; conf.files owns it */
	unsigned int line;
};

enum conf_probe_kind {
	CONF_PROBE_NONE,
	CONF_PROBE_ARP,
	CONF_PROBE_ND,
	CONF_PROBE_SCRIPT,
};

/* What is asked by way of a candidate, to see whether it leads anywhere */
struct conf_probe {
	enum conf_probe_kind kind;
	uint8_t target[16];	/* ARP: 4 bytes of it */
	int source_family;	/* 0: @source is not said */
	uint8_t source[16];
	char **argv;		/* script: ended by NULL */
	uint64_t interval;	/* from one question to the next, ns */
	uint64_t limit;		/* for the answer, ns */
	uint32_t misses;	/* in a row, before it counts as failed ... */
	uint32_t answers;	/* ... and as good again */
};

/* What a VF is given while it carries a port */
enum conf_vf_flag {
	CONF_VF_KEEP,		/* as it is */
	CONF_VF_NO,
	CONF_VF_YES,
};

/* A set of devices of which each carries one port at a time. */
struct conf_pool {
	char *name;
	const char *file;	/* where it was first named; of conf.files */
	unsigned int line;

	size_t selector;	/* that of its name, which ports ask for */
	struct conf_candidate *members;
	size_t members_n;
	uint32_t vf_count;	/* VFs to make; 0: none */
	bool vf_mac;		/* the port's */
	uint32_t vf_vlan;	/* 0: as it is */
	enum conf_vf_flag vf_spoof_check;
	enum conf_vf_flag vf_trust;
};

enum conf_failback {
	CONF_FAILBACK_YES,	/* to the best candidate, after the delay */
	CONF_FAILBACK_NO,	/* stay until this one is lost */
};

struct conf_port {
	char *name;
	const char *file;	/* where it was first named; of conf.files */
	unsigned int line;

	/* What it is made with.  Zero, or NULL: the module's default. */
	bool mac_set;
	uint8_t mac[6];
	uint32_t mtu;
	uint32_t queues;
	uint32_t owner;
	uint32_t group;
	uint32_t perm;
	uint32_t on_detach;

	/* Where it belongs */
	enum stabletap_mode mode;
	bool filter;		/* STABLETAP_ATTACH_FILTER */
	struct conf_candidate *candidates;	/* the best first */
	size_t candidates_n;
	enum conf_failback failback;
	uint64_t failback_delay;	/* usable so long, ns */
	uint64_t loss_delay;		/* unusable so long, ns */
	bool quiet;			/* made down, until it is activated */
	struct conf_probe probe;
	bool announce;

	/* The guest */
	char *qmp_socket;	/* path, or NULL */
	char *qmp_device;	/* NIC's or netdev's id */
	bool link_down_set;
	uint64_t link_down;	/* detached longer: set_link off; ns */
	bool link_initially_down;
	bool follow_filter;	/* the guest's lists */
	bool trust_mac;		/* the guest's MAC address */

	char **hooks;		/* paths, ended by NULL; or NULL */
	uint64_t hook_limit;	/* ns */
};

struct conf {
	struct conf_selector *selectors;
	size_t selectors_n;
	struct conf_port *ports;	/* sorted by name */
	size_t ports_n;
	struct conf_pool *pools;	/* sorted by name */
	size_t pools_n;
	char *metrics;		/* Prometheus textfile, or NULL */
	char **files;		/* what was read, in that order */
	size_t files_n;
};

/*
 * Read all *.conf of the layers below @root (NULL: "/"), as systemd does for
 * its units: of files of one name that in etc/ hides that in run/ hides that
 * in usr/lib/, a link to /dev/null hides and is nothing itself; all in the
 * order of their names, each followed by its drop-ins, the *.conf of <file>.d/
 * in all layers, likewise.  Or read @file alone, if it is not NULL.  What is
 * wrong is told on @out, a line each ("FILE:LINE: 'TEXT': what is wrong; what
 * would be right"), all of it and not only the first.  What is only odd has
 * "warning: " before the text and is not counted.
 *
 * Returns the number of things that are wrong; 0: *conf is to be given to
 * conf_free(), and is not written otherwise.  Negative errno: it could not be
 * read at all.
 */
int conf_read(const char *root, const char *file, FILE *out,
	      struct conf **conf);
/* The same of the text in @in, which is called @name in messages. */
int conf_read_stream(FILE *in, const char *name, FILE *out,
		     struct conf **conf);
void conf_free(struct conf *conf);

/*
 * Say on @out what is not the same in @new as in @old, a line each; nothing
 * of where it was said.  Returns how much there was.
 */
int conf_diff(const struct conf *old, const struct conf *new, FILE *out);

/* Do they ask for the same device? */
bool conf_selector_equal(const struct conf_selector *a,
			 const struct conf_selector *b);
/* As it would be written in a file, "name=eth0 vlan=5"; cut to @size. */
void conf_selector_format(const struct conf_selector *s, char *buf,
			  size_t size);


/* Do they ask the same, equally often?  NONE is equal to nothing. */
bool conf_probe_equal(const struct conf_probe *a, const struct conf_probe *b);
/* "arp 192.0.2.1", as it would be written in a file; cut to @size. */
void conf_probe_format(const struct conf_probe *p, char *buf, size_t size);
/* -ENOMEM: @to is as if released. */
int conf_probe_copy(struct conf_probe *to, const struct conf_probe *from);
void conf_probe_release(struct conf_probe *p);

#endif /* CONF_H */
