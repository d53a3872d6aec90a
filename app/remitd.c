/* SPDX-License-Identifier: Apache-2.0 */
/* The FastCGI worker: options, order of start, the list of domains; nothing else. */

#include "app/cache/alarm.h"
#include "app/cache/cache.h"
#include "app/config/config.h"
#include "app/db/db.h"
#include "app/http/fcgi.h"
#include "app/http/idempotency.h"
#include "app/http/serve.h"
#include "app/observe/log.h"
#include "app/observe/metrics.h"
#include "app/queue/outbox.h"
#include "app/service.h"
#include "handlers/domains.h"
#include "handlers/system/system.h"
#include "handlers/users/users.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum { DRAIN_S = 25, DOMAINS_MAX = 16 };

/* Everything a worker consists of, in the order of its start. */
struct worker {
	const char *config_file;
	struct config *config;
	struct config *old_config; /* requests that began before the last reload may use it */
	struct db_pools *pools;
	struct cache *cache;
	struct cache_alarm *alarm;
	struct router *router;
	struct server *server;
	struct fcgi *front;
};

static void *thread_new(void *arg)
{
	return server_thread_new(arg);
}

static void thread_free(void *context)
{
	server_thread_free(context);
}

static struct arena *request_arena(void *context)
{
	return server_thread_arena(context);
}

static void handle(void *context, const struct http_request *rq, struct http_response *ret)
{
	server_handle(context, rq, ret);
}

static void done(void *context)
{
	server_done(context);
}

static int fail(const char *what, enum err e, int code)
{
	log_line(LOG_ERROR, what, LOG_Z("error", err_name(e)));
	log_stop();
	return code;
}

static enum err start_front(struct worker *w)
{
	const int64_t threads =
		w->config->threads > 0 ? w->config->threads : 4 * sysconf(_SC_NPROCESSORS_ONLN);
	int fd = -1;
	enum err e = service_listen_fd(&fd);

	if (e == ERR_NOT_FOUND)
		e = fcgi_listen(w->config->listen, &fd);
	if (e != ERR_OK)
		return e;
	return fcgi_start(
		&(struct fcgi_options){ .listen_fd = fd,
					.threads = (unsigned)threads,
					.max_connections = (unsigned)w->config->max_connections,
					.arg = w->server,
					.thread_new = thread_new,
					.thread_free = thread_free,
					.request_arena = request_arena,
					.handle = handle,
					.done = done },
		&w->front);
}

/* Every statement has its latency metric: they are told before the pools are made. */
static void declare_statements(void)
{
	db_pools_declare(cache_alarm_stmts, cache_alarm_n_stmts);
	db_pools_declare(outbox_stmts, outbox_n_stmts);
	db_pools_declare(idempotency_stmts, idempotency_n_stmts);
	for (size_t i = 0; i < domains_n; i++)
		for (size_t j = 0; j < DOMAIN_TABLES_MAX && domains[i]->stores[j].rows != NULL; j++)
			db_pools_declare(domains[i]->stores[j].rows, *domains[i]->stores[j].n);
}

static bool is_served(const struct domain *domain, const struct str *names, size_t n)
{
	/* every pool answers health and metrics */
	if (n == 0 || domain == &system_domain)
		return true;
	for (size_t i = 0; i < n; i++)
		if (str_eq_z(names[i], domain->name))
			return true;
	return false;
}

/* The router of the domains that this pool serves; the others' routes are 404 here. */
static enum err start_router(struct worker *w, const char **ret_message)
{
	const struct domain *served[DOMAINS_MAX];
	struct str names[CONFIG_LIST_MAX];
	const size_t n_names = config_list(w->config->domains, names);
	size_t n = 0;

	for (size_t i = 0; i < domains_n && n < DOMAINS_MAX; i++)
		if (is_served(domains[i], names, n_names))
			served[n++] = domains[i];
	/* the system domain is served beside those that are named */
	if (n_names > 0 && n - 1 != n_names) {
		*ret_message = "domains: a name that is no domain, is named twice, or is system";
		return ERR_CONFIG;
	}
	return router_new(served, n, &w->router, ret_message);
}

static enum err start(struct worker *w)
{
	const char *message = NULL;
	struct server_options options;
	enum err e;

	declare_statements();
	e = auth_start(w->config);
	if (e == ERR_OK)
		e = db_pools_new(w->config, &w->pools);
	if (e == ERR_OK)
		e = cache_new(w->config, &w->cache);
	if (e == ERR_OK)
		e = start_router(w, &message);
	if (e != ERR_OK) {
		log_line(LOG_ERROR, "cannot start", LOG_Z("cause", message));
		return e;
	}
	options = (struct server_options){
		.config = w->config,
		.router = w->router,
		.pools = w->pools,
		.cache = w->cache,
		.identity = { .load = users_credential_load, .used = users_credential_used },
	};
	e = server_new(&options, &w->server);
	if (e == ERR_OK)
		e = system_start(&(struct system_parts){ .config = w->config,
							 .router = w->router,
							 .pools = w->pools,
							 .cache = w->cache });
	if (e == ERR_OK)
		e = metrics_start(w->config->runtime_dir);
	if (e == ERR_OK)
		e = db_pools_start(w->pools);
	if (e == ERR_OK)
		e = cache_alarm_new(w->cache, w->pools, true, &w->alarm);
	return e == ERR_OK ? start_front(w) : e;
}

static void stop(struct worker *w)
{
	if (w->front != NULL)
		fcgi_drain(w->front, DRAIN_S);
	cache_alarm_free(w->alarm);
	server_free(w->server);
	system_stop();
	cache_free(w->cache);
	db_pools_free(w->pools);
	router_free(w->router);
	metrics_stop();
	config_free(w->old_config);
	config_free(w->config);
}

/* A broken file changes nothing: the worker goes on as it was. */
static void reload(struct worker *w)
{
	struct config *fresh = NULL, *merged = NULL;
	struct config_fault fault;
	struct str ignored = STR_NONE;
	struct arena *arena = arena_new(64 << 10);
	enum err e = arena != NULL ? config_load(w->config_file, &fresh, &fault) : ERR_NO_MEMORY;

	if (e == ERR_OK)
		e = config_merge_reload(w->config, fresh, arena, &merged, &ignored);
	if (e == ERR_OK) {
		config_free(w->old_config);
		w->old_config = w->config;
		w->config = merged;
		log_set_level((enum log_level)merged->log_level);
		server_reload(w->server, merged);
		log_line(LOG_INFO, "reloaded", LOG_S("needs_restart", ignored));
	} else {
		log_line(LOG_ERROR, "not reloaded",
			 LOG_Z("cause", e == ERR_CONFIG ? fault.text : err_name(e)));
	}
	config_free(fresh);
	arena_free(arena);
}

static void run(struct worker *w, const sigset_t *signals)
{
	log_line(LOG_INFO, "started", LOG_Z("version", PACKAGE_VERSION),
		 LOG_Z("config", w->config_file));
	service_notify("READY=1\nSTATUS=serving");
	for (;;) {
		int signal = 0;

		(void)sigwait(signals, &signal);
		if (signal != SIGHUP)
			break;
		service_notify_reloading();
		reload(w);
		service_notify("READY=1\nSTATUS=serving");
	}
	log_line(LOG_INFO, "draining");
	system_draining();
	service_notify("STOPPING=1\nSTATUS=finishing what has begun");
}

static void usage(FILE *out)
{
	(void)fputs("usage: remitd [--config FILE]\n"
		    "The FastCGI worker of remit; nginx and systemd start and feed it.\n\n"
		    "  -c, --config FILE  settings (default $REMIT_CONFIG, else " REMIT_CONFIG_FILE
		    ")\n"
		    "  -h, --help         this text\n"
		    "  -V, --version      version\n",
		    out);
}

static int options(int argc, char **argv, struct worker *w)
{
	static const struct option list[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};

	for (;;) {
		switch (getopt_long(argc, argv, "c:hV", list, NULL)) {
		case 'c':
			w->config_file = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(EX_OK);
		case 'V':
			(void)puts("remitd (remit) " PACKAGE_VERSION);
			exit(EX_OK);
		case -1:
			if (optind == argc)
				return EX_OK;
			usage(stderr);
			return EX_USAGE;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
}

int main(int argc, char **argv)
{
	struct worker w = { 0 };
	struct config_fault fault;
	sigset_t signals;
	int code = options(argc, argv, &w);
	enum err e;

	if (code != EX_OK)
		return code;
	/* before any thread: all of them block these, and run() waits for them */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	e = config_load(w.config_file, &w.config, &fault);
	if (e != ERR_OK) {
		(void)fprintf(stderr, "remitd: %s\n", e == ERR_CONFIG ? fault.text : err_title(e));
		return EX_CONFIG;
	}
	if (log_start("remitd", (enum log_level)w.config->log_level) != ERR_OK)
		return EX_OSERR;
	e = start(&w);
	if (e != ERR_OK) {
		code = fail("cannot start", e, e == ERR_CONFIG ? EX_CONFIG : EX_UNAVAILABLE);
		return code;
	}
	run(&w, &signals);
	stop(&w);
	log_line(LOG_INFO, "ended");
	log_stop();
	return EX_OK;
}
