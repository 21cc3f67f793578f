// SPDX-License-Identifier: GPL-2.0
/*
 * The state of QEMU's monitor in a port's status.  A socket stands in for QEMU.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "guest/guest.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

#define CONF "[Port p]\nCandidate=a\nQMPSocket=/run/qmp\nQMPDevice=net0\n" \
	"GuestLinkDownSec=1\n"

static sd_event *loop;

/* ---- QEMU ---- */

static struct {
	int listener;
	int fd;			/* of the one client, or -1 */
	bool refuses;		/* all but the negotiation */
	sd_event_source *listening, *reading;
} qemu = { .listener = -1, .fd = -1 };

static void say(const char *text)
{
	send(qemu.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A command is a message, as the daemon sends them. */
static int on_command(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	char buf[1024];
	ssize_t got = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	long long id;

	(void)events, (void)arg;
	buf[got > 0 ? got : 0] = '\0';
	if (got <= 0) {
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
		return 0;
	}
	id = atoll(strstr(buf, "\"id\":") + 5);
	if (qemu.refuses && !strstr(buf, "qmp_capabilities"))
		snprintf(buf, sizeof(buf),
			 "{\"error\": {\"desc\": \"no NIC\"}, \"id\": %lld}\n",
			 id);
	else
		snprintf(buf, sizeof(buf), "{\"return\": {}, \"id\": %lld}\n",
			 id);
	say(buf);
	return 0;
}

static int on_client(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	(void)s, (void)events, (void)arg;
	if (qemu.fd >= 0)
		return 0;
	qemu.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (sd_event_add_io(loop, &qemu.reading, qemu.fd, EPOLLIN, on_command,
			    NULL) < 0)
		abort();
	say("{\"QMP\": {}}\n");
	return 0;
}

static void qemu_start(bool refuses)
{
	const struct sockaddr_un at = {
		.sun_family = AF_UNIX, .sun_path = "/run/qmp",
	};

	qemu.refuses = refuses;
	qemu.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			       SOCK_NONBLOCK, 0);
	if (bind(qemu.listener, (const struct sockaddr *)&at, sizeof(at)) ||
	    listen(qemu.listener, 1) ||
	    sd_event_add_io(loop, &qemu.listening, qemu.listener, EPOLLIN,
			    on_client, NULL) < 0)
		abort();
}

static void qemu_stop(void)
{
	qemu.reading = sd_event_source_disable_unref(qemu.reading);
	qemu.listening = sd_event_source_disable_unref(qemu.listening);
	if (qemu.fd >= 0)
		close(qemu.fd);
	qemu.fd = -1;
	close(qemu.listener);
	unlink("/run/qmp");
}

/* ---- */

static bool is_connected(void *arg)
{
	(void)arg;
	return scene_port("p")->guest.monitor == MONITOR_CONNECTED;
}

static bool is_refused(void *arg)
{
	(void)arg;
	return scene_port("p")->guest.monitor == MONITOR_REFUSED;
}

static bool is_connecting(void *arg)
{
	(void)arg;
	return scene_port("p")->guest.monitor == MONITOR_CONNECTING;
}

static void test_monitor(struct tap *t)
{
	const char *why = scene_port("p")->guest.why;

	ok(t, is_connecting(NULL), "a guest that does not run is waited for");
	qemu_start(false);
	ok(t, loop_until(loop, is_connected, NULL, SOON), "its QEMU listens");
	qemu_stop();
	ok(t, loop_until(loop, is_connecting, NULL, SOON), "and is gone");
	qemu_start(true);
	ok(t, loop_until(loop, is_refused, NULL, SOON) &&
	   strstr(why, "device net0: no NIC"), "it refuses, and why");
	qemu_stop();
	ok(t, loop_until(loop, is_connecting, NULL, SOON) && !*why,
	   "which is over when it is gone");
	qemu_start(false);
	ok(t, loop_until(loop, is_connected, NULL, SOON) && !*why,
	   "the next one listens");
	qemu_stop();
}

static bool scene_room(void)
{
	return !unshare(CLONE_NEWNET | CLONE_NEWNS) &&
	       !mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) &&
	       !mount("run", "/run", "tmpfs", 0, NULL);
}

int main(void)
{
	struct guests *guests = NULL;
	struct stabletap *st;
	struct tap t = { 0 };

	if (!scene_room()) {
		ok(&t, true, "guests # SKIP no namespaces");
		return tap_end(&t);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_capture();
	scene_begin("[Port q]\nCandidate=a\n");
	if (sd_event_new(&loop) < 0 || stabletap_open(&st) ||
	    guests_start(loop, st, &scene.m, &guests))
		return 1;
	scene_configure(CONF);
	scene_play("a p p@a");
	test_monitor(&t);
	guests_stop(guests);
	scene_end();
	stabletap_close(st);
	sd_event_unref(loop);
	return tap_end(&t);
}
