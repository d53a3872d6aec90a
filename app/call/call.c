/* SPDX-License-Identifier: Apache-2.0 */
#include "app/call/call.h"

#include "app/base/buf.h"
#include "app/base/check.h"

enum { IF_MATCH_ABSENT = -1, POINTER_MAX = 256 };

enum err call_fault(struct call *c, struct str pointer, const char *code, const char *detail)
{
	if (c->n_faults < LIMIT_FAULTS) {
		c->faults[c->n_faults++] = (struct fault){
			.pointer = pointer,
			.code = code,
			.detail = detail,
		};
	}
	return ERR_VALIDATION;
}

struct str call_pointer(struct call *c, const char *list, size_t i, const char *member)
{
	struct buf b;
	struct str pointer;

	buf_init(&b, c->arena, 0, POINTER_MAX);
	buf_char(&b, '/');
	buf_z(&b, list);
	buf_char(&b, '/');
	buf_u64(&b, i);
	if (member != NULL) {
		buf_char(&b, '/');
		buf_z(&b, member);
	}
	/* The arena's overflow flag tells the edge; the empty pointer means the whole body. */
	return buf_finish(&b, &pointer) == ERR_OK ? pointer : STR("");
}

enum err call_fail(struct call *c, enum err e, const char *detail)
{
	c->detail = detail;
	return e;
}

enum err call_conflict(struct call *c, const char *state, struct str actions, const char *detail)
{
	c->state = str_from(state);
	c->actions = actions;
	return call_fail(c, ERR_STATE_CONFLICT, detail);
}

enum err call_check_version(struct call *c, int64_t version)
{
	c->version_checked = true;
	if (c->if_match == IF_MATCH_ABSENT || c->if_match == version)
		return ERR_OK;
	return call_fail(c, ERR_STALE, "the object has another version than If-Match names");
}

void call_touch(struct call *c, enum cache_kind kind, struct id id)
{
	CHECK(kind > CACHE_NONE && kind < CACHE_KIND_MAX);
	for (size_t i = 0; i < c->n_touched; i++) {
		if (c->touched[i].kind == kind && id_eq(c->touched[i].id, id))
			return;
	}
	/* Forgetting one would leave an old object in the cache. */
	CHECK(c->n_touched < CALL_TOUCHED_MAX);
	c->touched[c->n_touched++] =
		(struct cache_ref){ .kind = kind, .account = c->account, .id = id };
}
