/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the C tests: ports through the control device, links through
 * rtnetlink, frames.  They do not use the project's own library, so that the
 * tests check the kernel's ABI as the header describes it.
 *
 * Every function returns a negative errno on failure unless its comment says
 * otherwise; none prints.  The caller runs in a network namespace of its own
 * (st_netns_new()), and the control device belongs to that.
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

/* Ethertype of the frames of st_frame(): IEEE 802 local experimental */
#define ST_ETHERTYPE	0x88b5

/* Enter a new network namespace, and mount its sysfs.  Loopback is down. */
int st_netns_new(void);
/* An fd of the process's network namespace */
int st_netns_fd(void);
/*
 * Enter the network namespace of an fd. /sys and open control devices still
 * belong to the previous one.
 */
int st_netns_enter(int netns);
/* An fd of another, new one; the process stays where it is. */
int st_netns_another(void);
/*
 * Wait until all released network namespaces have been cleaned up, with their
 * devices; false at the deadline.
 */
bool st_netns_cleaned(void);
/* Run a command with sh.  Returns its exit status, or a negative errno. */
int st_sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * Deadline for everything that should happen at once, in milliseconds.  It is
 * long because an emulated machine on a busy host is slow; a test that passes
 * does not wait for it.
 */
#define ST_DEADLINE	60000
/* Time of a clock in nanoseconds; st_now(): CLOCK_MONOTONIC */
uint64_t st_clock(clockid_t clock);
uint64_t st_now(void);
/* Wait until @test(@arg) is true; false at the deadline. */
bool st_wait(bool (*test)(void *arg), void *arg, int deadline_ms);

/*
 * Unload the module (-EWOULDBLOCK if it is in use); load it from STABLETAP_KO.
 */
int st_module_unload(void);
int st_module_load(void);

/*
 * The control device. st_msg has the message of the last refusal by ioctl or
 * rtnetlink, or "".
 */
extern char st_msg[256];
int st_control_open(void);
int st_ioctl(int control, unsigned int cmd, void *arg);
/*
 * Create a port and set it up.  Its MAC address is ST_MAC_PORT with @nr added
 * to the last byte.  Returns its ifindex.
 */
int st_port_new(int control, const char *name, int nr, unsigned int queues);
int st_port_delete(int control, int port, uint32_t flags);
int st_attach(int control, int port, int lower, uint32_t flags);
int st_detach(int control, int port);
int st_get(int control, int port, struct stabletap_get *get);
/*
 * Read the counters.  The fields before them are zeroed, so that two results
 * can be compared.
 */
int st_stats(int control, int port, struct stabletap_stats *stats);
/*
 * Open one queue of a port, non-blocking and with IFF_VNET_HDR unless @flags
 * say otherwise.
 */
#define ST_OPEN_BLOCK	1	/* blocking */
#define ST_OPEN_NO_HDR	2	/* no vnet header */
int st_port_open(int control, int port, int flags);

/*
 * Links, through rtnetlink.  The functions marked "ifindex" return the ifindex,
 * the others 0.
 */
int st_link_add(const char *name, const char *kind, int link);	/* ifindex */
/*
 * RTM_NEWLINK with attributes of IFLA_INFO_DATA up to the first one of type 0.
 * Creates a port with this @name and @mac (NULL: any), or changes port @ifindex
 * if @name is NULL.
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

/* The values in IFLA_INFO_DATA of a port's RTM_NEWLINK */
struct st_told {
	int ifindex;	/* 0 if it was no port */
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
 * Let one processor handle all frames that this veth receives, so that they
 * arrive in the order in which they were sent.  Returns -ENOENT if /sys is not
 * that of the present namespace.
 */
int st_veth_in_order(const char *name);
int st_vlan_add(const char *name, int link, uint16_t id);	/* ifindex */
/*
 * Create a veth and set both ends up; @peer is in namespace fd @netns if not
 * -1.
 */
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
/*
 * IFLA_OPERSTATE (IF_OPER_*), dev->flags, address and master; each may be NULL.
 */
int st_link_state(int ifindex, int *operstate, unsigned int *flags,
		  uint8_t mac[6], int *master);

/*
 * For other requests: begin an RTM_*LINK message in a zeroed @buf; send a
 * request and wait for its acknowledgement, whose extack message goes to
 * st_msg.
 */
struct nlmsghdr *st_link_msg(void *buf, uint16_t type, uint16_t flags,
			     int ifindex);
/* Begin RTM_NEWLINK for a new link of this name. */
struct nlmsghdr *st_newlink_msg(void *buf, const char *name);
/*
 * Begin IFLA_LINKINFO of a kind; following attributes go into its
 * IFLA_INFO_DATA.
 */
struct st_kind {
	struct nlattr *info, *data;
};

struct st_kind st_kind_start(struct nlmsghdr *nlh, const char *kind);
void st_kind_end(struct nlmsghdr *nlh, struct st_kind nests);
int st_talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
/*
 * Wait until linkwatch has noticed the device's carrier: until then its queue
 * is noop_qdisc, which drops every frame.  Not for a dummy, which always has
 * carrier.
 */
bool st_wait_up(int ifindex, int deadline_ms);

/*
 * Frames: destination, source, ST_ETHERTYPE, then a number (network order),
 * then padding with its low byte.
 */
#define ST_VNET_HDR	10	/* the tap core's default: struct virtio_net_hdr */
ssize_t st_frame(uint8_t *buf, size_t len, const void *dst, const void *src,
		uint32_t number);
/* The frame's number, or -1 if it is damaged or not of st_frame() */
int64_t st_frame_number(const uint8_t *buf, size_t len);
/* Write or read one frame through a port's fd with a vnet header. */
ssize_t st_fd_write(int fd, const uint8_t *frame, size_t len);
ssize_t st_fd_read(int fd, uint8_t *frame, size_t size);
/*
 * Open a packet socket on one device (0: all devices) that receives
 * ST_ETHERTYPE frames (every frame if @all), without those that it sends
 * itself.
 */
int st_packet_open(int ifindex, bool all);
ssize_t st_packet_send(int fd, int ifindex, const uint8_t *frame, size_t len);
/*
 * Wait until @fd is readable.  Returns 1, 0 at the deadline, or a negative
 * errno.
 */
int st_readable(int fd, int deadline_ms);

#endif /* ST_H */
