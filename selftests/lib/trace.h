/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The function tracer, in an instance of tracefs of its own: counts the calls
 * of some kernel functions by the thread that called trace_begin().  Only one
 * trace can run at a time.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdint.h>

/*
 * @functions: names, separated by blanks.  Returns 0, -EOPNOTSUPP if the kernel
 * has no function tracer, or -EIO.
 */
int trace_begin(const char *functions);
void trace_end(void);
int trace_clear(void);
/* Number of calls since trace_begin(), or a negative errno */
int64_t trace_calls(void);

/*
 * For other traces: create an instance of tracefs, a directory in
 * TRACE_INSTANCES.  Returns as trace_begin().
 */
#define TRACE_DIR	"/sys/kernel/tracing"
#define TRACE_INSTANCES	TRACE_DIR "/instances"
int trace_instance_new(const char *instance);
/* Number of lines with a text in an instance's trace, or a negative errno */
int64_t trace_lines(const char *instance, const char *text);

#define NO_TRACER "this kernel has no function tracer"

#endif /* TRACE_H */
