// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include "test.h"

static struct host_driver driver;
static struct host_job jobs[3];
static unsigned n_runs[3];

static void run(struct host_job *job)
{
	if (host_driver_hold(&driver, job))
		return;
	n_runs[job - jobs]++;
	/* The first one waits for something, and meanwhile a program opens. */
	if (job == &jobs[0]) {
		host_driver_enter(&driver);
		host_driver_leave(&driver);
	}
}

TEST(what_would_end_a_driver_waits_and_runs_once)
{
	list_init(&driver.held);
	host_driver_enter(&driver);
	host_driver_enter(&driver);
	for (int i = 0; i < 3; i++) {
		list_init(&jobs[i].link);
		jobs[i].fn = run;
		run(&jobs[i]);
	}
	host_driver_leave(&driver);
	test_equal(n_runs[0] + n_runs[1] + n_runs[2], 0);
	host_driver_leave(&driver);
	for (int i = 0; i < 3; i++)
		test_equal(n_runs[i], 1);
}

TEST_MAIN
