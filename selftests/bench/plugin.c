// SPDX-License-Identifier: GPL-2.0
/*
 * A plug-in of QEMU that counts the executed instructions by address, while the
 * benchmark runs its rounds.  profile builds it and runs hop with it.
 *
 *	-plugin FILE,to=OUTPUT
 *
 * When QEMU ends, OUTPUT gets a line for each block of instructions that was
 * translated: address and count, both hexadecimal.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

/* nopl 0x5354424d(%rax) and nopl 0x5354454d(%rax): mark() in hop.c */
static const uint8_t mark_begin[] = {
	0x0f, 0x1f, 0x80, 0x4d, 0x42, 0x54, 0x53
};
static const uint8_t mark_end[] = {
	0x0f, 0x1f, 0x80, 0x4d, 0x45, 0x54, 0x53
};

/* A block that was translated again is here again. */
struct block {
	struct block *next;
	uint64_t address;
	uint64_t length;	/* instructions */
	uint64_t count;		/* executed instructions */
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* The machine has one processor, so one thread executes all of this. */
static struct block *blocks;
static bool counting;
static const char *output;

static void block_executed(unsigned int cpu, void *data)
{
	struct block *block = data;

	(void)cpu;
	if (counting)
		block->count += block->length;
}

static void mark_executed(unsigned int cpu, void *begin)
{
	(void)cpu;
	counting = begin;
}

static void look_for_marks(struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *insn;
	uint8_t data[sizeof(mark_begin)];
	bool begin;
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (qemu_plugin_insn_data(insn, data, sizeof(data)) !=
		    sizeof(data))
			continue;
		begin = !memcmp(data, mark_begin, sizeof(data));
		if (!begin && memcmp(data, mark_end, sizeof(data)))
			continue;
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, mark_executed, QEMU_PLUGIN_CB_NO_REGS,
			begin ? &counting : NULL);
	}
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->length = qemu_plugin_tb_n_insns(tb);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed,
					     QEMU_PLUGIN_CB_NO_REGS, block);
	look_for_marks(tb);
}

static void write_counts(qemu_plugin_id_t id, void *unused)
{
	const struct block *block;
	FILE *file;

	(void)id;
	(void)unused;
	file = fopen(output, "w");
	for (block = blocks; file && block; block = block->next)
		if (block->count)
			fprintf(file, "%016" PRIx64 " %" PRIx64 "\n",
				block->address, block->count);
	if (!file || fclose(file))
		fprintf(stderr, "%s: %s\n", output, strerror(errno));
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "to=", 3)) {
		fprintf(stderr, "the plug-in needs to=OUTPUT\n");
		return -1;
	}
	output = argv[0] + 3;
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return 0;
}
