// SPDX-License-Identifier: MIT
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

#define MEMORY_DEFAULT (4ull << 30) /* bytes of a driver's own, stacks included */
#define SPACE_FACTOR 4		    /* addresses for each of them: what is shared comes on top */
#define FILE_MAX (1ull << 30)	    /* bytes of one file, memory files included */
#define STACK_MIN (512u << 10)	    /* what a thread of a process has on macOS */
#define STACK_MAX (8u << 20)	    /* what one has on Linux */
enum { THREADS_DEFAULT = 4096, DESCRIPTORS_MAX = 65536, PAGE = 4096 };

/* The first failure is kept in ERR. */
static void set(err_t *err, int resource, uint64_t value)
{
	struct rlimit limit = { .rlim_max = value };
	int result = getrlimit(resource, &limit);

	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	if ((result || setrlimit(resource, &limit)) && !*err)
		*err = err_from_errno();
}

/* Timers and waiting signals are counted by uid, whosever they are: a half is left to the others. */
static void set_signals(err_t *err)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_SIGPENDING, &limit) && limit.rlim_cur != RLIM_INFINITY)
		set(err, RLIMIT_SIGPENDING, limit.rlim_cur / 2);
}

/* The kernel counts threads by uid, or by user namespace: what there is already, of whomever it may
 * be, comes on top. */
static uint64_t count_threads(void)
{
	unsigned long running, all = 0;
	FILE *f = fopen("/proc/loadavg", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*s %*s %*s %lu/%lu", &running, &all) != 2)
		all = 0;
	fclose(f);
	return all;
}

/* Stacks count as memory whether they are used or not: all the threads there may be take half of it. */
static void set_stacks(uint64_t size)
{
	pthread_attr_t attributes;

	if (size < STACK_MIN)
		size = STACK_MIN;
	if (size > STACK_MAX)
		size = STACK_MAX;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, size & ~(uint64_t)(PAGE - 1));
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}

err_t sandbox_limit(const struct sandbox_config *config, unsigned *ret_threads)
{
	uint64_t memory = config->memory_bytes ? config->memory_bytes : MEMORY_DEFAULT;
	unsigned threads = config->threads ? config->threads : THREADS_DEFAULT;
	err_t err = 0;

	set(&err, RLIMIT_CORE, 0);
	set(&err, RLIMIT_NOFILE, DESCRIPTORS_MAX);
	set(&err, RLIMIT_MSGQUEUE, 0);
	set(&err, RLIMIT_NICE, 0);
	set(&err, RLIMIT_RTPRIO, 0);
	set_signals(&err);
	*ret_threads = 0;
	/* A sanitizer's shadow of memory is larger than any memory. */
	if (SANDBOX_INSTRUMENTED)
		return err;
	set(&err, RLIMIT_FSIZE, FILE_MAX);
	set(&err, RLIMIT_DATA, memory);
	set(&err, RLIMIT_AS,
	    memory > UINT64_MAX / SPACE_FACTOR ? UINT64_MAX : memory * SPACE_FACTOR);
	set(&err, RLIMIT_NPROC, count_threads() + threads);
	set_stacks(memory / 2 / threads);
	*ret_threads = threads;
	return err;
}

/* --- capabilities ----------------------------------------------------------------------- */

enum { CAPABILITIES_MAX = 63 };

static err_t get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, data) ? err_from_errno() : 0;
}

uint64_t sandbox_held_capabilities(void)
{
	struct __user_cap_data_struct data[2];

	return get(data) ? 0 : data[0].permitted | (uint64_t)data[1].permitted << 32;
}

err_t sandbox_drop_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	uint64_t held = sandbox_held_capabilities();

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* Fails where it may not be done, which is where there is nothing to be gained by exec. */
	for (int i = 0; held && i <= CAPABILITIES_MAX; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) < 0 ||
		    (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno == EINVAL))
			break;
	kept &= held;
	bool is_done = !get(data);
	for (int i = 0; i < 2; i++) {
		uint32_t word = (uint32_t)(kept >> 32 * i);

		is_done = is_done && data[i].effective == word && data[i].permitted == word &&
			  !data[i].inheritable;
		data[i] = (struct __user_cap_data_struct){ .effective = word, .permitted = word };
	}
	/* Who has nothing to drop may not be allowed to: a unit of systemd. */
	if (is_done)
		return 0;
	return syscall(SYS_capset, &header, data) ? err_from_errno() : 0;
}
