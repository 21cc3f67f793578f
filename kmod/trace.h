/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM stabletap

#if !defined(_STABLETAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _STABLETAP_TRACE_H

#include <linux/tracepoint.h>

#include "stabletap.h"

/* Lets programs that read the raw trace resolve these values to names. */
TRACE_DEFINE_ENUM(STABLETAP_REASON_NONE);
TRACE_DEFINE_ENUM(STABLETAP_REASON_ASKED);
TRACE_DEFINE_ENUM(STABLETAP_REASON_REPLACED);
TRACE_DEFINE_ENUM(STABLETAP_REASON_LOWER_GONE);
TRACE_DEFINE_ENUM(STABLETAP_REASON_LOWER_MOVED);
TRACE_DEFINE_ENUM(STABLETAP_REASON_PORT_MOVED);
TRACE_DEFINE_ENUM(STABLETAP_TX_DETACHED);
TRACE_DEFINE_ENUM(STABLETAP_TX_LOWER);
TRACE_DEFINE_ENUM(STABLETAP_TX_REFUSED);
TRACE_DEFINE_ENUM(STABLETAP_RX_NO_READER);
TRACE_DEFINE_ENUM(STABLETAP_RX_RING);
TRACE_DEFINE_ENUM(STABLETAP_RX_DOWN);
TRACE_DEFINE_ENUM(STABLETAP_RX_INACTIVE);
TRACE_DEFINE_ENUM(STABLETAP_RX_LRO);
TRACE_DEFINE_ENUM(STABLETAP_RX_NOMEM);

#define stabletap_show_reason(reason)					\
	__print_symbolic(reason,					\
		{ STABLETAP_REASON_NONE,	"none" },		\
		{ STABLETAP_REASON_ASKED,	"asked" },		\
		{ STABLETAP_REASON_REPLACED,	"replaced" },		\
		{ STABLETAP_REASON_LOWER_GONE,	"lower-gone" },		\
		{ STABLETAP_REASON_LOWER_MOVED,	"lower-moved" },	\
		{ STABLETAP_REASON_PORT_MOVED,	"port-moved" })

#define stabletap_show_drop(why)					\
	__print_symbolic(why,						\
		{ STABLETAP_TX_DETACHED,	"tx_detached" },	\
		{ STABLETAP_TX_LOWER,		"tx_lower" },		\
		{ STABLETAP_TX_REFUSED,		"tx_refused" },		\
		{ STABLETAP_RX_NO_READER,	"rx_no_reader" },	\
		{ STABLETAP_RX_RING,		"rx_ring" },		\
		{ STABLETAP_RX_DOWN,		"rx_down" },		\
		{ STABLETAP_RX_INACTIVE,	"rx_inactive" },	\
		{ STABLETAP_RX_LRO,		"rx_lro" },		\
		{ STABLETAP_RX_NOMEM,		"rx_nomem" })

/* A lower was attached to a port. */
TRACE_EVENT(stabletap_attach,
	TP_PROTO(const struct net_device *port, const struct net_device *lower,
		 u32 flags),
	TP_ARGS(port, lower, flags),
	TP_STRUCT__entry(
		__array(char, port, IFNAMSIZ)
		__array(char, lower, IFNAMSIZ)
		__field(int, port_ifindex)
		__field(int, lower_ifindex)
		__field(u32, flags)
	),
	TP_fast_assign(
		strscpy(__entry->port, port->name, IFNAMSIZ);
		strscpy(__entry->lower, lower->name, IFNAMSIZ);
		__entry->port_ifindex = port->ifindex;
		__entry->lower_ifindex = lower->ifindex;
		__entry->flags = flags;
	),
	TP_printk("port=%s(%d) lower=%s(%d) flags=%#x",
		  __entry->port, __entry->port_ifindex, __entry->lower,
		  __entry->lower_ifindex, __entry->flags)
);

/* A port's lower was replaced by another. */
TRACE_EVENT(stabletap_replace,
	TP_PROTO(const struct net_device *port, const struct net_device *old,
		 const struct net_device *lower, u32 flags),
	TP_ARGS(port, old, lower, flags),
	TP_STRUCT__entry(
		__array(char, port, IFNAMSIZ)
		__array(char, old, IFNAMSIZ)
		__array(char, lower, IFNAMSIZ)
		__field(int, port_ifindex)
		__field(int, old_ifindex)
		__field(int, lower_ifindex)
		__field(u32, flags)
	),
	TP_fast_assign(
		strscpy(__entry->port, port->name, IFNAMSIZ);
		strscpy(__entry->old, old->name, IFNAMSIZ);
		strscpy(__entry->lower, lower->name, IFNAMSIZ);
		__entry->port_ifindex = port->ifindex;
		__entry->old_ifindex = old->ifindex;
		__entry->lower_ifindex = lower->ifindex;
		__entry->flags = flags;
	),
	TP_printk("port=%s(%d) old=%s(%d) lower=%s(%d) flags=%#x",
		  __entry->port, __entry->port_ifindex, __entry->old,
		  __entry->old_ifindex, __entry->lower, __entry->lower_ifindex,
		  __entry->flags)
);

/* A port's lower was detached. */
TRACE_EVENT(stabletap_detach,
	TP_PROTO(const struct net_device *port, const struct net_device *lower,
		 u32 reason),
	TP_ARGS(port, lower, reason),
	TP_STRUCT__entry(
		__array(char, port, IFNAMSIZ)
		__array(char, lower, IFNAMSIZ)
		__field(int, port_ifindex)
		__field(int, lower_ifindex)
		__field(u32, reason)
	),
	TP_fast_assign(
		strscpy(__entry->port, port->name, IFNAMSIZ);
		strscpy(__entry->lower, lower->name, IFNAMSIZ);
		__entry->port_ifindex = port->ifindex;
		__entry->lower_ifindex = lower->ifindex;
		__entry->reason = reason;
	),
	TP_printk("port=%s(%d) lower=%s(%d) reason=%s",
		  __entry->port, __entry->port_ifindex, __entry->lower,
		  __entry->lower_ifindex,
		  stabletap_show_reason(__entry->reason))
);

/*
 * A frame was dropped.  skb is NULL if the frame has already been freed: by the
 * lower, by the tap core, or by skb_share_check() for lack of memory.
 */
TRACE_EVENT(stabletap_drop,
	TP_PROTO(const struct net_device *port, const struct sk_buff *skb,
		 u32 why),
	TP_ARGS(port, skb, why),
	TP_STRUCT__entry(
		__array(char, port, IFNAMSIZ)
		__field(int, port_ifindex)
		__field(const void *, skb)
		__field(unsigned int, len)
		__field(u32, why)
	),
	TP_fast_assign(
		strscpy(__entry->port, port->name, IFNAMSIZ);
		__entry->port_ifindex = port->ifindex;
		__entry->skb = skb;
		__entry->len = skb ? skb->len : 0;
		__entry->why = why;
	),
	TP_printk("port=%s(%d) skb=%p len=%u why=%s", __entry->port,
		  __entry->port_ifindex, __entry->skb, __entry->len,
		  stabletap_show_drop(__entry->why))
);

#endif /* _STABLETAP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
