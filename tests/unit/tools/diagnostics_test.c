// SPDX-License-Identifier: MIT
#include "tools/diagnostics.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static CFMutableDictionaryRef new_dictionary(void)
{
	return CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

static void set_number(CFMutableDictionaryRef d, const char *name, int64_t number)
{
	CFStringRef key =
		CFStringCreateWithCString(kCFAllocatorDefault, name, kCFStringEncodingUTF8);
	CFNumberRef value = CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt64Type, &number);

	CFDictionarySetValue(d, key, value);
	CFRelease(key);
	CFRelease(value);
}

struct output {
	char *text;
	size_t size;
	FILE *file;
};

static void begin(struct output *o)
{
	o->text = NULL;
	o->file = open_memstream(&o->text, &o->size);
	test_true(o->file);
}

static void check(struct output *o, const char *expected)
{
	fclose(o->file);
	test_equal_text(o->text, expected);
	free(o->text);
}

TEST(classes_are_sorted_without_regard_to_case)
{
	CFMutableDictionaryRef classes = new_dictionary();
	struct output o;

	set_number(classes, "b", 2);
	set_number(classes, "C", 0);
	set_number(classes, "A", 1);
	begin(&o);
	test_true(tools_diagnostics_put_classes(o.file, classes));
	check(&o, "A = 1\nb = 2\nC = 0\n");
	CFRelease(classes);
}

TEST(bad_values_and_hostile_names)
{
	CFMutableDictionaryRef classes = new_dictionary();
	struct output o;

	CFDictionarySetValue(classes, CFSTR("text"), CFSTR("x"));
	set_number(classes, "evil\033[2J\n", 1);
	begin(&o);
	test_true(tools_diagnostics_put_classes(o.file, classes));
	tools_diagnostics_put_class(o.file, classes, CFSTR("none"), ", ");
	check(&o, "evil\\x1b[2J\\n = 1\ntext = ?? (error reading/converting value)\n"
		  "none = <no such class>, ");
	CFRelease(classes);
}

TEST(sums_are_aligned)
{
	CFMutableDictionaryRef d = new_dictionary();
	struct output o;

	set_number(d, "Instance allocation", 5000);
	set_number(d, "IOMalloc allocation", 0x123456789);
	CFDictionarySetValue(d, CFSTR("Pageable allocation"), CFSTR("x"));
	begin(&o);
	tools_diagnostics_put_sums(o.file, d);
	check(&o, "   Instance allocation = 0x00001388 =    4 K\n"
		  "   IOMalloc allocation = 0x123456789 = 4772185 K\n"
		  "   Pageable allocation = ?? (error reading/converting value)\n");
	CFRelease(d);
}

TEST_MAIN
