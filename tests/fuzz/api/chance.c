// SPDX-License-Identifier: MIT
/* What arguments are drawn from. */
#include <string.h>

#include <IOKit/IOKitKeys.h>

#include "model.h"

uint64_t fuzz_random(struct fuzz *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random * 0x2545f4914f6cdd1dull;
}

uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	return (uint32_t)((fuzz_random(f) >> 32) * n >> 32);
}

uint32_t fuzz_count(struct fuzz *f)
{
	static const uint32_t counts[] = { 0,	1,	    2,		3,	    4,
					   8,	9,	    15,		16,	    17,
					   127, 0x7fffffff, 0x80000000, 0xfffffffd, 0xffffffff };

	return counts[fuzz_below(f, sizeof(counts) / sizeof(*counts))];
}

size_t fuzz_size(struct fuzz *f)
{
	static const size_t sizes[] = { 0, 1, 8, 16, 24, 63, 4095, 4096, 4097, 8192, 16384 };

	return sizes[fuzz_below(f, sizeof(sizes) / sizeof(*sizes))];
}

static char long_text[6000];

const char *fuzz_text(struct fuzz *f)
{
	static const char *const texts[] = {
		NULL,
		"",
		"IOService",
		"IOResources",
		"CalculatorDriver",
		"MirrorDriver",
		"IORegistryEntry",
		"no such thing",
		"IOService:/",
		"IOService:/IOResources",
		"IOService:/IOResources/CalculatorDriver",
		"IOService:/IOResources/CalculatorDriver/",
		"Nope:/",
		":/",
		"%s%n%n%n",
		"\xff\xfe\xc3(",
		"\x1b[2J\a",
		long_text,
	};

	return texts[fuzz_below(f, sizeof(texts) / sizeof(*texts))];
}

const char *fuzz_plane(struct fuzz *f)
{
	static const char *const planes[] = {
		kIOServicePlane, kIOServicePlane, kIOServicePlane, kIOUSBPlane, "Nope", "", NULL,
		long_text
	};

	return planes[fuzz_below(f, sizeof(planes) / sizeof(*planes))];
}

enum { VALUES = 10 };
static CFTypeRef values[VALUES];

void fuzz_make_values(void)
{
	int32_t one = 1;
	CFMutableArrayRef deep = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &one);
	CFMutableDictionaryRef odd = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFMutableDictionaryRef plain = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	memset(long_text, 'x', sizeof(long_text) - 1);
	for (int i = 0; i < 200; i++) {
		CFMutableArrayRef outer = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

		CFArrayAppendValue(outer, deep);
		CFRelease(deep);
		deep = outer;
	}
	CFDictionarySetValue(odd, number, kCFBooleanTrue);
	CFDictionarySetValue(plain, CFSTR("k"), number);
	values[1] = number;
	values[2] = deep;
	values[3] = odd;
	values[4] = plain;
	values[5] = CFSTR("text");
	values[6] = kCFBooleanTrue;
	values[7] = CFDataCreate(NULL, (const UInt8 *)long_text, 5000);
	values[8] = CFDateCreate(NULL, 0);
	values[9] = CFStringCreateWithCString(NULL, long_text, kCFStringEncodingUTF8);
}

void fuzz_free_values(void)
{
	for (int i = 1; i < VALUES; i++)
		CFRelease(values[i]);
}

CFTypeRef fuzz_value(struct fuzz *f)
{
	return values[fuzz_below(f, VALUES)];
}

CFStringRef fuzz_key(struct fuzz *f)
{
	static const char *const keys[] = { kIOClassKey, kIOProviderClassKey,
					    kIORegistryEntryPropertyKeysKey, "Operations", "" };
	uint32_t n = fuzz_below(f, 8);

	if (n >= 7)
		return NULL;
	if (n >= 5)
		return n == 5 ? values[9] : values[1]; /* too long; no string */
	static CFStringRef strings[5];
	if (!strings[n])
		strings[n] = __CFStringMakeConstantString(keys[n]);
	return strings[n];
}

CFDictionaryRef fuzz_matching(struct fuzz *f, bool *good)
{
	static const char *const classes[] = { "IOResources", "CalculatorDriver", "MirrorDriver",
					       "no such class" };
	CFMutableDictionaryRef d;

	*good = true;
	switch (fuzz_below(f, 8)) {
	case 0:
		return NULL;
	case 1: /* no dictionary */
		*good = false;
		return CFRetain(values[5]);
	case 2: /* a key that is no string */
		*good = false;
		return CFRetain(values[3]);
	case 3: /* too deep */
		*good = false;
		d = IOServiceMatching("IOService");
		CFDictionarySetValue(d, CFSTR(kIOPropertyMatchKey), values[2]);
		return d;
	case 4:
		d = IOServiceMatching(classes[fuzz_below(f, 4)]);
		CFDictionarySetValue(d, CFSTR(kIOParentMatchKey), values[1 + fuzz_below(f, 6)]);
		*good = CFDictionaryGetValue(d, CFSTR(kIOParentMatchKey)) != values[2] &&
			CFDictionaryGetValue(d, CFSTR(kIOParentMatchKey)) != values[3];
		return d;
	default:
		return IOServiceMatching(classes[fuzz_below(f, 4)]);
	}
}

void *fuzz_out(struct fuzz *f, size_t size)
{
	char *out = (char *)f->memory + (fuzz_one_in(f, 4) ? 1 + fuzz_below(f, 7) : 0);

	if (fuzz_one_in(f, 12))
		return NULL;
	memset(out, 0xa5, size);
	return out;
}

bool fuzz_is_untouched(const void *out, size_t size)
{
	const unsigned char *bytes = out;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0xa5)
			return false;
	return true;
}
