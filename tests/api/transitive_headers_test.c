// SPDX-License-Identifier: MIT
/* What programs use without including it: CoreFoundation.h brings C's headers, IOUSBLib.h the messages. */
#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/usb/IOUSBLib.h>

static jmp_buf place;
static volatile sig_atomic_t interrupts;

static void interrupted(int number)
{
	assert(number == SIGINT);
	interrupts++;
}

static bool sum(ptrdiff_t *to, int n, ...)
{
	va_list list;

	va_start(list, n);
	while (n--)
		*to += va_arg(list, int);
	va_end(list);
	return true;
}

#include "test.h"

TEST(corefoundation_brings_the_headers_of_c)
{
	ptrdiff_t total = 0;
	pid_t self = 0;

	test_true(signal(SIGINT, interrupted) != SIG_ERR);
	raise(SIGINT);
	test_equal(interrupts, 1);
	test_true(sum(&total, 2, 3, 4));
	test_equal(total, 7);
	if (setjmp(place) == 0)
		longjmp(place, 1);
	test_equal(sizeof(self), 4);
	test_equal_text(PRIu64, "lu");
}

TEST(iousblib_brings_the_messages)
{
	test_equal((uint32_t)kIOMessageServiceIsTerminated, 0xe0000010);
}

TEST_MAIN
