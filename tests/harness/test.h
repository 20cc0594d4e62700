// SPDX-License-Identifier: MIT
/*
 * Test programs. Each TEST runs in a process of its own, under a watchdog, and
 * fails when an assertion fails, when it crashes, or when it leaves an open
 * descriptor or a child process behind. Output is TAP.
 *
 *	TEST(what_it_shows) { ... test_equal(a, b); }
 *	TEST_MAIN
 *
 * Assertions survive NDEBUG and end the test at once (they may be used on any
 * thread). Leak checks of the layers above (port names, CF objects) are hooks:
 * a test program that links those layers defines test_leak_hook.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct test_case {
	const char *name;
	void (*run)(void);
	struct test_case *next;
};

void test_register(struct test_case *test);
int test_main(int argc, char **argv);
/* Print where and what, fail the test, do not return. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* End the test as skipped, with the reason. */
_Noreturn void test_skip(const char *reason);

/* Optional: called in the test's process before and after; a difference fails the test with NAME. */
struct test_leak_hook {
	const char *name;
	int64_t (*count)(void);
};
extern const struct test_leak_hook test_leak_hooks[]
	__attribute__((weak)); /* ends with NULL name */

/* Take the leak counts anew: what the libraries keep for the life of the process is open now. */
void test_reset_baseline(void);

/* Instrumented run (address or thread sanitizer, valgrind): loops may be shorter. */
bool test_is_slow(void);
/* How often a campaign goes round: FEW in `make test`, MANY (a tenth of that when instrumented) with
 * PORTICO_TEST_FULL. */
uint64_t test_rounds(uint64_t few, uint64_t many);
bool test_is_full(void);
/* How long what a test waits for may take, so that it fails with a message before the watchdog ends it. */
unsigned test_patience_s(void);
/* Wait for an event that nobody tells of. */
#define test_await(condition) \
	do { \
		for (uint64_t test_begun_ = 0; !(condition);) \
			if (!test_pause(&test_begun_)) \
				test_fail(__FILE__, __LINE__, "in %u s it has not come true: %s", \
					  test_patience_s(), #condition); \
	} while (0)
/* A moment; false when so many of them have passed since BEGUN, which is 0 before the first. */
bool test_pause(uint64_t *begun);
/* A folder of this test's own, removed afterwards. */
const char *test_folder(void);
/* Root, too, reads and writes only what modes allow, from here on. */
void test_obey_modes(void);
/* From here on the system call with this NUMBER fails with ERROR in this thread and what it starts, as in the sandbox of
 * a container or on an older system; skips the test where that cannot be done. May be called for several. */
void test_refuse_call(long number, int error);
/* No descriptor can be opened from here on, nor polled without POLLED; what gives them back. */
rlim_t test_use_up_descriptors(bool polled);
void test_give_descriptors_back(rlim_t limit);
/* Number of open descriptors of the process. */
int test_count_fds(void);
/* A process of root that waits, with the number PID, if the kernel gives it that; -1. */
pid_t test_fork_with_number(pid_t pid);
void test_show_fds(void);
/* The build folder, for starting programs: "<build>/bin/portico". Static storage. */
const char *test_built(const char *relative);

#define TEST(id) \
	static void test_##id(void); \
	static struct test_case test_case_##id = { #id, test_##id, NULL }; \
	__attribute__((constructor)) static void test_register_##id(void) \
	{ \
		test_register(&test_case_##id); \
	} \
	static void test_##id(void)

#define TEST_MAIN \
	int main(int argc, char **argv) \
	{ \
		return test_main(argc, argv); \
	}

#define test_true(condition) \
	do { \
		if (!(condition)) \
			test_fail(__FILE__, __LINE__, "not true: %s", #condition); \
	} while (0)

/* Integers and pointers, compared and shown as 64-bit values. */
#define test_equal(actual, expected) \
	do { \
		int64_t test_a_ = (int64_t)(actual), test_e_ = (int64_t)(expected); \
		if (test_a_ != test_e_) \
			test_fail(__FILE__, __LINE__, \
				  "%s is %lld (0x%llx), expected %s = %lld (0x%llx)", #actual, \
				  (long long)test_a_, (unsigned long long)test_a_, #expected, \
				  (long long)test_e_, (unsigned long long)test_e_); \
	} while (0)

#define test_equal_text(actual, expected) \
	test_equal_text_at(__FILE__, __LINE__, #actual, (actual), (expected))
void test_equal_text_at(const char *file, int line, const char *what, const char *actual,
			const char *expected);

/* 32-bit status codes (err_t, kern_return_t, IOReturn), whatever their sign. */
#define test_equal_error(actual, expected) \
	do { \
		uint32_t test_a_ = (uint32_t)(actual), test_e_ = (uint32_t)(expected); \
		if (test_a_ != test_e_) \
			test_fail(__FILE__, __LINE__, "%s is %d (0x%08x), expected %s (0x%08x)", \
				  #actual, (int)test_a_, test_a_, #expected, test_e_); \
	} while (0)
