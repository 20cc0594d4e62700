// SPDX-License-Identifier: MIT
#include "registry/unit.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scope.h"

enum { UNIT_NAME_SIZE = 256 };

err_t registry_unit_escape(const char *server, char *ret_name, unsigned size)
{
	size_t n = 0;

	for (const char *at = server; *at; at++) {
		unsigned char c = (unsigned char)*at;
		bool is_plain = isalnum(c) || c == ':' || c == '_' || (c == '.' && at > server);

		if (n + 5 > size)
			return -ENAMETOOLONG;
		if (is_plain || c == '/')
			ret_name[n++] = c == '/' ? '-' : (char)c;
		else
			n += (size_t)snprintf(ret_name + n, size - n, "\\x%02x", c);
	}
	ret_name[n] = 0;
	return 0;
}

static bool is_trusted(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

err_t registry_unit_connect(const char *folder, const char *server, int *ret_socket)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[UNIT_NAME_SIZE], file[UNIT_NAME_SIZE + 8];
	struct stat st;
	err_t err = registry_unit_escape(server, name, sizeof(name));

	if (err)
		return err;
	scope_fd int place = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0 || fstat(place, &st))
		return err_from_errno();
	if (!is_trusted(&st) || st.st_mode & 022)
		return -EPERM;
	snprintf(file, sizeof(file), "%s.sock", name);
	if (fstatat(place, file, &st, AT_SYMLINK_NOFOLLOW))
		return err_from_errno();
	if (!S_ISSOCK(st.st_mode) || !is_trusted(&st))
		return -EPERM;
	scope_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_from_errno();
	if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", place,
		     file) >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return err_from_errno();
	*ret_socket = take_fd(&fd);
	return 0;
}
