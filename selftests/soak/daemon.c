// SPDX-License-Identifier: GPL-2.0
/*
 * stabletapd and the command, built with the address and the
 * undefined-behaviour sanitizers, while an event happens to the devices every
 * 50 ms.  At the end no sanitizer has reported anything, the daemon's memory
 * has not grown, and each port is on the right device.  vm-timeout: 14400
 *
 *	 vm1          vm2         vm3        vm4            vm5
 *	  |            |           |          |              |
 *	v0 or d0   VLAN 7 on d1   d2 whole   v1 or d0    d0, with a probe
 *
 * v0 and v1 are ends of veths, d0, d1, d2 dummies; vm5 is added to and removed
 * from the configuration.  Two other processes run the command all the time.
 *
 * FRAMES: as for soak/frames; one event for each 1000 frames, at least 600.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "harness.h"
#include "scene.h"
#include "st.h"

#define SOAK_FRAMES	2000000
#define FRAMES_AN_EVENT	1000
#define EVERY_MS	50
#define AT_REST_EVERY	100	/* events */
/*
 * The daemon keeps 1000 events of its history.  After so many events of this
 * test the history is full, and the memory is measured.
 */
#define WARM_UP	2000
/*
 * What the daemon has allocated varies a little with what happened last.  The
 * least of several measurements is compared.
 */
#define MEASUREMENTS	6
#define LEAST_EVENTS	(MEASUREMENTS * AT_REST_EVERY)
#define MAY_GROW	(16 << 10)	/* bytes */
#define REST_DEADLINE	(5 * DAEMON_DEADLINE)

#define DEAF		8
/* Receive buffer of the daemon's socket, bytes; the kernel doubles it */
#define RCVBUF		"32768"

#define REPORT		"/tmp/soak-sanitizer"
/* The daemon writes there how much it has allocated. */
#define ALLOCATED	"/tmp/soak-allocated"
#define REPORT_STATUS	99

#define MARK_DONE(x)	__atomic_fetch_add(&(x), 1, __ATOMIC_RELAXED)

static unsigned int dice;

static unsigned int roll(unsigned int sides)
{
	dice = dice * 1103515245 + 12345;
	return (dice >> 16) % sides;
}

/* The command is run in a loop */

#define UNPIN	13

static const char *const commands[][8] = {
	{ "show" },
	{ "-j", "-p", "-s", "show" },
	{ "-d", "show", "vm1" },
	{ "-br", "show" },
	{ "status" },
	{ "-j", "status", "vm2" },
	{ "events" },
	{ "-j", "events", "vm1" },
	{ "attach", "vm3", "dev", "d0", "mode", "private", "replace" },
	{ "detach", "vm3" },
	{ "attach", "vm2", "dev", "d2", "mode", "direct", "replace", "force" },
	{ "detach", "vm2" },
	{ "pin", "vm1", "d0" },
	[UNPIN] = { "unpin", "vm1" },
	{ "prefer", "vm1", "d0" },
	{ "failback", "vm1" },
	{ "unpin", "vm1" },
	{ "announce", "vm1" },
	{ "add", "hand", "queues", "2" },
	{ "exec", "hand", "--", "true" },
	{ "del", "hand", "force" },
	{ "monitor" },
};

#define COMMANDS	ARRAY_SIZE(commands)
#define MONITOR		(COMMANDS - 1)
#define RUNNERS		2

/* Memory shared with the processes that run the commands */
struct told {
	bool stop;
	uint32_t turn;			/* number of the next command */
	uint32_t done[COMMANDS], refused[COMMANDS];
	uint32_t failed;		/* neither success nor a refusal */
	int32_t status;			/* wait status of the last of them */
	uint32_t which;
};

static void command_exec(unsigned int which, int out)
{
	const char *argv[10] = { "stabletap" };
	unsigned int i;

	for (i = 0; i < 8 && commands[which][i]; i++)
		argv[i + 1] = commands[which][i];
	dup2(out, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/*
 * Read some lines of a command's output, and close it: a command that writes
 * more gets SIGPIPE or EPIPE.
 */
static void command_read(int fd, unsigned int which)
{
	char buf[4096];
	ssize_t len;
	int i;

	for (i = 0; which != MONITOR || i < 8; i++) {
		len = read(fd, buf, sizeof(buf));
		if (len <= 0)
			break;
	}
	close(fd);
}

static void command_run(struct told *told, unsigned int which)
{
	int fds[2], status = -1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return;
	pid = fork();
	if (!pid)
		command_exec(which, fds[1]);
	close(fds[1]);
	command_read(fds[0], which);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		MARK_DONE(told->done[which]);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
		MARK_DONE(told->refused[which]);
	} else {
		MARK_DONE(told->failed);
		told->status = status;
		told->which = which;
	}
}

static void command_again_and_again(struct told *told, bool monitor)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* SIGPIPE as in a shell */
	signal(SIGPIPE, monitor ? SIG_IGN : SIG_DFL);
	while (!__atomic_load_n(&told->stop, __ATOMIC_ACQUIRE))
		command_run(told, monitor ? MONITOR : told->turn++ % MONITOR);
	_exit(0);
}

FIXTURE(daemon) {
	struct daemon d;
	struct told *told;
	pid_t runner[RUNNERS];
	int control;
	int fd;			/* fd of vm1, opened once */
	int here, there, away;	/* namespaces */
	int deaf[DEAF];		/* connections that no one reads */
	unsigned int deaf_next;
	long allocated[MEASUREMENTS];	/* the last measurements, bytes */
	unsigned int measured;
	bool five;		/* vm5 is configured */
	unsigned int number;	/* number of the last frame */
};

/* The configuration */

static const char *const conf =
	"[Port vm1]\n"
	"MACAddress=52:54:00:00:01:01\n"
	"Candidate=v0\n"
	"Candidate=d0\n"
	"FailbackDelaySec=0\n"
	"[Port vm2]\n"
	"MACAddress=52:54:00:00:02:01\n"
	"Candidate=d1 vlan=7 create\n"
	"AttachMode=private\n"
	"[Port vm3]\n"
	"Candidate=d2\n"
	"AttachMode=direct\n"
	"Filter=yes\n"
	"[Port vm4]\n"
	"MACAddress=52:54:00:00:04:01\n"
	"Queues=4\n"
	"Candidate=name=v1\n"
	"Candidate=d0\n"
	"FailbackDelaySec=200ms\n"
	"LossDelaySec=100ms\n"
	"Hook=/bin/true\n";

static const char *const conf_five =
	"[Port vm5]\n"
	"Candidate=d0\n"
	"Probe=arp 192.0.2.1\n"
	"ProbeIntervalSec=100ms\n";

static int configure(FIXTURE_DATA(daemon) *self)
{
	return daemon_configure(&self->d, "%s%s", conf,
				self->five ? conf_five : "");
}

/* Devices */

static int link_del(const char *name)
{
	int ifindex = st_ifindex(name);

	return ifindex < 0 ? ifindex : st_link_del(ifindex);
}

static int dummy_make(const char *name)
{
	int ifindex = st_link_add(name, "dummy", 0);

	return ifindex < 0 ? ifindex : st_link_up(ifindex, true);
}

static int veth_make(FIXTURE_DATA(daemon) *self, int i)
{
	char name[] = "v0", peer[] = "p0";

	name[1] = peer[1] = '0' + i;
	return st_veth_add(name, peer, self->there);
}

static int rename_to(const char *from, const char *to)
{
	char buf[256] = {};
	int ifindex = st_ifindex(from);
	struct nlmsghdr *nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, to);
	return ifindex < 0 ? ifindex : st_talk(nlh, NULL, NULL);
}

static void dwell(void)
{
	const struct timespec step = { .tv_nsec = (1 + roll(60)) * 1000000L };

	nanosleep(&step, NULL);
}

/* Events.  The daemon acts at the same time, so it may be faster. */

static int renamed(FIXTURE_DATA(daemon) *self)
{
	const char *name = roll(2) ? "v0" : "d2";
	int ifindex = st_ifindex(name), err;

	/*
	 * A device that is up can't be renamed, and the daemon may set it up
	 * meanwhile.
	 */
	do {
		err = st_link_up(ifindex, false) ?: rename_to(name, "other");
	} while (err == -EBUSY);
	dwell();
	while (!err && (err = rename_to("other", name)) == -EBUSY)
		err = st_link_up(ifindex, false);
	return err ? err : st_link_up(ifindex, true);
}

static int made_anew(const char *dummy)
{
	int err = link_del(dummy);

	if (roll(2))
		dwell();
	return err ? err : dummy_make(dummy);
}

static int dummy_again(FIXTURE_DATA(daemon) *self)
{
	return made_anew("d0");
}

static int veth_again(FIXTURE_DATA(daemon) *self)
{
	int i = roll(2), err = link_del(i ? "v1" : "v0");

	if (roll(2))
		dwell();
	return err ? err : veth_make(self, i);
}

static int direct_again(FIXTURE_DATA(daemon) *self)
{
	return made_anew("d2");
}

/* Deletes the VLAN on the device too, and the child on the VLAN */
static int vlan_parent_again(FIXTURE_DATA(daemon) *self)
{
	return made_anew("d1");
}

/* The daemon creates the VLAN again, and then the child on it. */
static int vlan_deleted(FIXTURE_DATA(daemon) *self)
{
	int err = link_del("d1.7");

	return err == -ENODEV ? 0 : err;
}

static int carrier_lost(FIXTURE_DATA(daemon) *self)
{
	const char *peer = roll(2) ? "p1" : "p0";
	int err = st_netns_enter(self->there), ifindex;

	if (err)
		return err;
	ifindex = st_ifindex(peer);
	err = st_link_up(ifindex, false);
	dwell();
	if (!err)
		err = st_link_up(ifindex, true);
	return st_netns_enter(self->here) ?: err;
}

static int set_down(FIXTURE_DATA(daemon) *self)
{
	static const char *const names[] = { "v0", "v1", "d0", "d1", "d2" };
	int ifindex = st_ifindex(names[roll(5)]);
	int err = st_link_up(ifindex, false);

	dwell();
	return err ? err : st_link_up(ifindex, true);
}

/* Delete and create a device in one batch of messages to the kernel */
static int batch(FIXTURE_DATA(daemon) *self)
{
	int before = st_ifindex("d0");
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	char buf[1024] = {};
	struct nlmsghdr *nlh;
	struct nlattr *info;
	int err = 0;

	if (!nl)
		return -errno;
	nlh = st_link_msg(buf, RTM_DELLINK, NLM_F_REQUEST, before);
	nlh = st_link_msg(buf + NLMSG_ALIGN(nlh->nlmsg_len), RTM_NEWLINK,
			  NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "d0");
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(nlh, info);
	if (mnl_socket_sendto(nl, buf, (char *)nlh + nlh->nlmsg_len - buf) < 0)
		err = -errno;
	mnl_socket_close(nl);
	/* The kernel has processed the batch when the call returns. */
	if (!err && st_ifindex("d0") == before)
		err = -EEXIST;
	return err ? err : st_link_up(st_ifindex("d0"), true);
}

static int moved(FIXTURE_DATA(daemon) *self)
{
	int err = st_link_netns(st_ifindex("d2"), self->away);

	dwell();
	if (!err)
		err = st_netns_enter(self->away);
	if (!err)
		err = st_link_netns(st_ifindex("d2"), self->here);
	return st_netns_enter(self->here) ?: err;
}

/* Delete a port; its node may be open. */
static int port_deleted(FIXTURE_DATA(daemon) *self)
{
	int port = st_ifindex(roll(2) ? "vm3" : "vm4");

	if (port > 0)
		st_port_delete(self->control, port, STABLETAP_DELETE_FORCE);
	return 0;
}

/* The daemon creates a new port, and leaves the renamed one alone. */
static int port_renamed(FIXTURE_DATA(daemon) *self)
{
	int port = st_ifindex("vm4");

	if (port < 0 || st_link_up(port, false) || rename_to("vm4", "old4"))
		return 0;
	dwell();
	return link_del("old4");
}

static int detached_by_hand(FIXTURE_DATA(daemon) *self)
{
	int port = st_ifindex(roll(2) ? "vm1" : "vm2");
	int err = port < 0 ? port : st_detach(self->control, port);

	return err == -ENOTCONN || err == -ENODEV ? 0 : err;
}

static int attached_by_hand(FIXTURE_DATA(daemon) *self)
{
	int port = st_ifindex(roll(2) ? "vm1" : "vm3");
	int d1 = st_ifindex("d1");

	/* The attach is refused, or lasts until the daemon notices it. */
	if (port > 0)
		st_attach(self->control, port, d1, STABLETAP_ATTACH_REPLACE);
	return 0;
}

static int port_changed(FIXTURE_DATA(daemon) *self)
{
	uint8_t mac[] = { 0x52, 0x54, 0, 0, 1, 1 };
	int port = st_ifindex("vm1"), err;

	mac[3] = roll(256);
	/*
	 * A child that is created meanwhile has the smaller MTU, and keeps it.
	 */
	st_link_mtu(port, 1280 + roll(220));
	/* The child keeps that address until the daemon changes it. */
	st_link_mac(port, mac);
	dwell();
	err = st_link_mtu(port, 1500);
	return err == -EMSGSIZE ? 0 : err;
}

static int port_down(FIXTURE_DATA(daemon) *self)
{
	int port = st_ifindex("vm1"), err = st_link_up(port, false);

	dwell();
	return err ? err : st_link_up(port, true);
}

static int reconfigured(FIXTURE_DATA(daemon) *self)
{
	int port, err;

	self->five = !self->five;
	err = configure(self);
	dwell();
	port = st_ifindex("vm5");
	if (!err && !self->five && port > 0)
		st_link_del(port);
	return err;
}

/*
 * The daemon logs the errors, and keeps what it knew of vm1.  For a while it does
 * not look after the other ports, which are no longer in the file.
 */
static int misconfigured(FIXTURE_DATA(daemon) *self)
{
	int err = daemon_configure(&self->d,
				   "[Port vm1]\nCandidate=v0 nonsense=1\n"
				   "Candidate\n[Port \n[Port vm1]\nMTUBytes=%u\n",
				   roll(100000));

	dwell();
	return err ? err : configure(self);
}

/*
 * Create more unrelated devices than the daemon's receive buffer can hold
 * messages for
 */
static int flood(FIXTURE_DATA(daemon) *self)
{
	char name[IFNAMSIZ];
	int i, err = 0;

	kill(self->d.pid, SIGSTOP);
	for (i = 0; i < 40 && !err; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		err = st_link_add(name, "dummy", 0);
		err = err < 0 ? err : 0;
	}
	while (i-- && !err) {
		snprintf(name, sizeof(name), "x%d", i);
		err = link_del(name);
	}
	kill(self->d.pid, SIGCONT);
	return err;
}

static int named(FIXTURE_DATA(daemon) *self)
{
	return st_sh("ip link property add dev v0 altname also-v0 && "
		     "ip link property del dev v0 altname also-v0") ? -EIO : 0;
}

/* Give the device to another master for a while, if possible. */
static int enslaved(FIXTURE_DATA(daemon) *self)
{
	const char *kind = roll(2) ? "bridge" : "bond";

	st_sh("exec 2>/dev/null; ip link add master9 type %s && "
	      "ip link set d2 nomaster down && "
	      "ip link set d2 master master9", kind);
	dwell();
	return link_del("master9") ?: st_link_up(st_ifindex("d2"), true);
}

/* Create an unrelated passthru macvlan, which may be refused. */
static int stranger(FIXTURE_DATA(daemon) *self)
{
	st_sh("exec 2>/dev/null; ip link add mine link d0 type macvlan mode "
	      "passthru");
	dwell();
	link_del("mine");
	return 0;
}

/* Clients that send invalid or incomplete requests, or never read */
static int bad_clients(FIXTURE_DATA(daemon) *self)
{
	static const char *const nonsense[] = {
		"", "{", "[]", "{\"events\": -1}", "{\"port\": 7}",
		"{\"events\": 0, \"port\": \"no such port\"}",
	};
	static const char *const unread[] = {
		"", "{\"status\"", "{\"status\": true}\n", "{\"events\": 0}\n",
	};
	json_t *answer = daemon_ask(nonsense[roll(ARRAY_SIZE(nonsense))]);
	int *deaf = &self->deaf[self->deaf_next++ % DEAF];

	json_decref(answer);
	close(*deaf);
	*deaf = daemon_ask_only(unread[roll(ARRAY_SIZE(unread))]);
	return *deaf < 0 ? *deaf : 0;
}

static const struct event {
	const char *name;
	int (*run)(FIXTURE_DATA(daemon) *self);
} events[] = {
	{ "device renamed", renamed },
	{ "dummy deleted, made anew", dummy_again },
	{ "veth deleted, made anew", veth_again },
	{ "direct lower deleted, made anew", direct_again },
	{ "the VLAN's device deleted, made anew", vlan_parent_again },
	{ "VLAN deleted", vlan_deleted },
	{ "carrier loss", carrier_lost },
	{ "device down, up", set_down },
	{ "deleted and made anew at once", batch },
	{ "device moved, fetched", moved },
	{ "port deleted", port_deleted },
	{ "port renamed", port_renamed },
	{ "detached by hand", detached_by_hand },
	{ "attached by hand", attached_by_hand },
	{ "the port's MAC and MTU", port_changed },
	{ "port down, up", port_down },
	{ "configuration", reconfigured },
	{ "bad configuration", misconfigured },
	{ "flood of devices", flood },
	{ "altname", named },
	{ "another master", enslaved },
	{ "a stranger's macvlan", stranger },
	{ "bad clients", bad_clients },
};

#define EVENTS ARRAY_SIZE(events)

/*
 * With a prime number of events, run_events() reaches each of them with any
 * step.
 */
_Static_assert(EVENTS == 23, "a prime number of events");

/* The ports' devices */

/* The parent of a device, or itself */
static int parent(int ifindex)
{
	char name[IFNAMSIZ], path[64], text[16] = "";
	int fd;

	if (!if_indextoname(ifindex, name))
		return -ENODEV;
	snprintf(path, sizeof(path), "/sys/class/net/%s/iflink", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return atoi(text);
}

static const struct place {
	const char *port, *device;
	bool whole;
} places[] = {
	{ "vm1", "v0", false },
	{ "vm2", "d1.7", false },
	{ "vm3", "d2", true },
	{ "vm4", "v1", false },
	{ "vm5", "d0", false },
};

#define PLACES ARRAY_SIZE(places)
#define VM5 4

static bool is_in_place(FIXTURE_DATA(daemon) *self, const struct place *place)
{
	int port = st_ifindex(place->port), device = st_ifindex(place->device);
	struct stabletap_get get;

	if (port < 0 || device < 0 || st_get(self->control, port, &get) ||
	    get.state != STABLETAP_STATE_ATTACHED)
		return false;
	if (place->whole)
		return get.lower == device;
	return get.lower != device && parent(get.lower) == device;
}

static bool all_are_in_place(void *arg)
{
	FIXTURE_DATA(daemon) *self = arg;
	unsigned int i;
	bool all = true;

	for (i = 0; i < PLACES; i++) {
		if ((i == VM5 && !self->five) || is_in_place(self, &places[i]))
			continue;
		/*
		 * An attach that found the device down set it up.  The detach
		 * has set it down again, even if something else has set it up
		 * meanwhile.
		 */
		st_link_up(st_ifindex(places[i].device), true);
		all = false;
	}
	return all;
}

static int at_rest(FIXTURE_DATA(daemon) *self)
{
	unsigned int i;

	if (st_wait(all_are_in_place, self, REST_DEADLINE))
		return 0;
	for (i = 0; i < PLACES; i++)
		if ((i != VM5 || self->five) && !is_in_place(self, &places[i]))
			printf("# %s is not on %s\n", places[i].port,
			       places[i].device);
	st_sh("stabletap status; stabletap events | tail -n 40; "
	      "ip -br link; tail -n 40 /proc/%d/fd/%d", getpid(), self->d.log);
	return -ETIMEDOUT;
}

/* Check that vm1's fd still works. */
static int fd_works(FIXTURE_DATA(daemon) *self)
{
	struct ifreq ifr = {};
	uint8_t frame[100];

	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT,
		 ++self->number);
	if (ioctl(self->fd, TUNGETIFF, &ifr))
		return -errno;
	return st_fd_write(self->fd, frame, sizeof(frame)) == sizeof(frame) ?
	       0 : -EIO;
}

static bool daemon_runs(FIXTURE_DATA(daemon) *self)
{
	siginfo_t info = {};

	return !waitid(P_PID, self->d.pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

static void runners_start(FIXTURE_DATA(daemon) *self)
{
	int i;

	self->told->stop = false;
	fflush(NULL);
	for (i = 0; i < RUNNERS; i++) {
		self->runner[i] = fork();
		if (!self->runner[i])
			command_again_and_again(self->told, i);
	}
}

/* Stop the processes that run commands. */
static void runners_stop(FIXTURE_DATA(daemon) *self)
{
	uint64_t deadline = st_now() + REST_DEADLINE * 1000000ULL;
	int i;

	__atomic_store_n(&self->told->stop, true, __ATOMIC_RELEASE);
	/* A monitor ends after some lines, so cause events. */
	for (i = 0; i < RUNNERS; i++)
		while (self->runner[i] > 0 &&
		       !waitpid(self->runner[i], NULL, WNOHANG)) {
			detached_by_hand(self);
			dwell();
			if (st_now() < deadline)
				continue;
			printf("# a command doesn't end\n");
			MARK_DONE(self->told->failed);
			kill(self->runner[i], SIGKILL);
		}
	/* The last command may have been "pin", so undo it. */
	command_run(self->told, UNPIN);
}

static int run_event(FIXTURE_DATA(daemon) *self, const struct event *event)
{
	uint64_t next = st_now() + EVERY_MS * 1000000ULL;
	struct timespec ts;
	int err = event->run(self);

	if (err) {
		printf("# event \"%s\": %s; %s\n", event->name, strerror(-err),
		       st_msg);
		return err;
	}
	if (!daemon_runs(self)) {
		printf("# no daemon any more, after \"%s\"\n", event->name);
		return -ESRCH;
	}
	err = fd_works(self);
	if (err) {
		printf("# the fd after \"%s\": %s\n", event->name,
		       strerror(-err));
		return err;
	}
	ts.tv_sec = next / 1000000000ULL;
	ts.tv_nsec = next % 1000000000ULL;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	return 0;
}

/* Number of bytes that the daemon has allocated now, or a negative errno */
static long allocated_now(FIXTURE_DATA(daemon) *self)
{
	uint64_t deadline = st_now() + REST_DEADLINE * 1000000ULL, bytes = 0;
	int fd = open(ALLOCATED, O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, 0) || kill(self->d.pid, SIGUSR2))
		err = -errno;
	while (!err && pread(fd, &bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		if (st_now() > deadline)
			err = -ETIMEDOUT;
		dwell();
	}
	close(fd);
	return err ? err : (long)bytes;
}

static int measure(FIXTURE_DATA(daemon) *self)
{
	long bytes = allocated_now(self);

	self->allocated[self->measured++ % MEASUREMENTS] = bytes;
	return bytes < 0 ? bytes : 0;
}

static long least_allocated(FIXTURE_DATA(daemon) *self)
{
	long least = self->allocated[0];
	int i;

	for (i = 1; i < MEASUREMENTS; i++)
		if (self->allocated[i] < least)
			least = self->allocated[i];
	return least;
}

static int open_fds(FIXTURE_DATA(daemon) *self)
{
	char path[32];
	struct dirent *e;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", self->d.pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/* Run @n events, all kinds equally often, in an order that varies */
static int run_events(FIXTURE_DATA(daemon) *self, unsigned int n)
{
	unsigned int first = 0, step = 1, i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		if (i % EVENTS == 0) {
			first = roll(EVENTS);
			step = 1 + roll(EVENTS - 1);
		}
		err = run_event(self, &events[(first + i * step) % EVENTS]);
		if (!err && i % AT_REST_EVERY == AT_REST_EVERY - 1) {
			runners_stop(self);
			err = at_rest(self);
			if (!err)
				err = measure(self);
			printf("# %u of %u events: %ld bytes allocated, %ld KiB resident, %d fds\n",
			       i + 1, n, self->allocated[(self->measured - 1) %
			       MEASUREMENTS], daemon_resident(&self->d),
			       open_fds(self));
			fflush(stdout);
			runners_start(self);
		}
	}
	runners_stop(self);
	return err ? err : at_rest(self);
}

/* Print the reports of the sanitizers.  Returns their number. */
static unsigned int reports(void)
{
	return st_sh("for f in " REPORT "*; do [ ! -e $f ] || "
		     "{ sed 's/^/# /' $f; bad=1; }; done; exit ${bad:-0}");
}

/* Set PATH and the sanitizers' options. */
static int set_environment(void)
{
	const char *top = getenv("STABLETAP_TOP"), *path = getenv("PATH");
	static char text[4096];

	if (!top || !path)
		return -ENOENT;
	snprintf(text, sizeof(text), "%s/build/san/bin/stabletapd", top);
	if (access(text, X_OK))
		return -errno;
	snprintf(text, sizeof(text), "%s/build/san/bin:%s", top, path);
	setenv("PATH", text, 1);
	setenv("STABLETAPD_RCVBUF", RCVBUF, 1);
	setenv("STABLETAPD_ALLOCATED", ALLOCATED, 1);
	/* The sanitizer keeps a little freed memory, to notice its use. */
	setenv("ASAN_OPTIONS", "detect_leaks=1:quarantine_size_mb=1:"
	       "thread_local_quarantine_size_kb=64:malloc_context_size=10:"
	       "exitcode=99:log_path=" REPORT, 1);
	setenv("LSAN_OPTIONS", "exitcode=99:log_path=" REPORT, 1);
	setenv("UBSAN_OPTIONS", "print_stacktrace=1:exitcode=99:log_path="
	       REPORT, 1);
	return 0;
}

FIXTURE_SETUP(daemon)
{
	int i;

	memset(self, 0, sizeof(*self));
	for (i = 0; i < DEAF; i++)
		self->deaf[i] = -1;
	ASSERT_EQ(0, set_environment()) {
		TH_LOG("make -C userspace SAN=1 builds what this runs");
	}
	ASSERT_EQ(0, st_sh("rm -f " REPORT "*"));
	ASSERT_EQ(0, daemon_init(&self->d));
	ASSERT_EQ(0, st_netns_new());
	self->here = st_netns_fd();
	self->there = st_netns_another();
	self->away = st_netns_another();
	ASSERT_LE(0, self->there);
	ASSERT_LE(0, self->away);
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->told = mmap(NULL, sizeof(*self->told), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->told);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, veth_make(self, i));
	ASSERT_EQ(0, dummy_make("d0"));
	ASSERT_EQ(0, dummy_make("d1"));
	ASSERT_EQ(0, dummy_make("d2"));
	ASSERT_EQ(0, configure(self));
	ASSERT_EQ(0, daemon_start(&self->d)) {
		TH_LOG("%s", daemon_log(&self->d));
	}
	ASSERT_EQ(0, at_rest(self));
	self->fd = st_port_open(self->control, st_ifindex("vm1"), 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(daemon)
{
	daemon_end(&self->d);
	close(self->fd);
	close(self->control);
	close(self->here);
	close(self->there);
	close(self->away);
}

static void print_commands(const struct told *told)
{
	unsigned int i, j;

	for (i = 0; i < COMMANDS; i++) {
		printf("# stabletap");
		for (j = 0; j < 8 && commands[i][j]; j++)
			printf(" %s", commands[i][j]);
		printf(": %u done, %u refused\n", told->done[i],
		       told->refused[i]);
	}
}

TEST_F_TIMEOUT(daemon, has_no_fault_and_does_not_grow,
	       14400)
{
	const char *asked = getenv("FRAMES");
	unsigned int n = (asked && *asked ? strtoul(asked, NULL, 10) :
			  SOAK_FRAMES) / FRAMES_AN_EVENT, i;
	struct told *told = self->told;
	long before, after;
	int status, fds;

	if (n < LEAST_EVENTS)
		n = LEAST_EVENTS;

	runners_start(self);
	ASSERT_EQ(0, run_events(self, WARM_UP));
	before = least_allocated(self);
	fds = open_fds(self);
	ASSERT_LT(0, before);
	runners_start(self);
	EXPECT_EQ(0, run_events(self, n));
	after = least_allocated(self);
	TH_LOG("%u events of %zu kinds; %ld bytes before, %ld after", n,
	       EVENTS, before, after);
	EXPECT_GT(before + MAY_GROW, after);
	/* Some of the deaf clients' connections may not be closed yet. */
	EXPECT_GE(fds + DEAF, open_fds(self));

	/* Each command must have succeeded at least once. */
	print_commands(told);
	for (i = 0; i < COMMANDS; i++)
		EXPECT_LT(0, told->done[i] + (i == MONITOR) * told->refused[i]);
	EXPECT_EQ(0, told->failed) {
		TH_LOG("the last: %s, wait status %#x",
		       commands[told->which][0], told->status);
	}
	EXPECT_TRUE(daemon_said(&self->d, "events were lost"));
	/* The sanitizer looks for leaks at exit. */
	status = daemon_stop(&self->d);
	EXPECT_EQ(0, status) {
		TH_LOG("%s", daemon_log(&self->d));
	}
	EXPECT_EQ(0, reports());
}

TEST_HARNESS_MAIN
