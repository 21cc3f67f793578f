/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene that most tests of the datapath play on: a port, its fd, a veth
 * whose far end has a packet socket, in a network namespace of its own without
 * IPv6, so that no frame goes about that the test did not send.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 *
 * As in st.h every function returns a negative errno on failure.
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
	int fd;			/* of vm1; more queues are the test's own */
	int v0;
	int p0;
	int mv0;		/* 0 if direct, or not there */
	int lower;		/* mv0 or v0 */
	int peer;		/* packet socket on p0 */
	bool macvlan;
	uint32_t number;	/* of the last frame */
	struct stabletap_get get;
	struct stabletap_stats stats;
};

/* Make it, detached; then attach v0, or a new macvlan on it. */
int scene_new(struct scene *scene, bool macvlan, unsigned int queues);
/* scene_new_port() leaves the veth, and so the peer, to the caller. */
int scene_new_port(struct scene *scene, bool macvlan, unsigned int queues);
int scene_attach(struct scene *scene);
void scene_end(struct scene *scene);
/* The veth, with the peer's socket, anew; and mv0 */
int scene_veth(struct scene *scene);
int scene_macvlan(struct scene *scene);
/* The peer's socket anew: it keeps an error after its device was down. */
int scene_peer(struct scene *scene);

/*
 * One frame by the fd, and one by the peer; wait for its arrival at the other
 * end.  Other frames are passed over.  0; -ETIMEDOUT if it did not come.
 */
int scene_send(struct scene *scene);
int scene_receive(struct scene *scene);
/* Both: 0; -ECOMM if the fd's did not arrive, -ENODATA if the peer's did not */
int scene_flows(struct scene *scene);
/* The same, sent again and again until a lower has found its carrier */
int scene_flows_again(struct scene *scene, int deadline_ms);
/* One frame by the fd, or by the peer, that nobody waits for */
int scene_write(struct scene *scene);
int scene_peer_send(struct scene *scene);
int scene_peer_broadcast(struct scene *scene);
/* Wait for the frame of a number; -ETIMEDOUT */
int scene_await_peer(struct scene *scene, uint32_t number, int deadline_ms);
int scene_await_fd(struct scene *scene, uint32_t number, int deadline_ms);

/* The port's STABLETAP_IOC_GET; NULL on failure.  Overwritten by the next. */
const struct stabletap_get *scene_get(struct scene *scene);
/* Its counters, by STABLETAP_IOC_STATS; likewise */
const struct stabletap_stats *scene_stats(struct scene *scene);
/* One of them: SCENE_STAT(scene, tx_packets) */
#define SCENE_STAT(scene, name) (scene_stats(scene)->name)
/* Wait until it has this value: SCENE_AWAIT(scene, rx_packets, 3) */
bool scene_await_stat(struct scene *scene, size_t offset, uint64_t value);
#define SCENE_AWAIT(scene, name, value)					\
	scene_await_stat(scene, offsetof(struct stabletap_stats, name), value)
/* Wait until the port has this state (STABLETAP_STATE_*). */
bool scene_await_state(struct scene *scene, uint32_t state);

/* dev->flags as the kernel has them, promiscuous and allmulti counted in */
unsigned int scene_flags(const char *device);
/* Is a text in a file of /proc or /sys? */
bool scene_file_has(const char *path, const char *text);
int scene_file_write(const char *path, const char *text);
/* A line of /proc/meminfo, as "MemAvailable"; KiB, 0 if there is none */
long scene_meminfo(const char *what);

#endif /* SCENE_H */
