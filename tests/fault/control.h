/* SPDX-License-Identifier: MIT */
/*
 * Steering faults: arm one, run, see whether it was hit, again until nothing
 * is hit. Which faults: each site fails once in each of its ways, then for good
 * with all calls that follow; in a campaign, each that this or another program
 * has not met yet, and pairs where only one failure leads to another; PORTICO_TEST_FAULTS=full makes every call fail by
 * its number as well, once and for good.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "inject.h"

/* First thing in main: run this program again with the preloaded library, unless it is there. */
void fault_preload(char **argv);
/* In each test: skips it where no library can be preloaded. */
void fault_require(void);
/* PORTICO_TEST_FAULTS: "reach": nothing fails, what is reached is counted; "places": what takes hundreds of sessions,
 * too; "full": every call by its number as well. */
bool fault_only_reaches(void);
bool fault_is_long(void);
bool fault_is_full(void);

struct fault_aim {
	uint32_t kinds;
	uint32_t objects;    /* bits of fault_object, 0: all */
	pid_t pid;	     /* 0: any process of PROGRAM */
	const char *program; /* NULL: any */
};

/* What is to fail next. Starts with fault_first, goes on with fault_advance until that is false. */
struct fault_step {
	struct fault_aim aim;
	uint32_t mode, variant;
	uint64_t at;
	int runs, hits, failures;
};

struct fault_step fault_first(struct fault_aim aim);
void fault_arm(const struct fault_step *step);
/* Whether something has failed since it was armed. */
bool fault_disarm(void);
/* What fails for good works again from now on; still armed, as to what may have gone wrong. */
void fault_relieve(void);
bool fault_is_armed(void);
bool fault_was_hit(void);
/* The next step after one that was HIT or not; false after the last one. */
bool fault_advance(struct fault_step *step, bool hit);
/* One line about what has failed since it was armed: how, where. */
void fault_describe(const struct fault_step *step, char *text, size_t size);
/* Control page's path and the library's, for programs whose environment is made anew. */
const char *fault_control_path(void);
const char *fault_library(void);

/* A unit test that runs next: its own calls are sites, which are its own. */
void fault_set_program(const char *path);
/* Where the next process has died: "signal object+offset ...", innermost first; NULL after the last. */
const char *fault_take_trace(void);
