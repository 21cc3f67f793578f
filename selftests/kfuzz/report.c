// SPDX-License-Identifier: GPL-2.0
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kfuzz.h"
#include "scene.h"
#include "slow.h"

#define KCOV		"/sys/kernel/debug/kcov"
/*
 * If at least LINKS_ENOUGH links were tried, at least KINDS_LEAST kinds must
 * have been created, even on a busy host.
 */
#define LINKS_ENOUGH	500
#define KINDS_LEAST	12

static uint64_t sum(const uint64_t table[KF_WORKERS][KF_CALLS],
		    unsigned int call)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < KF_WORKERS; i++)
		total += table[i][call];
	return total;
}

static uint64_t failures(const struct kf_shared *shared, unsigned int call,
			 int err)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < KF_WORKERS; i++)
		total += shared->failed[i][call][err];
	return total;
}

/* Print the three most frequent errnos */
static void tell_errnos(const struct kf_shared *shared, unsigned int call)
{
	uint64_t last = UINT64_MAX, most, count;
	int told, err, which, after = 0;

	for (told = 0; told < 3; told++) {
		most = 0;
		which = 0;
		for (err = 1; err < KF_ERRNOS; err++) {
			count = failures(shared, call, err);
			if (count > last || (count == last && err <= after))
				continue;
			if (count > most) {
				most = count;
				which = err;
			}
		}
		if (!most)
			return;
		printf(" %s %llu", strerrorname_np(which) ?: "?",
		       (unsigned long long)most);
		last = most;
		after = which;
	}
}

/* Number of links of this kind that were created; *made: that were tried */
static uint64_t kind_sum(const struct kf_shared *shared, const char *name,
			 uint64_t *made)
{
	uint64_t done = 0;
	unsigned int i;
	int worker;

	*made = 0;
	for (i = 0; kf_kind_name(i); i++) {
		if (strcmp(kf_kind_name(i), name))
			continue;
		for (worker = 0; worker < KF_WORKERS; worker++) {
			done += shared->kind_done[worker][i];
			*made += shared->kind_made[worker][i];
		}
	}
	return done;
}

/* Print each kind once.  No kernel has all of them. */
static bool kinds_were_many(const struct kf_shared *shared)
{
	uint64_t made, done, total = 0;
	const char *name, *last = "";
	unsigned int kinds = 0, i;

	printf("# links made of each kind, of so many tried:");
	for (i = 0; (name = kf_kind_name(i)); i++) {
		/* Entries of the same kind follow each other. */
		if (!strcmp(name, last))
			continue;
		last = name;
		done = kind_sum(shared, name, &made);
		kinds += done != 0;
		total += made;
		printf(" %s %llu/%llu", name, (unsigned long long)done,
		       (unsigned long long)made);
	}
	printf("\n");
	return kinds >= (total < LINKS_ENOUGH ? 1 : KINDS_LEAST);
}

void report_table(const struct kf_shared *shared, unsigned int workers)
{
	uint64_t made = 0, done = 0, programs = 0, kept = 0;
	unsigned int i;

	printf("# %-34s %9s %9s  most failed by\n", "call", "made",
	       "succeeded");
	for (i = 0; i < kf_calls(); i++) {
		printf("# %-34s %9llu %9llu ", kf_call_at(i)->name,
		       (unsigned long long)sum(shared->made, i),
		       (unsigned long long)sum(shared->done, i));
		tell_errnos(shared, i);
		printf("\n");
		made += sum(shared->made, i);
		done += sum(shared->done, i);
	}
	for (i = 0; i < workers; i++) {
		programs += shared->programs[i];
		kept += shared->kept[i];
	}
	printf("# %-34s %9llu %9llu\n", "all", (unsigned long long)made,
	       (unsigned long long)done);
	printf("# %llu programs", (unsigned long long)programs);
	if (shared->covered)
		printf(", %llu of them reached something new, %llu points of the module in all",
		       (unsigned long long)kept,
		       (unsigned long long)shared->covered);
	else
		printf("; no KCOV in this kernel");
	printf("\n");
}

static unsigned int passed, failed;

static void result(bool good, const char *what)
{
	printf("%s - kfuzz: %s\n", good ? "ok" : "not ok", what);
	if (good)
		passed++;
	else
		failed++;
}

/*
 * One success a minute is not much, but the host may be busy.  A kernel that is
 * four times slower has four minutes for it.  A call that the fuzzer makes only
 * when it needs it may be made less often: then each of them must succeed.
 */
static uint64_t successes_least(uint64_t made, unsigned int seconds)
{
	uint64_t least = seconds / 60 / slowness();

	return made && made < least ? made : least;
}

static bool succeeded_often(const struct kf_shared *shared,
			    unsigned int seconds)
{
	uint64_t made, done;
	unsigned int i;
	bool all = true;

	for (i = 0; i < kf_calls(); i++) {
		made = sum(shared->made, i);
		done = sum(shared->done, i);
		if (!kf_call_at(i)->share ||
		    (done >= successes_least(made, seconds) &&
		     done * 100 >= made * kf_call_at(i)->share))
			continue;
		printf("# %s: only %llu of %llu succeeded\n",
		       kf_call_at(i)->name, (unsigned long long)done,
		       (unsigned long long)made);
		all = false;
	}
	return all;
}

static bool errnos_known(const struct kf_shared *shared)
{
	bool all = true;
	int i;

	for (i = 0; i < KF_WORKERS; i++) {
		if (!shared->strange[i])
			continue;
		printf("# worker %d: %llu times, the last was %s\n", i,
		       (unsigned long long)shared->strange[i],
		       strerrorname_np(shared->last_strange[i]));
		all = false;
	}
	return all;
}

/*
 * A port in a new namespace works in both directions, on a macvlan and direct.
 */
static bool port_works(bool macvlan)
{
	struct scene scene;
	bool good;

	good = !scene_new(&scene, macvlan, 1) && !scene_attach(&scene) &&
	       !scene_flows(&scene);
	scene_end(&scene);
	return good;
}

/* The kernel cleans up unused namespaces later, from a worker. */
static bool module_goes(void *unused)
{
	return !st_module_unload();
}

int report_results(const struct kf_shared *shared, unsigned int seconds,
		   int bad_workers)
{
	result(!bad_workers, "every worker came to its end");
	result(errnos_known(shared), "no ioctl failed by an errno that its header does not know");
	result(succeeded_often(shared, seconds), "every call that should did succeed often");
	result(kinds_were_many(shared), "links of many kinds were made");
	if (!access(KCOV, F_OK))
		result(shared->covered, "the kernel tells which code of the module was reached");
	if (!bad_workers) {
		result(port_works(false), "a new port works afterwards, direct");
		result(port_works(true), "a new port works afterwards, by a macvlan");
		/* Leave the namespace of the last ports */
		st_netns_new();
		result(st_wait(module_goes, NULL, ST_DEADLINE), "the module can be unloaded");
	}
	printf("# kfuzz: %u passed, %u failed\n", passed, failed);
	fflush(stdout);
	return failed || !passed;
}
