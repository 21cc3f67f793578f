// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemon knows, in a file for Prometheus' node_exporter (textfile
 * collector).  Written after something has happened, a second later at most
 * once a second; frames and bytes are the exporter's own to count, for a port
 * is a net device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"

#define WRITE_AFTER_US 1000000

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

static double rank(const struct port *port)
{
	int dev;

	return port_candidate(port, &dev);
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
	return override_is(&port->override);
}

/* A lower that is no candidate is not asked by. */
static double is_silent(const struct port *port)
{
	int dev, i = port_candidate(port, &dev);
	bool whole = i >= 0 && port_takes_whole(port_mode(port, (size_t)i));

	return i >= 0 && probe_verdict(port, dev, whole) == PROBE_FAILS;
}

static const struct metric metrics[] = {
	{ "stabletap_port_present", "gauge",
	  "1 if the port's net device exists.", is_there },
	{ "stabletap_port_attached", "gauge",
	  "1 if the port has a lower.", is_attached },
	{ "stabletap_port_candidate", "gauge",
	  "Rank of the candidate that the port is on, 0 is the best; -1: none.",
	  rank },
	{ "stabletap_port_attaches_total", "counter",
	  "Attachments since the port was made.", attaches },
	{ "stabletap_port_replaces_total", "counter",
	  "Lowers swapped for another since the port was made.", replaces },
	{ "stabletap_port_losses_total", "counter",
	  "Lowers that went by themselves since the port was made.", losses },
	{ "stabletap_port_refusing_devices", "gauge",
	  "Devices that would not be attached and are tried again later.",
	  refusals },
	{ "stabletap_port_probe_fails", "gauge",
	  "1 if what Probe= asks for can't be reached by the present lower.",
	  is_silent },
	{ "stabletap_port_by_hand", "gauge",
	  "1 if the operator has pinned or preferred a device.", is_by_hand },
};

static void write_port_metric(const struct daemon *d, const struct metric *m,
			      FILE *out)
{
	size_t i;

	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
		m->type);
	/* A port's name has nothing in it that would have to be quoted. */
	for (i = 0; i < d->ports_n; i++)
		fprintf(out, "%s{port=\"%s\"} %.0f\n", m->name,
			d->ports[i].conf->name, m->value(&d->ports[i]));
}

static void write_daemon_metric(const char *name, const char *type,
				const char *help, double value, FILE *out)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.0f\n", name, help, name,
		type, name, value);
}

static void write_all(const struct daemon *d, FILE *out)
{
	size_t i;

	for (i = 0; i < sizeof(metrics) / sizeof(*metrics); i++)
		write_port_metric(d, &metrics[i], out);
	write_daemon_metric("stabletapd_module_missing", "gauge",
			    "1 if the kernel module is not loaded.",
			    d->module_missing, out);
	write_daemon_metric("stabletapd_resyncs_total", "counter",
			    "Times that all devices were asked for again.",
			    (double)d->resyncs, out);
	write_daemon_metric("stabletapd_events_total", "counter",
			    "Events of ports, as 'stabletap events' has them.",
			    (double)history_last(d->history), out);
}

/*
 * A new file: the directory may be the exporter's user's, who is not to have us
 * write to what he has put there.
 */
static FILE *make_file(const char *path)
{
	FILE *out;
	int fd;

	/* Of a daemon that was killed */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0644);
	if (fd < 0)
		return NULL;
	out = fdopen(fd, "w");
	if (!out)
		close(fd);
	return out;
}

/* Whole or not at all: the exporter may read at any moment. */
static int replace_file(const struct daemon *d, const char *path)
{
	char tmp[4096];
	FILE *out;
	int err = 0;

	/* The exporter takes *.prom only. */
	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	out = make_file(tmp);
	if (!out)
		return -errno;
	write_all(d, out);
	if (ferror(out))
		err = -EIO;
	if (fchmod(fileno(out), 0644) && !err)
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct daemon *d = arg;
	int err;

	(void)s, (void)usec;
	if (!d->conf->metrics)
		return 0;
	err = replace_file(d, d->conf->metrics);
	/* Once: it will be so each time. */
	if (err && err != d->metrics_error)
		log_port(LOG_WARNING, NULL, "can't write %s: %s",
			 d->conf->metrics, strerror(-err));
	d->metrics_error = err;
	return 0;
}

void metrics_due(struct daemon *d)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(d->metrics, &enabled);
	if (!d->conf || !d->conf->metrics || enabled != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(d->metrics, WRITE_AFTER_US);
	sd_event_source_set_enabled(d->metrics, SD_EVENT_ONESHOT);
}

/* Two of the same, or one that is never right again, is worse than none. */
void metrics_moved(struct daemon *d, const struct conf *old)
{
	const char *now = d->conf->metrics;

	if (!old || !old->metrics || (now && !strcmp(old->metrics, now)))
		return;
	unlink(old->metrics);
	d->metrics_error = 0;
}

int metrics_start(struct daemon *d)
{
	int err = sd_event_add_time(d->loop, &d->metrics, CLOCK_MONOTONIC, 0,
				    0, on_time, d);

	if (err >= 0)
		err = sd_event_source_set_enabled(d->metrics, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}
