// SPDX-License-Identifier: MIT
/*
 * Any bytes as a property list. What is accepted must be valid, and survive
 * being written and read again in both formats.
 */
#include <CoreFoundation/CoreFoundation.h>
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"

static void look(const void *value, void *context);

static void look_at_entry(const void *key, const void *value, void *context)
{
	look(value, context);
}

/* Numbers that do not equal themselves, and dates that XML cuts to seconds, are let off. */
static void look(const void *value, void *context)
{
	bool *ret_exact = context;
	double real = 0;

	if (CFGetTypeID(value) == CFArrayGetTypeID()) {
		CFArrayApplyFunction(value, CFRangeMake(0, CFArrayGetCount(value)), look, context);
	} else if (CFGetTypeID(value) == CFDictionaryGetTypeID()) {
		CFDictionaryApplyFunction(value, look_at_entry, context);
	} else if (CFGetTypeID(value) == CFNumberGetTypeID()) {
		CFNumberGetValue(value, kCFNumberDoubleType, &real);
		if (isnan(real))
			*ret_exact = false;
	} else if (CFGetTypeID(value) == CFDateGetTypeID()) {
		*ret_exact = false;
	}
}

static bool is_exact(CFPropertyListRef list)
{
	bool exact = true;

	look(list, &exact);
	return exact;
}

static void round_trip(CFPropertyListRef list, CFPropertyListFormat format)
{
	CFDataRef bytes = CFPropertyListCreateData(NULL, list, format, 0, NULL);
	CFPropertyListRef back;

	/* XML cannot say all characters. */
	if (!bytes) {
		if (format == kCFPropertyListBinaryFormat_v1_0)
			abort();
		return;
	}
	back = CFPropertyListCreateWithData(NULL, bytes, 0, NULL, NULL);
	if (!back && format == kCFPropertyListBinaryFormat_v1_0)
		abort();
	if (back && is_exact(list) && format == kCFPropertyListBinaryFormat_v1_0 &&
	    !CFEqual(list, back))
		abort();
	if (back)
		CFRelease(back);
	CFRelease(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CFDataRef bytes = CFDataCreate(NULL, data, (CFIndex)size);
	CFErrorRef error = NULL;
	CFPropertyListFormat format = 0;
	CFPropertyListRef list = CFPropertyListCreateWithData(
		NULL, bytes, kCFPropertyListMutableContainers, &format, &error);

	if (!list == !error)
		abort();
	if (list) {
		if (!CFPropertyListIsValid(list, kCFPropertyListBinaryFormat_v1_0))
			abort();
		round_trip(list, kCFPropertyListBinaryFormat_v1_0);
		round_trip(list, kCFPropertyListXMLFormat_v1_0);
		CFRelease(list);
	} else {
		CFRelease(error);
	}
	CFRelease(bytes);
	return 0;
}
