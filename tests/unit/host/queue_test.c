// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include "test.h"

enum { A = 100, B, C, HOST = 0, LONG = 500, JOBS_MAX = 2000 };

struct entry {
	struct host_job job;
	unsigned number; /* among those of who it is for */
};

static struct host_threads threads;
static struct host_queue *queue;
static struct entry entries[JOBS_MAX];
static struct entry *ran[JOBS_MAX]; /* on the queue's thread */
static unsigned n_added, n_ran, numbers[A + 3];
static atomic_bool has_ended;

static void run(struct host_job *job)
{
	ran[n_ran++] = container_of(job, struct entry, job);
}

static struct entry *add_fn(uint32_t who, void (*fn)(struct host_job *job))
{
	struct entry *e = &entries[n_added++];

	*e = (struct entry){ { .fn = fn, .who = who }, numbers[who]++ };
	list_init(&e->job.link);
	host_queue_add(queue, &e->job);
	return e;
}

static void add(uint32_t who, unsigned n)
{
	while (n--)
		add_fn(who, run);
}

/* The first job of all adds the others, which none of them runs before. */
static void (*add_all)(void);

static void run_adding(struct host_job *job)
{
	add_all();
}

static void ended(void *context)
{
	atomic_store(&has_ended, true);
}

static void run_all(void (*fn)(void))
{
	static struct host_job first;

	host_threads_init(&threads);
	n_added = n_ran = 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		numbers[i] = 0;
	atomic_store(&has_ended, false);
	add_all = fn;
	first = (struct host_job){ .fn = run_adding, .who = A };
	list_init(&first.link);
	test_equal_error(host_queue_new(&threads, &queue), 0);
	host_queue_add(queue, &first);
	host_queue_finish(queue, ended, NULL);
	host_threads_join(&threads, 0);
	host_threads_fini(&threads);
	test_true(atomic_load(&has_ended));
	test_equal(n_ran, n_added);
}

/* Where job NUMBER of WHO came. */
static unsigned when(uint32_t who, unsigned number)
{
	unsigned i = 0;

	while (i < n_ran && (ran[i]->job.who != who || ran[i]->number != number))
		i++;
	test_true(i < n_ran);
	return i;
}

static void check_order_within(uint32_t who)
{
	unsigned next = 0;

	for (unsigned i = 0; i < n_ran; i++)
		if (ran[i]->job.who == who)
			test_equal(ran[i]->number, next++);
	test_equal(next, numbers[who]);
}

static void check_order_of_arrival(void)
{
	for (unsigned i = 0; i < n_ran; i++)
		test_true(ran[i] == &entries[i]);
}

static void add_short(void)
{
	for (int i = 0; i < HOST_QUEUE_ROUND / 4; i++) {
		add(A, 3);
		add(B, 1);
		add(C, 4);
	}
}

TEST(short_lines_keep_the_order_of_arrival)
{
	run_all(add_short);
	check_order_of_arrival();
}

/* As many are always waiting, and never too many of them. */
static void run_and_add(struct host_job *job)
{
	run(job);
	if (n_added < JOBS_MAX / 2)
		add_fn(job->who, run_and_add);
}

static void add_steady(void)
{
	for (int i = 0; i < HOST_QUEUE_ROUND - 1; i++) {
		add_fn(A, run_and_add);
		add_fn(B, run_and_add);
	}
}

TEST(lines_that_stay_short_keep_it_for_ever)
{
	run_all(add_steady);
	check_order_of_arrival();
}

static void add_long(void)
{
	add(A, LONG);
	add(B, 1);
	add(C, LONG);
	add(B, 1);
}

TEST(a_long_line_lets_others_go_first)
{
	run_all(add_long);
	test_true(when(B, 0) <= HOST_QUEUE_ROUND);
	test_true(when(B, 1) <= 2 * HOST_QUEUE_ROUND + 1);
	for (uint32_t who = A; who <= C; who++)
		check_order_within(who);
	/* Those that have much take turns. */
	test_true(when(C, 0) < when(A, HOST_QUEUE_ROUND));
	test_true(when(A, HOST_QUEUE_ROUND) < when(C, HOST_QUEUE_ROUND));
	test_true(when(C, HOST_QUEUE_ROUND) < when(A, 2 * HOST_QUEUE_ROUND));
}

/* What comes while the long line is under way. */
static void run_and_let_in(struct host_job *job)
{
	run(job);
	if (container_of(job, struct entry, job)->number == LONG / 2)
		add(B, 1);
}

static void add_before_it_comes(void)
{
	for (int i = 0; i < LONG; i++)
		add_fn(A, run_and_let_in);
}

TEST(who_comes_when_a_long_line_is_under_way_waits_for_a_round)
{
	run_all(add_before_it_comes);
	test_true(when(B, 0) <= LONG / 2 + 1 + HOST_QUEUE_ROUND);
	check_order_within(A);
}

/* It is never empty: who has always something waiting has no more of it than who comes. */
static void run_and_refill(struct host_job *job)
{
	run(job);
	if (n_added < JOBS_MAX - 100)
		add_fn(A, run_and_refill);
	if (n_ran % 100 == 0)
		add(B, 1);
}

static void add_refilled(void)
{
	for (int i = 0; i < 3 * HOST_QUEUE_ROUND; i++)
		add_fn(A, run_and_refill);
}

TEST(a_line_that_is_filled_up_again_and_again)
{
	run_all(add_refilled);
	check_order_within(A);
	for (unsigned i = 0; i < numbers[B]; i++)
		test_true(when(B, i) - 100 * (i + 1) <= 2 * HOST_QUEUE_ROUND);
}

static void add_walls(void)
{
	add(HOST, 1);
	for (int i = 0; i < 3; i++) {
		add(A, 100);
		add(B, 1);
		add(HOST, 2);
	}
	add(A, 100);
	add(B, 1);
}

TEST(nothing_passes_the_hosts_own)
{
	run_all(add_walls);
	test_equal(when(HOST, 0), 0);
	for (unsigned i = 0; i < 3; i++) {
		test_equal(when(HOST, 2 * i + 1), (i + 1) * 103 - 1);
		test_equal(when(HOST, 2 * i + 2), (i + 1) * 103);
	}
	/* Between them there are turns. */
	for (unsigned i = 0; i < 4; i++)
		test_true(when(B, i) < when(A, 100 * i + 99));
	check_order_within(A);
	check_order_within(B);
}

/* A job that waits for another one of its queue, far behind and behind a wall. */
static atomic_bool is_done;

static void run_done(struct host_job *job)
{
	run(job);
	atomic_store(&is_done, true);
}

static void run_waiting(struct host_job *job)
{
	run(job);
	host_queue_run_until(host_queue_current(), &is_done);
	test_true(atomic_load(&is_done));
}

static void add_waiting(void)
{
	atomic_store(&is_done, false);
	add_fn(A, run_waiting);
	add(A, 100);
	add(HOST, 1);
	add(A, 100);
	add_fn(B, run_done);
	add(A, 10);
}

TEST(who_waits_on_the_queue_has_it_go_on)
{
	run_all(add_waiting);
	test_true(when(HOST, 0) == 101 && when(B, 0) <= 102 + HOST_QUEUE_ROUND);
	check_order_within(A);
}

TEST_MAIN
