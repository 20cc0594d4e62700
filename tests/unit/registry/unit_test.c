// SPDX-License-Identifier: MIT
#include "registry/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

TEST(names_are_escaped_as_systemd_does)
{
	char name[64], small[8];

	test_equal_error(registry_unit_escape("org.portico.driver.A", name, sizeof(name)), 0);
	test_equal_text(name, "org.portico.driver.A");
	test_equal_error(registry_unit_escape(".a/b-c d", name, sizeof(name)), 0);
	test_equal_text(name, "\\x2ea-b\\x2dc\\x20d");
	test_equal_error(registry_unit_escape("too-long-a-name", small, sizeof(small)),
			 -ENAMETOOLONG);
}

TEST(only_a_trusted_socket_is_connected_to)
{
	char path[512];
	int listener, socket;

	snprintf(path, sizeof(path), "%s/a.sock", test_folder());
	test_equal_error(fd_listen(path, &listener), 0);
	test_equal_error(registry_unit_connect(test_folder(), "none", &socket), -ENOENT);
	test_equal_error(registry_unit_connect(test_folder(), "a", &socket), 0);
	close(socket);
	test_equal(chmod(test_folder(), 0777), 0);
	test_equal_error(registry_unit_connect(test_folder(), "a", &socket), -EPERM);
	test_equal(chmod(test_folder(), 0700), 0);
	if (geteuid() == 0) {
		test_equal(chown(path, 12345, 12345), 0);
		test_equal_error(registry_unit_connect(test_folder(), "a", &socket), -EPERM);
	}
	close(listener);
	unlink(path);
}

TEST_MAIN
