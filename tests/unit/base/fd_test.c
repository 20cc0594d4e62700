// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

TEST(what_stands_at_a_standard_number_moves)
{
	int before = dup(STDIN_FILENO), fd;

	close(STDIN_FILENO);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	test_equal(fd, STDIN_FILENO);
	fd = fd_raise(fd);
	test_true(fd > STDERR_FILENO && is_cloexec(fd));
	test_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	test_equal(fd_raise(fd), fd);
	test_equal(fd_raise(-1), -1);
	fd_fill_standard();
	test_equal(fcntl(STDIN_FILENO, F_GETFD), 0);
	fd_close(fd);
	dup2(before, STDIN_FILENO);
	fd_close(before);
}

TEST(a_peer_is_there_until_it_hangs_up)
{
	int fds[2];

	test_equal(fd_socketpair(fds), 0);
	test_true(fd_is_peer_there(fds[0]));
	test_equal(send(fds[1], "1", 1, 0), 1);
	test_true(fd_is_peer_there(fds[0]));
	char byte;
	test_equal(recv(fds[0], &byte, 1, 0), 1);
	fd_close(fds[1]);
	test_true(!fd_is_peer_there(fds[0]));
	fd_close(fds[0]);
	test_true(!fd_is_peer_there(fds[0]));
	fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	test_true(!fd_is_peer_there(fds[0]));
	fd_close(fds[0]);
}

TEST(some_errors_end_a_socket_others_pass)
{
	const int ends[] = { ECONNRESET, ENOTCONN, EPIPE, EBADF, ENOTSOCK };
	const int passes[] = { EAGAIN, EINTR, ENOMEM, ENOBUFS };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		test_true(fd_is_end(ends[i]));
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
		test_true(!fd_is_end(passes[i]));
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

static ssize_t send_one_descriptor(int socket)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (char[]){ 'x' }, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &socket, sizeof(int));
	return sendmsg(socket, &m, MSG_NOSIGNAL);
}

TEST(descriptors_may_be_kept_out)
{
	int fds[2];

	test_equal(fd_socketpair(fds), 0);
	test_equal(send_one_descriptor(fds[0]), 1);
	fd_pass_rights(fds[1], false);
	if (send_one_descriptor(fds[0]) == 1)
		test_skip("the kernel knows no SO_PASSRIGHTS");
	test_equal(errno, EPERM);
	fd_pass_rights(fds[1], true);
	test_equal(send_one_descriptor(fds[0]), 1);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

TEST(servers_ends_are_marked)
{
	struct sockaddr_un name;
	socklen_t size = sizeof(name);
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	test_true(!fd_has_marked_peer(fds[0]) && !fd_has_marked_peer(fds[1]));
	fd_mark(fds[1]);
	test_true(fd_has_marked_peer(fds[0]) && !fd_has_marked_peer(fds[1]));
	/* The name is nobody's way in. */
	test_equal(getsockname(fds[1], (struct sockaddr *)&name, &size), 0);
	int other = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	test_equal(connect(other, (struct sockaddr *)&name, size), -1);
	test_equal(errno, ECONNREFUSED);
	close(other);
	close(fds[1]);
	test_true(fd_has_marked_peer(fds[0]));
	close(fds[0]);
}

TEST(what_is_unread_is_seen)
{
	int fds[2];
	char c;

	test_equal(fd_socketpair(fds), 0);
	test_true(!fd_has_unread(fds[0]));
	test_equal(send(fds[0], "x", 1, 0), 1);
	test_true(fd_has_unread(fds[0]) && !fd_has_unread(fds[1]));
	test_equal(recv(fds[1], &c, 1, 0), 1);
	test_true(!fd_has_unread(fds[0]));
	test_equal(send(fds[0], "x", 1, 0), 1);
	fd_close(fds[1]);
	test_true(!fd_has_unread(fds[0]));
	fd_close(fds[0]);
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

/* A server that is stopped accepts nobody, and its queue fills. */
TEST(who_cannot_wait_for_a_full_queue_need_not)
{
	const char *path = in_folder("socket");
	int listener, fds[2], one;

	test_equal(fd_listen(path, &listener), 0);
	test_equal(listen(listener, 0), 0);
	test_equal(fd_connect_within(path, 1000, &fds[0]), 0);
	test_equal(fd_connect_within(path, 10, &fds[1]), -ETIMEDOUT);
	test_equal(fd_accept(listener, &one), 0);
	test_equal(fd_connect_within(path, 1000, &fds[1]), 0);
	fd_close(one);
	fd_close(fds[0]);
	fd_close(fds[1]);
	fd_close(listener);
}

/* Whoever listens for something else is alive, too. */
TEST(live_socket_of_another_type_is_not_replaced)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener;

	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);

		test_true(strlen(in_folder("foreign")) < sizeof(address.sun_path));
		strcpy(address.sun_path, in_folder("foreign"));
		test_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		test_true(types[i] == SOCK_DGRAM || !listen(fd, 1));
		test_equal(fd_listen(address.sun_path, &listener), -EEXIST);
		test_equal(access(address.sun_path, F_OK), 0);
		fd_close(fd);
		/* Nobody is there any more. */
		test_equal(fd_listen(address.sun_path, &listener), 0);
		fd_close(listener);
		unlink(address.sun_path);
	}
}

/* P-P3: nothing that is not ours is removed, no link is followed. */
TEST(what_else_is_at_the_path_stays)
{
	char path[600], other[600];
	int listener, second;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s", in_folder("socket"));
	snprintf(other, sizeof(other), "%s", in_folder("other"));
	f = fopen(path, "we");
	test_true(f != NULL && fclose(f) == 0);
	test_equal(fd_listen(path, &listener), -EEXIST);
	test_true(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
	unlink(path);
	test_equal(mkdir(path, 0700), 0);
	test_equal(fd_listen(path, &listener), -EEXIST);
	rmdir(path);
	test_equal(symlink(other, path), 0);
	test_equal(fd_listen(path, &listener), -EEXIST);
	test_equal(fd_listen(other, &listener), 0);
	test_equal(fd_listen(path, &second), -EEXIST);
	fd_close(listener);
	unlink(path);
	test_equal(rename(other, path), 0);
	if (geteuid() == 0) {
		test_equal(chown(path, 12345, 12345), 0);
		test_equal(fd_listen(path, &listener), -EEXIST);
		test_equal(chown(path, 0, 0), 0);
	}
	test_equal(fd_listen(path, &listener), 0);
	fd_close(listener);
}

TEST(a_poll_without_descriptors_takes_some_time)
{
	struct pollfd p = { .fd = STDERR_FILENO };
	struct timespec before, after;

	if (getenv("PORTICO_TEST_SLOW"))
		test_skip("valgrind keeps the limit to itself");
	rlim_t limit = test_use_up_descriptors(false);
	clock_gettime(CLOCK_MONOTONIC, &before);
	test_equal(fd_poll(&p, 1, NULL), -1);
	test_equal(errno, EINVAL);
	test_equal(fd_poll(&p, 1, &(struct timespec){ .tv_nsec = 1000 }), -1);
	clock_gettime(CLOCK_MONOTONIC, &after);
	test_true(after.tv_sec > before.tv_sec || after.tv_nsec - before.tv_nsec >= 10000000);
	test_give_descriptors_back(limit);
	test_equal(fd_poll(&p, 1, &(struct timespec){ .tv_nsec = 1000 }), 0);
}

TEST_MAIN
