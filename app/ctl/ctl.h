/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_CTL_H
#define REMIT_CTL_CTL_H

/*
 * The commands of remitctl. Each file of commands has one group of rows; ctl.c lists the groups,
 * parses the arguments by the row and makes the help from it. A command answers with an exit
 * code of sysexits(3): its result alone goes to standard output, everything said to a person goes
 * to standard error. One thread.
 */

#include "app/base/err.h"

#include <stddef.h>

enum ctl_exit {
	CTL_OK = 0,
	CTL_USAGE = 64,	      /* the command line is wrong */
	CTL_DATA = 65,	      /* what was asked for cannot be done with this input */
	CTL_UNAVAILABLE = 69, /* the database does not answer */
	CTL_SOFTWARE = 70,    /* a fault in remit */
	CTL_TEMPORARY = 75,   /* the same may succeed later */
	CTL_PERMISSION = 77,  /* not allowed */
	CTL_CONFIG = 78,      /* the configuration is wrong */
};

enum { CTL_OPTIONS_MAX = 8 };

struct ctl_option {
	const char *name;
	const char *value; /* what stands for its value in the help; NULL: it has none */
	const char *help;
	int required;
};

struct ctl_args {
	const char *config_file;	     /* NULL: the default */
	const char *values[CTL_OPTIONS_MAX]; /* in the order of the options; a flag is "" */
	const char *operand;
};

struct ctl_command {
	const char *words;   /* "account create" */
	const char *operand; /* its name in the help; NULL: there is none */
	const char *summary;
	const char *details; /* may be NULL */
	const struct ctl_option *options;
	size_t n_options;
	enum ctl_exit (*run)(const struct ctl_args *args);
};

struct ctl_group {
	const struct ctl_command *commands;
	size_t n;
};

extern const struct ctl_group ctl_config_group;
extern const struct ctl_group ctl_migrate_group;
extern const struct ctl_group ctl_account_group;
extern const struct ctl_group ctl_ledger_group;
extern const struct ctl_group ctl_schema_group;

/* Says a line to the person: "remitctl: ..." on standard error. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The exit code that e means. */
enum ctl_exit ctl_exit_of(enum err e);

#endif
