// SPDX-License-Identifier: GPL-2.0
/*
 * Record of the entries that the daemon has added to a port, so that the next
 * daemon can remove them: a file for each port in FILTER_DIR.  It is written
 * before an entry is added and after one was removed.
 *
 *	port 7			the ifindex that the port had
 *	allmulti		the flags, if set
 *	promisc
 *	mc 33:33:ff:00:00:01
 *	uc 52:54:00:00:00:07
 *	mac 7 52:54:00:00:00:08	the guest's address, given to the port with
 *				that ifindex
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/filter-record.h"
#include "stabletap.h"

/* ---- sets ---- */

static size_t position(const struct filter_set *s, const uint8_t mac[6])
{
	size_t i = s->n;

	while (i && memcmp(s->v[i - 1], mac, 6) >= 0)
		i--;
	return i;
}

bool filter_set_has(const struct filter_set *s, const uint8_t mac[6])
{
	size_t i = position(s, mac);

	return i < s->n && !memcmp(s->v[i], mac, 6);
}

int filter_set_put(struct filter_set *s, const uint8_t mac[6])
{
	size_t i = position(s, mac);

	if (i < s->n && !memcmp(s->v[i], mac, 6))
		return 0;
	if (s->n == FILTER_MAX)
		return -ENOSPC;
	memmove(s->v[i + 1], s->v[i], (s->n - i) * sizeof(s->v[0]));
	memcpy(s->v[i], mac, 6);
	s->n++;
	return 0;
}

/* ---- reading ---- */

static void take_mac(struct filter_record *r, const char *text)
{
	char *end;
	long ifindex = strtol(text, &end, 10);

	if (ifindex > 0 && *end == ' ' &&
	    !stabletap_mac_parse(end + 1, r->mac))
		r->mac_ifindex = (int)ifindex;
}

static void take_line(struct filter_record *r, const char *line)
{
	uint8_t mac[6];

	if (!strncmp(line, "port ", 5))
		r->ifindex = (int)strtol(line + 5, NULL, 10);
	else if (!strcmp(line, "allmulti"))
		r->flags |= IFF_ALLMULTI;
	else if (!strcmp(line, "promisc"))
		r->flags |= IFF_PROMISC;
	else if (!strncmp(line, "mc ", 3) &&
		 !stabletap_mac_parse(line + 3, mac))
		filter_set_put(&r->mc, mac);
	else if (!strncmp(line, "uc ", 3) &&
		 !stabletap_mac_parse(line + 3, mac))
		filter_set_put(&r->uc, mac);
	else if (!strncmp(line, "mac ", 4))
		take_mac(r, line + 4);
}

void filter_record_read(const char *port, struct filter_record *out)
{
	char path[128];
	char line[64];
	FILE *file;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), FILTER_DIR "/%s", port);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		take_line(out, line);
	}
	fclose(file);
}

/* ---- writing ---- */

static void put_set(FILE *file, const char *what, const struct filter_set *s)
{
	char text[STABLETAP_MAC_TEXT];
	size_t i;

	for (i = 0; i < s->n; i++)
		fprintf(file, "%s %s\n", what,
			stabletap_mac_format(s->v[i], text));
}

static char *format(const struct filter_record *r)
{
	char mac[STABLETAP_MAC_TEXT], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (r->ifindex)
		fprintf(out, "port %d\n%s%s", r->ifindex,
			r->flags & IFF_ALLMULTI ? "allmulti\n" : "",
			r->flags & IFF_PROMISC ? "promisc\n" : "");
	put_set(out, "mc", &r->mc);
	put_set(out, "uc", &r->uc);
	if (r->mac_ifindex)
		fprintf(out, "mac %d %s\n", r->mac_ifindex,
			stabletap_mac_format(r->mac, mac));
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

int filter_record_write(const char *port, const struct filter_record *r)
{
	char path[128], *text;
	int err;

	snprintf(path, sizeof(path), FILTER_DIR "/%s", port);
	if (!r->ifindex && !r->mac_ifindex)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	text = format(r);
	err = text ? file_replace(FILTER_DIR, port, text, 0644) : -ENOMEM;
	free(text);
	return err;
}
