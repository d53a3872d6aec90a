/* SPDX-License-Identifier: Apache-2.0 */
/* Request templates: parsed into segments once, rendered without searching for placeholders. */
#include "bench/load_plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TEMPLATES_MAX 64
#define SEGMENTS_MAX  64
#define FILES_MAX     16

enum segment_kind {
	SEGMENT_LITERAL,
	SEGMENT_COUNTER,
	SEGMENT_UUID,
	SEGMENT_PICK,
	SEGMENT_NEXT,
};

/* The lines of a file named by {pick:} or {next:}; one copy, and one position, per file name. */
struct lines {
	char *name;
	char *text;
	char **line;
	size_t count;
	size_t next;
};

struct segment {
	enum segment_kind kind;
	const char *p; /* literal: borrowed from the plan's text */
	size_t n;
	struct lines *lines;
};

struct segments {
	struct segment s[SEGMENTS_MAX];
	size_t count;
};

struct template
{
	char *name;
	bool head_only;
	bool has_body;
	struct segments head; /* request line and headers, without the blank line */
	struct segments body;
};

struct load_plan {
	struct template template[TEMPLATES_MAX];
	size_t count;
	struct lines lines[FILES_MAX];
	size_t lines_count;
	struct load_text text; /* what the literals point into */
	struct load_text body; /* scratch: a body must be rendered before its length is known */
	uint64_t counter;
	uint64_t random;
};

void load_die(const char *format, ...)
{
	int fault = errno;
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("load: ", stderr);
	va_start(ap, format);
	errno = fault; /* for %m */
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(2);
}

static void *checked(void *p)
{
	if (p == NULL)
		load_die("out of memory");
	return p;
}

void load_text_add(struct load_text *t, const char *p, size_t n)
{
	if (t->n + n > t->room) {
		t->room = (t->n + n) * 2;
		t->p = checked(realloc(t->p, t->room));
	}
	if (n > 0)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

void load_text_done(struct load_text *t)
{
	free(t->p);
	*t = (struct load_text){ 0 };
}

/* The whole file and a final NUL, which n does not count. */
static struct load_text file_read(const char *name)
{
	struct load_text text = { 0 };
	char part[65536];
	FILE *f = fopen(name, "re");

	if (f == NULL)
		load_die("%s: %m", name);
	for (;;) {
		size_t n = fread(part, 1, sizeof(part), f);
		if (n == 0)
			break;
		load_text_add(&text, part, n);
	}
	if (ferror(f) != 0)
		load_die("%s: cannot be read", name);
	(void)fclose(f);
	load_text_add(&text, "", 1);
	text.n--;
	return text;
}

static struct lines *lines_of(struct load_plan *plan, const char *name, size_t n)
{
	struct lines *l;
	size_t room = 0;
	char *p;

	for (size_t i = 0; i < plan->lines_count; i++) {
		if (strlen(plan->lines[i].name) == n && memcmp(plan->lines[i].name, name, n) == 0)
			return &plan->lines[i];
	}
	if (plan->lines_count == FILES_MAX)
		load_die("more than %d files in placeholders", FILES_MAX);
	l = &plan->lines[plan->lines_count++];
	l->name = checked(strndup(name, n));
	l->text = file_read(l->name).p;
	p = l->text;
	while (*p != '\0') {
		size_t len = strcspn(p, "\r\n");
		bool is_last = p[len] == '\0';

		p[len] = '\0';
		if (len > 0 && l->count == room) {
			room = room * 2 + 64;
			l->line = checked(realloc(l->line, room * sizeof(*l->line)));
		}
		if (len > 0)
			l->line[l->count++] = p;
		p += is_last ? len : len + 1;
	}
	if (l->count == 0)
		load_die("%s: no lines to take", l->name);
	return l;
}

/* A placeholder at the start of p: its length, or 0 when the brace stands for itself. */
static size_t placeholder(struct load_plan *plan, const char *p, size_t n, struct segment *ret_seg)
{
	const char *end = memchr(p, '}', n);
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end - p) + 1;
	if (len == 3 && memcmp(p, "{n}", 3) == 0)
		ret_seg->kind = SEGMENT_COUNTER;
	else if (len == 6 && memcmp(p, "{uuid}", 6) == 0)
		ret_seg->kind = SEGMENT_UUID;
	else if (len > 7 && memcmp(p, "{pick:", 6) == 0)
		ret_seg->kind = SEGMENT_PICK;
	else if (len > 7 && memcmp(p, "{next:", 6) == 0)
		ret_seg->kind = SEGMENT_NEXT;
	else
		return 0;
	if (ret_seg->kind == SEGMENT_PICK || ret_seg->kind == SEGMENT_NEXT)
		ret_seg->lines = lines_of(plan, p + 6, len - 7);
	return len;
}

static struct segment *segment_new(struct segments *s)
{
	if (s->count == SEGMENTS_MAX)
		load_die("more than %d pieces in one template", SEGMENTS_MAX);
	s->s[s->count] = (struct segment){ .kind = SEGMENT_LITERAL };
	return &s->s[s->count++];
}

static void literal_add(struct segments *s, const char *p, size_t n)
{
	struct segment *seg;

	if (n == 0)
		return;
	seg = segment_new(s);
	seg->p = p;
	seg->n = n;
}

static void segments_add(struct load_plan *plan, struct segments *s, const char *p, size_t n)
{
	size_t from = 0;
	size_t i = 0;

	while (i < n) {
		struct segment seg = { .kind = SEGMENT_LITERAL };
		size_t len = p[i] == '{' ? placeholder(plan, p + i, n - i, &seg) : 0;

		if (len == 0) {
			i++;
			continue;
		}
		literal_add(s, p + from, i - from);
		*segment_new(s) = seg;
		i += len;
		from = i;
	}
	literal_add(s, p + from, n - from);
}

/* Cuts a line off the text; a last line may lack its newline. */
static bool line_take(const char **p, const char *end, const char **ret_line, size_t *ret_n)
{
	const char *eol;

	if (*p >= end)
		return false;
	eol = memchr(*p, '\n', (size_t)(end - *p));
	*ret_line = *p;
	*ret_n = (size_t)((eol == NULL ? end : eol) - *p);
	if (*ret_n > 0 && (*ret_line)[*ret_n - 1] == '\r')
		--*ret_n;
	*p = eol == NULL ? end : eol + 1;
	return true;
}

static bool needs_length(const char *method)
{
	return strncmp(method, "POST ", 5) == 0 || strncmp(method, "PUT ", 4) == 0 ||
	       strncmp(method, "PATCH ", 6) == 0;
}

/* Parses [p, end), the text between two separators; one without a request line is skipped. */
static void template_parse(struct load_plan *plan, const char *p, const char *end, const char *host)
{
	struct template *t = &plan->template[plan->count];
	const char *line;
	size_t n;

	do {
		if (!line_take(&p, end, &line, &n))
			return;
	} while (n == 0 || line[0] == '#');
	if (plan->count == TEMPLATES_MAX)
		load_die("more than %d templates", TEMPLATES_MAX);
	if (memchr(line, ' ', n) == NULL)
		load_die("not a request line: %.*s", (int)n, line);
	t->name = checked(strndup(line, n));
	t->head_only = strncmp(t->name, "HEAD ", 5) == 0;
	segments_add(plan, &t->head, line, n);
	literal_add(&t->head, " HTTP/1.1\r\nHost: ", 17);
	literal_add(&t->head, host, strlen(host));
	literal_add(&t->head, "\r\n", 2);
	while (line_take(&p, end, &line, &n) && n > 0) {
		segments_add(plan, &t->head, line, n);
		literal_add(&t->head, "\r\n", 2);
	}
	if (p < end && end[-1] == '\n')
		end--;
	if (p < end)
		segments_add(plan, &t->body, p, (size_t)(end - p));
	t->has_body = t->body.count > 0 || needs_length(t->name);
	plan->count++;
}

static struct load_plan *plan_new(void)
{
	struct load_plan *plan = checked(calloc(1, sizeof(*plan)));

	if (getrandom(&plan->random, sizeof(plan->random), 0) != sizeof(plan->random))
		load_die("no random numbers: %m");
	return plan;
}

struct load_plan *load_plan_new_file(const char *file, const char *host)
{
	struct load_plan *plan = plan_new();
	const char *p, *end, *from;

	plan->text = file_read(file);
	p = plan->text.p;
	end = p + plan->text.n;
	from = p;
	while (p < end) {
		const char *line;
		size_t n;

		if (!line_take(&p, end, &line, &n) || n != 3 || memcmp(line, "###", 3) != 0)
			continue;
		template_parse(plan, from, line, host);
		from = p;
	}
	template_parse(plan, from, end, host);
	if (plan->count == 0)
		load_die("%s: no request in it", file);
	return plan;
}

struct load_plan *load_plan_new_get(const char *path, const char *host)
{
	struct load_plan *plan = plan_new();

	load_text_add(&plan->text, "GET ", 4);
	load_text_add(&plan->text, path, strlen(path));
	template_parse(plan, plan->text.p, plan->text.p + plan->text.n, host);
	return plan;
}

void load_plan_free(struct load_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->template[i].name);
	for (size_t i = 0; i < plan->lines_count; i++) {
		free(plan->lines[i].name);
		free(plan->lines[i].text);
		free(plan->lines[i].line);
	}
	load_text_done(&plan->text);
	load_text_done(&plan->body);
	free(plan);
}

size_t load_plan_count(const struct load_plan *plan)
{
	return plan->count;
}

const char *load_plan_name(const struct load_plan *plan, size_t i)
{
	return plan->template[i].name;
}

bool load_plan_is_head(const struct load_plan *plan, size_t i)
{
	return plan->template[i].head_only;
}

/* splitmix64: fast, and good enough to make keys that never meet. */
static uint64_t random_next(struct load_plan *plan)
{
	uint64_t z;

	plan->random += 0x9e3779b97f4a7c15ULL;
	z = plan->random;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void uuid_add(struct load_plan *plan, struct load_text *out)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t half[2] = { random_next(plan), random_next(plan) };
	char text[36];
	size_t n = 0;

	half[0] = (half[0] & ~0xf000ULL) | 0x4000ULL;
	half[1] = (half[1] & ~(3ULL << 62)) | (1ULL << 63);
	for (unsigned i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			text[n++] = '-';
		text[n++] = hex[(half[i / 16] >> (60 - 4 * (i % 16))) & 15];
	}
	load_text_add(out, text, n);
}

static void counter_add(struct load_plan *plan, struct load_text *out)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)plan->counter);

	load_text_add(out, text, (size_t)n);
}

static void render(struct load_plan *plan, const struct segments *s, struct load_text *out)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct segment *seg = &s->s[i];
		const char *line;

		switch (seg->kind) {
		case SEGMENT_COUNTER:
			counter_add(plan, out);
			break;
		case SEGMENT_UUID:
			uuid_add(plan, out);
			break;
		case SEGMENT_PICK:
			line = seg->lines->line[random_next(plan) % seg->lines->count];
			load_text_add(out, line, strlen(line));
			break;
		case SEGMENT_NEXT:
			line = seg->lines->line[seg->lines->next++ % seg->lines->count];
			load_text_add(out, line, strlen(line));
			break;
		case SEGMENT_LITERAL:
		default:
			load_text_add(out, seg->p, seg->n);
			break;
		}
	}
}

void load_plan_render(struct load_plan *plan, size_t i, struct load_text *text)
{
	const struct template *t = &plan->template[i];
	char length[48];
	int n;

	plan->counter++;
	text->n = 0;
	render(plan, &t->head, text);
	if (!t->has_body) {
		load_text_add(text, "\r\n", 2);
		return;
	}
	plan->body.n = 0;
	render(plan, &t->body, &plan->body);
	n = snprintf(length, sizeof(length), "Content-Length: %zu\r\n\r\n", plan->body.n);
	load_text_add(text, length, (size_t)n);
	load_text_add(text, plan->body.p, plan->body.n);
}
