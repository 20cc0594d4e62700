// SPDX-License-Identifier: MIT
#include "base/foreign.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "crowd.h"
#include "test.h"

enum { SOMEBODY = 12345, SOMEBODY_ELSE = 12346 };

/* More for each thread than fits into a small stack. */
static _Thread_local volatile char large[256 * 1024];

static pthread_mutex_t callers_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_over;

static void lock_caller(void)
{
	pthread_mutex_lock(&callers_lock);
}

static void unlock_caller(void)
{
	pthread_mutex_unlock(&callers_lock);
}

static void *discard_under_lock(void *unused)
{
	large[0]++;
	while (!atomic_load(&is_over)) {
		int fds[2];

		test_equal_error(fd_socketpair(fds), 0);
		lock_caller();
		foreign_discard(fds[0], SOMEBODY);
		unlock_caller();
		close(fds[1]);
	}
	return unused;
}

/* The first one here, as there is an order only between handlers: that of the caller was there before. */
TEST(who_discards_under_a_lock_of_his_own_does_not_stop_forks)
{
	pthread_t thread;

	pthread_atfork(lock_caller, unlock_caller, unlock_caller);
	test_equal(pthread_create(&thread, NULL, discard_under_lock, NULL), 0);
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		test_equal(waitpid(child, NULL, 0), child);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	while (atomic_load(&foreign_n_waiting))
		sched_yield();
}

/* A connection over the network whose other end reads nothing, and that waits for it when it is closed. */
static int lingering(int *ret_far)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct linger patience = { 1, 3600 };
	static char bytes[65536];

	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(near, (struct sockaddr *)&address, size))
		test_skip("no network");
	*ret_far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	while (send(near, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	test_equal(setsockopt(near, SOL_SOCKET, SO_LINGER, &patience, sizeof(patience)), 0);
	return near;
}

static void await_descriptor_gone(int far)
{
	struct pollfd p = { .fd = far };

	/* The connection is broken off when its last descriptor has been closed. */
	while (!(p.revents & (POLLHUP | POLLERR)))
		poll(&p, 1, -1);
	close(far);
}

TEST(what_takes_long_to_close_holds_nobody_up)
{
	int far, fd = lingering(&far);

	test_true(!foreign_is_tame(fd));
	foreign_discard(fd, SOMEBODY);
	await_descriptor_gone(far);
}

static void post(int socket, const void *bytes, size_t size, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .align = { .cmsg_level = SOL_SOCKET,
				 .cmsg_type = SCM_RIGHTS,
				 .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	test_equal(sendmsg(socket, &message, 0), size);
}

/* A file system that has one file and does not answer who closes it. */
static _Noreturn void be_file_system(int fuse)
{
	static union {
		struct fuse_in_header header;
		char bytes[256 * 1024];
	} in;

	/* Nobody can end before it that holds its files, whatever has gone wrong. */
	alarm(120);
	while (read(fuse, &in, sizeof(in)) > 0) {
		struct {
			struct fuse_out_header header;
			union {
				struct fuse_init_out init;
				struct fuse_entry_out entry;
				struct fuse_open_out open;
			} u;
		} out = { .header = { .unique = in.header.unique } };

		switch (in.header.opcode) {
		case FUSE_INIT:
			out.u.init = (struct fuse_init_out){ .major = 7,
							     .minor = 31,
							     .max_write = 4096 };
			out.header.len = sizeof(out.u.init);
			break;
		case FUSE_LOOKUP:
			out.u.entry = (struct fuse_entry_out){
				.nodeid = 2,
				.attr = { .ino = 2, .mode = S_IFREG | 0666, .nlink = 1 }
			};
			out.header.len = sizeof(out.u.entry);
			break;
		case FUSE_OPEN:
			out.header.len = sizeof(out.u.open);
			break;
		default:
			continue;
		}
		out.header.len += sizeof(out.header);
		if (write(fuse, &out, out.header.len) < 0)
			break;
	}
	_exit(0);
}

static void *do_nothing(void *context)
{
	return context;
}

static pid_t mount_mute(const char *folder)
{
	char options[64];
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	if (fuse < 0 || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("mute", folder, "fuse", 0, options))
		test_skip("no file systems of one's own here");
	/* Of a sanitizer one thread comes with the first of ours. */
	pthread_t thread;
	if (!pthread_create(&thread, NULL, do_nothing, NULL))
		pthread_join(thread, NULL);
	pid_t child = fork();
	if (!child)
		be_file_system(fuse);
	close(fuse);
	return child;
}

static int count_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	test_true(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* The file system MUTE has one file: its path. */
static int open_file(void)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/file", test_folder());
	int fd = open(path, O_RDWR | O_CLOEXEC);
	test_true(fd >= 0);
	return fd;
}

/* With its server everything in a file system ends. */
static void unmount(pid_t mute)
{
	kill(mute, SIGKILL);
	test_equal(waitpid(mute, NULL, 0), mute);
	while (atomic_load(&foreign_n_waiting))
		poll(NULL, 0, 1);
	test_equal(umount2(test_folder(), MNT_DETACH), 0);
}

static void allow_descriptors(rlim_t n)
{
	struct rlimit files;

	test_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < n)
		test_skip("too few descriptors");
	files.rlim_cur = n;
	test_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

/* Each descriptor of a file that is closed is told to its file system, and waits for it. */
TEST(files_of_a_mute_file_system_hold_nobody_up)
{
	pid_t mute = mount_mute(test_folder());
	int fd = open_file();

	test_true(!foreign_is_tame(fd));
	foreign_discard(fd, SOMEBODY);
	unmount(mute);
	test_equal(fcntl(fd, F_GETFD), -1);
}

TEST(who_sends_many_of_them_has_few_threads_and_may_send_no_more)
{
	allow_descriptors(16 * 1024);
	pid_t mute = mount_mute(test_folder());
	int before = count_threads(), far, other;

	for (int i = 0; i < FOREIGN_OF_USER; i++) {
		test_true(!foreign_is_crowded(SOMEBODY));
		foreign_discard(open_file(), SOMEBODY);
	}
	test_true(foreign_is_crowded(SOMEBODY));
	test_true(count_threads() <= before + FOREIGN_THREADS_OF_USER);
	/* Nobody else waits for that. */
	test_true(!foreign_is_crowded(SOMEBODY_ELSE) && !foreign_is_crowded(geteuid()));
	other = lingering(&far);
	foreign_discard(other, SOMEBODY_ELSE);
	await_descriptor_gone(far);
	unmount(mute);
	test_true(!foreign_is_crowded(SOMEBODY));
	while (count_threads() != before)
		poll(NULL, 0, 1);
}

TEST(many_users_leave_threads_and_descriptors_for_our_own)
{
	allow_descriptors(16 * 1024);
	pid_t mute = mount_mute(test_folder());
	int before = count_threads(), n = 0, far, own;
	uid_t uid = SOMEBODY;

	for (; !foreign_is_crowded(uid); uid++, n++)
		for (int i = 0; i < 128 && !foreign_is_crowded(uid); i++)
			foreign_discard(open_file(), uid);
	/* 128 of each. */
	test_equal(n, 32);
	test_true(count_threads() <= before + 4 * FOREIGN_THREADS_OF_USER);
	test_true(!foreign_is_crowded(geteuid()));
	own = lingering(&far);
	foreign_discard(own, geteuid());
	await_descriptor_gone(far);
	unmount(mute);
}

TEST(a_process_with_few_descriptors_keeps_fewer)
{
	pid_t mute = mount_mute(test_folder());
	int n = 0;

	allow_descriptors(512);
	for (; !foreign_is_crowded(SOMEBODY); n++)
		foreign_discard(open_file(), SOMEBODY);
	test_equal(n, 64);
	unmount(mute);
}

TEST(a_forked_child_has_nothing_to_close)
{
	pid_t mute = mount_mute(test_folder());

	allow_descriptors(512);
	while (!foreign_is_crowded(SOMEBODY))
		foreign_discard(open_file(), SOMEBODY);
	pid_t child = fork();
	if (!child) {
		/* It cannot end before the file system does. */
		int status = foreign_is_crowded(SOMEBODY) || atomic_load(&foreign_n_waiting);
		kill(mute, SIGKILL);
		_exit(status);
	}
	int status = -1;
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	unmount(mute);
}

TEST(what_lies_unread_in_a_socket_holds_nobody_up)
{
	int far, fds[2], fd = lingering(&far);

	test_equal_error(fd_socketpair(fds), 0);
	post(fds[1], "", 0, -1);
	post(fds[1], "words", 5, fd);
	close(fd);
	test_equal(shutdown(fds[1], SHUT_WR), 0);
	foreign_end(fds[0], SOMEBODY);
	await_descriptor_gone(far);
	close(fds[1]);
}

TEST(a_socket_in_which_nothing_lies_is_closed_at_once)
{
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	foreign_end(fds[0], SOMEBODY);
	test_equal(fcntl(fds[0], F_GETFD), -1);
	test_true(fd_is_hung_up(fds[1]));
	fd_close(fds[1]);
	foreign_end(-1, SOMEBODY);
}

TEST(what_found_no_thread_has_one_when_a_socket_ends)
{
	int fds[2];

	crowd(SOMEBODY);
	test_true(foreign_is_crowded(SOMEBODY));
	test_equal_error(fd_socketpair(fds), 0);
	foreign_end(fds[0], SOMEBODY_ELSE);
	test_await(!atomic_load(&foreign_n_waiting));
	fd_close(fds[1]);
}

TEST(words_are_forgotten_and_descriptors_end_it)
{
	int fds[2], before;

	test_equal_error(fd_socketpair(fds), 0);
	before = test_count_fds();
	test_true(foreign_skip(fds[0], SOMEBODY));
	post(fds[1], "", 0, -1);
	post(fds[1], "words", 5, -1);
	test_true(foreign_skip(fds[0], SOMEBODY));
	/* One at a time. */
	test_equal(recv(fds[0], NULL, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC), 5);
	test_true(foreign_skip(fds[0], SOMEBODY));
	test_equal(recv(fds[0], &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	test_equal(errno, EAGAIN);
	post(fds[1], "words", 5, fds[1]);
	test_true(!foreign_skip(fds[0], SOMEBODY));
	test_equal(test_count_fds(), before);
	close(fds[1]);
	foreign_end(fds[0], SOMEBODY);
	test_equal_error(fd_socketpair(fds), 0);
	close(fds[1]);
	test_true(!foreign_skip(fds[0], SOMEBODY));
	close(fds[0]);
}

TEST(only_ends_of_pairs_of_ones_own_are_fresh)
{
	int fds[2], marked[2];

	test_equal_error(fd_socketpair(fds), 0);
	test_equal_error(fd_socketpair(marked), 0);
	fd_mark(marked[1]);
	test_true(foreign_is_fresh(fds[0]) && foreign_is_fresh(marked[1]));
	test_true(!foreign_is_fresh(marked[0]));
	post(fds[1], "", 0, -1);
	test_true(!foreign_is_fresh(fds[0]));
	test_equal(recv(fds[0], NULL, 0, 0), 0);
	/* Its owner may have gone meanwhile. */
	close(fds[1]);
	test_true(foreign_is_fresh(fds[0]));
	close(fds[0]);
	close(marked[0]);
	close(marked[1]);
}

TEST(a_message_with_descriptors_is_seen_before_it_is_received)
{
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	test_true(!foreign_is_next(fds[0], false));
	post(fds[1], "", 0, -1);
	test_true(!foreign_is_next(fds[0], true));
	test_equal(recv(fds[0], NULL, 0, 0), 0);
	post(fds[1], "", 0, fds[1]);
	test_true(foreign_is_next(fds[0], true) && foreign_is_next(fds[0], false));
	close(fds[1]);
	foreign_end(fds[0], SOMEBODY);
}

/* Sockets for anything but whole messages in order are nobody's channel, and a place is no memory. */
TEST(other_local_sockets_and_places_are_not_tame)
{
	int stream[2], datagram = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int place = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	test_true(!foreign_is_tame(stream[0]) && !foreign_is_tame(datagram));
	test_true(place >= 0 && !foreign_is_tame(place));
	close(place);
	close(datagram);
	close(stream[0]);
	close(stream[1]);
}

TEST(sockets_and_memory_are_tame)
{
	int fds[2], memory = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	test_equal_error(fd_socketpair(fds), 0);
	test_true(foreign_is_tame(fds[0]) && foreign_is_tame(memory) && !foreign_is_tame(file));
	foreign_discard(memory, SOMEBODY);
	test_equal(fcntl(memory, F_GETFD), -1);
	fd_close(file);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

TEST_MAIN
