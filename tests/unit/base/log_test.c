// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

/* What CALL writes to standard error. */
static const char *capture(void (*call)(void))
{
	static char text[4096];
	int fds[2], saved = dup(STDERR_FILENO);

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	dup2(fds[1], STDERR_FILENO);
	fd_close(fds[1]);
	call();
	dup2(saved, STDERR_FILENO);
	fd_close(saved);
	ssize_t n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	fd_close(fds[0]);
	return text;
}

static void write_two(void)
{
	log_warning("disk %d", 7);
	log_info("quiet");
}

static void write_control_bytes(void)
{
	errno = 55;
	log_error("a%sb", "\033[2J\n");
}

static void write_much(void)
{
	char big[3000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_error("%s", big);
}

TEST(lines_below_the_level_are_not_written)
{
	unsetenv("PORTICO_LOG");
	log_init("tester", LOG_LEVEL_WARNING);
	const char *text = capture(write_two);
	test_true(!strncmp(text, "tester[", 7));
	test_true(strstr(text, "warning: disk 7\n") != NULL);
	test_true(!strstr(text, "quiet"));
	log_init("tester", LOG_LEVEL_NONE);
	test_equal_text(capture(write_two), "");
}

TEST(environment_decides)
{
	setenv("PORTICO_LOG", "info", 1);
	log_init("tester", LOG_LEVEL_NONE);
	test_true(strstr(capture(write_two), "quiet") != NULL);
	setenv("PORTICO_LOG", "none", 1);
	log_init("tester", LOG_LEVEL_DEBUG);
	test_equal_text(capture(write_two), "");
	setenv("PORTICO_LOG", "nonsense", 1);
	log_init("tester", LOG_LEVEL_DEBUG);
	test_true(strstr(capture(write_two), "quiet") != NULL);
}

TEST(control_bytes_are_escaped_and_errno_kept)
{
	unsetenv("PORTICO_LOG");
	log_init("tester", LOG_LEVEL_ERROR);
	const char *text = capture(write_control_bytes);
	test_true(strstr(text, "a?[2J?b\n") != NULL);
	test_equal(errno, 55);
}

TEST(control_characters_of_two_bytes_are_escaped)
{
	char line[] = "\xc3\xa9\xc2\x9b[2J\xc2\xa0";

	log_escape(line, strlen(line));
	test_equal_text(line, "\xc3\xa9??[2J\xc2\xa0");
}

TEST(long_lines_are_cut_at_a_line_end)
{
	unsetenv("PORTICO_LOG");
	log_init("tester", LOG_LEVEL_ERROR);
	const char *text = capture(write_much);
	size_t n = strlen(text);
	test_true(n > 500 && n <= 1024);
	test_equal(text[n - 1], '\n');
}

static void write_too_many(void)
{
	for (int i = 0; i < 5000; i++)
		log_error("line %d of more than a pipe holds, which nobody reads meanwhile", i);
}

TEST(a_full_pipe_loses_lines_and_blocks_nobody)
{
	char bytes[4096];
	int fds[2], saved = dup(STDERR_FILENO);

	log_init("tester", LOG_LEVEL_WARNING);
	test_equal(pipe2(fds, O_CLOEXEC), 0);
	dup2(fds[1], STDERR_FILENO);
	write_too_many();
	/* Somebody reads again: how many were lost is told. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	while (read(fds[0], bytes, sizeof(bytes)) > 0)
		;
	log_error("again");
	ssize_t n = read(fds[0], bytes, sizeof(bytes) - 1);
	dup2(saved, STDERR_FILENO);
	test_true(n > 0);
	bytes[n] = '\0';
	test_true(strstr(bytes, "lines lost before) again\n") != NULL);
	fd_close(saved);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

/* How a program ends that says something there. */
static int status_of_who_logs_to(int fd)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		signal(SIGPIPE, SIG_DFL);
		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 16, 16 });
		log_init("tester", LOG_LEVEL_WARNING);
		dup2(fd, STDERR_FILENO);
		log_error("the first words, which are longer than what is allowed");
		log_error("and more");
		_exit(7);
	}
	test_equal(waitpid(child, &status, 0), child);
	return status;
}

TEST(lines_for_nobody_end_no_program)
{
	char path[512];
	int fds[2];

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	fd_close(fds[0]);
	test_equal(status_of_who_logs_to(fds[1]), 7 << 8);
	fd_close(fds[1]);
	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	fd_close(fds[0]);
	test_equal(status_of_who_logs_to(fds[1]), 7 << 8);
	fd_close(fds[1]);
	snprintf(path, sizeof(path), "%s/log", test_folder());
	int file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	test_equal(status_of_who_logs_to(file), 7 << 8);
	test_equal(lseek(file, 0, SEEK_END), 16);
	fd_close(file);
}

TEST_MAIN
