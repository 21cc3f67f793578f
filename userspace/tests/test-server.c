// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's socket: what is answered, and that no user keeps others out, or
 * the daemon from its work.  Other users are made by fork() and setuid().
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "loop.h"
#include "model/event.h"
#include "scene.h"
#include "serve/request.h"
#include "tap.h"
#include "util/priority.h"

static struct sockaddr_un at = { .sun_family = AF_UNIX };
static sd_event *loop;
static struct requests *requests;

/* ---- a client ---- */

static int client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

static void say(int fd, const char *request)
{
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		printf("# send: %s\n", strerror(errno));
}

struct reading {
	size_t len;
	int fd;
	bool end;
	char text[65536];
};

static void read_more(struct reading *r)
{
	ssize_t n = recv(r->fd, r->text + r->len,
			 sizeof(r->text) - r->len - 1, MSG_DONTWAIT);

	if (n > 0)
		r->len += (size_t)n;
	else if (!n || (errno != EAGAIN && errno != EINTR))
		r->end = true;
	r->text[r->len] = '\0';
}

static bool has_ended(void *arg)
{
	struct reading *r = arg;

	read_more(r);
	return r->end;
}

static bool has_line(void *arg)
{
	struct reading *r = arg;

	read_more(r);
	return r->end || strchr(r->text, '\n');
}

/* The answer to @request; the caller's to release, or NULL */
static json_t *ask(const char *request)
{
	static struct reading r;
	json_t *o;

	memset(&r, 0, sizeof(r));
	r.fd = client();
	say(r.fd, request);
	loop_until(loop, has_ended, &r, SOON);
	close(r.fd);
	o = json_loadb(r.text, r.len, 0, NULL);
	return o;
}

static const char *error_of(const char *request)
{
	static char text[256];
	json_t *o = ask(request);
	const char *error = json_string_value(json_object_get(o, "error"));

	snprintf(text, sizeof(text), "%s", error ? error : "");
	json_decref(o);
	return text;
}

/* ---- what is answered ---- */

static const json_t *port_of(const json_t *status, size_t i)
{
	return json_array_get(json_object_get(status, "ports"), i);
}

static const char *word(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void test_status(struct tap *t)
{
	json_t *o = ask("{\"status\": true}\n");

	ok(t, json_integer_value(json_object_get(o, "version")) == 1 &&
	   !strcmp(word(o, "release"), stabletap_release()) &&
	   strlen(word(o, "instance")) == 8,
	   "an answer has the format's version, the release and the instance");
	ok(t, json_array_size(json_object_get(o, "ports")) == 2 &&
	   json_is_array(json_object_get(o, "left_out")) &&
	   json_is_array(json_object_get(o, "pools")),
	   "status has ports, pools and sections that are left out");
	is_str(t, word(port_of(o, 0), "dev"), "a", "the port's device");
	is_str(t, word(port_of(o, 0), "state"), "attached", "its state");
	ok(t, strlen(word(port_of(o, 0), "since")) == 27,
	   "the time of its last change");
	is_str(t, word(json_object_get(port_of(o, 0), "monitor"), "state"),
	       "none", "no monitor");
	json_decref(o);
	o = ask("{\"status\": true, \"port\": \"q\"}\n");
	ok(t, json_array_size(json_object_get(o, "ports")) == 1,
	   "status of one port");
	json_decref(o);
}

static const char *first_warning(void)
{
	static char text[256];
	json_t *o = ask("{\"status\": true, \"port\": \"p\"}\n");
	const json_t *list = json_object_get(port_of(o, 0), "warnings");
	const char *w = json_string_value(json_array_get(list, 0));

	snprintf(text, sizeof(text), "%s", w ? w : "");
	json_decref(o);
	return text;
}

static void test_shown(struct tap *t)
{
	json_t *o;

	scene_play("pin=p,etho");
	is_str(t, first_warning(), "pinned to etho, which does not exist",
	       "a pin that keeps a port detached is shown");
	scene_play("b:down pin=p,b");
	is_str(t, first_warning(), "pinned to b, which is down or has no carrier",
	       "a pin to a device that is down is shown");
	scene_play("b:up refuse=p,b");
	is_str(t, first_warning(), "pinned to b, which refused: no",
	       "a pin to a device that refuses is shown");
	scene_play("b/m pin=p,m");
	is_str(t, first_warning(), "pinned to m, which is a macvlan and "
	       "carries a port only in mode direct",
	       "a pin to a macvlan that can't carry a child is shown");
	scene_play("unpin=p m:gone hold-off=p");
	o = ask("{\"status\": true, \"port\": \"p\"}\n");
	ok(t, json_is_true(json_object_get(port_of(o, 0), "held_off")),
	   "and that it is held off");
	json_decref(o);
	scene_play("unpin=p refuse=p,b");
	scene_port("p")->guest.monitor = MONITOR_REFUSED;
	strcpy(scene_port("p")->guest.why, "QMP socket /x: Permission denied");
	o = ask("{\"status\": true, \"port\": \"p\"}\n");
	is_str(t, word(json_array_get(json_object_get(port_of(o, 0),
						      "refusals"), 0), "why"),
	       "no", "why a device was refused");
	is_str(t, word(json_object_get(port_of(o, 0), "monitor"), "why"),
	       "QMP socket /x: Permission denied",
	       "why the monitor is refused is shown");
	json_decref(o);
	scene_play("a:away");
	o = ask("{\"status\": true, \"port\": \"p\"}\n");
	ok(t, strstr(word(json_object_get(port_of(o, 0), "moved"), "why"),
		     "a went to another network namespace") != NULL,
	   "where the device went is shown");
	ok(t, json_integer_value(json_object_get(json_object_get(
		port_of(o, 0), "moved"), "nsid")) == 3,
	   "and by which number that namespace is known here");
	is_str(t, word(port_of(o, 0), "dev"), "a", "under its own name");
	json_decref(o);
	scene_play("p:gone");
	strcpy(scene_port("p")->create_why, "can't hold frames");
	o = ask("{\"status\": true, \"port\": \"p\"}\n");
	is_str(t, word(json_object_get(port_of(o, 0), "missing"), "why"),
	       "can't hold frames", "why the port is missing is shown");
	json_decref(o);
	scene_play("p a b p@a");
	o = ask("{\"status\": true, \"port\": \"p\"}\n");
	ok(t, !json_object_get(port_of(o, 0), "missing"),
	   "and no longer when the port exists");
	json_decref(o);
}

/* Devices that only one port can have, in a scene of their own */
static void test_pinned(struct tap *t)
{
	scene_configure("[Port p]\nAttachMode=direct\nCandidate=pool=o\n"
			"[Port q]\nAttachMode=direct\nCandidate=b\n"
			"[Pool o]\nMember=v\n");
	scene_play("q@b=direct pin=p,b");
	is_str(t, first_warning(), "pinned to b, which is in use by port q",
	       "a pin to a device that another port uses is shown");
	scene_play("br v w x w:master=br pin=p,w");
	is_str(t, first_warning(), "pinned to w, which has the master br",
	       "a pin to a device that has a master is shown");
	scene_play("v:addressed pin=p,v");
	is_str(t, first_warning(), "pinned to v, which is taken: it has addresses",
	       "a pin to a member of a pool that is taken is shown");
	scene_play("pin=p,x");
	is_str(t, first_warning(), "", "a pin that works is no warning");
	scene_play("p@x=direct refuse=p,x");
	is_str(t, first_warning(), "",
	       "even if the device refuses a change of mode");
	scene_play("unpin=p v:gone w:gone x:gone br:gone");
	scene_configure("[Port p]\nCandidate=a\nCandidate=b\n"
			"[Port q]\nCandidate=b\n");
	scene_play("q@b p@a");
}

#define PORTS	"[Port p]\nCandidate=a\nCandidate=b\n" \
		"[Port q]\nCandidate=b\n"

static const char *left_out(void)
{
	static char text[512];
	json_t *o = ask("{\"status\": true}\n");
	char *list = json_dumps(json_object_get(o, "left_out"), JSON_COMPACT);

	snprintf(text, sizeof(text), "%s", list ? list : "");
	free(list);
	json_decref(o);
	return text;
}

static void test_left_out(struct tap *t)
{
	is_str(t, left_out(), "[]", "no section is left out");
	scene_misconfigure(PORTS "Mode=x\n[Port r]\nCandidate=a\nMode=y\n", 2);
	is_str(t, left_out(),
	       "[{\"section\":\"Port q\",\"file\":\"scene\",\"line\":6,"
	       "\"why\":\"'x': is not an octal number from 0001 to 0777; "
	       "as in 0660\",\"kept\":true},"
	       "{\"section\":\"Port r\",\"file\":\"scene\",\"line\":9,"
	       "\"why\":\"'y': is not an octal number from 0001 to 0777; "
	       "as in 0660\",\"kept\":false}]",
	       "sections with errors are shown, and why");
	scene_configure(PORTS);
	is_str(t, left_out(), "[]", "they are shown until they have no error");
}

static size_t events(const char *request, const char *instance)
{
	char text[256];
	json_t *o;
	size_t n;

	snprintf(text, sizeof(text), request, instance);
	o = ask(text);
	n = json_array_size(json_object_get(o, "events"));
	json_decref(o);
	return n;
}

static void test_events(struct tap *t)
{
	json_t *o = ask("{\"events\": 0}\n");
	size_t all = json_array_size(json_object_get(o, "events"));
	char instance[32];

	snprintf(instance, sizeof(instance), "%s", word(o, "instance"));
	ok(t, all && json_integer_value(json_object_get(o, "last")) ==
	   (json_int_t)all, "events, and the number of the last");
	json_decref(o);
	ok(t, events("{\"events\": 1}\n", "") == all - 1, "since a number");
	ok(t, events("{\"events\": 1, \"instance\": \"%s\"}\n", instance) ==
	   all - 1, "of this instance");
	ok(t, events("{\"events\": 1, \"instance\": \"other%s\"}\n",
		     instance) == all,
	   "a number of another instance hides no event");
}

static void test_errors(struct tap *t)
{
	is_str(t, error_of("{}\n"), "no such request", "what is not known");
	is_str(t, error_of("garbage\n"), "no such request", "what is no JSON");
	is_str(t, error_of("{\"failback\": \"x\"}\n"),
	       "there is no such port in the configuration",
	       "failback of a port that is none");
	is_str(t, error_of("{\"settled\": \"x\"}\n"),
	       "there is no such port in the configuration",
	       "settled of a port that is none");
}

/* main() reloads at this signal, which it has blocked as this test does. */
static void test_reload(struct tap *t)
{
	const struct timespec now = { 0 };
	sigset_t hup, before;
	json_t *o;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, &before);
	o = ask("{\"reload\": true}\n");
	ok(t, json_is_object(o) && !json_object_size(o) &&
	   sigtimedwait(&hup, NULL, &now) == SIGHUP,
	   "a reload is as by SIGHUP");
	json_decref(o);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- waiting ---- */

static void unmark_all(void)
{
	while (agenda_take(&scene.m.agenda, AGENDA_PORT) ||
	       agenda_take(&scene.m.agenda, AGENDA_DEVICE))
		;
}

static bool is_asked(void *arg)
{
	(void)arg;
	return scene_port("q")->failback;
}

static void test_settled(struct tap *t)
{
	static struct reading r;
	json_t *o;

	unmark_all();
	o = ask("{\"settled\": \"q\"}\n");
	is_str(t, word(json_object_get(o, "port"), "port"), "q",
	       "a port that has nothing to do is told at once");
	json_decref(o);
	port_mark(scene_port("q"));
	r.fd = client();
	say(r.fd, "{\"settled\": \"q\"}\n");
	loop_for(loop, 100);
	read_more(&r);
	ok(t, !r.len && !r.end, "one that has is waited for");
	unmark_all();
	model_port_settled(scene_port("q"));
	ok(t, loop_until(loop, has_ended, &r, SOON) &&
	   strstr(r.text, "\"port\":\"q\""), "until it is done");
	close(r.fd);
	o = ask("{\"failback\": \"q\"}\n");
	ok(t, json_is_object(o) && is_asked(NULL),
	   "failback is noted, and the port looks again");
	json_decref(o);
	unmark_all();
	scene_port("q")->failback = false;
}

/* ns by which the daemon's clock is ahead of the test's */
static uint64_t ahead;

uint64_t __real_clock_awake(void);
uint64_t __wrap_clock_awake(void);

uint64_t __wrap_clock_awake(void)
{
	return __real_clock_awake() + ahead;
}

/* Clients that come all the time put nothing off. */
static void test_settled_late(struct tap *t)
{
	static struct reading r;
	int fd, i;

	memset(&r, 0, sizeof(r));
	port_mark(scene_port("q"));
	r.fd = client();
	say(r.fd, "{\"settled\": \"q\"}\n");
	for (i = 0; i < 30 && !has_ended(&r); i++) {
		if (i == 3)
			ahead += 2 * CLOCK_SECOND;
		if (i == 6)
			ahead += 3 * CLOCK_SECOND;
		fd = client();
		say(fd, "{\"events\": 1000, \"follow\": true}\n");
		loop_for(loop, 100);
		close(fd);
	}
	ok(t, i > 6 && r.end && strstr(r.text, "\"port\":\"q\""),
	   "after 5 s a port that does not settle is told as it is, whoever else comes");
	close(r.fd);
	unmark_all();
}

static void test_follow(struct tap *t)
{
	static struct reading r;
	char *second;

	r.fd = client();
	say(r.fd, "{\"events\": 1000, \"follow\": true}\n");
	loop_until(loop, has_line, &r, SOON);
	ok(t, strstr(r.text, "\"events\":[]") && !r.end,
	   "a follower has its answer, and stays");
	r.len = 0;
	scene_play("q@none");
	loop_until(loop, has_line, &r, SOON);
	second = strstr(r.text, "{\"event\":");
	ok(t, second && strstr(second, "\"port\":\"q\"") && !r.end,
	   "then each event comes in a line");
	close(r.fd);
	loop_for(loop, 50);
	scene_play("q@b");
	ok(t, true, "and nothing to one that has gone");
}

/* Happenings whose text is as long as it gets in JSON */
static void happen(unsigned int times)
{
	char why[64];

	memset(why, 1, sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	while (times--)
		port_note(scene_port("q"), "detached", "b", "", why, 0);
}

/* Followers that have had their answer */
static void follow(struct reading *r, int n)
{
	int i;

	memset(r, 0, (size_t)n * sizeof(*r));
	for (i = 0; i < n; i++) {
		r[i].fd = client();
		say(r[i].fd, "{\"events\": 1000000, \"follow\": true}\n");
		loop_until(loop, has_line, &r[i], SOON);
		r[i].len = 0;
	}
}

static void unfollow(struct reading *r, int n)
{
	int i;

	for (i = 0; i < n; i++)
		close(r[i].fd);
	loop_for(loop, 10);
}

/* An event of a port is first handled by the rest of the daemon. */
static void test_told_in_turn(struct tap *t)
{
	static struct reading r[2];
	size_t early;

	follow(r, 2);
	happen(3);
	read_more(&r[0]);
	early = r[0].len;
	loop_for(loop, 50);
	read_more(&r[0]);
	read_more(&r[1]);
	ok(t, !early && !strncmp(r[0].text, "{\"event\":", 9) && !r[0].end,
	   "followers are told when it is the clients' turn");
	is_str(t, r[1].text, r[0].text, "all of them the same");
	unfollow(r, 2);
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 0;

	while (len--)
		n += text[len] == '\n';
	return n;
}

/* When a parent of hundreds of ports is lost, clients have no turn for long. */
static void test_told_late(struct tap *t)
{
	static struct reading r;
	size_t n = 0;
	int i;

	follow(&r, 1);
	happen(800);
	for (i = 0; i < 1000 && n < 800 && !r.end; i++) {
		r.len = 0;
		read_more(&r);
		n += count_lines(r.text, r.len);
		sd_event_run(loop, 10000);
	}
	ok(t, n == 800, "a follower that had no turn misses nothing");
	unfollow(&r, 1);
}

/* The first answer may be longer than the limit for unread bytes. */
static void test_long_answer(struct tap *t)
{
	static struct reading r;
	static char text[1 << 20];
	size_t len = 0;

	happen(1000);
	memset(&r, 0, sizeof(r));
	r.fd = client();
	say(r.fd, "{\"events\": 0, \"follow\": true}\n");
	do {
		memcpy(text + len, r.text, r.len);
		len += r.len;
		r.len = 0;
		loop_for(loop, 5);
		read_more(&r);
	} while (r.len && len < sizeof(text) - sizeof(r.text));
	ok(t, len > 500000 && text[len - 1] == '\n' && !r.end,
	   "a follower gets all that there is, however long");
	close(r.fd);
	loop_for(loop, 10);
}

/* Under ASan, which has an allocator of its own, this is constant. */
static size_t memory(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* A follower that always leaves something unread, but never much */
static void test_slow_reader(struct tap *t)
{
	static struct reading r;
	char line[560];
	ssize_t n = 1;
	size_t before;
	int i;

	follow(&r, 1);
	/* More than the kernel keeps for it; then as much as is read. */
	before = memory();
	happen(500);
	for (i = 0; i < 4000 && n > 0; i++) {
		happen(i < 200 ? 2 : 1);
		n = recv(r.fd, line, sizeof(line), MSG_DONTWAIT);
		sd_event_run(loop, 0);
	}
	ok(t, n > 0 && memory() < before + (1 << 20),
	   "what a slow follower has read takes no memory any more");
	unfollow(&r, 1);
}

/* ---- places ---- */

static void test_places(struct tap *t)
{
	static struct reading r;
	int fds[128];
	size_t i;

	memset(&r, 0, sizeof(r));
	for (i = 0; i < 128; i++) {
		fds[i] = client();
		loop_for(loop, 1);
	}
	r.fd = fds[127];
	loop_until(loop, has_line, &r, SOON);
	ok(t, strstr(r.text, "busy: ") && strstr(r.text, "\"busy\":true"),
	   "a client that gets no place gets the reason");
	for (i = 0; i < 128; i++)
		close(fds[i]);
	loop_for(loop, 50);
	is_str(t, error_of("{}\n"), "no such request",
	       "there is place again when they have gone");
}

/* As another user: hold @n connections until @go is closed. */
static pid_t hold(uid_t uid, int n, int go)
{
	pid_t pid = fork();
	char c;
	int i;

	if (pid)
		return pid;
	if (setuid(uid))
		_exit(1);
	for (i = 0; i < n; i++)
		client();
	_exit(read(go, &c, 1) != 0);
}

#define USER_PLACES 16

/* As a user: has the last of a user's places no answer, one more that one? */
static bool is_one_too_many(void)
{
	static const char want[] =
		"busy: this user has too many connections open; close some";
	char text[512] = "";
	int fd = -1, i;

	for (i = 0; i < USER_PLACES; i++)
		fd = client();
	if (recv(client(), text, sizeof(text) - 1, 0) <= 0 ||
	    !strstr(text, want))
		return false;
	return recv(fd, text, sizeof(text), MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

static bool is_over(void *arg)
{
	int *status = arg;

	return waitpid(-1, status, WNOHANG) > 0;
}

static void test_user(struct tap *t)
{
	int status = -1;
	pid_t pid;

	if (getuid()) {
		ok(t, true, "places of a user # SKIP not root");
		return;
	}
	pid = fork();
	if (!pid)
		_exit(setuid(1000) || !is_one_too_many());
	ok(t, loop_until(loop, is_over, &status, SOON) && !status,
	   "a user has 16 places, and the refusal says so");
	loop_for(loop, 50);
}

static void test_users(struct tap *t)
{
	int go[2], i;
	pid_t pids[6];

	if (getuid()) {
		ok(t, true, "others can't keep root out # SKIP not root");
		return;
	}
	if (pipe(go) || fcntl(go[1], F_SETFD, FD_CLOEXEC))
		abort();
	for (i = 0; i < 6; i++)
		pids[i] = hold(1000 + (uid_t)i, 40, go[0]);
	loop_for(loop, 500);
	is_str(t, error_of("{}\n"), "no such request",
	       "idle connections of other users don't keep root out");
	close(go[1]);
	close(go[0]);
	for (i = 0; i < 6; i++)
		kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	loop_for(loop, 50);
}

/* ---- what a client says after its request ---- */

/* Say as much as there is room for; how much that was */
static size_t babble(int fd)
{
	static const char text[4096];
	size_t all = 0;
	ssize_t n;

	while ((n = send(fd, text, sizeof(text), MSG_NOSIGNAL |
			 MSG_DONTWAIT)) > 0)
		all += (size_t)n;
	return all;
}

static void test_talker(struct tap *t)
{
	static struct reading r;
	size_t more = 0;
	int i;

	memset(&r, 0, sizeof(r));
	r.fd = client();
	say(r.fd, "{\"events\": 1000, \"follow\": true}\n");
	loop_until(loop, has_line, &r, SOON);
	babble(r.fd);
	for (i = 0; i < 100; i++) {
		sd_event_run(loop, 0);
		more += babble(r.fd);
	}
	ok(t, !more && !r.end, "what a client says after its request is not read");
	r.len = 0;
	scene_play("q@none");
	loop_until(loop, has_line, &r, SOON);
	ok(t, strstr(r.text, "{\"event\":") && !r.end,
	   "and takes nothing from what it is told");
	close(r.fd);
	scene_play("q@b");

	memset(&r, 0, sizeof(r));
	r.fd = client();
	say(r.fd, "{\"events\": 1000}\n");
	shutdown(r.fd, SHUT_WR);
	ok(t, loop_until(loop, has_ended, &r, SOON) && strchr(r.text, '\n'),
	   "a client that has shut its own end gets its answer");
	close(r.fd);
}

/* ---- work first ---- */

static unsigned int works;

static int on_work(sd_event_source *s, void *arg)
{
	(void)arg;
	works++;
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* With work to do all the time no client is answered. */
static void test_work_first(struct tap *t)
{
	static struct reading r;
	sd_event_source *work = NULL;
	int i;

	memset(&r, 0, sizeof(r));
	if (sd_event_add_defer(loop, &work, on_work, NULL) < 0)
		abort();
	sd_event_source_set_priority(work, PRIORITY_WORK);
	r.fd = client();
	say(r.fd, "{}\n");
	for (i = 0; i < 1000; i++)
		sd_event_run(loop, 0);
	read_more(&r);
	ok(t, works == 1000 && !r.len,
	   "work comes before clients");
	sd_event_source_disable_unref(work);
	ok(t, loop_until(loop, has_ended, &r, SOON) && r.len,
	   "clients are answered when the work is done");
	close(r.fd);
}

/* Clients that only connect, without end, have nothing else wait either. */
static void test_crowd(struct tap *t)
{
	sd_event_source *work = NULL;
	int fds[100];
	size_t i;

	if (sd_event_add_defer(loop, &work, on_work, NULL) < 0)
		abort();
	sd_event_source_set_priority(work, PRIORITY_ANNOUNCE);
	works = 0;
	for (i = 0; i < 100; i++) {
		fds[i] = client();
		sd_event_run(loop, 0);
	}
	ok(t, works == 100, "ports are announced before clients are taken");
	sd_event_source_disable_unref(work);
	for (i = 0; i < 100; i++)
		close(fds[i]);
	loop_for(loop, 100);
}

static void test_rate(struct tap *t)
{
	uint64_t begin = clock_awake(), took;
	static struct reading r;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		memset(&r, 0, sizeof(r));
		r.fd = client();
		say(r.fd, "{\"events\": 1000}\n");
		while (!has_ended(&r))
			sd_event_run(loop, 0);
		close(r.fd);
	}
	took = clock_awake() - begin;
	/* Each costs 0.2 ms at least, and four times that as a pause. */
	ok(t, took >= 199 * 800000ULL,
	   "a user who asks all the time has to wait (200 answers in %d ms)",
	   (int)(took / CLOCK_MS));
}

static useconds_t dump_us;

char *__wrap_json_dumps(const json_t *o, size_t how);
char *__real_json_dumps(const json_t *o, size_t how);

char *__wrap_json_dumps(const json_t *o, size_t how)
{
	usleep(dump_us);
	return __real_json_dumps(o, how);
}

static void test_charge(struct tap *t)
{
	uint64_t began;

	dump_us = 50000;
	json_decref(ask("{\"events\": 1000000}\n"));
	dump_us = 0;
	began = clock_awake();
	json_decref(ask("{\"events\": 1000000}\n"));
	ok(t, clock_awake() - began > 150 * CLOCK_MS,
	   "a user waits for all that an answer has cost, its text as well");
}

#define WAITING 12

static void answer_one(struct reading *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = client();
	say(r->fd, "{\"events\": 1000000}\n");
	loop_until(loop, has_ended, r, SOON);
	close(r->fd);
}

/* Clients that wait for their turn, and one that asks again at once */
static void test_first_come(struct tap *t)
{
	static struct reading waiting[WAITING], eager;
	unsigned int i, n = 0;

	memset(waiting, 0, sizeof(waiting));
	dump_us = 2000;
	for (i = 0; i < WAITING; i++) {
		waiting[i].fd = client();
		say(waiting[i].fd, "{\"events\": 1000000}\n");
	}
	/* This one connected last, so the others come first. */
	answer_one(&eager);
	answer_one(&eager);
	dump_us = 0;
	for (i = 0; i < WAITING; i++) {
		n += has_line(&waiting[i]);
		close(waiting[i].fd);
	}
	ok(t, n == WAITING, "a user's clients are answered as they came (%u)",
	   n);
}

int main(void)
{
	char dir[] = "/tmp/test-server.XXXXXX", command[64];
	struct tap t = { 0 };

	if (!mkdtemp(dir) || chmod(dir, 0755) || sd_event_new(&loop) < 0)
		return 1;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/sock", dir);
	scene_begin(PORTS);
	if (requests_start(loop, &scene.m, at.sun_path, &requests) ||
	    chmod(at.sun_path, 0666))
		return 1;
	scene_play("a b p p@a q q@b");
	test_status(&t);
	test_shown(&t);
	test_left_out(&t);
	test_pinned(&t);
	test_events(&t);
	test_errors(&t);
	test_reload(&t);
	test_settled(&t);
	test_settled_late(&t);
	test_follow(&t);
	test_places(&t);
	test_user(&t);
	test_users(&t);
	test_talker(&t);
	test_work_first(&t);
	test_crowd(&t);
	test_rate(&t);
	test_charge(&t);
	test_first_come(&t);
	test_told_in_turn(&t);
	test_told_late(&t);
	test_long_answer(&t);
	test_slow_reader(&t);
	requests_stop(requests);
	scene_end();
	sd_event_unref(loop);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return shell(command) || tap_end(&t);
}
