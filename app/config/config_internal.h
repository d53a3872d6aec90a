/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CONFIG_CONFIG_INTERNAL_H
#define REMIT_CONFIG_CONFIG_INTERNAL_H

/*
 * The table of settings and the one function that gives a setting its value, whatever source the
 * value comes from. Constants only: thread-safe.
 */

#include "app/base/err.h"
#include "app/config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value looks like. All but INT and CHOICE are strings in struct config. */
enum setting_form {
	SETTING_INT,	   /* a decimal number */
	SETTING_CHOICE,	   /* one of `allowed`; kept as its position */
	SETTING_TEXT,	   /* any text without control characters */
	SETTING_NAME,	   /* letters, digits, '_' and '-' */
	SETTING_PATH,	   /* of a directory */
	SETTING_HEX,	   /* hexadecimal digits, or empty */
	SETTING_URL,	   /* http(s)://host, without a trailing slash */
	SETTING_ENDPOINT,  /* unix:/path or host:port */
	SETTING_ENDPOINTS, /* a list of these */
	SETTING_ORIGINS,   /* a list of scheme://host[:port] */
	SETTING_NAMES,	   /* a list of names */
};

struct setting {
	const char *name;
	enum setting_form form;
	size_t offset;	     /* in struct config */
	const char *initial; /* the default, as it would be written */
	int64_t min, max;    /* numbers: range; strings: length in bytes */
	const char *const *allowed;
	bool reloadable;
	bool secret;
	const char *doc;
};

extern const struct setting config_settings[];
extern const size_t config_settings_n;

/* The most bytes a file or a credential may have. */
enum { CONFIG_FILE_MAX = 1 << 20 };

/* Whether the setting is an integer in struct config. */
bool setting_is_number(const struct setting *s);
/* The value of a number or a string setting. */
int64_t setting_number(const struct config *c, const struct setting *s);
const char *setting_string(const struct config *c, const struct setting *s);

/*
 * Checks text and makes it the setting's value, in place of the one before. ERR_CONFIG with *fault
 * set to "<where>: <name>: <what>".
 */
MUST_CHECK enum err setting_set(struct config *c, const struct setting *s, const char *text,
				const char *where, struct config_fault *fault);

/* Writes "<where>: <formatted>" and returns ERR_CONFIG. */
enum err config_fault_set(struct config_fault *fault, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Reads a whole file of at most CONFIG_FILE_MAX bytes without NUL into terminated memory the
 * caller frees. ERR_CONFIG with *fault set.
 */
MUST_CHECK enum err config_file_read(const char *path, char **ret_text, struct config_fault *fault);
/* Applies the settings of one file. */
MUST_CHECK enum err config_file_apply(struct config *c, const char *path,
				      struct config_fault *fault);

#endif
