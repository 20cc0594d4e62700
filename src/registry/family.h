// SPDX-License-Identifier: MIT
/*
 * What the families of macOS look at in a matching dictionary beyond IOKit's
 * own keys (matchPropertyTable): as data, a class and the keys that its
 * services compare. Services of a subclass compare them as well.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

struct registry_class;
struct registry_entry;

/* Do SERVICE's families accept MATCHING? SCORE (may be NULL) is a personality's: the better of two
 * that fit gets more. STEPS: match.h. */
bool registry_family_match(const struct registry_entry *service, CFDictionaryRef matching,
			   int32_t *score, uint64_t *steps);
/* Do services of CLASS fit KEY (SIZE bytes) only when their property of that name equals VALUE? */
bool registry_family_wants_equal(const struct registry_class *class, const char *key, size_t size,
				 CFDictionaryRef matching, CFTypeRef value);
/* Are there names of SERVICE in its properties "name", "compatible", "device_type" and "model", and
 * may IONameMatch end in '*' (compareName as in the device tree)? */
bool registry_family_has_tree_names(const struct registry_entry *service);
/* The service at or above PROVIDER where an IOLocationMatch dictionary is evaluated (matchLocation);
 * NULL: none names one. */
const struct registry_entry *registry_family_location(const struct registry_entry *provider,
						      uint64_t *steps);
