// SPDX-License-Identifier: MIT
/*
 * Iterators over the live registry. A walk reads whole subtrees at once and
 * trusts them for as long as the registry's tree generation stays the same; then
 * it looks again at the level where it stands. A level whose list has changed
 * ends at once and marks the walk as invalid.
 */
#pragma once

#include "client/handle.h"

/* OPTIONS are kIORegistryIterate*. kIOReturnBadArgument: unknown plane. */
IOReturn client_walk_new(struct client_entry *start, const char *plane, uint32_t options,
			 io_iterator_t *ret_iterator);
