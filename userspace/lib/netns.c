// SPDX-License-Identifier: GPL-2.0
/* Network namespaces, as "ip netns" names them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <linux/net_namespace.h>

#include "internal.h"

static int take_nsid(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	int *nsid = arg;

	if (nlh->nlmsg_type != RTM_NEWNSID)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtgenmsg))
		if (mnl_attr_get_type(attr) == NETNSA_NSID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			*nsid = (int)mnl_attr_get_u32(attr);
	return 0;
}

/* Negative: the namespace has no number here, or the request failed. */
static int nsid_of(struct stabletap *st, int dir, const char *name)
{
	static const struct rtgenmsg gen = { .rtgen_family = AF_UNSPEC };
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int nsid = NETNSA_NSID_NOT_ASSIGNED, err;
	char buf[ST_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	if (fd < 0)
		return -errno;
	nlh = st_nl_request(buf, RTM_GETNSID, 0, &gen, sizeof(gen));
	mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)fd);
	err = st_nl_exchange(st, nlh, take_nsid, &nsid);
	close(fd);
	return err ? err : nsid;
}

int stabletap_netns_name(struct stabletap *st, int nsid, char *name,
			 size_t size)
{
	DIR *dir = nsid < 0 ? NULL : opendir(STABLETAP_NETNS_DIR);
	const struct dirent *e;
	int err = -ENOENT;

	while (dir && err && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= size ||
		    nsid_of(st, dirfd(dir), e->d_name) != nsid)
			continue;
		memcpy(name, e->d_name, strlen(e->d_name) + 1);
		err = 0;
	}
	if (dir)
		closedir(dir);
	return err;
}
