// SPDX-License-Identifier: GPL-2.0
#include "suspend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "scene.h"
#include "slow.h"
#include "st.h"

#define RTC	"/sys/class/rtc/rtc0/"

/*
 * Seconds from the setting of the alarm.  If it went off before the machine is
 * asleep, nothing would wake it up.
 */
#define ALARM_AFTER 15

/*
 * Where QEMU's q35 has the address of its registers for power management, and
 * whether they answer (ICH9, LPC bridge: PMBASE, ACPI_CNTL).  SeaBIOS sets them
 * when it boots but not when it wakes up; then the machine could neither sleep
 * again nor be switched off.
 */
#define LPC	"/sys/bus/pci/devices/0000:00:1f.0/config"
#define PMBASE	0x40

struct lpc {
	uint8_t reg[8];
};

static int lpc_get(struct lpc *lpc)
{
	int fd = open(LPC, O_RDONLY | O_CLOEXEC);
	ssize_t len = pread(fd, lpc->reg, sizeof(lpc->reg), PMBASE);

	close(fd);
	return len == sizeof(lpc->reg) ? 0 : -ENODEV;
}

static int lpc_put(const struct lpc *lpc)
{
	int fd = open(LPC, O_WRONLY | O_CLOEXEC);
	ssize_t len = pwrite(fd, lpc->reg, sizeof(lpc->reg), PMBASE);

	close(fd);
	return len == sizeof(lpc->reg) ? 0 : -EIO;
}

/* Seconds since 1970; 0 if there is no clock */
static unsigned long rtc_now(void)
{
	FILE *file = fopen(RTC "since_epoch", "re");
	unsigned long now = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &now) != 1)
		now = 0;
	fclose(file);
	return now;
}

static int rtc_set_alarm(unsigned long at)
{
	char text[32];

	/* One that is set has to be cleared first. */
	snprintf(text, sizeof(text), "%lu", at);
	if (scene_file_write(RTC "wakealarm", "0") ||
	    scene_file_write(RTC "wakealarm", text))
		return -ENODEV;
	return 0;
}

int suspend_to_memory(void)
{
	unsigned long wake_at = rtc_now() + ALARM_AFTER * slowness();
	struct lpc lpc;
	int err;

	/* Nothing but the alarm is to wake it. */
	err = st_sh("for f in /sys/bus/pci/devices/*/power/wakeup; do "
		    "echo disabled >$f || exit 1; done");
	/* "mem" could mean a lighter sleep. */
	if (err || scene_file_write("/sys/power/mem_sleep", "deep") ||
	    lpc_get(&lpc) || rtc_set_alarm(wake_at))
		return -ENODEV;
	err = scene_file_write("/sys/power/state", "mem");
	if (lpc_put(&lpc))
		return -EIO;
	if (err)
		return err;
	return rtc_now() < wake_at ? -EAGAIN : 0;
}
