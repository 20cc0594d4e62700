// SPDX-License-Identifier: MIT
/*
 * What ran on the machine besides the benchmark. Processor time is taken from
 * /proc/PID/stat of every process that does not descend from this one (what a
 * process used itself and what it inherited from children that have ended, so
 * that nothing is lost when one ends), and from /proc/stat what the hypervisor
 * took away (steal). Idle processes add nothing, so the sum is still when the
 * machine is. This program is a subreaper: what its contestants leave behind
 * stays a descendant.
 */
#include "bench.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contestant.h"

enum { PROCESSES_MAX = 8192 };

static const double disturbance = 0.02; /* of a processor */

struct seen {
	pid_t pid, parent;
	unsigned long long ticks;
	bool ours;
};

static bool read_process(const char *name, struct seen *seen)
{
	char path[64], text[1024];
	unsigned long long user, system, user_below, system_below;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* The command in parentheses may contain anything. */
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
		   &seen->parent, &user, &system, &user_below, &system_below) != 5)
		return false;
	seen->pid = atoi(name);
	seen->ticks = user + system + user_below + system_below;
	seen->ours = seen->pid == getpid();
	return true;
}

static const struct seen *find(const struct seen *all, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].pid == pid)
			return &all[i];
	return NULL;
}

/* Ticks of those that do not descend from this process. */
static unsigned long long foreign(struct seen *all, size_t n)
{
	unsigned long long ticks = 0;
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < n; i++) {
			const struct seen *parent =
				all[i].ours ? NULL : find(all, n, all[i].parent);

			if (parent && parent->ours)
				changed = all[i].ours = true;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (!all[i].ours)
			ticks += all[i].ticks;
	return ticks;
}

static unsigned long long stolen(void)
{
	unsigned long long ticks = 0;
	FILE *f = fopen("/proc/stat", "re");

	if (f) {
		if (fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
			ticks = 0;
		fclose(f);
	}
	return ticks;
}

void bench_others_look(struct bench_others *others)
{
	static struct seen all[PROCESSES_MAX];
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while (folder && n < PROCESSES_MAX && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_process(entry->d_name, &all[n]))
			n++;
	if (folder)
		closedir(folder);
	others->seconds = (double)(foreign(all, n) + stolen()) / (double)sysconf(_SC_CLK_TCK);
	others->at_ns = bench_now_ns();
}

bool bench_others_disturbed(const struct bench_others *since)
{
	double tick = 1 / (double)sysconf(_SC_CLK_TCK);
	struct bench_others now;

	bench_others_look(&now);
	double allowed = disturbance * (double)(now.at_ns - since->at_ns) / 1e9;
	/* A process that ran for a moment may have been charged a whole tick. */
	return now.seconds - since->seconds > (allowed > tick ? allowed : tick) * 1.01;
}
