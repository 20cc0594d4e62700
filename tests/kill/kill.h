/* SPDX-License-Identifier: MIT */
/*
 * Kill campaigns: driver hosts, clients and the registry are killed at random
 * moments under load and at every system call, and what their peers see is
 * measured. The product is used as any program uses it: public headers, the
 * daemons, /proc and ptrace. A broken promise is a violation: it is printed,
 * and the program's exit status is 1.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <IOKit/IOKitLib.h>

#include "Kill.dext/Kill.h"

/* --- what is promised ---------------------------------------------------------- */

#define KILL_ANSWER_NS (100ull * 1000 * 1000) /* a call after the death of its host */
#define KILL_ANSWER_P99_NS (10ull * 1000 * 1000)
#define KILL_COMPLETE_NS (500ull * 1000 * 1000) /* the registry after its death */
#define KILL_REOPEN_NS (1000ull * 1000 * 1000)	/* a new open then */
#define KILL_STUCK_NS (5000ull * 1000 * 1000)	/* nothing takes that long: the campaign ends */

/* --- options (main.c) ------------------------------------------------------------- */

struct kill_options {
	uint64_t hosts, clients, registries, cycles; /* how many */
	uint64_t step;	  /* of system calls between two boundaries; 0: none */
	unsigned pool;	  /* hosts at once */
	unsigned seconds; /* for everything; 0: without limit */
	uint64_t seed;
	const char *state; /* a file that carries the figures from run to run; may be NULL */
	bool loose;	   /* an instrumented or crowded machine: times are shown, not judged */
};

extern struct kill_options kill_options;
/* Print a line "VIOLATION ..." and remember it. Any thread. */
void kill_violation(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool kill_is_violated(void);
/* The same, and the end of the program. */
_Noreturn void kill_give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- small things (main.c) ----------------------------------------------------------- */

uint64_t kill_now_ns(void);
void kill_sleep_ns(uint64_t ns);
/* To one process, never to a group. */
int kill_send(pid_t pid, int signal);
/* Numbers of one thread. */
struct kill_random {
	uint64_t state;
};
void kill_random_init(struct kill_random *random, uint64_t stream);
uint64_t kill_random_below(struct kill_random *random, uint64_t bound);
/* From LEAST to MOST, each order of magnitude as likely as the others. */
uint64_t kill_random_between(struct kill_random *random, uint64_t least, uint64_t most);

/* --- figures (figures.c) -------------------------------------------------------------- */

enum kill_status {
	KILL_SUCCESS,
	KILL_OFFLINE,
	KILL_ABORTED,
	KILL_NOT_READY,
	KILL_IPC_ERROR,
	KILL_INVALID_DEST,
	KILL_SERVER_DIED, /* MIG_SERVER_DIED: calls to the registry only */
	KILL_ABSENT,	  /* no such service just now, or it is ending: opening only */
	KILL_OTHER,	  /* none of what is promised */
	KILL_STATUSES
};
enum kill_status kill_status_of(kern_return_t result);
/* One of the death set. */
bool kill_status_is_death(enum kill_status status);

enum { KILL_BUCKETS = 640 };

/* Times, in buckets of at most 1/16 of their size. */
struct kill_times {
	atomic_uint_fast64_t count, max_ns, over; /* OVER: more than is promised */
	atomic_uint_fast64_t buckets[KILL_BUCKETS];
};
void kill_times_add(struct kill_times *times, uint64_t ns, uint64_t promised_ns);
uint64_t kill_times_quantile(struct kill_times *times, double q);

struct kill_figures {
	const char *name, *answers_name;
	uint64_t wanted; /* kills, or cycles */
	atomic_uint_fast64_t kills;
	atomic_uint_fast64_t spent_ns;
	atomic_uint_fast64_t statuses[KILL_STATUSES];
	struct kill_times answers; /* from the kill to the answer */
	struct kill_times returns; /* until what was killed serves again */
};
void kill_figures_count(struct kill_figures *figures, enum kill_status status);
void kill_figures_print(struct kill_figures *figures);
/* False: no such file, or not ours. */
bool kill_figures_load(struct kill_figures *const *all, const char *path);
void kill_figures_save(struct kill_figures *const *all, const char *path);

/* --- a session with a pool of hosts (session.c) ------------------------------------------ */

struct kill_session {
	char folder[256], socket[300];
	pid_t registry;
	unsigned generation;
	unsigned pool;
};

/* A folder with the bundles; nothing runs yet. The library's session becomes this one. */
void kill_session_make(struct kill_session *session, unsigned pool);
/* Start the registry and wait until it accepts connections. IN_CHILD (may be NULL) runs in its process
 * before the program does. */
void kill_session_start(struct kill_session *session, void (*in_child)(void));
/* SIGKILL, and wait for its end. */
void kill_session_kill_registry(struct kill_session *session);
/* End it in order, with all its processes; remove the folder. */
void kill_session_end(struct kill_session *session);
/* The folder alone, unless its log has something to say. */
void kill_session_remove(const struct kill_session *session);
/* The host of SLOT as the registry has it, 0: none. */
pid_t kill_session_host(const struct kill_session *session, unsigned slot);
/* `portico load` of that slot's bundle: its crashes are forgotten. */
void kill_session_pardon(const struct kill_session *session, unsigned slot);
/* Wait until all hosts of the pool serve and nothing is busy. False: not within KILL_STUCK_NS. */
bool kill_session_await(const struct kill_session *session);
/* {"IOProviderClass": KillDriver, property of the slot}: consumed by IOKitLib. */
CFMutableDictionaryRef kill_session_matching(unsigned slot);
/* Open the slot's driver, as often as it takes. */
io_connect_t kill_session_open(unsigned slot);
/* Numbers KILL_OPENS... of the slot's driver. */
void kill_session_counts(unsigned slot, uint64_t counts[KILL_N]);

/* --- the audit (audit.c) --------------------------------------------------------------------- */

enum { KILL_AUDIT_PIDS = 130 };

struct kill_process {
	char name[32];
	pid_t pid;
	int64_t descriptors, threads, mappings, children, resident_kb;
};

struct kill_audit {
	struct kill_process processes[KILL_AUDIT_PIDS];
	unsigned n;
	CFDictionaryRef classes;
	int64_t entries, names; /* of the registry; of this process's ports */
};

/* Registry, this process and all hosts. HOSTS: they are to survive. */
void kill_audit_take(struct kill_audit *audit, const struct kill_session *session, bool hosts);
/* Take it again until it equals BEFORE, for some seconds; differences are violations. OPERATIONS: what
 * lies between the two: 1 MiB of memory for each 100,000. Frees BEFORE. */
void kill_audit_compare(struct kill_audit *before, const struct kill_session *session, bool hosts,
			uint64_t operations, const char *campaign);

/* --- campaigns -------------------------------------------------------------------------------- */

/* Each until it has its number, or UNTIL_NS. */
void kill_hosts(struct kill_figures *figures, uint64_t until_ns);
void kill_clients(struct kill_figures *figures, uint64_t until_ns);
void kill_registries(struct kill_figures *figures, uint64_t until_ns);
void kill_cycles(struct kill_figures *figures, uint64_t until_ns);
void kill_boundaries(struct kill_figures *figures, uint64_t until_ns);

/* One call of every kind that ends by itself, checked (calls.c). CONNECT is the slot's. */
kern_return_t kill_call(io_connect_t connect, struct kill_random *random);
