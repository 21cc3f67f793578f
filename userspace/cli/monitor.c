// SPDX-License-Identifier: GPL-2.0
/* stabletap monitor */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "json.h"
#include "report.h"
#include "times.h"
#include "verb.h"

/* Bytes of socket buffer; after an overrun the devices are dumped again. */
#define RCVBUF (1 << 20)

/* A dump during which events came is repeated at once, this often ... */
#define RESYNC_ATTEMPTS 10
/* ... and then after this time (ms). */
#define RESYNC_AGAIN_MS 500

/* The requested port is gone. */
#define GONE (-1)

/* All devices: the names of lowers, the whole state of ports */
struct monitor {
	struct cli *cli;
	struct stabletap_monitor *mon;
	struct stabletap_links known;	/* sorted by ifindex */
	bool tell;		/* @known is valid */
	int64_t again;		/* when to dump again, in ms; 0: no need to */
	int only;		/* ifindex of the requested port; 0: all */
	char name[STABLETAP_NAME_SIZE];	/* the name of that port at the start */
	char scratch[24];	/* for name_of() */
};

/* ---- known devices ---- */

static struct stabletap_link *lookup(struct monitor *m, int ifindex)
{
	return stabletap_links_find(&m->known, ifindex);
}

/* Stores @link, without its altnames, which are not needed here. */
static int remember(struct monitor *m, const struct stabletap_link *link)
{
	struct stabletap_link copy = *link;

	copy.altnames = NULL;
	copy.altnames_len = 0;
	return stabletap_links_put(&m->known, &copy);
}

static void forget(struct monitor *m, int ifindex)
{
	stabletap_links_drop(&m->known, ifindex);
}

/* ---- printing ---- */

static const char *name_of(int ifindex, void *arg)
{
	struct monitor *m = arg;
	const struct stabletap_link *link = lookup(m, ifindex);

	if (link)
		return link->name;
	snprintf(m->scratch, sizeof(m->scratch), "if%d", ifindex);
	return m->scratch;
}

static void print_event_json(const struct monitor *m, const char *event,
			     const struct stabletap_link *port, json_t *fields)
{
	json_t *o = json_versioned("event", json_string(event));
	char when[TIME_TEXT];

	if (m->cli->timestamp)
		json_object_set_new(o, "time",
				    json_string(time_now(m->cli->utc, when)));
	json_object_set_new(o, "port", stabletap_json_text(port->name));
	json_object_set_new(o, "ifindex", json_integer(port->ifindex));
	json_object_update(o, fields);
	json_print_line(o, stdout);
}

static void print_event_text(const struct monitor *m, const char *event,
			     const struct stabletap_link *port, json_t *fields)
{
	const char *key;
	json_t *value;
	char when[TIME_TEXT];

	if (m->cli->timestamp)
		printf("[%s] ", time_now(m->cli->utc, when));
	printf("%s: %s", port->name, event);
	json_object_foreach(fields, key, value) {
		if (json_is_string(value) && *json_string_value(value))
			printf(" %s %s", key, json_string_value(value));
		else if (json_is_integer(value) &&
			 (m->cli->details || !strstr(key, "ifindex")))
			printf(" %s %lld", key,
			       (long long)json_integer_value(value));
		else if (json_is_true(value))
			printf(" %s", key);
	}
	putchar('\n');
}

/* A child's name says little, so add the name of its device. */
static void add_device(struct monitor *m, json_t *fields)
{
	const json_t *index = json_object_get(fields, "lower_ifindex");
	const struct stabletap_link *lower;
	int parent = 0;

	lower = lookup(m, (int)json_integer_value(index));
	if (lower)
		parent = stabletap_link_parent(lower);
	if (parent)
		json_object_set_new(fields, "dev",
				    stabletap_json_text(name_of(parent, m)));
}

/* The requested port may be deleted and created again under its name. */
static bool is_asked_for(struct monitor *m, const char *event,
			 const struct stabletap_link *port)
{
	if (!m->only)
		return true;
	if (m->only == GONE && !strcmp(port->name, m->name))
		m->only = port->ifindex;
	if (m->only != port->ifindex)
		return false;
	if (!strcmp(event, "deleted"))
		m->only = GONE;
	return true;
}

static void print_event(const char *event, const struct stabletap_link *port,
			json_t *fields, void *arg)
{
	struct monitor *m = arg;

	if (is_asked_for(m, event, port)) {
		add_device(m, fields);
		if (m->cli->json)
			print_event_json(m, event, port, fields);
		else
			print_event_text(m, event, port, fields);
		fflush(stdout);
	}
	json_decref(fields);
}

/* ---- following ---- */

static int on_event(const struct stabletap_link *link, bool gone, void *arg)
{
	struct monitor *m = arg;
	const struct stabletap_link *at = lookup(m, link->ifindex);
	struct stabletap_link old = { 0 };
	bool known = at != NULL;
	int err = 0;

	if (known)
		old = *at;
	/* The events contain its name, so store the device first. */
	if (!gone)
		err = remember(m, link);
	if (err)
		return err;
	if (stabletap_link_is_port(link) && m->tell) {
		if (gone && known) {
			old.moved = link->moved;
			changes_tell(&old, NULL, name_of, print_event, m);
		} else if (!gone) {
			changes_tell(known ? &old : NULL, link, name_of,
				       print_event, m);
		}
	}
	if (gone)
		forget(m, link->ifindex);
	return 0;
}

/* Only count the events: the next dump contains their changes. */
static int on_stale(const struct stabletap_link *link, bool gone, void *arg)
{
	unsigned int *stale = arg;

	(void)link, (void)gone;
	(*stale)++;
	return 0;
}

/*
 * Dumps until no event came during the dump: an event older than the dump would
 * undo changes, so events during a dump are dropped.  Returns 1 if events came
 * each time, so @now may be older than these; -EAGAIN if the dump itself was
 * interrupted and may lack devices, which would seem deleted.
 */
static int dump_quietly(struct monitor *m, struct stabletap_links *now)
{
	unsigned int stale;
	int err;
	int i;

	for (i = 0; i < RESYNC_ATTEMPTS; i++) {
		stabletap_links_release(now);
		err = stabletap_link_dump(m->cli->st, NULL, now);
		if (err)
			return err < 0 ? err : -EAGAIN;
		stale = 0;
		do {
			err = stabletap_monitor_read(m->mon, on_stale, &stale);
			stale += err == -ENOBUFS;
		} while (err == -ENOBUFS);
		if (err || !stale)
			return err;
	}
	return 1;
}

static void compare_dumps(struct monitor *m, const struct stabletap_links *old,
			  const struct stabletap_links *now)
{
	const struct stabletap_link *l;
	const struct stabletap_link *before;
	size_t i;

	for (i = 0; i < old->n; i++) {
		l = old->v[i];
		if (stabletap_link_is_port(l) &&
		    !stabletap_links_find(now, l->ifindex))
			changes_tell(l, NULL, name_of, print_event, m);
	}
	for (i = 0; i < now->n; i++) {
		l = now->v[i];
		if (!stabletap_link_is_port(l))
			continue;
		before = stabletap_links_find(old, l->ifindex);
		if (before && !stabletap_link_is_port(before))
			before = NULL;
		changes_tell(before, l, name_of, print_event, m);
	}
}

/* Replaces the known devices by the dump, and prints the differences. */
static int resync(struct monitor *m)
{
	struct stabletap_links old = m->known;
	struct stabletap_links now = { 0 };
	int err = dump_quietly(m, &now);

	m->again = err ? time_ms() + RESYNC_AGAIN_MS : 0;
	if (err < 0) {
		stabletap_links_release(&now);
		return err == -EAGAIN ? 0 : err;
	}
	m->known = now;
	if (m->tell)
		compare_dumps(m, &old, &m->known);
	m->tell = true;
	stabletap_links_release(&old);
	return 0;
}

static int follow(struct monitor *m)
{
	struct pollfd p = {
		.fd = stabletap_monitor_fd(m->mon), .events = POLLIN,
	};
	int err;

	for (;;) {
		if (poll(&p, 1, time_left(m->again)) < 0 && errno != EINTR)
			return -errno;
		err = stabletap_monitor_read(m->mon, on_event, m);
		if (err == -ENOBUFS || (!err && !time_left(m->again)))
			err = resync(m);
		if (err)
			return err;
		/* The output was closed. */
		if (ferror(stdout))
			return -EPIPE;
	}
}

static int watch(struct cli *cli, struct monitor *m)
{
	int err = stabletap_monitor_open(&m->mon, RCVBUF);

	if (!err)
		err = resync(m);
	if (!err)
		err = follow(m);
	stabletap_monitor_close(m->mon);
	stabletap_links_release(&m->known);
	return refused(cli, err, "can't go on monitoring");
}

enum { PORT, NOW };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE, "this port only", NULL },
	[NOW] = { "now", NULL, WORD_WHOLE,
		  "first report existing ports as added", NULL },
	{ .name = NULL },
};

static int run(struct cli *cli, const struct call *call)
{
	struct monitor m = { .cli = cli, .tell = call->v[NOW] != NULL };
	struct stabletap_link port;
	int err;

	/*
	 * This works without the module, too, and reports the first port after
	 * it is loaded.
	 */
	if (call->v[PORT]) {
		err = find_port(cli, call->v[PORT], &port);
		if (err)
			return err;
		m.only = port.ifindex;
		memcpy(m.name, port.name, sizeof(m.name));
		stabletap_link_release(&port);
	}
	return watch(cli, &m);
}

const struct verb verb_monitor = {
	.name = "monitor",
	.aliases = "",
	.purpose = "print what happens to ports, as the kernel reports it",
	.example = "-t monitor vm1",
	.options = OPTION_DETAILS | OPTION_TIMESTAMP | OPTION_UTC,
	.words = words,
	.run = run,
};
