// SPDX-License-Identifier: GPL-2.0
/* Requests and answers on rtnetlink. */
#include <errno.h>
#include <string.h>
#include <linux/netlink.h>

#include "internal.h"

/* Number of dumps that are tried if devices change meanwhile */
#define DUMP_ATTEMPTS 20

/* Stores the extended ACK's message; @attrs begin @offset into the payload. */
static void take_extack(struct stabletap *st, const struct nlmsghdr *nlh,
			unsigned int offset)
{
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (mnl_nlmsg_get_payload_len(nlh) < offset)
		return;
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG)
			continue;
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		st_message_set(st, "%s", mnl_attr_get_str(attr));
	}
}

static int take_error(struct stabletap *st, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	unsigned int offset = sizeof(*e);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
		return -EBADMSG;
	/* The request follows the error, unless capped. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && e->error)
		offset += mnl_nlmsg_get_payload_len(&e->msg);
	/* A success may carry a warning, which is no message of a failure. */
	if (e->error)
		take_extack(st, nlh, MNL_ALIGN(offset));
	return e->error;
}

static int take_done(struct stabletap *st, const struct nlmsghdr *nlh)
{
	const int *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return 0;
	if (*error < 0)
		take_extack(st, nlh, sizeof(*error));
	return *error < 0 ? *error : 0;
}

struct nlmsghdr *st_nl_request(char buf[ST_REQUEST_SIZE], uint16_t type,
			       uint16_t flags, const void *header, size_t size)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, ST_REQUEST_SIZE);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
	return nlh;
}

struct nlmsghdr *st_nl_link_request(char buf[ST_REQUEST_SIZE], uint16_t type,
				    uint16_t flags, int ifindex)
{
	const struct ifinfomsg ifi = { .ifi_index = ifindex };

	return st_nl_request(buf, type, flags, &ifi, sizeof(ifi));
}

struct exchange {
	struct stabletap *st;
	st_answer_fn fn;
	void *arg;
	bool single;		/* the first answer is the last */
	bool interrupted;
	bool done;
	int err;
};

static void take_message(struct exchange *x, const struct nlmsghdr *nlh)
{
	/*
	 * Ignore the flag of the end: a change after the last part does not
	 * affect the parts, and where devices change all the time the flag is
	 * nearly always set.
	 */
	if ((nlh->nlmsg_flags & NLM_F_DUMP_INTR) &&
	    nlh->nlmsg_type != NLMSG_DONE)
		x->interrupted = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		x->done = true;
		x->err = x->err ? x->err : take_error(x->st, nlh);
		break;
	case NLMSG_DONE:
		x->done = true;
		x->err = x->err ? x->err : take_done(x->st, nlh);
		break;
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		break;
	default:
		/*
		 * Read on after an error, so that no answer stays in the
		 * socket.
		 */
		if (x->fn && !x->err)
			x->err = x->fn(nlh, x->arg);
		x->done = x->single;
	}
}

int st_nl_exchange(struct stabletap *st, struct nlmsghdr *nlh, st_answer_fn fn,
		   void *arg)
{
	struct exchange x = {
		.st = st, .fn = fn, .arg = arg,
		.single = !(nlh->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)),
	};
	unsigned int portid = mnl_socket_get_portid(st->nl);
	unsigned int seq = ++st->seq;
	const struct nlmsghdr *in;
	ssize_t got;
	int left;

	st_message_clear(st);
	nlh->nlmsg_seq = seq;
	if (mnl_socket_sendto(st->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;

	while (!x.done) {
		got = mnl_socket_recvfrom(st->nl, st->buf, sizeof(st->buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		left = (int)got;
		in = (const struct nlmsghdr *)st->buf;
		for (; stabletap_message_ok(in, left);
		     in = mnl_nlmsg_next(in, &left)) {
			/*
			 * Skip answers to earlier requests that were given up.
			 */
			if (in->nlmsg_seq != seq || in->nlmsg_pid != portid)
				continue;
			take_message(&x, in);
		}
	}
	if (x.err)
		return x.err;
	return x.interrupted ? -EINTR : 0;
}

int st_nl_dump(struct stabletap *st, struct nlmsghdr *nlh, st_answer_fn fn,
	       void (*reset)(void *arg), void *arg)
{
	int err = 0;
	int i;

	for (i = 0; i < DUMP_ATTEMPTS; i++) {
		reset(arg);
		err = st_nl_exchange(st, nlh, fn, arg);
		if (err != -EINTR && err != -ENOBUFS)
			return err;
	}
	st_message_set(st, "what was listed changed during each of %d attempts",
		       DUMP_ATTEMPTS);
	return err == -EINTR ? 1 : -EAGAIN;
}
