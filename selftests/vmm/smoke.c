// SPDX-License-Identifier: GPL-2.0
/*
 * A real guest: iPXE, out of the ROM of QEMU's own NIC.  It takes a lease by
 * DHCP and a script by HTTP, and answers pings; the host is the peer.
 *
 *	iPXE - QEMU - fd, vhost - vm1 - mv0 (macvlan) - v0 ==== p0 - switch
 *	                                       (then mv1 on v1 ==== p1)
 *
 * vm-timeout: 400
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "qemu.h"
#include "st.h"

#define TIMEOUT		360	/* seconds; a busy machine in emulation */
#define BOOT_MS		200000
#define BACK_MS		30000
#define SILENT_MS	1000
#define ROW		5	/* answers in a row make a guest alive */

FIXTURE(smoke) {
	int control;
	int port;
	int icmp;
	int sequence;
	char dir[64];
	pid_t dhcp;
	pid_t http;
	struct qemu qemu;
};

static pid_t spawn(const char *command)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static pid_t spawn_in(const char *dir, const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && exec %s", dir, command);
	return spawn(line);
}

/* The script keeps iPXE where it is, with its network open. */
static int write_files(const char *dir)
{
	return st_sh("cd %s && mkdir www && "
		     "printf '#!ipxe\\nshell\\n' >www/boot && "
		     "printf '%%s\\n' 'interface switch' 'start 10.77.0.10' "
		     "'end 10.77.0.10' 'lease_file leases' 'pidfile pid' "
		     "'boot_file http://10.77.0.1/boot' 'siaddr 10.77.0.1' "
		     "'option subnet 255.255.255.0' >udhcpd.conf && "
		     ": >leases", dir);
}

/* NIC number @nr: one end ours, the other plugged into the switch */
static int plug_nic(int nr)
{
	char name[16], peer[16];
	int err;

	snprintf(name, sizeof(name), "v%d", nr);
	snprintf(peer, sizeof(peer), "p%d", nr);
	err = st_veth_add(name, peer, -1);
	if (err)
		return err;
	return st_link_master(st_ifindex(peer), st_ifindex("switch"));
}

static bool is_answered(FIXTURE_DATA(smoke) *self, int sequence, int ms)
{
	uint64_t deadline = st_now() + ms * 1000000ULL;
	uint8_t buf[512];
	struct icmphdr *reply;
	ssize_t len;
	int left;

	while ((left = (int64_t)(deadline - st_now()) / 1000000) > 0 &&
	       st_readable(self->icmp, left) > 0) {
		len = recv(self->icmp, buf, sizeof(buf), MSG_DONTWAIT);
		reply = (struct icmphdr *)(buf + 20);
		if (len >= 28 && reply->type == ICMP_ECHOREPLY &&
		    reply->un.echo.id == htons(getpid() & 0xffff) &&
		    reply->un.echo.sequence == htons(sequence & 0xffff))
			return true;
	}
	return false;
}

/* Ping once; does an answer come within @ms? */
static bool ping(FIXTURE_DATA(smoke) *self, int ms)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct icmphdr echo = { .type = ICMP_ECHO };
	const uint16_t *word = (void *)&echo;
	uint32_t sum = 0;

	inet_pton(AF_INET, "10.77.0.10", &to.sin_addr);
	echo.un.echo.id = htons(getpid() & 0xffff);
	echo.un.echo.sequence = htons(++self->sequence & 0xffff);
	for (size_t i = 0; i < sizeof(echo) / 2; i++)
		sum += word[i];
	echo.checksum = ~((sum & 0xffff) + (sum >> 16));
	if (sendto(self->icmp, &echo, sizeof(echo), 0, (struct sockaddr *)&to,
		   sizeof(to)) < 0) {
		/* Its MAC address is not known: no hurry. */
		usleep(50000);
		return false;
	}
	return is_answered(self, self->sequence, ms);
}

static bool answers(FIXTURE_DATA(smoke) *self, int deadline_ms)
{
	uint64_t deadline = st_now() + deadline_ms * 1000000ULL;
	int row = 0;

	while (row < ROW && st_now() < deadline && qemu_runs(&self->qemu))
		row = ping(self, 500) ? row + 1 : 0;
	return row == ROW;
}

static bool is_silent(FIXTURE_DATA(smoke) *self)
{
	uint64_t deadline = st_now() + SILENT_MS * 1000000ULL;

	while (st_now() < deadline)
		if (ping(self, 200))
			return false;
	return true;
}

/* Has the guest got its script?  A look now and then: it needs the processor. */
static bool boots(FIXTURE_DATA(smoke) *self)
{
	uint64_t deadline = st_now() + BOOT_MS * 1000000ULL;
	char path[80], text[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/log", self->dir);
	while (st_now() < deadline && qemu_runs(&self->qemu)) {
		usleep(100000);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[len > 0 ? len : 0] = 0;
		if (strstr(text, "response:200"))
			return true;
	}
	return false;
}

FIXTURE_SETUP(smoke)
{
	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, st_sh("ip link add switch address 52:54:00:00:00:02 "
			   "type bridge && ip link set switch up && "
			   "ip addr add 10.77.0.1/24 dev switch"));
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, plug_nic(0));
	ASSERT_LT(0, st_macvlan_add("mv0", st_ifindex("v0"),
				    (uint8_t *)ST_MAC_PORT, self->port));
	self->icmp = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	ASSERT_LE(0, self->icmp);

	strcpy(self->dir, "/tmp/smoke.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, write_files(self->dir));
	self->dhcp = spawn_in(self->dir,
			      "busybox udhcpd -f udhcpd.conf 2>/dev/null");
	self->http = spawn_in(self->dir, "busybox httpd -f -v -p 10.77.0.1:80 "
			      "-h www 2>log");
	ASSERT_LT(0, self->dhcp);
	ASSERT_LT(0, self->http);
}

static void stop(pid_t pid)
{
	if (pid > 0 && !kill(pid, SIGKILL))
		waitpid(pid, NULL, 0);
}

FIXTURE_TEARDOWN(smoke)
{
	qemu_kill(&self->qemu);
	stop(self->dhcp);
	stop(self->http);
	st_sh("rm -rf %s", self->dir);
	close(self->icmp);
	close(self->control);
}

TEST_F_TIMEOUT(smoke, a_real_guest_answers_pings_again_after_each_loss,
	       TIMEOUT)
{
	struct stabletap_get get;
	int fd;

	fd = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, qemu_boot(&self->qemu, &fd, 1, "-m 32 -boot n "
			       "-netdev tap,id=n0,fd=%d,vhost=on "
			       "-device virtio-net-pci,netdev=n0,"
			       "mac=52:54:00:00:00:01", fd)) {
		TH_LOG("%s", qemu_log(&self->qemu));
	}
	close(fd);
	ASSERT_TRUE(boots(self)) {
		TH_LOG("the guest did not boot: %s", qemu_log(&self->qemu));
	}
	ASSERT_TRUE(answers(self, BACK_MS));

	/* The macvlan goes and comes back. */
	ASSERT_EQ(0, st_link_del(st_ifindex("mv0")));
	ASSERT_TRUE(is_silent(self));
	ASSERT_LT(0, st_macvlan_add("mv0", st_ifindex("v0"),
				    (uint8_t *)ST_MAC_PORT, self->port));
	ASSERT_TRUE(answers(self, BACK_MS));

	/* The NIC goes for good, and another one comes. */
	ASSERT_EQ(0, st_link_del(st_ifindex("v0")));
	ASSERT_TRUE(is_silent(self));
	ASSERT_EQ(0, plug_nic(1));
	ASSERT_LT(0, st_macvlan_add("mv1", st_ifindex("v1"),
				    (uint8_t *)ST_MAC_PORT, self->port));
	ASSERT_TRUE(answers(self, BACK_MS));

	ASSERT_TRUE(qemu_runs(&self->qemu));
	ASSERT_STREQ("", qemu_log(&self->qemu));
	ASSERT_EQ(0, st_get(self->control, self->port, &get));
	ASSERT_EQ(1, get.open_queues);
	ASSERT_EQ(2, get.losses);
}

TEST_HARNESS_MAIN
