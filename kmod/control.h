/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_CONTROL_H
#define _STABLETAP_CONTROL_H

int stabletap_control_init(void);
void stabletap_control_exit(void);

#endif /* _STABLETAP_CONTROL_H */
