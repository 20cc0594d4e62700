// SPDX-License-Identifier: MIT
/*
 * Locales: a language and what goes with it, named "de", "en_US", "zh-Hant_TW".
 * The current one is that of the environment (LC_ALL, LANG). Values come from
 * the system's locale data, where the locale is installed. Immutable, any thread.
 */
#ifndef __COREFOUNDATION_CFLOCALE__
#define __COREFOUNDATION_CFLOCALE__

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef CFStringRef CFLocaleIdentifier;
typedef CFStringRef CFLocaleKey;
typedef CFStringRef CFCalendarIdentifier;

typedef CFIndex CFLocaleLanguageDirection;
enum {
	kCFLocaleLanguageDirectionUnknown = 0,
	kCFLocaleLanguageDirectionLeftToRight = 1,
	kCFLocaleLanguageDirectionRightToLeft = 2,
	kCFLocaleLanguageDirectionTopToBottom = 3,
	kCFLocaleLanguageDirectionBottomToTop = 4
};

CF_EXPORT CFTypeID CFLocaleGetTypeID(void);
/* The one without a language; borrowed, for ever. */
CF_EXPORT CFLocaleRef CFLocaleGetSystem(void);
/* Of the environment; "en_US_POSIX" when it names none. */
CF_EXPORT CFLocaleRef CFLocaleCopyCurrent(void);
/* Language identifiers ("en-US"), the preferred one first; from LANGUAGE and the locale. */
CF_EXPORT CFArrayRef CFLocaleCopyPreferredLanguages(void);
/* "EN_us" to "en-US". NULL when it is not text. */
CF_EXPORT CFLocaleIdentifier CFLocaleCreateCanonicalLanguageIdentifierFromString(
	CFAllocatorRef allocator, CFStringRef localeIdentifier);
/* "EN-us.UTF-8" to "en_US". */
CF_EXPORT CFLocaleIdentifier CFLocaleCreateCanonicalLocaleIdentifierFromString(
	CFAllocatorRef allocator, CFStringRef localeIdentifier);
CF_EXPORT CFLocaleLanguageDirection CFLocaleGetLanguageCharacterDirection(CFStringRef isoLangCode);
CF_EXPORT CFLocaleLanguageDirection CFLocaleGetLanguageLineDirection(CFStringRef isoLangCode);
/* Language, script, country and variant code, and keywords ("@calendar=gregorian"). */
CF_EXPORT CFDictionaryRef CFLocaleCreateComponentsFromLocaleIdentifier(CFAllocatorRef allocator,
								       CFLocaleIdentifier localeID);
CF_EXPORT CFLocaleIdentifier
CFLocaleCreateLocaleIdentifierFromComponents(CFAllocatorRef allocator, CFDictionaryRef dictionary);
/* The identifier is kept in its canonical form. NULL when it is not text. */
CF_EXPORT CFLocaleRef CFLocaleCreate(CFAllocatorRef allocator, CFLocaleIdentifier localeIdentifier);
CF_EXPORT CFLocaleRef CFLocaleCreateCopy(CFAllocatorRef allocator, CFLocaleRef locale);
CF_EXPORT CFLocaleIdentifier CFLocaleGetIdentifier(CFLocaleRef locale);
/* Borrowed; NULL for what is not known of the locale. */
CF_EXPORT CFTypeRef CFLocaleGetValue(CFLocaleRef locale, CFLocaleKey key);

CF_EXPORT const CFLocaleKey kCFLocaleIdentifier;
CF_EXPORT const CFLocaleKey kCFLocaleLanguageCode;
CF_EXPORT const CFLocaleKey kCFLocaleCountryCode;
CF_EXPORT const CFLocaleKey kCFLocaleScriptCode;
CF_EXPORT const CFLocaleKey kCFLocaleVariantCode;
CF_EXPORT const CFLocaleKey kCFLocaleCalendarIdentifier;
CF_EXPORT const CFLocaleKey kCFLocaleUsesMetricSystem;	/* CFBoolean */
CF_EXPORT const CFLocaleKey kCFLocaleMeasurementSystem; /* "Metric" or "U.S." */
CF_EXPORT const CFLocaleKey kCFLocaleDecimalSeparator;
CF_EXPORT const CFLocaleKey kCFLocaleGroupingSeparator;
CF_EXPORT const CFLocaleKey kCFLocaleCurrencySymbol;
CF_EXPORT const CFLocaleKey kCFLocaleCurrencyCode;

CF_EXPORT const CFCalendarIdentifier kCFGregorianCalendar;
CF_EXPORT const CFCalendarIdentifier kCFISO8601Calendar;

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
