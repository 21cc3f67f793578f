// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the daemon's socket: every request gets an answer or is cut off, and
 * the status lists every port, whatever the name of its device.
 *
 * The first line of the input is the name of a device.  Each other line is the
 * request of a client; "|" splits it into several writes.
 */
#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/read.h"
#include "fuzz.h"
#include "model/event.h"
#include "model/history.h"
#include "model/model.h"
#include "model/refusal.h"
#include "serve/request.h"

#define CLIENTS_MAX 8
#define ANSWER_MAX 16384
#define EVENTS_MAX 8		/* so few that an answer with all has room */
#define REQUEST_MAX 512		/* as the server's limit */
#define CONF "[Port vm1]\nCandidate=name=* mode=direct\n" \
	"[Port vm2]\nCandidate=eth0 vlan=5\nCandidate=eth1\n"

static struct sockaddr_un at = { .sun_family = AF_UNIX };

struct daemon {
	sd_event *loop;
	struct model m;
	struct requests *requests;
};

/* ---- the daemon's side ---- */

static bool no_driver(const struct stabletap_link *link, char *buf, size_t size)
{
	(void)link, (void)buf, (void)size;
	return false;
}

static bool no_property(const struct stabletap_link *link, const char *key,
			char *buf, size_t size)
{
	(void)link, (void)key, (void)buf, (void)size;
	return false;
}

static bool no_wifi(const struct stabletap_link *link)
{
	(void)link;
	return false;
}

static const struct facts facts = {
	.driver = no_driver, .property = no_property, .is_wifi = no_wifi,
	.is_initialized = no_wifi, .physical = no_driver,
};

static struct stabletap_link device(void)
{
	return (struct stabletap_link){
		.ifindex = 2, .type = ARPHRD_ETHER, .flags = IFF_UP,
		.link_netnsid = -1, .carrier = true, .name = "eth0",
	};
}

/* Port vm2, which is on the device */
static struct stabletap_link port(void)
{
	return (struct stabletap_link){
		.ifindex = 3, .type = ARPHRD_ETHER, .link_netnsid = -1,
		.name = "vm2", .kind = STABLETAP_KIND, .port.lower = 2,
	};
}

/* Set up the data that answers are made from, without anything that acts. */
static void begin(struct daemon *d)
{
	char text[] = CONF;
	const char *tmp = getenv("TMPDIR");
	FILE *in = fmemopen(text, strlen(text), "r");
	struct conf *conf = NULL;
	struct stabletap_link link;
	bool news;

	must(in && !model_init(&d->m, &facts));
	history_free(d->m.history);
	d->m.history = history_new(EVENTS_MAX);
	must(d->m.history);
	must(!conf_read_stream(in, "conf", NULL, stderr, &conf));
	fclose(in);
	must(sd_event_new(&d->loop) >= 0 && !model_configure(&d->m, conf));
	link = device();
	must(!model_link(&d->m, &link));
	link = port();
	must(!model_link(&d->m, &link));
	must(!port_refused(d->m.ports[0], model_device(&d->m, 2), "no\n<0>",
			   0, &news));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/server.%d",
		 tmp ? tmp : "/tmp", (int)getpid());
	must(!requests_start(d->loop, &d->m, at.sun_path, &d->requests));
}

/* Rename the device to @name. */
static void rename_device(struct daemon *d, const char *name, size_t len)
{
	struct stabletap_link link = device();
	struct override o = { .kind = OVERRIDE_PIN };

	if (len >= sizeof(link.name))
		len = sizeof(link.name) - 1;
	memset(link.name, 0, sizeof(link.name));
	memcpy(link.name, name, strnlen(name, len));
	o.kind = len & 1 ? OVERRIDE_PIN : OVERRIDE_HOLD_OFF;
	memcpy(o.dev, link.name, sizeof(link.name));
	must(!model_link(&d->m, &link));
	model_override(d->m.ports[0], &o);
	port_note(d->m.ports[1], "detached", link.name, "", link.name, 0);
}

/* Nobody plans or acts here, so all ports are settled. */
static void turn(struct daemon *d, uint64_t us)
{
	while (agenda_take(&d->m.agenda, AGENDA_PORT) ||
	       agenda_take(&d->m.agenda, AGENDA_DEVICE))
		;
	while (sd_event_run(d->loop, us) > 0)
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
		turn(d, 0);
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
	/* It has hung up, with something unread perhaps, or is followed. */
	must(!got || errno == ECONNRESET || errno == EAGAIN);
	return len;
}

static void check(const char *request, size_t size, const char *text,
		  size_t len)
{
	json_t *asked = json_loadb(request, size, 0, NULL);
	/* A follower's answer is the first line. */
	json_t *told = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, NULL);
	const json_t *list;

	must(json_is_object(told));
	if (json_is_true(json_object_get(asked, "status"))) {
		list = json_object_get(told, "ports");
		must(json_is_array(list));
		must(json_array_size(list) == 2 ||
		     json_is_string(json_object_get(asked, "port")));
	} else if (json_is_integer(json_object_get(asked, "events"))) {
		must(json_is_array(json_object_get(told, "events")));
	} else if (!json_is_string(json_object_get(asked, "failback")) &&
		   !json_is_string(json_object_get(asked, "settled"))) {
		must(json_object_get(told, "error"));
	}
	json_decref(told);
	json_decref(asked);
}

static void serve(struct daemon *d, const char *line, size_t len)
{
	static char answer[ANSWER_MAX];
	char request[2 * REQUEST_MAX];
	unsigned int attempts = 0;
	size_t got;
	bool whole;
	int fd;

	if (len > sizeof(request))
		len = sizeof(request);
	memcpy(request, line, len);
	fd = begin_client();
	turn(d, 0);
	len = ask(d, fd, request, len);
	whole = len && len <= REQUEST_MAX && request[len - 1] == '\n';
	/* Its turn may come a few ms later: a user has to wait for the next. */
	do {
		if (whole)
			turn(d, 1000);
		got = hear(fd, answer);
	} while (whole && !got && ++attempts < 1000);
	if (got)
		check(request, len, answer, got);
	must(!!got == whole);
	close(fd);
	turn(d, 0);
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
