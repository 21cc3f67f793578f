// SPDX-License-Identifier: GPL-2.0
/*
 * tcpdump, tc and nft on the port see and filter both directions.
 *
 *	fd -- vm1 (packet socket, tc, nft) -- v0 ==== p0 -- packet socket
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"

FIXTURE(tools) {
	struct scene s;
};

FIXTURE_SETUP(tools)
{
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
	ASSERT_EQ(0, scene_attach(&self->s));
}

FIXTURE_TEARDOWN(tools)
{
	scene_end(&self->s);
}

TEST_F(tools, a_packet_socket_sees_each_frame_once_with_its_direction)
{
	struct scene *s = &self->s;
	int fd = st_packet_open(s->port, true);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, scene_send(s));
	EXPECT_EQ(0, scene_seen(fd, s->port, s->number,
				PACKET_OUTGOING));
	ASSERT_EQ(0, scene_receive(s));
	EXPECT_EQ(0, scene_seen(fd, s->port, s->number,
				PACKET_HOST));
	EXPECT_EQ(0, st_readable(fd, 0));

	/*
	 * A frame that is written while detached is seen too: it has left the
	 * guest.
	 */
	ASSERT_EQ(0, st_detach(s->control, s->port));
	ASSERT_EQ(0, scene_write(s));
	EXPECT_EQ(0, scene_seen(fd, s->port, s->number,
				PACKET_OUTGOING));
	close(fd);
}

TEST_F(tools, tcpdump_sees_both_directions)
{
	struct scene *s = &self->s;
	FILE *dump;
	char line[512];
	int in = 0, out = 0;

	dump = popen("exec tcpdump -i vm1 -nn -l -c 2 --immediate-mode ether proto 0x88b5 2>&1",
		     "r");
	ASSERT_NE(NULL, dump);
	/* tcpdump prints this line when it is ready. */
	while (fgets(line, sizeof(line), dump))
		if (strstr(line, "listening on vm1"))
			break;
	ASSERT_EQ(0, scene_flows(s));
	while (fgets(line, sizeof(line), dump)) {
		out += !!strstr(line, "52:54:00:00:00:01 > 52:54:00:00:00:02");
		in += !!strstr(line, "52:54:00:00:00:02 > 52:54:00:00:00:01");
	}
	EXPECT_EQ(0, pclose(dump));
	EXPECT_EQ(1, out);
	EXPECT_EQ(1, in);
	EXPECT_EQ(0, scene_flows(s));
}

/*
 * Send a frame that must be dropped, remove the rule, and send another one.  If
 * the first frame had passed, it would arrive before the second.
 */
static int only_second_sent(struct scene *s, const char *undo)
{
	uint8_t frame[256];
	ssize_t len;

	if (scene_write(s) || st_sh("%s", undo) || scene_write(s))
		return -EIO;
	if (st_readable(s->peer, SCENE_DEADLINE) != 1)
		return -ETIMEDOUT;
	len = read(s->peer, frame, sizeof(frame));
	return st_frame_number(frame, len) == s->number ? 0 : -EBADMSG;
}

TEST_F(tools, tc_egress_drops_what_the_guest_sends)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("tc qdisc add dev vm1 clsact && "
			   "tc filter add dev vm1 egress matchall action drop"));
	EXPECT_EQ(0, only_second_sent(s, "tc qdisc del dev vm1 clsact"));
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
}

TEST_F(tools, tc_ingress_drops_what_the_guest_would_receive)
{
	struct scene *s = &self->s;
	uint8_t frame[256];
	ssize_t len;

	ASSERT_EQ(0, st_sh("tc qdisc add dev vm1 clsact && "
			   "tc filter add dev vm1 ingress matchall action drop"));
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_TRUE(scene_await_sh("tc -s filter show dev vm1 ingress | grep -q 'dropped 1,'"));
	ASSERT_EQ(0, st_sh("tc qdisc del dev vm1 clsact"));
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_EQ(1, st_readable(s->fd, SCENE_DEADLINE));
	len = st_fd_read(s->fd, frame, sizeof(frame));
	EXPECT_EQ(s->number, st_frame_number(frame, len));
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 1));
}

TEST_F(tools, nft_counts_and_drops_both_directions)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("nft add table netdev t && "
			   "nft 'add chain netdev t in { type filter hook ingress device vm1 priority 0; }'"));
	/* The egress hook exists since 5.16. */
	if (st_sh("nft 'add chain netdev t out { type filter hook egress device vm1 priority 0; }'"))
		SKIP(return, "this kernel has no nft egress hook");
	ASSERT_EQ(0, st_sh("nft add rule netdev t in counter && "
			   "nft add rule netdev t out counter"));
	ASSERT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, scene_send(s));
	EXPECT_EQ(0, st_sh("nft list chain netdev t in | grep -q 'counter packets 1 bytes'"));
	EXPECT_EQ(0, st_sh("nft list chain netdev t out | grep -q 'counter packets 2 bytes'"));
	ASSERT_EQ(0, st_sh("nft add rule netdev t out drop && "
			   "nft add rule netdev t in drop"));
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_TRUE(scene_await_sh("nft list chain netdev t in | grep -q 'counter packets 2 bytes'"));
	EXPECT_EQ(0, only_second_sent(s, "nft delete table netdev t"));
	EXPECT_EQ(1, SCENE_STAT(s, rx_packets));
}

/* Frames that the host sends through the port go to the lower too. */
TEST_F(tools, a_frame_that_the_host_sends_by_the_port_reaches_the_lower)
{
	struct scene *s = &self->s;
	int fd = st_packet_open(s->port, false);
	uint8_t frame[100];

	ASSERT_LE(0, fd);
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 33);
	ASSERT_EQ(100, st_packet_send(fd, s->port, frame, sizeof(frame)));
	EXPECT_EQ(0, scene_await_peer(s, 33, SCENE_DEADLINE));
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
	close(fd);
}

/*
 * netconsole sends with interrupts off, and dev_queue_xmit() of the lower must
 * not be called with interrupts off.
 */
TEST_F(tools, netconsole_on_a_port_is_refused)
{
	const char *set = "modprobe netconsole 2>/dev/null;"
		"mount -t configfs configfs /sys/kernel/config 2>/dev/null;"
		"mkdir /sys/kernel/config/netconsole/%s &&"
		"cd /sys/kernel/config/netconsole/%s &&"
		"echo %s >dev_name && echo 192.0.2.1 >local_ip &&"
		"echo 192.0.2.2 >remote_ip && echo 1 >enabled";
	const char *end = "echo 0 >/sys/kernel/config/netconsole/%s/enabled;"
		"rmdir /sys/kernel/config/netconsole/%s";

	/*
	 * Control: the same commands work with a bridge, which supports
	 * netpoll.
	 */
	ASSERT_EQ(0, st_sh("ip link add br0 up type bridge"));
	EXPECT_EQ(0, st_sh(set, "good", "good", "br0"));
	st_sh(end, "good", "good");
	ASSERT_EQ(0, st_sh("ip link del br0"));
	EXPECT_NE(0, st_sh(set, "bad", "bad", "vm1"));
	st_sh(end, "bad", "bad");
}

TEST_HARNESS_MAIN
