// SPDX-License-Identifier: MIT
#include "warm.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static dispatch_semaphore_t done;

static void signal_done(void *context)
{
	(void)context;
	dispatch_semaphore_signal(done);
}

static void wait_done(void)
{
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
}

/* True when FUNCTION ends the process with SIGABRT. */
static bool traps(void (*function)(void))
{
	pid_t child = fork();
	int status = 0;

	if (!child) {
		close(STDERR_FILENO);
		function();
		_exit(0);
	}
	test_true(child > 0);
	test_true(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* --- serial ---------------------------------------------------------------------- */

static int order[20000];
static atomic_int ordered, inside;

static void append(void *context)
{
	test_equal(atomic_fetch_add(&inside, 1), 0);
	order[ordered++] = (int)(intptr_t)context;
	atomic_fetch_sub(&inside, 1);
}

TEST(spec_9_7_serial_queue_is_fifo_and_exclusive)
{
	int count = test_is_slow() ? 2000 : 20000;
	dispatch_queue_t q = dispatch_queue_create("serial", DISPATCH_QUEUE_SERIAL);

	warm_up();
	done = dispatch_semaphore_create(0);
	for (int i = 0; i < count; i++)
		dispatch_async_f(q, (void *)(intptr_t)i, append);
	dispatch_async_f(q, NULL, signal_done);
	wait_done();
	test_equal(ordered, count);
	for (int i = 0; i < count; i++)
		test_equal(order[i], i);
	test_equal_text(dispatch_queue_get_label(q), "serial");
	dispatch_release(q);
	dispatch_release(done);
}

static atomic_long sum;

static void add_one(void *context)
{
	long before = *(long *)context;

	atomic_fetch_add(&sum, 1);
	*(long *)context = before + 1; /* not atomic: the queue protects it */
}

static dispatch_queue_t shared;
static long counter;

static void *hammer(void *unused)
{
	for (int i = 0; i < (test_is_slow() ? 500 : 5000); i++) {
		if (i % 3)
			dispatch_async_f(shared, &counter, add_one);
		else
			dispatch_sync_f(shared, &counter, add_one);
	}
	return unused;
}

static void hammer_all(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		test_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	dispatch_sync_f(shared, &counter, add_one);
	test_equal(counter, sum);
	test_equal(counter, 4 * (test_is_slow() ? 500 : 5000) + 1);
}

TEST(sync_and_async_of_many_threads_exclude_each_other)
{
	warm_up();
	shared = dispatch_queue_create(NULL, NULL);
	hammer_all();
	test_equal_text(dispatch_queue_get_label(shared), "");
	dispatch_release(shared);
}

TEST(sync_through_a_chain_of_targets_excludes)
{
	dispatch_queue_t base = dispatch_queue_create("base", NULL);

	warm_up();
	shared = dispatch_queue_create_with_target("upper", DISPATCH_QUEUE_CONCURRENT, base);
	hammer_all();
	dispatch_release(shared);
	dispatch_release(base);
}

static pthread_t ran_on;

static void note_thread(void *context)
{
	(void)context;
	ran_on = pthread_self();
}

static void wait_for_semaphore(void *semaphore)
{
	dispatch_semaphore_wait(semaphore, DISPATCH_TIME_FOREVER);
}

TEST(sync_runs_on_the_callers_thread_even_when_it_had_to_wait)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);
	dispatch_semaphore_t go = dispatch_semaphore_create(0);

	warm_up();
	dispatch_async_f(q, go, wait_for_semaphore);
	dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 10000000),
			 dispatch_get_global_queue(0, 0), go, warm_signal);
	dispatch_sync_f(q, NULL, note_thread);
	test_true(pthread_equal(ran_on, pthread_self()));
	dispatch_release(q);
	dispatch_release(go);
}

static void nothing(void *context)
{
	(void)context;
}

static void sync_again(void *queue)
{
	dispatch_sync_f(queue, NULL, nothing);
}

static void deadlock_direct(void)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	dispatch_sync_f(q, q, sync_again);
}

static void deadlock_main(void)
{
	dispatch_sync_f(dispatch_get_main_queue(), NULL, nothing);
}

static void sync_to_target(void *queue)
{
	dispatch_sync_f(queue, NULL, nothing);
}

static void deadlock_target(void)
{
	dispatch_queue_t base = dispatch_queue_create("base", NULL);
	dispatch_queue_t upper = dispatch_queue_create_with_target("upper", NULL, base);

	dispatch_sync_f(upper, base, sync_to_target);
}

TEST(spec_9_7_sync_on_the_current_queue_traps)
{
	warm_up();
	test_true(traps(deadlock_direct));
	test_true(traps(deadlock_main));
	test_true(traps(deadlock_target));
}

/* --- concurrent -------------------------------------------------------------------- */

static dispatch_semaphore_t meet[2];

static void meet_other(void *context)
{
	int self = (int)(intptr_t)context;

	dispatch_semaphore_signal(meet[self]);
	dispatch_semaphore_wait(meet[!self], DISPATCH_TIME_FOREVER);
	dispatch_semaphore_signal(done);
}

TEST(spec_9_7_concurrent_queue_overlaps)
{
	dispatch_queue_t q = dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT);

	warm_up();
	done = dispatch_semaphore_create(0);
	meet[0] = dispatch_semaphore_create(0);
	meet[1] = dispatch_semaphore_create(0);
	dispatch_async_f(q, (void *)0, meet_other);
	dispatch_async_f(q, (void *)1, meet_other);
	wait_done();
	wait_done();
	dispatch_release(q);
	dispatch_release(done);
	dispatch_release(meet[0]);
	dispatch_release(meet[1]);
}

static atomic_int readers, writers;

static void read_one(void *context)
{
	(void)context;
	atomic_fetch_add(&readers, 1);
	test_equal(writers, 0);
	atomic_fetch_sub(&readers, 1);
}

static void write_one(void *context)
{
	test_equal(atomic_fetch_add(&writers, 1), 0);
	test_equal(readers, 0);
	++*(int *)context;
	atomic_fetch_sub(&writers, 1);
}

TEST(barriers_exclude_everything)
{
	dispatch_queue_t q = dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT);
	int count = test_is_slow() ? 300 : 3000, written = 0;

	warm_up();
	for (int i = 0; i < count; i++) {
		dispatch_async_f(q, NULL, read_one);
		if (i % 7 == 0)
			dispatch_barrier_async_f(q, &written, write_one);
		if (i % 50 == 0)
			dispatch_barrier_sync_f(q, &written, write_one);
		if (i % 31 == 0)
			dispatch_sync_f(q, NULL, read_one);
	}
	dispatch_barrier_sync_f(q, &written, write_one);
	test_equal(written, (count + 6) / 7 + (count + 49) / 50 + 1);
	dispatch_release(q);
}

TEST(many_blocked_items_get_more_threads_than_cores)
{
	dispatch_semaphore_t go = dispatch_semaphore_create(0);
	dispatch_group_t group = dispatch_group_create();
	enum { COUNT = 16 };

	warm_up();
	for (int i = 0; i < COUNT - 1; i++)
		dispatch_group_async_f(group, dispatch_get_global_queue(0, 0), go,
				       wait_for_semaphore);
	/* Only a thread of its own can let the others go. */
	done = dispatch_semaphore_create(0);
	dispatch_async_f(dispatch_get_global_queue(0, 0), NULL, signal_done);
	wait_done();
	for (int i = 0; i < COUNT - 1; i++)
		dispatch_semaphore_signal(go);
	test_equal(dispatch_group_wait(group, DISPATCH_TIME_FOREVER), 0);
	dispatch_release(group);
	dispatch_release(go);
	dispatch_release(done);
}

/* --- suspension, activation, targets -------------------------------------------------- */

static atomic_int ran;

static void count_run(void *context)
{
	(void)context;
	atomic_fetch_add(&ran, 1);
}

TEST(suspended_queue_holds_back_and_resumes)
{
	static const bool concurrent[] = { false, true };

	warm_up();
	for (int i = 0; i < 2; i++) {
		dispatch_queue_t q = dispatch_queue_create(
			"q", concurrent[i] ? DISPATCH_QUEUE_CONCURRENT : NULL);
		dispatch_queue_t other = dispatch_queue_create("other", NULL);

		ran = 0;
		dispatch_suspend(q);
		dispatch_suspend(q);
		dispatch_async_f(q, NULL, count_run);
		dispatch_resume(q);
		dispatch_sync_f(other, NULL, nothing);
		test_equal(ran, 0);
		dispatch_resume(q);
		dispatch_barrier_sync_f(q, NULL, nothing);
		test_equal(ran, 1);
		dispatch_release(q);
		dispatch_release(other);
	}
}

static atomic_bool resumed;

static void suspend_own_queue(void *queue)
{
	dispatch_suspend(queue);
	dispatch_semaphore_signal(done);
}

static void note_resumed(void *context)
{
	test_true(resumed);
	append(context);
}

TEST(item_that_suspends_its_queue_is_the_last_until_it_is_resumed)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_suspend(q);
	dispatch_async_f(q, q, suspend_own_queue);
	for (int i = 0; i < 3; i++)
		dispatch_async_f(q, (void *)(intptr_t)i, note_resumed);
	dispatch_resume(q);
	wait_done();
	dispatch_async_f(q, (void *)3, note_resumed);
	resumed = true;
	dispatch_resume(q);
	dispatch_sync_f(q, NULL, nothing);
	test_equal(ordered, 4);
	for (int i = 0; i < 4; i++)
		test_equal(order[i], i);
	dispatch_release(q);
	dispatch_release(done);
}

TEST(inactive_queue_starts_with_activate)
{
	dispatch_queue_t q = dispatch_queue_create("q", DISPATCH_QUEUE_SERIAL_INACTIVE);

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_async_f(q, NULL, signal_done);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000)) != 0);
	dispatch_activate(q);
	dispatch_activate(q);
	wait_done();
	dispatch_release(q);
	dispatch_release(done);
}

static void resume_too_often(void)
{
	dispatch_resume(dispatch_queue_create("q", NULL));
}

static void release_suspended(void)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	dispatch_suspend(q);
	dispatch_release(q);
}

TEST(misuse_ends_with_a_message)
{
	warm_up();
	test_true(traps(resume_too_often));
	test_true(traps(release_suspended));
}

TEST(queues_with_one_serial_target_exclude_each_other)
{
	dispatch_queue_t base = dispatch_queue_create("base", NULL), upper[3];

	warm_up();
	for (int i = 0; i < 3; i++)
		upper[i] = dispatch_queue_create_with_target(
			"upper", i ? NULL : DISPATCH_QUEUE_CONCURRENT, base);
	for (int i = 0; i < 999; i++)
		dispatch_async_f(upper[i % 3], NULL, append);
	for (int i = 0; i < 3; i++)
		dispatch_barrier_sync_f(upper[i], NULL, nothing);
	test_equal(ordered, 999);
	for (int i = 0; i < 3; i++)
		dispatch_release(upper[i]);
	dispatch_release(base);
}

TEST(set_target_queue_moves_a_queue_in_use)
{
	dispatch_queue_t a = dispatch_queue_create("a", NULL), b = dispatch_queue_create("b", NULL);
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	warm_up();
	for (int i = 0; i < 500; i++) {
		dispatch_async_f(q, NULL, append);
		dispatch_set_target_queue(q, i % 2 ? a : b);
	}
	dispatch_sync_f(q, NULL, nothing);
	test_equal(ordered, 500);
	dispatch_release(a);
	dispatch_release(b);
	dispatch_release(q);
}

/* --- specifics and assertions ------------------------------------------------------------ */

static char key_a, key_b;
static void *found_a, *found_b;

static void look_up(void *context)
{
	(void)context;
	found_a = dispatch_get_specific(&key_a);
	found_b = dispatch_get_specific(&key_b);
}

TEST(specific_data_follows_the_target_chain)
{
	dispatch_queue_t base = dispatch_queue_create("base", NULL);
	dispatch_queue_t q = dispatch_queue_create_with_target("q", NULL, base);
	int a = 1, b = 2;

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_queue_set_specific(base, &key_a, &a, signal_done);
	dispatch_queue_set_specific(q, &key_b, &b, NULL);
	test_true(dispatch_get_specific(&key_a) == NULL);
	test_true(dispatch_queue_get_specific(base, &key_a) == &a);
	test_true(dispatch_queue_get_specific(q, &key_a) == NULL);
	dispatch_sync_f(q, NULL, look_up);
	test_true(found_a == &a && found_b == &b);
	dispatch_async_and_wait_f(base, NULL, look_up);
	test_true(found_a == &a && found_b == NULL);
	dispatch_queue_set_specific(base, &key_a, NULL, NULL);
	wait_done(); /* the destructor */
	test_true(dispatch_queue_get_specific(base, &key_a) == NULL);
	dispatch_queue_set_specific(base, &key_a, &a, signal_done);
	dispatch_release(q);
	dispatch_release(base);
	wait_done();
	dispatch_release(done);
}

static void assert_here(void *queue)
{
	dispatch_assert_queue(queue);
	dispatch_assert_queue_barrier(queue);
	dispatch_assert_queue_not(dispatch_get_main_queue());
}

static void assert_wrong(void)
{
	dispatch_assert_queue(dispatch_queue_create("q", NULL));
}

static void assert_not_wrong(void)
{
	dispatch_assert_queue_not(dispatch_get_main_queue());
}

TEST(assertions_know_the_current_queue)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_async_f(q, q, assert_here);
	dispatch_async_f(q, NULL, signal_done);
	wait_done();
	dispatch_assert_queue(dispatch_get_main_queue());
	dispatch_assert_queue_not(q);
	test_true(traps(assert_wrong));
	test_true(traps(assert_not_wrong));
	dispatch_release(q);
	dispatch_release(done);
}

/* --- objects -------------------------------------------------------------------------------- */

static void *finalized;

static void finalize(void *context)
{
	finalized = context;
	dispatch_semaphore_signal(done);
}

TEST(finalizer_runs_once_with_the_context_after_pending_work)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_set_context(q, &finalized);
	test_true(dispatch_get_context(q) == &finalized);
	dispatch_set_finalizer_f(q, finalize);
	dispatch_retain(q);
	dispatch_release(q);
	dispatch_async_f(q, NULL, count_run);
	dispatch_release(q);
	wait_done();
	test_true(finalized == &finalized);
	test_equal(ran, 1);
	dispatch_release(done);
}

TEST(global_queues_by_class_and_priority)
{
	int relative;

	warm_up();
	test_true(dispatch_get_global_queue(0, 0) ==
		  dispatch_get_global_queue(QOS_CLASS_DEFAULT, 0));
	test_true(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_HIGH, 0) ==
		  dispatch_get_global_queue(QOS_CLASS_USER_INITIATED, 0));
	test_true(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_LOW, 0) ==
		  dispatch_get_global_queue(QOS_CLASS_UTILITY, 0));
	test_true(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_BACKGROUND, 0) ==
		  dispatch_get_global_queue(QOS_CLASS_BACKGROUND, 0));
	test_true(dispatch_get_global_queue(77, 0) == NULL);
	test_true(dispatch_get_global_queue(0, 1) == NULL);

	dispatch_queue_t q = dispatch_queue_create(
		"q", dispatch_queue_attr_make_with_qos_class(DISPATCH_QUEUE_CONCURRENT,
							     QOS_CLASS_UTILITY, -3));
	test_equal(dispatch_queue_get_qos_class(q, &relative), QOS_CLASS_UTILITY);
	test_equal(relative, -3);
	dispatch_release(q);
}

/* --- main queue ------------------------------------------------------------------------------ */

static void on_main(void *context)
{
	(void)context;
	test_equal(gettid(), getpid());
	atomic_fetch_add(&ran, 1);
}

static void *sync_to_main(void *unused)
{
	dispatch_sync_f(dispatch_get_main_queue(), NULL, on_main);
	return unused;
}

TEST(main_queue_is_drained_through_its_descriptor)
{
	struct pollfd handle = { _dispatch_get_main_queue_handle_4CF(), POLLIN, 0 };
	pthread_t thread;

	warm_up();
	test_equal(_dispatch_get_main_queue_port_4CF(), handle.fd);
	test_equal(poll(&handle, 1, 0), 0);
	dispatch_async_f(dispatch_get_main_queue(), NULL, on_main);
	test_equal(poll(&handle, 1, 0), 1);
	_dispatch_main_queue_callback_4CF(NULL);
	test_equal(ran, 1);
	test_equal(poll(&handle, 1, 0), 0);

	pthread_create(&thread, NULL, sync_to_main, NULL);
	test_equal(poll(&handle, 1, -1), 1);
	_dispatch_main_queue_callback_4CF(NULL);
	pthread_join(thread, NULL);
	test_equal(ran, 2);
}

static void suspend_main(void *context)
{
	(void)context;
	dispatch_suspend(dispatch_get_main_queue());
}

TEST(main_queue_suspended_by_its_own_item_keeps_the_rest_in_order)
{
	struct pollfd handle = { _dispatch_get_main_queue_handle_4CF(), POLLIN, 0 };

	warm_up();
	dispatch_async_f(dispatch_get_main_queue(), NULL, suspend_main);
	for (int i = 0; i < 2; i++)
		dispatch_async_f(dispatch_get_main_queue(), (void *)(intptr_t)i, append);
	_dispatch_main_queue_callback_4CF(NULL);
	test_equal(ordered, 0);
	dispatch_async_f(dispatch_get_main_queue(), (void *)(intptr_t)2, append);
	test_equal(poll(&handle, 1, 0), 0);
	dispatch_resume(dispatch_get_main_queue());
	test_equal(poll(&handle, 1, 0), 1);
	_dispatch_main_queue_callback_4CF(NULL);
	test_equal(ordered, 3);
	for (int i = 0; i < 3; i++)
		test_equal(order[i], i);
	test_equal(poll(&handle, 1, 0), 0);
}

static void submit_append(void *context)
{
	dispatch_async_f(dispatch_get_main_queue(), context, append);
}

TEST(what_a_main_queue_item_submits_waits_for_the_next_turn)
{
	struct pollfd handle = { _dispatch_get_main_queue_handle_4CF(), POLLIN, 0 };

	warm_up();
	dispatch_async_f(dispatch_get_main_queue(), (void *)1, submit_append);
	dispatch_async_f(dispatch_get_main_queue(), (void *)0, append);
	_dispatch_main_queue_callback_4CF(NULL);
	test_equal(ordered, 1);
	test_equal(poll(&handle, 1, 0), 1);
	_dispatch_main_queue_callback_4CF(NULL);
	test_equal(ordered, 2);
	test_equal(order[0], 0);
	test_equal(order[1], 1);
}

static pid_t forked;

static void fork_here(void *context)
{
	(void)context;
	forked = fork();
}

TEST(child_forked_by_a_main_queue_item_drops_the_rest)
{
	int status = 0;

	warm_up();
	dispatch_async_f(dispatch_get_main_queue(), NULL, fork_here);
	dispatch_async_f(dispatch_get_main_queue(), (void *)0, append);
	_dispatch_main_queue_callback_4CF(NULL);
	if (!forked)
		_exit(ordered);
	test_true(waitpid(forked, &status, 0) == forked);
	test_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	test_equal(ordered, 1);
}

static void exit_process(void *context)
{
	exit(*(int *)context);
}

static void submit_exit(void *context)
{
	dispatch_async_f(dispatch_get_main_queue(), context, exit_process);
}

TEST(dispatch_main_runs_the_main_queue)
{
	int status = 0, code = 7;
	pid_t child = fork();

	warm_up();
	if (!child) {
		dispatch_async_f(dispatch_get_global_queue(0, 0), &code, submit_exit);
		dispatch_main();
	}
	test_true(waitpid(child, &status, 0) == child);
	test_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* A leak check at the end would need descriptors. */
static void exit_at_once(void *context)
{
	_exit(*(int *)context);
}

TEST(dispatch_main_needs_no_descriptor)
{
	int status = 0, code = 7;
	pid_t child = fork();

	if (!child) {
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 });
		dispatch_async_f(dispatch_get_main_queue(), &code, exit_at_once);
		dispatch_main();
	}
	test_true(waitpid(child, &status, 0) == child);
	test_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST_MAIN
