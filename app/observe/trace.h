/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_OBSERVE_TRACE_H
#define REMIT_OBSERVE_TRACE_H

/*
 * W3C Trace Context level 1 (https://www.w3.org/TR/trace-context-1/): the traceparent header in,
 * and the ids of our own span. The trace id goes on the log lines of a request. Thread-safe: no
 * state.
 */

#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdbool.h>

enum { TRACE_ID_BYTES = 16, TRACE_SPAN_BYTES = 8, TRACE_ID_TEXT = 32 };

struct trace {
	unsigned char trace_id[TRACE_ID_BYTES];
	unsigned char span_id[TRACE_SPAN_BYTES];   /* of our span */
	unsigned char parent_id[TRACE_SPAN_BYTES]; /* of the caller's span; all zero: none */
	bool sampled;
};

/*
 * Reads a traceparent header into trace id, parent id and the sampled flag; the span id is zero.
 * ERR_MALFORMED for version ff, ids of all zeros, upper case, and anything of another form. A
 * version above 00 may have more after the flags.
 */
MUST_CHECK enum err trace_parse(struct str header, struct trace *ret_trace);
/*
 * The trace of a request: goes on from a good traceparent, else begins a new one that is not
 * sampled. The span id is new.
 */
struct trace trace_begin(struct str header);
/* Appends the traceparent of calls made on behalf of the span. */
void trace_put(struct buf *b, const struct trace *t);
/* Writes the trace id as 32 hexadecimal digits, not terminated. */
void trace_id_text(const struct trace *t, char ret_text[TRACE_ID_TEXT]);

#endif
