// SPDX-License-Identifier: MIT
/* Calls through shared memory against each other, against closes, forks and methods without end. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "arena.h"

enum { ENOUGH = 16, CROWD = 64, CALLERS = 6, CLOSERS = 4 };

static io_service_t service;

static void begin(void)
{
	/* With a witness and an audit where there are processes to look at. */
	if (world_is_daemon())
		arena_begin("Fixture.dext", NULL);
	else
		world_start_with_bundle("Fixture.dext");
	service = world_service("FixtureDriver");
}

/* Programs of this kind keep to the protocol, also when they end in the midst of a call. */
static bool is_anybody_accused(void)
{
	char path[300], line[1000];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/registry.log", test_folder());
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "malformed") != NULL;
	if (f)
		fclose(f);
	return found;
}

static void end(void)
{
	IOObjectRelease(service);
	if (world_is_daemon())
		arena_end();
	test_true(!is_anybody_accused());
}

static kern_return_t echo(io_connect_t c, uint64_t number)
{
	uint64_t out = 0;
	uint32_t n = 1;
	kern_return_t result = IOConnectCallScalarMethod(c, FIXTURE_ECHO, &number, 1, &out, &n);

	if (!result)
		test_equal(out, number + 1);
	return result;
}

static io_connect_t open_type(uint32_t type)
{
	io_connect_t c = 0;

	test_equal_error(IOServiceOpen(service, mach_task_self(), type, &c), 0);
	return c;
}

static io_connect_t open_with_slots(uint32_t type)
{
	io_connect_t c = open_type(type);

	for (uint64_t i = 0; i < ENOUGH; i++)
		test_equal_error(echo(c, i), 0);
	return c;
}

static void read_counts(io_connect_t c, uint64_t counts[FIXTURE_COUNTS])
{
	uint32_t n = FIXTURE_COUNTS;

	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, counts, &n), 0);
}

/* As programs end, but that the sanitizer would call leaks what a child forgets on purpose. */
static _Noreturn void leave(int status)
{
	if (test_is_slow())
		_exit(status);
	exit(status);
}

/* --- many callers ------------------------------------------------------------------------------- */

struct caller {
	io_connect_t connect;
	uint64_t number, calls;
	pthread_t thread;
};

static void *call_often(void *context)
{
	struct caller *caller = context;

	for (uint64_t i = 0; i < caller->calls; i++)
		test_equal_error(echo(caller->connect, caller->number << 32 | i), 0);
	return NULL;
}

/* PORTICO_TEST_CALLS: how many of each thread. */
static uint64_t calls_of_each(void)
{
	const char *calls = getenv("PORTICO_TEST_CALLS");

	return calls ? strtoull(calls, NULL, 10) : test_rounds(test_is_slow() ? 800 : 5000, 100000);
}

TEST(p_a7_sixty_four_threads_and_no_answer_swapped)
{
	begin();
	io_connect_t c = open_with_slots(FIXTURE_PLAIN);
	struct caller callers[CROWD];

	for (uint64_t i = 0; i < CROWD; i++) {
		callers[i] = (struct caller){ c, i + 1, calls_of_each(), 0 };
		test_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
	}
	for (int i = 0; i < CROWD; i++)
		pthread_join(callers[i].thread, NULL);
	IOServiceClose(c);
	end();
}

/* --- calls and closes ----------------------------------------------------------------------------- */

struct rush {
	io_connect_t connect;
	sem_t go;     /* for the closers */
	sem_t enough; /* calls have been answered */
	atomic_uint good;
};

static void *call_until_closed(void *context)
{
	struct rush *rush = context;

	for (uint64_t i = 0; !echo(rush->connect, i); i++)
		if (atomic_fetch_add(&rush->good, 1) == CALLERS * ENOUGH)
			sem_post(&rush->enough);
	return NULL;
}

static void *close_soon(void *context)
{
	struct rush *rush = context;

	sem_wait(&rush->go);
	IOServiceClose(rush->connect);
	return NULL;
}

static void begin_rush(struct rush *rush, uint32_t type)
{
	*rush = (struct rush){ .connect = open_with_slots(type) };
	sem_init(&rush->go, 0, 0);
	sem_init(&rush->enough, 0, 0);
}

static void rush_once(uint32_t type)
{
	struct rush rush;
	pthread_t threads[CALLERS + CLOSERS];

	begin_rush(&rush, type);
	/* A reference for each close. */
	for (int i = 1; i < CLOSERS; i++)
		test_equal_error(IOConnectAddRef(rush.connect), 0);
	for (int i = 0; i < CALLERS + CLOSERS; i++)
		test_equal(pthread_create(&threads[i], NULL,
					  i < CALLERS ? call_until_closed : close_soon, &rush),
			   0);
	sem_wait(&rush.enough);
	for (int i = 0; i < CLOSERS; i++)
		sem_post(&rush.go);
	for (int i = 0; i < CALLERS + CLOSERS; i++)
		pthread_join(threads[i], NULL);
	test_equal_error(IOConnectRelease(rush.connect), KERN_INVALID_NAME);
}

/* One method at a time: then the close is before or after each of them. */
TEST(p_l1_callers_closers_and_an_opener)
{
	const uint64_t rounds = test_rounds(50, 20000);
	uint64_t before[FIXTURE_COUNTS], after[FIXTURE_COUNTS];

	begin();
	io_connect_t c = open_with_slots(FIXTURE_PLAIN);
	read_counts(c, before);
	for (uint64_t i = 0; i < rounds; i++)
		rush_once(i % 2 ? FIXTURE_ALONE : FIXTURE_PLAIN);
	do
		read_counts(c, after);
	while (after[FIXTURE_STOPS] < before[FIXTURE_STOPS] + rounds);
	test_equal(after[FIXTURE_STOPS], before[FIXTURE_STOPS] + rounds);
	test_equal(after[FIXTURE_CLOSES] + after[FIXTURE_DEATHS],
		   before[FIXTURE_CLOSES] + before[FIXTURE_DEATHS] + rounds);
	IOServiceClose(c);
	end();
}

TEST(p_l1_nothing_runs_after_the_close)
{
	const uint64_t rounds = test_rounds(40, 10000);
	uint64_t counts[FIXTURE_COUNTS];

	begin();
	io_connect_t c = open_with_slots(FIXTURE_PLAIN);
	for (uint64_t i = 0; i < rounds; i++)
		rush_once(FIXTURE_ALONE);
	read_counts(c, counts);
	test_equal(counts[FIXTURE_LATE], 0);
	test_equal(counts[FIXTURE_OVERLAPS], 0);
	IOServiceClose(c);
	end();
}

/* Given up without a close: the host sees calls that their callers have left. */
TEST(p_l2_release_in_the_midst_of_calls)
{
	const uint64_t rounds = test_rounds(40, 4000);

	begin();
	for (uint64_t n = 0; n < rounds; n++) {
		struct rush rush;
		pthread_t threads[CALLERS];

		begin_rush(&rush, FIXTURE_PLAIN);
		for (int k = 0; k < CALLERS; k++)
			test_equal(pthread_create(&threads[k], NULL, call_until_closed, &rush), 0);
		sem_wait(&rush.enough);
		test_equal_error(IOConnectRelease(rush.connect), 0);
		for (int k = 0; k < CALLERS; k++)
			pthread_join(threads[k], NULL);
	}
	end();
}

TEST(p_l6_a_stale_handle)
{
	const uint64_t others = test_rounds(2000, 100000);

	begin();
	io_connect_t stale = open_with_slots(FIXTURE_PLAIN);
	IOServiceClose(stale);
	for (uint64_t i = 0; i < others; i++) {
		/* Every few with slots of its own, which this thread then leases. */
		io_connect_t other =
			i % 8 ? open_type(FIXTURE_PLAIN) : open_with_slots(FIXTURE_PLAIN);

		test_true(echo(stale, 1) != 0);
		IOServiceClose(other);
		test_true(echo(stale, 1) != 0);
		test_true(echo(other, 1) != 0);
	}
	end();
}

/* --- methods without end ---------------------------------------------------------------------------- */

static void *hold(void *context)
{
	test_true(IOConnectCallScalarMethod(*(io_connect_t *)context, FIXTURE_HOLD, NULL, 0, NULL,
					    NULL) != 0);
	return NULL;
}

static void await_held(io_connect_t c, uint64_t n)
{
	uint64_t counts[FIXTURE_COUNTS];

	do
		read_counts(c, counts);
	while (counts[FIXTURE_HELD] != n);
}

static void release(io_connect_t c, uint64_t stops)
{
	uint64_t counts[FIXTURE_COUNTS];

	do {
		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_RELEASE, NULL, 0, NULL, NULL),
				 0);
		read_counts(c, counts);
	} while (counts[FIXTURE_HELD] || counts[FIXTURE_STOPS] < stops);
}

/* Threads inside come back when another gives the connection up, the driver's part when the method ends.
 * (IOServiceClose waits for methods that run.) */
TEST(p_l7_release_while_a_method_does_not_return)
{
	begin();
	io_connect_t witness = open_with_slots(FIXTURE_PLAIN);
	enum { HELD = 10 };
	uint64_t before[FIXTURE_COUNTS];
	pthread_t threads[HELD];
	io_connect_t c;

	read_counts(witness, before);
	c = open_with_slots(FIXTURE_PLAIN);
	for (uint64_t i = 0; i < HELD; i++) {
		test_equal(pthread_create(&threads[i], NULL, hold, &c), 0);
		await_held(witness, i + 1);
		test_equal_error(echo(c, i), 0);
	}
	test_equal_error(IOConnectRelease(c), 0);
	for (int i = 0; i < HELD; i++)
		pthread_join(threads[i], NULL);
	await_held(witness, HELD);
	release(witness, before[FIXTURE_STOPS] + 1);
	IOServiceClose(witness);
	end();
}

/* The same when the program exits, or is killed. */
TEST(p_l7_p_c2_exit_while_a_method_does_not_return)
{
	if (world_is_in_process())
		test_skip("the driver would exit too");
	begin();
	io_connect_t witness = open_with_slots(FIXTURE_PLAIN);
	uint64_t before[FIXTURE_COUNTS];

	if (!world_is_daemon())
		test_skip("the session ends with the program");
	read_counts(witness, before);
	for (uint64_t round = 0; round < 4; round++) {
		int status = -1;
		pid_t child = fork();

		if (!child) {
			pthread_t thread;
			io_connect_t c;

			service = world_service("FixtureDriver");
			c = open_with_slots(FIXTURE_PLAIN);
			pthread_create(&thread, NULL, hold, &c);
			await_held(c, 1);
			if (round % 2)
				leave(0);
			for (;;)
				pause();
		}
		await_held(witness, 1);
		if (round % 2 == 0)
			kill(child, SIGKILL);
		test_equal(waitpid(child, &status, 0), child);
		test_true(round % 2 ? status == 0 : WIFSIGNALED(status));
		release(witness, before[FIXTURE_STOPS] + round + 1);
	}
	IOServiceClose(witness);
	end();
}

/* --- fork and exec ------------------------------------------------------------------------------------- */

/* A child that ends as programs do, with its handlers, leaves the parent's calls alone. */
TEST(p_c5_a_child_that_exits)
{
	begin();
	io_connect_t c = open_with_slots(FIXTURE_PLAIN);
	struct caller caller = { c, 1, test_is_slow() ? 500 : 20000, 0 };
	int status;

	test_equal(pthread_create(&caller.thread, NULL, call_often, &caller), 0);
	for (int i = 0; i < 8; i++) {
		pid_t child = fork();

		if (!child) {
			kern_return_t result = echo(c, 1);

			if (i % 2)
				_exit(result == 0);
			leave(result == 0);
		}
		test_equal(waitpid(child, &status, 0), child);
		test_equal(status, 0);
		test_equal_error(echo(c, (uint64_t)i), 0);
	}
	pthread_join(caller.thread, NULL);
	IOServiceClose(c);
	end();
}

/* No program that this process or the driver's starts gets anything of a connection. */
static void check_descriptors(pid_t pid)
{
	char path[300], line[100];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	d = opendir(path);
	test_true(d != NULL);
	for (struct dirent *e; (e = readdir(d));) {
		unsigned flags = O_CLOEXEC;
		FILE *f;

		if (atoi(e->d_name) < 3)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, e->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			sscanf(line, "flags: %o", &flags);
		if (f)
			fclose(f);
		test_true(flags & O_CLOEXEC);
	}
	closedir(d);
}

TEST(p_c6_nothing_is_inherited)
{
	if (!world_is_daemon())
		test_skip("looks at a host");
	begin();
	io_connect_t c = open_with_slots(FIXTURE_PLAIN);
	pid_t host = world_host_pid("org.portico.test.Fixture");

	test_true(host > 0);
	check_descriptors(host);
	IOServiceClose(c);
	end();
}

TEST_MAIN
