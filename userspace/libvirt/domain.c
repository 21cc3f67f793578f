// SPDX-License-Identifier: GPL-2.0
/* Ports in a domain's XML. */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "domain.h"
#include "say.h"

#define VALUE_MAX 1024
#define NOT_MADE "; the port is not made"

/*
 * The keys of stabletap.conf(5) that a domain may set.  MACAddress, MTUBytes
 * and Queues come from its <interface>.  Hook= and a Probe= by script are left
 * out because the daemon would execute the program; Owner=, Group= and Mode=
 * because they would let other users open the port, and libvirt opens it as
 * root.
 */
static const char *const keys[] = {
	"OnDetach", "HoldFrames", "HoldBytes", "HoldSec", "Candidate",
	"AttachMode", "Filter", "Failback", "FailbackDelaySec", "LossDelaySec",
	"Quiet", "Announce", "Probe", "ProbeSource", "ProbeIntervalSec",
	"ProbeTimeoutSec", "ProbeMisses", "ProbeAnswers", "QMPSocket",
	"QMPDevice", "GuestLinkDownSec", "GuestLink", "FollowGuestFilter",
	"TrustGuestMAC",
};

/* Keys that stabletap.conf(5) has but a domain can't set */
static const struct {
	const char *name;
	const char *instead;
} other_keys[] = {
	{ "MACAddress", "it is the <mac address=''/> of the interface" },
	{ "MTUBytes", "it is the <mtu size=''/> of the interface" },
	{ "Queues", "it is the <driver queues=''/> of the interface" },
	{ "Owner", "libvirt opens the port as root" },
	{ "Group", "libvirt opens the port as root" },
	{ "Mode", "libvirt opens the port as root" },
	{ "Hook", "a domain can't have programs executed" },
	{ "HookTimeoutSec", "a domain can't have programs executed" },
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- XML ---- */

static bool is_named(const xmlNode *node, const char *ns, const char *name)
{
	const char *href = node->ns ? (const char *)node->ns->href : NULL;

	if (node->type != XML_ELEMENT_NODE ||
	    strcmp((const char *)node->name, name) != 0)
		return false;
	return ns ? href && !strcmp(href, ns) : !href;
}

/* Returns @node or the sibling after it that has this name, or NULL. */
static xmlNode *find(xmlNode *node, const char *ns, const char *name)
{
	while (node && !is_named(node, ns, name))
		node = node->next;
	return node;
}

static xmlNode *child(xmlNode *node, const char *ns, const char *name)
{
	return node ? find(node->children, ns, name) : NULL;
}

/* Returns a copy that the caller gives to free(), or NULL. */
static char *attribute(const xmlNode *node, const char *name)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, BAD_CAST name) : NULL;
	char *copy = value ? strdup((char *)value) : NULL;

	xmlFree(value);
	return copy;
}

static bool attribute_is(const xmlNode *node, const char *name,
			 const char *want)
{
	char *value = attribute(node, name);
	bool same = value && !strcmp(value, want);

	free(value);
	return same;
}

/* Returns the text of an element without children, NULL if it has some. */
static char *element_text(xmlNode *node)
{
	const xmlNode *c;
	xmlChar *text;
	char *copy;

	for (c = node->children; c; c = c->next)
		if (c->type != XML_TEXT_NODE && c->type != XML_COMMENT_NODE &&
		    c->type != XML_CDATA_SECTION_NODE)
			return NULL;
	text = xmlNodeGetContent(node);
	copy = text ? strdup((char *)text) : NULL;
	xmlFree(text);
	return copy;
}

/* ---- text ---- */

/* Removes blanks around @text, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* Could @value stand in one line of a configuration file? */
static bool is_one_line(const char *value)
{
	if (strlen(value) > VALUE_MAX)
		return false;
	for (; *value; value++)
		if (iscntrl((unsigned char)*value))
			return false;
	return true;
}

/*
 * Stricter than the kernel, which permits anything but "/", ":" and blanks: the
 * name is written into a section's head and read from there.
 */
static bool is_port_name(const char *name)
{
	if (!*name || strlen(name) >= IF_NAMESIZE || *name == '.')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_.-+@", *name))
			return false;
	return true;
}

/* ---- the interface ---- */

/* Writes a key whose value is an attribute; a missing one has no line. */
static bool put_attribute(FILE *out, const char *port, const char *key,
			  const xmlNode *node, const char *name)
{
	char *value = attribute(node, name);
	bool good = !value || is_one_line(value);

	if (!good)
		say(LOG_ERR, port, "<%s %s=''/> has a control character" NOT_MADE,
		    node->name, name);
	else if (value)
		fprintf(out, "%s=%s\n", key, value);
	free(value);
	return good;
}

static bool put_interface(FILE *out, const char *port, xmlNode *interface)
{
	return put_attribute(out, port, "MACAddress",
			     child(interface, NULL, "mac"), "address") &&
	       put_attribute(out, port, "MTUBytes",
			     child(interface, NULL, "mtu"), "size") &&
	       put_attribute(out, port, "Queues",
			     child(interface, NULL, "driver"), "queues");
}

/* Finds the interface of @port that libvirt does not create itself. */
static xmlNode *find_interface(xmlNode *domain, const char *port)
{
	xmlNode *devices = child(domain, NULL, "devices");
	xmlNode *i = child(devices, NULL, "interface"), *target;
	xmlNode *found = NULL;

	for (; i; i = find(i->next, NULL, "interface")) {
		target = child(i, NULL, "target");
		if (!attribute_is(target, "dev", port))
			continue;
		if (!attribute_is(i, "type", "ethernet") ||
		    !attribute_is(target, "managed", "no")) {
			say(LOG_ERR, port, "its interface must be <interface type='ethernet'> with <target dev='%s' managed='no'/>" NOT_MADE,
			    port);
			return NULL;
		}
		if (found) {
			say(LOG_ERR, port, "two interfaces of the domain name it" NOT_MADE);
			return NULL;
		}
		found = i;
	}
	if (!found)
		say(LOG_ERR, port, "the domain has no <interface type='ethernet'> with <target dev='%s' managed='no'/>" NOT_MADE,
		    port);
	return found;
}

/* ---- the metadata ---- */

static bool is_permitted(const char *port, const char *key)
{
	size_t i;

	for (i = 0; i < N_OF(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	for (i = 0; i < N_OF(other_keys); i++)
		if (!strcmp(other_keys[i].name, key)) {
			say(LOG_ERR, port, "<%s> can't be set by a domain: %s" NOT_MADE,
			    key, other_keys[i].instead);
			return false;
		}
	say(LOG_ERR, port, "<%s> is no key of stabletap.conf(5)" NOT_MADE,
	    key);
	return false;
}

static bool put_value(FILE *out, const char *port, const char *key,
		      const char *value)
{
	if (!is_one_line(value))
		say(LOG_ERR, port, "the value of <%s> must be one line of at most %d characters" NOT_MADE,
		    key, VALUE_MAX);
	else if (!strcmp(key, "Probe") && !strncmp(value, "script", 6))
		say(LOG_ERR, port, "a domain can't have programs executed, so <Probe> can't be a script; use a file in /etc/stabletap" NOT_MADE);
	else
		return fprintf(out, "%s=%s\n", key, value) > 0;
	return false;
}

static bool put_setting(FILE *out, const char *port, xmlNode *node)
{
	const char *key = (const char *)node->name;
	char *text;
	bool good;

	if (!node->ns ||
	    strcmp((const char *)node->ns->href, DOMAIN_NAMESPACE) != 0) {
		say(LOG_ERR, port, "<%s> is not in namespace " DOMAIN_NAMESPACE
		    NOT_MADE, key);
		return false;
	}
	if (!is_permitted(port, key))
		return false;
	text = element_text(node);
	if (!text)
		say(LOG_ERR, port, "<%s> must have only text" NOT_MADE,
		    key);
	good = text && put_value(out, port, key, trim(text));
	free(text);
	return good;
}

static bool put_settings(FILE *out, const char *port, const xmlNode *node)
{
	xmlNode *c;

	for (c = node->children; c; c = c->next)
		if (c->type == XML_ELEMENT_NODE && !put_setting(out, port, c))
			return false;
	return true;
}

/* Returns the section of the port, owned by the caller; NULL: refused. */
static char *read_section(xmlNode *domain, const xmlNode *node,
			  const char *port)
{
	xmlNode *interface = find_interface(domain, port);
	char *text = NULL;
	size_t len;
	FILE *out;
	bool good;

	if (!interface)
		return NULL;
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	fprintf(out, "[Port %s]\n", port);
	good = put_interface(out, port, interface) &&
	       put_settings(out, port, node);
	if (!fclose(out) && good)
		return text;
	free(text);
	return NULL;
}

static bool has_port(const struct domain *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->ports[i].name, name))
			return true;
	return false;
}

/* Takes @name, which the caller does not own any more. */
static int add_port(struct domain *d, xmlNode *domain, const xmlNode *node,
		    char *name)
{
	struct domain_port *ports;
	char *section;

	if (!name || !is_port_name(name)) {
		say(LOG_ERR, NULL, "<port name='%s'>: the name must have 1 to %d letters, digits or _.-+@" NOT_MADE,
		    name ? name : "", IF_NAMESIZE - 1);
	} else if (has_port(d, name)) {
		say(LOG_ERR, name, "the metadata has it twice; the first one counts");
	} else {
		section = read_section(domain, node, name);
		if (section) {
			ports = reallocarray(d->ports, d->n + 1,
					     sizeof(*ports));
			if (!ports) {
				free(section);
				free(name);
				return -ENOMEM;
			}
			d->ports = ports;
			ports[d->n++] = (struct domain_port){ name, section };
			return 0;
		}
	}
	free(name);
	return 0;
}

static int read_ports(struct domain *d, xmlNode *domain)
{
	xmlNode *list = child(child(domain, NULL, "metadata"),
			      DOMAIN_NAMESPACE, "ports");
	xmlNode *node = child(list, DOMAIN_NAMESPACE, "port");
	size_t n = 0;
	int err = 0;

	for (; node && !err;
	     node = find(node->next, DOMAIN_NAMESPACE, "port")) {
		if (n++ == DOMAIN_PORTS_MAX) {
			say(LOG_ERR, NULL, "the metadata has more than %d ports; the others are not made",
			    DOMAIN_PORTS_MAX);
			break;
		}
		err = add_port(d, domain, node, attribute(node, "name"));
	}
	return err;
}

/* The UUID becomes a part of a file's name. */
static bool read_uuid(struct domain *d, xmlNode *domain)
{
	xmlNode *node = child(domain, NULL, "uuid");
	char *text = node ? element_text(node) : NULL;
	const char *uuid = text ? trim(text) : "";
	size_t i, len = strlen(uuid);
	bool good = len == DOMAIN_UUID_SIZE - 1;

	for (i = 0; good && i < len; i++) {
		good = strchr("0123456789abcdefABCDEF-", uuid[i]);
		d->uuid[i] = (char)tolower((unsigned char)uuid[i]);
	}
	d->uuid[good ? len : 0] = '\0';
	free(text);
	return good;
}

/* ---- the document ---- */

/* libvirt's XML has no document type, so no entity has to be expanded. */
static void refuse_doctype(void *context, const xmlChar *name,
			   const xmlChar *external, const xmlChar *system)
{
	xmlParserCtxt *ctxt = context;

	(void)name, (void)external, (void)system;
	*(bool *)ctxt->_private = true;
	xmlStopParser(ctxt);
}

static xmlDoc *parse(const char *xml, size_t len)
{
	xmlParserCtxt *ctxt = xmlNewParserCtxt();
	bool refused = false;
	xmlDoc *doc;

	if (!ctxt)
		return NULL;
	ctxt->_private = &refused;
	ctxt->sax->internalSubset = refuse_doctype;
	doc = xmlCtxtReadMemory(ctxt, xml, (int)len, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOERROR |
				XML_PARSE_NOWARNING);
	xmlFreeParserCtxt(ctxt);
	if (!refused)
		return doc;
	xmlFreeDoc(doc);
	return NULL;
}

int domain_read(const char *xml, size_t len, struct domain *out)
{
	xmlNode *root = NULL;
	xmlDoc *doc = NULL;
	int err = 0;

	*out = (struct domain){ 0 };
	if (len <= DOMAIN_XML_MAX)
		doc = parse(xml, len);
	if (doc)
		root = xmlDocGetRootElement(doc);
	if (!root || !is_named(root, NULL, "domain") || !read_uuid(out, root)) {
		say(LOG_ERR, NULL, "what libvirt gave to the hook is not the XML of a domain; nothing is done");
		err = -EINVAL;
	} else {
		err = read_ports(out, root);
	}
	xmlFreeDoc(doc);
	if (err)
		domain_release(out);
	return err;
}

void domain_release(struct domain *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->ports[i].name);
		free(d->ports[i].section);
	}
	free(d->ports);
	*d = (struct domain){ 0 };
}
