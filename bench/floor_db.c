/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements of the floor, and their rows as JSON. */
#include "bench/floor_db.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define COLUMNS	   12
#define LIST_ROWS  25
#define LINES	   5
#define LINE_BINDS 8
#define TEXT_MAX   64

#define ORDER_COLUMNS                                                                         \
	"id, number, customer_id, status, currency, net, tax, gross, placed_at, created_at, " \
	"updated_at, version"

enum statement {
	STMT_SELECT,
	STMT_LIST,
	STMT_BEGIN,
	STMT_ORDER,
	STMT_LINES,
	STMT_EVENT,
	STMT_IDEMPOTENCY,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_MAX,
};

static const char *const statement_sql[STMT_MAX] = {
	[STMT_SELECT] = "SELECT " ORDER_COLUMNS " FROM floor_order WHERE account_id=? AND id=?",
	[STMT_LIST] = "SELECT " ORDER_COLUMNS " FROM floor_order WHERE account_id=?"
		      " ORDER BY id DESC LIMIT 25",
	[STMT_BEGIN] = "START TRANSACTION",
	[STMT_ORDER] = "INSERT INTO floor_order (account_id, " ORDER_COLUMNS
		       ") VALUES (?,?,?,?,'placed','EUR',10000,1900,11900,UTC_TIMESTAMP(6),"
		       "UTC_TIMESTAMP(6),UTC_TIMESTAMP(6),1)",
	[STMT_LINES] = "INSERT INTO floor_line (account_id, order_id, position, description,"
		       " quantity, unit_price, net, tax) VALUES (?,?,?,?,?,?,?,?),"
		       "(?,?,?,?,?,?,?,?),(?,?,?,?,?,?,?,?),(?,?,?,?,?,?,?,?),(?,?,?,?,?,?,?,?)",
	[STMT_EVENT] = "INSERT INTO floor_event (account_id, id, type, object_id, payload,"
		       " created_at) VALUES (?,?,'order.created',?,?,UTC_TIMESTAMP(6))",
	[STMT_IDEMPOTENCY] = "INSERT INTO floor_idempotency (account_id, key_hash, fingerprint,"
			     " status, answer, created_at) VALUES (?,?,?,201,?,UTC_TIMESTAMP(6))",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
};

struct row {
	unsigned char id[16];
	unsigned char customer_id[16];
	char text[3][TEXT_MAX]; /* number, status, currency */
	long long money[3];	/* net, tax, gross */
	MYSQL_TIME at[3];	/* placed, created, updated */
	int version;
	unsigned long len[COLUMNS];
	my_bool is_null[COLUMNS];
	my_bool error[COLUMNS];
};

struct floor_db {
	MYSQL *mysql;
	MYSQL_STMT *stmt[STMT_MAX];
	struct row row;
	uint64_t random;
};

void floor_text_add(struct floor_text *t, const char *p, size_t n)
{
	if (n > t->room - t->n)
		abort();
	memcpy(t->p + t->n, p, n);
	t->n += n;
}

static void literal_add(struct floor_text *t, const char *s)
{
	floor_text_add(t, s, strlen(s));
}

void floor_text_add_u64(struct floor_text *t, uint64_t value)
{
	char text[20];
	size_t i = sizeof(text);

	do {
		text[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	floor_text_add(t, text + i, sizeof(text) - i);
}

static void i64_add(struct floor_text *t, long long value)
{
	if (value < 0)
		floor_text_add(t, "-", 1);
	floor_text_add_u64(t, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void hex_add(struct floor_text *t, const unsigned char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char text[64];

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[p[i] >> 4];
		text[2 * i + 1] = digits[p[i] & 15];
	}
	floor_text_add(t, text, 2 * n);
}

static char *digits_put(char *p, unsigned value, unsigned width)
{
	for (unsigned i = width; i > 0; i--) {
		p[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return p + width;
}

/* "2025-01-01T08:00:00.125Z" */
static void time_add(struct floor_text *t, const MYSQL_TIME *at)
{
	char text[24];
	char *p = text;

	p = digits_put(p, at->year, 4);
	*p++ = '-';
	p = digits_put(p, at->month, 2);
	*p++ = '-';
	p = digits_put(p, at->day, 2);
	*p++ = 'T';
	p = digits_put(p, at->hour, 2);
	*p++ = ':';
	p = digits_put(p, at->minute, 2);
	*p++ = ':';
	p = digits_put(p, at->second, 2);
	*p++ = '.';
	p = digits_put(p, (unsigned)(at->second_part / 1000), 3);
	*p = 'Z';
	floor_text_add(t, text, sizeof(text));
}

/* A JSON string; the escapes that a real answer cannot do without are looked for here too. */
static void string_add(struct floor_text *t, const char *s, size_t n)
{
	size_t from = 0;

	floor_text_add(t, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '"' && s[i] != '\\' && (unsigned char)s[i] >= 0x20)
			continue;
		floor_text_add(t, s + from, i - from);
		floor_text_add(t, "\\u00", 4);
		hex_add(t, (const unsigned char *)&s[i], 1);
		from = i + 1;
	}
	floor_text_add(t, s + from, n - from);
	floor_text_add(t, "\"", 1);
}

static void row_add(struct floor_text *t, const struct row *r)
{
	static const char *const money[3] = { ",\"net\":", ",\"tax\":", ",\"gross\":" };
	static const char *const at[3] = { ",\"placed_at\":\"", "\",\"created_at\":\"",
					   "\",\"updated_at\":\"" };

	literal_add(t, "{\"id\":\"");
	hex_add(t, r->id, sizeof(r->id));
	literal_add(t, "\",\"number\":");
	string_add(t, r->text[0], r->len[1]);
	literal_add(t, ",\"customer_id\":\"");
	hex_add(t, r->customer_id, sizeof(r->customer_id));
	literal_add(t, "\",\"status\":");
	string_add(t, r->text[1], r->len[3]);
	literal_add(t, ",\"currency\":");
	string_add(t, r->text[2], r->len[4]);
	for (size_t i = 0; i < 3; i++) {
		literal_add(t, money[i]);
		i64_add(t, r->money[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		literal_add(t, at[i]);
		time_add(t, &r->at[i]);
	}
	literal_add(t, "\",\"version\":");
	i64_add(t, r->version);
	literal_add(t, "}");
}

static MYSQL_BIND bind_bytes(const void *p, unsigned long n)
{
	MYSQL_BIND b = { 0 };

	b.buffer_type = MYSQL_TYPE_STRING;
	b.buffer = (void *)(uintptr_t)p; /* Connector/C only reads the buffers of parameters */
	b.buffer_length = n;
	return b;
}

static MYSQL_BIND bind_i64(const long long *value)
{
	MYSQL_BIND b = bind_bytes(value, sizeof(*value));

	b.buffer_type = MYSQL_TYPE_LONGLONG;
	return b;
}

static void row_bind(struct row *r, MYSQL_BIND *b)
{
	static const size_t at[3] = { 8, 9, 10 };

	b[0] = bind_bytes(r->id, sizeof(r->id));
	b[1] = bind_bytes(r->text[0], TEXT_MAX);
	b[2] = bind_bytes(r->customer_id, sizeof(r->customer_id));
	b[3] = bind_bytes(r->text[1], TEXT_MAX);
	b[4] = bind_bytes(r->text[2], TEXT_MAX);
	for (size_t i = 0; i < 3; i++) {
		b[5 + i] = bind_i64(&r->money[i]);
		b[at[i]] = bind_bytes(&r->at[i], sizeof(r->at[i]));
		b[at[i]].buffer_type = MYSQL_TYPE_DATETIME;
	}
	b[11] = bind_bytes(&r->version, sizeof(r->version));
	b[11].buffer_type = MYSQL_TYPE_LONG;
	for (size_t i = 0; i < COLUMNS; i++) {
		b[i].length = &r->len[i];
		b[i].is_null = &r->is_null[i];
		b[i].error = &r->error[i];
	}
}

static bool prepare_all(struct floor_db *db)
{
	for (size_t i = 0; i < STMT_MAX; i++) {
		db->stmt[i] = mysql_stmt_init(db->mysql);
		if (db->stmt[i] == NULL)
			return false;
		if (mysql_stmt_prepare(db->stmt[i], statement_sql[i], strlen(statement_sql[i])))
			return false;
	}
	return true;
}

struct floor_db *floor_db_new(const struct floor_db_options *opt)
{
	struct floor_db *db = calloc(1, sizeof(*db));
	bool is_ok;

	if (db == NULL)
		return NULL;
	db->mysql = mysql_init(NULL);
	is_ok = db->mysql != NULL &&
		getrandom(&db->random, sizeof(db->random), 0) == sizeof(db->random) &&
		mysql_real_connect(db->mysql, NULL, opt->user, NULL, opt->database, 0, opt->socket,
				   0) != NULL &&
		mysql_query(db->mysql, "SET time_zone='+00:00',"
				       " tx_isolation='READ-COMMITTED'") == 0;
	if (is_ok)
		is_ok = prepare_all(db);
	if (!is_ok) {
		(void)fprintf(stderr, "floor: database: %s\n",
			      db->mysql == NULL ? "out of memory" : mysql_error(db->mysql));
		floor_db_free(db);
		return NULL;
	}
	return db;
}

void floor_db_free(struct floor_db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < STMT_MAX; i++) {
		if (db->stmt[i] != NULL)
			(void)mysql_stmt_close(db->stmt[i]);
	}
	if (db->mysql != NULL)
		mysql_close(db->mysql);
	free(db);
}

static bool execute(struct floor_db *db, enum statement which, MYSQL_BIND *params)
{
	MYSQL_STMT *stmt = db->stmt[which];

	if (params != NULL && mysql_stmt_bind_param(stmt, params))
		return false;
	if (mysql_stmt_execute(stmt) == 0)
		return true;
	(void)fprintf(stderr, "floor: %s\n", mysql_stmt_error(stmt));
	return false;
}

/* Fetches the rows of a SELECT into JSON objects with commas between; their count. */
static bool rows_add(struct floor_db *db, enum statement which, MYSQL_BIND *params,
		     struct floor_text *out, unsigned *ret_rows)
{
	MYSQL_STMT *stmt = db->stmt[which];
	MYSQL_BIND result[COLUMNS];
	unsigned rows = 0;

	memset(result, 0, sizeof(result));
	row_bind(&db->row, result);
	if (!execute(db, which, params) || mysql_stmt_bind_result(stmt, result))
		return false;
	while (mysql_stmt_fetch(stmt) == 0) {
		if (rows++ > 0)
			floor_text_add(out, ",", 1);
		row_add(out, &db->row);
	}
	(void)mysql_stmt_free_result(stmt);
	*ret_rows = rows;
	return true;
}

static void account_id(uint32_t n, unsigned char id[16])
{
	memset(id, 0, 16);
	id[15] = (unsigned char)(n % FLOOR_ACCOUNTS + 1);
}

static void big_endian(unsigned char *p, uint64_t value, unsigned bytes)
{
	for (unsigned i = bytes; i > 0; i--) {
		p[i - 1] = (unsigned char)value;
		value >>= 8;
	}
}

/* The id that floor.sql gave to order n. */
static void order_id(uint32_t n, unsigned char id[16])
{
	big_endian(id, 1700000000000ULL + n, 6);
	big_endian(id + 6, 0x70008000ULL, 4);
	big_endian(id + 10, n, 6);
}

bool floor_db_select(struct floor_db *db, uint32_t n, struct floor_text *out)
{
	unsigned char account[16], id[16];
	MYSQL_BIND params[2];
	unsigned rows;

	account_id(n, account);
	order_id(n, id);
	params[0] = bind_bytes(account, sizeof(account));
	params[1] = bind_bytes(id, sizeof(id));
	return rows_add(db, STMT_SELECT, params, out, &rows) && rows == 1;
}

bool floor_db_list(struct floor_db *db, uint32_t n, struct floor_text *out)
{
	unsigned char account[16];
	MYSQL_BIND params[1];
	unsigned rows;

	account_id(n, account);
	params[0] = bind_bytes(account, sizeof(account));
	literal_add(out, "{\"object\":\"list\",\"data\":[");
	if (!rows_add(db, STMT_LIST, params, out, &rows))
		return false;
	literal_add(out, "],\"has_more\":true}");
	return rows == LIST_ROWS;
}

static uint64_t random_next(struct floor_db *db)
{
	uint64_t z;

	db->random += 0x9e3779b97f4a7c15ULL;
	z = db->random;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void uuid_v7(struct floor_db *db, unsigned char id[16])
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	big_endian(id, (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000, 6);
	big_endian(id + 6, 0x7000 | (random_next(db) & 0xfff), 2);
	big_endian(id + 8, (random_next(db) >> 2) | (1ULL << 63), 8);
}

static bool insert_lines(struct floor_db *db, const unsigned char *account, const unsigned char *id)
{
	static const char description[] = "Consulting, position of a usual length";
	static const char quantity[] = "2.5";
	static const long long numbers[LINES][4] = {
		{ 1, 1999, 4998, 950 }, { 2, 1999, 4998, 950 }, { 3, 1999, 4998, 950 },
		{ 4, 1999, 4998, 950 }, { 5, 1999, 4998, 950 },
	};
	MYSQL_BIND b[LINES * LINE_BINDS];

	for (size_t i = 0; i < LINES; i++) {
		MYSQL_BIND *line = b + i * LINE_BINDS;

		line[0] = bind_bytes(account, 16);
		line[1] = bind_bytes(id, 16);
		line[2] = bind_i64(&numbers[i][0]);
		line[3] = bind_bytes(description, sizeof(description) - 1);
		line[4] = bind_bytes(quantity, sizeof(quantity) - 1);
		line[5] = bind_i64(&numbers[i][1]);
		line[6] = bind_i64(&numbers[i][2]);
		line[7] = bind_i64(&numbers[i][3]);
	}
	return execute(db, STMT_LINES, b);
}

static bool insert_all(struct floor_db *db, const unsigned char *account, const unsigned char *id,
		       const char *payload, size_t n)
{
	static const char number[] = "SO-00000000";
	unsigned char event[16], customer[16], key[64];
	MYSQL_BIND order[4], evt[4], idem[4];

	uuid_v7(db, event);
	uuid_v7(db, customer);
	for (size_t i = 0; i < 8; i++)
		big_endian(key + i * 8, random_next(db), 8);
	order[0] = evt[0] = idem[0] = bind_bytes(account, 16);
	order[1] = evt[2] = bind_bytes(id, 16);
	order[2] = bind_bytes(number, sizeof(number) - 1);
	order[3] = bind_bytes(customer, sizeof(customer));
	evt[1] = bind_bytes(event, sizeof(event));
	evt[3] = idem[3] = bind_bytes(payload, n);
	idem[1] = bind_bytes(key, 32);
	idem[2] = bind_bytes(key + 32, 32);
	return execute(db, STMT_BEGIN, NULL) && execute(db, STMT_ORDER, order) &&
	       insert_lines(db, account, id) && execute(db, STMT_EVENT, evt) &&
	       execute(db, STMT_IDEMPOTENCY, idem) && execute(db, STMT_COMMIT, NULL);
}

bool floor_db_insert(struct floor_db *db, const char *payload, size_t n, struct floor_text *out)
{
	unsigned char account[16], id[16];

	account_id((uint32_t)random_next(db), account);
	uuid_v7(db, id);
	if (!insert_all(db, account, id, payload, n)) {
		(void)execute(db, STMT_ROLLBACK, NULL);
		return false;
	}
	literal_add(out, "{\"id\":\"");
	hex_add(out, id, sizeof(id));
	literal_add(out, "\",\"answer\":");
	string_add(out, payload, n);
	literal_add(out, "}");
	return true;
}
