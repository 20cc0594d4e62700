// SPDX-License-Identifier: MIT
/* Whose registries are used. That sessions are gone or refused is service_test's. */
#include "client/discover.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

enum { SERVER = 2000, OTHER = 3000 };
#define MACHINE CLIENT_DISCOVER_MACHINE CLIENT_DISCOVER_SOCKET

/* A process of another user that listens at PATH until it is killed. */
static pid_t listen_as(uid_t uid, const char *path)
{
	int ready[2], listener;
	char byte;

	test_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgid(uid) || setuid(uid) || fd_listen(path, &listener) || chmod(path, 0777) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	test_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static err_t try(const char *path)
{
	int fd = -1;
	err_t err = client_discover_connect_at(path, &fd);

	if (fd >= 0)
		close(fd);
	return err;
}

/* Of a /run that this process alone has. */
TEST(the_machines_registry_is_who_owns_its_folder)
{
	if (geteuid())
		test_skip("needs root");
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, "mode=755"))
		test_skip("this system gives nobody folders of his own");
	test_equal(mkdir(CLIENT_DISCOVER_MACHINE, 0755), 0);
	test_equal(chown(CLIENT_DISCOVER_MACHINE, SERVER, SERVER), 0);
	pid_t server = listen_as(SERVER, MACHINE);
	test_equal_error(try(MACHINE), 0);
	/* Whoever could have put it there instead. */
	test_equal(chown(CLIENT_DISCOVER_MACHINE, OTHER, OTHER), 0);
	test_equal_error(try(MACHINE), -EACCES);
	test_equal(chown(CLIENT_DISCOVER_MACHINE, SERVER, SERVER), 0);
	test_equal(chmod(CLIENT_DISCOVER_MACHINE, 0777), 0);
	test_equal_error(try(MACHINE), -EACCES);
	test_equal(chmod(CLIENT_DISCOVER_MACHINE, 0755), 0);
	test_equal(chmod("/run", 01777), 0);
	test_equal_error(try(MACHINE), -EACCES);
	test_equal(chmod("/run", 0755), 0);
	/* The same one by another way. */
	test_equal(symlink(CLIENT_DISCOVER_MACHINE, "/run/other"), 0);
	test_equal_error(try("/run/other" CLIENT_DISCOVER_SOCKET), -EACCES);
	test_equal_error(try(MACHINE), 0);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static char place[100];

static void *succeed(void *ret_listener)
{
	usleep(50000);
	test_equal_error(fd_listen(place, ret_listener), 0);
	return NULL;
}

/* What a registry that was killed has left: its successor is on its way. */
TEST(a_successor_is_waited_for)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int left = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), listener = -1, fd;
	pthread_t successor;

	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
	unsetenv("PORTICO_SESSION");
	snprintf(place, sizeof(place), "%s/portico", test_folder());
	test_equal(mkdir(place, 0700), 0);
	strcat(place, CLIENT_DISCOVER_SOCKET);
	strcpy(address.sun_path, place);
	test_equal(bind(left, (struct sockaddr *)&address, sizeof(address)), 0);
	close(left);
	test_equal(pthread_create(&successor, NULL, succeed, &listener), 0);
	test_equal_error(client_discover_connect(&fd), 0);
	pthread_join(successor, NULL);
	close(fd);
	close(listener);
}

TEST_MAIN
