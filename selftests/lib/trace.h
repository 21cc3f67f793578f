/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The function tracer, in an instance of tracefs of its own: the calls that the
 * thread that began makes of some of the kernel's functions.  One at a time.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdint.h>

/*
 * @functions: names, with blanks between.  0; -EOPNOTSUPP if the kernel has no
 * function tracer; -EIO
 */
int trace_begin(const char *functions);
void trace_end(void);
int trace_clear(void);
/* Calls since then; -errno */
int64_t trace_calls(void);

#define NO_TRACER "this kernel has no function tracer"

#endif /* TRACE_H */
