// SPDX-License-Identifier: GPL-2.0
/* Several ports that claim one device, or one NIC of a guest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/claim.h"
#include "conf/selector.h"

struct claim {
	struct conf_section *port;
	const struct conf_candidate *candidate;	/* NULL: on a NIC */
};

/* ---- two kinds of claims, and when two are equal ---- */

struct kind {
	size_t (*collect)(struct conf_section *port, struct claim *out);
	int (*compare)(const struct claim *x, const struct claim *y);
};

static size_t collect_devices(struct conf_section *port, struct claim *out)
{
	const struct conf_candidates *list = &port->port->candidates;
	size_t i;

	for (i = 0; out && i < list->n; i++)
		out[i] = (struct claim){ port, &list->v[i] };
	return list->n;
}

static int compare_devices(const struct claim *x, const struct claim *y)
{
	size_t a = x->candidate->selector->number;
	size_t b = y->candidate->selector->number;

	if (a != b)
		return a < b ? -1 : 1;
	return memcmp(x->port->port->mac, y->port->port->mac,
		      sizeof(x->port->port->mac));
}

static size_t collect_nics(struct conf_section *port, struct claim *out)
{
	if (!port->port->qmp_socket || !port->port->qmp_device)
		return 0;
	if (out)
		*out = (struct claim){ port, NULL };
	return 1;
}

static int compare_nics(const struct claim *x, const struct claim *y)
{
	int order = strcmp(x->port->port->qmp_socket,
			   y->port->port->qmp_socket);

	return order ? order : strcmp(x->port->port->qmp_device,
				      y->port->port->qmp_device);
}

static const struct kind devices = { collect_devices, compare_devices };
static const struct kind nics = { collect_nics, compare_nics };

/* ---- all claims of one kind ---- */

/*
 * Of equal claims those of kept sections come first, so that the error is found
 * in the new one.
 */
static int by_claim_and_port(const void *a, const void *b, void *kind)
{
	const struct claim *x = a, *y = b;
	int order = ((const struct kind *)kind)->compare(x, y);

	if (order)
		return order;
	if (x->port->kept != y->port->kept)
		return x->port->kept ? -1 : 1;
	return strcmp(x->port->name, y->port->name);
}

static size_t collect(const struct conf_draft *d, const struct kind *kind,
		      struct claim *out)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		if (conf_section_is_valid(d->v[i], CONF_PORT))
			n += kind->collect(d->v[i], out ? out + n : NULL);
	return n;
}

/* Returns an array that the caller frees.  NULL: no memory, r.err is set. */
static struct claim *claims_sorted(struct conf_draft *d,
				   const struct kind *kind, size_t *n)
{
	struct claim *v;

	*n = collect(d, kind, NULL);
	v = calloc(*n + 1, sizeof(*v));
	if (!v) {
		d->r.err = -ENOMEM;
		*n = 0;
		return NULL;
	}
	collect(d, kind, v);
	qsort_r(v, *n, sizeof(*v), by_claim_and_port,
		(void *)(uintptr_t)kind);
	return v;
}

/* ---- errors ---- */

static void two_on_a_device(struct conf_draft *d, const struct claim *first,
			    const struct claim *c)
{
	char text[160];

	/* Ports without MACAddress= get different random addresses. */
	if (!c->port->port->mac_set)
		return;
	conf_selector_format(c->candidate->selector, text, sizeof(text));
	conf_error_at(&d->r, c->candidate->at, &c->port->fault, text, "ports "
		      "'%s' and '%s' have the same MAC address and can't both "
		      "be on this device; change one MACAddress=",
		      first->port->name, c->port->name);
}

static void two_on_a_nic(struct conf_draft *d, const struct claim *first,
			 const struct claim *c)
{
	conf_error_at(&d->r, conf_section_place(c->port, KEY_QMP_DEVICE),
		      &c->port->fault, c->port->port->qmp_device, "ports '%s' "
		      "and '%s' are for the same NIC of the same guest; change "
		      "one QMPDevice=", first->port->name, c->port->name);
}

/* The first of several equal claims is right; the others are errors. */
static void judge(struct conf_draft *d, const struct kind *kind,
		  void (*complain)(struct conf_draft *, const struct claim *,
				   const struct claim *))
{
	size_t i, n;
	struct claim *v = claims_sorted(d, kind, &n);
	const struct claim *first = v;

	for (i = 1; i < n; i++)
		if (!conf_section_is_valid(first->port, CONF_PORT) ||
		    kind->compare(first, &v[i]) != 0)
			first = &v[i];
		else if (conf_section_is_new(v[i].port, CONF_PORT))
			complain(d, first, &v[i]);
	free(v);
}

void conf_claims_check(struct conf_draft *d)
{
	judge(d, &nics, two_on_a_nic);
	judge(d, &devices, two_on_a_device);
}

/* ---- warnings ---- */

static bool claims_whole(const struct claim *c)
{
	enum stabletap_mode mode = c->candidate->mode_set ?
				   c->candidate->mode : c->port->port->mode;

	return mode == STABLETAP_MODE_DIRECT || mode == STABLETAP_MODE_PASSTHRU;
}

/* Does it mean one device, not any of several? */
static bool is_single(const struct conf_selector *s)
{
	return s->mac_set || (s->path && !conf_is_pattern(s->path)) ||
	       (s->name && !conf_is_pattern(s->name));
}

/* @v: all claims to one device */
static void warn_of_whole(struct conf_draft *d, const struct claim *v, size_t n)
{
	char text[160];
	size_t i;

	if (n < 2 || !is_single(v->candidate->selector))
		return;
	conf_selector_format(v->candidate->selector, text, sizeof(text));
	for (i = 0; i < n; i++)
		if (claims_whole(&v[i]) && !v[i].port->kept)
			conf_warn_at(&d->r, v[i].candidate->at, text, "port "
				     "'%s' uses the whole device, so '%s' "
				     "can't use it at the same time",
				     v[i].port->name,
				     v[i ? i - 1 : 1].port->name);
}

void conf_claims_warn(struct conf_draft *d)
{
	size_t i, k, n;
	struct claim *v = claims_sorted(d, &devices, &n);

	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n; k++)
			if (v[k].candidate->selector !=
			    v[i].candidate->selector)
				break;
		warn_of_whole(d, &v[i], k - i);
	}
	free(v);
}
