// SPDX-License-Identifier: MIT
#include "audit.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>

#include "test.h"

enum { LOOKS = 600, PAUSE_MS = 10, SLACK_KIB = 2048, REPORT = 4096 };

/* --- one process ----------------------------------------------------------------------------- */

int audit_count(pid_t pid, const char *what)
{
	char path[64];
	DIR *d;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	d = opendir(path);
	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

int audit_count_mappings(pid_t pid, const char *text)
{
	char path[64], line[512];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return n;
}

/* Fields of /proc/PID/stat from the state on, which is field 0 here. */
static bool read_stat(pid_t pid, unsigned long long fields[24])
{
	char path[64], line[1024] = "";
	FILE *f;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	if (!at)
		return false;
	fields[0] = (unsigned char)at[2];
	at += 3;
	for (int i = 1; i < 24; i++)
		fields[i] = strtoull(at, &at, 10);
	return true;
}

uint64_t audit_processor_ns(pid_t pid)
{
	unsigned long long fields[24];

	if (!read_stat(pid, fields))
		return 0;
	return (fields[11] + fields[12]) * (1000000000u / (unsigned long)sysconf(_SC_CLK_TCK));
}

long audit_resident_kib(pid_t pid)
{
	unsigned long long fields[24];

	return read_stat(pid, fields) ? (long)(fields[21] * (unsigned long)getpagesize() / 1024)
				      : 0;
}

static void name_process(struct audit_process *p)
{
	char path[64], line[2048];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (fd >= 0)
		close(fd);
	snprintf(p->name, sizeof(p->name), "process");
	line[n > 0 ? n : 0] = '\0';
	/* What sets a host apart is its server's name; programs of Portico are named otherwise. */
	for (char *word = line; n > 0 && word < line + n; word += strlen(word) + 1)
		if (word == line || !strncmp(word, "org.portico.", 12) ||
		    !strncmp(word, "test.", 5))
			snprintf(p->name, sizeof(p->name), "%.60s",
				 strrchr(word, '/') ? strrchr(word, '/') + 1 : word);
}

/* Those of each of its threads. */
static unsigned list_children(pid_t parent, pid_t *pids, unsigned max)
{
	char path[300];
	unsigned n = 0;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)parent,
			 e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "re");

		while (f && n < max && fscanf(f, "%d", &pid) == 1)
			pids[n++] = pid;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

static void measure(struct audit_process *p)
{
	pid_t children[AUDIT_PROCESSES];

	p->descriptors = audit_count(p->pid, "fd");
	p->mappings = audit_count_mappings(p->pid, "/memfd:");
	p->threads = audit_count(p->pid, "task");
	p->children = (int)list_children(p->pid, children, AUDIT_PROCESSES);
	p->resident_kib = audit_resident_kib(p->pid);
}

/* --- the session --------------------------------------------------------------------------------- */

static CFDictionaryRef copy_classes(void)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	CFDictionaryRef diagnostics =
		IORegistryEntryCreateCFProperty(root, CFSTR(kIOKitDiagnosticsKey), NULL, 0);
	CFTypeRef classes =
		diagnostics ? CFDictionaryGetValue(diagnostics, CFSTR("Classes")) : NULL;

	if (classes)
		CFRetain(classes);
	if (diagnostics)
		CFRelease(diagnostics);
	IOObjectRelease(root);
	test_true(classes != NULL);
	return classes;
}

/* What was closed before may be on its way out: until two looks are alike. */
static CFDictionaryRef copy_settled_classes(void)
{
	CFDictionaryRef classes = copy_classes();

	for (int i = 0; i < LOOKS; i++) {
		CFDictionaryRef earlier = classes;

		poll(NULL, 0, PAUSE_MS);
		classes = copy_classes();
		bool alike = CFEqual(earlier, classes);
		CFRelease(earlier);
		if (alike)
			break;
	}
	return classes;
}

static void list_names(struct audit *audit)
{
	DIR *d = opendir(test_folder());

	test_true(d != NULL);
	for (struct dirent *e; (e = readdir(d)) && audit->n_names < AUDIT_NAMES;)
		snprintf(audit->names[audit->n_names++], sizeof(audit->names[0]), "%.63s",
			 e->d_name);
	closedir(d);
}

void audit_take(struct audit *audit, pid_t registry)
{
	pid_t children[AUDIT_PROCESSES];
	unsigned n = list_children(registry, children, AUDIT_PROCESSES - 1);

	memset(audit, 0, sizeof(*audit));
	audit->classes = copy_settled_classes();
	list_names(audit);
	audit->processes[audit->n_processes++].pid = registry;
	for (unsigned i = 0; i < n; i++)
		audit->processes[audit->n_processes++].pid = children[i];
	for (unsigned i = 0; i < audit->n_processes; i++) {
		name_process(&audit->processes[i]);
		measure(&audit->processes[i]);
	}
}

void audit_free(struct audit *audit)
{
	CFRelease(audit->classes);
}

void audit_spare(struct audit *audit, const char *server)
{
	for (unsigned i = 0; i < audit->n_processes; i++)
		if (!strcmp(audit->processes[i].name, server))
			audit->processes[i].may_end = true;
}

/* --- comparing --------------------------------------------------------------------------------------- */

struct difference {
	const struct audit *before;
	char text[REPORT];
	size_t length;
};

static void report(struct difference *d, const char *who, const char *what, long before, long after)
{
	if (d->length < sizeof(d->text) - 200)
		d->length += (size_t)snprintf(d->text + d->length, 200, "%s: %s %ld, was %ld\n",
					      who, what, after, before);
}

static void compare_class(const void *key, const void *value, void *context)
{
	struct difference *d = context;
	CFNumberRef old = CFDictionaryGetValue(d->before->classes, key);
	int64_t before = 0, after = 0;
	char name[64] = "";

	CFNumberGetValue(value, kCFNumberSInt64Type, &after);
	if (old)
		CFNumberGetValue(old, kCFNumberSInt64Type, &before);
	CFStringGetCString(key, name, sizeof(name), kCFStringEncodingUTF8);
	if (before != after)
		report(d, "class", name, (long)before, (long)after);
}

static void compare_process(struct difference *d, const struct audit_process *before)
{
	struct audit_process now = { .pid = before->pid };

	measure(&now);
	if (now.descriptors < 0) {
		if (!before->may_end)
			report(d, before->name, "is gone: pid", before->pid, 0);
		return;
	}
	if (before->may_end)
		return;
	if (now.descriptors > before->descriptors)
		report(d, before->name, "descriptors", before->descriptors, now.descriptors);
	if (now.mappings > before->mappings)
		report(d, before->name, "shared mappings", before->mappings, now.mappings);
	if (now.threads > before->threads)
		report(d, before->name, "threads", before->threads, now.threads);
	if (now.children > before->children)
		report(d, before->name, "children", before->children, now.children);
}

static void compare_names(struct difference *d)
{
	struct audit now = { 0 };

	list_names(&now);
	for (unsigned i = 0; i < now.n_names; i++) {
		bool known = false;

		for (unsigned k = 0; k < d->before->n_names; k++)
			known |= !strcmp(now.names[i], d->before->names[k]);
		if (!known)
			report(d, "runtime folder", now.names[i], 0, 1);
	}
}

static bool is_different(struct difference *d)
{
	CFDictionaryRef classes = copy_classes();

	d->length = 0;
	CFDictionaryApplyFunction(classes, compare_class, d);
	CFRelease(classes);
	for (unsigned i = 0; i < d->before->n_processes; i++)
		compare_process(d, &d->before->processes[i]);
	compare_names(d);
	return d->length > 0;
}

static void compare_memory(const struct audit_process *registry, uint64_t operations)
{
	long grown = audit_resident_kib(registry->pid) - registry->resident_kib;
	long allowed = SLACK_KIB + (long)(operations / 100000 + 1) * 1024;

	printf("# audit: registry grew by %ld KiB in %llu operations\n", grown,
	       (unsigned long long)operations);
	fflush(stdout);
	if (grown > allowed && !test_is_slow())
		test_fail(__FILE__, __LINE__, "the registry has grown by %ld KiB, allowed %ld",
			  grown, allowed);
}

void audit_compare(const struct audit *before, pid_t registry, uint64_t operations)
{
	struct difference d = { .before = before };

	test_equal(registry, before->processes[0].pid);
	for (int i = 0; i < LOOKS && is_different(&d); i++)
		poll(NULL, 0, PAUSE_MS);
	if (d.length)
		test_fail(__FILE__, __LINE__, "left over:\n%s", d.text);
	compare_memory(&before->processes[0], operations);
}
