// SPDX-License-Identifier: MIT
/* This program is linked as the libraries are: its own calls are the functions that are tested. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static int read_link[2], sockets[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void *nothing(void *context)
{
	return context;
}

/* Functions of their own: the address sanitizer takes what is in scope where a thread is cancelled for lost. */
static __attribute__((noinline)) void use_files(void)
{
	char bytes[8];
	FILE *f;
	int fd;

	test_equal(write(read_link[1], "12345678", 8), 8);
	test_equal(read(read_link[0], bytes, 8), 8);
	fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	test_true(fd >= 0 && pread(fd, bytes, 8, 0) == 8);
	close(fd);
	fd = openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC);
	test_true(fd >= 0 && pwrite(fd, bytes, 8, 0) == 8);
	close(fd);
	f = fopen("/proc/self/stat", "re");
	test_true(f && fgets(bytes, sizeof(bytes), f));
	fclose(f);
	test_equal(getrandom(bytes, 8, 0), 8);
}

static __attribute__((noinline)) void use_sockets(void)
{
	char bytes[8];
	struct iovec iov = { bytes, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct epoll_event event;
	struct pollfd p = { .fd = sockets[0], .events = POLLOUT };

	test_equal(send(sockets[0], "1", 1, 0), 1);
	test_equal(recv(sockets[1], bytes, 1, 0), 1);
	test_equal(sendto(sockets[0], "1", 1, 0, NULL, 0), 1);
	test_equal(recvfrom(sockets[1], bytes, 1, 0, NULL, NULL), 1);
	test_equal(sendmsg(sockets[0], &message, 0), 1);
	test_equal(recvmsg(sockets[1], &message, 0), 1);
	test_equal(connect(-1, NULL, 0), -1);
	test_equal(accept4(-1, NULL, NULL, 0), -1);
	test_equal(poll(&p, 1, -1), 1);
	test_equal(ppoll(&p, 1, NULL, NULL), 1);
	test_equal(epoll_wait(-1, &event, 1, 0), -1);
}

static __attribute__((noinline)) void wait_for_a_moment(void)
{
	struct timespec t = { .tv_nsec = 1 };
	struct timespec past = { .tv_nsec = 1 };
	siginfo_t ended;
	pthread_t thread;
	void *value = NULL;

	test_equal(nanosleep(&t, NULL), 0);
	test_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), 0);
	test_equal(pthread_create(&thread, NULL, nothing, &t), 0);
	test_equal(pthread_join(thread, &value), 0);
	test_true(value == &t);
	pthread_mutex_lock(&lock);
	test_equal(pthread_cond_timedwait(&condition, &lock, &past), ETIMEDOUT);
	pthread_mutex_unlock(&lock);
	test_equal(waitid(P_PID, (id_t)getpid(), &ended, WEXITED), -1);
}

static void *cancel_itself(void *reached)
{
	pthread_cancel(pthread_self());
	use_files();
	use_sockets();
	wait_for_a_moment();
	*(bool *)reached = true;
	pthread_testcancel();
	return NULL;
}

TEST(a_thread_that_is_cancelled_goes_on_to_a_point_of_its_own)
{
	bool reached = false;
	pthread_t thread;
	void *value = NULL;

	test_equal(pipe2(read_link, O_CLOEXEC), 0);
	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	test_equal(pthread_create(&thread, NULL, cancel_itself, &reached), 0);
	test_equal(pthread_join(thread, &value), 0);
	test_true(reached);
	test_true(value == PTHREAD_CANCELED);
	for (int i = 0; i < 2; i++) {
		close(read_link[i]);
		close(sockets[i]);
	}
}

TEST_MAIN
