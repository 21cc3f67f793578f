/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checks, a file each.  Each adds its findings, and looks only at @h and at
 * files below its root.
 */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include "doctor/finding.h"
#include "doctor/host.h"

/* kernel.c: its version, and the modules that the module needs */
void check_kernel(const struct host *h, struct findings *f);
/* module.c: the module, loaded or not */
void check_module(const struct host *h, struct findings *f);
/* build.c: why no module is installed for this kernel */
void check_build(const struct host *h, struct findings *f);
/* signature.c: does the kernel accept the module at @path (without root)? */
void check_signature(const struct host *h, const char *path,
		     struct findings *f);
/* shipped.c: udev rules, .link and .network files */
void check_shipped(const struct host *h, struct findings *f);
/* linkfile.c: other .link files that match ports */
void check_link_files(const struct host *h, struct findings *f);
/* managers.c: systemd-networkd and NetworkManager */
void check_managers(const struct host *h, struct findings *f);
/* nodes.c: the device nodes of ports */
void check_nodes(const struct host *h, struct findings *f);
/* lowers.c: what carries the ports' frames */
void check_lowers(const struct host *h, struct findings *f);
/* guests.c: the processes that have ports open */
void check_guests(const struct host *h, struct findings *f);
/* apparmor.c: refusals of ports' nodes */
void check_apparmor(const struct host *h, struct findings *f);
/* service.c: does stabletapd run? */
void check_service(const struct host *h, struct findings *f);
/* managed.c: what stabletapd says of its ports */
void check_managed(const struct host *h, struct findings *f);

#endif /* DOCTOR_CHECKS_H */
