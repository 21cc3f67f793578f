// SPDX-License-Identifier: GPL-2.0
/* What the doctor has found, and what it could not check. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/finding.h"
#include "escape.h"
#include "stabletap.h"

static const char *const severities[] = {
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

__attribute__((format(printf, 5, 0)))
static void add(struct findings *f, enum severity severity, const char *id,
		const char *port, const char *fmt, va_list ap)
{
	struct finding new = { .id = id, .severity = severity };
	struct finding *v = realloc(f->v, (f->n + 1) * sizeof(*v));

	if (v)
		f->v = v;
	if (!v || vasprintf(&new.what, fmt, ap) < 0) {
		f->no_memory = true;
		return;
	}
	if (port)
		new.port = strdup(port);
	f->no_memory |= port && !new.port;
	v[f->n++] = new;
}

void finding_error(struct findings *f, const char *id, const char *port,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, SEVERITY_ERROR, id, port, fmt, ap);
	va_end(ap);
}

void finding_warning(struct findings *f, const char *id, const char *port,
		     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, SEVERITY_WARNING, id, port, fmt, ap);
	va_end(ap);
}

void finding_remedy(struct findings *f, const char *fmt, ...)
{
	struct finding *last = f->n ? &f->v[f->n - 1] : NULL;
	va_list ap;

	/* Without memory the last one may be another finding. */
	if (!last || last->remedy || f->no_memory)
		return;
	va_start(ap, fmt);
	if (vasprintf(&last->remedy, fmt, ap) < 0) {
		last->remedy = NULL;
		f->no_memory = true;
	}
	va_end(ap);
}

void finding_unchecked(struct findings *f, const char *what, const char *why)
{
	const json_t *o;
	size_t i;

	if (!f->unchecked)
		f->unchecked = json_array();
	json_array_foreach(f->unchecked, i, o)
		if (!strcmp(json_string_value(json_object_get(o, "what")),
			    what))
			return;
	json_array_append_new(f->unchecked,
			      json_pack("{s:s, s:o}", "what", what, "why",
					stabletap_json_text(why)));
}

const struct finding *finding_get(const struct findings *f, const char *id,
				  const char *port)
{
	const struct finding *v;

	for (v = f->v; v < f->v + f->n; v++)
		if (!strcmp(v->id, id) &&
		    (!port || (v->port && !strcmp(v->port, port))))
			return v;
	return NULL;
}

bool findings_have(const struct findings *f, enum severity severity)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->v[i].severity >= severity)
			return true;
	return false;
}

/* ---- printing ---- */

static json_t *finding_json(const struct finding *v)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", v->id, "severity",
			 severities[v->severity], "port", v->port ?
			 stabletap_json_text(v->port) : json_null(), "what",
			 stabletap_json_text(v->what), "remedy",
			 stabletap_json_text(v->remedy ? v->remedy : ""));
}

json_t *findings_json(const struct findings *f)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < f->n; i++)
		json_array_append_new(list, finding_json(&f->v[i]));
	return json_pack("{s:i, s:o, s:o}", "version", STABLETAP_JSON_VERSION,
			 "findings", list, "unchecked", f->unchecked ?
			 json_incref(f->unchecked) : json_array());
}

/* Sentences quote logs, files and names of devices. */
static void print_text(const char *text, FILE *out)
{
	size_t size = 4 * strlen(text) + 1;
	char *escaped = malloc(size);

	if (escaped)
		fputs(escape_line(escaped, size, text), out);
	free(escaped);
}

static void print_finding(const struct finding *v, FILE *out)
{
	fprintf(out, "%s: ", severities[v->severity]);
	if (v->port) {
		print_text(v->port, out);
		fputs(": ", out);
	}
	print_text(v->what, out);
	fprintf(out, " [%s]\n", v->id);
	if (!v->remedy)
		return;
	fputs("    remedy: ", out);
	print_text(v->remedy, out);
	fputc('\n', out);
}

void findings_print(const struct findings *f, FILE *out)
{
	const json_t *o;
	size_t i;

	for (i = 0; i < f->n; i++)
		print_finding(&f->v[i], out);
	json_array_foreach(f->unchecked, i, o) {
		fprintf(out, "not checked: %s: ",
			json_string_value(json_object_get(o, "what")));
		print_text(json_string_value(json_object_get(o, "why")), out);
		fputc('\n', out);
	}
	if (!f->n)
		fputs("nothing found\n", out);
}

void findings_release(struct findings *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		free(f->v[i].port);
		free(f->v[i].what);
		free(f->v[i].remedy);
	}
	free(f->v);
	json_decref(f->unchecked);
	memset(f, 0, sizeof(*f));
}
