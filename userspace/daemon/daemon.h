/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stabletapd: compares what should be (conf.h) with what the kernel says is,
 * and keeps no record of attachments of its own.
 *
 *   events.c     rtnetlink: what devices there are, who has to look again
 *   select.c     which devices a selector means
 *   reconcile.c  one port: what should it have, what has it, the next step
 *   probe.c      does a candidate lead anywhere?
 *   act.c        the step: create, attach, replace, detach
 *   pool*.c      devices that each carry one port at a time; VFs
 *   vfs.c        VFs are left alone while they are being made
 *   announce.c   telling the network after an attach
 *   qmp.c        telling the guest, and asking it
 *   filter.c     what the guest wants to receive: lists, flags, address
 *   hooks.c      telling the operator's programs
 *   history.c    what happened, bounded
 *   override.c   pin, unpin, prefer
 *   metrics.c    a file for Prometheus
 *   server.c     status, events and failback for the command
 *
 * One thread, one loop (sd-event).  Nothing here waits: not for QEMU, not for
 * a hook, not for a lock.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "conf/conf.h"
#include "stabletap.h"

struct daemon;
struct port;
struct qmp;

/* ---- log.c ---- */

/*
 * One line on stderr with a journal priority prefix ("<4>..."), where the
 * journal reads it; without, as it is.  @port may be NULL; it goes before the
 * text, and with the journal at hand into STABLETAP_PORT=.
 */
void log_port(int priority, const struct port *port, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same of a port's name: what goes on may outlast the port. */
void log_name(int priority, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- time ---- */
uint64_t now_ns(void);		/* CLOCK_BOOTTIME */

/* ---- history.c: bounded, oldest first ---- */

struct happening {
	uint64_t time;		/* CLOCK_BOOTTIME, ns */
	uint64_t real;		/* CLOCK_REALTIME, ns */
	uint64_t number;	/* counts from 1 on, for --since */
	char port[STABLETAP_NAME_SIZE];
	char event[16];		/* attached, replaced, changed, detached,
				 * deleted, guest-mac */
	char from[STABLETAP_NAME_SIZE];	/* device, "" if none */
	char to[STABLETAP_NAME_SIZE];
	char why[64];
	uint64_t detached;	/* ns without a lower before this, or 0 */
};

struct history;
struct history *history_new(size_t room);
void history_free(struct history *h);
/* Gives it its number, which is returned; @what->number is not looked at. */
uint64_t history_add(struct history *h, const struct happening *what);
uint64_t history_last(const struct history *h);	/* 0: nothing yet */
/*
 * An object of number, time, port, event, from, to, why (null where empty)
 * and detached_seconds; NULL: no memory.
 */
json_t *happening_json(const struct happening *what);
/*
 * A JSON array of those with a number above @since, of @port or, if that is
 * NULL, all; the oldest first.
 */
json_t *history_json(const struct history *h, const char *port,
		     uint64_t since);

/* ---- announce.c ---- */

struct announcer;
/*
 * One for all ports: it keeps a packet socket open, for closing one costs a
 * grace period of RCU (some 15 ms).
 */
struct announcer *announcer_new(sd_event *loop);
void announcer_free(struct announcer *a);
/*
 * Tell the network by device @ifindex where @addr is now: RARP, and ARP or NA
 * for what port @port (ifindex) and VLANs on it have addresses of, at once
 * and again after 50, 200, 450 and 800 ms.  "At once" is when the loop has
 * nothing more urgent.  Another start for the same port ends the one before;
 * it ends by itself when @ifindex is no more.
 *
 * @stacked: there are VLANs on the port; to ask for them costs a look at all
 * devices, of which there may be thousands.
 *
 * RARP goes out with the tag of each of @vlans, too, which the guest has made
 * on its NIC: 64 of them each time, others the next time.
 */
int announcer_start(struct announcer *a, int port, int ifindex,
		    const uint8_t addr[6], bool stacked,
		    const uint16_t *vlans, size_t vlans_n);
void announcer_stop(struct announcer *a, int port);

/* ---- hooks.c ---- */

struct hooks;
/* One for all ports.  Blocks SIGCHLD, without which sd-event won't watch. */
struct hooks *hooks_new(sd_event *loop);
/* Ends what runs (SIGTERM) without waiting, and forgets what waits. */
void hooks_free(struct hooks *h);
/*
 * Run each of @paths (ended by NULL; copied), one after the other, with
 * STABLETAP_* of the happening in its environment and no argument; its
 * process group gets SIGTERM after @limit ns and SIGKILL 2 s later.  Events
 * of one port wait for each other, the oldest is dropped when too many do.
 * Returns at once: -ENOMEM, or 0.
 */
int hooks_run(struct hooks *h, char *const *paths,
	      const struct happening *what, uint64_t limit);

#endif /* DAEMON_H */
