/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_IDEMPOTENCY_H
#define REMIT_HTTP_IDEMPOTENCY_H

/*
 * Idempotency keys. The answer of an unsafe call is stored under (account, SHA-256 of the key) in
 * the transaction of its effects, as the last statement before COMMIT: the primary key makes the
 * first one win, and everybody else rolls back and answers with what is stored
 * (docs/decisions/0006-idempotency.md). Functions block on the database.
 */

#include "app/base/err.h"
#include "app/base/str.h"
#include "app/call/call.h"

struct idempotency {
	unsigned char key_hash[32];
	/* MAC of method, path, query and body: a plain hash of a body with a password could be
	 * guessed */
	unsigned char fingerprint[32];
};

struct idempotency_answer {
	int32_t status;
	struct str head;
	struct str body;
};

/* Whether the key has a valid form: 1 to 255 visible ASCII characters. */
bool idempotency_key_ok(struct str key);
/* Hash of the key, and MAC of the request's parts under the server's key of 32 bytes. */
void idempotency_init(struct idempotency *idem, const unsigned char server_key[32], struct str key,
		      const struct str *parts, size_t n);

/*
 * Stores the answer in the call's transaction. ERR_DB_DUPLICATE: another request with this key has
 * committed; roll back and look it up.
 */
MUST_CHECK enum err idempotency_store(struct call *c, const struct idempotency *idem,
				      const struct idempotency_answer *answer);
/*
 * Looks up a stored answer. ERR_NOT_FOUND: none (an expired one is removed in this transaction and
 * *ret_expired set: commit and run again). ERR_IDEMPOTENCY_REUSED: it belongs to another request.
 */
MUST_CHECK enum err idempotency_find(struct call *c, const struct idempotency *idem,
				     struct idempotency_answer *ret_answer, bool *ret_expired);

extern const struct db_stmt idempotency_stmts[];
extern const size_t idempotency_n_stmts;

#endif
