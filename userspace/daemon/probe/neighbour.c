// SPDX-License-Identifier: GPL-2.0
/*
 * Probes by ARP and neighbour discovery.
 *
 * Probes are sent from the device's own MAC address, which no switch learns in
 * another place, and answers are sent back to it.  Below children that address
 * is the host's.  One socket for all devices receives these answers from the
 * host's own stack; guests' frames don't reach it.  A device that is (to be)
 * used whole gives all frames to its port.  There a packet socket taps the
 * device, and its filter sees each frame.  It stays open between probes:
 * closing it waits for an RCU grace period (some 15 ms), during which the
 * daemon could do nothing else, and that once a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/if_ether.h>

#include "frames.h"
#include "probe/answer.h"
#include "probe/neighbour.h"
#include "probe/probe.h"
#include "sender.h"
#include "util/idset.h"
#include "util/priority.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define READ_MAX 64		/* frames read in one turn of the loop */
/*
 * Turns of one socket per period (us), so that a flood of answers leaves the
 * loop to others.  Before an answer counts as missing, the socket is read
 * anyway.
 */
#define READ_TURNS 8
#define READ_US 10000
#define FD_RCVBUF 65536		/* an answer is a frame, or two */

/* A socket that receives answers */
struct receiver {
	int fd;
	sd_event_source *io;
};

struct neighbours {
	sd_event *loop;
	heard_fn fn;
	void *arg;
	int send_fd;
	struct receiver arp, nd;
	struct idset closing;	/* closes fds when the loop is idle */
	sd_event_source *closer;
};

/* ---- receiving ---- */

static void receive(const struct neighbours *n, int fd)
{
	struct sockaddr_ll from = { 0 };
	socklen_t from_len;
	uint8_t data[128];
	int frames = 0;
	ssize_t got;

	while (frames++ < READ_MAX) {
		from_len = sizeof(from);
		got = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);
		/*
		 * This also reads the error that a device going down leaves,
		 * once.
		 */
		if (got < 0)
			return;
		n->fn(from.sll_ifindex, ntohs(from.sll_protocol), data,
		      (size_t)got, n->arg);
	}
}

static int on_heard(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	(void)s, (void)revents;
	receive(arg, fd);
	return 0;
}

/* @dev 0: frames that any device gives to the host itself */
static int prepare(int fd, uint16_t proto, int dev)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(proto),
		.sll_ifindex = dev,
	};
	const int rcvbuf = FD_RCVBUF, on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &answer_filter,
		       sizeof(answer_filter)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return 0;
}

static int listen_on(struct neighbours *n, int *fd, sd_event_source **io,
		     uint16_t proto, int dev)
{
	int err;

	if (*fd >= 0)
		return 0;
	/* Protocol 0: no frame is received before the filter is attached. */
	*fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	err = prepare(*fd, proto, dev);
	if (!err)
		err = sd_event_add_io(n->loop, io, *fd, EPOLLIN, on_heard, n);
	if (err >= 0) {
		sd_event_source_set_priority(*io, PRIORITY_PROBE);
		sd_event_source_set_ratelimit(*io, READ_US, READ_TURNS);
		return 0;
	}
	close(*fd);
	*fd = -1;
	return err;
}

static struct receiver *receiver_of(struct neighbours *n, const struct probe *p)
{
	return p->spec.kind == CONF_PROBE_ARP ? &n->arp : &n->nd;
}

static int receiver_open(struct neighbours *n, struct probe *p)
{
	uint16_t proto = p->spec.kind == CONF_PROBE_ARP ? ETH_P_ARP :
							  ETH_P_IPV6;
	struct receiver *receiver = receiver_of(n, p);

	if (p->entry.whole)
		return listen_on(n, &p->tap, &p->tap_io, ETH_P_ALL,
				 p->dev->link.ifindex);
	return listen_on(n, &receiver->fd, &receiver->io, proto, 0);
}

void neighbour_listen(struct neighbours *n, struct probe *p)
{
	int fd = p->entry.whole ? p->tap : receiver_of(n, p)->fd;

	if (fd >= 0)
		receive(n, fd);
}

bool neighbour_is_answer(const struct probe *p, uint16_t proto,
			 const uint8_t *data, size_t len)
{
	if (proto == ETH_P_ARP)
		return p->spec.kind == CONF_PROBE_ARP &&
		       answer_is_arp(data, len, p->mac, p->spec.target);
	return p->spec.kind == CONF_PROBE_ND &&
	       answer_is_nd(data, len, p->source, p->spec.target);
}

/* ---- sending ---- */

static int send_frame(struct neighbours *n, int dev,
		      const struct announce_frame *f)
{
	if (n->send_fd < 0)
		n->send_fd = sender_open();
	return n->send_fd < 0 ? n->send_fd : sender_send(n->send_fd, dev, f);
}

int neighbour_ask(struct neighbours *n, struct probe *p)
{
	bool arp = p->spec.kind == CONF_PROBE_ARP;
	struct announce_frame f;
	int err;

	memcpy(p->mac, p->dev->link.addr, sizeof(p->mac));
	/*
	 * Use the link-local address of the device's MAC address as the source.
	 * The unspecified address would mean duplicate address detection, and
	 * keep a gateway that has just booted from taking its address.
	 */
	if (p->spec.source_family)
		memcpy(p->source, p->spec.source, sizeof(p->source));
	else if (!arp)
		answer_link_local(p->mac, p->source);
	err = receiver_open(n, p);
	if (err)
		return err;
	if (arp)
		ask_arp(&f, p->mac, p->source, p->spec.target);
	else
		ask_nd(&f, p->mac, p->source, p->spec.target);
	return send_frame(n, p->dev->link.ifindex, &f);
}

/* ---- closing ---- */

static int on_close(sd_event_source *s, void *arg)
{
	struct neighbours *n = arg;
	int fd;

	if (!n->closing.n)
		return 0;
	fd = n->closing.v[n->closing.n - 1];
	idset_drop(&n->closing, fd);
	close(fd);
	if (n->closing.n)
		sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

void neighbour_forget(struct neighbours *n, struct probe *p)
{
	p->tap_io = sd_event_source_disable_unref(p->tap_io);
	if (p->tap < 0)
		return;
	if (idset_add(&n->closing, p->tap) > 0)
		sd_event_source_set_enabled(n->closer, SD_EVENT_ONESHOT);
	else
		close(p->tap);
	p->tap = -1;
}

/* ---- beginning and end ---- */

struct neighbours *neighbours_new(sd_event *loop, heard_fn fn, void *arg)
{
	struct neighbours *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->loop = loop;
	n->fn = fn;
	n->arg = arg;
	n->send_fd = -1;
	n->arp.fd = -1;
	n->nd.fd = -1;
	if (sd_event_add_defer(loop, &n->closer, on_close, n) < 0) {
		free(n);
		return NULL;
	}
	sd_event_source_set_priority(n->closer, PRIORITY_CLOSE);
	sd_event_source_set_enabled(n->closer, SD_EVENT_OFF);
	return n;
}

static void receiver_close(struct receiver *receiver)
{
	sd_event_source_disable_unref(receiver->io);
	if (receiver->fd >= 0)
		close(receiver->fd);
}

void neighbours_free(struct neighbours *n)
{
	size_t i;

	if (!n)
		return;
	for (i = 0; i < n->closing.n; i++)
		close(n->closing.v[i]);
	idset_release(&n->closing);
	sd_event_source_disable_unref(n->closer);
	receiver_close(&n->arp);
	receiver_close(&n->nd);
	if (n->send_fd >= 0)
		close(n->send_fd);
	free(n);
}
