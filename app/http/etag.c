/* SPDX-License-Identifier: Apache-2.0 */
/* Entity tags. */
#include "app/http/etag.h"

enum { FINGERPRINT_TEXT = 8, IF_MATCH_ANY = -1, IF_MATCH_NEVER = -2 };

/* One element of a list: a tag with its quotes and without "W/". */
struct tag {
	struct str text;
	bool weak;
};

static void fingerprint_bytes(uint32_t fingerprint, unsigned char ret_bytes[4])
{
	for (int i = 0; i < 4; i++)
		ret_bytes[i] = (unsigned char)(fingerprint >> (24 - 8 * i));
}

void etag_put(struct buf *b, int64_t version, uint32_t fingerprint)
{
	unsigned char bytes[4];

	fingerprint_bytes(fingerprint, bytes);
	buf_char(b, '"');
	buf_i64(b, version);
	buf_char(b, '-');
	buf_hex(b, bytes, sizeof(bytes));
	buf_char(b, '"');
}

/* etagc of RFC 9110: visible, not a quote; bytes above ASCII are allowed. */
static bool is_etagc(char c)
{
	unsigned char u = (unsigned char)c;

	return u == 0x21 || (u >= 0x23 && u != 0x7f);
}

static void skip(struct str *in, size_t n)
{
	*in = (struct str){ .p = in->p + n, .n = in->n - n };
}

/* Skips spaces, tabs and empty elements; returns whether a comma was among them. */
static bool skip_separators(struct str *in)
{
	bool comma = false;

	while (in->n > 0 && (in->p[0] == ' ' || in->p[0] == '\t' || in->p[0] == ',')) {
		comma |= in->p[0] == ',';
		skip(in, 1);
	}
	return comma;
}

/*
 * Takes the next tag off a list. ERR_NOT_FOUND at its end. Tags may hold commas, so the list
 * cannot be cut at them.
 */
static enum err tag_take(struct str *in, struct tag *ret_tag)
{
	struct tag tag = { .weak = false };
	size_t n = 1;

	(void)skip_separators(in);
	if (in->n == 0)
		return ERR_NOT_FOUND;
	if (str_starts(*in, STR("W/"))) {
		tag.weak = true;
		skip(in, 2);
	}
	if (in->n == 0 || in->p[0] != '"')
		return ERR_MALFORMED;
	while (n < in->n && is_etagc(in->p[n]))
		n++;
	if (n == in->n || in->p[n] != '"')
		return ERR_MALFORMED;
	tag.text = (struct str){ .p = in->p, .n = n + 1 };
	skip(in, n + 1);
	if (!skip_separators(in) && in->n > 0)
		return ERR_MALFORMED;
	*ret_tag = tag;
	return ERR_OK;
}

bool etag_matches(struct str header, struct str etag, bool weak_ok)
{
	struct tag tag;
	bool found = false;
	enum err e;

	if (header.p == NULL)
		return false;
	if (str_eq(str_trim(header), STR("*")))
		return true;
	for (e = tag_take(&header, &tag); e == ERR_OK; e = tag_take(&header, &tag))
		found |= (weak_ok || !tag.weak) && str_eq(tag.text, etag);
	return found && e == ERR_NOT_FOUND;
}

/* The version in a tag of ours, IF_MATCH_NEVER for any other. */
static int64_t tag_version(const struct tag *tag, uint32_t fingerprint)
{
	static const char digits[] = "0123456789abcdef";
	struct str rest = { .p = tag->text.p + 1, .n = tag->text.n - 2 };
	struct str version = str_cut(&rest, '-');
	int64_t v;

	if (tag->weak || rest.n != FINGERPRINT_TEXT ||
	    str_to_i64(version, 0, INT64_MAX, &v) != ERR_OK)
		return IF_MATCH_NEVER;
	for (unsigned int i = 0; i < FINGERPRINT_TEXT; i++) {
		if (rest.p[i] != digits[fingerprint >> (28 - 4 * i) & 15])
			return IF_MATCH_NEVER;
	}
	return v;
}

enum err etag_parse_if_match(struct str header, uint32_t fingerprint, int64_t *ret_version)
{
	int64_t highest = IF_MATCH_NEVER;
	size_t n = 0;
	struct tag tag;
	enum err e;

	if (header.p == NULL || str_eq(str_trim(header), STR("*"))) {
		*ret_version = IF_MATCH_ANY;
		return ERR_OK;
	}
	for (e = tag_take(&header, &tag); e == ERR_OK; e = tag_take(&header, &tag)) {
		int64_t v = tag_version(&tag, fingerprint);

		n++;
		if (v > highest)
			highest = v;
	}
	if (e != ERR_NOT_FOUND || n == 0)
		return ERR_INVALID_PARAMETER;
	*ret_version = highest;
	return ERR_OK;
}
