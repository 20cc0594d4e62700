// SPDX-License-Identifier: MIT
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOSharedDataQueue.h>

#include "host/host_internal.h"

/* How a process ends that does FN, and its last words. */
static int run(void (*fn)(void), char *words, size_t size)
{
	int ends[2], status;

	test_equal(pipe(ends), 0);
	pid_t child = fork();
	test_true(child >= 0);
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		fn();
		_exit(0);
	}
	close(ends[1]);
	ssize_t n = read(ends[0], words, size - 1);
	test_true(n >= 0);
	words[n] = 0;
	close(ends[0]);
	test_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void release_twice(void)
{
	struct ref ref;

	ref_init(&ref);
	host_reference_put(&ref, "IOMemoryDescriptor", (const void *)release_twice);
	host_reference_put(&ref, "IOMemoryDescriptor", (const void *)release_twice);
}

static void retain_the_dead(void)
{
	struct ref ref;

	ref_init(&ref);
	host_reference_put(&ref, "OSAction", NULL);
	host_reference_get(&ref, "OSAction", NULL);
}

TEST(who_releases_too_often_is_told_what)
{
	char words[1024];

	test_equal(run(release_twice, words, sizeof(words)), SIGABRT);
	test_true(strstr(words, "an IOMemoryDescriptor was released once too often, called by "));
	test_true(strstr(words, "reference_test\n"));
	test_equal(run(retain_the_dead, words, sizeof(words)), SIGABRT);
	test_true(strstr(words, "an OSAction was retained after its last release, called by "));
}

TEST(the_last_release_is_the_last)
{
	struct ref ref;

	ref_init(&ref);
	host_reference_get(&ref, "OSAction", NULL);
	test_true(!host_reference_put(&ref, "OSAction", NULL));
	test_true(host_reference_put(&ref, "OSAction", NULL));
}

static void release_memory_twice(void)
{
	IOMemoryDescriptor *memory = IOMemoryDescriptorCreate(4096, 0);

	IOMemoryDescriptorRelease(memory);
	IOMemoryDescriptorRelease(memory);
}

static void release_queue_twice(void)
{
	IOSharedDataQueue *queue = IOSharedDataQueueCreateWithCapacity(4096);

	IOSharedDataQueueRelease(queue);
	IOSharedDataQueueRelease(queue);
}

TEST(freed_objects_are_known)
{
	char words[1024];

	if (test_is_slow())
		test_skip("sanitizers find it first");
	test_equal(run(release_memory_twice, words, sizeof(words)), SIGABRT);
	test_true(strstr(words, "an IOMemoryDescriptor was released once too often"));
	test_equal(run(release_queue_twice, words, sizeof(words)), SIGABRT);
	test_true(strstr(words, "an IOSharedDataQueue was released once too often"));
}

TEST_MAIN
