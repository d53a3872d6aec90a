/* SPDX-License-Identifier: Apache-2.0 */
/* One configuration file, read with libconfuse: the only place that knows it. */
#include "app/config/config_internal.h"

#include <confuse.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What libconfuse's callbacks work on: they get no pointer of ours. Set for the time of one
 * config_file_apply only.
 */
struct file_load {
	struct config *config;
	struct config_fault *fault;
	const char *path;
	int line;
	bool failed; /* only the first fault counts */
	enum err err;
	bool *seen; /* for each setting */
};
static _Thread_local struct file_load *current;

static void where_put(const struct file_load *l, char *ret_where, size_t room)
{
	(void)snprintf(ret_where, room, "%.300s:%d", l->path, l->line);
}

static void on_error(cfg_t *cfg, const char *format, va_list ap)
{
	char where[320];
	char text[160];

	(void)cfg;
	if (current->failed)
		return;
	current->failed = true;
	current->err = ERR_CONFIG;
	where_put(current, where, sizeof(where));
	(void)vsnprintf(text, sizeof(text), format, ap);
	if (strncmp(text, "premature end", 13) == 0)
		config_fault_set(current->fault, where,
				 "the value is missing or its quote is not closed");
	else
		config_fault_set(current->fault, where, "%s", text);
}

/* Called with each value, at its place: the moment at which the line is known. */
static int on_value(cfg_t *cfg, cfg_opt_t *option)
{
	char where[320];
	size_t i = 0;
	char *text = cfg_opt_getnstr(option, 0);

	(void)cfg;
	while (i < config_settings_n && strcmp(config_settings[i].name, option->name) != 0)
		i++;
	where_put(current, where, sizeof(where));
	if (i == config_settings_n || text == NULL)
		current->err =
			config_fault_set(current->fault, where, "%s: has no value", option->name);
	else if (current->seen[i])
		current->err = config_fault_set(current->fault, where,
						"%s: is set twice in this file", option->name);
	else
		current->err = setting_set(current->config, &config_settings[i], text, where,
					   current->fault);
	if (i < config_settings_n)
		current->seen[i] = true;
	if (current->err != ERR_OK)
		current->failed = true;
	return current->err == ERR_OK ? 0 : -1;
}

static cfg_opt_t *options_new(void)
{
	const cfg_opt_t end = CFG_END();
	cfg_opt_t *o = calloc(config_settings_n + 1, sizeof(*o));

	if (o == NULL)
		return NULL;
	/* All are strings here, so that every source has one parser: setting_set. */
	for (size_t i = 0; i < config_settings_n; i++) {
		const cfg_opt_t row = CFG_STR(config_settings[i].name, 0, CFGF_NODEFAULT);

		o[i] = row;
	}
	o[config_settings_n] = end;
	return o;
}

static void wipe_values(cfg_t *cfg)
{
	for (size_t i = 0; i < config_settings_n; i++) {
		char *v = cfg_getstr(cfg, config_settings[i].name);

		if (v != NULL)
			explicit_bzero(v, strlen(v));
	}
}

/*
 * One line at a time: libconfuse 3.3 counts lines wrongly after a comment, and an unclosed quote
 * would be reported at the end of the file.
 */
static void lines_parse(cfg_t *cfg, char *text)
{
	char *line = text;

	while (line != NULL && !current->failed) {
		char *end = strchrnul(line, '\n');
		bool last = *end == '\0';

		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		current->line++;
		if (*line != '\0' && cfg_parse_buf(cfg, line) != CFG_SUCCESS && !current->failed) {
			current->failed = true;
			current->err = ERR_NO_MEMORY;
		}
		line = last ? NULL : end + 1;
	}
}

enum err config_file_apply(struct config *c, const char *path, struct config_fault *fault)
{
	struct file_load load = { .config = c, .fault = fault, .path = path };
	cfg_opt_t *options = options_new();
	cfg_t *cfg = NULL;
	char *text = NULL;
	size_t n = 0;

	load.seen = calloc(config_settings_n, sizeof(*load.seen));
	load.err = load.seen == NULL || options == NULL ? ERR_NO_MEMORY : ERR_OK;
	if (load.err == ERR_OK)
		load.err = config_file_read(path, &text, fault);
	if (load.err != ERR_OK || text == NULL)
		goto out;
	n = strlen(text);
	cfg = cfg_init(options, CFGF_NONE);
	if (cfg == NULL) {
		load.err = ERR_NO_MEMORY;
		goto out;
	}
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < config_settings_n; i++)
		cfg_set_validate_func(cfg, config_settings[i].name, on_value);
	current = &load;
	lines_parse(cfg, text);
	current = NULL;
	wipe_values(cfg);
out:
	if (text != NULL)
		explicit_bzero(text, n);
	free(text);
	if (cfg != NULL)
		cfg_free(cfg);
	free(options);
	free(load.seen);
	return load.err;
}

static enum err read_all(int fd, const char *path, char *text, size_t *ret_n,
			 struct config_fault *fault)
{
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n <= CONFIG_FILE_MAX) {
		got = read(fd, text + n, CONFIG_FILE_MAX + 1 - n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			n += (size_t)got;
	}
	if (got < 0)
		return config_fault_set(fault, path, "cannot be read: %s", strerrordesc_np(errno));
	if (n > CONFIG_FILE_MAX)
		return config_fault_set(fault, path, "is larger than 1 MiB");
	if (memchr(text, '\0', n) != NULL)
		return config_fault_set(fault, path, "has a NUL byte");
	*ret_n = n;
	return ERR_OK;
}

enum err config_file_read(const char *path, char **ret_text, struct config_fault *fault)
{
	enum err e;
	size_t n = 0;
	char *text;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return config_fault_set(fault, path, "cannot be opened: %s",
					strerrordesc_np(errno));
	text = malloc(CONFIG_FILE_MAX + 2);
	e = text == NULL ? ERR_NO_MEMORY : read_all(fd, path, text, &n, fault);
	close(fd);
	if (e != ERR_OK) {
		free(text);
		return e;
	}
	text[n] = '\0';
	*ret_text = text;
	return ERR_OK;
}
