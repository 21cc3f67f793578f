// SPDX-License-Identifier: GPL-2.0
/*
 * pinger - ping guests many times a second, and report when they did not answer
 *
 *	pinger INTERVAL_MS NAME=ADDRESS...
 *
 * Reads commands from standard input, one on each line; prints the timeline to
 * standard output, and answers commands on file descriptor 3:
 *
 *	say TEXT		print TEXT with the time
 *	mark TEXT		likewise; the part of TEXT before its colon names
 *				a possible cause of lost pings
 *	start			forget all pings so far
 *	wait NAME N MS		answer "ok" as soon as N pings in a row, sent
 *				from now on, are answered; "no" after MS
 *				milliseconds
 *	silent NAME S MS	answer "ok" as soon as the guest was silent for S
 *				milliseconds from now on; "no" likewise
 *	pause NAME		stop sending pings to this guest
 *	resume NAME		send pings to it again
 *	end			print which pings were lost and when, and exit;
 *				answer "NAME sent lost windows" for each guest
 *
 * A ping is lost if its answer has not arrived by the end; a late answer is no
 * loss.  A window is a run of lost pings.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_TARGETS	4
#define MAX_MARKS	64
#define SECOND		1000000000ULL
/*
 * A silence this long is reported while it lasts, even if no command asks for
 * it: an emulated guest is sometimes slow.
 */
#define TELL_AFTER	(3 * SECOND)
/* Time at the end for answers that are still on their way */
#define LINGER		(5 * SECOND)
/* A mark this long before or after the begin of a window is not its cause. */
#define TOO_FAR		(10 * SECOND)

struct ping {
	uint64_t sent;
	bool answered;
};

struct target {
	const char *name;
	struct sockaddr_in addr;
	struct ping *pings;
	size_t n;
	size_t room;
	size_t first;		/* first ping after "start" */
	uint64_t heard;		/* time of the last answer; 0: none yet */
	uint64_t slowest;
	bool paused;
	bool told;		/* the present silence was reported */
};

/* Payload after the ICMP header */
struct payload {
	uint64_t run;		/* identifies this run of the pinger */
	uint32_t target;
	uint32_t number;
};

struct request {
	bool active;
	bool silent;
	struct target *target;
	size_t from;		/* first ping after the request */
	uint64_t asked;
	uint64_t wanted;	/* pings, or nanoseconds of silence */
	uint64_t deadline;
};

static struct target targets[MAX_TARGETS];
static size_t targets_n;
static struct { uint64_t when; char text[160]; } marks[MAX_MARKS];
static size_t marks_n;
static struct request request;
static uint64_t run, began, interval;
static int icmp;
static FILE *answers;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static double seconds(uint64_t when)
{
	return (double)(when - began) / SECOND;
}

static void say(uint64_t when, const char *text)
{
	printf("%7.2f s  %s\n", seconds(when), text);
	fflush(stdout);
}

static void answer(const char *text)
{
	fprintf(answers, "%s\n", text);
	fflush(answers);
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *word++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/*
 * A ping that can't be sent (no route, no neighbour) counts as sent and lost.
 */
static void send_ping(struct target *t, uint64_t when)
{
	struct {
		struct icmphdr icmp;
		struct payload payload;
	} packet = {
		.icmp.type = ICMP_ECHO,
		.icmp.un.echo.id = htons(run & 0xffff),
		.icmp.un.echo.sequence = htons(t->n & 0xffff),
		.payload.run = run,
		.payload.target = t - targets,
		.payload.number = t->n,
	};

	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 1024;
		t->pings = realloc(t->pings, t->room * sizeof(*t->pings));
		if (!t->pings)
			exit(1);
	}
	t->pings[t->n++] = (struct ping){ .sent = when };
	packet.icmp.checksum = checksum(&packet, sizeof(packet));
	if (sendto(icmp, &packet, sizeof(packet), MSG_DONTWAIT,
		   (struct sockaddr *)&t->addr, sizeof(t->addr)) < 0)
		return;
}

/* A run of lost pings: [from, to) */
struct window {
	size_t from;
	size_t to;
};

static bool next_window(const struct target *t, size_t from, struct window *w)
{
	while (from < t->n && t->pings[from].answered)
		from++;
	w->from = from;
	while (from < t->n && !t->pings[from].answered)
		from++;
	w->to = from;
	return w->to > w->from;
}

/*
 * The mark nearest to the begin of a window.  It may be a later one: answers to
 * pings that waited in the guest when its lower was deleted are lost too.
 */
static const char *cause(uint64_t when)
{
	const char *text = "no step of the demo";
	uint64_t distance, nearest = TOO_FAR;

	for (size_t i = 0; i < marks_n; i++) {
		distance = when > marks[i].when ? when - marks[i].when :
			   marks[i].when - when;
		if (distance < nearest) {
			nearest = distance;
			text = marks[i].text;
		}
	}
	return text;
}

static void add_mark(const char *text)
{
	const char *colon = strchr(text, ':');

	say(now(), text);
	if (marks_n == MAX_MARKS)
		return;
	text += strspn(text, " ");
	marks[marks_n].when = now();
	snprintf(marks[marks_n++].text, sizeof(marks->text), "%.*s",
		 colon ? (int)(colon - text) : 159, text);
}

static void tell_return(struct target *t, size_t number)
{
	char text[256];
	size_t from = number;

	while (from > t->first && !t->pings[from - 1].answered)
		from--;
	snprintf(text, sizeof(text), "         %s: answers again", t->name);
	if (from < number)
		snprintf(text, sizeof(text),
			 "         %s: answers again after %zu lost pings",
			 t->name, number - from);
	say(now(), text);
}

static void receive(void)
{
	struct {
		struct icmphdr icmp;
		struct payload payload;
	} *reply;
	char buf[2048] __attribute__((aligned(8)));
	struct iphdr *ip = (void *)buf;
	struct target *t;
	struct ping *p;
	ssize_t len;
	size_t header;

	while ((len = recv(icmp, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		header = ip->ihl * 4;
		reply = (void *)(buf + header);
		if (len < (ssize_t)(header + sizeof(*reply)) ||
		    reply->icmp.type != ICMP_ECHOREPLY ||
		    reply->payload.run != run ||
		    reply->payload.target >= targets_n)
			continue;
		t = &targets[reply->payload.target];
		if (reply->payload.number >= t->n)
			continue;
		p = &t->pings[reply->payload.number];
		p->answered = true;
		if (reply->payload.number >= t->first &&
		    now() - p->sent > t->slowest)
			t->slowest = now() - p->sent;
		t->heard = now();
		if (t->told) {
			t->told = false;
			tell_return(t, reply->payload.number);
		}
	}
}

static void tell_silence(struct target *t, uint64_t when, uint64_t after)
{
	char text[256];

	if (t->told || t->paused || !t->heard || when - t->heard < after)
		return;
	t->told = true;
	snprintf(text, sizeof(text), "         %s: no answers since %.2f s",
		 t->name, seconds(t->heard));
	say(when, text);
}

static size_t answered_in_a_row(const struct target *t, size_t from,
				size_t wanted)
{
	size_t row = 0;

	for (; from < t->n && row < wanted; from++)
		row = t->pings[from].answered ? row + 1 : 0;
	return row;
}

static bool request_done(uint64_t when)
{
	const struct target *t = request.target;
	uint64_t since = t->heard > request.asked ? t->heard : request.asked;

	if (request.silent)
		return when - since >= request.wanted;
	return answered_in_a_row(t, request.from, request.wanted) >=
	       request.wanted;
}

/* Answer the request if it is fulfilled or its time is over. */
static void check_request(uint64_t when)
{
	if (!request.active)
		return;
	if (request_done(when)) {
		if (request.silent)
			tell_silence(request.target, when, 0);
		answer("ok");
	} else if (when > request.deadline) {
		answer("no");
	} else {
		return;
	}
	request.active = false;
}

static struct target *find_target(const char *name)
{
	for (size_t i = 0; i < targets_n; i++)
		if (name && !strcmp(targets[i].name, name))
			return &targets[i];
	fprintf(stderr, "pinger: unknown target %s\n", name ? name : "");
	exit(2);
}

static void report_target(const struct target *t)
{
	size_t lost = 0, windows = 0;
	struct window w = { .to = t->first };
	char text[128];

	while (next_window(t, w.to, &w)) {
		lost += w.to - w.from;
		windows++;
	}
	printf("  %s: %zu pings sent, %zu lost in %zu window%s; "
	       "slowest answer %.0f ms\n",
	       t->name, t->n - t->first, lost, windows,
	       windows == 1 ? "" : "s", (double)t->slowest / 1000000);
	for (w.to = t->first; next_window(t, w.to, &w); ) {
		if (w.to < t->n)
			printf("    %7.2f - %6.2f s  %4zu lost: %s\n",
			       seconds(t->pings[w.from].sent),
			       seconds(t->pings[w.to].sent), w.to - w.from,
			       cause(t->pings[w.from].sent));
		else
			printf("    %7.2f s - the end %4zu lost: %s\n",
			       seconds(t->pings[w.from].sent), w.to - w.from,
			       cause(t->pings[w.from].sent));
	}
	snprintf(text, sizeof(text), "%s %zu %zu %zu", t->name,
		 t->n - t->first, lost, windows);
	answer(text);
}

static bool all_heard(void)
{
	for (size_t i = 0; i < targets_n; i++)
		if (targets[i].n > targets[i].first &&
		    !targets[i].pings[targets[i].n - 1].answered)
			return false;
	return true;
}

static void end(void)
{
	struct pollfd pfd = { .fd = icmp, .events = POLLIN };
	uint64_t deadline = now() + LINGER;

	while (now() < deadline && !all_heard()) {
		poll(&pfd, 1, 50);
		receive();
	}
	for (size_t i = 0; i < targets_n; i++)
		report_target(&targets[i]);
	fflush(stdout);
	exit(0);
}

static void command_request(bool silent, char *rest)
{
	struct target *t = find_target(strtok(rest, " "));
	char *wanted = strtok(NULL, " "), *ms = strtok(NULL, " ");

	if (!wanted || !ms)
		exit(2);
	request = (struct request){
		.active = true,
		.silent = silent,
		.target = t,
		.from = t->n,
		.asked = now(),
		.wanted = atoll(wanted) * (silent ? 1000000 : 1),
		.deadline = now() + atoll(ms) * 1000000,
	};
}

static void command(char *line)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = 0;
	if (!strcmp(line, "end"))
		end();
	if (!strcmp(line, "start")) {
		for (size_t i = 0; i < targets_n; i++) {
			targets[i].first = targets[i].n;
			targets[i].slowest = 0;
			targets[i].told = false;
		}
		return;
	}
	if (!rest) {
		fprintf(stderr, "pinger: unknown command %s\n", line);
		exit(2);
	}
	if (!strcmp(line, "say")) {
		say(now(), rest);
	} else if (!strcmp(line, "mark")) {
		add_mark(rest);
	} else if (!strcmp(line, "wait")) {
		command_request(false, rest);
	} else if (!strcmp(line, "silent")) {
		command_request(true, rest);
	} else if (!strcmp(line, "pause")) {
		find_target(rest)->paused = true;
	} else if (!strcmp(line, "resume")) {
		find_target(rest)->paused = false;
	} else {
		fprintf(stderr, "pinger: unknown command %s\n", line);
		exit(2);
	}
}

/* Not with stdio, because poll() does not see data in stdio's buffer. */
static void take_commands(void)
{
	static char buf[4096];
	static size_t len;
	ssize_t got = read(0, buf + len, sizeof(buf) - 1 - len);
	char *line = buf, *next;

	if (got <= 0)
		end();
	len += got;
	buf[len] = 0;
	while ((next = strchr(line, '\n'))) {
		*next = 0;
		command(line);
		line = next + 1;
	}
	len = strlen(line);
	memmove(buf, line, len + 1);
}

static void loop(void)
{
	struct pollfd pfd[] = {
		{ .fd = 0, .events = POLLIN },
		{ .fd = icmp, .events = POLLIN },
	};
	uint64_t next = now();

	for (;;) {
		uint64_t when = now();

		if (when >= next) {
			for (size_t i = 0; i < targets_n; i++)
				if (!targets[i].paused)
					send_ping(&targets[i], when);
			/*
			 * After a delay pings are skipped, not sent in a burst.
			 */
			while (next <= when)
				next += interval;
		}
		poll(pfd, 2, (next - when) / 1000000 + 1);
		if (pfd[1].revents)
			receive();
		if (pfd[0].revents)
			take_commands();
		for (size_t i = 0; i < targets_n; i++)
			tell_silence(&targets[i], now(), TELL_AFTER);
		check_request(now());
	}
}

int main(int argc, char **argv)
{
	int size = 1 << 20;

	began = now();
	run = began ^ ((uint64_t)getpid() << 32);
	answers = fdopen(3, "w");
	if (argc < 3 || argc > 2 + MAX_TARGETS || !answers ||
	    atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: pinger INTERVAL_MS NAME=ADDRESS... 3>ANSWERS\n");
		return 2;
	}
	interval = atoi(argv[1]) * 1000000ULL;
	for (int i = 2; i < argc; i++) {
		struct target *t = &targets[targets_n++];
		char *address = strchr(argv[i], '=');

		if (!address)
			return 2;
		*address++ = 0;
		t->name = argv[i];
		t->addr.sin_family = AF_INET;
		if (inet_pton(AF_INET, address, &t->addr.sin_addr) != 1)
			return 2;
	}
	icmp = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (icmp < 0) {
		perror("pinger: raw socket");
		return 1;
	}
	setsockopt(icmp, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	loop();
}
