// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the parsing of rtnetlink messages: each message alone in memory of its
 * own; all messages as events for the monitor and a table; and all messages as
 * answers to the library's requests.
 *
 * The first byte of the input is the number of messages in a datagram, 0 for
 * all.  The messages follow.
 */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>

#include "fuzz.h"
#include "internal.h"
#include "tell/speakers.h"

/* The rest of the input, which replaces the kernel's socket */
static struct {
	const uint8_t *data;
	size_t size;
	unsigned int together;
	const struct mnl_socket *asks;	/* the socket that expects answers */
	unsigned int seq;
} kernel;

/* ---- the two functions of libmnl that reach the kernel ---- */

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *request,
			  size_t size)
{
	const struct nlmsghdr *nlh = request;

	must(nlh->nlmsg_len == size);
	must(nlh->nlmsg_flags & NLM_F_REQUEST);
	kernel.asks = nl;
	kernel.seq = nlh->nlmsg_seq;
	return (ssize_t)size;
}

/* Length of the next datagram */
static size_t datagram(void)
{
	size_t len, at = 0;
	unsigned int n;

	for (n = 0; !kernel.together || n < kernel.together; n++) {
		struct nlmsghdr nlh;

		if (kernel.size - at < sizeof(nlh))
			return kernel.size;
		memcpy(&nlh, kernel.data + at, sizeof(nlh));
		len = MNL_ALIGN((size_t)nlh.nlmsg_len);
		if (len < sizeof(nlh) || len > kernel.size - at)
			return kernel.size;
		at += len;
	}
	return at;
}

/* Give messages the sequence number and port of an answer. */
static void address(uint8_t *buf, size_t len)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	int left = (int)len;

	if (!kernel.asks)
		return;
	for (; stabletap_message_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		nlh->nlmsg_seq = kernel.seq;
		nlh->nlmsg_pid = mnl_socket_get_portid(kernel.asks);
	}
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t room)
{
	size_t len = datagram();

	(void)nl;
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	__asan_unpoison_memory_region(buf, room);
	memcpy(buf, kernel.data, len < room ? len : room);
	kernel.data += len;
	kernel.size -= len;
	if (len > room) {
		errno = ENOSPC;
		return -1;
	}
	address(buf, len);
	/* Memory after the received bytes must not be read. */
	__asan_poison_memory_region((uint8_t *)buf + len, room - len);
	return (ssize_t)len;
}

static void come(const uint8_t *data, size_t size)
{
	kernel.asks = NULL;
	kernel.together = data[0];
	kernel.data = data + 1;
	kernel.size = size - 1;
}

/* ---- use of the results ---- */

static void look(const struct stabletap_link *link)
{
	const char *alt = NULL;
	size_t len = 0;
	int port = 0;

	must(link->ifindex > 0);
	must(strlen(link->name) < sizeof(link->name));
	must(strlen(link->kind) < sizeof(link->kind));
	must(strlen(link->phys_port_name) < sizeof(link->phys_port_name));
	must(strlen(link->parent_bus) < sizeof(link->parent_bus));
	must(strlen(link->parent_dev) < sizeof(link->parent_dev));
	must(strlen(link->port.last_lower) < sizeof(link->port.last_lower));
	while ((alt = stabletap_link_altname(link, alt)))
		len += strlen(alt) + 1;
	must(len == link->altnames_len);
	must(!stabletap_child_is(link, &port) || port > 0);
}

static void look_at_all(const struct stabletap_links *links)
{
	size_t i;

	for (i = 0; i < links->n; i++)
		look(links->v[i]);
}

/* Parse each message, with the length in its header or the rest of the input */
static void one_by_one(const uint8_t *data, size_t size)
{
	struct stabletap_link link;
	struct nlmsghdr *nlh;
	size_t len;

	for (; size >= sizeof(*nlh); data += len, size -= len) {
		memcpy(&len, data, sizeof(nlh->nlmsg_len));
		len &= UINT32_MAX;
		if (len < sizeof(*nlh) || len > size)
			len = size;
		nlh = malloc(len);
		must(nlh);
		memcpy(nlh, data, len);
		nlh->nlmsg_len = (uint32_t)len;
		if (!stabletap_link_parse(nlh, &link)) {
			look(&link);
			stabletap_link_release(&link);
		}
		free(nlh);
		len = MNL_ALIGN(len) < size ? MNL_ALIGN(len) : size;
	}
}

/* As the daemon's callback */
static int on_event(const struct stabletap_link *link, bool gone, void *arg)
{
	struct stabletap_links *links = arg;
	struct stabletap_link copy = *link;

	look(link);
	if (gone) {
		stabletap_links_drop(links, link->ifindex);
		must(!stabletap_links_find(links, link->ifindex));
		return 0;
	}
	copy.altnames = NULL;
	if (link->altnames_len) {
		copy.altnames = malloc(link->altnames_len);
		must(copy.altnames);
		memcpy(copy.altnames, link->altnames, link->altnames_len);
	}
	must(!stabletap_links_put(links, &copy));
	must(stabletap_links_find(links, link->ifindex));
	return 0;
}

static void as_events(struct stabletap_monitor *mon, const uint8_t *data,
		      size_t size)
{
	struct stabletap_links links = { 0 };
	size_t i;
	int err;

	come(data, size);
	do {
		err = stabletap_monitor_read(mon, on_event, &links);
	} while (err == -ENOBUFS);
	must(!err);
	for (i = 1; i < links.n; i++)
		must(links.v[i - 1]->ifindex < links.v[i]->ifindex);
	look_at_all(&links);
	stabletap_links_release(&links);
}

static void on_speaker(const struct speaker *s, void *arg)
{
	(void)arg;
	must(s->tags.n <= ANNOUNCE_TAGS_MAX);
}

static void on_ip(const struct speaker *s, int family, const uint8_t *ip,
		  void *arg)
{
	(void)s, (void)ip, (void)arg;
	must(family == AF_INET || family == AF_INET6);
}

static void as_answers(struct stabletap *st, const uint8_t *data, size_t size)
{
	static const char *const kinds[] = { NULL, STABLETAP_KIND };
	static const uint8_t mac[6] = { 2 };
	struct stabletap_links links;
	struct stabletap_link link;
	size_t i;

	for (i = 0; i < 2; i++) {
		come(data, size);
		if (stabletap_link_dump(st, kinds[i], &links) < 0)
			continue;
		look_at_all(&links);
		stabletap_links_release(&links);
	}
	come(data, size);
	if (!stabletap_link_find(st, "eth0", &link)) {
		look(&link);
		stabletap_link_release(&link);
	}
	come(data, size);
	stabletap_addr_count(st, 2);
	come(data, size);
	must(stabletap_route_is_default(st, 2) <= 1);
	come(data, size);
	speakers_list(st, 5, mac, true, on_speaker, on_ip, NULL);
	must(strlen(stabletap_message(st)) < STABLETAP_MESSAGE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stabletap_monitor *mon;
	static struct stabletap *st;

	if (!mon)
		must(!stabletap_monitor_open(&mon, 0) && !stabletap_open(&st));
	if (!size)
		return 0;
	one_by_one(data + 1, size - 1);
	as_events(mon, data, size);
	as_answers(st, data, size);
	return 0;
}
