/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_MIGRATE_FILES_H
#define REMIT_CTL_MIGRATE_FILES_H

/*
 * The migrations on disk: schema_dir/NNNN_name.sql, and grants.sql. Says what is wrong with them
 * on standard error, by file and line.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/str.h"
#include "app/ctl/migrate_store.h"
#include "app/ctl/sql_split.h"

#include <stddef.h>
#include <stdint.h>

enum { MIGRATIONS_MAX = 9999 };

struct migration {
	int64_t version;
	struct str name; /* "0001_foundation" */
	const char *path;
	struct sql_script script;
};

/* All migrations by version, in the arena. ERR_VALIDATION, ERR_IO. */
MUST_CHECK enum err migrate_files_read(struct arena *a, const char *dir,
				       struct migration **ret_migrations, size_t *ret_n);
/* One file of statements; ERR_NOT_FOUND, without a word, when there is none. */
MUST_CHECK enum err migrate_file_split(struct arena *a, const char *path,
				       struct sql_script *ret_script);
/* SHA-256 over the first n statements of a migration, as hexadecimal digits. */
MUST_CHECK enum err migrate_checksum(struct arena *a, const struct migration *m, size_t n,
				     struct str *ret_checksum);

#endif
