// SPDX-License-Identifier: GPL-2.0
/* What the running stabletapd says of itself and of its ports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/configured.h"
#include "json.h"

/* ---- the daemon ---- */

static void check_release(const struct host *h, struct findings *f)
{
	const char *release = json_text_of(h->daemon, "release");

	if (!strcmp(release, stabletap_release()))
		return;
	finding_warning(f, "daemon-other-release", NULL,
			"the running stabletapd is of release %s, the command of release %s",
			release, stabletap_release());
	finding_remedy(f, "systemctl restart stabletapd; this interrupts no traffic");
}

static void check_control(const struct host *h, struct findings *f)
{
	if (!h->is_loaded || h->control ||
	    !json_is_true(json_object_get(h->daemon, "module_missing")))
		return;
	finding_error(f, "daemon-without-control", NULL,
		      "the module is loaded, but stabletapd can't use " STABLETAP_CONTROL);
	finding_remedy(f, "allow the device in the daemon's unit (DeviceAllow=char-misc rw), and look at 'journalctl -u stabletapd'");
}

static void check_left_out(const struct host *h, struct findings *f)
{
	const json_t *l;
	size_t i;

	json_array_foreach(json_object_get(h->daemon, "left_out"), i, l) {
		finding_error(f, "section-left-out", NULL,
			      "stabletapd leaves out section [%s]: %s (%s:%d)",
			      json_text_of(l, "section"),
			      json_text_of(l, "why"), json_text_of(l, "file"),
			      (int)json_integer_value(json_object_get(l,
								      "line")));
		finding_remedy(f, "mend the section, and run 'systemctl reload stabletapd'; 'stabletapd --check' reports all errors");
	}
}

/* Does stabletapd have @port, or has it said why not? */
static bool is_known(const struct host *h, const char *port)
{
	char section[96];
	const json_t *o;
	size_t i;

	json_array_foreach(json_object_get(h->daemon, "ports"), i, o)
		if (!strcmp(json_text_of(o, "port"), port))
			return true;
	snprintf(section, sizeof(section), "Port %s", port);
	json_array_foreach(json_object_get(h->daemon, "left_out"), i, o)
		if (!strcmp(json_text_of(o, "section"), section))
			return true;
	return false;
}

/* With --config there is one file, and it is none of the usual ones. */
static bool has_usual_files(const json_t *files)
{
	static const char *const layers[] = {
		"/etc/stabletap/", "/run/stabletap/", "/usr/lib/stabletap/",
	};
	const char *file = json_string_value(json_array_get(files, 0));
	size_t i;

	for (i = 0; file && i < 3; i++)
		if (!strncmp(file, layers[i], strlen(layers[i])))
			return true;
	return !file;
}

/* Compares the files, as they are now, with what the daemon has of them. */
static void check_loaded(const struct host *h, struct findings *f)
{
	const json_t *files = json_object_get(h->daemon, "files"), *file;
	struct configured conf = { 0 };
	size_t i;

	/* An older daemon does not say which files it has read. */
	if (!files)
		return;
	if (has_usual_files(files))
		configured_read(h->root, &conf);
	else
		json_array_foreach(files, i, file)
			configured_add(h->root, json_string_value(file), &conf);
	for (i = 0; i < conf.n; i++) {
		if (is_known(h, conf.v[i].port))
			continue;
		finding_warning(f, "configuration-not-loaded", conf.v[i].port,
				"%s has the port, but the running stabletapd does not know it",
				conf.v[i].file);
		finding_remedy(f, "systemctl reload stabletapd");
	}
	configured_release(&conf);
}

/* ---- a port ---- */

static void check_missing(const char *name, const json_t *port,
			  struct findings *f)
{
	const char *why = json_text_of(json_object_get(port, "missing"), "why");

	if (!*why)
		return;
	finding_error(f, "port-missing", name,
		      "stabletapd can't make the port: %s", why);
	finding_remedy(f, "remove the cause; stabletapd tries again by itself");
}

static void check_monitor(const char *name, const json_t *port,
			  struct findings *f)
{
	const json_t *monitor = json_object_get(port, "monitor");
	const char *why = json_text_of(monitor, "why");

	if (strcmp(json_text_of(monitor, "state"), "refused") != 0)
		return;
	finding_warning(f, "qmp-refused", name,
			"stabletapd can't use QEMU's monitor: %s", why);
	if (strstr(why, "Permission denied"))
		finding_remedy(f, "let stabletapd use the socket, as 'QMP sockets' in stabletapd(8) says");
	else if (strstr(why, "does not greet"))
		finding_remedy(f, "give the daemon a monitor of its own (-qmp unix:PATH,server=on,wait=off)");
	else
		finding_remedy(f, "compare QMPSocket= and QMPDevice= with QEMU's command line");
}

static void check_warnings(const char *name, const json_t *port,
			   struct findings *f)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(port, "warnings"), i, warning) {
		finding_warning(f, "pin-unmet", name, "the port is %s",
				json_string_value(warning));
		finding_remedy(f, "stabletap unpin %s, or make that device usable",
			       name);
	}
	if (json_object_get(port, "moved")) {
		finding_warning(f, "device-moved", name, "%s",
				json_text_of(json_object_get(port, "moved"),
					     "why"));
		finding_remedy(f, "move the device back, or give the port another candidate");
	}
}

static const char *unusable(const json_t *device)
{
	if (json_is_true(json_object_get(device, "wifi")))
		return "is a Wi-Fi device";
	if (!strcmp(json_text_of(device, "probe"), "fails"))
		return "is not usable (its probe fails)";
	return "is not usable (it is down, or has no carrier)";
}

/*
 * Says in @buf what keeps the port from a device.  Returns false if a
 * device is usable: then it is attached soon.
 */
static bool find_obstacle(const json_t *port, char *buf, size_t size)
{
	const json_t *refusal, *candidate, *device;
	size_t i, k;

	snprintf(buf, size, "no device matches a candidate");
	refusal = json_array_get(json_object_get(port, "refusals"), 0);
	if (refusal) {
		snprintf(buf, size, "%s refused the port: %s",
			 json_text_of(refusal, "name"),
			 json_text_of(refusal, "why"));
		return true;
	}
	json_array_foreach(json_object_get(port, "candidates"), i, candidate) {
		json_array_foreach(json_object_get(candidate, "devices"), k,
				   device) {
			if (json_is_true(json_object_get(device, "usable")))
				return false;
			snprintf(buf, size, "%s %s",
				 json_text_of(device, "name"),
				 unusable(device));
		}
	}
	return true;
}

static void check_detached(const char *name, const json_t *port,
			   struct findings *f)
{
	char why[384];

	/* The operator wants it detached, or a pin: that has a warning. */
	if (strcmp(json_text_of(port, "state"), "detached") != 0 ||
	    json_is_true(json_object_get(port, "held_off")) ||
	    json_array_size(json_object_get(port, "warnings")) ||
	    !json_array_size(json_object_get(port, "candidates")) ||
	    !find_obstacle(port, why, sizeof(why)))
		return;
	finding_warning(f, "port-without-device", name,
			"stabletapd has no device for the port: %s", why);
	finding_remedy(f, "see 'stabletap status %s', and stabletap.conf(5) about Candidate=",
		       name);
}

void check_managed(const struct host *h, struct findings *f)
{
	const json_t *port;
	const char *name;
	size_t i;

	if (!h->daemon)
		return;
	check_release(h, f);
	check_control(h, f);
	check_left_out(h, f);
	check_loaded(h, f);
	json_array_foreach(json_object_get(h->daemon, "ports"), i, port) {
		name = json_text_of(port, "port");
		check_missing(name, port, f);
		check_monitor(name, port, f);
		check_warnings(name, port, f);
		check_detached(name, port, f);
	}
}
