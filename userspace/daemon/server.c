// SPDX-License-Identifier: GPL-2.0
/*
 * Status and events for the command: one JSON object in a line is asked, one is
 * answered, then the connection ends.  The last is for root only, the others
 * for the socket's group, too.
 *
 *	{"status": true}		{"ports": [...], ...}
 *	{"events": 17, "port": "vm1"}	{"events": [...]}
 *	{"failback": "vm1"}		{}
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/probe.h"
#include "conf/selector.h"
#include "core.h"

#define REQUEST_SIZE 512
#define CLIENTS 32
/* From one connection that could not be taken to the next attempt */
#define CONNECT_US 100000
/* Whoever has not asked, or read, by then is cut off. */
#define CLIENT_US 5000000

struct client {
	struct server *server;
	struct client *next;
	int fd;
	bool is_root;			/* others may ask, not wish */
	sd_event_source *io;
	sd_event_source *timer;
	char in[REQUEST_SIZE];
	size_t in_len;
	char *out;
	size_t out_len, out_done;
};

struct server {
	struct daemon *daemon;
	struct sockaddr_un addr;
	int fd;
	sd_event_source *io;
	struct client *clients;
	unsigned int clients_n;
};

static void client_free(struct client *c)
{
	struct client **at = &c->server->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->clients_n--;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	close(c->fd);
	free(c->out);
	free(c);
}

/* ---- what is told ---- */

static const char *state_of(const struct port *port)
{
	if (!port->ifindex)
		return "missing";
	return stabletap_state_name(port->told.state);
}

static const char *const verdicts[] = {
	[PROBE_UNKNOWN] = "unknown",
	[PROBE_ANSWERS] = "answers",
	[PROBE_FAILS] = "fails",
};

static json_t *device_json(const struct port *port,
			   const struct stabletap_link *link, size_t rank,
			   bool present)
{
	bool whole = port_takes_whole(port_mode(port, rank));
	enum probe_verdict v = probe_verdict(port, link->ifindex, whole);
	double ago = probe_answered_ago(port, link->ifindex, whole);
	bool carries = select_is_usable(link);
	json_t *o;

	o = json_pack("{s:o, s:b}", "name", stabletap_json_text(link->name),
		      "usable", carries && (v == PROBE_ANSWERS ||
					    (v == PROBE_UNKNOWN && present)));
	if (carries && port->conf->probe.kind != CONF_PROBE_NONE)
		json_object_set_new(o, "probe", json_string(verdicts[v]));
	if (ago >= 0)
		json_object_set_new(o, "answered_seconds_ago", json_real(ago));
	return o;
}

static json_t *candidate_json(const struct port *port, size_t rank, int present)
{
	const struct daemon *d = port->daemon;
	const struct selection *sel;
	const struct stabletap_link *link;
	json_t *devices = json_array();
	char text[256];
	size_t i;

	sel = &d->selections[port->conf->candidates[rank].selector];
	conf_selector_format(sel->spec, text, sizeof(text));
	for (i = 0; i < sel->match.n; i++) {
		link = stabletap_links_find(&d->links, sel->match.v[i]);
		if (link)
			json_array_append_new(devices,
				device_json(port, link, rank,
					    link->ifindex == present));
	}
	for (i = 0; i < sel->wifi.n; i++) {
		link = stabletap_links_find(&d->links, sel->wifi.v[i]);
		if (link)
			json_array_append_new(devices,
				json_pack("{s:o, s:b, s:b}", "name",
					  stabletap_json_text(link->name),
					  "usable", 0, "wifi", 1));
	}
	return json_pack("{s:o, s:o}", "candidate", stabletap_json_text(text),
			 "devices", devices);
}

static json_t *refusals_json(const struct port *port)
{
	const struct stabletap_link *link;
	json_t *refusals = json_array();
	const struct refusal *r;
	size_t i;

	for (i = 0; i < port->refusals_n; i++) {
		r = &port->refusals[i];
		link = stabletap_links_find(&port->daemon->links, r->dev);
		if (link)
			json_array_append_new(refusals,
					      json_pack("{s:o, s:i}", "name",
					      stabletap_json_text(link->name),
					      "times", (int)r->failures));
	}
	return refusals;
}

static json_t *port_json(const struct port *port)
{
	json_t *candidates = json_array();
	char name[STABLETAP_NAME_SIZE];
	char probe[160];
	json_t *o;
	int dev, rank = port_candidate(port, &dev);
	size_t i;

	port_device(port, name);

	for (i = 0; i < port->conf->candidates_n; i++)
		json_array_append_new(candidates,
				      candidate_json(port, i, dev));
	o = json_pack("{s:o, s:i, s:s, s:o, s:o}",
		      "port", stabletap_json_text(port->conf->name),
		      "ifindex", port->ifindex, "state", state_of(port),
		      "dev", stabletap_json_text(name), "candidates", candidates);
	if (rank >= 0)
		json_object_set_new(o, "rank", json_integer(rank));
	if (port->override.pin)
		json_object_set_new(o, "pin",
				    stabletap_json_text(port->override.dev));
	if (port->override.prefer)
		json_object_set_new(o, "prefer",
				    stabletap_json_text(port->override.dev));
	if (port->ifindex)
		json_object_set_new(o, "up", json_boolean(port->up));
	if (port->refusals_n)
		json_object_set_new(o, "refusals", refusals_json(port));
	if (filter_state(port))
		json_object_set_new(o, "guest_filter",
				    json_string(filter_state(port)));
	if (port->conf->probe.kind != CONF_PROBE_NONE) {
		conf_probe_format(&port->conf->probe, probe, sizeof(probe));
		json_object_set_new(o, "probe", stabletap_json_text(probe));
	}
	return o;
}

static json_t *status_json(struct daemon *d, const char *name)
{
	json_t *ports = json_array();
	size_t i;

	for (i = 0; i < d->ports_n; i++)
		if (!name || !strcmp(name, d->ports[i].conf->name))
			json_array_append_new(ports, port_json(&d->ports[i]));
	return json_pack("{s:s, s:b, s:I, s:o, s:o}", "version",
			 STABLETAP_VERSION, "module_missing",
			 d->module_missing, "resyncs", (json_int_t)d->resyncs,
			 "ports", ports, "pools",
			 name ? json_array() : pools_json(d));
}

/* Not at once: what pools have may have to be looked at before. */
static json_t *answer_failback(struct daemon *d, const char *name)
{
	struct port *port = port_by_name(d, name);

	if (!port)
		return json_pack("{s:s}", "error",
				 "there is no such port in the configuration");
	port->failback = true;
	port_dirty(port);
	return json_object();
}

static json_t *answer(struct daemon *d, bool is_root, const char *text,
		      size_t len)
{
	json_t *request = json_loadb(text, len, 0, NULL);
	const char *name = json_string_value(json_object_get(request, "port"));
	const json_t *since = json_object_get(request, "events");
	const json_t *failback = json_object_get(request, "failback");
	json_t *o;

	if (json_is_true(json_object_get(request, "status")))
		o = status_json(d, name);
	else if (json_is_integer(since))
		o = json_pack("{s:o}", "events",
			      history_json(d->history, name, (uint64_t)
					   json_integer_value(since)));
	else if (json_is_string(failback) && !is_root)
		o = json_pack("{s:s}", "error", "only root may ask for that");
	else if (json_is_string(failback))
		o = answer_failback(d, json_string_value(failback));
	else
		o = json_pack("{s:s}", "error", "no such request");
	json_decref(request);
	return o;
}

/* ---- one who asks ---- */

static int client_write(struct client *c)
{
	ssize_t n;

	while (c->out_done < c->out_len) {
		n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return sd_event_source_set_io_events(c->io, EPOLLOUT);
		if (n < 0)
			break;
		c->out_done += (size_t)n;
	}
	client_free(c);
	return 0;
}

static int client_answer(struct client *c)
{
	json_t *o = answer(c->server->daemon, c->is_root, c->in, c->in_len);
	size_t len;

	c->out = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (!c->out) {
		client_free(c);
		return 0;
	}
	/* The NUL's place is the newline's. */
	len = strlen(c->out);
	c->out[len] = '\n';
	c->out_len = len + 1;
	return client_write(c);
}

static int on_client(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	(void)s;
	if (c->out)
		return client_write(c);
	(void)revents;
	n = recv(fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		client_free(c);
		return 0;
	}
	c->in_len += (size_t)n;
	if (memchr(c->in, '\n', c->in_len))
		return client_answer(c);
	if (c->in_len == sizeof(c->in))
		client_free(c);
	return 0;
}

static int on_late(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	client_free(arg);
	return 0;
}

static bool peer_is_root(int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       !peer.uid;
}

static int on_connect(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct server *server = arg;
	struct client *c;
	sd_event *loop = server->daemon->loop;

	(void)revents;
	fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	/* Who can't be taken in, for want of fds, stays at the door. */
	if (fd < 0) {
		if (sd_event_source_get_ratelimit(s, NULL, NULL) < 0)
			sd_event_source_set_ratelimit(s, CONNECT_US, 1);
		return 0;
	}
	sd_event_source_set_ratelimit(s, 0, 0);
	c = server->clients_n < CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return 0;
	}
	c->server = server;
	c->fd = fd;
	c->is_root = peer_is_root(fd);
	c->next = server->clients;
	server->clients = c;
	server->clients_n++;
	if (sd_event_add_io(loop, &c->io, fd, EPOLLIN, on_client, c) < 0 ||
	    sd_event_add_time_relative(loop, &c->timer, CLOCK_MONOTONIC,
				       CLIENT_US, 0, on_late, c) < 0)
		client_free(c);
	return 0;
}

/* ---- beginning and end ---- */

static int server_listen(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	/* One that a daemon left which was killed; we have its lock. */
	unlink(addr->sun_path);
	/* The group is the directory's: tmpfiles.d gives it set-group-id. */
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    chmod(addr->sun_path, 0660) || listen(fd, CLIENTS)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int server_start(struct daemon *d, const char *path)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->daemon = d;
	server->addr.sun_family = AF_UNIX;
	snprintf(server->addr.sun_path, sizeof(server->addr.sun_path), "%s",
		 path);
	server->fd = server_listen(&server->addr);
	err = server->fd;
	if (err >= 0)
		err = sd_event_add_io(d->loop, &server->io, server->fd,
				      EPOLLIN, on_connect, server);
	if (err < 0) {
		sd_event_source_disable_unref(server->io);
		if (server->fd >= 0)
			close(server->fd);
		free(server);
		return err;
	}
	d->server = server;
	return 0;
}

void server_stop(struct daemon *d)
{
	struct server *server = d->server;
	struct client *c, *next;

	if (!server)
		return;
	for (c = server->clients; c; c = next) {
		next = c->next;
		client_free(c);
	}
	sd_event_source_disable_unref(server->io);
	close(server->fd);
	unlink(server->addr.sun_path);
	free(server);
	d->server = NULL;
}
