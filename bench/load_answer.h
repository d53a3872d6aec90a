/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incremental parser of one HTTP/1.x answer for the load client. It keeps no body: it only finds
 * where the answer ends, so that latency is measured to the last byte and the connection can be
 * used again. Owned by one connection, no allocation, never blocks.
 */
#ifndef REMIT_BENCH_LOAD_ANSWER_H
#define REMIT_BENCH_LOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_ANSWER_LINE_MAX 16384

enum load_answer_step {
	LOAD_ANSWER_STATUS,
	LOAD_ANSWER_HEADER,
	LOAD_ANSWER_BODY, /* Content-Length: left counts down */
	LOAD_ANSWER_UNTIL_EOF,
	LOAD_ANSWER_CHUNK_SIZE,
	LOAD_ANSWER_CHUNK_DATA,
	LOAD_ANSWER_CHUNK_END, /* the CRLF behind a chunk's data */
	LOAD_ANSWER_TRAILER,
	LOAD_ANSWER_DONE,
	LOAD_ANSWER_BAD,
};

struct load_answer {
	enum load_answer_step step;
	int status;
	bool head_only;	 /* the request was a HEAD */
	bool must_close; /* the server will close behind this answer */
	bool chunked;
	bool has_length;
	uint64_t length;
	uint64_t left;
	size_t line_len;
	char line[LOAD_ANSWER_LINE_MAX];
};

/* Gets ready for the answer to a new request. */
void load_answer_init(struct load_answer *a, bool head_only);

/*
 * Takes bytes of the answer and returns how many of the n it used; a->step says afterwards whether
 * the answer is complete (DONE), impossible (BAD) or wants more. Bytes behind a complete answer
 * are not used.
 */
size_t load_answer_feed(struct load_answer *a, const char *p, size_t n);

/* The peer closed: true when that properly ends the answer. */
bool load_answer_eof(struct load_answer *a);

#endif
