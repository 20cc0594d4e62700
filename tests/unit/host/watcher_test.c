// SPDX-License-Identifier: MIT
/* Slow methods are noticed and an idle host sleeps; the Calculator and a fake registry. */
#include "test.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <IOKit/IOReturn.h>

#include "fake_registry.h"

enum { SERVICE = 100, ADD = 0, SLEEP = 7, OPENS = 8 };

static void *sleep_long(void *channel)
{
	uint64_t ns = 500ull * 1000 * 1000;

	test_equal_error(fake_scalar(channel, SLEEP, &ns, 1, NULL, 0), 0);
	return NULL;
}

/* Nothing is known of the selector, and looks have become rare. */
TEST(after_fast_calls_a_slow_method_does_not_hold_up_others)
{
	struct wire_channel *channel, *observer;
	struct fake_registry fake;
	uint64_t sum, counts[4] = { 0 };
	pthread_t sleeper;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/Calculator.dext"), "CalculatorDriver");
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	observer = fake_connect(&fake, SERVICE, 0, NULL);
	for (int i = 0; i < 1000; i++)
		test_equal_error(fake_scalar(channel, ADD, (uint64_t[]){ 1, 2 }, 2, &sum, 1), 0);
	test_equal(pthread_create(&sleeper, NULL, sleep_long, channel), 0);
	while (counts[2] < 2)
		test_equal_error(fake_scalar(observer, OPENS, NULL, 0, counts, 4), 0);
	/* Answered while the other still sleeps. */
	test_equal_error(fake_scalar(channel, OPENS, NULL, 0, counts, 4), 0);
	test_equal(counts[2], 2);
	test_equal(pthread_join(sleeper, NULL), 0);
	wire_channel_unref(channel);
	wire_channel_unref(observer);
	fake_finish(&fake);
}

enum { THREADS_MAX = 64 };

/* Threads that were there before the host: the test's and the sanitizer's. */
static int others[THREADS_MAX], n_others;

static bool is_other(int thread)
{
	for (int i = 0; i < n_others; i++)
		if (others[i] == thread)
			return true;
	return false;
}

static void note_others(void)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;

	test_true(folder != NULL);
	while ((entry = readdir(folder)))
		if (n_others < THREADS_MAX)
			others[n_others++] = atoi(entry->d_name);
	closedir(folder);
}

/* Context switches of the host's threads. */
static long count_switches(void)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	long total = 0;

	test_true(folder != NULL);
	while ((entry = readdir(folder))) {
		char path[300], line[128];
		FILE *file;

		if (is_other(atoi(entry->d_name)))
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (strstr(line, "ctxt_switches:"))
				total += atol(strchr(line, ':') + 1);
		if (file)
			fclose(file);
	}
	closedir(folder);
	return total;
}

TEST(an_idle_host_sleeps)
{
	struct wire_channel *channel;
	struct fake_registry fake;
	long before, now;

	if (test_is_slow())
		test_skip("the sanitizer's own threads do not sleep");
	note_others();
	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/Calculator.dext"), "CalculatorDriver");
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	for (uint64_t i = 0; i < 100; i++)
		test_equal_error(
			fake_scalar(channel, ADD, (uint64_t[]){ i, 1 }, 2, (uint64_t[1]){ 0 }, 1),
			0);
	/* Nobody runs for a while, sooner or later; a thread that polls would go on for ever. */
	now = count_switches();
	do {
		before = now;
		poll(NULL, 0, 100);
		now = count_switches();
	} while (now != before);
	/* And it wakes up again. */
	test_equal_error(fake_scalar(channel, ADD, (uint64_t[]){ 1, 1 }, 2, (uint64_t[1]){ 0 }, 1),
			 0);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST_MAIN
