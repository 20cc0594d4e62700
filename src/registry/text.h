// SPDX-License-Identifier: MIT
/* Small bridges between C text and CF property values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

/* FNV-1a; only to find a chain, every user compares the text itself. */
uint64_t registry_text_hash(const char *text);
/* A new string; bytes that are no UTF-8 are read as MacRoman. NULL: no memory. */
CFStringRef registry_text_new(const char *text);
/* Copy VALUE, a CFString, into BUFFER. False: no string or too long (BUFFER is "" then). */
bool registry_text_get(CFTypeRef value, char *buffer, size_t size);
/* The UTF-8 bytes of STRING, where they lie or in BUFFER; NULL when they do not fit into that. */
const char *registry_text_bytes(CFStringRef string, char *buffer, size_t size, size_t *ret_size);
/* The string property KEY of DICTIONARY (may be NULL) likewise. */
bool registry_text_find(CFDictionaryRef dictionary, CFStringRef key, char *buffer, size_t size);
/* True when VALUE is a string or data object that spells TEXT (data: with or without NUL). */
bool registry_text_equals(CFTypeRef value, const char *text);
/* The text that VALUE, a string or data object, spells. False: none, or it is too long. */
bool registry_text_spell(CFTypeRef value, char *buffer, size_t size);
bool registry_is_dictionary(CFTypeRef value);
bool registry_is_string(CFTypeRef value);
bool registry_is_array(CFTypeRef value);
bool registry_is_set(CFTypeRef value);
/* The integer VALUE; false when it is none. */
bool registry_number_get(CFTypeRef value, int64_t *ret_number);
/* Store VALUE, a 64-bit number or a text under KEY; false: no memory (or VALUE is NULL). */
bool registry_set(CFMutableDictionaryRef dictionary, CFStringRef key, CFTypeRef value);
bool registry_set_number(CFMutableDictionaryRef dictionary, CFStringRef key, int64_t number,
			 CFNumberType type);
bool registry_set_text(CFMutableDictionaryRef dictionary, CFStringRef key, const char *text);
/* The members of an array or set as a new array; NULL: no collection or no memory. */
CFArrayRef registry_members_copy(CFTypeRef collection);
CFMutableDictionaryRef registry_dictionary_new(void);

static inline void registry_release_fn(void *slot)
{
	CFTypeRef object = *(CFTypeRef *)slot;

	if (object)
		CFRelease(object);
}
/* A CF local that is released at the end of its scope. */
#define scope_cf __attribute__((cleanup(registry_release_fn)))
