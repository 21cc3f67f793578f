/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon knows; shared by the files that make it up. */
#ifndef CORE_H
#define CORE_H

#include <string.h>
#include <systemd/sd-device.h>

#include "daemon.h"
#include "probe-record.h"

struct set {
	int *v;				/* ifindexes, ascending */
	size_t n;
	size_t room;
};

/* The devices that a selector means now. */
struct selection {
	struct daemon *daemon;
	const struct conf_selector *spec;
	struct set match;
	struct set base;		/* with @spec's VLAN or VF left out */
	struct set wifi;		/* that would be, were they not Wi-Fi */
	sd_event_source *timer;		/* a VLAN could not be made */
	unsigned int failures;
	const struct conf_pool *pool;	/* whose members it means, or NULL */
	size_t *users;			/* ports with such a candidate */
	size_t users_n;
};

/* What the operator has said about one port, in /run: see override.c */
struct override {
	bool pin;			/* this device and no other */
	bool prefer;			/* this one first, if it is usable */
	char dev[128];
};

/* A device that would not be attached */
struct refusal {
	int dev;
	unsigned int failures;
	uint64_t until;			/* not tried again before then */
};

struct port {
	struct daemon *daemon;
	const struct conf_port *conf;
	struct override override;
	int by_hand_dev;		/* what that named at the last look */
	int ifindex;			/* 0: there is none */
	bool dirty;			/* and in the daemon's list of those */
	struct port *next_dirty;
	bool was_there;			/* it has been deleted since */
	bool up;
	struct stabletap_port_info told; /* as last seen, for what happened */
	char dev[STABLETAP_NAME_SIZE];	/* device of the last lower seen */
	char why[64];			/* of the step under way */

	uint64_t unusable_since;	/* the present lower; 0: it is usable */
	size_t better;			/* candidate waiting for its delay ... */
	uint64_t better_since;		/* ... since then; 0: none */
	bool failback;			/* to a better one now, by hand */
	uint64_t retry_at;		/* making it has failed; 0: it has not */
	unsigned int failures;
	unsigned int again;		/* times that somebody else was at it */
	struct refusal *refusals;
	size_t refusals_n;
	int stuck;			/* device that it was cut off from in
					 * vain, for another mode; 0: none */
	sd_event_source *timer;

	struct qmp *qmp;
	sd_event_source *link_timer;	/* until the guest's link goes off */
	uint64_t absent_since;		/* seen without a lower; 0: it has one */
	bool guest_told;		/* its link, by this qmp */
	bool guest_off;			/* the guest's link, as last wished */
	struct filter *filter;		/* NULL: there is nobody to follow */
};

struct daemon {
	sd_event *loop;
	struct stabletap *st;
	struct stabletap_monitor *mon;
	struct stabletap_links links;	/* all devices */
	struct set seen;		/* set up once, or found so */
	struct set refused;		/* can't be set up, as was told ... */
	sd_event_source *up;		/* ... and is tried again then */
	unsigned int up_failures;
	struct set made;		/* no VFs, or done with: see vfs.c */
	struct vfs_wait *vfs_waits;
	struct conf *conf;
	const char *conf_file;		/* instead of the layers, or NULL */
	struct port *ports;		/* as conf->ports */
	size_t ports_n;
	struct selection *selections;	/* as conf->selectors */
	size_t selections_n;
	struct port *dirty;		/* who has to look, the first ... */
	struct port *dirty_last;	/* ... and, if there is one, the last */
	struct pools *pools;
	sd_event_source *work;		/* looks at ports that are dirty */
	sd_event_source *resync;	/* dumps again, after trouble */
	bool sweep_due;			/* a child may be nobody's */
	unsigned int sweep_again;	/* times that somebody else was at it */
	sd_event_source *sweep;		/* then it is tried again */
	sd_device_monitor *udev;	/* NULL: there is no udev */
	struct history *history;
	struct announcer *announcer;
	struct hooks *hooks;
	struct qmp_hub *qmp;
	sd_event_source *metrics;	/* writes the file */
	int metrics_error;
	sd_event_source *filter_work;	/* looks at what guests want */
	struct probes *probes;
	uint64_t resyncs;
	bool module_missing;
	size_t by_hand_n;		/* ports with an override */
	size_t attached_n;		/* ports that have a lower */
	bool ready;			/* as READY= said */
	size_t told_attached;		/* what STATUS= said last */
	size_t told_ports;
	struct server *server;
};

/* The kernel's or the library's sentence for what was refused, or errno's */
static inline const char *why_not(const struct daemon *d, int err)
{
	const char *message = stabletap_message(d->st);

	return *message ? message : strerror(-err);
}

/* ---- events.c ---- */
int events_start(struct daemon *d);
void events_stop(struct daemon *d);
/* Ask the kernel for everything again, and let every port look. */
int events_resync(struct daemon *d);
/* Read what has come, without waiting. */
int events_read(struct daemon *d);

/* ---- select.c ---- */
int select_start(struct daemon *d);
int select_init(struct daemon *d);
void select_free(struct daemon *d);
bool set_has(const struct set *s, int ifindex);
/* Make membership what it should be; true if that is a change. */
bool set_make(struct set *s, int ifindex, bool member);
/* A device has come, changed or gone (@link NULL, and not in the table). */
void select_update(struct daemon *d, int ifindex,
		   const struct stabletap_link *link);
/* All anew. */
void select_all(struct daemon *d);
/* Does selector @number mean the device? */
bool select_has(const struct daemon *d, size_t number, int ifindex);
/* Let the ports look again that have such a candidate. */
void select_tell(struct daemon *d, size_t number);
/* Where a link of sysfs points to: the last part of that; false: nowhere */
bool select_target(const char *path, char *name, size_t size);
/*
 * The physical function of a VF, as it is called on their bus; and which of
 * its VFs from @first to @last is called @dev, -1: none.
 */
bool select_physical(const char *bus, const char *dev, char *pf, size_t size);
int select_vf_number(const char *bus, const char *pf, const char *dev,
		     int first, int last);
/* Could it be used at all, whatever is asked for? */
bool select_is_device(const struct stabletap_link *link);
bool select_is_usable(const struct stabletap_link *link);
/* Is it one of those that @sel means now? */
bool select_means(const struct selection *sel, int ifindex);
/* udev is done with a new device. */
void select_initialized(struct daemon *d, const struct stabletap_link *link);
/* By name or altname; NULL if there is none. */
const struct stabletap_link *select_named(const struct daemon *d,
					  const char *name);

/* ---- reconcile.c ---- */
void port_dirty(struct port *port);
/* Look at each port that is dirty, and take its next step. */
int reconcile_start(struct daemon *d);
/* Children may be nobody's. */
void sweep_due(struct daemon *d);
/* A port's net device has come, changed or gone (@link NULL). */
void port_event(struct port *port, const struct stabletap_link *link);
/* Tell what of the configuration does not count until the port is made anew. */
void port_say_differences(const struct port *port,
			  const struct stabletap_link *link);
/* Name of the device that the port is on now, "" if there is none */
void port_device(const struct port *port, char name[STABLETAP_NAME_SIZE]);
/* The device that a lower stands for: a child's parent, or itself; 0: unknown */
int device_of(const struct daemon *d, int lower);
/* The candidate that the port's lower is, or -1. */
int port_candidate(const struct port *port, int *dev);
/* Something to be remembered, told to the log and to hooks */
void port_note(struct port *port, const char *event, const char *why);
struct port *port_by_name(struct daemon *d, const char *name);
struct port *port_by_ifindex(struct daemon *d, int ifindex);
/* How long to wait after so many failures before, ns */
uint64_t retry_ns(unsigned int failures);
/* How candidate @rank is to carry the port */
enum stabletap_mode port_mode(const struct port *port, size_t rank);
static inline bool port_takes_whole(enum stabletap_mode mode)
{
	return mode == STABLETAP_MODE_DIRECT || mode == STABLETAP_MODE_PASSTHRU;
}
/* Let @port look again at @when, if that is sooner than what is set. */
void port_look_at(struct port *port, uint64_t when);

/* ---- act.c: each returns 0 or a negative errno, after a line in the log ---- */
/* Is the module that is loaded another one than it should be? */
void act_say_module(void);
int act_create(struct port *port);
/*
 * @how: what was tried; STABLETAP_HOW_BREAK: the old lower was let go.
 * -EAGAIN, without a line unless it is the AGAIN_TOLD-th time: not now.
 */
#define AGAIN_TOLD 7
int act_attach(struct port *port, int dev, enum stabletap_mode mode,
	       enum stabletap_how *how);
/* -EEXIST, without a line unless it is the @again-th time: it is there. */
int act_vlan(struct daemon *d, const struct stabletap_link *base, int id,
	     unsigned int again);
/* Remove children that carry nobody's frames.  -EAGAIN: not now. */
int act_sweep(struct daemon *d);

/* ---- guest.c: what the guest and the network are told ---- */
int guest_init(struct port *port);
void guest_free(struct port *port);
/*
 * After a reload: @port is as it was before, and the daemon's ports are the new
 * ones.  What it has done to the guest's link goes on with who has that NIC
 * now, or is undone.
 */
void guest_hand_over(struct port *port);
/* Tell the network, and let the guest tell it, where the port is now. */
void guest_announce(struct port *port, const struct stabletap_link *link);
/* Its link is what it should be, now or when the time comes. */
void guest_update(struct port *port);

/* ---- filter.c: what the guest wants to receive ---- */
struct qmp_filter;
int filter_start(struct daemon *d);
void filter_stop(struct daemon *d);
int filter_init(struct port *port);
void filter_free(struct port *port);
/* QEMU has told it; NULL: it can't be asked any more. */
void filter_told(struct port *port, const struct qmp_filter *said);
/* The port may have come, or have another lower; @link NULL: it has gone. */
void filter_port_event(struct port *port, const struct stabletap_link *link);
/* Nobody follows from now on: all multicast, whatever the guest will want. */
void filter_leave(struct port *port);
/* The guest's VLANs, as far as they are known; NULL: none */
const uint16_t *filter_vlans(const struct port *port, size_t *n);
/* "lists", "all", "last-known", "unknown"; NULL: it is not followed. */
const char *filter_state(const struct port *port);

/* ---- probe.c: does a candidate lead anywhere? ---- */
int probes_start(struct daemon *d);
void probes_stop(struct daemon *d);
/*
 * From now on ask by way of @dev what @port is configured to.  @whole: the
 * port has all of the device's frames, or would have, and answers with them.
 */
void probe_want(struct port *port, int dev, bool whole);
/* PROBE_ANSWERS, too, if nothing is to be asked. */
enum probe_verdict probe_verdict(const struct port *port, int dev, bool whole);
/*
 * Does what is known justify leaving @present, which fails, for @other, which
 * answers?  If not yet, the port will look again when more is known.
 */
bool probe_lets_go(const struct port *port, int present, bool present_whole,
		   int other, bool other_whole);
/* Seconds since the last answer; negative: there was none. */
double probe_answered_ago(const struct port *port, int dev, bool whole);
/* A device has changed or gone (@link NULL); all may have. */
void probes_update(struct daemon *d, int ifindex,
		   const struct stabletap_link *link);
void probes_update_all(struct daemon *d);

/* ---- vfs.c: VFs that are being made ---- */
/*
 * May that device be touched?  Not a VF while its PF is making VFs; the
 * selections and pools look again when that is over.
 */
bool vfs_made(struct daemon *d, const struct stabletap_link *link);
void vfs_free(struct daemon *d);
/* fork() for what may wait in the kernel, longer than the daemon lives */
pid_t vfs_fork(void);

/* ---- pool.c: devices of which each carries one port at a time ---- */
/* The pools of the configuration, instead of those before. */
int pools_init(struct daemon *d);
void pools_free(struct daemon *d);
/* Devices have changed (@ifindex: which, 0: any): look before ports do. */
void pools_look(struct daemon *d, int ifindex);
/*
 * A notice of a device in which nothing is new: if it is a PF, its VFs may have
 * been changed, of which its notices say nothing.
 */
void pools_notice(struct daemon *d, int ifindex);
/* May @port have that device, for all that pools know? */
bool pools_allow(const struct port *port, int dev);
/* @port is to be attached to that device: set it up if it is a pool's VF. */
int pools_prepare(struct port *port, int dev, enum stabletap_mode mode);
/* It has been. */
void pools_taken(struct port *port, int dev);
json_t *pools_json(const struct daemon *d);

/* ---- override.c ---- */
#define OVERRIDE_DIR "/run/stabletap/override"
int override_start(struct daemon *d);
void override_read(struct port *port);
static inline bool override_is(const struct override *o)
{
	return o->pin || o->prefer;
}

/* ---- metrics.c ---- */
int metrics_start(struct daemon *d);
/* What is no MetricsFile= any more since @old (or NULL) goes. */
void metrics_moved(struct daemon *d, const struct conf *old);
/* Something that the file tells is no longer so. */
void metrics_due(struct daemon *d);

/* ---- server.c ---- */
#define SERVER_PATH "/run/stabletap/stabletapd.sock"
int server_start(struct daemon *d, const char *path);
void server_stop(struct daemon *d);

/* ---- load.c: a configuration becomes the one in force ---- */
/* -ENOEXEC: it has errors or can't be read, which has been told. */
int load(struct daemon *d, FILE *out);
void unload(struct daemon *d);

#endif /* CORE_H */
