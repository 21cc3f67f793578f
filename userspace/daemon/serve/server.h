/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket: one JSON object in a line is asked, lines are answered.  Knows
 * nothing of what is asked.
 *
 * No user can keep others out, or the daemon from its work: each has a bounded
 * number of places, root has some of its own, and the time that a user's
 * answers take is paid for by waiting several times as long for the next one.
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
	 * What @request is answered; NULL: later, by client_answer(), or, if
	 * client_keep() was called, by client_tell().
	 */
	json_t *(*ask)(struct client *c, const json_t *request, void *arg);
	/* A client that waits for an answer, or was kept, has gone. */
	void (*gone)(struct client *c, void *arg);
};

int server_start(sd_event *loop, const char *path,
		 const struct server_ops *ops, void *arg,
		 struct server **out);
void server_stop(struct server *s);

bool client_is_root(const struct client *c);
/* The answer, taken over, and then the end */
void client_answer(struct client *c, json_t *o);
/* It stays after its first answer, until it goes. */
void client_keep(struct client *c);
/*
 * One more line.  It is written by the loop, when it is the clients' turn: what
 * is told of must not wait for those that it is told to.
 */
void client_tell(struct client *c, const char *line);

#endif /* SERVE_SERVER_H */
