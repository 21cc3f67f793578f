// SPDX-License-Identifier: GPL-2.0
/* KCOV: the points of the module's code that this task has reached. */
#include "kfuzz.h"

#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define COVER_WORDS	(256 << 10)

struct kf_cover {
	struct kf_shared *shared;
	int fd;
	uint64_t *area;
	uint64_t start;		/* address of the module's code */
	uint64_t size;
};

/* kfuzz/inside reads the length of the code from the module's file. */
static int cover_find_code(struct kf_cover *cover)
{
	const char *size = getenv("KFUZZ_TEXT_SIZE");
	unsigned long long start = 0;
	FILE *file;

	file = fopen("/sys/module/stabletap/sections/.text", "re");
	if (!file)
		return -1;
	if (fscanf(file, "%llx", &start) != 1)
		start = 0;
	fclose(file);
	cover->start = start;
	cover->size = size ? strtoull(size, NULL, 0) : 0;
	if (cover->size > KF_COVER_BITS)
		cover->size = KF_COVER_BITS;
	return start && cover->size ? 0 : -1;
}

struct kf_cover *kf_cover_new(struct kf_shared *shared)
{
	struct kf_cover *cover = calloc(1, sizeof(*cover));

	if (!cover)
		return NULL;
	cover->shared = shared;
	cover->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (cover->fd < 0 || cover_find_code(cover))
		goto none;
	if (ioctl(cover->fd, KCOV_INIT_TRACE, COVER_WORDS))
		goto none;
	cover->area = mmap(NULL, COVER_WORDS * sizeof(uint64_t),
			   PROT_READ | PROT_WRITE, MAP_SHARED, cover->fd, 0);
	if (cover->area == MAP_FAILED)
		goto none;
	if (ioctl(cover->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		goto none;
	return cover;

none:
	if (cover->fd >= 0)
		close(cover->fd);
	free(cover);
	return NULL;
}

void kf_cover_start(struct kf_cover *cover)
{
	if (cover)
		__atomic_store_n(&cover->area[0], 0, __ATOMIC_RELAXED);
}

unsigned int kf_cover_stop(struct kf_cover *cover)
{
	uint64_t count, i, at, bit, *word;
	unsigned int found = 0;

	if (!cover)
		return 0;
	count = __atomic_load_n(&cover->area[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count && i < COVER_WORDS; i++) {
		at = cover->area[i] - cover->start;
		if (at >= cover->size)
			continue;
		word = &cover->shared->cover[at / 64];
		bit = 1ULL << (at % 64);
		if (__atomic_load_n(word, __ATOMIC_RELAXED) & bit)
			continue;
		if (!(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit))
			found++;
	}
	if (found)
		__atomic_fetch_add(&cover->shared->covered, found,
				   __ATOMIC_RELAXED);
	return found;
}
