/* SPDX-License-Identifier: MIT */
#include "kill.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>

/* The library's own counter, as the tests use it. */
size_t port_count_names(void);

enum { PATIENCE_NS_PER_TRY = 100 * 1000 * 1000, TRIES = 150 };

static int64_t count_folder(pid_t pid, const char *name)
{
	char path[64];
	int64_t n = -2; /* . and .. */

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	DIR *d = opendir(path);
	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	/* Looking at ourselves takes one. */
	return n - (pid == getpid() && !strcmp(name, "fd"));
}

/* Of files and shared memory. How many pieces the C library's own memory has is its affair: the resident
 * size says whether it grows. */
static int64_t count_mappings(pid_t pid)
{
	char path[64], line[1024];
	unsigned long long inode;
	int64_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		n += sscanf(line, "%*s %*s %*s %*s %llu", &inode) == 1 && inode;
	fclose(file);
	return n;
}

static int64_t count_children(pid_t pid)
{
	DIR *d = opendir("/proc");
	int64_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		char path[300], line[512];
		int parent = 0;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *file = atoi(e->d_name) ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		const char *after = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
		n += after && sscanf(after, ") %*c %d", &parent) == 1 && parent == pid;
		fclose(file);
	}
	if (d)
		closedir(d);
	return n;
}

static int64_t resident_kb(pid_t pid)
{
	char path[64], line[256];
	long long kb = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "VmRSS: %lld", &kb) != 1)
		;
	if (file)
		fclose(file);
	return kb;
}

static void take_process(struct kill_audit *audit, const char *name, pid_t pid, bool children)
{
	struct kill_process *p = &audit->processes[audit->n++];

	*p = (struct kill_process){
		.pid = pid,
		.descriptors = count_folder(pid, "fd"),
		.threads = count_folder(pid, "task"),
		.mappings = count_mappings(pid),
		.children = children ? count_children(pid) : 0,
		.resident_kb = resident_kb(pid),
	};
	snprintf(p->name, sizeof(p->name), "%s", name);
}

static CFDictionaryRef copy_classes(void)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	CFDictionaryRef diagnostics = IORegistryEntryCreateCFProperty(
		root, CFSTR(kIOKitDiagnosticsKey), kCFAllocatorDefault, 0);
	CFDictionaryRef classes =
		diagnostics ? CFDictionaryGetValue(diagnostics, CFSTR("Classes")) : NULL;

	if (classes)
		CFRetain(classes);
	if (diagnostics)
		CFRelease(diagnostics);
	IOObjectRelease(root);
	return classes;
}

static void take(struct kill_audit *audit, const struct kill_session *session, bool hosts)
{
	char name[32];

	*audit = (struct kill_audit){ .classes = copy_classes() };
	audit->names = (int64_t)port_count_names();
	take_process(audit, "registry", session->registry, hosts || !session->registry);
	take_process(audit, "this program", getpid(), false);
	for (unsigned slot = 0; hosts && slot < session->pool && audit->n < KILL_AUDIT_PIDS;
	     slot++) {
		snprintf(name, sizeof(name), "host %u", slot);
		take_process(audit, name, kill_session_host(session, slot), true);
	}
}

static void drop(struct kill_audit *audit)
{
	if (audit->classes)
		CFRelease(audit->classes);
	audit->classes = NULL;
}

/* --- comparing ------------------------------------------------------------------- */

static void differ(FILE *out, const char *who, const char *what, int64_t was, int64_t is)
{
	if (was != is)
		fprintf(out, "  %s: %s were %lld, are %lld\n", who, what, (long long)was,
			(long long)is);
}

static void compare_process(FILE *out, const struct kill_process *was,
			    const struct kill_process *is, bool same_pid)
{
	differ(out, was->name, "descriptors", was->descriptors, is->descriptors);
	differ(out, was->name, "threads", was->threads, is->threads);
	differ(out, was->name, "children", was->children, is->children);
	if (same_pid)
		differ(out, was->name, "process numbers", was->pid, is->pid);
	differ(out, was->name, "mappings", was->mappings, is->mappings);
}

struct classes {
	CFDictionaryRef others;
	FILE *out;
	bool reverse;
};

static void compare_class(const void *key, const void *value, void *context)
{
	struct classes *c = context;
	CFTypeRef other = CFDictionaryGetValue(c->others, key);
	char name[128] = "";
	int64_t was = 0, is = 0;

	if (other && (c->reverse || CFEqual(other, value)))
		return;
	CFStringGetCString(key, name, sizeof(name), kCFStringEncodingUTF8);
	CFNumberGetValue(value, kCFNumberSInt64Type, c->reverse ? &is : &was);
	if (other)
		CFNumberGetValue(other, kCFNumberSInt64Type, c->reverse ? &was : &is);
	differ(c->out, name, "instances", was, is);
}

static void compare(FILE *out, const struct kill_audit *before, const struct kill_audit *after,
		    bool same_pids)
{
	for (unsigned i = 0; i < before->n && i < after->n; i++)
		compare_process(out, &before->processes[i], &after->processes[i], same_pids);
	differ(out, "this program", "port names", before->names, after->names);
	if (!before->classes || !after->classes) {
		fprintf(out, "  no class counts\n");
		return;
	}
	CFDictionaryApplyFunction(before->classes, compare_class,
				  &(struct classes){ after->classes, out, false });
	CFDictionaryApplyFunction(after->classes, compare_class,
				  &(struct classes){ before->classes, out, true });
}

static void compare_memory(const struct kill_audit *before, const struct kill_audit *after,
			   uint64_t operations, const char *campaign)
{
	for (unsigned i = 0; i < before->n && i < after->n; i++) {
		const struct kill_process *was = &before->processes[i], *is = &after->processes[i];
		int64_t grown = is->resident_kb - was->resident_kb;
		/* Programs with threads: each of malloc's arenas grows for a while. */
		int64_t allowed = (int64_t)(operations / 100000) * 1024 + (i ? 8192 : 1024);

		if (i < 2 || grown > allowed)
			printf("  memory: %s %lld KiB -> %lld KiB (%+lld)\n", was->name,
			       (long long)was->resident_kb, (long long)is->resident_kb,
			       (long long)grown);
		if (grown > allowed && !kill_options.loose)
			kill_violation("%s: %s has grown by %lld KiB in %llu operations", campaign,
				       was->name, (long long)grown, (unsigned long long)operations);
	}
}

/* What still goes on from before has an end: the same twice in a row. */
void kill_audit_take(struct kill_audit *audit, const struct kill_session *session, bool hosts)
{
	static struct kill_audit last;
	uint64_t counts[KILL_N];

	/* What a host makes for its first connection, it keeps. */
	for (unsigned slot = 0; hosts && slot < session->pool; slot++)
		kill_session_counts(slot, counts);
	take(audit, session, hosts);
	for (int i = 0, same = 0; i < TRIES && same < 3; i++) {
		char *text = NULL;
		size_t size = 0;

		last = *audit;
		kill_sleep_ns(PATIENCE_NS_PER_TRY);
		take(audit, session, hosts);
		FILE *out = open_memstream(&text, &size);
		if (!out)
			kill_give_up("no memory");
		compare(out, &last, audit, hosts);
		fclose(out);
		same = size ? 0 : same + 1;
		free(text);
		drop(&last);
	}
}

void kill_audit_compare(struct kill_audit *before, const struct kill_session *session, bool hosts,
			uint64_t operations, const char *campaign)
{
	static struct kill_audit after;
	char *text = NULL;
	size_t size = 0;

	for (int i = 0; i < TRIES; i++) {
		drop(&after);
		free(text);
		text = NULL;
		take(&after, session, hosts);
		FILE *out = open_memstream(&text, &size);
		if (!out)
			kill_give_up("no memory");
		compare(out, before, &after, hosts);
		fclose(out);
		if (!size)
			break;
		kill_sleep_ns(PATIENCE_NS_PER_TRY);
	}
	if (size) {
		kill_violation("%s: the audit differs:", campaign);
		fputs(text, stdout);
	} else {
		printf("  audit: exact\n");
	}
	free(text);
	compare_memory(before, &after, operations, campaign);
	drop(before);
	drop(&after);
	fflush(stdout);
}
