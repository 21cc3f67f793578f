// SPDX-License-Identifier: GPL-2.0
/* What libvirt's hook takes from a domain's XML, and what it refuses. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "conf/read.h"
#include "domain.h"
#include "say.h"
#include "tap.h"

#define UUID "11111111-2222-3333-4444-0123456789ab"
#define NIC(name, more)							\
	"<interface type='ethernet'><mac address='52:54:00:12:34:56'/>"	\
	"<target dev='" name "' managed='no'/>" more "</interface>"
#define PORT(name, settings)						\
	"<s:port name='" name "'>" settings "</s:port>"
#define DOMAIN(ports, nics)						\
	"<domain type='kvm'><name>web</name><uuid>" UUID "</uuid>"	\
	"<metadata><s:ports xmlns:s='" DOMAIN_NAMESPACE "'>" ports	\
	"</s:ports></metadata><devices>" nics "</devices></domain>"
#define VM1(settings) DOMAIN(PORT("vm1", settings), NIC("vm1", ""))

/* ---- messages ---- */

static char said[4096];

void say_begin(const char *domain)
{
	(void)domain;
}

void say(int priority, const char *port, const char *fmt, ...)
{
	size_t used = strlen(said);
	va_list ap;

	(void)priority;
	snprintf(said + used, sizeof(said) - used, "%s: ", port ? port : "-");
	used = strlen(said);
	va_start(ap, fmt);
	vsnprintf(said + used, sizeof(said) - used, fmt, ap);
	va_end(ap);
}

/* ---- questions ---- */

static int read_text(const char *xml, struct domain *d)
{
	said[0] = '\0';
	return domain_read(xml, strlen(xml), d);
}

/* Is no port of the domain taken, with @why in the message? */
static void is_refused(struct tap *t, const char *xml, const char *why,
		       const char *name)
{
	struct domain d;
	int err = read_text(xml, &d);

	if (!ok(t, !err && !d.n && strstr(said, why), "%s", name))
		printf("# %d, %zu ports; said '%s'\n", err, d.n, said);
	domain_release(&d);
}

static void is_no_domain(struct tap *t, const char *xml, size_t len,
			 const char *name)
{
	struct domain d;

	said[0] = '\0';
	ok(t, domain_read(xml, len, &d) == -EINVAL && *said && !d.n, "%s",
	   name);
	domain_release(&d);
}

/* ---- what is taken ---- */

static void test_whole(struct tap *t)
{
	struct domain d;
	int err = read_text(
		DOMAIN(PORT("vm1",
			    "<s:Candidate>\n  name=eth0 vlan=5 create\n</s:Candidate>"
			    "<s:Candidate>name=eth1 vlan=5 create</s:Candidate>"
			    "<!-- a comment -->"
			    "<s:AttachMode>vepa</s:AttachMode>"
			    "<s:OnDetach>hold</s:OnDetach>")
		       PORT("vm2", ""),
		       NIC("vm2", "")
		       NIC("vm1", "<driver name='vhost' queues='4'/>"
				  "<mtu size='9000'/>")
		       "<interface type='network'><target dev='vnet0'/></interface>"),
		&d);

	ok(t, !err && d.n == 2 && !*said, "a domain with two ports");
	is_str(t, d.uuid, UUID, "its UUID");
	is_str(t, d.n ? d.ports[0].section : NULL,
	       "[Port vm1]\n"
	       "MACAddress=52:54:00:12:34:56\n"
	       "MTUBytes=9000\n"
	       "Queues=4\n"
	       "Candidate=name=eth0 vlan=5 create\n"
	       "Candidate=name=eth1 vlan=5 create\n"
	       "AttachMode=vepa\n"
	       "OnDetach=hold\n",
	       "MAC address, MTU and queues are the interface's, the rest is the metadata's");
	is_str(t, d.n > 1 ? d.ports[1].section : NULL,
	       "[Port vm2]\nMACAddress=52:54:00:12:34:56\n",
	       "a port needs no setting");
	domain_release(&d);
	ok(t, !d.n && !d.ports, "a domain that was released is empty");
}

/* Each key that may be set is one of the configuration's. */
static void test_keys(struct tap *t)
{
	struct conf *conf = NULL;
	struct domain d;
	FILE *in, *out;
	char *text = NULL;
	size_t len;
	int n = -1;

	read_text(VM1("<s:OnDetach>hold</s:OnDetach>"
		      "<s:HoldFrames>10</s:HoldFrames>"
		      "<s:HoldBytes>1M</s:HoldBytes>"
		      "<s:HoldSec>2</s:HoldSec>"
		      "<s:Candidate>eth0</s:Candidate>"
		      "<s:AttachMode>private</s:AttachMode>"
		      "<s:Filter>yes</s:Filter>"
		      "<s:Failback>no</s:Failback>"
		      "<s:FailbackDelaySec>1</s:FailbackDelaySec>"
		      "<s:LossDelaySec>1</s:LossDelaySec>"
		      "<s:Quiet>no</s:Quiet><s:Announce>no</s:Announce>"
		      "<s:Probe>arp 192.0.2.1</s:Probe>"
		      "<s:ProbeSource>192.0.2.2</s:ProbeSource>"
		      "<s:ProbeIntervalSec>2</s:ProbeIntervalSec>"
		      "<s:ProbeTimeoutSec>1</s:ProbeTimeoutSec>"
		      "<s:ProbeMisses>2</s:ProbeMisses>"
		      "<s:ProbeAnswers>2</s:ProbeAnswers>"
		      "<s:QMPSocket>/run/guests/web.qmp</s:QMPSocket>"
		      "<s:QMPDevice>net0</s:QMPDevice>"
		      "<s:GuestLinkDownSec>3</s:GuestLinkDownSec>"
		      "<s:GuestLink>down</s:GuestLink>"
		      "<s:FollowGuestFilter>yes</s:FollowGuestFilter>"
		      "<s:TrustGuestMAC>yes</s:TrustGuestMAC>"), &d);
	out = open_memstream(&text, &len);
	in = d.n ? fmemopen(d.ports[0].section, strlen(d.ports[0].section),
			    "r") : NULL;
	if (in && out)
		n = conf_read_stream(in, "f", NULL, out, &conf);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	if (!ok(t, !n && conf && conf->ports_n == 1 && !*said,
		"all keys that a domain may set are the configuration's"))
		printf("# %d: %s%s\n", n, said, text);
	conf_free(conf);
	free(text);
	domain_release(&d);
}

static void test_others(struct tap *t)
{
	struct domain d;

	ok(t, !read_text("<domain><uuid>" UUID "</uuid></domain>", &d) &&
	   !d.n && !*said, "a domain without metadata has no ports");
	domain_release(&d);
	ok(t, !read_text("<domain><uuid>\n" UUID "\n</uuid><metadata>"
			 "<o:ports xmlns:o='urn:other'><o:port name='vm1'/></o:ports>"
			 "</metadata></domain>", &d) && !d.n && !*said,
	   "the metadata of other programs is theirs");
	domain_release(&d);
	ok(t, !read_text(DOMAIN(PORT("no such", "") PORT("vm1", ""),
				NIC("vm1", "")), &d) &&
	   d.n == 1 && !strcmp(d.ports[0].name, "vm1"),
	   "a port that is refused leaves the others");
	domain_release(&d);
}

/* ---- what is refused ---- */

static void test_interface(struct tap *t)
{
	is_refused(t, DOMAIN(PORT("vm1", ""), ""), "has no <interface",
		   "no interface");
	is_refused(t, DOMAIN(PORT("vm1", ""), NIC("vm2", "")),
		   "has no <interface", "an interface of another name");
	is_refused(t, DOMAIN(PORT("vm1", ""),
			     "<interface type='bridge'><target dev='vm1' managed='no'/></interface>"),
		   "must be <interface type='ethernet'>",
		   "an interface of another type");
	is_refused(t, DOMAIN(PORT("vm1", ""),
			     "<interface type='ethernet'><target dev='vm1'/></interface>"),
		   "managed='no'", "an interface that libvirt would make");
	is_refused(t, DOMAIN(PORT("vm1", ""), NIC("vm1", "") NIC("vm1", "")),
		   "two interfaces", "two interfaces");
	is_refused(t, DOMAIN(PORT("vm1", ""),
			     "<interface type='ethernet'>"
			     "<mac address='52:54:00:12:34:56&#10;[Port vm9]'/>"
			     "<target dev='vm1' managed='no'/></interface>"),
		   "control character", "a second line in an attribute");
}

static void test_settings(struct tap *t)
{
	static char xml[8192], many[2048];

	is_refused(t, VM1("<s:Hook>/bin/true</s:Hook>"), "can't be set",
		   "a program: Hook");
	is_refused(t, VM1("<s:Probe> script /bin/true</s:Probe>"), "script",
		   "a program: Probe");
	is_refused(t, VM1("<s:Owner>nobody</s:Owner>"), "can't be set",
		   "the node's owner");
	is_refused(t, VM1("<s:MACAddress>52:54:00:00:00:01</s:MACAddress>"),
		   "<mac address", "what the interface says");
	is_refused(t, VM1("<s:Candidates>eth0</s:Candidates>"),
		   "is no key", "an unknown key");
	is_refused(t, VM1("<Candidate>eth0</Candidate>"), "not in namespace",
		   "a key without the namespace");
	is_refused(t, VM1("<s:Candidate><s:x/></s:Candidate>"),
		   "only text", "an element in a value");
	is_refused(t, VM1("<s:Candidate>eth0\n[Port vm9]</s:Candidate>"),
		   "one line", "a second line in a value");
	is_refused(t, VM1("<s:Candidate>eth0&#13;x</s:Candidate>"),
		   "one line", "a carriage return in a value");
	is_refused(t, VM1("<s:Candidate><![CDATA[eth0\nHook=/x]]></s:Candidate>"),
		   "one line", "a second line in CDATA");
	memset(many, 'x', sizeof(many) - 1);
	snprintf(xml, sizeof(xml), VM1("<s:Candidate>%s</s:Candidate>"), many);
	is_refused(t, xml, "one line", "a value that is too long");
}

static void test_names(struct tap *t)
{
	static const char *const names[] = {
		"", ".", "..", "../../etc/x", "a/b", "vm1]", "vm 1", "vm%d",
		"vm:1", "vm1&#10;[Daemon]", "abcdefghijklmnop", "v\303\244",
	};
	char xml[1024];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(xml, sizeof(xml), DOMAIN(PORT("%s", ""),
						  NIC("%s", "")),
			 names[i], names[i]);
		is_refused(t, xml, "the name must have", "a name");
	}
	is_refused(t, DOMAIN("<s:port/>", NIC("vm1", "")),
		   "the name must have", "no name");
}

static void test_twice(struct tap *t)
{
	struct domain d;

	read_text(DOMAIN(PORT("vm1", "") PORT("vm1", "<s:Quiet>yes</s:Quiet>"),
			 NIC("vm1", "")), &d);
	ok(t, d.n == 1 && strstr(said, "twice") &&
	   !strstr(d.ports[0].section, "Quiet"),
	   "of two elements for one port the first counts");
	domain_release(&d);
}

static void test_many(struct tap *t)
{
	char *text = NULL;
	struct domain d;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int i;

	fputs("<domain><uuid>" UUID "</uuid><metadata><s:ports xmlns:s='"
	      DOMAIN_NAMESPACE "'>", out);
	for (i = 0; i < 2 * DOMAIN_PORTS_MAX; i++)
		fprintf(out, "<s:port name='p%d'/>", i);
	fputs("</s:ports></metadata><devices>", out);
	for (i = 0; i < 2 * DOMAIN_PORTS_MAX; i++)
		fprintf(out, NIC("p%d", ""), i);
	fputs("</devices></domain>", out);
	fclose(out);
	ok(t, !read_text(text, &d) && d.n == DOMAIN_PORTS_MAX &&
	   strstr(said, "more than"), "the number of ports is bounded");
	domain_release(&d);
	free(text);
}

/* ---- what is no domain ---- */

static void test_documents(struct tap *t)
{
	static const char *const texts[] = {
		"", "garbage", "<domain>", "<domain/>",
		"<domain><uuid/></domain>",
		"<network><uuid>" UUID "</uuid></network>",
		"<domain><uuid>../../../../../../../etc/passwd-12345</uuid></domain>",
		"<domain><uuid>11111111-2222-3333-4444-0123456789a/</uuid></domain>",
		"<domain xmlns='urn:x'><uuid>" UUID "</uuid></domain>",
		"<!DOCTYPE domain><domain><uuid>" UUID "</uuid></domain>",
		"<!DOCTYPE d SYSTEM 'http://192.0.2.1/d'><domain><uuid>" UUID
			"</uuid></domain>",
		"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
			"<domain><uuid>" UUID "</uuid><name>&x;</name></domain>",
		"<domain><uuid>" UUID "</uuid><name>&x;</name></domain>",
	};
	static const char domain[] = "<domain><uuid>" UUID "</uuid></domain>";
	char *large = calloc(1, DOMAIN_XML_MAX + 1);
	struct domain d;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_no_domain(t, texts[i], strlen(texts[i]), texts[i]);
	is_no_domain(t, "<domain>\0</domain>", 18, "a NUL");
	memset(large, ' ', DOMAIN_XML_MAX + 1);
	memcpy(large, domain, strlen(domain));
	is_no_domain(t, large, DOMAIN_XML_MAX + 1, "more than the limit");
	ok(t, !domain_read(large, DOMAIN_XML_MAX, &d), "as much as the limit");
	domain_release(&d);
	for (i = 0; i < DOMAIN_XML_MAX / 3; i++)
		memcpy(large + 3 * i, "<a>", 3);
	is_no_domain(t, large, DOMAIN_XML_MAX, "a deep tree");
	free(large);
}

int main(void)
{
	struct tap t = { 0 };

	test_whole(&t);
	test_keys(&t);
	test_others(&t);
	test_interface(&t);
	test_settings(&t);
	test_names(&t);
	test_twice(&t);
	test_many(&t);
	test_documents(&t);
	return tap_end(&t);
}
