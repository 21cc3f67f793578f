// SPDX-License-Identifier: GPL-2.0
/*
 * stabletap status --watch: a line for each port, once a second.  The ports'
 * states come from stabletapd, their counters from the kernel.  On a terminal
 * the lines are drawn over the last ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "json.h"
#include "report.h"
#include "times.h"
#include "view.h"
#include "watch.h"

/* Seconds after which the daemon is reported as silent */
#define PATIENCE 2

/* The counters of a port at the last sample */
struct sample {
	int ifindex;
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
	int64_t at;		/* time_ms(); 0: no sample yet */
};

struct rates {
	bool known;
	double sent;
	double received;
	double dropped;
};

struct watch {
	struct cli *cli;
	const char *port;
	json_t *last;		/* the last answer */
	bool answers;
	bool restarted;		/* it is of another instance */
	struct sample *v;
	size_t n;
	bool terminal;
	unsigned int rows;	/* rows of the terminal */
	unsigned int columns;
	char line[256];
};

/* ---- counters ---- */

static bool take_sample(struct cli *cli, int ifindex, struct sample *out)
{
	struct stabletap_stats s;

	if (ifindex <= 0 || stabletap_port_stats(cli->st, ifindex, &s))
		return false;
	*out = (struct sample){
		.ifindex = ifindex,
		.sent = s.tx_packets,
		.received = s.rx_packets,
		.dropped = s.tx_detached + s.tx_lower + s.tx_refused +
			   s.tx_expired + s.rx_no_reader + s.rx_ring +
			   s.rx_down + s.rx_inactive + s.rx_lro + s.rx_nomem +
			   s.tx_purged,
		.at = time_ms(),
	};
	return true;
}

/* Returns the sample of @ifindex; NULL: out of memory. */
static struct sample *sample_of(struct watch *w, int ifindex)
{
	struct sample *grown;
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->v[i].ifindex == ifindex)
			return &w->v[i];
	grown = realloc(w->v, (w->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	w->v = grown;
	w->v[w->n] = (struct sample){ .ifindex = ifindex };
	return &w->v[w->n++];
}

static double rate(uint64_t then, uint64_t now, double seconds)
{
	return now > then ? (double)(now - then) / seconds : 0;
}

/* Computes rates since the last sample; there are none at the first. */
static struct rates look_at(struct watch *w, const json_t *port)
{
	const json_t *index = json_object_get(port, "ifindex");
	int ifindex = (int)json_integer_value(index);
	struct rates r = { .known = false };
	struct sample now, *then;
	double seconds;

	if (!take_sample(w->cli, ifindex, &now))
		return r;
	then = sample_of(w, ifindex);
	if (!then)
		return r;
	seconds = (double)(now.at - then->at) / 1000;
	if (then->at && seconds > 0)
		r = (struct rates){
			.known = true,
			.sent = rate(then->sent, now.sent, seconds),
			.received = rate(then->received, now.received,
					 seconds),
			.dropped = rate(then->dropped, now.dropped, seconds),
		};
	*then = now;
	return r;
}

/* ---- drawing ---- */

/*
 * Cuts the line to the terminal's width; a device's name may have any
 * character.
 */
static void draw(struct watch *w, const char *text)
{
	if (w->terminal)
		printf("%.*s\033[K\n", (int)w->columns, text);
	else
		puts(text);
}

static void draw_port(struct watch *w, const json_t *port)
{
	const json_t *blackout = json_object_get(port, "blackout_seconds");
	const char *dev = json_text_of(port, "dev");
	struct rates r = look_at(w, port);
	char age[32] = "-", gap[32] = "-", counts[64];
	struct timespec since;

	if (time_parse(json_text_of(port, "since"), &since))
		time_span(time_since(&since), age, sizeof(age));
	if (json_is_number(blackout))
		snprintf(gap, sizeof(gap), "%.3fs",
			 json_number_value(blackout));
	if (r.known)
		snprintf(counts, sizeof(counts), "%9.0f %10.0f %9.0f", r.sent,
			 r.received, r.dropped);
	else
		snprintf(counts, sizeof(counts), "%9s %10s %9s", "-", "-", "-");
	snprintf(w->line, sizeof(w->line), "%-15s %-15s %-10s %8s %9s %s",
		 json_text_of(port, "port"), *dev ? dev : "-",
		 json_text_of(port, "state"), age, gap, counts);
	draw(w, w->line);
}

static const char *state_of_daemon(const struct watch *w)
{
	if (!w->answers)
		return "stabletapd does not answer; its last answer:";
	return w->restarted ? "stabletapd was restarted" : "";
}

static void draw_text(struct watch *w)
{
	const json_t *ports = json_object_get(w->last, "ports");
	size_t n = json_array_size(ports);
	size_t room = w->terminal && w->rows > 4 ? w->rows - 4 : n;
	size_t i;

	if (w->terminal)
		fputs("\033[H", stdout);
	snprintf(w->line, sizeof(w->line), "%-15s %-15s %-10s %8s %9s %9s %10s "
		 "%9s", "PORT", "DEVICE", "STATE", "FOR", "BLACKOUT", "SENT/s",
		 "RECEIVED/s", "DROPPED/s");
	draw(w, w->line);
	for (i = 0; i < n && i < room; i++)
		draw_port(w, json_array_get(ports, i));
	if (i < n) {
		snprintf(w->line, sizeof(w->line), "... and %zu more", n - i);
		draw(w, w->line);
	}
	if (w->terminal || *state_of_daemon(w))
		draw(w, state_of_daemon(w));
	if (w->terminal)
		fputs("\033[J", stdout);
}

static json_t *port_json(struct watch *w, const json_t *port)
{
	struct rates r = look_at(w, port);
	json_t *o = json_copy((json_t *)port);

	if (r.known)
		json_object_set_new(o, "rates", json_pack("{s:f, s:f, s:f}",
				    "sent", r.sent, "received", r.received,
				    "dropped", r.dropped));
	return o;
}

static void draw_json(struct watch *w)
{
	json_t *ports = json_array();
	const json_t *port;
	char now[TIME_TEXT];
	size_t i;

	json_array_foreach(json_object_get(w->last, "ports"), i, port)
		json_array_append_new(ports, port_json(w, port));
	json_print_line(json_pack("{s:i, s:s, s:b, s:s, s:o}", "version",
				  STABLETAP_JSON_VERSION, "time",
				  time_now(w->cli->utc, now), "answers",
				  w->answers, "instance",
				  json_text_of(w->last, "instance"), "ports",
				  ports), stdout);
}

/* ---- samples ---- */

static json_t *request(const struct watch *w)
{
	json_t *o = json_pack("{s:b}", "status", 1);

	if (w->port)
		json_object_set_new(o, "port", stabletap_json_text(w->port));
	return o;
}

static void take_answer(struct watch *w, json_t *o)
{
	w->restarted |= w->last &&
			strcmp(json_text_of(o, "instance"),
			       json_text_of(w->last, "instance")) != 0;
	json_decref(w->last);
	w->last = o;
	w->answers = true;
}

/*
 * Print an error only at the first request; a later one may soon be over.
 */
static int look(struct watch *w)
{
	json_t *o = w->last ? ask_quietly(w->cli, request(w), PATIENCE) :
			      ask(w->cli, request(w));

	w->answers = false;
	if (o && !ask_error(o)) {
		take_answer(w, o);
		return 0;
	}
	if (o && !w->last)
		refuse("stabletapd refuses: %s", ask_error(o));
	json_decref(o);
	return w->last ? 0 : CLI_REFUSED;
}

static void measure(struct watch *w)
{
	struct winsize size;

	w->terminal = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
		      !w->cli->json;
	if (!w->terminal)
		return;
	w->rows = size.ws_row;
	w->columns = size.ws_col ? size.ws_col : 80;
}

static int watch_loop(struct watch *w)
{
	const struct timespec second = { .tv_sec = 1 };
	int status;

	measure(w);
	if (w->terminal)
		fputs("\033[2J", stdout);
	for (;;) {
		status = look(w);
		if (status)
			return status;
		measure(w);
		if (w->cli->json)
			draw_json(w);
		else
			draw_text(w);
		fflush(stdout);
		/* The output was closed: main() reports that. */
		if (ferror(stdout))
			return CLI_DONE;
		nanosleep(&second, NULL);
	}
}

int watch_run(struct cli *cli, const char *port)
{
	struct watch w = { .cli = cli, .port = port };
	int status = look(&w);

	if (!status && port &&
	    !json_array_size(json_object_get(w.last, "ports")))
		status = refuse("stabletapd has no port '%s' in its "
				"configuration", port);
	if (!status)
		status = watch_loop(&w);
	json_decref(w.last);
	free(w.v);
	return status;
}
