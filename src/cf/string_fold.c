// SPDX-License-Identifier: MIT
/* Text seen through comparison flags: folded by case, width, diacritics and composition. */
#include "cf/string_fold.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* Composed forms count only where equivalent ones may be different text. */
#define CLUSTER_FLAGS (kCFCompareNonliteral | kCFCompareDiacriticInsensitive)
#define FOLD_FLAGS \
	(kCFCompareCaseInsensitive | kCFCompareNonliteral | kCFCompareDiacriticInsensitive | \
	 kCFCompareWidthInsensitive)
#define FIRST_MARK 0x300 /* below it nothing combines */

struct fold fold_init(const struct cf_text *text, CFRange range, CFStringCompareFlags options,
		      const char *language)
{
	return (struct fold){ .text = text,
			      .at = range.location,
			      .end = range.location + range.length,
			      .options = options & FOLD_FLAGS,
			      .language = language };
}

static bool is_mark(uint32_t c)
{
	return c >= FIRST_MARK && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
}

static uint32_t point_at(const struct fold *f, CFIndex at, int *ret_units)
{
	struct cf_text text = *f->text;

	text.length = f->end;
	return cf_text_point(&text, at, ret_units);
}

/* The next character with its marks as it stands. */
static void take_cluster(struct fold *f)
{
	int units;

	f->n = f->next = 0;
	f->points[f->n++] = point_at(f, f->at, &units);
	f->at += units;
	while (f->options & CLUSTER_FLAGS && f->at < f->end && f->n < FOLD_CLUSTER) {
		uint32_t c = point_at(f, f->at, &units);

		if (!is_mark(c))
			return;
		f->points[f->n++] = c;
		f->at += units;
	}
}

static void decompose(struct fold *f)
{
	uint32_t parts[FOLD_POINTS];
	size_t n = FOLD_POINTS;
	uint32_t *result = u32_normalize(UNINORM_NFD, f->points, (size_t)f->n, parts, &n);

	if (result == parts) {
		memcpy(f->points, parts, n * sizeof(*parts));
		f->n = (int)n;
	} else {
		free(result); /* longer than any cluster can get, or no memory */
	}
}

static void fold_width(struct fold *f)
{
	for (int i = 0; i < f->n; i++) {
		ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
		int tag, n = uc_decomposition(f->points[i], &tag, parts);

		if (n == 1 && (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW))
			f->points[i] = parts[0];
	}
}

static void drop_marks(struct fold *f)
{
	int n = 1;

	for (int i = 1; i < f->n; i++)
		if (!is_mark(f->points[i]))
			f->points[n++] = f->points[i];
	f->n = n;
}

static void fold_case(struct fold *f)
{
	uint32_t folded[FOLD_POINTS];
	size_t n = FOLD_POINTS;
	uint32_t *result = u32_casefold(f->points, (size_t)f->n, f->language, NULL, folded, &n);

	if (result == folded) {
		memcpy(f->points, folded, n * sizeof(*folded));
		f->n = (int)n;
	} else {
		free(result);
	}
}

static bool is_surrogate(uint32_t c)
{
	return c >= 0xd800 && c < 0xe000;
}

/* Plain ASCII that no mark follows: what most text is. */
static bool take_ascii(struct fold *f)
{
	UniChar c = cf_text_at(f->text, f->at);

	if (c >= 0x80 || (f->language && f->options & kCFCompareCaseInsensitive))
		return false;
	if (f->options & CLUSTER_FLAGS && f->at + 1 < f->end &&
	    cf_text_at(f->text, f->at + 1) >= FIRST_MARK)
		return false;
	if (f->options & kCFCompareCaseInsensitive && c >= 'A' && c <= 'Z')
		c = (UniChar)(c + 'a' - 'A');
	f->at++;
	f->n = f->next = 1;
	f->points[0] = c;
	return true;
}

bool fold_next(struct fold *f, uint32_t *ret_point)
{
	if (f->next < f->n) {
		*ret_point = f->points[f->next++];
		return true;
	}
	if (f->at >= f->end)
		return false;
	if (!take_ascii(f)) {
		take_cluster(f);
		if (f->options && !is_surrogate(f->points[0])) {
			if (f->options & CLUSTER_FLAGS)
				decompose(f);
			if (f->options & kCFCompareWidthInsensitive)
				fold_width(f);
			if (f->options & kCFCompareDiacriticInsensitive)
				drop_marks(f);
			if (f->options & kCFCompareCaseInsensitive)
				fold_case(f);
		}
		f->next = 1;
	}
	*ret_point = f->points[0];
	return true;
}

bool fold_is_between(const struct fold *f)
{
	return f->next >= f->n;
}

bool fold_starts_cluster(const struct fold *f)
{
	UniChar c;

	if (f->at >= f->end || !f->at)
		return true;
	c = cf_text_at(f->text, f->at);
	if (CFStringIsSurrogateLowCharacter(c) &&
	    CFStringIsSurrogateHighCharacter(cf_text_at(f->text, f->at - 1)))
		return false;
	return !(f->options & CLUSTER_FLAGS && is_mark(c));
}

/* --- whole strings -------------------------------------------------------------------- */

/* What is done to well-formed text: the new text, to be freed. NULL without memory. */
typedef uint16_t *(*text_function)(const uint16_t *units, size_t n, int form, const char *language,
				   size_t *ret_n);

static uint16_t *to_normal_form(const uint16_t *units, size_t n, int form, const char *language,
				size_t *ret_n)
{
	const uninorm_t forms[] = {
		[kCFStringNormalizationFormD] = UNINORM_NFD,
		[kCFStringNormalizationFormKD] = UNINORM_NFKD,
		[kCFStringNormalizationFormC] = UNINORM_NFC,
		[kCFStringNormalizationFormKC] = UNINORM_NFKC,
	};

	return u16_normalize(forms[form], units, n, NULL, ret_n);
}

static uint16_t *to_upper(const uint16_t *units, size_t n, int form, const char *language,
			  size_t *ret_n)
{
	return u16_toupper(units, n, language, NULL, NULL, ret_n);
}

static uint16_t *to_lower(const uint16_t *units, size_t n, int form, const char *language,
			  size_t *ret_n)
{
	return u16_tolower(units, n, language, NULL, NULL, ret_n);
}

/* FUNCTION on the text between lone surrogates, which stay what they are. */
static bool convert_runs(CFMutableStringRef out, const uint16_t *units, size_t n,
			 text_function function, int form, const char *language)
{
	while (n) {
		const uint16_t *bad = u16_check(units, n);
		size_t run = bad ? (size_t)(bad - units) : n, length = 0;
		uint16_t *text = run ? function(units, run, form, language, &length) : NULL;

		if (run && !text)
			return false;
		CFStringAppendCharacters(out, text, (CFIndex)length);
		free(text);
		if (bad)
			CFStringAppendCharacters(out, bad, 1);
		units += run + (bad != NULL);
		n -= run + (bad != NULL);
	}
	return true;
}

static void convert(CFMutableStringRef string, text_function function, int form, CFLocaleRef locale)
{
	char language[CF_LANGUAGE_SIZE];
	CFMutableStringRef out;
	CFIndex n = CFStringGetLength(string);
	UniChar *units;

	if (!cf_string_is_mutable(string) || !n)
		return;
	units = malloc((size_t)n * sizeof(*units));
	out = units ? CFStringCreateMutable(NULL, 0) : NULL;
	if (out) {
		CFStringGetCharacters(string, CFRangeMake(0, n), units);
		if (convert_runs(out, units, (size_t)n, function, form,
				 cf_locale_language(locale, language)))
			CFStringReplaceAll(string, out);
		CFRelease(out);
	}
	free(units);
}

void CFStringNormalize(CFMutableStringRef theString, CFStringNormalizationForm theForm)
{
	/* All forms of ASCII are the same. */
	if (theForm >= kCFStringNormalizationFormD && theForm <= kCFStringNormalizationFormKC &&
	    cf_string_is(theString) && cf_flags(theString) & CF_STRING_WIDE)
		convert(theString, to_normal_form, (int)theForm, NULL);
}

void CFStringLowercase(CFMutableStringRef theString, CFLocaleRef locale)
{
	convert(theString, to_lower, 0, locale);
}

void CFStringUppercase(CFMutableStringRef theString, CFLocaleRef locale)
{
	convert(theString, to_upper, 0, locale);
}

void CFStringFold(CFMutableStringRef theString, CFStringCompareFlags theFlags,
		  CFLocaleRef theLocale)
{
	CFStringCompareFlags flags =
		theFlags & FOLD_FLAGS & ~(CFStringCompareFlags)kCFCompareNonliteral;
	CFMutableStringRef folded;
	char language[CF_LANGUAGE_SIZE];
	struct cf_text text;
	struct fold f;
	uint32_t c;

	if (!cf_string_is_mutable(theString) || !flags)
		return;
	folded = CFStringCreateMutable(NULL, 0);
	if (!folded)
		return;
	text = cf_text_of(theString);
	f = fold_init(&text, CFRangeMake(0, text.length), flags,
		      cf_locale_language(theLocale, language));
	while (fold_next(&f, &c)) {
		UniChar units[2];

		CFStringAppendCharacters(folded, units, cf_put_point(units, c));
	}
	if (flags & kCFCompareDiacriticInsensitive)
		CFStringNormalize(folded, kCFStringNormalizationFormC);
	CFStringReplaceAll(theString, folded);
	CFRelease(folded);
}
