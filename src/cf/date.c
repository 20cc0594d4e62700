// SPDX-License-Identifier: MIT
#include "cf/cf_internal.h"

#include <CoreFoundation/CFDate.h>
#include <time.h>

#include "cf/gregorian.h"

struct __CFDate {
	struct cf_object base;
	CFAbsoluteTime at;
};

const CFTimeInterval kCFAbsoluteTimeIntervalSince1970 = 978307200.0;
const CFTimeInterval kCFAbsoluteTimeIntervalSince1904 = 3061152000.0;

CFAbsoluteTime CFAbsoluteTimeGetCurrent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec - kCFAbsoluteTimeIntervalSince1970 + (double)now.tv_nsec * 1e-9;
}

static bool date_equal(const void *a, const void *b)
{
	return ((CFDateRef)a)->at == ((CFDateRef)b)->at;
}

static CFHashCode date_hash(const void *object)
{
	double at = ((CFDateRef)object)->at + 0.0; /* no negative zero */
	uint64_t bits;

	memcpy(&bits, &at, sizeof(bits));
	return bits ^ bits >> 32;
}

static CFStringRef date_copy_description(const void *object)
{
	char text[GREGORIAN_TEXT_SIZE];

	if (!cf_gregorian_format(((CFDateRef)object)->at, text))
		return CFStringCreateWithFormat(NULL, NULL, CFSTR("%.6f"), ((CFDateRef)object)->at);
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingASCII);
}

const struct cf_class cf_date_class = {
	.name = "CFDate",
	.equal = date_equal,
	.hash = date_hash,
	.copy_description = date_copy_description,
};

CFTypeID CFDateGetTypeID(void)
{
	return CF_TYPE_DATE;
}

CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime at)
{
	struct __CFDate *d = cf_object_new_in(allocator, CF_TYPE_DATE, sizeof(*d));

	if (d)
		d->at = at;
	return d;
}

CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef theDate)
{
	return cf_is(theDate, CF_TYPE_DATE) ? theDate->at : 0;
}

CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef theDate, CFDateRef otherDate)
{
	return CFDateGetAbsoluteTime(theDate) - CFDateGetAbsoluteTime(otherDate);
}

CFComparisonResult CFDateCompare(CFDateRef theDate, CFDateRef otherDate, void *context)
{
	CFTimeInterval t = CFDateGetTimeIntervalSinceDate(theDate, otherDate);

	return t < 0 ? kCFCompareLessThan : t > 0 ? kCFCompareGreaterThan : kCFCompareEqualTo;
}
