// SPDX-License-Identifier: GPL-2.0
/*
 * The checks of "stabletap doctor", each with a fault in a tree of files or in
 * what the kernel and the daemon say, and without one.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/if.h>

#include "doctor/checks.h"
#include "doctor/signature.h"
#include "doctor/tree.h"
#include "loop.h"
#include "tap.h"

#define RELEASE "6.1.0-9-amd64"
#define MODULES "/lib/modules/" RELEASE
#define KO "updates/dkms/stabletap.ko"

static char root[64];
static struct host h;
static struct findings f;

/* ---- the tree ---- */

static void in_root(char path[256], const char *name)
{
	snprintf(path, 256, "%s%s", root, name);
}

/* Creates the directories above @path. */
static void make_parents(char *path)
{
	char *slash = path;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	in_root(path, name);
	make_parents(path);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static void put_link(const char *name, const char *target)
{
	char path[256];

	in_root(path, name);
	make_parents(path);
	unlink(path);
	if (symlink(target, path))
		abort();
}

static void drop(const char *name)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf %s%s", root, name);
	if (shell(command))
		abort();
}

/* ---- the host ---- */

static struct stabletap_link port, lower, pf;
static struct stabletap_link *links[] = { &port, &lower, &pf };
static struct host_port ports[1];

/* A port on a whole device, which is as it should be */
static void healthy_port(void)
{
	port = (struct stabletap_link){
		.ifindex = 5, .name = "vm1", .kind = STABLETAP_KIND,
		.flags = IFF_UP, .mtu = 1500, .addr_len = 6,
		.addr = { 0x52, 0x54, 0, 1, 2, 3 },
	};
	lower = (struct stabletap_link){
		.ifindex = 6, .name = "eth0", .flags = IFF_UP, .mtu = 1500,
		.addr_len = 6, .addr = { 2 }, .promiscuity = 1,
	};
	pf = (struct stabletap_link){ .ifindex = 7, .name = "eth1" };
	ports[0] = (struct host_port){
		.link = &port, .lower = &lower, .device = &lower, .pvid = -1,
		.get = {
			.node = "tap5", .major = 1, .minor = 3, .perm = 0600,
			.queues = 1, .lower = 6, .lower_mtu = 1500,
			.state = STABLETAP_STATE_ATTACHED,
			.lower_kind = STABLETAP_LOWER_DIRECT,
			.attach_flags = STABLETAP_ATTACH_PROMISC,
		},
	};
	h.ports = ports;
	h.ports_n = 1;
	/* What there is on each host is taken for the port's node. */
	put_link("/dev/tap5", "/dev/null");
}

static void healthy(void)
{
	json_decref(h.daemon);
	findings_release(&f);
	h = (struct host){
		.root = root, .release = RELEASE, .is_local = true,
		.is_root = true, .control = -ENOENT, .daemon_err = -ENOENT,
		.links = { .v = links, .n = 3 },
	};
	drop("/*");
	put(MODULES "/modules.dep",
	    "kernel/drivers/net/tap.ko:\n"
	    "kernel/drivers/net/macvlan.ko.xz:\n"
	    "kernel/drivers/net/macvtap.ko: kernel/drivers/net/tap.ko\n"
	    KO ": kernel/drivers/net/tap.ko\n");
	put(MODULES "/" KO, "no ELF file");
	put(MODULES "/build/Makefile", "");
}

static void loaded(void)
{
	h.is_loaded = true;
	h.control = 0;
	h.loaded.api = STABLETAP_API_VERSION;
	snprintf(h.loaded.version, sizeof(h.loaded.version), "%s",
		 stabletap_release());
	snprintf(h.module.loaded, sizeof(h.module.loaded), "AAA");
	snprintf(h.module.installed, sizeof(h.module.installed), "AAA");
}

static void look(void)
{
	findings_release(&f);
	check_kernel(&h, &f);
	check_module(&h, &f);
	check_shipped(&h, &f);
	check_link_files(&h, &f);
	check_managers(&h, &f);
	check_nodes(&h, &f);
	check_lowers(&h, &f);
	check_guests(&h, &f);
	check_apparmor(&h, &f);
	check_service(&h, &f);
	check_managed(&h, &f);
}

/* ---- what is found ---- */

/* Does the manual page list the finding? */
static bool is_documented(const char *id)
{
	char *page = tree_text("", NULL, "%s", MAN_PAGE);
	bool found = false;
	char word[64];
	char *line, *rest = NULL;

	snprintf(word, sizeof(word), " %s ", id);
	for (line = page ? strtok_r(page, "\n", &rest) : NULL; line && !found;
	     line = strtok_r(NULL, "\n", &rest))
		found = !strncmp(line, ".It Cm ", 7) && strstr(line, word);
	free(page);
	return found;
}

/*
 * Is @id, and nothing else, found?  It must have @text and a remedy, and be
 * documented.
 */
static void finds(struct tap *t, const char *id, const char *text)
{
	const struct finding *v;
	bool good;

	look();
	v = finding_get(&f, id, NULL);
	good = f.n == 1 && v && strstr(v->what, text) && v->remedy &&
	       *v->remedy && is_documented(id);
	ok(t, good, "%s", id);
	if (good)
		return;
	printf("# wanted %s with '%s'; found:\n", id, text);
	for (v = f.v; v < f.v + f.n; v++)
		printf("# %s: %s\n", v->id, v->what);
}

static void finds_nothing(struct tap *t, const char *name)
{
	size_t i;

	look();
	ok(t, !f.n, "%s", name);
	for (i = 0; i < f.n; i++)
		printf("# found %s: %s\n", f.v[i].id, f.v[i].what);
}

/* ---- kernel and module ---- */

static void test_healthy(struct tap *t)
{
	healthy();
	finds_nothing(t, "a host where the module is installed is healthy");
	loaded();
	finds_nothing(t, "one where it is loaded, too");
	healthy_port();
	finds_nothing(t, "one with a port, too");
	put("/etc/stabletap/README", "[Port vm1]\n");
	put("/run/udev/control", "");
	put("/usr/lib/udev/rules.d/80-stabletap.rules", "a");
	put("/usr/lib/systemd/network/80-stabletap.link", "[Match]\n");
	put("/usr/lib/systemd/network/80-stabletap-child.link", "[Match]\n");
	put("/usr/lib/systemd/network/99-default.link",
	    "[Match]\nOriginalName=*\n");
	put("/usr/lib/systemd/network/73-usb.link",
	    "[Match]\nOriginalName=*\nPath=*-usb-*\n");
	put("/etc/systemd/network/10-eth.link",
	    "[Match]\nType=ether\nOriginalName=eth*\n");
	put("/run/udev/data/n5",
	    "E:ID_NET_LINK_FILE=/usr/lib/systemd/network/80-stabletap.link\n");
	put("/run/systemd/netif/links/5", "ADMIN_STATE=unmanaged\n");
	put("/run/NetworkManager/devices/5", "[device]\nmanaged=false\n");
	finds_nothing(t, "one with udev and network managers, too");
}

static void test_kernel(struct tap *t)
{
	healthy();
	snprintf(h.release, sizeof(h.release), "99.0.1");
	loaded();
	finds(t, "kernel-untested", "99.0.1");
	healthy();
	snprintf(h.release, sizeof(h.release), "4.19.0");
	loaded();
	finds(t, "kernel-too-old", "4.19.0");
	healthy();
	put(MODULES "/modules.dep", "kernel/macvlan.ko:\n" KO ":\n");
	finds(t, "tap-missing", "CONFIG_TAP");
	put(MODULES "/modules.builtin", "kernel/drivers/net/tap.ko\n");
	finds_nothing(t, "what is built in is there");
	healthy();
	put(MODULES "/modules.dep", "kernel/tap.ko:\n" KO ":\n");
	finds(t, "macvlan-missing", "CONFIG_MACVLAN");
	put("/sys/module/macvlan/refcnt", "0\n");
	finds_nothing(t, "what is loaded is there");
	healthy();
	drop(MODULES);
	finds(t, "kernel-modules-missing", MODULES);
}

static void not_built(void)
{
	healthy();
	put(MODULES "/modules.dep", "kernel/tap.ko:\nkernel/macvlan.ko:\n");
	drop(MODULES "/updates");
}

static void test_build(struct tap *t)
{
	not_built();
	finds(t, "module-not-built", RELEASE);
	ok(t, strstr(f.v[0].remedy, "make dkms-install"),
	   "it can be given to DKMS");
	put("/var/lib/dkms/stabletap/0.1.0/source/dkms.conf", "");
	finds(t, "module-not-built", RELEASE);
	ok(t, strstr(f.v[0].remedy, "dkms install stabletap/"),
	   "or DKMS has it already");
	put("/var/lib/dkms/stabletap/0.1.0/build/make.log",
	    "DKMS make.log for stabletap-0.1.0 for kernel 6.1.0-8-amd64 (x86_64)\n"
	    "x.c:1: error: of another kernel\n");
	finds(t, "module-not-built", RELEASE);
	put("/var/lib/dkms/stabletap/0.1.0/build/make.log",
	    "DKMS make.log for stabletap-0.1.0 for kernel " RELEASE " (x86_64)\n"
	    "make: Entering directory\n"
	    "/src/port.c:7:1: error: unknown type name 'x'\n"
	    "make: *** [Makefile:1: all] Error 2\n");
	finds(t, "module-build-failed",
	      "\"/src/port.c:7:1: error: unknown type name 'x'\" "
	      "(/var/lib/dkms/stabletap/0.1.0/build/make.log)");
	not_built();
	put("/var/lib/dkms/stabletap/0.1.0/" RELEASE "/x86_64/log/make.log",
	    "DKMS make.log for stabletap-0.1.0 for kernel " RELEASE " (x86_64)\n"
	    "make: *** no rule\nlast\n");
	finds(t, "module-build-failed", "\"make: *** no rule\"");
	drop(MODULES "/build");
	finds(t, "headers-missing", MODULES "/build");
	put(MODULES "/extra/stabletap.ko.xz", "x");
	finds(t, "module-not-indexed", MODULES "/extra/stabletap.ko.xz");
}

static void test_load(struct tap *t)
{
	healthy();
	put("/etc/modprobe.d/local.conf", "# blacklist stabletap\n"
	    "blacklist stabletapx\nblacklist other\n"
	    "softdep stabletap pre: dummy\n");
	finds_nothing(t, "other modules may be blacklisted");
	put("/etc/modprobe.d/local.conf", "  blacklist  stabletap\n");
	finds(t, "module-blacklisted", "/etc/modprobe.d/local.conf");
	put("/etc/modprobe.d/local.conf", "install stabletap /bin/false\n");
	finds(t, "module-blacklisted", "/etc/modprobe.d/local.conf");
	healthy();
	put("/sys/module/module/parameters/sig_enforce", "N\n");
	put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	finds_nothing(t, "no signature is needed without Secure Boot");
	put("/sys/module/module/parameters/sig_enforce", "Y\n");
	finds(t, "module-not-signed", MODULES "/" KO);
	finds(t, "module-not-signed", "(Key was rejected by service)");
	put("/sys/module/module/parameters/sig_enforce", "N\n");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	finds(t, "module-not-signed", "locked down");
	finds(t, "module-not-signed", "(Operation not permitted)");
	put(MODULES "/" KO, "code~Module signature appended~\n");
	finds_nothing(t, "a signature of an unknown key is not guessed at");
	ok(t, json_array_size(f.unchecked) == 1, "but said to be unchecked");
}

static void test_keys(struct tap *t)
{
	healthy();
	ok(t, signature_has_key(&h, "Me", NULL) == -1, "no key is shown");
	put("/proc/keys", "1 I--Q--- 1 perm 1f3f0000 0 65534 keyring   _uid: 1\n");
	ok(t, signature_has_key(&h, "Me", NULL) == -1, "keyrings are no keys");
	put("/proc/keys",
	    "1 I------ 1 perm 1f030000 0 0 asymmetri Me too: 12: X509.rsa []\n"
	    "2 I------ 1 perm 1f030000 0 0 asymmetri Meme: 34: X509.rsa []\n");
	ok(t, !signature_has_key(&h, "Me", NULL), "a key of another name is another");
	put("/proc/keys",
	    "1 I------ 1 perm 1f030000 0 0 asymmetri Me too: 12: X509.rsa []\n"
	    "2 I------ 1 perm 1f030000 0 0 asymmetri Me: 34: X509.rsa []\n"
	    "3 I------ 1 perm 1f030000 0 0 asymmetri You: 56: X509.rsa []\n");
	ok(t, signature_has_key(&h, "Me", NULL) == 1, "the signer's key is found");
	ok(t, signature_has_key(&h, "Me", "34") == 1, "and by its id");
	ok(t, !signature_has_key(&h, "Me", "3") &&
	   !signature_has_key(&h, "Me", "12"), "a key of another id is another");
}

static void test_dkms_key(struct tap *t)
{
	char id[SIGNATURE_ID] = "";

	healthy();
	ok(t, !signature_dkms_id(&h, "73:F1:2D", id), "DKMS has no key");
	put("/var/lib/dkms/mok.pub", "0\x02\x03\x73\xf1\x2d..\x06\x03\x55\x1d"
	    "\x0e\x04\x16\x04\x14" "abcdefghijklmnopqrst.");
	ok(t, signature_dkms_id(&h, "73:F1:2D", id), "the signer's key is DKMS's");
	is_str(t, id, "6162636465666768696a6b6c6d6e6f7071727374", "it has an id");
	ok(t, !signature_dkms_id(&h, "73:F1:2E", id), "another serial is another");
	ok(t, !signature_dkms_id(&h, "", id), "as is none");
	put("/var/lib/dkms/mok.pub", "0\x02\x03\x73\xf1\x2d..\x06\x03\x55\x1d"
	    "\x0e\x04\x16\x04\x14" "abcdefghijklmnopqrs");
	ok(t, !signature_dkms_id(&h, "73:F1:2D", id), "no half of an id");
}

static void test_loaded(struct tap *t)
{
	healthy();
	loaded();
	h.control = -ENOENT;
	finds(t, "control-missing", STABLETAP_CONTROL);
	h.control = -EPERM;
	finds(t, "control-refused", STABLETAP_CONTROL);
	h.control = -ENOTTY;
	put("/sys/class/misc/stabletap/dev", "10:123\n");
	finds(t, "control-foreign", "10:123");
	ok(t, strstr(f.v[0].remedy, "mknod -m 0666 /dev/stabletap c 10 123"),
	   "the remedy is a command");
	h.control = 0;
	h.loaded.api++;
	finds(t, "module-other-interface", "interface");
	loaded();
	strcpy(h.loaded.version, "0.0.1");
	finds(t, "module-other-release", "0.0.1");
	loaded();
	strcpy(h.module.loaded_version, "0.0.2");
	finds(t, "module-other-release", "0.0.2");
	*h.module.loaded_version = '\0';
	loaded();
	strcpy(h.module.installed, "BBB");
	finds(t, "module-outdated", "BBB");
	not_built();
	loaded();
	finds(t, "module-not-installed", RELEASE);
}

/* ---- files of the system ---- */

static void with_udev(void)
{
	healthy();
	loaded();
	healthy_port();
	put("/run/udev/control", "");
	put("/usr/lib/udev/rules.d/80-stabletap.rules", "rules");
	put("/usr/lib/systemd/network/80-stabletap.link", "link");
	put("/usr/lib/systemd/network/80-stabletap-child.link", "link");
}

static void test_shipped(struct tap *t)
{
	with_udev();
	put("/etc/udev/rules.d/80-stabletap.rules", "rules");
	finds_nothing(t, "a copy that is the same overrides nothing");
	put("/etc/udev/rules.d/80-stabletap.rules", "other");
	finds(t, "udev-rule-overridden", "/etc/udev/rules.d/80-stabletap.rules");
	put_link("/etc/udev/rules.d/80-stabletap.rules", "/dev/null");
	finds(t, "udev-rule-masked", "/etc/udev/rules.d/80-stabletap.rules");
	with_udev();
	drop("/usr/lib/udev/rules.d/80-stabletap.rules");
	finds(t, "udev-rule-missing", "80-stabletap.rules");
	with_udev();
	put("/run/systemd/network/80-stabletap.link", "");
	finds(t, "link-file-masked", "/run/systemd/network/80-stabletap.link");
	put("/run/systemd/network/80-stabletap.link", "other");
	finds(t, "link-file-overridden", "/run/systemd/network/");
	h.is_local = false;
	finds_nothing(t, "another namespace's ports are not udev's");
	with_udev();
	put("/run/systemd/netif/state", "");
	put("/usr/lib/systemd/network/05-stabletap-child.network", "x");
	finds(t, "network-file-missing", "05-stabletap.network");
	ok(t, f.n && strstr(f.v[0].remedy, "networkctl reload"),
	   "its remedy is networkd's");
}

static void test_link_files(struct tap *t)
{
	with_udev();
	put("/etc/systemd/network/10-all.link",
	    "# all\n[Match]\nOriginalName=*\n[Link]\nName=x\n");
	finds(t, "link-file-other", "/etc/systemd/network/10-all.link");
	put("/etc/systemd/network/10-all.link",
	    "[Match]\nKind=macvlan stable*\n");
	finds(t, "link-file-other", "10-all.link");
	put("/etc/systemd/network/10-all.link",
	    "[Match]\nKind=!stabletap\nType=ether\n");
	finds_nothing(t, "a file that excludes ports matches none");
	drop("/etc/systemd/network/10-all.link");
	put("/usr/lib/systemd/network/10-all.link", "[Match]\nType=ether\n");
	finds(t, "link-file-other", "/usr/lib/systemd/network/10-all.link");
	put_link("/etc/systemd/network/10-all.link", "/dev/null");
	finds_nothing(t, "one that is masked, neither");
	put("/run/udev/data/n5", "E:ID_NET_LINK_FILE=/etc/systemd/network/"
	    "20-mac.link\n");
	finds(t, "link-file-other", "20-mac.link");
	ok(t, finding_get(&f, "link-file-other", "vm1"), "of that port");
}

static void test_managers(struct tap *t)
{
	with_udev();
	put("/run/systemd/netif/links/6",
	    "ADMIN_STATE=configured\nNETWORK_FILE=/etc/x/all.network\n");
	finds_nothing(t, "files of a networkd that has ended don't count");
	put("/proc/12/comm", "systemd-network\n");
	finds(t, "networkd-manages", "lower eth0 (state configured, by /etc/x");
	with_udev();
	put("/proc/12/comm", "NetworkManager\n");
	put("/run/NetworkManager/devices/5", "[device]\nmanaged=true\n");
	finds(t, "networkmanager-manages", "the port vm1");
}

/* ---- ports ---- */

static void with_port(void)
{
	healthy();
	loaded();
	healthy_port();
}

static void test_nodes(struct tap *t)
{
	with_port();
	drop("/dev/tap5");
	finds(t, "node-missing", "/dev/tap5");
	put("/dev/tap5", "");
	finds(t, "node-foreign", "no character device");
	put_link("/dev/tap5", "/dev/zero");
	put_link("/sys/dev/char/1:5", "../../devices/virtual/net/mt0/macvtap/tap5");
	finds(t, "node-foreign", "device 1:5, of network device mt0 in another");
}

static void test_lowers(struct tap *t)
{
	with_port();
	port.flags = 0;
	finds(t, "port-down", "down");
	with_port();
	lower.flags = 0;
	ports[0].get.state = STABLETAP_STATE_LOWER_DOWN;
	finds(t, "lower-down", "eth0");
	lower.flags = IFF_UP;
	finds(t, "lower-without-carrier", "eth0");
	ports[0].device = &pf;
	finds(t, "lower-down", "eth1");
	pf.flags = IFF_UP;
	finds(t, "lower-without-carrier", "eth1");
	with_port();
	lower.mtu = 1400;
	finds(t, "lower-mtu", "1400");
	with_port();
	ports[0].addresses = 1;
	finds(t, "lower-has-addresses", "eth0");
	with_port();
	lower.promiscuity = 0;
	finds(t, "lower-not-promiscuous", "eth0");
	memcpy(lower.addr, port.addr, 6);
	finds_nothing(t, "a device with the port's address need not be");
	with_port();
	strcpy(lower.kind, "bridge");
	put("/sys/class/net/eth0/bridge/vlan_filtering", "0\n");
	ports[0].pvid = 0;
	finds_nothing(t, "a bridge need not filter VLANs");
	put("/sys/class/net/eth0/bridge/vlan_filtering", "1\n");
	finds(t, "bridge-vlan-filter", "eth0");
	ports[0].pvid = 1;
	finds_nothing(t, "one with a PVID passes frames");
}

static void test_vf(struct tap *t)
{
	with_port();
	ports[0].has_vf = true;
	ports[0].vf = (struct stabletap_vf){ .number = 3, .spoof_check = 1,
					     .trust = 1 };
	finds(t, "vf-spoof-check", "VF 3");
	ports[0].vf.spoof_check = 0;
	finds_nothing(t, "a trusted VF may have another address");
	ports[0].vf.trust = 0;
	finds(t, "vf-not-trusted", "VF 3");
	ports[0].get.lower_kind = STABLETAP_LOWER_MACVLAN;
	finds_nothing(t, "a child needs no trust");
	ports[0].vf.spoof_check = 1;
	finds(t, "vf-spoof-check", "may drop");
	ports[0].get.lower_kind = STABLETAP_LOWER_DIRECT;
	memcpy(ports[0].vf.mac, port.addr, 6);
	finds_nothing(t, "a VF with the port's address is checked well");
}

static void test_detached(struct tap *t)
{
	with_port();
	ports[0].lower = ports[0].device = NULL;
	ports[0].get.lower = 0;
	ports[0].get.state = STABLETAP_STATE_DETACHED;
	finds_nothing(t, "a port that is not used may be detached");
	ports[0].get.open_queues = 1;
	finds(t, "port-detached", "never attached");
	h.daemon = json_pack("{s:s, s:[{s:s, s:s, s:b, s:[]}]}", "release",
			     stabletap_release(), "ports", "port", "vm1",
			     "state", "detached", "held_off", 1,
			     "candidates");
	finds_nothing(t, "one that the operator holds off, too");
}

static void test_guests(struct tap *t)
{
	struct stabletap_holder holder = { 3, 4711, 1, "sleep" };

	with_port();
	h.holders.v = &holder;
	h.holders.n = 1;
	put_link("/proc/4711/fd/3", "/dev/tap5");
	finds_nothing(t, "other programs need no vhost-net");
	strcpy(holder.comm, "qemu-system-x86");
	finds(t, "vhost-missing", "pid 4711");
	put("/dev/vhost-net", "");
	finds(t, "guest-without-vhost", "pid 4711");
	put_link("/proc/4711/fd/4", "/dev/vhost-net");
	finds_nothing(t, "a guest with vhost-net is healthy");
}

#define DENIED "5,1,2,-;audit: type=1400 apparmor=\"DENIED\" operation=\"open\" " \
	"profile=\"libvirt-1\" name=\"/dev/tap5\" pid=9 comm=\"qemu\"\n"

static void test_apparmor(struct tap *t)
{
	with_port();
	put("/sys/kernel/security/apparmor/profiles", "libvirt-1 (complain)\n");
	put("/dev/kmsg", DENIED);
	finds_nothing(t, "a profile that only complains refuses nothing");
	put("/sys/kernel/security/apparmor/profiles", "x (enforce)\n"
	    "libvirt-1 (enforce)\n");
	finds(t, "apparmor-denied", "profile libvirt-1 has refused /dev/tap5");
	ports[0].get.open_queues = 1;
	finds_nothing(t, "a refusal is over when the port is open");
	ports[0].get.open_queues = 0;
	drop("/dev/kmsg");
	finds_nothing(t, "without the log nothing is known");
	ok(t, json_array_size(f.unchecked) == 1, "and that is said");
	put("/dev/kmsg", "");
	put("/var/log/audit/audit.log", DENIED);
	finds(t, "apparmor-denied", "to qemu");
}

/* ---- the daemon ---- */

static void test_service(struct tap *t)
{
	healthy();
	put("/etc/stabletap/one.conf", "[Port vm1]\n [Port vm2] # x\n#[Port a]\n");
	put("/usr/lib/stabletap/one.conf", "[Port vm7]\n");
	finds(t, "daemon-not-running", "2 ports, the first one vm1");
	put("/usr/lib/stabletap/two.conf", "[Port vm8]\n");
	finds(t, "daemon-not-running", "3 ports, the first one vm1");
	drop("/usr/lib/stabletap/two.conf");
	h.daemon_err = -ECONNREFUSED;
	finds(t, "daemon-not-running", "vm1");
	is_str(t, f.v[0].remedy, "start stabletapd", "the remedy needs no systemd");
	h.daemon_err = -ETIMEDOUT;
	finds(t, "daemon-does-not-answer", "stabletapd");
	h.daemon_err = -EACCES;
	finds_nothing(t, "a daemon that may not be asked is no fault");
	ok(t, json_array_size(f.unchecked) == 1, "but said to be unchecked");
	h.daemon_err = 0;
	put("/run/systemd/system/x", "");
	finds(t, "daemon-not-enabled", "not enabled");
	put_link("/etc/systemd/system/stabletapd.service", "/dev/null");
	finds(t, "daemon-masked", "masked");
	drop("/etc/systemd/system/stabletapd.service");
	put_link("/etc/systemd/system/multi-user.target.wants/"
		 "stabletapd.service", "/lib/systemd/system/stabletapd.service");
	finds_nothing(t, "a unit that is enabled is healthy");
	put_link("/etc/stabletap/one.conf", "/dev/null");
	h.daemon_err = -ENOENT;
	finds_nothing(t, "a file that is masked has no ports");
}

/* The daemon's answer, with @more in it, and with @port as its port */
static void answers(const char *more, const char *more_port)
{
	char text[2048];

	healthy();
	loaded();
	snprintf(text, sizeof(text), "{\"release\": \"%s\", \"ports\": "
		 "[{\"port\": \"vm1\", \"state\": \"attached\"%s%s}]%s%s}",
		 stabletap_release(), *more_port ? ", " : "", more_port,
		 *more ? ", " : "", more);
	h.daemon_err = 0;
	h.daemon = json_loads(text, 0, NULL);
	if (!h.daemon)
		abort();
}

#define CANDIDATE(devices) "\"candidates\": [{\"candidate\": \"name=x\", " \
	"\"devices\": [" devices "]}]"

static void test_managed(struct tap *t)
{
	answers("", "");
	finds_nothing(t, "a daemon with an attached port is healthy");
	json_object_set_new(h.daemon, "release", json_string("0.0.1"));
	finds(t, "daemon-other-release", "0.0.1");
	answers("\"module_missing\": true", "");
	finds(t, "daemon-without-control", STABLETAP_CONTROL);
	answers("\"left_out\": [{\"section\": \"Port vm2\", \"why\": \"no key\","
		" \"file\": \"/etc/a.conf\", \"line\": 3}]", "");
	finds(t, "section-left-out", "[Port vm2]: no key (/etc/a.conf:3)");
	json_object_set_new(h.daemon, "files", json_pack("[s]",
							 "/etc/stabletap/x"));
	put("/etc/stabletap/x.conf", "[Port vm2]\n");
	finds(t, "section-left-out", "[Port vm2]");
	answers("", "\"missing\": {\"why\": \"name in use\"}");
	finds(t, "port-missing", "name in use");
	answers("", "\"monitor\": {\"state\": \"refused\", \"why\": "
		"\"QMP socket /x: Permission denied\"}");
	finds(t, "qmp-refused", "/x: Permission denied");
	ok(t, strstr(f.v[0].remedy, "stabletapd(8)"), "by its permissions");
	answers("", "\"monitor\": {\"state\": \"refused\", \"why\": "
		"\"QMP socket /x: does not greet\"}");
	finds(t, "qmp-refused", "does not greet");
	ok(t, strstr(f.v[0].remedy, "monitor of its own"), "as it is in use");
	answers("", "\"monitor\": {\"state\": \"refused\", \"why\": "
		"\"QMP socket /x: no such device\"}");
	finds(t, "qmp-refused", "no such device");
	ok(t, strstr(f.v[0].remedy, "QMPDevice="), "or for another reason");
	answers("", "\"warnings\": [\"pinned to x, which does not exist\"]");
	finds(t, "pin-unmet", "the port is pinned to x");
	answers("", "\"moved\": {\"why\": \"eth0 went away\"}");
	finds(t, "device-moved", "eth0 went away");
}

static void test_candidates(struct tap *t)
{
	answers("", CANDIDATE(""));
	json_object_set_new(json_array_get(json_object_get(h.daemon, "ports"),
					   0), "state",
			    json_string("detached"));
	finds(t, "port-without-device", "no device matches");
	answers("", CANDIDATE("{\"name\": \"eth0\", \"usable\": false}")
		", \"state\": \"detached\"");
	finds(t, "port-without-device", "eth0 is not usable (it is down");
	answers("", CANDIDATE("{\"name\": \"eth0\", \"usable\": false, "
			      "\"probe\": \"fails\"}")
		", \"state\": \"detached\"");
	finds(t, "port-without-device", "eth0 is not usable (its probe fails");
	answers("", CANDIDATE("{\"name\": \"wlan0\", \"usable\": false, "
			      "\"wifi\": true}")
		", \"state\": \"detached\"");
	finds(t, "port-without-device", "wlan0 is a Wi-Fi device");
	answers("", CANDIDATE("{\"name\": \"eth0\", \"usable\": true}")
		", \"state\": \"detached\", \"refusals\": [{\"name\": \"eth0\","
		" \"times\": 2, \"why\": \"XDP\"}]");
	finds(t, "port-without-device", "eth0 refused the port: XDP");
	answers("", CANDIDATE("{\"name\": \"eth0\", \"usable\": true}")
		", \"state\": \"detached\"");
	finds_nothing(t, "a usable device is about to be attached");
	answers("", CANDIDATE("") ", \"state\": \"detached\", "
		"\"held_off\": true");
	finds_nothing(t, "a port may be held off");
}

static void test_configured(struct tap *t)
{
	answers("\"files\": [\"/etc/stabletap/a.conf\"]", "");
	put("/etc/stabletap/a.conf", "[Port vm1]\n");
	finds_nothing(t, "a configuration that is in force is healthy");
	put("/etc/stabletap/a.conf.d/b.conf", "[Port vm3]\n");
	finds(t, "configuration-not-loaded", "/etc/stabletap/a.conf.d/b.conf");
	answers("\"files\": [\"/home/a.conf\"]", "");
	put("/etc/stabletap/a.conf", "[Port vm3]\n");
	put("/home/a.conf", "[Port vm1]\n");
	finds_nothing(t, "a daemon may have another file");
}

/* ---- output ---- */

static void test_print(struct tap *t)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *o;

	findings_release(&f);
	if (!out)
		return;
	findings_print(&f, out);
	finding_warning(&f, "a-b", "vm1", "one\033[2J");
	finding_remedy(&f, "do %s", "x");
	ok(t, !findings_have(&f, SEVERITY_ERROR), "a warning is no error");
	finding_error(&f, "c-d", NULL, "two");
	ok(t, findings_have(&f, SEVERITY_ERROR), "an error is one");
	finding_unchecked(&f, "this", "root");
	finding_unchecked(&f, "this", "root");
	findings_print(&f, out);
	fclose(out);
	is_str(t, text, "nothing found\n"
	       "warning: vm1: one\\x1b[2J [a-b]\n    remedy: do x\n"
	       "error: two [c-d]\nnot checked: this: root\n",
	       "findings are printed, and steer no terminal");
	free(text);
	o = findings_json(&f);
	text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	is_str(t, text, "{\"findings\":[{\"id\":\"a-b\",\"port\":\"vm1\","
	       "\"remedy\":\"do x\",\"severity\":\"warning\",\"what\":"
	       "\"one\\u001B[2J\"},{\"id\":\"c-d\",\"port\":null,\"remedy\":"
	       "\"\",\"severity\":\"error\",\"what\":\"two\"}],\"unchecked\":"
	       "[{\"what\":\"this\",\"why\":\"root\"}],\"version\":1}",
	       "and as JSON");
	free(text);
	json_decref(o);
}

int main(void)
{
	struct tap t = { 0 };
	char command[96];

	snprintf(root, sizeof(root), "/tmp/test-doctor.XXXXXX");
	if (!mkdtemp(root))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_healthy(&t);
	test_kernel(&t);
	test_build(&t);
	test_load(&t);
	test_keys(&t);
	test_dkms_key(&t);
	test_loaded(&t);
	test_shipped(&t);
	test_link_files(&t);
	test_managers(&t);
	test_nodes(&t);
	test_lowers(&t);
	test_vf(&t);
	test_detached(&t);
	test_guests(&t);
	test_apparmor(&t);
	test_service(&t);
	test_managed(&t);
	test_candidates(&t);
	test_configured(&t);
	test_print(&t);
	json_decref(h.daemon);
	findings_release(&f);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return shell(command) || tap_end(&t);
}
