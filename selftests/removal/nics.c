// SPDX-License-Identifier: GPL-2.0
/*
 * Real drivers' NICs are taken away under traffic and come back, hundreds of
 * times: by their PCI device, by their driver, by the machine's own monitor.
 * What lies between port and NIC is another thing in each round.
 * vm-timeout: 72000
 *
 *	fd -- vm1 -- nothing, macvlan, VLAN, bond, -- NIC ==== vmxnet3 -- socket
 *	             bridge, team, OVS or macsec
 *	             namespace "here"                          "there"
 *
 * ROUNDS: how many for each NIC.  The machine has --sriov, --nics and --qmp.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "nics.h"
#include "scene.h"
#include "st.h"

#define ROUNDS 500
#define KEY "0123456789abcdef0123456789abcdef"

#define IS(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define SET(x, to) __atomic_store_n(&(x), to, __ATOMIC_RELEASE)

/* Something between port and NIC.  %s: the NIC; leaves a device "low0". */
static const struct between {
	const char *name;
	const char *make;
	const char *unmake;	/* what is left when the NIC has gone */
	const char *peer;	/* the device over there */
	const char *needs;
	bool goes;		/* with the NIC */
} betweens[] = {
	{ "nothing", NULL, NULL, "p0", NULL, true },
	{ "macvlan", "ip link add low0 link %s type macvlan mode bridge",
	  NULL, "p0", NULL, true },
	{ "VLAN", "ip link add low0 link %s type vlan id 5",
	  NULL, "p0.5", NULL, true },
	{ "bond", "ip link add low0 type bond mode active-backup miimon 100 && "
	  "ip link set %1$s down && ip link set %1$s master low0",
	  "ip link del low0", "p0", NULL, false },
	{ "bridge", "ip link add low0 type bridge forward_delay 0 && "
	  "ip link set %1$s master low0 up",
	  "ip link del low0", "p0", NULL, false },
	{ "team", "ip link add low0 type team && "
	  "teamnl low0 setoption mode activebackup && "
	  "ip link set %1$s down && ip link set %1$s master low0 && "
	  "ip link set low0 up && "
	  "teamnl low0 setoption activeport $(cat /sys/class/net/%1$s/ifindex)",
	  "ip link del low0", "p0", "command -v teamnl", false },
	{ "OVS", "ovs-dpctl add-dp low0 && ovs-dpctl add-if low0 %1$s && "
	  "ovs-dpctl add-flow low0 'in_port(0),eth(),eth_type(0x88b5)' 1 && "
	  "ovs-dpctl add-flow low0 'in_port(1),eth(),eth_type(0x88b5)' 0",
	  "ovs-dpctl del-dp low0", "p0", "command -v ovs-dpctl && modprobe openvswitch",
	  false },
	{ "macsec", "ip link add low0 link %1$s type macsec port 1 && "
	  "ip macsec add low0 tx sa 0 pn 1 on key 00 " KEY " && "
	  "ip macsec add low0 rx port 1 address 52:54:00:aa:00:02 && "
	  "ip macsec add low0 rx port 1 address 52:54:00:aa:00:02 sa 0 pn 1 on key 01 " KEY,
	  NULL, "ms0", "modprobe macsec", true },
};

#define BETWEENS ARRAY_SIZE(betweens)

/* How it is taken away, and comes back */
enum way { PCI, DRIVER, MONITOR, WAYS };

static const char *const way_names[] = {
	"PCI removal and rescan (a VF: sriov_numvfs)",
	"driver unbound and bound",
	"unplugged and plugged by QMP (a VF: sriov_numvfs)",
};

FIXTURE(nic) {
	struct scene s;
	struct nics n;
	pthread_t thread;
	bool stop;
	uint32_t number;	/* of the last frame in both directions */
	const char *to_port;
	int peer_index;
	int failed_writes;
	int last_error;
	int qmp;
	char pci[32];
	char driver[64];
};

FIXTURE_VARIANT(nic) {
	const char *module;
	const char *mac;
	const char *id;
	const char *add;	/* QMP's device_add */
	bool vf;		/* of the igb: not plugged, but made */
};

/* The igb's first virtual function, which is given that address */
FIXTURE_VARIANT_ADD(nic, igbvf) {
	.module = "igb igbvf", .mac = "\x52\x54\x00\xaa\x00\x13", .vf = true,
};

#define VARIANT(NAME, MODULE, MAC, ID, ADD)				\
	FIXTURE_VARIANT_ADD(nic, NAME) {				\
		.module = MODULE, .mac = MAC, .id = ID, .add = ADD,	\
	}

VARIANT(e1000e, "e1000e", NICS_E1000E, "nic-e1000e",
	"\"driver\":\"e1000e\",\"bus\":\"rp0\",\"netdev\":\"wire0\",\"mac\":\"52:54:00:aa:00:01\"");
VARIANT(virtio, "virtio_net", "\x52\x54\x00\xaa\x00\x05", "nic-virtio",
	"\"driver\":\"virtio-net-pci\",\"bus\":\"rp5\",\"netdev\":\"wire5\",\"mac\":\"52:54:00:aa:00:05\"");
VARIANT(igb, "igb", "\x52\x54\x00\xaa\x00\x03", "nic-igb",
	"\"driver\":\"igb\",\"bus\":\"rp2\",\"netdev\":\"wire2\",\"mac\":\"52:54:00:aa:00:03\"");
VARIANT(vmxnet3, "vmxnet3", "\x52\x54\x00\xaa\x00\x06", "nic-vmxnet3",
	"\"driver\":\"vmxnet3\",\"bus\":\"rp6\",\"netdev\":\"wire6\",\"mac\":\"52:54:00:aa:00:06\"");

/* One frame each way every millisecond, whatever happens */
static void *traffic(void *arg)
{
	FIXTURE_DATA(nic) *self = arg;
	uint8_t frame[100];
	int peer;

	while (!IS(self->stop)) {
		self->number++;
		st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT,
			 self->number);
		if (st_fd_write(self->s.fd, frame, sizeof(frame)) !=
		    sizeof(frame)) {
			self->failed_writes++;
			self->last_error = errno;
		}
		st_frame(frame, sizeof(frame), self->to_port, ST_MAC_PEER,
			 self->number);
		peer = IS(self->peer_index);
		if (peer)
			st_packet_send(self->s.peer, peer, frame,
				       sizeof(frame));
		usleep(1000);
	}
	return NULL;
}

/* The highest number that can be read now, or -errno */
static int64_t drain(int fd, bool is_port, int64_t highest)
{
	uint8_t frame[2048];
	int64_t number;
	ssize_t len;

	for (;;) {
		len = is_port ? st_fd_read(fd, frame, sizeof(frame)) :
				read(fd, frame, sizeof(frame));
		if (len < 0)
			break;
		number = st_frame_number(frame, len);
		if (number > highest)
			highest = number;
	}
	return highest;
}

struct flow {
	FIXTURE_DATA(nic) *self;
	int64_t since, out, in;
};

static bool flows(void *arg)
{
	struct flow *flow = arg;
	struct scene *s = &flow->self->s;

	flow->out = drain(s->peer, false, flow->out);
	flow->in = drain(s->fd, true, flow->in);
	return flow->out > flow->since && flow->in > flow->since;
}

/* Frames that are sent from now on arrive, in both directions. */
static int flows_again(FIXTURE_DATA(nic) *self)
{
	struct flow flow = { .self = self, .since = IS(self->number) };

	if (st_wait(flows, &flow, NICS_DEADLINE))
		return 0;
	return flow.out > flow.since ? -ENODATA : -ECOMM;
}

/* The fd is as good as on its first day. */
static int fd_is_alive(FIXTURE_DATA(nic) *self)
{
	struct pollfd pfd = { .fd = self->s.fd, .events = POLLIN | POLLOUT };
	struct ifreq ifr = {};
	uint8_t frame[2048];

	if (ioctl(self->s.fd, TUNGETIFF, &ifr) || strcmp(ifr.ifr_name, "vm1"))
		return -ENOLINK;
	if (poll(&pfd, 1, 0) < 0 || pfd.revents & ~(POLLIN | POLLOUT) ||
	    !(pfd.revents & POLLOUT))
		return -EPIPE;
	drain(self->s.fd, true, 0);
	/* There may have come one since. */
	if (st_fd_read(self->s.fd, frame, sizeof(frame)) < 0 &&
	    errno != EAGAIN)
		return -EIO;
	return IS(self->failed_writes) ? -EBADE : 0;
}

/* QEMU's monitor */

static int qmp_open(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	char path[512];	/* entry->d_name has 255 bytes */
	int fd = -ENODEV;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 entry->d_name);
		if (!scene_file_has(path, "qmp\n"))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* A command and its answer: 0, or -EPROTO for an error.  Events are ignored. */
static int qmp_command(int fd, const char *text)
{
	uint64_t deadline = st_now() + ST_DEADLINE * 1000000ULL;
	static char buf[16384];
	size_t have = 0;
	ssize_t len;

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -EIO;
	while (st_now() < deadline && have < sizeof(buf) - 1) {
		if (st_readable(fd, 100) != 1)
			continue;
		len = read(fd, buf + have, sizeof(buf) - 1 - have);
		if (len <= 0)
			continue;
		have += len;
		buf[have] = 0;
		if (strstr(buf, "\"return\":") && buf[have - 1] == '\n')
			return 0;
		if (strstr(buf, "\"error\":") && buf[have - 1] == '\n') {
			snprintf(st_msg, sizeof(st_msg), "%.200s", buf);
			return -EPROTO;
		}
	}
	return -ETIMEDOUT;
}

/* Virtual functions: of the igb that is left where NICs live */

#define PF_ADDRESS "52:54:00:aa:00:03"

/* A command with $pf, its PCI device, and $dev, its name there */
static int pf_sh(FIXTURE_DATA(nic) *self, const char *command)
{
	int err = st_netns_enter(self->n.home);

	if (!err)
		err = st_sh("dev=$(ip -br link | awk '$3 == \"" PF_ADDRESS "\" { print $1 }') && "
			    "[ -n \"$dev\" ] && pf=/sys/bus/pci/devices/$(ethtool -i $dev | "
			    "sed -n 's/^bus-info: //p') && %s", command);
	return st_netns_enter(self->n.here) ?: err ? -EBADF : 0;
}

static int vf_remove(FIXTURE_DATA(nic) *self)
{
	return pf_sh(self, "echo 0 >$pf/sriov_numvfs");
}

/* Its driver takes the address that the PF has for it when it is bound. */
static int vf_make(FIXTURE_DATA(nic) *self)
{
	return pf_sh(self,
		     "ip link set $dev up && "
		     "echo 0 >$pf/sriov_drivers_autoprobe && "
		     "echo 1 >$pf/sriov_numvfs && "
		     "ip link set $dev vf 0 mac 52:54:00:aa:00:13 spoofchk off && "
		     "ip link set $dev vf 0 trust on && "
		     "echo 1 >$pf/sriov_drivers_autoprobe && "
		     "basename $(readlink $pf/virtfn0) >/sys/bus/pci/drivers_probe");
}

/* Taking away and giving back */

static int pci_write(const char *path, const char *text)
{
	return scene_file_write(path, text);
}

static bool pci_is_gone(void *arg)
{
	FIXTURE_DATA(nic) *self = arg;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", self->pci);
	return access(path, F_OK);
}

static int take_away(FIXTURE_DATA(nic) *self,
		     const FIXTURE_VARIANT(nic) *variant, enum way way)
{
	char text[256];
	int err;

	/* A VF's PCI device is made and removed by its PF only. */
	if (variant->vf && way != DRIVER)
		return vf_remove(self);
	switch (way) {
	case PCI:
		snprintf(text, sizeof(text), "/sys/bus/pci/devices/%s/remove",
			 self->pci);
		return pci_write(text, "1");
	case DRIVER:
		snprintf(text, sizeof(text), "%s/unbind", self->driver);
		return pci_write(text, self->pci);
	default:
		snprintf(text, sizeof(text),
			 "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s\"}}\n",
			 variant->id);
		err = qmp_command(self->qmp, text);
		if (err)
			return err;
		return st_wait(pci_is_gone, self, ST_DEADLINE) ? 0 : -ETIMEDOUT;
	}
}

struct plug {
	FIXTURE_DATA(nic) *self;
	const FIXTURE_VARIANT(nic) *variant;
};

/* It is refused until the guest has let the old one go. */
static bool is_plugged(void *arg)
{
	struct plug *plug = arg;
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"execute\":\"device_add\",\"arguments\":{\"id\":\"%s\",%s}}\n",
		 plug->variant->id, plug->variant->add);
	return !qmp_command(plug->self->qmp, text);
}

static int give_back(FIXTURE_DATA(nic) *self,
		     const FIXTURE_VARIANT(nic) *variant, enum way way)
{
	struct plug plug = { self, variant };
	char text[128];

	if (variant->vf && way != DRIVER)
		return vf_make(self);
	switch (way) {
	case PCI:
		return pci_write("/sys/bus/pci/rescan", "1");
	case DRIVER:
		snprintf(text, sizeof(text), "%s/bind", self->driver);
		return pci_write(text, self->pci);
	default:
		return st_wait(is_plugged, &plug, ST_DEADLINE) ? 0 : -ETIMEDOUT;
	}
}

/* Fetch the NIC, and note where it is. */
static int fetch(FIXTURE_DATA(nic) *self, const FIXTURE_VARIANT(nic) *variant)
{
	char path[128], driver[256];
	ssize_t len;
	int err;

	self->s.v0 = nics_take(self->n.home, self->n.here, variant->mac);
	if (self->s.v0 < 0)
		return self->s.v0;
	err = nics_pci(self->s.v0, self->pci, sizeof(self->pci));
	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver",
		 self->pci);
	len = readlink(path, driver, sizeof(driver) - 1);
	if (len < 0)
		return -errno;
	driver[len] = 0;
	snprintf(self->driver, sizeof(self->driver),
		 "/sys/bus/pci/drivers/%.32s", strrchr(driver, '/') + 1);
	return st_link_up(self->s.v0, true);
}

static int peer_index(FIXTURE_DATA(nic) *self, const char *name)
{
	int ifindex;

	if (st_netns_enter(self->n.there))
		return 0;
	ifindex = st_ifindex(name);
	return st_netns_enter(self->n.here) ? 0 : ifindex;
}

static int attach(FIXTURE_DATA(nic) *self, const struct between *between)
{
	char name[IFNAMSIZ];
	int lower = self->s.v0, err;

	if (between->make) {
		if (!if_indextoname(self->s.v0, name))
			return -errno;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (st_sh(between->make, name))
			return -EBADF;
#pragma GCC diagnostic pop
		/* A team and a bond have set it down. */
		err = st_link_up(self->s.v0, true);
		if (err)
			return err;
		lower = st_ifindex("low0");
	}
	SET(self->peer_index, peer_index(self, between->peer));
	err = st_attach(self->s.control, self->s.port, lower, 0);
	if (err || !between->make)
		return err;
	return st_link_up(lower, true);
}

static bool is_detached(void *arg)
{
	FIXTURE_DATA(nic) *self = arg;

	return scene_get(&self->s)->state == STABLETAP_STATE_DETACHED;
}

/* One round; prints where it went wrong. */
static int run_round(FIXTURE_DATA(nic) *self,
		     const FIXTURE_VARIANT(nic) *variant,
		     const struct between *between, enum way way)
{
	const char *step = "attach";
	int err;

	err = attach(self, between);
	if (!err) {
		step = "flow";
		err = flows_again(self);
	}
	if (!err) {
		step = "take away";
		err = take_away(self, variant, way);
	}
	if (!err) {
		step = "be detached";
		if (between->goes && !st_wait(is_detached, self, ST_DEADLINE))
			err = -ETIMEDOUT;
	}
	if (!err) {
		step = "keep the fd alive";
		err = fd_is_alive(self);
	}
	if (!err && between->unmake) {
		step = "take down what is left";
		err = st_sh("%s", between->unmake);
	}
	if (!err) {
		step = "give back";
		err = give_back(self, variant, way);
	}
	if (!err) {
		step = "fetch";
		err = fetch(self, variant);
	}
	if (err)
		printf("# %s, %s: could not %s: %d; %s\n", between->name,
		       way_names[way], step, err, st_msg);
	return err;
}

/* Open vSwitch is unpacked, not installed. */
static void add_path(const char *variable, const char *path)
{
	const char *cache = getenv("STABLETAP_CACHE"), *old = getenv(variable);
	char text[4096];

	if (!cache)
		return;
	snprintf(text, sizeof(text), "%s%s%s/openvswitch/%s", old ? old : "",
		 old ? ":" : "", cache, path);
	setenv(variable, text, 1);
}

/* Over there: the vmxnet3 with a VLAN and a macsec device, and one socket. */
static int peer_new(FIXTURE_DATA(nic) *self)
{
	int err = st_netns_enter(self->n.there);

	if (err)
		return err;
	err = scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
			       "1");
	if (err)
		return err;
	self->s.p0 = nics_take(self->n.home, self->n.there, NICS_VMXNET3);
	if (self->s.p0 < 0)
		return self->s.p0;
	self->s.peer = st_packet_open(0, false);
	if (self->s.peer < 0)
		return self->s.peer;
	return st_netns_enter(self->n.here);
}

static int peer_setup(FIXTURE_DATA(nic) *self, const char *mac)
{
	char name[IFNAMSIZ];
	int err = st_netns_enter(self->n.there);

	if (err || !if_indextoname(self->s.p0, name))
		return -ENODEV;
	if (strcmp(name, "p0"))
		err = st_sh("ip link set %s name p0", name);
	if (!err)
		err = st_sh("ip link set p0 up promisc on && "
			    "ip link add p0.5 link p0 type vlan id 5 && "
			    "ip link set p0.5 up promisc on");
	if (!err && !st_sh("modprobe macsec"))
		err = st_sh("ip link add ms0 link p0 type macsec port 1 && "
			    "ip macsec add ms0 tx sa 0 pn 1 on key 01 " KEY " && "
			    "ip macsec add ms0 rx port 1 address %1$s && "
			    "ip macsec add ms0 rx port 1 address %1$s sa 0 pn 1 on key 00 " KEY " && "
			    "ip link set ms0 up promisc on", mac);
	return st_netns_enter(self->n.here) ?: err ? -EBADF : 0;
}

FIXTURE_SETUP(nic)
{
	const uint8_t *m = (const uint8_t *)variant->mac;
	char mac[18];

	memset(self, 0, sizeof(*self));
	self->n.home = st_netns_fd();
	self->qmp = qmp_open();
	ASSERT_LE(0, self->qmp) {
		TH_LOG("the machine needs --qmp");
	}
	/* It is refused to whoever comes after the first. */
	qmp_command(self->qmp, "{\"execute\":\"qmp_capabilities\"}\n");
	ASSERT_EQ(0, qmp_command(self->qmp,
				 "{\"execute\":\"query-version\"}\n"));
	ASSERT_EQ(0, st_sh("modprobe -a %s vmxnet3 bonding 8021q bridge macvlan",
			   variant->module));
	ASSERT_EQ(0, scene_new_port(&self->s, false, 1));
	/* macsec takes 32 bytes of the NIC's. */
	ASSERT_EQ(0, st_link_mtu(self->s.port, 1400));
	self->n.here = st_netns_fd();
	self->n.there = scene_netns();
	ASSERT_LE(0, self->n.there);
	ASSERT_EQ(0, peer_new(self));
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
		 m[2], m[3], m[4], m[5]);
	ASSERT_EQ(0, peer_setup(self, mac));
	if (variant->vf) {
		vf_remove(self);
		ASSERT_EQ(0, vf_make(self));
	}
	/* The igb gives a VF its own address's frames only, and broadcasts. */
	self->to_port = variant->vf ? ST_BROADCAST : ST_MAC_PORT;
	ASSERT_EQ(0, fetch(self, variant));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, traffic, self));
}

FIXTURE_TEARDOWN(nic)
{
	SET(self->stop, true);
	pthread_join(self->thread, NULL);
	if (variant->vf)
		EXPECT_EQ(0, vf_remove(self));
	EXPECT_EQ(0, self->failed_writes) {
		TH_LOG("the last: %s", strerror(self->last_error));
	}
	EXPECT_EQ(1, scene_get(&self->s)->open_queues);
	close(self->qmp);
	scene_end(&self->s);
	close(self->n.there);
	close(self->n.here);
	close(self->n.home);
}

TEST_F_TIMEOUT(nic, is_taken_away_and_comes_back_under_traffic, 28800)
{
	const char *asked = getenv("ROUNDS");
	int rounds = asked && *asked ? atoi(asked) : ROUNDS;
	unsigned int runs[BETWEENS][WAYS] = {}, i, way;
	bool have[BETWEENS];
	int round;

	add_path("PATH", "usr/bin");
	add_path("LD_LIBRARY_PATH", "usr/lib/x86_64-linux-gnu");
	for (i = 0; i < BETWEENS; i++)
		have[i] = !betweens[i].needs ||
			  !st_sh("{ %s; } >/dev/null 2>&1", betweens[i].needs);
	for (round = 0; round < rounds; round++) {
		i = round % BETWEENS;
		way = (round / BETWEENS + i) % WAYS;
		if (!have[i])
			i = 0;
		ASSERT_EQ(0, run_round(self, variant, &betweens[i], way)) {
			TH_LOG("in round %d", round);
		}
		runs[i][way]++;
	}
	ASSERT_EQ(0, attach(self, &betweens[0]));
	EXPECT_EQ(0, flows_again(self));
	for (i = 0; i < BETWEENS; i++)
		printf("# %s: %u PCI, %u driver, %u QMP%s\n", betweens[i].name,
		       runs[i][PCI], runs[i][DRIVER], runs[i][MONITOR],
		       have[i] ? "" : " (not to be had here)");
}

TEST_HARNESS_MAIN
