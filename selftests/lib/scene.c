// SPDX-License-Identifier: GPL-2.0
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "st.h"

#define SCENE_LEN 100

int scene_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	len = len < 0 ? -errno : 0;
	close(fd);
	return len;
}

long scene_meminfo(const char *what)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t len = strlen(what);
	char line[128];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, what, len) && line[len] == ':')
			kib = strtol(line + len + 1, NULL, 10);
	if (file)
		fclose(file);
	return kib;
}

static ssize_t scene_file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t len;

	if (fd < 0)
		return -errno;
	while ((len = read(fd, buf + have, size - 1 - have)) > 0)
		have += len;
	close(fd);
	buf[have] = 0;
	return have;
}

bool scene_file_has(const char *path, const char *text)
{
	static char buf[65536];

	return scene_file_read(path, buf, sizeof(buf)) >= 0 &&
	       strstr(buf, text);
}

unsigned int scene_flags(const char *device)
{
	char path[128], buf[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/flags", device);
	if (scene_file_read(path, buf, sizeof(buf)) < 0)
		return 0;
	return strtoul(buf, NULL, 16);
}

int scene_peer(struct scene *scene)
{
	if (scene->peer >= 0)
		close(scene->peer);
	scene->peer = st_packet_open(scene->p0, false);
	return scene->peer < 0 ? scene->peer : 0;
}

int scene_veth(struct scene *scene)
{
	int err;

	err = st_veth_add("v0", "p0", -1);
	if (err)
		return err;
	scene->v0 = st_ifindex("v0");
	scene->p0 = st_ifindex("p0");
	scene->lower = scene->v0;
	err = st_veth_in_order("v0");
	if (!err)
		err = st_veth_in_order("p0");
	/* -ENOENT: the namespace was entered later, so /sys is not its own. */
	if (err && err != -ENOENT)
		return err;
	if (!st_wait_up(scene->v0, SCENE_DEADLINE) ||
	    !st_wait_up(scene->p0, SCENE_DEADLINE))
		return -ETIMEDOUT;
	return scene_peer(scene);
}

int scene_macvlan(struct scene *scene)
{
	uint8_t mac[6];
	int err;

	err = st_link_state(scene->port, NULL, NULL, mac, NULL);
	if (err)
		return err;
	err = st_macvlan_add("mv0", scene->v0, mac, 0);
	if (err < 0)
		return err;
	scene->mv0 = err;
	scene->lower = err;
	return 0;
}

int scene_new_port(struct scene *scene, bool macvlan, unsigned int queues)
{
	int err;

	memset(scene, 0, sizeof(*scene));
	scene->macvlan = macvlan;
	scene->peer = -1;
	scene->fd = -1;
	err = st_netns_new();
	if (err)
		return err;
	err = scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
			       "1");
	if (err)
		return err;
	scene->control = st_control_open();
	if (scene->control < 0)
		return scene->control;
	scene->port = st_port_new(scene->control, "vm1", 0, queues);
	if (scene->port < 0)
		return scene->port;
	scene->fd = st_port_open(scene->control, scene->port, 0);
	return scene->fd < 0 ? scene->fd : 0;
}

int scene_new(struct scene *scene, bool macvlan, unsigned int queues)
{
	int err = scene_new_port(scene, macvlan, queues);

	return err ? err : scene_veth(scene);
}

int scene_attach(struct scene *scene)
{
	int err;

	if (scene->macvlan) {
		err = scene_macvlan(scene);
		if (err)
			return err;
	}
	return st_attach(scene->control, scene->port, scene->lower, 0);
}

void scene_end(struct scene *scene)
{
	if (scene->fd >= 0)
		close(scene->fd);
	if (scene->peer >= 0)
		close(scene->peer);
	close(scene->control);
}

int scene_write(struct scene *scene)
{
	uint8_t frame[SCENE_LEN];
	ssize_t ret;

	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT,
		 ++scene->number);
	ret = st_fd_write(scene->fd, frame, sizeof(frame));
	return ret < 0 ? ret : ret == sizeof(frame) ? 0 : -EIO;
}

static int scene_peer_send_to(struct scene *scene, const char *dst)
{
	uint8_t frame[SCENE_LEN];
	ssize_t ret;

	st_frame(frame, sizeof(frame), dst, ST_MAC_PEER, ++scene->number);
	ret = st_packet_send(scene->peer, scene->p0, frame, sizeof(frame));
	return ret < 0 ? ret : 0;
}

int scene_peer_send(struct scene *scene)
{
	return scene_peer_send_to(scene, ST_MAC_PORT);
}

int scene_peer_broadcast(struct scene *scene)
{
	return scene_peer_send_to(scene, ST_BROADCAST);
}

static int scene_await(int fd, bool is_port, uint32_t number, int deadline_ms)
{
	int64_t deadline = st_now() + deadline_ms * 1000000ULL;
	uint8_t frame[4096];
	ssize_t len;
	int64_t left;

	for (;;) {
		/*
		 * Read once even after the deadline: this process may not have
		 * run until now.
		 */
		left = (deadline - (int64_t)st_now()) / 1000000;
		if (st_readable(fd, left > 0 ? left : 0) != 1)
			return -ETIMEDOUT;
		len = is_port ? st_fd_read(fd, frame, sizeof(frame)) :
				read(fd, frame, sizeof(frame));
		if (len < 0 && is_port)
			return len;
		if (len == SCENE_LEN && st_frame_number(frame, len) == number)
			return 0;
	}
}

int scene_await_peer(struct scene *scene, uint32_t number, int deadline_ms)
{
	return scene_await(scene->peer, false, number, deadline_ms);
}

int scene_await_fd(struct scene *scene, uint32_t number, int deadline_ms)
{
	return scene_await(scene->fd, true, number, deadline_ms);
}

int scene_send(struct scene *scene)
{
	int err = scene_write(scene);

	return err ? err : scene_await_peer(scene, scene->number,
					    SCENE_DEADLINE);
}

int scene_receive(struct scene *scene)
{
	int err = scene_peer_send(scene);

	return err ? err : scene_await_fd(scene, scene->number,
					  SCENE_DEADLINE);
}

int scene_flows(struct scene *scene)
{
	if (scene_send(scene))
		return -ECOMM;
	return scene_receive(scene) ? -ENODATA : 0;
}

int scene_flows_again(struct scene *scene, int deadline_ms)
{
	uint64_t deadline = st_now() + deadline_ms * 1000000ULL;

	do {
		if (!scene_write(scene) &&
		    !scene_await_peer(scene, scene->number, 500))
			break;
		if (st_now() > deadline)
			return -ECOMM;
	} while (true);
	do {
		if (!scene_peer_send(scene) &&
		    !scene_await_fd(scene, scene->number, 500))
			break;
		if (st_now() > deadline)
			return -ENODATA;
	} while (true);
	return 0;
}

int scene_seen(int fd, int ifindex, uint32_t number, int direction)
{
	struct sockaddr_ll from;
	uint8_t frame[256];
	socklen_t size;
	ssize_t len;

	do {
		if (st_readable(fd, SCENE_DEADLINE) != 1)
			return -ETIMEDOUT;
		size = sizeof(from);
		len = recvfrom(fd, frame, sizeof(frame), 0,
			       (struct sockaddr *)&from, &size);
		if (len < 0)
			return -errno;
	} while (from.sll_ifindex != ifindex);
	if (st_frame_number(frame, len) != number)
		return -EBADMSG;
	return from.sll_pkttype == direction ? 0 : -EPROTO;
}

static bool sh_succeeds(void *command)
{
	return !st_sh("%s", (const char *)command);
}

bool scene_await_sh(const char *command)
{
	return st_wait(sh_succeeds, (void *)command, SCENE_DEADLINE);
}

const struct stabletap_get *scene_get(struct scene *scene)
{
	int err = st_get(scene->control, scene->port, &scene->get);

	return err ? NULL : &scene->get;
}

const struct stabletap_stats *scene_stats(struct scene *scene)
{
	int err = st_stats(scene->control, scene->port, &scene->stats);

	return err ? NULL : &scene->stats;
}

struct scene_stat {
	struct scene *scene;
	size_t offset;
	uint64_t value;
};

static bool scene_stat_is(void *arg)
{
	struct scene_stat *stat = arg;
	const struct stabletap_stats *stats = scene_stats(stat->scene);

	return stats && !memcmp((char *)stats + stat->offset, &stat->value,
				sizeof(stat->value));
}

bool scene_await_stat(struct scene *scene, size_t offset, uint64_t value)
{
	struct scene_stat stat = { scene, offset, value };

	return st_wait(scene_stat_is, &stat, SCENE_DEADLINE);
}

static bool scene_state_is(void *arg)
{
	struct scene_stat *stat = arg;
	const struct stabletap_get *get = scene_get(stat->scene);

	return get && get->state == stat->value;
}

bool scene_await_state(struct scene *scene, uint32_t state)
{
	struct scene_stat stat = { scene, 0, state };

	return st_wait(scene_state_is, &stat, SCENE_DEADLINE);
}

