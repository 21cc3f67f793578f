// SPDX-License-Identifier: GPL-2.0
/*
 * The control device: structs that are valid, nearly valid or invalid, of any
 * size, in memory that may end inside of them.
 */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

union request {
	uint32_t word[PAGE / 4];
	struct stabletap_version version;
	struct stabletap_create create;
	struct stabletap_delete delete;
	struct stabletap_attach attach;
	struct stabletap_detach detach;
	struct stabletap_set set;
	struct stabletap_get get;
	struct stabletap_list list;
	struct stabletap_stats stats;
};

/* Map one page, followed by one without access */
static uint8_t *guarded(void)
{
	static uint8_t *page;

	if (!page) {
		page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED || munmap(page + PAGE, PAGE))
			_exit(3);
	}
	return page;
}

static uint64_t pointer(struct kf *kf)
{
	static uint8_t target[2 * PAGE];

	switch (kf_below(kf, 16)) {
	case 0:
		return (uintptr_t)guarded() + PAGE - kf_below(kf, 64);
	case 1:
		return (uint64_t)kf_next(kf) << 32 | kf_next(kf);
	case 2:
		return 0;
	default:
		return (uintptr_t)target + kf_below(kf, PAGE);
	}
}

/* Spoil a request: another size, random words, an end that is not mapped */
static void *spoil(struct kf *kf, union request *request)
{
	uint8_t *arg = guarded(), *end = arg + PAGE;
	uint32_t size = request->word[0], times;

	if (kf_once_in(kf, 6)) {
		size = kf_once_in(kf, 2) ? size + kf_below(kf, 33) - 16 :
					   kf_number(kf);
		request->word[0] = size;
	}
	if (kf_once_in(kf, 6))
		for (times = 1 + kf_below(kf, 3); times; times--)
			request->word[1 + kf_below(kf, 64)] = kf_number(kf);
	if (size > PAGE)
		size = PAGE;
	if (kf_once_in(kf, 8))
		arg += PAGE - size + (kf_once_in(kf, 4) ? 8 : 0);
	if (arg < end)
		memcpy(arg, request, arg + size > end ? end - arg : size);
	return arg;
}

static int control_ioctl(struct kf *kf, unsigned int cmd,
			 union request *request, size_t size)
{
	int fd = kf_once_in(kf, 24) ? kf->control_host : kf->control;
	void *arg;

	if (!request->word[0])
		request->word[0] = size;
	if (cmd != STABLETAP_IOC_VERSION && kf_once_in(kf, 2)) {
		request->get.msg = pointer(kf);
		request->get.msg_size = kf_below(kf, 300);
	}
	arg = kf_once_in(kf, 3) ? spoil(kf, request) : request;
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static int control_version(struct kf *kf)
{
	union request request = {};

	return control_ioctl(kf, STABLETAP_IOC_VERSION, &request,
			     sizeof(request.version));
}

/* Bounds of hold: short times, so that frames expire while others are held */
static void any_bounds(struct kf *kf, __u32 *frames, __u32 *time, __u64 *bytes)
{
	*frames = kf_once_in(kf, 8) ? kf_number(kf) : kf_below(kf, 65);
	*time = kf_once_in(kf, 8) ? kf_number(kf) : kf_below(kf, 50);
	*bytes = kf_once_in(kf, 8) ? (__u64)kf_next(kf) << kf_below(kf, 9) :
				     kf_below(kf, 1 << 17);
}

static int control_create(struct kf *kf)
{
	static const uint32_t mtus[] = { 0, 0, 0, 68, 1400, 9000, 65535, 67 };
	union request request = {};
	struct stabletap_create *create = &request.create;
	int port = kf_port(kf);

	if (!kf_once_in(kf, 8)) {
		create->port = port;
		snprintf(create->name, sizeof(create->name), "%s",
			 kf_name(port));
	} else if (kf_once_in(kf, 2)) {
		strcpy(create->name, "vm%d");
	}
	kf_port_mac(port, create->mac);
	if (kf_once_in(kf, 4))
		kf_mac(kf, create->mac);
	create->mtu = KF_PICK(kf, mtus);
	create->queues = kf_below(kf, 9);
	if (kf_once_in(kf, 4)) {
		create->flags = kf_below(kf, 8);
		create->owner = create->flags & STABLETAP_CREATE_OWNER ?
				kf_below(kf, 3) : 0;
		create->perm = create->flags & STABLETAP_CREATE_PERM ?
			       kf_below(kf, 0777) : 0;
	}
	if (kf_once_in(kf, 12)) {
		create->queues = kf_number(kf);
		create->owner = kf_number(kf);
		create->perm = kf_number(kf);
	}
	create->on_detach = kf_once_in(kf, 3);
	if (kf_once_in(kf, 2))
		any_bounds(kf, &create->hold_frames, &create->hold_time,
			   &create->hold_bytes);
	return control_ioctl(kf, STABLETAP_IOC_CREATE, &request,
			     sizeof(*create));
}

static int control_delete(struct kf *kf)
{
	union request request = {};

	request.delete.port = kf_port(kf);
	request.delete.flags = kf_below(kf, 2) * STABLETAP_DELETE_FORCE;
	return control_ioctl(kf, STABLETAP_IOC_DELETE, &request,
			     sizeof(request.delete));
}

static int control_attach(struct kf *kf)
{
	static const uint32_t flags[] = {
		0, STABLETAP_ATTACH_REPLACE, STABLETAP_ATTACH_REPLACE,
		STABLETAP_ATTACH_REPLACE, STABLETAP_ATTACH_REPLACE,
		STABLETAP_ATTACH_PROMISC, STABLETAP_ATTACH_FILTER,
		STABLETAP_ATTACH_REPLACE | STABLETAP_ATTACH_FILTER,
		STABLETAP_ATTACH_REPLACE | STABLETAP_ATTACH_PROMISC,
		STABLETAP_ATTACH_PROMISC | STABLETAP_ATTACH_FILTER,
	};
	union request request = {};

	request.attach.port = kf_port(kf);
	if (request.attach.port == kf->port && kf_below(kf, 3))
		request.attach.lower = kf_once_in(kf, 2) ? kf->veth :
				       kf_child(kf);
	else
		request.attach.lower = kf_below(kf, 4) ? kf_link(kf) :
				       kf_any(kf);
	request.attach.flags = KF_PICK(kf, flags);
	return control_ioctl(kf, STABLETAP_IOC_ATTACH, &request,
			     sizeof(request.attach));
}

static int control_detach(struct kf *kf)
{
	union request request = {};

	request.detach.port = kf_port(kf);
	if (kf_once_in(kf, 8))
		request.detach.lower = kf_any(kf);
	return control_ioctl(kf, STABLETAP_IOC_DETACH, &request,
			     sizeof(request.detach));
}

static int control_set(struct kf *kf)
{
	union request request = {};
	struct stabletap_set *set = &request.set;

	set->port = kf_port(kf);
	set->mask = kf_below(kf, 16);
	set->on_detach = kf_below(kf, 3) / 2;
	any_bounds(kf, &set->hold_frames, &set->hold_time, &set->hold_bytes);
	/* A field that is not in the mask must be 0. */
	if (!kf_once_in(kf, 16)) {
		if (!(set->mask & STABLETAP_SET_ON_DETACH))
			set->on_detach = 0;
		if (!(set->mask & STABLETAP_SET_HOLD_FRAMES))
			set->hold_frames = 0;
		if (!(set->mask & STABLETAP_SET_HOLD_TIME))
			set->hold_time = 0;
		if (!(set->mask & STABLETAP_SET_HOLD_BYTES))
			set->hold_bytes = 0;
	}
	return control_ioctl(kf, STABLETAP_IOC_SET, &request,
			     sizeof(request.set));
}

static int control_get(struct kf *kf)
{
	union request request = {};

	request.get.port = kf_port(kf);
	return control_ioctl(kf, STABLETAP_IOC_GET, &request,
			     sizeof(request.get));
}

static int control_stats(struct kf *kf)
{
	union request request = {};

	request.stats.port = kf_port(kf);
	return control_ioctl(kf, STABLETAP_IOC_STATS, &request,
			     sizeof(request.stats));
}

static int control_list(struct kf *kf)
{
	union request request = {};

	request.list.count = kf_once_in(kf, 8) ? kf_number(kf) :
			     kf_below(kf, 64);
	request.list.ports = pointer(kf);
	return control_ioctl(kf, STABLETAP_IOC_LIST, &request,
			     sizeof(request.list));
}

/* Valid and invalid ioctl numbers, with random arguments */
static int control_any(struct kf *kf)
{
	static const unsigned int dirs[] = { 0, 0, 0, 1, 2, 3 };
	union request request = {};
	unsigned int cmd, i;

	cmd = _IOC(KF_PICK(kf, dirs), STABLETAP_IOC_TYPE, kf_below(kf, 16), 0);
	if (kf_once_in(kf, 8))
		cmd = kf_next(kf);
	for (i = 0; i < 24; i++)
		if (kf_once_in(kf, 4))
			request.word[1 + kf_below(kf, 100)] = kf_number(kf);
	request.word[0] = kf_once_in(kf, 2) ? kf_below(kf, PAGE + 64) : 64;
	return control_ioctl(kf, cmd, &request, 64);
}

/*
 * Without O_NONBLOCK, an ioctl waits for the lower that it releases, 60 ms for
 * a replace.
 */
static int control_open(struct kf *kf)
{
	int fd = st_control_open();

	if (fd < 0)
		return fd;
	if (!kf_once_in(kf, 4) && fcntl(fd, F_SETFL, O_NONBLOCK)) {
		close(fd);
		return -errno;
	}
	close(kf->control);
	kf->control = fd;
	return 0;
}

static const struct kf_call calls[] = {
	{ "ioctl VERSION", 3, control_version, 1, true },
	{ "ioctl CREATE", 16, control_create, 1, true },
	{ "ioctl DELETE", 5, control_delete, 1, true },
	{ "ioctl ATTACH", 40, control_attach, 5 },
	{ "ioctl DETACH", 16, control_detach, 1, true },
	{ "ioctl SET", 6, control_set, 1, true },
	{ "ioctl GET", 12, control_get, 1, true },
	{ "ioctl STATS", 6, control_stats, 1, true },
	{ "ioctl LIST", 6, control_list, 1, true },
	{ "ioctl of any kind", 8, control_any },
	{ "open of the control device", 2, control_open, 1 },
};

const struct kf_table kf_control_table = KF_TABLE(calls);
