// SPDX-License-Identifier: MIT
#include "provider/home.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scope.h"
#include "wire/protocol.h"

enum {
	WAITING = 128
}; /* registries that connected, and may have died since, while we were stopped or had one */

err_t provider_home_listen(const char *socket_path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s%s", socket_path, WIRE_HOSTS_SUFFIX) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	scope_fd int folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || fstat(folder, &st))
		return err_from_errno();
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	scope_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_from_errno();
	/* By the folder's descriptor: the whole path may be too long for a socket. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%d", folder,
		 (int)getpid());
	unlink(address.sun_path); /* of an earlier process with our number */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, WAITING))
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}
