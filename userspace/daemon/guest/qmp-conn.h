/* SPDX-License-Identifier: GPL-2.0 */
/* One QMP connection: made, kept, lost and made again. */
#ifndef GUEST_QMP_CONN_H
#define GUEST_QMP_CONN_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

/* Called from the loop.  None may free the connection. */
struct qmp_conn_ops {
	/*
	 * The connection is ready for commands, or lost: then no answer comes
	 * to what was sent.  Either way trouble that was reported before is
	 * over.
	 */
	void (*state)(bool connected, void *arg);
	void (*event)(const char *name, const json_t *data, void *arg);
	/*
	 * An answer.  @value: the result; NULL: an error, described by @error.
	 */
	void (*answer)(const json_t *value, const char *error, void *arg);
	/*
	 * The monitor is unusable for the reason @why; NULL: it is gone.
	 * @news: the attempt before did not fail for that reason.
	 */
	void (*trouble)(const char *why, bool news, void *arg);
	/* The directory @dir can't be watched; the socket is still tried. */
	void (*unwatched)(const char *dir, const char *why, void *arg);
	/* The connection is idle: a command may be sent now. */
	void (*idle)(void *arg);
};

struct qmp_conn;
int qmp_conn_new(sd_event *loop, const char *path,
		 const struct qmp_conn_ops *ops, void *arg,
		 struct qmp_conn **out);
void qmp_conn_free(struct qmp_conn *c);

/* Is it connected, with no command under way? */
bool qmp_conn_is_idle(const struct qmp_conn *c);

/*
 * Sends a command, only while idle, and takes over its arguments (or NULL).
 * Errors are reported later by state().
 */
void qmp_conn_send(struct qmp_conn *c, const char *command, json_t *arguments);

#endif /* GUEST_QMP_CONN_H */
