/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the end of an HTTP answer by Content-Length, chunks or the end of the connection. */
#include "bench/load_answer.h"

#include <string.h>
#include <strings.h>

void load_answer_init(struct load_answer *a, bool head_only)
{
	a->step = LOAD_ANSWER_STATUS;
	a->status = 0;
	a->head_only = head_only;
	a->must_close = false;
	a->chunked = false;
	a->has_length = false;
	a->length = 0;
	a->left = 0;
	a->line_len = 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Digits of the given base at the start of s; false without any, or above 2^53. */
static bool number_take(const char **s, int base, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *p = *s;

	for (;; p++) {
		int digit = hex_value(*p);

		if (digit < 0 || digit >= base)
			break;
		value = value * (uint64_t)base + (uint64_t)digit;
		if (value > (1ULL << 53))
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	*ret_value = value;
	return true;
}

static bool has_token(const char *list, const char *token)
{
	size_t n = strlen(token);

	while (*list != '\0') {
		size_t len;

		list += strspn(list, " \t,");
		len = strcspn(list, " \t,;");
		if (len == n && strncasecmp(list, token, n) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

/* "HTTP/1.1 200 OK": an answer of HTTP/1.0 closes unless it says otherwise. */
static bool status_line(struct load_answer *a)
{
	const char *p = a->line;
	uint64_t status;

	if (strncmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1') || p[8] != ' ')
		return false;
	a->must_close = p[7] == '0';
	p += 9;
	if (!number_take(&p, 10, &status) || status < 100 || status > 599)
		return false;
	a->status = (int)status;
	return *p == ' ' || *p == '\0';
}

static bool header_line(struct load_answer *a)
{
	char *colon = strchr(a->line, ':');
	const char *value;
	size_t name_len;

	if (colon == NULL || colon == a->line)
		return false;
	name_len = (size_t)(colon - a->line);
	value = colon + 1 + strspn(colon + 1, " \t");
	if (name_len == 14 && strncasecmp(a->line, "Content-Length", 14) == 0) {
		uint64_t length;

		if (!number_take(&value, 10, &length) || value[strspn(value, " \t")] != '\0')
			return false;
		if (a->has_length && a->length != length)
			return false;
		a->has_length = true;
		a->length = length;
	} else if (name_len == 17 && strncasecmp(a->line, "Transfer-Encoding", 17) == 0) {
		a->chunked = has_token(value, "chunked");
		if (!a->chunked)
			a->must_close = true;
	} else if (name_len == 10 && strncasecmp(a->line, "Connection", 10) == 0) {
		if (has_token(value, "close"))
			a->must_close = true;
		else if (has_token(value, "keep-alive"))
			a->must_close = false;
	}
	return true;
}

/* The blank line behind the headers: how does the body end (RFC 9112, section 6.3)? */
static enum load_answer_step headers_end(struct load_answer *a)
{
	if (a->status < 200 && a->status != 101) {
		load_answer_init(a, a->head_only);
		return LOAD_ANSWER_STATUS;
	}
	if (a->head_only || a->status == 204 || a->status == 304)
		return LOAD_ANSWER_DONE;
	if (a->chunked)
		return LOAD_ANSWER_CHUNK_SIZE;
	if (a->has_length) {
		a->left = a->length;
		return a->left == 0 ? LOAD_ANSWER_DONE : LOAD_ANSWER_BODY;
	}
	a->must_close = true;
	return LOAD_ANSWER_UNTIL_EOF;
}

static enum load_answer_step chunk_line(struct load_answer *a)
{
	const char *p = a->line;

	if (!number_take(&p, 16, &a->left))
		return LOAD_ANSWER_BAD;
	p += strspn(p, " \t");
	if (*p != '\0' && *p != ';')
		return LOAD_ANSWER_BAD;
	return a->left == 0 ? LOAD_ANSWER_TRAILER : LOAD_ANSWER_CHUNK_DATA;
}

/* A whole line without its end stands in a->line. */
static void line_done(struct load_answer *a)
{
	size_t n = a->line_len;

	if (n > 0 && a->line[n - 1] == '\r')
		n--;
	a->line[n] = '\0';
	a->line_len = 0;
	switch (a->step) {
	case LOAD_ANSWER_STATUS:
		a->step = status_line(a) ? LOAD_ANSWER_HEADER : LOAD_ANSWER_BAD;
		break;
	case LOAD_ANSWER_HEADER:
		if (n == 0)
			a->step = headers_end(a);
		else if (!header_line(a))
			a->step = LOAD_ANSWER_BAD;
		break;
	case LOAD_ANSWER_CHUNK_SIZE:
		a->step = chunk_line(a);
		break;
	case LOAD_ANSWER_CHUNK_END:
		a->step = n == 0 ? LOAD_ANSWER_CHUNK_SIZE : LOAD_ANSWER_BAD;
		break;
	case LOAD_ANSWER_TRAILER:
		if (n == 0)
			a->step = LOAD_ANSWER_DONE;
		break;
	case LOAD_ANSWER_BODY:
	case LOAD_ANSWER_UNTIL_EOF:
	case LOAD_ANSWER_CHUNK_DATA:
	case LOAD_ANSWER_DONE:
	case LOAD_ANSWER_BAD:
	default:
		a->step = LOAD_ANSWER_BAD;
		break;
	}
}

static size_t line_feed(struct load_answer *a, const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);
	size_t used = end == NULL ? n : (size_t)(end - p);

	if (a->line_len + used >= sizeof(a->line)) {
		a->step = LOAD_ANSWER_BAD;
		return n;
	}
	memcpy(a->line + a->line_len, p, used);
	a->line_len += used;
	if (end == NULL)
		return used;
	line_done(a);
	return used + 1;
}

static size_t body_feed(struct load_answer *a, size_t n)
{
	size_t used = a->left < n ? (size_t)a->left : n;

	a->left -= used;
	if (a->left == 0)
		a->step = a->step == LOAD_ANSWER_BODY ? LOAD_ANSWER_DONE : LOAD_ANSWER_CHUNK_END;
	return used;
}

size_t load_answer_feed(struct load_answer *a, const char *p, size_t n)
{
	size_t used = 0;

	while (used < n && a->step != LOAD_ANSWER_DONE && a->step != LOAD_ANSWER_BAD) {
		if (a->step == LOAD_ANSWER_BODY || a->step == LOAD_ANSWER_CHUNK_DATA)
			used += body_feed(a, n - used);
		else if (a->step == LOAD_ANSWER_UNTIL_EOF)
			used = n;
		else
			used += line_feed(a, p + used, n - used);
	}
	return used;
}

bool load_answer_eof(struct load_answer *a)
{
	if (a->step != LOAD_ANSWER_UNTIL_EOF)
		return false;
	a->step = LOAD_ANSWER_DONE;
	return true;
}
