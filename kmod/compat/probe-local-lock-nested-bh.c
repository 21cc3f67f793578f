// SPDX-License-Identifier: GPL-2.0
/* c5bcab755822 (6.11): local_lock_nested_bh() */
#include <linux/netdevice.h>
#include <linux/local_lock.h>

void probe(local_lock_t __percpu *lock);
void probe(local_lock_t __percpu *lock)
{
	local_lock_nested_bh(lock);
	local_unlock_nested_bh(lock);
}
