/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libstabletap: ports for programs.  See libstabletap(3) for an overview and an
 * example; link with `pkg-config --libs libstabletap`.
 *
 * Conventions:
 *  - A function that returns int returns 0 (or a number, where it says so) on
 *    success and a negative errno on failure.  After a failure
 *    stabletap_message() has the sentence of the kernel, or of the library, that
 *    explains it.
 *  - The structs are those of the ioctls, and <linux/stabletap.h> documents each
 *    field and error.  The caller sets @size to sizeof of the struct, so a program
 *    can be older or newer than the library.  The library uses @msg and
 *    @msg_size itself.
 *  - Out parameters are written only on success.  The caller owns what is handed
 *    out.
 *  - A handle belongs to one thread at a time, and to the network namespace in
 *    which it was opened.  Functions without a handle can be called by any
 *    thread.
 *  - The library prints nothing, installs no signal handlers, starts no threads
 *    and no processes, and opens all file descriptors close-on-exec.
 *
 * Interface indexes are int and positive; 0 means none.  Times are in
 * nanoseconds of CLOCK_BOOTTIME, MTUs in bytes.
 *
 * Functions that change something need CAP_NET_ADMIN in the user namespace that
 * owns the network namespace (-EPERM).  Every function with a handle can return
 * -ENOENT, -ENXIO or -ENODEV if the module is not loaded, and -ENOMEM.
 */
#ifndef LIBSTABLETAP_H
#define LIBSTABLETAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/stabletap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- release.c: of which release the library is ---- */

/* The version, as "0.1.0" */
const char *stabletap_release(void);
/*
 * What it was built from: the version of the distribution's package, or the
 * commit; "" if neither is known.
 */
const char *stabletap_build(void);

/* ---- handle.c ---- */

struct stabletap;

/*
 * Opens a handle: an rtnetlink socket.  The control device is opened when it is
 * first needed.  Released by stabletap_close(), which accepts NULL.
 */
int stabletap_open(struct stabletap **out);
void stabletap_close(struct stabletap *st);

/*
 * Returns the message of the last failure, or "".  Valid until the next call
 * with this handle.
 */
const char *stabletap_message(const struct stabletap *st);

/* ---- module.c ---- */

/* Loads the module, as modprobe does.  Needs CAP_SYS_MODULE. */
int stabletap_module_load(void);

/* ---- api.c: ports ---- */

/* The loaded module's version and features */
int stabletap_version(struct stabletap *st, struct stabletap_version *version);

/*
 * Returns the ifindex of the port with that name or altname.  -ENODEV: there is
 * no such device; -EMEDIUMTYPE: it is not a port.
 */
int stabletap_find(struct stabletap *st, const char *name);

/*
 * Creates a port, detached and down: set it up by stabletap_set_up().
 * @create->port and @create->name are its ifindex and name then.
 */
int stabletap_create(struct stabletap *st, struct stabletap_create *create);

/*
 * Deletes a port, and the child that was its lower.  @flags: 0, or
 * STABLETAP_DELETE_FORCE for a port whose node is open; without it: -EBUSY.
 */
int stabletap_delete(struct stabletap *st, int port, uint32_t flags);

/* Changes the options in @set->mask of port @set->port, all or none. */
int stabletap_set(struct stabletap *st, struct stabletap_set *set);

/* Fills in the options and the state, or the counters, of port @get->port. */
int stabletap_get(struct stabletap *st, struct stabletap_get *get);
int stabletap_stats(struct stabletap *st, struct stabletap_stats *stats);

/*
 * Lists the ports of the namespace, in no particular order.  The caller gives
 * *ports to free(); it may be NULL if *count is 0.
 */
int stabletap_list(struct stabletap *st, int **ports, size_t *count);

/* Sets a port up or down.  A port that is down drops all frames. */
int stabletap_set_up(struct stabletap *st, int port, bool up);

/* ---- api.c: attaching ---- */

/* How a port uses a device */
enum stabletap_mode {
	/* A child, which is a macvlan made for the port, in that mode */
	STABLETAP_MODE_BRIDGE,
	STABLETAP_MODE_VEPA,
	STABLETAP_MODE_PRIVATE,
	STABLETAP_MODE_PASSTHRU,
	/* The device itself, whole */
	STABLETAP_MODE_DIRECT,
};

/*
 * Attaches @port to @device, with the child that @mode needs.  @flags:
 * STABLETAP_ATTACH_REPLACE if the port may have a lower, and PROMISC or FILTER.
 * On a failure the port keeps the lower that it had.  A change on one device to
 * or from passthru and direct detaches the port for a moment.  Checks nothing
 * but what the kernel does: the command refuses a Wi-Fi device, or a device that
 * the host itself uses, without "force".
 */
int stabletap_attach(struct stabletap *st, int port, int device,
		     enum stabletap_mode mode, uint32_t flags);

/*
 * Detaches @port and deletes the child that was its lower.  -ENOTCONN: it has
 * none.
 */
int stabletap_detach(struct stabletap *st, int port);

/*
 * Sends one RARP request for the port's MAC address through its lower, so that
 * switches learn where the address is now.  -ENOTCONN: the port has no lower.
 * Needs CAP_NET_RAW.
 */
int stabletap_announce(struct stabletap *st, int port);

/* ---- api.c: the port's file descriptors ---- */

/*
 * Opens @count queues of a port into @fds: non-blocking, close-on-exec, with
 * vnet headers, as QEMU's "-netdev tap,fds=" takes them; numbers from 3 on.  The
 * caller owns the fds; after a failure none is open.  The node's device number
 * is compared with the port's.  -ESTALE: the path is another device's; -ENOENT:
 * there is no node; -EBUSY: the port has fewer free queues; -EACCES.
 */
int stabletap_open_queues(struct stabletap *st, int port, unsigned int count,
			  int *fds);

/* ---- api.c: following changes ---- */

struct stabletap_watch;

/*
 * Called when port @port was created or has changed, or, with @gone, has been
 * deleted or moved to another namespace.  Ask for its state by stabletap_get().
 * Non-zero stops reading.
 */
typedef int (*stabletap_watch_fn)(int port, bool gone, void *arg);

/*
 * Follows the ports of the namespace of the caller.  Open the watch first and
 * list the ports then: a change between the two is in both.
 */
int stabletap_watch_open(struct stabletap_watch **out);
void stabletap_watch_close(struct stabletap_watch *watch);

/* For poll(); becomes readable.  The fd belongs to the watch. */
int stabletap_watch_fd(const struct stabletap_watch *watch);

/*
 * Reads what has come, without blocking, and calls @fn for each change.
 * Returns 0 if there is no more; the value of @fn if that is not 0; -ENOBUFS if
 * changes were lost: list the ports again, and go on.
 */
int stabletap_watch_read(struct stabletap_watch *watch, stabletap_watch_fn fn,
			 void *arg);

/* ---- text.c: words ---- */

/*
 * Static strings, as the command prints them; "unknown" for values that this
 * version does not know.
 */
const char *stabletap_state_name(uint32_t state);
const char *stabletap_reason_name(uint32_t reason);
const char *stabletap_on_detach_name(uint32_t on_detach);
const char *stabletap_mode_name(enum stabletap_mode mode);

/* The reverse.  -EINVAL: there is no such word; the value is not changed. */
int stabletap_mode_parse(const char *text, enum stabletap_mode *mode);
int stabletap_on_detach_parse(const char *text, uint32_t *on_detach);

#ifdef __cplusplus
}
#endif

#endif /* LIBSTABLETAP_H */
