/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: read, check, write, compare. */
#include "app/ctl/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/clock.h"
#include "app/ctl/import_run.h"

enum { OPTION_URL, OPTION_KEY_FILE, OPTION_PARALLEL };
enum { KEY_MAX = 512, PARALLEL = 8, PARALLEL_MAX = 64 };

/* The first line of a file. */
static bool read_key_file(const char *file, char ret_key[KEY_MAX])
{
	FILE *f = fopen(file, "re");
	bool ok;

	if (f == NULL) {
		ctl_say("%s: %s", file, strerror(errno));
		return false;
	}
	/* unbuffered: no copy of the key stays behind */
	(void)setvbuf(f, NULL, _IONBF, 0);
	ok = fgets(ret_key, KEY_MAX, f) != NULL;
	(void)fclose(f);
	if (ok)
		ret_key[strcspn(ret_key, "\r\n")] = '\0';
	else
		ctl_say("%s holds no API key", file);
	return ok;
}

static bool take_key(const struct ctl_args *args, char ret_key[KEY_MAX])
{
	const char *given = getenv("REMIT_API_KEY");

	if (args->values[OPTION_KEY_FILE] != NULL)
		return read_key_file(args->values[OPTION_KEY_FILE], ret_key);
	if (given == NULL || given[0] == '\0' || strlen(given) >= KEY_MAX) {
		ctl_say("give the API key in REMIT_API_KEY or in a file with --api-key-file");
		return false;
	}
	memcpy(ret_key, given, strlen(given) + 1);
	return true;
}

static bool connect_api(const struct ctl_args *args, struct import_api **ret_api)
{
	const char *url = args->values[OPTION_URL];
	char key[KEY_MAX];
	int64_t parallel = PARALLEL;
	enum err e;

	if (url == NULL)
		url = getenv("REMIT_URL");
	if (url == NULL || url[0] == '\0') {
		ctl_say("give the API's address in REMIT_URL or with --url");
		return false;
	}
	if (args->values[OPTION_PARALLEL] != NULL &&
	    str_to_i64(str_from(args->values[OPTION_PARALLEL]), 1, PARALLEL_MAX, &parallel) !=
		    ERR_OK) {
		ctl_say("--parallel must be from 1 to %d", PARALLEL_MAX);
		return false;
	}
	if (!take_key(args, key))
		return false;
	e = import_api_new(url, key, (unsigned)parallel, ret_api);
	explicit_bzero(key, sizeof(key));
	if (e == ERR_NO_MEMORY)
		ctl_say("%s", err_title(e));
	return e == ERR_OK;
}

static enum ctl_exit run_plan(struct import_plan *plan, struct import_api *api)
{
	struct import_run run = { .plan = plan, .api = api };
	const int64_t began = clock_monotonic();
	enum ctl_exit exit_code = import_check(&run);

	if (exit_code == CTL_OK)
		exit_code = import_write(&run);
	if (exit_code == CTL_OK)
		exit_code = import_compare(&run);
	ctl_say("%llu requests in %lld ms", (unsigned long long)import_api_sent(api),
		(long long)((clock_monotonic() - began) / 1000));
	return exit_code;
}

static enum ctl_exit import(const struct ctl_args *args,
			    enum err (*read)(const char *path, struct import_plan *plan))
{
	struct import_plan plan = { .arena = NULL };
	struct import_api *api = NULL;
	enum ctl_exit exit_code;
	enum err e;

	if (!connect_api(args, &api))
		return CTL_USAGE;
	e = read(args->operand, &plan);
	if (e == ERR_OK)
		exit_code = run_plan(&plan, api);
	else
		exit_code = e == ERR_NO_MEMORY ? CTL_SOFTWARE : CTL_DATA;
	if (e == ERR_NO_MEMORY)
		ctl_say("%s", err_title(e));
	import_plan_free(&plan);
	import_api_free(api);
	return exit_code;
}

static enum ctl_exit run_northwind(const struct ctl_args *args)
{
	return import(args, import_northwind_read);
}

static enum ctl_exit run_retail(const struct ctl_args *args)
{
	return import(args, import_retail_read);
}

#define DETAILS                                                                               \
	"It talks to the public API as any client would. Run again after an interruption,\n"  \
	"it goes on where it stopped; run again after the end, it changes nothing. Numbers\n" \
	"of documents follow their dates, so an older history goes into an account before\n"  \
	"a newer one. At the end it prints what the files say beside what the API holds;\n"   \
	"the exit code is 0 only when both are equal to the cent."

static const struct ctl_option options[] = {
	[OPTION_URL] = { .name = "url", .value = "URL", .help = "the API, instead of REMIT_URL" },
	[OPTION_KEY_FILE] = { .name = "api-key-file",
			      .value = "FILE",
			      .help = "holds the API key, instead of REMIT_API_KEY" },
	[OPTION_PARALLEL] = { .name = "parallel",
			      .value = "N",
			      .help = "requests at a time, from 1 to 64 (8)" },
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static const struct ctl_command commands[] = {
	{
		.words = "import northwind",
		.operand = "DIR",
		.summary = "Brings in the Northwind trading history and compares.",
		.details = "DIR holds customers.csv, products.csv, orders.csv and "
			   "order-details.csv.\n" DETAILS,
		.options = options,
		.n_options = OPTIONS,
		.run = run_northwind,
	},
	{
		.words = "import online-retail",
		.operand = "FILE",
		.summary = "Brings in the Online Retail trading history and compares.",
		.details = "FILE is the data set as CSV, plain or gzip.\n" DETAILS,
		.options = options,
		.n_options = OPTIONS,
		.run = run_retail,
	},
};

const struct ctl_group ctl_import_group = {
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};
