// SPDX-License-Identifier: GPL-2.0
/* The handle and its message. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "claim.h"
#include "internal.h"

int stabletap_open(struct stabletap **out)
{
	struct stabletap *st = calloc(1, sizeof(*st));
	int on = 1;
	int err;

	if (!st)
		return -ENOMEM;
	st->control = -1;
	st->claims = -1;

	st->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!st->nl)
		goto err_free;
	if (mnl_socket_bind(st->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		goto err_free;

	/* Without these options answers have fewer details, or are longer. */
	mnl_socket_setsockopt(st->nl, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(st->nl, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(st->nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*out = st;
	return 0;

err_free:
	err = -errno;
	stabletap_close(st);
	return err;
}

void stabletap_no_wait(struct stabletap *st)
{
	st->no_wait = true;
}

void stabletap_close(struct stabletap *st)
{
	if (!st)
		return;
	if (st->claims >= 0)
		close(st->claims);
	if (st->control >= 0)
		close(st->control);
	if (st->nl)
		mnl_socket_close(st->nl);
	free(st);
}

const char *stabletap_message(const struct stabletap *st)
{
	return st->msg;
}

int st_claims(struct stabletap *st)
{
	if (st->claims < 0)
		st->claims = claims_open(STABLETAP_CLAIMS);
	return st->claims;
}

void stabletap_message_keep(const struct stabletap *st,
			    struct stabletap_kept *kept)
{
	memcpy(kept->text, st->msg, sizeof(kept->text));
}

void stabletap_message_put_back(struct stabletap *st,
				const struct stabletap_kept *kept)
{
	memcpy(st->msg, kept->text, sizeof(kept->text));
}

void st_message_clear(struct stabletap *st)
{
	st->msg[0] = '\0';
}

void st_message_set(struct stabletap *st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(st->msg, sizeof(st->msg), fmt, ap);
	va_end(ap);
}

#ifdef STABLETAP_FAULTS
#include <signal.h>

static void raise_at(const char *step, const char *env, int signal)
{
	const char *want = getenv(env);

	if (want && !strcmp(want, step))
		raise(signal);
}

void st_fault(const char *step)
{
	raise_at(step, "STABLETAP_FAULT", SIGKILL);
	raise_at(step, "STABLETAP_STOP", SIGSTOP);
}
#endif
