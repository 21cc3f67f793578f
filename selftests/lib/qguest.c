// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "qguest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "st.h"

#define SLOT		4		/* PCI slot of the NIC */
#define MEMORY_SIZE	(16 << 20)	/* as qemu_start() has it */

static int map_memory(struct qguest *guest, int fd)
{
	guest->memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
	return guest->memory == MAP_FAILED ? -errno : 0;
}

/* What the guest's driver does when there is a new NIC */
static int probe_nic(struct qguest *guest)
{
	int err = qnic_init(&guest->nic, &guest->qemu, SLOT);

	if (err)
		return err;
	guest->nic.memory = guest->memory;
	return qnic_start(&guest->nic);
}

int qguest_start(struct qguest *guest, int tap, const char *mac)
{
	int ram = memfd_create("ram", 0), fds[] = { tap, ram }, err;

	*guest = (struct qguest){
		.lock = PTHREAD_MUTEX_INITIALIZER, .mac = mac,
	};
	if (ram < 0 || ftruncate(ram, MEMORY_SIZE))
		return -errno;
	err = map_memory(guest, ram);
	if (err)
		return err;
	err = qemu_start(&guest->qemu, fds, 2,
			 "-object memory-backend-file,id=ram,size=%d,"
			 "mem-path=/proc/self/fd/%d,share=on "
			 "-machine memory-backend=ram "
			 "-netdev tap,id=n0,fd=%d,vhost=on "
			 "-device virtio-net-pci,id=d0,netdev=n0,mac=%s,"
			 "addr=%d,disable-legacy=on,romfile=",
			 MEMORY_SIZE, ram, tap, mac, SLOT);
	close(ram);
	close(tap);
	return err ? err : probe_nic(guest);
}

void qguest_end(struct qguest *guest)
{
	qemu_kill(&guest->qemu);
	munmap(guest->memory, MEMORY_SIZE);
}

int qguest_send(struct qguest *guest, const uint8_t *frame, size_t len)
{
	int err = pthread_mutex_trylock(&guest->lock);

	if (err)
		return -ENODEV;
	err = qnic_post(&guest->nic, 0, frame, len);
	pthread_mutex_unlock(&guest->lock);
	return err;
}

int qguest_receive(struct qguest *guest, uint8_t *frame, size_t size)
{
	int len = pthread_mutex_trylock(&guest->lock);

	if (len)
		return -ENODEV;
	len = qnic_receive(&guest->nic, frame, size);
	pthread_mutex_unlock(&guest->lock);
	return len;
}

/* Let go of the NIC, as a guest does through ACPI's hot-plug registers. */
static int eject(struct qguest *guest)
{
	struct qemu *q = &guest->qemu;

	qtest(q, "outl 0xae10 0");
	qtest(q, "outl 0xae08 0x%x", 1u << SLOT);
	return qemu_event(q, "DEVICE_DELETED", ST_DEADLINE);
}

static int unplug(struct qguest *guest)
{
	struct qemu *q = &guest->qemu;
	int err;

	err = qemu_qmp(q, -1, "{\"execute\": \"device_del\", "
		       "\"arguments\": {\"id\": \"d%d\"}}", guest->nr);
	if (!err)
		err = eject(guest);
	if (!err)
		err = qemu_qmp(q, -1, "{\"execute\": \"netdev_del\", "
			       "\"arguments\": {\"id\": \"n%d\"}}", guest->nr);
	return err;
}

static int plug(struct qguest *guest, int tap)
{
	struct qemu *q = &guest->qemu;
	int err;

	guest->nr++;
	err = qemu_qmp(q, tap, "{\"execute\": \"getfd\", "
		       "\"arguments\": {\"fdname\": \"tap\"}}");
	if (!err)
		err = qemu_qmp(q, -1, "{\"execute\": \"netdev_add\", "
			       "\"arguments\": {\"type\": \"tap\", "
			       "\"id\": \"n%d\", \"fd\": \"tap\", "
			       "\"vhost\": true}}", guest->nr);
	if (!err)
		err = qemu_qmp(q, -1, "{\"execute\": \"device_add\", "
			       "\"arguments\": {\"driver\": "
			       "\"virtio-net-pci\", \"id\": \"d%d\", "
			       "\"netdev\": \"n%d\", \"mac\": \"%s\", "
			       "\"addr\": \"%d\", \"disable-legacy\": \"on\", "
			       "\"romfile\": \"\"}}", guest->nr, guest->nr,
			       guest->mac, SLOT);
	return err;
}

int qguest_replug(struct qguest *guest, int tap)
{
	int err;

	pthread_mutex_lock(&guest->lock);
	err = unplug(guest);
	if (!err)
		err = plug(guest, tap);
	if (!err)
		err = probe_nic(guest);
	pthread_mutex_unlock(&guest->lock);
	return err;
}
