// SPDX-License-Identifier: MIT
/* Property values from any bytes; what was read must come back from either form. */
#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCFSerialize.h>
#include <IOKit/IOCFUnserialize.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static CFTypeRef read_value(const UInt8 *bytes, size_t n)
{
	CFStringRef error = NULL;
	CFTypeRef value = IOCFUnserializeWithSize((const char *)bytes, n, NULL, 0, &error);

	if (!value != (error != NULL))
		abort();
	if (error)
		CFRelease(error);
	return value;
}

/* What was written can be read, and the result be written again. */
static void check(CFTypeRef value, CFOptionFlags options)
{
	CFDataRef data = IOCFSerialize(value, options), again;
	CFTypeRef back;

	if (!data)
		return; /* fractions in XML, and what is too deep or too large */
	back = read_value(CFDataGetBytePtr(data), (size_t)CFDataGetLength(data));
	if (!back || CFGetTypeID(back) != CFGetTypeID(value))
		abort();
	again = IOCFSerialize(back, options);
	if (!again)
		abort();
	CFRelease(again);
	CFRelease(back);
	CFRelease(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Its own size, so that a look behind the end is seen. */
	uint8_t *copy = malloc(size + 1);
	CFTypeRef value;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = 0;
	value = read_value(copy, size && (data[0] == 0xd3 || data[0] == 0xd4) ? size : size + 1);
	free(copy);
	if (value) {
		check(value, 0);
		check(value, kIOCFSerializeToBinary);
		CFRelease(value);
	}
	return 0;
}
