/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suspend to memory (ACPI S3).  Only for a machine whose root is in memory:
 * the drivers of 9p and virtio-fs don't come back from it.
 */
#ifndef SUSPEND_H
#define SUSPEND_H

/*
 * Put the machine to sleep; the alarm of its real-time clock wakes it up.
 * 0; -ENODEV if it is no q35 with such a clock and with S3; -EAGAIN if it was awake before
 * the alarm; or what the kernel refused it with.
 */
int suspend_to_memory(void);

#endif /* SUSPEND_H */
