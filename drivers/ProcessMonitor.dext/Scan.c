/* SPDX-License-Identifier: MIT */
/*
 * Process events by looking at /proc every now and then. Processes that live
 * shorter than a period are missed. Ends are seen at once through a pidfd
 * where one can be had.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ProcessMonitor.h"

enum { PERIOD_NS = 50 * 1000 * 1000, PIDFDS_MAX = 512 };

struct process {
	uint32_t pid, parent;
	uint64_t startTime;
	char comm[16];
	unsigned round; /* of the scan that saw it last */
	int pidfd;	/* -1: none */
	IODescriptorEventSource *ended;
	struct Scan *scan;
	struct process *next;
};

enum { BUCKETS = 1024 };

struct Scan {
	IOWorkLoop *loop;
	IOTimerEventSource *timer;
	ProcessEvent event;
	void *context;
	unsigned round, pidfds;
	struct process *buckets[BUCKETS];
};

uint64_t processNow(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

bool processRead(uint32_t pid, char comm[16], uint32_t *parent, uint64_t *startTime)
{
	char path[32], text[512];
	const char *open_, *close_;
	unsigned ppid;
	unsigned long long start;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name may contain anything, even parentheses: it ends at the last one. */
	open_ = strchr(text, '(');
	close_ = strrchr(text, ')');
	if (!open_ || !close_ || close_ < open_ ||
	    sscanf(close_ + 1,
		   " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		   "%*d %*d %*d %llu",
		   &ppid, &start) != 2)
		return false;
	size_t length = (size_t)(close_ - open_ - 1);
	memset(comm, 0, 16);
	memcpy(comm, open_ + 1, length < 15 ? length : 15);
	if (parent)
		*parent = ppid;
	if (startTime)
		*startTime = start;
	return true;
}

static struct process **find(struct Scan *self, uint32_t pid)
{
	struct process **at = &self->buckets[pid % BUCKETS];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

static void removeProcess(struct Scan *self, struct process **at)
{
	struct process *process = *at;

	*at = process->next;
	IODescriptorEventSourceRelease(process->ended);
	if (process->pidfd >= 0) {
		close(process->pidfd);
		self->pidfds--;
	}
	free(process);
}

static void end(struct Scan *self, struct process **at)
{
	self->event(self->context, KIND_EXIT, (*at)->pid, 0, processNow(), (*at)->comm);
	removeProcess(self, at);
}

static void pidfdReadable(void *context, int fd, uint32_t events)
{
	struct process *process = context;

	end(process->scan, find(process->scan, process->pid));
}

static void watch(struct Scan *self, struct process *process)
{
	if (self->pidfds >= PIDFDS_MAX)
		return;
	process->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)process->pid, 0);
	if (process->pidfd < 0)
		return;
	self->pidfds++;
	process->ended = IODescriptorEventSourceCreate(self->loop, process->pidfd, POLLIN,
						       pidfdReadable, process);
}

static void see(struct Scan *self, uint32_t pid, bool quiet)
{
	struct process **at = find(self, pid), *process = *at;
	uint64_t startTime;
	uint32_t parent;
	char comm[16];

	if (!processRead(pid, comm, &parent, &startTime))
		return;
	if (process && process->startTime != startTime) { /* the number was used again */
		end(self, at);
		at = find(self, pid);
		process = NULL;
	}
	if (process) {
		process->round = self->round;
		if (memcmp(process->comm, comm, sizeof(comm))) {
			memcpy(process->comm, comm, sizeof(comm));
			if (!quiet)
				self->event(self->context, KIND_EXEC, pid, parent, processNow(),
					    comm);
		}
		return;
	}
	process = calloc(1, sizeof(*process));
	if (!process)
		return;
	process->pid = pid;
	process->parent = parent;
	process->startTime = startTime;
	memcpy(process->comm, comm, sizeof(comm));
	process->round = self->round;
	process->scan = self;
	process->pidfd = -1;
	*at = process;
	watch(self, process);
	if (!quiet)
		self->event(self->context, KIND_FORK, pid, parent, processNow(), comm);
}

static void scan(struct Scan *self, bool quiet)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	if (!folder)
		return;
	self->round++;
	while ((entry = readdir(folder))) {
		char *rest;
		unsigned long pid = strtoul(entry->d_name, &rest, 10);

		if (!*rest && pid && pid <= INT32_MAX)
			see(self, (uint32_t)pid, quiet);
	}
	closedir(folder);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct process **at = &self->buckets[i]; *at;) {
			if ((*at)->round == self->round)
				at = &(*at)->next;
			else
				end(self, at);
		}
}

static void period(void *context, IOTimerEventSource *timer)
{
	scan(context, false);
	IOTimerEventSourceSetTimeout(timer, PERIOD_NS);
}

struct Scan *scanStart(IOWorkLoop *loop, ProcessEvent event, void *context)
{
	struct Scan *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->loop = loop;
	self->event = event;
	self->context = context;
	self->timer = IOTimerEventSourceCreate(loop, period, self);
	if (!self->timer) {
		free(self);
		return NULL;
	}
	scan(self, true);
	IOTimerEventSourceSetTimeout(self->timer, PERIOD_NS);
	return self;
}

void scanStop(struct Scan *self)
{
	if (!self)
		return;
	IOTimerEventSourceRelease(self->timer);
	for (size_t i = 0; i < BUCKETS; i++)
		while (self->buckets[i])
			removeProcess(self, &self->buckets[i]);
	free(self);
}
