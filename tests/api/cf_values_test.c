// SPDX-License-Identifier: MIT
/* What programs do with CoreFoundation values, through the public headers only. */
#include <CoreFoundation/CoreFoundation.h>

#include "test.h"

static void add_size(const void *key, const void *value, void *context)
{
	*(CFIndex *)context += CFStringGetLength((CFStringRef)key);
}

TEST(matching_dictionary_as_clients_build_it)
{
	CFMutableDictionaryRef match =
		CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
					  &kCFTypeDictionaryValueCallBacks);
	SInt32 vendor = 0x16c0, back = 0;
	CFNumberRef number = CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt32Type, &vendor);
	CFIndex size = 0;

	CFDictionarySetValue(match, CFSTR("idVendor"), number);
	CFRelease(number);
	CFDictionaryAddValue(match, CFSTR("IOProviderClass"), CFSTR("IOUSBDevice"));
	test_true(CFNumberGetValue((CFNumberRef)CFDictionaryGetValue(match, CFSTR("idVendor")),
				   kCFNumberIntType, &back));
	test_equal(back, vendor);
	CFDictionaryApplyFunction(match, add_size, &size);
	test_equal(size, 8 + 15);
	CFRelease(match);
}

TEST(string_fallback_as_clients_write_it)
{
	CFStringRef path =
		CFStringCreateWithFormat(NULL, NULL, CFSTR("/dev/%@%d"), CFSTR("disk"), 2);
	const char *direct = CFStringGetCStringPtr(path, kCFStringEncodingUTF8);
	CFIndex size = CFStringGetMaximumSizeForEncoding(CFStringGetLength(path),
							 CFStringGetSystemEncoding()) +
		       1;
	char *copy = (char *)malloc((size_t)size);

	test_true(copy && CFStringGetCString(path, copy, size, kCFStringEncodingUTF8));
	test_equal_text(copy, "/dev/disk2");
	if (direct)
		test_equal_text(direct, copy);
	test_equal(CFStringCompare(path, CFSTR("/DEV/DISK2"), kCFCompareCaseInsensitive),
		   kCFCompareEqualTo);
	free(copy);
	CFRelease(path);
}

TEST(type_dispatch_as_tools_do_it)
{
	CFTypeRef values[] = { CFSTR("s"), kCFBooleanTrue, kCFNull };
	CFTypeID types[] = { CFStringGetTypeID(), CFBooleanGetTypeID(), CFNullGetTypeID() };

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			test_equal(CFGetTypeID(values[i]) == types[k], i == k);
}

TEST(byte_order_of_device_properties)
{
	test_equal(CFSwapInt16(0x1234), 0x3412);
	test_equal(CFSwapInt32(0x12345678), 0x78563412);
	test_equal(CFSwapInt32BigToHost(CFSwapInt32HostToBig(7)), 7);
	test_equal(CFSwapInt64LittleToHost(CFSwapInt64HostToLittle(7)), 7);
	test_equal(*(const unsigned char *)&(CFSwappedFloat32){ CFConvertFloatHostToSwapped(1).v },
		   0x3f);
	test_true(CFConvertDoubleSwappedToHost(CFConvertDoubleHostToSwapped(-0.1)) == -0.1);
	test_true(CFConvertFloat32SwappedToHost(CFConvertFloat32HostToSwapped(2.5f)) == 2.5f);
}

TEST_MAIN
