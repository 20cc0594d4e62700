// SPDX-License-Identifier: MIT
/* Where sessions are, what others have put there, and what the environment says of it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "arena.h"

enum { NOBODY = 65534, USER = 4242 };

/* --- P-P3 ------------------------------------------------------------------------------------------ */

/* porticod at PATH: -1 it runs (and is ended), else its exit status. */
static int try_registry(const char *path)
{
	int ready[2], status = 0;
	char number[16], byte;

	test_equal(pipe2(ready, O_CLOEXEC), 0);
	snprintf(number, sizeof(number), "%d", ready[1]);
	const char *program = test_built("bin/porticod");
	fflush(stdout);
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		fcntl(ready[1], F_SETFD, 0);
		execl(program, "porticod", "--socket", path, "--no-default-drivers", "--no-bridge",
		      "--ready-fd", number, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	bool runs = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	if (runs)
		kill(pid, SIGTERM);
	test_equal(waitpid(pid, &status, 0), pid);
	test_true(!WIFSIGNALED(status));
	test_true(WEXITSTATUS(status) != 127);
	return runs ? -1 : WEXITSTATUS(status);
}

static void make_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	test_true(f != NULL);
	fputs(text, f);
	fclose(f);
}

static void check_file(const char *path, const char *text)
{
	char read_back[64] = "";
	struct stat st;
	FILE *f;

	test_equal(lstat(path, &st), 0);
	test_true(S_ISREG(st.st_mode));
	f = fopen(path, "re");
	test_true(f && fgets(read_back, sizeof(read_back), f));
	fclose(f);
	test_equal_text(read_back, text);
}

HOSTILE(P_P3, what_stands_at_the_runtime_path)
{
	char path[300], target[300];

	snprintf(path, sizeof(path), "%s/registry.sock", test_folder());
	snprintf(target, sizeof(target), "%s/precious", test_folder());
	make_file(target, "precious");
	/* A file, a folder: somebody else's, not to be replaced. */
	make_file(path, "mine");
	test_true(try_registry(path) > 0);
	check_file(path, "mine");
	unlink(path);
	test_equal(mkdir(path, 0700), 0);
	test_true(try_registry(path) > 0);
	test_equal(rmdir(path), 0);
	/* Links are never followed. */
	test_equal(symlink(target, path), 0);
	test_true(try_registry(path) > 0);
	check_file(target, "precious");
	unlink(path);
	unlink(target);
	test_equal(symlink(target, path), 0);
	test_true(try_registry(path) > 0);
	test_true(access(target, F_OK) < 0);
	unlink(path);
}

static int bind_socket(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	test_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Where somebody listens is his, whatever he listens for; what a dead registry left is replaced. */
HOSTILE(P_P3, sockets_at_the_runtime_path)
{
	static const int types[] = { SOCK_SEQPACKET, SOCK_STREAM };
	char path[300];
	struct stat before, after;

	snprintf(path, sizeof(path), "%s/registry.sock", test_folder());
	for (int i = 0; i < 2; i++) {
		int fd = bind_socket(path, types[i]);

		test_equal(listen(fd, 5), 0);
		test_equal(lstat(path, &before), 0);
		test_true(try_registry(path) > 0);
		test_equal(lstat(path, &after), 0);
		test_equal(after.st_ino, before.st_ino);
		close(fd);
		unlink(path);
	}
	close(bind_socket(path, SOCK_SEQPACKET));
	test_equal(try_registry(path), -1);
	unlink(path);
}

HOSTILE(P_P3, a_server_of_another_user)
{
	char path[300];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	io_service_t service;
	int told[2];
	char byte;

	if (getuid())
		test_skip("only root can be another user");
	test_equal(pipe(told), 0);
	test_equal(chmod(test_folder(), 0777), 0);
	snprintf(path, sizeof(path), "%s/foreign.sock", test_folder());
	strcpy(address.sun_path, path);
	pid_t child = fork();
	if (!child) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		alarm(30);
		if (setgid(NOBODY) || setuid(NOBODY) ||
		    bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 5) ||
		    write(told[1], "l", 1) != 1)
			_exit(2);
		/* Whoever says a word to it has believed it. */
		for (;;) {
			char bytes[4096];
			int peer = accept(fd, NULL, NULL);
			ssize_t n = recv(peer, bytes, sizeof(bytes), 0);

			if (n > 0)
				_exit(3);
			close(peer);
			if (write(told[1], "n", 1) != 1)
				_exit(4);
		}
	}
	close(told[1]);
	test_true(read(told[0], &byte, 1) == 1 && byte == 'l');
	setenv("PORTICO_SESSION", path, 1);
	service = IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("IOService"));
	test_equal(service, 0);
	/* It was asked, and nothing was said to it. */
	test_true(read(told[0], &byte, 1) == 1 && byte == 'n');
	close(told[0]);
	kill(child, SIGKILL);
	test_equal(arena_wait(child), 1000 + SIGKILL);
	test_reset_baseline();
}

/* As the user UID: whom the kernel takes him for. */
static void become_user(uid_t uid)
{
	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		_exit(20);
}

/* A socket at PATH that keeps whoever connects to it waiting. */
static int listen_deafly(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = bind_socket(path, SOCK_SEQPACKET);

	test_equal(listen(fd, 0), 0);
	strcpy(address.sun_path, path);
	for (int i = 0; i < 8; i++) {
		int waiting = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

		test_true(!connect(waiting, (struct sockaddr *)&address, sizeof(address)) ||
			  errno == EAGAIN);
	}
	return fd;
}

/* Somebody else's, where the user's own session would be. */
static void squat(const char *folder, const char *path, int kind)
{
	become_user(NOBODY);
	if (kind == 0 ? symlink(folder, folder) : mkdir(folder, 0755))
		_exit(21);
	if (kind == 1 && symlink(path, path))
		_exit(22);
	if (kind > 1)
		umask(0);
	if (kind == 2)
		test_equal(listen(bind_socket(path, SOCK_STREAM), 5), 0);
	if (kind == 3)
		listen_deafly(path);
}

/* A program without PORTICO_SESSION has a session all the same, and tools say that none runs. */
static void use_own_session(void)
{
	char path[300];
	CFDictionaryRef status;

	alarm(60);
	unsetenv("PORTICO_SESSION");
	setenv("PORTICO_NO_BRIDGE", "1", 1);
	setenv("PORTICO_NO_DEFAULT_DRIVERS", "1", 1);
	if (portico_session_get_user_path(path, sizeof(path)) ||
	    portico_session_copy_status(path, &status) != kIOReturnNotAttached ||
	    portico_session_stop(path) != kIOReturnNotAttached)
		_exit(1);
	_exit(IORegistryGetRootEntry(kIOMainPortDefault) ? 0 : 2);
}

HOSTILE(P_P3, what_others_make_where_a_session_would_be)
{
	char folder[200], path[300];

	if (getuid())
		test_skip("only root can be another user");
	test_equal(chmod(test_folder(), 01777), 0);
	snprintf(folder, sizeof(folder), "%s/portico", test_folder());
	snprintf(path, sizeof(path), "%s/registry.sock", folder);
	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
	for (int kind = 0; kind < 4; kind++) {
		int told[2];
		char byte;

		test_equal(pipe(told), 0);
		pid_t squatter = fork();
		if (!squatter) {
			squat(folder, path, kind);
			if (write(told[1], "s", 1) == 1)
				pause();
			_exit(23);
		}
		close(told[1]);
		test_equal(read(told[0], &byte, 1), 1);
		close(told[0]);
		pid_t program = fork();
		if (!program)
			use_own_session();
		test_equal(arena_wait(program), 0);
		kill(squatter, SIGKILL);
		test_equal(arena_wait(squatter), 1000 + SIGKILL);
		unlink(kind ? path : folder);
		rmdir(folder);
	}
}

HOSTILE(P_P3, a_folder_whose_name_is_too_long_for_sockets)
{
	char folder[400];

	snprintf(folder, sizeof(folder), "%.100s/%0200d", test_folder(), 0);
	test_equal(mkdir(folder, 0700), 0);
	setenv("XDG_RUNTIME_DIR", folder, 1);
	pid_t program = fork();
	if (!program)
		use_own_session();
	test_equal(arena_wait(program), 0);
	test_equal(rmdir(folder), 0);
}

/* The machine's session where /run is ours to play with; the server is ANOTHER's. */
static void use_machine_session(uid_t folders, uid_t another, kern_return_t expected)
{
	static const char folder[] = "/run/portico", path[] = "/run/portico/registry.sock";
	CFDictionaryRef status;
	int ready[2];
	char byte, number[16];

	alarm(60);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, "mode=755") || mkdir(folder, 0755) ||
	    chown(folder, folders, folders) || pipe(ready))
		_exit(10);
	if (folders != another && chmod(folder, 0777))
		_exit(11);
	snprintf(number, sizeof(number), "%d", ready[1]);
	const char *program = test_built("bin/porticod");
	pid_t registry = fork();
	if (!registry) {
		become_user(another);
		execl(program, "porticod", "--system", "--socket", path, "--no-default-drivers",
		      "--no-bridge", "--ready-fd", number, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		_exit(12);
	pid_t user = fork();
	if (!user) {
		become_user(USER);
		setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
		unsetenv("PORTICO_SESSION");
		_exit(portico_session_copy_status(NULL, &status) != expected);
	}
	int result = arena_wait(user);
	kill(registry, SIGTERM);
	arena_wait(registry);
	_exit(result);
}

/* A uid of its own is what packaging/systemd gives the registry: programs must not take it for a stranger. */
HOSTILE(P_P3, the_session_of_the_machine_is_its_folders_owners)
{
	static const struct {
		uid_t folder, server;
		kern_return_t expected;
	} cases[] = { { NOBODY, NOBODY, kIOReturnSuccess },
		      { 0, NOBODY, kIOReturnNotPermitted },
		      { NOBODY, USER + 1, kIOReturnNotPermitted } };

	if (getuid())
		test_skip("only root can be another user");
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();

		if (!child)
			use_machine_session(cases[i].folder, cases[i].server, cases[i].expected);
		int result = arena_wait(child);
		if (result == 10)
			test_skip("no mount namespaces here");
		test_equal(result, 0);
	}
}

/* --- P-D5 -------------------------------------------------------------------------------------------- */

/* Is there a host of the driver, even one that cannot start? */
static const char privileged_source[] =
	"#include <CoreFoundation/CoreFoundation.h>\n#include <IOKit/IOKitLib.h>\n"
	"#include <unistd.h>\n"
	"int main(void) { mach_timespec_t soon = { 20, 0 }; IOKitWaitQuiet(0, &soon);\n"
	"CFTypeRef hosts = IORegistryEntryCreateCFProperty(IORegistryGetRootEntry(0),\n"
	"\tCFSTR(\"PorticoHosts\"), NULL, 0);\n"
	"CFRange at = CFStringFind(CFCopyDescription(hosts), CFSTR(\"test.Methods\"), 0);\n"
	"return (getuid() == geteuid() ? 10 : 20) + (at.location == kCFNotFound); }\n";

/* What PROGRAM ends with when NOBODY runs it with drivers of his own in the environment. */
static int run_with_drivers(const char *program, const char *drivers, bool in_process)
{
	pid_t child = fork();

	if (!child) {
		alarm(60);
		become_user(NOBODY);
		setenv("HOME", "/nowhere", 1);
		setenv("PORTICO_SESSION", "embedded", 1);
		setenv("PORTICO_DRIVERS", drivers, 1);
		setenv("PORTICO_NO_BRIDGE", "1", 1);
		setenv("PORTICO_IN_PROCESS", in_process ? "1" : "0", 1);
		/* Hosts that are set-uid, too, do not find the libraries of a build tree, and say so. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	return arena_wait(child);
}

/* A set-uid program runs no code that the environment of who starts it names. */
HOSTILE(P_D5, drivers_for_a_program_with_privileges)
{
	char drivers[300], command[1200], program[300];

	if (getuid())
		test_skip("only root can make such a program");
	if (test_is_slow())
		test_skip("a sanitizer's library is not found by such programs");
	test_equal(chmod(test_folder(), 0755), 0);
	snprintf(drivers, sizeof(drivers), "%s/drivers", test_folder());
	test_equal(mkdir(drivers, 0755), 0);
	arena_link_bundle(drivers, "Methods.dext");
	snprintf(program, sizeof(program), "%s/program.c", test_folder());
	make_file(program, privileged_source);
	snprintf(command, sizeof(command),
		 "%s cc -framework IOKit -framework CoreFoundation -o %s/program %s",
		 test_built("bin/portico"), test_folder(), program);
	test_equal(system(command), 0);
	*strrchr(program, '.') = 0;
	for (int in_process = 0; in_process < 2; in_process++) {
		test_equal(chmod(program, 0755), 0);
		test_equal(run_with_drivers(program, drivers, in_process), 10);
		test_equal(chmod(program, 04755), 0);
		int result = run_with_drivers(program, drivers, in_process);
		if (result == 10)
			test_skip("such programs have no privileges in this folder");
		test_equal(result, 21);
	}
	snprintf(command, sizeof(command), "rm -r %s/program* %s", test_folder(), drivers);
	test_equal(system(command), 0);
	while (waitpid(-1, NULL, __WALL) > 0) /* hosts that were left to us */
		;
}

TEST_MAIN
