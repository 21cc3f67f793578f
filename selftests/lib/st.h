/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C tests share: ports by the control device, links by rtnetlink,
 * frames.  Independent of the project's own library on purpose: it tests the
 * kernel's ABI as the header says it.
 *
 * Every function returns a negative errno on failure unless it says
 * otherwise; none prints.  The caller runs in a network namespace of its own
 * (st_netns_new()) and the control device belongs to it.
 */
#ifndef ST_H
#define ST_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/stabletap.h>

#define ST_MAC_PORT	"\x52\x54\x00\x00\x00\x01"
#define ST_MAC_PEER	"\x52\x54\x00\x00\x00\x02"
#define ST_BROADCAST	"\xff\xff\xff\xff\xff\xff"

/* 0x88b5: IEEE 802 local experimental, as st_frame() makes them */
#define ST_ETHERTYPE	0x88b5

/* Enter a new network namespace, with sysfs of it mounted, loopback down. */
int st_netns_new(void);
/* An fd of the network namespace the process is in */
int st_netns_fd(void);
/* Go into that of an fd; /sys and control devices stay those they were. */
int st_netns_enter(int netns);
/* An fd of another, new one; the process stays where it is. */
int st_netns_another(void);
/*
 * Wait until all network namespaces that were let go are gone entirely, with
 * their devices; false at the deadline.
 */
bool st_netns_cleaned(void);
/* Run a command by sh; its exit status, or negative errno. */
int st_sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * What anything that should happen at once may take in emulation, on a machine
 * that has other things to do: milliseconds, of which a test that passes spends
 * none.
 */
#define ST_DEADLINE	60000
/* What CLOCK_* shows, nanoseconds; st_now(): CLOCK_MONOTONIC */
uint64_t st_clock(clockid_t clock);
uint64_t st_now(void);
/* Wait until @test(@arg) is true; false at the deadline. */
bool st_wait(bool (*test)(void *arg), void *arg, int deadline_ms);

/* The module: out, -EWOULDBLOCK if it is used; in, from STABLETAP_KO. */
int st_module_unload(void);
int st_module_load(void);

/*
 * The control device.  st_msg holds the sentence of the last refusal by
 * ioctl or rtnetlink, or "".
 */
extern char st_msg[256];
int st_control_open(void);
int st_ioctl(int control, unsigned int cmd, void *arg);
/* ifindex of a new port, set up; MAC ST_MAC_PORT + @nr in its last byte */
int st_port_new(int control, const char *name, int nr, unsigned int queues);
int st_port_delete(int control, int port, uint32_t flags);
int st_attach(int control, int port, int lower, uint32_t flags);
int st_detach(int control, int port);
int st_get(int control, int port, struct stabletap_get *get);
/* The counters; all before them is zeroed, so that two can be compared. */
int st_stats(int control, int port, struct stabletap_stats *stats);
/* One queue of a port, non-blocking, IFF_VNET_HDR unless @flags says else */
#define ST_OPEN_BLOCK	1	/* blocking */
#define ST_OPEN_NO_HDR	2	/* no vnet header */
int st_port_open(int control, int port, int flags);

/* Links, by rtnetlink.  Return 0, or ifindex where it says so. */
int st_link_add(const char *name, const char *kind, int link);	/* ifindex */
/*
 * RTM_NEWLINK with attributes of IFLA_INFO_DATA, as many as there are until one
 * of type 0: makes a port that is called @name and has @mac (NULL: any), or
 * changes port @ifindex if there is no name.
 */
struct st_attr {
	int type;
	__u32 value;
};

int st_port_request(const char *name, const uint8_t *mac, int ifindex,
		    const struct st_attr *attrs);
int st_port_newlink(const char *name, int type, __u32 value);
#define st_port_set(ifindex, ...)					\
	st_port_request(NULL, NULL, ifindex,				\
			(const struct st_attr[]) { __VA_ARGS__, {} })

/* What a port's RTM_NEWLINK tells in IFLA_INFO_DATA */
struct st_told {
	int ifindex;	/* 0: it was no port */
	bool seen[IFLA_STABLETAP_MAX + 1];
	uint64_t value[IFLA_STABLETAP_MAX + 1];
	char last_lower[STABLETAP_NAME_SIZE];
};

int st_told(int ifindex, struct st_told *told);
int st_told_cb(const struct nlmsghdr *nlh, void *told);

struct nlmsghdr *st_macvlan_msg(void *buf, const char *name, int parent,
				const uint8_t *mac, int master);
int st_macvlan_add(const char *name, int parent, const uint8_t *mac,
		   int master);					/* ifindex */
/*
 * Frames come in by this veth in the order in which they were sent, from
 * whatever processors: one processor takes them all.  -ENOENT in a namespace
 * whose /sys is not mounted.
 */
int st_veth_in_order(const char *name);
int st_vlan_add(const char *name, int link, uint16_t id);	/* ifindex */
/* Two ends, up; the second in namespace fd @netns if that is not -1 */
int st_veth_add(const char *name, const char *peer, int netns);
int st_link_del(int ifindex);
int st_link_up(int ifindex, bool up);
int st_link_master(int ifindex, int master);
int st_link_master_of(int ifindex);			/* ifindex, or 0 */
int st_link_mac(int ifindex, const uint8_t *mac);
int st_link_mtu(int ifindex, int mtu);
int st_link_txqlen(int ifindex, uint32_t frames);
int st_link_netns(int ifindex, int netns);
int st_ifindex(const char *name);	/* ifindex, -ENODEV */
bool st_link_is_gone(void *name);	/* for st_wait() */
/* IFLA_OPERSTATE (IF_OPER_*) and dev->flags; what is NULL is not wanted */
int st_link_state(int ifindex, int *operstate, unsigned int *flags,
		  uint8_t mac[6], int *master);

/*
 * Requests of one's own: the head of an RTM_*LINK message in a zeroed @buf;
 * and one request with its acknowledgement, whose extack sentence goes to
 * st_msg.
 */
struct nlmsghdr *st_link_msg(void *buf, uint16_t type, uint16_t flags,
			     int ifindex);
/* RTM_NEWLINK for a link of this name that does not exist yet */
struct nlmsghdr *st_newlink_msg(void *buf, const char *name);
/* IFLA_LINKINFO of a kind; what follows goes into its IFLA_INFO_DATA */
struct st_kind {
	struct nlattr *info, *data;
};

struct st_kind st_kind_start(struct nlmsghdr *nlh, const char *kind);
void st_kind_end(struct nlmsghdr *nlh, struct st_kind nests);
int st_talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
/*
 * Wait until linkwatch has seen that a device has got carrier: until then its
 * queue is the one that drops everything.  Not for a dummy, which always has.
 */
bool st_wait_up(int ifindex, int deadline_ms);

/*
 * Frames: destination, source, ST_ETHERTYPE, then a number (network order),
 * then padding with its low byte.
 */
#define ST_VNET_HDR	10	/* the tap core's default: struct virtio_net_hdr */
ssize_t st_frame(uint8_t *buf, size_t len, const void *dst, const void *src,
		uint32_t number);
/* The frame's number, or -1 if it is not one of ours or is damaged */
int64_t st_frame_number(const uint8_t *buf, size_t len);
/* Write or read one frame by a port's fd that has a vnet header. */
ssize_t st_fd_write(int fd, const uint8_t *frame, size_t len);
ssize_t st_fd_read(int fd, uint8_t *frame, size_t size);
/* A packet socket on one device (0: all) that gets ST_ETHERTYPE frames (or
 * all, if @all); does not see what it sends itself. */
int st_packet_open(int ifindex, bool all);
ssize_t st_packet_send(int fd, int ifindex, const uint8_t *frame, size_t len);
/* Wait until @fd is readable; 0 at the deadline, 1, or negative errno. */
int st_readable(int fd, int deadline_ms);

#endif /* ST_H */
