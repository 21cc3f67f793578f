// SPDX-License-Identifier: GPL-2.0
/*
 * Does a candidate lead anywhere?  One question for each device and text of
 * Probe=, however many ports ask it, repeated as long as one of them could
 * have the device; when to stop is seen by the device's events.
 *
 * ARP and ND are asked from the device's own MAC address, which no switch
 * learns anywhere else, and answers come back to it.  Below children that
 * address is the host's, and one socket for all devices hears the answers in
 * the host's own stack: guests' frames don't come by there.  A device that is
 * (to be) used whole gives all frames to its port.  There the socket is one
 * that taps the device itself, and its filter sees each frame.  It stays open
 * all the same: to close one takes a grace period of RCU, some 15 ms in which
 * nothing else would be done, and that once a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/if_ether.h>

#include "conf/probe.h"
#include "core.h"
#include "frames.h"
#include "util/program.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define RUNNING_MAX 16		/* programs at a time */
#define READ_MAX 64		/* frames in one turn of the loop */
#define FD_RCVBUF 65536		/* an answer is a frame, or two */
/* From one question to the next while nothing is known, at most */
#define FIRST_NS 1000000000ULL

/* A socket that hears answers */
struct ear {
	int fd;
	sd_event_source *io;
};

struct probe {
	struct probes *owner;
	int dev;
	bool whole;		/* by a tap on the device */
	bool gone;		/* to be freed when its program has ended */
	bool asleep;		/* the device carries nothing */
	bool awaited;		/* asked, and not settled yet */
	bool waits;		/* for others' programs to end */
	bool watched;		/* some port's next step hangs on it */
	struct conf_probe spec;
	struct probe_record record;
	uint64_t asked;
	uint64_t answered;	/* when the last answer came */
	uint8_t mac[6];		/* as @asked, and from where */
	uint8_t source[16];
	struct ear tap;
	struct program *program;
	sd_event_source *timer;
};

struct probes {
	struct daemon *daemon;
	struct probe **v;	/* by device */
	size_t n;
	size_t room;
	int send_fd;
	struct ear arp, nd;
	unsigned int running;	/* programs */
	/* Taps to be closed when there is nothing else to do */
	int *closing;
	size_t closing_n;
	size_t closing_room;
	sd_event_source *closer;
};

/* CLOCK_MONOTONIC: nobody answers a machine that sleeps. */
static uint64_t awake_ns(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- finding ---- */

/* Of the first probe of @dev, or of where it would be */
static size_t position(const struct probes *ps, int dev)
{
	size_t low = 0, high = ps->n, i;

	while (low < high) {
		i = low + (high - low) / 2;
		if (ps->v[i]->dev < dev)
			low = i + 1;
		else
			high = i;
	}
	return low;
}

static struct probe *find(const struct port *port, int dev, bool whole)
{
	const struct probes *ps = port->daemon->probes;
	struct probe *p;
	size_t i;

	for (i = position(ps, dev); i < ps->n && ps->v[i]->dev == dev; i++) {
		p = ps->v[i];
		if (!p->gone && p->whole == whole &&
		    conf_probe_equal(&p->spec, &port->conf->probe))
			return p;
	}
	return NULL;
}

struct cursor {
	size_t selection;
	size_t user;
};

/* Would it have the device so, by a candidate of that selection? */
static bool takes_it_so(const struct port *port, const struct probe *p,
			size_t selection)
{
	const struct conf_port *c = port->conf;
	size_t i;

	for (i = 0; i < c->candidates_n; i++)
		if (c->candidates[i].selector == selection &&
		    port_takes_whole(port_mode(port, i)) == p->whole)
			return true;
	return false;
}

/* The next port after @at that asks this of a candidate, or NULL */
static struct port *next_user(const struct probe *p, struct cursor *at)
{
	struct daemon *d = p->owner->daemon;
	const struct selection *sel;
	struct port *port;

	for (; at->selection < d->selections_n; at->selection++, at->user = 0) {
		sel = &d->selections[at->selection];
		if (!at->user && !select_means(sel, p->dev))
			continue;
		while (at->user < sel->users_n) {
			port = &d->ports[sel->users[at->user++]];
			if (conf_probe_equal(&port->conf->probe, &p->spec) &&
			    takes_it_so(port, p, at->selection))
				return port;
		}
	}
	return NULL;
}

static void tell_users(const struct probe *p)
{
	struct cursor at = { 0 };
	struct port *port;

	while ((port = next_user(p, &at)))
		port_dirty(port);
}

static void log_verdict(const struct probe *p, const char *how)
{
	const struct stabletap_link *link;
	char text[128];

	link = stabletap_links_find(&p->owner->daemon->links, p->dev);
	conf_probe_format(&p->spec, text, sizeof(text));
	log_port(LOG_NOTICE, NULL, "%s: probe '%s' %s%s%s",
		 link ? link->name : "?", text,
		 p->record.verdict == PROBE_ANSWERS ? "answers" : "fails",
		 *how ? ": " : "", how);
}

/* ---- asking ---- */

static void look_at(struct probe *p, uint64_t when)
{
	sd_event_source_set_time(p->timer, when / 1000);
	sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

/* When the next question is due */
static uint64_t next_time(const struct probe *p)
{
	if (!p->asked)
		return 0;
	if (p->record.verdict == PROBE_UNKNOWN && p->spec.interval > FIRST_NS)
		return p->asked + FIRST_NS;
	return p->asked + p->spec.interval;
}

static void settle(struct probe *p, bool answered, const char *how)
{
	bool told;

	p->awaited = false;
	if (answered)
		p->answered = awake_ns();
	told = probe_settle(&p->record, &p->spec, p->asked, answered);
	if (told)
		log_verdict(p, how);
	if (told || p->watched) {
		p->watched = false;
		tell_users(p);
	}
	look_at(p, next_time(p));
}

static bool is_answer(const struct probe *p, uint16_t proto,
		      const uint8_t *data, size_t len)
{
	if (proto == ETH_P_ARP)
		return p->spec.kind == CONF_PROBE_ARP &&
		       probe_is_arp_answer(data, len, p->mac, p->spec.target);
	return p->spec.kind == CONF_PROBE_ND &&
	       probe_is_nd_answer(data, len, p->source, p->spec.target);
}

static void hear(struct probes *ps, int fd)
{
	struct sockaddr_ll from = { 0 };
	socklen_t from_len;
	uint8_t data[128];
	int frames = 0;
	ssize_t got;
	size_t i;

	while (frames++ < READ_MAX) {
		from_len = sizeof(from);
		got = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);
		/* Also when its device has gone down, which is told once. */
		if (got < 0)
			return;
		for (i = position(ps, from.sll_ifindex);
		     i < ps->n && ps->v[i]->dev == from.sll_ifindex; i++)
			if (ps->v[i]->awaited &&
			    is_answer(ps->v[i], ntohs(from.sll_protocol), data,
				      (size_t)got))
				settle(ps->v[i], true, "");
	}
}

static int on_heard(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	(void)s, (void)revents;
	hear(arg, fd);
	return 0;
}

/* @dev 0: what all devices give to the host itself */
static int ear_open(struct probes *ps, struct ear *ear, uint16_t proto, int dev)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(proto),
		.sll_ifindex = dev,
	};
	const int rcvbuf = FD_RCVBUF;
	const int on = 1;
	int err;

	if (ear->fd >= 0)
		return 0;
	/* Protocol 0: nothing comes before the filter is there. */
	ear->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 0);
	if (ear->fd < 0)
		return -errno;
	setsockopt(ear->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (setsockopt(ear->fd, SOL_SOCKET, SO_ATTACH_FILTER, &probe_filter,
		       sizeof(probe_filter)) ||
	    setsockopt(ear->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    bind(ear->fd, (const struct sockaddr *)&at, sizeof(at)))
		err = -errno;
	else
		err = sd_event_add_io(ps->daemon->loop, &ear->io, ear->fd,
				      EPOLLIN, on_heard, ps);
	if (err >= 0)
		return 0;
	close(ear->fd);
	ear->fd = -1;
	return err;
}

static struct ear *ear_of(struct probe *p)
{
	if (p->whole)
		return &p->tap;
	return p->spec.kind == CONF_PROBE_ARP ? &p->owner->arp : &p->owner->nd;
}

static int send_frame(struct probe *p, const struct announce_frame *f)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(f->proto),
		.sll_ifindex = p->dev, .sll_halen = 6,
	};
	int *fd = &p->owner->send_fd;

	/* Protocol 0: this socket receives nothing. */
	if (*fd < 0)
		*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	memcpy(to.sll_addr, f->data, 6);
	if (*fd < 0 || sendto(*fd, f->data, f->len, MSG_DONTWAIT,
			      (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

static int ask_neighbour(struct probe *p)
{
	bool arp = p->spec.kind == CONF_PROBE_ARP;
	uint16_t proto = arp ? ETH_P_ARP : ETH_P_IPV6;
	const struct stabletap_link *link;
	struct announce_frame f;
	int err;

	link = stabletap_links_find(&p->owner->daemon->links, p->dev);
	if (!link)
		return -ENODEV;
	memcpy(p->mac, link->addr, sizeof(p->mac));
	/*
	 * By what the address would be: the form without one, which is for
	 * finding duplicates, would keep a gateway that has just been started
	 * from taking its address.
	 */
	if (p->spec.source_family)
		memcpy(p->source, p->spec.source, sizeof(p->source));
	else if (!arp)
		probe_link_local(p->mac, p->source);
	err = p->whole ? ear_open(p->owner, &p->tap, ETH_P_ALL, p->dev) :
	      ear_open(p->owner, ear_of(p), proto, 0);
	if (err)
		return err;
	if (arp)
		ask_arp(&f, p->mac, p->source, p->spec.target);
	else
		ask_nd(&f, p->mac, p->source, p->spec.target);
	return send_frame(p, &f);
}

static void probe_free(struct probe *p);
static void ask(struct probe *p);

/* Whoever has not been asked for longest is next. */
static void ask_waiting(struct probes *ps)
{
	struct probe *next = NULL;
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->v[i]->waits &&
		    (!next || ps->v[i]->asked < next->asked))
			next = ps->v[i];
	if (next)
		ask(next);
}

static void on_program(const struct program_end *end, void *arg)
{
	struct probe *p = arg;
	struct probes *ps = p->owner;

	p->program = NULL;
	ps->running--;
	if (p->gone)
		probe_free(p);
	else if (p->awaited)
		settle(p, end->good, end->text);
	else if (!p->asleep)
		look_at(p, awake_ns());
	ask_waiting(ps);
}

static int ask_program(struct probe *p)
{
	const struct stabletap_link *link;
	struct probes *ps = p->owner;
	char device[64], number[64];
	char *env[] = { (char *)PROGRAM_PATH, device, number, NULL };
	int err;

	link = stabletap_links_find(&ps->daemon->links, p->dev);
	if (!link)
		return -ENODEV;
	snprintf(device, sizeof(device), "STABLETAP_DEVICE=%s", link->name);
	snprintf(number, sizeof(number), "STABLETAP_IFINDEX=%d", p->dev);
	err = program_start(ps->daemon->loop, p->spec.argv, env, p->spec.limit,
			    on_program, p, &p->program);
	if (!err)
		ps->running++;
	return err;
}

/* What can't be asked is as good as not answered: some device must do. */
static void ask(struct probe *p)
{
	bool script = p->spec.kind == CONF_PROBE_SCRIPT;
	int err;

	/* One of before the device was down may still be on its way out. */
	p->waits = script && !p->program && p->owner->running >= RUNNING_MAX;
	if (p->waits || p->program)
		return;
	p->asked = awake_ns();
	p->awaited = true;
	err = script ? ask_program(p) : ask_neighbour(p);
	if (err < 0)
		settle(p, false, strerror(-err));
	else if (!script)
		look_at(p, p->asked + p->spec.limit);
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct probe *p = arg;

	(void)s, (void)usec;
	/* We may be late, and the answer be there. */
	if (p->awaited && p->spec.kind != CONF_PROBE_SCRIPT) {
		hear(p->owner, ear_of(p)->fd);
		if (p->awaited)
			settle(p, false, "no answer");
	}
	if (next_time(p) <= awake_ns())
		ask(p);
	else
		look_at(p, next_time(p));
	return 0;
}

/* ---- beginning and end of one ---- */

static int on_close(sd_event_source *s, void *arg)
{
	struct probes *ps = arg;

	close(ps->closing[--ps->closing_n]);
	if (ps->closing_n)
		sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

static void close_later(struct probes *ps, int fd)
{
	int *grown = ps->closing;

	if (ps->closing_n == ps->closing_room) {
		grown = realloc(grown, (ps->closing_room + 8) * sizeof(*grown));
		if (!grown) {
			close(fd);
			return;
		}
		ps->closing = grown;
		ps->closing_room += 8;
	}
	ps->closing[ps->closing_n++] = fd;
	sd_event_source_set_enabled(ps->closer, SD_EVENT_ONESHOT);
}

static void probe_free(struct probe *p)
{
	struct probes *ps = p->owner;
	size_t i = position(ps, p->dev);

	while (i < ps->n && ps->v[i] != p)
		i++;
	if (i < ps->n) {
		ps->n--;
		memmove(&ps->v[i], &ps->v[i + 1],
			(ps->n - i) * sizeof(struct probe *));
	}
	sd_event_source_disable_unref(p->timer);
	sd_event_source_disable_unref(p->tap.io);
	if (p->tap.fd >= 0)
		close_later(ps, p->tap.fd);
	program_free(p->program);
	conf_probe_release(&p->spec);
	free(p);
}

/* The device carries nothing: what was known is of no use any more. */
static void probe_sleep(struct probe *p)
{
	p->asleep = true;
	p->awaited = false;
	p->waits = false;
	p->asked = 0;
	memset(&p->record, 0, sizeof(p->record));
	sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	if (p->program)
		program_kill(p->program, SIGKILL);
}

static void probe_forget(struct probe *p)
{
	probe_sleep(p);
	p->gone = true;
	if (!p->program)
		probe_free(p);
}

static int probe_add(struct port *port, int dev, bool whole)
{
	struct probes *ps = port->daemon->probes;
	size_t i = position(ps, dev);
	struct probe **grown = ps->v;
	struct probe *p;
	int err;

	if (ps->n == ps->room) {
		grown = reallocarray(grown, ps->room + 16,
				     sizeof(struct probe *));
		if (!grown)
			return -ENOMEM;
		ps->v = grown;
		ps->room += 16;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->owner = ps;
	p->dev = dev;
	p->whole = whole;
	p->tap.fd = -1;
	err = conf_probe_copy(&p->spec, &port->conf->probe);
	if (!err)
		err = sd_event_add_time(ps->daemon->loop, &p->timer,
					CLOCK_MONOTONIC, 0, 1000, on_time, p);
	if (err < 0) {
		conf_probe_release(&p->spec);
		free(p);
		return err;
	}
	/* As announcements: after what other ports wait for */
	sd_event_source_set_priority(p->timer, SD_EVENT_PRIORITY_NORMAL + 10);
	memmove(&ps->v[i + 1], &ps->v[i], (ps->n - i) * sizeof(struct probe *));
	ps->v[i] = p;
	ps->n++;
	return 0;
}

/* ---- what ports want, and what they get to know ---- */

void probe_want(struct port *port, int dev, bool whole)
{
	int err;

	if (find(port, dev, whole))
		return;
	err = probe_add(port, dev, whole);
	if (err)
		log_port(LOG_ERR, port, "can't probe: %s", strerror(-err));
}

enum probe_verdict probe_verdict(const struct port *port, int dev, bool whole)
{
	const struct probe *p;

	if (port->conf->probe.kind == CONF_PROBE_NONE)
		return PROBE_ANSWERS;
	p = find(port, dev, whole);
	return p ? p->record.verdict : PROBE_UNKNOWN;
}

bool probe_lets_go(const struct port *port, int present, bool present_whole,
		   int other, bool other_whole)
{
	struct probe *a = find(port, present, present_whole);
	struct probe *b = find(port, other, other_whole);

	if (!a || !b)
		return true;
	a->watched = b->watched = !probe_outdoes(&b->record, &a->record);
	return !a->watched;
}

double probe_answered_ago(const struct port *port, int dev, bool whole)
{
	const struct probe *p = find(port, dev, whole);

	if (!p || !p->answered)
		return -1;
	return (double)(awake_ns() - p->answered) / 1e9;
}

static void probe_check(struct probe *p, const struct stabletap_link *link)
{
	struct cursor at = { 0 };

	if (p->gone)
		return;
	if (!link || !next_user(p, &at)) {
		probe_forget(p);
	} else if (!select_is_usable(link)) {
		if (!p->asleep)
			probe_sleep(p);
	} else if (p->asleep) {
		p->asleep = false;
		look_at(p, awake_ns());
	}
}

void probes_update(struct daemon *d, int ifindex,
		   const struct stabletap_link *link)
{
	struct probes *ps = d->probes;
	size_t i = position(ps, ifindex);
	size_t n;

	while (i < ps->n && ps->v[i]->dev == ifindex) {
		n = ps->n;
		probe_check(ps->v[i], link);
		i += ps->n == n;
	}
}

void probes_update_all(struct daemon *d)
{
	struct probes *ps = d->probes;
	size_t i = 0;
	size_t n;

	while (i < ps->n) {
		n = ps->n;
		probe_check(ps->v[i], stabletap_links_find(&d->links,
							   ps->v[i]->dev));
		i += ps->n == n;
	}
}

/* ---- beginning and end of all ---- */

int probes_start(struct daemon *d)
{
	struct probes *ps = calloc(1, sizeof(*ps));
	int err;

	if (!ps)
		return -ENOMEM;
	ps->daemon = d;
	ps->send_fd = -1;
	ps->arp.fd = -1;
	ps->nd.fd = -1;
	d->probes = ps;
	err = sd_event_add_defer(d->loop, &ps->closer, on_close, ps);
	if (err >= 0)
		err = sd_event_source_set_priority(ps->closer,
						   SD_EVENT_PRIORITY_IDLE + 10);
	if (err >= 0)
		err = sd_event_source_set_enabled(ps->closer, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

static void ear_close(struct ear *ear)
{
	sd_event_source_disable_unref(ear->io);
	if (ear->fd >= 0)
		close(ear->fd);
}

void probes_stop(struct daemon *d)
{
	struct probes *ps = d->probes;

	if (!ps)
		return;
	while (ps->n)
		probe_free(ps->v[ps->n - 1]);
	while (ps->closing_n)
		close(ps->closing[--ps->closing_n]);
	sd_event_source_disable_unref(ps->closer);
	ear_close(&ps->arp);
	ear_close(&ps->nd);
	if (ps->send_fd >= 0)
		close(ps->send_fd);
	free(ps->closing);
	free(ps->v);
	free(ps);
	d->probes = NULL;
}
