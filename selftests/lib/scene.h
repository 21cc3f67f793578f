/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The topology of most datapath tests: a port, its fd, and a veth whose far end
 * has a packet socket, in a network namespace of its own.  IPv6 is off, so that
 * there are no frames but the test's.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 *
 * As in st.h, every int function returns a negative errno on failure.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/stabletap.h>

#include "st.h"

#define SCENE_DEADLINE ST_DEADLINE

struct scene {
	int control;
	int port;		/* vm1 */
	int fd;			/* first queue of vm1 */
	int v0;
	int p0;
	int mv0;		/* 0 if direct, or not created */
	int lower;		/* mv0 or v0 */
	int peer;		/* packet socket on p0 */
	bool macvlan;
	uint32_t number;	/* number of the last frame */
	struct stabletap_get get;
	struct stabletap_stats stats;
};

/*
 * Create the topology, detached. scene_attach() then attaches v0, or a new
 * macvlan on it.
 */
int scene_new(struct scene *scene, bool macvlan, unsigned int queues);
/* As scene_new(), without veth and peer, which the caller creates. */
int scene_new_port(struct scene *scene, bool macvlan, unsigned int queues);
int scene_attach(struct scene *scene);
void scene_end(struct scene *scene);
/* Create the veth and the peer's socket again; create mv0 again */
int scene_veth(struct scene *scene);
int scene_macvlan(struct scene *scene);
/*
 * Open the peer's socket again: a socket whose device was down keeps an error.
 */
int scene_peer(struct scene *scene);

/*
 * Send one frame through the fd (scene_send()) or from the peer, and wait until
 * it arrives at the other end.  Other frames are ignored.  Returns -ETIMEDOUT
 * if it does not arrive.
 */
int scene_send(struct scene *scene);
int scene_receive(struct scene *scene);
/*
 * Send one frame in each direction.  Returns -ECOMM if the fd's frame does not
 * arrive, -ENODATA if the peer's does not.
 */
int scene_flows(struct scene *scene);
/* As scene_flows(), repeated until the lower has carrier */
int scene_flows_again(struct scene *scene, int deadline_ms);
/* Send one frame through the fd, or from the peer, without waiting for it */
int scene_write(struct scene *scene);
int scene_peer_send(struct scene *scene);
int scene_peer_broadcast(struct scene *scene);
/* Wait for the frame with this number; -ETIMEDOUT */
int scene_await_peer(struct scene *scene, uint32_t number, int deadline_ms);
int scene_await_fd(struct scene *scene, uint32_t number, int deadline_ms);

/*
 * Check that the next frame that a packet socket has seen on this device has
 * this number and direction (PACKET_*).
 */
int scene_seen(int fd, int ifindex, uint32_t number, int direction);
/* Wait until a shell command succeeds; false at the deadline. */
bool scene_await_sh(const char *command);

/*
 * The port's STABLETAP_IOC_GET; NULL on failure.  The next call overwrites it.
 */
const struct stabletap_get *scene_get(struct scene *scene);
/* The port's counters (STABLETAP_IOC_STATS); likewise */
const struct stabletap_stats *scene_stats(struct scene *scene);
/* One counter: SCENE_STAT(scene, tx_packets) */
#define SCENE_STAT(scene, name) (scene_stats(scene)->name)
/* Wait until a counter has this value: SCENE_AWAIT(scene, rx_packets, 3) */
bool scene_await_stat(struct scene *scene, size_t offset, uint64_t value);
#define SCENE_AWAIT(scene, name, value)					\
	scene_await_stat(scene, offsetof(struct stabletap_stats, name), value)
/* Wait until the port has this state (STABLETAP_STATE_*). */
bool scene_await_state(struct scene *scene, uint32_t state);

/* dev->flags in the kernel, with the counted promiscuous and allmulti flags */
unsigned int scene_flags(const char *device);
/* Returns true if a file of /proc or /sys has this text. */
bool scene_file_has(const char *path, const char *text);
int scene_file_write(const char *path, const char *text);
/*
 * A value of /proc/meminfo, for example "MemAvailable"; KiB, 0 if it is missing
 */
long scene_meminfo(const char *what);

#endif /* SCENE_H */
