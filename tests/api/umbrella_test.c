// SPDX-License-Identifier: MIT
/* What macOS programs take for granted after IOKitLib.h or libproc.h alone: nothing else may be included
 * above the functions here. */
#include <IOKit/IOKitLib.h>
#include <libproc.h>

static void complain(const char *format, ...) __printflike(1, 2);
static void leave(void) __dead2;

static void complain(const char *format, ...)
{
	(void)format;
}

static void leave(void)
{
	_exit(1);
}

static unsigned swapped(void)
{
	return ntohs(htons(0x1234)) + ntohl(htonl(0x10000));
}

static int first_option(int count, char **arguments)
{
	return getopt(count, arguments, "a");
}

#ifdef __APPLE__
static int ignore(int x __unused)
{
	return 4;
}
#endif

static const size_t path_size = MAXPATHLEN;

#include "test.h"

TEST(byte_order_functions_come_with_iokitlib)
{
	test_equal(swapped(), 0x11234);
}

TEST(unistd_comes_with_iokitlib)
{
	char program[] = "p", option[] = "-a";
	char *arguments[] = { program, option, NULL };

	test_equal(first_option(2, arguments), 'a');
}

TEST(attribute_macros_come_with_cdefs)
{
	complain("%d", 1);
	test_true(&leave != NULL);
#ifdef __APPLE__
	test_equal(ignore(1), 4);
#endif
}

TEST(libproc_brings_sys_param)
{
	test_true(path_size >= 1024);
}

TEST_MAIN
