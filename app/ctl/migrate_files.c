/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the migrations of a directory. */
#include "app/ctl/migrate_files.h"

#include "app/auth/auth.h"
#include "app/base/buf.h"
#include "app/ctl/ctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 4 << 20, PATH_BYTES_MAX = 4096, VERSION_DIGITS = 4 };

static bool is_sql(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".sql") == 0;
}

/* Whether it is NNNN_name.sql, with a version that is not 0. */
static bool is_migration(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	const char *rest = name + digits;
	size_t word;

	if (digits != VERSION_DIGITS || *rest != '_' || strncmp(name, "0000", digits) == 0)
		return false;
	word = strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return word > 1 && word < 100 && strcmp(rest + word, ".sql") == 0;
}

static int keep(const struct dirent *entry)
{
	return is_sql(entry->d_name) && strcmp(entry->d_name, "grants.sql") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum err read_text(struct arena *a, int fd, struct str *ret_text)
{
	struct stat st;
	char *p;
	size_t n = 0;
	ssize_t got = 1;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return ERR_IO;
	if (st.st_size > FILE_BYTES_MAX)
		return ERR_LIMIT;
	p = arena_alloc(a, (size_t)st.st_size);
	if (p == NULL)
		return ERR_NO_MEMORY;
	while (n < (size_t)st.st_size && got > 0) {
		got = read(fd, p + n, (size_t)st.st_size - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return ERR_IO;
	*ret_text = (struct str){ .p = p, .n = n };
	return ERR_OK;
}

enum err migrate_file_split(struct arena *a, const char *path, struct sql_script *ret_script)
{
	struct str text = STR_NONE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e;

	if (fd < 0 && errno == ENOENT)
		return ERR_NOT_FOUND;
	e = fd < 0 ? ERR_IO : read_text(a, fd, &text);
	if (fd >= 0)
		close(fd);
	if (e != ERR_OK) {
		ctl_say("%s: cannot be read: %s", path, err_title(e));
		return e;
	}
	e = sql_split(a, text, ret_script);
	if (e == ERR_MALFORMED) {
		ctl_say("%s:%d: %s", path, ret_script->fault_line, ret_script->fault);
		return ERR_VALIDATION;
	}
	return e;
}

static enum err migration_read(struct arena *a, const char *dir, const char *file,
			       struct migration *ret_migration)
{
	struct migration m = { .version = 0 };
	struct str path = STR_NONE;
	struct buf b;
	enum err e;

	buf_init(&b, a, 0, PATH_BYTES_MAX);
	buf_z(&b, dir);
	buf_char(&b, '/');
	buf_z(&b, file);
	buf_char(&b, '\0');
	e = buf_finish(&b, &path);
	if (e != ERR_OK)
		return e;
	m.path = path.p;
	if (!is_migration(file)) {
		ctl_say("%s: is not named NNNN_name.sql", m.path);
		return ERR_VALIDATION;
	}
	m.name = arena_dup(a, (struct str){ .p = file, .n = strlen(file) - 4 });
	if (m.name.p == NULL)
		return ERR_NO_MEMORY;
	m.version = strtoll(file, NULL, 10);
	e = migrate_file_split(a, m.path, &m.script);
	if (e == ERR_OK && m.script.n == 0) {
		ctl_say("%s: has no statement", m.path);
		e = ERR_VALIDATION;
	}
	if (e == ERR_OK)
		*ret_migration = m;
	return e;
}

/* Two files of one version, as two branches make them, stand side by side. */
static enum err versions_check(const struct migration *m, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (m[i].version == m[i - 1].version) {
			ctl_say("%s: has the version of %s", m[i].path, m[i - 1].path);
			return ERR_VALIDATION;
		}
	}
	return ERR_OK;
}

enum err migrate_files_read(struct arena *a, const char *dir, struct migration **ret_migrations,
			    size_t *ret_n)
{
	struct dirent **entries = NULL;
	struct migration *m = NULL;
	int n = scandir(dir, &entries, keep, by_name);
	enum err e = ERR_OK;

	if (n < 0) {
		ctl_say("%s: cannot be read: %s (schema_dir)", dir, strerrordesc_np(errno));
		return ERR_CONFIG;
	}
	if (n == 0) {
		ctl_say("%s: has no migrations (schema_dir)", dir);
		e = ERR_CONFIG;
	}
	if (e == ERR_OK) {
		m = arena_array(a, (size_t)n, sizeof(*m));
		e = m == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	for (int i = 0; i < n; i++) {
		if (e == ERR_OK)
			e = migration_read(a, dir, entries[i]->d_name, &m[i]);
		free(entries[i]);
	}
	free(entries);
	if (e == ERR_OK)
		e = versions_check(m, (size_t)n);
	if (e == ERR_OK) {
		*ret_migrations = m;
		*ret_n = (size_t)n;
	}
	return e;
}

enum err migrate_checksum(struct arena *a, const struct migration *m, size_t n,
			  struct str *ret_checksum)
{
	unsigned char hash[32];
	struct str *parts = arena_array(a, 2 * n + 1, sizeof(*parts));
	struct buf b;

	if (parts == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		parts[2 * i] = m->script.statements[i].text;
		parts[2 * i + 1] = STR(";");
	}
	auth_sha256(parts, 2 * n, hash);
	buf_init(&b, a, 0, MIGRATE_CHECKSUM_TEXT);
	buf_hex(&b, hash, sizeof(hash));
	return buf_finish(&b, ret_checksum);
}
