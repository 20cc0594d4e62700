// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scope.h"

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
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
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
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

err_t fd_listen(const char *path, int *ret_fd)
{
	struct sockaddr_un address;
	int live;
	err_t err = make_address(path, &address);

	if (err)
		return err;
	if (!fd_connect(path, &live)) {
		fd_close(live);
		return -EADDRINUSE;
	}
	scope_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno();
	/* Nobody answers there: what is left over from a killed server may go. */
	if (unlink(path) < 0 && errno != ENOENT)
		return err_from_errno();
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 128) < 0)
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t fd_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un address;
	err_t err = make_address(path, &address);

	if (err)
		return err;
	scope_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno();
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		if (errno != EINTR)
			return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t fd_accept(int listener, int *ret_fd)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

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

bool fd_is_hung_up(int socket)
{
	struct pollfd p = { .fd = socket, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL));
}
