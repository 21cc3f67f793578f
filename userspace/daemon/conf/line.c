// SPDX-License-Identifier: GPL-2.0
/* Lines of a file: heads of sections, and KEY=VALUE. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/line.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* @text without blanks at both ends, which are cut off */
static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

/*
 * Returns the syntax in @line that other programs read and this one does not,
 * or NULL.
 */
static const char *line_fault(const char *line)
{
	const char *p;

	if (line[strcspn(line, "=:")] != '=')
		return "there is no '='; expected KEY=VALUE, [Port NAME], "
		       "[Pool NAME] or [Daemon]";
	if (line[strlen(line) - 1] == '\\')
		return "a line can't be continued on the next; repeat the key "
		       "to add to a list";
	for (p = line + 1; *p; p++)
		if ((*p == ';' || *p == '#') && isspace((unsigned char)p[-1]))
			return "something follows the value; a comment needs a "
			       "line of its own";
	return NULL;
}

static void take_line(struct conf_draft *d, char *line)
{
	const char *fault;
	char *value;

	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return;
	if (*line == '[') {
		conf_section_open(d, line);
		return;
	}
	if (!conf_section_takes_line(d, line))
		return;
	fault = line_fault(line);
	if (fault) {
		conf_wrong(&d->r, line, "%s", fault);
		return;
	}
	value = strchr(line, '=');
	*value++ = '\0';
	conf_section_set(d, trim(line), trim(value));
}

void conf_lines_read(struct conf_draft *d, FILE *in, const char *file,
		     const char *main)
{
	char *text = NULL, *line;
	size_t room = 0;
	ssize_t len;

	d->main = main;
	d->r.here = (struct conf_place){ file, 0 };
	conf_section_none(d);
	while (!d->r.err && (len = getline(&text, &room, in)) >= 0) {
		d->r.here.line++;
		line = text;
		if (d->r.here.line == 1 &&
		    !strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)))
			line += strlen(BYTE_ORDER_MARK);
		if (strlen(text) == (size_t)len)
			take_line(d, line);
		else if (conf_section_takes_line(d, line))
			conf_wrong(&d->r, line,
				   "a NUL byte follows; is this a text?");
	}
	if (ferror(in))
		conf_unreadable(&d->r, file, errno);
	else if (!d->r.err && !feof(in))
		d->r.err = -ENOMEM;
	free(text);
}
