// SPDX-License-Identifier: MIT
/* Users of whom too many descriptors wait to be closed (base/foreign.h). */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include "base/foreign.h"
#include "test.h"

/* No thread can be started meanwhile, for there is no room for its stack. */
static inline void crowd(uid_t uid)
{
	struct rlimit room, none;

	if (test_is_slow())
		test_skip("a sanitizer ends where there is no room for a thread");
	test_equal(getrlimit(RLIMIT_AS, &room), 0);
	none = (struct rlimit){ 0, room.rlim_max };
	test_equal(setrlimit(RLIMIT_AS, &none), 0);
	while (!foreign_is_crowded(uid)) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		test_true(fd >= 0);
		foreign_discard(fd, uid);
	}
	test_equal(setrlimit(RLIMIT_AS, &room), 0);
}

/* The next descriptor starts one. */
static inline void uncrowd(uid_t uid)
{
	foreign_discard(open("/dev/null", O_RDONLY | O_CLOEXEC), uid);
	while (atomic_load(&foreign_n_waiting))
		sched_yield();
	test_true(!foreign_is_crowded(uid));
}
