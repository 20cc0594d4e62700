// SPDX-License-Identifier: MIT
#include "provider/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

static char folder[256], path[256], place[512];

static void make_folder(mode_t mode)
{
	snprintf(path, sizeof(path), "%s/s", test_folder());
	snprintf(folder, sizeof(folder), "%s/s.hosts", test_folder());
	snprintf(place, sizeof(place), "%s/%d", folder, (int)getpid());
	test_equal(mkdir(folder, 0700), 0);
	test_equal(chmod(folder, mode), 0);
}

TEST(the_place_has_our_number)
{
	struct fd_peer who;
	int listener, socket;

	make_folder(0700);
	close(open(place, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); /* of an earlier process */
	test_equal_error(provider_home_listen(path, &listener), 0);
	test_equal_error(fd_connect(place, &socket), 0);
	test_equal_error(fd_peer(socket, &who), 0);
	test_equal(who.pid, getpid()); /* who listens */
	close(socket);
	close(listener);
	unlink(place);
}

TEST(a_folder_that_others_may_write_to_is_refused)
{
	int listener;

	make_folder(0770);
	test_equal_error(provider_home_listen(path, &listener), -EPERM);
}

TEST(a_link_is_not_followed)
{
	char link[256];
	int listener;

	make_folder(0700);
	snprintf(path, sizeof(path), "%s/l", test_folder());
	snprintf(link, sizeof(link), "%s/l.hosts", test_folder());
	test_equal(symlink(folder, link), 0);
	test_equal_error(provider_home_listen(path, &listener), -ENOTDIR);
}

/* A host that is stopped sees none of them before it goes on. */
TEST(registries_that_have_died_leave_room_for_the_next)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener;

	make_folder(0700);
	test_equal_error(provider_home_listen(path, &listener), 0);
	test_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s", place) <
		  (int)sizeof(address.sun_path));
	for (int i = 0; i < 100; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		test_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
	}
	close(listener);
	unlink(place);
}

TEST_MAIN
