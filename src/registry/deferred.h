// SPDX-License-Identifier: MIT
/*
 * A request that is answered later, once, whatever dies first. It outlives its
 * client: the one who holds it calls registry_deferred_finish exactly once; if
 * the client has gone or has been answered by the time limit, that only frees
 * it.
 */
#pragma once

#include "registry/registry_internal.h"

struct registry_deferred {
	struct list link; /* of the peer */
	struct registry *registry;
	struct registry_peer *peer; /* NULL: gone, or answered */
	struct wire_header header;
	struct loop_timer timer;
	IOReturn timeout_status;
	void (*expired)(
		struct registry_deferred *deferred); /* instead of the status; may be NULL */
	void (*abandoned)(struct registry_deferred *deferred); /* the peer went; may finish it */
	void *context;
	bool has_descriptor; /* on the peer's account */
	bool is_finished;
	unsigned n_more;     /* questions beyond the first */
	struct account left; /* of its user, once the peer is gone or answered */
};

/* TIMEOUT_NS 0: none. NULL: no memory or too many (the caller answers at once). */
struct registry_deferred *registry_deferred_new(struct registry_peer *peer,
						const struct wire_header *request,
						uint64_t timeout_ns, IOReturn timeout_status);
/* One question more is asked for it. False: over the limit. */
bool registry_deferred_ask_more(struct registry_deferred *deferred);
/* One descriptor is kept for the request until it is answered. False: over the limit. */
bool registry_deferred_keep_descriptor(struct registry_deferred *deferred);
/* Answer now, keep it for registry_deferred_finish. */
void registry_deferred_answer(struct registry_deferred *deferred, const struct wire_layout *layout,
			      IOReturn status, const void *message, const int *fds, size_t n_fds);
/* Answer unless that is done, and free. NULL is accepted. */
void registry_deferred_finish(struct registry_deferred *deferred, const struct wire_layout *layout,
			      IOReturn status, const void *message, const int *fds, size_t n_fds);
/* The peer goes: its requests lose it. */
void registry_deferred_forget_peer(struct registry_peer *peer);
