// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static const char *in_folder(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	return path;
}

TEST(close_keeps_errno_and_takes_minus_one)
{
	errno = 77;
	test_equal(fd_close(-1), -1);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	test_equal(fd_close(fd), -1);
	test_equal(errno, 77);
	test_equal(fcntl(fd, F_GETFD), -1);
}

TEST(socket_pairs_keep_datagrams_apart)
{
	char buffer[16];
	int fds[2], copy;

	test_equal(fd_socketpair(fds), 0);
	test_true(is_cloexec(fds[0]) && is_cloexec(fds[1]));
	test_equal(send(fds[0], "ab", 2, 0), 2);
	test_equal(send(fds[0], "c", 1, 0), 1);
	test_equal(recv(fds[1], buffer, sizeof(buffer), 0), 2);
	test_equal(recv(fds[1], buffer, sizeof(buffer), 0), 1);
	test_equal(fd_dup(fds[0], &copy), 0);
	test_true(is_cloexec(copy) && copy > 2);
	test_equal(fd_dup(-1, &copy), -EBADF);
	fd_close(copy);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

TEST(hang_up_is_seen_without_reading)
{
	char c;
	int fds[2];

	fd_socketpair(fds);
	test_true(!fd_is_hung_up(fds[0]));
	send(fds[1], "x", 1, 0);
	test_true(!fd_is_hung_up(fds[0]));
	fd_close(fds[1]);
	test_true(fd_is_hung_up(fds[0]));
	test_equal(recv(fds[0], &c, 1, 0), 1);
	fd_close(fds[0]);
}

TEST(connection_knows_its_peer)
{
	const char *path = in_folder("socket");
	int listener, client, server;
	struct fd_peer peer;

	test_equal(fd_connect(path, &client), -ENOENT);
	test_equal(fd_listen(path, &listener), 0);
	test_equal(fd_connect(path, &client), 0);
	test_equal(fd_accept(listener, &server), 0);
	test_true(is_cloexec(listener) && is_cloexec(client) && is_cloexec(server));
	test_equal(fd_peer(server, &peer), 0);
	test_equal(peer.pid, getpid());
	test_equal(peer.uid, geteuid());
	test_equal(peer.gid, getegid());
	test_true(fd_peer(-1, &peer) < 0);
	fd_close(client);
	fd_close(server);
	fd_close(listener);
}

TEST(live_socket_is_not_replaced_a_dead_one_is)
{
	const char *path = in_folder("socket");
	char name[200];
	int listener, second;

	test_equal(fd_listen(path, &listener), 0);
	test_equal(fd_listen(path, &second), -EADDRINUSE);
	fd_close(listener);
	test_equal(fd_connect(path, &second), -ECONNREFUSED);
	test_equal(fd_listen(path, &listener), 0);
	fd_close(listener);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	test_equal(fd_listen(name, &listener), -ENAMETOOLONG);
	test_equal(fd_connect(name, &listener), -ENAMETOOLONG);
}

TEST_MAIN
