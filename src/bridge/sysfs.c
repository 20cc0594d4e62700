// SPDX-License-Identifier: MIT
#include "bridge/sysfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"

err_t bridge_sysfs_read(const char *folder, const char *name, char *ret_text, size_t size,
			size_t *ret_size)
{
	char path[BRIDGE_SYSFS_MAX];
	size_t used = 0;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_from_errno();
	while (used < size - 1) {
		ssize_t got = read(fd, ret_text + used, size - 1 - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_from_errno();
		if (got == 0)
			break;
		used += (size_t)got;
	}
	while (used && (ret_text[used - 1] == '\n' || ret_text[used - 1] == ' '))
		used--;
	ret_text[used] = 0;
	if (ret_size)
		*ret_size = used;
	return 0;
}
