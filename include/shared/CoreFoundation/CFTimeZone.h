// SPDX-License-Identifier: MIT
/*
 * Time zones: offsets from Greenwich by time, from the system's data
 * (/usr/share/zoneinfo). Immutable, any thread.
 */
#ifndef __COREFOUNDATION_CFTIMEZONE__
#define __COREFOUNDATION_CFTIMEZONE__

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

CF_EXPORT CFTypeID CFTimeZoneGetTypeID(void);
/* The machine's: TZ, /etc/localtime, otherwise GMT. Kept until ResetSystem. */
CF_EXPORT CFTimeZoneRef CFTimeZoneCopySystem(void);
CF_EXPORT void CFTimeZoneResetSystem(void);
/* The process's: what SetDefault set, otherwise the system's. NULL: the system's again. */
CF_EXPORT CFTimeZoneRef CFTimeZoneCopyDefault(void);
CF_EXPORT void CFTimeZoneSetDefault(CFTimeZoneRef tz);
/* Names such as "Europe/Paris", sorted. */
CF_EXPORT CFArrayRef CFTimeZoneCopyKnownNames(void);
/* Abbreviations ("CET") to names. */
CF_EXPORT CFDictionaryRef CFTimeZoneCopyAbbreviationDictionary(void);
CF_EXPORT void CFTimeZoneSetAbbreviationDictionary(CFDictionaryRef dict);
/* From the bytes of a zone file (TZif). NULL when they are none. */
CF_EXPORT CFTimeZoneRef CFTimeZoneCreate(CFAllocatorRef allocator, CFStringRef name,
					 CFDataRef data);
/* One offset for ever, to whole minutes, below 24 hours. Named "GMT+0100". */
CF_EXPORT CFTimeZoneRef CFTimeZoneCreateWithTimeIntervalFromGMT(CFAllocatorRef allocator,
								CFTimeInterval ti);
/* TRYABBREV: look NAME up as an abbreviation first. NULL for an unknown name. */
CF_EXPORT CFTimeZoneRef CFTimeZoneCreateWithName(CFAllocatorRef allocator, CFStringRef name,
						 Boolean tryAbbrev);
/* Borrowed. */
CF_EXPORT CFStringRef CFTimeZoneGetName(CFTimeZoneRef tz);
CF_EXPORT CFDataRef CFTimeZoneGetData(CFTimeZoneRef tz);
/* Seconds east of Greenwich at that time. */
CF_EXPORT CFTimeInterval CFTimeZoneGetSecondsFromGMT(CFTimeZoneRef tz, CFAbsoluteTime at);
CF_EXPORT CFStringRef CFTimeZoneCopyAbbreviation(CFTimeZoneRef tz, CFAbsoluteTime at);
CF_EXPORT Boolean CFTimeZoneIsDaylightSavingTime(CFTimeZoneRef tz, CFAbsoluteTime at);
/* 0 when it is none. */
CF_EXPORT CFTimeInterval CFTimeZoneGetDaylightSavingTimeOffset(CFTimeZoneRef tz, CFAbsoluteTime at);
/* The next change after AT; 0 when there is none. */
CF_EXPORT CFAbsoluteTime CFTimeZoneGetNextDaylightSavingTimeTransition(CFTimeZoneRef tz,
								       CFAbsoluteTime at);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
