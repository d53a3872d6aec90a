/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that the load client sends, read once from a request file and then rendered into bytes.
 * A file holds one or more templates, separated by a line "###" and used in turn:
 *
 *	# lines that start with a hash before the request line are comments
 *	POST /v1/orders
 *	Authorization: Bearer rk_...
 *	Content-Type: application/json
 *	Idempotency-Key: {uuid}
 *
 *	{"note":"order {n}"}
 *
 * Placeholders, anywhere in a template: {n} a counter, {uuid} a random UUID, {pick:FILE} a random
 * line of FILE, {next:FILE} the lines of FILE in order, over and over. Any other brace stands for
 * itself. Host and, where there is a body or the method is POST, PUT or PATCH, Content-Length are
 * added; the newline that ends the body in the file is not sent.
 *
 * Not thread-safe. Faults in the file end the program with a message: it is a developer's tool.
 */
#ifndef REMIT_BENCH_LOAD_PLAN_H
#define REMIT_BENCH_LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct load_plan;

struct load_text {
	char *p; /* owned, grown as needed, freed by load_text_done */
	size_t n;
	size_t room;
};

void load_text_add(struct load_text *t, const char *p, size_t n);
void load_text_done(struct load_text *t);

/* Reads the templates of a file; host is the value of the Host header and must outlive the plan. */
struct load_plan *load_plan_new_file(const char *file, const char *host);

/* A plan of one GET. */
struct load_plan *load_plan_new_get(const char *path, const char *host);

void load_plan_free(struct load_plan *plan);

size_t load_plan_count(const struct load_plan *plan);

/* "GET /v1/orders/{next:ids}", borrowed from the plan. */
const char *load_plan_name(const struct load_plan *plan, size_t i);

bool load_plan_is_head(const struct load_plan *plan, size_t i);

/* Replaces the text with the bytes of a request made from template i. */
void load_plan_render(struct load_plan *plan, size_t i, struct load_text *text);

/* Ends the program with a message on standard error. */
void load_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
