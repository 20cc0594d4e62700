// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdio.h>

#include "cf_test.h"

enum { TEXTS = 3000, THREADS = 4 };

static void *make_all(void *result)
{
	CFStringRef *made = result;
	char text[32];

	for (int i = 0; i < TEXTS; i++) {
		snprintf(text, sizeof(text), "constant %d", i);
		made[i] = __CFStringMakeConstantString(text);
	}
	return NULL;
}

TEST(threads_get_one_string_for_each_text)
{
	static CFStringRef made[THREADS][TEXTS];
	pthread_t threads[THREADS];
	char text[32];

	for (int t = 0; t < THREADS; t++)
		test_equal(pthread_create(&threads[t], NULL, make_all, made[t]), 0);
	for (int t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	for (int i = 0; i < TEXTS; i++) {
		snprintf(text, sizeof(text), "constant %d", i);
		test_equal_text(text_of(made[0][i]), text);
		for (int t = 1; t < THREADS; t++)
			test_true(made[t][i] == made[0][i]);
	}
}

TEST(bytes_that_are_no_utf_8_are_mac_roman)
{
	test_equal_text(text_of(__CFStringMakeConstantString("\x8a")), "\303\244");
	test_true(__CFStringMakeConstantString(NULL) == NULL);
}

PORTICO_CFSTR_CONSTANT(file_scope, "at file scope");

TEST(constants_at_file_scope_with_any_compiler)
{
	CFStringRef same = make("at file scope");

	test_true(CFEqual(file_scope, same));
	test_equal(CFHash(file_scope), CFHash(same));
	test_equal(CFGetTypeID(file_scope), CFStringGetTypeID());
	test_equal_text(CFStringGetCStringPtr(file_scope, kCFStringEncodingUTF8), "at file scope");
	CFRelease(file_scope);
	CFRelease(file_scope);
	test_true(CFRetain(file_scope) == file_scope);
	CFRelease(same);
}

TEST_MAIN
