/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection, in kernels that have it: makes an allocation, or a copy from
 * or to user space, fail in the calling thread.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

/*
 * Open an fd for the functions below; the caller closes it.  Stops the kernel
 * from logging injected faults.  Returns -ENOENT if the kernel has no fault
 * injection, -EIO if its files in debugfs can't be written.
 */
int fault_open(void);
/* Make the thread's @nth allocation or copy from now on fail; 0 disarms. */
int fault_arm(int fd, int nth);
/*
 * Returns true if the armed fault has happened.  Returns false if the fault hit
 * this call's own copy to user space.
 */
bool fault_met(int fd);
/* Write to a file of debugfs, for example "failslab/times". */
int fault_set(const char *file, const char *value);

#define NO_FAULTS "this kernel injects no faults"

#endif /* FAULT_H */
