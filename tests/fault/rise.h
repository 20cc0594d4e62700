/* SPDX-License-Identifier: MIT */
/* Run a scenario again and again, each time with the next fault, and count what it did not stand. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "control.h"
#include "scenario.h"

enum { RISE_CANNOT_RUN = 119 }; /* exit status of a child whose program cannot be run */

/* All of LIST, or those that PORTICO_FAULT_SCENARIO is part of the name of. Each run is a process: the
 * scenario with the fault, then without one, then everything that it opened has to be closed again.
 * PID_OF gives the process that gets the fault; NULL: this one. The number of failures. */
int rise_all(const struct scenario *list, uint32_t kinds, pid_t (*pid_of)(void));
/* Asked after each run: false when what it looks at is not as before. */
extern bool (*rise_check)(void);
/* Whether there is time for another run of NAME; says so when it is up. */
bool rise_has_time(const char *name);
/* Fails unless faults were met: what injects nothing shows nothing. In a campaign others may have met all. */
void rise_require_hits(int hits);
/* Wait for PID and, meanwhile, for what its processes have left to us. PID's wait status. */
int rise_reap(pid_t pid);
/* What processes have left to us ends by itself within SECONDS, or is killed: false. */
bool rise_end_leftovers(int seconds);
/* Rounds of a whole program: as many as meet faults, or PORTICO_FAULT_ROUNDS. */
int rise_rounds_max(void);
/* A process for RUN, ended by a watchdog if it hangs. Its wait status. */
int run_in_child(void (*run)(void));
/* Say what STEP's fault has done. */
void rise_complain(struct fault_step *step, const char *name, int status);
