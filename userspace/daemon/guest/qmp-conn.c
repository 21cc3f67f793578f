// SPDX-License-Identifier: GPL-2.0
/*
 * One QMP connection.
 *
 * QEMU's monitor serves one client at a time: a second client can connect, but
 * gets no greeting.  So each step has a deadline.  A failure is followed by a
 * pause that doubles, and a socket that appears (inotify on its directory) ends
 * the pause.  The socket appears by bind(), a moment before listen(), so the
 * first pauses after that are short.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest/qmp-conn.h"
#include "guest/qmp-wire.h"
#include "util/clock.h"
#include "util/priority.h"
#include "util/retry.h"

#define SECOND 1000000ULL	/* us */
#define DEADLINE (2 * SECOND)	/* deadline of a greeting or an answer */
#define STEADY (10 * SECOND)	/* connected for this time: reset the pause */
#define ACCURACY (SECOND / 1000)

/* Pauses between attempts to connect */
static const struct retry_pace pace_usual = {
	.first = CLOCK_SECOND, .most = 30 * CLOCK_SECOND,
};

static const struct retry_pace pace_new_socket = {
	.first = 20 * CLOCK_MS, .most = 30 * CLOCK_SECOND,
};

#define READ_MAX 16384		/* bytes read in a turn of the loop */
#define FLOOD_BYTES (512 << 10)	/* a second */
#define FLOOD_MESSAGES 10000	/* a second */

#define WATCHED (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | \
		 IN_MOVE_SELF | IN_ONLYDIR)

enum state {
	PAUSING,
	GREETING,		/* connected, waits for QEMU's greeting */
	NEGOTIATING,
	READY,
};

struct qmp_conn {
	sd_event *loop;
	struct sockaddr_un addr;
	const struct qmp_conn_ops *ops;
	void *arg;

	enum state state;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;	/* end of the pause, or the deadline */
	sd_event_source *watch;
	char watched[sizeof(((struct sockaddr_un *)0)->sun_path)];
				/*
				 * the directory, or the nearest existing one
				 * above
				 */

	struct qmp_wire in;
	char *out;
	size_t out_len;
	size_t out_at;
	bool asking;		/* waits for the answer to command @id */
	json_int_t id;

	const struct retry_pace *pace;
	struct retry retry;	/* failed attempts at that pace */
	uint64_t tried_at;
	uint64_t ready_at;
	uint64_t flood_since;
	size_t flood_bytes;
	unsigned int flood_messages;
	int told;		/* errno of the trouble logged last; 0: none */
	int unwatched;		/* why the watch failed; 0: it works */
};

static uint64_t now_us(const struct qmp_conn *c)
{
	uint64_t now = 0;

	sd_event_now(c->loop, CLOCK_MONOTONIC, &now);
	return now;
}

static void timer_set(struct qmp_conn *c, uint64_t in)
{
	sd_event_source_set_time_relative(c->timer, in);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static void timer_stop(struct qmp_conn *c)
{
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
}

static void pace_set(struct qmp_conn *c, const struct retry_pace *pace)
{
	c->pace = pace;
	retry_reset(&c->retry);
}

/* ---- errors ---- */

static const char *trouble(const struct qmp_conn *c, int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return c->state == READY || c->state == NEGOTIATING ?
			"does not answer" :
			"does not greet; is another monitor connected?";
	case -EBADMSG:
		return "sends something that is not a JSON object";
	case -EPROTO:
		return "does not speak QMP";
	case -EMSGSIZE:
		return "sends a message of more than 128 KiB";
	case -EOVERFLOW:
		return "sends too much in a second";
	case -EACCES:
		return "Permission denied; see stabletapd(8)";
	default:
		return strerror(-err);
	}
}

/* A guest that does not run, or has ended, is no error. */
static bool is_end(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ECONNREFUSED ||
	       err == -ECONNRESET || err == -EPIPE;
}

static void tell_trouble(struct qmp_conn *c, const char *why, int err)
{
	bool news = err != c->told;

	if (!is_end(err)) {
		c->told = err;
		c->ops->trouble(why, news, c->arg);
	} else if (c->told) {
		c->told = 0;
		c->ops->trouble(NULL, false, c->arg);
	}
}

static void disconnect(struct qmp_conn *c)
{
	c->io = sd_event_source_disable_unref(c->io);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	qmp_wire_reset(&c->in);
	free(c->out);
	c->out = NULL;
	c->asking = false;
	c->state = PAUSING;
}

static void watch_start(struct qmp_conn *c);

/* Gives up the connection, and tries again after a pause. */
static void lose(struct qmp_conn *c, int err)
{
	bool was_ready = c->state == READY;
	const char *why = trouble(c, err);

	if (was_ready && now_us(c) - c->ready_at >= STEADY) {
		pace_set(c, &pace_usual);
		c->told = 0;
	}
	disconnect(c);
	timer_set(c, retry_after(&c->retry, c->pace) / CLOCK_US);
	/*
	 * Watch before the next attempt, so that a socket that appears later is
	 * not missed.
	 */
	watch_start(c);
	if (was_ready)
		c->ops->state(false, c->arg);
	tell_trouble(c, why, err);
}

/* ---- sending ---- */

static int flush(struct qmp_conn *c)
{
	ssize_t sent;

	while (c->out_at < c->out_len) {
		sent = send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return sd_event_source_set_io_events(c->io, EPOLLIN |
							     EPOLLOUT);
		if (sent < 0)
			return -errno;
		c->out_at += (size_t)sent;
	}
	free(c->out);
	c->out = NULL;
	return sd_event_source_set_io_events(c->io, EPOLLIN);
}

static int send_command(struct qmp_conn *c, const char *command,
			json_t *arguments)
{
	json_t *json;

	/* "o*" leaves the key out where there is no value. */
	json = json_pack("{s:s, s:o*, s:I}", "execute", command, "arguments",
			 arguments, "id", ++c->id);
	free(c->out);
	c->out = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!c->out)
		return -ENOMEM;
	c->out_len = strlen(c->out);
	c->out_at = 0;
	c->asking = true;
	timer_set(c, DEADLINE);
	return flush(c);
}

bool qmp_conn_is_idle(const struct qmp_conn *c)
{
	return c->state == READY && !c->asking;
}

void qmp_conn_send(struct qmp_conn *c, const char *command, json_t *arguments)
{
	int err = send_command(c, command, arguments);

	/* The loop reports the error, not this call. */
	if (err < 0) {
		c->asking = true;
		timer_set(c, 0);
	}
}

/* ---- receiving ---- */

static const char *error_text(const json_t *message)
{
	const json_t *error = json_object_get(message, "error");
	const char *text = json_string_value(json_object_get(error, "desc"));

	return text ? text : "refused without a reason";
}

/* Returns 1 for the awaited answer; -EPROTO: neither result nor error. */
static int is_answer(const struct qmp_conn *c, const json_t *message)
{
	const json_t *id = json_object_get(message, "id");

	if (!c->asking || !json_is_integer(id) ||
	    json_integer_value(id) != c->id)
		return 0;
	if (json_object_get(message, "return") ||
	    json_is_object(json_object_get(message, "error")))
		return 1;
	return -EPROTO;
}

static void become_ready(struct qmp_conn *c)
{
	c->state = READY;
	c->ready_at = now_us(c);
	/* While the monitor is connected, no watch is needed. */
	c->watch = sd_event_source_disable_unref(c->watch);
	c->ops->state(true, c->arg);
}

static int take_answer(struct qmp_conn *c, const json_t *message)
{
	const json_t *value = json_object_get(message, "return");

	c->asking = false;
	timer_stop(c);
	if (c->state == READY) {
		c->ops->answer(value, value ? NULL : error_text(message),
			       c->arg);
		return 0;
	}
	if (!value)
		return -EPROTO;
	become_ready(c);
	return 0;
}

static int take_message(struct qmp_conn *c, const json_t *message)
{
	const char *event;
	int answer;

	if (c->state == GREETING) {
		if (!json_is_object(json_object_get(message, "QMP")))
			return -EPROTO;
		c->state = NEGOTIATING;
		return send_command(c, "qmp_capabilities", NULL);
	}
	answer = is_answer(c, message);
	if (answer > 0)
		return take_answer(c, message);
	event = json_string_value(json_object_get(message, "event"));
	if (event && c->state == READY)
		c->ops->event(event, json_object_get(message, "data"), c->arg);
	return answer;
}

static int count_flood(struct qmp_conn *c, size_t bytes, unsigned int messages)
{
	uint64_t now = now_us(c);

	if (now - c->flood_since > SECOND) {
		c->flood_since = now;
		c->flood_bytes = 0;
		c->flood_messages = 0;
	}
	c->flood_bytes += bytes;
	c->flood_messages += messages;
	return c->flood_bytes > FLOOD_BYTES ||
	       c->flood_messages > FLOOD_MESSAGES ? -EOVERFLOW : 0;
}

/* Reads at most as much as one turn of the loop may take. */
static int receive(struct qmp_conn *c)
{
	char buf[READ_MAX];
	json_t *message;
	ssize_t got;
	int err;

	got = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got)
		return -EPIPE;
	err = count_flood(c, (size_t)got, 0);
	if (!err)
		err = qmp_wire_feed(&c->in, buf, (size_t)got);
	while (!err) {
		err = qmp_wire_next(&c->in, &message);
		if (err <= 0)
			break;
		err = count_flood(c, 0, 1);
		if (!err)
			err = take_message(c, message);
		json_decref(message);
	}
	return err;
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct qmp_conn *c = arg;
	int err = 0;

	(void)s;
	(void)fd;
	if (events & EPOLLOUT)
		err = flush(c);
	if (err >= 0 && (events & ~(uint32_t)EPOLLOUT))
		err = receive(c);
	if (err < 0)
		lose(c, err);
	else if (qmp_conn_is_idle(c))
		c->ops->idle(c->arg);
	return 0;
}

/* ---- connecting ---- */

static int open_socket(struct qmp_conn *c)
{
	int err;

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, (const struct sockaddr *)&c->addr, sizeof(c->addr)))
		return -errno;
	err = sd_event_add_io(c->loop, &c->io, c->fd, EPOLLIN, on_io, c);
	if (err < 0)
		return err;
	return sd_event_source_set_priority(c->io, PRIORITY_GUEST);
}

static void try_connect(struct qmp_conn *c)
{
	int err;

	/* Watch first, so that a socket that appears later is not missed. */
	watch_start(c);
	c->tried_at = now_us(c);
	err = open_socket(c);
	if (err < 0) {
		/* The socket's backlog is full. */
		lose(c, err == -EAGAIN ? -ETIMEDOUT : err);
		return;
	}
	c->state = GREETING;
	timer_set(c, DEADLINE);
}

static bool has_input(const struct qmp_conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/*
 * The deadline is for QEMU.  On a busy host the daemon itself may have had no
 * turn for so long; then read before giving up.
 */
static int receive_overdue(struct qmp_conn *c)
{
	enum state state = c->state;
	bool asking = c->asking;
	json_int_t id = c->id;
	int err;

	while (has_input(c)) {
		err = receive(c);
		if (err < 0)
			return err;
		if (c->state != state || c->asking != asking || c->id != id)
			return 0;
	}
	return -ETIMEDOUT;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct qmp_conn *c = arg;
	int err;

	(void)s;
	(void)usec;
	if (c->state == PAUSING) {
		try_connect(c);
		return 0;
	}
	err = receive_overdue(c);
	if (err < 0)
		lose(c, err);
	else if (qmp_conn_is_idle(c))
		c->ops->idle(c->arg);
	return 0;
}

/* ---- sockets that appear ---- */

/* Returns the part of the path that is missing in the watched directory. */
static bool is_awaited(const struct qmp_conn *c, const char *name)
{
	size_t len = strlen(c->watched);
	const char *rest = c->addr.sun_path + len;

	rest += strspn(rest, "/");
	len = strlen(name);
	return !strncmp(rest, name, len) && (rest[len] == '/' || !rest[len]);
}

static bool is_socket_dir(const struct qmp_conn *c)
{
	const char *slash = strrchr(c->addr.sun_path, '/');
	size_t len = (size_t)(slash - c->addr.sun_path);

	return strlen(c->watched) == (len ? len : 1);
}

static int on_watch(sd_event_source *s, const struct inotify_event *e,
		    void *arg)
{
	struct qmp_conn *c = arg;
	bool new = e->mask & (IN_CREATE | IN_MOVED_TO);
	bool moved = e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED |
				IN_UNMOUNT | IN_Q_OVERFLOW);

	(void)s;
	if (!moved && (!e->len || !is_awaited(c, e->name)))
		return 0;
	if (moved || !is_socket_dir(c)) {
		c->watch = sd_event_source_disable_unref(c->watch);
		watch_start(c);
	}
	/* A monitor that does not greet may be an earlier guest's. */
	if (c->state == READY || (c->state != PAUSING && !new))
		return 0;
	disconnect(c);
	pace_set(c, &pace_new_socket);
	if (now_us(c) - c->tried_at < c->pace->first / CLOCK_US)
		timer_set(c, c->pace->first / CLOCK_US);
	else
		try_connect(c);
	return 0;
}

/* Watches the socket's directory or, if missing, the nearest one above. */
static int watch_nearest(struct qmp_conn *c)
{
	char *slash;
	int err;

	snprintf(c->watched, sizeof(c->watched), "%s", c->addr.sun_path);
	do {
		slash = strrchr(c->watched, '/');
		if (!slash)
			return -ENOENT;
		slash[slash == c->watched] = '\0';
		err = sd_event_add_inotify(c->loop, &c->watch, c->watched,
					   WATCHED, on_watch, c);
	} while ((err == -ENOENT || err == -ENOTDIR || err == -EACCES) &&
		 c->watched[1]);
	return err;
}

/* The directory below the watched one may have appeared meanwhile. */
static bool is_overtaken(const struct qmp_conn *c)
{
	char below[sizeof(c->watched)];
	size_t len = strlen(c->watched);

	if (is_socket_dir(c))
		return false;
	memcpy(below, c->addr.sun_path, sizeof(below));
	len += strspn(below + len, "/");
	len += strcspn(below + len, "/");
	below[len] = '\0';
	return !access(below, F_OK);
}

static void watch_start(struct qmp_conn *c)
{
	int attempts = 5;
	int err;

	if (c->watch)
		return;
	err = watch_nearest(c);
	while (err >= 0 && is_overtaken(c) && --attempts) {
		c->watch = sd_event_source_disable_unref(c->watch);
		err = watch_nearest(c);
	}
	if (err >= 0)
		sd_event_source_set_priority(c->watch, PRIORITY_GUEST);
	/* Without a watch, the next attempt is at the end of the pause. */
	else if (c->unwatched != err)
		c->ops->unwatched(c->watched, strerror(-err), c->arg);
	c->unwatched = err < 0 ? err : 0;
}

/* ---- start and stop ---- */

int qmp_conn_new(sd_event *loop, const char *path,
		 const struct qmp_conn_ops *ops, void *arg,
		 struct qmp_conn **out)
{
	struct qmp_conn *c;
	int err;

	if (path[0] != '/')
		return -EINVAL;
	if (strlen(path) >= sizeof(c->addr.sun_path))
		return -ENAMETOOLONG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->loop = sd_event_ref(loop);
	c->fd = -1;
	c->addr.sun_family = AF_UNIX;
	memcpy(c->addr.sun_path, path, strlen(path) + 1);
	c->ops = ops;
	c->arg = arg;
	c->pace = &pace_usual;
	err = sd_event_add_time_relative(loop, &c->timer, CLOCK_MONOTONIC, 0,
					 ACCURACY, on_timer, c);
	if (err < 0) {
		qmp_conn_free(c);
		return err;
	}
	sd_event_source_set_priority(c->timer, PRIORITY_GUEST);
	*out = c;
	return 0;
}

void qmp_conn_free(struct qmp_conn *c)
{
	if (!c)
		return;
	disconnect(c);
	sd_event_source_disable_unref(c->timer);
	sd_event_source_disable_unref(c->watch);
	sd_event_unref(c->loop);
	free(c);
}
