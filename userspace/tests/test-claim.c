// SPDX-License-Identifier: GPL-2.0
/* Claims of ports: who sees whose, and that nobody waits. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "claim.h"
#include "tap.h"

static int make_file(char *path)
{
	int fd = mkstemp(path);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void test_two(struct tap *t, const char *path)
{
	int a = claims_open(path);
	int b = claims_open(path);

	ok(t, a >= 0 && b >= 0, "the file of claims can be opened twice");
	claim_take(a, 12);
	ok(t, claim_is_taken(b, 12), "a claim is seen by another");
	ok(t, !claim_is_taken(a, 12),
	   "an owner's query reports only claims of others");
	ok(t, !claim_is_taken(b, 11) && !claim_is_taken(b, 13),
	   "a claim is for one port");
	claim_take(b, 12);
	ok(t, claim_is_taken(a, 12) && claim_is_taken(b, 12),
	   "two may claim one port");
	claim_drop(a, 12);
	ok(t, claim_is_taken(a, 12) && !claim_is_taken(b, 12),
	   "a claim is given up by its owner alone");
	claim_take(a, 2147483647);
	ok(t, claim_is_taken(b, 2147483647), "the largest ifindex has a place");
	close(a);
	ok(t, !claim_is_taken(b, 2147483647), "closing the file gives all up");
	close(b);
}

/* A child process that has claimed port 7 and stopped itself. */
static pid_t make_stopped(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		claim_take(claims_open(path), 7);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, WUNTRACED);
	return pid;
}

static void test_stopped(struct tap *t, const char *path)
{
	pid_t pid = make_stopped(path);
	int fd = claims_open(path);

	ok(t, claim_is_taken(fd, 7), "a stopped process keeps its claim");
	/* alarm() ends the test if anything of this waits. */
	alarm(10);
	claim_take(fd, 7);
	claim_take(fd, 8);
	claim_drop(fd, 7);
	claim_drop(fd, 8);
	alarm(0);
	ok(t, true, "no claim waits for it, for its port or another");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(t, !claim_is_taken(fd, 7), "a process that dies has no claims");
	close(fd);
}

static void test_missing(struct tap *t)
{
	int fd = claims_open("/nonexistent/claims");

	ok(t, fd < 0, "a file that can't be made is an error");
	claim_take(fd, 7);
	ok(t, !claim_is_taken(fd, 7), "without it, nothing is claimed");
	claim_drop(fd, 7);
}

static void test_symlink(struct tap *t, const char *path)
{
	char link[] = "/tmp/claims-link-XXXXXX";

	if (make_file(link) || unlink(link) || symlink(path, link))
		return;
	ok(t, claims_open(link) < 0, "a symbolic link is not followed");
	unlink(link);
}

int main(void)
{
	char path[] = "/tmp/claims-XXXXXX";
	struct tap t = { 0 };

	if (make_file(path))
		return 1;
	test_two(&t, path);
	test_stopped(&t, path);
	test_missing(&t);
	test_symlink(&t, path);
	unlink(path);
	return tap_end(&t);
}
