// SPDX-License-Identifier: MIT
/* Matching dictionaries. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CFDictionary.h>

struct client_entry;

CFMutableDictionaryRef client_matching_new_id(uint64_t id);
/* Whether ENTRY, which the registry has forgotten, is one that MATCHING meant: class and ID alone can be
 * told. */
bool client_matching_fits(CFDictionaryRef matching, struct client_entry *entry);
