// SPDX-License-Identifier: GPL-2.0
/*
 * The first process: creates namespaces and workers, watches them, and reports
 * at the end what they have done and whether the module still works.
 */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* A call that takes longer hangs.  Long, because a debug kernel is slow */
#define HANG	300	/* s */

static struct options {
	uint64_t seed;
	unsigned int seconds;
	unsigned int workers;
	bool trace;
} options = { .seconds = 60, .workers = KF_WORKERS };

static int pids[KF_WORKERS];

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int netns_new(bool ipv6)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	if (!ipv6)
		write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6",
			   "1");
	return st_netns_fd();
}

/* A child creates both namespaces; a process with their fds can enter them. */
static int userns_new(int *netns)
{
	char path[64], byte;
	int ready[2], end[2], user, child;

	if (pipe(ready) || pipe(end))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		close(end[1]);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) ||
		    write_file("/proc/self/setgroups", "deny") ||
		    write_file("/proc/self/uid_map", "0 0 1") ||
		    write_file("/proc/self/gid_map", "0 0 1"))
			_exit(1);
		if (write(ready[1], "", 1) == 1 && read(end[0], &byte, 1))
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(end[0]);
	user = -ECHILD;
	if (read(ready[0], &byte, 1) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", child);
		user = open(path, O_RDONLY | O_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
		*netns = open(path, O_RDONLY | O_CLOEXEC);
	}
	close(ready[0]);
	close(end[1]);
	waitpid(child, NULL, 0);
	return user;
}

static int fds_prepare(struct kf *kf, int *userns)
{
	kf->netns[0] = netns_new(false);
	kf->netns[1] = netns_new(true);
	*userns = userns_new(&kf->netns[2]);
	kf->prog = kf_bpf_load();
	if (kf->netns[0] < 0 || kf->netns[1] < 0 || *userns < 0 ||
	    kf->netns[2] < 0)
		return -EINVAL;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, kf->pass))
		return -errno;
	return 0;
}

static uint64_t memory_available(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *file;

	file = fopen("/proc/meminfo", "re");
	if (!file)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			break;
	fclose(file);
	return kib << 10;
}

/* The worker that has been at one call for too long, -1 if none */
static int worker_hanging(struct kf_shared *shared)
{
	const int64_t hang = HANG * 1000000000LL;
	uint64_t since;
	unsigned int i;

	for (i = 0; i < options.workers; i++) {
		since = __atomic_load_n(&shared->since[i], __ATOMIC_RELAXED);
		/*
		 * Read the time last, because a worker may begin a call
		 * meanwhile.
		 */
		if (__atomic_load_n(&shared->at[i], __ATOMIC_RELAXED) >= 0 &&
		    (int64_t)(st_now() - since) > hang)
			return i;
	}
	return -1;
}

static void tell_ended(struct kf_shared *shared, int pid, int status)
{
	int nr, at;

	for (nr = 0; nr < KF_WORKERS - 1 && pids[nr] != pid; nr++)
		;
	at = shared->at[nr];
	printf("# worker %d ended with status %#x in %s\n", nr, status,
	       at >= 0 ? kf_call_at(at)->name : "no call");
}

/* Print a file of /proc about a process, with "# " before each line */
static void tell_file(int pid, const char *name)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		printf("# %s: %s%s", name, line,
		       strchr(line, '\n') ? "" : "\n");
	if (file)
		fclose(file);
}

/*
 * Print where the worker hangs, and have the kernel log all running and blocked
 * tasks
 */
static void tell_hanging(struct kf_shared *shared, int nr)
{
	int at = shared->at[nr];

	printf("# worker %d hangs in %s\n", nr,
	       at >= 0 ? kf_call_at(at)->name : "nothing");
	tell_file(pids[nr], "stack");
	tell_file(pids[nr], "syscall");
	tell_file(pids[nr], "status");
	fflush(stdout);
	write_file("/proc/sys/kernel/printk", "8");
	write_file("/proc/sysrq-trigger", "l");
	write_file("/proc/sysrq-trigger", "w");
}

static void tell_progress(struct kf_shared *shared, uint64_t begin)
{
	uint64_t programs = 0;
	unsigned int i;

	for (i = 0; i < options.workers; i++)
		programs += shared->programs[i];
	printf("# %llu s: %llu programs, %llu points of the module\n",
	       (unsigned long long)(st_now() - begin) / 1000000000,
	       (unsigned long long)programs,
	       (unsigned long long)shared->covered);
	fflush(stdout);
}

/*
 * Wait until all workers have ended.  Returns the number of failed ones.
 * Workers that hang are left alone: they can't be killed, and the machine's log
 * shows where they hang.
 */
static int workers_watch(struct kf_shared *shared, unsigned int left)
{
	const struct timespec turn = { .tv_nsec = 200000000 };
	uint64_t begin = st_now(), told = begin, now;
	int bad = 0, status, nr, pid;

	while (left) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			left--;
			if (status) {
				tell_ended(shared, pid, status);
				bad++;
			}
		}
		now = st_now();
		if (bad || now - begin > options.seconds * 1000000000ULL)
			__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
		__atomic_store_n(&shared->low_memory,
				 memory_available() < 300ULL << 20,
				 __ATOMIC_RELAXED);
		nr = worker_hanging(shared);
		if (nr >= 0) {
			tell_hanging(shared, nr);
			return bad + left;
		}
		if (now - told > 30000000000ULL) {
			tell_progress(shared, begin);
			told = now;
		}
		nanosleep(&turn, NULL);
	}
	return bad;
}

static int workers_run(struct kf *kf, int userns)
{
	static const int home[KF_WORKERS] = { 0, 0, 1, 2 };
	unsigned int i;
	int pid;

	fflush(NULL);
	for (i = 0; i < options.workers; i++) {
		kf->shared->at[i] = -1;
		pid = fork();
		if (pid < 0)
			return -errno;
		if (pid) {
			pids[i] = pid;
			continue;
		}
		kf->nr = i;
		kf->home = home[i];
		kf_worker(kf, options.seed, home[i] == 2 ? userns : -1);
	}
	return workers_watch(kf->shared, options.workers);
}

static void options_read(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "workers", required_argument, NULL, 'w' },
		{ "trace", no_argument, NULL, 'T' },
		{},
	};
	int c;

	if (getrandom(&options.seed, 4, 0) != 4)
		options.seed = getpid();
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			options.workers = strtoul(optarg, NULL, 0);
			break;
		case 'T':
			options.trace = true;
			break;
		default:
			fprintf(stderr, "usage: kfuzz [--seed N] [--seconds N] [--workers 1..%d] [--trace]\n",
				KF_WORKERS);
			exit(2);
		}
	}
	if (options.workers < 1 || options.workers > KF_WORKERS)
		options.workers = KF_WORKERS;
}

int main(int argc, char **argv)
{
	static struct kf kf;
	int userns, err, i;

	options_read(argc, argv);
	kf.trace = options.trace;
	kf.shared = mmap(NULL, sizeof(*kf.shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kf.shared == MAP_FAILED || kf_calls() > KF_CALLS)
		return 1;
	err = fds_prepare(&kf, &userns);
	if (err) {
		fprintf(stderr, "# no namespaces: %s\n", strerror(-err));
		return 1;
	}
	printf("# seed %llu, %u s, %u workers, %u kinds of calls\n",
	       (unsigned long long)options.seed, options.seconds,
	       options.workers, kf_calls());
	err = workers_run(&kf, userns);
	for (i = 0; i < KF_NETNS; i++)
		close(kf.netns[i]);
	close(kf.pass[0]);
	close(kf.pass[1]);
	report_table(kf.shared, options.workers);
	return report_results(kf.shared, options.seconds, err);
}
