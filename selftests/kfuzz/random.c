// SPDX-License-Identifier: GPL-2.0
/*
 * Random numbers: from the tape first; at its end from the worker's own
 * generator, whose numbers are appended to the tape.
 */
#include "kfuzz.h"

#include <stdio.h>
#include <string.h>

uint32_t kf_prng(struct kf *kf)
{
	kf->random ^= kf->random << 13;
	kf->random ^= kf->random >> 7;
	kf->random ^= kf->random << 17;
	return kf->random >> 16;
}

uint32_t kf_next(struct kf *kf)
{
	struct kf_tape *tape = &kf->tape;
	uint32_t word;

	if (tape->pos < tape->len)
		return tape->word[tape->pos++];
	word = kf_prng(kf);
	if (tape->len < KF_TAPE) {
		tape->word[tape->len++] = word;
		tape->pos = tape->len;
	}
	return word;
}

uint32_t kf_below(struct kf *kf, uint32_t limit)
{
	return kf_next(kf) % limit;
}

bool kf_once_in(struct kf *kf, uint32_t times)
{
	return kf_next(kf) % times == 0;
}

uint32_t kf_number(struct kf *kf)
{
	static const uint32_t edges[] = {
		0, 1, 2, 9, 10, 11, 12, 60, 64, 67, 68, 256, 257, 511, 1500,
		4095, 4096, 65535, 65536, INT32_MAX, 0x80000000, UINT32_MAX,
	};

	switch (kf_below(kf, 4)) {
	case 0:
		return kf_next(kf);
	case 1:
		return KF_PICK(kf, edges);
	case 2:
		return 1U << kf_below(kf, 32);
	default:
		return kf_below(kf, 16);
	}
}

/* Mostly the worker's own port, which works */
int kf_port(struct kf *kf)
{
	if (kf_once_in(kf, 2))
		return kf->port;
	return KF_PORT0 + kf_below(kf, KF_PORTS);
}

int kf_link(struct kf *kf)
{
	switch (kf_below(kf, 8)) {
	case 0:
		return kf->veth;
	case 1:
		return kf->peer;
	default:
		return KF_LINK0 + KF_OWN_LINKS +
		       kf_below(kf, KF_LINKS - KF_OWN_LINKS);
	}
}

int kf_child(struct kf *kf)
{
	return KF_LINK0 + KF_OWN_LINKS + kf_below(kf, KF_CHILDREN);
}

int kf_any(struct kf *kf)
{
	uint32_t which = kf_below(kf, 32);

	if (which == 0)
		return 1;	/* lo */
	if (which == 1)
		return kf_number(kf);
	return which < 15 ? kf_port(kf) : kf_link(kf);
}

const char *kf_name(int ifindex)
{
	static char name[IFNAMSIZ];

	if (ifindex >= KF_PORT0 && ifindex < KF_PORT0 + KF_PORTS)
		snprintf(name, sizeof(name), "vm%d", ifindex - KF_PORT0);
	else if (ifindex >= KF_LINK0 && ifindex < KF_LINK0 + KF_LINKS)
		snprintf(name, sizeof(name), "l%d", ifindex - KF_LINK0);
	else
		snprintf(name, sizeof(name), "lo");
	return name;
}

void kf_port_mac(int ifindex, uint8_t mac[6])
{
	memcpy(mac, ST_MAC_PORT, 6);
	mac[5] = ifindex;
}

void kf_mac(struct kf *kf, uint8_t mac[6])
{
	uint32_t low = kf_next(kf);

	kf_port_mac(kf_port(kf), mac);
	switch (low % 8) {
	case 0:
		memset(mac, 0xff, 6);
		break;
	case 1:
		mac[0] |= 1;
		mac[5] = low >> 8;
		break;
	case 2:
		memcpy(mac, &low, 4);
		break;
	case 3:
		mac[4] = 1 + (low >> 8) % 4;
		break;
	}
}
