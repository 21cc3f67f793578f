/* SPDX-License-Identifier: GPL-2.0 */
/* model/facts.h, answered by sysfs, ethtool and udev. */
#ifndef WATCH_FACTS_H
#define WATCH_FACTS_H

#include "model/facts.h"

extern const struct facts watch_facts;

#endif /* WATCH_FACTS_H */
