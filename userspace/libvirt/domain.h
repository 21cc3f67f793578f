/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a domain's XML says about ports:
 *
 *	<metadata>
 *	  <stabletap:ports xmlns:stabletap='urn:stabletap:libvirt:1'>
 *	    <stabletap:port name='vm1'>
 *	      <stabletap:Candidate>eth0</stabletap:Candidate>
 *	    </stabletap:port>
 *	  </stabletap:ports>
 *	</metadata>
 *
 * and the <interface> with that name.  The XML is not trusted: a domain may
 * come from another host, or from a user who may define domains but is not
 * root.
 */
#ifndef LIBVIRT_DOMAIN_H
#define LIBVIRT_DOMAIN_H

#include <stddef.h>

#define DOMAIN_NAMESPACE "urn:stabletap:libvirt:1"
#define DOMAIN_UUID_SIZE 37
/* libvirt's own XML has some KiB.  More is not read. */
#define DOMAIN_XML_MAX (4U << 20)
#define DOMAIN_PORTS_MAX 256

struct domain_port {
	char *name;
	char *section;		/* the lines of [Port NAME], with its head */
};

/* Zeroed at first; released by domain_release(). */
struct domain {
	char uuid[DOMAIN_UUID_SIZE];	/* in lower case */
	struct domain_port *ports;	/* without those that are refused */
	size_t n;
};

/*
 * Reads @len bytes of XML.  A port that is not as it should be is refused with
 * a message; the others are kept.  Returns 0, -ENOMEM, or -EINVAL after a
 * message if this is not the XML of a domain.
 */
int domain_read(const char *xml, size_t len, struct domain *out);
void domain_release(struct domain *d);

#endif /* LIBVIRT_DOMAIN_H */
