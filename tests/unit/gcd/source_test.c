// SPDX-License-Identifier: MIT
#include "warm.h"

#include <fcntl.h>
#include <mach/mach.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static dispatch_semaphore_t done, cancelled;
static dispatch_source_t source;
static atomic_int events, inside, cancels;
static atomic_ulong total;

static void on_event(void *context)
{
	(void)context;
	test_equal(atomic_fetch_add(&inside, 1), 0);
	atomic_fetch_add(&events, 1);
	atomic_fetch_add(&total, dispatch_source_get_data(source));
	atomic_fetch_sub(&inside, 1);
	dispatch_semaphore_signal(done);
}

static void on_cancel(void *context)
{
	(void)context;
	test_equal(inside, 0);
	atomic_fetch_add(&cancels, 1);
	dispatch_semaphore_signal(cancelled);
}

static void make(dispatch_source_type_t type, uintptr_t handle, uintptr_t mask,
		 dispatch_queue_t queue)
{
	warm_up();
	done = dispatch_semaphore_create(0);
	cancelled = dispatch_semaphore_create(0);
	source = dispatch_source_create(type, handle, mask, queue);
	test_true(source != NULL);
	dispatch_source_set_event_handler_f(source, on_event);
	dispatch_source_set_cancel_handler_f(source, on_cancel);
}

static void wait_event(void)
{
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
}

static void end(void)
{
	dispatch_source_cancel(source);
	test_true(dispatch_source_testcancel(source) != 0);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	test_equal(cancels, 1);
	dispatch_release(source);
	dispatch_release(done);
	dispatch_release(cancelled);
}

TEST(nothing_runs_before_activation)
{
	make(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, NULL);
	dispatch_source_merge_data(source, 3);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000)) != 0);
	dispatch_activate(source);
	wait_event();
	test_equal(total, 3);
	end();
}

TEST(data_is_merged_while_suspended)
{
	make(DISPATCH_SOURCE_TYPE_DATA_OR, 0, 0, NULL);
	dispatch_resume(source);
	dispatch_suspend(source);
	dispatch_source_merge_data(source, 1);
	dispatch_source_merge_data(source, 0);
	dispatch_source_merge_data(source, 6);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000)) != 0);
	dispatch_resume(source);
	wait_event();
	test_equal(total, 7);
	test_equal(events, 1);
	end();
}

static void *add_many(void *unused)
{
	for (int i = 0; i < 2000; i++)
		dispatch_source_merge_data(source, 1);
	return unused;
}

TEST(handler_of_one_source_never_overlaps_on_a_concurrent_queue)
{
	pthread_t threads[3];

	make(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, dispatch_get_global_queue(0, 0));
	dispatch_activate(source);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, add_many, NULL);
	while (total < 6000)
		wait_event();
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	test_equal(total, 6000);
	end();
}

static dispatch_semaphore_t go;

static void slow_event(void *context)
{
	atomic_fetch_add(&inside, 1);
	dispatch_semaphore_signal(done);
	dispatch_semaphore_wait(go, DISPATCH_TIME_FOREVER);
	atomic_fetch_add(&events, 1);
	atomic_fetch_sub(&inside, 1);
	(void)context;
}

TEST(cancel_handler_runs_once_after_the_running_event_handler)
{
	make(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, dispatch_get_global_queue(0, 0));
	go = dispatch_semaphore_create(0);
	dispatch_source_set_event_handler_f(source, slow_event);
	dispatch_activate(source);
	dispatch_source_merge_data(source, 1);
	wait_event();
	dispatch_source_cancel(source);
	dispatch_source_cancel(source);
	dispatch_source_merge_data(source, 1);
	test_true(dispatch_semaphore_wait(cancelled, dispatch_time(DISPATCH_TIME_NOW, 5000000)) !=
		  0);
	dispatch_semaphore_signal(go);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	test_equal(events, 1);
	test_equal(cancels, 1);
	dispatch_release(source);
	dispatch_release(go);
	dispatch_release(done);
	dispatch_release(cancelled);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

TEST(repeating_timer_counts_every_period)
{
	uint64_t start = now_ns();

	make(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, NULL);
	dispatch_source_set_timer(source, dispatch_time(DISPATCH_TIME_NOW, 5000000), 2000000, 0);
	dispatch_activate(source);
	while (total < 20)
		wait_event();
	test_true(now_ns() - start >= 5000000 + 19 * 2000000);
	dispatch_source_set_timer(source, DISPATCH_TIME_FOREVER, 0, 0);
	end();
}

TEST(timer_on_the_wall_clock_fires_once)
{
	make(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, NULL);
	dispatch_source_set_timer(source, dispatch_walltime(NULL, 5000000), DISPATCH_TIME_FOREVER,
				  0);
	dispatch_activate(source);
	wait_event();
	test_equal(total, 1);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 10000000)) != 0);
	/* A suspended timer merges what it missed. */
	dispatch_suspend(source);
	dispatch_source_set_timer(source, DISPATCH_TIME_NOW, 1000000, 0);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 10000000)) != 0);
	dispatch_resume(source);
	wait_event();
	test_true(total >= 8);
	end();
}

static int fds[2];

static void read_some(void *context)
{
	char buffer[64];
	ssize_t n = read(fds[0], buffer, dispatch_source_get_data(source) ? sizeof buffer : 1);

	if (n > 0)
		atomic_fetch_add(&total, (unsigned long)n);
	else
		dispatch_source_cancel(source);
	on_event(context);
}

TEST(read_source_fires_while_there_is_data_and_at_the_end)
{
	test_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	make(DISPATCH_SOURCE_TYPE_READ, (uintptr_t)fds[0], 0, NULL);
	test_equal(dispatch_source_get_handle(source), fds[0]);
	dispatch_source_set_event_handler_f(source, read_some);
	dispatch_activate(source);
	for (int i = 0; i < 50; i++) {
		int before = events;

		test_equal(write(fds[1], "abc", 3), 3);
		while (events == before)
			wait_event();
	}
	close(fds[1]);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	test_true(dispatch_source_testcancel(source) != 0);
	dispatch_release(source);
	close(fds[0]);
	dispatch_release(done);
	dispatch_release(cancelled);
}

static void read_file(void *context)
{
	char text[8];
	unsigned long n = dispatch_source_get_data(source);

	total += n;
	test_equal(read((int)dispatch_source_get_handle(source), text, sizeof(text)), n);
	on_event(context);
}

/* It cannot be polled: what there is up to its end is told at once. */
TEST(read_source_of_a_regular_file_fires_up_to_its_end)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/f", test_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	test_equal(write(fd, "abcdef", 6), 6);
	test_equal(lseek(fd, 2, SEEK_SET), 2);
	make(DISPATCH_SOURCE_TYPE_READ, (uintptr_t)fd, 0, NULL);
	dispatch_source_set_event_handler_f(source, read_file);
	dispatch_activate(source);
	wait_event();
	end();
	test_equal(events, 1);
	test_equal(total, 4 + 4); /* on_event adds it, too */
	close(fd);
}

static dispatch_semaphore_t writer_ended;

static void end_writer(void *context)
{
	(void)context;
	dispatch_semaphore_signal(writer_ended);
}

TEST(two_sources_watch_one_descriptor)
{
	dispatch_semaphore_t writer_done = dispatch_semaphore_create(0);
	dispatch_source_t writer;

	test_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	make(DISPATCH_SOURCE_TYPE_READ, (uintptr_t)fds[0], 0, NULL);
	dispatch_activate(source);
	writer = dispatch_source_create(DISPATCH_SOURCE_TYPE_WRITE, (uintptr_t)fds[0], 0, NULL);
	writer_ended = dispatch_semaphore_create(0);
	dispatch_set_context(writer, writer_done);
	dispatch_source_set_event_handler_f(writer, warm_signal);
	dispatch_activate(writer);
	dispatch_semaphore_wait(writer_done, DISPATCH_TIME_FOREVER);
	/* No handler of the writer's runs after this one. */
	dispatch_source_set_cancel_handler_f(writer, end_writer);
	dispatch_source_cancel(writer);
	test_equal(write(fds[1], "abc", 3), 3);
	while (!events)
		wait_event();
	test_true(total >= 3);
	end();
	dispatch_semaphore_wait(writer_ended, DISPATCH_TIME_FOREVER);
	dispatch_release(writer);
	dispatch_release(writer_done);
	dispatch_release(writer_ended);
	close(fds[0]);
	close(fds[1]);
}

TEST(a_descriptor_that_cannot_be_watched_cancels_the_source)
{
	make(DISPATCH_SOURCE_TYPE_READ, 9999, 0, NULL);
	dispatch_activate(source);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	test_equal(events, 0);
	dispatch_release(source);
	dispatch_release(done);
	dispatch_release(cancelled);
	test_true(dispatch_source_create(DISPATCH_SOURCE_TYPE_SIGNAL, SIGKILL, 0, NULL) == NULL);
	test_true(dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 1, 0, NULL) == NULL);
	test_true(dispatch_source_create(DISPATCH_SOURCE_TYPE_READ, (uintptr_t)-1, 0, NULL) ==
		  NULL);
}

static atomic_int handled;

static void handler(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void on_registered(void *context)
{
	(void)context;
	dispatch_semaphore_signal(done);
}

static void expect_signals(int count)
{
	unsigned long before = total;

	for (int i = 0; i < count; i++)
		kill(getpid(), SIGUSR1);
	while (total < before + (unsigned long)count)
		wait_event();
	test_equal(total, before + (unsigned long)count);
}

TEST(signal_source_sees_ignored_and_handled_signals)
{
	struct sigaction after;

	signal(SIGUSR1, handler);
	make(DISPATCH_SOURCE_TYPE_SIGNAL, SIGUSR1, 0, NULL);
	dispatch_source_set_registration_handler_f(source, on_registered);
	dispatch_activate(source);
	wait_event(); /* registered */
	expect_signals(5);
	test_equal(handled, 5);
	/* Ignored afterwards, as many programs do it. */
	signal(SIGUSR1, SIG_IGN);
	_dispatch_get_main_queue_handle_4CF(); /* any look by the library */
	expect_signals(3);
	test_equal(handled, 5);
	end();
	test_equal(sigaction(SIGUSR1, NULL, &after), 0);
	test_true(after.sa_handler == SIG_IGN);
}

TEST(proc_source_reports_the_exit)
{
	int go_pipe[2];
	pid_t child;

	test_equal(pipe(go_pipe), 0);
	child = fork();
	if (!child) {
		char c;

		close(go_pipe[1]);
		_exit(read(go_pipe[0], &c, 1) < 0);
	}
	close(go_pipe[0]);
	make(DISPATCH_SOURCE_TYPE_PROC, (uintptr_t)child, DISPATCH_PROC_EXIT, NULL);
	dispatch_activate(source);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000)) != 0);
	close(go_pipe[1]);
	wait_event();
	test_equal(total, DISPATCH_PROC_EXIT);
	end();
	test_true(waitpid(child, NULL, 0) == child);
}

static mach_port_t port;

static void receive_one(void *context)
{
	struct {
		mach_msg_header_t header;
		char trailer[MAX_TRAILER_SIZE];
	} m;

	test_equal(atomic_fetch_add(&inside, 1), 0);
	if (!mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof m, port, 0,
		      MACH_PORT_NULL))
		atomic_fetch_add(&total, 1);
	atomic_fetch_sub(&inside, 1);
	dispatch_semaphore_signal(done);
	(void)context;
}

TEST(mach_recv_source_fires_while_messages_wait)
{
	mach_msg_header_t h = { .msgh_size = sizeof h };

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	make(DISPATCH_SOURCE_TYPE_MACH_RECV, port, 0, NULL);
	dispatch_source_set_event_handler_f(source, receive_one);
	dispatch_activate(source);
	for (int i = 0; i < 100; i++) {
		h.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
		h.msgh_remote_port = port;
		test_equal_error(
			mach_msg(&h, MACH_SEND_MSG, sizeof h, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
			0);
	}
	while (total < 100)
		wait_event();
	end();
	mach_port_destroy(mach_task_self(), port);
}

static void nothing(void *unused)
{
}

TEST(p_f3_a_mach_recv_source_waits_for_descriptors)
{
	dispatch_queue_t queue = dispatch_queue_create("q", NULL);
	mach_msg_header_t h = { .msgh_size = sizeof h };

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	make(DISPATCH_SOURCE_TYPE_MACH_RECV, port, 0, queue);
	dispatch_source_set_event_handler_f(source, receive_one);
	rlim_t before = test_use_up_descriptors(true);
	dispatch_activate(source);
	dispatch_sync_f(queue, NULL, nothing); /* it was tried */
	test_give_descriptors_back(before);
	h.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	h.msgh_remote_port = port;
	test_equal_error(
		mach_msg(&h, MACH_SEND_MSG, sizeof h, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), 0);
	test_equal(dispatch_semaphore_wait(
			   done, dispatch_time(DISPATCH_TIME_NOW, 20 * (int64_t)NSEC_PER_SEC)),
		   0);
	test_equal(total, 1);
	end();
	dispatch_release(queue);
	mach_port_destroy(mach_task_self(), port);
}

TEST(mach_recv_source_without_a_receive_right_is_cancelled)
{
	make(DISPATCH_SOURCE_TYPE_MACH_RECV, 0x123400, 0, NULL);
	dispatch_activate(source);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	test_equal(events, 0);
	dispatch_release(source);
	dispatch_release(done);
	dispatch_release(cancelled);
}

static double used_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* While the manager is about to wait again, with luck. */
static bool is_quiet_without_descriptors(void)
{
	make(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, dispatch_get_global_queue(0, 0));
	dispatch_source_set_event_handler_f(source, nothing);
	dispatch_source_set_timer(source, dispatch_time(DISPATCH_TIME_NOW, 0), 5000, 0);
	dispatch_activate(source);
	usleep(2000);
	close_range(3, ~0u, 0);
	dispatch_source_cancel(source);
	usleep(5000);
	double used = used_seconds();
	usleep(30000);
	return used_seconds() - used < 0.015;
}

static void *take_descriptors_away(void *unused)
{
	struct rlimit limit;

	usleep(2000);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &limit);
	dispatch_async_f(dispatch_get_main_queue(), NULL, nothing); /* it waits again */
	usleep(5000);
	double used = used_seconds();
	usleep(30000);
	_exit(used_seconds() - used >= 0.015);
}

TEST(p_f3_the_main_queue_without_any_descriptors_is_not_busy)
{
	pthread_t thread;
	int status;

#ifdef __SANITIZE_THREAD__
	test_skip("the sanitizer takes the child's threads for the parent's");
#endif
	pid_t child = fork();
	if (!child) {
		pthread_create(&thread, NULL, take_descriptors_away, NULL);
		dispatch_main();
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
}

TEST(p_f4_who_closes_all_descriptors_has_no_busy_thread)
{
	int status;

#ifdef __SANITIZE_THREAD__
	test_skip("the sanitizer takes the child's threads for the parent's");
#endif
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child)
			_exit(!is_quiet_without_descriptors());
		test_equal(waitpid(child, &status, 0), child);
		test_equal(status, 0);
	}
}

TEST(release_without_cancel_ends_quietly)
{
	test_equal(pipe(fds), 0);
	make(DISPATCH_SOURCE_TYPE_READ, (uintptr_t)fds[0], 0, NULL);
	dispatch_source_set_registration_handler_f(source, on_registered);
	dispatch_activate(source);
	wait_event();
	dispatch_release(source);
	dispatch_release(dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, NULL));
	close(fds[0]);
	close(fds[1]);
	dispatch_release(done);
	dispatch_release(cancelled);
}

TEST(handlers_run_on_the_target_queue)
{
	static int key;
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	make(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, q);
	dispatch_queue_set_specific(q, &key, &key, NULL);
	dispatch_activate(source);
	dispatch_suspend(q);
	dispatch_source_merge_data(source, 1);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000)) != 0);
	dispatch_resume(q);
	wait_event();
	end();
	dispatch_release(q);
}

TEST_MAIN
