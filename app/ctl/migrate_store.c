/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of migrations. They are text, since the tool's connection has no parameters:
 * what goes into them are numbers, and texts of a fixed alphabet (put_text checks that).
 */
#include "app/ctl/migrate_store.h"

#include "app/base/buf.h"
#include "app/base/check.h"

#include <string.h>

enum { SQL_MAX = 4096 };

static void put_text(struct buf *b, struct str s)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_.:-";

	for (size_t i = 0; i < s.n; i++)
		CHECK(s.p[i] != '\0' && strchr(alphabet, s.p[i]) != NULL);
	buf_char(b, '\'');
	buf_str(b, s);
	buf_char(b, '\'');
}

static enum err exec(struct db_admin *d, const struct buf *b)
{
	struct str sql = STR_NONE;
	enum err e = buf_finish(b, &sql);

	return e == ERR_OK ? db_admin_exec(d, sql) : e;
}

static enum err value(struct db_admin *d, struct arena *a, const struct buf *b,
		      struct str *ret_value)
{
	struct str sql = STR_NONE;
	enum err e = buf_finish(b, &sql);

	return e == ERR_OK ? db_admin_value(d, a, sql, ret_value) : e;
}

enum err migrate_store_prepare(struct db_admin *d, struct arena *a)
{
	static const struct str statements[] = {
		STR("SET SESSION autocommit = 1"),
		STR("CREATE TABLE IF NOT EXISTS schema_migrations ("
		    " version INT NOT NULL,"
		    " name VARCHAR(255) NOT NULL,"
		    " checksum CHAR(64) NOT NULL," /* SHA-256 of the statements that are done */
		    " statement INT NOT NULL,"	   /* how many are done */
		    " started_at DATETIME(6) NOT NULL,"
		    " applied_at DATETIME(6)," /* NULL: not all are done */
		    " PRIMARY KEY (version)"
		    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"),
		STR("CREATE TABLE IF NOT EXISTS migration_lease ("
		    " id TINYINT NOT NULL,"
		    " owner VARCHAR(100) NOT NULL," /* '': nobody */
		    " expires_at DATETIME(6) NOT NULL,"
		    " PRIMARY KEY (id)"
		    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"),
		STR("INSERT IGNORE INTO migration_lease (id, owner, expires_at)"
		    " VALUES (1, '', '2000-01-01')"),
	};
	enum err e = ERR_OK;

	(void)a;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && e == ERR_OK; i++)
		e = db_admin_exec(d, statements[i]);
	return e;
}

enum err migrate_store_exists(struct db_admin *d, struct arena *a, bool *ret_exists)
{
	struct str n = STR_NONE;
	enum err e = db_admin_value(d, a,
				    STR("SELECT COUNT(*) FROM information_schema.tables"
					" WHERE table_schema = DATABASE()"
					" AND table_name = 'schema_migrations'"),
				    &n);

	if (e == ERR_OK)
		*ret_exists = !str_eq_z(n, "0");
	return e;
}

enum err migrate_store_read(struct db_admin *d, struct arena *a, int64_t version,
			    struct migrate_record *ret_record)
{
	struct migrate_record r = { .found = true };
	struct str row = STR_NONE;
	struct buf b;
	enum err e;

	buf_init(&b, a, 0, SQL_MAX);
	buf_lit(&b, "SELECT CONCAT_WS(' ', statement, applied_at IS NOT NULL, checksum)"
		    " FROM schema_migrations WHERE version = ");
	buf_i64(&b, version);
	e = value(d, a, &b, &row);
	if (e == ERR_NOT_FOUND) {
		*ret_record = (struct migrate_record){ .found = false };
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (str_to_i64(str_cut(&row, ' '), 0, INT32_MAX, &r.done) != ERR_OK)
		return ERR_INTERNAL;
	r.applied = str_eq_z(str_cut(&row, ' '), "1");
	r.checksum = row;
	*ret_record = r;
	return ERR_OK;
}

enum err migrate_store_last(struct db_admin *d, struct arena *a, int64_t *ret_version)
{
	struct str text = STR_NONE;
	enum err e = db_admin_value(
		d, a, STR("SELECT COALESCE(MAX(version), 0) FROM schema_migrations"), &text);

	if (e != ERR_OK)
		return e;
	return str_to_i64(text, 0, INT32_MAX, ret_version) == ERR_OK ? ERR_OK : ERR_INTERNAL;
}

enum err migrate_store_begin(struct db_admin *d, struct arena *a, int64_t version, struct str name)
{
	struct buf b;

	buf_init(&b, a, 0, SQL_MAX);
	buf_lit(&b, "INSERT INTO schema_migrations (version, name, checksum, statement, started_at)"
		    " VALUES (");
	buf_i64(&b, version);
	buf_lit(&b, ", ");
	put_text(&b, name);
	buf_lit(&b, ", '', 0, UTC_TIMESTAMP(6))");
	return exec(d, &b);
}

enum err migrate_store_step(struct db_admin *d, struct arena *a, int64_t version, int64_t done,
			    struct str checksum, bool applied)
{
	struct buf b;

	buf_init(&b, a, 0, SQL_MAX);
	buf_lit(&b, "UPDATE schema_migrations SET statement = ");
	buf_i64(&b, done);
	buf_lit(&b, ", checksum = ");
	put_text(&b, checksum);
	if (applied)
		buf_lit(&b, ", applied_at = UTC_TIMESTAMP(6)");
	buf_lit(&b, " WHERE version = ");
	buf_i64(&b, version);
	return exec(d, &b);
}

enum err migrate_store_lease(struct db_admin *d, struct arena *a, struct str owner, int64_t seconds,
			     struct str *ret_owner)
{
	struct buf b;
	enum err e;

	buf_init(&b, a, 0, SQL_MAX);
	buf_lit(&b, "UPDATE migration_lease SET owner = ");
	put_text(&b, owner);
	buf_lit(&b, ", expires_at = UTC_TIMESTAMP(6) + INTERVAL ");
	buf_i64(&b, seconds);
	buf_lit(&b, " SECOND WHERE id = 1 AND (expires_at < UTC_TIMESTAMP(6) OR owner = ");
	put_text(&b, owner);
	buf_char(&b, ')');
	e = exec(d, &b);
	if (e == ERR_OK)
		e = db_admin_value(d, a, STR("SELECT owner FROM migration_lease WHERE id = 1"),
				   ret_owner);
	if (e != ERR_OK)
		return e;
	return str_eq(*ret_owner, owner) ? ERR_OK : ERR_CONFLICT;
}

enum err migrate_store_release(struct db_admin *d, struct arena *a, struct str owner)
{
	struct buf b;

	buf_init(&b, a, 0, SQL_MAX);
	buf_lit(&b, "UPDATE migration_lease SET owner = '', expires_at = '2000-01-01'"
		    " WHERE id = 1 AND owner = ");
	put_text(&b, owner);
	return exec(d, &b);
}
