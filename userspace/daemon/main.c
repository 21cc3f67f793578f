// SPDX-License-Identifier: GPL-2.0
/* stabletapd: start, signals, stop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "file.h"
#include "load.h"
#include "offline.h"
#include "util/log.h"
#include "util/priority.h"
#include "watch/facts.h"

#define DAEMON_LOCK STABLETAP_RUN_DIR "/stabletapd.lock"

struct daemon {
	sd_event *loop;
	struct model model;
	struct engine *engine;
	const char *conf_file;		/* instead of the layers, or NULL */
	bool ready;			/* READY=1 was sent */
	size_t told_attached;		/* last value of STATUS= */
	size_t told_ports;
};

/* ---- notifications of systemd ---- */

static void tell_status(struct daemon *d)
{
	const struct model *m = &d->model;

	if (m->attached_n == d->told_attached && m->ports_n == d->told_ports)
		return;
	d->told_attached = m->attached_n;
	d->told_ports = m->ports_n;
	sd_notifyf(0, "STATUS=%zu of %zu ports are attached", m->attached_n,
		   m->ports_n);
}

/* Send READY=1 once every port was examined and missing ones created. */
static void tell_ready(struct daemon *d)
{
	if (d->ready || !engine_is_idle(d->engine))
		return;
	d->ready = true;
	sd_notify(0, "READY=1");
}

/* Runs at the end of each turn of the loop. */
static int on_turn(sd_event_source *s, void *arg)
{
	(void)s;
	tell_status(arg);
	tell_ready(arg);
	return 0;
}

/* ---- signals ---- */

static int on_reload(sd_event_source *s, const struct signalfd_siginfo *info,
		     void *arg)
{
	struct daemon *d = arg;
	struct timespec ts = { 0 };

	(void)s, (void)info;
	/* The time by which systemd matches this to its reload request */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)ts.tv_sec * 1000000 +
		   (unsigned long long)ts.tv_nsec / 1000);
	log_line(LOG_INFO, NULL, "reading the configuration anew");
	d->ready = false;
	if (!load(&d->model, d->conf_file))
		engine_resync(d->engine);
	return 0;
}

/*
 * A signal without a function ends the loop with its argument, 0, as the exit
 * status.
 */
static int signal_add(struct daemon *d, int number,
		      sd_event_signal_handler_t fn)
{
	sd_event_source *s = NULL;
	int err = sd_event_add_signal(d->loop, &s, number, fn, fn ? d : NULL);

	if (err >= 0)
		err = sd_event_source_set_priority(s, PRIORITY_EVENTS);
	if (err >= 0)
		err = sd_event_source_set_floating(s, 1);
	sd_event_source_unref(s);
	return err;
}

static int signals_start(struct daemon *d)
{
	sigset_t mask;
	int err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, NULL))
		return -errno;
	err = signal_add(d, SIGTERM, NULL);
	if (err >= 0)
		err = signal_add(d, SIGINT, NULL);
	if (err >= 0)
		err = signal_add(d, SIGHUP, on_reload);
	return err < 0 ? err : 0;
}

/* ---- start and stop ---- */

/* One daemon per machine.  The lock ends with the process. */
static int lock_daemon(void)
{
	int err = file_make_dir(STABLETAP_RUN_DIR);
	int fd;

	if (err)
		return err;
	fd = open(DAEMON_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return err;
}

static int start(struct daemon *d)
{
	int err = sd_event_default(&d->loop);

	if (err >= 0)
		err = signals_start(d);
	if (!err)
		err = model_init(&d->model, &watch_facts);
	if (!err)
		err = engine_start(d->loop, &d->model, &d->engine);
	if (!err)
		err = load(&d->model, d->conf_file);
	if (!err)
		err = engine_run(d->engine);
	return err;
}

static int run(struct daemon *d)
{
	int lock = lock_daemon();
	int err;

	if (lock < 0) {
		if (lock == -EBUSY)
			log_line(LOG_ERR, NULL, "another stabletapd runs");
		else
			log_line(LOG_ERR, NULL, "can't lock " DAEMON_LOCK
				 ": %s%s", strerror(-lock), lock == -EACCES ?
				 "; stabletapd must be run as root" : "");
		return EXIT_FAILURE;
	}
	err = start(d);
	if (!err) {
		sd_event_set_watchdog(d->loop, true);
		sd_event_add_post(d->loop, NULL, on_turn, d);
		/*
		 * An idle loop may have no turn for long, so send READY=1 now.
		 */
		on_turn(NULL, d);
		err = sd_event_loop(d->loop);
		sd_notify(0, "STOPPING=1");
	} else if (err != -ENOEXEC) {
		log_line(LOG_ERR, NULL, "can't start: %s", strerror(-err));
	}
	engine_stop(d->engine);
	model_release(&d->model);
	sd_event_unref(d->loop);
	close(lock);
	if (err == -ENOEXEC)
		return EX_CONFIG;
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Output that can't be written is a failure. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fputs("stabletapd: can't write the output\n", stderr);
	return EXIT_FAILURE;
}

static void usage(FILE *out)
{
	fputs("usage: stabletapd [--config FILE]\n"
	      "       stabletapd --check [FILE]\n"
	      "       stabletapd --keys [KEY]\n"
	      "       stabletapd --help | --version\n"
	      "SIGHUP reads the configuration anew; see stabletapd(8), stabletap.conf(5).\n",
	      out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "check", optional_argument, NULL, 'c' },
		{ "config", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "keys", optional_argument, NULL, 'k' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct daemon d = { 0 };
	int (*offline)(const char *argument) = NULL;
	int c;

	file_keep_standard();
	/* If the reader goes away (head), report that as any other error. */
	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			offline = offline_check;
			d.conf_file = optarg ? optarg : d.conf_file;
			break;
		case 'f':
			d.conf_file = optarg;
			break;
		case 'h':
			usage(stdout);
			return finish(EXIT_SUCCESS);
		case 'k':
			offline = offline_keys;
			d.conf_file = optarg;
			break;
		case 'V':
			printf("stabletapd %s\n", stabletap_release());
			return finish(EXIT_SUCCESS);
		default:
			usage(stderr);
			return 2;
		}
	}
	/* getopt accepts an optional argument only as "--check=FILE". */
	if (offline && !d.conf_file && optind < argc)
		d.conf_file = argv[optind++];
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	return offline ? finish(offline(d.conf_file)) : run(&d);
}
