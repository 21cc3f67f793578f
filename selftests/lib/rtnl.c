// SPDX-License-Identifier: GPL-2.0
#include "rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "st.h"

/* The second of two pages is missing: only the answer touches it. */
static int memory_open(struct rtnl *rtnl)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range.len = page,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	rtnl->memory = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (rtnl->memory < 0)
		return -errno;
	rtnl->pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rtnl->pages == MAP_FAILED)
		return -errno;
	range.range.start = (uintptr_t)rtnl->pages + page;
	if (ioctl(rtnl->memory, UFFDIO_API, &api) ||
	    ioctl(rtnl->memory, UFFDIO_REGISTER, &range))
		return -errno;
	return 0;
}

static void *rtnl_run(void *arg)
{
	struct rtnl *rtnl = arg;
	const __u32 cmd = ETHTOOL_GLINK;
	struct ifreq ifr = { .ifr_name = "lo" };

	/* The command is in the first page, its answer in the second. */
	ifr.ifr_data = rtnl->pages + sysconf(_SC_PAGESIZE) - sizeof(cmd);
	memcpy(ifr.ifr_data, &cmd, sizeof(cmd));
	ioctl(rtnl->socket, SIOCETHTOOL, &ifr);
	return NULL;
}

int rtnl_hold(struct rtnl *rtnl)
{
	int err;

	err = memory_open(rtnl);
	if (err)
		return err;
	rtnl->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (rtnl->socket < 0)
		return -errno;
	err = -pthread_create(&rtnl->thread, NULL, rtnl_run, rtnl);
	if (err)
		return err;
	err = st_readable(rtnl->memory, ST_DEADLINE);
	if (err != 1)
		return err ? err : -ETIMEDOUT;
	return 0;
}

void rtnl_let_go(struct rtnl *rtnl)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct uffdio_zeropage zero = {
		.range.start = (uintptr_t)rtnl->pages + page,
		.range.len = page,
	};

	ioctl(rtnl->memory, UFFDIO_ZEROPAGE, &zero);
	pthread_join(rtnl->thread, NULL);
	munmap(rtnl->pages, 2 * page);
	close(rtnl->socket);
	close(rtnl->memory);
}
