// SPDX-License-Identifier: MIT
/* What the tests of this folder share: the leak oracle and short cuts. */
#pragma once

#include <CoreFoundation/CFString.h>
#include <stdlib.h>

#include "cf/cf_internal.h"
#include "test.h"

static int64_t count_objects(void)
{
	return cf_private_count_objects();
}

const struct test_leak_hook test_leak_hooks[] = { { "CF objects", count_objects }, { NULL, NULL } };

/* The text of a string in UTF-8; static storage. */
__attribute__((unused)) static const char *text_of(CFStringRef string)
{
	static char buffer[65536];

	test_true(CFStringGetCString(string, buffer, sizeof(buffer), kCFStringEncodingUTF8));
	return buffer;
}

/* A new string. */
__attribute__((unused)) static CFStringRef make(const char *text)
{
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

/* The same pseudo-random numbers in every run. */
__attribute__((unused)) static uint32_t random_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}
