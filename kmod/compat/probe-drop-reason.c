// SPDX-License-Identifier: GPL-2.0
/* (5.19): kfree_skb_reason() (c504e5c2f964, 5.17) and all reasons used here */
#include <linux/skbuff.h>

void probe(struct sk_buff *skb);
void probe(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
	kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
}
