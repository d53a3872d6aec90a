/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_TEST_DB_MARIADB_PAIR_H
#define REMIT_TEST_DB_MARIADB_PAIR_H

/*
 * A MariaDB primary and its replica of the test program's own, in a temporary folder, started by
 * mariadb_pair_start in main and ended with the program, however that ends. Their root user has no
 * password and is reached by socket; tests set up and disturb with it by text statements.
 */

#include "app/db/db.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAIR_SKIP = 77, PAIR_ARGS = 40 };

struct mariadb_pair {
	pid_t owner;
	pid_t pid[2];
	char dir[64];
	char primary[128]; /* as in db_primary */
	char replica[128];
	unsigned int port; /* of the primary */
};

static struct mariadb_pair pair;

static inline void pair_become_unprivileged(void)
{
	const struct passwd *pw = getpwnam("mysql");
	if (geteuid() != 0)
		return;
	if (pw == NULL)
		pw = getpwnam("nobody");
	if (pw == NULL || setgroups(0, NULL) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0)
		_exit(126);
}

static inline pid_t pair_spawn(char *const argv[])
{
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	/* After the change of user, which would take it back. */
	pair_become_unprivileged();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)dup2(null, 0);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	if (getppid() == parent)
		(void)execvp(argv[0], argv);
	_exit(127);
}

static inline int pair_run(char *const argv[])
{
	int status = 0;
	pid_t pid = pair_spawn(argv);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline unsigned int pair_free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, n) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		abort();
	(void)close(fd);
	return ntohs(a.sin_port);
}

static inline int pair_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void pair_stop(void)
{
	/* Forked tests leave through exit as well. */
	if (pair.owner != getpid())
		return;
	for (int i = 0; i < 2; i++) {
		if (pair.pid[i] > 0 && kill(pair.pid[i], SIGKILL) == 0)
			(void)waitpid(pair.pid[i], NULL, 0);
	}
	(void)nftw(pair.dir, pair_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* A configuration for the pair; the caller changes what its test is about. */
static inline struct config pair_config(void)
{
	return (struct config){
		.db_primary = pair.primary,
		.db_replicas = pair.replica,
		.db_name = "remit",
		.db_user = "remit",
		.db_password = "secret of the test",
		.db_pool_primary = 4,
		.db_pool_fallback = 2,
		.db_pool_replica = 4,
		.db_lock_wait_s = 1,
		.db_write_timeout_ms = 3000,
		.db_read_timeout_ms = 2000,
		.db_consistent_wait_ms = 200,
		.db_replica_lag_max_s = 2,
	};
}

/* A root connection to the primary (0) or the replica (1); NULL when it does not answer. */
static inline struct db_admin *pair_root(int server)
{
	struct config c = pair_config();
	struct db_admin *d = NULL;
	struct str message;
	char socket[128];
	(void)snprintf(socket, sizeof(socket), "unix:%s/s%d", pair.dir, server);
	c.db_primary = socket;
	c.db_name = "";
	return db_admin_open(&c, "root", "", &d, &message) == ERR_OK ? d : NULL;
}

/* Runs one statement as root; aborts when it fails. */
static inline void pair_sql(int server, const char *sql)
{
	struct db_admin *d = pair_root(server);
	if (d == NULL || db_admin_exec(d, str_from(sql)) != ERR_OK) {
		(void)fprintf(stderr, "%s: %s\n", sql, d == NULL ? "" : db_admin_message(d));
		abort();
	}
	db_admin_close(d);
}

/* Starts server 0 or 1 on its data, waits until it answers. */
static inline void pair_start_server(int i)
{
	static const char *const options[] = {
		"--no-defaults",
		"--skip-name-resolve",
		"--performance-schema=0",
		"--innodb-buffer-pool-size=32M",
		"--innodb-log-file-size=16M",
		"--innodb-flush-log-at-trx-commit=2",
		"--sync-binlog=0",
		"--binlog-format=ROW",
		"--log-slave-updates=1",
		"--gtid-strict-mode=1",
		"--character-set-server=utf8mb4",
		"--skip-slave-start",
		"--bind-address=127.0.0.1",
		"--max-connections=60",
	};
	enum { N = sizeof(options) / sizeof(options[0]) };
	static char own[8][160];
	char *argv[PAIR_ARGS] = { "mariadbd" };
	int n = 1;
	for (size_t k = 0; k < N; k++)
		argv[n++] = (char *)(uintptr_t)options[k];
	(void)snprintf(own[0], sizeof(own[0]), "--datadir=%s/d%d", pair.dir, i);
	(void)snprintf(own[1], sizeof(own[1]), "--socket=%s/s%d", pair.dir, i);
	(void)snprintf(own[2], sizeof(own[2]), "--pid-file=%s/p%d", pair.dir, i);
	(void)snprintf(own[3], sizeof(own[3]), "--log-error=%s/e%d", pair.dir, i);
	(void)snprintf(own[4], sizeof(own[4]), "--server-id=%d", i + 1);
	(void)snprintf(own[5], sizeof(own[5]), "--log-bin=%s/d%d/binlog", pair.dir, i);
	(void)snprintf(own[6], sizeof(own[6]), i == 0 ? "--port=%u" : "--skip-networking",
		       pair.port);
	(void)snprintf(own[7], sizeof(own[7]), "--read-only=%d", i);
	for (int k = 0; k < 8; k++)
		argv[n++] = own[k];
	pair.pid[i] = pair_spawn(argv);
	struct db_admin *d = NULL;
	for (int k = 0; k < 600 && d == NULL; k++) {
		(void)usleep(50000);
		d = pair_root(i);
	}
	if (d == NULL) {
		(void)fprintf(stderr, "mariadbd does not answer, see %s/e%d\n", pair.dir, i);
		abort();
	}
	db_admin_close(d);
}

static inline void pair_install(void)
{
	char datadir[96];
	char copy[96];
	(void)snprintf(datadir, sizeof(datadir), "--datadir=%s/d0", pair.dir);
	(void)snprintf(copy, sizeof(copy), "%s/d1", pair.dir);
	char *install[] = {
		"mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
		"--skip-test-db",     datadir,	       NULL
	};
	char *cp[] = { "cp", "-R", datadir + strlen("--datadir="), copy, NULL };
	if (pair_run(install) != 0 || pair_run(cp) != 0)
		abort();
}

/* Exits with 77 where there is no MariaDB. `schema` are statements for the database remit. */
static inline void mariadb_pair_start(const char *const *schema, size_t n)
{
	char sql[256];
	char *version[] = { "mariadbd", "--version", NULL };
	const char *path = getenv("PATH");
	(void)snprintf(sql, sizeof(sql), "%s:/usr/sbin:/usr/bin:/bin", path == NULL ? "" : path);
	(void)setenv("PATH", sql, 1);
	if (pair_run(version) != 0)
		exit(PAIR_SKIP);
	pair.owner = getpid();
	(void)snprintf(pair.dir, sizeof(pair.dir), "/tmp/remit-db-XXXXXX");
	if (mkdtemp(pair.dir) == NULL || chmod(pair.dir, 0777) != 0)
		abort();
	(void)atexit(pair_stop);
	pair.port = pair_free_port();
	(void)snprintf(pair.primary, sizeof(pair.primary), "127.0.0.1:%u", pair.port);
	(void)snprintf(pair.replica, sizeof(pair.replica), "unix:%s/s1", pair.dir);
	pair_install();
	pair_start_server(0);
	pair_start_server(1);
	(void)snprintf(sql, sizeof(sql),
		       "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%u, "
		       "MASTER_USER='repl', MASTER_PASSWORD='r', MASTER_USE_GTID=slave_pos, "
		       "MASTER_CONNECT_RETRY=1",
		       pair.port);
	pair_sql(0, "GRANT REPLICATION SLAVE ON *.* TO repl@'%' IDENTIFIED BY 'r'");
	pair_sql(1, sql);
	pair_sql(1, "START SLAVE");
	pair_sql(0, "CREATE DATABASE remit CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
	pair_sql(0, "GRANT ALL ON remit.* TO remit@'%' IDENTIFIED BY 'secret of the test'");
	for (size_t i = 0; i < n; i++)
		pair_sql(0, schema[i]);
}

/* Waits until the replica has all that the primary has. */
static inline void pair_catch_up(void)
{
	struct arena *a = arena_new(1 << 16);
	struct db_admin *d = pair_root(0);
	struct str value;
	char sql[256];
	ck_assert_int_eq(db_admin_value(d, a, STR("SELECT @@gtid_binlog_pos"), &value), ERR_OK);
	(void)snprintf(sql, sizeof(sql), "SELECT MASTER_GTID_WAIT('" STR_FMT "', 10)",
		       STR_ARG(value));
	db_admin_close(d);
	d = pair_root(1);
	ck_assert_int_eq(db_admin_value(d, a, str_from(sql), &value), ERR_OK);
	ck_assert(str_eq_z(value, "0"));
	db_admin_close(d);
	arena_free(a);
}

#endif
