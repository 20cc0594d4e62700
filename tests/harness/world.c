// SPDX-License-Identifier: MIT
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "test.h"

enum { OPTIONS_MAX = 8 };

static struct {
	const char *options[OPTIONS_MAX]; /* of porticod, besides the usual ones */
	unsigned n_options;
	unsigned heartbeat_ms; /* 0: the usual */
	int log;	       /* 0: a file */
	char socket[512];
	char drivers[512];
	pid_t registry;
} world;

static int64_t count_names(void)
{
	extern size_t port_count_names(void);

	return (int64_t)port_count_names();
}

static int64_t count_objects(void)
{
	extern long cf_private_count_objects(void);

	return cf_private_count_objects();
}

const struct test_leak_hook test_leak_hooks[] = {
	{ "number of port names", count_names },
	{ "number of CF objects", count_objects },
	{ NULL, NULL },
};

static const char *mode(void)
{
	const char *m = getenv("PORTICO_TEST_MODE");

	return m ? m : "daemon";
}

bool world_is_daemon(void)
{
	return !strcmp(mode(), "daemon");
}

bool world_is_in_process(void)
{
	return !strcmp(mode(), "in-process");
}

const char *world_socket(void)
{
	return world.socket;
}

pid_t world_registry_pid(void)
{
	return world.registry;
}

static const char *log_path(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/registry.log", test_folder());
	return path;
}

static bool log_has(const char *text)
{
	char line[2048];
	bool found = false;
	FILE *f = fopen(log_path(), "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return found;
}

/* What was charged to peers and never given back (base/account.h). */
static void check_accounts(void)
{
	if (log_has("the account of "))
		test_fail(__FILE__, __LINE__, "an account was wrong: see the registry's log");
}

void world_await_log(const char *text)
{
	uint64_t begun = 0;
	bool found;

	while (!(found = log_has(text)) && test_pause(&begun))
		;
	if (!found) {
		printf("# the registry's log has no line with \"%s\":\n", text);
		fflush(stdout);
		int status = system("sed 's/^/# /' \"$PORTICO_TEST_LOG\"");

		test_fail(__FILE__, __LINE__, "nothing logged (%d)", status);
	}
}

/* With the usual options and those of world_add_option. */
static _Noreturn void run_registry(const char *program, const char *ready)
{
	char heartbeat[16];
	const char *words[16 + OPTIONS_MAX] = {
		"porticod",    "--socket",   world.socket, "--no-default-drivers", "--drivers",
		world.drivers, "--ready-fd", ready,	   "--heartbeat",	   heartbeat,
	};
	size_t n = 0;

	snprintf(heartbeat, sizeof(heartbeat), "%u", world.heartbeat_ms);
	while (words[n])
		n++;
	memcpy(words + n, world.options, world.n_options * sizeof(*words));
	execv(program, (char *const *)words);
	_exit(127);
}

static void start_registry(void)
{
	char ready[16], byte;
	int fds[2];

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	snprintf(ready, sizeof(ready), "%d", fds[1]);
	const char *program = strdup(test_built("bin/porticod"));
	setenv("PORTICO_TEST_LOG", log_path(), 1);
	fflush(stdout);
	world.registry = fork();
	if (world.registry == 0) {
		int log = world.log ? world.log
				    : open(log_path(), O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(log, 2);
		fcntl(fds[1], F_SETFD, 0);
		run_registry(program, ready);
	}
	free((char *)program);
	close(fds[1]);
	test_true(world.registry > 0);
	test_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
}

static void signal_semaphore(void *semaphore)
{
	dispatch_semaphore_signal(semaphore);
}

/* The thread behind timers and sources is there once a timer has fired. */
static void await_timer(dispatch_queue_t queue)
{
	dispatch_semaphore_t fired = dispatch_semaphore_create(0);

	/* Late enough that it is not due already, which needs no thread. */
	dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, NSEC_PER_MSEC), queue, fired,
			 signal_semaphore);
	dispatch_semaphore_wait(fired, DISPATCH_TIME_FOREVER);
	dispatch_release(fired);
}

/* Hosts that are threads of this process go on working after the tree is quiet. */
static void settle(void)
{
	int64_t last = -1;

	for (int i = 0, same = 0; i < 200 && same < 5; i++) {
		int64_t now = count_objects() * 1000 + test_count_fds();

		same = now == last ? same + 1 : 0;
		last = now;
		poll(NULL, 0, 10);
	}
}

void world_warm_up(bool sample_drivers)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	dispatch_queue_t queue = dispatch_queue_create("warm up", NULL);

	IONotificationPortSetDispatchQueue(port, queue);
	if (sample_drivers) {
		const char *classes[] = { "CalculatorDriver", "ProcessMonitor", "MirrorDriver" };

		for (int i = 0; i < 3; i++)
			IOServiceClose(world_open(classes[i], 0));
	} else {
		IOObjectRelease(IOServiceGetMatchingService(0, IOServiceMatching("IOResources")));
	}
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	IONotificationPortDestroy(port);
	dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
	await_timer(queue);
	dispatch_release(queue);
	test_equal(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
}

static void start(const char *drivers, bool sample_drivers)
{
	snprintf(world.drivers, sizeof(world.drivers), "%s", drivers);
	snprintf(world.socket, sizeof(world.socket), "%s/registry.sock", test_folder());
	if (world_is_daemon()) {
		start_registry();
		setenv("PORTICO_SESSION", world.socket, 1);
	} else {
		setenv("PORTICO_SESSION", "embedded", 1);
		/* Nobody waits for its thread: what it opens could come after the baseline. */
		setenv("PORTICO_NO_BRIDGE", "1", 1);
		setenv("PORTICO_DRIVERS", drivers, 1);
		if (world_is_in_process())
			setenv("PORTICO_IN_PROCESS", "1", 1);
	}
	world_warm_up(sample_drivers);
	if (world_is_in_process())
		settle();
	test_reset_baseline();
}

void world_log_to(int fd)
{
	world.log = fd;
}

void world_add_option(const char *name, const char *value)
{
	test_true(world.n_options + 2 <= OPTIONS_MAX);
	world.options[world.n_options++] = name;
	if (value)
		world.options[world.n_options++] = value;
}

void world_withhold_privileges(void)
{
	world_add_option("--no-administrator", NULL);
}

void world_set_heartbeat(unsigned ms)
{
	world.heartbeat_ms = ms;
}

void world_start(void)
{
	start(test_built("drivers"), true);
}

void world_start_with(const char *folder)
{
	start(folder, false);
}

void world_start_with_bundle(const char *bundle)
{
	char folder[256], target[512], link[512];

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	snprintf(target, sizeof(target), "%s/%s", test_built("tests/drivers"), bundle);
	snprintf(link, sizeof(link), "%s/%s", folder, bundle);
	test_true(!mkdir(folder, 0700) || errno == EEXIST);
	test_true(!symlink(target, link) || errno == EEXIST);
	start(folder, false);
}

/* Every child of ours, adopted ones included, has to end by itself once the session is gone. */
static void wait_for_children(void)
{
	int status;

	while (waitpid(-1, &status, __WALL) > 0 || errno == EINTR)
		;
}

void world_stop(void)
{
	if (!world_is_daemon())
		return;
	kill(world.registry, SIGTERM);
	wait_for_children();
	world.registry = 0;
	check_accounts();
}

void world_kill_registry(void)
{
	int status;

	kill(world.registry, SIGKILL);
	test_equal(waitpid(world.registry, &status, 0), world.registry);
	world.registry = 0;
}

int world_await_registry(void)
{
	int status;

	test_equal(waitpid(world.registry, &status, 0), world.registry);
	world.registry = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void world_restart_registry(void)
{
	start_registry();
}

static bool is_host_of(pid_t pid, const char *server)
{
	char path[64], line[1024];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, line, sizeof(line) - 1);
	close(fd);
	bool ours = false, is_server = false;
	line[n > 0 ? n : 0] = 0;
	for (char *arg = line; n > 0 && arg < line + n; arg += strlen(arg) + 1) {
		ours |= !strcmp(arg, world.socket);
		is_server |= !strcmp(arg, server);
	}
	return ours && is_server;
}

pid_t world_host_pid(const char *server)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; d && !found && (e = readdir(d));)
		if (is_host_of(atoi(e->d_name), server))
			found = atoi(e->d_name);
	if (d)
		closedir(d);
	return found;
}

static void take_service(void *context, io_iterator_t iterator)
{
	io_service_t *found = context, next;

	while ((next = IOIteratorNext(iterator))) {
		if (!*found)
			*found = next;
		else
			IOObjectRelease(next);
	}
	if (*found)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

io_service_t world_service(const char *class_name)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	io_service_t found = 0;
	kern_return_t status;
	int refusals = 0;
	uint64_t begun = 0;

	test_true(port != NULL);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	/* The first question after a registry's death may be what tells us of it. */
	do
		status = IOServiceAddMatchingNotification(port, kIOFirstMatchNotification,
							  IOServiceMatching(class_name),
							  take_service, &found, &iterator);
	while (status == MIG_SERVER_DIED && !refusals++);
	test_equal_error(status, 0);
	take_service(&found, iterator);
	while (!found && test_pause(&begun))
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.1, false);
	if (!found)
		test_fail(__FILE__, __LINE__, "in %u s no service of class %s has come",
			  test_patience_s(), class_name);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	return found;
}

io_connect_t world_open(const char *class_name, uint32_t type)
{
	io_connect_t connect = 0;
	kern_return_t result;
	int refusals = 0;

	/* A service whose host has just been killed may still be found, for a moment: its host does
	 * not answer, it is gone, or (unsupported) it is inactive by the time it is opened. */
	do {
		io_service_t service = world_service(class_name);

		result = IOServiceOpen(service, mach_task_self(), type, &connect);
		IOObjectRelease(service);
	} while ((uint32_t)result == (uint32_t)kIOReturnOffline ||
		 (uint32_t)result == (uint32_t)MACH_SEND_INVALID_DEST ||
		 ((uint32_t)result == (uint32_t)kIOReturnUnsupported && refusals++ < 100));
	test_equal_error(result, 0);
	test_true(connect != 0);
	return connect;
}
