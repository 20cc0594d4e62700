// SPDX-License-Identifier: MIT
/*
 * What was denied lately and what would have been needed, for people who look
 * for the grant that is missing. Bounded; the oldest goes first, of each user's
 * own once he has his share. One log line a minute for a user and a service, as
 * many as his share for a user.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>

#include "registry/grants.h"
#include "wire/policy.h"
#include "wire/protocol.h"

enum {
	REGISTRY_DENIALS_MAX = 64,
	REGISTRY_DENIALS_OF_USER_MAX = 16,
	REGISTRY_DENIAL_LINES_MAX = 128 /* in the log, a minute */
};

struct registry_denial {
	char service[WIRE_NAME_MAX + 1];	/* its class */
	char bundle[WIRE_NAME_MAX + 1];		/* "": none */
	char missing[WIRE_ENTITLEMENT_MAX + 1]; /* an entitlement; "": opening itself */
	char value[WIRE_NAME_MAX + 1];		/* that the entitlement must have; "": true */
	char reason[256];			/* "": nothing grants it */
	char process[WIRE_NAME_MAX + 1];	/* what the program calls itself */
	pid_t pid;
	uid_t uid;
	uint32_t selector; /* of a method; WIRE_REFUSED_OPEN: the opening */
	IOReturn status;
	/* filled by registry_denials_add */
	uint64_t count, last_ns, logged_ns;
	time_t last;
};

struct registry_denials {
	struct registry_denial *items[REGISTRY_DENIALS_MAX]; /* the oldest first */
	size_t count;
	uint64_t minute_ns; /* since when N_LINES are counted */
	size_t n_lines;
};

/* DENIAL is copied; the same as one that is there is counted. NOW_NS: of CLOCK_MONOTONIC. */
void registry_denials_add(struct registry_denials *denials, const struct registry_denial *denial,
			  uint64_t now_ns);
void registry_denials_fini(struct registry_denials *denials);
/* An array of dictionaries, the latest first; those of all users, or only UID's. NULL: no memory. */
CFArrayRef registry_denials_copy(const struct registry_denials *denials, bool of_all, uid_t uid);
/* The grant that DENIAL's subject would need: an array of its lines; NULL: no memory, or no grant can name what
 * it is for. */
CFArrayRef registry_denial_copy_grant(const struct registry_denial *denial);
