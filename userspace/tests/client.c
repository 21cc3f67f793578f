// SPDX-License-Identifier: GPL-2.0
/*
 * Calls each function of the shared library, as a program that knows only the
 * installed headers: client [--old] DEVICE OTHER.  With --old its structs are
 * those of the first version, with other data behind them.  Run by
 * selftests/bats/library.bats.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libstabletap.h>

static struct stabletap *st;
static bool old;

/* Status 1 and the line, if @ok is false */
#define CHECK(ok)							\
	do {								\
		if (!(ok)) {						\
			printf("line %d: not %s (%s)\n", __LINE__, #ok,	\
			       stabletap_message(st));			\
			exit(1);					\
		}							\
	} while (0)

#define CANARY 0xa5

/* A struct, and what the program has behind it */
#define WITH_CANARY(type)						\
	union {								\
		struct stabletap_##type v;				\
		unsigned char bytes[sizeof(struct stabletap_##type) + 64]; \
	}

#define BEGIN(u, size0)							\
	do {								\
		memset(&(u), 0, sizeof(u));				\
		(u).v.size = old ? (size0) : sizeof((u).v);		\
		memset((u).bytes + (u).v.size, CANARY,			\
		       sizeof(u) - (u).v.size);				\
	} while (0)

#define CHECK_CANARY(u)							\
	do {								\
		size_t i_;						\
									\
		for (i_ = (u).v.size; i_ < sizeof(u); i_++)		\
			CHECK((u).bytes[i_] == CANARY);			\
		CHECK((u).v.msg == 0 && (u).v.msg_size == 0);		\
	} while (0)

static WITH_CANARY(get) got;

static struct stabletap_get *get(int port)
{
	BEGIN(got, STABLETAP_GET_SIZE_VER0);
	got.v.port = (unsigned int)port;
	CHECK(!stabletap_get(st, &got.v));
	CHECK_CANARY(got);
	return &got.v;
}

static void test_module(void)
{
	struct stabletap_version version = { .size = sizeof(version) };

	CHECK(!stabletap_version(st, &version));
	CHECK(version.api == STABLETAP_API_VERSION);
	CHECK(!strcmp(version.version, stabletap_release()));
	CHECK(strlen(stabletap_build()) < 64);
	version.size = 1;
	CHECK(stabletap_version(st, &version) == -EINVAL);
	CHECK(!stabletap_module_load());
}

static int create(const char *name)
{
	WITH_CANARY(create) c;

	BEGIN(c, STABLETAP_CREATE_SIZE_VER0);
	snprintf(c.v.name, sizeof(c.v.name), "%s", name);
	c.v.queues = 2;
	CHECK(!stabletap_create(st, &c.v));
	CHECK_CANARY(c);
	CHECK(stabletap_find(st, name) == (int)c.v.port);
	return (int)c.v.port;
}

static void test_refusals(int device)
{
	struct stabletap_create c = { .size = sizeof(c), .name = "lp1" };

	CHECK(stabletap_create(st, &c) == -EEXIST);
	CHECK(*stabletap_message(st));
	CHECK(c.msg == 0);
	CHECK(stabletap_find(st, "nosuch") == -ENODEV);
	CHECK(stabletap_find(st, "lo") == -EMEDIUMTYPE);
	CHECK(!strcmp(stabletap_message(st), "lo is not a port"));
	CHECK(stabletap_attach(st, device, device, STABLETAP_MODE_DIRECT, 0) ==
	      -ENODEV);
	CHECK(stabletap_delete(st, 4711, 0) == -ENODEV);
}

static void test_options(int port)
{
	WITH_CANARY(set) set;
	WITH_CANARY(stats) stats;

	BEGIN(set, STABLETAP_SET_SIZE_VER0);
	set.v.port = (unsigned int)port;
	set.v.mask = STABLETAP_SET_ON_DETACH;
	CHECK(!stabletap_on_detach_parse("hold", &set.v.on_detach));
	CHECK(!stabletap_set(st, &set.v));
	CHECK_CANARY(set);
	CHECK(get(port)->on_detach == STABLETAP_ON_DETACH_HOLD);
	CHECK(!strcmp(stabletap_on_detach_name(get(port)->on_detach), "hold"));

	BEGIN(stats, STABLETAP_STATS_SIZE_VER0);
	stats.v.port = (unsigned int)port;
	CHECK(!stabletap_stats(st, &stats.v));
	CHECK_CANARY(stats);
}

static void test_attach(int port, int device, int other)
{
	enum stabletap_mode mode;

	CHECK(stabletap_detach(st, port) == -ENOTCONN);
	CHECK(stabletap_announce(st, port) == -ENOTCONN);
	CHECK(!stabletap_mode_parse("vepa", &mode));
	CHECK(!strcmp(stabletap_mode_name(mode), "vepa"));
	CHECK(stabletap_mode_parse("no", &mode) == -EINVAL);
	CHECK(!stabletap_attach(st, port, device, mode, 0));
	CHECK(!strcmp(stabletap_state_name(get(port)->state), "attached"));
	CHECK(get(port)->lower_kind == STABLETAP_LOWER_MACVLAN);
	CHECK(stabletap_attach(st, port, other, STABLETAP_MODE_DIRECT, 0) ==
	      -EEXIST);
	CHECK(*stabletap_message(st));
	CHECK(!stabletap_announce(st, port));
	CHECK(!stabletap_attach(st, port, other, STABLETAP_MODE_DIRECT,
				STABLETAP_ATTACH_REPLACE));
	CHECK((int)get(port)->lower == other);
	CHECK(!strcmp(stabletap_reason_name(get(port)->detach_reason),
		      "replaced"));
	CHECK(!stabletap_detach(st, port));
	CHECK(!get(port)->lower);
}

static void test_queues(int port)
{
	int fds[3];

	CHECK(stabletap_open_queues(st, port, 3, fds) == -EBUSY);
	CHECK(!stabletap_open_queues(st, port, 2, fds));
	CHECK(get(port)->open_queues == 2);
	CHECK(fds[0] > 2 && fds[1] > 2);
	CHECK(fcntl(fds[0], F_GETFD) == FD_CLOEXEC);
	CHECK(stabletap_delete(st, port, 0) == -EBUSY);
	close(fds[0]);
	close(fds[1]);
}

struct seen {
	int port;
	unsigned int changes;
	bool gone;
};

static int note(int port, bool gone, void *arg)
{
	struct seen *seen = arg;

	if (port != seen->port)
		return 0;
	seen->changes++;
	seen->gone = gone;
	return gone ? 7 : 0;
}

/* Reads until the port is gone. */
static void test_watch(struct stabletap_watch *watch, int port)
{
	struct pollfd pfd = { stabletap_watch_fd(watch), POLLIN, 0 };
	struct seen seen = { .port = port };
	int err = 0;

	while (!err) {
		CHECK(poll(&pfd, 1, 60000) == 1);
		err = stabletap_watch_read(watch, note, &seen);
	}
	CHECK(err == 7);
	CHECK(seen.gone && seen.changes >= 4);
	stabletap_watch_close(watch);
}

static void test_list(int port)
{
	size_t count, i;
	int *ports;

	CHECK(!stabletap_list(st, &ports, &count));
	for (i = 0; i < count && ports[i] != port; i++)
		;
	CHECK(i < count);
	free(ports);
}

int main(int argc, char **argv)
{
	struct stabletap_watch *watch;
	int port, device, other;

	old = argc == 4;
	device = (int)if_nametoindex(argv[argc - 2]);
	other = (int)if_nametoindex(argv[argc - 1]);
	if (!device || !other || stabletap_open(&st))
		return 2;
	CHECK(!stabletap_watch_open(&watch));
	test_module();
	port = create("lp1");
	test_refusals(device);
	test_list(port);
	CHECK(!stabletap_set_up(st, port, true));
	test_options(port);
	test_attach(port, device, other);
	test_queues(port);
	CHECK(!stabletap_attach(st, port, device, STABLETAP_MODE_BRIDGE, 0));
	CHECK(!stabletap_delete(st, port, 0));
	CHECK(stabletap_find(st, "lp1") == -ENODEV);
	test_watch(watch, port);
	stabletap_close(st);
	puts("all done");
	return 0;
}
