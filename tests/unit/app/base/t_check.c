/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/check.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(test_true_does_nothing)
{
	int calls = 0;

	CHECK(++calls == 1);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static void child_fails(int err_fd, const char *expression)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	dup2(err_fd, STDERR_FILENO);
	check_failed(expression, "some/file.c", 42);
}

static size_t failure_text(const char *expression, char *text, size_t room)
{
	int fd[2];
	int status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		child_fails(fd[1], expression);
	close(fd[1]);
	do {
		got = read(fd[0], text + n, room - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	close(fd[0]);
	text[n] = '\0';
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	return n;
}

START_TEST(test_false_writes_one_line_and_aborts)
{
	char text[2048];

	failure_text("a == b", text, sizeof(text));
	ck_assert_str_eq(text, "some/file.c:42: CHECK(a == b) failed\n");
}
END_TEST

START_TEST(test_long_expressions_are_cut)
{
	char text[2048];
	char expression[1500];
	size_t n;

	memset(expression, 'x', sizeof(expression) - 1);
	expression[sizeof(expression) - 1] = '\0';
	n = failure_text(expression, text, sizeof(text));
	ck_assert_uint_gt(n, 400);
	ck_assert_ptr_eq(strchr(text, '\n'), text + n - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/check");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_true_does_nothing);
	tcase_add_test(tc, test_false_writes_one_line_and_aborts);
	tcase_add_test(tc, test_long_expressions_are_cut);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
