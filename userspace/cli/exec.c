// SPDX-License-Identifier: GPL-2.0
/* stabletap exec */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <linux/capability.h>

#include "report.h"
#include "subst.h"
#include "verb.h"
#include "words.h"

/* Exit statuses as in shells */
#define NOT_EXECUTABLE 126
#define NOT_FOUND 127

struct plan {
	const char *port;
	const char *user;	/* "USER[:GROUP]" or NULL */
	char **command;		/* ended by NULL; elements may be replaced */
	uint32_t queues;	/* 0: not given */
	bool vhost;
	bool one;		/* {fd} or {vhostfd} is used */
	int fds[STABLETAP_MAX_QUEUES];
	int vhostfds[STABLETAP_MAX_QUEUES];
};

/* ---- arguments ---- */

enum { PORT, QUEUES, VHOST, USER, DASHES };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	[QUEUES] = { "queues", "N", 0,
		     "how many to open (default: all; with {fd} one)", NULL },
	[VHOST] = { "vhost", NULL, 0, "open /dev/vhost-net as often", NULL },
	[USER] = { "user", "USER[:GROUP]", 0,
		   "run the command as that user, without privileges", NULL },
	[DASHES] = { "--", "COMMAND [ARG]...", WORD_NEEDED | WORD_REST,
		     "{fds}, {fd}, {vhostfds}, {vhostfd} become numbers",
		     NULL },
	{ .name = NULL },
};

static int take(const struct call *call, struct plan *p)
{
	p->port = call->v[PORT];
	p->user = call->v[USER];
	p->vhost = call->v[VHOST] != NULL;
	p->command = call->rest;
	if (call->v[QUEUES] &&
	    !parse_number(call->v[QUEUES], "queues", 1, STABLETAP_MAX_QUEUES,
			  &p->queues))
		return CLI_USAGE;
	return 0;
}

/* Finds the placeholders, which determine the number of queues. */
static int look_at_command(struct plan *p)
{
	bool many = false;
	char **arg;

	for (arg = p->command; *arg; arg++) {
		p->one |= has_place(*arg, "{fd}") ||
			  has_place(*arg, "{vhostfd}");
		many |= has_place(*arg, "{fds}") ||
			has_place(*arg, "{vhostfds}");
		p->vhost |= has_place(*arg, "{vhostfd}") ||
			    has_place(*arg, "{vhostfds}");
	}
	if (p->one && many)
		return usage("exec: {fd} is for one queue, {fds} for several: "
			     "not both in one command");
	if (p->one && p->queues > 1)
		return usage("exec: {fd} is for one queue; say {fds} for %u",
			     p->queues);
	return 0;
}

/* ---- file descriptors ---- */

static int refuse_vhost(int err)
{
	refuse("can't open /dev/vhost-net: %s", strerror(err));
	if (err == ENOENT || err == ENODEV)
		hint("modprobe vhost_net");
	else if (err == EACCES)
		hint("be in its group, often kvm, or run this as root with "
		     "'--user'");
	return CLI_REFUSED;
}

static int open_vhost(struct plan *p)
{
	unsigned int i;
	int fd;

	for (i = 0; i < p->queues; i++) {
		fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
		if (fd >= 0 && fd <= STDERR_FILENO) {
			/* A standard stream is closed, so leave it closed. */
			p->vhostfds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
			close(fd);
			fd = p->vhostfds[i];
		}
		if (fd < 0)
			return refuse_vhost(errno);
		p->vhostfds[i] = fd;
	}
	return 0;
}

static int open_port(struct cli *cli, struct plan *p)
{
	struct stabletap_link port;
	struct stabletap_get get;
	int err = find_port(cli, p->port, &port);

	if (err)
		return err;
	err = stabletap_port_get(cli->st, port.ifindex, &get);
	if (err) {
		refused(cli, err, "can't ask about port '%s'", p->port);
		goto out;
	}
	if (!p->queues)
		p->queues = p->one ? 1 : get.queues;
	if (p->queues > get.queues) {
		err = refuse("port '%s' has %u queue%s, not %u", p->port,
			     get.queues, get.queues == 1 ? "" : "s",
			     p->queues);
		hint("the number is given when a port is made: 'stabletap add "
		     "PORT queues %u'", p->queues);
		goto out;
	}
	err = stabletap_node_open(cli->st, &get, p->queues, p->fds);
	if (err) {
		refused(cli, err, "can't open port '%s'", p->port);
		if (err == -EBUSY)
			report_holders(cli, port.ifindex, p->port);
		else if (err == -ESTALE)
			hint("another program made that node; remove it");
		else if (err == -EACCES)
			hint("the node belongs to uid %u, gid %u, perm %04o",
			     get.owner, get.group, get.perm);
	}
out:
	stabletap_link_release(&port);
	return err ? CLI_REFUSED : 0;
}

static int keep_at_exec(const int *fds, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (fcntl(fds[i], F_SETFD, 0) < 0)
			return refuse("can't pass on fd %d: %s", fds[i],
				      strerror(errno));
	return 0;
}

/* ---- substitution ---- */

static int substitute(char **command, const char *what, const char *with)
{
	char **arg;

	for (arg = command; *arg; arg++) {
		if (!has_place(*arg, what))
			continue;
		/*
		 * The text is needed until exec.  The replaced text belongs to
		 * argv, or is an earlier one of ours.
		 */
		*arg = replace_all(*arg, what, with);
		if (!*arg)
			return refuse("out of memory");
	}
	return 0;
}

static int substitute_fds(struct plan *p, const int *fds, const char *one,
			  const char *many, const char *env)
{
	char *text = join_fds(fds, p->queues);
	int err;

	if (!text)
		return refuse("out of memory");
	err = substitute(p->command, many, text);
	if (!err && p->one)
		err = substitute(p->command, one, text);
	if (!err && setenv(env, text, 1) < 0)
		err = refuse("can't set %s: %s", env, strerror(errno));
	free(text);
	return err;
}

static int substitute_all(struct plan *p)
{
	int err = substitute_fds(p, p->fds, "{fd}", "{fds}", "STABLETAP_FDS");

	if (err)
		return err;
	if (!p->vhost) {
		/*
		 * The variable may be that of another exec that runs this one.
		 */
		unsetenv("STABLETAP_VHOST_FDS");
		return 0;
	}
	return substitute_fds(p, p->vhostfds, "{vhostfd}", "{vhostfds}",
			      "STABLETAP_VHOST_FDS");
}

/* ---- becoming the user ---- */

struct identity {
	uid_t uid;
	gid_t gid;
	char name[64];		/* "" if the uid has no name */
	char home[256];
};

static int find_identity(const char *text, struct identity *id)
{
	const char *colon = strchr(text, ':');
	const struct passwd *pw;
	char user[64];
	uint32_t value;

	snprintf(user, sizeof(user), "%.*s",
		 colon ? (int)(colon - text) : (int)strlen(text), text);
	if (!parse_user(user, &value))
		return CLI_USAGE;
	id->uid = value;
	pw = getpwuid(id->uid);
	if (pw) {
		id->gid = pw->pw_gid;
		snprintf(id->name, sizeof(id->name), "%s", pw->pw_name);
		snprintf(id->home, sizeof(id->home), "%s", pw->pw_dir);
	}
	if (colon) {
		if (!parse_group(colon + 1, &value))
			return CLI_USAGE;
		id->gid = value;
	} else if (!pw) {
		return usage("user %u has no group of its own; say '--user "
			     "%u:GROUP'", id->uid, id->uid);
	}
	return 0;
}

/*
 * A change of the uid drops root's privileges, but inheritable, ambient and
 * kept capabilities would remain, so drop these.
 */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[2] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capset, &head, none) < 0)
		return refuse("can't give up the capabilities: %s",
			      strerror(errno));
	return 0;
}

/* A user without a name must not get the caller's variables. */
static int set_environment(const struct identity *id)
{
	int err = setenv("HOME", *id->name ? id->home : "/", 1);

	if (!err && *id->name) {
		err = setenv("USER", id->name, 1);
		if (!err)
			err = setenv("LOGNAME", id->name, 1);
	} else if (!err) {
		unsetenv("USER");
		unsetenv("LOGNAME");
	}
	if (err)
		return refuse("can't set the environment: %s",
			      strerror(errno));
	return 0;
}

static int refuse_step(const char *what, unsigned int id)
{
	int err = errno;

	refuse("can't %s %u: %s", what, id, strerror(err));
	if (err == EPERM)
		hint("'exec --user' must be run as root");
	return CLI_REFUSED;
}

static int set_groups(const struct identity *id)
{
	const gid_t only = id->gid;
	int err;

	if (*id->name)
		err = initgroups(id->name, id->gid);
	else
		err = setgroups(1, &only);
	if (!err)
		return 0;
	/*
	 * A process that is already that user keeps its groups, and needs no
	 * privilege.
	 */
	if (errno == EPERM && getuid() == id->uid && geteuid() == id->uid)
		return 0;
	return refuse_step("set the groups of user", id->uid);
}

static int become(const struct identity *id)
{
	/* Set the groups first: that needs a privilege that setuid() drops. */
	if (set_groups(id))
		return CLI_REFUSED;
	if (setgid(id->gid) < 0)
		return refuse_step("become group", id->gid);
	if (setuid(id->uid) < 0)
		return refuse_step("become user", id->uid);
	if (id->uid && drop_capabilities())
		return CLI_REFUSED;
	if (getuid() != id->uid || geteuid() != id->uid ||
	    getgid() != id->gid || getegid() != id->gid ||
	    (id->uid && !setuid(0)))
		return refuse("did not become user %u", id->uid);
	return set_environment(id);
}

static int prepare(struct cli *cli, struct plan *p)
{
	struct identity id = { 0 };
	/*
	 * Check the user before opening anything: a wrong one is wrong usage.
	 */
	int err = p->user ? find_identity(p->user, &id) : 0;

	if (!err)
		err = open_port(cli, p);
	if (!err && p->vhost)
		err = open_vhost(p);
	if (!err)
		err = substitute_all(p);
	if (!err && p->user)
		err = become(&id);
	if (!err)
		err = keep_at_exec(p->fds, p->queues);
	if (!err && p->vhost)
		err = keep_at_exec(p->vhostfds, p->queues);
	return err;
}

static int run(struct cli *cli, const struct call *call)
{
	struct plan p = { 0 };
	int err = take(call, &p);

	if (!err)
		err = look_at_command(&p);
	if (!err)
		err = prepare(cli, &p);
	if (err)
		return err;	/* the end of the process closes the fds */

	/* If SIGPIPE is ignored here, it would stay ignored in the command. */
	sigaction(SIGPIPE, &cli->sigpipe, NULL);
	execvp(p.command[0], p.command);
	err = errno;
	refuse("can't execute '%s': %s", p.command[0], strerror(err));
	return err == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

const struct verb verb_exec = {
	.name = "exec",
	.aliases = "",
	.purpose = "open a port's queues and run a command with them",
	.example = "exec vm1 -- qemu-system-x86_64 -netdev tap,id=n0,fd={fd}",
	.words = words,
	.run = run,
};
