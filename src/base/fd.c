// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/scope.h"

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

int fd_raise(int fd)
{
	int copy =
		fd < 0 || fd > STDERR_FILENO ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (copy < 0)
		return fd;
	fd_close(fd);
	return copy;
}

void fd_fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(fd);
}

err_t fd_dup(int fd, int *ret_fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return err_from_errno();
	*ret_fd = copy;
	return 0;
}

err_t fd_socketpair(int ret_fds[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_from_errno();
	ret_fds[0] = fd_raise(fds[0]);
	ret_fds[1] = fd_raise(fds[1]);
	return 0;
}

static err_t make_address(const char *path, struct sockaddr_un *ret)
{
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(ret->sun_path, path);
	return 0;
}

/* A socket of ours that nobody answers at is left over from a killed server and may go. What else is
 * there belongs to somebody: no file is removed, no link followed, and nobody's full queue waited for. */
static err_t remove_leftover(const char *path, const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_from_errno();
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return -EEXIST;
	scope_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_from_errno();
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return -EADDRINUSE;
	/* Only this says that nobody is there: a socket of another type is somebody's, too. */
	if (errno != ECONNREFUSED)
		return errno == EPROTOTYPE ? -EEXIST : err_from_errno();
	return unlink(path) < 0 && errno != ENOENT ? err_from_errno() : 0;
}

err_t fd_listen(const char *path, int *ret_fd)
{
	struct sockaddr_un address;
	err_t err = make_address(path, &address);

	if (!err)
		err = remove_leftover(path, &address);
	if (err)
		return err;
	scope_fd int fd = fd_raise(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return err_from_errno();
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 128) < 0)
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

/* How long sending, and connecting, may wait; 0: for ever. */
static void limit_waits(int fd, uint64_t ns)
{
	struct timeval t = { .tv_sec = (time_t)(ns / 1000000000),
			     .tv_usec = (suseconds_t)(ns % 1000000000 / 1000) };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* UNTIL: 0: however long it takes. */
static err_t connect_until(const char *path, uint64_t until, int *ret_fd)
{
	struct sockaddr_un address;
	err_t err = make_address(path, &address);

	if (err)
		return err;
	scope_fd int fd = fd_raise(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return err_from_errno();
	do {
		uint64_t now = loop_now_ns();

		if (until)
			limit_waits(fd, until > now + 1000000 ? until - now : 1000000);
		err = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? err_from_errno()
										: 0;
	} while (err == -EINTR && (!until || loop_now_ns() < until));
	if (err)
		return until && (err == -EAGAIN || err == -EINTR) ? -ETIMEDOUT : err;
	if (until)
		limit_waits(fd, 0);
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t fd_connect(const char *path, int *ret_fd)
{
	return connect_until(path, 0, ret_fd);
}

err_t fd_connect_within(const char *path, unsigned ms, int *ret_fd)
{
	return connect_until(path, loop_now_ns() + ms * 1000000ull, ret_fd);
}

err_t fd_accept(int listener, int *ret_fd)
{
	int fd = fd_raise(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

	if (fd < 0)
		return err_from_errno();
	*ret_fd = fd;
	return 0;
}

err_t fd_peer(int socket, struct fd_peer *ret_peer)
{
	struct ucred c;
	socklen_t n = sizeof(c);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0)
		return err_from_errno();
	*ret_peer = (struct fd_peer){ c.pid, c.uid, c.gid };
	return 0;
}

/* The kernel chooses it. Nobody can connect to a socket that does not listen. */
void fd_mark(int socket)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	bind(socket, (struct sockaddr *)&any, sizeof(any.sun_family));
}

bool fd_has_marked_peer(int socket)
{
	struct sockaddr_un name;
	socklen_t size = sizeof(name);

	return !getpeername(socket, (struct sockaddr *)&name, &size) &&
	       size > sizeof(name.sun_family);
}

#ifndef SO_PASSRIGHTS
#if defined(__sparc__)
#define SO_PASSRIGHTS 0x005c
#elif defined(__hppa__)
#define SO_PASSRIGHTS 0x4051
#else
#define SO_PASSRIGHTS 83
#endif
#endif

void fd_pass_rights(int socket, bool wanted)
{
	int value = wanted;

	setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &value, sizeof(value));
}

bool fd_has_unread(int socket)
{
	int bytes = 0;

	/* Who cannot know does not take it for read. */
	return ioctl(socket, SIOCOUTQ, &bytes) < 0 || bytes > 0;
}

bool fd_is_peer_there(int socket)
{
	char first;
	ssize_t n = recv(socket, &first, sizeof(first), MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n < 0 && !fd_is_end(errno));
}

int fd_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout)
{
	struct timespec nap = { .tv_nsec = 10000000 };
	int ready = ppoll(fds, n, timeout, NULL);

	if (ready >= 0 || errno != EINVAL)
		return ready;
	if (timeout && !timeout->tv_sec && timeout->tv_nsec < nap.tv_nsec)
		nap = *timeout;
	nanosleep(&nap, NULL);
	errno = EINVAL;
	return -1;
}

bool fd_is_end(int error)
{
	return error == ECONNRESET || error == ENOTCONN || error == EPIPE || error == EBADF ||
	       error == ENOTSOCK;
}

bool fd_is_hung_up(int socket)
{
	struct pollfd p = { .fd = socket, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL));
}
