// SPDX-License-Identifier: GPL-2.0
#include "watch.h"

#include <errno.h>
#include <stdio.h>

#include "st.h"

int watch_device(const char *device)
{
	const char *hook = "nft 'add chain netdev watch %s_%s { type filter hook %s device %s priority 0; }' &&"
			   "nft add rule netdev watch %s_%s counter";
	char in[256], out[256];

	snprintf(in, sizeof(in), hook, "in", device, "ingress", device, "in",
		 device);
	snprintf(out, sizeof(out), hook, "out", device, "egress", device, "out",
		 device);
	/* Up to 5.15 nft has no egress hook. */
	if (st_sh("tc qdisc add dev %s clsact &&"
		  "tc filter add dev %s ingress matchall action pass &&"
		  "tc filter add dev %s egress matchall action pass &&"
		  "nft add table netdev watch && %s && { %s || :; } 2>/dev/null",
		  device, device, device, in, out))
		return -EIO;
	return st_packet_open(st_ifindex(device), true);
}
