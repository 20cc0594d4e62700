// SPDX-License-Identifier: MIT
#include "port_test.h"

TEST(k13_names_are_sparse_and_not_used_again)
{
	enum { N = 20000 };
	mach_port_t last = 0;
	size_t before = port_count_names();

	for (int i = 0; i < N; i++) {
		mach_port_t name;

		mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &name);
		test_true(name > 0xffff && name != MACH_PORT_DEAD);
		test_true(name != last && name != last + 1);
		last = name;
		mach_port_deallocate(mach_task_self(), name);
		test_equal(type_of(last), 0);
	}
	test_equal(port_count_names(), before);
}

TEST(many_names_live_at_once)
{
	enum { N = 5000 };
	static mach_port_t names[N];
	size_t before = port_count_names();

	for (int i = 0; i < N; i++)
		names[i] = new_port();
	test_equal(port_count_names(), before + N);
	for (int i = 0; i < N; i++) {
		test_equal(type_of(names[i]), MACH_PORT_TYPE_RECEIVE);
		destroy_port(names[i]);
	}
	test_equal(port_count_names(), before);
}

TEST_MAIN
