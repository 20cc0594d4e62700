// SPDX-License-Identifier: MIT
/*
 * What is left of a search whose services do not fit into one answer: kept for
 * the client that has searched, under its number, until it has asked for all
 * of it, searches on elsewhere or goes.
 */
#pragma once

#include "registry/registry_internal.h"

enum { REGISTRY_RESTS_MAX = 4 }; /* of one client; the oldest makes room */

struct registry_rest {
	struct list link; /* of the client, oldest first */
	struct registry_peer *client;
	uint64_t number;
	uint64_t *ids; /* entry IDs: what ends meanwhile is not kept for it */
	size_t count, next;
};

/* Keep ITEMS under NUMBER. False: no memory, or more than the client may hold. */
bool registry_rest_keep(struct registry_peer *client, uint64_t number,
			struct registry_entry *const *items, size_t count);
/* NULL: there is none of that number. */
struct registry_rest *registry_rest_find(struct registry_peer *client, uint64_t number);
/* The next ones that are there still, at most MAX; RET_SEEN: as many were looked at. */
size_t registry_rest_next(const struct registry_rest *rest, struct registry_entry **items,
			  size_t max, size_t *ret_seen);
/* N more have been told, or are gone; a rest without any is freed. */
void registry_rest_advance(struct registry_rest *rest, size_t n);
void registry_rest_free(struct registry_rest *rest);
/* All of a client that goes. */
void registry_rest_forget_peer(struct registry_peer *client);
