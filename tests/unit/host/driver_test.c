// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include "test.h"

/* A driver's operation that is under way. */
static struct host_driver driver;
static struct host_job first, second;
static int n_first, n_second;

static void run_second(struct host_job *job)
{
	if (!host_driver_hold(&driver, job))
		n_second++;
}

/* What ends the driver waits for something, and meanwhile a program opens. */
static void run_first(struct host_job *job)
{
	if (host_driver_hold(&driver, job))
		return;
	n_first++;
	host_driver_enter(&driver);
	host_driver_leave(&driver);
}

TEST(what_would_end_a_driver_waits_and_runs_once)
{
	list_init(&driver.held);
	list_init(&first.link);
	list_init(&second.link);
	first.fn = run_first;
	second.fn = run_second;
	host_driver_enter(&driver);
	host_driver_enter(&driver);
	run_first(&first);
	run_second(&second);
	host_driver_leave(&driver);
	test_equal(n_first + n_second, 0);
	host_driver_leave(&driver);
	test_equal(n_first, 1);
	test_equal(n_second, 1);
	test_true(list_is_empty(&driver.held));
}

TEST_MAIN
