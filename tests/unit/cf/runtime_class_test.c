// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFRuntime.h>

#include "cf_test.h"

struct point {
	CFRuntimeBase base;
	int x, y;
};

static char trace[64];

static void point_init(CFTypeRef cf)
{
	struct point *p = (struct point *)(uintptr_t)cf;

	test_equal(p->x, 0);
	p->y = 7;
}

static void point_reclaim(CFTypeRef cf)
{
	strcat(trace, "r");
}

static void point_finalize(CFTypeRef cf)
{
	strcat(trace, "f");
}

static Boolean point_equal(CFTypeRef a, CFTypeRef b)
{
	return ((const struct point *)a)->x == ((const struct point *)b)->x;
}

static CFHashCode point_hash(CFTypeRef cf)
{
	return (CFHashCode)((const struct point *)cf)->x;
}

static CFStringRef point_text(CFTypeRef cf, CFDictionaryRef options)
{
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("%d/%d"), ((const struct point *)cf)->x,
					((const struct point *)cf)->y);
}

static CFStringRef point_description(CFTypeRef cf)
{
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("<Point %d>"),
					((const struct point *)cf)->x);
}

static const CFRuntimeClass point_class = {
	.version = _kCFRuntimeResourcefulObject,
	.className = "Point",
	.init = point_init,
	.finalize = point_finalize,
	.equal = point_equal,
	.hash = point_hash,
	.copyFormattingDesc = point_text,
	.copyDebugDesc = point_description,
	.reclaim = point_reclaim,
};

static struct point *point_new(CFTypeID type, int x)
{
	struct point *p = (struct point *)(uintptr_t)_CFRuntimeCreateInstance(
		NULL, type, sizeof(*p) - sizeof(p->base), NULL);

	p->x = x;
	return p;
}

TEST(objects_of_a_class_of_ones_own)
{
	CFTypeID type = _CFRuntimeRegisterClass(&point_class);
	struct point *a = point_new(type, 3), *b = point_new(type, 3), *c = point_new(type, 4);
	CFStringRef text = CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), a);
	CFStringRef description = CFCopyDescription(a), name = CFCopyTypeIDDescription(type);
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	test_equal(CFGetTypeID(a), type);
	test_true(CFEqual(a, b) && !CFEqual(a, c));
	test_equal(CFHash(a), 3);
	test_equal_text(text_of(text), "3/7");
	test_equal_text(text_of(description), "<Point 3>");
	test_equal_text(text_of(name), "Point");
	test_true(_CFRuntimeGetClassWithTypeID(type) == &point_class);
	CFArrayAppendValue(array, a);
	test_equal(CFGetRetainCount(a), 2);
	test_true(CFArrayContainsValue(array, CFRangeMake(0, 1), b));
	CFRelease(a);
	test_equal_text(trace, "");
	CFRelease(array);
	test_equal_text(trace, "rf");
	CFRelease(b);
	CFRelease(c);
	CFRelease(text);
	CFRelease(description);
	CFRelease(name);
}

TEST(defaults_and_refusals)
{
	static const CFRuntimeClass plain = { .className = "Plain" },
				    counted = { .version = _kCFRuntimeCustomRefCount,
						.className = "Counted" },
				    nameless = { .version = 0 };
	static struct point constant = { .base = INIT_CFRUNTIME_BASE() };
	CFTypeID type = _CFRuntimeRegisterClass(&plain);
	CFTypeRef a, b;

	test_equal(_CFRuntimeRegisterClass(&counted), _kCFRuntimeNotATypeID);
	test_equal(_CFRuntimeRegisterClass(&nameless), _kCFRuntimeNotATypeID);
	test_true(_CFRuntimeCreateInstance(NULL, CFArrayGetTypeID(), 0, NULL) == NULL);
	test_true(_CFRuntimeCreateInstance(NULL, type, -1, NULL) == NULL);
	a = _CFRuntimeCreateInstance(NULL, type, 0, NULL);
	b = _CFRuntimeCreateInstance(NULL, type, 0, NULL);
	test_true(CFEqual(a, a) && !CFEqual(a, b));
	CFRelease(a);
	CFRelease(b);
	_CFRuntimeInitStaticInstance(&constant, type);
	CFRelease(&constant);
	CFRelease(&constant);
	test_equal(CFGetTypeID(&constant), type);
	_CFRuntimeUnregisterClassWithTypeID(type);
	test_true(_CFRuntimeGetClassWithTypeID(type) == NULL);
	test_true(_CFRuntimeCreateInstance(NULL, type, 0, NULL) == NULL);
}

TEST_MAIN
