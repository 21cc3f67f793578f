// SPDX-License-Identifier: GPL-2.0
/*
 * Random requests from two threads while ports are created and deleted (the
 * same requests in every run); and opens of nodes that are being deleted.  The
 * test checks that ports still work; the caller checks the kernel's log.
 *
 *	/dev/stabletap <- two threads
 *	                  vm0..3 -/- d0, d1, v0 (made, attached, deleted)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

#define CALLS 2500
#define ROUNDS 8
#define PAGE 4096

static const unsigned int sizes[] = {
	sizeof(struct stabletap_version), sizeof(struct stabletap_create),
	sizeof(struct stabletap_delete), sizeof(struct stabletap_attach),
	sizeof(struct stabletap_detach), sizeof(struct stabletap_set),
	sizeof(struct stabletap_get), sizeof(struct stabletap_list),
	sizeof(struct stabletap_stats),
};

#define IOCTLS ARRAY_SIZE(sizes)

struct hammer {
	int control;
	uint64_t random;
	uint8_t *page;		/* two pages, then an unmapped one */
	unsigned int answered;	/* requests that returned 0 */
	unsigned int strange;	/* errors that the header does not list */
	int last_strange;
};

static uint32_t next(struct hammer *hammer)
{
	hammer->random ^= hammer->random << 13;
	hammer->random ^= hammer->random >> 7;
	hammer->random ^= hammer->random << 17;
	return hammer->random >> 16;
}

/* A number that is valid, or nearly */
static uint32_t number(struct hammer *hammer)
{
	static const uint32_t edges[] = {
		0, 1, 2, 4095, 4096, 65535, 65536, INT32_MAX, 0x80000000,
		UINT32_MAX,
	};

	switch (next(hammer) % 4) {
	case 0:
		return next(hammer);
	case 1:
		return edges[next(hammer) % ARRAY_SIZE(edges)];
	default:
		return next(hammer) % 24;	/* an ifindex, a flag */
	}
}

static uint64_t pointer(struct hammer *hammer)
{
	switch (next(hammer) % 5) {
	case 0:
		return 0;
	case 1:
		return (uintptr_t)hammer->page + 2 * PAGE - next(hammer) % 64;
	case 2:
		return (uint64_t)next(hammer) << 32 | next(hammer);
	default:
		return (uintptr_t)hammer->page + next(hammer) % PAGE;
	}
}

static void *fill(struct hammer *hammer, unsigned int nr)
{
	uint32_t size = sizes[nr % IOCTLS], i, word;
	uint8_t *arg;

	switch (next(hammer) % 8) {
	case 0:
		size += next(hammer) % 16 - 8;
		break;
	case 1:
		size = number(hammer);
		break;
	}
	/* Place the struct at the start of the page, or at or near its end. */
	arg = hammer->page + PAGE;
	if (next(hammer) % 4 == 0 && size <= PAGE)
		arg += PAGE - size + (next(hammer) % 8 == 0);
	memset(hammer->page + PAGE, 0, PAGE);
	/* Most fields are zero, so that some requests succeed. */
	for (i = 4; i + 4 <= size && arg + i + 4 <= hammer->page + 2 * PAGE &&
	     i < 512; i += 4) {
		if (next(hammer) % 4)
			continue;
		word = number(hammer);
		memcpy(arg + i, &word, sizeof(word));
	}
	if (arg + 16 <= hammer->page + 2 * PAGE) {
		uint64_t msg = pointer(hammer);

		memcpy(arg, &size, sizeof(size));
		if (nr % IOCTLS != 0)
			memcpy(arg + 8, &msg, sizeof(msg));
	}
	return arg;
}

static bool is_known(int err)
{
	static const int known[] = {
		EFAULT, EINVAL, E2BIG, EOPNOTSUPP, ENOTTY, ENODEV, EPERM,
		EEXIST, EBUSY, EADDRNOTAVAIL, ENOMEM, ENFILE, ENOSPC, ENONET,
		EMEDIUMTYPE, ELOOP, EMLINK, EMSGSIZE, ETXTBSY,
		EADDRINUSE, ENOTCONN, ESTALE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (err == known[i])
			return true;
	return false;
}

static void *hammer_run(void *arg)
{
	struct hammer *hammer = arg;
	unsigned int cmd, nr;
	void *request;
	int i;

	for (i = 0; i < CALLS; i++) {
		nr = next(hammer) % (IOCTLS + 1);
		cmd = _IO(STABLETAP_IOC_TYPE, nr);
		if (next(hammer) % 64 == 0)
			cmd = next(hammer) & ~0xffffU ? next(hammer) : cmd;
		request = fill(hammer, nr);
		if (next(hammer) % 64 == 0)
			request = (void *)pointer(hammer);
		if (!ioctl(hammer->control, cmd, request)) {
			hammer->answered++;
		} else if (!is_known(errno)) {
			hammer->strange++;
			hammer->last_strange = errno;
		}
	}
	return NULL;
}

FIXTURE(hammer) {
	int control;
	struct hammer hammer[2];
};

FIXTURE_SETUP(hammer)
{
	int i;

	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	ASSERT_LT(0, st_link_add("d1", "dummy", 0));
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	for (i = 0; i < 2; i++) {
		uint8_t *page = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ASSERT_NE(MAP_FAILED, page);
		ASSERT_EQ(0, munmap(page + 2 * PAGE, PAGE));
		self->hammer[i].page = page;
		self->hammer[i].control = self->control;
		self->hammer[i].random = 0x57ab1e7a9ULL + i;
	}
}

FIXTURE_TEARDOWN(hammer)
{
	close(self->control);
}

/* Create ports, attach them, open their nodes, and delete them by force */
static void come_and_go(int control)
{
	char name[IFNAMSIZ];
	int port[4], fd[4], i;

	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		port[i] = st_port_new(control, name, i, 1 + i);
		fd[i] = port[i] > 0 ? st_port_open(control, port[i], 0) : -1;
		st_attach(control, port[i], st_ifindex(i & 1 ? "d1" : "v0"),
			  STABLETAP_ATTACH_REPLACE);
	}
	for (i = 0; i < 4; i++) {
		st_port_delete(control, port[i], STABLETAP_DELETE_FORCE);
		if (fd[i] >= 0)
			close(fd[i]);
	}
}

static void delete_all(int control)
{
	static __u32 ports[4096];
	struct stabletap_list list = {
		.size = sizeof(list), .count = 4096,
		.ports = (uintptr_t)ports,
	};
	__u32 i;

	if (st_ioctl(control, STABLETAP_IOC_LIST, &list))
		return;
	for (i = 0; i < list.count && i < 4096; i++)
		st_port_delete(control, ports[i], STABLETAP_DELETE_FORCE);
}

TEST_F(hammer, of_random_requests_breaks_nothing)
{
	struct stabletap_list list = { .size = sizeof(list) };
	struct hammer *hammer = self->hammer;
	pthread_t thread[2];
	int i, port;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, hammer_run,
					    &hammer[i]));
	for (i = 0; i < ROUNDS; i++)
		come_and_go(self->control);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_LT(CALLS / 100, hammer[i].answered);
		EXPECT_EQ(0, hammer[i].strange) {
			TH_LOG("the last was %s", strerror(hammer[i].last_strange));
		}
	}
	TH_LOG("%u and %u of %u requests were served", hammer[0].answered,
	       hammer[1].answered, CALLS);

	delete_all(self->control);
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_LIST, &list));
	EXPECT_EQ(0, list.count);
	port = st_port_new(self->control, "vm9", 9, 1);
	ASSERT_LT(0, port);
	EXPECT_EQ(0, st_attach(self->control, port, st_ifindex("d0"), 0));
	EXPECT_LE(0, st_port_open(self->control, port, 0));
}

/* A port that is deleted while its node is being opened */
struct going {
	int control;
	int port;
	char path[STABLETAP_NODE_SIZE + 8];
	bool gone;
	unsigned int own;	/* opens that got a queue of the port */
	unsigned int others;	/* opens that got a queue of another port */
};

static void *opener_run(void *arg)
{
	struct going *going = arg;
	struct ifreq ifr;
	int fd;

	while (!__atomic_load_n(&going->gone, __ATOMIC_ACQUIRE)) {
		fd = open(going->path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(&ifr, 0, sizeof(ifr));
		if (!ioctl(fd, TUNGETIFF, &ifr)) {
			if (strcmp(ifr.ifr_name, "vm1"))
				going->others++;
			else
				going->own++;
		}
		close(fd);
	}
	return NULL;
}

/* The deletion waits for opens in progress, so another thread creates vm2. */
static void *deleter_run(void *arg)
{
	struct going *going = arg;

	st_port_delete(going->control, going->port, STABLETAP_DELETE_FORCE);
	return NULL;
}

/*
 * vm1 is deleted while its node is being opened, and vm2 gets its minor number.
 */
TEST_F(hammer, of_opens_never_gets_a_queue_of_another_port)
{
	struct going going = { .control = self->control };
	pthread_t opener, deleter;
	uint64_t deadline = st_now() + ST_DEADLINE * 1000000ULL;
	int i, vm2, minor, reused = 0;
	struct stabletap_get get;

	/*
	 * Repeat until both cases have happened: on a slow machine that takes
	 * longer.
	 */
	for (i = 0; i < 100 || ((!reused || !going.own) &&
				st_now() < deadline); i++) {
		going.port = st_port_new(self->control, "vm1", 1, 1);
		ASSERT_LT(0, going.port);
		ASSERT_EQ(0, st_get(self->control, going.port, &get));
		minor = get.minor;
		snprintf(going.path, sizeof(going.path), "/dev/%s", get.node);
		going.gone = false;
		ASSERT_EQ(0, pthread_create(&opener, NULL, opener_run, &going));
		ASSERT_EQ(0, pthread_create(&deleter, NULL, deleter_run,
					    &going));
		usleep(i % 10 * 100);
		vm2 = st_port_new(self->control, "vm2", 2, 1);
		ASSERT_LT(0, vm2);
		ASSERT_EQ(0, pthread_join(deleter, NULL));
		__atomic_store_n(&going.gone, true, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(opener, NULL));
		ASSERT_EQ(0, st_get(self->control, vm2, &get));
		reused += get.minor == minor;
		ASSERT_EQ(0, st_port_delete(self->control, vm2, 0));
	}
	TH_LOG("%d minor numbers were used again; %u opens, %u of another port",
	       reused, going.own, going.others);
	EXPECT_LT(0, reused);
	EXPECT_LT(0, going.own);
	EXPECT_EQ(0, going.others);
}

TEST_HARNESS_MAIN
