// SPDX-License-Identifier: MIT
#include <servers/bootstrap.h>

#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

TEST(service_is_found_by_its_name)
{
	mach_port_t service = MACH_PORT_NULL, found = MACH_PORT_NULL;

	test_equal_error(bootstrap_look_up(bootstrap_port, "org.example.a", &found),
			 BOOTSTRAP_UNKNOWN_SERVICE);
	test_equal_error(bootstrap_check_in(bootstrap_port, "org.example.a", &service),
			 BOOTSTRAP_SUCCESS);
	test_equal(type_of(service), MACH_PORT_TYPE_RECEIVE);
	test_equal_error(bootstrap_look_up(bootstrap_port, "org.example.a", &found),
			 BOOTSTRAP_SUCCESS);
	test_equal(found, service);
	test_equal(refs_of(found, MACH_PORT_RIGHT_SEND), 1);
	test_equal_error(send_word_by(found, MACH_MSG_TYPE_COPY_SEND, 5), MACH_MSG_SUCCESS);
	test_equal(take_word(service), 5);
	test_equal_error(bootstrap_check_in(bootstrap_port, "org.example.a", &found),
			 BOOTSTRAP_SERVICE_ACTIVE);
	destroy_port(service);
	test_equal_error(bootstrap_look_up(bootstrap_port, "org.example.a", &found),
			 BOOTSTRAP_UNKNOWN_SERVICE);
}

TEST(a_port_of_ones_own_is_registered)
{
	mach_port_t port = new_send_port(), found = MACH_PORT_NULL;

	test_equal_error(bootstrap_register(bootstrap_port, "b", port), BOOTSTRAP_SUCCESS);
	test_equal_error(bootstrap_register(bootstrap_port, "b", port), BOOTSTRAP_NAME_IN_USE);
	test_equal_error(bootstrap_look_up(bootstrap_port, "b", &found), BOOTSTRAP_SUCCESS);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
	test_equal_error(bootstrap_register(bootstrap_port, "b", MACH_PORT_NULL),
			 BOOTSTRAP_SUCCESS);
	test_equal_error(bootstrap_look_up(bootstrap_port, "b", &found), BOOTSTRAP_UNKNOWN_SERVICE);
	test_equal_error(bootstrap_register(bootstrap_port, "b", 0x12345678),
			 MACH_SEND_INVALID_RIGHT);
	destroy_port(port);
}

TEST(bad_arguments)
{
	char name[200];
	mach_port_t port;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	test_equal_error(bootstrap_look_up(MACH_PORT_NULL, "a", &port), MACH_SEND_INVALID_DEST);
	test_equal_error(bootstrap_check_in(mach_task_self(), "a", &port), MACH_SEND_INVALID_DEST);
	test_equal_error(bootstrap_check_in(bootstrap_port, name, &port),
			 BOOTSTRAP_UNKNOWN_SERVICE);
	test_equal_error(bootstrap_look_up(bootstrap_port, NULL, &port), BOOTSTRAP_UNKNOWN_SERVICE);
	test_equal_error(bootstrap_look_up(bootstrap_port, "a", NULL), KERN_INVALID_ARGUMENT);
	test_true(strlen(bootstrap_strerror(BOOTSTRAP_UNKNOWN_SERVICE)) > 0);
	test_equal_text(bootstrap_strerror(KERN_INVALID_NAME),
			mach_error_string(KERN_INVALID_NAME));
}

TEST_MAIN
