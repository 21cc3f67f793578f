/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the command, the daemon and the tests use of the library: all of it.
 * libstabletap.h is the part for other programs, and has the conventions.
 *
 * The library does what it is asked, decides nothing and prints nothing.  Each
 * type that is handed out names the function that releases it.  Releasing a zeroed
 * or released object is harmless.
 */
#ifndef STABLETAP_H
#define STABLETAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libstabletap.h"

struct nlmsghdr;

/* ---- handle.c: the handle ---- */

/*
 * From now on, attach, detach and delete return before the old lower has been
 * let go.  The old child of a replace then has its master for a moment, and is
 * left to the caller.  Call this before the control device is used.
 */
void stabletap_no_wait(struct stabletap *st);

#define STABLETAP_MESSAGE_SIZE 256

/* The message of a failure, kept during the calls that clean up after it */
struct stabletap_kept {
	char text[STABLETAP_MESSAGE_SIZE];
};

void stabletap_message_keep(const struct stabletap *st,
			    struct stabletap_kept *kept);
void stabletap_message_put_back(struct stabletap *st,
				const struct stabletap_kept *kept);

/* ---- control.c: the control device's ioctls ---- */

/*
 * Opens the control device.  The functions below do so by themselves; a caller
 * uses this to learn whether the module is loaded.  -ENOENT, -ENXIO or -ENODEV:
 * it is not; -EACCES: the device's permissions refuse it.
 */
int stabletap_control_open(struct stabletap *st);

/*
 * These fill in size, msg and msg_size, and are documented in
 * <linux/stabletap.h> under the struct's name.
 */
int stabletap_version_get(struct stabletap *st, struct stabletap_version *out);
int stabletap_port_create(struct stabletap *st, struct stabletap_create *port);
int stabletap_port_delete(struct stabletap *st, int port, uint32_t flags);
int stabletap_port_attach(struct stabletap *st, int port, int lower,
			  uint32_t flags);
int stabletap_port_detach(struct stabletap *st, int port, int lower);
int stabletap_port_get(struct stabletap *st, int port,
		       struct stabletap_get *out);
int stabletap_port_stats(struct stabletap *st, int port,
			 struct stabletap_stats *out);

/* Lists the ports of the namespace.  The caller gives @ports to free(). */
int stabletap_port_list(struct stabletap *st, int **ports, size_t *count);

/* ---- link.c, message.c: network devices ---- */

/*
 * IFLA_INFO_DATA of a port; fields as in struct stabletap_get.  How many frames
 * are held is not among them: the kernel sends no message when that changes.
 */
struct stabletap_port_info {
	uint32_t queues;
	uint32_t owner;
	uint32_t group;
	uint32_t perm;
	uint32_t on_detach;
	uint32_t open_queues;
	uint32_t state;
	uint32_t lower;
	uint32_t lower_kind;
	uint32_t attach_flags;
	uint32_t detach_reason;
	char last_lower[STABLETAP_NAME_SIZE];
	uint64_t attach_time;
	uint64_t detach_time;
	uint64_t attaches;
	uint64_t replaces;
	uint64_t losses;
	uint32_t hold_frames;
	uint32_t hold_time;	/* ms */
	uint64_t hold_bytes;
};

/*
 * A network device, as in RTM_NEWLINK or RTM_DELLINK.  It owns the strings in
 * @altnames: stabletap_link_release().
 */
struct stabletap_link {
	int ifindex;
	unsigned int type;	/* ARPHRD_* */
	unsigned int flags;	/* IFF_* */
	char name[STABLETAP_NAME_SIZE];
	char kind[24];		/* IFLA_INFO_KIND, "" for hardware */
	int master;
	int link;		/* IFLA_LINK: the device below it, or 0 */
	int link_netnsid;	/* namespace of @link, -1: our own */
	uint32_t mtu;
	uint32_t group;
	uint32_t promiscuity;	/* how many users made it promiscuous */
	uint8_t operstate;	/* IF_OPER_* */
	bool carrier;
	uint8_t addr_len;	/* 6: @addr is an Ethernet address */
	uint8_t addr[6];
	uint8_t perm_addr_len;	/* 6: @perm_addr is one */
	uint8_t perm_addr[6];
	char phys_port_name[32];
	char parent_bus[16];	/* "pci", "usb", ...; "" if unknown */
	char parent_dev[48];	/* the device's name on that bus */
	char *altnames;		/* NUL-terminated, one after the other */
	size_t altnames_len;	/* bytes in @altnames, with the NULs */
	bool moved;		/* RTM_DELLINK: gone to another namespace */
	uint32_t macvlan_mode;	/* MACVLAN_MODE_*; kind "macvlan" only */
	uint16_t vlan_id;	/* kind "vlan" of 802.1Q only, otherwise 0 */
	uint16_t tag_proto;	/* kind "vlan" only: ETH_P_8021Q, ETH_P_8021AD */
	uint16_t tag_id;	/* with that protocol */
	struct stabletap_port_info port; /* kind "stabletap" only */
};

struct stabletap_links {
	struct stabletap_link **v;	/* sorted by ifindex */
	size_t n;
	size_t room;			/* of @v */
};

/*
 * Is there a complete message at @nlh, with @left bytes received?  Unlike
 * mnl_nlmsg_ok(), this refuses a length of 2 GiB and more, which that function
 * takes for negative, and counts the padding that mnl_attr_for_each() reads.
 */
bool stabletap_message_ok(const struct nlmsghdr *nlh, int left);

/*
 * Reads one RTM_NEWLINK or RTM_DELLINK message.  -EBADMSG: it is malformed;
 * -ENODATA: it is not about a device itself (a notice of a bridge or of
 * wireless extensions); ignore it.  @nlh->nlmsg_len is trusted.
 */
int stabletap_link_parse(const struct nlmsghdr *nlh,
			 struct stabletap_link *out);
void stabletap_link_release(struct stabletap_link *link);
void stabletap_links_release(struct stabletap_links *links);

/* Returns the altname after @prev (NULL: the first one), or NULL. */
const char *stabletap_link_altname(const struct stabletap_link *link,
				   const char *prev);
/* The same of all names: the device's own one, then the altnames */
const char *stabletap_link_next_name(const struct stabletap_link *link,
				     const char *prev);
/* Is @name the device's own name, or one of its altnames? */
bool stabletap_link_is_named(const struct stabletap_link *link,
			     const char *name);

static inline bool stabletap_link_is_port(const struct stabletap_link *link)
{
	return !__builtin_strcmp(link->kind, STABLETAP_KIND);
}

static inline bool stabletap_link_is_macvlan(const struct stabletap_link *link)
{
	return !__builtin_strcmp(link->kind, "macvlan");
}

/*
 * Returns the index of a macvlan's parent, or 0 if that is in another namespace
 * or the device is no macvlan.
 */
static inline int stabletap_link_parent(const struct stabletap_link *link)
{
	if (!stabletap_link_is_macvlan(link) || link->link_netnsid >= 0)
		return 0;
	return link->link;
}

/* Finds a device by index, or by name or altname.  -ENODEV: there is none. */
int stabletap_link_get(struct stabletap *st, int ifindex,
		       struct stabletap_link *out);
int stabletap_link_find(struct stabletap *st, const char *name,
			struct stabletap_link *out);

/*
 * Lists all devices of the namespace; only of one kind if @kind is not NULL.  A
 * dump that was interrupted by changes is repeated.  Returns 1 if every attempt
 * was interrupted; @out may then lack devices, but is valid.
 */
int stabletap_link_dump(struct stabletap *st, const char *kind,
			struct stabletap_links *out);

/* ---- table.c: a dump that is kept up to date ---- */

/*
 * Returns the element with @ifindex, or NULL.  It belongs to @links and stays
 * in place until it is dropped.
 */
struct stabletap_link *
stabletap_links_find(const struct stabletap_links *links, int ifindex);

/*
 * Adds @link, or replaces the element; its strings belong to @links then,
 * unless this fails with -ENOMEM.
 */
int stabletap_links_put(struct stabletap_links *links,
			const struct stabletap_link *link);
void stabletap_links_drop(struct stabletap_links *links, int ifindex);

/* ---- link.c: changing devices ---- */

int stabletap_link_set_up(struct stabletap *st, int ifindex, bool up);
/* Sets the IFF_* in @which to their values in @flags. */
int stabletap_link_set_flags(struct stabletap *st, int ifindex,
			     unsigned int which, unsigned int flags);
int stabletap_link_set_mac(struct stabletap *st, int ifindex,
			   const uint8_t mac[6]);
int stabletap_link_delete(struct stabletap *st, int ifindex);

/* Changes of a port; zeros change nothing. */
struct stabletap_change {
	const uint8_t *addr;	/* 6 bytes, or NULL */
	uint32_t mtu;
	bool up;
	bool down;
	uint32_t options;	/* STABLETAP_SET_* of the fields below */
	uint32_t on_detach;
	uint32_t hold_frames;
	uint32_t hold_time;	/* ms */
	uint64_t hold_bytes;
};

/*
 * Sends one request; the kernel checks most of it before it changes anything.
 */
int stabletap_port_change(struct stabletap *st, int port,
			  const struct stabletap_change *c);
int stabletap_link_add_altname(struct stabletap *st, int ifindex,
			       const char *altname);
int stabletap_link_del_altname(struct stabletap *st, int ifindex,
			       const char *altname);

struct stabletap_macvlan {
	const char *name;
	int parent;		/* IFLA_LINK */
	int master;		/* IFLA_MASTER, or 0 */
	uint32_t mode;		/* MACVLAN_MODE_* */
	uint32_t mtu;		/* 0: the parent's */
	uint32_t group;
	const uint8_t *addr;	/* 6 bytes, or NULL for a random one */
};

/* Creates a macvlan, down.  With a master the kernel undoes all on failure. */
int stabletap_macvlan_create(struct stabletap *st,
			     const struct stabletap_macvlan *m);
int stabletap_macvlan_set_mode(struct stabletap *st, int ifindex,
			       uint32_t mode);

/* Creates a VLAN device, up.  -EEXIST: the name or the VLAN exists. */
int stabletap_vlan_create(struct stabletap *st, const char *name, int parent,
			  uint16_t id);

/* ---- lists.c: a device's address lists ---- */

struct stabletap_mac {
	int ifindex;
	uint8_t mac[6];
};

/* Sorted; released by stabletap_macs_release(). */
struct stabletap_macs {
	struct stabletap_mac *v;
	size_t n;
};

bool stabletap_macs_has(const struct stabletap_macs *list, int ifindex,
			const uint8_t mac[6]);
void stabletap_macs_release(struct stabletap_macs *list);

/* Both lists of one device, unicast and multicast */
int stabletap_macs_list(struct stabletap *st, int ifindex,
			struct stabletap_macs *out);

/*
 * The first lists the multicast addresses added by hand, as by "ip maddr add",
 * of all devices of the namespace.  The second adds or removes one.  Groups
 * that the kernel has joined are not listed and not affected: the kernel counts
 * users.  Adding a listed address is no error; removing another one: -ENOENT.
 */
int stabletap_mc_by_hand(struct stabletap *st, struct stabletap_macs *out);
int stabletap_mc_set(struct stabletap *st, int ifindex, const uint8_t mac[6],
		     bool member);

/*
 * Adds to or removes from the unicast list.  -EEXIST: it has the address;
 * -ENOENT: it has not.
 */
int stabletap_uc_set(struct stabletap *st, int ifindex, const uint8_t mac[6],
		     bool member);

/* ---- addr.c: is a device in use by the host? ---- */

/* An IP address, as in RTM_NEWADDR */
struct stabletap_addr {
	int ifindex;
	int family;		/* AF_INET, AF_INET6 */
	uint8_t scope;		/* RT_SCOPE_* */
	uint32_t flags;		/* IFA_F_* */
	bool has_ip;
	uint8_t ip[16];		/* of AF_INET 4 bytes; the local address */
};

/* -ENODATA: the message is not about an address. */
int stabletap_addr_parse(const struct nlmsghdr *nlh,
			 struct stabletap_addr *out);

/* Released by stabletap_addrs_release(). */
struct stabletap_addrs {
	struct stabletap_addr *v;
	size_t n;
};

/*
 * Lists the addresses of one device.  Returns 1 if every attempt was
 * interrupted by changes, as stabletap_link_dump() does.
 */
int stabletap_addr_dump(struct stabletap *st, int ifindex,
			struct stabletap_addrs *out);
void stabletap_addrs_release(struct stabletap_addrs *list);

/* Does the device forward IPv6?  False if it has no IPv6. */
bool stabletap_ip6_forwards(struct stabletap *st, int ifindex);

/* Counts a device's addresses, without IPv6 link-local ones. */
int stabletap_addr_count(struct stabletap *st, int ifindex);

/* Returns 1 if a default route uses the device, 0 if none does. */
int stabletap_route_is_default(struct stabletap *st, int ifindex);

/*
 * Lists the devices with addresses: ifindexes, ascending.  The caller gives
 * them to free().  Addresses set by the kernel itself (IPv6 link-local, from
 * router advertisements) don't count.
 */
int stabletap_addr_list(struct stabletap *st, int **ifindexes, size_t *count);

/* ---- bridge.c: VLANs of a bridge ---- */

/*
 * Returns the VLAN that untagged frames have on the bridge device itself; 0:
 * none, so they are dropped if the bridge filters VLANs.
 */
int stabletap_bridge_pvid(struct stabletap *st, int ifindex);

/* ---- vf.c: virtual functions, as their physical function has them ---- */

struct stabletap_vf {
	unsigned int number;
	uint8_t mac[6];		/* set by the administrator; zeros: none */
	uint16_t vlan;		/* 0: none */
	uint8_t qos;
	uint16_t vlan_proto;	/* ETH_P_8021Q or ETH_P_8021AD */
	int spoof_check;	/* -1: the driver does not say */
	int trust;
};

struct stabletap_vfs {
	struct stabletap_vf *v;
	size_t n;
};

/* Lists the VFs of @pf, if any.  Released by stabletap_vfs_release(). */
int stabletap_vf_dump(struct stabletap *st, int pf, struct stabletap_vfs *out);
void stabletap_vfs_release(struct stabletap_vfs *vfs);
const struct stabletap_vf *stabletap_vfs_find(const struct stabletap_vfs *vfs,
					      unsigned int number);

bool stabletap_vf_equal(const struct stabletap_vf *a,
			const struct stabletap_vf *b);
/*
 * Changes the settings of VF @want->number in @pf from @now to @want.  A flag
 * of -1 in @want is not changed.
 */
int stabletap_vf_change(struct stabletap *st, int pf,
			const struct stabletap_vf *now,
			const struct stabletap_vf *want);

/*
 * A VF that is set up for a port has an altname with its previous settings:
 * "stabletap-vf.<ifindex>.<address>.<mac>.<vlan>.<qos>.<proto>.<spoof check>.
 * <trust>".  So the kernel keeps them if a process dies.
 *
 * @link is the VF's own device, @pf the ifindex of its PF, @now the VF's
 * present settings, @addr the new address of the device, or NULL to leave it.
 * If this fails half-way, the VF is marked, and must be restored.
 */
int stabletap_vf_set_up(struct stabletap *st, const struct stabletap_link *link,
			int pf, const struct stabletap_vf *now,
			const struct stabletap_vf *want, const uint8_t *addr);
int stabletap_vf_put_back(struct stabletap *st,
			  const struct stabletap_link *link, int pf,
			  const struct stabletap_vf *now);
/*
 * Returns the altname, or NULL.  *was: the previous settings, except the
 * number.
 */
const char *stabletap_vf_marked(const struct stabletap_link *link,
				uint8_t addr[6], struct stabletap_vf *was);

/* ---- monitor.c: following changes ---- */

struct stabletap_monitor;

/* @link belongs to the caller of the function.  Non-zero stops reading. */
typedef int (*stabletap_event_fn)(const struct stabletap_link *link, bool gone,
				  void *arg);

/*
 * Subscribes to changes of network devices.  Subscribe first and dump then:
 * changes between the two are in both.  @rcvbuf: bytes of socket buffer, 0 for
 * the system's default.
 */
int stabletap_monitor_open(struct stabletap_monitor **out, int rcvbuf);
void stabletap_monitor_close(struct stabletap_monitor *mon);

/* For poll(); becomes readable.  The fd belongs to the monitor. */
int stabletap_monitor_fd(const struct stabletap_monitor *mon);

/*
 * Reads the messages that have come, without blocking, and calls @fn for each
 * device event.  Returns 0 if there are no more; the value of @fn if that is
 * not 0; -ENOBUFS if events were lost: dump again, compare, go on.
 */
int stabletap_monitor_read(struct stabletap_monitor *mon,
			   stabletap_event_fn fn, void *arg);

/*
 * The same for addresses: a monitor only for these, and a read that returns 1
 * if there were events, also lost ones, or 0.
 */
int stabletap_addr_monitor_open(struct stabletap_monitor **out);
int stabletap_addr_monitor_read(struct stabletap_monitor *mon);

/* ---- netns.c: network namespaces, as "ip netns" names them ---- */

#define STABLETAP_NETNS_DIR "/run/netns"

/*
 * Finds the name of the namespace with number @nsid in ours (link_netnsid).
 * -ENOENT: no name was found.
 */
int stabletap_netns_name(struct stabletap *st, int nsid, char *name,
			 size_t size);

/* ---- child.c: macvlans made for ports ---- */

/*
 * A child is a macvlan that these tools made for one port.  It is recognised
 *  - by the altname "stabletap-<port ifindex>-<tag>", which stays whatever the
 *    child is renamed to; or, until that has been set by a second message,
 *  - by the name "st<port ifindex>-<tag>" together with the device group
 *    STABLETAP_CHILD_GROUP, which it has from its first moment.
 * The mark has the port's ifindex, since a port may be renamed.  It says for
 * which port the child was made; only the master says whose lower it is.  A
 * child without a master carries no frames, so it may be removed when its port
 * is worked on or does not exist.  So an ifindex that another port has got
 * meanwhile does no harm.
 */
#define STABLETAP_CHILD_GROUP	0x5374u

/* Is @link a child?  *port (may be NULL): the ifindex of its port. */
bool stabletap_child_is(const struct stabletap_link *link, int *port);

/*
 * Creates a child for @port on @parent, with the port's MAC address and MTU,
 * and marks it.  @device: the parent's name, NULL if the caller doesn't know it.
 * @attach: attach it in the same request.  *ifindex: the child's.
 */
int stabletap_child_create(struct stabletap *st,
			   const struct stabletap_link *port, int parent,
			   const char *device, uint32_t mode, bool attach,
			   int *ifindex);

/*
 * Finds the device on which @child of @port was made; the child may be gone.
 * Returns false if it is unknown.
 */
bool stabletap_child_device(int port, const char *child,
			    char device[STABLETAP_NAME_SIZE]);
/* Removes the records of the children's devices of @port, which is gone. */
void stabletap_child_forget(int port);

/*
 * Removes orphaned children: those of @port (0: of no port in particular,
 * STABLETAP_CHILD_ANY: of any), and those whose port does not exist.  *removed
 * (may be NULL): how many, also after a failure.  -EAGAIN: another process
 * works on the port of a child without a master, which may be half-made or
 * orphaned; try again later.
 */
#define STABLETAP_CHILD_ANY (-1)
int stabletap_child_sweep(struct stabletap *st, int port,
			  unsigned int *removed);

/* ---- place.c: attach, with the child that this needs ---- */

/* The way in which a placement is made */
enum stabletap_how {
	STABLETAP_HOW_CHILD,	/* new child, attached at its creation */
	STABLETAP_HOW_SWAP,	/* new lower ready, then attach or replace */
	STABLETAP_HOW_MODE,	/* the child's mode changes in place */
	STABLETAP_HOW_KEEP,	/* the lower stays; at most its filter changes */
	STABLETAP_HOW_BREAK,	/* the old lower goes first: frames are lost */
};

/*
 * A placement has three parts: request, plan, result.  The caller fills in the
 * request and zeroes the rest; stabletap_place_release() frees it.
 */
struct stabletap_place {
	/* the request */
	int port;
	int dev;			/* the device named by the operator */
	enum stabletap_mode mode;
	uint32_t flags;			/* STABLETAP_ATTACH_* */
	bool swept;			/* the caller has swept orphans */

	/* the plan, by stabletap_place_plan() */
	enum stabletap_how how;
	int parent;			/* the child's parent */
	struct stabletap_get state;	/* the port before */
	struct stabletap_link port_link;
	struct stabletap_link dev_link;
	struct stabletap_link old_link;	/* ifindex 0: no lower before */

	/* the result, by stabletap_place_run() */
	int lower;			/* the new lower */
	int restored;			/* after a failed BREAK: 1 the old lower
					 * is back, else the negative errno of
					 * the attempt; 0: nothing to restore */
	int leftover;			/* old child that could not be deleted, or,
					 * after stabletap_no_wait(), that the
					 * caller deletes once it has no master
					 */
};

/* Reads the present state and chooses the way.  Changes nothing. */
int stabletap_place_plan(struct stabletap *st, struct stabletap_place *p);

/*
 * Carries out the plan.  After a failure the old attachment is untouched and
 * new devices are removed, except with BREAK: then the old lower is attached
 * again (@restored).  If the port's lower has changed since the plan, the plan
 * is made again.
 */
int stabletap_place_run(struct stabletap *st, struct stabletap_place *p);
void stabletap_place_release(struct stabletap_place *p);

/*
 * Detaches @port and removes the child that was its lower, if it is one.
 * @lower: detach only if this is the lower (-ESTALE otherwise), or 0.
 */
int stabletap_place_remove(struct stabletap *st, int port, int lower);

/* Deletes @port and the child that was its lower.  @flags as for DELETE. */
int stabletap_place_delete(struct stabletap *st, int port, uint32_t flags);

/* ---- node.c: the port's file descriptors ---- */

/*
 * Opens @count queues of a port into @fds: non-blocking, close-on-exec, with
 * vnet headers, numbers from 3 on.  The caller owns the fds; after a failure
 * none is open.  The node's device number is first compared with the port's.
 * -ESTALE: the node is another device's; -ENOENT: there is no node; -EBUSY: all
 * queues of the port are open; -EACCES.
 */
int stabletap_node_open(struct stabletap *st, const struct stabletap_get *port,
			unsigned int count, int *fds);

/* ---- holders.c: processes that have a port open ---- */

struct stabletap_holder {
	unsigned int minor;	/* of the port's node */
	pid_t pid;
	unsigned int fds;	/* how many of the process's fds are the node */
	char comm[32];	/* its name, with "?" for other characters */
};

/* Released by stabletap_holders_release(). */
struct stabletap_holders {
	struct stabletap_holder *v;	/* sorted by minor, then pid */
	size_t n;
	bool partial;	/* some processes could not be looked into */
};

/* Searches /proc for fds of device number @major. */
int stabletap_holders_scan(unsigned int major, struct stabletap_holders *out);
void stabletap_holders_release(struct stabletap_holders *h);

/* ---- announce.c ---- */

/*
 * Sends one RARP request for @addr by device @ifindex, so that switches learn
 * where the address is now.
 */
int stabletap_announce_rarp(int ifindex, const uint8_t addr[6]);

/* ---- release.c: of which release this is ---- */

/* The oldest and the newest kernel, "6.12", with which it was tested */
const char *stabletap_linux_minimum(void);
const char *stabletap_linux_maximum(void);

/* ---- module.c: loaded and installed ---- */

struct stabletap_module {
	char loaded[40];	/* srcversion of the loaded one, "" if unknown */
	char loaded_version[40];	/* its version, or "" */
	char installed[40];	/* of the one modprobe would load, or "" */
	char version[40];	/* version of the installed one, or "" */
};

struct stabletap_signer {
	char name[128];		/* "" if unknown */
	char serial[128];	/* of the certificate: "73:F1:...", or "" */
};

/* Returns 1 if the module's file @path is signed, and by whom; 0 if it is not. */
int stabletap_module_signer(const char *path, struct stabletap_signer *out);

/* Returns 1 if both are known and differ; 0 if not, or if one is unknown. */
int stabletap_module_compare(struct stabletap_module *out);

/* ---- text.c: words and numbers ---- */

/*
 * The value is changed only on success.  -EINVAL: not only digits of @base, or
 * more than @max; neither a known name nor an id; not an octal number from 0001
 * to 0777.
 */
int stabletap_number_parse(const char *text, int base, uint64_t max,
			   uint64_t *number);
/* A decimal number of bytes, of KiB with a "K" behind it, "M", "G" likewise */
int stabletap_size_parse(const char *text, uint64_t max, uint64_t *bytes);
int stabletap_user_parse(const char *text, uint32_t *uid);
int stabletap_group_parse(const char *text, uint32_t *gid);
int stabletap_perm_parse(const char *text, uint32_t *perm);

#define STABLETAP_MAC_TEXT 18	/* "52:54:00:12:34:56" with its NUL */

/* -EINVAL: not six bytes in hex with ":" or "-" between. */
int stabletap_mac_parse(const char *text, uint8_t mac[6]);
const char *stabletap_mac_format(const uint8_t mac[6],
				 char buf[STABLETAP_MAC_TEXT]);

/* Static strings; "unknown" for values this version does not know. */
const char *stabletap_lower_kind_name(uint32_t kind);
const char *stabletap_macvlan_mode_name(uint32_t mode);

/* The words for modes and for "on-detach", each list ended by NULL */
extern const char *const stabletap_mode_words[];
extern const char *const stabletap_on_detach_words[];

/* ---- json.c ---- */

/*
 * Version of the format of all JSON of the command and the daemon.  Additions
 * don't raise it.
 */
#define STABLETAP_JSON_VERSION 1

/*
 * Returns @text as a JSON string, with "?" for each byte that is no UTF-8:
 * names of processes and devices are bytes.  New reference, owned by the
 * caller.
 */
struct json_t *stabletap_json_text(const char *text);

#endif /* STABLETAP_H */
