// SPDX-License-Identifier: MIT
/*
 * Property values as bytes in the two forms of the macOS kernel: what
 * IOCFSerialize.h and IOCFUnserialize.h declare. Portico's own messages use
 * another form (wire/value.c).
 *
 * Binary: a word D3 00 00 00, then for each object a little-endian word with
 * its type (bits 24 to 30), a length, count or number (bits 0 to 23) and a mark
 * on the last of its collection (bit 31); then its bytes, filled up to whole
 * words. Objects are numbered in the order in which they begin. D4 instead of
 * D3: collections have one more word, their size in words, and references are
 * positions in words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

enum {
	SERIALIZE_SIGNATURE = 0xd3,
	SERIALIZE_SIGNATURE_INDEXED = 0xd4,

	SERIALIZE_DICTIONARY = 1,
	SERIALIZE_ARRAY = 2,
	SERIALIZE_SET = 3,
	SERIALIZE_NUMBER = 4,
	SERIALIZE_SYMBOL = 8, /* a key: a string with its NUL */
	SERIALIZE_STRING = 9,
	SERIALIZE_DATA = 10,
	SERIALIZE_BOOLEAN = 11,
	SERIALIZE_REFERENCE = 12,

	SERIALIZE_TYPE_SHIFT = 24,
	SERIALIZE_VALUE_MAX = 0xffffff,

	/* numbers by their bits; these are no integers */
	SERIALIZE_FLOAT = 31,
	SERIALIZE_DOUBLE = 63,

	SERIALIZE_DEPTH_MAX = 512,
	SERIALIZE_OBJECTS_MAX = 4 << 20, /* that one buffer may make */
};
#define SERIALIZE_END 0x80000000u

/* The bits that a number is stored with: 8 to 64, or one of the two above. */
unsigned client_serialize_number_bits(CFNumberRef number);
/* What stands for an object of another type; caller releases. */
CFStringRef client_serialize_copy_other(CFTypeRef object);
/* UTF-8 with '?' for what cannot be said in it; caller releases. NULL without memory. */
CFDataRef client_serialize_copy_utf8(CFStringRef string);
/* From UTF-8, else from Mac Roman. NULL without memory. */
CFStringRef client_serialize_new_string(CFAllocatorRef allocator, const void *bytes, size_t n);
/* An integer as it comes back: up to 32 bits signed in 32, otherwise in 64. */
CFNumberRef client_serialize_new_integer(CFAllocatorRef allocator, uint64_t value, unsigned bits);
/* Put VALUE into a mutable collection; KEY is for dictionaries. False without memory. */
bool client_serialize_add(CFTypeRef collection, CFTypeRef key, CFTypeRef value);

/* NULL when it nests too deep, is too large, refers to itself, or without memory. */
CFDataRef client_serialize_binary(CFTypeRef object);
CFDataRef client_serialize_xml(CFTypeRef object);
/* BUFFER[SIZE] need not be aligned. NULL with *RET_PROBLEM, a constant. */
CFTypeRef client_unserialize_binary(const void *buffer, size_t size, CFAllocatorRef allocator,
				    const char **ret_problem);
/* TEXT has SIZE bytes and none of them is NUL. *RET_LINE on failure as well. */
CFTypeRef client_unserialize_xml(const char *text, size_t size, CFAllocatorRef allocator,
				 const char **ret_problem, unsigned *ret_line);
