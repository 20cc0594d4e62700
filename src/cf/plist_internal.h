// SPDX-License-Identifier: MIT
/*
 * Property lists: what the formats share. Input is hostile: its size, depth,
 * number of values and the bytes that these expand to are bounded.
 */
#pragma once

#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFPropertyList.h>

#include "cf/cf_internal.h"

#define PLIST_MAX_BYTES (256u << 20)
#define PLIST_MAX_DEPTH 512
#define PLIST_MAX_VALUES (4u << 20)

/* One reading. */
struct plist_reader {
	CFAllocatorRef allocator;
	CFOptionFlags options;
	size_t values_left, bytes_left;
	char problem[160]; /* what is wrong with the input */
};

/* Note the first problem; returns NULL. */
void *plist_fail(struct plist_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Account for one more value of N bytes. */
bool plist_charge(struct plist_reader *r, size_t n);

/* New values of the wished mutability; NULL without memory (noted). STRING is taken. */
CFTypeRef plist_make_string(struct plist_reader *r, CFStringRef string);
CFTypeRef plist_make_data(struct plist_reader *r, const void *bytes, size_t n);
CFTypeRef plist_make_integer(struct plist_reader *r, int64_t v);
CFTypeRef plist_make_real(struct plist_reader *r, double v);

/* A container in the making: values (for dictionaries keys and values in turn), owned. */
struct plist_values {
	CFTypeRef *values;
	size_t n, capacity;
	bool last_counts; /* of equal keys, not the first */
};

/* Takes VALUE (which may be NULL: false). */
bool plist_values_add(struct plist_reader *r, struct plist_values *v, CFTypeRef value);
/* Both drop the values. NULL without memory (noted). */
CFTypeRef plist_values_make_array(struct plist_reader *r, struct plist_values *v);
CFTypeRef plist_values_make_dictionary(struct plist_reader *r, struct plist_values *v);
void plist_values_drop(struct plist_values *v);

/* --- formats: a value or NULL with the problem noted; data with the list or NULL --- */

CFTypeRef plist_xml_read(struct plist_reader *r, const uint8_t *bytes, size_t n);
CFTypeRef plist_binary_read(struct plist_reader *r, const uint8_t *bytes, size_t n);
CFTypeRef plist_openstep_read(struct plist_reader *r, const uint8_t *bytes, size_t n);

/* LIST is valid. */
CFDataRef plist_xml_write(CFAllocatorRef allocator, CFTypeRef list);
CFDataRef plist_binary_write(CFAllocatorRef allocator, CFTypeRef list);

/* The keys of a dictionary with string keys, sorted, borrowed; to be freed. NULL without memory or
 * when it is empty. */
CFStringRef *plist_sorted_keys(CFDictionaryRef dictionary);
