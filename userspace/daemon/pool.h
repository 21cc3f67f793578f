/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files that pools are made of:
 *
 *   pool.c        who has what, and what is free
 *   pool-vf.c     VFs: set up for a port, and put back
 *   pool-make.c   VFs: having them made
 */
#ifndef POOL_H
#define POOL_H

#include "core.h"

struct member {
	int ifindex;
	int holder;		/* the port that has it, or 0 */
	char why[64];		/* nobody has it, and it is no free one: why */
	uint8_t mac[6];		/* the holder's, when it was last looked at */
	bool marked;		/* of a port that had it; to be put back */
	bool mended;		/* set up anew while in use; not twice */
	bool failed;		/* to be put back; waits for the next time */
};

struct table {
	struct member *v;	/* by ifindex */
	size_t n;
};

struct pools {
	struct daemon *daemon;
	struct table members;
	bool check;		/* ask the PFs what they have ... */
	bool notice;		/* ... of VFs in use only */
	sd_event_source *work;
	sd_event_source *retry;
	unsigned int retries;
	bool again;		/* the pause after a failure is over */
	struct stabletap_monitor *addrs;
	sd_event_source *addrs_io;
	int *tried;		/* PFs that have been told to make VFs */
	size_t tried_n;
};

/* ---- pool.c ---- */

struct member *member_find(const struct table *t, int ifindex);
/* The pool by which @port asks for that device, or NULL */
const struct conf_pool *pool_of(const struct port *port, int dev);
/* By what it is on its bus; NULL: it has no device here. */
const struct stabletap_link *link_on_bus(const struct daemon *d,
					 const char *bus, const char *dev);

/* For each PF of which a pool has VFs, with what the pool says of them */
typedef void (*pf_fn)(struct pools *p, const struct conf_pool *pool,
		      const struct conf_selector *s,
		      const struct stabletap_link *pf);
void pools_each_pf(struct pools *p, pf_fn fn);

/* ---- pool-vf.c ---- */

/* If nobody has it, and it is marked, make it what it was; or @m->failed. */
void pool_vf_put_back(struct pools *p, struct member *m);
/* If a port has it, make it what the port needs. */
void pool_vf_mend(struct pools *p, struct member *m);
/* A pf_fn: VFs that have lost their device, and the mark with it */
void pool_vf_clear_strays(struct pools *p, const struct conf_pool *pool,
			  const struct conf_selector *s,
			  const struct stabletap_link *pf);
/* What VF @n of @pf is called on its bus; NULL: there is none. */
const char *pool_vf_name(const struct stabletap_link *pf, unsigned int n,
			 char *buf, size_t size);
/* The VFs of @pool that have no device here, and who has them: an array */
json_t *pool_vf_absent_json(const struct daemon *d,
			    const struct conf_pool *pool);

/* ---- pool-make.c ---- */

/* A pf_fn: have the PF make VFs if the pool wants some and it has none. */
void pool_make_vfs(struct pools *p, const struct conf_pool *pool,
		   const struct conf_selector *s,
		   const struct stabletap_link *pf);

#endif /* POOL_H */
