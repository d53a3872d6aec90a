/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_LIMITS_H
#define REMIT_BASE_LIMITS_H

/* Every fixed maximum, in one list. Sizes are bytes unless said. */

enum {
	LIMIT_BODY = 1 << 20,	    /* request body, also nginx client_max_body_size */
	LIMIT_ANSWER = 16 << 20,    /* encoded answer */
	LIMIT_ARENA = 64 << 20,	    /* memory of one request */
	LIMIT_JSON_DEPTH = 16,	    /* nested arrays and objects */
	LIMIT_JSON_MEMBERS = 64,    /* members of one object; metadata has its own */
	LIMIT_JSON_ARRAY = 1000,    /* elements of one array */
	LIMIT_URI = 4096,	    /* path and query */
	LIMIT_FAULTS = 64,	    /* faults reported for one request */
	LIMIT_METADATA_PAIRS = 50,  /* metadata pairs of one object */
	LIMIT_METADATA_KEY = 40,    /* code points of a metadata key */
	LIMIT_METADATA_VALUE = 500, /* code points of a metadata value */
	LIMIT_LINES = 900,	    /* lines of a document: a transaction has at most 1000 rows */
	LIMIT_LIST = 100,	    /* rows of one page */
	LIMIT_LIST_DEFAULT = 25,
	LIMIT_IDEMPOTENCY_KEY = 255, /* characters */
};

#endif
