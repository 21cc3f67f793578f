// SPDX-License-Identifier: GPL-2.0
/*
 * Making and deleting a domain's ports.
 *
 * All hooks of a host share one lock, since several domains may start at the
 * same time and name the same port.  A port belongs to a domain if it is in the
 * domain's file, which is written before the port is made; so a port that
 * exists without being in that file is somebody else's and is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>
#include <unistd.h>

#include "conf/read.h"
#include "file.h"
#include "alone.h"
#include "daemon.h"
#include "fragment.h"
#include "ports.h"
#include "say.h"

#define LOCK STABLETAP_RUN_DIR "/libvirt.lock"

/*
 * libvirt waits for the hook without a limit, and so does whoever starts the
 * domain.
 */
#define LOCK_MS 15000
#define DAEMON_MS 10000
/* QEMU has ended, but the kernel may still be closing its fds. */
#define CLOSE_MS 5000

/* ---- lock and kernel ---- */

/* Returns an fd, or -1 after a message: the work is done nevertheless. */
static int lock(void)
{
	uint64_t deadline = deadline_in(LOCK_MS);
	int fd = -1;

	if (!file_make_dir(STABLETAP_RUN_DIR))
		fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
	if (fd < 0) {
		say(LOG_WARNING, NULL, "can't open " LOCK ": %s",
		    strerror(errno));
		return -1;
	}
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (deadline_pause(deadline))
			continue;
		say(LOG_WARNING, NULL, "another hook has held " LOCK
		    " for %d s; this one does not wait any longer",
		    LOCK_MS / 1000);
		close(fd);
		return -1;
	}
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

static struct stabletap *open_handle(void)
{
	struct stabletap *st = NULL;
	int err = stabletap_open(&st);

	if (err)
		say(LOG_ERR, NULL, "can't ask the kernel about devices: %s",
		    strerror(-err));
	return st;
}

static void load_module(struct stabletap *st)
{
	int err = stabletap_control_open(st);

	if (err == -ENOENT || err == -ENXIO || err == -ENODEV)
		err = stabletap_module_load();
	if (err)
		say(LOG_ERR, NULL, "the module can't be used: %s; 'stabletap doctor' says why",
		    strerror(-err));
}

/* Returns the port's ifindex; 0: there is no such device; -1: no port. */
static int find_port(struct stabletap *st, const char *name)
{
	struct stabletap_link link;
	int ifindex;

	if (stabletap_link_find(st, name, &link))
		return 0;
	ifindex = stabletap_link_is_port(&link) ? link.ifindex : -1;
	stabletap_link_release(&link);
	return ifindex;
}

/* libvirt does not wait for the node, and without it takes another way. */
static bool has_node(struct stabletap *st, const char *name)
{
	int ifindex = find_port(st, name);
	char path[32];

	snprintf(path, sizeof(path), "/dev/tap%d", ifindex);
	return ifindex > 0 && !access(path, F_OK);
}

/* ---- the configuration ---- */

static struct conf *read_configuration(void)
{
	struct conf *conf = NULL;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		conf_read(NULL, NULL, NULL, out, &conf);
		fclose(out);
	}
	free(text);
	if (!conf)
		say(LOG_ERR, NULL, "stabletap's configuration can't be read ('stabletapd --check' says why); nothing is done");
	return conf;
}

static const struct conf_port *conf_port(const struct conf *conf,
					 const char *name)
{
	size_t i;

	for (i = 0; i < conf->ports_n; i++)
		if (!strcmp(conf->ports[i].name, name))
			return &conf->ports[i];
	return NULL;
}

/* Returns the error for which the section of the port is left out, or NULL. */
static const struct conf_left_out *left_out(const struct conf *conf,
					    const char *name)
{
	size_t i, word = strlen("Port ");

	for (i = 0; i < conf->left_out_n; i++)
		if (!strncmp(conf->left_out[i].section, "Port ", word) &&
		    !strcmp(conf->left_out[i].section + word, name))
			return &conf->left_out[i];
	return NULL;
}

/*
 * Returns the file that configures the port, also if it does so with an error;
 * NULL if there is none.
 */
static const char *configured_in(const struct conf *conf, const char *name)
{
	const struct conf_port *port = conf_port(conf, name);
	const struct conf_left_out *left = left_out(conf, name);

	if (port)
		return port->at.file;
	return left ? left->at.file : NULL;
}

/* ---- prepare ---- */

static void drop(struct domain *d, size_t i)
{
	free(d->ports[i].name);
	free(d->ports[i].section);
	memmove(&d->ports[i], &d->ports[i + 1],
		(--d->n - i) * sizeof(*d->ports));
}

/*
 * May the hook make the port?  @kept: ports of the domain's earlier run that
 * could not be deleted.
 */
static bool is_ours(struct stabletap *st, const struct conf *conf,
		    const struct fragment_ports *kept, const char *name)
{
	const char *file = configured_in(conf, name);
	int ifindex = find_port(st, name);

	if (file)
		say(LOG_NOTICE, name, "%s configures the port; the domain's metadata is ignored",
		    file);
	else if (ifindex < 0)
		say(LOG_ERR, name, "another network device has that name; the port can't be made");
	else if (ifindex && !fragment_ports_has(kept, name))
		say(LOG_NOTICE, name, "the port exists already, and was not made for this domain; the domain's metadata is ignored");
	else
		return true;
	return false;
}

static void drop_foreign(struct stabletap *st, struct domain *d,
			 const struct conf *conf,
			 const struct fragment_ports *kept)
{
	size_t i = 0;

	while (i < d->n)
		if (is_ours(st, conf, kept, d->ports[i].name))
			i++;
		else
			drop(d, i);
}

/*
 * Drops ports whose sections have errors: such a section would also make each
 * "systemctl reload stabletapd" fail.  Returns whether there were any.
 */
static bool drop_wrong(struct domain *d, const struct conf *conf)
{
	const struct conf_left_out *left;
	size_t i = 0, n = d->n;

	while (i < d->n) {
		left = left_out(conf, d->ports[i].name);
		if (!left) {
			i++;
			continue;
		}
		say(LOG_ERR, d->ports[i].name, "can't be made as the domain's metadata says: %s",
		    left->why);
		drop(d, i);
	}
	return d->n < n;
}

static bool write_file(const struct domain *d, const char *name)
{
	char path[FRAGMENT_PATH_SIZE];
	int err;

	if (d->n)
		err = fragment_write(d, name);
	else
		err = fragment_remove(d->uuid);
	if (!err || (err == -ENOENT && !d->n))
		return true;
	say(LOG_ERR, NULL, "can't write %s: %s; no port is made",
	    fragment_path(d->uuid, path), strerror(-err));
	return false;
}

/*
 * Writes the domain's file, without sections that have errors.  Returns the
 * configuration with it, or NULL after a message.
 */
static struct conf *declare(struct domain *d, const char *name)
{
	struct conf *conf;

	for (;;) {
		if (!write_file(d, name))
			return NULL;
		conf = read_configuration();
		if (!conf || !drop_wrong(d, conf))
			return conf;
		conf_free(conf);
	}
}

static bool reload(void)
{
	int err = daemon_reload(deadline_in(DAEMON_MS));

	if (err == -ENOENT || err == -ECONNREFUSED)
		return false;
	if (err && err != -EPROTO)
		say(LOG_WARNING, NULL, "stabletapd can't be asked to reload: %s",
		    strerror(-err));
	return !err;
}

/*
 * A port that the daemon has not made, because it does not run, hangs or reads
 * another file, is made here.
 */
static void make(struct stabletap *st, const struct domain *d,
		 const struct conf *conf, bool by_daemon)
{
	uint64_t deadline = deadline_in(DAEMON_MS);
	const struct conf_port *port;
	const char *name;
	size_t i;

	for (i = 0; i < d->n; i++) {
		name = d->ports[i].name;
		port = conf_port(conf, name);
		if (by_daemon)
			daemon_settle(name, deadline);
		if (has_node(st, name))
			say(LOG_INFO, name, "is ready");
		else if (port)
			alone_make(st, port);
	}
}

/* ---- release ---- */

static void delete_port(struct stabletap *st, const char *name)
{
	uint64_t deadline = deadline_in(CLOSE_MS);
	int ifindex = find_port(st, name);
	int err;

	if (ifindex <= 0)
		return;
	do
		err = stabletap_place_delete(st, ifindex, 0);
	while (err == -EBUSY && deadline_pause(deadline));
	if (!err) {
		/* Children that an earlier attempt has left behind */
		stabletap_child_sweep(st, ifindex, NULL);
		say(LOG_INFO, name, "deleted");
	} else if (err == -EBUSY) {
		say(LOG_WARNING, name, "a process still has the port open, so it is not deleted; 'stabletap del %s' names the process",
		    name);
	} else if (err != -ENODEV) {
		say(LOG_ERR, name, "can't be deleted: %s",
		    *stabletap_message(st) ? stabletap_message(st) :
		    strerror(-err));
	}
}

static void delete_ports(struct stabletap *st,
			 const struct fragment_ports *ports)
{
	struct conf *conf = read_configuration();
	const char *file;
	size_t i;

	for (i = 0; conf && i < ports->n; i++) {
		file = configured_in(conf, ports->v[i]);
		if (file)
			say(LOG_NOTICE, ports->v[i], "%s configures the port, so it is not deleted",
			    file);
		else
			delete_port(st, ports->v[i]);
	}
	conf_free(conf);
}

/*
 * Removes the domain's file, and then its ports, which are listed in *ports.
 * The daemon must know first, or it would make them anew.
 */
static void clear(struct stabletap *st, const char *uuid,
		  struct fragment_ports *ports)
{
	char path[FRAGMENT_PATH_SIZE];
	int err = fragment_ports_read(uuid, ports);

	if (!err)
		err = fragment_remove(uuid);
	if (err == -ENOENT)
		return;
	if (err) {
		say(LOG_ERR, NULL, "can't remove %s: %s; its ports are not deleted",
		    fragment_path(uuid, path), strerror(-err));
		return;
	}
	reload();
	delete_ports(st, ports);
}

/* ---- the two hooks ---- */

static bool has_file(const char *uuid)
{
	char path[FRAGMENT_PATH_SIZE];

	return !access(fragment_path(uuid, path), F_OK);
}

void ports_prepare(struct domain *d, const char *name)
{
	struct fragment_ports kept = { 0 };
	struct conf *conf = NULL;
	bool by_daemon = false;
	struct stabletap *st;
	int fd;

	if (!d->n && !has_file(d->uuid))
		return;
	st = open_handle();
	if (!st)
		return;
	fd = lock();
	/* libvirt may have been killed before it called "release". */
	clear(st, d->uuid, &kept);
	conf = d->n ? read_configuration() : NULL;
	if (conf) {
		drop_foreign(st, d, conf, &kept);
		conf_free(conf);
		conf = d->n ? declare(d, name) : NULL;
	}
	if (conf && d->n) {
		load_module(st);
		by_daemon = reload();
	}
	unlock(fd);
	if (conf)
		make(st, d, conf, by_daemon);
	conf_free(conf);
	fragment_ports_release(&kept);
	stabletap_close(st);
}

void ports_release(const char *uuid)
{
	struct fragment_ports ports = { 0 };
	struct stabletap *st;
	int fd;

	if (!has_file(uuid))
		return;
	st = open_handle();
	if (!st)
		return;
	fd = lock();
	clear(st, uuid, &ports);
	unlock(fd);
	fragment_ports_release(&ports);
	stabletap_close(st);
}
