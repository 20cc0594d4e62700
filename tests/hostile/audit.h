// SPDX-License-Identifier: MIT
/*
 * What the processes of a session hold, counted from outside: classes from the
 * registry's diagnostics; descriptors, shared mappings, threads, children and
 * memory from /proc; names in the runtime folder. Taken before an attack and
 * compared after it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <CoreFoundation/CoreFoundation.h>

enum { AUDIT_PROCESSES = 32, AUDIT_NAMES = 64 };

struct audit_process {
	pid_t pid;
	char name[64];
	bool may_end; /* the attack is on this one */
	int descriptors, mappings, threads, children;
	long resident_kib;
};

struct audit {
	unsigned n_processes; /* the registry first, then its children */
	struct audit_process processes[AUDIT_PROCESSES];
	CFDictionaryRef classes;
	unsigned n_names;
	char names[AUDIT_NAMES][64];
};

/* Count everything of the session whose registry is REGISTRY. */
void audit_take(struct audit *audit, pid_t registry);
void audit_free(struct audit *audit);
/* Wait, a bounded while, until nothing is more than it was; the test fails with what is left over.
 * OPERATIONS: how many there were; the registry may have grown by 1 MiB for every 100,000 of them. */
void audit_compare(const struct audit *before, pid_t registry, uint64_t operations);
/* Mark the process whose command line names SERVER. */
void audit_spare(struct audit *audit, const char *server);

/* Entries of /proc/PID/WHAT; -1: no such process. */
int audit_count(pid_t pid, const char *what);
/* Mappings of PID whose line contains TEXT. */
int audit_count_mappings(pid_t pid, const char *text);
/* ns of processor time that PID has used. */
uint64_t audit_processor_ns(pid_t pid);
long audit_resident_kib(pid_t pid);
