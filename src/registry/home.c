// SPDX-License-Identifier: MIT
#include "registry/home.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"

enum { PLACES_MAX = 16384 }; /* looked at; there is one for each host */

static bool make_path(const struct registry *r, char *path, size_t size)
{
	return r->socket_path &&
	       snprintf(path, size, "%s%s", r->socket_path, WIRE_HOSTS_SUFFIX) < (int)size;
}

/* The folder, if it is ours alone. */
static err_t open_folder(const struct registry *r, int *ret_fd)
{
	char path[PATH_MAX];
	struct stat st;

	if (!make_path(r, path, sizeof(path)))
		return -ENAMETOOLONG;
	scope_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return err_from_errno();
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	*ret_fd = take_fd(&fd);
	return 0;
}

void registry_home_init(struct registry *r)
{
	char path[PATH_MAX];
	int fd = -1;
	err_t err = 0;

	if (!r->socket_path)
		return;
	if (make_path(r, path, sizeof(path)) && mkdir(path, 0700) && errno != EEXIST)
		err = err_from_errno();
	if (!err)
		err = open_folder(r, &fd);
	r->has_home = !err;
	if (err)
		log_warning("no folder for hosts to wait in at %s%s: %s", r->socket_path,
			    WIRE_HOSTS_SUFFIX, strerror(-err));
	fd_close(fd);
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
	char place[16], link[20], next[20], known[WIRE_NAME_MAX + 1];
	scope_fd int folder = -1;

	if (!r->socket_path || pid <= 0 || open_folder(r, &folder))
		return;
	snprintf(place, sizeof(place), "%d", (int)pid);
	read_server(folder, place, known, sizeof(known));
	if (!strcmp(known, server))
		return;
	/* In one step: whoever kills this registry may do so at any moment. */
	name_link(link, sizeof(link), place, "");
	name_link(next, sizeof(next), place, "+");
	unlinkat(folder, next, 0);
	if (symlinkat(server, folder, next) || renameat(folder, next, folder, link))
		log_warning("the host of %s will not be known to another registry: %s", server,
			    strerror(errno));
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

typedef void (*place_fn)(struct registry *r, int folder, const char *name);

static void each_place(struct registry *r, place_fn fn)
{
	int fd = -1;
	DIR *folder;

	if (!r->socket_path || open_folder(r, &fd))
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
	each_place(r, gather_host);
}

void registry_home_forget(const struct registry *r, pid_t pid)
{
	char name[16];
	scope_fd int folder = -1;

	if (!r->socket_path || pid <= 0 || open_folder(r, &folder))
		return;
	snprintf(name, sizeof(name), "%d", (int)pid);
	remove_place(folder, name);
}

/* --- bundles ------------------------------------------------------------------------------------ */

/* A link for each identifier, named after it as identifiers may be longer than names, to the path or UNLOADED. */
#define BUNDLE_MARK "@"
#define BUNDLE_LINK BUNDLE_MARK "%016llx"
#define UNLOADED "-"

static uint64_t hash_of(const char *identifier)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *identifier; identifier++)
		hash = (hash ^ (unsigned char)*identifier) * 0x100000001b3u;
	return hash;
}

void registry_home_note_bundle(const struct registry *r, const char *identifier, const char *path)
{
	unsigned long long hash = hash_of(identifier);
	char link[24], next[24];
	scope_fd int folder = -1;

	if (!r->socket_path || open_folder(r, &folder))
		return;
	snprintf(link, sizeof(link), "." BUNDLE_LINK, hash);
	snprintf(next, sizeof(next), "." BUNDLE_LINK "+", hash);
	unlinkat(folder, next, 0);
	if (symlinkat(path ? path : UNLOADED, folder, next) || renameat(folder, next, folder, link))
		log_warning("another registry will not know that %s was %s: %s", identifier,
			    path ? "loaded" : "unloaded", strerror(errno));
}

/* The bundle of that identifier from elsewhere makes room. */
static void recall_bundle(struct registry *r, unsigned long long hash, const char *path)
{
	list_for_each_safe(l, &r->catalogue.bundles) {
		struct registry_bundle *b = container_of(l, struct registry_bundle, link);

		if (hash_of(b->identifier) == hash && strcmp(b->path, path))
			registry_catalogue_remove(&r->catalogue, b);
	}
	if (strcmp(path, UNLOADED))
		registry_catalogue_add(&r->catalogue, path, NULL, NULL);
}

static void recall_link(struct registry *r, int folder, const char *name)
{
	char path[PATH_MAX];
	unsigned long long hash;
	int end = 0;

	ssize_t n = readlinkat(folder, name, path, sizeof(path) - 1);
	if (n <= 0 || sscanf(name, "." BUNDLE_LINK "%n", &hash, &end) != 1 || name[end])
		return;
	path[n] = 0;
	recall_bundle(r, hash, path);
}

static void remove_link(struct registry *r, int folder, const char *name)
{
	if (!strncmp(name, "." BUNDLE_MARK, strlen("." BUNDLE_MARK)))
		unlinkat(folder, name, 0);
}

void registry_home_recall_bundles(struct registry *r)
{
	each_place(r, r->generation ? recall_link : remove_link);
}

void registry_home_fini(struct registry *r)
{
	char path[PATH_MAX];

	if (r->has_home)
		each_place(r, remove_link);
	if (r->has_home && make_path(r, path, sizeof(path)))
		rmdir(path);
}
