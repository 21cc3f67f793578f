// SPDX-License-Identifier: GPL-2.0
/*
 * Writes metrics to a file for Prometheus' node_exporter (textfile collector):
 * a second after an event, at most once a second, and every 15 s, so that the
 * heartbeat shows that the daemon runs.  The exporter counts frames and bytes
 * itself, because a port is a net device.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "file.h"
#include "model/history.h"
#include "model/lower.h"
#include "model/model.h"
#include "model/verdict.h"
#include "tell/metrics.h"
#include "util/clock.h"
#include "util/log.h"

#define WRITE_AFTER_US 1000000
#define HEARTBEAT_US 15000000

struct metrics {
	struct model *m;
	sd_event_source *timer;
	bool due;		/* the timer is set for an event */
	int error;		/* the last one that was logged */
};

/* ---- metrics of a port ---- */

struct metric {
	const char *name;
	const char *type;
	const char *help;
	double (*value)(const struct port *port);
};

static double is_there(const struct port *port)
{
	return port->ifindex != 0;
}

static double is_attached(const struct port *port)
{
	return port->told.lower != 0;
}

static double is_lower_down(const struct port *port)
{
	return port->ifindex &&
	       port->told.state == STABLETAP_STATE_LOWER_DOWN;
}

static double candidates(const struct port *port)
{
	return (double)port->conf->candidates.n;
}

static double rank(const struct port *port)
{
	return port_candidate(port, port_present(port));
}

static double attaches(const struct port *port)
{
	return (double)port->told.attaches;
}

static double replaces(const struct port *port)
{
	return (double)port->told.replaces;
}

static double losses(const struct port *port)
{
	return (double)port->told.losses;
}

static double refusals(const struct port *port)
{
	return (double)port->refusals_n;
}

static double is_by_hand(const struct port *port)
{
	return port->override.kind != OVERRIDE_NONE;
}

static double is_held_off(const struct port *port)
{
	return port->override.kind == OVERRIDE_HOLD_OFF;
}

static double is_monitor_refused(const struct port *port)
{
	return port->guest.monitor == MONITOR_REFUSED;
}

/* No probes are sent through a lower that is no candidate. */
static double is_silent(const struct port *port)
{
	const struct device *dev = port_present(port);
	int i = port_candidate(port, dev);
	const struct verdict_entry *e;

	if (i < 0)
		return 0;
	e = verdict_find(dev->verdicts, &port->conf->probe,
			 port_takes_whole(port_mode(port, (size_t)i)));
	return e && e->verdict.word == VERDICT_FAILS;
}

static const struct metric metrics[] = {
	{ "stabletap_port_present", "gauge",
	  "1 if the port's net device exists.", is_there },
	{ "stabletap_port_attached", "gauge",
	  "1 if the port has a lower.", is_attached },
	{ "stabletap_port_lower_down", "gauge",
	  "1 if the port's lower is down, dormant or without carrier.",
	  is_lower_down },
	{ "stabletap_port_candidates", "gauge",
	  "Candidates that are configured for the port.", candidates },
	{ "stabletap_port_candidate", "gauge",
	  "Rank of the candidate that the port is on, 0 is the best; -1: none.",
	  rank },
	{ "stabletap_port_attaches_total", "counter",
	  "Attachments since the port was made.", attaches },
	{ "stabletap_port_replaces_total", "counter",
	  "Lowers replaced by another since the port was made.", replaces },
	{ "stabletap_port_losses_total", "counter",
	  "Lowers that disappeared since the port was made.", losses },
	{ "stabletap_port_refusing_devices", "gauge",
	  "Devices that refused to be attached and are tried again later.",
	  refusals },
	{ "stabletap_port_probe_fails", "gauge",
	  "1 if the probe of Probe= fails on the present lower.",
	  is_silent },
	{ "stabletap_port_by_hand", "gauge",
	  "1 if the port is pinned, prefers a device or is held off.", is_by_hand },
	{ "stabletap_port_held_off", "gauge",
	  "1 if the port is held off, hence detached.", is_held_off },
	{ "stabletap_port_monitor_refused", "gauge",
	  "1 if the monitor of the port's QEMU can't be used.",
	  is_monitor_refused },
};

/* ---- writing ---- */

static void write_head(const char *name, const char *type, const char *help,
		       FILE *out)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_port_metric(const struct model *m, const struct metric *x,
			      FILE *out)
{
	char label[4 * STABLETAP_NAME_SIZE];
	size_t i;

	write_head(x->name, x->type, x->help, out);
	for (i = 0; i < m->ports_n; i++)
		fprintf(out, "%s{port=\"%s\"} %.0f\n", x->name,
			escape_label(label, sizeof(label),
				     m->ports[i]->conf->name),
			x->value(m->ports[i]));
}

static void write_daemon_metric(const char *name, const char *type,
				const char *help, double value, FILE *out)
{
	write_head(name, type, help, out);
	fprintf(out, "%s %.0f\n", name, value);
}

void metrics_write(const struct model *m, FILE *out)
{
	uint64_t started = m->started / CLOCK_SECOND;
	uint64_t now = clock_real() / CLOCK_SECOND;
	size_t i;

	for (i = 0; i < sizeof(metrics) / sizeof(*metrics); i++)
		write_port_metric(m, &metrics[i], out);
	write_daemon_metric("stabletapd_module_missing", "gauge",
			    "1 if the kernel module is not loaded.",
			    m->module_missing, out);
	write_daemon_metric("stabletapd_module_differs", "gauge",
			    "1 if the module's version is not stabletapd's.",
			    m->module_differs, out);
	write_daemon_metric("stabletapd_resyncs_total", "counter",
			    "How often all devices were listed again.",
			    (double)m->resyncs, out);
	write_daemon_metric("stabletapd_events_total", "counter",
			    "Events of ports, as 'stabletap events' has them.",
			    (double)history_last(m->history), out);
	write_daemon_metric("stabletapd_left_out_sections", "gauge",
			    "Sections that are left out because of errors.",
			    m->conf ? (double)m->conf->left_out_n : 0, out);
	write_daemon_metric("stabletapd_hook_failures_total", "counter",
			    "Hooks that failed or could not be run.",
			    (double)m->hook_failures, out);
	write_daemon_metric("stabletapd_start_timestamp_seconds", "gauge",
			    "Time at which stabletapd started.",
			    (double)started, out);
	write_daemon_metric("stabletapd_heartbeat_timestamp_seconds", "gauge",
			    "Time at which this was written; stale after 60 s.",
			    (double)now, out);
	write_head("stabletapd_build_info", "gauge",
		   "Always 1; the label is the version of stabletapd.", out);
	fprintf(out, "stabletapd_build_info{version=\"%s\"} 1\n",
		stabletap_release());
}

static int replace(const struct model *m, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char dir[PATH_MAX], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out)
		return -errno;
	metrics_write(m, out);
	err = fclose(out) ? -errno : 0;
	snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	if (!err)
		err = file_replace(dir, name, text, 0644);
	free(text);
	return err;
}

/* ---- when ---- */

static void set_timer(struct metrics *x, uint64_t us)
{
	sd_event_source_set_time_relative(x->timer, us);
	sd_event_source_set_enabled(x->timer, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct metrics *x = arg;
	const char *path = x->m->conf ? x->m->conf->metrics : NULL;
	int err;

	(void)s, (void)usec;
	x->due = false;
	if (!path)
		return 0;
	err = replace(x->m, path);
	/* Log an error once: it will recur at each attempt. */
	if (err && err != x->error)
		log_line(LOG_WARNING, NULL, "can't write %s: %s", path,
			 strerror(-err));
	x->error = err;
	set_timer(x, HEARTBEAT_US);
	return 0;
}

static void due(struct metrics *x)
{
	if (!x->m->conf || !x->m->conf->metrics || x->due)
		return;
	x->due = true;
	set_timer(x, WRITE_AFTER_US);
}

static void on_look(struct port *port, void *arg)
{
	(void)port;
	due(arg);
}

static void on_happened(struct port *port, const struct happening *what,
			void *arg)
{
	(void)port, (void)what;
	due(arg);
}

/* Delete the old file, since it is not updated any more. */
static void on_configured(const struct conf *before, void *arg)
{
	struct metrics *x = arg;
	const char *old = before ? before->metrics : NULL;
	const char *now = x->m->conf->metrics;

	if (old && (!now || strcmp(old, now) != 0)) {
		unlink(old);
		x->error = 0;
	}
	due(x);
}

int metrics_start(sd_event *loop, struct model *m, struct metrics **out)
{
	static const struct model_ops ops = {
		.port_look = on_look, .happened = on_happened,
		.configured = on_configured,
	};
	struct metrics *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	x->m = m;
	*out = x;
	model_watch(m, &ops, x);
	err = sd_event_add_time(loop, &x->timer, CLOCK_MONOTONIC, 0, 0,
				on_time, x);
	if (err >= 0)
		err = sd_event_source_set_enabled(x->timer, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

void metrics_stop(struct metrics *x)
{
	if (!x)
		return;
	if (x->m->conf && x->m->conf->metrics)
		unlink(x->m->conf->metrics);
	sd_event_source_disable_unref(x->timer);
	free(x);
}
