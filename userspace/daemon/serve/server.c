// SPDX-License-Identifier: GPL-2.0
/* The socket, and the limits of its users. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve/server.h"
#include "util/clock.h"
#include "util/priority.h"

#define REQUEST_SIZE 512
#define CLIENTS 96
#define CLIENTS_OTHERS 64	/* of these, for all users but root */
#define CLIENTS_USER 16		/* for one user who is not root */
#define BACKLOG 128
/* Pause after a connection that could not be accepted */
#define CONNECT_US 100000
/* Time in which a client must send its request, or read its answer */
#define CLIENT_US 5000000
/* Bytes that a follower may leave unread */
#define UNREAD_MAX (256 << 10)
/* The pause after an answer, as a multiple of the time that it took */
#define PAUSE_TIMES 4
#define COST_MIN (200 * CLOCK_MS / 1000)

/* One user's share */
struct user {
	struct user *next;
	uid_t uid;
	unsigned int clients;
	uint64_t ready_at;	/* no answer before then; CLOCK_MONOTONIC */
};

struct client {
	struct server *server;
	struct client *next;
	struct user *user;
	int fd;
	bool asked;		/* the request was read */
	bool pending;		/* the answer is not ready yet */
	bool kept;
	sd_event_source *io;
	sd_event_source *timer;
	char in[REQUEST_SIZE];
	size_t in_len;
	char *out;
	size_t out_len, out_done;
};

struct server {
	sd_event *loop;
	const struct server_ops *ops;
	void *arg;
	struct sockaddr_un addr;
	int fd;
	sd_event_source *io;
	struct client *clients;
	unsigned int clients_n;
	struct user *users;
};

/* ---- users ---- */

static struct user *user_get(struct server *s, uid_t uid)
{
	struct user *u;

	for (u = s->users; u; u = u->next)
		if (u->uid == uid)
			return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	u->next = s->users;
	s->users = u;
	return u;
}

/* Frees a user that has neither a client nor a pause. */
static void user_put(struct server *s, struct user *u)
{
	struct user **at = &s->users;

	if (u->clients || u->ready_at > clock_awake())
		return;
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	free(u);
}

static void users_forget(struct server *s)
{
	struct user *u, *next;

	for (u = s->users; u; u = next) {
		next = u->next;
		user_put(s, u);
	}
}

/* Returns why the user can't have one more client, or NULL. */
static const char *refuse(const struct server *s, const struct user *u)
{
	if (s->clients_n >= CLIENTS)
		return "busy: there are too many clients; try again in a moment";
	if (!u->uid)
		return NULL;
	if (u->clients >= CLIENTS_USER)
		return "busy: this user has too many connections open; close some";
	if (s->clients_n >= CLIENTS_OTHERS)
		return "busy: there are too many clients; try again in a moment";
	return NULL;
}

/* ---- one client ---- */

bool client_is_root(const struct client *c)
{
	return !c->user->uid;
}

static void client_free(struct client *c)
{
	struct client **at = &c->server->clients;

	if (c->pending || c->kept)
		c->server->ops->gone(c, c->server->arg);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->clients_n--;
	c->user->clients--;
	user_put(c->server, c->user);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	close(c->fd);
	free(c->out);
	free(c);
}

static void set_timer(struct client *c, uint64_t us)
{
	sd_event_source_set_time_relative(c->timer, us);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

/* ---- writing ---- */

/* Returns true if all is written. */
static bool flush(struct client *c, bool *broken)
{
	ssize_t n;

	while (c->out_done < c->out_len) {
		n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*broken = errno != EAGAIN;
			return false;
		}
		c->out_done += (size_t)n;
	}
	free(c->out);
	c->out = NULL;
	c->out_len = 0;
	c->out_done = 0;
	return true;
}

/* May free the client. */
static void client_write(struct client *c)
{
	bool broken = false;
	bool done = flush(c, &broken);

	if (broken || (done && !c->kept && !c->pending)) {
		client_free(c);
		return;
	}
	sd_event_source_set_io_events(c->io, done ? 0 : EPOLLOUT);
	if (!done)
		set_timer(c, CLIENT_US);
	else
		sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
}

/* Drop the written part: a follower that always lags would make it grow. */
static void forget_written(struct client *c)
{
	if (!c->out_done)
		return;
	c->out_len -= c->out_done;
	memmove(c->out, c->out + c->out_done, c->out_len);
	c->out_done = 0;
}

/* Appends a line to the output; -EOVERFLOW: the client does not read. */
static int append(struct client *c, const char *line)
{
	size_t len = strlen(line);
	char *grown;

	forget_written(c);
	/* The limit does not hold for a follower's first answer. */
	if (c->kept && c->out_len > UNREAD_MAX)
		return -EOVERFLOW;
	grown = realloc(c->out, c->out_len + len + 1);
	if (!grown)
		return -ENOMEM;
	c->out = grown;
	memcpy(c->out + c->out_len, line, len);
	c->out[c->out_len + len] = '\n';
	c->out_len += len + 1;
	return 0;
}

static int append_json(struct client *c, json_t *o)
{
	char *line = json_dumps(o, JSON_COMPACT);
	int err = line ? append(c, line) : -ENOMEM;

	json_decref(o);
	free(line);
	return err;
}

void client_answer(struct client *c, json_t *o)
{
	c->pending = false;
	if (append_json(c, o))
		client_free(c);
	else
		client_write(c);
}

void client_keep(struct client *c)
{
	c->kept = true;
}

void client_tell(struct client *c, const char *line)
{
	bool broken = false;

	/* The client may have had no turn because of other work. */
	if (c->out_len - c->out_done > UNREAD_MAX)
		flush(c, &broken);
	if (broken || append(c, line))
		client_free(c);
	else
		sd_event_source_set_io_events(c->io, EPOLLOUT);
}

/* ---- requests ---- */

static void charge(struct user *u, uint64_t began)
{
	uint64_t now = clock_awake(), cost = now - began;

	if (cost < COST_MIN)
		cost = COST_MIN;
	if (u->ready_at < now)
		u->ready_at = now;
	u->ready_at += cost * PAUSE_TIMES;
}

static void client_ask(struct client *c)
{
	uint64_t began = clock_awake();
	struct server *s = c->server;
	json_t *request, *o;
	int err = 0;

	request = json_loadb(c->in, c->in_len, 0, NULL);
	c->pending = true;
	o = s->ops->ask(c, request, s->arg);
	json_decref(request);
	c->pending = !o;
	if (o)
		err = append_json(c, o);
	charge(c->user, began);
	if (err)
		client_free(c);
	else if (c->pending)
		sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	else
		client_write(c);
}

static bool is_waiting(const struct client *c)
{
	return c->asked && !c->pending && !c->kept && !c->out_len;
}

/* Returns the user's client that waits and connected first; the list's last. */
static struct client *first_waiting(const struct client *c)
{
	struct client *other, *first = NULL;

	for (other = c->server->clients; other; other = other->next)
		if (other->user == c->user && is_waiting(other))
			first = other;
	return first;
}

/*
 * After the pause for the user's last answers, answers the client of that user
 * that has waited longest.  Otherwise a client that asks again at once could be
 * served for ever, and the others never.
 */
static void client_ask_in_turn(struct client *c)
{
	struct client *first = first_waiting(c);
	uint64_t now = clock_awake();

	if (c->user->ready_at <= now) {
		client_ask(first);
		if (first == c)
			return;
		now = clock_awake();
	}
	set_timer(c, c->user->ready_at > now ?
		     (c->user->ready_at - now) / 1000 + 1 : 1);
}

/*
 * Input after the request is not read, or it could keep the loop busy.  epoll
 * reports the end of the connection anyway.  A client that only shuts down its
 * own side still gets its answer.
 */
static void client_has_asked(struct client *c)
{
	c->asked = true;
	sd_event_source_set_io_events(c->io, 0);
	client_ask_in_turn(c);
}

static void client_read(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len,
			 MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->in_len += (size_t)n;
	if (n > 0 && memchr(c->in, '\n', c->in_len))
		client_has_asked(c);
	else if (n <= 0 || c->in_len == sizeof(c->in))
		client_free(c);
}

static int on_client(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct client *c = arg;

	(void)s, (void)fd;
	if (!c->asked)
		client_read(c);
	else if (revents & (EPOLLHUP | EPOLLERR))
		client_free(c);
	else
		client_write(c);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct client *c = arg;

	(void)s, (void)usec;
	if (is_waiting(c))
		client_ask_in_turn(c);
	else
		client_free(c);
	return 0;
}

/* ---- connections ---- */

/* Sends a client that gets no place a sentence, and closes the connection. */
static void turn_away(int fd, const char *why)
{
	json_t *o = json_pack("{s:s, s:b}", "error", why, "busy", 1);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	if (text) {
		/* Read the request, or the close would drop the answer. */
		char request[REQUEST_SIZE];
		ssize_t n = recv(fd, request, sizeof(request), MSG_DONTWAIT);

		(void)n;
		dprintf(fd, "%s\n", text);
	}
	free(text);
	shutdown(fd, SHUT_WR);
	close(fd);
}

static uid_t peer_of(int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return peer.uid;
}

static int client_start(struct client *c)
{
	sd_event *loop = c->server->loop;
	int err = sd_event_add_io(loop, &c->io, c->fd, EPOLLIN, on_client, c);

	if (err >= 0)
		err = sd_event_source_set_priority(c->io, PRIORITY_SERVER);
	if (err >= 0)
		err = sd_event_add_time_relative(loop, &c->timer,
						 CLOCK_MONOTONIC, CLIENT_US,
						 1000, on_time, c);
	if (err >= 0)
		err = sd_event_source_set_priority(c->timer, PRIORITY_SERVER);
	return err;
}

static void client_new(struct server *s, struct user *u, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->server = s;
	c->user = u;
	c->fd = fd;
	c->next = s->clients;
	s->clients = c;
	s->clients_n++;
	u->clients++;
	if (client_start(c) < 0)
		client_free(c);
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents,
		      void *arg)
{
	struct server *s = arg;
	const char *why;
	struct user *u;

	(void)revents;
	fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	/*
	 * A client that can't be accepted for lack of fds stays in the backlog.
	 */
	if (fd < 0) {
		if (sd_event_source_get_ratelimit(source, NULL, NULL) < 0)
			sd_event_source_set_ratelimit(source, CONNECT_US, 1);
		return 0;
	}
	sd_event_source_set_ratelimit(source, 0, 0);
	users_forget(s);
	u = user_get(s, peer_of(fd));
	if (!u) {
		close(fd);
		return 0;
	}
	why = refuse(s, u);
	if (why)
		turn_away(fd, why);
	else
		client_new(s, u, fd);
	return 0;
}

/* ---- start and stop ---- */

static int server_listen(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	/*
	 * Remove the socket of a daemon that was killed; this one has the lock.
	 */
	unlink(addr->sun_path);
	/*
	 * The socket gets the directory's group: tmpfiles.d sets set-group-id.
	 */
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    chmod(addr->sun_path, 0660) || listen(fd, BACKLOG)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int server_start(sd_event *loop, const char *path,
		 const struct server_ops *ops, void *arg,
		 struct server **out)
{
	struct server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->ops = ops;
	s->arg = arg;
	s->addr.sun_family = AF_UNIX;
	snprintf(s->addr.sun_path, sizeof(s->addr.sun_path), "%s", path);
	s->fd = server_listen(&s->addr);
	err = s->fd;
	if (err >= 0)
		err = sd_event_add_io(loop, &s->io, s->fd, EPOLLIN,
				      on_connect, s);
	if (err >= 0)
		err = sd_event_source_set_priority(s->io, PRIORITY_SERVER);
	if (err < 0) {
		sd_event_source_disable_unref(s->io);
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void server_stop(struct server *s)
{
	struct user *u;

	if (!s)
		return;
	while (s->clients)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
		client_free(s->clients);
	while ((u = s->users)) {
		s->users = u->next;
		free(u);
	}
	sd_event_source_disable_unref(s->io);
	close(s->fd);
	unlink(s->addr.sun_path);
	free(s);
}
