// SPDX-License-Identifier: MIT
#include "registry/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What systemd-analyze says of the packaged unit NAME, with this build's programs; "": nothing. */
static void verify(const char *name, char *said, size_t size)
{
	char command[2048], built[512];

	snprintf(built, sizeof(built), "%s", test_built("bin"));
	snprintf(command, sizeof(command),
		 "sed 's|=[^ ]*/portico|=%s/portico|' %s/%s >%s/%s && cd %s && "
		 "systemd-analyze verify --man=no ./%s 2>&1 | grep portico",
		 built, test_built("packaging/systemd"), name, test_folder(), name, test_folder(),
		 name);
	FILE *f = popen(command, "re");
	test_true(f != NULL);
	said[fread(said, 1, size - 1, f)] = 0;
	pclose(f);
}

TEST(systemd_understands_the_units)
{
	const char *names[] = { "porticod.service", "portico-host@.service" };
	char said[4096];

	if (system("command -v systemd-analyze >/dev/null"))
		test_skip("no systemd-analyze");
	for (int i = 0; i < 2; i++) {
		verify(names[i], said, sizeof(said));
		test_equal_text(said, "");
	}
}

TEST_MAIN
