/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and their failures, read handles and their servers, on a real pair. */
#include "app/db/db.h"

#include "tests/unit/app/db/mariadb_pair.h"

#include "app/db/db_internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const schema[] = {
	"CREATE TABLE remit.cluster_state (id TINYINT PRIMARY KEY, epoch BIGINT NOT NULL)",
	"INSERT INTO remit.cluster_state VALUES (1, 3)",
	"CREATE TABLE remit.h (k BIGINT PRIMARY KEY, v BIGINT NOT NULL CHECK (v >= 0), "
	"u BIGINT UNIQUE)",
};

struct row {
	int64_t k;
	int64_t v;
};
static const struct db_col k_cols[] = { DB_COL(struct row, k, DB_I64) };
static const struct db_col v_cols[] = { DB_COL(struct row, v, DB_I64) };

static const struct db_stmt add = { .name = "t.add",
				    .sql = "INSERT INTO h (k, v) VALUES (?, ?)",
				    .params = "ii",
				    .access = DB_WRITE };
static const struct db_stmt set = {
	.name = "t.set", .sql = "UPDATE h SET v = ? WHERE k = ?", .params = "ii", .access = DB_WRITE
};
static const struct db_stmt get = { .name = "t.get",
				    .sql = "SELECT v FROM h WHERE k = ?",
				    .params = "i",
				    .access = DB_READ,
				    DB_COLS(v_cols, struct row) };
static const struct db_stmt lock = { .name = "t.lock",
				     .sql = "SELECT v FROM h WHERE k = ? FOR UPDATE",
				     .params = "i",
				     .access = DB_WRITE,
				     DB_COLS(v_cols, struct row) };
static const struct db_stmt all = {
	.name = "t.all", .sql = "SELECT k FROM h", .access = DB_READ, DB_COLS(k_cols, struct row)
};
static const struct db_stmt session = { .name = "t.session",
					.sql = "SELECT CONNECTION_ID()",
					.access = DB_READ,
					DB_COLS(k_cols, struct row) };
static const struct db_stmt server = { .name = "t.server",
				       .sql = "SELECT @@server_id",
				       .access = DB_READ,
				       DB_COLS(k_cols, struct row) };
static const struct db_stmt slow = { .name = "t.slow",
				     .sql = "SELECT SLEEP(?)",
				     .params = "i",
				     .access = DB_READ,
				     DB_COLS(k_cols, struct row) };

static const struct db_position any = { .seq = 0 };

static struct config config;
static struct db_pools *pools;
static struct arena *arena;
static struct db *db;

static void open_pools(const char *replicas)
{
	config = pair_config();
	config.db_replicas = replicas;
	arena = arena_new(4 << 20);
	ck_assert_int_eq(db_pools_new(&config, &pools), ERR_OK);
	ck_assert_int_eq(db_open_write(pools, arena, &db), ERR_OK);
}

static void setup(void)
{
	pair_sql(0, "TRUNCATE TABLE remit.h");
	pair_sql(0, "INSERT INTO remit.h (k, v) VALUES (1, 10), (2, 20)");
	pair_catch_up();
	open_pools(pair.replica);
}

static void teardown(void)
{
	db_close(db);
	db_pools_free(pools);
	arena_free(arena);
}

static int64_t value_of(struct db *h, int64_t k)
{
	struct row r = { .v = -1 };
	enum err e = db_one(h, &get, DB_ARGS(db_i64(k)), &r);
	return e == ERR_OK ? r.v : -(int64_t)e;
}

static int64_t number(struct db *h, const struct db_stmt *s)
{
	struct row r = { .k = -1 };
	ck_assert_int_eq(db_one(h, s, NULL, 0, &r), ERR_OK);
	return r.k;
}

/* As another user would see it now. */
static int64_t committed_value(int64_t k)
{
	struct db *h = NULL;
	ck_assert_int_eq(db_open_write(pools, arena, &h), ERR_OK);
	int64_t v = value_of(h, k);
	db_close(h);
	return v;
}

/* Transactions */

START_TEST(nothing_run_commits_without_a_round_trip)
{
	struct db_position p = { .seq = 9 };
	int64_t trips;
	int64_t usec;
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_uint_eq(p.seq, 0);
	db_cost(db, &trips, &usec);
	ck_assert_int_eq(trips, 0);
}
END_TEST

START_TEST(what_only_read_has_no_position)
{
	struct db_position p = { .seq = 9 };
	ck_assert_int_eq(value_of(db, 1), 10);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_uint_eq(p.seq, 0);
}
END_TEST

START_TEST(positions_rise)
{
	struct db_position last = { .seq = 0 };
	for (int64_t i = 0; i < 5; i++) {
		struct db_position p;
		int64_t before = clock_now();
		ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(100 + i), db_i64(1)), NULL),
				 ERR_OK);
		ck_assert_int_eq(db_commit(db, &p), ERR_OK);
		ck_assert_uint_gt(p.seq, last.seq);
		ck_assert_int_eq(p.epoch, 3);
		ck_assert_int_ge(p.at, before);
		ck_assert(strncmp(p.gtid, "0-1-", 4) == 0);
		ck_assert_uint_eq(strtoull(p.gtid + 4, NULL, 10), p.seq);
		last = p;
	}
	ck_assert_int_eq(committed_value(1), 104);
}
END_TEST

START_TEST(affected_counts_matched_rows)
{
	uint64_t n = 99;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(10), db_i64(1)), &n), ERR_OK);
	ck_assert_uint_eq(n, 1); /* matched, though nothing changed */
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(10), db_i64(77)), &n), ERR_OK);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(close_rolls_back)
{
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	ck_assert_int_eq(value_of(db, 1), 11);
	db_close(db);
	ck_assert_int_eq(db_open_write(pools, arena, &db), ERR_OK);
	ck_assert_int_eq(value_of(db, 1), 10);
}
END_TEST

START_TEST(not_found_is_no_failure)
{
	struct db_position p;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	ck_assert_int_eq(value_of(db, 77), -ERR_NOT_FOUND);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_int_eq(committed_value(1), 11);
}
END_TEST

START_TEST(two_rows_for_one_is_an_error)
{
	struct row r;
	ck_assert_int_eq(db_one(db, &all, NULL, 0, &r), ERR_DB_STATEMENT);
	db_rollback(db);
	ck_assert_int_eq(value_of(db, 1), 10);
}
END_TEST

/* A failed statement leaves only the rollback. */
static void expect_poisoned(enum err e)
{
	struct db_position p = { .seq = 9 };
	struct row r;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(12), db_i64(2)), NULL), e);
	ck_assert_int_eq(db_one(db, &get, DB_ARGS(db_i64(1)), &r), e);
	ck_assert_int_eq(db_commit(db, &p), e);
	ck_assert_int_eq(db_commit(db, &p), e);
	ck_assert_uint_eq(p.seq, 9);
	ck_assert_int_eq(committed_value(1), 10);
	ck_assert_int_eq(committed_value(2), 20);
	db_rollback(db);
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(13), db_i64(2)), NULL), ERR_OK);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_int_eq(committed_value(2), 13);
}

START_TEST(duplicate_poisons)
{
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	ck_assert_int_eq(db_exec(db, &add, DB_ARGS(db_i64(2), db_i64(1)), NULL), ERR_DB_DUPLICATE);
	expect_poisoned(ERR_DB_DUPLICATE);
}
END_TEST

START_TEST(refused_by_a_constraint_poisons)
{
	ck_assert_int_eq(db_exec(db, &add, DB_ARGS(db_i64(3), db_i64(-1)), NULL), ERR_DB_CHECK);
	expect_poisoned(ERR_DB_CHECK);
}
END_TEST

START_TEST(lock_wait_poisons)
{
	struct db *other = NULL;
	struct row r;
	ck_assert_int_eq(db_open_write(pools, arena, &other), ERR_OK);
	ck_assert_int_eq(db_one(other, &lock, DB_ARGS(db_i64(2)), &r), ERR_OK);
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	int64_t began = clock_monotonic();
	ck_assert_int_eq(db_one(db, &lock, DB_ARGS(db_i64(2)), &r), ERR_DB_LOCK_WAIT);
	ck_assert_int_lt(clock_monotonic() - began, 2500000);
	db_close(other);
	expect_poisoned(ERR_DB_LOCK_WAIT);
}
END_TEST

START_TEST(slow_statement_poisons)
{
	struct row r;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	int64_t began = clock_monotonic();
	ck_assert_int_eq(db_one(db, &slow, DB_ARGS(db_i64(20)), &r), ERR_DB_TIMEOUT);
	ck_assert_int_lt(clock_monotonic() - began, 4000000);
	expect_poisoned(ERR_DB_TIMEOUT);
}
END_TEST

static void kill_session(int64_t id, int at)
{
	char sql[64];
	(void)snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
	pair_sql(at, sql);
}

static void kill_all(int at)
{
	pair_sql(at, "KILL USER remit");
}

START_TEST(killed_in_mid_transaction_poisons)
{
	int64_t id = number(db, &session);
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	kill_session(id, 0);
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_DB_LOST);
	expect_poisoned(ERR_DB_LOST);
	ck_assert_int_ne(number(db, &session), id);
}
END_TEST

START_TEST(killed_before_commit_is_lost)
{
	struct db_position p;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	kill_session(number(db, &session), 0);
	ck_assert_int_eq(db_commit(db, &p), ERR_DB_LOST);
	expect_poisoned(ERR_DB_LOST);
}
END_TEST

START_TEST(session_that_ended_while_idle_is_replaced)
{
	struct db_position p;
	int64_t id = number(db, &session);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	kill_session(id, 0);
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(14), db_i64(1)), NULL), ERR_OK);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_int_eq(committed_value(1), 14);
}
END_TEST

START_TEST(primary_that_became_read_only)
{
	struct db_position p;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(11), db_i64(1)), NULL), ERR_OK);
	int64_t id = number(db, &session);
	pair_sql(0, "SET GLOBAL read_only=1");
	ck_assert_int_eq(db_commit(db, &p), ERR_DB_READ_ONLY);
	pair_sql(0, "SET GLOBAL read_only=0");
	expect_poisoned(ERR_DB_READ_ONLY);
	/* A new session was made, which has read the epoch. */
	ck_assert_int_ne(number(db, &session), id);
}
END_TEST

struct rival {
	pthread_barrier_t both;
	enum err result[2];
	enum err commit[2];
};

struct side {
	struct rival *rival;
	int i;
};

static void *lock_crosswise(void *arg)
{
	const struct side *side = arg;
	struct rival *rival = side->rival;
	struct arena *a = arena_new(1 << 16);
	struct db *h = NULL;
	struct db_position p;
	enum err e = db_open_write(pools, a, &h);
	if (e == ERR_OK)
		e = db_exec(h, &set, DB_ARGS(db_i64(50), db_i64(1 + side->i)), NULL);
	(void)pthread_barrier_wait(&rival->both);
	if (e == ERR_OK)
		e = db_exec(h, &set, DB_ARGS(db_i64(60), db_i64(2 - side->i)), NULL);
	rival->result[side->i] = e;
	rival->commit[side->i] = db_commit(h, &p);
	db_close(h);
	arena_free(a);
	return NULL;
}

START_TEST(deadlock_has_one_victim_whose_commit_fails)
{
	struct rival rival;
	pthread_t threads[2];
	struct side sides[2] = { { &rival, 0 }, { &rival, 1 } };
	(void)pthread_barrier_init(&rival.both, NULL, 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, lock_crosswise, &sides[i]), 0);
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	int victim = rival.result[0] == ERR_OK ? 1 : 0;
	ck_assert_int_eq(rival.result[victim], ERR_DB_DEADLOCK);
	ck_assert_int_eq(rival.commit[victim], ERR_DB_DEADLOCK);
	ck_assert_int_eq(rival.result[1 - victim], ERR_OK);
	ck_assert_int_eq(rival.commit[1 - victim], ERR_OK);
	/* Both rows are the survivor's. */
	ck_assert_int_eq(committed_value(2 - victim), 50);
	ck_assert_int_eq(committed_value(1 + victim), 60);
}
END_TEST

START_TEST(read_handle_refuses_writes)
{
	struct db *h = NULL;
	ck_assert_int_eq(db_open_read(pools, arena, any, &h), ERR_OK);
	ck_assert_int_eq(db_exec(h, &set, DB_ARGS(db_i64(1), db_i64(1)), NULL), ERR_OK);
}
END_TEST

/* A statement that writes but is declared as reading: the session refuses it. */
START_TEST(read_session_refuses_writes)
{
	static const struct db_stmt lie = { .name = "t.lie",
					    .sql = "UPDATE h SET v = 0",
					    .access = DB_READ };
	struct db *h = NULL;
	teardown();
	open_pools("");
	ck_assert_int_eq(db_open_read(pools, arena, any, &h), ERR_OK);
	ck_assert_int_eq(db_exec(h, &lie, NULL, 0, NULL), ERR_DB_STATEMENT);
	db_close(h);
	ck_assert_int_eq(committed_value(1), 10);
}
END_TEST

/* Reads and replicas */

static struct db *reader(struct db_position after)
{
	struct db *h = NULL;
	ck_assert_int_eq(db_open_read(pools, arena, after, &h), ERR_OK);
	return h;
}

static struct db_position write_value(int64_t k, int64_t v)
{
	struct db_position p;
	ck_assert_int_eq(db_exec(db, &set, DB_ARGS(db_i64(v), db_i64(k)), NULL), ERR_OK);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	return p;
}

START_TEST(reads_use_the_replica)
{
	struct db *h = reader(any);
	ck_assert_int_eq(number(h, &server), 2);
	ck_assert_int_eq(value_of(h, 2), 20);
	db_close(h);
}
END_TEST

START_TEST(own_write_is_seen_on_the_replica)
{
	int on_replica = 0;
	for (int64_t i = 0; i < 50; i++) {
		struct db_position p = write_value(1, 1000 + i);
		struct db *h = reader(p);
		ck_assert_int_eq(value_of(h, 1), 1000 + i);
		on_replica += number(h, &server) == 2 ? 1 : 0;
		ck_assert_uint_ge(db_as_of(h).seq, p.seq);
		db_close(h);
	}
	ck_assert_int_gt(on_replica, 25);
}
END_TEST

START_TEST(delayed_replica_gives_way_to_the_primary)
{
	struct db_position old = write_value(1, 2000);
	pair_catch_up();
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	struct db_position p = write_value(1, 2001);
	struct db *h = reader(p);
	int64_t began = clock_monotonic();
	ck_assert_int_eq(value_of(h, 1), 2001);
	ck_assert_int_ge(clock_monotonic() - began, 190000);
	ck_assert_int_lt(clock_monotonic() - began, 1000000);
	ck_assert_int_eq(number(h, &server), 1);
	ck_assert_uint_ge(db_as_of(h).seq, p.seq);
	db_close(h);
	/* Who needs less, or nothing, still reads there, and is told no more than it saw. */
	h = reader(old);
	ck_assert_int_eq(value_of(h, 1), 2000);
	ck_assert_uint_lt(db_as_of(h).seq, p.seq);
	ck_assert_int_eq(number(h, &server), 2);
	db_close(h);
	pair_sql(1, "START SLAVE SQL_THREAD");
}
END_TEST

START_TEST(full_fallback_is_unavailable_never_stale)
{
	struct db *h[3];
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	struct db_position p = write_value(1, 3000);
	for (int i = 0; i < 3; i++)
		h[i] = reader(p);
	ck_assert_int_eq(value_of(h[0], 1), 3000);
	ck_assert_int_eq(value_of(h[1], 1), 3000);
	ck_assert_int_eq(value_of(h[2], 1), -ERR_UNAVAILABLE);
	db_close(h[0]);
	ck_assert_int_eq(value_of(h[2], 1), 3000);
	db_close(h[1]);
	db_close(h[2]);
	pair_sql(1, "START SLAVE SQL_THREAD");
}
END_TEST

START_TEST(position_of_an_epoch_nobody_knows)
{
	struct db_position p = write_value(1, 3100);
	pair_catch_up();
	p.epoch = 4;
	struct db *h = reader(p);
	/* Neither server can say that it is of that epoch. */
	ck_assert_int_eq(value_of(h, 1), -ERR_UNAVAILABLE);
	db_close(h);
	pair_sql(0, "UPDATE remit.cluster_state SET epoch = 4");
	h = reader(p);
	ck_assert_int_eq(value_of(h, 1), 3100);
	db_close(h);
	pair_sql(0, "UPDATE remit.cluster_state SET epoch = 3");
}
END_TEST

START_TEST(forged_gtid_never_becomes_text)
{
	struct db_position p = { .epoch = 3, .seq = 1, .gtid = "0-1-1') OR SLEEP(3) OR ('" };
	struct db *h = reader(p);
	int64_t began = clock_monotonic();
	ck_assert_int_eq(value_of(h, 1), 10);
	ck_assert_int_lt(clock_monotonic() - began, 1000000);
	ck_assert_int_eq(number(h, &server), 1);
	db_close(h);
}
END_TEST

START_TEST(killed_reader_moves_on)
{
	struct db *h = reader(any);
	int64_t id = number(h, &session);
	db_close(h);
	kill_session(id, 1);
	h = reader(any);
	ck_assert_int_eq(value_of(h, 1), 10);
	/* Once it has seen a server's data it does not change the server. */
	kill_session(number(h, &session), number(h, &server) == 2 ? 1 : 0);
	ck_assert_int_eq(value_of(h, 1), -ERR_DB_LOST);
	ck_assert_int_eq(value_of(h, 1), -ERR_DB_LOST);
	db_close(h);
}
END_TEST

/* The session has ended and nobody can be reached for the second try. */
START_TEST(server_that_died_while_idle)
{
	struct db_position p;
	struct db *h = NULL;
	ck_assert_int_eq(number(db, &server), 1);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	h = reader(any);
	ck_assert_int_eq(number(h, &server), 2);
	db_close(h);
	kill_all(0);
	kill_all(1);
	pair_sql(0, "ALTER USER remit@'%' ACCOUNT LOCK");
	pair_catch_up();
	h = reader(any);
	ck_assert_int_eq(value_of(h, 1), -ERR_DB_CONNECT);
	db_close(h);
	ck_assert_int_eq(value_of(db, 1), -ERR_DB_CONNECT);
	pair_sql(0, "ALTER USER remit@'%' ACCOUNT UNLOCK");
	db_rollback(db);
	ck_assert_int_eq(value_of(db, 1), 10);
}
END_TEST

START_TEST(dead_replica_gives_way_to_the_primary)
{
	char dead[128];
	(void)snprintf(dead, sizeof(dead), "unix:%s/none", pair.dir);
	teardown();
	open_pools(dead);
	for (int i = 0; i < 12; i++) {
		struct db *h = reader(any);
		ck_assert_int_eq(value_of(h, 1), 10);
		db_close(h);
	}
	ck_assert(breaker_is_open(&pools->replica[0].breaker));
}
END_TEST

START_TEST(one_of_two_replicas_is_dead)
{
	char both[256];
	(void)snprintf(both, sizeof(both), "unix:%s/none,%s", pair.dir, pair.replica);
	teardown();
	open_pools(both);
	for (int i = 0; i < 20; i++) {
		struct db *h = reader(any);
		ck_assert_int_eq(number(h, &server), 2);
		db_close(h);
	}
}
END_TEST

/* Replicas that fall behind; the limit is 2 s (mariadb_pair.h) */

static void lag_setup(void)
{
	/* As a test that failed may have left them. */
	(void)kill(pair.pid[0], SIGCONT);
	pair_sql(1, "START SLAVE SQL_THREAD");
	setup();
	ck_assert_int_eq(db_pools_start(pools), ERR_OK);
	/* The monitor has looked at both. */
	(void)usleep(600000);
}

/* Who answers a read. */
static int64_t server_of(struct db_position after)
{
	struct db *h = reader(after);
	int64_t id = number(h, &server);
	db_close(h);
	return id;
}

/* Writes and reads until this server answers the reads; microseconds, at most 10 s. */
static int64_t until_server(int64_t id)
{
	int64_t began = clock_monotonic();
	while (clock_monotonic() - began < 10000000) {
		(void)write_value(1, 5000);
		if (server_of(any) == id)
			break;
		(void)usleep(50000);
	}
	return clock_monotonic() - began;
}

/* Whether this server alone answers reads for so long. */
static bool only_server(int64_t id, int64_t usec)
{
	int64_t end = clock_monotonic() + usec;
	while (clock_monotonic() < end) {
		if (server_of(any) != id)
			return false;
		(void)usleep(20000);
	}
	return true;
}

static void fall_behind(void)
{
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	ck_assert_int_lt(until_server(1), 10000000);
}

START_TEST(replica_far_behind_is_avoided_until_it_is_back)
{
	struct db_position old = write_value(1, 4000);
	pair_catch_up();
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	int64_t took = until_server(1);
	ck_assert_int_ge(took, 1700000);
	ck_assert_int_lt(took, 5000000);
	/* Also when nothing more is written, and for those who need no more than it has. */
	ck_assert(only_server(1, 1500000));
	ck_assert_int_eq(server_of(old), 1);
	struct db_position p = write_value(1, 4001);
	int64_t began = clock_monotonic();
	ck_assert_int_eq(server_of(p), 1);
	/* It is not waited for. */
	ck_assert_int_lt(clock_monotonic() - began, 150000);
	pair_sql(1, "START SLAVE SQL_THREAD");
	ck_assert_int_lt(until_server(2), 5000000);
	ck_assert(only_server(2, 1000000));
}
END_TEST

START_TEST(replica_that_misses_nothing_is_not_behind)
{
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	ck_assert(only_server(2, 3500000));
	pair_sql(1, "START SLAVE SQL_THREAD");
}
END_TEST

START_TEST(frozen_primary_takes_no_replica_out)
{
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	(void)write_value(1, 4100);
	(void)usleep(600000); /* it is behind, not too far */
	ck_assert_int_eq(kill(pair.pid[0], SIGSTOP), 0);
	bool kept = only_server(2, 6000000);
	ck_assert_int_eq(kill(pair.pid[0], SIGCONT), 0);
	ck_assert(kept);
	/* Now the time counts again. */
	ck_assert_int_lt(until_server(1), 6000000);
	pair_sql(1, "START SLAVE SQL_THREAD");
	ck_assert_int_lt(until_server(2), 5000000);
	/* Frozen for long, then busy at once: who keeps up stays. */
	ck_assert_int_eq(kill(pair.pid[0], SIGSTOP), 0);
	kept = only_server(2, 4000000);
	ck_assert_int_eq(kill(pair.pid[0], SIGCONT), 0);
	for (int64_t i = 0; i < 100; i++) {
		(void)write_value(1, 4200 + i);
		kept = kept && server_of(any) == 2;
	}
	ck_assert(kept);
}
END_TEST

START_TEST(late_data_only_where_there_is_no_other)
{
	struct db *h[2];
	fall_behind();
	struct db_position p = write_value(1, 4300);
	for (int i = 0; i < 2; i++) {
		h[i] = reader(any);
		ck_assert_int_eq(number(h[i], &server), 1);
	}
	/* The fallback is full. */
	struct db *late = reader(any);
	ck_assert_int_eq(number(late, &server), 2);
	ck_assert_uint_lt(db_as_of(late).seq, p.seq);
	db_close(late);
	late = reader(p);
	ck_assert_int_eq(value_of(late, 1), -ERR_UNAVAILABLE);
	db_close(late);
	db_close(h[0]);
	ck_assert_int_eq(server_of(any), 1);
	db_close(h[1]);
	pair_sql(1, "START SLAVE SQL_THREAD");
}
END_TEST

START_TEST(the_other_replica_is_read)
{
	char twice[300];
	int64_t limit = config.db_replica_lag_max_s * 1000000;
	/* Two for the pools, without the monitor's judgement. */
	(void)snprintf(twice, sizeof(twice), "%s,%s", pair.replica, pair.replica);
	teardown();
	open_pools(twice);
	struct db_endpoint *replica = pools->replica;
	for (int late = 0; late < 2; late++) {
		atomic_store(&replica[late].lag, limit + 1);
		atomic_store(&replica[1 - late].lag, limit);
		for (int i = 0; i < 8; i++) {
			struct db *h = reader(any);
			ck_assert_int_eq(value_of(h, 1), 10);
			ck_assert_ptr_eq(h->conn->pool->endpoint, &replica[1 - late]);
			db_close(h);
		}
	}
	atomic_store(&replica[0].lag, limit + 1);
	ck_assert_int_eq(server_of(any), 1);
	atomic_store(&replica[0].lag, 0);
	ck_assert_int_eq(server_of(any), 2);
}
END_TEST

/* A test that ends by a signal needs a process of its own (CK_FORK=no under sanitizers). */
static bool test_forks(void)
{
	const char *fork = getenv("CK_FORK");

	return fork == NULL || strcmp(fork, "no") != 0;
}

int main(void)
{
	mariadb_pair_start(schema, sizeof(schema) / sizeof(schema[0]));
	Suite *s = suite_create("db/handle");
	TCase *tc = tcase_create("transactions");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_run_commits_without_a_round_trip);
	tcase_add_test(tc, what_only_read_has_no_position);
	tcase_add_test(tc, positions_rise);
	tcase_add_test(tc, affected_counts_matched_rows);
	tcase_add_test(tc, close_rolls_back);
	tcase_add_test(tc, not_found_is_no_failure);
	tcase_add_test(tc, two_rows_for_one_is_an_error);
	tcase_add_test(tc, duplicate_poisons);
	tcase_add_test(tc, refused_by_a_constraint_poisons);
	tcase_add_test(tc, lock_wait_poisons);
	tcase_add_test(tc, slow_statement_poisons);
	tcase_add_test(tc, killed_in_mid_transaction_poisons);
	tcase_add_test(tc, killed_before_commit_is_lost);
	tcase_add_test(tc, session_that_ended_while_idle_is_replaced);
	tcase_add_test(tc, primary_that_became_read_only);
	tcase_add_test(tc, deadlock_has_one_victim_whose_commit_fails);
	if (test_forks())
		tcase_add_test_raise_signal(tc, read_handle_refuses_writes, SIGABRT);
	tcase_add_test(tc, read_session_refuses_writes);
	suite_add_tcase(s, tc);
	tc = tcase_create("reads");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reads_use_the_replica);
	tcase_add_test(tc, own_write_is_seen_on_the_replica);
	tcase_add_test(tc, delayed_replica_gives_way_to_the_primary);
	tcase_add_test(tc, full_fallback_is_unavailable_never_stale);
	tcase_add_test(tc, position_of_an_epoch_nobody_knows);
	tcase_add_test(tc, forged_gtid_never_becomes_text);
	tcase_add_test(tc, killed_reader_moves_on);
	tcase_add_test(tc, server_that_died_while_idle);
	tcase_add_test(tc, dead_replica_gives_way_to_the_primary);
	tcase_add_test(tc, one_of_two_replicas_is_dead);
	suite_add_tcase(s, tc);
	tc = tcase_create("lag");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, lag_setup, teardown);
	tcase_add_test(tc, replica_far_behind_is_avoided_until_it_is_back);
	tcase_add_test(tc, replica_that_misses_nothing_is_not_behind);
	tcase_add_test(tc, frozen_primary_takes_no_replica_out);
	tcase_add_test(tc, late_data_only_where_there_is_no_other);
	tcase_add_test(tc, the_other_replica_is_read);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
