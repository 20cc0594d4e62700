// SPDX-License-Identifier: MIT
#include "registry/home.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/notes.h"

enum { PLACES_MAX = 16384 }; /* looked at; there is one for each host */
enum { LOCK_TRIES = 200, LOCK_MS = 5 };

static bool make_path(const char *socket_path, char *path, size_t size)
{
	return snprintf(path, size, "%s%s", socket_path, WIRE_HOSTS_SUFFIX) < (int)size;
}

err_t registry_home_open(const char *socket_path, int *ret_fd)
{
	char path[PATH_MAX];
	struct stat st;

	if (!socket_path)
		return -ENOENT;
	if (!make_path(socket_path, path, sizeof(path)))
		return -ENAMETOOLONG;
	scope_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return err_from_errno();
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t registry_home_link(int folder, const char *name, const char *target)
{
	char next[NAME_MAX + 1];

	snprintf(next, sizeof(next), "%.*s+", NAME_MAX - 1, name);
	unlinkat(folder, next, 0);
	if (symlinkat(target, folder, next) || renameat(folder, next, folder, name))
		return err_from_errno();
	return 0;
}

static err_t make_folder(const char *socket_path, int *ret_fd)
{
	char path[PATH_MAX];

	if (make_path(socket_path, path, sizeof(path)) && mkdir(path, 0700) && errno != EEXIST)
		return err_from_errno();
	return registry_home_open(socket_path, ret_fd);
}

void registry_home_init(struct registry *r)
{
	int fd = -1;
	err_t err = 0;

	if (!r->socket_path)
		return;
	err = make_folder(r->socket_path, &fd);
	r->has_home = !err;
	if (err)
		log_warning("no folder for hosts to wait in at %s%s: %s", r->socket_path,
			    WIRE_HOSTS_SUFFIX, strerror(-err));
	fd_close(fd);
}

/* Is FOLDER still there for others? Who had it before may have removed it. */
static bool is_there(const char *socket_path, int folder)
{
	struct stat mine, theirs;
	scope_fd int now = -1;

	return !registry_home_open(socket_path, &now) && !fstat(folder, &mine) &&
	       !fstat(now, &theirs) && mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev;
}

err_t registry_home_lock(const char *socket_path, int *ret_fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		scope_fd int fd = -1;
		err_t err = make_folder(socket_path, &fd);

		if (!err && flock(fd, LOCK_EX | LOCK_NB))
			err = err_from_errno();
		if (err && err != -EWOULDBLOCK)
			return err;
		if (!err && is_there(socket_path, fd)) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
		poll(NULL, 0, LOCK_MS);
	}
	return -EADDRINUSE;
}

void registry_home_unmake(const char *socket_path)
{
	char path[PATH_MAX];

	if (make_path(socket_path, path, sizeof(path)))
		rmdir(path);
}

/* Beside the place of a host, which is named by its number, a link to the name of its server: what it says
 * of itself to the next registry proves nothing, and in here a host in its sandbox makes nothing. */
static void name_link(char *link, size_t size, const char *place, const char *end)
{
	snprintf(link, size, ".%s%s", place, end);
}

/* "": nobody knows. */
static void read_server(int folder, const char *place, char *server, size_t size)
{
	char link[NAME_MAX + 2];

	name_link(link, sizeof(link), place, "");
	ssize_t n = readlinkat(folder, link, server, size - 1);
	server[n > 0 ? n : 0] = 0;
}

void registry_home_note(const struct registry *r, pid_t pid, const char *server)
{
	char place[16], link[20], known[WIRE_NAME_MAX + 1];
	scope_fd int folder = -1;

	if (pid <= 0 || registry_home_open(r->socket_path, &folder))
		return;
	snprintf(place, sizeof(place), "%d", (int)pid);
	read_server(folder, place, known, sizeof(known));
	if (!strcmp(known, server))
		return;
	name_link(link, sizeof(link), place, "");
	err_t err = registry_home_link(folder, link, server);
	if (err)
		log_warning("the host of %s will not be known to another registry: %s", server,
			    strerror(-err));
}

static void remove_place(int folder, const char *place)
{
	char link[NAME_MAX + 3];

	name_link(link, sizeof(link), place, "");
	unlinkat(folder, link, 0);
	name_link(link, sizeof(link), place, "+");
	unlinkat(folder, link, 0);
	unlinkat(folder, place, 0);
}

/* -EAGAIN: it has enough registries waiting. */
static err_t connect_to(int folder, const char *name, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	scope_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_from_errno();
	if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
		     name) >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

static void gather(struct registry *r, int folder, const char *name)
{
	char server[WIRE_NAME_MAX + 1];
	struct fd_peer who;
	int socket;
	err_t err = connect_to(folder, name, &socket);

	if (err == -ECONNREFUSED)
		remove_place(folder, name); /* of a host that has gone */
	if (err)
		return;
	read_server(folder, name, server, sizeof(server));
	/* Who listens, as the kernel knows it. */
	if (fd_peer(socket, &who) || who.uid != geteuid())
		fd_close(socket);
	else
		registry_peer_new_waiting(r, socket, server);
}

void registry_home_each(struct registry *r, registry_home_fn fn)
{
	int fd = -1;
	DIR *folder;

	if (registry_home_open(r->socket_path, &fd))
		return;
	folder = fdopendir(fd);
	if (!folder) {
		fd_close(fd);
		return;
	}
	for (int i = 0; i < PLACES_MAX; i++) {
		const struct dirent *d = readdir(folder);

		if (!d)
			break;
		fn(r, fd, d->d_name);
	}
	closedir(folder);
}

static void gather_host(struct registry *r, int folder, const char *name)
{
	if (name[0] != '.')
		gather(r, folder, name);
}

void registry_home_gather(struct registry *r)
{
	registry_home_each(r, gather_host);
}

void registry_home_end_absent(struct registry *r, const char *server)
{
	list_for_each(l, &r->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (p->role || !p->waits_as || (server && strcmp(p->waits_as, server)))
			continue;
		log_warning("host of %s (process %d) has not come back; it is ended", p->waits_as,
			    (int)p->subject.who.pid);
		registry_subject_kill(&p->subject, wire_peer_socket(p->wire));
		registry_home_forget(r, p->subject.who.pid);
	}
}

void registry_home_forget(const struct registry *r, pid_t pid)
{
	char name[16];
	scope_fd int folder = -1;

	if (pid <= 0 || registry_home_open(r->socket_path, &folder))
		return;
	snprintf(name, sizeof(name), "%d", (int)pid);
	remove_place(folder, name);
}

void registry_home_fini(struct registry *r)
{
	scope_fd int lock = -1;
	struct stat st;

	if (!r->has_home)
		return;
	registry_home_lock(r->socket_path, &lock);
	/* Of a registry that came while our hosts ended: the folder is its by now. */
	if (!lstat(r->socket_path, &st) && S_ISSOCK(st.st_mode))
		return;
	registry_notes_forget(r);
	registry_home_unmake(r->socket_path);
}
