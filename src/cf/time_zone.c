// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFTimeZone.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"
#include "cf/gregorian.h"
#include "cf/string_internal.h"
#include "cf/time_zone_data.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define MAX_ZONE_BYTES (1 << 20)

struct __CFTimeZone {
	struct cf_object base;
	CFStringRef name;
	CFDataRef data;
	struct zone zone;
};

static void zone_object_fini(void *object)
{
	struct __CFTimeZone *z = object;

	cf_drop(z->name);
	cf_drop(z->data);
	zone_fini(&z->zone);
}

static bool zone_object_equal(const void *a, const void *b)
{
	CFTimeZoneRef x = a, y = b;

	return CFEqual(x->name, y->name) && CFEqual(x->data, y->data);
}

static CFHashCode zone_object_hash(const void *object)
{
	return CFHash(((CFTimeZoneRef)object)->name);
}

static CFStringRef zone_object_copy_description(const void *object)
{
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFTimeZone %p>{name = %@}"), object,
					((CFTimeZoneRef)object)->name);
}

const struct cf_class cf_time_zone_class = {
	.name = "CFTimeZone",
	.fini = zone_object_fini,
	.equal = zone_object_equal,
	.hash = zone_object_hash,
	.copy_description = zone_object_copy_description,
};

CFTypeID CFTimeZoneGetTypeID(void)
{
	return CF_TYPE_TIME_ZONE;
}

static bool is_zone(CFTimeZoneRef tz)
{
	return cf_is(tz, CF_TYPE_TIME_ZONE);
}

/* --- making ------------------------------------------------------------------------------ */

CFTimeZoneRef CFTimeZoneCreate(CFAllocatorRef allocator, CFStringRef name, CFDataRef data)
{
	struct __CFTimeZone *z;

	if (!cf_string_is(name) || !cf_is(data, CF_TYPE_DATA))
		return NULL;
	z = cf_object_new_in(allocator, CF_TYPE_TIME_ZONE, sizeof(*z));
	if (!z)
		return NULL;
	z->name = CFStringCreateCopy(allocator, name);
	z->data = CFDataCreateCopy(allocator, data);
	if (!z->name || !z->data ||
	    !zone_init(&z->zone, CFDataGetBytePtr(z->data), (size_t)CFDataGetLength(z->data))) {
		CFRelease(z);
		return NULL;
	}
	return z;
}

/* The bytes of a zone that has one offset. */
static CFDataRef fixed_data_new(int32_t offset, const char *abbreviation)
{
	uint8_t bytes[44 + 6 + 16] = "TZif";
	size_t n = strlen(abbreviation) + 1;

	bytes[39] = 1; /* types */
	bytes[43] = (uint8_t)n;
	for (int i = 0; i < 4; i++)
		bytes[44 + i] = (uint8_t)((uint32_t)offset >> (24 - 8 * i));
	memcpy(bytes + 50, abbreviation, n);
	return CFDataCreate(NULL, bytes, (CFIndex)(50 + n));
}

CFTimeZoneRef CFTimeZoneCreateWithTimeIntervalFromGMT(CFAllocatorRef allocator, CFTimeInterval ti)
{
	scope_cf CFStringRef name = NULL;
	scope_cf CFDataRef data = NULL;
	char abbreviation[16];
	int minutes;

	if (!(fabs(ti) < SECONDS_PER_DAY))
		return NULL;
	minutes = abs((int)rint(ti / 60));
	if (minutes % 60)
		snprintf(abbreviation, sizeof(abbreviation), "GMT%c%d:%02d", ti < 0 ? '-' : '+',
			 minutes / 60 % 100, minutes % 60);
	else if (minutes)
		snprintf(abbreviation, sizeof(abbreviation), "GMT%c%d", ti < 0 ? '-' : '+',
			 minutes / 60 % 100);
	else
		snprintf(abbreviation, sizeof(abbreviation), "GMT");
	name = minutes ? CFStringCreateWithFormat(NULL, NULL, CFSTR("GMT%c%02d%02d"),
						  ti < 0 ? '-' : '+', minutes / 60, minutes % 60)
		       : CFRetain(CFSTR("GMT"));
	data = fixed_data_new((ti < 0 ? -60 : 60) * minutes, abbreviation);
	return CFTimeZoneCreate(allocator, name, data);
}

static CFDataRef file_data_new(const char *path)
{
	scope_free uint8_t *bytes = NULL;
	struct stat st;
	CFDataRef data = NULL;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= MAX_ZONE_BYTES &&
	    (bytes = malloc((size_t)st.st_size + 1)) &&
	    (n = read(fd, bytes, (size_t)st.st_size)) == st.st_size)
		data = CFDataCreate(NULL, bytes, n);
	fd_close(fd);
	return data;
}

/* Names from programs must not lead out of the folder. */
static bool is_zone_name(const char *name)
{
	return *name && *name != '/' && !strstr(name, "..");
}

/* "GMT+0130", "GMT-5": the offset. */
static bool is_fixed_name(const char *name, CFTimeInterval *ret_offset)
{
	int hours = 0, minutes = 0, n = 0;
	const char *digits = name + 4;
	size_t length = strlen(name);

	if (length < 5 || strncmp(name, "GMT", 3) || (name[3] != '+' && name[3] != '-') ||
	    strspn(digits, "0123456789:") != length - 4)
		return false;
	if (strchr(digits, ':'))
		n = sscanf(digits, "%2d:%2d", &hours, &minutes);
	else if (length <= 6)
		n = sscanf(digits, "%2d", &hours) + 1;
	else if (length == 8)
		n = sscanf(digits, "%2d%2d", &hours, &minutes);
	if (n != 2 || hours > 23 || minutes > 59)
		return false;
	*ret_offset = (name[3] == '-' ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

CFTimeZoneRef CFTimeZoneCreateWithName(CFAllocatorRef allocator, CFStringRef name,
				       Boolean tryAbbrev)
{
	scope_cf CFDictionaryRef abbreviations = NULL;
	char path[256] = ZONE_FOLDER;
	char *tail = path + sizeof(ZONE_FOLDER) - 1;
	scope_cf CFDataRef data = NULL;
	CFTimeInterval offset;
	CFStringRef full;

	if (!cf_string_is(name))
		return NULL;
	if (tryAbbrev) {
		abbreviations = CFTimeZoneCopyAbbreviationDictionary();
		full = abbreviations ? CFDictionaryGetValue(abbreviations, name) : NULL;
		if (cf_string_is(full))
			name = full;
	}
	if (!CFStringGetCString(name, tail, (CFIndex)(sizeof(path) - sizeof(ZONE_FOLDER) + 1),
				kCFStringEncodingUTF8) ||
	    !is_zone_name(tail))
		return NULL;
	data = file_data_new(path);
	if (data)
		return CFTimeZoneCreate(allocator, name, data);
	if (!strcmp(tail, "GMT") || !strcmp(tail, "UTC")) {
		data = fixed_data_new(0, tail);
		return CFTimeZoneCreate(allocator, name, data);
	}
	return is_fixed_name(tail, &offset)
		     ? CFTimeZoneCreateWithTimeIntervalFromGMT(allocator, offset)
		     : NULL;
}

/* --- the system's and the default ------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
CF_FREE_AFTER_FORK(lock)
static CFTimeZoneRef system_zone, default_zone; /* guarded by lock; or NULL */
static CFDictionaryRef abbreviations;		/* guarded by lock; or NULL */

static CFTimeZoneRef zone_named(const char *name)
{
	scope_cf CFStringRef string =
		CFStringCreateWithCString(kCFAllocatorSystemDefault, name, kCFStringEncodingUTF8);

	return CFTimeZoneCreateWithName(kCFAllocatorSystemDefault, string, FALSE);
}

static CFTimeZoneRef find_system_zone(void)
{
	const char *name = getenv("TZ"), *in_folder;
	scope_cf CFDataRef data = NULL;
	CFTimeZoneRef zone = NULL;
	char target[256];
	ssize_t n;

	if (name && *name)
		zone = zone_named(*name == ':' ? name + 1 : name);
	n = zone ? -1 : readlink("/etc/localtime", target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		in_folder = strstr(target, "zoneinfo/");
		if (in_folder)
			zone = zone_named(in_folder + 9);
	}
	if (!zone && (data = file_data_new("/etc/localtime")))
		zone = CFTimeZoneCreate(kCFAllocatorSystemDefault, CFSTR("Local"), data);
	return zone ? zone : zone_named("GMT");
}

CFTimeZoneRef CFTimeZoneCopySystem(void)
{
	CFTimeZoneRef zone;

	pthread_mutex_lock(&lock);
	if (!system_zone)
		system_zone = find_system_zone();
	zone = cf_keep(system_zone);
	pthread_mutex_unlock(&lock);
	return zone;
}

static void replace_zone(CFTimeZoneRef *zone, CFTimeZoneRef by)
{
	CFTimeZoneRef old;

	pthread_mutex_lock(&lock);
	old = *zone;
	*zone = by;
	pthread_mutex_unlock(&lock);
	cf_drop(old);
}

void CFTimeZoneResetSystem(void)
{
	replace_zone(&system_zone, NULL);
}

CFTimeZoneRef CFTimeZoneCopyDefault(void)
{
	CFTimeZoneRef zone;

	pthread_mutex_lock(&lock);
	zone = cf_keep(default_zone);
	pthread_mutex_unlock(&lock);
	return zone ? zone : CFTimeZoneCopySystem();
}

void CFTimeZoneSetDefault(CFTimeZoneRef tz)
{
	if (!tz || is_zone(tz))
		replace_zone(&default_zone, cf_keep(tz));
}

/* --- names -------------------------------------------------------------------------------------- */

static _Thread_local CFMutableArrayRef names; /* where note_name puts them */

static int note_name(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + sizeof(ZONE_FOLDER) - 1;
	scope_cf CFStringRef string = NULL;
	char magic[4];
	int fd;

	/* Names begin with a capital; other files are tables, and copies with other clocks. */
	if (type != FTW_F || *name < 'A' || *name > 'Z')
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, magic, 4) == 4 && !memcmp(magic, "TZif", 4))
		string = CFStringCreateWithCString(NULL, name, kCFStringEncodingUTF8);
	fd_close(fd);
	if (string)
		CFArrayAppendValue(names, string);
	return 0;
}

static CFComparisonResult compare_names(const void *a, const void *b, void *context)
{
	return CFStringCompare(a, b, 0);
}

CFArrayRef CFTimeZoneCopyKnownNames(void)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	if (!all)
		return NULL;
	names = all;
	nftw(ZONE_FOLDER, note_name, 8, FTW_PHYS);
	names = NULL;
	CFArraySortValues(all, CFRangeMake(0, CFArrayGetCount(all)), compare_names, NULL);
	return all;
}

static const char *const known_abbreviations[][2] = {
	{ "ADT", "America/Halifax" },	 { "AKDT", "America/Juneau" },
	{ "AKST", "America/Juneau" },	 { "ART", "America/Argentina/Buenos_Aires" },
	{ "AST", "America/Halifax" },	 { "BDT", "Asia/Dhaka" },
	{ "BRT", "America/Sao_Paulo" },	 { "BST", "Europe/London" },
	{ "CAT", "Africa/Harare" },	 { "CDT", "America/Chicago" },
	{ "CEST", "Europe/Paris" },	 { "CET", "Europe/Paris" },
	{ "CLST", "America/Santiago" },	 { "CLT", "America/Santiago" },
	{ "COT", "America/Bogota" },	 { "CST", "America/Chicago" },
	{ "EAT", "Africa/Addis_Ababa" }, { "EDT", "America/New_York" },
	{ "EEST", "Europe/Athens" },	 { "EET", "Europe/Athens" },
	{ "EST", "America/New_York" },	 { "GMT", "GMT" },
	{ "GST", "Asia/Dubai" },	 { "HKT", "Asia/Hong_Kong" },
	{ "HST", "Pacific/Honolulu" },	 { "ICT", "Asia/Bangkok" },
	{ "IRST", "Asia/Tehran" },	 { "IST", "Asia/Kolkata" },
	{ "JST", "Asia/Tokyo" },	 { "KST", "Asia/Seoul" },
	{ "MDT", "America/Denver" },	 { "MSK", "Europe/Moscow" },
	{ "MST", "America/Denver" },	 { "NZDT", "Pacific/Auckland" },
	{ "NZST", "Pacific/Auckland" },	 { "PDT", "America/Los_Angeles" },
	{ "PET", "America/Lima" },	 { "PHT", "Asia/Manila" },
	{ "PKT", "Asia/Karachi" },	 { "PST", "America/Los_Angeles" },
	{ "SGT", "Asia/Singapore" },	 { "UTC", "UTC" },
	{ "WAT", "Africa/Lagos" },	 { "WEST", "Europe/Lisbon" },
	{ "WET", "Europe/Lisbon" },	 { "WIT", "Asia/Jakarta" },
};

CFDictionaryRef CFTimeZoneCopyAbbreviationDictionary(void)
{
	CFMutableDictionaryRef made;
	CFDictionaryRef set;

	pthread_mutex_lock(&lock);
	set = cf_keep(abbreviations);
	pthread_mutex_unlock(&lock);
	if (set)
		return set;
	made = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
	for (size_t i = 0; made && i < sizeof(known_abbreviations) / sizeof(known_abbreviations[0]);
	     i++)
		CFDictionarySetValue(made, __CFStringMakeConstantString(known_abbreviations[i][0]),
				     __CFStringMakeConstantString(known_abbreviations[i][1]));
	return made;
}

void CFTimeZoneSetAbbreviationDictionary(CFDictionaryRef dict)
{
	CFDictionaryRef old, copy;

	if (!cf_is(dict, CF_TYPE_DICTIONARY))
		return;
	copy = CFDictionaryCreateCopy(kCFAllocatorSystemDefault, dict);
	pthread_mutex_lock(&lock);
	old = abbreviations;
	abbreviations = copy;
	pthread_mutex_unlock(&lock);
	cf_drop(old);
}

/* --- asking ---------------------------------------------------------------------------------------- */

static int64_t unix_time(CFAbsoluteTime at)
{
	if (!cf_gregorian_can(at))
		at = at > 0 ? 1e12 : -1e12;
	return (int64_t)floor(at + kCFAbsoluteTimeIntervalSince1970);
}

CFStringRef CFTimeZoneGetName(CFTimeZoneRef tz)
{
	return is_zone(tz) ? tz->name : NULL;
}

CFDataRef CFTimeZoneGetData(CFTimeZoneRef tz)
{
	return is_zone(tz) ? tz->data : NULL;
}

CFTimeInterval CFTimeZoneGetSecondsFromGMT(CFTimeZoneRef tz, CFAbsoluteTime at)
{
	return is_zone(tz) ? zone_find(&tz->zone, unix_time(at))->offset : 0;
}

CFStringRef CFTimeZoneCopyAbbreviation(CFTimeZoneRef tz, CFAbsoluteTime at)
{
	return is_zone(tz)
		     ? CFStringCreateWithCString(NULL,
						 zone_find(&tz->zone, unix_time(at))->abbreviation,
						 kCFStringEncodingASCII)
		     : NULL;
}

Boolean CFTimeZoneIsDaylightSavingTime(CFTimeZoneRef tz, CFAbsoluteTime at)
{
	return is_zone(tz) && zone_find(&tz->zone, unix_time(at))->daylight;
}

CFTimeInterval CFTimeZoneGetDaylightSavingTimeOffset(CFTimeZoneRef tz, CFAbsoluteTime at)
{
	if (!CFTimeZoneIsDaylightSavingTime(tz, at))
		return 0;
	return zone_find(&tz->zone, unix_time(at))->offset -
	       zone_standard_offset(&tz->zone, unix_time(at));
}

CFAbsoluteTime CFTimeZoneGetNextDaylightSavingTimeTransition(CFTimeZoneRef tz, CFAbsoluteTime at)
{
	int64_t next;

	return is_zone(tz) && zone_next(&tz->zone, unix_time(at), &next)
		     ? (double)next - kCFAbsoluteTimeIntervalSince1970
		     : 0;
}
