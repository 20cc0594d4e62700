// SPDX-License-Identifier: MIT
#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mach/mach.h>
#include <portico/session.h>

#include "audit.h"

enum { MORE_CALLS = 20, MORE_CALLS_FULL = 1000 };
#define MILLISECOND_NS 1000000ull
#define DEADLINE_NS (5000 * MILLISECOND_NS)

static struct {
	pid_t pid;
	int input, output;
} witness;
static struct audit before;
static uint64_t n_operations, began_ns;

/* --- the witness --------------------------------------------------------------------------------- */

static void start_witness(void)
{
	const char *program = strdup(test_built("tests/witness"));
	int to[2], from[2];
	char more[16], byte = 1;

	snprintf(more, sizeof(more), "%d", test_is_full() ? MORE_CALLS_FULL : MORE_CALLS);
	test_true(program && !pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC));
	fflush(stdout);
	witness.pid = fork();
	if (!witness.pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl(program, "witness", more, (char *)NULL);
		_exit(127);
	}
	free((char *)program);
	close(to[0]);
	close(from[1]);
	witness.input = to[1];
	witness.output = from[0];
	test_equal(read(witness.output, &byte, 1), 1);
	test_equal(byte, 0);
}

/* Latencies are judged in campaigns of their own only: at most max(5 x unloaded p99, 5 ms), worst
 * 250 ms, on a machine that has nothing else to do. */
static void judge_latency(const char *line)
{
	const char *at = strstr(line, "quiet ");
	unsigned quiet, p50, p99, worst;

	if (!at || sscanf(at, "quiet %u p50 %u p99 %u worst %u", &quiet, &p50, &p99, &worst) != 4)
		test_fail(__FILE__, __LINE__, "the witness says \"%s\"", line);
	unsigned most = 5 * quiet > 5000000 ? 5 * quiet : 5000000;
	if (getenv("PORTICO_TEST_JUDGE_LATENCY") && (p99 > most || worst > 250000000))
		test_fail(__FILE__, __LINE__, "p99 %u us, worst %u us", p99 / 1000, worst / 1000);
}

static void stop_witness(void)
{
	char line[512] = "";
	size_t n = 0;
	ssize_t got;

	close(witness.input);
	while (n < sizeof(line) - 1 &&
	       (got = read(witness.output, line + n, sizeof(line) - 1 - n)) > 0)
		n += (size_t)got;
	close(witness.output);
	line[strcspn(line, "\n")] = '\0';
	printf("# witness: %s\n", line);
	printf("# witness: seconds %.1f\n", (double)(arena_now_ns() - began_ns) / 1e9);
	fflush(stdout);
	test_equal(arena_wait(witness.pid), 0);
	judge_latency(line);
}

/* --- the session ------------------------------------------------------------------------------------ */

void arena_link_bundle(const char *folder, const char *bundle)
{
	char link[512], target[512];

	snprintf(target, sizeof(target), "tests/drivers/%s", bundle);
	if (access(test_built(target), F_OK))
		snprintf(target, sizeof(target), "drivers/%s", bundle);
	snprintf(link, sizeof(link), "%s/%s", folder, bundle);
	test_true(!symlink(test_built(target), link) || errno == EEXIST);
}

/* What a host makes once and keeps is made by its first connection. */
static void warm_up(void)
{
	io_iterator_t services = 0;
	io_service_t service;

	test_equal_error(IOServiceGetMatchingServices(kIOMainPortDefault,
						      IOServiceMatching("IOService"), &services),
			 0);
	while ((service = IOIteratorNext(services))) {
		io_connect_t c = 0;

		if (!IOServiceOpen(service, mach_task_self(), 0, &c)) {
			for (int i = 0; i < 16; i++)
				IOConnectCallScalarMethod(c, UINT32_MAX, NULL, 0, NULL, NULL);
			IOServiceClose(c);
		}
		IOObjectRelease(service);
	}
	IOObjectRelease(services);
}

static void begin(const char *folder)
{
	if (!world_is_daemon())
		test_skip("looks at the processes of a session");
	began_ns = arena_now_ns();
	arena_link_bundle(folder, "Witness.dext");
	world_start_with(folder);
	warm_up();
	start_witness();
	arena_audit();
	test_reset_baseline();
}

void arena_begin_with(const char *folder)
{
	begin(folder);
}

void arena_begin(const char *bundle, ...)
{
	char folder[256];
	va_list more;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	test_equal(mkdir(folder, 0700), 0);
	va_start(more, bundle);
	for (; bundle; bundle = va_arg(more, const char *))
		arena_link_bundle(folder, bundle);
	va_end(more);
	begin(folder);
}

/* -1: a process is on its way still from the registry's program to its own. */
static int count_descriptors(void)
{
	int n = 0;

	for (unsigned i = 1; i < before.n_processes; i++)
		if (!strcmp(before.processes[i].name, before.processes[0].name))
			return -1;

	for (unsigned i = 0; i < before.n_processes; i++)
		n += before.processes[i].descriptors + before.processes[i].threads;
	return n;
}

/* Hosts and bridge may be on their way still: until two looks see the same. */
void arena_audit(void)
{
	int last = -1;

	for (int i = 0; i < 200; i++) {
		if (before.n_processes)
			audit_free(&before);
		test_equal(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
		audit_take(&before, world_registry_pid());
		if (last >= 0 && count_descriptors() == last)
			return;
		last = count_descriptors();
		poll(NULL, 0, 20);
	}
}

void arena_spare(const char *server)
{
	audit_spare(&before, server);
}

void arena_count(uint64_t operations)
{
	n_operations += operations;
}

void arena_end(void)
{
	/* While the witness is there as it was at the beginning. */
	audit_compare(&before, world_registry_pid(), n_operations);
	arena_end_restarted();
}

void arena_end_restarted(void)
{
	audit_free(&before);
	before.n_processes = 0;
	stop_witness();
	world_stop();
}

/* --- tools ---------------------------------------------------------------------------------------------- */

uint64_t arena_ask(io_connect_t connect, uint32_t selector, uint64_t argument)
{
	uint64_t out = 0;
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(connect, selector, &argument, 1, &out, &n), 0);
	return out;
}

bool arena_is_death(kern_return_t status)
{
	uint32_t s = (uint32_t)status;

	return s == (uint32_t)kIOReturnOffline || s == (uint32_t)kIOReturnAborted ||
	       s == (uint32_t)kIOReturnNotReady || s == (uint32_t)kIOReturnIPCError ||
	       s == (uint32_t)MACH_SEND_INVALID_DEST;
}

uint64_t arena_service_id(const char *class_name)
{
	io_service_t service = world_service(class_name);
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(service, &id), 0);
	IOObjectRelease(service);
	return id;
}

uint64_t arena_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

uint32_t arena_nasty_word(uint64_t *state)
{
	static const uint32_t words[] = { 0,	      1,	  2,	      3,
					  4,	      5,	  63,	      64,
					  4095,	      4096,	  0x7fffffff, 0x80000000,
					  0x80000001, 0xfffffffc, 0xfffffffe, 0xffffffff };
	uint64_t random = arena_random(state);

	return random & 1 ? (uint32_t)(random >> 32)
			  : words[(random >> 8) % (sizeof(words) / sizeof(*words))];
}

static size_t guarded_size(size_t size)
{
	return (size + 4095) / 4096 * 4096 + 4096;
}

void *arena_guarded(size_t size)
{
	size_t all = guarded_size(size);
	uint8_t *pages =
		mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	test_true(pages != MAP_FAILED);
	test_equal(mprotect(pages + all - 4096, 4096, PROT_NONE), 0);
	return pages + all - 4096 - size;
}

void arena_guarded_free(void *bytes, size_t size)
{
	size_t all = guarded_size(size);

	munmap((uint8_t *)bytes + size + 4096 - all, all);
}

uint64_t arena_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void arena_took(struct arena_times *times, uint64_t ns)
{
	times->n++;
	times->n_over += ns > times->promised_ns;
	if (ns > times->worst_ns)
		times->worst_ns = ns;
}

void arena_judge(const struct arena_times *times)
{
	uint64_t most = getenv("PORTICO_TEST_JUDGE_LATENCY") || times->promised_ns > DEADLINE_NS
			      ? times->promised_ns
			      : DEADLINE_NS;

	printf("# audit: %s: worst %.1f ms, %llu of %llu over %llu ms\n", times->what,
	       (double)times->worst_ns / MILLISECOND_NS, (unsigned long long)times->n_over,
	       (unsigned long long)times->n,
	       (unsigned long long)(times->promised_ns / MILLISECOND_NS));
	fflush(stdout);
	if (times->worst_ns > most)
		test_fail(__FILE__, __LINE__, "%s took %llu ms, allowed %llu", times->what,
			  (unsigned long long)(times->worst_ns / MILLISECOND_NS),
			  (unsigned long long)(most / MILLISECOND_NS));
}

void arena_pardon(const char *folder, const char *bundle)
{
	char path[512];
	CFStringRef text = NULL;

	snprintf(path, sizeof(path), "%s%s/%s", folder ? folder : test_folder(),
		 folder ? "" : "/drivers", bundle);
	test_equal_error(portico_session_load(world_socket(), path, &text), 0);
	if (text)
		CFRelease(text);
}

static bool is_text(CFDictionaryRef d, CFStringRef key, const char *text)
{
	CFStringRef value = CFDictionaryGetValue(d, key);
	char own[128];

	return value && CFStringGetCString(value, own, sizeof(own), kCFStringEncodingUTF8) &&
	       !strcmp(own, text);
}

bool arena_host_is(const char *server, const char *state)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	CFArrayRef hosts = IORegistryEntryCreateCFProperty(root, CFSTR("PorticoHosts"), NULL, 0);
	bool found = false;

	for (CFIndex i = 0; hosts && i < CFArrayGetCount(hosts); i++) {
		CFDictionaryRef one = CFArrayGetValueAtIndex(hosts, i);

		found |= is_text(one, CFSTR("IOUserServerName"), server) &&
			 is_text(one, CFSTR("State"), state);
	}
	if (hosts)
		CFRelease(hosts);
	IOObjectRelease(root);
	return found;
}

/* Where this process has a library from whose name begins with NAME. */
static bool find_loaded(const char *name, char *path, size_t size)
{
	char line[1024];
	bool found = false;
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *at = strchr(line, '/');

		found = at && strstr(at, name);
		if (found)
			snprintf(path, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
	if (f)
		fclose(f);
	return found;
}

void arena_preload(const char *library)
{
	char sanitizer[512], relative[128], words[1200];

	snprintf(relative, sizeof(relative), "tests/hostile/%s", library);
	if (find_loaded("/libasan.so", sanitizer, sizeof(sanitizer)))
		snprintf(words, sizeof(words), "%s:%s", sanitizer, test_built(relative));
	else
		snprintf(words, sizeof(words), "%s", test_built(relative));
	setenv("LD_PRELOAD", words, 1);
}

int arena_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		test_equal(errno, EINTR);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
