// SPDX-License-Identifier: GPL-2.0
/*
 * Following the addresses of devices, for pools: when they are read, and what
 * happens if that fails.  The library's part is played by the functions below.
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "loop.h"
#include "scene.h"
#include "tap.h"
#include "watch/address.h"

#define POOL "[Pool l]\nMember=a\nMember=b\n[Port p]\nCandidate=pool=l\n"
#define NO_POOL "[Port p]\nCandidate=a\n"

static struct {
	const char *addressed;	/* the device that has an address, or NULL */
	int list, open;		/* what it answers */
	int relevant;		/* of the events that are read */
	unsigned int lists;
	bool is_open;
	int fd;
	uint64_t pause;		/* until the next attempt, us */
} kernel;

int __wrap_stabletap_addr_list(struct stabletap *st, int **ifindexes,
			       size_t *count);
int __wrap_stabletap_addr_monitor_open(struct stabletap_monitor **out);
int __wrap_stabletap_addr_monitor_read(struct stabletap_monitor *mon);
int __wrap_stabletap_monitor_fd(const struct stabletap_monitor *mon);
void __wrap_stabletap_monitor_close(struct stabletap_monitor *mon);
int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);

int __wrap_stabletap_addr_list(struct stabletap *st, int **ifindexes,
			       size_t *count)
{
	(void)st;
	kernel.lists++;
	*count = 0;
	if (kernel.list)
		return kernel.list;
	*ifindexes = calloc(1, sizeof(**ifindexes));
	if (kernel.addressed)
		(*ifindexes)[(*count)++] = *scene_index(kernel.addressed);
	return 0;
}

int __wrap_stabletap_addr_monitor_open(struct stabletap_monitor **out)
{
	if (kernel.open)
		return kernel.open;
	kernel.is_open = true;
	*out = (void *)&kernel;
	return 0;
}

int __wrap_stabletap_addr_monitor_read(struct stabletap_monitor *mon)
{
	eventfd_t n;

	(void)mon;
	eventfd_read(kernel.fd, &n);
	return kernel.relevant;
}

int __wrap_stabletap_monitor_fd(const struct stabletap_monitor *mon)
{
	(void)mon;
	return kernel.fd;
}

void __wrap_stabletap_monitor_close(struct stabletap_monitor *mon)
{
	if (mon)
		kernel.is_open = false;
}

int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	kernel.pause = usec;
	return __real_sd_event_source_set_time_relative(s, 0);
}

/* ---- */

static sd_event *loop;
static struct address_watch *w;
static int log_fd;

static void begin(const char *conf)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	kernel.relevant = 1;
	scene_begin(NO_POOL);
	if (sd_event_new(&loop) < 0 ||
	    address_start(loop, NULL, &scene.m, &w))
		abort();
	log_forget(log_fd);
	scene_configure(conf);
	scene_play("a b");
}

static void end(void)
{
	address_stop(w);
	scene_end();
	sd_event_unref(loop);
	close(kernel.fd);
}

static bool is_addressed(void *name)
{
	return scene_device(name)->addressed;
}

static bool is_listed_again(void *before)
{
	return kernel.lists > *(unsigned int *)before;
}

/* An event arrives.  Returns whether the addresses are read because of it. */
static bool reads_on_event(unsigned int ms)
{
	unsigned int before = kernel.lists;

	eventfd_write(kernel.fd, 1);
	return loop_until(loop, is_listed_again, &before, ms);
}

static void test_events(struct tap *t)
{
	begin(POOL);
	ok(t, kernel.is_open && !is_addressed("a"),
	   "with pools, addresses are followed");
	kernel.addressed = "a";
	ok(t, reads_on_event(SOON) && is_addressed("a") && !is_addressed("b"),
	   "a device that gets an address is known as such");
	kernel.addressed = NULL;
	kernel.relevant = 0;
	ok(t, !reads_on_event(100) && is_addressed("a"),
	   "a wake-up without an event causes no reading");
	kernel.relevant = 1;
	ok(t, reads_on_event(SOON) && !is_addressed("a"),
	   "a device that loses its address is known as such");
	end();
}

static void test_order(struct tap *t)
{
	unsigned int before;

	begin(POOL);
	scene_play("b:gone");
	kernel.addressed = "b";
	scene_index("b");
	before = kernel.lists;
	scene_play("b");
	ok(t, kernel.lists == before + 1 && is_addressed("b"),
	   "an address may be older than the message about its device");
	scene_play("b:down other");
	ok(t, kernel.lists == before + 1,
	   "changes, and devices that are no candidates, need no reading");
	end();
}

static void test_reload(struct tap *t)
{
	begin(NO_POOL);
	ok(t, !kernel.is_open && !kernel.lists,
	   "without pools, addresses are not followed");
	kernel.addressed = "a";
	scene_configure(POOL);
	ok(t, kernel.is_open && is_addressed("a"),
	   "a reload that adds a pool begins with what is there");
	scene_configure(NO_POOL);
	ok(t, !kernel.is_open, "a reload without pools ends that");
	end();
	ok(t, !kernel.is_open, "nothing is followed after the end");
}

static bool is_retried(void *arg)
{
	(void)arg;
	return kernel.lists > 2;
}

static bool is_followed(void *arg)
{
	(void)arg;
	return kernel.is_open;
}

static void test_errors(struct tap *t)
{
	unsigned int before;

	begin(NO_POOL);
	kernel.list = -ENOBUFS;
	kernel.addressed = "a";
	scene_configure(POOL);
	ok(t, kernel.lists == 1 && kernel.pause == 500000 &&
	   log_count(log_fd, "can't follow addresses for the pools: ") == 1,
	   "a failure to read the addresses is logged");
	ok(t, loop_until(loop, is_retried, NULL, SOON) && kernel.pause > 500000 &&
	   log_count(log_fd, "can't follow addresses") == 1,
	   "it is retried with a back-off, and logged only once");
	kernel.list = 0;
	ok(t, loop_until(loop, is_addressed, (void *)"a", SOON),
	   "the addresses are known when the retry succeeds");
	kernel.list = -ENOBUFS;
	kernel.pause = 0;
	ok(t, reads_on_event(SOON) && kernel.pause == 500000 &&
	   log_count(log_fd, "can't follow addresses") == 2,
	   "after a success the back-off and the log begin anew");
	end();

	begin(NO_POOL);
	kernel.open = -EMFILE;
	kernel.addressed = "a";
	scene_configure(POOL);
	ok(t, log_count(log_fd, "can't follow addresses for the pools: ") == 1 &&
	   is_addressed("a"), "if addresses can't be followed, they are read");
	ok(t, loop_until(loop, is_retried, NULL, SOON) && !kernel.is_open,
	   "that is retried");
	kernel.open = 0;
	ok(t, loop_until(loop, is_followed, NULL, SOON) &&
	   reads_on_event(SOON), "until they can");
	kernel.open = -EMFILE;
	scene_configure(NO_POOL);
	scene_configure(POOL);
	scene_configure(NO_POOL);
	before = kernel.lists;
	loop_for(loop, 100);
	ok(t, kernel.lists == before, "without pools there is no retry");
	end();
}

int main(void)
{
	struct tap t = { 0 };

	log_fd = log_capture();
	test_events(&t);
	test_order(&t);
	test_reload(&t);
	test_errors(&t);
	return tap_end(&t);
}
