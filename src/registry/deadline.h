// SPDX-License-Identifier: MIT
/*
 * A time limit for what a host has to do. It passes in a few looks: one that finds the
 * host's process stopped, by a signal or by a debugger, begins it anew, as that was
 * somebody's will; and a registry that does not run itself does not look.
 */
#pragma once

#include "registry/registry_internal.h"

struct registry_deadline {
	struct loop_timer timer;
	loop_fn fn;
	void *context;
	struct registry *registry;
	const struct registry_server *server;
	uint64_t look_ns;
	unsigned n_looks; /* that are left */
};

void registry_deadline_init(struct registry_deadline *deadline, loop_fn fn, void *context);
/* FN is called when SERVER (NULL: nobody can stop it) has had as many milliseconds as the limit TIME says
 * (LIMITS_START_TIME and the like). */
void registry_deadline_start(struct registry_deadline *deadline, struct registry *registry,
			     const struct registry_server *server, enum limits_resource time);
void registry_deadline_stop(struct registry_deadline *deadline);

/* Is its process stopped, by a signal or by a debugger? */
bool registry_server_is_stopped(const struct registry_server *server);
