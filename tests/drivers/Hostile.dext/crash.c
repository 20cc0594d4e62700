/* SPDX-License-Identifier: MIT */
/* Ends of a driver host, and what comes before an end. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"

/* Each level keeps something that is used later, so that no compiler makes a loop of it, and is smaller than a guard
 * page: what steps over that writes into what is another thread's, a sanitizer's bookkeeping for instance. */
static unsigned overflow(unsigned depth)
{
	volatile char space[1024];

	space[depth % sizeof(space)] = (char)depth;
	return depth == UINT32_MAX ? 0 : overflow(depth + 1) + (unsigned)space[0];
}

static uint64_t allocate(uint64_t mib)
{
	uint64_t n = 0;

	for (; n < mib; n++) {
		void *some = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (some == MAP_FAILED)
			break;
	}
	return n;
}

static uint64_t fork_often(uint64_t times)
{
	uint64_t n = 0;

	for (; n < times; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid)
			for (;;)
				pause();
	}
	return n;
}

uint64_t hostile_crash(enum hostile_crash how, uint64_t number)
{
	volatile uint64_t spins = 0;

	switch (how) {
	case HOSTILE_EXIT:
		exit((int)number);
	case HOSTILE_ABORT:
		abort();
	case HOSTILE_SIGNAL:
		signal((int)number, SIG_DFL);
		raise((int)number);
		return 0;
	case HOSTILE_OVERFLOW:
		return overflow(0);
	case HOSTILE_CLOSE_ALL:
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
		return 0;
	case HOSTILE_ALLOCATE:
		return allocate(number);
	case HOSTILE_SPIN:
		for (;;)
			spins++;
	case HOSTILE_FORK:
		return fork_often(number);
	case HOSTILE_END_THREAD:
		pthread_exit(NULL);
	}
	return 0;
}

void hostile_crash_at(IOService *service, const char *stage)
{
	CFTypeRef at = IOServiceCopyProperty(service, CFSTR("HostileAt"));
	CFTypeRef how = IOServiceCopyProperty(service, CFSTR("HostileHow"));
	char text[32] = "";
	int number = HOSTILE_ABORT;

	if (at && CFGetTypeID(at) == CFStringGetTypeID())
		CFStringGetCString(at, text, sizeof(text), kCFStringEncodingUTF8);
	if (how && CFGetTypeID(how) == CFNumberGetTypeID())
		CFNumberGetValue(how, kCFNumberIntType, &number);
	if (at)
		CFRelease(at);
	if (how)
		CFRelease(how);
	if (!strcmp(text, stage))
		hostile_crash((enum hostile_crash)number, 0);
}

#ifdef HOSTILE_AT_LOAD
__attribute__((constructor)) static void at_load(void)
{
	abort();
}
#endif

#ifdef HOSTILE_AT_UNLOAD
__attribute__((destructor)) static void at_unload(void)
{
	for (;;)
		pause();
}
#endif
