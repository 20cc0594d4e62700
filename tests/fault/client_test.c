// SPDX-License-Identifier: MIT
/* Every fault that a client can meet, in its own process: an error or success, nothing lost,
 * nothing kept, and the same works right afterwards. */
#include "rise.h"
#include "session.h"
#include "test.h"

static void with_session(uint32_t kinds)
{
	fault_require();
	pid_t registry = fault_session_start(test_built("drivers"));
	test_true(registry > 0);
	test_equal(run_in_child(scenario_wait_quiet), 0);
	test_equal(rise_all(scenarios_of_session, kinds, NULL), 0);
	test_equal(fault_session_stop(registry), 0);
}

TEST(a_client_stands_every_failed_allocation)
{
	with_session(FAULT_ALLOCATIONS);
}

TEST(a_client_stands_every_failed_system_call)
{
	with_session(FAULT_CALLS);
}

int main(int argc, char **argv)
{
	fault_preload(argv);
	return test_main(argc, argv);
}
