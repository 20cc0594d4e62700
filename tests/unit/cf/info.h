// SPDX-License-Identifier: MIT
/* The info of a context, which counts who has it: a callback keeps it while it runs, whoever invalidates its object. */
#pragma once

#include "test.h"

static int info_refs, info_calls;

__attribute__((unused)) static const void *info_retain(const void *info)
{
	info_refs++;
	return info;
}

__attribute__((unused)) static void info_release(const void *info)
{
	info_refs--;
}

/* For contexts that want other types. */
__attribute__((unused)) static void *info_keep(void *info)
{
	info_refs++;
	return info;
}

__attribute__((unused)) static void info_drop(void *info)
{
	info_refs--;
}

/* At the end of a callback that has invalidated its object. */
__attribute__((unused)) static void info_expect_kept(void *info)
{
	test_true(info == &info_refs);
	test_true(info_refs > 0);
	info_calls++;
}

/* And when it has returned. */
__attribute__((unused)) static void info_expect_dropped(void)
{
	test_equal(info_calls, 1);
	test_equal(info_refs, 0);
}
