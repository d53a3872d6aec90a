/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_MESSAGE_H
#define REMIT_HTTP_MESSAGE_H

/*
 * A request as the front parsed it and an answer as the pipeline made it. Plain data in the
 * request's arena; nothing here knows FastCGI.
 */

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/base/str.h"

#include <stdint.h>

struct http_request {
	struct str method;
	struct str path;  /* as it arrived, percent-encoded, without query */
	struct str query; /* raw, without '?' */
	struct str content_type;
	struct str authorization;
	struct str idempotency_key;
	struct str if_match;
	struct str if_none_match;
	struct str consistency;
	struct str traceparent;
	struct str origin;
	struct str access_control_method;
	struct str request_id;
	struct str remote_addr;
	struct str user_agent;
	int64_t arrived;  /* when nginx had the whole request, microseconds; 0: unknown */
	int64_t accepted; /* when the worker saw it, monotonic microseconds */
	struct str body;
	bool body_too_large;
	bool repeated; /* a header that must come once came twice */
};

struct http_response {
	int status;
	struct buf head; /* header lines, each ending in CRLF; no status line, no blank line */
	struct str body;
};

#endif
