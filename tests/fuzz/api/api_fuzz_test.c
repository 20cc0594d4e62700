// SPDX-License-Identifier: MIT
/*
 * Runs the API fuzzer for PORTICO_FUZZ_SECONDS in all (default: what the build was configured with),
 * in processes of a few thousand calls each. PORTICO_FUZZ_SEED=N runs the one process with that
 * seed again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <IOKit/IODataQueueClient.h>

#include "model.h"
#include "test.h"
#include "world.h"

enum { CALLS = 4000, THREADS = 4, SHARED_CALLS = 1000 };

static struct model_report *report;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(void)
{
	const char *text = getenv("PORTICO_FUZZ_SECONDS");

	return text ? atof(text) : FUZZ_SECONDS;
}

/* All calls of all families, as one list. */
static const struct fuzz_call *choose(struct fuzz *f)
{
	static const struct fuzz_call *const families[] = { fuzz_handle_calls, fuzz_registry_calls,
							    fuzz_service_calls, fuzz_connect_calls,
							    fuzz_other_calls };
	uint32_t total = 0, n;

	for (int i = 0; i < 5; i++)
		for (const struct fuzz_call *c = families[i]; c->name; c++)
			total++;
	n = fuzz_below(f, total);
	for (int i = 0; i < 5; i++)
		for (const struct fuzz_call *c = families[i]; c->name; c++)
			if (n-- == 0)
				return c;
	return NULL;
}

static void *calls(void *argument)
{
	struct fuzz *f = argument;

	for (int i = 0; i < (f->model->shared ? SHARED_CALLS : CALLS); i++)
		choose(f)->run(f);
	return NULL;
}

/* A few calls in threads that share their handles. */
static void share(struct model *model, uint64_t seed)
{
	static struct fuzz fuzz[THREADS];
	pthread_t threads[THREADS];

	for (uint64_t i = 0; i < THREADS; i++) {
		fuzz[i].model = model;
		fuzz[i].random = seed * THREADS + i + 1;
		pthread_create(&threads[i], NULL, calls, &fuzz[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void sequence(uint64_t seed, bool shared)
{
	static struct model model;
	static struct fuzz fuzz;

	model_init(&model, shared, report);
	if (shared) {
		share(&model, seed);
	} else {
		fuzz = (struct fuzz){ .model = &model, .random = seed * 2654435761u + 1 };
		calls(&fuzz);
	}
	model_empty(&model);
}

static void learn(io_object_t object)
{
	IOObjectConformsTo(object, "IOService");
	IOObjectRelease(object);
}

/* The library keeps what it has learnt about classes: all of them, before anything is counted. */
static void learn_classes(void)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t wake = IODataQueueAllocateNotificationPort();
	io_object_t object = 0;
	io_iterator_t walk = 0;

	IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane, kIORegistryIterateRecursively,
				 &walk);
	while ((object = IOIteratorNext(walk)))
		learn(object);
	learn(walk);
	learn(IORegistryGetRootEntry(kIOMainPortDefault));
	IOServiceGetMatchingServices(kIOMainPortDefault, IOServiceMatching("IOService"), &walk);
	learn(walk);
	IOServiceAddNotification(kIOMainPortDefault, kIOPublishNotification,
				 IOServiceMatching("IOService"), wake, 0, &walk);
	learn(walk);
	object = IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("IOResources"));
	IOServiceAddInterestNotification(port, object, kIOGeneralInterest, fuzz_on_message, NULL,
					 &walk);
	learn(walk);
	IOObjectRelease(object);
	mach_port_mod_refs(mach_task_self(), wake, MACH_PORT_RIGHT_RECEIVE, -1);
	IONotificationPortDestroy(port);
}

static bool is_back(const int64_t *counts)
{
	for (int i = 0; test_leak_hooks[i].name; i++)
		if (test_leak_hooks[i].count() > counts[i])
			return false;
	return true;
}

/* The first sequence makes what the libraries keep; the second must leave nothing behind. */
static _Noreturn void worker(uint64_t seed)
{
	int64_t counts[16];
	bool shared = seed % 4 == 3;

	fuzz_make_values();
	world_warm_up(true);
	learn_classes();
	sequence(seed, shared);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	for (int i = 0; test_leak_hooks[i].name; i++)
		counts[i] = test_leak_hooks[i].count();
	int fds = test_count_fds();
	sequence(seed + 1, shared);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	/* Threads of the libraries may still be giving back. */
	for (int i = 0; i < 500 && !(is_back(counts) && test_count_fds() <= fds); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	for (int i = 0; test_leak_hooks[i].name; i++)
		if (test_leak_hooks[i].count() > counts[i]) {
			printf("# leak: %s was %lld, is %lld\n", test_leak_hooks[i].name,
			       (long long)counts[i], (long long)test_leak_hooks[i].count());
			fflush(stdout);
			_exit(1);
		}
	if (test_count_fds() > fds) {
		printf("# leak: %d descriptors before, %d after\n", fds, test_count_fds());
		fflush(stdout);
		_exit(1);
	}
	fuzz_free_values();
	_exit(0);
}

static void show(uint64_t seed, int status)
{
	uint64_t first = report->calls > MODEL_LOG ? report->calls - MODEL_LOG : 0;

	printf("# seed %llu: status 0x%x after %llu calls; the last of them:\n",
	       (unsigned long long)seed, status, (unsigned long long)report->calls);
	for (uint64_t i = first; i < report->calls; i++)
		printf("#   %.*s\n", MODEL_LINE, report->log[i % MODEL_LOG]);
	printf("# again: PORTICO_FUZZ_SEED=%llu\n", (unsigned long long)seed);
}

static uint64_t run_worker(uint64_t seed)
{
	int status;

	memset(report, 0, sizeof(*report));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		worker(seed);
	test_true(child > 0 && waitpid(child, &status, 0) == child);
	if (status) {
		show(seed, status);
		test_fail(__FILE__, __LINE__, "the worker with seed %llu failed",
			  (unsigned long long)seed);
	}
	return report->calls;
}

TEST(random_calls_get_documented_answers)
{
	const char *only = getenv("PORTICO_FUZZ_SEED");
	double end = now() + seconds();
	uint64_t total = 0, n = 0, seed = only ? strtoull(only, NULL, 0) : (uint64_t)time(NULL);

	alarm((unsigned)seconds() + 120);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	test_true(report != MAP_FAILED);
	world_start();
	do {
		total += run_worker(seed);
		seed += 2;
		n++;
	} while (!only && now() < end);
	printf("# %llu calls in %llu processes\n", (unsigned long long)total,
	       (unsigned long long)n);
	/* The session still serves. */
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 2, 3 }, out = 0;
	uint32_t one = 1;
	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, &out, &one), 0);
	test_equal(out, 5);
	IOServiceClose(c);
	world_stop();
	munmap(report, sizeof(*report));
}

TEST_MAIN
