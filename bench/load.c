/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closed-loop HTTP/1.1 load client: one thread, a fixed number of kept-alive connections, each
 * with one request in flight. It polls without sleeping, because waking a sleeping client costs
 * the servers CPU that is not theirs; and it counts the connections that never got an answer,
 * which an average over answers hides. Prints one JSON object. Pin it to a core of its own.
 */
#include "bench/load_answer.h"
#include "bench/load_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8192
#define RETRY_NS	10000000LL
#define SECOND_NS	1000000000LL
#define READ_SIZE	65536

/* Latencies in ns: 128 steps for each power of two, so a percentile is within 1 %. */
#define STEP_BITS  7
#define STEP_COUNT ((size_t)1 << STEP_BITS)
#define BUCKETS	   ((64 - STEP_BITS) * STEP_COUNT)

enum conn_state {
	CONN_DOWN, /* waits until retry_at to connect again */
	CONN_CONNECTING,
	CONN_IDLE,
	CONN_SENDING,
	CONN_WAITING, /* the request is sent, the answer not complete */
};

struct conn {
	enum conn_state state;
	int fd;
	uint32_t events; /* what epoll watches now */
	size_t template;
	bool measured; /* the request belongs to the measured part */
	bool ever_answered;
	int64_t sent_at;
	int64_t retry_at;
	size_t sent;
	struct load_text request;
	struct load_answer answer;
};

struct tally {
	uint64_t answers;
	uint64_t unanswered; /* begun, and the connection or the run ended without an answer */
	uint64_t status[600];
};

struct options {
	char *host;
	char *port;
	const char *path;
	const char *request_file;
	long connections;
	long requests; /* 0: by seconds */
	long warmup;
	double seconds;
	double grace;
};

struct load {
	struct options opt;
	struct load_plan *plan;
	struct addrinfo *address;
	int epoll;
	struct conn *conns;
	size_t down; /* connections in CONN_DOWN or CONN_IDLE */
	size_t in_flight;
	bool measuring;
	bool stopping;
	uint64_t issued;   /* in the present part, warm-up or measured */
	uint64_t answered; /* the same */
	uint64_t turn;	   /* which template is next */
	int64_t started_at;
	int64_t last_answer_at;
	int64_t window_ns; /* what the rate is taken over: not the grace behind it */
	uint64_t window_answers;
	uint64_t connect_errors;
	uint64_t broken; /* answers that were cut off or made no sense, resets */
	uint64_t reconnects;
	struct tally *tally; /* one for each template */
	int64_t max_ns;
	uint64_t histogram[BUCKETS];
};

/* SIGINT or SIGTERM: stop now and report. */
static volatile sig_atomic_t asked_to_stop;

static void on_signal(int number)
{
	(void)number;
	asked_to_stop = 1;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		load_die("no clock");
	return (int64_t)ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

static size_t bucket_of(uint64_t ns)
{
	unsigned shift;

	if (ns < STEP_COUNT)
		return (size_t)ns;
	shift = 63U - (unsigned)__builtin_clzll(ns) - STEP_BITS;
	return (size_t)(shift + 1) * STEP_COUNT + (size_t)(ns >> shift) - STEP_COUNT;
}

static double bucket_us(size_t i)
{
	size_t shift = i / STEP_COUNT;
	uint64_t ns = i;

	if (shift > 0)
		ns = (uint64_t)(STEP_COUNT + i % STEP_COUNT) << (shift - 1);
	return (double)ns / 1000.0;
}

static double percentile_us(const struct load *l, uint64_t total, double share)
{
	uint64_t want = (uint64_t)((double)total * share);
	uint64_t seen = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		seen += l->histogram[i];
		if (seen > want)
			return bucket_us(i);
	}
	return (double)l->max_ns / 1000.0;
}

static void conn_watch(struct load *l, struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (c->events == events)
		return;
	if (epoll_ctl(l->epoll, c->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &ev) != 0)
		load_die("epoll_ctl: %m");
	c->events = events;
}

static void conn_down(struct load *l, struct conn *c, int64_t retry_at)
{
	if (c->state == CONN_SENDING || c->state == CONN_WAITING)
		l->in_flight--;
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->state != CONN_DOWN && c->state != CONN_IDLE)
		l->down++;
	c->fd = -1;
	c->events = 0;
	c->state = CONN_DOWN;
	c->retry_at = retry_at;
}

/* The connection failed: whatever it had begun is a request without an answer. */
static void conn_broken(struct load *l, struct conn *c)
{
	if (c->state == CONN_CONNECTING)
		l->connect_errors++;
	else if (c->state != CONN_IDLE)
		l->broken++;
	if ((c->state == CONN_SENDING || c->state == CONN_WAITING) && c->sent > 0 && c->measured)
		l->tally[c->template].unanswered++;
	conn_down(l, c, now_ns() + RETRY_NS);
}

static void conn_connect(struct load *l, struct conn *c)
{
	const struct addrinfo *ai = l->address;
	int on = 1;

	c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		load_die("socket: %m");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = CONN_CONNECTING;
	l->down--;
	l->reconnects++;
	if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS) {
		conn_broken(l, c);
		return;
	}
	conn_watch(l, c, EPOLLOUT);
}

static void conn_send(struct load *l, struct conn *c)
{
	while (c->sent < c->request.n) {
		ssize_t n =
			send(c->fd, c->request.p + c->sent, c->request.n - c->sent, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			conn_watch(l, c, EPOLLOUT);
			return;
		}
		if (n < 0) {
			conn_broken(l, c);
			return;
		}
		c->sent += (size_t)n;
	}
	c->state = CONN_WAITING;
	conn_watch(l, c, EPOLLIN);
}

static bool may_issue(const struct load *l)
{
	if (l->stopping)
		return false;
	if (!l->measuring)
		return l->issued < (uint64_t)l->opt.warmup;
	return l->opt.requests == 0 || l->issued < (uint64_t)l->opt.requests;
}

/* Starts the next request, or parks the connection until there is one to make. */
static void conn_next(struct load *l, struct conn *c)
{
	bool was_parked = c->state == CONN_IDLE;

	if (!may_issue(l)) {
		c->state = CONN_IDLE;
		l->down += was_parked ? 0 : 1;
		conn_watch(l, c, EPOLLIN);
		return;
	}
	l->down -= was_parked ? 1 : 0;
	c->template = (size_t)(l->turn++ % load_plan_count(l->plan));
	load_plan_render(l->plan, c->template, &c->request);
	load_answer_init(&c->answer, load_plan_is_head(l->plan, c->template));
	c->measured = l->measuring;
	c->sent = 0;
	c->state = CONN_SENDING;
	l->issued++;
	l->in_flight++;
	c->sent_at = now_ns();
	conn_send(l, c);
}

static void conn_answered(struct load *l, struct conn *c)
{
	int64_t now = now_ns();
	int64_t took = now - c->sent_at;

	l->in_flight--;
	c->ever_answered = true;
	if (c->measured) {
		l->tally[c->template].answers++;
		l->tally[c->template].status[c->answer.status]++;
		l->histogram[bucket_of((uint64_t)took)]++;
		if (took > l->max_ns)
			l->max_ns = took;
	}
	if (c->measured == l->measuring)
		l->answered++;
	l->last_answer_at = now;
	c->state = CONN_CONNECTING; /* neither parked nor in flight until it is decided below */
	if (c->answer.must_close)
		conn_down(l, c, now);
	else
		conn_next(l, c);
}

static void conn_read(struct load *l, struct conn *c)
{
	char part[READ_SIZE];
	ssize_t n = recv(c->fd, part, sizeof(part), 0);
	size_t used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (c->state == CONN_IDLE) {
		/* an idle connection that the server closed is no error */
		conn_down(l, c, now_ns());
		return;
	}
	if (n <= 0) {
		if (n == 0 && load_answer_eof(&c->answer))
			conn_answered(l, c);
		else
			conn_broken(l, c);
		return;
	}
	used = load_answer_feed(&c->answer, part, (size_t)n);
	if (c->answer.step == LOAD_ANSWER_BAD || used < (size_t)n)
		conn_broken(l, c);
	else if (c->answer.step == LOAD_ANSWER_DONE)
		conn_answered(l, c);
}

static void conn_event(struct load *l, struct conn *c)
{
	int fault = 0;
	socklen_t len = sizeof(fault);

	switch (c->state) {
	case CONN_CONNECTING:
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0 || fault != 0)
			conn_broken(l, c);
		else
			conn_next(l, c);
		break;
	case CONN_SENDING:
		conn_send(l, c);
		break;
	case CONN_IDLE:
	case CONN_WAITING:
		conn_read(l, c);
		break;
	case CONN_DOWN:
	default:
		break;
	}
}

/* Connections without work: connect again those that are due, give parked ones a request. */
static void wake_parked(struct load *l, int64_t now)
{
	for (long i = 0; i < l->opt.connections && l->down > 0; i++) {
		struct conn *c = &l->conns[i];

		if (c->state == CONN_DOWN && c->retry_at <= now && !l->stopping)
			conn_connect(l, c);
		else if (c->state == CONN_IDLE && may_issue(l))
			conn_next(l, c);
	}
}

static void measure_begin(struct load *l, int64_t now)
{
	l->measuring = true;
	l->issued = 0;
	l->answered = 0;
	l->started_at = now;
	l->last_answer_at = now;
}

/* Moves from warm-up to measuring to stopping; false when all is over. */
static bool phase(struct load *l, int64_t now)
{
	int64_t grace = (int64_t)(l->opt.grace * (double)SECOND_NS);

	if (!l->measuring) {
		bool is_stuck = now - l->last_answer_at > grace;

		if (l->answered >= (uint64_t)l->opt.warmup || is_stuck)
			measure_begin(l, now);
		return true;
	}
	if (l->opt.requests > 0)
		l->stopping =
			l->issued >= (uint64_t)l->opt.requests || now - l->last_answer_at > grace;
	else
		l->stopping = now - l->started_at >= (int64_t)(l->opt.seconds * (double)SECOND_NS);
	l->stopping = l->stopping || asked_to_stop != 0;
	if (l->opt.requests > 0 || !l->stopping || l->window_ns == 0) {
		l->window_ns = (l->opt.requests > 0 ? l->last_answer_at : now) - l->started_at;
		l->window_answers = l->answered;
	}
	return !l->stopping || (l->in_flight > 0 && now - l->last_answer_at <= grace);
}

static void run(struct load *l)
{
	struct epoll_event events[256];
	int64_t now = now_ns();

	l->down = (size_t)l->opt.connections;
	l->last_answer_at = now;
	for (long i = 0; i < l->opt.connections; i++)
		l->conns[i].fd = -1;
	while (phase(l, now)) {
		int n = epoll_wait(l->epoll, events, 256, 0);

		if (n < 0 && errno != EINTR)
			load_die("epoll_wait: %m");
		for (int i = 0; i < n; i++)
			conn_event(l, events[i].data.ptr);
		now = now_ns();
		if (l->down > 0)
			wake_parked(l, now);
	}
	for (long i = 0; i < l->opt.connections; i++) {
		struct conn *c = &l->conns[i];

		if ((c->state == CONN_SENDING || c->state == CONN_WAITING) && c->measured)
			l->tally[c->template].unanswered++;
	}
}

static void json_text(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", (unsigned)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void json_status(const uint64_t *status)
{
	const char *comma = "";

	putchar('{');
	for (int code = 100; code < 600; code++) {
		if (status[code] == 0)
			continue;
		printf("%s\"%d\":%llu", comma, code, (unsigned long long)status[code]);
		comma = ",";
	}
	putchar('}');
}

static struct tally tally_sum(const struct load *l)
{
	struct tally sum = { 0 };

	for (size_t i = 0; i < load_plan_count(l->plan); i++) {
		sum.answers += l->tally[i].answers;
		sum.unanswered += l->tally[i].unanswered;
		for (int code = 0; code < 600; code++)
			sum.status[code] += l->tally[i].status[code];
	}
	return sum;
}

static void report(const struct load *l)
{
	struct tally sum = tally_sum(l);
	double seconds = (double)l->window_ns / (double)SECOND_NS;
	uint64_t first = (uint64_t)l->opt.connections;
	uint64_t starved = 0;

	for (long i = 0; i < l->opt.connections; i++)
		starved += l->conns[i].ever_answered ? 0 : 1;
	printf("{\"requests\":%llu,\"status\":", (unsigned long long)sum.answers);
	json_status(sum.status);
	printf(",\"seconds\":%.6f,\"rps\":%.1f", seconds,
	       seconds > 0.0 ? (double)l->window_answers / seconds : 0.0);
	printf(",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f",
	       percentile_us(l, sum.answers, 0.50), percentile_us(l, sum.answers, 0.90),
	       percentile_us(l, sum.answers, 0.99), (double)l->max_ns / 1000.0);
	printf(",\"connections\":%ld,\"starved\":%llu,\"unanswered\":%llu", l->opt.connections,
	       (unsigned long long)starved, (unsigned long long)sum.unanswered);
	printf(",\"errors\":{\"connect\":%llu,\"broken\":%llu},\"reconnects\":%llu,\"templates\":[",
	       (unsigned long long)l->connect_errors, (unsigned long long)l->broken,
	       (unsigned long long)(l->reconnects > first ? l->reconnects - first : 0));
	for (size_t i = 0; i < load_plan_count(l->plan); i++) {
		printf("%s{\"name\":", i > 0 ? "," : "");
		json_text(load_plan_name(l->plan, i));
		printf(",\"answers\":%llu,\"unanswered\":%llu,\"status\":",
		       (unsigned long long)l->tally[i].answers,
		       (unsigned long long)l->tally[i].unanswered);
		json_status(l->tally[i].status);
		putchar('}');
	}
	puts("]}");
}

static void usage(FILE *out)
{
	(void)fputs(
		"Usage: load (--url http://HOST:PORT/PATH | --connect HOST:PORT) [OPTION]...\n"
		"Closed-loop HTTP/1.1 load over kept-alive connections; prints one JSON object.\n\n"
		"  --url URL            request GET URL, unless there is a request file\n"
		"  --connect HOST:PORT  where to connect\n"
		"  --request-file FILE  request templates; bench/README.md has the format\n"
		"  --connections N      connections, each with one request in flight (16)\n"
		"  --seconds S          measure for S seconds (5)\n"
		"  --requests N         measure N requests instead\n"
		"  --warmup N           requests before the measured ones (0)\n"
		"  --grace S            wait so long for a missing answer (10)\n"
		"  --help\n\n"
		"SIGINT and SIGTERM end the measuring early; the report is printed all the same.\n",
		out);
}

static long count_parse(const char *name, const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		load_die("--%s takes a number from %ld to %ld, not '%s'", name, min, max, text);
	return value;
}

static double seconds_parse(const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value > 0.0 && value <= 86400.0))
		load_die("--%s takes seconds, not '%s'", name, text);
	return value;
}

static void connect_parse(struct options *opt, const char *text)
{
	const char *colon = strrchr(text, ':');

	free(opt->host);
	free(opt->port);
	if (colon == NULL || colon == text || colon[1] == '\0')
		load_die("not HOST:PORT: %s", text);
	opt->host = strndup(text, (size_t)(colon - text));
	opt->port = strdup(colon + 1);
	if (opt->host == NULL || opt->port == NULL)
		load_die("out of memory");
}

static void url_parse(struct options *opt, const char *url)
{
	const char *from = url + 7;
	size_t n;
	char *authority;

	if (strncmp(url, "http://", 7) != 0)
		load_die("only http:// is spoken: %s", url);
	n = strcspn(from, "/");
	opt->path = from[n] == '\0' ? "/" : from + n;
	authority = strndup(from, n);
	if (authority == NULL)
		load_die("out of memory");
	if (strchr(authority, ':') == NULL) {
		free(opt->host);
		free(opt->port);
		opt->host = authority;
		opt->port = strdup("80");
		return;
	}
	connect_parse(opt, authority);
	free(authority);
}

static void options_parse(struct options *opt, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "connect", required_argument, NULL, 'a' },
		{ "request-file", required_argument, NULL, 'f' },
		{ "connections", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 's' },
		{ "requests", required_argument, NULL, 'n' },
		{ "warmup", required_argument, NULL, 'w' },
		{ "grace", required_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};

	for (;;) {
		int which = 0;
		int o = getopt_long(argc, argv, "", longs, &which);

		if (o == -1)
			break;
		if (o == 'u')
			url_parse(opt, optarg);
		else if (o == 'a')
			connect_parse(opt, optarg);
		else if (o == 'f')
			opt->request_file = optarg;
		else if (o == 'c')
			opt->connections = count_parse("connections", optarg, 1, CONNECTIONS_MAX);
		else if (o == 's')
			opt->seconds = seconds_parse("seconds", optarg);
		else if (o == 'n')
			opt->requests = count_parse("requests", optarg, 1, LONG_MAX);
		else if (o == 'w')
			opt->warmup = count_parse("warmup", optarg, 0, LONG_MAX);
		else if (o == 'g')
			opt->grace = seconds_parse("grace", optarg);
		else {
			usage(o == 'h' ? stdout : stderr);
			exit(o == 'h' ? 0 : 2);
		}
	}
	if (opt->host == NULL || opt->port == NULL || optind != argc) {
		usage(stderr);
		exit(2);
	}
}

static struct addrinfo *resolve(const struct options *opt)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *address = NULL;
	int fault = getaddrinfo(opt->host, opt->port, &hints, &address);

	if (fault != 0)
		load_die("%s:%s: %s", opt->host, opt->port, gai_strerror(fault));
	return address;
}

int main(int argc, char **argv)
{
	static struct load load = {
		.opt = { .path = "/", .connections = 16, .seconds = 5.0, .grace = 10.0 },
	};
	char host[300];

	options_parse(&load.opt, argc, argv);
	if (signal(SIGINT, on_signal) == SIG_ERR || signal(SIGTERM, on_signal) == SIG_ERR)
		load_die("signal: %m");
	(void)snprintf(host, sizeof(host), "%s:%s", load.opt.host, load.opt.port);
	if (load.opt.request_file != NULL)
		load.plan = load_plan_new_file(load.opt.request_file, host);
	else
		load.plan = load_plan_new_get(load.opt.path, host);
	load.address = resolve(&load.opt);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.conns = calloc((size_t)load.opt.connections, sizeof(*load.conns));
	load.tally = calloc(load_plan_count(load.plan), sizeof(*load.tally));
	if (load.epoll < 0 || load.conns == NULL || load.tally == NULL)
		load_die("cannot start: %m");
	run(&load);
	report(&load);
	for (long i = 0; i < load.opt.connections; i++) {
		load_text_done(&load.conns[i].request);
		if (load.conns[i].fd >= 0)
			(void)close(load.conns[i].fd);
	}
	free(load.conns);
	free(load.tally);
	freeaddrinfo(load.address);
	load_plan_free(load.plan);
	free(load.opt.host);
	free(load.opt.port);
	(void)close(load.epoll);
	return fflush(stdout) == 0 ? 0 : 1;
}
