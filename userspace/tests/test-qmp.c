// SPDX-License-Identifier: GPL-2.0
/*
 * QMP: its bytes; a server that stalls, closes, floods and lies, in the same
 * loop; a real QEMU.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/sockios.h>

#include "guest/qmp-filter.h"
#include "guest/qmp-wire.h"
#include "guest/qmp.h"
#include "loop.h"
#include "tap.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define EVENT(name) "{\"timestamp\": {\"seconds\": 1}, \"event\": " \
	"\"NIC_RX_FILTER_CHANGED\", \"data\": {\"name\": \"" name "\"}}\r\n"
#define NIC(name, more) "{\"name\": \"" name "\", \"main-mac\": " \
	"\"52:54:00:12:34:56\", \"promiscuous\": false, " \
	"\"broadcast-allowed\": true, \"unicast\": \"normal\", " \
	"\"multicast\": \"all\", \"vlan\": \"normal\", " \
	"\"unicast-overflow\": false, \"multicast-overflow\": true, " \
	"\"vlan-table\": [0, 5], " \
	"\"unicast-table\": [\"02:00:00:00:00:01\"], " \
	"\"multicast-table\": [\"33:33:00:00:00:01\", " \
	"\"01:00:5e:00:00:01\"]" more "}"

/* Pauses and deadlines of seconds are divided by @hurry. */
#define HURRY 20
/* us; not divided, so that a client's last command is sent in time */
#define LAST_WORDS 10000000
static unsigned int hurry = HURRY;

static char dir[64];
static int log_fd;
static sd_event *loop;
static int watch_error;	/* of the next watches */

int __real_sd_event_add_inotify(sd_event *e, sd_event_source **s,
				const char *path, uint32_t mask,
				sd_event_inotify_handler_t fn, void *arg);
int __wrap_sd_event_add_inotify(sd_event *e, sd_event_source **s,
				const char *path, uint32_t mask,
				sd_event_inotify_handler_t fn, void *arg);
int __wrap_sd_event_add_inotify(sd_event *e, sd_event_source **s,
				const char *path, uint32_t mask,
				sd_event_inotify_handler_t fn, void *arg)
{
	if (watch_error)
		return watch_error;
	return __real_sd_event_add_inotify(e, s, path, mask, fn, arg);
}

/* ---- bytes ---- */

/*
 * Returns the number of messages in @text, fed @step bytes at a time, or a
 * negative errno.
 */
static int feed(const char *text, size_t len, size_t step)
{
	struct qmp_wire w = { 0 };
	json_t *json;
	int count = 0;
	int err = 0;
	size_t at;
	size_t n;

	for (at = 0; at < len && err >= 0; at += n) {
		n = len - at < step ? len - at : step;
		err = qmp_wire_feed(&w, text + at, n);
		while (!err && (err = qmp_wire_next(&w, &json)) > 0) {
			count++;
			json_decref(json);
			err = 0;
		}
	}
	qmp_wire_reset(&w);
	return err < 0 ? err : count;
}

static int feed_all(const char *text)
{
	size_t len = strlen(text);
	int whole = feed(text, len, len);
	size_t step;

	for (step = 1; step < 8; step++)
		if (feed(text, len, step) != whole)
			return -ENOTRECOVERABLE;
	return whole;
}

static void test_wire(struct tap *t)
{
	static char big[QMP_MESSAGE_MAX + 64];

	ok(t, feed_all("{}\r\n{\"a\": [1, {\"b\": 2}]}\r\n \t\n{}") == 3,
	   "messages are told apart, however they are cut");
	ok(t, feed_all("{\"a\": \"}\\\"]}{\"}{}") == 2,
	   "braces in strings are none");
	ok(t, feed_all("{\n  \"a\": [\n    1\n  ]\n}\n") == 1,
	   "a message may have several lines");
	ok(t, feed_all("{\"a\": ") == 0, "a message may be unfinished");
	ok(t, feed_all("{}garbage") == -EBADMSG &&
	   feed_all("[1]") == -EBADMSG && feed_all("\"QMP\"") == -EBADMSG &&
	   feed_all("}") == -EBADMSG && feed_all("{]") == -EBADMSG &&
	   feed_all("{\"a\": nul}") == -EBADMSG &&
	   feed_all("{\"\xff\": 1}") == -EBADMSG, "garbage is none");
	ok(t, feed("{\"\0\": 1}", 9, 9) == -EBADMSG, "nor a NUL");
	memset(big, 'x', sizeof(big));
	memcpy(big, "{\"a\": \"", 7);
	ok(t, feed(big, sizeof(big), 16384) == -EMSGSIZE,
	   "a message without end is cut off");
	memset(big, '[', sizeof(big));
	memcpy(big, "{\"a\":", 5);
	memset(big + QMP_MESSAGE_MAX / 2, ']', QMP_MESSAGE_MAX / 2 - 5);
	big[QMP_MESSAGE_MAX - 5] = '}';
	ok(t, feed(big, QMP_MESSAGE_MAX - 4, 16384) == -EBADMSG,
	   "as many brackets as fit don't reach the stack's end");
}

/* QEMU's pretty form of a filter with as much in it as there can be */
static size_t pretty_filter(char *text, size_t size)
{
	size_t n = (size_t)snprintf(text, size, "{\n    \"return\": [\n"
				    "        {\n            \"vlan-table\": [\n");
	int i;

	for (i = 0; i < 4096; i++)
		n += (size_t)snprintf(text + n, size - n, "                %d%s\n",
				      i, i < 4095 ? "," : "");
	n += (size_t)snprintf(text + n, size - n,
			      "            ],\n            \"unicast-table\": [\n");
	for (i = 0; i < 128; i++)
		n += (size_t)snprintf(text + n, size - n, "                "
				      "\"52:54:00:00:00:%02x\"%s\n", i,
				      i < 127 ? "," : "");
	return n + (size_t)snprintf(text + n, size - n,
				    "            ]\n        }\n    ]\n}\n");
}

/* Twice what an answer takes is enough, and cheap to be read. */
static void test_size(struct tap *t)
{
	static char text[256 << 10];
	size_t n = pretty_filter(text, sizeof(text));

	ok(t, feed(text, n, 16384) == 1 && n > 80000,
	   "the longest answer of a QEMU is taken (%zu bytes)", n);
	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"a\": [{}", 9);
	for (n = 9; n < sizeof(text) - 5; n += 3)
		memcpy(text + n, ",{}", 3);
	text[n] = ']';
	text[n + 1] = '}';
	ok(t, feed(text, n + 2, 16384) == -EMSGSIZE,
	   "what would take the memory of 80,000 objects is not");
}

static int filter(const char *text, struct qmp_filter *f)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	int err = qmp_filter_parse(json, "net0", f);

	json_decref(json);
	return err;
}

static void test_filter(struct tap *t)
{
	static const char *const lies[] = {
		"{}", "null", "[1]", "[{}]", "[{\"name\": 1}]",
		"[{\"name\": \"net0\"}]",
		"[" NIC("net0", ", \"main-mac\": \"52:54:00\"") "]",
		"[" NIC("net0", ", \"main-mac\": 7") "]",
		"[" NIC("net0", ", \"promiscuous\": 1") "]",
		"[" NIC("net0", ", \"unicast\": \"some\"") "]",
		"[" NIC("net0", ", \"multicast\": null") "]",
		"[" NIC("net0", ", \"unicast-table\": {}") "]",
		"[" NIC("net0", ", \"unicast-table\": [[]]") "]",
		"[" NIC("net0", ", \"multicast-table\": [\"\"]") "]",
		"[" NIC("net0", ", \"vlan-table\": [4096]") "]",
		"[" NIC("net0", ", \"vlan-table\": [-1]") "]",
		"[" NIC("net0", ", \"vlan-table\": \"all\"") "]",
		"[" NIC("net0", ", \"unicast-overflow\": \"no\"") "]",
	};
	struct qmp_filter f;
	size_t i;

	ok(t, !filter("[" NIC("net1", "") ", " NIC("net0", "") "]", &f) &&
	   f.mac[5] == 0x56 && !f.promiscuous &&
	   f.unicast == QMP_RX_NORMAL && f.multicast == QMP_RX_ALL &&
	   f.vlan == QMP_RX_NORMAL && !f.unicast_overflow &&
	   f.multicast_overflow && f.uc_n == 1 && f.uc[0][5] == 1 &&
	   f.mc_n == 2 && f.mc[1][0] == 1 && f.vlans_n == 2 &&
	   f.vlans[1] == 5, "a filter is read");
	qmp_filter_release(&f);
	ok(t, !filter("[" NIC("net0", ", \"vlan\": \"all\", "
			      "\"vlan-table\": \"whatever\"") "]", &f) &&
	   !f.vlans_n, "the VLAN table of \"all\" is not looked at");
	qmp_filter_release(&f);
	ok(t, filter("[" NIC("net1", "") "]", &f) == -ENOENT,
	   "another NIC's is not taken");
	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		ok(t, filter(lies[i], &f) == -EPROTO, "lie %zu is refused", i);
}

/* ---- a server that does as it is told ---- */

struct fake {
	char path[100];
	int listener;
	int fd;			/* of the client that is served, or -1 */
	sd_event_source *listening;
	sd_event_source *reading;
	unsigned int connects;
	const char *hello;	/* or NULL */
	bool dumb;		/* answers nothing after the negotiation */
	bool mute;		/* nor the negotiation */
	unsigned int late;	/* so many times all are held up before it speaks */
	char held[2048];	/* what it was about to say */
	bool refuses;
	const char *desc;	/* its reason, as in JSON */
	const char *nics;	/* query-rx-filter's answer */
	char got[8192];		/* commands, a line each */
	struct qmp_wire in;
};

/* A client that has disconnected doesn't get it. */
static void fake_say(struct fake *s, const char *text)
{
	if (s->fd >= 0)
		send(s->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The deadline is over in the turn of the loop before this one. */
static int fake_say_held(sd_event_source *es, void *arg)
{
	struct fake *s = arg;

	(void)es;
	fake_say(s, s->held);
	return 0;
}

/* As a machine is on which nobody gets a turn for longer than the deadline */
static void fake_answer_text(struct fake *s, const char *text)
{
	if (!s->late) {
		fake_say(s, text);
		return;
	}
	s->late--;
	usleep(2200000 / hurry);
	snprintf(s->held, sizeof(s->held), "%s", text);
	sd_event_add_defer(loop, NULL, fake_say_held, s);
}

static void fake_hang_up(struct fake *s)
{
	s->reading = sd_event_source_disable_unref(s->reading);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	qmp_wire_reset(&s->in);
}

static void fake_answer(struct fake *s, const json_t *m)
{
	const char *what = json_string_value(json_object_get(m, "execute"));
	json_t *args = json_object_get(m, "arguments");
	json_int_t id = json_integer_value(json_object_get(m, "id"));
	char *text = args ? json_dumps(args, JSON_COMPACT) : NULL;
	bool negotiation = !strcmp(what, "qmp_capabilities");
	size_t len = strlen(s->got);
	char buf[2048];

	snprintf(s->got + len, sizeof(s->got) - len, "%s%s\n", what,
		 text ? text : "");
	free(text);
	if (s->mute || (s->dumb && !negotiation))
		return;
	if (s->refuses && !negotiation)
		snprintf(buf, sizeof(buf), "{\"error\": {\"class\": \"Device"
			 "NotFound\", \"desc\": \"%s\"}, \"id\": %lld}\r\n",
			 s->desc, (long long)id);
	else
		snprintf(buf, sizeof(buf), "{\"return\": %s, \"id\": %lld}\r\n",
			 !strcmp(what, "query-rx-filter") ? s->nics : "{}",
			 (long long)id);
	fake_answer_text(s, buf);
}

static int fake_read(sd_event_source *es, int fd, uint32_t events, void *arg)
{
	struct fake *s = arg;
	char buf[4096];
	json_t *m;
	ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)es;
	(void)events;
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got <= 0) {
		fake_hang_up(s);
		return 0;
	}
	qmp_wire_feed(&s->in, buf, (size_t)got);
	while (qmp_wire_next(&s->in, &m) > 0) {
		fake_answer(s, m);
		json_decref(m);
	}
	return 0;
}

/* One client at a time, as QEMU does. */
static int fake_accept(sd_event_source *es, int fd, uint32_t events, void *arg)
{
	struct fake *s = arg;

	(void)es;
	(void)events;
	if (s->fd >= 0)
		return 0;
	s->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (s->fd < 0)
		return 0;
	s->connects++;
	sd_event_add_io(loop, &s->reading, s->fd, EPOLLIN, fake_read, s);
	if (s->hello)
		fake_answer_text(s, s->hello);
	return 0;
}

static void fake_bind(struct fake *s)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memcpy(at.sun_path, s->path, sizeof(s->path));
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			     SOCK_NONBLOCK, 0);
	if (bind(s->listener, (struct sockaddr *)&at, sizeof(at)))
		abort();
}

static void fake_listen(struct fake *s)
{
	if (listen(s->listener, 1) ||
	    sd_event_add_io(loop, &s->listening, s->listener, EPOLLIN,
			    fake_accept, s) < 0)
		abort();
}

static void fake_init(struct fake *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->hello = GREETING;
	s->desc = "no such device";
	s->nics = "[" NIC("net0", "") "]";
	snprintf(s->path, sizeof(s->path), "%s/%s", dir, name);
}

static void fake_start(struct fake *s, const char *name)
{
	fake_init(s, name);
	fake_bind(s);
	fake_listen(s);
}

static void fake_stop(struct fake *s)
{
	fake_hang_up(s);
	s->listening = sd_event_source_disable_unref(s->listening);
	close(s->listener);
	unlink(s->path);
}

/* ---- a clock of the test's own: pauses are recorded, not waited for ---- */

static struct {
	bool on;
	bool skip;		/* pauses end at once, and @now advances */
	const void *of;		/* the userdata of their timer; NULL: any */
	uint64_t now;		/* us */
	unsigned int n;
	char seen[256];		/* ms, in words */
} pauses;

int __real_sd_event_now(sd_event *e, clockid_t clock, uint64_t *usec);
int __wrap_sd_event_now(sd_event *e, clockid_t clock, uint64_t *usec);
int __real_sd_event_source_set_time_relative(sd_event_source *s,
					     uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s,
					     uint64_t usec);

int __wrap_sd_event_now(sd_event *e, clockid_t clock, uint64_t *usec)
{
	if (!pauses.on)
		return __real_sd_event_now(e, clock, usec);
	*usec = pauses.now;
	return 0;
}

int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	size_t len = strlen(pauses.seen);
	void *of = sd_event_source_get_userdata(s);

	if (!pauses.on || (pauses.of && pauses.of != of)) {
		if (usec >= 1000000 && usec != LAST_WORDS)
			usec /= hurry;
		return __real_sd_event_source_set_time_relative(s, usec);
	}
	snprintf(pauses.seen + len, sizeof(pauses.seen) - len, "%s%.6g",
		 len ? " " : "", (double)usec / 1000);
	pauses.n++;
	if (pauses.skip)
		pauses.now += usec;
	return __real_sd_event_source_set_time_relative(s, pauses.skip ? 0 :
							usec);
}

static void pauses_watch(bool skip)
{
	memset(&pauses, 0, sizeof(pauses));
	pauses.on = true;
	pauses.skip = skip;
	pauses.now = 1000 * 1000000ULL;
}

static void pauses_forget(void)
{
	pauses.n = 0;
	pauses.seen[0] = '\0';
}

static bool had_pauses(void *arg)
{
	return pauses.n >= *(const unsigned int *)arg;
}

/* Runs the loop until @n pauses were recorded. */
static void pauses_await(unsigned int n)
{
	loop_until(loop, had_pauses, &n, SOON);
}

/* ---- a port's side ---- */

struct side {
	struct fake *fake;
	struct qmp_hub *hub;
	struct qmp *q;
	bool connected;
	unsigned int connects;
	unsigned int filters;
	unsigned int lost;	/* times that it could not be had any more */
	bool free_at_state;
};

static void on_filter(const struct qmp_filter *f, void *arg)
{
	struct side *me = arg;

	if (!f)
		me->lost++;
	else if (f->uc_n == 1)
		me->filters++;
}

static void on_state(bool connected, void *arg)
{
	struct side *me = arg;

	me->connected = connected;
	me->connects += connected;
	if (me->free_at_state) {
		qmp_free(me->q);
		me->q = NULL;
	}
}

static void side_init(struct side *me, struct fake *fake, const char *device)
{
	static const struct qmp_callbacks both = {
		.filter = on_filter, .state = on_state,
	};

	memset(me, 0, sizeof(*me));
	me->fake = fake;
	me->hub = qmp_hub_new(loop);
	if (qmp_new(me->hub, fake->path, device, &both, me, &me->q))
		abort();
}

static void side_exit(struct side *me)
{
	qmp_free(me->q);
	qmp_hub_free(me->hub);
	if (me->fake)
		fake_stop(me->fake);
}

static bool is_connected(void *arg)
{
	return ((struct side *)arg)->connected;
}

static bool is_lost(void *arg)
{
	return !is_connected(arg);
}

static bool has_filter(void *arg)
{
	return ((struct side *)arg)->filters > 0;
}

static bool has_lost(void *arg)
{
	return ((struct side *)arg)->lost > 0;
}

static bool has_told(void *arg)
{
	return log_count(log_fd, arg) > 0;
}

static bool has_hung_up(void *arg)
{
	return ((struct fake *)arg)->fd < 0;
}

/* Has it been asked @want, @times at least? */
struct asked {
	struct fake *fake;
	const char *want;
	unsigned int times;
};

static unsigned int count_asked(const struct fake *fake, const char *want)
{
	const char *at = fake->got;
	unsigned int n = 0;

	while ((at = strstr(at, want))) {
		at++;
		n++;
	}
	return n;
}

static bool was_asked(void *arg)
{
	const struct asked *a = arg;

	return count_asked(a->fake, a->want) >= a->times;
}

static bool asked(struct fake *fake, const char *want, unsigned int times)
{
	struct asked a = { fake, want, times };

	return loop_until(loop, was_asked, &a, SOON);
}

#define UP "set_link{\"name\":\"net0\",\"up\":true}\n"
#define DOWN "set_link{\"name\":\"net0\",\"up\":false}\n"
#define ASK "query-rx-filter{\"name\":\"net0\"}\n"

static void test_talk(struct tap *t)
{
	const struct qmp_announce how = { 50, 550, 5, 100 };
	struct fake s;
	struct side me;

	fake_start(&s, "talk");
	side_init(&me, &s, "net0");
	qmp_set_link(me.q, false);
	qmp_set_link(me.q, true);
	qmp_announce(me.q, &how);
	ok(t, loop_until(loop, has_filter, &me, SOON), "it connects and asks");
	is_str(t, s.got, "qmp_capabilities\n" UP
	       "announce-self{\"initial\":50,\"max\":550,\"rounds\":5,"
	       "\"step\":100,\"interfaces\":[\"net0\"],\"id\":\"net0\"}\n" ASK,
	       "the last wish is said, and each thing once");
	qmp_set_link(me.q, true);
	qmp_set_link(me.q, false);
	me.filters = 0;
	ok(t, asked(&s, DOWN, 1), "a new wish is said");
	fake_say(&s, EVENT("net0"));
	ok(t, loop_until(loop, has_filter, &me, SOON) &&
	   count_asked(&s, UP) == 1, "a change of the filter is asked for");
	s.got[0] = '\0';
	me.filters = 0;
	/* The event that causes a query comes last. */
	fake_say(&s, EVENT("net1") "{\"event\": \"STOP\"}\r\n"
		 "{\"event\": 7}\r\n{\"id\": {}}\r\n{\"return\": {}}\r\n"
		 "{\"error\": 1, \"id\": 4711}\r\n{}\r\n" EVENT("net0"));
	loop_until(loop, has_filter, &me, SOON);
	is_str(t, s.got, ASK, "other messages are passed over");

	s.got[0] = '\0';
	fake_say(&s, "{\"event\": \"RESET\"}\r\n");
	ok(t, asked(&s, ASK, 1), "a reset may have changed it");
	s.got[0] = '\0';
	fake_say(&s, "{\"event\": \"RESUME\"}\r\n");
	ok(t, asked(&s, ASK, 1), "so may a migration that is over");
	s.nics = "[{\"name\": \"net0\"}]";
	fake_say(&s, EVENT("net0"));
	ok(t, loop_until(loop, has_lost, &me, 5000),
	   "that it can't be had any more is told");
	s.nics = "[" NIC("net0", "") "]";

	s.got[0] = '\0';
	fake_hang_up(&s);
	ok(t, loop_until(loop, is_lost, &me, SOON), "a loss is told");
	ok(t, asked(&s, DOWN, 1) && asked(&s, ASK, 1) &&
	   !strstr(s.got, "announce"),
	   "after a reconnect wish and question are repeated");
	ok(t, s.connects == 2, "there was one more connection");
	side_exit(&me);
}

/* The daemon had no turn for longer than the deadline. */
static void test_held_up(struct tap *t)
{
	struct fake s;
	struct side me;

	fake_start(&s, "held-up");
	s.late = 3;
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	ok(t, loop_until(loop, has_filter, &me, SOON) && !s.late &&
	   s.connects == 1 && !log_count(log_fd, "does not"),
	   "what came while we were held up is no late answer");
	side_exit(&me);
}

/* Has the client read what was said to it, and done what that takes? */
static bool was_heard(void *arg)
{
	int left = 0;

	return ioctl(((struct fake *)arg)->fd, SIOCOUTQ, &left) || !left;
}

/* Is @text in the bytes that the server has not read yet? */
static bool is_coming(const struct fake *s, const char *text)
{
	char buf[1024];
	ssize_t got = recv(s->fd, buf, sizeof(buf) - 1,
			   MSG_PEEK | MSG_DONTWAIT);

	buf[got > 0 ? got : 0] = '\0';
	return strstr(buf, text);
}

enum link { SAID, WAITS_FOR_QUERY, WAITS };

/*
 * A wish that comes while the next question waits for its time.  It is seen
 * before the loop has turned, so it makes no difference how fast that is.
 */
static enum link link_in_a_pause(struct fake *s, struct side *me)
{
	qmp_set_link(me->q, true);
	me->filters = 0;
	fake_say(s, EVENT("net0"));
	loop_until(loop, has_filter, me, SOON);
	s->got[0] = '\0';
	fake_say(s, EVENT("net0"));
	loop_until(loop, was_heard, s, SOON);
	qmp_set_link(me->q, false);
	if (is_coming(s, "set_link"))
		return SAID;
	/* On a busy machine the pause may have been over before it began. */
	if (is_coming(s, "query-rx-filter") || count_asked(s, ASK))
		return WAITS_FOR_QUERY;
	return WAITS;
}

/* The guest may change its lists all the time. */
static void test_hurry(struct tap *t)
{
	enum link link = WAITS_FOR_QUERY;
	unsigned int sent = 0;
	unsigned int most;
	uint64_t begin;
	struct fake s;
	struct side me;
	int round;

	fake_start(&s, "hurry");
	side_init(&me, &s, "net0");
	loop_until(loop, has_filter, &me, SOON);
	s.got[0] = '\0';
	begin = loop_now_ms();
	/* Many more than may be asked for in the time that it takes */
	do {
		fake_say(&s, EVENT("net0"));
		sent++;
		/* Not so many that it is a flood */
		usleep(1000);
		sd_event_run(loop, 1000);
		most = (unsigned int)(loop_now_ms() - begin) / 100 + 2;
	} while ((count_asked(&s, ASK) < 3 || most < 7 || sent < 5 * most) &&
		 most < 200);
	ok(t, count_asked(&s, ASK) >= 3 && count_asked(&s, ASK) <= most &&
	   sent >= 5 * most,
	   "%u changes are asked for at leisure: %u times, may be %u", sent,
	   count_asked(&s, ASK), most);
	for (round = 0; round < 20 && link == WAITS_FOR_QUERY; round++)
		link = link_in_a_pause(&s, &me);
	ok(t, link == SAID, "which the link doesn't wait for");
	side_exit(&me);
}

static void test_refused(struct tap *t)
{
	struct asked a = { NULL, UP, 1 };
	unsigned int took;
	struct fake s;
	struct side me;

	fake_start(&s, "refused");
	a.fake = &s;
	s.refuses = true;
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	qmp_set_link(me.q, false);
	ok(t, asked(&s, DOWN, 2), "what is refused is asked for again");
	ok(t, log_count(log_fd, "no such device") == 1,
	   "the refusal is logged once");
	ok(t, me.connected && s.connects == 1, "the connection stays");
	/* While the refusal is on its way, and after it: pauses are of 1 s. */
	qmp_set_link(me.q, true);
	took = loop_took(loop, was_asked, &a, 5000);
	ok(t, took < 600, "a new wish doesn't wait for that (%u ms)", took);
	loop_for(loop, 200);
	s.got[0] = '\0';
	a.want = DOWN;
	qmp_set_link(me.q, false);
	took = loop_took(loop, was_asked, &a, 5000);
	ok(t, took < 600, "nor does one after that (%u ms)", took);
	qmp_set_link(me.q, true);
	s.refuses = false;
	ok(t, asked(&s, UP, 1) && loop_until(loop, has_filter, &me, SOON),
	   "until it is done");
	side_exit(&me);
}

/* ---- back-offs ---- */

/* A connection to a socket that is missing, or that refuses */
static void test_pace_connect(struct tap *t)
{
	struct fake s;
	struct side me;

	pauses_watch(true);
	fake_init(&s, "pace");
	side_init(&me, &s, "net0");
	pauses_forget();
	pauses_await(7);
	is_str(t, pauses.seen, "1000 2000 4000 8000 16000 30000 30000",
	       "attempts to connect are 1 s apart, then twice as long each");
	pauses_forget();
	fake_bind(&s);
	pauses_await(13);
	ok(t, strstr(pauses.seen,
		     "20 40 80 160 320 640 1280 2560 5120 10240 20480 30000"),
	   "after a socket appeared, 20 ms (%s)", pauses.seen);
	pauses.on = false;
	side_exit(&me);
}

/* Loses a connection that was ready for @seconds, and records the pause. */
static void lose_after(struct side *me, unsigned int seconds)
{
	pauses_watch(true);
	fake_init(me->fake, "steady");
	side_init(me, me->fake, "net0");
	pauses_forget();
	fake_bind(me->fake);
	pauses_await(3);
	pauses.skip = false;
	fake_listen(me->fake);
	loop_until(loop, has_filter, me, SOON);
	pauses.now += seconds * 1000000ULL;
	pauses_forget();
	fake_hang_up(me->fake);
	loop_until(loop, is_lost, me, SOON);
	pauses.on = false;
}

static void test_pace_steady(struct tap *t)
{
	struct fake s;
	struct side me = { .fake = &s };

	lose_after(&me, 10);
	is_str(t, pauses.seen, "1000",
	       "a connection that held for 10 s begins with 1 s");
	side_exit(&me);
	me.fake = &s;
	lose_after(&me, 9);
	ok(t, strcmp(pauses.seen, "1000") != 0 && pauses.n == 1,
	   "a shorter one goes on with longer pauses (%s)", pauses.seen);
	side_exit(&me);
}

static void test_pace_refused(struct tap *t)
{
	struct fake s;
	struct side me;

	fake_start(&s, "pace-refused");
	s.refuses = true;
	pauses_watch(true);
	pauses.of = &pauses;	/* none yet */
	side_init(&me, &s, "net0");
	pauses.of = me.q;
	qmp_set_link(me.q, false);
	pauses_await(7);
	is_str(t, pauses.seen, "1000 2000 4000 8000 16000 30000 30000",
	       "what is refused is asked again after 1 s, then twice as long");
	pauses_forget();
	qmp_set_link(me.q, true);
	pauses_await(2);
	is_str(t, pauses.seen, "1000 2000", "a new wish begins anew");
	pauses.on = false;
	side_exit(&me);
}

/* The guest changes its lists @times, each time right after a query. */
static void change_lists(struct side *me, unsigned int times)
{
	unsigned int i;

	for (i = 0; i < times; i++) {
		me->filters = 0;
		fake_say(me->fake, EVENT("net0"));
		loop_until(loop, has_filter, me, SOON);
	}
}

static void test_pace_query(struct tap *t)
{
	struct fake s;
	struct side me;

	fake_start(&s, "pace-query");
	pauses_watch(true);
	pauses.of = &pauses;
	side_init(&me, &s, "net0");
	pauses.of = me.q;
	loop_until(loop, has_filter, &me, SOON);
	change_lists(&me, 6);
	is_str(t, pauses.seen, "200 400 800 1600 3200 3200",
	       "a guest that keeps changing its lists is asked less often");
	pauses_forget();
	pauses.now += 6400 * 1000ULL;
	change_lists(&me, 3);
	is_str(t, pauses.seen, "200 400", "after a rest, at once and anew");
	pauses.on = false;
	side_exit(&me);
}

/* A QEMU that a guest has taken over wants to write into the journal. */
static void test_forged(struct tap *t)
{
	struct fake s;
	struct side me;

	fake_start(&s, "forged");
	s.refuses = true;
	s.desc = "no\\n<0>emergency\\u001b[2J\\u009b";
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	qmp_set_link(me.q, false);
	ok(t, loop_until(loop, has_told, (void *)"emergency", SOON),
	   "QEMU's text is logged");
	ok(t, log_count(log_fd, "no\\x0a<0>emergency\\x1b[2J\\xc2\\x9b\n") == 1,
	   "QEMU's text is escaped in the log");
	ok(t, !log_count(log_fd, "\n<0>"), "and forges no line");
	s.refuses = false;
	side_exit(&me);
}

/* A server with @hello; the text that the log then has. */
static void one_liar(struct tap *t, const char *hello, const char *said,
		     const char *name)
{
	struct fake s;
	struct side me;

	fake_start(&s, "liar");
	s.hello = hello;
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	ok(t, loop_until(loop, has_told, (void *)said, SOON) && !me.connects,
	   "%s", name);
	s.hello = GREETING;
	ok(t, loop_until(loop, is_connected, &me, SOON), "... and recovers");
	side_exit(&me);
}

static void test_liars(struct tap *t)
{
	struct fake s;
	struct side me;

	one_liar(t, NULL, "does not greet", "one that never greets is left");
	one_liar(t, "HTTP/1.1 400 Bad Request\r\n", "not a JSON object",
		 "one that is no QEMU");
	one_liar(t, "{\"QMP\": 1}\r\n", "does not speak QMP",
		 "one whose greeting is none");
	one_liar(t, EVENT("net0"), "does not speak QMP",
		 "one that begins with an event");
	one_liar(t, GREETING "{\"id\": 1}\r\n{\"return\": {}, \"id\": \"1\"}\n"
		 "{\"error\": {}, \"id\": 1}\r\n", "does not speak QMP",
		 "one that answers neither yes nor no");

	fake_start(&s, "lie");
	s.nics = "[{\"name\": \"net0\", \"unicast-table\": \"yes\"}]";
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	ok(t, loop_until(loop, has_told, (void *)"can't be understood", SOON)
	   && !me.filters && me.connected, "a filter of wrong types");
	fake_say(&s, "{\"event\": \"unfinished");
	fake_hang_up(&s);
	s.nics = "[" NIC("net0", "") "]";
	ok(t, loop_until(loop, has_filter, &me, SOON),
	   "one that hangs up in the middle of a line");
	side_exit(&me);
}

static void test_stall(struct tap *t)
{
	struct fake s;
	struct side me;
	uint64_t begin = loop_now_ms();

	fake_start(&s, "stall");
	s.dumb = true;
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	loop_until(loop, is_connected, &me, SOON);
	ok(t, loop_until(loop, is_lost, &me, SOON) &&
	   loop_now_ms() - begin >= 1900 / hurry,
	   "one that does not answer is left");
	ok(t, has_told((void *)"does not answer"), "and it is said");
	s.dumb = false;
	qmp_set_link(me.q, false);
	ok(t, loop_until(loop, has_filter, &me, SOON) && asked(&s, DOWN, 1),
	   "and tried again");
	side_exit(&me);
}

/* The state of the monitor, as in a port's status */
struct watcher {
	struct qmp_hub *hub;
	struct qmp *q;
	bool connected;
	char why[400];		/* "": there is no trouble */
	unsigned int troubles;
	unsigned int news;
};

static void watch_state(bool connected, void *arg)
{
	struct watcher *w = arg;

	w->connected = connected;
	w->why[0] = '\0';
}

static void watch_trouble(const char *why, bool news, void *arg)
{
	struct watcher *w = arg;

	snprintf(w->why, sizeof(w->why), "%s", why ? why : "");
	w->troubles += why != NULL;
	w->news += why && news;
}

static void watcher_init(struct watcher *w, const struct fake *s)
{
	static const struct qmp_callbacks callbacks = {
		.state = watch_state, .trouble = watch_trouble,
	};

	memset(w, 0, sizeof(*w));
	w->hub = qmp_hub_new(loop);
	if (qmp_new(w->hub, s->path, "net0", &callbacks, w, &w->q))
		abort();
}

static void watcher_exit(struct watcher *w)
{
	qmp_free(w->q);
	qmp_hub_free(w->hub);
}

static bool in_trouble(void *arg)
{
	return *((struct watcher *)arg)->why;
}

static bool in_no_trouble(void *arg)
{
	return !in_trouble(arg);
}

static bool twice_in_trouble(void *arg)
{
	return ((struct watcher *)arg)->troubles == 2;
}

/* A trouble lasts as long as it is one, and is logged once. */
static void test_troubles(struct tap *t)
{
	struct watcher w;
	struct fake s;

	fake_start(&s, "troubles");
	s.mute = true;
	watcher_init(&w, &s);
	loop_until(loop, in_trouble, &w, SOON);
	ok(t, strstr(w.why, "does not answer"),
	   "one that greets and answers nothing is not told to greet");
	fake_stop(&s);
	ok(t, loop_until(loop, in_no_trouble, &w, SOON) && !w.connected,
	   "when it is gone, so is the trouble");
	watcher_exit(&w);

	fake_start(&s, "troubles");
	s.dumb = true;
	watcher_init(&w, &s);
	qmp_set_link(w.q, true);
	loop_until(loop, in_trouble, &w, SOON);
	ok(t, loop_until(loop, twice_in_trouble, &w, SOON) && in_trouble(&w),
	   "the same trouble with the next connection is one again");
	ok(t, w.news == 1, "and no news");
	s.dumb = false;
	s.refuses = true;
	fake_hang_up(&s);
	loop_until(loop, in_no_trouble, &w, SOON);
	loop_until(loop, in_trouble, &w, SOON);
	ok(t, w.connected && strstr(w.why, "no such device"),
	   "a NIC that is refused is a trouble, too");
	fake_stop(&s);
	ok(t, loop_until(loop, in_no_trouble, &w, SOON) && !w.connected,
	   "which ends with its QEMU");
	watcher_exit(&w);
}

/* Another source, which is due all the time */
struct tick {
	uint64_t due;		/* ms */
	unsigned int n;
};

static int on_tick(sd_event_source *s, uint64_t usec, void *arg)
{
	struct tick *tick = arg;

	(void)usec;
	tick->n++;
	tick->due = loop_now_ms() + 2;
	sd_event_source_set_time_relative(s, 1000);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* Small pieces show how much was read. */
#define PIECE 4096

/* A flood that never ebbs: as much of @text, again and again, as fits */
struct flood {
	const char *text;
	size_t len;
	size_t at;
};

static size_t flood_fill(struct flood *f, const struct fake *s)
{
	size_t all = 0;
	size_t n;
	ssize_t sent;

	for (;;) {
		n = f->len - f->at < PIECE ? f->len - f->at : PIECE;
		sent = send(s->fd, f->text + f->at, n,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent <= 0)
			return all;
		f->at = (f->at + (size_t)sent) % f->len;
		all += (size_t)sent;
	}
}

/*
 * A turn of the loop reads a bounded number of bytes, and other sources are
 * served between two turns.  Neither check needs a clock.
 */
static void one_flood(struct tap *t, struct flood f, const char *said)
{
	unsigned int row = 0, longest = 0, ticks;
	uint64_t end = loop_now_ms() + SOON;
	struct tick tick = { 0 };
	sd_event_source *ticker;
	size_t got, most = 0;
	struct fake s;
	struct side me;
	bool due;

	fake_start(&s, "flood");
	log_forget(log_fd);
	side_init(&me, &s, "net0");
	loop_until(loop, has_filter, &me, SOON);
	s.reading = sd_event_source_disable_unref(s.reading);
	sd_event_add_time_relative(loop, &ticker, CLOCK_MONOTONIC, 0, 1,
				   on_tick, &tick);
	flood_fill(&f, &s);
	while (!has_told((void *)said) && loop_now_ms() < end) {
		ticks = tick.n;
		due = loop_now_ms() >= tick.due;
		if (sd_event_run(loop, 10000) < 0)
			break;
		got = flood_fill(&f, &s);
		most = got > most ? got : most;
		row = due && tick.n == ticks ? row + 1 : 0;
		longest = row > longest ? row : longest;
	}
	ok(t, has_told((void *)said) && !me.connected,
	   "one that floods is left: %s", said);
	ok(t, tick.n && longest <= 3, "others wait %u turns at most", longest);
	ok(t, most >= PIECE && most <= 16384 + 2 * PIECE,
	   "%zu bytes are taken in in one", most);
	sd_event_source_disable_unref(ticker);
	fake_hang_up(&s);
	ok(t, loop_until(loop, is_connected, &me, SOON), "it is tried again");
	side_exit(&me);
}

static void test_floods(struct tap *t)
{
	static char xs[65536];
	const struct flood f = { xs, sizeof(xs), 0 };
	size_t i;

	for (i = 0; i < sizeof(xs); i++)
		xs[i] = i % 2 ? '}' : '{';
	one_flood(t, f, "too much in a second");
	memset(xs, ' ', sizeof(xs));
	one_flood(t, f, "too much in a second");
	memset(xs, '{', sizeof(xs));
	one_flood(t, f, "more than 128 KiB");
}

static void test_appear(struct tap *t)
{
	unsigned int apart;
	unsigned int took;
	uint64_t begin;
	struct fake s;
	struct side me;
	char deep[80];

	fake_init(&s, "a/b/sock");
	side_init(&me, &s, "net0");
	/* Let pauses become longer than what is measured. */
	loop_for(loop, 1200);
	snprintf(deep, sizeof(deep), "%s/a", dir);
	mkdir(deep, 0700);
	loop_for(loop, 50);
	snprintf(deep, sizeof(deep), "%s/a/b", dir);
	mkdir(deep, 0700);
	/* Until the short pauses are over */
	loop_for(loop, 1500);
	begin = loop_now_ms();
	fake_bind(&s);
	loop_for(loop, 50);
	fake_listen(&s);
	/* The pauses after it appeared double. */
	apart = 2 * (unsigned int)(loop_now_ms() - begin);
	took = loop_took(loop, is_connected, &me, SOON);
	ok(t, me.connected && took < 300 + apart,
	   "a socket that appears is connected to at once (%u ms)", took);

	/* QEMU ends and begins again. */
	fake_stop(&s);
	loop_until(loop, is_lost, &me, SOON);
	loop_for(loop, 1500);
	fake_start(&s, "a/b/sock");
	took = loop_took(loop, is_connected, &me, SOON);
	ok(t, me.connected && took < 400, "and again (%u ms)", took);
	side_exit(&me);
}

/* Two ports of one guest: its monitor has room for one client. */
static void test_shared(struct tap *t)
{
	static const struct qmp_callbacks both = {
		.filter = on_filter, .state = on_state,
	};
	struct side other = { 0 };
	struct asked twice;
	struct fake s;
	struct side me;

	fake_start(&s, "shared");
	s.nics = "[" NIC("net0", "") ", " NIC("net1", "") "]";
	side_init(&me, &s, "net0");
	loop_until(loop, has_filter, &me, SOON);
	qmp_new(me.hub, s.path, "net1", &both, &other, &other.q);
	qmp_set_link(other.q, false);
	ok(t, !other.connected, "nothing is called back from within");
	ok(t, loop_until(loop, has_filter, &other, SOON) && other.connected &&
	   other.connects == 1, "a second port gets the filter, too");
	ok(t, asked(&s, "{\"name\":\"net1\",\"up\":false}", 1),
	   "and its wish is said");
	loop_for(loop, 50);
	twice = (struct asked){ &s, "\"up\"", 2 };
	ok(t, s.connects == 1 && !was_asked(&twice),
	   "once, by the same connection");
	me.free_at_state = true;
	fake_hang_up(&s);
	loop_until(loop, is_lost, &other, SOON);
	ok(t, !me.q && loop_until(loop, is_connected, &other, SOON),
	   "one may be given up from a callback, the other goes on");
	qmp_free(other.q);
	ok(t, loop_until(loop, has_hung_up, &s, SOON),
	   "the last one's end is the connection's");
	side_exit(&me);
}

static void test_farewell(struct tap *t)
{
	struct fake s;
	struct side me;

	fake_start(&s, "farewell");
	side_init(&me, &s, "net0");
	qmp_set_link(me.q, false);
	asked(&s, DOWN, 1);
	loop_until(loop, has_filter, &me, SOON);
	s.got[0] = '\0';
	qmp_free_link_up(me.q);
	ok(t, asked(&s, UP, 1), "a client that leaves sets the link up first");
	ok(t, loop_until(loop, has_hung_up, &s, SOON) &&
	   count_asked(&s, "\n") == 1 && me.connected,
	   "and nothing else, and is gone");

	/* The question is under way, and is not answered. */
	s.dumb = true;
	qmp_new(me.hub, s.path, "net0", &(struct qmp_callbacks){
		.filter = on_filter, .state = on_state }, &me, &me.q);
	qmp_set_link(me.q, false);
	s.got[0] = '\0';
	asked(&s, DOWN, 1);
	s.got[0] = '\0';
	qmp_free_link_up(me.q);
	s.dumb = false;
	ok(t, asked(&s, UP, 1) && !strstr(s.got, "false"),
	   "if QEMU did not answer, the next connection sets it up");
	ok(t, loop_until(loop, has_hung_up, &s, SOON), "and is gone");

	/* A question is under way when one leaves and the next one comes. */
	qmp_new(me.hub, s.path, "net0", &(struct qmp_callbacks){
		.filter = on_filter, .state = on_state }, &me, &me.q);
	s.got[0] = '\0';
	s.dumb = true;
	asked(&s, ASK, 1);
	qmp_free_link_up(me.q);
	qmp_new(me.hub, s.path, "net0", &(struct qmp_callbacks){
		.filter = on_filter, .state = on_state }, &me, &me.q);
	qmp_set_link(me.q, false);
	s.dumb = false;
	s.got[0] = '\0';
	/* The filter is queried after all set_link commands. */
	ok(t, asked(&s, DOWN, 1) && asked(&s, ASK, 1) && !strstr(s.got, UP),
	   "a new client's state of the link is the last one");
	side_exit(&me);
}

static void test_farewell_fails(struct tap *t)
{
	struct fake s;
	struct side me;

	fake_start(&s, "farewell");
	side_init(&me, &s, "net0");
	log_forget(log_fd);
	loop_until(loop, has_filter, &me, SOON);
	s.refuses = true;
	qmp_free_link_up(me.q);
	ok(t, loop_until(loop, has_hung_up, &s, SOON) &&
	   log_count(log_fd, "no such device") == 1,
	   "a refusal is its end, too, and is told");

	fake_stop(&s);
	log_forget(log_fd);
	qmp_new(me.hub, s.path, "net0", &(struct qmp_callbacks){ .port = "vm1",
		.filter = on_filter, .state = on_state }, &me, &me.q);
	pauses_watch(true);
	pauses.of = me.q;
	qmp_free_link_up(me.q);
	ok(t, loop_until(loop, has_told, (void *)"could not be set up", SOON) &&
	   !strcmp(pauses.seen, "10000"), "a socket without QEMU is given 10 s");
	ok(t, log_count(log_fd, "vm1: QMP socket ") == 1,
	   "the log line names the port");
	pauses.on = false;
	me.q = NULL;
	me.fake = NULL;
	side_exit(&me);
}

/* The journal's field STABLETAP_PORT= is set from the port's name, too. */
static void test_tags(struct tap *t)
{
	static const struct qmp_callbacks vm2 = { .port = "vm2" };
	struct qmp_hub *hub = qmp_hub_new(loop);
	struct fake s;
	struct qmp *q;

	fake_start(&s, "tags");
	log_forget(log_fd);
	watch_error = -ENOSPC;
	qmp_new(hub, s.path, "net0", &vm2, NULL, &q);
	ok(t, loop_until(loop, has_told, (void *)"can't be watched", SOON) &&
	   log_count(log_fd, "vm2: QMP socket ") == 1,
	   "a directory that can't be watched is logged with the port's name");
	watch_error = 0;
	s.refuses = true;
	qmp_set_link(q, false);
	ok(t, loop_until(loop, has_told, (void *)"vm2: QMP socket ", SOON) &&
	   loop_until(loop, has_told, (void *)"no such device", SOON),
	   "and so is a refusal");
	qmp_free(q);
	qmp_hub_free(hub);
	fake_stop(&s);
}

static void test_paths(struct tap *t)
{
	static const struct qmp_callbacks nobody;
	struct qmp_hub *hub = qmp_hub_new(loop);
	struct fake file;
	struct qmp *q;
	char path[200];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ok(t, qmp_new(hub, path, "n", &nobody, NULL, &q) == -ENAMETOOLONG,
	   "a path that no socket can have is refused");
	ok(t, qmp_new(hub, "sock", "n", &nobody, NULL, &q) == -EINVAL,
	   "a relative path, too");
	qmp_hub_free(hub);
	fake_init(&file, "file");
	fclose(fopen(file.path, "we"));
	hub = qmp_hub_new(loop);
	ok(t, !qmp_new(hub, file.path, "n", &nobody, NULL, &q),
	   "what is there may be no socket (yet)");
	loop_for(loop, 50);
	qmp_free(q);
	qmp_hub_free(hub);
}

/* ---- a real QEMU ---- */

/* 0, or what posix_spawnp() says */
static int start_qemu(const char *path, pid_t *pid)
{
	char nic[] = "virtio-net-pci,id=net0,netdev=hub0,romfile=,"
		     "mac=52:54:00:12:34:56";
	char qmp[128];
	char *argv[] = {
		"qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-S",
		"-m", "32", "-nodefaults", "-display", "none", "-netdev",
		"hubport,hubid=0,id=hub0", "-device", nic, "-qmp", qmp, NULL
	};

	snprintf(qmp, sizeof(qmp), "unix:%s,server=on,wait=off", path);
	return posix_spawnp(pid, argv[0], NULL, NULL, argv, environ);
}

struct seen_mac {
	struct qmp_filter f;
	unsigned int n;
};

static void keep_filter(const struct qmp_filter *f, void *arg)
{
	struct seen_mac *seen = arg;

	if (!f)
		return;
	seen->f = *f;
	seen->n++;
}

static bool has_mac(void *arg)
{
	return ((struct seen_mac *)arg)->n > 0;
}

static void talk_to_qemu(struct tap *t, const char *path)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	static const struct qmp_callbacks keep = { .filter = keep_filter };
	static const struct qmp_callbacks nobody;
	const struct qmp_announce how = { 50, 550, 5, 100 };
	struct qmp_hub *hub = qmp_hub_new(loop);
	struct seen_mac seen = { .n = 0 };
	struct qmp *none;
	struct qmp *q;

	log_forget(log_fd);
	qmp_new(hub, path, "net0", &keep, &seen, &q);
	qmp_set_link(q, false);
	qmp_announce(q, &how);
	ok(t, loop_until(loop, has_mac, &seen, SOON),
	   "QEMU takes set_link and announce-self, tells its filter");
	ok(t, !memcmp(seen.f.mac, mac, 6) && seen.f.promiscuous &&
	   seen.f.vlan == QMP_RX_ALL && !seen.f.vlans_n, "it is the NIC's");
	qmp_set_link(q, true);
	qmp_new(hub, path, "net7", &nobody, NULL, &none);
	qmp_set_link(none, false);
	ok(t, loop_until(loop, has_told, (void *)"net7", SOON),
	   "the link of a NIC that is not there is refused");
	/* This message came after the refusal. */
	ok(t, !log_count(log_fd, "device net0"), "and nothing else");
	qmp_free(none);
	qmp_free(q);
	qmp_hub_free(hub);
}

static void test_qemu(struct tap *t)
{
	struct fake s;
	pid_t pid;

	fake_init(&s, "qemu");
	if (start_qemu(s.path, &pid)) {
		ok(t, true, "a real QEMU # SKIP no qemu-system-x86_64");
		return;
	}
	talk_to_qemu(t, s.path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	struct tap t = { 0 };
	char command[96];

	snprintf(dir, sizeof(dir), "/tmp/test-qmp.XXXXXX");
	if (!mkdtemp(dir) || sd_event_new(&loop) < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_fd = log_capture();
	test_wire(&t);
	test_size(&t);
	test_filter(&t);
	test_talk(&t);
	test_held_up(&t);
	test_hurry(&t);
	hurry = 1;	/* The next test measures time. */
	test_refused(&t);
	test_pace_connect(&t);
	test_pace_steady(&t);
	test_pace_refused(&t);
	test_pace_query(&t);
	hurry = HURRY;
	test_forged(&t);
	test_liars(&t);
	test_stall(&t);
	test_troubles(&t);
	test_floods(&t);
	hurry = 1;
	test_appear(&t);
	hurry = HURRY;
	test_shared(&t);
	test_farewell(&t);
	test_farewell_fails(&t);
	test_tags(&t);
	test_paths(&t);
	hurry = 1;	/* QEMU is another process. */
	test_qemu(&t);
	sd_event_unref(loop);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return shell(command) || tap_end(&t);
}
