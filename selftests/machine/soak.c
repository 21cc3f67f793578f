// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a whole machine, under traffic of which every frame is accounted
 * for: processors go offline, the machine is suspended, memory runs short, the module
 * is unloaded, namespaces are deleted with open fds.
 *
 * lib/soak.h has a drawing of the topology.  vm-timeout: 7200
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "soak.h"
#include "st.h"
#include "suspend.h"

#define FRAMES 4000000
#define ROUNDS 20
#define CPU "/sys/devices/system/cpu/cpu1/online"

FIXTURE(machine) {
	struct soak s;
	struct soak_ledger ledger;
};

FIXTURE_SETUP(machine)
{
	if (!soak_can_audit())
		SKIP(return, "no histogram triggers in this kernel");
	ASSERT_EQ(0, soak_new(&self->s, FRAMES)) {
		TH_LOG("%s", st_msg);
	}
	ASSERT_EQ(0, soak_start(&self->s));
}

FIXTURE_TEARDOWN(machine)
{
	/* Restore the machine, also after a failure. */
	scene_file_write(CPU, "1");
	EXPECT_EQ(0, soak_settle(&self->s, &self->ledger));
	soak_print(&self->ledger);
	EXPECT_EQ(0, soak_check(&self->s, &self->ledger));
	EXPECT_LT(0, self->ledger.stats.tx_packets);
	EXPECT_LT(0, self->ledger.read);
	soak_end(&self->s);
}

struct progress {
	struct soak *s;
	uint32_t tx, rx;
};

static bool has_progressed(void *arg)
{
	struct progress *p = arg;

	return __atomic_load_n(&p->s->next_tx, __ATOMIC_RELAXED) >= p->tx &&
	       __atomic_load_n(&p->s->next_rx, __ATOMIC_RELAXED) >= p->rx;
}

/* Let this many frames be sent each way, and wait until all but a few were */
static bool flows(struct soak *s, uint32_t frames)
{
	struct progress p = { .s = s };

	soak_allow(s, frames);
	p.tx = p.rx = s->allowed - 8;
	return st_wait(has_progressed, &p, ST_DEADLINE);
}

/* So many more frames each way, of those that are allowed already */
static bool goes_on(struct soak *s, uint32_t frames)
{
	struct progress p = { .s = s };

	p.tx = __atomic_load_n(&s->next_tx, __ATOMIC_RELAXED) + frames;
	p.rx = __atomic_load_n(&s->next_rx, __ATOMIC_RELAXED) + frames;
	return st_wait(has_progressed, &p, ST_DEADLINE);
}

TEST_F(machine, loses_a_processor_and_keeps_its_counters)
{
	struct soak *s = &self->s;
	struct stabletap_stats before, after;
	int i;

	ASSERT_EQ(0, access(CPU, W_OK)) {
		TH_LOG("it needs two processors, of which one can go");
	}
	for (i = 0; i < ROUNDS; i++) {
		soak_allow(s, 500);
		ASSERT_EQ(0, st_stats(s->control, s->port, &before));
		ASSERT_EQ(0, scene_file_write(CPU, "0"));
		ASSERT_EQ(0, st_stats(s->control, s->port, &after));
		/* The processor's part of the counters still counts. */
		EXPECT_LE(before.tx_packets, after.tx_packets);
		EXPECT_LE(before.rx_packets, after.rx_packets);
		ASSERT_EQ(0, soak_attach(s, i % SOAK_LOWERS,
					 STABLETAP_ATTACH_REPLACE));
		EXPECT_TRUE(flows(s, 200));
		ASSERT_EQ(0, scene_file_write(CPU, "1"));
		EXPECT_TRUE(flows(s, 200));
	}
}

TEST_F_TIMEOUT(machine, sleeps_and_wakes, 1800)
{
	struct soak *s = &self->s;
	int i;

	/* More than can be sent meanwhile */
	soak_allow(s, FRAMES);
	for (i = 0; i < ROUNDS / 2; i++) {
		ASSERT_EQ(0, suspend_to_memory());
		ASSERT_EQ(0, soak_attach(s, i % SOAK_LOWERS,
					 STABLETAP_ATTACH_REPLACE));
		EXPECT_TRUE(goes_on(s, 200));
	}
	EXPECT_GT(FRAMES, __atomic_load_n(&s->next_tx, __ATOMIC_RELAXED));
	EXPECT_GT(FRAMES, __atomic_load_n(&s->next_rx, __ATOMIC_RELAXED));
}

static long available(void)
{
	return scene_meminfo("MemAvailable");
}

static void *take(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/* Allocates all but @keep_kib of the memory, and frees it on request. */
static void hog(long keep_kib)
{
	const size_t step = 1 << 20, stride = 16 * step;
	void *at[8192];
	int n = 0;

	/*
	 * Allocate in large steps while there is enough; these stay allocated.
	 */
	while (available() > keep_kib + 4 * (long)(stride >> 10))
		take(stride);
	for (;;) {
		if (available() > keep_kib + 2048 && n < 8192) {
			at[n] = take(step);
			if (at[n] != MAP_FAILED)
				n++;
		} else if (available() < keep_kib && n) {
			munmap(at[--n], step);
		} else {
			usleep(1000);
		}
	}
}

static bool memory_is_short(void *arg)
{
	return available() < *(long *)arg;
}

TEST_F(machine, runs_short_of_memory)
{
	struct soak *s = &self->s;
	long little = 32 << 10, more = little + 8192;
	pid_t pid;
	int i;

	s->short_of_memory = true;
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hog(little);
		_exit(0);
	}
	EXPECT_TRUE(st_wait(memory_is_short, &more, 4 * ST_DEADLINE));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_TRUE(flows(s, 1000));
		ASSERT_EQ(0, soak_attach(s, i % SOAK_LOWERS,
					 STABLETAP_ATTACH_REPLACE));
	}
	TH_LOG("%ld MiB were available", available() >> 10);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_TRUE(flows(s, 1000));
}

struct unloader {
	bool stop;
	unsigned int refused;
	unsigned int done;
};

static void *unload_again_and_again(void *arg)
{
	struct unloader *unloader = arg;

	while (!__atomic_load_n(&unloader->stop, __ATOMIC_ACQUIRE)) {
		if (st_module_unload() == -EWOULDBLOCK)
			unloader->refused++;
		else
			unloader->done++;
		usleep(500);
	}
	return NULL;
}

TEST_F(machine, refuses_to_unload_the_module_in_use_at_any_moment)
{
	static struct unloader unloader;
	struct soak *s = &self->s;
	pthread_t thread;
	int i, port;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unload_again_and_again,
				    &unloader));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_TRUE(flows(s, 500));
		ASSERT_EQ(0, soak_attach(s, SOAK_NONE, 0));
		ASSERT_EQ(0, soak_attach(s, i % SOAK_LOWERS, 0));
		ASSERT_EQ(0, soak_attach(s, (i + 1) % SOAK_LOWERS,
					 STABLETAP_ATTACH_REPLACE));
		ASSERT_EQ(0, soak_kill_reader(s, i % SOAK_CHILDREN));
		/* Create another port and delete it. */
		port = st_port_new(s->control, "vm2", 1, 1);
		ASSERT_LT(0, port);
		ASSERT_EQ(0, st_port_delete(s->control, port, 0));
	}
	__atomic_store_n(&unloader.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, unloader.done);
	EXPECT_LT(ROUNDS, unloader.refused);
	TH_LOG("refused %u times", unloader.refused);
}

/* Ports without fds: the module is unloaded with frames in flight. */

FIXTURE(module) {
	int control;
};

FIXTURE_SETUP(module)
{
}

FIXTURE_TEARDOWN(module)
{
	if (access("/sys/module/stabletap", F_OK))
		st_module_load();
}

struct flood {
	bool stop;
	int fd;
	int ifindex;
};

static void *flood_run(void *arg)
{
	struct flood *flood = arg;
	uint8_t frame[SOAK_LEN];

	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PEER, 1);
	while (!__atomic_load_n(&flood->stop, __ATOMIC_ACQUIRE))
		st_packet_send(flood->fd, flood->ifindex, frame, sizeof(frame));
	return NULL;
}

static bool is_unloaded(void *arg)
{
	int *err = arg;

	*err = st_module_unload();
	return *err != -EWOULDBLOCK;
}

TEST_F(module, goes_and_comes_back_under_traffic_to_ports_without_fds)
{
	static struct flood flood;
	pthread_t thread;
	int i, port, err;

	if (!getenv("STABLETAP_KO"))
		SKIP(return, "STABLETAP_KO, the module's path, is not set");
	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	ASSERT_TRUE(st_wait_up(st_ifindex("p0"), ST_DEADLINE));
	flood.ifindex = st_ifindex("p0");
	flood.fd = st_packet_open(flood.ifindex, false);
	ASSERT_EQ(0, pthread_create(&thread, NULL, flood_run, &flood));
	for (i = 0; i < ROUNDS; i++) {
		self->control = st_control_open();
		ASSERT_LE(0, self->control);
		port = st_port_new(self->control, "vm1", 0, 1);
		ASSERT_LT(0, port);
		ASSERT_EQ(0, st_attach(self->control, port, st_ifindex("v0"),
				       0));
		close(self->control);
		ASSERT_TRUE(st_wait(is_unloaded, &err, ST_DEADLINE));
		ASSERT_EQ(0, err);
		EXPECT_EQ(-ENODEV, st_ifindex("vm1"));
		ASSERT_EQ(0, st_module_load());
	}
	__atomic_store_n(&flood.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

/* A namespace is deleted while an fd of its port is in use. */

struct user {
	bool stop;
	int fd;
	unsigned int written, failed;
};

static void *user_run(void *arg)
{
	struct user *user = arg;
	uint8_t frame[2048];

	st_frame(frame, SOAK_LEN, ST_MAC_PEER, ST_MAC_PORT, 1);
	while (!__atomic_load_n(&user->stop, __ATOMIC_ACQUIRE)) {
		if (st_fd_write(user->fd, frame, SOAK_LEN) == SOAK_LEN)
			user->written++;
		else
			user->failed++;
		st_fd_read(user->fd, frame + SOAK_LEN,
			   sizeof(frame) - SOAK_LEN);
		st_readable(user->fd, 0);
	}
	return NULL;
}

static bool has_written(void *arg)
{
	struct user *user = arg;

	return __atomic_load_n(&user->written, __ATOMIC_RELAXED) > 100;
}

static bool is_dead(void *arg)
{
	struct ifreq ifr = {};

	return ioctl(*(int *)arg, TUNGETIFF, &ifr) < 0;
}

/* Create a port in a new namespace; its fd belongs to the present one. */
static int port_elsewhere(int home, int *netns, int *control)
{
	int port, fd = -EIO;

	*netns = st_netns_another();
	if (*netns < 0 || st_netns_enter(*netns))
		return -EIO;
	*control = st_control_open();
	port = st_port_new(*control, "vm1", 0, 1);
	if (port > 0 && !st_veth_add("v0", "p0", -1) &&
	    !st_attach(*control, port, st_ifindex("v0"), 0))
		fd = 0;
	if (st_netns_enter(home) || fd)
		return -EIO;
	return st_port_open(*control, port, 0);
}

TEST_F(module, outlives_namespaces_that_end_with_fds_open)
{
	int home = st_netns_fd(), netns, i;
	static struct user user;
	pthread_t thread;

	for (i = 0; i < ROUNDS; i++) {
		user = (struct user) {
			.fd = port_elsewhere(home, &netns, &self->control),
		};
		ASSERT_LE(0, user.fd) {
			TH_LOG("%s", st_msg);
		}
		ASSERT_EQ(0, pthread_create(&thread, NULL, user_run, &user));
		EXPECT_TRUE(st_wait(has_written, &user, ST_DEADLINE));
		EXPECT_FALSE(is_dead(&user.fd));
		close(self->control);
		close(netns);
		/* Nothing references the namespace any more. */
		EXPECT_TRUE(st_wait(is_dead, &user.fd, ST_DEADLINE));
		__atomic_store_n(&user.stop, true, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
		EXPECT_EQ(0, user.failed);
		close(user.fd);
	}
	close(home);
}

TEST_HARNESS_MAIN
