// SPDX-License-Identifier: MIT
/*
 * The commonest questions, answered from the bytes that they came in: the first
 * service of a class, or the few of a class that have a property's value. No
 * object is made. Whatever is not so simple is left to registry/find.h, with
 * which every answer agrees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/message.h"

struct registry_entry;
struct registry_tree;

enum { REGISTRY_SHORTCUT_MAX = 4 }; /* services of an answer */

/* MATCHING has been checked. False: the question is not so simple, or has no short answer; else *RET_COUNT
 * services, borrowed, in order, at most MAX. */
bool registry_shortcut(struct registry_tree *tree, struct wire_bytes matching, uint32_t states,
		       size_t max, struct registry_entry *ret_items[REGISTRY_SHORTCUT_MAX],
		       size_t *ret_count);
