// SPDX-License-Identifier: GPL-2.0
/*
 * The control device: the rules common to all ioctls (sizes, tails, flags,
 * reserved fields, pointers, the error message, capability), for 64-bit and
 * 32-bit callers.
 *
 *	/dev/stabletap -- vm1 -/- d0 (dummy)      as far as the ioctl needs them
 */
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "harness.h"
#include "st.h"

#define PAGE 4096

/* The common beginning of the structs, and the place of flags (or a mask) */
struct head {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
};

struct devices {
	int vm1;
	int d0;
};

/* Each of these fills in a request that succeeds. */
static void fill_version(void *arg, const struct devices *devices)
{
	(void)arg;
	(void)devices;
}

static void fill_create(void *arg, const struct devices *devices)
{
	struct stabletap_create *create = arg;

	(void)devices;
	strcpy(create->name, "vm2");
}

static void fill_delete(void *arg, const struct devices *devices)
{
	struct stabletap_delete *delete = arg;

	delete->port = devices->vm1;
}

static void fill_attach(void *arg, const struct devices *devices)
{
	struct stabletap_attach *attach = arg;

	attach->port = devices->vm1;
	attach->lower = devices->d0;
}

static void fill_detach(void *arg, const struct devices *devices)
{
	struct stabletap_detach *detach = arg;

	detach->port = devices->vm1;
}

static void fill_set(void *arg, const struct devices *devices)
{
	struct stabletap_set *set = arg;

	set->port = devices->vm1;
	set->mask = STABLETAP_SET_ON_DETACH;
}

static void fill_get(void *arg, const struct devices *devices)
{
	struct stabletap_get *get = arg;

	get->port = devices->vm1;
}

static void fill_list(void *arg, const struct devices *devices)
{
	static __u32 ports[8];
	struct stabletap_list *list = arg;

	(void)devices;
	list->count = 8;
	list->ports = (uintptr_t)ports;
}

static void fill_stats(void *arg, const struct devices *devices)
{
	struct stabletap_stats *stats = arg;

	stats->port = devices->vm1;
}

FIXTURE(control) {
	struct devices devices;
	int fd;
	char *page;	/* a page; the page after it is not mapped */
	char before[512];	/* state before the request */
	char after[512];
};

FIXTURE_VARIANT(control) {
	unsigned int cmd;
	unsigned int size;
	unsigned int first;	/* size of the struct's first version */
	__u32 flags;		/* known flags */
	unsigned int port;	/* offset of the port's ifindex */
	unsigned int reserved;	/* offset of a reserved field */
	unsigned int written;	/* offset of the first output field */
	bool admin;
	bool msg;
	bool needs_port;
	bool needs_lower;
	bool needs_attached;
	void (*fill)(void *arg, const struct devices *devices);
};

FIXTURE_VARIANT_ADD(control, version) {
	.cmd = STABLETAP_IOC_VERSION,
	.size = sizeof(struct stabletap_version),
	.first = STABLETAP_VERSION_SIZE_VER0,
	.written = offsetof(struct stabletap_version, api),
	.fill = fill_version,
};

FIXTURE_VARIANT_ADD(control, create) {
	.cmd = STABLETAP_IOC_CREATE,
	.size = sizeof(struct stabletap_create),
	.first = STABLETAP_CREATE_SIZE_VER0,
	.flags = STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP |
		 STABLETAP_CREATE_PERM,
	.reserved = offsetof(struct stabletap_create, reserved[1]),
	.admin = true,
	.msg = true,
	.fill = fill_create,
};

FIXTURE_VARIANT_ADD(control, delete) {
	.cmd = STABLETAP_IOC_DELETE,
	.size = sizeof(struct stabletap_delete),
	.first = STABLETAP_DELETE_SIZE_VER0,
	.flags = STABLETAP_DELETE_FORCE,
	.port = offsetof(struct stabletap_delete, port),
	.admin = true,
	.msg = true,
	.needs_port = true,
	.fill = fill_delete,
};

FIXTURE_VARIANT_ADD(control, attach) {
	.cmd = STABLETAP_IOC_ATTACH,
	.size = sizeof(struct stabletap_attach),
	.first = STABLETAP_ATTACH_SIZE_VER0,
	.flags = STABLETAP_ATTACH_REPLACE | STABLETAP_ATTACH_PROMISC |
		 STABLETAP_ATTACH_FILTER,
	.port = offsetof(struct stabletap_attach, port),
	.reserved = offsetof(struct stabletap_attach, reserved),
	.admin = true,
	.msg = true,
	.needs_port = true,
	.needs_lower = true,
	.fill = fill_attach,
};

FIXTURE_VARIANT_ADD(control, detach) {
	.cmd = STABLETAP_IOC_DETACH,
	.size = sizeof(struct stabletap_detach),
	.first = STABLETAP_DETACH_SIZE_VER0,
	.port = offsetof(struct stabletap_detach, port),
	.reserved = offsetof(struct stabletap_detach, reserved),
	.admin = true,
	.msg = true,
	.needs_port = true,
	.needs_lower = true,
	.needs_attached = true,
	.fill = fill_detach,
};

FIXTURE_VARIANT_ADD(control, set) {
	.cmd = STABLETAP_IOC_SET,
	.size = sizeof(struct stabletap_set),
	.first = STABLETAP_SET_SIZE_VER0,
	.flags = STABLETAP_SET_ON_DETACH | STABLETAP_SET_HOLD_FRAMES |
		 STABLETAP_SET_HOLD_TIME | STABLETAP_SET_HOLD_BYTES,
	.port = offsetof(struct stabletap_set, port),
	.reserved = offsetof(struct stabletap_set, reserved),
	.admin = true,
	.msg = true,
	.needs_port = true,
	.fill = fill_set,
};

FIXTURE_VARIANT_ADD(control, get) {
	.cmd = STABLETAP_IOC_GET,
	.size = sizeof(struct stabletap_get),
	.first = STABLETAP_GET_SIZE_VER0,
	.port = offsetof(struct stabletap_get, port),
	.written = offsetof(struct stabletap_get, name),
	.msg = true,
	.needs_port = true,
	.fill = fill_get,
};

FIXTURE_VARIANT_ADD(control, list) {
	.cmd = STABLETAP_IOC_LIST,
	.size = sizeof(struct stabletap_list),
	.first = STABLETAP_LIST_SIZE_VER0,
	.msg = true,
	.needs_port = true,
	.fill = fill_list,
};

FIXTURE_VARIANT_ADD(control, stats) {
	.cmd = STABLETAP_IOC_STATS,
	.size = sizeof(struct stabletap_stats),
	.first = STABLETAP_STATS_SIZE_VER0,
	.port = offsetof(struct stabletap_stats, port),
	.written = offsetof(struct stabletap_stats, tx_packets),
	.msg = true,
	.needs_port = true,
	.fill = fill_stats,
};

FIXTURE_SETUP(control)
{
	struct devices *devices = &self->devices;

	ASSERT_EQ(0, st_netns_new());
	self->fd = st_control_open();
	ASSERT_LE(0, self->fd);
	if (variant->needs_port) {
		devices->vm1 = st_port_new(self->fd, "vm1", 0, 1);
		ASSERT_LT(0, devices->vm1);
	}
	if (variant->needs_lower) {
		devices->d0 = st_link_add("d0", "dummy", 0);
		ASSERT_LT(0, devices->d0);
	}
	if (variant->needs_attached)
		ASSERT_EQ(0, st_attach(self->fd, devices->vm1, devices->d0,
				       0));

	self->page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_EQ(0, munmap(self->page + PAGE, PAGE));
}

FIXTURE_TEARDOWN(control)
{
	close(self->fd);
}

static int call(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

/*
 * Put a request that would succeed at the start of the page; the rest is zero
 */
#define REQUEST() ({							\
	memset(self->page, 0, PAGE);					\
	variant->fill(self->page, &self->devices);			\
	((struct head *)self->page)->size = variant->size;		\
	(struct head *)self->page;					\
})

/* Describe the state as text: the number of ports, and vm1's lower */
static void look(int fd, const struct devices *devices, char *text, size_t size)
{
	struct stabletap_list list = { .size = sizeof(list) };
	struct stabletap_get get;

	st_ioctl(fd, STABLETAP_IOC_LIST, &list);
	if (st_get(fd, devices->vm1, &get))
		get.lower = -1;
	snprintf(text, size, "%u ports, vm1 on %d", list.count, get.lower);
}

#define LOOK(text) look(self->fd, &self->devices, text, sizeof(text))

#define EXPECT_NOTHING_DONE() do {					\
	LOOK(self->after);						\
	EXPECT_STREQ(self->before, self->after);			\
} while (0)

TEST_F(control, a_struct_of_the_right_size_is_served)
{
	struct head *head = REQUEST();

	EXPECT_EQ(0, call(self->fd, variant->cmd, head));
	EXPECT_EQ(variant->size, head->size);
}

/* As a program that was compiled with the first version of the header */
TEST_F(control, a_struct_of_the_first_versions_size_is_served)
{
	struct head *head = REQUEST();
	int i;

	head->size = variant->first;
	memset(self->page + variant->first, 0xa5, PAGE - variant->first);
	EXPECT_EQ(0, call(self->fd, variant->cmd, head));
	for (i = variant->first; i < PAGE; i++)
		ASSERT_EQ((char)0xa5, self->page[i]);
}

TEST_F(control, a_size_below_the_first_versions_is_invalid)
{
	unsigned int sizes[] = { 0, 1, 4, 16, variant->first - 1 };
	struct head *head;
	int i;

	LOOK(self->before);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		head = REQUEST();
		head->size = sizes[i];
		EXPECT_EQ(-EINVAL, call(self->fd, variant->cmd, head));
	}
	EXPECT_NOTHING_DONE();
}

TEST_F(control, a_longer_struct_with_a_zero_tail_is_served)
{
	struct head *head = REQUEST();

	head->size = variant->size + 8;
	EXPECT_EQ(0, call(self->fd, variant->cmd, head));
	EXPECT_EQ(variant->size + 8, head->size);
	EXPECT_EQ(0, self->page[variant->size]);
}

TEST_F(control, a_struct_of_a_whole_page_with_a_zero_tail_is_served)
{
	struct head *head = REQUEST();

	head->size = PAGE;
	EXPECT_EQ(0, call(self->fd, variant->cmd, head));
}

TEST_F(control, a_longer_struct_with_something_in_its_tail_is_too_big)
{
	unsigned int tails[] = { variant->size, variant->size + 7, PAGE - 1 };
	struct head *head;
	int i;

	LOOK(self->before);
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		head = REQUEST();
		head->size = i == 2 ? PAGE : variant->size + 8;
		self->page[tails[i]] = 1;
		EXPECT_EQ(-E2BIG, call(self->fd, variant->cmd, head));
	}
	EXPECT_NOTHING_DONE();
}

TEST_F(control, a_struct_of_more_than_a_page_is_too_big)
{
	static const unsigned int sizes[] = { PAGE + 1, INT32_MAX, UINT32_MAX };
	struct head *head;
	int i;

	LOOK(self->before);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		head = REQUEST();
		head->size = sizes[i];
		EXPECT_EQ(-E2BIG, call(self->fd, variant->cmd, head));
	}
	EXPECT_NOTHING_DONE();
}

TEST_F(control, every_unknown_flag_is_not_supported)
{
	struct head *head;
	char msg[128];
	int bit;

	if (!variant->msg)	/* VERSION has no flags */
		return;
	LOOK(self->before);
	for (bit = 0; bit < 32; bit++) {
		if (variant->flags & (1U << bit))
			continue;
		head = REQUEST();
		head->flags |= 1U << bit;
		head->msg = (uintptr_t)msg;
		head->msg_size = sizeof(msg);
		memset(msg, 'x', sizeof(msg));
		EXPECT_EQ(-EOPNOTSUPP, call(self->fd, variant->cmd, head)) {
			TH_LOG("bit %d", bit);
		}
		EXPECT_STREQ("stabletap: This module does not know one of the flags",
			     msg);
	}
	EXPECT_NOTHING_DONE();
}

TEST_F(control, a_reserved_field_that_is_not_zero_is_invalid)
{
	struct head *head;
	char msg[128];

	if (!variant->reserved)	/* no reserved field */
		return;
	LOOK(self->before);
	head = REQUEST();
	self->page[variant->reserved] = 1;
	head->msg = (uintptr_t)msg;
	head->msg_size = sizeof(msg);
	EXPECT_EQ(-EINVAL, call(self->fd, variant->cmd, head));
	EXPECT_STREQ("stabletap: A reserved field is not zero", msg);
	EXPECT_NOTHING_DONE();
}

TEST_F(control, an_ifindex_that_is_no_port_here_is_no_such_device)
{
	int ports[] = { 0, 1 /* lo */, 999999, INT32_MIN, -1 };
	struct head *head;
	char msg[128];
	int i;

	if (!variant->port)	/* the struct has no port */
		return;
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		head = REQUEST();
		memcpy(self->page + variant->port, &ports[i], sizeof(int));
		head->msg = (uintptr_t)msg;
		head->msg_size = sizeof(msg);
		EXPECT_EQ(-ENODEV, call(self->fd, variant->cmd, head));
		EXPECT_STREQ("stabletap: There is no such port in this network namespace",
			     msg);
	}
}

TEST_F(control, a_bad_pointer_is_a_fault)
{
	char *bad[] = { NULL, self->page + PAGE, (char *)-PAGE,
			self->page + PAGE - 2, (char *)0x8000000000000000 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, bad[i]));
}

TEST_F(control, a_struct_that_ends_with_the_last_mapped_byte_is_served)
{
	struct head *head = REQUEST();
	void *end = self->page + PAGE - variant->size;

	memmove(end, head, variant->size);
	EXPECT_EQ(0, call(self->fd, variant->cmd, end));
}

TEST_F(control, a_struct_that_runs_into_unmapped_memory_is_a_fault)
{
	struct head *head = REQUEST(), *end;

	LOOK(self->before);
	/* The fields that the module knows are mapped, but the tail is not. */
	end = (void *)(self->page + PAGE - variant->size);
	memmove(end, head, variant->size);
	end->size = variant->size + 8;
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, end));

	head = REQUEST();
	end = (void *)(self->page + PAGE - variant->size + 8);
	memmove(end, head, variant->size - 8);
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, end));
	EXPECT_NOTHING_DONE();
}

TEST_F(control, an_answer_that_can_not_be_written_is_a_fault)
{
	struct head *head = REQUEST();

	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, head));
}

TEST_F(control, the_message_of_a_failure_is_cut_to_fit_and_ended)
{
	static const char whole[] =
		"stabletap: This module does not know one of the flags";
	static const unsigned int sizes[] = {
		0, 1, 2, 20, sizeof(whole) - 1, sizeof(whole),
		sizeof(whole) + 1, 128
	};
	struct head *head;
	char msg[129];
	size_t len;
	int i;

	if (!variant->msg)	/* VERSION has no message */
		return;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		head = REQUEST();
		head->flags = 1U << 31;
		head->msg = (uintptr_t)msg;
		head->msg_size = sizes[i];
		memset(msg, 'x', sizeof(msg));
		EXPECT_EQ(-EOPNOTSUPP, call(self->fd, variant->cmd, head));
		len = strlen(whole);
		if (sizes[i] && len > sizes[i] - 1)
			len = sizes[i] - 1;
		if (sizes[i]) {
			EXPECT_EQ(0, memcmp(msg, whole, len));
			EXPECT_EQ(0, msg[len]);
		}
		EXPECT_EQ('x', msg[sizes[i]]);
	}
}

TEST_F(control, the_message_of_a_success_is_empty)
{
	struct head *head = REQUEST();
	char msg[8] = "xxxxxxx";

	if (!variant->msg)	/* VERSION has no message */
		return;
	head->msg = (uintptr_t)msg;
	head->msg_size = sizeof(msg);
	EXPECT_EQ(0, call(self->fd, variant->cmd, head));
	EXPECT_EQ(0, memcmp(msg, "\0xxxxxx", 8));
}

TEST_F(control, without_a_buffer_there_is_no_message_and_no_fault)
{
	struct head *head = REQUEST();

	if (!variant->msg)	/* VERSION has no message */
		return;
	head->flags = 1U << 31;
	head->msg_size = 128;
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, variant->cmd, head));
	head->msg_size = 0;
	head->msg = (uintptr_t)(self->page + PAGE);
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, variant->cmd, head));
}

TEST_F(control, a_bad_pointer_for_the_message_is_a_fault)
{
	struct head *head = REQUEST();

	if (!variant->msg)	/* VERSION has no message */
		return;
	head->flags = 1U << 31;
	head->msg_size = 128;
	head->msg = (uintptr_t)(self->page + PAGE);
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, head));
	/* The first bytes are mapped, the rest is not. */
	head->msg = (uintptr_t)(self->page + PAGE - 4);
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, head));
	/* Only the place of the NUL is not mapped. */
	head->msg_size = 5;
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, head));
	head->msg_size = 4;
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, variant->cmd, head));
}

/*
 * Output fields do not depend on the previous content of the caller's memory,
 * and nothing beyond the struct is written: for every size from the first
 * version's to a page, the result is the same with memory filled with 0xa5 as
 * with zeroes.  (Input fields, and the tail of a longer struct, are set right
 * in both.)
 */
TEST_F(control, an_answer_is_written_whole_and_nothing_else)
{
	static uint8_t clean[PAGE], dirty[PAGE + 64], beyond[64];
	unsigned int size;

	/*
	 * Changes the state, so it can't be repeated; other tests check its
	 * results.
	 */
	if (variant->admin)
		return;
	variant->fill(clean, &self->devices);
	((struct head *)clean)->size = variant->size;
	ASSERT_EQ(0, call(self->fd, variant->cmd, clean));
	memset(beyond, 0xa5, sizeof(beyond));
	for (size = variant->size; size <= PAGE; size++) {
		memset(dirty, 0, size);
		variant->fill(dirty, &self->devices);
		if (variant->written)
			memset(dirty + variant->written, 0xa5,
			       variant->size - variant->written);
		memcpy(dirty + size, beyond, sizeof(beyond));
		((struct head *)dirty)->size = size;
		((struct head *)clean)->size = size;

		ASSERT_EQ(0, call(self->fd, variant->cmd, dirty));
		ASSERT_EQ(0, memcmp(clean, dirty, size)) {
			TH_LOG("size %u", size);
		}
		ASSERT_EQ(0, memcmp(dirty + size, beyond, sizeof(beyond))) {
			TH_LOG("size %u", size);
		}
	}
}

static int drop_net_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	data[0].permitted &= ~(1U << CAP_NET_ADMIN);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

TEST_F(control, an_ioctl_that_changes_something_needs_the_capability)
{
	struct head *head = REQUEST();
	char msg[128] = "";

	LOOK(self->before);
	head->msg = variant->msg ? (uintptr_t)msg : 0;
	head->msg_size = variant->msg ? sizeof(msg) : 0;
	ASSERT_EQ(0, drop_net_admin());
	EXPECT_EQ(variant->admin ? -EPERM : 0,
		  call(self->fd, variant->cmd, head));
	EXPECT_STREQ(variant->admin ? "stabletap: CAP_NET_ADMIN is missing over this network namespace" :
		     "", msg);
	EXPECT_NOTHING_DONE();
}

#ifdef __x86_64__
static sigjmp_buf no_ia32;

static void on_signal(int sig)
{
	siglongjmp(no_ia32, sig);
}

/*
 * ioctl(2) as a 32-bit program calls it.  Returns a negative errno on failure.
 */
static int call32(int fd, unsigned int cmd, void *arg)
{
	int ret = 54;	/* __NR_ioctl */

	asm volatile("int $0x80"
		     : "+a" (ret)
		     : "b" (fd), "c" (cmd), "d" ((uint32_t)(uintptr_t)arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static bool has_ia32(void)
{
	struct sigaction action = { .sa_handler = on_signal }, old_segv, old_ill;
	volatile bool has = false;

	sigaction(SIGSEGV, &action, &old_segv);
	sigaction(SIGILL, &action, &old_ill);
	/*
	 * An invalid fd: EBADF shows that the kernel has 32-bit system calls.
	 */
	if (!sigsetjmp(no_ia32, 1))
		has = call32(-1, 0, NULL) == -EBADF;
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGILL, &old_ill, NULL);
	return has;
}
#else
/* Only on x86 can a 64-bit program make 32-bit system calls. */
#define MAP_32BIT 0

static int call32(int fd, unsigned int cmd, void *arg)
{
	return -ENOSYS;
}

static bool has_ia32(void)
{
	return false;
}
#endif

TEST_F(control, a_32_bit_caller_is_served_and_refused_alike)
{
	struct head *head;
	char *low;

	if (!has_ia32())
		SKIP(return, "this kernel has no 32-bit system calls");
	low = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(MAP_FAILED, low);

	memset(low, 0, PAGE);
	head = (struct head *)low;
	variant->fill(head, &self->devices);
	head->size = variant->first - 1;
	EXPECT_EQ(-EINVAL, call32(self->fd, variant->cmd, head));
	EXPECT_EQ(-EFAULT, call32(self->fd, variant->cmd, NULL));
	EXPECT_EQ(-ENOTTY, call32(self->fd, 0xb9ff, head));
	head->size = variant->size;
	if (variant->msg) {
		head->msg = (uintptr_t)(low + PAGE);
		head->msg_size = PAGE;
		head->flags ^= 1U << 31;
		EXPECT_EQ(-EOPNOTSUPP, call32(self->fd, variant->cmd, head));
		EXPECT_STREQ("stabletap: This module does not know one of the flags",
			     low + PAGE);
		head->flags ^= 1U << 31;
	}
	EXPECT_EQ(0, call32(self->fd, variant->cmd, head));
	EXPECT_EQ(variant->size, head->size);
}

/* Tests that do not depend on the ioctl */
FIXTURE(device) {
	int fd;
};

FIXTURE_SETUP(device)
{
	ASSERT_EQ(0, st_netns_new());
	self->fd = st_control_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
}

TEST_F(device, an_unknown_number_type_or_direction_is_not_an_ioctl_of_it)
{
	struct stabletap_version version = { .size = sizeof(version) };
	unsigned int nr;

	for (nr = 0; nr < 256; nr++) {
		if (nr > _IOC_NR(STABLETAP_IOC_STATS))
			EXPECT_EQ(-ENOTTY, call(self->fd,
						_IO(STABLETAP_IOC_TYPE, nr),
						&version));
		if (nr != STABLETAP_IOC_TYPE)
			EXPECT_EQ(-ENOTTY, call(self->fd, _IO(nr, 0),
						&version));
	}
	for (nr = 0; nr <= _IOC_NR(STABLETAP_IOC_STATS); nr++) {
		EXPECT_EQ(-ENOTTY, call(self->fd,
					_IOR(STABLETAP_IOC_TYPE, nr, int),
					&version));
		EXPECT_EQ(-ENOTTY, call(self->fd,
					_IOW(STABLETAP_IOC_TYPE, nr, int),
					&version));
		EXPECT_EQ(-ENOTTY, call(self->fd,
					_IOWR(STABLETAP_IOC_TYPE, nr,
					      struct stabletap_version),
					&version));
		EXPECT_EQ(-ENOTTY, call(self->fd,
					_IOC(_IOC_NONE, STABLETAP_IOC_TYPE,
					     nr, 48), &version));
	}
}

TEST_F(device, the_version_is_that_of_the_loaded_module)
{
	struct stabletap_version version = { .size = sizeof(version) };
	char loaded[32] = "";
	FILE *file;

	memset(version.version, 'x', sizeof(version.version));
	ASSERT_EQ(0, call(self->fd, STABLETAP_IOC_VERSION, &version));
	EXPECT_EQ(STABLETAP_API_VERSION, version.api);
	EXPECT_EQ(0, version.features & ~STABLETAP_FEATURE_HOLD);
	file = fopen("/sys/module/stabletap/version", "r");
	ASSERT_NE(NULL, file);
	ASSERT_EQ(1, fscanf(file, "%31s", loaded));
	fclose(file);
	EXPECT_STREQ(loaded, version.version);
	EXPECT_EQ(0, version.version[sizeof(version.version) - 1]);
}

TEST_F(device, reading_and_writing_it_is_refused)
{
	char c = 0;

	EXPECT_EQ(-1, read(self->fd, &c, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &c, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(device, it_stays_with_the_namespace_it_was_opened_in)
{
	struct stabletap_list list = { .size = sizeof(list) };
	struct stabletap_get get;
	int other, here, there;

	here = st_port_new(self->fd, "vm1", 0, 1);
	ASSERT_LT(0, here);
	ASSERT_EQ(0, st_netns_new());
	other = st_control_open();
	ASSERT_LE(0, other);

	ASSERT_EQ(0, st_ioctl(other, STABLETAP_IOC_LIST, &list));
	EXPECT_EQ(0, list.count);
	EXPECT_EQ(-ENODEV, st_ifindex("vm1"));
	ASSERT_EQ(0, st_get(self->fd, here, &get));
	EXPECT_STREQ("vm1", get.name);
	/* A port that it creates is not in the present namespace. */
	there = st_port_new(self->fd, "vm2", 1, 1);
	EXPECT_EQ(-ENODEV, there);
	EXPECT_EQ(-ENODEV, st_ifindex("vm2"));
	ASSERT_EQ(0, st_ioctl(self->fd, STABLETAP_IOC_LIST, &list));
	EXPECT_EQ(2, list.count);
}

TEST_F(device, ports_and_lowers_of_other_namespaces_do_not_exist)
{
	struct stabletap_create create = {
		.size = sizeof(create), .port = 1001, .name = "far",
	};
	struct stabletap_get get;
	int near, lower, other, far_lower;

	near = st_port_new(self->fd, "vm1", 0, 1);
	ASSERT_LT(0, near);
	lower = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, lower);

	ASSERT_EQ(0, st_netns_new());
	other = st_control_open();
	ASSERT_LE(0, other);
	ASSERT_EQ(0, st_ioctl(other, STABLETAP_IOC_CREATE, &create));
	ASSERT_EQ(0, st_sh("ip link add d9 index 1002 type dummy"));
	far_lower = st_ifindex("d9");
	ASSERT_EQ(1002, far_lower);

	EXPECT_EQ(-ENODEV, st_get(self->fd, 1001, &get));
	EXPECT_EQ(-ENODEV, st_port_delete(self->fd, 1001, 0));
	EXPECT_EQ(-ENODEV, st_detach(self->fd, 1001));
	EXPECT_EQ(-ENODEV, st_attach(self->fd, 1001, lower, 0));
	EXPECT_EQ(-ENODEV, st_attach(self->fd, near, far_lower, 0));
	EXPECT_STREQ("stabletap: There is no such lower in this network namespace",
		     st_msg);
	EXPECT_EQ(0, st_get(other, 1001, &get));
	EXPECT_EQ(0, st_attach(other, 1001, far_lower, 0));
}

TEST_HARNESS_MAIN
