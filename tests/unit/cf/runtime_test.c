// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cf_test.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFNumber.h>

/* The signal that ends a child that runs FN. */
static int signal_of(void (*fn)(void))
{
	pid_t child = fork();
	int status = 0;

	if (!child) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		close(2);
		fn();
		_exit(0);
	}
	test_true(child > 0);
	test_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void retain_null(void)
{
	CFRetain(NULL);
}

static void release_null(void)
{
	CFRelease(NULL);
}

static void release_constant(void)
{
	for (int i = 0; i < 1000; i++)
		CFRelease(CFSTR("constant"));
}

TEST(spec_9_1_retain_and_release_of_null_abort)
{
	test_equal(signal_of(retain_null), SIGABRT);
	test_equal(signal_of(release_null), SIGABRT);
	test_equal(signal_of(release_constant), 0);
}

static bool small_equal(const void *a, const void *b)
{
	return ((const int *)((const struct cf_object *)a + 1))[0] ==
	       ((const int *)((const struct cf_object *)b + 1))[0];
}

static int n_finished;

static void small_fini(void *object)
{
	n_finished++;
}

static const struct cf_class small_class = { .name = "Small",
					     .fini = small_fini,
					     .equal = small_equal };

TEST(registered_class_gives_objects_their_behaviour)
{
	CFTypeID type = cf_class_register(&small_class);
	struct cf_object *a = cf_object_new(type, sizeof(*a) + sizeof(int));
	struct cf_object *b = cf_object_new(type, sizeof(*b) + sizeof(int));
	CFStringRef name = CFCopyTypeIDDescription(type);

	test_equal(CFGetTypeID(a), type);
	test_true(CFEqual(a, b));
	*(int *)(a + 1) = 7;
	test_true(!CFEqual(a, b));
	test_true(!CFEqual(a, CFSTR("other type")));
	test_equal_text(text_of(name), "Small");
	test_equal(CFGetRetainCount(a), 1);
	test_true(CFRetain(a) == a);
	test_equal(CFGetRetainCount(a), 2);
	CFRelease(a);
	test_equal(n_finished, 0);
	CFRelease(a);
	CFRelease(b);
	test_equal(n_finished, 2);
	CFRelease(name);
}

static void *retain_and_release(void *object)
{
	for (int i = 0; i < (test_is_slow() ? 2000 : 50000); i++) {
		CFRetain(object);
		CFRelease(object);
	}
	CFRelease(object);
	return NULL;
}

TEST(threads_share_one_count)
{
	CFStringRef s = make("shared by threads");
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		CFRetain(s);
		test_equal(pthread_create(&threads[i], NULL, retain_and_release, (void *)s), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	test_equal(CFGetRetainCount(s), 1);
	CFRelease(s);
}

static int n_allocated;

static void *counting_allocate(CFIndex size, CFOptionFlags hint, void *info)
{
	n_allocated++;
	return malloc((size_t)size);
}

static void counting_deallocate(void *ptr, void *info)
{
	n_allocated--;
	free(ptr);
}

TEST(own_allocator_makes_and_frees_objects)
{
	CFAllocatorContext context = { .allocate = counting_allocate,
				       .deallocate = counting_deallocate };
	CFAllocatorRef allocator = CFAllocatorCreate(NULL, &context);
	CFStringRef s = CFStringCreateWithCString(allocator, "x", kCFStringEncodingASCII);
	void *bytes;

	test_equal(n_allocated, 1);
	test_true(CFGetAllocator(s) == allocator);
	CFRelease(allocator);
	CFRelease(s);
	test_equal(n_allocated, 0);
	test_true(CFStringCreateWithCString(kCFAllocatorNull, "x", kCFStringEncodingASCII) == NULL);
	bytes = CFAllocatorAllocate(NULL, 10, 0);
	bytes = CFAllocatorReallocate(NULL, bytes, 100, 0);
	test_true(bytes != NULL);
	CFAllocatorDeallocate(NULL, bytes);
	test_true(CFAllocatorAllocate(NULL, 0, 0) == NULL);
}

TEST(null_object_is_one_for_all)
{
	test_equal(CFGetTypeID(kCFNull), CFNullGetTypeID());
	CFRelease(kCFNull);
	test_true(CFEqual(kCFNull, kCFNull));
	test_equal(CFGetRetainCount(kCFNull), LONG_MAX);
}

TEST_MAIN
