// SPDX-License-Identifier: GPL-2.0
/* stabletap wait: until a port has a state, as the kernel reports it */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <linux/if.h>

#include "report.h"
#include "times.h"
#include "verb.h"
#include "words.h"

enum { PORT, ATTACHED, DETACHED, TIMEOUT };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED,
		   "the port, which need not exist yet", NULL },
	[ATTACHED] = { "attached", NULL, 0,
		       "until its lower carries frames (the default)", NULL },
	[DETACHED] = { "detached", NULL, 0, "until it has no lower", NULL },
	[TIMEOUT] = { "timeout", "SECONDS", 0,
		      "give up then, with status 1 (default: never)", NULL },
	{ .name = NULL },
};

struct goal {
	const char *port;
	uint32_t state;
	int64_t end;		/* milliseconds, 0: never */
};

/*
 * Returns 1 if the port has the state; 0 if not, or if it does not exist yet.
 */
static int has_state(struct stabletap *st, const struct goal *g)
{
	struct stabletap_link link;
	int err = stabletap_link_find(st, g->port, &link);
	bool reached;

	if (err)
		return err == -ENODEV ? 0 : err;
	reached = stabletap_link_is_port(&link) &&
		  link.port.state == g->state;
	stabletap_link_release(&link);
	return reached;
}

/* Only a port that has appeared or changed is worth a look. */
static int on_event(const struct stabletap_link *link, bool gone, void *arg)
{
	bool *worth = arg;

	*worth |= !gone && stabletap_link_is_port(link);
	return 0;
}

/* Returns 0 if a port may have changed; -ETIME at the deadline. */
static int wait_for_event(struct stabletap_monitor *mon, const struct goal *g)
{
	struct pollfd p = {
		.fd = stabletap_monitor_fd(mon), .events = POLLIN,
	};
	bool worth = false;
	int err = 0;
	int n;

	while (!err && !worth) {
		n = poll(&p, 1, time_left(g->end));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -ETIME;
		err = stabletap_monitor_read(mon, on_event, &worth);
	}
	return err == -ENOBUFS ? 0 : err;
}

/* Subscribe before the first look, so that no change in between is missed. */
static int wait_for(struct stabletap *st, struct stabletap_monitor *mon,
		    const struct goal *g)
{
	int err;

	for (;;) {
		err = has_state(st, g);
		if (err)
			return err < 0 ? err : 0;
		err = wait_for_event(mon, g);
		if (err)
			return err;
	}
}

static int take(const struct call *call, struct goal *g)
{
	uint32_t seconds;

	if (call->v[ATTACHED] && call->v[DETACHED])
		return usage("wait: 'attached' and 'detached' exclude each "
			     "other");
	g->port = call->v[PORT];
	g->state = call->v[DETACHED] ? STABLETAP_STATE_DETACHED :
				       STABLETAP_STATE_ATTACHED;
	if (!call->v[TIMEOUT])
		return 0;
	if (!parse_number(call->v[TIMEOUT], "timeout", 0, 1000000, &seconds))
		return CLI_USAGE;
	g->end = time_ms() + (int64_t)seconds * 1000;
	return 0;
}

/* A device of that name that is no port would never have the state. */
static int check_name(struct cli *cli, const char *name)
{
	struct stabletap_link link;
	int status = 0;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is needed */
	if (!*name || strlen(name) >= ALTIFNAMSIZ)
		return usage("wait: '%s' can't be a port's name", name);
	if (stabletap_link_find(cli->st, name, &link))
		return 0;
	if (!stabletap_link_is_port(&link))
		status = refuse_kind(&link, name);
	stabletap_link_release(&link);
	return status;
}

static int run(struct cli *cli, const struct call *call)
{
	struct stabletap_monitor *mon = NULL;
	struct goal g = { 0 };
	int err = take(call, &g);

	if (!err)
		err = check_name(cli, g.port);
	if (err)
		return err;
	err = stabletap_monitor_open(&mon, 0);
	if (!err)
		err = wait_for(cli->st, mon, &g);
	stabletap_monitor_close(mon);
	if (err == -ETIME)
		return refuse("port '%s' was not %s within %s s", g.port,
			      stabletap_state_name(g.state), call->v[TIMEOUT]);
	if (err)
		return refused(cli, err, "can't wait for port '%s'", g.port);
	return CLI_DONE;
}

const struct verb verb_wait = {
	.name = "wait",
	.aliases = "",
	.purpose = "wait until a port is attached, or detached",
	.example = "wait vm1 attached timeout 30",
	.words = words,
	.run = run,
};
