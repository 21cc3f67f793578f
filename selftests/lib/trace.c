// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "st.h"
#include "trace.h"

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/test"

int trace_begin(const char *functions)
{
	/* The sysfs of a new network namespace hides tracefs. */
	if (access(TRACING "/trace", F_OK) &&
	    st_sh("mount -t tracefs tracefs " TRACING))
		return -EIO;
	if (access(TRACING "/set_ftrace_pid", F_OK))
		return -EOPNOTSUPP;
	if (st_sh("mkdir " INSTANCE) ||
	    st_sh("echo %d >" INSTANCE "/set_ftrace_pid", gettid()) ||
	    st_sh("echo %s >" INSTANCE "/set_ftrace_filter", functions) ||
	    st_sh("echo function >" INSTANCE "/current_tracer"))
		return -EIO;
	return 0;
}

void trace_end(void)
{
	st_sh("rmdir " INSTANCE " 2>/dev/null");
}

int trace_clear(void)
{
	return st_sh(": >" INSTANCE "/trace") ? -EIO : 0;
}

int64_t trace_calls(void)
{
	char line[256];
	int64_t n = 0;
	FILE *file;

	file = fopen(INSTANCE "/trace", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		n += line[0] != '#';
	fclose(file);
	return n;
}
