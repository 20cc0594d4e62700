// SPDX-License-Identifier: MIT
#include "base/loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

struct state {
	struct loop *loop;
	int order[8];
	int n, reads, stop_after;
	int fds[2];
	struct loop_timer timers[3];
};

static void stop(void *context)
{
	loop_stop(((struct state *)context)->loop);
}

static void note(struct state *s, int what)
{
	s->order[s->n++] = what;
}

static void on_first(void *context)
{
	note(context, 1);
}

static void on_second(void *context)
{
	note(context, 2);
	stop(context);
}

static void on_never(void *context)
{
	note(context, 9);
}

static void read_one(void *context, int fd, uint32_t events)
{
	struct state *s = context;
	char c;

	test_true(events & EPOLLIN);
	test_equal(recv(fd, &c, 1, 0), 1);
	if (++s->reads == s->stop_after)
		stop(s);
}

TEST(descriptors_are_called_until_removed)
{
	struct state s = { .stop_after = 3 };

	test_equal(loop_new(&s.loop), 0);
	fd_socketpair(s.fds);
	test_equal(loop_add_fd(s.loop, s.fds[0], EPOLLIN, read_one, &s), 0);
	for (int i = 0; i < 3; i++)
		send(s.fds[1], "x", 1, 0);
	test_equal(loop_run(s.loop), 0);
	test_equal(s.reads, 3);
	loop_remove_fd(s.loop, s.fds[0]);
	loop_remove_fd(s.loop, s.fds[0]);
	test_equal(loop_change_fd(s.loop, s.fds[0], EPOLLIN), -ENOENT);
	test_true(loop_add_fd(s.loop, -1, EPOLLIN, read_one, &s) < 0);
	test_true(!loop_free(s.loop));
	test_true(!loop_free(NULL));
	fd_close(s.fds[0]);
	fd_close(s.fds[1]);
}

struct both {
	struct state *s;
	int other;
	int calls;
};

static void remove_other(void *context, int fd, uint32_t events)
{
	struct both *b = context;

	b->calls++;
	loop_remove_fd(b->s->loop, b->other);
	loop_remove_fd(b->s->loop, fd);
	stop(b->s);
}

TEST(removed_descriptor_is_not_called_any_more)
{
	struct state s = { 0 };
	struct both a = { &s, 0, 0 }, b = { &s, 0, 0 };
	int first[2], second[2];

	test_equal(loop_new(&s.loop), 0);
	fd_socketpair(first);
	fd_socketpair(second);
	a.other = second[0];
	b.other = first[0];
	/* Both are ready in the same round; the first removes the second. */
	loop_add_fd(s.loop, first[0], EPOLLIN, remove_other, &a);
	loop_add_fd(s.loop, second[0], EPOLLIN, remove_other, &b);
	send(first[1], "x", 1, 0);
	send(second[1], "x", 1, 0);
	loop_run(s.loop);
	test_equal(a.calls + b.calls, 1);
	loop_free(s.loop);
	for (int i = 0; i < 2; i++) {
		fd_close(first[i]);
		fd_close(second[i]);
	}
}

TEST(timers_run_in_order_of_time)
{
	struct state s = { 0 };
	uint64_t now = loop_now_ns();

	test_equal(loop_new(&s.loop), 0);
	loop_timer_init(&s.timers[0], on_second, &s);
	loop_timer_init(&s.timers[1], on_first, &s);
	loop_timer_init(&s.timers[2], on_never, &s);
	loop_timer_start(s.loop, &s.timers[0], now + 4000000);
	loop_timer_start(s.loop, &s.timers[2], now + 1000000);
	/* Restarting moves it. */
	loop_timer_start(s.loop, &s.timers[1], now + 9000000);
	loop_timer_start(s.loop, &s.timers[1], now + 2000000);
	loop_timer_stop(&s.timers[2]);
	loop_timer_stop(&s.timers[2]);
	loop_run(s.loop);
	test_equal(s.n, 2);
	test_equal(s.order[0], 1);
	test_equal(s.order[1], 2);
	test_true(loop_now_ns() >= now + 4000000);
	loop_free(s.loop);
}

static struct state *interrupted;

/* It takes until the timer is due, as one does that stops the process. */
static void on_signal(int number)
{
	test_equal(send(interrupted->fds[1], "x", 1, 0), 1);
	while (loop_now_ns() <= interrupted->timers[0].at_ns)
		;
}

static void on_answer(void *context, int fd, uint32_t events)
{
	struct state *s = context;

	loop_timer_stop(&s->timers[0]);
	loop_stop(s->loop);
}

/* Who was stopped does not take an answer for missing that has come. */
TEST(what_has_come_goes_before_times_that_have_passed)
{
	struct state s = { .n = 0 };
	struct sigaction action = { .sa_handler = on_signal };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value = { .tv_nsec = 10000000 } };
	timer_t timer;

	interrupted = &s;
	test_equal(loop_new(&s.loop), 0);
	fd_socketpair(s.fds);
	test_equal(loop_add_fd(s.loop, s.fds[0], EPOLLIN, on_answer, &s), 0);
	loop_timer_init(&s.timers[0], on_second, &s);
	loop_timer_start(s.loop, &s.timers[0], loop_now_ns() + 30000000);
	test_equal(sigaction(SIGUSR1, &action, NULL), 0);
	test_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	test_equal(timer_settime(timer, 0, &soon, NULL), 0);
	loop_run(s.loop);
	test_equal(s.n, 0);
	timer_delete(timer);
	loop_free(s.loop);
	fd_close(s.fds[0]);
	fd_close(s.fds[1]);
}

static void *post_from_thread(void *context)
{
	struct state *s = context;

	test_equal(loop_post(s->loop, on_first, s), 0);
	test_equal(loop_post(s->loop, on_second, s), 0);
	return NULL;
}

static void *post_tasks_from_thread(void *context)
{
	static struct loop_task tasks[2];
	struct state *s = context;

	test_equal(loop_post_task(s->loop, &tasks[0], on_first, s), 0);
	test_equal(loop_post_task(s->loop, &tasks[1], on_second, s), 0);
	return NULL;
}

static void run_posted(struct state *s, void *(*post)(void *))
{
	pthread_t thread;

	test_equal(loop_new(&s->loop), 0);
	test_equal(pthread_create(&thread, NULL, post, s), 0);
	test_equal(loop_run(s->loop), 0);
	pthread_join(thread, NULL);
	test_equal(s->n, 2);
	test_equal(s->order[0], 1);
	test_equal(s->order[1], 2);
}

TEST(other_threads_post_work_in_order)
{
	struct state s = { 0 };

	run_posted(&s, post_from_thread);
	/* What did not run is dropped. */
	loop_post(s.loop, on_never, &s);
	loop_free(s.loop);
	test_equal(s.n, 2);
}

TEST(other_threads_post_tasks_of_their_own)
{
	struct state s = { 0 };
	struct loop_task task;

	run_posted(&s, post_tasks_from_thread);
	/* Nobody waits for what will never run. */
	test_equal(loop_post_task(s.loop, &task, on_never, &s), -ESHUTDOWN);
	loop_free(s.loop);
	test_equal(s.n, 2);
}

struct visit {
	struct state *s;
	struct loop_task task;
};

static void stop_and_post(void *context)
{
	struct visit *visit = context;

	stop(visit->s);
	test_equal(loop_post_task(visit->s->loop, &visit->task, on_first, visit->s), 0);
}

TEST(a_task_that_was_accepted_runs_though_the_loop_stops)
{
	struct state s = { 0 };
	struct visit visit = { .s = &s };
	struct loop_task first;

	test_equal(loop_new(&s.loop), 0);
	test_equal(loop_post_task(s.loop, &first, stop_and_post, &visit), 0);
	test_equal(loop_run(s.loop), 0);
	test_equal(s.n, 1);
	test_equal(s.order[0], 1);
	loop_free(s.loop);
}

static int make_file(void)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/file-XXXXXX", test_folder());
	return mkostemp(path, O_CLOEXEC);
}

/* As in a program that closes all descriptors, and then opens files of its own. */
TEST(a_wake_up_writes_nothing_into_what_has_its_number_now)
{
	enum { MANY = 16 };
	int first = fcntl(0, F_DUPFD_CLOEXEC, 3);
	struct loop *loop;
	struct stat st;

	close(first);
	test_equal_error(loop_new(&loop), 0);
	for (int fd = first; fd < first + MANY; fd++) {
		int file = make_file();

		test_true(file >= 0);
		test_equal(dup2(file, fd), fd);
		if (file >= first + MANY || file < first)
			close(file);
	}
	test_equal_error(loop_post(loop, on_never, NULL), 0);
	for (int fd = first; fd < first + MANY; fd++) {
		test_equal(fstat(fd, &st), 0);
		test_equal(st.st_size, 0);
	}
	loop_free(loop);
	for (int fd = first; fd < first + MANY; fd++)
		close(fd);
	test_reset_baseline();
}

TEST(stop_before_run_returns_at_once)
{
	struct state s = { 0 };

	test_equal(loop_new(&s.loop), 0);
	loop_stop(s.loop);
	test_equal(loop_run(s.loop), 0);
	loop_free(s.loop);
}

TEST_MAIN
