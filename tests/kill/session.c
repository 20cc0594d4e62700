/* SPDX-License-Identifier: MIT */
#include "kill.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>
#include <portico/session.h>

static const char info[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n"
	"<key>CFBundleIdentifier</key><string>org.portico.test.Kill%u</string>\n"
	"<key>CFBundleVersion</key><string>1.0</string>\n"
	"<key>CFBundleExecutable</key><string>Kill.so</string>\n"
	"<key>IOKitPersonalities</key><dict><key>Kill</key><dict>\n"
	"<key>CFBundleIdentifier</key><string>org.portico.test.Kill%u</string>\n"
	"<key>IOClass</key><string>KillDriver</string>\n"
	"<key>IOProviderClass</key><string>IOResources</string>\n"
	"<key>IOMatchCategory</key><string>Kill%u</string>\n"
	"<key>IOUserServerName</key><string>kill%u</string>\n"
	"<key>KillSlot</key><integer>%u</integer>\n"
	"</dict></dict></dict></plist>\n";

/* --- the folder ------------------------------------------------------------------ */

/* The build folder: this program lies in tests/kill of it. */
static const char *build(void)
{
	static char path[1024];
	const char *given = getenv("PORTICO_BUILD");

	if (given)
		return given;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n > 0)
		path[n] = 0;
	for (int up = 0; up < 3 && n > 0; up++) {
		char *slash = strrchr(path, '/');

		if (slash)
			*slash = 0;
	}
	return path;
}

static void copy(const char *from, const char *to)
{
	char block[16384];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n = -1;

	while (in >= 0 && out >= 0 && (n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			n = -1;
	if (n)
		kill_give_up("cannot copy %s to %s: %s", from, to, strerror(errno));
	close(in);
	close(out);
}

static void make_bundle(const struct kill_session *session, unsigned slot)
{
	char path[400], from[1200];

	snprintf(path, sizeof(path), "%s/drivers/Kill%u.dext", session->folder, slot);
	if (mkdir(path, 0755))
		kill_give_up("cannot make %s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/drivers/Kill%u.dext/Info.plist", session->folder, slot);
	FILE *file = fopen(path, "we");
	if (!file || fprintf(file, info, slot, slot, slot, slot, slot) < 0 || fclose(file))
		kill_give_up("cannot write %s", path);
	snprintf(from, sizeof(from), "%s/tests/kill/Kill.dext/Kill.so", build());
	snprintf(path, sizeof(path), "%s/drivers/Kill%u.dext/Kill.so", session->folder, slot);
	copy(from, path);
}

void kill_session_make(struct kill_session *session, unsigned pool)
{
	char path[300];

	*session = (struct kill_session){ .pool = pool };
	snprintf(session->folder, sizeof(session->folder), "%s/portico-kill-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(session->folder))
		kill_give_up("cannot make %s: %s", session->folder, strerror(errno));
	snprintf(session->socket, sizeof(session->socket), "%s/registry.sock", session->folder);
	snprintf(path, sizeof(path), "%s/drivers", session->folder);
	mkdir(path, 0755);
	for (unsigned slot = 0; slot < pool; slot++)
		make_bundle(session, slot);
	setenv("PORTICO_SESSION", session->socket, 1);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* --- the registry ------------------------------------------------------------------- */

static _Noreturn void become_registry(const struct kill_session *session, int ready)
{
	char program[1200], drivers[300], log[300], generation[16], number[16];

	snprintf(program, sizeof(program), "%s/bin/porticod", build());
	snprintf(drivers, sizeof(drivers), "%s/drivers", session->folder);
	snprintf(log, sizeof(log), "%s/registry.log", session->folder);
	snprintf(generation, sizeof(generation), "%u", session->generation);
	snprintf(number, sizeof(number), "%d", ready);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0)
		dup2(fd, 2);
	fcntl(ready, F_SETFD, 0);
	execl(program, "porticod", "--socket", session->socket, "--no-default-drivers",
	      "--no-bridge", "--drivers", drivers, "--ready-fd", number, "--generation", generation,
	      (char *)NULL);
	_exit(127);
}

void kill_session_start(struct kill_session *session, void (*in_child)(void))
{
	int ready[2];
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		kill_give_up("pipe: %s", strerror(errno));
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (in_child)
			in_child();
		become_registry(session, ready[1]);
	}
	close(ready[1]);
	session->registry = pid; /* the session may lie in shared memory */
	session->generation++;
	/* Who traces it has to let it run first. */
	if (!in_child && read(ready[0], &byte, 1) != 1)
		kill_give_up("the registry does not start; see %s/registry.log", session->folder);
	close(ready[0]);
}

void kill_session_kill_registry(struct kill_session *session)
{
	kill_send(session->registry, SIGKILL);
	while (waitpid(session->registry, NULL, 0) < 0 && errno == EINTR)
		;
	session->registry = 0;
}

/* Hosts of killed registries are ours, as we are their subreaper. */
static bool await_children(void)
{
	uint64_t until = kill_now_ns() + 2 * KILL_STUCK_NS;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0 || errno == EINTR) {
		if (pid == 0 && kill_now_ns() > until)
			return false;
		if (pid == 0)
			kill_sleep_ns(1000000);
	}
	return true;
}

void kill_session_end(struct kill_session *session)
{
	kill_send(session->registry, SIGTERM);
	if (!await_children())
		kill_violation("the session has not ended after %llu s",
			       2 * KILL_STUCK_NS / 1000000000);
	kill_session_remove(session);
}

void kill_session_remove(const struct kill_session *session)
{
	if (!kill_is_violated())
		nftw(session->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	else
		printf("  the registry's messages are in %s/registry.log\n", session->folder);
}

/* --- what it says -------------------------------------------------------------------------- */

static int64_t number_of(CFDictionaryRef d, CFStringRef key)
{
	CFTypeRef value = CFDictionaryGetValue(d, key);
	int64_t n = 0;

	if (value && CFGetTypeID(value) == CFNumberGetTypeID())
		CFNumberGetValue(value, kCFNumberSInt64Type, &n);
	return n;
}

static bool is_text(CFDictionaryRef d, CFStringRef key, const char *text)
{
	CFTypeRef value = CFDictionaryGetValue(d, key);
	char own[128];

	return value && CFGetTypeID(value) == CFStringGetTypeID() &&
	       CFStringGetCString(value, own, sizeof(own), kCFStringEncodingUTF8) &&
	       !strcmp(own, text);
}

/* The hosts as the registry's root shows them: no host is asked for it. */
static CFArrayRef copy_hosts(void)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	CFTypeRef hosts =
		root ? IORegistryEntryCreateCFProperty(root, CFSTR("PorticoHosts"), NULL, 0) : NULL;

	if (root)
		IOObjectRelease(root);
	if (hosts && CFGetTypeID(hosts) == CFArrayGetTypeID())
		return hosts;
	if (hosts)
		CFRelease(hosts);
	return NULL;
}

pid_t kill_session_host(const struct kill_session *session, unsigned slot)
{
	CFArrayRef hosts = copy_hosts();
	char server[16];
	pid_t pid = 0;

	(void)session;
	snprintf(server, sizeof(server), "kill%u", slot);
	for (CFIndex i = 0; hosts && i < CFArrayGetCount(hosts); i++) {
		CFDictionaryRef one = CFArrayGetValueAtIndex(hosts, i);

		if (is_text(one, CFSTR("IOUserServerName"), server))
			pid = (pid_t)number_of(one, CFSTR("PID"));
	}
	if (hosts)
		CFRelease(hosts);
	return pid;
}

void kill_session_pardon(const struct kill_session *session, unsigned slot)
{
	CFStringRef text = NULL;
	char path[400];

	snprintf(path, sizeof(path), "%s/drivers/Kill%u.dext", session->folder, slot);
	if (portico_session_load(session->socket, path, &text))
		kill_violation("slot %u cannot be loaded again", slot);
	if (text)
		CFRelease(text);
}

static bool is_complete(const struct kill_session *session)
{
	CFArrayRef hosts = copy_hosts();
	unsigned up = 0;

	for (CFIndex i = 0; hosts && i < CFArrayGetCount(hosts); i++)
		up += is_text(CFArrayGetValueAtIndex(hosts, i), CFSTR("State"), "up");
	if (hosts)
		CFRelease(hosts);
	return up == session->pool && !portico_session_wait_quiet(session->socket, 0);
}

bool kill_session_await(const struct kill_session *session)
{
	uint64_t until = kill_now_ns() + 2 * KILL_STUCK_NS;

	while (!is_complete(session)) {
		if (kill_now_ns() > until)
			return false;
		kill_sleep_ns(1000000);
	}
	return true;
}

/* --- its drivers ----------------------------------------------------------------------------- */

CFMutableDictionaryRef kill_session_matching(unsigned slot)
{
	CFMutableDictionaryRef matching = IOServiceMatching("KillDriver");
	int32_t value = (int32_t)slot;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &value);
	CFStringRef key = CFSTR("KillSlot");
	CFDictionaryRef properties = CFDictionaryCreate(
		NULL, (const void **)&key, (const void **)&number, 1,
		&kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	CFDictionarySetValue(matching, CFSTR(kIOPropertyMatchKey), properties);
	CFRelease(properties);
	CFRelease(number);
	return matching;
}

io_connect_t kill_session_open(unsigned slot)
{
	uint64_t until = kill_now_ns() + 2 * KILL_STUCK_NS;
	io_connect_t connect = 0;

	for (;;) {
		io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault,
								   kill_session_matching(slot));
		kern_return_t result = service
					     ? IOServiceOpen(service, mach_task_self(), 0, &connect)
					     : kIOReturnNotFound;

		if (service)
			IOObjectRelease(service);
		if (!result)
			return connect;
		if (kill_now_ns() > until)
			kill_give_up("slot %u cannot be opened: 0x%x", slot, (unsigned)result);
		kill_sleep_ns(500000);
	}
}

void kill_session_counts(unsigned slot, uint64_t counts[KILL_N])
{
	io_connect_t connect = kill_session_open(slot);
	uint32_t n = KILL_N;

	if (IOConnectCallScalarMethod(connect, KILL_COUNTS, NULL, 0, counts, &n))
		kill_give_up("slot %u does not count", slot);
	counts[KILL_OPENS]--; /* our own */
	IOServiceClose(connect);
}
