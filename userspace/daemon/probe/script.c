// SPDX-License-Identifier: GPL-2.0
/* Probes by a program of the operator's. */
#include <stdio.h>

#include "probe/probe.h"
#include "probe/script.h"

int script_ask(sd_event *loop, struct probe *p, program_fn fn)
{
	char device[STABLETAP_NAME_SIZE + 24], number[64];
	char *env[] = { (char *)PROGRAM_PATH, device, number, NULL };

	/* The name is not escaped: the script finds the device by it. */
	snprintf(device, sizeof(device), "STABLETAP_DEVICE=%s",
		 p->dev->link.name);
	snprintf(number, sizeof(number), "STABLETAP_IFINDEX=%d",
		 p->dev->link.ifindex);
	return program_start(loop, p->spec.argv, env, p->spec.limit, fn, p,
			     &p->program);
}
