// SPDX-License-Identifier: GPL-2.0
/*
 * NICs with real drivers are removed under traffic and come back, hundreds of
 * times: through the PCI device, the driver, the machine's monitor, or the
 * slot's power, about which the driver is not notified.  The devices between
 * port and NIC vary by round. vm-timeout: 72000
 *
 *	fd -- vm1 -- nothing, macvlan, VLAN, bond, -- NIC ==== vmxnet3 -- socket
 *	             bridge, team, OVS or macsec
 *	             namespace "here"                          "there"
 *
 * ROUNDS: number of rounds for each NIC.  The machine has --sriov, --nics and
 * --qmp.
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

/*
 * One process for several commands, because starting one is slow in emulation
 */
#define BATCH "ip -batch - <<E\n"

/*
 * The device between port and NIC. %s is the NIC; the result is named "low0".
 */
static const struct between {
	const char *name;
	const char *make;
	const char *unmake;	/* deletes what is left when the NIC is gone */
	const char *peer;	/* the device in "there" */
	const char *needs;
	bool goes;		/* is deleted with the NIC */
} betweens[] = {
	{ "nothing", NULL, NULL, "p0", NULL, true },
	{ "macvlan", "ip link add low0 link %s type macvlan mode bridge",
	  NULL, "p0", NULL, true },
	{ "VLAN", "ip link add low0 link %s type vlan id 5",
	  NULL, "p0.5", NULL, true },
	{ "bond", BATCH
	  "link add low0 type bond mode active-backup miimon 100\n"
	  "link set %1$s down\n"
	  "link set %1$s master low0\n"
	  "E",
	  "ip link del low0", "p0", NULL, false },
	{ "bridge", BATCH
	  "link add low0 type bridge forward_delay 0\n"
	  "link set %1$s master low0 up\n"
	  "E",
	  "ip link del low0", "p0", NULL, false },
	{ "team", "ip link add low0 type team && "
	  "teamnl low0 setoption mode activebackup && "
	  BATCH
	  "link set %1$s down\n"
	  "link set %1$s master low0\n"
	  "link set low0 up\n"
	  "E\n"
	  "teamnl low0 setoption activeport $(cat /sys/class/net/%1$s/ifindex)",
	  "ip link del low0", "p0", "command -v teamnl", false },
	{ "OVS", "ovs-dpctl add-dp low0 %1$s && "
	  "ovs-dpctl add-flow low0 'in_port(0),eth(),eth_type(0x88b5)' 1 && "
	  "ovs-dpctl add-flow low0 'in_port(1),eth(),eth_type(0x88b5)' 0",
	  "ovs-dpctl del-dp low0", "p0", "command -v ovs-dpctl && modprobe openvswitch",
	  false },
	{ "macsec", BATCH
	  "link add low0 link %1$s type macsec port 1\n"
	  "macsec add low0 tx sa 0 pn 1 on key 00 " KEY "\n"
	  "macsec add low0 rx port 1 address 52:54:00:aa:00:02\n"
	  "macsec add low0 rx port 1 address 52:54:00:aa:00:02 sa 0 pn 1 on key 01 " KEY "\n"
	  "E",
	  NULL, "ms0", "modprobe macsec", true },
};

#define BETWEENS ARRAY_SIZE(betweens)

/* How the NIC is removed and comes back */
enum way { PCI, DRIVER, MONITOR, SURPRISE, NUMVFS, WAYS };

static const char *const way_names[] = {
	"PCI removal and rescan",
	"driver unbound and bound",
	"unplugged and plugged by QMP",
	"slot without power, without a word to the driver",
	"VF count to zero and back",
};

FIXTURE(nic) {
	struct scene s;
	struct nics n;
	pthread_t thread;
	bool stop;
	uint32_t number;	/* number of the last frame in each direction */
	const char *to_port;
	int peer_index;
	int write_error;	/* errno of the last failed write */
	int qmp;
	char port[64];		/* sysfs directory of the root port */
	char pf[32];		/* PCI address of the VF's PF */
	char pf_name[IFNAMSIZ];
};

FIXTURE_VARIANT(nic) {
	const char *module;
	const char *mac;
	const char *id;
	const char *add;	/* QMP's device_add */
	enum way ways[4];
};

/*
 * The first VF of the igb; its PF gives it this address, creates and removes
 * it.
 */
FIXTURE_VARIANT_ADD(nic, igbvf) {
	.module = "igb igbvf", .mac = "\x52\x54\x00\xaa\x00\x13",
	.ways = { NUMVFS, DRIVER, NUMVFS, DRIVER },
};

#define VARIANT(NAME, MODULE, MAC, ID, ADD, LAST)			\
	FIXTURE_VARIANT_ADD(nic, NAME) {				\
		.module = MODULE, .mac = MAC, .id = ID, .add = ADD,	\
		.ways = { PCI, DRIVER, MONITOR, LAST },			\
	}

VARIANT(e1000e, "e1000e", NICS_E1000E, "nic-e1000e",
	"\"driver\":\"e1000e\",\"bus\":\"rp0\",\"netdev\":\"wire0\",\"mac\":\"52:54:00:aa:00:01\"",
	SURPRISE);
/*
 * No surprise removal: vp_reset() of virtio_pci would wait forever for a device
 * that no longer answers.
 */
VARIANT(virtio, "virtio_net", "\x52\x54\x00\xaa\x00\x05", "nic-virtio",
	"\"driver\":\"virtio-net-pci\",\"bus\":\"rp5\",\"netdev\":\"wire5\",\"mac\":\"52:54:00:aa:00:05\"",
	MONITOR);
VARIANT(igb, "igb", "\x52\x54\x00\xaa\x00\x03", "nic-igb",
	"\"driver\":\"igb\",\"bus\":\"rp2\",\"netdev\":\"wire2\",\"mac\":\"52:54:00:aa:00:03\"",
	SURPRISE);
VARIANT(vmxnet3, "vmxnet3", "\x52\x54\x00\xaa\x00\x06", "nic-vmxnet3",
	"\"driver\":\"vmxnet3\",\"bus\":\"rp6\",\"netdev\":\"wire6\",\"mac\":\"52:54:00:aa:00:06\"",
	SURPRISE);

/* Send one frame in each direction every millisecond, in every state */
static void *traffic(void *arg)
{
	FIXTURE_DATA(nic) *self = arg;
	uint8_t frame[100];
	ssize_t len;
	int peer;

	while (!IS(self->stop)) {
		self->number++;
		st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT,
			 self->number);
		len = st_fd_write(self->s.fd, frame, sizeof(frame));
		/*
		 * EAGAIN: frames that wait in the NIC fill the fd's send buffer
		 * (200 KiB).  fd_is_alive() waits until there is room again.
		 */
		if (len != sizeof(frame) && len != -EAGAIN)
			SET(self->write_error, len < 0 ? len : -EIO);
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

/* Read all frames.  Returns the highest number, or a negative errno. */
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

/* Wait until frames that are sent from now on arrive, in both directions. */
static int flows_again(FIXTURE_DATA(nic) *self)
{
	struct flow flow = { .self = self, .since = IS(self->number) };

	if (st_wait(flows, &flow, NICS_DEADLINE))
		return 0;
	return flow.out > flow.since ? -ENODATA : -ECOMM;
}

/* Check that write, read, poll and TUNGETIFF work on the fd. */
static int fd_is_alive(FIXTURE_DATA(nic) *self)
{
	struct pollfd pfd = { .fd = self->s.fd, .events = POLLOUT };
	struct ifreq ifr = {};
	uint8_t frame[2048];

	if (ioctl(self->s.fd, TUNGETIFF, &ifr) || strcmp(ifr.ifr_name, "vm1"))
		return -ENOLINK;
	if (poll(&pfd, 1, NICS_DEADLINE) != 1 || pfd.revents != POLLOUT)
		return -EPIPE;
	drain(self->s.fd, true, 0);
	/* A frame may have arrived since. */
	if (st_fd_read(self->s.fd, frame, sizeof(frame)) < 0 &&
	    errno != EAGAIN)
		return -EIO;
	return IS(self->write_error);
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

/*
 * Send a command and read its answer, ignoring events.  Returns 0, or -EPROTO
 * for an error.
 */
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

/* Virtual functions of the igb, which stays in the first namespace */

#define PF_ADDRESS "\x52\x54\x00\xaa\x00\x03"

static int pf_write(FIXTURE_DATA(nic) *self, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", self->pf,
		 file);
	return scene_file_write(path, text);
}

static int vf_remove(FIXTURE_DATA(nic) *self)
{
	return pf_write(self, "sriov_numvfs", "0");
}

/* The VF's driver reads the address from the PF when it binds. */
static int vf_make(FIXTURE_DATA(nic) *self)
{
	char path[128], vf[256], *last;
	ssize_t len;
	int err;

	err = pf_write(self, "sriov_drivers_autoprobe", "0");
	if (!err)
		err = pf_write(self, "sriov_numvfs", "1");
	if (err)
		return err;
	err = st_netns_enter(self->n.home) ?:
	      st_sh("ip link set %s vf 0 mac 52:54:00:aa:00:13 spoofchk off "
		    "trust on", self->pf_name) ? -EBADF : 0;
	err = st_netns_enter(self->n.here) ?: err;
	if (!err)
		err = pf_write(self, "sriov_drivers_autoprobe", "1");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0",
		 self->pf);
	len = readlink(path, vf, sizeof(vf) - 1);
	if (err || len < 0)
		return err ? err : -errno;
	vf[len] = 0;
	last = strrchr(vf, '/');
	return scene_file_write("/sys/bus/pci/drivers_probe", last + 1);
}

/* Find the PF, and create its first VF */
static int vf_setup(FIXTURE_DATA(nic) *self)
{
	int err = st_netns_enter(self->n.home), ifindex;

	if (err)
		return err;
	ifindex = nics_find(PF_ADDRESS);
	if (!if_indextoname(ifindex, self->pf_name))
		err = -errno;
	if (!err)
		err = nics_pci(ifindex, self->pf, sizeof(self->pf));
	if (!err)
		err = st_link_up(ifindex, true);
	err = st_netns_enter(self->n.here) ?: err;
	if (err)
		return err;
	/* A VF may be left over from an earlier test. */
	err = vf_remove(self);
	return err ? err : vf_make(self);
}

/* Removal and return */

struct progress {
	FIXTURE_DATA(nic) *self;
	uint32_t number;
};

static bool pci_is_gone(void *arg)
{
	FIXTURE_DATA(nic) *self = arg;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", self->n.pci);
	return access(path, F_OK);
}

static int pci_remove(FIXTURE_DATA(nic) *self)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 self->n.pci);
	return scene_file_write(path, "1");
}

/*
 * Switch the slot's power off at the root port.  As with a card that was pulled
 * out, reads return all ones, and the driver is not notified.
 */
static int slot_power(FIXTURE_DATA(nic) *self, bool on)
{
	const uint16_t pcc = 1 << 10;	/* PCI_EXP_SLTCTL_PCC: power off */
	uint8_t config[256];
	uint16_t control;
	unsigned int at;
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/config", self->port);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, config, sizeof(config), 0) != sizeof(config))
		err = -EIO;
	/* Walk the list of capabilities; 0x10 is PCI Express. */
	for (at = config[0x34]; !err && at && config[at] != 0x10;)
		at = config[at + 1];
	if (!err && !at)
		err = -ENOTTY;
	if (!err) {
		memcpy(&control, config + at + 0x18, sizeof(control));
		control = on ? control & ~pcc : control | pcc;
		if (pwrite(fd, &control, sizeof(control), at + 0x18) !=
		    sizeof(control))
			err = -EIO;
	}
	close(fd);
	return err;
}

/* Returns true if no device answers at the PCI address. */
static bool pci_is_silent(void *arg)
{
	FIXTURE_DATA(nic) *self = arg;
	uint16_t vendor = 0;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 self->n.pci);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (pread(fd, &vendor, sizeof(vendor), 0) != sizeof(vendor))
		vendor = 0;
	close(fd);
	return vendor == 0xffff;
}

static bool has_written(void *arg)
{
	struct progress *progress = arg;

	return IS(progress->self->number) >= progress->number;
}

/* Write frames to the NIC in that state, then notify the PCI core. */
static int surprise(FIXTURE_DATA(nic) *self)
{
	struct progress progress = { .self = self };
	int err = slot_power(self, false);

	if (err)
		return err;
	if (!st_wait(pci_is_silent, self, ST_DEADLINE))
		return -EBUSY;
	progress.number = IS(self->number) + 20;
	if (!st_wait(has_written, &progress, ST_DEADLINE))
		return -ETIMEDOUT;
	return pci_remove(self);
}

static int take_away(FIXTURE_DATA(nic) *self,
		     const FIXTURE_VARIANT(nic) *variant, enum way way)
{
	char text[256];
	int err;

	switch (way) {
	case PCI:
		return pci_remove(self);
	case DRIVER:
		snprintf(text, sizeof(text), "%s/unbind", self->n.driver);
		return scene_file_write(text, self->n.pci);
	case MONITOR:
		snprintf(text, sizeof(text),
			 "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s\"}}\n",
			 variant->id);
		err = qmp_command(self->qmp, text);
		if (err)
			return err;
		return st_wait(pci_is_gone, self, ST_DEADLINE) ? 0 : -ETIMEDOUT;
	case SURPRISE:
		return surprise(self);
	default:
		return vf_remove(self);
	}
}

struct plug {
	FIXTURE_DATA(nic) *self;
	const FIXTURE_VARIANT(nic) *variant;
};

/* device_add fails until the guest has released the old device. */
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
	int err;

	switch (way) {
	case PCI:
		return scene_file_write("/sys/bus/pci/rescan", "1");
	case DRIVER:
		snprintf(text, sizeof(text), "%s/bind", self->n.driver);
		return scene_file_write(text, self->n.pci);
	case MONITOR:
		return st_wait(is_plugged, &plug, ST_DEADLINE) ? 0 : -ETIMEDOUT;
	case SURPRISE:
		err = slot_power(self, true);
		if (err)
			return err;
		return scene_file_write("/sys/bus/pci/rescan", "1");
	default:
		return vf_make(self);
	}
}

/* Find the root port above the NIC, which stays. */
static int find_port(FIXTURE_DATA(nic) *self)
{
	char path[128], target[512], *last;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", self->n.pci);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = 0;
	*strrchr(target, '/') = 0;
	last = strrchr(target, '/');
	snprintf(self->port, sizeof(self->port), "/sys/bus/pci/devices/%.32s",
		 last + 1);
	return 0;
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
		/* A team or bond has set the NIC down. */
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

/* A round and its steps */

struct turn {
	FIXTURE_DATA(nic) *self;
	const FIXTURE_VARIANT(nic) *variant;
	const struct between *between;
	enum way way;
	uint64_t losses;	/* losses before the round */
};

static int turn_attach(struct turn *turn)
{
	turn->losses = scene_get(&turn->self->s)->losses;
	return attach(turn->self, turn->between);
}

static int turn_flow(struct turn *turn)
{
	return flows_again(turn->self);
}

static int turn_take_away(struct turn *turn)
{
	return take_away(turn->self, turn->variant, turn->way);
}

static bool is_lost(void *arg)
{
	const struct turn *turn = arg;
	const struct stabletap_get *get = scene_get(&turn->self->s);

	return get->state == STABLETAP_STATE_DETACHED &&
	       get->detach_reason == STABLETAP_REASON_LOWER_GONE &&
	       get->losses == turn->losses + 1;
}

/*
 * Devices on the NIC are gone with it.  A bond and similar devices are not, and
 * are deleted here.
 */
static int turn_be_detached(struct turn *turn)
{
	if (turn->between->goes)
		return st_wait(is_lost, turn, ST_DEADLINE) ? 0 : -ETIMEDOUT;
	return scene_get(&turn->self->s)->losses == turn->losses ? 0 : -EPROTO;
}

static int turn_keep_the_fd(struct turn *turn)
{
	return fd_is_alive(turn->self);
}

static int turn_take_down(struct turn *turn)
{
	int err;

	if (!turn->between->unmake)
		return 0;
	err = st_sh("%s", turn->between->unmake);
	if (err)
		return -EBADF;
	return st_wait(is_lost, turn, ST_DEADLINE) ? 0 : -ETIMEDOUT;
}

static int turn_give_back(struct turn *turn)
{
	return give_back(turn->self, turn->variant, turn->way);
}

static int turn_fetch(struct turn *turn)
{
	return nics_fetch(&turn->self->n, &turn->self->s);
}

static const struct step {
	const char *name;
	int (*run)(struct turn *turn);
} steps[] = {
	{ "attach", turn_attach },
	{ "let frames flow", turn_flow },
	{ "take it away", turn_take_away },
	{ "be detached", turn_be_detached },
	{ "keep the fd alive", turn_keep_the_fd },
	{ "take down what is left", turn_take_down },
	{ "give it back", turn_give_back },
	{ "fetch it", turn_fetch },
};

#define STEPS ARRAY_SIZE(steps)

/* Run one round.  Prints the step that failed. */
static int run_round(struct turn *turn, uint64_t spent[STEPS])
{
	unsigned int i;
	uint64_t start;
	int err;

	for (i = 0; i < STEPS; i++) {
		start = st_now();
		err = steps[i].run(turn);
		spent[i] += st_now() - start;
		if (err) {
			printf("# %s, %s: could not %s: %s; %s\n",
			       turn->between->name, way_names[turn->way],
			       steps[i].name, strerror(-err), st_msg);
			return err;
		}
	}
	return 0;
}

/* Needed because Open vSwitch is unpacked, not installed. */
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

/*
 * Create the peer: the vmxnet3 with a VLAN and a macsec device, and one packet
 * socket for all of them.
 */
static int peer_setup(FIXTURE_DATA(nic) *self, const char *mac)
{
	char name[IFNAMSIZ];
	int err = st_netns_enter(self->n.there);

	if (err || !if_indextoname(self->s.p0, name))
		return -ENODEV;
	if (strcmp(name, "p0"))
		err = st_sh("ip link set %1$s down && "
			    "ip link set %1$s name p0", name);
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
	close(self->s.peer);
	self->s.peer = st_packet_open(0, false);
	if (!err && self->s.peer < 0)
		err = self->s.peer;
	return st_netns_enter(self->n.here) ?: err ? -EBADF : 0;
}

FIXTURE_SETUP(nic)
{
	const uint8_t *m = (const uint8_t *)variant->mac;
	char mac[18];

	memset(self, 0, sizeof(*self));
	self->qmp = qmp_open();
	ASSERT_LE(0, self->qmp) {
		TH_LOG("the machine needs --qmp");
	}
	/* Fails if an earlier client has done it already. */
	qmp_command(self->qmp, "{\"execute\":\"qmp_capabilities\"}\n");
	ASSERT_EQ(0, qmp_command(self->qmp,
				 "{\"execute\":\"query-version\"}\n"));
	ASSERT_EQ(0, st_sh("modprobe -a %s vmxnet3 bonding 8021q bridge macvlan",
			   variant->module));
	ASSERT_EQ(0, nics_new_peer(&self->n, &self->s, false));
	self->n.mac = variant->mac;
	/* macsec needs 32 bytes of the NIC's MTU. */
	ASSERT_EQ(0, st_link_mtu(self->s.port, 1400));
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
		 m[2], m[3], m[4], m[5]);
	ASSERT_EQ(0, peer_setup(self, mac));
	if (variant->ways[0] == NUMVFS)
		ASSERT_EQ(0, vf_setup(self));
	/*
	 * The igb gives a VF only frames to the VF's own address, and
	 * broadcasts.
	 */
	self->to_port = variant->ways[0] == NUMVFS ? ST_BROADCAST : ST_MAC_PORT;
	ASSERT_EQ(0, nics_fetch(&self->n, &self->s));
	ASSERT_EQ(0, find_port(self));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, traffic, self));
}

FIXTURE_TEARDOWN(nic)
{
	SET(self->stop, true);
	pthread_join(self->thread, NULL);
	if (variant->ways[0] == NUMVFS)
		EXPECT_EQ(0, vf_remove(self));
	EXPECT_EQ(0, self->write_error);
	EXPECT_EQ(1, scene_get(&self->s)->open_queues);
	close(self->qmp);
	nics_end(&self->n, &self->s);
}

static void print_rounds(unsigned int runs[BETWEENS][WAYS],
			 const uint64_t spent[STEPS], int rounds)
{
	unsigned int i, way, of_all[WAYS] = {};

	for (i = 0; i < BETWEENS; i++) {
		printf("# %s:", betweens[i].name);
		for (way = 0; way < WAYS; way++) {
			of_all[way] += runs[i][way];
			if (runs[i][way])
				printf(" %u %s;", runs[i][way], way_names[way]);
		}
		printf("\n");
	}
	for (way = 0; way < WAYS; way++)
		if (of_all[way])
			printf("# %u of %d rounds: %s\n", of_all[way], rounds,
			       way_names[way]);
	for (i = 0; i < STEPS; i++)
		printf("# to %s: %llu ms\n", steps[i].name,
		       spent[i] / rounds / 1000000ULL);
}

static int have_all(void)
{
	const struct between *between;
	int missing = 0;

	for (between = betweens; between < betweens + BETWEENS; between++) {
		if (!between->needs ||
		    !st_sh("{ %s; } >/dev/null", between->needs))
			continue;
		printf("# no %s here\n", between->name);
		missing++;
	}
	return missing;
}

TEST_F_TIMEOUT(nic, is_taken_away_and_comes_back_under_traffic, 28800)
{
	const char *asked = getenv("ROUNDS");
	int rounds = asked && *asked ? atoi(asked) : ROUNDS;
	unsigned int runs[BETWEENS][WAYS] = {}, i;
	struct turn turn = { .self = self, .variant = variant };
	uint64_t spent[STEPS] = {};
	int round;

	add_path("PATH", "usr/bin");
	add_path("LD_LIBRARY_PATH", "usr/lib/x86_64-linux-gnu");
	/* Everything must be installed: make check-soak does that. */
	ASSERT_EQ(0, have_all());
	for (round = 0; round < rounds; round++) {
		i = round % BETWEENS;
		turn.between = &betweens[i];
		turn.way = variant->ways[(round / BETWEENS + i) % 4];
		ASSERT_EQ(0, run_round(&turn, spent)) {
			TH_LOG("in round %d", round);
		}
		runs[i][turn.way]++;
	}
	ASSERT_EQ(0, attach(self, &betweens[0]));
	EXPECT_EQ(0, flows_again(self));
	print_rounds(runs, spent, rounds);
}

TEST_HARNESS_MAIN
