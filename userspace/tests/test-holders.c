// SPDX-License-Identifier: GPL-2.0
/* Finding the processes that have a node open: /dev/null, and this process. */
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "stabletap.h"
#include "tap.h"

/* Major and minor of /dev/null */
#define MEM_MAJOR 1
#define NULL_MINOR 3

static const struct stabletap_holder *
find_self(const struct stabletap_holders *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->v[i].pid == getpid() && h->v[i].minor == NULL_MINOR)
			return &h->v[i];
	return NULL;
}

static void test_name(struct tap *t, const char *name, const char *want)
{
	struct stabletap_holders h = { 0 };
	const struct stabletap_holder *self;
	int err;

	prctl(PR_SET_NAME, name, 0, 0, 0);
	err = stabletap_holders_scan(MEM_MAJOR, &h);
	self = find_self(&h);
	ok(t, !err && self && self->fds >= 1, "the process is found");
	if (self)
		is_str(t, self->comm, want, "its name steers no terminal");
	stabletap_holders_release(&h);
}

int main(void)
{
	struct tap t = { 0 };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	test_name(&t, "plain name", "plain name");
	test_name(&t, "a\033[2Jb\177", "a?[2Jb?");
	test_name(&t, "a\nhint: b", "a?hint: b");
	test_name(&t, "a\xc2\x9b" "2J", "a??2J");
	test_name(&t, "a\x9b" "2J", "a?2J");
	test_name(&t, "caf\xc3\xa9", "caf\xc3\xa9");
	close(fd);
	return tap_end(&t);
}
