// SPDX-License-Identifier: MIT
/* Iterators over snapshots of entries; walk.h has those over the live registry. */
#pragma once

#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

#include "client/handle.h"
#include "wire/message.h"

struct client_iterator_ops {
	io_object_t (*next)(struct client_object *object);
	void (*reset)(struct client_object *object);
	bool (*is_valid)(struct client_object *object);
	/* kIOReturnBadArgument where there are no levels */
	IOReturn (*enter)(struct client_object *object);
	IOReturn (*exit)(struct client_object *object);
};

/* Every object of type CLIENT_OBJECT_ITERATOR starts with this. */
struct client_iterator {
	struct client_object object;
	const struct client_iterator_ops *ops;
};

/* A handle for ENTRY also when its handles have died: what an iterator holds is given out as a live
 * handle of an inactive object. 0: the registry knows it no more. */
io_object_t client_iterator_entry_name(struct client_entry *entry);

/* Entries that are still being collected. */
struct client_snapshot;
struct client_snapshot *client_snapshot_new(void);
/* Take over the grants of ENTRIES; NAMES as for client_handle_grant_named. kIOReturnNoMemory. */
IOReturn client_snapshot_add(struct client_snapshot *snapshot, const struct wire_entries *entries,
			     uint64_t epoch, uint64_t names);
/* A handle for an iterator over SNAPSHOT, which is consumed. */
IOReturn client_snapshot_name(struct client_snapshot *snapshot, io_iterator_t *ret_iterator);
/* NULL is accepted. */
void client_snapshot_free(struct client_snapshot *snapshot);

/* A handle for a new iterator over ENTRIES, whose grants it takes over. */
IOReturn client_iterator_new_snapshot(const struct wire_entries *entries, uint64_t epoch,
				      io_iterator_t *ret_iterator);
