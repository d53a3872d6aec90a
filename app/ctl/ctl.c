/* SPDX-License-Identifier: Apache-2.0 */
/* remitctl: finds the command, parses its arguments by its row, runs it. */
#include "app/ctl/ctl.h"

#include "app/ctl/import.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.0.0"
#endif

static const struct ctl_group *const groups[] = {
	&ctl_account_group, &ctl_config_group,	&ctl_import_group,
	&ctl_ledger_group,  &ctl_migrate_group, &ctl_schema_group,
};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

void ctl_say(const char *format, ...)
{
	va_list ap;

	(void)fputs("remitctl: ", stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

enum ctl_exit ctl_exit_of(enum err e)
{
	switch ((int)e) {
	case ERR_OK:
		return CTL_OK;
	case ERR_DB_CONNECT:
	case ERR_UNAVAILABLE:
		return CTL_UNAVAILABLE;
	case ERR_DB_LOCK_WAIT:
		return CTL_TEMPORARY;
	case ERR_CONFIG:
		return CTL_CONFIG;
	case ERR_UNAUTHENTICATED:
	case ERR_FORBIDDEN:
		return CTL_PERMISSION;
	default:
		break;
	}
	if (err_status(e) < 500 && err_code(e) != NULL && !err_retryable(e))
		return CTL_DATA;
	return err_retryable(e) && e != ERR_INTERNAL ? CTL_TEMPORARY : CTL_SOFTWARE;
}

static void usage_put(FILE *f, const struct ctl_command *c)
{
	(void)fprintf(f, "remitctl %s", c->words);
	for (size_t i = 0; i < c->n_options; i++) {
		const struct ctl_option *o = &c->options[i];

		(void)fprintf(f, o->required ? " --%s" : " [--%s", o->name);
		(void)fprintf(f, o->value != NULL ? " %s" : "%s", o->value != NULL ? o->value : "");
		(void)fputs(o->required ? "" : "]", f);
	}
	(void)fprintf(f, c->operand != NULL ? " %s" : "%s\n", c->operand != NULL ? c->operand : "");
	if (c->operand != NULL)
		(void)fputc('\n', f);
}

static void help_command(const struct ctl_command *c)
{
	(void)fputs("usage: ", stdout);
	usage_put(stdout, c);
	(void)printf("\n%s\n", c->summary);
	if (c->details != NULL)
		(void)printf("\n%s\n", c->details);
	(void)puts("");
	for (size_t i = 0; i < c->n_options; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "--%s %s", c->options[i].name,
			       c->options[i].value != NULL ? c->options[i].value : "");
		(void)printf("  %-24s %s\n", name, c->options[i].help);
	}
	(void)printf("  %-24s %s\n", "--config FILE",
		     "the configuration, instead of the default file");
}

static void help_all(FILE *f)
{
	(void)fputs("usage: remitctl [--config FILE] COMMAND [argument...]\n\n", f);
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < groups[g]->n; i++)
			(void)fprintf(f, "  %-20s %s\n", groups[g]->commands[i].words,
				      groups[g]->commands[i].summary);
	(void)fputs(
		"\n`remitctl COMMAND --help` explains a command.\n"
		"Exit codes: 0 done, 64 usage, 65 input, 69 no database, 70 fault, 75 try again,\n"
		"77 not allowed, 78 configuration.\n",
		f);
}

/* How many arguments the words of the command take; 0: they are not these words. */
static int words_match(const char *words, int argc, char **argv)
{
	int n = 0;

	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		if (n == argc || strlen(argv[n]) != len || strncmp(argv[n], words, len) != 0)
			return 0;
		n++;
		words += len + (words[len] == ' ');
	}
	return n;
}

/* The command whose words match most arguments. */
static const struct ctl_command *command_find(int argc, char **argv, int *ret_words)
{
	const struct ctl_command *best = NULL;

	*ret_words = 0;
	for (size_t g = 0; g < GROUPS; g++) {
		for (size_t i = 0; i < groups[g]->n; i++) {
			int n = words_match(groups[g]->commands[i].words, argc, argv);

			if (n > *ret_words) {
				best = &groups[g]->commands[i];
				*ret_words = n;
			}
		}
	}
	return best;
}

static const struct ctl_option config_option = { .name = "config", .value = "FILE" };

/* The option that `name` of n bytes names, and where its value goes. */
static const struct ctl_option *option_find(const struct ctl_command *c, struct ctl_args *args,
					    const char *name, size_t n, const char ***ret_value)
{
	if (n == strlen(config_option.name) && strncmp(name, config_option.name, n) == 0) {
		*ret_value = &args->config_file;
		return &config_option;
	}
	for (size_t i = 0; c != NULL && i < c->n_options; i++) {
		if (strlen(c->options[i].name) == n && strncmp(name, c->options[i].name, n) == 0) {
			*ret_value = &args->values[i];
			return &c->options[i];
		}
	}
	return NULL;
}

/* Takes the option at argv[0], which begins with "--"; returns how many arguments it is, or 0. */
static int option_take(const struct ctl_command *c, struct ctl_args *args, int argc, char **argv)
{
	const char *name = argv[0] + 2;
	size_t n = strcspn(name, "=");
	const char **value = NULL;
	const struct ctl_option *o = option_find(c, args, name, n, &value);

	if (o == NULL) {
		ctl_say("there is no option %s here", argv[0]);
		return 0;
	}
	if (*value != NULL) {
		ctl_say("--%s is given twice", o->name);
		return 0;
	}
	if (o->value == NULL && name[n] == '=') {
		ctl_say("--%s takes no value", o->name);
		return 0;
	}
	if (o->value == NULL || name[n] == '=') {
		*value = o->value == NULL ? "" : name + n + 1;
		return 1;
	}
	if (argc < 2) {
		ctl_say("--%s needs a value: %s", o->name, o->value);
		return 0;
	}
	*value = argv[1];
	return 2;
}

static bool args_complete(const struct ctl_command *c, const struct ctl_args *args)
{
	for (size_t i = 0; i < c->n_options; i++) {
		if (c->options[i].required && args->values[i] == NULL) {
			ctl_say("--%s is missing", c->options[i].name);
			return false;
		}
	}
	if (c->operand != NULL && args->operand == NULL) {
		ctl_say("%s is missing", c->operand);
		return false;
	}
	return true;
}

static bool args_parse(const struct ctl_command *c, struct ctl_args *args, int argc, char **argv)
{
	bool options = true;
	int i = 0;

	while (i < argc) {
		int taken = 1;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			taken = option_take(c, args, argc - i, argv + i);
			if (taken == 0)
				return false;
		} else if (c->operand == NULL || args->operand != NULL) {
			ctl_say("\"%s\" is one argument too many", argv[i]);
			return false;
		} else {
			args->operand = argv[i];
		}
		i += taken;
	}
	return args_complete(c, args);
}

/* Whether `word` stands among the arguments before "--". */
static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

/* Whether everything printed reached standard output: a full disk is no success. */
static enum ctl_exit finish(enum ctl_exit code)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return code;
	ctl_say("standard output cannot be written");
	return code == CTL_OK ? CTL_SOFTWARE : code;
}

static enum ctl_exit command_run(struct ctl_args *args, int argc, char **argv)
{
	int words = 0;
	const struct ctl_command *c = command_find(argc, argv, &words);

	if (c == NULL) {
		if (argc > 0)
			ctl_say("there is no command \"%s%s%s\"", argv[0], argc > 1 ? " " : "",
				argc > 1 ? argv[1] : "");
		help_all(stderr);
		return CTL_USAGE;
	}
	if (has_word(argc - words, argv + words, "--help")) {
		help_command(c);
		return CTL_OK;
	}
	if (!args_parse(c, args, argc - words, argv + words)) {
		(void)fputs("usage: ", stderr);
		usage_put(stderr, c);
		return CTL_USAGE;
	}
	return c->run(args);
}

int main(int argc, char **argv)
{
	struct ctl_args args = { .config_file = NULL };
	int i = 1;

	/* A lost connection is an error code, not the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	while (i < argc && strncmp(argv[i], "--", 2) == 0) {
		int taken;

		if (strcmp(argv[i], "--help") == 0) {
			help_all(stdout);
			return finish(CTL_OK);
		}
		if (strcmp(argv[i], "--version") == 0) {
			(void)puts("remitctl (remit) " PACKAGE_VERSION);
			return finish(CTL_OK);
		}
		taken = option_take(NULL, &args, argc - i, argv + i);
		if (taken == 0)
			return CTL_USAGE;
		i += taken;
	}
	return finish(command_run(&args, argc - i, argv + i));
}
