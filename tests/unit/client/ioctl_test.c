// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "test.h"

int portico_ioctl(int fd, unsigned long request, ...);

TEST(other_requests_pass_through)
{
	int ends[2], n = -1;

	test_equal(pipe(ends), 0);
	test_equal(write(ends[1], "abc", 3), 3);
	test_equal(portico_ioctl(ends[0], FIONREAD, &n), 0);
	test_equal(n, 3);
	close(ends[0]);
	close(ends[1]);
}

TEST(requests_for_dtr_reach_the_line)
{
	int ends[2];

	/* No terminal: the translated request says so. A pseudo-terminal has no such line. */
	test_equal(pipe(ends), 0);
	test_equal(portico_ioctl(ends[0], 0x20007479), -1);
	test_equal(errno, ENOTTY);
	test_equal(portico_ioctl(-1, 0x20007478), -1);
	test_equal(errno, EBADF);
	close(ends[0]);
	close(ends[1]);
}

TEST_MAIN
