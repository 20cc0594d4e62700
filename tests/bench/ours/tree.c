// SPDX-License-Identifier: MIT
#include "ours/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contestant.h"

enum { PROCESSES_MAX = 4096, TREE_MAX = 64 };

struct process {
	pid_t pid, parent;
};

static pid_t parent_of(const char *pid)
{
	char path[64], line[256];
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	FILE *f = fopen(path, "re");
	while (f && !parent && fgets(line, sizeof(line), f))
		sscanf(line, "PPid: %d", &parent);
	if (f)
		fclose(f);
	return parent;
}

static size_t list_processes(struct process *all)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while (folder && n < PROCESSES_MAX && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			all[n++] = (struct process){ .pid = atoi(entry->d_name),
						     .parent = parent_of(entry->d_name) };
	if (folder)
		closedir(folder);
	return n;
}

/* Those below ROOT, itself first. */
static size_t find_tree(pid_t root, pid_t *tree)
{
	static struct process all[PROCESSES_MAX];
	size_t n = list_processes(all), count = 1;

	tree[0] = root;
	for (size_t done = 0; done < count; done++)
		for (size_t i = 0; i < n && count < TREE_MAX; i++)
			if (all[i].parent == tree[done])
				tree[count++] = all[i].pid;
	return count;
}

uint64_t ours_tree_resident_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *f = fopen(path, "re");
	while (f && !kib && fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %llu kB", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* Of all its threads but this one. */
static uint64_t cpu_ns(pid_t pid)
{
	char path[300];
	struct dirent *entry;
	uint64_t sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		unsigned long long ns = 0;

		/* ".." is the process, with the first thread's */
		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == gettid())
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
		FILE *f = fopen(path, "re");
		if (f && fscanf(f, "%llu", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	if (folder)
		closedir(folder);
	return sum;
}

/* Is PID this program or the host of SERVER? The registry and other hosts have work of their own. */
static bool is_needed(pid_t pid, const char *server)
{
	char path[64], line[4096];

	if (pid == getpid())
		return true;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;
	if (f)
		fclose(f);
	line[n] = '\0';
	return n && memmem(line, n, server, strlen(server));
}

bool ours_tree_use(const char *server, struct ours_use *use)
{
	pid_t tree[TREE_MAX];
	/* "portico run", which started us, and all below it */
	size_t n = find_tree(getppid(), tree), needed = 0;

	*use = (struct ours_use){ 0 };
	for (size_t i = 0; i < n; i++)
		if (is_needed(tree[i], server)) {
			use->resident_kib += ours_tree_resident_kib(tree[i]);
			use->cpu_ns += cpu_ns(tree[i]);
			needed++;
		}
	if (needed != 2)
		bench_complain("%zu instead of 2 processes were found in the session", needed);
	return needed == 2;
}
