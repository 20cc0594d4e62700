// SPDX-License-Identifier: MIT
#include "client/discover.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <portico/session.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scope.h"

enum { PATH_SIZE = 4096, SUCCESSOR_TRIES = 20, SUCCESSOR_MS = 10 };

/* Root alone makes folders in /run: whose this one is may serve there. */
static bool is_of_machine(const char *path, uid_t uid)
{
	struct stat run, folder;

	return !strcmp(path, CLIENT_DISCOVER_MACHINE CLIENT_DISCOVER_SOCKET) &&
	       !lstat("/run", &run) && run.st_uid == 0 && !(run.st_mode & 022) &&
	       !lstat(CLIENT_DISCOVER_MACHINE, &folder) && S_ISDIR(folder.st_mode) &&
	       folder.st_uid == uid && !(folder.st_mode & 022);
}

/* The place of the user's session may be in a folder where others make files, too. */
static bool is_squatted(const char *path)
{
	char own[4096];
	struct stat st;

	if (portico_session_get_user_path(own, sizeof(own)) || strcmp(path, own))
		return false;
	*strrchr(own, '/') = 0;
	return !lstat(own, &st) && st.st_uid != geteuid() && st.st_uid != 0;
}

bool client_discover_is_there(const char *path)
{
	return !is_squatted(path) && !access(path, F_OK);
}

err_t client_discover_connect_within(const char *path, unsigned ms, int *ret_socket)
{
	struct fd_peer peer;
	scope_fd int socket = -1;
	err_t err = is_squatted(path) ? -ENOENT
		  : ms		      ? fd_connect_within(path, ms, &socket)
				      : fd_connect(path, &socket);

	if (!err)
		err = fd_peer(socket, &peer);
	if (err) /* nobody can listen where no socket can be */
		return err == -ENAMETOOLONG ? -ENOENT : err;
	if (peer.uid != geteuid() && peer.uid != 0 && !is_of_machine(path, peer.uid)) {
		log_error("registry at %s belongs to user %u: not used", path, (unsigned)peer.uid);
		return -EACCES;
	}
	*ret_socket = take_fd(&socket);
	return 0;
}

err_t client_discover_connect_at(const char *path, int *ret_socket)
{
	return client_discover_connect_within(path, 0, ret_socket);
}

/* The embedded registry is a library next to this one; it stays loaded for good. */
static err_t load_and_connect(int *ret_socket)
{
	static const char name[] = "libPorticoEmbedded.so.1";
	int (*embedded_connect)(int *ret_socket);
	char path[4096];
	Dl_info info;
	void *library = NULL;

	if (dladdr((void *)client_discover_connect, &info) && info.dli_fname) {
		const char *slash = strrchr(info.dli_fname, '/');
		int n = slash ? (int)(slash + 1 - info.dli_fname) : 0;

		if (snprintf(path, sizeof(path), "%.*s%s", n, info.dli_fname, name) <
		    (int)sizeof(path))
			library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	if (!library)
		library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		log_error("no registry is running and %s cannot be loaded: %s", name, dlerror());
		return -ENOTCONN;
	}
	*(void **)&embedded_connect = dlsym(library, "portico_embedded_connect");
	if (!embedded_connect) {
		log_error("%s has no portico_embedded_connect", name);
		return -ENOTCONN;
	}
	return embedded_connect(ret_socket);
}

struct embedded {
	int socket;
	err_t err;
};

static void *run_embedded(void *context)
{
	struct embedded *e = context;

	e->err = load_and_connect(&e->socket);
	return NULL;
}

/* Loading it and starting a session may be too much for the stack of the thread that asks first. */
static err_t connect_embedded(int *ret_socket)
{
	struct embedded e = { .socket = -1 };
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, run_embedded, &e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		run_embedded(&e);
	else
		pthread_join(thread, NULL);
	if (!e.err)
		*ret_socket = e.socket;
	return e.err;
}

/* Nobody there, as opposed to somebody who must not be used. */
static bool is_absent(err_t err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -ENOTDIR;
}

/* A program whose session is not there gets Mach errors that say nothing of it: who set it up must
 * learn why. Once for each cause, and never of a registry that was there before and restarts. */
static void explain(const char *session, err_t err)
{
	static atomic_int explained;

	if (atomic_exchange(&explained, err) == err)
		return;
	log_init("portico", LOG_LEVEL_ERROR);
	log_error("PORTICO_SESSION=%s: %s", session,
		  is_absent(err)
			  ? "no session is there; start it with `portico start`, or unset the "
			    "variable"
			  : strerror(-err));
}

/* A registry that has ended has a successor soon, unless the whole session was killed. */
static err_t connect_patiently(const char *path, int *ret_socket)
{
	err_t err = client_discover_connect_at(path, ret_socket);

	for (int i = 0; err == -ECONNREFUSED && i < SUCCESSOR_TRIES; i++) {
		poll(NULL, 0, SUCCESSOR_MS);
		err = client_discover_connect_at(path, ret_socket);
		/* Just being made anew. */
		if (err == -ENOENT)
			err = -ECONNREFUSED;
	}
	return err;
}

static bool is_passing(err_t err)
{
	return err == -EMFILE || err == -ENOMEM;
}

static err_t connect_named(const char *session, int *ret_socket)
{
	static atomic_bool was_connected;
	err_t err = client_discover_connect_at(session, ret_socket);

	if (!err)
		atomic_store(&was_connected, true);
	else if (!atomic_load(&was_connected))
		explain(session, err);
	return !err || is_passing(err) ? err : -ENOTCONN;
}

static err_t find(char *path, size_t size, int *ret_socket)
{
	err_t err = -ENOENT;

	if (!portico_session_get_user_path(path, size))
		err = connect_patiently(path, ret_socket);
	if (is_absent(err)) {
		snprintf(path, size, "%s", CLIENT_DISCOVER_MACHINE CLIENT_DISCOVER_SOCKET);
		err = connect_patiently(path, ret_socket);
	}
	return err;
}

/*
 * A program stays with the session that it has found: what it knows means nothing in another one. While
 * its registry is away, or when the session has ended, nobody is there.
 */
static err_t connect_found(int *ret_socket)
{
	static char joined[PATH_SIZE];
	static bool is_embedded;
	char path[PATH_SIZE];
	err_t err = -ENOENT;

	if (joined[0]) {
		err = client_discover_connect_at(joined, ret_socket);
		return !err || is_passing(err) ? err : -ENOTCONN;
	}
	if (!is_embedded)
		err = find(path, sizeof(path), ret_socket);
	if (!err)
		strcpy(joined, path);
	if (!is_absent(err) && err != -EACCES)
		return err;
	err = connect_embedded(ret_socket);
	is_embedded = !err;
	return err;
}

err_t client_discover_connect(int *ret_socket)
{
	const char *session = secure_getenv("PORTICO_SESSION");

	if (session && !strcmp(session, "embedded"))
		return connect_embedded(ret_socket);
	return session && *session ? connect_named(session, ret_socket) : connect_found(ret_socket);
}
