/* SPDX-License-Identifier: GPL-2.0 */
/* Creates ports, and sets their options. */
#ifndef ACT_PORT_H
#define ACT_PORT_H

struct act;
struct model;
struct port;

/*
 * Returns 0 or a negative errno, which was logged.  -ENODEV: the module is
 * not loaded; -EEXIST: a device of that name exists.
 */
int create_port(struct act *a, struct port *port);
/*
 * Sets the options that are not as configured.  Returns 0 or a negative errno,
 * which was logged if the attempt before did not fail.
 */
int set_port_options(struct act *a, struct port *port);
/*
 * Warns if the loaded module is not the installed one, or not of our version;
 * keeps the latter in the model.
 */
void create_check_module(struct model *m);

#endif /* ACT_PORT_H */
