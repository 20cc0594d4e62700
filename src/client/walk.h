// SPDX-License-Identifier: MIT
/*
 * Iterators over the live registry. A walk reads subtrees, thousands of entries
 * at once, and trusts them for as long as the registry's tree generation stays
 * the same; then it asks whether the list where it stands is still the same. A
 * list that has changed ends at once and marks the walk as invalid.
 */
#pragma once

#include "client/handle.h"

/* OPTIONS are kIORegistryIterate*. kIOReturnBadArgument: unknown plane. */
IOReturn client_walk_new(struct client_entry *start, const char *plane, uint32_t options,
			 io_iterator_t *ret_iterator);
