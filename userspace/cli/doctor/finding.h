/* SPDX-License-Identifier: GPL-2.0 */
/* What the doctor has found, and what it could not check. */
#ifndef DOCTOR_FINDING_H
#define DOCTOR_FINDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* An error keeps something from working, a warning may do so. */
enum severity {
	SEVERITY_WARNING,
	SEVERITY_ERROR,
};

struct finding {
	const char *id;		/* for programs; never changes its meaning */
	enum severity severity;
	char *port;		/* the port's name, or NULL */
	char *what;		/* a sentence */
	char *remedy;		/* a sentence, or a command */
};

/* Zeroed at first; released by findings_release(). */
struct findings {
	struct finding *v;
	size_t n;
	json_t *unchecked;	/* array of {"what", "why"}, or NULL */
	bool no_memory;		/* the list is incomplete */
};

/*
 * Adds a finding.  @port: NULL if it is not about one port.  The next call of
 * finding_remedy() adds the remedy.
 */
void finding_error(struct findings *f, const char *id, const char *port,
		   const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void finding_warning(struct findings *f, const char *id, const char *port,
		     const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void finding_remedy(struct findings *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Notes once that @what could not be checked. */
void finding_unchecked(struct findings *f, const char *what, const char *why);

/* Returns the finding with @id of @port (NULL: of any), or NULL. */
const struct finding *finding_get(const struct findings *f, const char *id,
				  const char *port);

/* Is there a finding of at least this severity? */
bool findings_have(const struct findings *f, enum severity severity);

/* Owned by the caller. */
json_t *findings_json(const struct findings *f);
void findings_print(const struct findings *f, FILE *out);
void findings_release(struct findings *f);

#endif /* DOCTOR_FINDING_H */
