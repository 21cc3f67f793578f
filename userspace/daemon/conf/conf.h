/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration: what the operator wants, as read from files and checked.
 * It contains nothing of the devices that exist.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stabletap.h"

/* A line of a file; line 0: the whole file, or (of a key) not set. */
struct conf_place {
	const char *file;	/* of conf.files; pointers can be compared */
	unsigned int line;
};

/*
 * A description of devices: each field that is set must match.  Strings are
 * owned, NULL if not set; @name, @driver and @phys_port are shell patterns
 * (fnmatch).  Equal descriptions of different ports are one selector.
 */
struct conf_selector {
	size_t number;		/* index in conf.selectors */
	bool used;		/* by a port or pool that is not left out */
	char *name;		/* name or altname */
	bool mac_set;
	uint8_t mac[6];		/* permanent address */
	char *path;		/* bus and device: "pci-0000:03:00.0" */
	char *driver;
	char *property;		/* udev: "KEY=pattern" */
	char *phys_port;	/* IFLA_PHYS_PORT_NAME */
	int vlan;		/* of the VLAN on it; -1: none */
	bool vlan_create;	/* create that VLAN if it is missing */
	int vf;			/* the VF of this number; -1: none */
	int vf_last;		/* last VF of the range */
	char *pool;		/* any member of this pool; all else unset */
};

#define CONF_VF_MAX 65535

/* A candidate of a port, or a member of a pool (without a mode) */
struct conf_candidate {
	struct conf_selector *selector;	/* of conf.selectors */
	bool mode_set;
	enum stabletap_mode mode; /* instead of the port's */
	struct conf_place at;
};

struct conf_candidates {
	struct conf_candidate *v;
	size_t n;
};

enum conf_probe_kind {
	CONF_PROBE_NONE,
	CONF_PROBE_ARP,
	CONF_PROBE_ND,
	CONF_PROBE_SCRIPT,
};

/* A probe: an address or program by which a candidate's path is checked */
struct conf_probe {
	enum conf_probe_kind kind;
	uint8_t target[16];	/* of ARP the first 4 bytes */
	int source_family;	/* 0: @source is not set */
	uint8_t source[16];
	char **argv;		/* script: ended by NULL */
	uint64_t interval;	/* between two questions, ns */
	uint64_t limit;		/* for the answer, ns */
	uint32_t misses;	/* misses in a row until it fails */
	uint32_t answers;	/* answers in a row until it is good */
};

/* Settings of a VF while it carries a port */
enum conf_vf_flag {
	CONF_VF_KEEP,		/* leave unchanged */
	CONF_VF_NO,
	CONF_VF_YES,
};

/* A set of devices of which each carries one port at a time. */
struct conf_pool {
	char *name;
	struct conf_place at;	/* its first section */
	struct conf_selector *selector;	/* "pool=NAME" */
	struct conf_candidates members;
	uint32_t vf_count;	/* VFs to create; 0: none */
	bool vf_mac;		/* set the port's MAC address */
	uint32_t vf_vlan;	/* 0: leave unchanged */
	enum conf_vf_flag vf_spoof_check;
	enum conf_vf_flag vf_trust;
};

#define CONF_SPAN_NONE UINT64_MAX	/* no time span is set */

enum conf_failback {
	CONF_FAILBACK_YES,	/* move to the best candidate after the delay */
	CONF_FAILBACK_NO,	/* stay until the present device is lost */
};

struct conf_port {
	char *name;
	struct conf_place at;	/* its first section */

	/* For the port's creation.  Zero, or NULL: the module's default. */
	bool mac_set;
	uint8_t mac[6];
	uint32_t mtu;
	uint32_t queues;
	uint32_t owner;
	uint32_t group;
	uint32_t perm;

	/* Also for a port that exists.  0: the module's default */
	uint32_t on_detach;
	uint32_t hold_frames;
	uint64_t hold_bytes;
	uint64_t hold_time;	/* HoldSec, ns; or CONF_SPAN_NONE */

	/* Devices */
	enum stabletap_mode mode;
	bool filter;		/* STABLETAP_ATTACH_FILTER */
	struct conf_candidates candidates;	/* the best first */
	enum conf_failback failback;
	uint64_t failback_delay;	/* FailbackDelaySec, ns */
	uint64_t loss_delay;		/* LossDelaySec, ns */
	bool quiet;			/* down until it is activated */
	struct conf_probe probe;
	bool announce;

	/* The guest */
	char *qmp_socket;	/* path, or NULL */
	char *qmp_device;	/* NIC's or netdev's id */
	uint64_t link_down;	/* GuestLinkDownSec, ns; or CONF_SPAN_NONE */
	bool link_initially_down;
	bool follow_filter;	/* follow the guest's lists */
	bool trust_mac;		/* take over the guest's MAC address */

	char **hooks;		/* paths, ended by NULL; or NULL */
	struct conf_place *hook_places;	/* of each path, for warnings */
	uint64_t hook_limit;	/* ns */
};

/*
 * A section that has an error, and has no effect.  On a reload the section that
 * was in force before is kept.  @section is the word and the name of its head,
 * "Port vm1", or says which lines before any section those are.  Control
 * characters of both texts are escaped.
 */
struct conf_left_out {
	char *section;
	struct conf_place at;
	char *why;		/* its first error, as in a complaint */
	bool kept;		/* the section in force is kept */
};

struct conf {
	struct conf_selector **selectors;
	size_t selectors_n;
	struct conf_port *ports;	/* sorted by name */
	size_t ports_n;
	struct conf_pool *pools;	/* sorted by name */
	size_t pools_n;
	char *metrics;		/* Prometheus textfile, or NULL */
	struct conf_left_out *left_out;	/* in the order of the files */
	size_t left_out_n;
	/*
	 * Names of the files that were read, in that order, and then those of
	 * kept sections
	 */
	char **files;
	size_t files_n;
};

#endif /* CONF_H */
