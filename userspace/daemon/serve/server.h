/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket: a client sends a line with a JSON object, and gets lines as the
 * answer.  The server does not interpret requests.
 *
 * No user can keep others out, or keep the daemon from its work: each has a
 * bounded number of places, root has some of its own, and the time that a
 * user's answers take is followed by a pause several times as long.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct client;
struct server;

struct server_ops {
	/*
	 * Returns the answer to @request; NULL: it follows by client_answer()
	 * or, after client_keep(), by client_tell().
	 */
	json_t *(*ask)(struct client *c, const json_t *request, void *arg);
	/* A client that waits for its answer, or was kept, has disconnected. */
	void (*gone)(struct client *c, void *arg);
};

int server_start(sd_event *loop, const char *path,
		 const struct server_ops *ops, void *arg,
		 struct server **out);
void server_stop(struct server *s);

bool client_is_root(const struct client *c);
/* Sends the answer, which is taken over, and ends the connection. */
void client_answer(struct client *c, json_t *o);
/* Keeps the client after its first answer, until it disconnects. */
void client_keep(struct client *c);
/*
 * Sends one more line.  The loop writes it when it serves clients, so that no
 * event waits for the clients that follow it.
 */
void client_tell(struct client *c, const char *line);

#endif /* SERVE_SERVER_H */
