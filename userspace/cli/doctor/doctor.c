// SPDX-License-Identifier: GPL-2.0
/* stabletap doctor: says why something does not work, and what to do. */
#include <string.h>

#include "doctor/checks.h"
#include "json.h"
#include "report.h"
#include "verb.h"

typedef void (*check_fn)(const struct host *h, struct findings *f);

/* From the kernel to the guests; the order of the findings */
static const check_fn checks[] = {
	check_kernel, check_module, check_shipped, check_link_files,
	check_managers, check_nodes, check_lowers, check_guests,
	check_apparmor, check_service, check_managed,
};

static int print(const struct cli *cli, const struct findings *f)
{
	if (cli->json)
		json_print(cli, findings_json(f), stdout);
	else
		findings_print(f, stdout);
	if (f->no_memory)
		return refuse("no memory for all findings");
	if (findings_have(f, SEVERITY_ERROR))
		return CLI_REFUSED;
	return f->n ? CLI_WARNED : CLI_DONE;
}

static int run(struct cli *cli, const struct call *call)
{
	struct findings f = { 0 };
	struct host h;
	int status;
	size_t i;
	int err = host_read(cli, &h);

	(void)call;
	if (err)
		return refused(cli, err, "can't look at the host");
	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		checks[i](&h, &f);
	status = print(cli, &f);
	findings_release(&f);
	host_release(&h);
	return status;
}

static const struct word words[] = {
	{ .name = NULL },
};

const struct verb verb_doctor = {
	.name = "doctor",
	.aliases = "",
	.purpose = "say why something does not work, and what to do",
	.example = "doctor",
	.options = 0,
	.words = words,
	.run = run,
};
