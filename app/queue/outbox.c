/* SPDX-License-Identifier: Apache-2.0 */
/* Events, written with what they tell. */

#include "app/queue/outbox.h"

enum { SQL_APPEND };

const struct db_stmt outbox_stmts[] = {
	[SQL_APPEND] = {
		.name = "outbox.append",
		.sql = "INSERT INTO events (account_id, event_id, type, object_prefix, object_id,"
		       " principal_kind, principal_id, user_id, request_id, data, created_at)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aassanaasst",
		.access = DB_WRITE,
	},
};
const size_t outbox_n_stmts = sizeof(outbox_stmts) / sizeof(outbox_stmts[0]);

enum err outbox_append(struct call *c, const char *type, const char *prefix, struct id object,
		       struct str data)
{
	const struct id id = id_new_at(c->now);

	return db_exec(c->db, &outbox_stmts[SQL_APPEND],
		       DB_ARGS(db_id(c->account), db_id(id), db_str(str_from(type)),
			       db_str(str_from(prefix)), db_id(object), db_i32(c->who.kind),
			       db_id(c->who.id), db_id(c->who.user), db_str(c->request_id),
			       db_str(data), db_time(id_time(id))),
		       NULL);
}
