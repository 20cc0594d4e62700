// SPDX-License-Identifier: MIT
/*
 * The probes: what a driver must not be able to do, tried inside one
 * (tests/drivers/Probe.dext), in a session of the tier that the argument names.
 * One TAP case for each. The program starts itself once more inside
 * `portico run`, with the driver, and another host to be attacked.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "Probe.h"
#include "world.h"

/* With instrumentation a host keeps what its sanitizer needs (src/sandbox/calls.c). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { INSTRUMENTED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { INSTRUMENTED = 1 };
#else
enum { INSTRUMENTED = 0 };
#endif
#else
enum { INSTRUMENTED = 0 };
#endif

enum { UNIT_ID = 61183 }; /* nobody's, beside those that systemd gives away */

enum expected { NO, YES, SHOWN /* either; what it was is printed */ };

static const struct probe {
	const char *name;
	enum expected tiers[2]; /* 1 and 2 */
	bool is_loose;		/* for a sanitizer */
} probes[PROBE_COUNT] = {
	{ "read the passwd file", { NO, NO } },
	{ "read the home folder", { NO, NO } },
	{ "read the session's policy", { NO, NO } },
	{ "read another bundle", { NO, NO } },
	{ "create files in the runtime folder", { NO, NO } },
	{ "create files in /tmp", { NO, NO } },
	{ "create files in the home folder", { NO, NO } },
	{ "write to its own bundle", { NO, NO } },
	{ "make a UNIX socket", { NO, NO } },
	{ "make an IPv4 socket", { NO, NO } },
	{ "make a netlink socket", { NO, NO } },
	{ "make a packet socket", { NO, NO } },
	{ "reach a named UNIX socket", { NO, NO } },
	{ "reach an abstract UNIX socket", { NO, NO } },
	{ "run a shell", { NO, NO }, true },
	{ "fork", { NO, NO }, true },
	{ "make a thread", { YES, YES } },
	{ "signal the registry", { NO, NO }, true },
	{ "signal another host", { NO, NO }, true },
	{ "signal a client", { NO, NO }, true },
	{ "signal its process group and everybody", { NO, NO }, true },
	{ "trace the registry and another host", { NO, NO }, true },
	{ "open their memory and descriptors in /proc", { NO, NO } },
	{ "read and write their memory", { NO, NO }, true },
	{ "take a descriptor of theirs", { NO, NO } },
	{ "make or enter namespaces", { NO, NO } },
	{ "mount", { NO, NO } },
	{ "pivot_root", { NO, NO } },
	{ "bpf, perf_event_open", { NO, NO } },
	{ "userfaultfd, io_uring_setup", { NO, NO } },
	{ "open a device that was not declared", { NO, NO } },
	{ "open a device that was declared", { YES, YES } },
	{ "list the processes of the user", { SHOWN, NO } },
	{ "use the kernel's keys", { NO, NO } },
	{ "raise limits, priority, become real-time", { NO, NO }, true },
	{ "gain privileges by a set-uid program", { NO, NO }, true },
	{ "make memory executable", { NO, NO }, true },
	{ "allocate beyond the limit", { NO, NO }, true },
	{ "find a descriptor that is not documented", { NO, NO }, true },
	{ "speak to the registry as somebody else", { NO, NO } },
};

/* --- inside the session ------------------------------------------------------------------------ */

static int32_t number_of(CFDictionaryRef d, CFStringRef key)
{
	CFNumberRef value = d ? CFDictionaryGetValue(d, key) : NULL;
	int32_t number = -1;

	if (value)
		CFNumberGetValue(value, kCFNumberSInt32Type, &number);
	return number;
}

static CFDictionaryRef host_named(CFDictionaryRef status, CFStringRef name)
{
	CFArrayRef hosts = CFDictionaryGetValue(status, CFSTR("Hosts"));

	for (CFIndex i = 0; hosts && i < CFArrayGetCount(hosts); i++) {
		CFDictionaryRef host = CFArrayGetValueAtIndex(hosts, i);
		CFTypeRef own = CFDictionaryGetValue(host, CFSTR("IOUserServerName"));

		if (own && CFEqual(own, name))
			return host;
	}
	return NULL;
}

static int listen_at(const char *name, bool is_abstract)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t size;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path + is_abstract, sizeof(at.sun_path) - is_abstract, "%s", name);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + is_abstract + strlen(name));
	return bind(fd, (struct sockaddr *)&at, size) || listen(fd, 8) ? -1 : fd;
}

static void fill_targets(struct probe_targets *t, const char *folder)
{
	const char *home = getenv("HOME");

	t->client = getpid();
	snprintf(t->home, sizeof(t->home), "%s", home && *home ? home : "/root");
	snprintf(t->policy, sizeof(t->policy), "%s/policy", folder);
	snprintf(t->bundle, sizeof(t->bundle), "%s/drivers/Probe.dext", folder);
	snprintf(t->other_bundle, sizeof(t->other_bundle), "%s/drivers/Queue.dext/Info.plist",
		 folder);
	snprintf(t->named, sizeof(t->named), "%s/named", folder);
	snprintf(t->abstract, sizeof(t->abstract), "portico-probe-%d", (int)getpid());
	close(open(t->policy, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	if (listen_at(t->named, false) < 0 || listen_at(t->abstract, true) < 0)
		printf("Bail out! cannot listen: %s\n", strerror(errno));
}

static unsigned tier_of(io_service_t service)
{
	CFNumberRef number =
		IORegistryEntryCreateCFProperty(service, CFSTR("PorticoSandboxTier"), NULL, 0);
	int32_t tier = -1;

	if (number) {
		CFNumberGetValue(number, kCFNumberSInt32Type, &tier);
		CFRelease(number);
	}
	return (unsigned)tier;
}

static bool report(unsigned tier, unsigned i, kern_return_t result, const uint64_t out[3])
{
	const struct probe *p = &probes[i];
	enum expected expected = p->tiers[tier == 2]; /* what systemd adds in tier 3 is not here */
	/* A call without an answer may be a host that has become another program, and proves nothing else. */
	bool could = expected == YES ? !result && out[0] > 0 : result || out[0] > 0;
	bool was_tried = result || out[1] > 0;
	bool is_right = was_tried && (expected == SHOWN || could == (expected == YES));

	if (INSTRUMENTED && p->is_loose && !is_right) {
		printf("ok %u - %u: %s # SKIP a sanitizer needs it\n", i + 1, i + 1, p->name);
		return true;
	}
	printf("%sok %u - %u: %s: %s\n", is_right ? "" : "not ", i + 1, i + 1, p->name,
	       could ? "succeeds" : "refused");
	if (result || !is_right || expected == SHOWN)
		printf("# %llu of %llu attempts succeeded, result 0x%x, last error: %s\n",
		       (unsigned long long)out[0], (unsigned long long)out[1], (unsigned)result,
		       strerror((int)out[2]));
	return is_right;
}

static int try_all(unsigned tier, const char *folder)
{
	struct probe_targets targets = { 0 };
	CFDictionaryRef status;
	char socket[512];
	int failed = 0;
	io_service_t service = world_service("ProbeDriver");
	unsigned reached = tier_of(service);

	IOObjectRelease(world_service("QueueDriver"));
	IOObjectRelease(service);
	if (reached < tier && tier == 2) {
		printf("1..0 # SKIP this system gives tier %u only\n", reached);
		return 0;
	}
	if (reached != tier) {
		printf("Bail out! tier %u instead of %u\n", reached, tier);
		return 1;
	}
	printf("1..%d\n# tier %u\n", PROBE_COUNT, reached);
	if (portico_session_get_path(socket, sizeof(socket)) ||
	    portico_session_copy_status(socket, &status))
		return 1;
	fill_targets(&targets, folder);
	targets.registry = number_of(status, CFSTR("PID"));
	targets.host = number_of(host_named(status, CFSTR("org.portico.test.Queue")), CFSTR("PID"));
	CFRelease(status);
	snprintf(targets.runtime, sizeof(targets.runtime), "%.*s",
		 (int)(strrchr(socket, '/') - socket), socket);
	io_connect_t connect = world_open("ProbeDriver", 0);
	for (unsigned i = 0; i < PROBE_COUNT; i++) {
		uint64_t number = i + 1, out[3] = { 0 };
		uint32_t n = 3;
		kern_return_t result = IOConnectCallMethod(connect, PROBE_TRY, &number, 1, &targets,
							   sizeof(targets), out, &n, NULL, NULL);

		failed += !report(tier, i, result, out);
	}
	IOServiceClose(connect);
	return failed > 0;
}

/* --- outside ----------------------------------------------------------------------------------- */

static int remove_folder(const char *folder)
{
	char command[600];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
	return system(command);
}

static void link_bundle(const char *folder, const char *build, const char *name)
{
	char target[1024], link[1024];

	snprintf(target, sizeof(target), "%s/tests/drivers/%s", build, name);
	snprintf(link, sizeof(link), "%s/drivers/%s", folder, name);
	if (symlink(target, link))
		perror(link);
}

static int run_session(const char *self, const char *tier, const char *folder, const char *build)
{
	char portico[1024], sandbox[32], drivers[600];
	int status;

	snprintf(portico, sizeof(portico), "%s/bin/portico", build);
	snprintf(sandbox, sizeof(sandbox), "--sandbox=%s", tier);
	snprintf(drivers, sizeof(drivers), "%s/drivers", folder);
	pid_t pid = fork();
	if (pid == 0) {
		execl(portico, "portico", "run", sandbox, "--no-bridge", "--no-default-drivers",
		      "--drivers", drivers, "--", self, tier, folder, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* As a socket unit and its service do: the host is started, under a uid of its own, when somebody
 * connects. */
static pid_t start_unit(const char *folder, const char *build)
{
	char name[600], host[1024], bundle[600];
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(name, sizeof(name), "%s/units", folder);
	mkdir(name, 0755);
	snprintf(at.sun_path, sizeof(at.sun_path), "%.60s/units/org.portico.test.Probe.sock",
		 folder);
	snprintf(host, sizeof(host), "%s/bin/portico-host", build);
	snprintf(bundle, sizeof(bundle), "%s/drivers/Probe.dext", folder);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8))
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		struct pollfd ready = { fd, POLLIN, 0 };

		if (poll(&ready, 1, -1) == 1 && dup2(fd, 3) == 3 && !fcntl(3, F_SETFD, 0) &&
		    freopen("/dev/null", "we", stdout) && !setgroups(0, NULL) && !setgid(UNIT_ID) &&
		    !setuid(UNIT_ID))
			execl(host, "portico-host", "--server", "org.portico.test.Probe",
			      "--listen-fd", "3", "--sandbox", "3", "--bundle", bundle, "--device",
			      "/dev/full", "--memory", "536870912", "--threads", "64",
			      (char *)NULL);
		_exit(126);
	}
	close(fd);
	return pid;
}

static pid_t start_registry(const char *folder, const char *build)
{
	char program[1024], path[600], drivers[600], units[600], ready[16], byte;
	int fds[2];

	snprintf(program, sizeof(program), "%s/bin/porticod", build);
	snprintf(path, sizeof(path), "%s/registry.sock", folder);
	snprintf(drivers, sizeof(drivers), "%s/drivers", folder);
	snprintf(units, sizeof(units), "%s/units", folder);
	if (pipe(fds))
		return -1;
	snprintf(ready, sizeof(ready), "%d", fds[1]);
	pid_t pid = fork();
	if (pid == 0) {
		execl(program, "porticod", "--socket", path, "--no-bridge", "--no-default-drivers",
		      "--drivers", drivers, "--units", units, "--ready-fd", ready, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		pid = -1;
	close(fds[0]);
	setenv("PORTICO_SESSION", path, 1);
	return pid;
}

static int run_units(const char *self, const char *tier, const char *folder, const char *build)
{
	int status = -1;

	if (geteuid() != 0) {
		printf("1..0 # SKIP a uid of its own needs root\n");
		return 0;
	}
	char drivers[600];

	snprintf(drivers, sizeof(drivers), "%s/drivers", folder);
	chmod(folder, 0711); /* for its uid */
	chmod(drivers, 0711);
	pid_t unit = start_unit(folder, build), registry = start_registry(folder, build);
	pid_t pid = unit > 0 && registry > 0 ? fork() : -1;
	if (pid == 0) {
		execl(self, self, tier, folder, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (registry > 0)
		kill(registry, SIGTERM);
	if (unit > 0 && waitpid(registry, NULL, 0) < 0)
		kill(unit, SIGKILL);
	if (unit > 0)
		waitpid(unit, NULL, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/portico-probes-XXXXXX", drivers[64];
	const char *build = getenv("PORTICO_BUILD");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3)
		return try_all((unsigned)atoi(argv[1]), argv[2]);
	if (argc != 2 || !build || !mkdtemp(folder))
		return 2;
	snprintf(drivers, sizeof(drivers), "%s/drivers", folder);
	mkdir(drivers, 0700);
	link_bundle(folder, build, "Probe.dext");
	link_bundle(folder, build, "Queue.dext");
	int status = strcmp(argv[1], "3") ? run_session(argv[0], argv[1], folder, build)
					  : run_units(argv[0], argv[1], folder, build);
	return remove_folder(folder) || status;
}
