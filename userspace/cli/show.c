// SPDX-License-Identifier: GPL-2.0
/* stabletap show */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "report.h"
#include "text.h"
#include "verb.h"
#include "view.h"

/* State that is read once for all ports */
struct world {
	struct stabletap_holders holders;
	bool scanned;
	char module[192];	/* how the loaded module differs, or "" */
	json_t *array;		/* with -j */
};

static uint64_t boottime(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The holders are sorted by minor: find the port's range. */
static void find_holders(struct world *w, struct view *v)
{
	const struct stabletap_holder *h = w->holders.v;
	size_t i;

	v->holders_partial = w->holders.partial;
	for (i = 0; i < w->holders.n; i++) {
		if (h[i].minor != v->get.minor)
			continue;
		if (!v->holders_n)
			v->holders = &h[i];
		v->holders_n++;
	}
}

/*
 * Requests the lower and, if it is a macvlan, its parent.  Each device is
 * requested by itself: a dump has to be repeated where devices come and go all
 * the time.
 */
static void find_lower(struct cli *cli, struct view *v,
		       struct stabletap_link *lower,
		       struct stabletap_link *parent)
{
	int index;

	if (!v->get.lower ||
	    stabletap_link_get(cli->st, (int)v->get.lower, lower))
		return;
	v->lower = lower;
	index = stabletap_link_parent(lower);
	if (index && !stabletap_link_get(cli->st, index, parent))
		v->parent = parent;
}

static int show_one(struct cli *cli, struct world *w,
		    const struct stabletap_link *link)
{
	struct view v = { .link = link, .module = w->module };
	struct stabletap_link lower = { 0 };
	struct stabletap_link parent = { 0 };
	int err = stabletap_port_get(cli->st, link->ifindex, &v.get);

	if (!err && cli->stats)
		err = stabletap_port_stats(cli->st, link->ifindex, &v.stats);
	if (err)
		return err;
	/*
	 * Read the clock after the port's times, so that it is not behind them.
	 */
	v.now = boottime();
	find_lower(cli, &v, &lower, &parent);
	if (!stabletap_child_device(link->ifindex, v.get.last_lower,
				    v.last_device))
		*v.last_device = '\0';
	/*
	 * All nodes have the same major, so one search of /proc serves all
	 * ports.  If no node is open, none is needed.
	 */
	if (v.get.open_queues && !w->scanned && (cli->json || !cli->brief)) {
		stabletap_holders_scan(v.get.major, &w->holders);
		w->scanned = true;
	}
	if (v.get.open_queues)
		find_holders(w, &v);
	if (cli->json)
		json_array_append_new(w->array, view_json(cli, &v));
	else if (cli->brief)
		view_brief(&v, stdout);
	else
		view_text(cli, &v, stdout);
	stabletap_link_release(&lower);
	stabletap_link_release(&parent);
	return 0;
}

static void look_at_module(struct world *w)
{
	struct stabletap_module m;

	if (!stabletap_module_compare(&m))
		return;
	snprintf(w->module, sizeof(w->module), "the loaded module (srcversion "
		 "%s) is not the installed one (%s%s%s)", m.loaded,
		 m.installed, *m.version ? ", version " : "", m.version);
}

static void warn_of_module(const struct world *w)
{
	if (!*w->module)
		return;
	fflush(stdout);
	fprintf(stderr, "warning: %s\n", w->module);
}

static int by_value(const void *a, const void *b)
{
	const int *x = a;
	const int *y = b;

	return (*x > *y) - (*x < *y);
}

static int show_all(struct cli *cli, struct world *w)
{
	struct stabletap_link port;
	int *ports = NULL;
	size_t n = 0;
	size_t i;
	int err = stabletap_port_list(cli->st, &ports, &n);

	if (err)
		return refused(cli, err, "can't list the ports");
	if (n)
		qsort(ports, n, sizeof(*ports), by_value);
	for (i = 0; i < n && !err; i++) {
		err = stabletap_link_get(cli->st, ports[i], &port);
		if (!err) {
			err = show_one(cli, w, &port);
			stabletap_link_release(&port);
		}
		/* Ports may be deleted during the listing. */
		if (err == -ENODEV)
			err = 0;
		if (err)
			refused(cli, err, "can't ask about port %d", ports[i]);
	}
	free(ports);
	return err ? CLI_REFUSED : CLI_DONE;
}

static int show_named(struct cli *cli, struct world *w, const char *name)
{
	struct stabletap_link port;
	int err = find_port(cli, name, &port);

	if (err)
		return err;
	err = show_one(cli, w, &port);
	if (err)
		err = refused(cli, err, "can't ask about port '%s'", name);
	stabletap_link_release(&port);
	return err;
}

enum { PORT };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE, "this port (default: all)", NULL },
	{ .name = NULL },
};

static int run(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	struct world w = { 0 };
	int status = need_module(cli);

	if (status)
		return status;
	if (cli->json || !cli->brief)
		look_at_module(&w);
	if (cli->json)
		w.array = json_array();
	status = name ? show_named(cli, &w, name) : show_all(cli, &w);
	if (cli->json && !status)
		json_print(cli, json_versioned("ports", json_incref(w.array)),
			   stdout);
	if (!cli->brief)
		warn_of_module(&w);

	json_decref(w.array);
	stabletap_holders_release(&w.holders);
	return status;
}

const struct verb verb_show = {
	.name = "show",
	.aliases = "list ls lst",
	.purpose = "show ports and their lowers, as the kernel has them",
	.example = "-s show vm1",
	.options = OPTION_BRIEF | OPTION_STATS | OPTION_DETAILS,
	.words = words,
	.run = run,
};
