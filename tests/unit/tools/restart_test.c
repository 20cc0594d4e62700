// SPDX-License-Identifier: MIT
/* What the command makes of what a session says: here the session's functions are the test's. */
#include <stdlib.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "test.h"
#include "tools/tools.h"

enum { HOSTS = 3, LATE = 4 };

static int n_asked, n_restarts;

/* All hosts, and after the restart one more with each question. */
kern_return_t portico_session_copy_status(const char *path, CFDictionaryRef *ret_status)
{
	CFMutableArrayRef hosts = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	const void *keys[] = { CFSTR("State") }, *up[] = { CFSTR("up") },
		   *off[] = { CFSTR("stopped") };
	const void *name[] = { CFSTR("Hosts") };
	const void *values[] = { hosts };

	n_asked++;
	for (int i = 0; i < HOSTS; i++) {
		bool is_up = !n_restarts || i < n_asked - LATE + 1;
		CFDictionaryRef host = CFDictionaryCreate(NULL, keys, is_up ? up : off, 1,
							  &kCFTypeDictionaryKeyCallBacks,
							  &kCFTypeDictionaryValueCallBacks);

		CFArrayAppendValue(hosts, host);
		CFRelease(host);
	}
	*ret_status = CFDictionaryCreate(NULL, name, values, 1, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
	CFRelease(hosts);
	return 0;
}

kern_return_t portico_session_restart(const char *path)
{
	test_equal_text(path, "/the/socket");
	test_equal(n_asked, 1);
	n_restarts++;
	return 0;
}

TEST(the_hosts_are_waited_for)
{
	char name[] = "restart", *arguments[] = { name, NULL };

	setenv("PORTICO_SESSION", "/the/socket", 1);
	test_equal(tools_restart.run(1, arguments), 0);
	test_equal(n_restarts, 1);
	test_equal(n_asked, LATE + HOSTS - 1);
}

TEST_MAIN
