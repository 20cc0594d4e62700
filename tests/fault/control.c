// SPDX-License-Identifier: MIT
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static struct fault_control *control;

const char *fault_library(void)
{
	return test_built("tests/fault/libfault.so");
}

const char *fault_control_path(void)
{
	return getenv(FAULT_CONTROL);
}

static void map_control(void)
{
	int fd = open(fault_control_path(), O_RDWR | O_CLOEXEC);

	test_true(fd >= 0);
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	test_true(control != MAP_FAILED);
}

static bool is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

/* Its runtime has to be the first that stands before libc. */
static bool is_thread_sanitized(void)
{
#ifdef __SANITIZE_THREAD__
	return true;
#else
	return false;
#endif
}

void fault_require(void)
{
	if (is_thread_sanitized())
		test_skip("not under the thread sanitizer");
}

void fault_preload(char **argv)
{
	char text[512];

	if (is_thread_sanitized())
		return;
	if (fault_control_path()) {
		map_control();
		return;
	}
	/* Open as long as this process lives, and under a name that all its children can open. */
	int fd = memfd_create("portico-faults", 0);
	test_true(fd >= 0 && !ftruncate(fd, sizeof(*control)));
	/* A sanitizer tells more about a death. */
	uint32_t wants_traces = !is_sanitized();
	test_equal(pwrite(fd, &wants_traces, sizeof(wants_traces),
			  offsetof(struct fault_control, wants_traces)),
		   sizeof(wants_traces));
	const char *table = getenv(FAULT_TABLE);
	test_true(!table || strlen(table) < sizeof(control->table));
	if (table)
		test_true(pwrite(fd, table, strlen(table), offsetof(struct fault_control, table)) >
			  0);
	snprintf(text, sizeof(text), "/proc/%d/fd/%d", (int)getpid(), fd);
	setenv(FAULT_CONTROL, text, 1);
	setenv("LD_PRELOAD", fault_library(), 1);
	const char *options = getenv("ASAN_OPTIONS");
	snprintf(text, sizeof(text), "%s%sverify_asan_link_order=0", options ? options : "",
		 options ? ":" : "");
	setenv("ASAN_OPTIONS", text, 1);
	execv("/proc/self/exe", argv);
	test_fail(__FILE__, __LINE__, "exec: %s", strerror(errno));
}

static bool is_level(const char *name)
{
	const char *value = getenv("PORTICO_TEST_FAULTS");

	return value && !strcmp(value, name);
}

bool fault_is_full(void)
{
	return is_level("full");
}

bool fault_only_reaches(void)
{
	return is_level("reach");
}

bool fault_is_long(void)
{
	return is_level("reach") || is_level("places") || is_level("full");
}

struct fault_step fault_first(struct fault_aim aim)
{
	return (struct fault_step){ .aim = aim, .mode = FAULT_NEXT_SITE };
}

void fault_arm(const struct fault_step *step)
{
	if (fault_only_reaches())
		return;
	snprintf(control->program, sizeof(control->program), "%s",
		 step->aim.program ? step->aim.program : "");
	atomic_store(&control->kinds, step->aim.kinds);
	atomic_store(&control->objects, step->aim.objects);
	atomic_store(&control->pid, step->aim.pid);
	atomic_store(&control->at, step->at);
	atomic_store(&control->variant, step->variant);
	atomic_store(&control->count, 0);
	atomic_store(&control->hits, 0);
	atomic_store(&control->n_failures, 0);
	atomic_store(&control->pair.cause, 0);
	atomic_store(&control->pair.wanted, 0);
	atomic_store(&control->mode, step->mode);
}

bool fault_disarm(void)
{
	atomic_store(&control->mode, FAULT_OFF);
	return fault_was_hit();
}

void fault_relieve(void)
{
	atomic_store(&control->at, UINT64_MAX);
	atomic_store(&control->mode, FAULT_NTH);
}

bool fault_is_armed(void)
{
	return atomic_load(&control->mode) != FAULT_OFF;
}

bool fault_was_hit(void)
{
	return atomic_load(&control->hits) != 0;
}

bool fault_advance(struct fault_step *step, bool hit)
{
	/* Of calls, the errors in turn; memory fails in one way. */
	uint32_t variants = step->aim.kinds & FAULT_CALLS ? 3 : 1;

	step->runs++;
	step->hits += hit;
	if (fault_only_reaches())
		return false;
	if (hit) {
		step->at++;
		return true;
	}
	step->at = 1;
	if (step->mode == FAULT_NEXT_SITE) {
		step->mode = FAULT_FROM_SITE;
		return true;
	}
	if (step->mode == FAULT_FROM_SITE) {
		step->mode = FAULT_NTH;
		return fault_is_full();
	}
	if (step->mode == FAULT_NTH && ++step->variant < variants)
		return true;
	if (step->mode == FAULT_NTH) {
		step->mode = FAULT_FROM_NTH;
		return true;
	}
	return false;
}

enum { PROGRAMS_MAX = 1024 };
static char *programs[PROGRAMS_MAX];
static uint32_t n_programs;

void fault_set_program(const char *path)
{
	uint32_t i = 0;

	while (i < n_programs && strcmp(programs[i], path))
		i++;
	test_true(i < PROGRAMS_MAX);
	if (i == n_programs)
		programs[n_programs++] = strdup(path);
	atomic_store(&control->own, i);
}

static const char *object_path(uint64_t key)
{
	static char path[1024];
	int object = fault_key_object(key);

	if (object == FAULT_OWN_PROGRAM)
		return programs[fault_key_program(key)];
	snprintf(path, sizeof(path), "%s/%s", test_built(""),
		 strchr(fault_objects[object], '.') ? "lib" : "bin");
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", fault_objects[object]);
	return path;
}

static void describe_place(uint64_t key, char *text, size_t size)
{
	const char *object = object_path(key);
	char command[1200], line[512] = "?";

	snprintf(command, sizeof(command),
		 "LD_PRELOAD= addr2line -s -f -p -e \"%s\" 0x%x 2>/dev/null", object,
		 fault_key_offset(key) - 1);
	FILE *f = popen(command, "re");
	if (f && fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = 0;
	if (f)
		pclose(f);
	snprintf(text, size, "%s in %s", line, strrchr(object, '/') + 1);
}

void fault_describe(const struct fault_step *step, char *text, size_t size)
{
	static const char *const modes[] = { "",     "once",	 "for good", "once",
					     "once", "for good", "for good" };
	uint32_t n = atomic_load(&control->n_failures);
	size_t used = (size_t)snprintf(text, size, n ? "fails %s (number %llu):" : "no fault",
				       modes[step->mode], (unsigned long long)step->at);
	char place[600];

	for (uint32_t i = 0; i < n && i < FAULT_FAILURES && used < size; i++) {
		uint64_t key = atomic_load(&control->keys[i]);

		describe_place(key, place, sizeof(place));
		used += (size_t)snprintf(text + used, size - used, "%s %s with %s at %s",
					 i ? "," : "", fault_calls[fault_key_call(key)].name,
					 strerrorname_np((int)atomic_load(&control->errors[i])),
					 place);
	}
}

const char *fault_take_trace(void)
{
	static char line[FAULT_TRACE_SIZE];
	static uint32_t taken;
	uint32_t n = atomic_load(&control->n_traces);

	if (taken == n)
		return NULL;
	snprintf(line, sizeof(line), "%s", control->traces[taken++ % FAULT_TRACES]);
	return line;
}
