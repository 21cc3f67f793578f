// SPDX-License-Identifier: GPL-2.0
/* stabletapd: beginning, signals, end. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "offline.h"
#include "qmp.h"

#define HISTORY_ROOM 1000
#define DAEMON_LOCK "/run/stabletap/stabletapd.lock"

static void tell_status(struct daemon *d)
{
	if (d->attached_n == d->told_attached && d->ports_n == d->told_ports)
		return;
	d->told_attached = d->attached_n;
	d->told_ports = d->ports_n;
	sd_notifyf(0, "STATUS=%zu of %zu ports are attached", d->attached_n,
		   d->ports_n);
}

static int on_reload(sd_event_source *s, const struct signalfd_siginfo *info,
		     void *arg)
{
	struct daemon *d = arg;
	struct timespec ts = { 0 };

	(void)s, (void)info;
	/* The time, by which systemd knows which of its signals this is for */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)ts.tv_sec * 1000000 +
		   (unsigned long long)ts.tv_nsec / 1000);
	log_port(LOG_INFO, NULL, "reading the configuration anew");
	d->ready = false;
	if (!load(d, stderr))
		events_resync(d);
	return 0;
}

/* Ready is who has looked at every port, and so has made those that lacked. */
static void tell_ready(struct daemon *d)
{
	if (d->ready || d->dirty)
		return;
	d->ready = true;
	sd_notify(0, "READY=1");
}

/* The kernel's record and the daemon's are compared at the end of each turn. */
static int on_turn(sd_event_source *s, void *arg)
{
	(void)s;
	tell_status(arg);
	tell_ready(arg);
	return 0;
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
	/* Without a function of its own a signal ends the loop. */
	err = sd_event_add_signal(d->loop, NULL, SIGTERM, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(d->loop, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(d->loop, NULL, SIGHUP, on_reload, d);
	return err < 0 ? err : 0;
}

/* One daemon a machine; the lock goes with the process. */
static int lock_daemon(void)
{
	int fd;

	if (mkdir("/run/stabletap", 0755) && errno != EEXIST)
		return -errno;
	fd = open(DAEMON_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	close(fd);
	return -EBUSY;
}

static int start(struct daemon *d)
{
	int err = sd_event_default(&d->loop);

	if (err >= 0)
		err = signals_start(d);
	if (!err)
		err = stabletap_open(&d->st);
	if (!err)
		err = reconcile_start(d);
	if (!err)
		err = select_start(d);
	if (!err)
		err = events_start(d);
	if (!err)
		err = override_start(d);
	if (!err)
		err = metrics_start(d);
	if (!err)
		err = filter_start(d);
	if (!err) {
		d->history = history_new(HISTORY_ROOM);
		d->announcer = announcer_new(d->loop);
		d->hooks = hooks_new(d->loop);
		d->qmp = qmp_hub_new(d->loop);
		if (!d->history || !d->announcer || !d->hooks || !d->qmp)
			err = -ENOMEM;
	}
	if (!err)
		err = probes_start(d);
	if (!err)
		err = load(d, stderr);
	if (!err)
		err = server_start(d, SERVER_PATH);
	if (!err)
		err = events_resync(d);
	return err;
}

static void stop(struct daemon *d)
{
	server_stop(d);
	unload(d);
	events_stop(d);
	if (d->qmp)
		qmp_hub_free(d->qmp);
	probes_stop(d);
	announcer_free(d->announcer);
	hooks_free(d->hooks);
	history_free(d->history);
	sd_event_source_disable_unref(d->metrics);
	sd_event_source_disable_unref(d->sweep);
	sd_event_source_disable_unref(d->up);
	sd_event_source_disable_unref(d->work);
	filter_stop(d);
	vfs_free(d);
	free(d->seen.v);
	free(d->refused.v);
	stabletap_close(d->st);
	sd_event_unref(d->loop);
}

static int run(struct daemon *d)
{
	int lock = lock_daemon();
	int err;

	if (lock < 0) {
		log_port(LOG_ERR, NULL, lock == -EBUSY ?
			 "another stabletapd runs" : "can't lock " DAEMON_LOCK);
		return EXIT_FAILURE;
	}
	err = start(d);
	if (err) {
		if (err != -ENOEXEC)
			log_port(LOG_ERR, NULL, "can't start: %s",
				 strerror(-err));
		stop(d);
		return err == -ENOEXEC ? EX_CONFIG : EXIT_FAILURE;
	}
	act_say_module();
	sd_event_set_watchdog(d->loop, true);
	sd_event_add_post(d->loop, NULL, on_turn, d);
	/* With nothing to do there may be no turn for long. */
	on_turn(NULL, d);
	err = sd_event_loop(d->loop);
	sd_notify(0, "STOPPING=1");
	stop(d);
	close(lock);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
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
			return EXIT_SUCCESS;
		case 'k':
			offline = offline_keys;
			d.conf_file = optarg;
			break;
		case 'V':
			puts("stabletapd " STABLETAP_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	/* getopt takes "--check=FILE" alone for an optional argument. */
	if (offline && !d.conf_file && optind < argc)
		d.conf_file = argv[optind++];
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	return offline ? offline(d.conf_file) : run(&d);
}
