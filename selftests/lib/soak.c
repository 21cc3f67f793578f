// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"
#include "st.h"

#define TRACE		"/sys/kernel/tracing/instances/stabletap-soak"
#define EVENT		TRACE "/events/skb/kfree_skb"

#define ADD(counter, n) __atomic_fetch_add(&(counter), n, __ATOMIC_RELAXED)
#define IS(flag)	__atomic_load_n(&(flag), __ATOMIC_ACQUIRE)
#define SET(flag)	__atomic_store_n(&(flag), true, __ATOMIC_RELEASE)

static void unexpected(struct soak *s, int err)
{
	ADD(s->shared->unexpected, 1);
	s->shared->last_unexpected = err;
}

/* Frames */

static void frame_make(uint8_t *frame, uint16_t type, const uint8_t *dst,
		       const void *src, uint32_t number)
{
	uint16_t be = htons(type);

	st_frame(frame, SOAK_LEN, dst, src, number);
	memcpy(frame + 12, &be, sizeof(be));
}

/*
 * The number of a frame of this type; -1 if it has another type, -2 if it is
 * damaged.  The frame must not be modified: if a reader is killed here, its
 * slot is examined again.
 */
static int64_t frame_number(const uint8_t *frame, ssize_t len, uint16_t type)
{
	uint16_t be = htons(type), st = htons(ST_ETHERTYPE);
	uint8_t copy[SOAK_LEN];
	int64_t number;

	if (len < ETH_HLEN + 4 || memcmp(frame + 12, &be, sizeof(be)))
		return -1;
	if (len != SOAK_LEN)
		return -2;
	memcpy(copy, frame, sizeof(copy));
	memcpy(copy + 12, &st, sizeof(st));
	number = st_frame_number(copy, len);
	return number < 0 ? -2 : number;
}

/* Record the arrival of a frame; a second arrival is a duplicate. */
static void frame_seen(struct soak *s, uint8_t *map, int64_t number)
{
	if (number == -1)
		return;
	if (number < 0 || number >= s->frames)
		ADD(s->shared->damaged, 1);
	else if (__atomic_exchange_n(&map[number], 1, __ATOMIC_RELAXED))
		ADD(s->shared->duplicates, 1);
}

static uint64_t frames_in(const struct soak *s, const uint8_t *map)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < s->frames; i++)
		sum += map[i];
	return sum;
}

/* Readers */

static void queue_read(struct soak *s, int fd, struct soak_slot *slot)
{
	struct iovec iov[] = {
		{ slot->hdr, sizeof(slot->hdr) },
		{ slot->frame, sizeof(slot->frame) },
	};
	ssize_t len;

	for (;;) {
		/*
		 * If this process is killed, a frame in the slot is one that it
		 * has read.
		 */
		memset(slot->frame, 0, ETH_HLEN);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		len = readv(fd, iov, 2);
		if (len < 0)
			break;
		frame_seen(s, s->shared->rx_seen,
			   frame_number(slot->frame, len - sizeof(slot->hdr),
					SOAK_RX_ETHERTYPE));
	}
	if (errno != EAGAIN)
		unexpected(s, -errno);
}

static void *reader(void *arg)
{
	static struct soak_slot slot;
	struct soak *s = arg;
	struct pollfd pfd[2] = {
		{ .fd = s->fd[0], .events = POLLIN },
		{ .fd = s->fd[1], .events = POLLIN },
	};

	while (!IS(s->drain)) {
		poll(pfd, 2, 50);
		if ((pfd[0].revents | pfd[1].revents) & ~POLLIN)
			unexpected(s, -EIO);
		queue_read(s, s->fd[0], &slot);
		queue_read(s, s->fd[1], &slot);
	}
	return NULL;
}

/* A reader process, which may be killed at any moment */
static void reader_process(struct soak *s, int which)
{
	struct pollfd pfd = { .events = POLLIN };

	signal(SIGTERM, SIG_DFL);
	pfd.fd = st_port_open(s->control, s->port, 0);
	if (pfd.fd < 0) {
		unexpected(s, pfd.fd);
		_exit(1);
	}
	close(s->fd[0]);
	close(s->fd[1]);
	ADD(s->shared->ready, 1);
	for (;;) {
		poll(&pfd, 1, 1000);
		if (pfd.revents & ~POLLIN)
			unexpected(s, -EIO);
		queue_read(s, pfd.fd, &s->shared->slot[which]);
	}
}

static bool reader_is_ready(void *arg)
{
	struct soak *s = arg;

	return IS(s->shared->ready) || IS(s->shared->unexpected);
}

static int reader_fork(struct soak *s, int which)
{
	__atomic_store_n(&s->shared->ready, 0, __ATOMIC_RELEASE);
	s->child[which] = fork();
	if (s->child[which] < 0)
		return -errno;
	if (!s->child[which]) {
		reader_process(s, which);
		_exit(0);
	}
	return st_wait(reader_is_ready, s, ST_DEADLINE) ? 0 : -ETIMEDOUT;
}

static void reader_reap(struct soak *s, int which)
{
	struct soak_slot *slot = &s->shared->slot[which];
	int64_t number;

	if (s->child[which] <= 0)
		return;
	kill(s->child[which], SIGKILL);
	waitpid(s->child[which], NULL, 0);
	s->child[which] = 0;
	/* The killed reader may have read this frame but not recorded it. */
	number = frame_number(slot->frame, SOAK_LEN, SOAK_RX_ETHERTYPE);
	if (number >= 0 && number < s->frames)
		s->shared->rx_seen[number] = 1;
	memset(slot, 0, sizeof(*slot));
}

int soak_kill_reader(struct soak *s, int which)
{
	reader_reap(s, which);
	return reader_fork(s, which);
}

/* Writers and senders */

/*
 * Called before each frame.  Sends slowly, so that frames are in flight during
 * the events, and waits while the caller has not allowed more.  Returns false
 * at the end.
 */
static bool may_send(struct soak *s, uint32_t number)
{
	if (number >= s->frames)
		return false;
	if (number % 8 == 0)
		usleep(1000);
	while (number >= IS(s->allowed)) {
		if (IS(s->stop))
			return false;
		usleep(1000);
	}
	return true;
}

static void *writer(void *arg)
{
	static unsigned int which;
	struct soak *s = arg;
	int fd = s->fd[ADD(which, 1) & 1];
	uint8_t frame[SOAK_LEN];
	uint32_t number;
	ssize_t len;

	while (!IS(s->stop)) {
		number = ADD(s->next_tx, 1);
		if (!may_send(s, number))
			break;
		frame_make(frame, ST_ETHERTYPE, (const uint8_t *)ST_MAC_PEER,
			   ST_MAC_PORT, number);
again:
		pthread_rwlock_rdlock(&s->gate);
		len = st_fd_write(fd, frame, sizeof(frame));
		if (len == sizeof(frame))
			ADD(*(s->port_down ? &s->written_down : &s->written),
			    1);
		else
			ADD(s->refused, 1);
		pthread_rwlock_unlock(&s->gate);
		if (len == -EAGAIN || len == -ENOMEM || len == -ENOBUFS) {
			usleep(1000);
			if (!IS(s->stop))
				goto again;
		} else if (len != sizeof(frame)) {
			unexpected(s, len);
		}
	}
	return NULL;
}

/*
 * Choose the device for a frame to the port; sometimes a wrong one on purpose.
 */
static int sender_target(struct soak *s, uint32_t number)
{
	int current = __atomic_load_n(&s->current, __ATOMIC_RELAXED);

	if (current < 0 || current >= SOAK_VETHS || number % 64 == 0)
		current = number / 64 % SOAK_VETHS;
	return __atomic_load_n(&s->peer[current], __ATOMIC_RELAXED);
}

static void sender_send(struct soak *s, uint32_t number)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(SOAK_RX_ETHERTYPE),
	};
	uint8_t frame[SOAK_LEN];
	ssize_t len;

	frame_make(frame, SOAK_RX_ETHERTYPE, s->mac, ST_MAC_PEER, number);
	do {
		addr.sll_ifindex = sender_target(s, number);
		len = sendto(s->sender, frame, sizeof(frame), 0,
			     (struct sockaddr *)&addr, sizeof(addr));
		/*
		 * ENOBUFS: the veth dropped the frame, so it counts as sent.  A
		 * lack of memory for the frame has the same errno.
		 */
		if (len == sizeof(frame) || errno == ENOBUFS) {
			ADD(s->sent, 1);
			if (len < 0)
				ADD(s->dropped, 1);
			return;
		}
		/* The device is down or was deleted, or the socket is full. */
		if (errno != ENETDOWN && errno != ENXIO && errno != ENODEV &&
		    errno != EAGAIN && errno != ENOMEM)
			unexpected(s, -errno);
		usleep(1000);
	} while (!IS(s->stop));
}

static void *sender(void *arg)
{
	struct soak *s = arg;
	uint32_t number;

	while (!IS(s->stop)) {
		number = ADD(s->next_rx, 1);
		if (!may_send(s, number))
			break;
		sender_send(s, number);
	}
	return NULL;
}

/* Read the frames at the far end, and those in the host's own stack. */
static void far_read(struct soak *s)
{
	uint8_t frame[2048];
	ssize_t len;

	while ((len = read(s->far, frame, sizeof(frame))) >= 0)
		frame_seen(s, s->shared->tx_seen,
			   frame_number(frame, len, ST_ETHERTYPE));
	if (errno != EAGAIN)
		unexpected(s, -errno);
}

/* Time of receipt by the kernel, CLOCK_BOOTTIME; 0 if unknown */
static uint64_t received_at(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct timespec ts;

	if (!cmsg || cmsg->cmsg_type != SCM_TIMESTAMPNS)
		return 0;
	memcpy(&ts, CMSG_DATA(cmsg), sizeof(ts));
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec +
	       st_clock(CLOCK_BOOTTIME) - st_clock(CLOCK_REALTIME);
}

/* The two clocks are read one after the other, so their offset is not exact. */
#define CLOCK_SLACK 1000000	/* ns */

/*
 * Returns true if the port should have got this frame: if the device was the
 * port's lower from before the frame arrived until now.
 */
static bool is_the_ports(const struct soak *s, int ifindex, uint64_t when)
{
	struct stabletap_get get;
	int lower = IS(s->current);

	if (ifindex == s->port)
		return true;
	if (lower == SOAK_NONE || ifindex != s->lower[lower] ||
	    st_get(s->control, s->port, &get))
		return false;
	return get.lower == (uint32_t)ifindex &&
	       get.attach_time + CLOCK_SLACK < when;
}

static void host_read(struct soak *s)
{
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct sockaddr_ll from;
	uint8_t frame[2048];
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg;

	for (;;) {
		msg = (struct msghdr){
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		if (recvmsg(s->host, &msg, 0) < 0)
			break;
		if (is_the_ports(s, from.sll_ifindex, received_at(&msg)))
			ADD(s->leaked, 1);
		ADD(s->host_seen, 1);
	}
	if (errno != EAGAIN)
		unexpected(s, -errno);
}

static void *watcher(void *arg)
{
	struct soak *s = arg;
	struct pollfd pfd[2] = {
		{ .fd = s->far, .events = POLLIN },
		{ .fd = s->host, .events = POLLIN },
	};

	while (!IS(s->drain)) {
		poll(pfd, 2, 50);
		far_read(s);
		host_read(s);
	}
	return NULL;
}

/*
 * Count the frames that the kernel frees, by ethertype and place in the code.
 */

bool soak_can_audit(void)
{
	bool can;

	st_sh("mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; mkdir "
	      TRACE " 2>/dev/null");
	can = !access(EVENT "/hist", F_OK);
	st_sh("rmdir " TRACE " 2>/dev/null");
	return can;
}

static int audit_start(void)
{
	/*
	 * The new namespace's sysfs hides tracefs, which is mounted inside of
	 * sysfs.
	 */
	if (st_sh("mountpoint -q /sys/kernel/tracing || "
		  "mount -t tracefs tracefs /sys/kernel/tracing"))
		return -ENODEV;
	st_sh("rmdir " TRACE " 2>/dev/null");
	if (st_sh("mkdir " TRACE))
		return -ENODEV;
	return scene_file_write(EVENT "/trigger",
				"hist:keys=protocol,location.sym:size=2048"
				" if protocol==0x88b5||protocol==0x88b6");
}

static void audit_end(void)
{
	scene_file_write(EVENT "/trigger",
			 "!hist:keys=protocol,location.sym:size=2048"
			 " if protocol==0x88b5||protocol==0x88b6");
	st_sh("rmdir " TRACE);
}

/* One line: "{ protocol: 34997, location: [...] place+0 [module] } hitcount: 5" */
static void audit_line(struct soak_ledger *ledger, const char *line)
{
	const char *at = strstr(line, "location:"), *n = strstr(line, "hitcount:");
	unsigned int protocol;
	uint64_t hits;

	if (sscanf(line, "{ protocol: %u", &protocol) != 1 || !at || !n)
		return;
	hits = strtoull(n + strlen("hitcount:"), NULL, 10);
	/* Copies for packet sockets are not frames of the port. */
	if (strstr(at, "skb_queue_purge") || strstr(at, "tpacket_rcv"))
		return;
	if (protocol == ST_ETHERTYPE) {
		ledger->tx_freed += hits;
		if (strstr(at, "[stabletap]"))
			ledger->tx_freed_port += hits;
		return;
	}
	ledger->rx_freed += hits;
	if (strstr(at, "[stabletap]"))
		ledger->rx_freed_port += hits;
	else if (strstr(at, "tap_handle_frame"))
		ledger->rx_freed_full += hits;
	else if (strstr(at, "[tap]"))
		ledger->rx_freed_ring += hits;
}

static int audit_read(struct soak_ledger *ledger, bool print)
{
	FILE *file = fopen(EVENT "/hist", "re");
	char line[512];
	int err = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		audit_line(ledger, line);
		if (print && line[0] == '{')
			printf("# %s", line);
		/* Frames freed at places for which the table had no room */
		if (!strncmp(line, "    Dropped:", 12) &&
		    strtoull(line + 12, NULL, 10))
			err = -ENOSPC;
	}
	fclose(file);
	return err;
}

/* The lowers */

const char *soak_name(enum soak_lower lower)
{
	static const char *const name[] = { "v0", "v1", "mv0", "d0" };

	return lower < 0 ? "none" : name[lower];
}

static int veth_make(struct soak *s, int i)
{
	char name[IFNAMSIZ], peer[IFNAMSIZ];
	int err;

	snprintf(name, sizeof(name), "v%d", i);
	snprintf(peer, sizeof(peer), "p%d", i);
	err = st_veth_add(name, peer, s->there);
	if (err)
		return err;
	err = st_netns_enter(s->there);
	if (err)
		return err;
	__atomic_store_n(&s->peer[i], st_ifindex(peer), __ATOMIC_RELAXED);
	err = st_netns_enter(s->here);
	if (err)
		return err;
	return st_wait_up(st_ifindex(name), ST_DEADLINE) ? 0 : -ETIMEDOUT;
}

int soak_make(struct soak *s, enum soak_lower lower)
{
	int err = 0;

	switch (lower) {
	case SOAK_V0:
	case SOAK_V1:
		err = veth_make(s, lower);
		break;
	case SOAK_MV0:
		err = st_macvlan_add("mv0", st_ifindex("v2"), s->mac, 0);
		break;
	case SOAK_D0:
		err = st_link_add("d0", "dummy", 0);
		break;
	default:
		return -EINVAL;
	}
	s->lower[lower] = st_ifindex(soak_name(lower));
	return err < 0 ? err : 0;
}

struct link_stats {
	int ifindex;
	uint64_t tx_packets;
	bool found;
};

static int link_stats_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	struct link_stats *stats = data;
	struct rtnl_link_stats64 all;
	const struct nlattr *attr;

	if (ifm->ifi_index != stats->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		if (mnl_attr_get_type(attr) != IFLA_STATS64)
			continue;
		memcpy(&all, mnl_attr_get_payload(attr), sizeof(all));
		stats->tx_packets = all.tx_packets;
	}
	stats->found = nlh->nlmsg_type == RTM_DELLINK;
	return MNL_CB_OK;
}

/* Delete a device.  The kernel's RTM_DELLINK has its final counters. */
static int link_del_counted(int ifindex, uint64_t *tx_packets)
{
	struct link_stats stats = { .ifindex = ifindex };
	char buf[32768] __attribute__((aligned(8)));
	struct mnl_socket *nl;
	ssize_t len;
	int err;

	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl)
		return -errno;
	err = -EIO;
	if (mnl_socket_bind(nl, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		goto out;
	err = st_link_del(ifindex);
	while (!err && !stats.found) {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len < 0)
			err = -errno;
		else
			mnl_cb_run(buf, len, 0, 0, link_stats_cb, &stats);
	}
	*tx_packets = stats.tx_packets;
out:
	mnl_socket_close(nl);
	return err;
}

int soak_delete(struct soak *s, enum soak_lower lower)
{
	uint64_t swallowed = 0;
	int err;

	err = link_del_counted(s->lower[lower], &swallowed);
	s->lower[lower] = 0;
	if (lower == SOAK_D0)
		s->swallowed += swallowed;
	return err;
}

int soak_attach(struct soak *s, enum soak_lower lower, uint32_t flags)
{
	int err;

	if (lower == SOAK_NONE)
		err = st_detach(s->control, s->port);
	else
		err = st_attach(s->control, s->port, s->lower[lower], flags);
	if (!err)
		__atomic_store_n(&s->current, lower, __ATOMIC_RELAXED);
	return err;
}

void soak_hold_writers(struct soak *s)
{
	pthread_rwlock_wrlock(&s->gate);
}

void soak_let_write(struct soak *s)
{
	pthread_rwlock_unlock(&s->gate);
}

int soak_port_up(struct soak *s, bool up)
{
	int err;

	soak_hold_writers(s);
	err = st_link_up(s->port, up);
	if (!err)
		s->port_down = !up;
	soak_let_write(s);
	return err;
}

/* All of it */

static void *shared_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int soak_new_namespaces(struct soak *s)
{
	int err;

	err = st_netns_new();
	if (err)
		return err;
	s->here = st_netns_fd();
	s->there = st_netns_another();
	s->away = st_netns_another();
	if (s->here < 0 || s->there < 0 || s->away < 0)
		return -EMFILE;
	err = st_netns_enter(s->there);
	if (err)
		return err;
	err = scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
			       "1");
	s->far = st_packet_open(0, false);
	/* A packet socket without a protocol receives nothing. */
	s->sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   0);
	if (err || s->far < 0 || s->sender < 0)
		return err ? err : -EMFILE;
	return st_netns_enter(s->here);
}

/* Bind a packet socket to a type of frame, not to a device. */
static int soak_bind(int fd, uint16_t type)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(type),
	};

	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
}

static int soak_new_port(struct soak *s)
{
	int i;

	s->control = st_control_open();
	if (s->control < 0)
		return s->control;
	s->port = st_port_new(s->control, "vm1", 0, SOAK_QUEUES);
	if (s->port < 0)
		return s->port;
	memcpy(s->mac, ST_MAC_PORT, 6);
	for (i = 0; i < 2; i++) {
		s->fd[i] = st_port_open(s->control, s->port, 0);
		if (s->fd[i] < 0)
			return s->fd[i];
	}
	return 0;
}

int soak_new(struct soak *s, uint32_t frames)
{
	pthread_rwlockattr_t attr;
	int err, i;

	memset(s, 0, sizeof(*s));
	s->frames = frames;
	s->shared = shared_memory(sizeof(*s->shared));
	if (!s->shared)
		return -ENOMEM;
	s->shared->tx_seen = shared_memory(frames);
	s->shared->rx_seen = shared_memory(frames);
	if (!s->shared->tx_seen || !s->shared->rx_seen)
		return -ENOMEM;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
			PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&s->gate, &attr);

	err = soak_new_namespaces(s);
	if (!err)
		err = scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
				       "1");
	if (!err)
		err = soak_new_port(s);
	for (i = 0; i < SOAK_VETHS && !err; i++)
		err = veth_make(s, i);
	if (err)
		return err;
	s->host = st_packet_open(0, false);
	if (s->host < 0)
		return s->host;
	if (setsockopt(s->host, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 },
		       sizeof(int)))
		return -errno;
	err = soak_bind(s->host, SOAK_RX_ETHERTYPE);
	if (err)
		return err;
	s->lower[SOAK_V0] = st_ifindex("v0");
	s->lower[SOAK_V1] = st_ifindex("v1");
	err = soak_make(s, SOAK_MV0);
	if (!err)
		err = soak_make(s, SOAK_D0);
	if (!err)
		err = audit_start();
	return err ? err : soak_attach(s, SOAK_V0, 0);
}

int soak_start(struct soak *s)
{
	void *(* const run[])(void *) = {
		writer, writer, sender, sender, reader, watcher,
	};
	int i, err;

	for (i = 0; i < SOAK_CHILDREN; i++) {
		err = reader_fork(s, i);
		if (err)
			return err;
	}
	for (i = 0; i < 6; i++) {
		err = pthread_create(&s->thread[i], NULL, run[i], s);
		if (err)
			return -err;
	}
	return 0;
}

void soak_allow(struct soak *s, uint32_t frames)
{
	ADD(s->allowed, frames);
}

bool soak_is_done(struct soak *s)
{
	return ADD(s->next_tx, 0) >= s->frames &&
	       ADD(s->next_rx, 0) >= s->frames;
}

static uint64_t dummy_swallowed(struct soak *s)
{
	struct link_stats stats = { .ifindex = s->lower[SOAK_D0] };
	char buf[256] = {};

	if (s->lower[SOAK_D0])
		st_talk(st_link_msg(buf, RTM_GETLINK, 0, stats.ifindex),
			link_stats_cb, &stats);
	return s->swallowed + stats.tx_packets;
}

struct settling {
	struct soak *s;
	struct soak_ledger *ledger;
};

static bool rx_is_complete(const struct soak *s, const struct soak_ledger *l)
{
	uint64_t found = l->read + l->host + l->rx_freed;

	if (!s->short_of_memory)
		return l->sent == found;
	return found <= l->sent && found >= l->sent - s->dropped;
}

static bool is_settled(void *arg)
{
	struct settling *settling = arg;
	struct soak_ledger *ledger = settling->ledger;
	struct soak *s = settling->s;

	memset(ledger, 0, sizeof(*ledger));
	if (audit_read(ledger, false) ||
	    st_stats(s->control, s->port, &ledger->stats))
		return false;
	ledger->written = s->written;
	ledger->written_down = s->written_down;
	ledger->refused = s->refused;
	ledger->far = frames_in(s, s->shared->tx_seen);
	ledger->swallowed = dummy_swallowed(s);
	ledger->sent = s->sent;
	ledger->read = frames_in(s, s->shared->rx_seen);
	ledger->host = ADD(s->host_seen, 0);
	return ledger->written + ledger->written_down == ledger->far +
	       ledger->swallowed + ledger->tx_freed &&
	       rx_is_complete(s, ledger);
}

int soak_settle(struct soak *s, struct soak_ledger *ledger)
{
	struct settling settling = { s, ledger };
	bool settled;
	int i;

	SET(s->stop);
	for (i = 0; i < 4; i++)
		pthread_join(s->thread[i], NULL);
	settled = st_wait(is_settled, &settling, ST_DEADLINE);
	SET(s->drain);
	for (i = 4; i < 6; i++)
		pthread_join(s->thread[i], NULL);
	for (i = 0; i < SOAK_CHILDREN; i++)
		reader_reap(s, i);
	if (settled)
		return 0;
	return is_settled(&settling) ? 0 : -ETIMEDOUT;
}

void soak_end(struct soak *s)
{
	int i;

	for (i = 0; i < SOAK_CHILDREN; i++)
		reader_reap(s, i);
	audit_end();
	for (i = 0; i < 2; i++)
		close(s->fd[i]);
	st_port_delete(s->control, s->port, STABLETAP_DELETE_FORCE);
	close(s->control);
	close(s->far);
	close(s->sender);
	close(s->host);
	close(s->here);
	close(s->there);
	close(s->away);
	munmap(s->shared->tx_seen, s->frames);
	munmap(s->shared->rx_seen, s->frames);
	munmap(s->shared, sizeof(*s->shared));
	pthread_rwlock_destroy(&s->gate);
}

static int must_be(const char *what, uint64_t left, uint64_t right)
{
	if (left == right)
		return 0;
	printf("# not equal: %s: %llu, %llu\n", what, (unsigned long long)left,
	       (unsigned long long)right);
	return 1;
}

int soak_check(const struct soak *s, const struct soak_ledger *l)
{
	const struct stabletap_stats *st = &l->stats;
	int bad = 0;

	bad += must_be("written = far end + dummies + freed",
		       l->written + l->written_down,
		       l->far + l->swallowed + l->tx_freed);
	bad += must_be("written while up = tx_packets + tx_detached + tx_lower",
		       l->written,
		       st->tx_packets + st->tx_detached + st->tx_lower);
	bad += must_be("tx_bytes", st->tx_bytes, SOAK_LEN * st->tx_packets);
	bad += must_be("refused writes = tx_refused", l->refused,
		       st->tx_refused);
	bad += must_be("tx_detached = freed by the module", st->tx_detached,
		       l->tx_freed_port);
	if (!rx_is_complete(s, l))
		bad += must_be("sent = read + host + freed", l->sent,
			       l->read + l->host + l->rx_freed);
	bad += must_be("rx_packets = read + freed in rings", st->rx_packets,
		       l->read + l->rx_freed_ring);
	bad += must_be("rx_bytes", st->rx_bytes, SOAK_LEN * st->rx_packets);
	bad += must_be("rx_ring = freed as the ring was full", st->rx_ring,
		       l->rx_freed_full);
	bad += must_be("rx_no_reader, _down, _inactive, _lro, _nomem = freed by the module",
		       st->rx_no_reader + st->rx_down + st->rx_inactive +
		       st->rx_lro + st->rx_nomem, l->rx_freed_port);
	bad += must_be("twice", s->shared->duplicates, 0);
	bad += must_be("damaged", s->shared->damaged, 0);
	bad += must_be("in the host's stack instead of the port", s->leaked, 0);
	bad += must_be("unexpected errors", s->shared->unexpected, 0);
	if (s->shared->unexpected)
		printf("# the last was %s\n",
		       strerror(-s->shared->last_unexpected));
	if (bad) {
		struct soak_ledger unused = {};

		audit_read(&unused, true);
	}
	return bad;
}

void soak_print(const struct soak_ledger *l)
{
	const struct stabletap_stats *st = &l->stats;

#define N(x) ((unsigned long long)(x))
	printf("# from the fds: %llu written, %llu of them with the port down, %llu refused\n",
	       N(l->written + l->written_down), N(l->written_down),
	       N(l->refused));
	printf("#   tx_packets %llu, tx_detached %llu, tx_lower %llu\n",
	       N(st->tx_packets), N(st->tx_detached), N(st->tx_lower));
	printf("#   %llu at the far end, %llu in dummies, %llu freed on the way\n",
	       N(l->far), N(l->swallowed), N(l->tx_freed));
	printf("# to the fds: %llu sent, %llu read, %llu by devices that were no lower, %llu freed on the way\n",
	       N(l->sent), N(l->read), N(l->host), N(l->rx_freed));
	printf("#   rx_packets %llu, rx_no_reader %llu, rx_ring %llu, rx_down %llu, rx_inactive %llu; %llu freed in rings\n",
	       N(st->rx_packets), N(st->rx_no_reader), N(st->rx_ring),
	       N(st->rx_down), N(st->rx_inactive), N(l->rx_freed_ring));
#undef N
}

/* Memory */

#define CACHES 512

struct soak_memory {
	long kib;
	int count;
	struct {
		char name[64];
		long objects;
		long in_slab;
	} cache[CACHES];
};

/*
 * Caches whose size does not indicate a leak: reclaimable ones (dentries), and
 * vmap_area, which also has an object for each free range of the address space.
 */
static bool varies_without_leak(const char *cache)
{
	char path[128];

	if (!strcmp(cache, "vmap_area"))
		return true;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/reclaim_account",
		 cache);
	return scene_file_has(path, "1");
}

/* Count the vmalloc areas in use, as if they were objects of a slab cache. */
static void memory_count_areas(struct soak_memory *m)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	char line[512];
	long areas = 0;

	/* Without this file a leak would not be noticed. */
	if (!file)
		abort();
	while (fgets(line, sizeof(line), file))
		areas += !strstr(line, "unpurged");
	fclose(file);
	strcpy(m->cache[m->count].name, "vmallocinfo");
	m->cache[m->count++].objects = areas;
}

struct soak_memory *soak_memory(void)
{
	struct soak_memory *m = calloc(1, sizeof(*m));
	FILE *file;
	char line[512];

	/*
	 * Shrink the caches: objects that processors keep for later are not in
	 * use.
	 */
	st_sh("sync; echo 3 >/proc/sys/vm/drop_caches; "
	      "for s in /sys/kernel/slab/*/shrink; do echo 1 >$s; done 2>/dev/null");
	file = fopen("/proc/slabinfo", "re");
	while (m && file && fgets(line, sizeof(line), file) &&
	       m->count < CACHES - 1)
		if (sscanf(line, "%63s %ld %*s %*s %ld",
			   m->cache[m->count].name,
			   &m->cache[m->count].objects,
			   &m->cache[m->count].in_slab) == 3 &&
		    !varies_without_leak(m->cache[m->count].name))
			m->count++;
	if (file)
		fclose(file);
	if (m) {
		memory_count_areas(m);
		m->kib = scene_meminfo("SUnreclaim") +
			 scene_meminfo("Percpu");
	}
	return m;
}

long soak_memory_grown(const struct soak_memory *before,
		       const struct soak_memory *after, char name[64],
		       long *kib)
{
	long most = 0, grown;
	int i, j;

	for (i = 0; i < after->count; i++) {
		grown = after->cache[i].objects;
		for (j = 0; j < before->count; j++)
			if (!strcmp(before->cache[j].name,
				    after->cache[i].name))
				grown -= before->cache[j].objects;
		/* All objects in a processor's current slab count as used. */
		grown -= 2 * after->cache[i].in_slab;
		if (grown > most) {
			most = grown;
			memcpy(name, after->cache[i].name, 64);
		}
	}
	*kib = after->kib - before->kib;
	return most;
}
