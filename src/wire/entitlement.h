// SPDX-License-Identifier: MIT
/* What a set of entitlements satisfies: asked by the registry and by driver hosts alike. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>

/* Is entitlement NAME (false unless a string) in HELD (may be NULL) with the value boolean true? */
bool wire_entitlement_is_held(CFDictionaryRef held, CFTypeRef name);
/* WANTED is a string: that one; an array: one of its strings, or all of one of its arrays. */
bool wire_entitlement_satisfies(CFDictionaryRef held, CFTypeRef wanted);
/* Is an entitlement that WANTED names in HELD with the value boolean false: denied by a grant? */
bool wire_entitlement_is_denied(CFDictionaryRef held, CFTypeRef wanted);
