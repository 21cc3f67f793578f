// SPDX-License-Identifier: GPL-2.0
/*
 * The size rules of the ioctls, and refusals that depend on the arguments
 * alone.  There is no control device and no port.
 *
 * The arguments are in memory of the process that loads this module, at the end
 * of a page that no other page follows.  So reading one byte too many returns
 * -EFAULT.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#include "../../kmod/control.c"

static struct mm_struct *user_mm;
static unsigned long user_pages;
#define USER_SIZE (2 * PAGE_SIZE)
#define USER_END ((u8 __user *)user_pages + USER_SIZE)

static int control_test_suite_init(struct kunit_suite *suite)
{
	if (!current->mm)
		return -ESRCH;
	/* Map one page more, and unmap it again */
	user_pages = vm_mmap(NULL, 0, USER_SIZE + PAGE_SIZE,
			     PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(user_pages))
		return user_pages;
	user_mm = current->mm;
	mmget(user_mm);
	return vm_munmap(user_pages + USER_SIZE, PAGE_SIZE);
}

static void control_test_suite_exit(struct kunit_suite *suite)
{
	if (!user_mm)
		return;
	vm_munmap(user_pages, USER_SIZE);
	mmput(user_mm);
	user_mm = NULL;
}

static int control_test_init(struct kunit *test)
{
	struct file *file;

	file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);
	test->priv = file;
	if (!file)
		return -ENOMEM;
	file->private_data = &init_net;
	return 0;
}

/*
 * Call the ioctl with the first @room bytes of @arg, and copy them back to
 * @arg.
 */
static long ask(struct kunit *test, unsigned int cmd, void *arg, size_t room)
{
	u8 __user *to = USER_END - room;
	long ret = -EIO;

	kthread_use_mm(user_mm);
	if (!copy_to_user(to, arg, room))
		ret = control_ioctl(test->priv, cmd, (unsigned long)to);
	if (copy_from_user(arg, to, room))
		ret = -EIO;
	kthread_unuse_mm(user_mm);
	return ret;
}

/* Requests whose result does not depend on a port */
static const struct {
	const char *name;
	unsigned int cmd;
	u32 size;		/* present size */
	long ret;
	size_t flags;		/* offset of the flags, 0 if there are none */
	u32 known;		/* known flags */
	size_t set;		/* offset and value of what causes @ret, or 0 */
	u8 to;
} asked[] = {
#define ASKED(NAME, name, ...)						\
	{ #NAME, STABLETAP_IOC_##NAME, sizeof(struct stabletap_##name),	\
	  __VA_ARGS__ }
#define FLAGS(name, field) offsetof(struct stabletap_##name, field)
	ASKED(VERSION, version, 0),
	/* A multicast address */
	ASKED(CREATE, create, -EADDRNOTAVAIL, FLAGS(create, flags),
	      STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP |
	      STABLETAP_CREATE_PERM, offsetof(struct stabletap_create, mac), 1),
	ASKED(DELETE, delete, -ENODEV, FLAGS(delete, flags),
	      STABLETAP_DELETE_FORCE),
	ASKED(ATTACH, attach, -ENODEV, FLAGS(attach, flags),
	      STABLETAP_ATTACH_REPLACE | STABLETAP_ATTACH_PROMISC |
	      STABLETAP_ATTACH_FILTER),
	ASKED(DETACH, detach, -ENODEV, FLAGS(detach, flags)),
	ASKED(SET, set, -ENODEV, FLAGS(set, mask),
	      STABLETAP_SET_ON_DETACH | STABLETAP_SET_HOLD_FRAMES |
	      STABLETAP_SET_HOLD_TIME | STABLETAP_SET_HOLD_BYTES),
	ASKED(GET, get, -ENODEV, FLAGS(get, flags)),
	ASKED(LIST, list, 0, FLAGS(list, flags)),
	ASKED(STATS, stats, -ENODEV, FLAGS(stats, flags)),
};

#define for_each_asked(i) for ((i) = 0; (i) < ARRAY_SIZE(asked); (i)++)

/* Prepare request asked[i] with @size bytes in @arg */
static void prepare(void *arg, int i, u32 size)
{
	memset(arg, 0, USER_SIZE);
	memcpy(arg, &size, sizeof(size));
	if (asked[i].set)
		((u8 *)arg)[asked[i].set] = asked[i].to;
}

static void *buffer(struct kunit *test)
{
	void *arg = kunit_kzalloc(test, USER_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, arg);
	return arg;
}

static u32 first_size(int i)
{
	return control_commands[_IOC_NR(asked[i].cmd)].min_size;
}

static void each_ioctl_of_the_table_is_asked_here(struct kunit *test)
{
	int i;

	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(control_commands), ARRAY_SIZE(asked));
	for_each_asked(i) {
		KUNIT_EXPECT_EQ(test, _IOC_NR(asked[i].cmd), i);
		KUNIT_EXPECT_EQ(test, control_commands[i].size, asked[i].size);
		KUNIT_EXPECT_LE(test, first_size(i), asked[i].size);
	}
}

static void an_unknown_ioctl_is_no_tty(struct kunit *test)
{
	static const unsigned int unknown[] = {
		_IO(STABLETAP_IOC_TYPE, ARRAY_SIZE(control_commands)),
		_IO(STABLETAP_IOC_TYPE, 0xff),
		_IO(STABLETAP_IOC_TYPE + 1, _IOC_NR(STABLETAP_IOC_VERSION)),
		_IOR(STABLETAP_IOC_TYPE, _IOC_NR(STABLETAP_IOC_GET),
		     struct stabletap_get),
		_IOW(STABLETAP_IOC_TYPE, _IOC_NR(STABLETAP_IOC_DELETE),
		     struct stabletap_delete),
		_IOC(_IOC_NONE, STABLETAP_IOC_TYPE, 0, 8),
		0, ~0U,
	};
	void *arg = buffer(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		KUNIT_EXPECT_EQ_MSG(test, ask(test, unknown[i], arg, PAGE_SIZE),
				    -ENOTTY, "%#x", unknown[i]);
}

/*
 * Check the result of request asked[i] with this @size, in @room bytes of
 * memory
 */
static void expect_size(struct kunit *test, int i, u8 *arg, u32 size,
			size_t room, long ret)
{
	prepare(arg, i, size);
	KUNIT_EXPECT_EQ_MSG(test, ask(test, asked[i].cmd, arg, room), ret,
			    "%s, %u bytes", asked[i].name, size);
}

static void less_than_the_first_version_is_invalid(struct kunit *test)
{
	u8 *arg = buffer(test);
	u32 size;
	int i;

	for_each_asked(i)
		for (size = 0; size < first_size(i); size++)
			expect_size(test, i, arg, size, asked[i].size, -EINVAL);
}

static void every_size_from_the_first_version_on_is_taken(struct kunit *test)
{
	u8 *arg = buffer(test);
	u32 size;
	int i;

	for_each_asked(i)
		for (size = first_size(i); size <= asked[i].size; size++)
			expect_size(test, i, arg, size, size, asked[i].ret);
}

static void a_newer_struct_is_taken_if_what_is_new_is_zero(struct kunit *test)
{
	u8 *arg = buffer(test);
	u32 more;
	int i;

	for_each_asked(i)
		for (more = 1; asked[i].size + more <= PAGE_SIZE;
		     more += more < 16 ? 1 : 57)
			expect_size(test, i, arg, asked[i].size + more,
				    asked[i].size + more, asked[i].ret);
}

static void a_page_is_the_most(struct kunit *test)
{
	u8 *arg = buffer(test);
	int i;

	for_each_asked(i) {
		expect_size(test, i, arg, PAGE_SIZE, PAGE_SIZE, asked[i].ret);
		expect_size(test, i, arg, PAGE_SIZE + 1, PAGE_SIZE + 1, -E2BIG);
		expect_size(test, i, arg, U32_MAX, PAGE_SIZE, -E2BIG);
	}
}

/* Sets the first and the last byte of tails of several lengths. */
static void what_is_new_and_not_zero_is_too_big(struct kunit *test)
{
	static const u32 more[] = { 1, 2, 7, 8, 9, 64, 1000 };
	u8 *arg = buffer(test);
	u32 size;
	int i, j;

	for_each_asked(i)
		for (j = 0; j < ARRAY_SIZE(more); j++) {
			size = asked[i].size + more[j];
			prepare(arg, i, size);
			arg[asked[i].size] = 0x80;
			KUNIT_EXPECT_EQ_MSG(test, ask(test, asked[i].cmd, arg,
						      size),
					    -E2BIG, "%s, first of %u",
					    asked[i].name, more[j]);
			prepare(arg, i, size);
			arg[size - 1] = 1;
			KUNIT_EXPECT_EQ_MSG(test, ask(test, asked[i].cmd, arg,
						      size),
					    -E2BIG, "%s, last of %u",
					    asked[i].name, more[j]);
		}
}

static void memory_that_is_not_there_is_a_fault(struct kunit *test)
{
	u8 *arg = buffer(test);
	u32 size;
	int i;

	for_each_asked(i) {
		size = asked[i].size;
		/* Even the size is cut off; only the last byte is cut off */
		expect_size(test, i, arg, size, 3, -EFAULT);
		expect_size(test, i, arg, size, size - 1, -EFAULT);
		expect_size(test, i, arg, size + 8, size + 7, -EFAULT);
	}
}

/*
 * A struct that has grown, since none has yet: the argument of control_grown(),
 * and its result
 */
#define GROWN_FIRST 16
#define GROWN 48
static u8 grown_seen[GROWN];
static int grown_calls;

static int control_grown(const struct control_caller *caller,
			 union control_arg *arg,
			 struct netlink_ext_ack *extack)
{
	grown_calls++;
	memcpy(grown_seen, arg, GROWN);
	memset(arg, 0xee, sizeof(*arg));
	return 0;
}

static const struct control_command grown_command = {
	.func		= control_grown,
	.size		= GROWN,
	.min_size	= GROWN_FIRST,
};

/* Call with @size bytes of 0x11.  @arg, of USER_SIZE, gets the result. */
static long call_grown(u8 *arg, u32 size)
{
	const struct control_caller caller = { .net = &init_net };
	u8 __user *to = USER_END - size;
	long ret = -EIO;

	memset(arg, 0x11, USER_SIZE);
	if (size > GROWN)
		memset(arg + GROWN, 0, size - GROWN);
	kthread_use_mm(user_mm);
	if (!copy_to_user(to, arg, size))
		ret = control_call(&grown_command, &caller, to, size);
	if (copy_from_user(arg, to, size))
		ret = -EIO;
	kthread_unuse_mm(user_mm);
	return ret;
}

static void what_an_older_struct_lacks_reads_as_zero(struct kunit *test)
{
	u8 *arg = buffer(test);
	u32 size;

	grown_calls = 0;
	for (size = GROWN_FIRST; size <= GROWN; size++) {
		memset(grown_seen, 0xff, sizeof(grown_seen));
		KUNIT_EXPECT_EQ(test, call_grown(arg, size), 0);
		KUNIT_EXPECT_PTR_EQ_MSG(test,
					memchr_inv(grown_seen, 0x11, size),
					NULL, "%u bytes", size);
		KUNIT_EXPECT_PTR_EQ_MSG(test, memchr_inv(grown_seen + size, 0,
							 GROWN - size),
					NULL, "%u bytes", size);
	}
	KUNIT_EXPECT_EQ(test, grown_calls, GROWN - GROWN_FIRST + 1);
}

static void an_answer_is_as_long_as_both_know(struct kunit *test)
{
	u8 *arg = buffer(test);
	u32 size, known;

	for (size = GROWN_FIRST; size < 2 * GROWN; size++) {
		known = min_t(u32, size, GROWN);
		KUNIT_EXPECT_EQ(test, call_grown(arg, size), 0);
		KUNIT_EXPECT_PTR_EQ_MSG(test, memchr_inv(arg, 0xee, known),
					NULL, "%u bytes", size);
		KUNIT_EXPECT_PTR_EQ_MSG(test, memchr_inv(arg + known, 0,
							 size - known),
					NULL, "%u bytes", size);
	}
}

static void a_refusal_changes_nothing_of_the_struct(struct kunit *test)
{
	u8 *before = buffer(test), *arg = buffer(test);
	int i;

	for_each_asked(i) {
		if (!asked[i].ret)
			continue;
		prepare(arg, i, asked[i].size);
		memcpy(before, arg, USER_SIZE);
		KUNIT_EXPECT_EQ(test, ask(test, asked[i].cmd, arg,
					  asked[i].size), asked[i].ret);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(before, arg, asked[i].size), 0,
				    "%s", asked[i].name);
	}
}

static void an_unknown_flag_is_not_supported(struct kunit *test)
{
	u8 *arg = buffer(test);
	int i, bit;
	long ret;
	u32 flag;

	for_each_asked(i) {
		if (!asked[i].flags)
			continue;
		for (bit = 0; bit < 32; bit++) {
			flag = BIT(bit);
			prepare(arg, i, asked[i].size);
			memcpy(arg + asked[i].flags, &flag, sizeof(flag));
			ret = ask(test, asked[i].cmd, arg, asked[i].size);
			KUNIT_EXPECT_EQ_MSG(test, ret,
					    flag & asked[i].known ?
					    asked[i].ret : -EOPNOTSUPP,
					    "%s, bit %d", asked[i].name, bit);
		}
	}
}

static void a_reserved_field_must_be_zero(struct kunit *test)
{
	static const struct {
		int nr;
		size_t at;
	} reserved[] = {
#define RESERVED(NAME, name, field)					\
	{ _IOC_NR(STABLETAP_IOC_##NAME),				\
	  offsetof(struct stabletap_##name, field) }
		RESERVED(CREATE, create, reserved[0]),
		RESERVED(CREATE, create, reserved[1]),
		RESERVED(ATTACH, attach, reserved),
		RESERVED(DETACH, detach, reserved),
		RESERVED(SET, set, reserved),
	};
	u8 *arg = buffer(test);
	int i, nr;

	for (i = 0; i < ARRAY_SIZE(reserved); i++) {
		nr = reserved[i].nr;
		prepare(arg, nr, asked[nr].size);
		arg[reserved[i].at] = 1;
		KUNIT_EXPECT_EQ_MSG(test, ask(test, asked[nr].cmd, arg,
					      asked[nr].size),
				    -EINVAL, "%s", asked[nr].name);
	}
}

/* The message buffer is in front of the struct, in the same memory. */
#define MSG_ROOM 100
static const char no_port[] = KBUILD_MODNAME
	": There is no such port in this network namespace";

/*
 * Call GET with @room bytes for a message.  @msg gets the content of the
 * buffer.
 */
static long ask_for_msg(struct kunit *test, u32 room, char *msg)
{
	u8 __user *to = USER_END - sizeof(struct stabletap_get) - MSG_ROOM;
	struct stabletap_get get = {
		.size = sizeof(get),
		.msg_size = room,
		.msg = (unsigned long)to,
	};
	unsigned long missed;
	long ret;

	kthread_use_mm(user_mm);
	missed = copy_to_user(to, msg, MSG_ROOM);
	kthread_unuse_mm(user_mm);
	ret = ask(test, STABLETAP_IOC_GET, &get, sizeof(get));
	kthread_use_mm(user_mm);
	missed += copy_from_user(msg, to, MSG_ROOM);
	kthread_unuse_mm(user_mm);
	return missed ? -EIO : ret;
}

static void a_sentence_is_cut_to_its_room(struct kunit *test)
{
	char expected[MSG_ROOM], msg[MSG_ROOM];
	size_t len;
	u32 room;

	KUNIT_ASSERT_LT(test, sizeof(no_port), sizeof(msg));
	for (room = 0; room <= sizeof(msg); room++) {
		memset(msg, 0x55, sizeof(msg));
		memset(expected, 0x55, sizeof(expected));
		/* Not by strscpy(): it may write more zeros than one. */
		if (room) {
			len = min_t(size_t, strlen(no_port), room - 1);
			memcpy(expected, no_port, len);
			expected[len] = '\0';
		}
		KUNIT_EXPECT_EQ(test, ask_for_msg(test, room, msg), -ENODEV);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(msg, expected, sizeof(msg)), 0,
				    "%u bytes", room);
	}
}

static void names_are_as_the_core_has_them(struct kunit *test)
{
	static const struct {
		const char *name;
		bool valid;
	} names[] = {
		{ "", true }, { "vm1", true }, { "vm%d", true },
		{ "%d", true }, { "fifteen_letters", true },
		{ "vm%d%d", false }, { "vm%", false }, { "vm%s", false },
		{ "vm%%d", false }, { "a/b", false }, { "a b", false },
		{ ".", false }, { "..", false }, { "a:b", false },
	};
	char name[IFNAMSIZ];
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		memset(name, 0, sizeof(name));
		strscpy(name, names[i].name, sizeof(name));
		KUNIT_EXPECT_EQ_MSG(test, create_name_is_valid(name),
				    names[i].valid, "\"%s\"", names[i].name);
	}
	/* Without a terminating NUL */
	memset(name, 'x', sizeof(name));
	KUNIT_EXPECT_FALSE(test, create_name_is_valid(name));
}

/* port.c checks that each counter is at the place of its field. */
static void stats_are_filled_in_the_counters_order(struct kunit *test)
{
	const size_t first = offsetof(struct stabletap_stats, tx_packets);
	struct stabletap_stats stats = {};
	u64 sum[STABLETAP_COUNTERS];
	int i;

	for (i = 0; i < STABLETAP_COUNTERS; i++)
		sum[i] = 0x0123456700000000 + i;
	stats_fill(&stats, sum);
	KUNIT_EXPECT_EQ(test, memcmp((u8 *)&stats + first, sum, sizeof(sum)),
			0);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(&stats, 0, first), NULL);
}

static struct kunit_case control_test_cases[] = {
	KUNIT_CASE(each_ioctl_of_the_table_is_asked_here),
	KUNIT_CASE(an_unknown_ioctl_is_no_tty),
	KUNIT_CASE(less_than_the_first_version_is_invalid),
	KUNIT_CASE(every_size_from_the_first_version_on_is_taken),
	KUNIT_CASE(a_newer_struct_is_taken_if_what_is_new_is_zero),
	KUNIT_CASE(a_page_is_the_most),
	KUNIT_CASE(what_is_new_and_not_zero_is_too_big),
	KUNIT_CASE(memory_that_is_not_there_is_a_fault),
	KUNIT_CASE(what_an_older_struct_lacks_reads_as_zero),
	KUNIT_CASE(an_answer_is_as_long_as_both_know),
	KUNIT_CASE(a_refusal_changes_nothing_of_the_struct),
	KUNIT_CASE(an_unknown_flag_is_not_supported),
	KUNIT_CASE(a_reserved_field_must_be_zero),
	KUNIT_CASE(a_sentence_is_cut_to_its_room),
	KUNIT_CASE(names_are_as_the_core_has_them),
	KUNIT_CASE(stats_are_filled_in_the_counters_order),
	{}
};

static struct kunit_suite control_test_suite = {
	.name		= "stabletap_sizes",
	.suite_init	= control_test_suite_init,
	.suite_exit	= control_test_suite_exit,
	.init		= control_test_init,
	.test_cases	= control_test_cases,
};

kunit_test_suite(control_test_suite);
