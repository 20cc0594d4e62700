/* SPDX-License-Identifier: MIT */
/*
 * What is run again and again while faults are about: each uses one part of the
 * public interface, checks every result, and cleans up whatever it got. While
 * nothing has failed yet, and when no fault is armed, everything has to work.
 */
#pragma once

#include <stdbool.h>

#include <IOKit/IOKitLib.h>

/* Until the session has nothing to do. */
void scenario_wait_quiet(void);
/* Until the sample driver of that class is there, however long it takes. */
bool scenario_await(const char *class_name, bool (*give_up)(void));
void scenario_await_all(void);
/* Faults are put into hosts, which may be started again. */
extern bool scenario_host_may_end;

struct scenario {
	const char *name;
	void (*run)(void);
};

extern const struct scenario
	scenarios_of_session[]; /* against the sample drivers; NULL name ends */
extern const struct scenario scenarios_of_process[]; /* without any session */

/* Whether it worked; a failure is in order only after a fault, and only a documented one. */
bool scenario_worked(IOReturn status, const char *what, int line);
bool scenario_worked_or(IOReturn status, IOReturn documented, const char *what, int line);
bool scenario_made(bool is_there, const char *what, int line);

#define WORKED(call) scenario_worked(call, #call, __LINE__)
/* For a call that tells every failure in the same way. */
#define WORKED_OR(call, documented) \
	scenario_worked_or(call, (IOReturn)(documented), #call, __LINE__)
#define MADE(thing) scenario_made((thing) != 0, #thing, __LINE__)
