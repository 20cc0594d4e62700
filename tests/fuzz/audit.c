// SPDX-License-Identifier: MIT
#include "audit.h"

#include <unistd.h>

#include "cf/cf_internal.h"

enum { TURNS = 4 };

struct count {
	long objects;
	int fd; /* the lowest that is free */
};

static struct count count(void)
{
	struct count c = { cf_private_count_objects(), dup(0) };

	if (c.fd >= 0)
		close(c.fd);
	return c;
}

void fuzz_audited(void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size)
{
	struct count before = count(), after;
	int objects = 0, fds = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		run(data, size);
		after = count();
		objects += after.objects > before.objects;
		fds += after.fd > before.fd;
		if (objects <= turn && fds <= turn)
			return;
		before = after;
	}
	fuzz_require(objects < TURNS);
	fuzz_require(fds < TURNS);
}
