/* SPDX-License-Identifier: MIT */
/*
 * Death at a system call: a process of ours traces a registry and all that it starts, lets them run, and
 * sends SIGKILL when one of them is about to make its Nth system call since its exec.
 */
#pragma once

#include "kill.h"

enum kill_victim { KILL_NOBODY, KILL_HOST, KILL_REGISTRY };

/* Shared with the tracer's process. */
struct kill_tracer {
	struct kill_session *session; /* shared memory, too */
	pid_t pid;
	atomic_int victim; /* enum kill_victim; KILL_NOBODY again when it has died */
	atomic_uint_fast64_t target, seen;
	atomic_bool start;   /* asked for a registry */
	atomic_bool ending;  /* asked to end */
	atomic_bool refused; /* nothing may be traced here */
};

/* Before the library is used. Makes the session's folder. */
struct kill_tracer *kill_tracer_new(unsigned pool);
/* The next VICTIM to be started dies at its system call TARGET. */
void kill_tracer_aim(struct kill_tracer *tracer, enum kill_victim victim, uint64_t target);
/* A new registry; returns when its process is there. */
void kill_tracer_start_registry(struct kill_tracer *tracer);
/* End the session and the tracer. */
void kill_tracer_end(struct kill_tracer *tracer);
