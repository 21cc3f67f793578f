/* SPDX-License-Identifier: GPL-2.0 */
/* One QMP connection: made, kept, lost and made again. */
#ifndef GUEST_QMP_CONN_H
#define GUEST_QMP_CONN_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

/* Called from the loop; none of them may free the connection. */
struct qmp_conn_ops {
	/*
	 * Commands can be sent, or no more: what was sent is not answered.
	 * Either way the trouble that was told before is over.
	 */
	void (*state)(bool connected, void *arg);
	void (*event)(const char *name, const json_t *data, void *arg);
	/* @value: what was returned; NULL: refused, @error says why. */
	void (*answer)(const json_t *value, const char *error, void *arg);
	/*
	 * There is somebody, but of no use, and why; NULL: nobody is there any
	 * more.  @news: it was not so at the attempt before.
	 */
	void (*trouble)(const char *why, bool news, void *arg);
	/* Nothing is being asked: a command may be sent now. */
	void (*idle)(void *arg);
};

struct qmp_conn;
int qmp_conn_new(sd_event *loop, const char *path,
		 const struct qmp_conn_ops *ops, void *arg,
		 struct qmp_conn **out);
void qmp_conn_free(struct qmp_conn *c);

/* Connected, and no command under way. */
bool qmp_conn_is_idle(const struct qmp_conn *c);

/*
 * Send a command, whose arguments (or NULL) are taken over.  Only while idle.
 * What goes wrong is told by state() later.
 */
void qmp_conn_send(struct qmp_conn *c, const char *command, json_t *arguments);

#endif /* GUEST_QMP_CONN_H */
