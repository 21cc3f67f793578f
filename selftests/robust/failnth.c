// SPDX-License-Identifier: GPL-2.0
/*
 * Makes every allocation, and every copy from or to user space, of an operation
 * fail once: /proc/thread-self/fail-nth is 1, 2, 3 ... until the operation hits
 * no fault.  After each fault the devices must be as before the operation or as
 * after it, never in between.  An operation that returns success must have been
 * done.  One that returns an error must not have been done, unless only its
 * answer was lost.  Without a fault the operation must succeed afterwards.
 *
 *	vm1 -- low (veth, macvlan, VLAN, bond), low2		a second namespace
 *	        low -- par ==== far
 *
 * The states are compared as text: links, addresses, address lists, masters,
 * promiscuity and allmulti, adjacency, nodes, GET. Each variant prints one line
 * with its figures, which depend on the kernel.
 *
 * vm-timeout: 3600
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fault.h"
#include "harness.h"
#include "st.h"

#define MOST_FAULTS	1000
#define TEXT		32768
#define MAC_NEW		"\x52\x54\x00\x00\x0b\x01"

enum low { NONE, VETH, BRIDGE, PRIVATE, VEPA, PASSTHRU, VLAN, BOND };

/* A request, which is prepared before the fault is armed */
struct request {
	enum { IOCTL, NETLINK, OPEN } door;
	unsigned int cmd;
	union {
		struct stabletap_create create;
		struct stabletap_delete delete;
		struct stabletap_attach attach;
		struct stabletap_detach detach;
		struct stabletap_get get;
		struct stabletap_list list;
		struct ifreq ifr;
	} arg;
	char buf[1024] __attribute__((aligned(8)));
	char path[128];
	int on;			/* fd of the ioctl */
};

struct world {
	int here, there;	/* namespaces */
	int sock;		/* any socket */
	int fault;		/* fd of fault_open() */
	struct mnl_socket *nl;	/* for requests */
	struct mnl_socket *dump[2];	/* for dumps, here and there */
	int control;
	int port, low, low2;	/* ifindex, or negative errno */
	int fd;			/* fd of the node, or -1 */
	uint32_t list[16];
	struct request req;
	char before[TEXT], after[TEXT], now[TEXT];
	unsigned int injected, refused, done, differing;
};

/*
 * The state, as sorted lines with names, since the ifindexes differ in each
 * turn
 */
#define LINES 300
#define LINKS 8192
struct text {
	char line[LINES][160];
	int n;
	char names[LINKS][IFNAMSIZ];	/* names of the links, by ifindex */
	const char *where;
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
	va_list args;

	if (text->n == LINES)
		abort();
	va_start(args, format);
	vsnprintf(text->line[text->n++], sizeof(text->line[0]), format, args);
	va_end(args);
}

static const char *text_name(const struct text *text, unsigned int ifindex)
{
	return !ifindex ? "-" : ifindex < LINKS ? text->names[ifindex] : "?";
}

static const char *mac_text(const uint8_t *mac)
{
	static char buf[2][18];
	static int i;

	i = !i;
	snprintf(buf[i], sizeof(buf[i]), "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf[i];
}

/*
 * The IP stacks join 224.0.0.1 and ff02::1 when a device comes up, and ignore a
 * failure.  So these addresses are not compared.
 */
static bool is_the_stacks(const uint8_t *mac)
{
	return !memcmp(mac, "\x01\x00\x5e\x00\x00\x01", 6) ||
	       !memcmp(mac, "\x33\x33\x00\x00\x00\x01", 6);
}

static int names_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct text *text = data;

	if (ifm->ifi_index >= LINKS)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			snprintf(text->names[ifm->ifi_index], IFNAMSIZ, "%s",
				 mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int link_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	uint32_t mtu = 0, master = 0, link = 0, promisc = 0, multi = 0;
	const char *mac = "-";
	const struct nlattr *attr;
	struct text *text = data;
	uint32_t queue = 0;

	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == 6)
				mac = mac_text(mnl_attr_get_payload(attr));
			break;
		case IFLA_MTU:
			mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_MASTER:
			master = mnl_attr_get_u32(attr);
			break;
		case IFLA_LINK:
			link = mnl_attr_get_u32(attr);
			break;
		case IFLA_PROMISCUITY:
			promisc = mnl_attr_get_u32(attr);
			break;
		case IFLA_ALLMULTI:
			multi = mnl_attr_get_u32(attr);
			break;
		case IFLA_TXQLEN:
			queue = mnl_attr_get_u32(attr);
			break;
		}
	}
	text_add(text, "%s link %s flags %x mtu %u mac %s master %s link %s promisc %u allmulti %u queue %u",
		 text->where, text_name(text, ifm->ifi_index),
		 ifm->ifi_flags & (IFF_UP | IFF_PROMISC | IFF_ALLMULTI |
				   IFF_MASTER | IFF_SLAVE | IFF_NOARP), mtu,
		 mac, text_name(text, master), text_name(text, link), promisc,
		 multi, queue);
	return MNL_CB_OK;
}

static int fdb_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct text *text = data;

	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		const uint8_t *mac = mnl_attr_get_payload(attr);

		if (mnl_attr_get_type(attr) == NDA_LLADDR &&
		    !is_the_stacks(mac))
			text_add(text, "%s list %s %s state %x flags %x",
				 text->where,
				 text_name(text, ndm->ndm_ifindex),
				 mac_text(mac), ndm->ndm_state,
				 ndm->ndm_flags);
	}
	return MNL_CB_OK;
}

static int dump(struct mnl_socket *nl, uint16_t type, mnl_cb_t cb, void *data)
{
	char buf[32768] __attribute__((aligned(8))) = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	ssize_t len;
	int more;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (type == RTM_GETNEIGH) {
		struct ndmsg *ndm;

		ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
		ndm->ndm_family = AF_BRIDGE;
	} else {
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	}
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		more = mnl_cb_run(buf, len, 0, 0, cb, data);
	} while (more > 0);
	return more;
}

/* /proc/net/dev_mcast has the multicast lists with their counts. */
static int text_mcast(struct text *text)
{
	FILE *file = fopen("/proc/thread-self/net/dev_mcast", "r");
	char name[IFNAMSIZ], mac[64];
	int ifindex, users, global;

	if (!file)
		return -errno;
	while (fscanf(file, "%d %15s %d %d %63s", &ifindex, name, &users,
		      &global, mac) == 5)
		if (strcmp(mac, "01005e000001") && strcmp(mac, "333300000001"))
			text_add(text, "count %s %s %d %d", name, mac, users,
				 global);
	fclose(file);
	return 0;
}

/*
 * dev->flags with promiscuity and allmulti, adjacency, the symlink to the node
 */
static void text_sysfs(struct text *text, const char *name)
{
	char path[300], flags[32] = "";
	struct dirent *entry;
	unsigned int bits;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "upper_", 6) ||
		    !strncmp(entry->d_name, "lower_", 6))
			text_add(text, "adjacent %s %s", name, entry->d_name);
		else if (!strncmp(entry->d_name, "tap", 3))
			text_add(text, "node of %s", name);
	}
	closedir(dir);

	snprintf(path, sizeof(path), "/sys/class/net/%s/flags", name);
	file = fopen(path, "r");
	if (!file)
		return;
	if (fgets(flags, sizeof(flags), file)) {
		bits = strtoul(flags, NULL, 16);
		text_add(text, "flags %s%s%s%s", name,
			 bits & IFF_UP ? " up" : "",
			 bits & IFF_PROMISC ? " promisc" : "",
			 bits & IFF_ALLMULTI ? " allmulti" : "");
	}
	fclose(file);
}

static void text_class(struct text *text, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!strncmp(entry->d_name, "tap", 3))
			text_add(text, "a node in sysfs");
		else
			text_sysfs(text, entry->d_name);
	}
	closedir(dir);
}

/* The nodes of a namespace */
static void text_nodes(struct text *text, int netns)
{
	struct dirent *entry;
	char path[64];
	struct stat st;
	DIR *dir;

	if (fstat(netns, &st))
		return;
	snprintf(path, sizeof(path), "/dev/stabletap.ns/%ju",
		 (uintmax_t)st.st_ino);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			text_add(text, "%s node", text->where);
	closedir(dir);
}

static void text_port(struct text *text, struct world *w)
{
	struct stabletap_get get;
	char path[128];
	struct stat st;
	bool node;

	if (w->port <= 0 || st_get(w->control, w->port, &get))
		return;
	snprintf(path, sizeof(path), "/dev/%s", get.node);
	node = !stat(path, &st) && st.st_rdev == makedev(get.major, get.minor);
	text_add(text, "port %s node %d perm %o/%o queues %u open %u on-detach %u",
		 get.name, node, get.perm, node ? st.st_mode & 0777 : 0,
		 get.queues, get.open_queues, get.on_detach);
	text_add(text, "port lower %s kind %u flags %x mtu %u attached %d",
		 text_name(text, get.lower), get.lower_kind, get.attach_flags,
		 get.lower_mtu, get.state != STABLETAP_STATE_DETACHED);
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int state(struct world *w, char *to)
{
	static const char *const where[] = { "here", "there" };
	static struct text text;
	size_t used = 0;
	int i, err = 0;

	memset(&text, 0, sizeof(text));
	for (i = 1; i >= 0 && !err; i--) {
		memset(text.names, 0, sizeof(text.names));
		text.where = where[i];
		err = dump(w->dump[i], RTM_GETLINK, names_cb, &text);
		if (!err)
			err = dump(w->dump[i], RTM_GETLINK, link_cb, &text);
		if (!err)
			err = dump(w->dump[i], RTM_GETNEIGH, fdb_cb, &text);
		text_nodes(&text, i ? w->there : w->here);
	}
	if (!err)
		err = text_mcast(&text);
	if (err)
		return err;
	text_class(&text, "/sys/class/net");
	text_class(&text, "/sys/class/stabletap");
	text_port(&text, w);

	qsort(text.line, text.n, sizeof(text.line[0]), text_compare);
	to[0] = 0;
	for (i = 0; i < text.n && used < TEXT; i++)
		used += snprintf(to + used, TEXT - used, "%s\n", text.line[i]);
	return used < TEXT ? 0 : -ENOSPC;
}

/* Print the lines of @a that are not in @b, each once */
static void lines_of(const char *title, const char *a, const char *b)
{
	const char *line = a, *end;
	char buf[200];

	for (; (end = strchr(line, '\n')); line = end + 1) {
		snprintf(buf, sizeof(buf), "%.*s\n", (int)(end - line), line);
		if (!strstr(b, buf))
			printf("#   %s: %s", title, buf);
	}
}

static void refresh(struct world *w)
{
	w->port = st_ifindex("vm1");
	w->low = st_ifindex("low");
	w->low2 = st_ifindex("low2");
}

/* The topology.  The names of the second lower and its devices end in 2. */
static int low_new(enum low kind, const char *n)
{
	static const char *const modes[] = {
		[BRIDGE] = "bridge", [PRIVATE] = "private", [VEPA] = "vepa",
		[PASSTHRU] = "passthru",
	};
	const char *veth = kind == VETH ? "low" : "par";
	int err;

	err = st_sh("ip link add %s%s address 52:54:00:00:0a:01 type veth peer name far%s && ip link set far%s up && ip link set %s%s %s",
		    veth, n, n, n, veth, n, kind == BOND ? "down" : "up");
	if (err)
		return err;
	switch (kind) {
	case VLAN:
		return st_sh("ip link add link par%s name low%s up type vlan id 7",
			     n, n);
	case BOND:
		return st_sh("ip link add low%s type bond mode active-backup && ip link set par%s master low%s && ip link set low%s up",
			     n, n, n, n);
	case BRIDGE: case PRIVATE: case VEPA: case PASSTHRU:
		return st_sh("ip link add link par%s name low%s %s up type macvlan mode %s",
			     n, n, kind == PASSTHRU ? "" :
			     "address 52:54:00:00:0a:02", modes[kind]);
	default:
		return 0;
	}
}

/* Add addresses to the port's lists, which a lower in filter mode gets */
static int port_lists(struct world *w)
{
	struct ifreq ifr = { .ifr_name = "vm1" };
	struct nlmsghdr *nlh;
	char buf[256] = {};
	struct ndmsg *ndm;
	int i;

	for (i = 1; i <= 3; i++) {
		ifr.ifr_hwaddr.sa_family = AF_UNSPEC;
		memcpy(ifr.ifr_hwaddr.sa_data, "\x33\x33\x00\x00\x01", 5);
		ifr.ifr_hwaddr.sa_data[5] = i;
		if (ioctl(w->sock, SIOCADDMULTI, &ifr))
			return -errno;
	}
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = w->port;
	ndm->ndm_state = NUD_PERMANENT;
	ndm->ndm_flags = NTF_SELF;
	mnl_attr_put(nlh, NDA_LLADDR, 6, "\x52\x54\x00\x00\x0c\x01");
	return st_talk(nlh, NULL, NULL);
}

static int port_new(struct world *w)
{
	w->port = st_port_new(w->control, "vm1", 0, 2);
	return w->port < 0 ? w->port : port_lists(w);
}

/* Operations: prepare the request; undo the operation. */
struct variant {
	const char *what;
	bool no_port;
	enum low low, low2;
	bool low_is_down;
	bool attached;
	uint32_t flags;		/* flags of the attach before the operation */
	uint32_t to;		/* flags of the attach that is the operation */
	void (*ask)(struct world *w, const struct variant *v);
	int (*undo)(struct world *w, const struct variant *v);
};

static struct nlmsghdr *ask_netlink(struct world *w, uint16_t type,
				    uint16_t flags, int ifindex)
{
	w->req.door = NETLINK;
	return st_link_msg(w->req.buf, type, flags, ifindex);
}

static void ask_ioctl(struct world *w, unsigned int cmd)
{
	w->req.door = IOCTL;
	w->req.on = w->control;
	w->req.cmd = cmd;
}

static void ask_create(struct world *w, const struct variant *v)
{
	struct stabletap_create *create = &w->req.arg.create;

	ask_ioctl(w, STABLETAP_IOC_CREATE);
	*create = (struct stabletap_create){
		.size = sizeof(*create),
		.name = "vm1",
		.queues = 2,
	};
	memcpy(create->mac, ST_MAC_PORT, 6);
}

static void ask_newlink(struct world *w, const struct variant *v)
{
	struct st_kind kind;
	struct nlmsghdr *nlh;

	nlh = ask_netlink(w, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vm1");
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, ST_MAC_PORT);
	kind = st_kind_start(nlh, STABLETAP_KIND);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_QUEUES, 2);
	st_kind_end(nlh, kind);
}

/* Add the attributes for lower and flags; -1: none */
static void put_lower(struct nlmsghdr *nlh, int lower, int64_t flags)
{
	struct nlattr *info, *data;

	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, STABLETAP_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (lower >= 0)
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_LOWER, lower);
	if (flags >= 0)
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_ATTACH_FLAGS, flags);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void ask_newlink_with_lower(struct world *w, const struct variant *v)
{
	struct nlmsghdr *nlh;

	nlh = ask_netlink(w, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vm1");
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, ST_MAC_PORT);
	put_lower(nlh, w->low, -1);
}

static void ask_lower(struct world *w, const struct variant *v)
{
	put_lower(ask_netlink(w, RTM_NEWLINK, 0, w->port), w->low, v->to);
}

static void ask_lower2(struct world *w, const struct variant *v)
{
	put_lower(ask_netlink(w, RTM_NEWLINK, 0, w->port), w->low2,
		  v->to | STABLETAP_ATTACH_REPLACE);
}

static void ask_no_lower(struct world *w, const struct variant *v)
{
	put_lower(ask_netlink(w, RTM_NEWLINK, 0, w->port), 0, -1);
}

static void ask_slave_filter(struct world *w, const struct variant *v)
{
	struct nlmsghdr *nlh = ask_netlink(w, RTM_NEWLINK, 0, w->low);
	struct nlattr *info, *data;

	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, STABLETAP_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS, v->to);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static int undo_create(struct world *w, const struct variant *v)
{
	return st_port_delete(w->control, w->port, STABLETAP_DELETE_FORCE);
}

static void ask_open(struct world *w, const struct variant *v)
{
	struct stabletap_get get;

	w->req.door = OPEN;
	st_get(w->control, w->port, &get);
	snprintf(w->req.path, sizeof(w->req.path), "/dev/%s", get.node);
}

static int undo_open(struct world *w, const struct variant *v)
{
	close(w->fd);
	w->fd = -1;
	return 0;
}

static void ask_attach_to(struct world *w, int lower, uint32_t flags)
{
	struct stabletap_attach *attach = &w->req.arg.attach;

	ask_ioctl(w, STABLETAP_IOC_ATTACH);
	*attach = (struct stabletap_attach){
		.size = sizeof(*attach),
		.port = w->port,
		.lower = lower,
		.flags = flags,
	};
}

static void ask_attach(struct world *w, const struct variant *v)
{
	ask_attach_to(w, w->low, v->to);
}

static void ask_master(struct world *w, const struct variant *v)
{
	struct nlmsghdr *nlh = ask_netlink(w, RTM_NEWLINK, 0, w->low);

	mnl_attr_put_u32(nlh, IFLA_MASTER, w->port);
}

static int undo_attach(struct world *w, const struct variant *v)
{
	return st_detach(w->control, w->port);
}

static void ask_replace(struct world *w, const struct variant *v)
{
	ask_attach_to(w, w->low2, v->to | STABLETAP_ATTACH_REPLACE);
}

static void ask_filter(struct world *w, const struct variant *v)
{
	ask_attach_to(w, w->low, v->to | STABLETAP_ATTACH_REPLACE);
}

static int undo_replace(struct world *w, const struct variant *v)
{
	return st_attach(w->control, w->port, w->low,
			 v->flags | STABLETAP_ATTACH_REPLACE);
}

static void ask_detach(struct world *w, const struct variant *v)
{
	struct stabletap_detach *detach = &w->req.arg.detach;

	ask_ioctl(w, STABLETAP_IOC_DETACH);
	*detach = (struct stabletap_detach){
		.size = sizeof(*detach),
		.port = w->port,
	};
}

static void ask_nomaster(struct world *w, const struct variant *v)
{
	struct nlmsghdr *nlh = ask_netlink(w, RTM_NEWLINK, 0, w->low);

	mnl_attr_put_u32(nlh, IFLA_MASTER, 0);
}

static int undo_detach(struct world *w, const struct variant *v)
{
	return st_attach(w->control, w->port, w->low, v->flags);
}

static void ask_list(struct world *w, const struct variant *v)
{
	struct stabletap_list *list = &w->req.arg.list;

	ask_ioctl(w, STABLETAP_IOC_LIST);
	*list = (struct stabletap_list){
		.size = sizeof(*list),
		.count = 16,
		.ports = (uintptr_t)w->list,
	};
}

static void ask_get(struct world *w, const struct variant *v)
{
	struct stabletap_get *get = &w->req.arg.get;

	ask_ioctl(w, STABLETAP_IOC_GET);
	*get = (struct stabletap_get){
		.size = sizeof(*get),
		.port = w->port,
	};
}

static void ask_getlink(struct world *w, const struct variant *v)
{
	/* The answer replaces the acknowledgement. */
	ask_netlink(w, RTM_GETLINK, 0, w->port)->nlmsg_flags &= ~NLM_F_ACK;
}

static int undo_nothing(struct world *w, const struct variant *v)
{
	return 0;
}

static void ask_mac(struct world *w, const struct variant *v)
{
	mnl_attr_put(ask_netlink(w, RTM_NEWLINK, 0, w->port), IFLA_ADDRESS, 6,
		     MAC_NEW);
}

/* Through the node's fd */
static void ask_mac_by_fd(struct world *w, const struct variant *v)
{
	struct ifreq *ifr = &w->req.arg.ifr;

	ask_ioctl(w, SIOCSIFHWADDR);
	w->req.on = w->fd;
	memset(ifr, 0, sizeof(*ifr));
	ifr->ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr->ifr_hwaddr.sa_data, MAC_NEW, 6);
}

static int undo_mac(struct world *w, const struct variant *v)
{
	return st_link_mac(w->port, (const uint8_t *)ST_MAC_PORT);
}

static void ask_mtu(struct world *w, const struct variant *v)
{
	mnl_attr_put_u32(ask_netlink(w, RTM_NEWLINK, 0, w->port), IFLA_MTU,
			 1400);
}

static int undo_mtu(struct world *w, const struct variant *v)
{
	return st_link_mtu(w->port, 1500);
}

static void ask_queue(struct world *w, const struct variant *v)
{
	mnl_attr_put_u32(ask_netlink(w, RTM_NEWLINK, 0, w->port), IFLA_TXQLEN,
			 700);
}

static int undo_queue(struct world *w, const struct variant *v)
{
	struct nlmsghdr *nlh;
	char buf[256] = {};

	nlh = st_link_msg(buf, RTM_NEWLINK, 0, w->port);
	mnl_attr_put_u32(nlh, IFLA_TXQLEN, 500);
	return st_talk(nlh, NULL, NULL);
}

static void ask_down(struct world *w, const struct variant *v)
{
	struct nlmsghdr *nlh = ask_netlink(w, RTM_NEWLINK, 0, w->port);
	struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);

	ifm->ifi_change = IFF_UP;
}

static int undo_down(struct world *w, const struct variant *v)
{
	return st_link_up(w->port, true);
}

static void ask_port_there(struct world *w, const struct variant *v)
{
	mnl_attr_put_u32(ask_netlink(w, RTM_NEWLINK, 0, w->port),
			 IFLA_NET_NS_FD, w->there);
}

static void ask_low_there(struct world *w, const struct variant *v)
{
	mnl_attr_put_u32(ask_netlink(w, RTM_NEWLINK, 0, w->low),
			 IFLA_NET_NS_FD, w->there);
}

static int bring_back(struct world *w, const char *name)
{
	int err = st_netns_enter(w->there), back;

	if (!err)
		err = st_link_netns(st_ifindex(name), w->here);
	back = st_netns_enter(w->here);
	refresh(w);
	return err ? err : back ? back : st_link_up(st_ifindex(name), true);
}

static int undo_port_there(struct world *w, const struct variant *v)
{
	int err = bring_back(w, "vm1");

	/* The kernel empties the address lists of a device that moves. */
	if (!err)
		err = port_lists(w);
	if (!err && v->attached)
		err = st_attach(w->control, w->port, w->low, v->flags);
	return err;
}

static int undo_low_there(struct world *w, const struct variant *v)
{
	int err = bring_back(w, "low");

	return err ? err : st_attach(w->control, w->port, w->low, v->flags);
}

static void ask_delete(struct world *w, const struct variant *v)
{
	struct stabletap_delete *delete = &w->req.arg.delete;

	ask_ioctl(w, STABLETAP_IOC_DELETE);
	*delete = (struct stabletap_delete){
		.size = sizeof(*delete),
		.port = w->port,
	};
}

static void ask_dellink(struct world *w, const struct variant *v)
{
	ask_netlink(w, RTM_DELLINK, 0, w->port);
}

static int undo_delete(struct world *w, const struct variant *v)
{
	int err = port_new(w);

	if (!err && v->attached)
		err = st_attach(w->control, w->port, w->low, v->flags);
	return err;
}

static void ask_low_delete(struct world *w, const struct variant *v)
{
	ask_netlink(w, RTM_DELLINK, 0, w->low);
}

/* Create the macvlan again; its parent still exists. */
static int undo_low_delete(struct world *w, const struct variant *v)
{
	int err = st_macvlan_add("low", st_ifindex("par"),
				 (const uint8_t *)"\x52\x54\x00\x00\x0a\x02",
				 0);

	if (err < 0)
		return err;
	w->low = err;
	err = st_link_up(w->low, true);
	return err ? err : st_attach(w->control, w->port, w->low, v->flags);
}

/* Send the request with few system calls, since faults in all of them count */
static int fire(struct world *w)
{
	static char answer[16384] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)w->req.buf;
	int sock = mnl_socket_get_fd(w->nl);
	ssize_t len;

	switch (w->req.door) {
	case OPEN:
		w->fd = open(w->req.path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		return w->fd < 0 ? -errno : 0;
	case IOCTL:
		return ioctl(w->req.on, w->req.cmd, &w->req.arg) ? -errno : 0;
	default:
		break;
	}
	if (send(sock, nlh, nlh->nlmsg_len, 0) < 0)
		return -errno;
	len = recv(sock, answer, sizeof(answer), MSG_DONTWAIT);
	if (len < 0)
		return -errno;
	nlh = (struct nlmsghdr *)answer;
	if (nlh->nlmsg_type != NLMSG_ERROR)
		return 0;
	return ((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error;
}

/* Read the late answer to a request whose answer seemed lost */
static void drain(struct world *w)
{
	static char buf[16384];
	ssize_t len;

	do
		len = recv(mnl_socket_get_fd(w->nl), buf, sizeof(buf),
			   MSG_DONTWAIT);
	while (len >= 0 || errno == ENOBUFS);
}

/*
 * Send the request with the @nth fault armed (0: none).  Sets @injected if the
 * fault happened.
 */
static int faulted(struct world *w, const struct variant *v, int nth,
		   bool *injected)
{
	int err;

	memset(&w->req, 0, sizeof(w->req));
	v->ask(w, v);
	if (fault_arm(w->fault, nth))
		return -EIO;
	err = fire(w);
	*injected = nth && fault_met(w->fault);
	if (fault_arm(w->fault, 0))
		return -EIO;
	drain(w);
	refresh(w);
	return err;
}

/* The errors of an operation that was done but whose answer was lost */
static bool may_be_done(const struct world *w, int err)
{
	return !err || (w->req.door == IOCTL && err == -EFAULT) ||
	       (w->req.door == NETLINK &&
		(err == -ENOBUFS || err == -ENOMEM || err == -EFAULT ||
		 err == -EAGAIN));
}

static bool differs(struct world *w, const struct variant *v, int nth, int err,
		    const char *what)
{
	w->differing++;
	printf("# %s: fault %d, answer %d: %s\n", v->what, nth, err, what);
	lines_of("there, not before", w->now, w->before);
	lines_of("before, not there", w->before, w->now);
	if (strcmp(w->before, w->after)) {
		lines_of("there, not after", w->now, w->after);
		lines_of("after, not there", w->after, w->now);
	}
	return false;
}

/*
 * If there was no memory for an address of the lists, a worker tries again
 * later.  If the worker fails too, the lower is promiscuous, and the port
 * reports that (STABLETAP_ATTACH_INCOMPLETE).
 */
static bool is_settled(void *arg)
{
	struct stabletap_get get;
	struct world *w = arg;

	if (state(w, w->now))
		return false;
	if (!strcmp(w->now, w->after))
		return true;
	return w->port > 0 && !st_get(w->control, w->port, &get) &&
	       get.attach_flags & STABLETAP_ATTACH_INCOMPLETE &&
	       (strstr(w->now, "flags low up promisc") ||
		strstr(w->now, "flags low2 up promisc"));
}

/* Undo the operation, and check that the state is as before. */
static bool undone(struct world *w, const struct variant *v, int nth)
{
	int err = v->undo(w, v);

	refresh(w);
	if (err || state(w, w->now) || strcmp(w->now, w->before))
		return differs(w, v, nth, err, "can't be undone");
	return true;
}

/* Test one fault.  Returns false if the variant can't continue. */
static bool one(struct world *w, const struct variant *v, int nth, bool *more)
{
	bool again = true;
	int err;

	err = faulted(w, v, nth, more);
	if (state(w, w->now))
		return differs(w, v, nth, err, "the state can't be read");
	if (*more)
		w->injected++;

	if (!strcmp(w->now, w->after) &&
	    (err == 0 || strcmp(w->after, w->before))) {
		w->done++;
		if (!may_be_done(w, err))
			differs(w, v, nth, err, "done, and refused");
		return undone(w, v, nth);
	}
	if (!err && strcmp(w->now, w->before) &&
	    st_wait(is_settled, w, ST_DEADLINE)) {
		w->done++;
		return undone(w, v, nth);
	}
	if (strcmp(w->now, w->before))
		return differs(w, v, nth, err, "neither before nor after");
	w->refused++;
	if (!err)
		differs(w, v, nth, err, "nothing done, and no error");
	if (!*more)
		return differs(w, v, nth, err, "no fault, and refused");

	err = faulted(w, v, 0, &again);
	if (err || state(w, w->now) || strcmp(w->now, w->after))
		return differs(w, v, nth, err, "can't be done afterwards");
	return undone(w, v, nth);
}

FIXTURE(failnth) {
	struct world *w;
};

FIXTURE_VARIANT(failnth) {
	struct variant v;
};

static int world_new(struct world *w, const struct variant *v)
{
	int err;

	w->fd = -1;
	err = st_netns_new();
	if (err)
		return err;
	w->here = st_netns_fd();
	w->dump[0] = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	w->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (unshare(CLONE_NEWNET))
		return -errno;
	w->there = st_netns_fd();
	w->dump[1] = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	err = st_netns_enter(w->here);
	if (err || !w->dump[0] || !w->dump[1] || !w->nl)
		return err ? err : -EMFILE;
	w->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	w->control = st_control_open();
	if (w->control < 0)
		return w->control;
	err = st_sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; ip link set lo up");
	if (!err && v->low)
		err = low_new(v->low, "");
	if (!err && v->low2)
		err = low_new(v->low2, "2");
	if (!err && v->low_is_down)
		err = st_sh("ip link set low down");
	if (!err && !v->no_port)
		err = port_new(w);
	refresh(w);
	if (!err && v->attached)
		err = st_attach(w->control, w->port, w->low, v->flags);
	/* Open the node for the operations that use its fd */
	if (!err && (v->ask == ask_mac_by_fd || v->ask == ask_queue)) {
		w->fd = st_port_open(w->control, w->port, 0);
		err = w->fd < 0 ? w->fd : 0;
	}
	return err;
}

FIXTURE_SETUP(failnth)
{
	int fault = fault_open();

	self->w = NULL;
	if (fault == -ENOENT)
		SKIP(return, NO_FAULTS);
	ASSERT_LE(0, fault);
	/* Allocations that may sleep fail too. */
	ASSERT_EQ(0, fault_set("failslab/ignore-gfp-wait", "N"));
	ASSERT_EQ(0, fault_set("fail_page_alloc/ignore-gfp-wait", "N"));
	ASSERT_EQ(0, fault_set("fail_page_alloc/min-order", "0"));

	self->w = calloc(1, sizeof(*self->w));
	ASSERT_NE(NULL, self->w);
	self->w->fault = fault;
	/* Faults must not hit a page of this process. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	ASSERT_EQ(0, world_new(self->w, &variant->v)) {
		TH_LOG("%s: %s", variant->v.what, st_msg);
	}
}

FIXTURE_TEARDOWN(failnth)
{
	if (self->w && self->w->fd >= 0)
		close(self->w->fd);
}

TEST_F_TIMEOUT(failnth, leaves_all_as_before_or_as_after, 1200)
{
	const struct variant *v = &variant->v;
	struct world *w = self->w;
	bool more = true;
	int nth;

	/* Run the operation once without a fault, to get the expected state */
	ASSERT_EQ(0, state(w, w->before));
	ASSERT_EQ(0, faulted(w, v, 0, &more));
	ASSERT_EQ(0, state(w, w->after));
	ASSERT_TRUE(undone(w, v, 0));

	for (nth = 1, more = true; more && nth <= MOST_FAULTS; nth++)
		if (!one(w, v, nth, &more))
			break;
	printf("# fail-nth | %-44s | %4u | %4u | %4u | %u\n", v->what,
	       w->injected, w->refused, w->done - !more, w->differing);
	fflush(stdout);
	EXPECT_EQ(0, w->differing);
	EXPECT_FALSE(more);
	EXPECT_GT(w->injected, 0);
}

#define OPERATION(name, ...)						\
FIXTURE_VARIANT_ADD(failnth, name) {					\
	.v = { .what = #name, __VA_ARGS__ },				\
}

#define FILTER STABLETAP_ATTACH_FILTER

/* clang-format off */
OPERATION(create_by_ioctl, .no_port = true, .ask = ask_create,
	  .undo = undo_create);
OPERATION(create_by_rtnetlink, .no_port = true, .ask = ask_newlink,
	  .undo = undo_create);
OPERATION(create_with_lower, .no_port = true, .low = BRIDGE,
	  .ask = ask_newlink_with_lower, .undo = undo_create);
OPERATION(open, .ask = ask_open, .undo = undo_open);
OPERATION(attach_direct, .low = VETH, .ask = ask_attach, .undo = undo_attach);
OPERATION(attach_direct_that_is_down, .low = VETH, .low_is_down = true,
	  .ask = ask_attach, .undo = undo_attach);
OPERATION(attach_direct_by_rtnetlink, .low = VETH, .ask = ask_master,
	  .undo = undo_attach);
OPERATION(attach_direct_filter, .low = VETH, .to = FILTER, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_macvlan_bridge, .low = BRIDGE, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_macvlan_bridge_filter, .low = BRIDGE, .to = FILTER,
	  .ask = ask_attach, .undo = undo_attach);
OPERATION(attach_macvlan_by_rtnetlink, .low = BRIDGE, .ask = ask_master,
	  .undo = undo_attach);
OPERATION(attach_macvlan_private, .low = PRIVATE, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_macvlan_vepa, .low = VEPA, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_macvlan_passthru, .low = PASSTHRU, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_vlan, .low = VLAN, .ask = ask_attach, .undo = undo_attach);
OPERATION(attach_vlan_filter, .low = VLAN, .to = FILTER, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_bond, .low = BOND, .ask = ask_attach, .undo = undo_attach);
OPERATION(attach_bond_filter, .low = BOND, .to = FILTER, .ask = ask_attach,
	  .undo = undo_attach);
OPERATION(attach_by_attribute, .low = BRIDGE, .to = FILTER, .ask = ask_lower,
	  .undo = undo_attach);
OPERATION(replace_by_attribute, .low = BRIDGE, .low2 = VETH,
	  .attached = true, .flags = FILTER, .to = FILTER, .ask = ask_lower2,
	  .undo = undo_replace);
OPERATION(detach_by_attribute, .low = BRIDGE, .attached = true,
	  .flags = FILTER, .ask = ask_no_lower, .undo = undo_detach);
OPERATION(filter_by_slave_attribute, .low = VETH, .attached = true,
	  .to = FILTER, .ask = ask_slave_filter, .undo = undo_replace);
OPERATION(replace_direct_by_direct, .low = VETH, .low2 = VETH,
	  .attached = true, .ask = ask_replace, .undo = undo_replace);
OPERATION(replace_direct_by_direct_filter, .low = VETH, .low2 = VETH,
	  .attached = true, .flags = FILTER, .to = FILTER, .ask = ask_replace,
	  .undo = undo_replace);
OPERATION(replace_direct_by_macvlan, .low = VETH, .low2 = BRIDGE,
	  .attached = true, .ask = ask_replace, .undo = undo_replace);
OPERATION(replace_macvlan_by_direct, .low = BRIDGE, .low2 = VETH,
	  .attached = true, .ask = ask_replace, .undo = undo_replace);
OPERATION(replace_macvlan_by_macvlan_filter, .low = BRIDGE, .low2 = BRIDGE,
	  .attached = true, .flags = FILTER, .to = FILTER, .ask = ask_replace,
	  .undo = undo_replace);
OPERATION(detach_direct, .low = VETH, .attached = true, .ask = ask_detach,
	  .undo = undo_detach);
OPERATION(detach_direct_by_rtnetlink, .low = VETH, .attached = true,
	  .ask = ask_nomaster, .undo = undo_detach);
OPERATION(detach_direct_filter, .low = VETH, .attached = true,
	  .flags = FILTER, .ask = ask_detach, .undo = undo_detach);
OPERATION(detach_macvlan, .low = BRIDGE, .attached = true, .ask = ask_detach,
	  .undo = undo_detach);
OPERATION(list, .ask = ask_list, .undo = undo_nothing);
OPERATION(get, .low = VETH, .attached = true, .ask = ask_get,
	  .undo = undo_nothing);
OPERATION(get_by_rtnetlink, .low = VETH, .attached = true, .ask = ask_getlink,
	  .undo = undo_nothing);
OPERATION(mac_of_detached, .ask = ask_mac, .undo = undo_mac);
OPERATION(mac_of_detached_by_fd, .ask = ask_mac_by_fd, .undo = undo_mac);
OPERATION(mac_over_direct, .low = VETH, .attached = true, .ask = ask_mac,
	  .undo = undo_mac);
OPERATION(mac_over_direct_filter, .low = VETH, .attached = true,
	  .flags = FILTER, .ask = ask_mac, .undo = undo_mac);
OPERATION(mac_over_macvlan, .low = BRIDGE, .attached = true, .ask = ask_mac,
	  .undo = undo_mac);
OPERATION(mtu, .low = VETH, .attached = true, .ask = ask_mtu,
	  .undo = undo_mtu);
OPERATION(queue_length, .ask = ask_queue, .undo = undo_queue);
OPERATION(port_down, .low = VETH, .attached = true, .ask = ask_down,
	  .undo = undo_down);
OPERATION(promiscuous_to_filter, .low = VETH, .attached = true, .to = FILTER,
	  .ask = ask_filter, .undo = undo_replace);
OPERATION(filter_to_promiscuous, .low = VETH, .attached = true,
	  .flags = FILTER, .ask = ask_filter, .undo = undo_replace);
OPERATION(allmulti_to_filter, .low = BRIDGE, .attached = true, .to = FILTER,
	  .ask = ask_filter, .undo = undo_replace);
OPERATION(move_of_port, .ask = ask_port_there, .undo = undo_port_there);
OPERATION(move_of_attached_port, .low = VETH, .attached = true,
	  .ask = ask_port_there, .undo = undo_port_there);
OPERATION(move_of_lower, .low = VETH, .attached = true, .ask = ask_low_there,
	  .undo = undo_low_there);
OPERATION(delete_by_ioctl, .low = VETH, .attached = true, .ask = ask_delete,
	  .undo = undo_delete);
OPERATION(delete_by_rtnetlink, .low = BRIDGE, .attached = true,
	  .flags = FILTER, .ask = ask_dellink, .undo = undo_delete);
OPERATION(delete_of_detached, .ask = ask_delete, .undo = undo_delete);
OPERATION(delete_of_lower, .low = BRIDGE, .attached = true,
	  .flags = FILTER, .ask = ask_low_delete, .undo = undo_low_delete);

TEST_HARNESS_MAIN
