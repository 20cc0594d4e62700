// SPDX-License-Identifier: MIT
/*
 * Where the hostile cases are fought out: a session with the drivers that are
 * attacked, a witness beside it, and an audit before and after.
 *
 *	HOSTILE(P_A1, selectors_that_are_none)
 *	{
 *		arena_begin("Methods.dext", NULL);
 *		...
 *		arena_end();
 *	}
 *
 * The ID is that of tests/hostile/cases.txt; a case may have several
 * tests. At arena_end the witness must not have noticed anything, the registry
 * and every host that arena_spare does not name must be the processes they
 * were, and hold no more than they did.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include <IOKit/IOKitLib.h>

#include "test.h"
#include "world.h"

#define HOSTILE(id, words) TEST(id##_##words)
/* One that is known not to pass yet, and why: only run with PORTICO_TEST_OPEN (scripts/hostile --open). */
#define HOSTILE_OPEN(id, words, reason) \
	static void open_##id##_##words(void); \
	TEST(id##_##words) \
	{ \
		if (!getenv("PORTICO_TEST_OPEN")) \
			test_skip("open: " reason); \
		open_##id##_##words(); \
	} \
	static void open_##id##_##words(void)

/* A session with the Witness and the bundles named (ends with NULL), their services matched. The audit
 * is taken after one connection of each kind was opened and closed. */
void arena_begin(const char *bundle, ...) __attribute__((sentinel));
/* With the bundles of FOLDER, which gets the Witness too. */
void arena_begin_with(const char *folder);
/* Put a bundle of the build into FOLDER. */
void arena_link_bundle(const char *folder, const char *bundle);
/* Take the audit anew. */
void arena_audit(void);
/* The host of SERVER is the victim: it may end and be another. */
void arena_spare(const char *server);
/* That many operations have been done; only says how much the registry may have grown. */
void arena_count(uint64_t operations);
/* The attack is over: the witness's verdict, the audit, the end of the session. */
void arena_end(void);
/* The same but that the registry is another process by now: only the witness, then the end. */
void arena_end_restarted(void);

/* A call of the session's own: does the service answer? Selector and scalars as the driver has them. */
uint64_t arena_ask(io_connect_t connect, uint32_t selector, uint64_t argument);
/* Is STATUS one of those that a call may have whose host or connection has died? */
bool arena_is_death(kern_return_t status);
/* Entry ID of the service of that class. */
uint64_t arena_service_id(const char *class_name);
/* Small random numbers, the same in each run. */
uint64_t arena_random(uint64_t *state);
/* A word that is often at an edge. */
uint32_t arena_nasty_word(uint64_t *state);
/* An anonymous page (with N before it) that ends where nobody can read; at the end of it SIZE bytes. */
void *arena_guarded(size_t size);
/* Give it back. */
void arena_guarded_free(void *bytes, size_t size);
/* ns of the monotonic clock. */
uint64_t arena_now_ns(void);

/* Times that have a limit. On a machine that has nothing else to do (PORTICO_TEST_JUDGE_LATENCY) none may be
 * beyond it; elsewhere none may be beyond the deadline that everything has, 5 s. */
struct arena_times {
	const char *what;
	uint64_t promised_ns, worst_ns;
	uint64_t n, n_over;
};
void arena_took(struct arena_times *times, uint64_t ns);
/* Print them; the test fails when one is beyond the limit. */
void arena_judge(const struct arena_times *times);

/* Does the registry say that the host of SERVER is STATE ("up", "stopped", "quarantined", ...)? */
bool arena_host_is(const char *server, const char *state);
/* Forget the crashes of the hosts of a bundle of FOLDER (NULL: that of arena_begin): `portico load`. */
void arena_pardon(const char *folder, const char *bundle);
/* Have the programs that are started from now on load LIBRARY of build/tests/hostile first, behind a
 * sanitizer's own. */
void arena_preload(const char *library);
/* Wait for a child; its exit status, or 1000 + the signal. */
int arena_wait(pid_t pid);
