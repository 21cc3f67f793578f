// SPDX-License-Identifier: GPL-2.0
#include "way.h"

#include <errno.h>

#include "st.h"
#include "trace.h"

#define INSTANCE TRACE_INSTANCES "/way"

int way_trace(const char *event, const char *device)
{
	return st_sh("cd " INSTANCE "/events/net/%s &&"
		     "echo 'name == \"%s\"' >filter && echo 1 >enable",
		     event, device) ? -EIO : 0;
}

int way_begin(const char *lower)
{
	int err;

	/* A test that failed may have left it behind. */
	way_end();
	err = trace_instance_new(INSTANCE);
	if (err)
		return err;
	if (st_sh("cd " INSTANCE " &&"
		  "echo stabletap_datapath_rx_port >set_ftrace_filter &&"
		  "echo function >current_tracer"))
		return -EIO;
	err = way_trace("net_dev_queue", lower);
	return err ? err : way_trace("net_dev_start_xmit", lower);
}

void way_end(void)
{
	st_sh("rmdir " INSTANCE " 2>/dev/null");
}

int way_clear(void)
{
	return st_sh(": >" INSTANCE "/trace") ? -EIO : 0;
}

int64_t way_traced(const char *text)
{
	return trace_lines(INSTANCE, text);
}

int64_t way_long_sent(void)
{
	return way_traced("net_dev_queue:");
}

int64_t way_long_received(void)
{
	return way_traced("stabletap_datapath_rx_port");
}

int way_of_sent(struct scene *scene)
{
	int err = way_clear();

	if (!err)
		err = scene_send(scene);
	return err ? err : way_long_sent();
}

int way_of_received(struct scene *scene)
{
	int err = way_clear();

	if (!err)
		err = scene_receive(scene);
	return err ? err : way_long_received();
}
