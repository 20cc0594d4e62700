// SPDX-License-Identifier: MIT
/*
 * Whose dictionaries may fit a service: the matching subscriptions to one event,
 * or the personalities, by the class that they name, so that a service costs
 * what those cost that wait for one like it. Matching decides.
 */
#pragma once

#include <stddef.h>

#include <CoreFoundation/CFDictionary.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"

struct registry_entry;

struct registry_audience {
	struct map circles;   /* hash of a class name -> struct registry_circle */
	struct list everyone; /* those that name no class */
	uint64_t last_walk;   /* marks of circles */
	size_t count;
	/* room for those that may fit */
	struct registry_seat **found;
	size_t capacity;
};

/* What a subscription or personality has in it. Zeroed: nothing. */
struct registry_seat {
	struct list link;
	struct registry_circle *circle; /* NULL: everyone */
	uint64_t number;		/* which the order goes by */
};

void registry_audience_init(struct registry_audience *audience);
/* All have left. */
void registry_audience_fini(struct registry_audience *audience);
/* For whoever has the dictionary MATCHING; a higher NUMBER comes later. -ENOMEM. */
err_t registry_audience_add(struct registry_audience *audience, struct registry_seat *seat,
			    CFDictionaryRef matching, uint64_t number);
/* Harmless when it is not in it. */
void registry_audience_remove(struct registry_audience *audience, struct registry_seat *seat);
/* In order of their numbers, each once; good until the next call. */
struct registry_seat *const *registry_audience_of(struct registry_audience *audience,
						  const struct registry_entry *service,
						  size_t *ret_count);
