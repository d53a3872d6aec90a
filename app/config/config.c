/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers the settings from their sources. */
#include "app/config/config.h"

#include "app/config/config_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef REMIT_CONFIG_FILE
#define REMIT_CONFIG_FILE "/etc/remit/remit.conf"
#endif

enum { PATH_ROOM = 4096, NAME_ROOM = 64 };

static enum err config_new(struct config **ret_config, struct config_fault *fault)
{
	struct config *c = calloc(1, sizeof(*c));
	enum err e = c == NULL ? ERR_NO_MEMORY : ERR_OK;

	for (size_t i = 0; i < config_settings_n && e == ERR_OK; i++)
		e = setting_set(c, &config_settings[i], config_settings[i].initial, "default",
				fault);
	if (e != ERR_OK) {
		config_free(c);
		return e;
	}
	*ret_config = c;
	return ERR_OK;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < config_settings_n; i++) {
		const struct setting *s = &config_settings[i];
		char *v;

		if (setting_is_number(s))
			continue;
		memcpy(&v, (char *)c + s->offset, sizeof(v));
		if (v != NULL)
			explicit_bzero(v, strlen(v));
		free(v);
	}
	free(c);
}

static int is_drop_in(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Applies conf.d beside the file, names in order of their bytes. */
static enum err drop_ins_apply(struct config *c, const char *file, struct config_fault *fault)
{
	char path[PATH_ROOM];
	struct dirent **entries = NULL;
	const char *slash = strrchr(file, '/');
	int dir_n = slash == NULL ? 0 : (int)(slash - file) + 1;
	enum err e = ERR_OK;
	int n;

	if (snprintf(path, sizeof(path), "%.*sconf.d", dir_n, file) >= (int)sizeof(path))
		return config_fault_set(fault, file, "the path is too long");
	n = scandir(path, &entries, is_drop_in, by_bytes);
	if (n < 0 && errno != ENOENT)
		return config_fault_set(fault, path, "cannot be read: %s", strerrordesc_np(errno));
	for (int i = 0; i < n; i++) {
		if (e == ERR_OK && snprintf(path, sizeof(path), "%.*sconf.d/%s", dir_n, file,
					    entries[i]->d_name) >= (int)sizeof(path))
			e = config_fault_set(fault, file, "the path is too long");
		if (e == ERR_OK)
			e = config_file_apply(c, path, fault);
		free(entries[i]);
	}
	free(entries);
	return e;
}

static enum err environment_apply(struct config *c, struct config_fault *fault)
{
	for (size_t i = 0; i < config_settings_n; i++) {
		const struct setting *s = &config_settings[i];
		char where[NAME_ROOM] = "environment REMIT_";
		size_t n = strlen(where);
		const char *value;
		enum err e;

		for (const char *p = s->name; *p != '\0' && n < sizeof(where) - 1; p++)
			where[n++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		where[n] = '\0';
		/* Programs read it before they start threads. */
		value = getenv(where + strlen("environment "));
		if (value == NULL)
			continue;
		e = setting_set(c, s, value, where, fault);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err credential_apply(struct config *c, const struct setting *s, const char *path,
				 struct config_fault *fault)
{
	char *text;
	size_t n;
	enum err e = config_file_read(path, &text, fault);

	if (e != ERR_OK)
		return e;
	n = strlen(text);
	/* A person's editor and `echo` end the file with a newline, which is no part of it. */
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	e = setting_set(c, s, text, path, fault);
	explicit_bzero(text, n);
	free(text);
	return e;
}

static enum err credentials_apply(struct config *c, struct config_fault *fault)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_ROOM];
	enum err e = ERR_OK;

	for (size_t i = 0; dir != NULL && i < config_settings_n && e == ERR_OK; i++) {
		if (!config_settings[i].secret)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, config_settings[i].name) >=
		    (int)sizeof(path))
			return config_fault_set(fault, dir, "the path is too long");
		if (access(path, F_OK) == 0)
			e = credential_apply(c, &config_settings[i], path, fault);
	}
	return e;
}

/* What no setting shows alone. */
static enum err together_check(const struct config *c, struct config_fault *fault)
{
	if (c->session_absolute_s < c->session_idle_s)
		return config_fault_set(fault, "settings",
					"session_absolute_s is below session_idle_s");
	return ERR_OK;
}

enum err config_load(const char *file, struct config **ret_config, struct config_fault *fault)
{
	const char *named = file != NULL ? file : getenv("REMIT_CONFIG");
	const char *path = named == NULL ? REMIT_CONFIG_FILE : named;
	struct config *c = NULL;
	enum err e;

	fault->text[0] = '\0';
	e = config_new(&c, fault);
	if (e == ERR_OK && (named != NULL || access(path, F_OK) == 0))
		e = config_file_apply(c, path, fault);
	if (e == ERR_OK)
		e = drop_ins_apply(c, path, fault);
	if (e == ERR_OK)
		e = environment_apply(c, fault);
	if (e == ERR_OK)
		e = credentials_apply(c, fault);
	if (e == ERR_OK)
		e = together_check(c, fault);
	if (e != ERR_OK) {
		if (fault->text[0] == '\0')
			config_fault_set(fault, path, "%s", err_title(e));
		config_free(c);
		return e;
	}
	*ret_config = c;
	return ERR_OK;
}

static bool same_value(const struct config *a, const struct config *b, const struct setting *s)
{
	if (setting_is_number(s))
		return setting_number(a, s) == setting_number(b, s);
	return strcmp(setting_string(a, s), setting_string(b, s)) == 0;
}

static enum err value_copy(struct config *c, const struct setting *s, const struct config *from)
{
	struct config_fault fault;
	int64_t v;

	if (!setting_is_number(s))
		return setting_set(c, s, setting_string(from, s), "reload", &fault);
	v = setting_number(from, s);
	memcpy((char *)c + s->offset, &v, sizeof(v));
	return ERR_OK;
}

enum err config_merge_reload(const struct config *to, const struct config *from, struct arena *a,
			     struct config **ret_config, struct str *ret_ignored)
{
	struct config *c = calloc(1, sizeof(*c));
	struct str names = STR_NONE;
	struct buf ignored;
	enum err e = c == NULL ? ERR_NO_MEMORY : ERR_OK;

	buf_init(&ignored, a, 0, config_settings_n * NAME_ROOM);
	for (size_t i = 0; i < config_settings_n && e == ERR_OK; i++) {
		const struct setting *s = &config_settings[i];

		e = value_copy(c, s, s->reloadable ? from : to);
		if (s->reloadable || same_value(to, from, s))
			continue;
		buf_z(&ignored, ignored.n > 0 ? "," : "");
		buf_z(&ignored, s->name);
	}
	if (e == ERR_OK)
		e = buf_finish(&ignored, &names);
	if (e != ERR_OK) {
		config_free(c);
		return e;
	}
	*ret_config = c;
	*ret_ignored = names;
	return ERR_OK;
}

size_t config_list(const char *value, struct str ret_items[CONFIG_LIST_MAX])
{
	struct str rest = str_from(value);
	size_t n = 0;

	while (rest.p != NULL && n < CONFIG_LIST_MAX) {
		struct str item = str_trim(str_cut(&rest, ','));

		if (item.n > 0)
			ret_items[n++] = item;
	}
	return n;
}
