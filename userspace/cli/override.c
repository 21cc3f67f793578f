// SPDX-License-Identifier: GPL-2.0
/*
 * stabletap pin, prefer, hold-off, unpin, failback: writes overrides, and waits
 * for stabletapd's result.  All but failback are a file for each port, which
 * outlives the daemon; see override.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "file.h"
#include "json.h"
#include "override.h"
#include "report.h"
#include "status.h"
#include "verb.h"

/* The daemon has this many times 100 ms to read the file */
#define LOOKS 30
/* Seconds.  The daemon answers "settled" within 5. */
#define SETTLING 8

struct wish {
	const char *verb;
	enum override_kind kind;
	const char *port;
	const char *dev;	/* NULL: no device */
	bool force;
	/* The daemon's name of @dev, which may be an altname */
	char name[STABLETAP_NAME_SIZE];
};

/* ---- the result ---- */

static bool is_applied(const json_t *port, const struct wish *w)
{
	const char *pin = w->kind == OVERRIDE_PIN ? w->dev : "";
	const char *prefer = w->kind == OVERRIDE_PREFER ? w->dev : "";

	return !strcmp(json_text_of(port, "pin"), pin) &&
	       !strcmp(json_text_of(port, "prefer"), prefer) &&
	       json_is_true(json_object_get(port, "held_off")) ==
	       (w->kind == OVERRIDE_HOLD_OFF);
}

/*
 * Returns the port when it has settled.  An older daemon only knows its status.
 */
static json_t *ask_settled(struct cli *cli, const char *name)
{
	json_t *answer = ask_quietly(cli, json_pack("{s:o}", "settled",
						    stabletap_json_text(name)),
				     SETTLING);
	json_t *port = json_incref(json_object_get(answer, "port"));

	json_decref(answer);
	return port ? port : ask_port_quietly(cli, name, NULL);
}

/*
 * Returns the port when the daemon has read the file and settled the port.
 * NULL: the daemon does not answer.  An older daemon may not know the override,
 * and ignores it.  The status is polled first, since "settled" may take seconds
 * each time.
 */
static json_t *ask_outcome(struct cli *cli, const struct wish *w)
{
	const struct timespec nap = { .tv_nsec = 100000000 };
	json_t *port = ask_port_quietly(cli, w->port, NULL);
	int i;

	for (i = 1; i < LOOKS && port && !is_applied(port, w); i++) {
		json_decref(port);
		nanosleep(&nap, NULL);
		port = ask_port_quietly(cli, w->port, NULL);
	}
	if (!port)
		return NULL;
	json_decref(port);
	return ask_settled(cli, w->port);
}

static void print_port(const struct cli *cli, json_t *port)
{
	if (cli->json)
		json_print(cli, json_versioned("port", json_incref(port)),
			   stdout);
	else
		status_print_headline(port);
}

static int report(struct cli *cli, const struct wish *w)
{
	json_t *port = ask_outcome(cli, w);
	bool answered;

	if (!port) {
		json_decref(ask_port_quietly(cli, w->port, &answered));
		note("%s", answered ? "this takes effect when the port is in "
		     "stabletapd's configuration" : "stabletapd does not run; "
		     "this takes effect when it is started");
		return CLI_DONE;
	}
	print_port(cli, port);
	if (!is_applied(port, w))
		note("stabletapd has not applied this yet");
	else if (w->dev && strcmp(json_text_of(port, "dev"), w->name) != 0)
		note("'%s' is not on '%s' now", w->port, w->dev);
	json_decref(port);
	return CLI_DONE;
}

/* ---- names ---- */

static int check_device(struct cli *cli, struct wish *w)
{
	struct stabletap_link link;
	int err = stabletap_link_find(cli->st, w->dev, &link);

	snprintf(w->name, sizeof(w->name), "%s", err ? w->dev : link.name);
	if (!err)
		stabletap_link_release(&link);
	if (!err || w->force)
		return 0;
	if (err != -ENODEV)
		return refused(cli, err, "can't look up '%s'", w->dev);
	refuse("there is no device '%s' in this network namespace", w->dev);
	if (w->kind == OVERRIDE_PIN)
		hint("'force' pins '%s' anyway: it moves to no other device "
		     "before this one exists", w->port);
	else
		hint("'force' records it anyway");
	return CLI_REFUSED;
}

/*
 * Ask the daemon, which knows the ports of its configuration.  If it does not
 * run, an existing port is accepted.
 */
static int check_port(struct cli *cli, const struct wish *w)
{
	struct stabletap_link link;
	bool answered;
	json_t *port = ask_port_quietly(cli, w->port, &answered);
	bool found = port != NULL;

	json_decref(port);
	if (!answered && !stabletap_link_find(cli->st, w->port, &link)) {
		found = stabletap_link_is_port(&link);
		stabletap_link_release(&link);
	}
	if (found)
		return 0;
	if (answered)
		refuse("stabletapd has no port '%s' in its configuration",
		       w->port);
	else
		refuse("there is no port '%s' in this network namespace",
		       w->port);
	hint("'force' records it anyway");
	return CLI_REFUSED;
}

static int check_names(struct cli *cli, struct wish *w)
{
	int status = 0;

	if (!file_name_is_plain(w->port) ||
	    strlen(w->port) >= STABLETAP_NAME_SIZE)
		return usage("%s: '%s' can't be a port's name", w->verb,
			     w->port);
	if (w->dev && !override_device_is_valid(w->dev))
		return usage("%s: '%s' can't be a device's name", w->verb,
			     w->dev);
	if (!w->force)
		status = check_port(cli, w);
	return !status && w->dev ? check_device(cli, w) : status;
}

/* ---- the verbs ---- */

static int refuse_file(int err, const char *what, const struct cli *cli,
		       const char *port)
{
	refuse("can't %s %s/%s: %s", what, cli->overrides, port,
	       strerror(-err));
	if (err == -EACCES || err == -EPERM)
		hint("run it as root");
	return CLI_REFUSED;
}

static int ask_for(struct cli *cli, struct wish *w)
{
	struct override o = { .kind = w->kind };
	int status = ask_check_namespace(cli);
	int err;

	if (!status)
		status = check_names(cli, w);
	if (status)
		return status;
	if (w->dev)
		snprintf(o.dev, sizeof(o.dev), "%s", w->dev);
	err = override_write(cli->overrides, w->port, &o);
	if (err)
		return refuse_file(err, "write", cli, w->port);
	return report(cli, w);
}

enum { PORT, DEVICE, DEVICE_FORCE };

static const struct word device_words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	[DEVICE] = { "DEVICE", NULL, WORD_PLACE | WORD_NEEDED,
		     "the device, which need not be a candidate", NULL },
	[DEVICE_FORCE] = { "force", NULL, WORD_WHOLE,
			   "although port or device don't exist", NULL },
	{ .name = NULL },
};

static int run_device(struct cli *cli, const struct call *call,
		      enum override_kind kind)
{
	struct wish w = {
		.verb = call->verb->name, .kind = kind, .port = call->v[PORT],
		.dev = call->v[DEVICE], .force = call->v[DEVICE_FORCE],
	};

	return ask_for(cli, &w);
}

static int run_pin(struct cli *cli, const struct call *call)
{
	return run_device(cli, call, OVERRIDE_PIN);
}

static int run_prefer(struct cli *cli, const struct call *call)
{
	return run_device(cli, call, OVERRIDE_PREFER);
}

const struct verb verb_pin = {
	.name = "pin",
	.aliases = "",
	.purpose = "keep a port on this device, whatever happens",
	.example = "pin vm1 eth1",
	.words = device_words,
	.run = run_pin,
};

const struct verb verb_prefer = {
	.name = "prefer",
	.aliases = "",
	.purpose = "have a port on this device whenever it is usable",
	.example = "prefer vm1 eth1",
	.words = device_words,
	.run = run_prefer,
};

enum { PORT_FORCE = 1 };

static const struct word hold_words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	[PORT_FORCE] = { "force", NULL, WORD_WHOLE,
			 "although the port does not exist", NULL },
	{ .name = NULL },
};

static int run_hold_off(struct cli *cli, const struct call *call)
{
	struct wish w = {
		.verb = call->verb->name, .kind = OVERRIDE_HOLD_OFF,
		.port = call->v[PORT], .force = call->v[PORT_FORCE],
	};

	return ask_for(cli, &w);
}

const struct verb verb_hold_off = {
	.name = "hold-off",
	.aliases = "",
	.purpose = "keep a port detached for maintenance, until unpin",
	.example = "hold-off vm1",
	.words = hold_words,
	.run = run_hold_off,
};

static const struct word port_words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	{ .name = NULL },
};

static int run_unpin(struct cli *cli, const struct call *call)
{
	struct wish w = {
		.verb = call->verb->name, .kind = OVERRIDE_NONE,
		.port = call->v[PORT], .force = true,
	};
	int status = ask_check_namespace(cli);
	int err;

	if (!status)
		status = check_names(cli, &w);
	if (status)
		return status;
	err = override_remove(cli->overrides, w.port);
	if (!err)
		return report(cli, &w);
	if (err == -ENOENT)
		return refuse("'%s' is not pinned or held off, and prefers no "
			      "device", w.port);
	return refuse_file(err, "remove", cli, w.port);
}

const struct verb verb_unpin = {
	.name = "unpin",
	.aliases = "",
	.purpose = "end a pin, prefer or hold-off",
	.example = "unpin vm1",
	.words = port_words,
	.run = run_unpin,
};

static int report_failback(struct cli *cli, const char *name,
			   const char *before)
{
	json_t *port = ask_settled(cli, name);

	if (!port)
		return refuse("stabletapd does not answer any more");
	print_port(cli, port);
	if (!strcmp(json_text_of(port, "dev"), before))
		note("'%s' stays: no better candidate is usable now", name);
	json_decref(port);
	return CLI_DONE;
}

static int run_failback(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	json_t *before = ask_port_quietly(cli, name, NULL);
	int status = CLI_REFUSED;
	json_t *answer;

	answer = ask(cli, json_pack("{s:o}", "failback",
				    stabletap_json_text(name)));
	if (answer && ask_error(answer))
		refuse("can't fail '%s' back: %s", name, ask_error(answer));
	else if (answer)
		status = report_failback(cli, name,
					 json_text_of(before, "dev"));
	json_decref(answer);
	json_decref(before);
	return status;
}

const struct verb verb_failback = {
	.name = "failback",
	.aliases = "",
	.purpose = "move a port to a better candidate now",
	.example = "failback vm1",
	.words = port_words,
	.run = run_failback,
};
