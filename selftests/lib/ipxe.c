// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "ipxe.h"

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
#include <sys/wait.h>
#include <unistd.h>

#include "st.h"

#define BOOT_MS		400000
#define SILENT_MS	1000
#define ANSWER_MS	3000	/* for emulation inside emulation */
#define ROW		5	/* answers in a row that show a guest alive */

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

/* The script starts a shell, so that iPXE keeps its network open. */
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

int ipxe_serve(struct ipxe *guest)
{
	int err;

	memset(guest, 0, sizeof(*guest));
	guest->icmp = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (guest->icmp < 0)
		return -errno;
	strcpy(guest->dir, "/tmp/ipxe.XXXXXX");
	if (!mkdtemp(guest->dir))
		return -errno;
	err = st_sh("ip link add switch address 52:54:00:00:00:02 "
		    "type bridge && ip link set switch up && "
		    "ip addr add 10.77.0.1/24 dev switch");
	if (err || write_files(guest->dir))
		return -EIO;
	guest->dhcp = spawn_in(guest->dir,
			       "busybox udhcpd -f udhcpd.conf 2>/dev/null");
	guest->http = spawn_in(guest->dir, "busybox httpd -f -v "
			       "-p 10.77.0.1:80 -h www 2>log");
	return guest->dhcp < 0 || guest->http < 0 ? -EAGAIN : 0;
}

int ipxe_start(struct ipxe *guest, int fd, const char *args)
{
	return qemu_boot(&guest->qemu, &fd, 1, "-m 32 -boot n "
			 "-netdev tap,id=n0,fd=%d,vhost=on "
			 "-device virtio-net-pci,id=net0,netdev=n0,addr=%d,"
			 "mac=52:54:00:00:00:01 %s", fd, IPXE_SLOT, args);
}

static void stop(pid_t pid)
{
	if (pid > 0 && !kill(pid, SIGKILL))
		waitpid(pid, NULL, 0);
}

void ipxe_end(struct ipxe *guest)
{
	qemu_kill(&guest->qemu);
	stop(guest->dhcp);
	stop(guest->http);
	if (guest->dir[0])
		st_sh("rm -rf %s", guest->dir);
	close(guest->icmp);
}

static bool is_answered(struct ipxe *guest, int sequence, int ms)
{
	uint64_t deadline = st_now() + ms * 1000000ULL;
	uint8_t buf[512];
	struct icmphdr *reply;
	ssize_t len;
	int left;

	while ((left = (int64_t)(deadline - st_now()) / 1000000) > 0 &&
	       st_readable(guest->icmp, left) > 0) {
		len = recv(guest->icmp, buf, sizeof(buf), MSG_DONTWAIT);
		reply = (struct icmphdr *)(buf + 20);
		if (len >= 28 && reply->type == ICMP_ECHOREPLY &&
		    reply->un.echo.id == htons(getpid() & 0xffff) &&
		    reply->un.echo.sequence == htons(sequence & 0xffff))
			return true;
	}
	return false;
}

/* Ping once.  Returns true if an answer comes within @ms. */
static bool ping(struct ipxe *guest, int ms)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct icmphdr echo = { .type = ICMP_ECHO };
	const uint16_t *word = (void *)&echo;
	uint32_t sum = 0;

	inet_pton(AF_INET, IPXE_ADDRESS, &to.sin_addr);
	echo.un.echo.id = htons(getpid() & 0xffff);
	echo.un.echo.sequence = htons(++guest->sequence & 0xffff);
	for (size_t i = 0; i < sizeof(echo) / 2; i++)
		sum += word[i];
	echo.checksum = ~((sum & 0xffff) + (sum >> 16));
	if (sendto(guest->icmp, &echo, sizeof(echo), 0, (struct sockaddr *)&to,
		   sizeof(to)) < 0) {
		/* The guest's MAC address is not known yet. */
		usleep(50000);
		return false;
	}
	if (!is_answered(guest, guest->sequence, ms))
		return false;
	if (guest->heard && st_now() - guest->heard > guest->silence)
		guest->silence = st_now() - guest->heard;
	guest->heard = st_now();
	return true;
}

bool ipxe_answers(struct ipxe *guest, int deadline_ms)
{
	uint64_t deadline = st_now() + deadline_ms * 1000000ULL;
	int row = 0;

	while (row < ROW && st_now() < deadline && qemu_runs(&guest->qemu))
		row = ping(guest, ANSWER_MS) ? row + 1 : 0;
	return row == ROW;
}

bool ipxe_is_silent(struct ipxe *guest)
{
	uint64_t deadline = st_now() + SILENT_MS * 1000000ULL;

	while (st_now() < deadline)
		if (ping(guest, 200))
			return false;
	return true;
}

/* Poll rarely: the guest needs the processor. */
bool ipxe_boots(struct ipxe *guest)
{
	uint64_t deadline = st_now() + BOOT_MS * 1000000ULL;
	char path[80], text[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/log", guest->dir);
	while (st_now() < deadline && qemu_runs(&guest->qemu)) {
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
