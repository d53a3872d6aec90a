/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_OBSERVE_LOG_H
#define REMIT_OBSERVE_LOG_H

/*
 * JSON lines on standard error, one object each, with the journal's "<N>" priority in front when
 * the stream is connected to the journal ($JOURNAL_STREAM). Warnings and errors are written at
 * once; informational lines are gathered and written when 32 KiB are full or 200 ms have passed,
 * by a background thread, so that a request pays no system call for its log line. Values are
 * escaped; no secrets and no personal data may be passed. Thread-safe after log_start.
 */

#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *name;
	enum { LOG_FIELD_STR, LOG_FIELD_I64, LOG_FIELD_ID } type;
	struct str str;
	int64_t i64;
	const char *prefix; /* LOG_FIELD_ID */
	struct id id;
};

#define LOG_S(name_, value_) \
	((struct log_field){ .name = (name_), .type = LOG_FIELD_STR, .str = (value_) })
#define LOG_Z(name_, value_) \
	((struct log_field){ .name = (name_), .type = LOG_FIELD_STR, .str = str_from(value_) })
#define LOG_I(name_, value_) \
	((struct log_field){ .name = (name_), .type = LOG_FIELD_I64, .i64 = (value_) })
#define LOG_ID(name_, prefix_, value_) \
	((struct log_field){           \
		.name = (name_), .type = LOG_FIELD_ID, .prefix = (prefix_), .id = (value_) })

/* Starts the background writer. program goes on every line. */
MUST_CHECK enum err log_start(const char *program, enum log_level level);
/* Writes out what is gathered and ends the writer. */
void log_stop(void);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Fields whose str is absent and ids that are none are left out. */
void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t n);

#define log_line(level, message, ...)                                            \
	do {                                                                     \
		if (log_enabled(level)) {                                        \
			const struct log_field log_fields_[] = { __VA_ARGS__ };  \
			log_write((level), (message), log_fields_,               \
				  sizeof(log_fields_) / sizeof(log_fields_[0])); \
		}                                                                \
	} while (0)

#endif
