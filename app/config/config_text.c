/* SPDX-License-Identifier: Apache-2.0 */
/* The settings as text: a configuration file, and the reference. */
#include "app/config/config_internal.h"

#include <string.h>

/* A quoted value that libconfuse reads back as it was: '$' begins a variable in its quotes. */
static void put_quoted(struct buf *out, const char *value)
{
	buf_char(out, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\' || *value == '$')
			buf_char(out, '\\');
		buf_char(out, *value);
	}
	buf_char(out, '"');
}

static void put_value(struct buf *out, const struct config *c, const struct setting *s)
{
	if (s->form == SETTING_INT)
		buf_i64(out, setting_number(c, s));
	else if (s->form == SETTING_CHOICE)
		put_quoted(out, s->allowed[setting_number(c, s)]);
	else if (s->secret && *setting_string(c, s) != '\0')
		buf_lit(out, "\"***\"");
	else
		put_quoted(out, setting_string(c, s));
}

void config_show(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < config_settings_n; i++) {
		buf_z(out, config_settings[i].name);
		buf_lit(out, " = ");
		put_value(out, c, &config_settings[i]);
		buf_char(out, '\n');
	}
}

static const char *form_name(const struct setting *s)
{
	switch (s->form) {
	case SETTING_INT:
		return "number";
	case SETTING_CHOICE:
		return "one of";
	case SETTING_TEXT:
		return "text";
	case SETTING_NAME:
		return "name";
	case SETTING_PATH:
		return "directory";
	case SETTING_HEX:
		return "hexadecimal digits";
	case SETTING_URL:
		return "URL";
	case SETTING_ENDPOINT:
		return "endpoint";
	case SETTING_ENDPOINTS:
		return "endpoints";
	case SETTING_ORIGINS:
		return "origins";
	case SETTING_NAMES:
		return "names";
	}
	return "";
}

static void put_range(struct buf *out, const struct setting *s)
{
	buf_z(out, form_name(s));
	if (s->form == SETTING_INT) {
		buf_char(out, ' ');
		buf_i64(out, s->min);
		buf_lit(out, "..");
		buf_i64(out, s->max);
	}
	for (size_t i = 0; s->form == SETTING_CHOICE && s->allowed[i] != NULL; i++) {
		buf_z(out, i > 0 ? ", " : " ");
		buf_z(out, s->allowed[i]);
	}
}

static void put_row(struct buf *out, const struct setting *s)
{
	buf_lit(out, "| `");
	buf_z(out, s->name);
	buf_lit(out, "` | ");
	put_range(out, s);
	buf_lit(out, " | ");
	if (*s->initial != '\0') {
		buf_char(out, '`');
		buf_z(out, s->initial);
		buf_char(out, '`');
	}
	buf_lit(out, " | ");
	buf_z(out, s->reloadable ? "reload" : "restart");
	buf_z(out, s->secret ? ", secret" : "");
	buf_lit(out, " | ");
	buf_z(out, s->doc);
	buf_lit(out, " |\n");
}

void config_doc(struct buf *out)
{
	buf_lit(out, "# Settings\n\n"
		     "Each line of the file is `name = value`, text in double quotes; a later\n"
		     "source wins: default, file, `conf.d/*.conf` beside it, the environment\n"
		     "variable `REMIT_<NAME>`, and for secrets the file\n"
		     "`$CREDENTIALS_DIRECTORY/<name>`. An endpoint is `unix:/path` or\n"
		     "`host:port`; a list is separated by commas.\n\n"
		     "| setting | value | default | change needs | meaning |\n"
		     "| --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < config_settings_n; i++)
		put_row(out, &config_settings[i]);
}
