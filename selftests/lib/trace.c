// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "st.h"
#include "trace.h"

#define INSTANCE	TRACE_INSTANCES "/test"

int trace_instance_new(const char *instance)
{
	/* The sysfs of a new network namespace hides tracefs. */
	if (access(TRACE_DIR "/trace", F_OK) &&
	    st_sh("mount -t tracefs tracefs " TRACE_DIR))
		return -EIO;
	if (access(TRACE_DIR "/set_ftrace_pid", F_OK))
		return -EOPNOTSUPP;
	return st_sh("mkdir %s", instance) ? -EIO : 0;
}

int trace_begin(const char *functions)
{
	int err = trace_instance_new(INSTANCE);

	if (err)
		return err;
	if (st_sh("echo %d >" INSTANCE "/set_ftrace_pid", gettid()) ||
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

int64_t trace_lines(const char *instance, const char *text)
{
	char line[512];
	int64_t n = 0;
	FILE *file;

	snprintf(line, sizeof(line), "%s/trace", instance);
	file = fopen(line, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		n += line[0] != '#' && strstr(line, text);
	fclose(file);
	return n;
}

int64_t trace_calls(void)
{
	return trace_lines(INSTANCE, "");
}
