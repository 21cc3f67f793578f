// SPDX-License-Identifier: GPL-2.0
/* Notes for verbs that stabletapd undoes at once. */
#include <string.h>

#include "ask.h"
#include "json.h"
#include "managed.h"
#include "report.h"

static bool is_held_off(const json_t *port)
{
	return json_is_true(json_object_get(port, "held_off"));
}

void managed_note_delete(struct cli *cli, const char *name)
{
	json_t *port = ask_port_quietly(cli, name, NULL);

	if (port) {
		note("stabletapd makes '%s' anew, since it is in its "
		     "configuration", name);
		hint("remove [Port %s] from the configuration and reload it",
		     name);
	}
	json_decref(port);
}

void managed_note_detach(struct cli *cli, const char *name)
{
	json_t *port = ask_port_quietly(cli, name, NULL);

	if (port && !is_held_off(port)) {
		note("stabletapd attaches '%s' again, since it is in its "
		     "configuration", name);
		hint("'stabletap hold-off %s' keeps it detached", name);
	}
	json_decref(port);
}

void managed_note_options(struct cli *cli, const char *name)
{
	json_t *port = ask_port_quietly(cli, name, NULL);

	if (port) {
		note("stabletapd sets '%s' to what its configuration has", name);
		hint("write OnDetach=, HoldFrames=, HoldBytes= or HoldSec= in "
		     "[Port %s], and reload it", name);
	}
	json_decref(port);
}

void managed_note_attach(struct cli *cli, const char *name,
			 const struct stabletap_link *dev, bool attached)
{
	json_t *port = ask_port_quietly(cli, name, NULL);

	if (is_held_off(port)) {
		note("stabletapd detaches '%s' again: it is held off", name);
		hint("'stabletap unpin %s' ends that", name);
	} else if (port && attached &&
		   !stabletap_link_is_named(dev, json_text_of(port, "pin"))) {
		note("stabletapd moves '%s' to where its configuration has it",
		     name);
		hint("'stabletap pin %s %s' keeps it there", name, dev->name);
	}
	json_decref(port);
}
