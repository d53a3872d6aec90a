/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_MIGRATE_STORE_H
#define REMIT_CTL_MIGRATE_STORE_H

/*
 * What the database knows of migrations: table schema_migrations has a row for each version, with
 * how many of its statements are done and the checksum of exactly these; table migration_lease has
 * one row, which names who migrates now and until when. Times are the server's. Functions block;
 * a connection belongs to one thread.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/str.h"
#include "app/db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum { MIGRATE_CHECKSUM_TEXT = 64, MIGRATE_OWNER_MAX = 100 };

struct migrate_record {
	bool found;
	int64_t done; /* statements */
	bool applied; /* all of them */
	struct str checksum;
};

/* Makes the two tables where they are missing. */
MUST_CHECK enum err migrate_store_prepare(struct db_admin *d, struct arena *a);
/* Whether the tables are there: what a command that changes nothing asks first. */
MUST_CHECK enum err migrate_store_exists(struct db_admin *d, struct arena *a, bool *ret_exists);
MUST_CHECK enum err migrate_store_read(struct db_admin *d, struct arena *a, int64_t version,
				       struct migrate_record *ret_record);
/* The highest version there is a row of; 0: none. */
MUST_CHECK enum err migrate_store_last(struct db_admin *d, struct arena *a, int64_t *ret_version);
/* Notes a version none of whose statements is done. */
MUST_CHECK enum err migrate_store_begin(struct db_admin *d, struct arena *a, int64_t version,
					struct str name);
/* Notes that `done` statements with this checksum are done; `applied`: they are all. */
MUST_CHECK enum err migrate_store_step(struct db_admin *d, struct arena *a, int64_t version,
				       int64_t done, struct str checksum, bool applied);

/*
 * Takes or renews the lease for `seconds`; it can be had when it is ours, free or expired.
 * ERR_CONFLICT: another has it; its name is in ret_owner.
 */
MUST_CHECK enum err migrate_store_lease(struct db_admin *d, struct arena *a, struct str owner,
					int64_t seconds, struct str *ret_owner);
/* Gives the lease back where it is ours. */
MUST_CHECK enum err migrate_store_release(struct db_admin *d, struct arena *a, struct str owner);

#endif
