// SPDX-License-Identifier: GPL-2.0
/*
 * Programs: a few calls, chosen by weight; new programs, and mutations of those
 * that reached new code.
 */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CORPUS		192
#define CALLS_MAX	8

struct kf_corpus {
	unsigned int count;
	struct kf_tape tape[CORPUS];
};

static const struct kf_table *const tables[] = {
	&kf_control_table, &kf_link_table, &kf_kind_table, &kf_tap_table,
	&kf_packet_table, &kf_scene_table, &kf_tc_table, &kf_nft_table,
	&kf_bpf_table, &kf_vhost_table,
};

unsigned int kf_calls(void)
{
	unsigned int count = 0, i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		count += tables[i]->calls;
	return count;
}

const struct kf_call *kf_call_at(unsigned int i)
{
	unsigned int t;

	for (t = 0; i >= tables[t]->calls; t++)
		i -= tables[t]->calls;
	return &tables[t]->call[i];
}

int kf_corpus_new(struct kf *kf)
{
	kf->corpus = calloc(1, sizeof(*kf->corpus));
	return kf->corpus ? 0 : -ENOMEM;
}

/*
 * Returns true for the documented errnos of the control device; ATTACH may
 * return others.
 */
static bool errno_is_known(int err)
{
	static const int known[] = {
		EFAULT, EINVAL, E2BIG, EOPNOTSUPP, ENOTTY, ENODEV, EPERM,
		EEXIST, EBUSY, EADDRNOTAVAIL, ENOMEM, ENFILE, ENOSPC, ENONET,
		EMEDIUMTYPE, ELOOP, EMLINK, EMSGSIZE, ETXTBSY, EADDRINUSE,
		ENOTCONN, ESTALE, EDQUOT,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (err == known[i])
			return true;
	return false;
}

/* Log the call first, so that the log of a crash ends with its cause */
static void trace_call(struct kf *kf, const char *name)
{
	char line[128];
	int fd, len;

	len = snprintf(line, sizeof(line), "kfuzz: %d/%llu %s\n", kf->nr,
		       (unsigned long long)kf->shared->programs[kf->nr], name);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, line, len) < 0)
		kf->trace = false;
	close(fd);
}

static void call_run(struct kf *kf, unsigned int i)
{
	const struct kf_call *call = kf_call_at(i);
	struct kf_shared *shared = kf->shared;
	int ret;

	if (kf->trace)
		trace_call(kf, call->name);
	__atomic_store_n(&shared->since[kf->nr], st_now(), __ATOMIC_RELAXED);
	__atomic_store_n(&shared->at[kf->nr], i, __ATOMIC_RELAXED);
	ret = call->func(kf);
	shared->made[kf->nr][i]++;
	if (ret >= 0) {
		shared->done[kf->nr][i]++;
		return;
	}
	if (-ret < KF_ERRNOS)
		shared->failed[kf->nr][i][-ret]++;
	if (call->strict && !errno_is_known(-ret)) {
		shared->strange[kf->nr]++;
		shared->last_strange[kf->nr] = -ret;
	}
}

static unsigned int call_pick(struct kf *kf)
{
	static unsigned int total;
	unsigned int i, at;

	if (!total)
		for (i = 0; i < kf_calls(); i++)
			total += kf_call_at(i)->weight;
	at = kf_below(kf, total);
	for (i = 0; at >= kf_call_at(i)->weight; i++)
		at -= kf_call_at(i)->weight;
	return i;
}

/* These random numbers are not written to the tape. */
static void tape_mutate(struct kf *kf, struct kf_tape *tape)
{
	unsigned int times = 1 + kf_prng(kf) % 4, at;

	while (times-- && tape->len) {
		at = kf_prng(kf) % tape->len;
		switch (kf_prng(kf) % 4) {
		case 0:			/* cut the tape */
			tape->len = at;
			break;
		case 1:
			tape->word[at] ^= 1U << kf_prng(kf) % 32;
			break;
		default:
			tape->word[at] = kf_prng(kf);
		}
	}
}

static void tape_begin(struct kf *kf)
{
	struct kf_corpus *corpus = kf->corpus;

	kf->tape.len = 0;
	if (corpus->count && kf_prng(kf) % 2) {
		kf->tape = corpus->tape[kf_prng(kf) % corpus->count];
		tape_mutate(kf, &kf->tape);
	}
	kf->tape.pos = 0;
}

static void tape_keep(struct kf *kf)
{
	struct kf_corpus *corpus = kf->corpus;
	unsigned int at = corpus->count;

	if (at < CORPUS)
		corpus->count++;
	else
		at = kf_prng(kf) % CORPUS;
	corpus->tape[at] = kf->tape;
	kf->shared->kept[kf->nr]++;
}

void kf_program(struct kf *kf)
{
	unsigned int calls;

	tape_begin(kf);
	kf_cover_start(kf->cover);
	calls = 1 + kf_below(kf, CALLS_MAX);
	while (calls-- &&
	       !__atomic_load_n(&kf->shared->stop, __ATOMIC_RELAXED))
		call_run(kf, call_pick(kf));
	if (kf_cover_stop(kf->cover))
		tape_keep(kf);
	__atomic_store_n(&kf->shared->at[kf->nr], -1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&kf->shared->programs[kf->nr], 1, __ATOMIC_RELAXED);
}
