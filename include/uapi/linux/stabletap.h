/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * stabletap: tap ports whose file descriptor outlives the device below.
 *
 * This header is the whole ABI of the module:
 *
 *  - the ioctls of the control device /dev/stabletap;
 *  - the rtnetlink attributes of link kind "stabletap" (IFLA_INFO_DATA).
 *
 * The file descriptor of a port (/dev/tap<ifindex>) speaks the TUN* ioctls
 * of <linux/if_tun.h>, as a macvtap's does; nothing is added to it here.
 *
 * The control device belongs to the network namespace that opened it: every
 * ifindex is one of that namespace, and CREATE, DELETE, ATTACH, DETACH and SET
 * need CAP_NET_ADMIN in the user namespace that owns it.  The others need no
 * capability.
 *
 * Every struct begins with its size in bytes, as the caller was compiled,
 * and grows only at its end.  A caller with a shorter struct than the
 * module's gets the behaviour of zeroes in what it lacks; one with a longer
 * struct is served as long as all that the module does not know is zero.
 * Errors that every ioctl can return:
 *
 *   EFAULT      a pointer is bad; if only the answer or the sentence could not
 *               be written, the deed has been done (ask GET)
 *   EINVAL      size is smaller than the first version of the struct, or a
 *               reserved field is not zero
 *   E2BIG       size is larger than the module's struct and the tail is not
 *               zero, or size is larger than a page
 *   EOPNOTSUPP  an unknown flag, or a known field's unknown value
 *   ENOTTY      the ioctl is unknown
 *   ENODEV      there is no such port or lower in this network namespace
 *   ENOMEM      out of memory
 *   EPERM       CAP_NET_ADMIN is missing
 *
 * With every struct but the version's the caller may pass a buffer, @msg, of
 * @msg_size bytes.  When the ioctl fails, the sentence that rtnetlink would
 * have sent as extended ACK is written there, cut to fit, always ended by a
 * NUL; when it succeeds, or there is nothing to say, the empty string is.
 */
#ifndef _UAPI_LINUX_STABLETAP_H
#define _UAPI_LINUX_STABLETAP_H

#include <linux/types.h>
#include <linux/ioctl.h>

/* Link kind, module and control device have one name. */
#define STABLETAP_KIND		"stabletap"
#define STABLETAP_CONTROL	"/dev/stabletap"

/* Raised when something in this header changes its meaning: never so far. */
#define STABLETAP_API_VERSION	1

/* The tap core's own limit of queues in one port (MAX_TAP_QUEUES). */
#define STABLETAP_MAX_QUEUES	256

#define STABLETAP_NAME_SIZE	16	/* IFNAMSIZ, with the NUL */
#define STABLETAP_NODE_SIZE	64	/* node path below /dev, with the NUL */

#define STABLETAP_IOC_TYPE	0xB9

#define STABLETAP_IOC_VERSION	_IO(STABLETAP_IOC_TYPE, 0x00)
#define STABLETAP_IOC_CREATE	_IO(STABLETAP_IOC_TYPE, 0x01)
#define STABLETAP_IOC_DELETE	_IO(STABLETAP_IOC_TYPE, 0x02)
#define STABLETAP_IOC_ATTACH	_IO(STABLETAP_IOC_TYPE, 0x03)
#define STABLETAP_IOC_DETACH	_IO(STABLETAP_IOC_TYPE, 0x04)
#define STABLETAP_IOC_SET	_IO(STABLETAP_IOC_TYPE, 0x05)
#define STABLETAP_IOC_GET	_IO(STABLETAP_IOC_TYPE, 0x06)
#define STABLETAP_IOC_LIST	_IO(STABLETAP_IOC_TYPE, 0x07)
#define STABLETAP_IOC_STATS	_IO(STABLETAP_IOC_TYPE, 0x08)

/*
 * Size of the first version of each struct, bytes: the smallest size that is
 * served.  A field that is appended later changes none of them.
 */
#define STABLETAP_VERSION_SIZE_VER0	48
#define STABLETAP_CREATE_SIZE_VER0	72
#define STABLETAP_DELETE_SIZE_VER0	24
#define STABLETAP_ATTACH_SIZE_VER0	32
#define STABLETAP_DETACH_SIZE_VER0	32
#define STABLETAP_SET_SIZE_VER0		32
#define STABLETAP_GET_SIZE_VER0		216
#define STABLETAP_LIST_SIZE_VER0	32
#define STABLETAP_STATS_SIZE_VER0	152

/**
 * enum stabletap_on_detach - what becomes of frames written while detached
 * @STABLETAP_ON_DETACH_DROP: they are dropped and counted (tx_detached)
 * @STABLETAP_ON_DETACH_HOLD: they are held, within bounds, and sent after the
 *	next attach.  The value has its place here; a module whose features
 *	lack %STABLETAP_FEATURE_HOLD refuses it with EOPNOTSUPP.
 */
enum stabletap_on_detach {
	STABLETAP_ON_DETACH_DROP = 0,
	STABLETAP_ON_DETACH_HOLD = 1,
};

/**
 * enum stabletap_state - what a port can do for its frames now
 * @STABLETAP_STATE_DETACHED: no lower; operstate DORMANT
 * @STABLETAP_STATE_LOWER_DOWN: the lower is down, or has no carrier, or is
 *	dormant itself; operstate DORMANT
 * @STABLETAP_STATE_ATTACHED: the lower carries frames
 */
enum stabletap_state {
	STABLETAP_STATE_DETACHED = 0,
	STABLETAP_STATE_LOWER_DOWN = 1,
	STABLETAP_STATE_ATTACHED = 2,
};

/**
 * enum stabletap_lower_kind - how a lower is used
 * @STABLETAP_LOWER_NONE: there is no lower
 * @STABLETAP_LOWER_MACVLAN: a macvlan; it bears the port's MAC address
 * @STABLETAP_LOWER_DIRECT: any other Ethernet device, used whole; it keeps
 *	its own MAC address
 */
enum stabletap_lower_kind {
	STABLETAP_LOWER_NONE = 0,
	STABLETAP_LOWER_MACVLAN = 1,
	STABLETAP_LOWER_DIRECT = 2,
};

/**
 * enum stabletap_reason - why a port last lost its lower
 * @STABLETAP_REASON_NONE: it never did
 * @STABLETAP_REASON_ASKED: DETACH, or "ip link set LOWER nomaster"
 * @STABLETAP_REASON_REPLACED: ATTACH with %STABLETAP_ATTACH_REPLACE
 * @STABLETAP_REASON_LOWER_GONE: the lower was unregistered
 * @STABLETAP_REASON_LOWER_MOVED: the lower went to another network namespace
 * @STABLETAP_REASON_PORT_MOVED: the port went to another network namespace
 */
enum stabletap_reason {
	STABLETAP_REASON_NONE = 0,
	STABLETAP_REASON_ASKED = 1,
	STABLETAP_REASON_REPLACED = 2,
	STABLETAP_REASON_LOWER_GONE = 3,
	STABLETAP_REASON_LOWER_MOVED = 4,
	STABLETAP_REASON_PORT_MOVED = 5,
};

/* Bits of stabletap_version.features */
#define STABLETAP_FEATURE_HOLD		(1ULL << 0)

/**
 * struct stabletap_version - STABLETAP_IOC_VERSION: what is loaded
 * @size: in: sizeof(struct stabletap_version)
 * @api: out: STABLETAP_API_VERSION of the module
 * @features: out: STABLETAP_FEATURE_* that the module has
 * @version: out: the module's version, as in /sys/module/stabletap/version
 *
 * Errors: only those common to all.
 */
struct stabletap_version {
	__u32 size;
	__u32 api;
	__aligned_u64 features;
	char version[32];
};

/*
 * Bits of stabletap_create.flags: these fields are given, also where they are
 * 0.  Without its bit a field must be 0, and the module chooses.
 */
#define STABLETAP_CREATE_OWNER		(1U << 0)
#define STABLETAP_CREATE_GROUP		(1U << 1)
#define STABLETAP_CREATE_PERM		(1U << 2)

/**
 * struct stabletap_create - STABLETAP_IOC_CREATE: make a port
 * @size: in: sizeof(struct stabletap_create)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: STABLETAP_CREATE_*
 * @port: in: the ifindex wished for, or 0 for a free one; out: ifindex
 * @name: in: interface name, may hold one "%d"; empty for "stabletap%d"; out:
 *	the name given
 * @mac: in: MAC address; all zero for a random one
 * @reserved: must be 0
 * @mtu: in: bytes; 0 for 1500
 * @queues: in: 1 to STABLETAP_MAX_QUEUES, 0 for 1.  As many opens of the
 *	node as that are admitted at a time.
 * @owner: in: user id of the node, in the caller's user namespace; without
 *	%STABLETAP_CREATE_OWNER the root of the user namespace that owns the
 *	network namespace (the system's, if that has none)
 * @group: in: group id of the node; likewise with %STABLETAP_CREATE_GROUP
 * @perm: in: permission bits of the node, 0001 to 0777; 0600 without
 *	%STABLETAP_CREATE_PERM
 * @on_detach: in: enum stabletap_on_detach
 *
 * The port is made down and detached; its node exists when the ioctl
 * returns.
 *
 * Errors: EEXIST (name in use), EBUSY (ifindex in use), EADDRNOTAVAIL (the MAC
 * address is multicast), EINVAL (name, ifindex, MTU, number of queues, owner,
 * group or perm out of range; owner, group or perm without its flag),
 * EOPNOTSUPP (on_detach), ENFILE (no name left for the pattern), ENOSPC (no
 * minor number left); in a network namespace that another user namespace than
 * the initial one owns: EDQUOT (queues times txqueuelen exceed a bound), EPERM
 * (the host forbids ports there).
 */
struct stabletap_create {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 port;
	char name[STABLETAP_NAME_SIZE];
	__u8 mac[6];
	__u8 reserved[2];
	__u32 mtu;
	__u32 queues;
	__u32 owner;
	__u32 group;
	__u32 perm;
	__u32 on_detach;
};

/* Delete a port although its node is open: the fd becomes useless. */
#define STABLETAP_DELETE_FORCE		(1U << 0)

/**
 * struct stabletap_delete - STABLETAP_IOC_DELETE: delete a port
 * @size: in: sizeof(struct stabletap_delete)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: STABLETAP_DELETE_FORCE or 0
 * @port: in: ifindex of the port
 *
 * The lower is left as it was before its attach.
 *
 * Errors: EBUSY (the node is open and %STABLETAP_DELETE_FORCE is not given).
 */
struct stabletap_delete {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 port;
};

/* The port may have a lower: swap it for the new one, in one step. */
#define STABLETAP_ATTACH_REPLACE	(1U << 0)
/* Direct lower: make it promiscuous (the default for a direct lower). */
#define STABLETAP_ATTACH_PROMISC	(1U << 1)
/*
 * Give the lower the port's own lists of unicast and multicast addresses
 * instead ("bridge fdb add MAC dev PORT self", "ip maddress add"), and follow
 * them.  Without this a direct lower is promiscuous and a macvlan takes in
 * every multicast frame (allmulti).
 */
#define STABLETAP_ATTACH_FILTER		(1U << 2)
/*
 * Only reported, together with FILTER: the lower, or the device below a VLAN,
 * macvlan, bond or team, had no memory for an address of the lists, so the
 * lower is promiscuous until a later change of the lists succeeds.
 */
#define STABLETAP_ATTACH_INCOMPLETE	(1U << 3)

/**
 * struct stabletap_attach - STABLETAP_IOC_ATTACH: give a port a lower
 * @size: in: sizeof(struct stabletap_attach)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: STABLETAP_ATTACH_*; PROMISC and FILTER exclude each other
 * @port: in: ifindex of the port
 * @lower: in: ifindex of the lower
 * @reserved: must be 0
 *
 * The lower is opened if it was down.  On success frames written to the fd
 * from now on go to the lower.  With %STABLETAP_ATTACH_REPLACE the new lower
 * is made ready first, then transmit and receive switch at once, then the old
 * one is released; on any failure the old one goes on untouched.  When
 * @lower is the port's lower already, REPLACE changes only its filter mode.
 *
 * Errors, each with a sentence of its own:
 *   ENONET      the lower is a loopback device
 *   EMEDIUMTYPE the lower is not an Ethernet device
 *   EOPNOTSUPP  the lower is a port itself; or PROMISC for a macvlan that is
 *               not in passthru mode; or an unknown flag
 *   EEXIST      the port has a lower and REPLACE is not given
 *   EBUSY       the lower has a master or a receive handler (bridge, bond,
 *               team, Open vSwitch, macvlan, ipvlan, another port, ...)
 *   ELOOP       the lower is stacked on the port
 *   EMLINK      too many devices are stacked on each other
 *   EMSGSIZE    the lower's MTU is below the port's
 *   ETXTBSY     an XDP program is attached to the lower
 *   EADDRINUSE  another macvlan on the same parent has the port's MAC
 *               address
 *   EINVAL      PROMISC and FILTER together; or the lower is of a kind that
 *               can't have a receive handler (ipvlan, VRF)
 *   other       what opening the lower or setting its address returned
 */
struct stabletap_attach {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 port;
	__u32 lower;
	__u32 reserved;
};

/**
 * struct stabletap_detach - STABLETAP_IOC_DETACH: take a port's lower away
 * @size: in: sizeof(struct stabletap_detach)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: must be 0
 * @port: in: ifindex of the port
 * @lower: in: ifindex of the lower that is meant, or 0 for whatever it is
 * @reserved: must be 0
 *
 * The lower gets back the MAC address, promiscuity and up/down state that it
 * had before.
 *
 * Errors: ENOTCONN (the port has no lower), ESTALE (its lower is another
 * than @lower).
 */
struct stabletap_detach {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 port;
	__u32 lower;
	__u32 reserved;
};

/* Bits of stabletap_set.mask: which fields are to be set */
#define STABLETAP_SET_ON_DETACH		(1U << 0)

/**
 * struct stabletap_set - STABLETAP_IOC_SET: change a port's options
 * @size: in: sizeof(struct stabletap_set)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @mask: in: STABLETAP_SET_* of the fields to set; 0 changes nothing
 * @port: in: ifindex of the port
 * @on_detach: in: enum stabletap_on_detach; must be 0 if not in @mask
 * @reserved: must be 0
 *
 * All of it is done or nothing.
 *
 * Errors: EOPNOTSUPP (an unknown bit in @mask, or on_detach).
 */
struct stabletap_set {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 mask;
	__u32 port;
	__u32 on_detach;
	__u32 reserved;
};

/**
 * struct stabletap_get - STABLETAP_IOC_GET: all about one port but its counters
 * @size: in: sizeof(struct stabletap_get)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: must be 0
 * @port: in: ifindex of the port
 * @name: out: its name
 * @node: out: the path of its node below /dev, as devtmpfs has it
 * @major: out: the node's device number; compare it with what stat() says
 * @minor: out: before opening a node that somebody else may have put there
 * @owner: out: user id of the node, in the caller's user namespace (65534
 *	if it has no name there)
 * @group: out: group id of the node, likewise
 * @perm: out: permission bits of the node.  These three are what the node
 *	was made with, not what chown or chmod did to it since.
 * @queues: out: number of opens admitted
 * @open_queues: out: number of opens now
 * @on_detach: out: enum stabletap_on_detach
 * @state: out: enum stabletap_state
 * @lower: out: ifindex of the lower, 0 if none
 * @lower_kind: out: enum stabletap_lower_kind
 * @attach_flags: out: PROMISC or FILTER of STABLETAP_ATTACH_*, as in force, or
 *	FILTER with INCOMPLETE; 0 for a macvlan that takes in every multicast
 *	frame, or if there is no lower
 * @lower_mtu: out: bytes; 0 if there is no lower.  A lower may shrink below
 *	the port's MTU after its attach: it stays, and drops larger frames.
 * @detach_reason: out: enum stabletap_reason of the last detach
 * @attach_time: out: CLOCK_BOOTTIME of the last attach or replace,
 *	nanoseconds; 0 if there was none
 * @detach_time: out: CLOCK_BOOTTIME of the last detach or replace,
 *	nanoseconds; 0 if there was none
 * @attaches: out: number of attaches, replaces not among them
 * @replaces: out: number of replaces
 * @losses: out: number of lowers that were lost (REASON_LOWER_*)
 * @last_lower: out: name of the lower that was last detached, empty if none
 *
 * Errors: only those common to all.
 */
struct stabletap_get {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 port;
	char name[STABLETAP_NAME_SIZE];
	char node[STABLETAP_NODE_SIZE];
	__u32 major;
	__u32 minor;
	__u32 owner;
	__u32 group;
	__u32 perm;
	__u32 queues;
	__u32 open_queues;
	__u32 on_detach;
	__u32 state;
	__u32 lower;
	__u32 lower_kind;
	__u32 attach_flags;
	__u32 lower_mtu;
	__u32 detach_reason;
	__aligned_u64 attach_time;
	__aligned_u64 detach_time;
	__aligned_u64 attaches;
	__aligned_u64 replaces;
	__aligned_u64 losses;
	char last_lower[STABLETAP_NAME_SIZE];
};

/**
 * struct stabletap_stats - STABLETAP_IOC_STATS: a port's counters
 * @size: in: sizeof(struct stabletap_stats)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: must be 0
 * @port: in: ifindex of the port
 * @tx_packets: written to the fd (or sent by the host through the port), taken
 *	by the lower.  A frame to be segmented counts once, here and below, unless
 *	that offload was switched off on the port: then each segment does.
 * @tx_bytes: bytes of these, from the Ethernet header on
 * @tx_detached: dropped: there was no lower
 * @tx_lower: dropped: the lower refused it (down, no carrier, queue full)
 * @tx_refused: refused by the tap core: shorter than an Ethernet header, bad
 *	vnet header, out of memory; or the writer was told to try again, since
 *	as much as its socket may send was on the way
 * @tx_held: held by on-detach hold
 * @tx_expired: dropped after being held too long
 * @rx_packets: put into a queue for the fd; a frame that the tap core had to
 *	segment counts once, however many of its segments found room
 * @rx_bytes: bytes of these
 * @rx_multicast: multicast and broadcast frames among these
 * @rx_no_reader: dropped: no queue is open (or none is enabled)
 * @rx_ring: dropped: the queue's ring was full, or the tap core could not
 *	segment or checksum the frame
 * @rx_down: dropped: the port is administratively down
 * @rx_inactive: dropped: it came in by a lower that is not, not yet, or no
 *	longer the port's
 * @rx_lro: dropped: an LRO frame, which can't be given to a tap; or, in a
 *	network namespace that another user namespace than the initial one owns,
 *	a frame of more than 64 KiB, or one that occupies more than 256 KiB
 * @rx_nomem: dropped: out of memory
 *
 * They begin at 0 when the port is made.  A counter that is added later is
 * appended, whatever its name.
 *
 * Errors: only those common to all.
 */
struct stabletap_stats {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 port;
	__aligned_u64 tx_packets;
	__aligned_u64 tx_bytes;
	__aligned_u64 tx_detached;
	__aligned_u64 tx_lower;
	__aligned_u64 tx_refused;
	__aligned_u64 tx_held;
	__aligned_u64 tx_expired;
	__aligned_u64 rx_packets;
	__aligned_u64 rx_bytes;
	__aligned_u64 rx_multicast;
	__aligned_u64 rx_no_reader;
	__aligned_u64 rx_ring;
	__aligned_u64 rx_down;
	__aligned_u64 rx_inactive;
	__aligned_u64 rx_lro;
	__aligned_u64 rx_nomem;
};

/**
 * struct stabletap_list - STABLETAP_IOC_LIST: the ports of the namespace
 * @size: in: sizeof(struct stabletap_list)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the sentence of an error, or 0
 * @flags: in: must be 0
 * @count: in: number of __u32 that @ports has room for; out: number of ports
 *	there are, which may be more than were written
 * @ports: in: user pointer to an array that receives ifindexes, in no order,
 *	or 0 if @count is 0
 *
 * Errors: only those common to all.  When @count comes back larger than it
 * was, ask again with a larger array.
 */
struct stabletap_list {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 flags;
	__u32 count;
	__aligned_u64 ports;
};

/*
 * Attributes in IFLA_INFO_DATA of link kind "stabletap".  Those marked rw can
 * be given to RTM_NEWLINK when a port is made; of them ON_DETACH, LOWER and
 * ATTACH_FLAGS can be changed later.  The rest are only told; giving one is
 * refused with EINVAL, as is one that the module does not know.  Meaning and
 * values are those of the fields of struct stabletap_get.  RTM_NEWLINK is sent
 * whenever one of them changes, but for OPEN_QUEUES.
 *
 * LOWER attaches: an ifindex of the port's network namespace.  0 detaches, and
 * so does nothing where there is no lower.  The port's lower, named again,
 * stays; another one takes REPLACE in ATTACH_FLAGS.  ATTACH_FLAGS are those of
 * STABLETAP_IOC_ATTACH; with the port's lower, or without LOWER, they change
 * its filter mode; INCOMPLETE is passed over.  Errors are those of the ioctls;
 * ENOTCONN: flags without a lower.  On any error nothing has changed, and a
 * port that was to be made with a lower is not there.
 *
 * OWNER and GROUP are given in the user namespace of the sender.  They are told
 * in that of the port's network namespace, since a message has many readers
 * (65534: no name there).
 */
enum {
	IFLA_STABLETAP_UNSPEC,
	IFLA_STABLETAP_QUEUES,		/* u32, rw */
	IFLA_STABLETAP_OWNER,		/* u32, rw */
	IFLA_STABLETAP_GROUP,		/* u32, rw */
	IFLA_STABLETAP_PERM,		/* u32, rw */
	IFLA_STABLETAP_ON_DETACH,	/* u32, rw */
	IFLA_STABLETAP_OPEN_QUEUES,	/* u32 */
	IFLA_STABLETAP_STATE,		/* u32 */
	IFLA_STABLETAP_LOWER,		/* u32, 0 if none, rw */
	IFLA_STABLETAP_LOWER_KIND,	/* u32 */
	IFLA_STABLETAP_ATTACH_FLAGS,	/* u32, rw */
	IFLA_STABLETAP_DETACH_REASON,	/* u32 */
	IFLA_STABLETAP_LAST_LOWER,	/* string */
	IFLA_STABLETAP_ATTACH_TIME,	/* u64 */
	IFLA_STABLETAP_DETACH_TIME,	/* u64 */
	IFLA_STABLETAP_ATTACHES,	/* u64 */
	IFLA_STABLETAP_REPLACES,	/* u64 */
	IFLA_STABLETAP_LOSSES,		/* u64 */
	IFLA_STABLETAP_PAD,
	__IFLA_STABLETAP_MAX
};
#define IFLA_STABLETAP_MAX	(__IFLA_STABLETAP_MAX - 1)

/*
 * Attributes in IFLA_INFO_SLAVE_DATA of a lower.  ATTACH_FLAGS changes its
 * filter mode, as the port's attribute does.  The core reads them before
 * IFLA_MASTER of the same message: they are of no use to attach with.
 */
enum {
	IFLA_STABLETAP_SLAVE_UNSPEC,
	IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,	/* u32, rw */
	IFLA_STABLETAP_SLAVE_LOWER_KIND,	/* u32 */
	__IFLA_STABLETAP_SLAVE_MAX
};
#define IFLA_STABLETAP_SLAVE_MAX	(__IFLA_STABLETAP_SLAVE_MAX - 1)

/*
 * The port's counters by RTM_GETSTATS: IFLA_STATS_LINK_XSTATS has an attribute
 * of this type, nested, with a u64 for each field of struct stabletap_stats.
 * The kernel numbers these types (LINK_XSTATS_TYPE_*) for what is part of it;
 * this one is far from those.
 */
#define LINK_XSTATS_TYPE_STABLETAP	0x3b9

enum {
	STABLETAP_XSTATS_UNSPEC,
	STABLETAP_XSTATS_PAD,
	STABLETAP_XSTATS_TX_PACKETS,
	STABLETAP_XSTATS_TX_BYTES,
	STABLETAP_XSTATS_TX_DETACHED,
	STABLETAP_XSTATS_TX_LOWER,
	STABLETAP_XSTATS_TX_REFUSED,
	STABLETAP_XSTATS_TX_HELD,
	STABLETAP_XSTATS_TX_EXPIRED,
	STABLETAP_XSTATS_RX_PACKETS,
	STABLETAP_XSTATS_RX_BYTES,
	STABLETAP_XSTATS_RX_MULTICAST,
	STABLETAP_XSTATS_RX_NO_READER,
	STABLETAP_XSTATS_RX_RING,
	STABLETAP_XSTATS_RX_DOWN,
	STABLETAP_XSTATS_RX_INACTIVE,
	STABLETAP_XSTATS_RX_LRO,
	STABLETAP_XSTATS_RX_NOMEM,
	__STABLETAP_XSTATS_MAX
};
#define STABLETAP_XSTATS_MAX	(__STABLETAP_XSTATS_MAX - 1)

#endif /* _UAPI_LINUX_STABLETAP_H */
