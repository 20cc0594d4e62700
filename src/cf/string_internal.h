// SPDX-License-Identifier: MIT
/*
 * The string object, shared by the string_*.c files.
 *
 * Text is ASCII in bytes or UTF-16 in units. Byte text of our own making ends
 * with a NUL, which the length does not count. An immutable string made by us
 * holds bytes whenever its text is ASCII.
 */
#pragma once

#include <locale.h>

#include "cf/cf_internal.h"

enum {
	CF_STRING_MUTABLE = 0x01,
	CF_STRING_EXTERNAL = 0x02,     /* struct cf_string_external */
	CF_STRING_UNTERMINATED = 0x04, /* bytes without NUL */
	/* 0x08, 0x40, 0x80 are set in clang's constants and mean nothing here. */
	CF_STRING_WIDE = 0x10, /* UTF-16 */
};

/* The first 32 bytes are clang's layout. */
struct cf_string {
	struct cf_object base;
	void *contents;
	CFIndex length;
};

struct cf_string_mutable {
	struct cf_string string;
	CFIndex capacity; /* units, without the NUL */
	/* The allocator of units that the program gave (retained), or NULL: malloc's. */
	CFAllocatorRef external;
};

struct cf_string_external {
	struct cf_string string;
	CFAllocatorRef deallocator; /* retained; frees contents */
};

/* A look at text. */
struct cf_text {
	const void *contents;
	CFIndex length;
	bool is_wide;
};

static inline struct cf_text cf_text_of(CFStringRef string)
{
	const struct cf_string *s = (const struct cf_string *)string;

	return (struct cf_text){ s->contents, s->length, cf_flags(s) & CF_STRING_WIDE };
}

static inline UniChar cf_text_at(const struct cf_text *text, CFIndex i)
{
	return text->is_wide ? ((const UniChar *)text->contents)[i]
			     : ((const uint8_t *)text->contents)[i];
}

static inline struct cf_text cf_text_part(struct cf_text text, CFRange range)
{
	text.contents = (const char *)text.contents + (range.location << text.is_wide);
	text.length = range.length;
	return text;
}

/* The code point at I; *RET_UNITS is how many units it takes. A lone surrogate is itself. */
static inline uint32_t cf_text_point(const struct cf_text *text, CFIndex i, int *ret_units)
{
	UniChar high = cf_text_at(text, i), low;

	*ret_units = 1;
	if (!CFStringIsSurrogateHighCharacter(high) || i + 1 >= text->length)
		return high;
	low = cf_text_at(text, i + 1);
	if (!CFStringIsSurrogateLowCharacter(low))
		return high;
	*ret_units = 2;
	return CFStringGetLongCharacterForSurrogatePair(high, low);
}

/* The units of C (one or two) in UNITS; how many. */
static inline CFIndex cf_put_point(UniChar *units, uint32_t c)
{
	if (CFStringGetSurrogatePairForLongCharacter(c, units))
		return 2;
	units[0] = (UniChar)c;
	return 1;
}

static inline bool cf_string_is(CFStringRef string)
{
	return cf_is(string, CF_TYPE_STRING);
}

static inline bool cf_string_is_mutable(CFStringRef string)
{
	return cf_string_is(string) && (cf_flags(string) & CF_STRING_MUTABLE);
}

/* A new immutable string. NULL without memory. */
CFStringRef cf_string_new(CFAllocatorRef allocator, struct cf_text text);
/* Room for LENGTH bytes or units in an immutable string, to be filled in by the caller. */
struct cf_string *cf_string_new_room(CFAllocatorRef allocator, CFIndex length, bool is_wide);
/* Replace a range that lies inside by TEXT, which must not be part of S. False without memory. */
bool cf_string_splice(CFMutableStringRef string, CFRange range, struct cf_text text);

/* --- string_change.c ---------------------------------------------------------------- */

void cf_string_free_contents(struct cf_string_mutable *s);

/* --- encoding.c -------------------------------------------------------------------- */

bool cf_encoding_is_known(CFStringEncoding encoding);
/* Are bytes below 0x80 ASCII in it? */
bool cf_encoding_is_ascii_superset(CFStringEncoding encoding);
/* Byte order from a byte order mark (which is skipped) or the host's. */
CFStringEncoding cf_encoding_resolve(CFStringEncoding encoding, bool look_for_mark,
				     const uint8_t **bytes, CFIndex *n);
/* Units of the text, written to OUT unless NULL; -1 when it is invalid. Byte order resolved. */
CFIndex cf_encoding_decode(CFStringEncoding encoding, const uint8_t *bytes, CFIndex n,
			   UniChar *out);
/* See CFStringGetBytes. */
CFIndex cf_encoding_encode(CFStringEncoding encoding, struct cf_text text, uint8_t loss,
			   bool with_mark, uint8_t *out, CFIndex max, CFIndex *ret_used);

/* --- string_case.c ------------------------------------------------------------------- */

/* The C locale, so that numbers do not depend on the program's; without memory (locale_t)0. */
locale_t cf_c_locale(void);
/* strtod in the C locale. RET_END may be NULL. */
double cf_strtod(const char *text, char **ret_end);
bool cf_unicode_is_letter(uint32_t c);
/* White space and line ends. */
bool cf_unicode_is_space(uint32_t c);

/* --- locale.c ---------------------------------------------------------------------------- */

#define CF_LANGUAGE_SIZE 9
/* The language of LOCALE (NULL: none) for rules of case, in BUFFER; NULL for none. */
const char *cf_locale_language(CFLocaleRef locale, char buffer[CF_LANGUAGE_SIZE]);
/* For strcoll_l, to be freed: of LOCALE, or (NULL) of the environment. (locale_t)0: there is none. */
locale_t cf_locale_collation(CFLocaleRef locale);

/* --- constants ------------------------------------------------------------------------------ */

/* A public constant string NAME with the ASCII text TEXT. */
#define CF_CONSTANT_STRING(name, text) \
	static const struct cf_string name##_object = { CF_OBJECT_STATIC(CF_TYPE_STRING), \
							(void *)(text), sizeof(text) - 1 }; \
	const CFStringRef name = (CFStringRef)&name##_object
