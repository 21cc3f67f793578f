// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the daemon's socket: every request gets an answer or is cut off, and
 * the status lists every port, whatever the name of its device.
 *
 * The first line of the input is the name of a device.  Each other line is the
 * request of a client; "|" splits it into several writes.
 */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core.h"
#include "fuzz.h"

#define CLIENTS_MAX 8
#define ANSWER_MAX 16384
#define REQUEST_MAX 512		/* as the server's limit */
#define CONF "[Port vm1]\nCandidate=name=* mode=direct\n" \
	"[Port vm2]\nCandidate=eth0 vlan=5\nCandidate=eth1\n"

static struct sockaddr_un at = { .sun_family = AF_UNIX };

/* ---- the daemon's side ---- */

static void know(struct daemon *d)
{
	struct happening what = { .port = "vm1", .event = "attached" };
	struct stabletap_link link = {
		.ifindex = 2, .type = ARPHRD_ETHER, .flags = IFF_UP,
		.link_netnsid = -1, .carrier = true, .name = "eth0",
	};

	must(!stabletap_links_put(&d->links, &link));
	history_add(d->history, &what);
}

/* Set up the data that answers are made from, without anything that acts. */
static void begin(struct daemon *d)
{
	static struct refusal refusal = { .dev = 2, .failures = 1 };
	char text[] = CONF;
	const char *tmp = getenv("TMPDIR");
	FILE *in = fmemopen(text, strlen(text), "r");
	size_t i;

	must(in);
	must(!conf_read_stream(in, "conf", stderr, &d->conf));
	fclose(in);
	must(sd_event_new(&d->loop) >= 0);
	d->history = history_new(4);
	d->ports_n = d->conf->ports_n;
	d->ports = calloc(d->ports_n, sizeof(*d->ports));
	must(d->history && d->ports);
	for (i = 0; i < d->ports_n; i++) {
		d->ports[i].daemon = d;
		d->ports[i].conf = &d->conf->ports[i];
		d->ports[i].dirty = true;
		/*
		 * The port is not created when a request causes a look at it.
		 */
		d->ports[i].retry_at = UINT64_MAX;
	}
	must(!probes_start(d) && !select_init(d));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/server.%d",
		 tmp ? tmp : "/tmp", (int)getpid());
	/* One port is on the device; the other was refused there. */
	d->ports[1].told.lower = 2;
	d->ports[0].refusals = &refusal;
	d->ports[0].refusals_n = 1;
	must(!server_start(d, at.sun_path));
	know(d);
}

/* Rename the device to @name. */
static void rename_device(struct daemon *d, const char *name, size_t len)
{
	struct happening what = { .port = "vm2", .event = "detached" };
	struct stabletap_link *link = stabletap_links_find(&d->links, 2);

	if (len >= sizeof(link->name))
		len = sizeof(link->name) - 1;
	memset(link->name, 0, sizeof(link->name));
	memcpy(link->name, name, strnlen(name, len));
	memcpy(what.from, link->name, sizeof(what.from));
	d->ports[0].override.pin = len & 1;
	memcpy(d->ports[0].override.dev, link->name, sizeof(link->name));
	select_all(d);
	history_add(d->history, &what);
}

static void turn(struct daemon *d)
{
	while (sd_event_run(d->loop, 0) > 0)
		;
}

/* ---- a client ---- */

static int begin_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	must(fd >= 0 && !connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

/* Send @text without its "|".  Returns the length without them. */
static size_t ask(struct daemon *d, int fd, char *text, size_t len)
{
	size_t n = 0;
	char *bar;

	do {
		bar = memchr(text + n, '|', len - n);
		if (bar)
			memmove(bar, bar + 1, len-- - (size_t)(bar - text) - 1);
		else
			bar = text + len;
		send(fd, text + n, (size_t)(bar - text) - n, MSG_NOSIGNAL);
		n = (size_t)(bar - text);
		turn(d);
	} while (n < len);
	return len;
}

static size_t hear(int fd, char *buf)
{
	size_t len = 0;
	ssize_t got;

	do {
		must(len < ANSWER_MAX);
		got = recv(fd, buf + len, ANSWER_MAX - len, 0);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	/* The server has closed the connection, perhaps with unread data. */
	must(!got || errno == ECONNRESET || (errno == EAGAIN && !len));
	return len;
}

static void check(const char *request, size_t size, const char *text,
		  size_t len)
{
	json_t *asked = json_loadb(request, size, 0, NULL);
	json_t *told = json_loadb(text, len, 0, NULL);
	const json_t *list;

	must(json_is_object(told));
	if (json_is_true(json_object_get(asked, "status"))) {
		list = json_object_get(told, "ports");
		must(json_is_array(list));
		must(json_array_size(list) == 2 ||
		     json_is_string(json_object_get(asked, "port")));
	} else if (json_is_integer(json_object_get(asked, "events"))) {
		must(json_is_array(json_object_get(told, "events")));
	} else if (!json_is_string(json_object_get(asked, "failback"))) {
		must(json_object_get(told, "error"));
	}
	json_decref(told);
	json_decref(asked);
}

static void serve(struct daemon *d, const char *line, size_t len)
{
	static char answer[ANSWER_MAX];
	char request[2 * REQUEST_MAX];
	size_t got;
	int fd;

	if (len > sizeof(request))
		len = sizeof(request);
	memcpy(request, line, len);
	fd = begin_client();
	turn(d);
	len = ask(d, fd, request, len);
	got = hear(fd, answer);
	if (got)
		check(request, len, answer, got);
	must(!!got == (len && len <= REQUEST_MAX &&
		       request[len - 1] == '\n'));
	close(fd);
	turn(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct daemon d;
	const char *text = (const char *)data;
	const char *end;
	size_t len, n;

	if (!d.loop)
		begin(&d);
	for (n = 0; size && n <= CLIENTS_MAX; n++, text += len, size -= len) {
		end = memchr(text, '\n', size);
		len = end ? (size_t)(end - text) + 1 : size;
		if (n)
			serve(&d, text, len);
		else
			rename_device(&d, text, end ? len - 1 : len);
	}
	return 0;
}
