// SPDX-License-Identifier: GPL-2.0
/* Foreign text in lines, labels and environments. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

static unsigned int sequence_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Returns the code point of @len bytes, or UINT32_MAX if they are invalid. */
static uint32_t decode(const uint8_t *bytes, unsigned int len)
{
	static const uint8_t mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = bytes[0] & mask[len];
	unsigned int i;

	for (i = 1; i < len; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	return code;
}

size_t escape_printable(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *bytes = (const uint8_t *)text;
	unsigned int len = sequence_length(bytes[0]);
	uint32_t code;

	if (!len)
		return 0;
	code = decode(bytes, len);
	if (code < ' ' || (code >= 0x7f && code < 0xa0))
		return 0;
	/* An overlong form, a surrogate, or beyond Unicode */
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	/* LINE and PARAGRAPH SEPARATOR end a line for some readers. */
	return code == 0x2028 || code == 0x2029 ? 0 : len;
}

typedef size_t (*form_fn)(const char *text, char form[8], size_t *form_len);

/* Writes the character at @text.  Returns its number of bytes in @text. */
static size_t form_line(const char *text, char form[8], size_t *form_len)
{
	size_t len = escape_printable(text);

	if (len) {
		memcpy(form, text, len);
		*form_len = len;
		return len;
	}
	*form_len = (size_t)snprintf(form, 8, "\\x%02x", (uint8_t)*text);
	return 1;
}

static size_t form_label(const char *text, char form[8], size_t *form_len)
{
	size_t len = escape_printable(text);

	if (*text == '\\' || *text == '"')
		*form_len = (size_t)snprintf(form, 8, "\\%c", *text);
	else if (*text == '\n')
		*form_len = (size_t)snprintf(form, 8, "\\n");
	else if (!len)
		*form_len = (size_t)snprintf(form, 8, "\xef\xbf\xbd");
	else
		memcpy(form, text, *form_len = len);
	return len ? len : 1;
}

static char *escape(char *buf, size_t size, const char *text, form_fn fn)
{
	size_t used = 0, len, taken;
	char form[8];

	if (!size)
		return buf;
	for (; *text; text += taken) {
		taken = fn(text, form, &len);
		if (used + len >= size)
			break;
		memcpy(buf + used, form, len);
		used += len;
	}
	buf[used] = '\0';
	return buf;
}

char *escape_line(char *buf, size_t size, const char *text)
{
	return escape(buf, size, text, form_line);
}

char *escape_label(char *buf, size_t size, const char *text)
{
	return escape(buf, size, text, form_label);
}
