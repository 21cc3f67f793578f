// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "st.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char st_msg[256];

int st_netns_new(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		return -errno;
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	umount2("/sys", MNT_DETACH);
	if (mount("sysfs", "/sys", "sysfs", 0, NULL))
		return -errno;
	return 0;
}

int st_netns_fd(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int st_netns_enter(int netns)
{
	return setns(netns, CLONE_NEWNET) ? -errno : 0;
}

int st_sh(const char *format, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(NULL);
	status = system(command);
	if (status < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

uint64_t st_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

uint64_t st_now(void)
{
	return st_clock(CLOCK_MONOTONIC);
}

bool st_wait(bool (*test)(void *arg), void *arg, int deadline_ms)
{
	uint64_t deadline = st_now() + deadline_ms * 1000000ULL;
	const struct timespec step = { .tv_nsec = 1000000 };

	while (!test(arg)) {
		if (st_now() > deadline)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

bool st_link_is_gone(void *name)
{
	return st_ifindex(name) == -ENODEV;
}

int st_netns_another(void)
{
	int here = st_netns_fd(), there, err;

	if (here < 0)
		return here;
	there = unshare(CLONE_NEWNET) ? -errno : st_netns_fd();
	err = st_netns_enter(here);
	close(here);
	return err ? err : there;
}

/* Let a namespace go, and wait until its veth has disappeared. */
static bool netns_comes_and_goes(void)
{
	int there = st_netns_another();
	int err = there < 0 ? there : st_veth_add("last", "peer", there);

	if (there >= 0)
		close(there);
	return !err && st_wait(st_link_is_gone, "last", ST_DEADLINE);
}

/*
 * The kernel cleans up namespaces in batches.  The first of these two may be in
 * the same batch as those that are waited for; its veth disappears before the
 * kernel has waited for the last user of each device of that batch.  The second
 * is in a later batch.  A device that stays in use would hold it up for ever.
 */
bool st_netns_cleaned(void)
{
	return netns_comes_and_goes() && netns_comes_and_goes();
}

int st_module_unload(void)
{
	return syscall(SYS_delete_module, "stabletap", O_NONBLOCK) ? -errno : 0;
}

int st_module_load(void)
{
	const char *path = getenv("STABLETAP_KO");
	int fd, err;

	if (!path)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err;
}

int st_control_open(void)
{
	int fd = open(STABLETAP_CONTROL, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * All structs but struct stabletap_version begin with size, msg_size and msg.
 */
int st_ioctl(int control, unsigned int cmd, void *arg)
{
	struct {
		__u32 size;
		__u32 msg_size;
		__aligned_u64 msg;
	} *head = arg;

	st_msg[0] = 0;
	if (cmd != STABLETAP_IOC_VERSION && !head->msg) {
		head->msg = (uintptr_t)st_msg;
		head->msg_size = sizeof(st_msg);
	}
	return ioctl(control, cmd, arg) < 0 ? -errno : 0;
}

int st_port_new(int control, const char *name, int nr, unsigned int queues)
{
	struct stabletap_create create = {
		.size = sizeof(create),
		.queues = queues,
	};
	int err;

	snprintf(create.name, sizeof(create.name), "%s", name);
	memcpy(create.mac, ST_MAC_PORT, 6);
	create.mac[3] = nr >> 16;
	create.mac[4] = nr >> 8;
	create.mac[5] += nr;
	err = st_ioctl(control, STABLETAP_IOC_CREATE, &create);
	if (err)
		return err;
	err = st_link_up(create.port, true);
	return err ? err : (int)create.port;
}

int st_port_delete(int control, int port, uint32_t flags)
{
	struct stabletap_delete delete = {
		.size = sizeof(delete),
		.port = port,
		.flags = flags,
	};

	return st_ioctl(control, STABLETAP_IOC_DELETE, &delete);
}

int st_attach(int control, int port, int lower, uint32_t flags)
{
	struct stabletap_attach attach = {
		.size = sizeof(attach),
		.port = port,
		.lower = lower,
		.flags = flags,
	};

	return st_ioctl(control, STABLETAP_IOC_ATTACH, &attach);
}

int st_detach(int control, int port)
{
	struct stabletap_detach detach = {
		.size = sizeof(detach),
		.port = port,
	};

	return st_ioctl(control, STABLETAP_IOC_DETACH, &detach);
}

int st_get(int control, int port, struct stabletap_get *get)
{
	memset(get, 0, sizeof(*get));
	get->size = sizeof(*get);
	get->port = port;
	return st_ioctl(control, STABLETAP_IOC_GET, get);
}

int st_stats(int control, int port, struct stabletap_stats *stats)
{
	int err;

	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->port = port;
	err = st_ioctl(control, STABLETAP_IOC_STATS, stats);
	memset(stats, 0, offsetof(struct stabletap_stats, tx_packets));
	return err;
}

int st_port_open(int control, int port, int flags)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	char path[128];
	struct stabletap_get get;
	struct stat st;
	int err, fd;

	err = st_get(control, port, &get);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/dev/%s", get.node);
	fd = open(path, O_RDWR | O_CLOEXEC |
		  (flags & ST_OPEN_BLOCK ? 0 : O_NONBLOCK));
	if (fd < 0)
		return -errno;
	err = -ENXIO;
	if (fstat(fd, &st) || st.st_rdev != makedev(get.major, get.minor))
		goto err_close;
	if (flags & ST_OPEN_NO_HDR)
		ifr.ifr_flags &= ~IFF_VNET_HDR;
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = -errno;
		goto err_close;
	}
	return fd;

err_close:
	close(fd);
	return err;
}

int st_talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	const struct nlmsgerr *error;
	const struct nlattr *attr;
	char buf[32768] __attribute__((aligned(8)));
	struct mnl_socket *nl;
	struct nlmsghdr *answer;
	ssize_t len;
	int one = 1, err;

	st_msg[0] = 0;
	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl)
		return -errno;
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	err = -EIO;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		goto out;
	for (;;) {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len < 0) {
			err = -errno;
			goto out;
		}
		answer = (struct nlmsghdr *)buf;
		if (answer->nlmsg_type == NLMSG_ERROR)
			break;
		if (cb)
			cb(answer, data);
	}
	error = mnl_nlmsg_get_payload(answer);
	err = error->error;
	if (answer->nlmsg_flags & NLM_F_ACK_TLVS) {
		size_t offset = sizeof(*error);

		if (!(answer->nlmsg_flags & NLM_F_CAPPED))
			offset += error->msg.nlmsg_len - sizeof(error->msg);
		mnl_attr_for_each(attr, answer, offset)
			if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
				snprintf(st_msg, sizeof(st_msg), "%s",
					 mnl_attr_get_str(attr));
	}
out:
	mnl_socket_close(nl);
	return err;
}

struct nlmsghdr *st_link_msg(void *buf, uint16_t type, uint16_t flags,
			     int ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifm;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));
	ifm->ifi_index = ifindex;
	return nlh;
}

struct nlmsghdr *st_newlink_msg(void *buf, const char *name)
{
	struct nlmsghdr *nlh;

	nlh = st_link_msg(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

struct st_kind st_kind_start(struct nlmsghdr *nlh, const char *kind)
{
	struct st_kind nests;

	nests.info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	nests.data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	return nests;
}

void st_kind_end(struct nlmsghdr *nlh, struct st_kind nests)
{
	mnl_attr_nest_end(nlh, nests.data);
	mnl_attr_nest_end(nlh, nests.info);
}

static int st_ifindex_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);

	*(int *)data = ifm->ifi_index;
	return MNL_CB_OK;
}

/*
 * Not if_nametoindex(): if the name does not exist, the kernel would try twice
 * to load a module of that name, which takes seconds under emulation.
 */
int st_ifindex(const char *name)
{
	char buf[256] = {}, msg[sizeof(st_msg)];
	int ifindex = -ENODEV, err;
	struct nlmsghdr *nlh;

	memcpy(msg, st_msg, sizeof(msg));
	nlh = st_link_msg(buf, RTM_GETLINK, 0, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	err = st_talk(nlh, st_ifindex_cb, &ifindex);
	memcpy(st_msg, msg, sizeof(msg));
	return err ? err : ifindex;
}

int st_link_add(const char *name, const char *kind, int link)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh;
	struct nlattr *info;
	int err;

	nlh = st_newlink_msg(buf, name);
	if (link)
		mnl_attr_put_u32(nlh, IFLA_LINK, link);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(nlh, info);
	err = st_talk(nlh, NULL, NULL);
	return err ? err : st_ifindex(name);
}

static void st_told_data(const struct nlattr *data, struct st_told *told)
{
	const struct nlattr *attr;
	int type;

	mnl_attr_for_each_nested(attr, data) {
		type = mnl_attr_get_type(attr);
		if (type > IFLA_STABLETAP_MAX)
			continue;
		told->seen[type] = true;
		if (type == IFLA_STABLETAP_LAST_LOWER)
			snprintf(told->last_lower, sizeof(told->last_lower),
				 "%s", mnl_attr_get_str(attr));
		else if (mnl_attr_get_payload_len(attr) == sizeof(__u64))
			told->value[type] = mnl_attr_get_u64(attr);
		else if (mnl_attr_get_payload_len(attr) == sizeof(__u32))
			told->value[type] = mnl_attr_get_u32(attr);
	}
}

int st_told_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *info;
	struct st_told *told = arg;
	bool ours = false;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		if (mnl_attr_get_type(attr) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(info, attr) {
			if (mnl_attr_get_type(info) == IFLA_INFO_KIND)
				ours = !strcmp(mnl_attr_get_str(info),
					       STABLETAP_KIND);
			if (mnl_attr_get_type(info) == IFLA_INFO_DATA && ours)
				st_told_data(info, told);
		}
	}
	told->ifindex = ours ? ifm->ifi_index : 0;
	return MNL_CB_OK;
}

int st_told(int ifindex, struct st_told *told)
{
	char buf[256] = {};

	memset(told, 0, sizeof(*told));
	return st_talk(st_link_msg(buf, RTM_GETLINK, 0, ifindex), st_told_cb,
		       told);
}

int st_port_request(const char *name, const uint8_t *mac, int ifindex,
		    const struct st_attr *attrs)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh;
	struct st_kind kind;

	nlh = name ? st_newlink_msg(buf, name) :
	      st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
	if (mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	kind = st_kind_start(nlh, STABLETAP_KIND);
	for (; attrs->type; attrs++)
		mnl_attr_put_u32(nlh, attrs->type, attrs->value);
	st_kind_end(nlh, kind);
	return st_talk(nlh, NULL, NULL);
}

int st_port_newlink(const char *name, int type, __u32 value)
{
	const struct st_attr attrs[] = { { type, value }, {} };

	return st_port_request(name, NULL, 0, attrs);
}

struct nlmsghdr *st_macvlan_msg(void *buf, const char *name, int parent,
				const uint8_t *mac, int master)
{
	struct nlmsghdr *nlh = st_newlink_msg(buf, name);
	struct st_kind kind;

	mnl_attr_put_u32(nlh, IFLA_LINK, parent);
	if (mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	if (master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, master);
	kind = st_kind_start(nlh, "macvlan");
	mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	st_kind_end(nlh, kind);
	return nlh;
}

int st_macvlan_add(const char *name, int parent, const uint8_t *mac,
		   int master)
{
	char buf[1024] = {};
	int err;

	err = st_talk(st_macvlan_msg(buf, name, parent, mac, master), NULL,
		      NULL);
	return err ? err : st_ifindex(name);
}

/*
 * Set the peer up.  It may be in another namespace, which is entered and left.
 */
static int st_veth_peer_up(const char *peer, int netns)
{
	int here, err;

	if (netns < 0)
		return st_link_up(st_ifindex(peer), true);

	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here < 0)
		return -errno;
	err = setns(netns, CLONE_NEWNET) ? -errno : 0;
	if (!err)
		err = st_link_up(st_ifindex(peer), true);
	if (setns(here, CLONE_NEWNET) && !err)
		err = -errno;
	close(here);
	return err;
}

int st_veth_in_order(const char *name)
{
	char path[128];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-0/rps_cpus",
		 name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = write(fd, "1", 1) < 0 ? -errno : 0;
	close(fd);
	return len;
}

int st_vlan_add(const char *name, int link, uint16_t id)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh;
	struct st_kind kind;
	int err;

	if (link < 0)
		return link;
	nlh = st_newlink_msg(buf, name);
	mnl_attr_put_u32(nlh, IFLA_LINK, link);
	kind = st_kind_start(nlh, "vlan");
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, id);
	st_kind_end(nlh, kind);
	err = st_talk(nlh, NULL, NULL);
	return err ? err : st_ifindex(name);
}

int st_veth_add(const char *name, const char *peer, int netns)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh;
	struct nlattr *attr;
	struct st_kind kind;
	int err;

	nlh = st_newlink_msg(buf, name);
	kind = st_kind_start(nlh, "veth");
	attr = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	nlh->nlmsg_len += MNL_ALIGN(sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	if (netns >= 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, netns);
	mnl_attr_nest_end(nlh, attr);
	st_kind_end(nlh, kind);
	err = st_talk(nlh, NULL, NULL);
	if (err)
		return err;

	/* An end of a veth can't come up before the other exists. */
	err = st_link_up(st_ifindex(name), true);
	return err ? err : st_veth_peer_up(peer, netns);
}

int st_link_del(int ifindex)
{
	char buf[256] = {};

	return st_talk(st_link_msg(buf, RTM_DELLINK, 0, ifindex), NULL, NULL);
}

int st_link_up(int ifindex, bool up)
{
	struct ifinfomsg *ifm;
	char buf[256] = {};
	struct nlmsghdr *nlh;

	nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
	ifm = mnl_nlmsg_get_payload(nlh);
	ifm->ifi_change = IFF_UP;
	ifm->ifi_flags = up ? IFF_UP : 0;
	return st_talk(nlh, NULL, NULL);
}

static int st_link_set(int ifindex, uint16_t attr, const void *data,
		       size_t len)
{
	struct nlmsghdr *nlh;
	char buf[256] = {};

	nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
	mnl_attr_put(nlh, attr, len, data);
	return st_talk(nlh, NULL, NULL);
}

int st_link_master(int ifindex, int master)
{
	return st_link_set(ifindex, IFLA_MASTER, &master, sizeof(master));
}

int st_link_master_of(int ifindex)
{
	int master;
	int err = st_link_state(ifindex, NULL, NULL, NULL, &master);

	return err ? err : master;
}

int st_link_mac(int ifindex, const uint8_t *mac)
{
	return st_link_set(ifindex, IFLA_ADDRESS, mac, 6);
}

int st_link_mtu(int ifindex, int mtu)
{
	return st_link_set(ifindex, IFLA_MTU, &mtu, sizeof(mtu));
}

int st_link_txqlen(int ifindex, uint32_t frames)
{
	return st_link_set(ifindex, IFLA_TXQLEN, &frames, sizeof(frames));
}

int st_link_netns(int ifindex, int netns)
{
	return st_link_set(ifindex, IFLA_NET_NS_FD, &netns, sizeof(netns));
}

struct st_state {
	int operstate;
	unsigned int flags;
	uint8_t mac[6];
	int master;
};

static int st_state_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	struct st_state *state = data;
	const struct nlattr *attr;

	state->flags = ifm->ifi_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_OPERSTATE:
			state->operstate = mnl_attr_get_u8(attr);
			break;
		case IFLA_MASTER:
			state->master = mnl_attr_get_u32(attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == 6)
				memcpy(state->mac, mnl_attr_get_payload(attr),
				       6);
			break;
		}
	}
	return MNL_CB_OK;
}

int st_link_state(int ifindex, int *operstate, unsigned int *flags,
		  uint8_t mac[6], int *master)
{
	struct st_state state = {};
	char buf[256] = {};
	int err;

	err = st_talk(st_link_msg(buf, RTM_GETLINK, 0, ifindex), st_state_cb,
		      &state);
	if (err)
		return err;
	if (operstate)
		*operstate = state.operstate;
	if (flags)
		*flags = state.flags;
	if (mac)
		memcpy(mac, state.mac, 6);
	if (master)
		*master = state.master;
	return 0;
}

static bool st_is_up(void *arg)
{
	int operstate;

	return !st_link_state(*(int *)arg, &operstate, NULL, NULL, NULL) &&
	       operstate == IF_OPER_UP;
}

bool st_wait_up(int ifindex, int deadline_ms)
{
	return st_wait(st_is_up, &ifindex, deadline_ms);
}

ssize_t st_frame(uint8_t *buf, size_t len, const void *dst, const void *src,
		uint32_t number)
{
	struct ethhdr *eth = (struct ethhdr *)buf;
	uint32_t be = htonl(number);

	memcpy(eth->h_dest, dst, 6);
	memcpy(eth->h_source, src, 6);
	eth->h_proto = htons(ST_ETHERTYPE);
	memcpy(buf + ETH_HLEN, &be, sizeof(be));
	if (len > ETH_HLEN + sizeof(be))
		memset(buf + ETH_HLEN + sizeof(be), number & 0xff,
		       len - ETH_HLEN - sizeof(be));
	return len;
}

int64_t st_frame_number(const uint8_t *buf, size_t len)
{
	const struct ethhdr *eth = (const struct ethhdr *)buf;
	uint32_t number;
	size_t i;

	if (len < ETH_HLEN + sizeof(number) ||
	    eth->h_proto != htons(ST_ETHERTYPE))
		return -1;
	memcpy(&number, buf + ETH_HLEN, sizeof(number));
	number = ntohl(number);
	for (i = ETH_HLEN + sizeof(number); i < len; i++)
		if (buf[i] != (number & 0xff))
			return -1;
	return number;
}

ssize_t st_fd_write(int fd, const uint8_t *frame, size_t len)
{
	struct virtio_net_hdr hdr = {};
	struct iovec iov[] = {
		{ &hdr, sizeof(hdr) },
		{ (void *)frame, len },
	};
	ssize_t ret = writev(fd, iov, 2);

	return ret < 0 ? -errno : ret - (ssize_t)sizeof(hdr);
}

ssize_t st_fd_read(int fd, uint8_t *frame, size_t size)
{
	struct virtio_net_hdr hdr;
	struct iovec iov[] = {
		{ &hdr, sizeof(hdr) },
		{ frame, size },
	};
	ssize_t ret = readv(fd, iov, 2);

	return ret < 0 ? -errno : ret - (ssize_t)sizeof(hdr);
}

int st_packet_open(int ifindex, bool all)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(all ? ETH_P_ALL : ST_ETHERTYPE),
		.sll_ifindex = ifindex,
	};
	int size = 32 << 20;
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

ssize_t st_packet_send(int fd, int ifindex, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
	};
	ssize_t ret;

	ret = sendto(fd, frame, len, 0, (struct sockaddr *)&addr,
		     sizeof(addr));
	return ret < 0 ? -errno : ret;
}

int st_readable(int fd, int deadline_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int ret = poll(&pfd, 1, deadline_ms);

	return ret < 0 ? -errno : ret;
}
