/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cache/value.h"

#include <endian.h>
#include <string.h>

#define FORMAT_VALUE	 1
#define FORMAT_TOMBSTONE 2

enum {
	AT_FORMAT = 0,
	AT_GTID_LEN = 1,
	AT_ACCOUNT = 2,
	AT_EPOCH = 18,
	AT_SEQ = 26,
	AT_TIME = 34,
	AT_CREATED = 42,
	AT_VERSION = 50,
	AT_GTID = 58,
};

static void put_u64(char *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static uint64_t get_u64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

size_t cache_value_head(const struct cache_value *v, char ret_head[CACHE_HEAD_MAX])
{
	size_t n = strnlen(v->position.gtid, sizeof(v->position.gtid) - 1);

	ret_head[AT_FORMAT] = v->tombstone ? FORMAT_TOMBSTONE : FORMAT_VALUE;
	ret_head[AT_GTID_LEN] = (char)n;
	memcpy(ret_head + AT_ACCOUNT, v->account.b, sizeof(v->account.b));
	put_u64(ret_head + AT_EPOCH, (uint64_t)v->position.epoch);
	put_u64(ret_head + AT_SEQ, v->position.seq);
	put_u64(ret_head + AT_TIME, (uint64_t)v->position.at);
	put_u64(ret_head + AT_CREATED, (uint64_t)v->created);
	put_u64(ret_head + AT_VERSION, (uint64_t)v->version);
	memcpy(ret_head + AT_GTID, v->position.gtid, n);
	return AT_GTID + n;
}

enum err cache_value_parse(struct str bytes, struct id account, struct cache_value *ret_value)
{
	struct cache_value v = { .account = account };
	size_t gtid;

	if (bytes.n < AT_GTID)
		return ERR_MALFORMED;
	if (bytes.p[AT_FORMAT] != FORMAT_VALUE && bytes.p[AT_FORMAT] != FORMAT_TOMBSTONE)
		return ERR_MALFORMED;
	if (memcmp(bytes.p + AT_ACCOUNT, account.b, sizeof(account.b)) != 0)
		return ERR_MALFORMED;
	gtid = (unsigned char)bytes.p[AT_GTID_LEN];
	if (gtid >= sizeof(v.position.gtid) || gtid > bytes.n - AT_GTID)
		return ERR_MALFORMED;
	if (memchr(bytes.p + AT_GTID, '\0', gtid) != NULL)
		return ERR_MALFORMED;
	v.tombstone = bytes.p[AT_FORMAT] == FORMAT_TOMBSTONE;
	v.position.epoch = (int64_t)get_u64(bytes.p + AT_EPOCH);
	v.position.seq = get_u64(bytes.p + AT_SEQ);
	v.position.at = (int64_t)get_u64(bytes.p + AT_TIME);
	memcpy(v.position.gtid, bytes.p + AT_GTID, gtid);
	v.created = (int64_t)get_u64(bytes.p + AT_CREATED);
	v.version = (int64_t)get_u64(bytes.p + AT_VERSION);
	v.body = (struct str){ .p = bytes.p + AT_GTID + gtid, .n = bytes.n - AT_GTID - gtid };
	if (v.tombstone && (v.version != 0 || v.body.n != 0))
		return ERR_MALFORMED;
	*ret_value = v;
	return ERR_OK;
}

bool cache_position_reached(const struct db_position *have, const struct db_position *want)
{
	if (want->seq == 0)
		return true;
	return have->seq >= want->seq && have->epoch >= want->epoch;
}

struct db_position cache_position_join(const struct db_position *a, const struct db_position *b)
{
	bool a_later = a->epoch != b->epoch ? a->epoch > b->epoch : a->seq >= b->seq;
	const struct db_position *later = a_later ? a : b;
	const struct db_position *earlier = a_later ? b : a;
	struct db_position join = *later;

	if (later->seq == 0)
		return *earlier;
	if (earlier->seq > join.seq)
		join.seq = earlier->seq;
	return join;
}
