// SPDX-License-Identifier: GPL-2.0
/* A worker: enters its namespaces, then runs programs until it is stopped. */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

/* Number of programs between two sweeps, roughly */
#define SWEEP	250

static int worker_enter(struct kf *kf, int userns)
{
	/* A control device that was opened in the first namespace */
	if (st_netns_enter(kf->netns[0]))
		return -errno;
	kf->control_host = st_control_open();
	if (userns >= 0 && setns(userns, CLONE_NEWUSER))
		return -errno;
	if (st_netns_enter(kf->netns[kf->home]))
		return -errno;
	kf->control = st_control_open();
	kf->inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (kf->control_host < 0 || kf->control < 0 || kf->inet < 0)
		return -errno ?: -EIO;
	return kf_netlink_open(kf);
}

static void worker_init(struct kf *kf, uint64_t seed)
{
	int i;

	kf->random = (seed * KF_WORKERS + kf->nr + 1) * 0x9e3779b97f4a7c15ULL;
	for (i = 0; i < 16; i++)
		kf_prng(kf);
	for (i = 0; i < KF_TAPS; i++)
		kf->tap[i].fd = -1;
	for (i = 0; i < KF_PACKETS; i++)
		kf->packet[i] = -1;
	kf->sender[0] = -1;
	kf->sender[1] = -1;
	/*
	 * The second worker in a namespace has the next port, veth and queue.
	 */
	i = kf->nr == 1;
	kf->port = KF_PORT0 + i;
	kf->veth = KF_LINK0 + 2 * i;
	kf->peer = kf->veth + 1;
}

static bool worker_goes_on(struct kf *kf)
{
	return !__atomic_load_n(&kf->shared->stop, __ATOMIC_RELAXED);
}

void kf_worker(struct kf *kf, uint64_t seed, int userns)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	worker_init(kf, seed);
	/* Before it loses the right to open debugfs */
	kf->cover = kf_cover_new(kf->shared);
	err = kf_corpus_new(kf);
	if (!err)
		err = worker_enter(kf, userns);
	if (err) {
		fprintf(stderr, "# worker %d can't begin: %s\n", kf->nr,
			strerror(-err));
		_exit(1);
	}
	/* This may fail, because other workers already run. */
	kf_scene_repair(kf);
	while (worker_goes_on(kf)) {
		if (kf_prng(kf) % SWEEP == 0 ||
		    __atomic_load_n(&kf->shared->low_memory, __ATOMIC_RELAXED))
			kf_scene_sweep(kf);
		kf_program(kf);
	}
	kf_scene_sweep(kf);
	_exit(0);
}
