/* SPDX-License-Identifier: Apache-2.0 */
/* CSV files through zlib, which reads plain files as well, and libcsv. */
#include "app/ctl/import_csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <csv.h>
#include <zlib.h>

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/ctl/ctl.h"

enum { FIELDS_MAX = 64, ROW_MAX = 1 << 20, BLOCK = 64 << 10 };

struct reader {
	const struct import_csv *csv;
	struct import_row row;
	struct arena *arena; /* of one row */
	struct str fields[FIELDS_MAX];
	size_t n;
	/* of the names */
	bool named;
	size_t width;
	size_t places[IMPORT_COLUMNS_MAX]; /* of the wanted columns */
	size_t loose;
	enum err err;
};

static enum err say(const struct import_row *row, const char *format, va_list ap)
{
	char text[300];

	vsnprintf(text, sizeof(text), format, ap);
	ctl_say("%s row %llu: %s", row->file, (unsigned long long)row->number, text);
	return ERR_MALFORMED;
}

enum err import_row_fail(const struct import_row *row, const char *format, ...)
{
	enum err e;
	va_list ap;

	va_start(ap, format);
	e = say(row, format, ap);
	va_end(ap);
	return e;
}

/* The place of a named column; FIELDS_MAX when there is none. */
static size_t find_column(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq_z(r->fields[i], name))
			return i;
	return FIELDS_MAX;
}

static enum err take_names(struct reader *r)
{
	r->named = true;
	r->width = r->n;
	r->loose = FIELDS_MAX;
	for (size_t i = 0; i < r->csv->n_columns; i++) {
		r->places[i] = find_column(r, r->csv->columns[i]);
		if (r->places[i] == FIELDS_MAX)
			return import_row_fail(&r->row, "there is no column \"%s\"",
					       r->csv->columns[i]);
	}
	if (r->csv->loose != NULL)
		r->loose = find_column(r, r->csv->loose);
	return ERR_OK;
}

/* Puts the parts of the loose column together again. */
static enum err join(struct reader *r)
{
	const size_t surplus = r->n - r->width;
	struct buf b;
	enum err e;

	buf_init(&b, r->arena, 256, ROW_MAX);
	for (size_t i = r->loose; i <= r->loose + surplus; i++) {
		if (i > r->loose)
			buf_char(&b, ',');
		buf_str(&b, r->fields[i]);
	}
	e = buf_finish(&b, &r->fields[r->loose]);
	if (e != ERR_OK)
		return e;
	for (size_t i = r->loose + 1; i < r->width; i++)
		r->fields[i] = r->fields[i + surplus];
	r->n = r->width;
	return ERR_OK;
}

static enum err take_row(struct reader *r)
{
	enum err e = ERR_OK;

	r->row.number++;
	if (!r->named)
		return take_names(r);
	if (r->n > r->width && r->loose != FIELDS_MAX)
		e = join(r);
	if (e == ERR_OK && r->n != r->width)
		e = import_row_fail(&r->row, "%zu fields instead of %zu", r->n, r->width);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < r->csv->n_columns; i++) {
		const struct str s = str_trim(r->fields[r->places[i]]);

		r->row.fields[i] = s.n == 0 || str_eq(s, STR("NULL")) ? STR_NONE : s;
	}
	return r->csv->row(r->csv->arg, &r->row);
}

static void on_field(void *p, size_t n, void *arg)
{
	struct reader *r = arg;
	struct str s = { .p = p, .n = n };

	if (r->err != ERR_OK)
		return;
	if (r->row.number == 0 && r->n == 0 && str_starts(s, STR("\xef\xbb\xbf")))
		s = (struct str){ .p = s.p + 3, .n = s.n - 3 };
	if (r->n == FIELDS_MAX || !str_is_utf8(s)) {
		r->row.number++;
		r->err = import_row_fail(&r->row, r->n == FIELDS_MAX ? "has too many fields"
								     : "is not UTF-8");
		return;
	}
	s = arena_dup(r->arena, n == 0 ? STR("") : s);
	if (s.p == NULL)
		r->err = ERR_NO_MEMORY;
	r->fields[r->n++] = s;
}

static void on_row(int end, void *arg)
{
	struct reader *r = arg;

	(void)end;
	if (r->err == ERR_OK)
		r->err = take_row(r);
	r->n = 0;
	arena_reset(r->arena);
}

/* Spaces belong to a field (RFC 4180): libcsv would drop them where quotes are left out. */
static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static enum err fail_csv(struct reader *r, struct csv_parser *parser)
{
	r->row.number++;
	return import_row_fail(&r->row, "%s", csv_strerror(csv_error(parser)));
}

static enum err read_all(struct reader *r, gzFile in, struct csv_parser *parser)
{
	char block[BLOCK];
	int n, failure;

	do {
		n = gzread(in, block, sizeof(block));
		if (n < 0) {
			ctl_say("%s: %s", r->row.file, gzerror(in, &failure));
			return ERR_IO;
		}
		if (csv_parse(parser, block, (size_t)n, on_field, on_row, r) != (size_t)n)
			return fail_csv(r, parser);
	} while (n > 0 && r->err == ERR_OK);
	if (r->err == ERR_OK && csv_fini(parser, on_field, on_row, r) != 0)
		return fail_csv(r, parser);
	return r->err;
}

/* A file that ends inside its gzip stream reads as if it had ended: only closing tells. */
static enum err close_file(const char *file, gzFile in, enum err e)
{
	if (gzclose(in) == Z_OK || e != ERR_OK)
		return e;
	ctl_say("%s: the file is cut off", file);
	return ERR_IO;
}

enum err import_csv_read(const char *file, const struct import_csv *csv)
{
	struct reader r = { .csv = csv, .row = { .file = file } };
	struct csv_parser parser;
	gzFile in;
	enum err e;

	in = gzopen(file, "rbe");
	if (in == NULL) {
		ctl_say("%s: %s", file, strerror(errno));
		return ERR_IO;
	}
	r.arena = arena_new(4 * ROW_MAX);
	if (r.arena == NULL || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		arena_free(r.arena);
		(void)gzclose(in);
		return ERR_NO_MEMORY;
	}
	csv_set_space_func(&parser, no_space);
	e = read_all(&r, in, &parser);
	if (e == ERR_OK && !r.named)
		e = import_row_fail(&r.row, "the file is empty");
	csv_free(&parser);
	arena_free(r.arena);
	return close_file(file, in, e);
}
