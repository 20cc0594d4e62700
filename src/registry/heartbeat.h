// SPDX-License-Identifier: MIT
/*
 * Do the hosts live? Each is asked regularly, and its link's thread answers: a
 * method that takes long is none of this. One that owes an answer is shown as
 * silent, or as stopped when its process is; a silent one is ended after a
 * while, and started again as after a crash. What is counted is periods in which
 * this registry looked, not time: one that did not run itself blames nobody.
 */
#pragma once

#include "registry/registry_internal.h"

#define REGISTRY_HEARTBEAT_MS 2000
enum {
	REGISTRY_SILENT_BEATS = 2, /* whole periods without an answer: shown */
	REGISTRY_STUCK_BEATS = 15, /* ended, if it is not stopped */
};

/* MS: of a period; 0: as usual, or REGISTRY_NO_HEARTBEAT. */
void registry_heartbeat_init(struct registry *registry, unsigned ms);
void registry_heartbeat_begin(struct registry *registry);
void registry_heartbeat_fini(struct registry *registry);
