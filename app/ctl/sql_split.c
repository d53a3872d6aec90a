/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the bytes, copying what belongs to statements. */
#include "app/ctl/sql_split.h"

#include "app/base/buf.h"

#include <string.h>

struct splitter {
	struct arena *arena;
	struct str in;
	size_t at;
	int line;
	struct buf statement;
	int statement_line;
	struct sql_script *script;
	size_t room;
};

static enum err fault(struct splitter *s, int line, const char *text)
{
	s->script->fault = text;
	s->script->fault_line = line;
	return ERR_MALFORMED;
}

/* The byte `ahead` of the next one; NUL at the end. */
static char peek(const struct splitter *s, size_t ahead)
{
	return ahead < s->in.n - s->at ? s->in.p[s->at + ahead] : '\0';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip(struct splitter *s)
{
	s->line += s->in.p[s->at] == '\n';
	s->at++;
}

/* Copies the next byte into the statement; the first one that is no space begins it. */
static void copy(struct splitter *s)
{
	char c = s->in.p[s->at];

	if (s->statement.n == 0 && is_space(c)) {
		skip(s);
		return;
	}
	if (s->statement.n == 0)
		s->statement_line = s->line;
	buf_char(&s->statement, c);
	skip(s);
}

static enum err copy_quoted(struct splitter *s)
{
	const char quote = peek(s, 0);
	const int line = s->line;

	copy(s);
	while (s->at < s->in.n && peek(s, 0) != quote) {
		if (peek(s, 0) == '\\' && quote != '`' && s->in.n - s->at > 1)
			copy(s);
		copy(s);
	}
	if (s->at == s->in.n)
		return fault(s, line, "the quote is not closed");
	copy(s);
	return ERR_OK;
}

static bool at_line_comment(const struct splitter *s)
{
	if (peek(s, 0) == '#')
		return true;
	return peek(s, 0) == '-' && peek(s, 1) == '-' && (is_space(peek(s, 2)) || !peek(s, 2));
}

/* A comment parts words as a space does. */
static void put_gap(struct splitter *s)
{
	if (s->statement.n > 0)
		buf_char(&s->statement, ' ');
}

static enum err skip_block_comment(struct splitter *s)
{
	const int line = s->line;

	/* These run on some servers only, and a schema is the same on all. */
	if (peek(s, 2) == '!' || (peek(s, 2) == 'M' && peek(s, 3) == '!'))
		return fault(s, line, "comments that some servers execute are not allowed");
	skip(s);
	skip(s);
	while (s->at < s->in.n && !(peek(s, 0) == '*' && peek(s, 1) == '/'))
		skip(s);
	if (s->at == s->in.n)
		return fault(s, line, "the comment is not closed");
	skip(s);
	skip(s);
	put_gap(s);
	return ERR_OK;
}

static enum err statement_end(struct splitter *s)
{
	struct sql_statement *grown;
	struct str text = STR_NONE;
	enum err e;

	skip(s);
	if (s->statement.err != ERR_OK)
		return s->statement.err;
	while (s->statement.n > 0 && is_space(s->statement.p[s->statement.n - 1]))
		s->statement.n--;
	if (s->statement.n == 0)
		return fault(s, s->line, "there is no statement before the semicolon");
	e = buf_finish(&s->statement, &text);
	if (e != ERR_OK)
		return e;
	if (s->script->n == s->room) {
		s->room = s->room == 0 ? 16 : 2 * s->room;
		grown = arena_array(s->arena, s->room, sizeof(*grown));
		if (grown == NULL)
			return ERR_NO_MEMORY;
		if (s->script->n > 0)
			memcpy(grown, s->script->statements, s->script->n * sizeof(*grown));
		s->script->statements = grown;
	}
	s->script->statements[s->script->n++] = (struct sql_statement){
		.text = text,
		.line = s->statement_line,
	};
	buf_init(&s->statement, s->arena, 0, s->in.n + 1);
	return ERR_OK;
}

static enum err step(struct splitter *s)
{
	const char c = peek(s, 0);

	if (c == '\'' || c == '"' || c == '`')
		return copy_quoted(s);
	if (c == ';')
		return statement_end(s);
	if (c == '/' && peek(s, 1) == '*')
		return skip_block_comment(s);
	if (at_line_comment(s)) {
		while (s->at < s->in.n && peek(s, 0) != '\n')
			skip(s);
		put_gap(s);
		return ERR_OK;
	}
	copy(s);
	return ERR_OK;
}

enum err sql_split(struct arena *a, struct str text, struct sql_script *ret_script)
{
	struct sql_script script = { .n = 0 };
	struct splitter s = { .arena = a, .in = text, .line = 1, .script = &script };
	enum err e = ERR_OK;

	buf_init(&s.statement, a, 0, text.n + 1);
	while (s.at < text.n && e == ERR_OK)
		e = step(&s);
	while (e == ERR_OK && s.statement.n > 0 && is_space(s.statement.p[s.statement.n - 1]))
		s.statement.n--;
	if (e == ERR_OK && s.statement.n > 0)
		e = fault(&s, s.statement_line, "the statement does not end with a semicolon");
	if (e == ERR_OK)
		e = s.statement.err;
	*ret_script = script;
	return e;
}
