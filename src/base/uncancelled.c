// SPDX-License-Identifier: MIT
/*
 * The libraries' own calls of the C library are no cancellation points: as on macOS, a thread that a program cancels
 * while it is inside one of our functions is cancelled where the program itself next calls one. Else it would go with
 * locks held, and with calls under way that others find on its stack.
 *
 * The linker puts these in the place of what the libraries call (lib/meson.build, --wrap). They are a section of their
 * own with frame pointers, so that who looks for the caller of a C library's function can tell them and go on to theirs.
 */
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#define OWN_SECTION __attribute__((section("calls_on")))

#define UNCANCELLED(type, name, parameters, arguments) \
	type __real_##name parameters; \
	OWN_SECTION type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		int before; \
\
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); \
		type result = __real_##name arguments; \
		pthread_setcancelstate(before, NULL); \
		return result; \
	}

UNCANCELLED(int, close, (int fd), (fd))
UNCANCELLED(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n))
UNCANCELLED(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n))
UNCANCELLED(ssize_t, pread64, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
UNCANCELLED(ssize_t, pwrite64, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
UNCANCELLED(int, msync, (void *at, size_t n, int flags), (at, n, flags))

UNCANCELLED(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
UNCANCELLED(int, accept4, (int fd, struct sockaddr *from, socklen_t *n, int flags),
	    (fd, from, n, flags))
UNCANCELLED(ssize_t, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags))
UNCANCELLED(ssize_t, sendto,
	    (int fd, const void *from, size_t n, int flags, const struct sockaddr *to,
	     socklen_t size),
	    (fd, from, n, flags, to, size))
UNCANCELLED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
	    (fd, message, flags))
UNCANCELLED(ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
UNCANCELLED(ssize_t, recvfrom,
	    (int fd, void *to, size_t n, int flags, struct sockaddr *from, socklen_t *size),
	    (fd, to, n, flags, from, size))
UNCANCELLED(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
UNCANCELLED(int, getaddrinfo,
	    (const char *node, const char *service, const struct addrinfo *hints,
	     struct addrinfo **results),
	    (node, service, hints, results))

UNCANCELLED(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
UNCANCELLED(int, ppoll,
	    (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
	    (fds, n, timeout, mask))
UNCANCELLED(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout),
	    (fd, events, n, timeout))
UNCANCELLED(int, nanosleep, (const struct timespec *t, struct timespec *left), (t, left))
UNCANCELLED(int, clock_nanosleep,
	    (clockid_t clock, int flags, const struct timespec *t, struct timespec *left),
	    (clock, flags, t, left))
UNCANCELLED(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options),
	    (type, id, info, options))
UNCANCELLED(int, pthread_join, (pthread_t thread, void **value), (thread, value))
UNCANCELLED(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex),
	    (condition, mutex))
UNCANCELLED(int, pthread_cond_timedwait,
	    (pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *until),
	    (condition, mutex, until))

UNCANCELLED(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags))
UNCANCELLED(FILE *, fopen64, (const char *path, const char *mode), (path, mode))
UNCANCELLED(char *, fgets, (char *to, int n, FILE *f), (to, n, f))
UNCANCELLED(int, fclose, (FILE * f), (f))

/* With a mode or without one: the C library, too, takes it from there at any rate. */
int __real_open64(const char *path, int flags, ...);
OWN_SECTION int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list more;
	int before;

	va_start(more, flags);
	mode_t mode = va_arg(more, mode_t);
	va_end(more);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	int fd = __real_open64(path, flags, mode);
	pthread_setcancelstate(before, NULL);
	return fd;
}

int __real_openat64(int folder, const char *path, int flags, ...);
OWN_SECTION int __wrap_openat64(int folder, const char *path, int flags, ...);
int __wrap_openat64(int folder, const char *path, int flags, ...)
{
	va_list more;
	int before;

	va_start(more, flags);
	mode_t mode = va_arg(more, mode_t);
	va_end(more);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	int fd = __real_openat64(folder, path, flags, mode);
	pthread_setcancelstate(before, NULL);
	return fd;
}
