/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection, in kernels that have it: an allocation, or a copy from or to
 * user space, that fails in the calling thread.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

/*
 * A fd for the functions below, which the caller closes.  The kernel no longer
 * logs the faults that it injects.  -ENOENT: it injects none; -EIO: its files in
 * debugfs can't be written.
 */
int fault_open(void);
/* The @nth of them that the thread does from now on fails.  0: none. */
int fault_arm(int fd, int nth);
/*
 * Has the armed fault happened?  False, too, if it happened to this call's own
 * copy to user space.
 */
bool fault_met(int fd);
/* @file is below debugfs, for example "failslab/times". */
int fault_set(const char *file, const char *value);

#define NO_FAULTS "this kernel injects no faults"

#endif /* FAULT_H */
