// SPDX-License-Identifier: GPL-2.0
/* Compares the loaded module with the one that modprobe would load. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <libkmod.h>

#include "internal.h"

static void read_loaded(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd >= 0) {
		got = read(fd, buf, size - 1);
		close(fd);
	}
	buf[got > 0 ? got : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

static void read_info(struct kmod_module *mod, struct stabletap_module *out)
{
	struct kmod_list *list = NULL;
	struct kmod_list *item;
	const char *value;
	const char *key;

	if (kmod_module_get_info(mod, &list) < 0)
		return;
	kmod_list_foreach(item, list) {
		key = kmod_module_info_get_key(item);
		value = kmod_module_info_get_value(item);
		if (!strcmp(key, "srcversion"))
			snprintf(out->installed, sizeof(out->installed), "%s",
				 value);
		else if (!strcmp(key, "version"))
			snprintf(out->version, sizeof(out->version), "%s",
				 value);
	}
	kmod_module_info_free_list(list);
}

static void quiet(void *data, int priority, const char *file, int line,
		  const char *fn, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn;
	(void)format, (void)args;
}

static struct kmod_ctx *open_quietly(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (ctx)
		kmod_set_log_fn(ctx, quiet, NULL);
	return ctx;
}

static void read_installed(struct stabletap_module *out)
{
	struct kmod_ctx *ctx = open_quietly();
	struct kmod_module *mod;

	if (!ctx)
		return;
	/* kmod has a path only for modules in modules.dep. */
	if (!kmod_module_new_from_name(ctx, STABLETAP_KIND, &mod)) {
		if (kmod_module_get_path(mod))
			read_info(mod, out);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
}

int stabletap_module_compare(struct stabletap_module *out)
{
	memset(out, 0, sizeof(*out));
	read_loaded("/sys/module/" STABLETAP_KIND "/srcversion", out->loaded,
		    sizeof(out->loaded));
	read_loaded("/sys/module/" STABLETAP_KIND "/version",
		    out->loaded_version, sizeof(out->loaded_version));
	read_installed(out);
	return out->loaded[0] && out->installed[0] &&
	       strcmp(out->loaded, out->installed) != 0;
}

/* Returns 1 if the list has a signature, and its signer, or 0. */
static int find_signer(const struct kmod_list *list,
		       struct stabletap_signer *out)
{
	const struct kmod_list *item;
	int is_signed = 0;
	const char *value;
	const char *key;

	kmod_list_foreach(item, list) {
		key = kmod_module_info_get_key(item);
		value = kmod_module_info_get_value(item);
		is_signed |= !strcmp(key, "sig_id");
		if (!strcmp(key, "signer"))
			snprintf(out->name, sizeof(out->name), "%s", value);
		else if (!strcmp(key, "sig_key"))
			snprintf(out->serial, sizeof(out->serial), "%s", value);
	}
	return is_signed;
}

int stabletap_module_signer(const char *path, struct stabletap_signer *out)
{
	struct kmod_ctx *ctx = open_quietly();
	struct kmod_list *list = NULL;
	struct kmod_module *mod;
	int err;

	memset(out, 0, sizeof(*out));
	if (!ctx)
		return -ENOMEM;
	err = kmod_module_new_from_path(ctx, path, &mod);
	if (!err) {
		err = kmod_module_get_info(mod, &list);
		kmod_module_unref(mod);
	}
	if (err >= 0)
		err = find_signer(list, out);
	kmod_module_info_free_list(list);
	kmod_unref(ctx);
	return err;
}

int stabletap_module_load(void)
{
	struct kmod_ctx *ctx = open_quietly();
	struct kmod_module *mod;
	int err;

	if (!ctx)
		return -ENOMEM;
	err = kmod_module_new_from_name(ctx, STABLETAP_KIND, &mod);
	if (!err) {
		err = kmod_module_probe_insert_module(mod,
				KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL, NULL,
				NULL);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	/* Positive: the module is blacklisted. */
	return err > 0 ? -EPERM : err;
}
