// SPDX-License-Identifier: MIT
/*
 * Who may want to hear of a service: the matching subscriptions to one event by
 * the class that their dictionaries name, so that an event costs what those
 * cost that wait for such a service. Matching decides.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"

struct registry_entry;
struct registry_subscription;

struct registry_audience {
	struct map circles;   /* hash of a class name -> struct registry_circle */
	struct list everyone; /* those that name no class */
	uint64_t last_walk;   /* marks of circles */
	size_t count;
	/* room for those that an event is told to */
	struct registry_subscription **found;
	size_t capacity;
};

/* What a subscription is in it. Zeroed: in none. */
struct registry_seat {
	struct list link;
	struct registry_circle *circle; /* NULL: everyone */
};

void registry_audience_init(struct registry_audience *audience);
/* All have left. */
void registry_audience_fini(struct registry_audience *audience);
/* With its dictionary and number. -ENOMEM. */
err_t registry_audience_add(struct registry_audience *audience,
			    struct registry_subscription *subscription);
/* Harmless when it is not in it. */
void registry_audience_remove(struct registry_audience *audience,
			      struct registry_subscription *subscription);
/* In order of installation, each once; good until the next call. */
struct registry_subscription *const *registry_audience_of(struct registry_audience *audience,
							  const struct registry_entry *service,
							  size_t *ret_count);
