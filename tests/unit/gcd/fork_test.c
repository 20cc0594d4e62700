// SPDX-License-Identifier: MIT
#include "warm.h"

#include <sys/wait.h>
#include <unistd.h>

static dispatch_semaphore_t done;

static void signal_done(void *context)
{
	(void)context;
	dispatch_semaphore_signal(done);
}

static void use_everything(void)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	dispatch_async_f(q, NULL, signal_done);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 1000000), q, NULL, signal_done);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_async_f(dispatch_get_main_queue(), NULL, signal_done);
	test_true(_dispatch_get_main_queue_handle_4CF() >= 0);
	_dispatch_main_queue_callback_4CF(NULL);
	test_equal(dispatch_semaphore_wait(done, DISPATCH_TIME_NOW), 0);
	dispatch_release(q);
}

/* Threads in the child of a threaded process are more than the thread sanitizer bears. */
#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

TEST(child_starts_with_a_pool_of_its_own)
{
#ifdef THREAD_SANITIZER
	test_skip("the thread sanitizer does not support threads after fork");
#endif
	int status = 0, pipe_fds[2];
	dispatch_source_t s;
	pid_t child;

	warm_up();
	test_equal(pipe(pipe_fds), 0);
	done = dispatch_semaphore_create(0);
	use_everything();
	s = dispatch_source_create(DISPATCH_SOURCE_TYPE_READ, (uintptr_t)pipe_fds[0], 0, NULL);
	dispatch_source_set_event_handler_f(s, signal_done);
	dispatch_source_set_cancel_handler_f(s, signal_done);
	dispatch_source_set_registration_handler_f(s, signal_done);
	dispatch_activate(s);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	for (int i = 0; i < 10; i++) {
		child = fork();
		if (!child) {
			use_everything();
			_exit(3);
		}
		use_everything();
		test_true(waitpid(child, &status, 0) == child);
		test_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
	/* The parent's registration is still there. */
	test_equal(write(pipe_fds[1], "x", 1), 1);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_source_set_event_handler_f(s, NULL);
	dispatch_source_cancel(s);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_release(s);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

TEST_MAIN
