// SPDX-License-Identifier: GPL-2.0
/* The names of network namespaces, in a /run of this test. */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stabletap.h"
#include "tap.h"

#define DIR STABLETAP_NETNS_DIR

/* A new namespace with that name, as "ip netns add" makes it */
static bool netns_add(const char *path)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	bool good;

	good = home >= 0 && fd >= 0 && !unshare(CLONE_NEWNET) &&
	       !mount("/proc/self/ns/net", path, "none", MS_BIND, NULL) &&
	       !setns(home, CLONE_NEWNET);
	close(home);
	close(fd);
	return good;
}

/* As the kernel does when a device here is stacked on one there */
static bool set_nsid(const char *path, int nsid)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	char buf[256] = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	ssize_t got = -1;
	int result = -1;

	if (nl && fd >= 0) {
		nlh->nlmsg_type = RTM_NEWNSID;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct rtgenmsg));
		mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)fd);
		mnl_attr_put_u32(nlh, NETNSA_NSID, (uint32_t)nsid);
		if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0)
			got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (got > 0)
			result = mnl_cb_run(buf, (size_t)got, 0, 0, NULL, NULL);
	}
	if (nl)
		mnl_socket_close(nl);
	close(fd);
	return result >= 0;
}

static bool scene(void)
{
	return !unshare(CLONE_NEWNET | CLONE_NEWNS) &&
	       !mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) &&
	       !mount("run", "/run", "tmpfs", 0, NULL);
}

static bool fill(void)
{
	return !mkdir(DIR, 0755) && netns_add(DIR "/red") &&
	       netns_add(DIR "/blue") && netns_add(DIR "/green") &&
	       set_nsid(DIR "/red", 4) && set_nsid(DIR "/blue", 7);
}

static void test_names(struct tap *t, struct stabletap *st)
{
	char name[16] = "";

	ok(t, stabletap_netns_name(st, 7, name, sizeof(name)) == -ENOENT,
	   "without a directory there are no names");
	if (!ok(t, fill(), "three namespaces, of which two have a number"))
		return;
	ok(t, !stabletap_netns_name(st, 7, name, sizeof(name)),
	   "a namespace has a name");
	is_str(t, name, "blue", "and not another's");
	ok(t, stabletap_netns_name(st, 5, name, sizeof(name)) == -ENOENT,
	   "a number that no namespace has");
	ok(t, stabletap_netns_name(st, -1, name, sizeof(name)) == -ENOENT,
	   "no number is none, although one namespace has none");
	ok(t, stabletap_netns_name(st, 7, name, 4) == -ENOENT,
	   "a name is not cut off");
}

int main(void)
{
	struct stabletap *st = NULL;
	struct tap t = { 0 };

	if (scene() && !stabletap_open(&st))
		test_names(&t, st);
	else
		ok(&t, true, "names # SKIP no network namespace");
	stabletap_close(st);
	return tap_end(&t);
}
