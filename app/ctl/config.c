/* SPDX-License-Identifier: Apache-2.0 */
/* remitctl config: is it right, what is in effect, what is there to set. */
#include "app/ctl/ctl.h"

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/config/config.h"

#include <stdio.h>

enum { TEXT_MAX = 1 << 18 };

static enum ctl_exit load(const struct ctl_args *args, struct config **ret_config)
{
	struct config_fault fault;
	enum err e = config_load(args->config_file, ret_config, &fault);

	if (e == ERR_OK)
		return CTL_OK;
	ctl_say("%s", fault.text);
	return ctl_exit_of(e);
}

/* Prints what `put` appends; c may be NULL where it is not needed. */
static enum ctl_exit print(void (*put)(const struct config *c, struct buf *out),
			   const struct config *c)
{
	struct arena *a = arena_new((size_t)4 * TEXT_MAX);
	struct str text = STR_NONE;
	enum err e = ERR_NO_MEMORY;
	struct buf out;

	if (a != NULL) {
		buf_init(&out, a, 0, TEXT_MAX);
		put(c, &out);
		e = buf_finish(&out, &text);
	}
	if (e == ERR_OK)
		(void)fwrite(text.p, 1, text.n, stdout);
	else
		ctl_say("%s", err_title(e));
	arena_free(a);
	return ctl_exit_of(e);
}

static enum ctl_exit config_check(const struct ctl_args *args)
{
	struct config *c = NULL;
	enum ctl_exit code = load(args, &c);

	if (code != CTL_OK)
		return code;
	if (*c->secret_key == '\0')
		ctl_say("note: secret_key is not set; remitd needs it (make one with "
			"`openssl rand -hex 32`)");
	(void)puts("the configuration is valid");
	config_free(c);
	return CTL_OK;
}

static enum ctl_exit show(const struct ctl_args *args)
{
	struct config *c = NULL;
	enum ctl_exit code = load(args, &c);

	if (code == CTL_OK)
		code = print(config_show, c);
	config_free(c);
	return code;
}

static void doc_put(const struct config *unused, struct buf *out)
{
	(void)unused;
	config_doc(out);
}

static enum ctl_exit doc(const struct ctl_args *args)
{
	(void)args;
	return print(doc_put, NULL);
}

static const struct ctl_command commands[] = {
	{
		.words = "config check",
		.summary = "Reads the configuration and says what is wrong with it.",
		.run = config_check,
	},
	{
		.words = "config show",
		.summary =
			"Prints the settings in effect as a configuration file, without secrets.",
		.run = show,
	},
	{
		.words = "config doc",
		.summary = "Prints the reference of all settings as Markdown.",
		.run = doc,
	},
};

const struct ctl_group ctl_config_group = {
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};
