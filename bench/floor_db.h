/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor's database work: what a point read, a list and an order transaction cost through
 * Connector/C when nothing else is done. One floor_db per thread, not shared; every call blocks.
 * Statements are prepared once per connection; rows become JSON by hand, straight into the answer.
 */
#ifndef REMIT_BENCH_FLOOR_DB_H
#define REMIT_BENCH_FLOOR_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOR_ACCOUNTS 20

struct floor_db;

struct floor_db_options {
	const char *socket;
	const char *user;
	const char *database;
};

/* The body of an answer; appends beyond the room end the program. */
struct floor_text {
	char *p;
	size_t n;
	size_t room;
};

void floor_text_add(struct floor_text *t, const char *p, size_t n);
void floor_text_add_u64(struct floor_text *t, uint64_t value);

/* Connects and prepares; NULL with a message on standard error when that is impossible. */
struct floor_db *floor_db_new(const struct floor_db_options *opt);
void floor_db_free(struct floor_db *db);

/* Order number n, 1 to 100,000, as one JSON object. */
bool floor_db_select(struct floor_db *db, uint32_t n, struct floor_text *out);

/* The 25 newest orders of account n % FLOOR_ACCOUNTS. */
bool floor_db_list(struct floor_db *db, uint32_t n, struct floor_text *out);

/*
 * One order, five lines, one event and one idempotency row in one transaction of six statements.
 * payload is stored with the event and as the answer to be replayed.
 */
bool floor_db_insert(struct floor_db *db, const char *payload, size_t n, struct floor_text *out);

#endif
