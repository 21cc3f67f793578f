/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * stabletap: tap ports whose file descriptor outlives the device below.
 *
 * This header is the whole ABI of the module:
 *
 *  - the ioctls of the control device /dev/stabletap;
 *  - the rtnetlink attributes of link kind "stabletap" (IFLA_INFO_DATA).
 *
 * The file descriptor of a port (/dev/tap<ifindex>) has the TUN* ioctls of
 * <linux/if_tun.h>, as a macvtap's has.  This header adds none to them.
 *
 * An open control device belongs to the network namespace of the process that
 * opened it: every ifindex is one of that namespace, and CREATE, DELETE,
 * ATTACH, DETACH and SET need CAP_NET_ADMIN in the user namespace that owns it.
 * The other ioctls need no capability.
 *
 * ATTACH, DETACH and DELETE return when the lower that they release has been
 * let go: up to 0.1 s after a replace, and up to 1 s more if the attach had
 * opened the lower and frames wait in its queue.  With O_NONBLOCK on the control
 * device, and by rtnetlink, they return at once, and the lower follows.
 *
 * Every struct begins with its size in bytes, as the caller was compiled, and
 * grows only at its end.  If the caller's struct is shorter than the module's,
 * the fields that it lacks count as zero.  If it is longer, the call works as
 * long as all bytes that the module does not know are zero.
 *
 * Errors that every ioctl can return:
 *
 *   EFAULT      a pointer is bad.  If only the result or the message could not
 *               be written, the operation was carried out (check with GET).
 *   EINVAL      size is smaller than the first version of the struct, or a
 *               reserved field is not zero
 *   E2BIG       size is larger than the module's struct and the tail is not
 *               zero, or size is larger than a page
 *   EOPNOTSUPP  a flag, or the value of a known field, is unknown
 *   ENOTTY      the ioctl is unknown
 *   ENODEV      there is no such port or lower in this network namespace
 *   ENOMEM      out of memory
 *   EPERM       CAP_NET_ADMIN is missing
 *
 * All structs but struct stabletap_version can have a buffer, @msg, of
 * @msg_size bytes.  If the ioctl fails, it writes an error message there: the
 * message that rtnetlink sends in an extended ACK, cut to fit, always ended by
 * a NUL.  If the ioctl succeeds, or there is no message, it writes the empty
 * string.
 */
#ifndef _UAPI_LINUX_STABLETAP_H
#define _UAPI_LINUX_STABLETAP_H

#include <linux/types.h>
#include <linux/ioctl.h>

/* The link kind, the module and the control device have the same name. */
#define STABLETAP_KIND		"stabletap"
#define STABLETAP_CONTROL	"/dev/stabletap"

/* Raised only if something in this header changes its meaning */
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
 * Size of the first version of each struct, in bytes.  It is the smallest size
 * that the module accepts, and does not change when a field is appended.
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
 * enum stabletap_on_detach - what happens to frames written while detached
 * @STABLETAP_ON_DETACH_DROP: they are dropped and counted (tx_detached)
 * @STABLETAP_ON_DETACH_HOLD: they are held, within bounds, and sent after the
 *	next attach.  A module whose features lack %STABLETAP_FEATURE_HOLD
 *	refuses this value with EOPNOTSUPP.
 */
enum stabletap_on_detach {
	STABLETAP_ON_DETACH_DROP = 0,
	STABLETAP_ON_DETACH_HOLD = 1,
};

/**
 * enum stabletap_state - whether a port's lower can carry frames now
 * @STABLETAP_STATE_DETACHED: there is no lower; operstate DORMANT
 * @STABLETAP_STATE_LOWER_DOWN: the lower is down, has no carrier, or is dormant
 *	itself; operstate DORMANT
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
 * @STABLETAP_LOWER_MACVLAN: a macvlan; it has the port's MAC address
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
 * @STABLETAP_REASON_NONE: the port has never lost a lower
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
 * struct stabletap_version - STABLETAP_IOC_VERSION: the loaded module's version
 * @size: in: sizeof(struct stabletap_version)
 * @api: out: STABLETAP_API_VERSION of the module
 * @features: out: STABLETAP_FEATURE_* that the module has
 * @version: out: the module's version, as in /sys/module/stabletap/version
 *
 * Errors: only those that every ioctl can return.
 */
struct stabletap_version {
	__u32 size;
	__u32 api;
	__aligned_u64 features;
	char version[32];
};

/*
 * Bits of stabletap_create.flags: the field of the same name is given, and may
 * be 0.  Without its bit a field must be 0, and the module uses its default.
 */
#define STABLETAP_CREATE_OWNER		(1U << 0)
#define STABLETAP_CREATE_GROUP		(1U << 1)
#define STABLETAP_CREATE_PERM		(1U << 2)

/**
 * struct stabletap_create - STABLETAP_IOC_CREATE: create a port
 * @size: in: sizeof(struct stabletap_create)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: STABLETAP_CREATE_*
 * @port: in: ifindex for the port, or 0 for a free one; out: ifindex
 * @name: in: interface name, may hold one "%d"; empty for "stabletap%d"; out:
 *	the port's name
 * @mac: in: MAC address; all zero for a random one
 * @reserved: must be 0
 * @mtu: in: bytes; 0 for 1500
 * @queues: in: 1 to STABLETAP_MAX_QUEUES, 0 for 1.  The node can be open that
 *	many times at once.
 * @owner: in: user id of the node, in the caller's user namespace; without
 *	%STABLETAP_CREATE_OWNER the root user of the user namespace that owns
 *	the network namespace (the host's root, if that user namespace has none)
 * @group: in: group id of the node; without %STABLETAP_CREATE_GROUP the root
 *	group, likewise
 * @perm: in: permission bits of the node, 0001 to 0777; without
 *	%STABLETAP_CREATE_PERM 0600
 * @on_detach: in: enum stabletap_on_detach
 * @hold_frames: in: how many frames the port holds, 1 to 1,000,000; 0 for 1024
 * @hold_time: in: how long it holds a frame, 1 to 3,600,000 ms; 0 for 10,000
 * @hold_bytes: in: how much memory the held frames may occupy (skb->truesize),
 *	1 byte to 4 GiB; 0 for 4 MiB
 *
 * The new port is down and detached.  Its node exists when the ioctl returns.
 *
 * Errors: EEXIST (name in use), EBUSY (ifindex in use), EADDRNOTAVAIL (the MAC
 * address is multicast), EINVAL (name, ifindex, MTU, number of queues, owner,
 * group, perm or hold_* out of range; owner, group or perm without its flag),
 * EOPNOTSUPP (on_detach), ENFILE (no name left for the pattern), ENOSPC (no
 * minor number left).  Further errors in a network namespace that is not owned
 * by the initial user namespace: EDQUOT (queues times txqueuelen exceed a
 * bound), EPERM (the host forbids ports there).
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
	__u32 hold_frames;
	__u32 hold_time;
	__aligned_u64 hold_bytes;
};

/* Delete a port even if its node is open.  The open fd stops working. */
#define STABLETAP_DELETE_FORCE		(1U << 0)

/**
 * struct stabletap_delete - STABLETAP_IOC_DELETE: delete a port
 * @size: in: sizeof(struct stabletap_delete)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: STABLETAP_DELETE_FORCE or 0
 * @port: in: ifindex of the port
 *
 * The lower is restored as by DETACH.
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

/* If the port has a lower, replace it by the new one, in one step. */
#define STABLETAP_ATTACH_REPLACE	(1U << 0)
/* Direct lower: make it promiscuous (the default for a direct lower). */
#define STABLETAP_ATTACH_PROMISC	(1U << 1)
/*
 * Filter by address: the lower gets the port's own lists of unicast and
 * multicast addresses ("bridge fdb add MAC dev PORT self", "ip maddress add"),
 * also when they change.  Without this flag a direct lower is promiscuous, and
 * a macvlan receives every multicast frame (allmulti).
 */
#define STABLETAP_ATTACH_FILTER		(1U << 2)
/*
 * Only reported, together with FILTER: the lower, or the device below a VLAN,
 * macvlan, bond or team, had no memory for an address of the lists, so the
 * lower is promiscuous until a later change of the lists succeeds.
 */
#define STABLETAP_ATTACH_INCOMPLETE	(1U << 3)

/**
 * struct stabletap_attach - STABLETAP_IOC_ATTACH: attach a lower to a port
 * @size: in: sizeof(struct stabletap_attach)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: STABLETAP_ATTACH_*; PROMISC and FILTER exclude each other
 * @port: in: ifindex of the port
 * @lower: in: ifindex of the lower
 * @reserved: must be 0
 *
 * The lower is opened if it is down.  After success, frames that are written to
 * the fd go to the lower.  With %STABLETAP_ATTACH_REPLACE the new lower is set
 * up first, then transmit and receive switch at once; on any failure the old
 * attachment is untouched.  Until the old lower is released, 60 ms later, it
 * stays the port's slave, and for 40 ms of that the port also receives what is
 * still on its way through the old lower.  The next attach or detach of the port,
 * and an attach of the old lower to another port or master, end this early.  If
 * @lower is the port's lower already, REPLACE changes only its filter mode.
 *
 * Errors, each with a message of its own:
 *   ENONET      the lower is a loopback device
 *   EMEDIUMTYPE the lower is not an Ethernet device
 *   EOPNOTSUPP  the lower is a port itself; or PROMISC for a macvlan that is
 *               not in passthru mode; or an unknown flag
 *   EEXIST      the port already has a lower, and REPLACE is not given
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
 *   other       errors from opening the lower or setting its address
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
 * struct stabletap_detach - STABLETAP_IOC_DETACH: detach a port's lower
 * @size: in: sizeof(struct stabletap_detach)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: must be 0
 * @port: in: ifindex of the port
 * @lower: in: ifindex of the expected lower, or 0 for any
 * @reserved: must be 0
 *
 * The lower gets back the MAC address, promiscuity and up/down state that it
 * had before the attach.
 *
 * Errors: ENOTCONN (the port has no lower), ESTALE (the port's lower is not
 * @lower).
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

/* Bits of stabletap_set.mask: the fields to set */
#define STABLETAP_SET_ON_DETACH		(1U << 0)
#define STABLETAP_SET_HOLD_FRAMES	(1U << 1)
#define STABLETAP_SET_HOLD_TIME		(1U << 2)
#define STABLETAP_SET_HOLD_BYTES	(1U << 3)

/**
 * struct stabletap_set - STABLETAP_IOC_SET: change a port's options
 * @size: in: sizeof(struct stabletap_set)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @mask: in: STABLETAP_SET_* of the fields to set; 0 changes nothing
 * @port: in: ifindex of the port
 * @on_detach: in: enum stabletap_on_detach; must be 0 if not in @mask
 * @reserved: must be 0
 * @hold_frames: in: as in struct stabletap_create; likewise
 * @hold_time: in: as in struct stabletap_create; likewise
 * @hold_bytes: in: as in struct stabletap_create; likewise
 *
 * If on_detach becomes drop, the frames that the port holds are dropped.
 *
 * Either all fields in @mask are set, or none.
 *
 * Errors: EOPNOTSUPP (an unknown bit in @mask, or on_detach), EINVAL (a hold_*
 * out of range).
 */
struct stabletap_set {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
	__u32 mask;
	__u32 port;
	__u32 on_detach;
	__u32 reserved;
	__u32 hold_frames;
	__u32 hold_time;
	__aligned_u64 hold_bytes;
};

/**
 * struct stabletap_get - STABLETAP_IOC_GET: a port's options and state
 * @size: in: sizeof(struct stabletap_get)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: must be 0
 * @port: in: ifindex of the port
 * @name: out: name of the port
 * @node: out: path of the port's node below /dev, as devtmpfs created it
 * @major: out: major device number of the node
 * @minor: out: minor device number of the node.  Compare both with the result
 *	of fstat() before you use the node: another device may have its path.
 * @owner: out: user id of the node, in the caller's user namespace (65534
 *	if the id is not mapped there)
 * @group: out: group id of the node, likewise
 * @perm: out: permission bits of the node.  Owner, group and perm are those
 *	that the node was created with; chown and chmod do not change them.
 * @queues: out: how many times the node can be open at once
 * @open_queues: out: how many times the node is open now
 * @on_detach: out: enum stabletap_on_detach
 * @state: out: enum stabletap_state
 * @lower: out: ifindex of the lower, 0 if none
 * @lower_kind: out: enum stabletap_lower_kind
 * @attach_flags: out: the STABLETAP_ATTACH_* in force: PROMISC, FILTER, or
 *	FILTER with INCOMPLETE; 0 for a macvlan that receives every multicast
 *	frame, or if there is no lower
 * @lower_mtu: out: MTU of the lower, bytes; 0 if there is no lower.  If the
 *	lower's MTU becomes smaller than the port's after the attach, the lower
 *	stays attached and drops larger frames.
 * @detach_reason: out: enum stabletap_reason of the last detach
 * @attach_time: out: CLOCK_BOOTTIME of the last attach or replace,
 *	nanoseconds; 0 if there was none
 * @detach_time: out: CLOCK_BOOTTIME of the last detach or replace,
 *	nanoseconds; 0 if there was none
 * @attaches: out: number of attaches, without replaces
 * @replaces: out: number of replaces
 * @losses: out: number of lowers that were lost (REASON_LOWER_*)
 * @last_lower: out: name of the lower that was last detached, empty if none
 * @hold_frames: out: how many frames the port holds at most
 * @hold_time: out: how long it holds a frame, ms
 * @hold_bytes: out: how much memory the held frames may occupy, bytes
 * @held_bytes: out: how much memory the frames occupy that it holds now, bytes
 * @held_frames: out: how many frames it holds now
 * @reserved: out: 0
 *
 * Errors: only those that every ioctl can return.
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
	__u32 hold_frames;
	__u32 hold_time;
	__aligned_u64 hold_bytes;
	__aligned_u64 held_bytes;
	__u32 held_frames;
	__u32 reserved;
};

/**
 * struct stabletap_stats - STABLETAP_IOC_STATS: a port's counters
 * @size: in: sizeof(struct stabletap_stats)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: must be 0
 * @port: in: ifindex of the port
 * @tx_packets: frames that were written to the fd (or sent by the host through
 *	the port) and accepted by the lower.  A frame that the lower has to
 *	segment counts once in all tx counters, unless that offload is switched
 *	off on the port: then each segment counts.
 * @tx_bytes: bytes of the frames in @tx_packets, from the Ethernet header on
 * @tx_detached: frames dropped because there was no lower
 * @tx_lower: frames dropped by the lower (down, no carrier, queue full)
 * @tx_refused: frames refused by the tap core: shorter than an Ethernet header,
 *	bad vnet header, out of memory, or the socket's send buffer was full
 *	(EAGAIN)
 * @tx_held: frames that were held (on-detach hold).  They are counted again,
 *	as @tx_packets, @tx_lower or @tx_expired, when they leave the port.
 * @tx_expired: frames that were to be held or were held, and were dropped: too
 *	old, too many, too much memory, or the port was set down, deleted or
 *	set to on-detach drop
 * @rx_packets: frames put into a queue for the fd.  A frame that the tap core
 *	had to segment counts once, however many of its segments found room.
 * @rx_bytes: bytes of the frames in @rx_packets
 * @rx_multicast: multicast and broadcast frames in @rx_packets
 * @rx_no_reader: frames dropped because no queue was open (or none enabled)
 * @rx_ring: frames dropped because the queue's ring was full, or because the
 *	tap core could not segment or checksum the frame
 * @rx_down: frames dropped because the port was administratively down
 * @rx_inactive: frames dropped because they came from a device that was being
 *	attached or released and was not the port's lower at that time
 * @rx_lro: dropped LRO frames, which a tap can't take; in a network namespace
 *	that is not owned by the initial user namespace also frames of more than
 *	64 KiB, or that occupy more than 256 KiB
 * @rx_nomem: frames dropped because memory was short
 * @tx_purged: frames that @tx_packets has counted, but that were still in a
 *	lower's queue when it was closed or deleted, and were dropped with the
 *	queue.  Frames that others sent through a direct lower count too; those
 *	in the ring of a NIC's driver can't be counted.
 *
 * All counters are 0 when the port is created.  Counters that are added later
 * are appended, whatever their name.
 *
 * Errors: only those that every ioctl can return.
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
	__aligned_u64 tx_purged;
};

/**
 * struct stabletap_list - STABLETAP_IOC_LIST: the ports of the namespace
 * @size: in: sizeof(struct stabletap_list)
 * @msg_size: in: size of @msg, bytes
 * @msg: in: user pointer to a buffer for the error message, or 0
 * @flags: in: must be 0
 * @count: in: number of __u32 that @ports has room for; out: number of ports in
 *	the namespace, which may be more than were written
 * @ports: in: user pointer to an array that receives the ifindexes, in no
 *	particular order, or 0 if @count is 0
 *
 * Errors: only those that every ioctl can return.  If the returned @count is
 * larger than the given one, call again with a larger array.
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
 * Attributes in IFLA_INFO_DATA of link kind "stabletap".  Their meaning and
 * values are those of the fields of struct stabletap_get.  Attributes marked rw
 * can be set by RTM_NEWLINK when a port is created; of them ON_DETACH, HOLD_*,
 * LOWER and ATTACH_FLAGS can be changed later.  An attribute that is left out
 * has its default, or keeps its value; 0 stands for no default.  The other
 * attributes are only reported: setting one is refused with EINVAL, as is
 * setting one that the module does not know.  The kernel sends RTM_NEWLINK
 * whenever an attribute changes, except for OPEN_QUEUES and HELD_*.
 *
 * LOWER is an ifindex in the port's network namespace.  Setting it attaches
 * that device; 0 detaches, and does nothing if the port has no lower.  Setting
 * it to the present lower keeps that lower.  To set it to another device while
 * the port has a lower, ATTACH_FLAGS must have REPLACE.  ATTACH_FLAGS are the
 * flags of STABLETAP_IOC_ATTACH.  With the present lower, or without LOWER,
 * they change its filter mode; INCOMPLETE is ignored.  Errors are those of the
 * ioctls; ENOTCONN means flags without a lower.  On any error nothing has
 * changed, and a port that was to be created with a lower does not exist.
 *
 * OWNER and GROUP are set in the user namespace of the sender.  They are
 * reported in the user namespace that owns the port's network namespace,
 * because a message can have many readers; 65534 stands for an id that is not
 * mapped there.
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
	IFLA_STABLETAP_HOLD_FRAMES,	/* u32, rw */
	IFLA_STABLETAP_HOLD_TIME,	/* u32, ms, rw */
	IFLA_STABLETAP_HOLD_BYTES,	/* u64, rw */
	IFLA_STABLETAP_HELD_FRAMES,	/* u32 */
	IFLA_STABLETAP_HELD_BYTES,	/* u64 */
	__IFLA_STABLETAP_MAX
};
#define IFLA_STABLETAP_MAX	(__IFLA_STABLETAP_MAX - 1)

/*
 * Attributes in IFLA_INFO_SLAVE_DATA of a lower.  ATTACH_FLAGS changes its
 * filter mode, as the port's attribute does.  The kernel handles these
 * attributes before IFLA_MASTER of the same message, so they can't set the
 * flags of an attach.
 */
enum {
	IFLA_STABLETAP_SLAVE_UNSPEC,
	IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,	/* u32, rw */
	IFLA_STABLETAP_SLAVE_LOWER_KIND,	/* u32 */
	__IFLA_STABLETAP_SLAVE_MAX
};
#define IFLA_STABLETAP_SLAVE_MAX	(__IFLA_STABLETAP_SLAVE_MAX - 1)

/*
 * The port's counters in RTM_GETSTATS: IFLA_STATS_LINK_XSTATS has a nested
 * attribute of this type, with a u64 for each counter of struct
 * stabletap_stats.  The kernel assigns these types (LINK_XSTATS_TYPE_*) to
 * drivers in its own tree; this number is far above those.
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
	STABLETAP_XSTATS_TX_PURGED,
	__STABLETAP_XSTATS_MAX
};
#define STABLETAP_XSTATS_MAX	(__STABLETAP_XSTATS_MAX - 1)

#endif /* _UAPI_LINUX_STABLETAP_H */
