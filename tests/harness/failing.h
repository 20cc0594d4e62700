/* SPDX-License-Identifier: MIT */
/*
 * Calls that fail when a test says so, in the code that is linked into its program: the linker leads
 * them here (--wrap, dependency harness_failing), so it works under every sanitizer. It concerns the
 * thread that asked only. CoreFoundation's calls are among them where the program links cf_objects.
 * What whole processes make of failed calls is tests/fault's.
 *
 *	test_each_shortage(s) {
 *		test_shortage_begin(&s);
 *		err = thing_new(&thing);
 *		test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
 *	}
 */
#pragma once

#include <stdbool.h>

struct test_shortage {
	int at;	      /* how many allocations succeed before */
	bool lasting; /* all that follow the first failure fail, too */
	bool has_begun, has_failed;
};

/* Each allocation fails, one round each: alone first, then with all that follow it. Two rounds are whole. */
#define test_each_shortage(s) for (struct test_shortage s = { 0 }; test_shortage_next(&s);)
bool test_shortage_next(struct test_shortage *shortage);
void test_shortage_begin(const struct test_shortage *shortage);
/* Memory is back. Whether any has been missing. */
bool test_shortage_end(struct test_shortage *shortage);

/* The call of libc NAME (those of failing.c) fails with ERROR after AFTER that went through, once. Up to
 * sixteen of them may wait for their turn. */
void test_fail_call(const char *name, int after, int error);
/* Whether each has failed; nothing fails any more. */
bool test_calls_failed(void);
