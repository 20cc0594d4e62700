// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

static const mach_timespec_t no_time = { 0, 0 };

static semaphore_t new_semaphore(int policy, int value)
{
	semaphore_t s = MACH_PORT_NULL;

	test_equal_error(semaphore_create(mach_task_self(), &s, policy, value), KERN_SUCCESS);
	return s;
}

static void destroy_semaphore(semaphore_t s)
{
	test_equal_error(semaphore_destroy(mach_task_self(), s), KERN_SUCCESS);
}

struct sleeper {
	semaphore_t semaphore;
	pthread_t thread;
	_Atomic pid_t tid;
	_Atomic thread_t name;
	_Atomic int *order, place;
};

static void *sleep_here(void *context)
{
	struct sleeper *w = context;

	atomic_store(&w->name, mach_thread_self());
	atomic_store(&w->tid, (pid_t)syscall(SYS_gettid));
	kern_return_t result = semaphore_wait(w->semaphore);
	if (w->order)
		w->place = atomic_fetch_add(w->order, 1);
	mach_port_deallocate(mach_task_self(), w->name);
	return (void *)(uintptr_t)(unsigned)result;
}

static void start(struct sleeper *w, semaphore_t s, _Atomic int *order)
{
	memset(w, 0, sizeof(*w));
	w->semaphore = s;
	w->order = order;
	test_equal(pthread_create(&w->thread, NULL, sleep_here, w), 0);
	while (!atomic_load(&w->tid) || !is_asleep(w->tid))
		sched_yield();
}

static kern_return_t finish(struct sleeper *w)
{
	void *result;

	pthread_join(w->thread, &result);
	return (kern_return_t)(uintptr_t)result;
}

TEST(counts_up_and_down)
{
	semaphore_t s = new_semaphore(SYNC_POLICY_FIFO, 2);

	test_equal_error(semaphore_wait(s), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait(s, no_time), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait(s, no_time), KERN_OPERATION_TIMED_OUT);
	test_equal_error(semaphore_signal(s), KERN_SUCCESS);
	/* Nobody waits, and nothing is kept. */
	test_equal_error(semaphore_signal_all(s), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait(s, no_time), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait(s, no_time), KERN_OPERATION_TIMED_OUT);
	destroy_semaphore(s);
}

TEST(timed_wait_waits_as_long_as_told)
{
	semaphore_t s = new_semaphore(SYNC_POLICY_FIFO, 0);
	uint64_t before = mach_absolute_time();

	test_equal_error(semaphore_timedwait(s, (mach_timespec_t){ 0, 20000000 }),
			 KERN_OPERATION_TIMED_OUT);
	test_true(mach_absolute_time() - before >= 20000000);
	test_equal_error(semaphore_timedwait(s, (mach_timespec_t){ 0, 1000000000 }),
			 KERN_INVALID_VALUE);
	test_equal_error(semaphore_timedwait(s, (mach_timespec_t){ 0, -1 }), KERN_INVALID_VALUE);
	destroy_semaphore(s);
}

TEST(wakes_in_the_order_of_the_policy)
{
	const int policies[] = { SYNC_POLICY_FIFO, SYNC_POLICY_LIFO };

	for (int i = 0; i < 2; i++) {
		semaphore_t s = new_semaphore(policies[i], 0);
		_Atomic int order = 0;
		struct sleeper a, b;

		start(&a, s, &order);
		start(&b, s, &order);
		test_equal_error(semaphore_signal(s), KERN_SUCCESS);
		test_equal_error(finish(i ? &b : &a), KERN_SUCCESS);
		test_equal_error(semaphore_signal(s), KERN_SUCCESS);
		test_equal_error(finish(i ? &a : &b), KERN_SUCCESS);
		test_equal(a.place, i);
		destroy_semaphore(s);
	}
}

TEST(signal_all_wakes_all)
{
	semaphore_t s = new_semaphore(SYNC_POLICY_FIFO, 0);
	struct sleeper w[3];

	for (int i = 0; i < 3; i++)
		start(&w[i], s, NULL);
	test_equal_error(semaphore_signal_all(s), KERN_SUCCESS);
	for (int i = 0; i < 3; i++)
		test_equal_error(finish(&w[i]), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait(s, no_time), KERN_OPERATION_TIMED_OUT);
	destroy_semaphore(s);
}

TEST(signal_thread_wakes_that_one)
{
	semaphore_t s = new_semaphore(SYNC_POLICY_FIFO, 0);
	thread_t self = mach_thread_self();
	struct sleeper a, b;

	start(&a, s, NULL);
	start(&b, s, NULL);
	test_equal_error(semaphore_signal_thread(s, b.name), KERN_SUCCESS);
	test_equal_error(finish(&b), KERN_SUCCESS);
	test_equal_error(semaphore_signal_thread(s, self), KERN_NOT_WAITING);
	test_equal_error(semaphore_signal_thread(s, s), KERN_INVALID_ARGUMENT);
	test_equal_error(semaphore_signal_thread(s, THREAD_NULL), KERN_SUCCESS);
	test_equal_error(finish(&a), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), self);
	destroy_semaphore(s);
}

TEST(wait_signal_signals_the_other)
{
	semaphore_t a = new_semaphore(SYNC_POLICY_FIFO, 1), b = new_semaphore(SYNC_POLICY_FIFO, 0);

	test_equal_error(semaphore_wait_signal(a, b), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait_signal(b, a, no_time), KERN_SUCCESS);
	test_equal_error(semaphore_timedwait_signal(b, a, no_time), KERN_OPERATION_TIMED_OUT);
	/* The signal went out all the same. */
	test_equal_error(semaphore_wait(a), KERN_SUCCESS);
	test_equal_error(semaphore_wait(a), KERN_SUCCESS);
	test_equal_error(semaphore_wait_signal(a, 0), KERN_INVALID_NAME);
	destroy_semaphore(a);
	destroy_semaphore(b);
}

TEST(destruction_ends_waits_and_turns_names_dead)
{
	semaphore_t s = new_semaphore(SYNC_POLICY_FIFO, 0);
	struct sleeper w;

	mach_port_mod_refs(mach_task_self(), s, MACH_PORT_RIGHT_SEND, 1);
	start(&w, s, NULL);
	destroy_semaphore(s);
	test_equal_error(finish(&w), KERN_TERMINATED);
	test_equal(type_of(s), MACH_PORT_TYPE_DEAD_NAME);
	test_equal(refs_of(s, MACH_PORT_RIGHT_DEAD_NAME), 1);
	test_equal_error(semaphore_wait(s), KERN_INVALID_RIGHT);
	test_equal_error(semaphore_signal(s), KERN_INVALID_RIGHT);
	test_equal_error(semaphore_destroy(mach_task_self(), s), KERN_INVALID_ARGUMENT);
	mach_port_deallocate(mach_task_self(), s);
	/* The last name that goes takes it with it. */
	s = new_semaphore(SYNC_POLICY_FIFO, 0);
	start(&w, s, NULL);
	test_equal_error(mach_port_deallocate(mach_task_self(), s), KERN_SUCCESS);
	test_equal_error(finish(&w), KERN_TERMINATED);
}

static void ignore(int number)
{
}

TEST(signal_handlers_end_a_wait)
{
	semaphore_t s = new_semaphore(SYNC_POLICY_FIFO, 0);
	struct sigaction action = { .sa_handler = ignore };
	struct sleeper w;

	sigaction(SIGUSR1, &action, NULL);
	start(&w, s, NULL);
	pthread_kill(w.thread, SIGUSR1);
	test_equal_error(finish(&w), KERN_ABORTED);
	destroy_semaphore(s);
}

TEST(bad_names_and_arguments)
{
	mach_port_t port = new_send_port();
	semaphore_t s = MACH_PORT_NULL;

	test_equal_error(semaphore_create(mach_task_self(), &s, SYNC_POLICY_FIFO, -1),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(semaphore_create(mach_task_self(), &s, 77, 0), KERN_INVALID_ARGUMENT);
	test_equal_error(semaphore_create(0, &s, 0, 0), KERN_INVALID_ARGUMENT);
	test_equal_error(semaphore_create(mach_task_self(), NULL, 0, 0), KERN_INVALID_ARGUMENT);
	test_equal_error(semaphore_wait(MACH_PORT_NULL), KERN_INVALID_NAME);
	test_equal_error(semaphore_wait(MACH_PORT_DEAD), KERN_INVALID_NAME);
	test_equal_error(semaphore_wait(0x12345678), KERN_INVALID_NAME);
	test_equal_error(semaphore_wait(port), KERN_INVALID_CAPABILITY);
	test_equal_error(semaphore_signal_all(port), KERN_INVALID_CAPABILITY);
	destroy_port(port);
}

TEST_MAIN
