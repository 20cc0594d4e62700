// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "sandbox/sandbox_internal.h"

/* Files are left alone: whoever else writes there has the same place in them. */
static bool is_own_everywhere(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode));
}

void sandbox_confine_messages(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	if (flags < 0 || !is_own_everywhere(STDERR_FILENO))
		return;
	scope_fd int fd = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (flags & O_ACCMODE) == O_WRONLY)
		return;
	if (fd < 0) {
		/* Another user's terminal. */
		log_warning("messages of drivers are not shown here: standard error cannot be "
			    "opened for writing alone (%s)",
			    strerror(errno));
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	/* A driver does not wait for who reads its messages: they are lost, as ours. */
	fcntl(fd, F_SETFL, (flags & ~O_ACCMODE) | O_NONBLOCK);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		close(STDERR_FILENO);
}
