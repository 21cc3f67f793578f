// SPDX-License-Identifier: GPL-2.0
/* 8a321cf7becc (6.2): IFF_NO_ADDRCONF; before, IFF_SLAVE had its effect */
#include <linux/netdevice.h>

unsigned long long probe(void);
unsigned long long probe(void)
{
	return IFF_NO_ADDRCONF;
}
