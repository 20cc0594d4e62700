// SPDX-License-Identifier: MIT
/* Texts for people. */
#include "cf/string_internal.h"

#include <stdio.h>

/* Collections in collections (also a collection in itself) are shown this deep. */
#define MAX_DEPTH 32

static __thread int depth;

CFStringRef CFCopyDescription(CFTypeRef cf)
{
	const struct cf_class *klass;

	if (!cf)
		return CFRetain(CFSTR("(null)"));
	klass = cf_class_find(cf_type_of(cf));
	if (klass && klass->copy_description)
		return klass->copy_description(cf);
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("<%s %p>"), klass ? klass->name : "?",
					cf);
}

CFStringRef cf_copy_text(CFTypeRef object)
{
	const struct cf_class *klass = cf_class_find(cf_type_of(object));

	if (cf_string_is(object))
		return CFStringCreateCopy(NULL, object);
	return klass && klass->copy_text ? klass->copy_text(object) : CFCopyDescription(object);
}

const void *cf_callback_retain(CFAllocatorRef allocator, const void *value)
{
	return CFRetain(value);
}

void cf_callback_release(CFAllocatorRef allocator, const void *value)
{
	CFRelease(value);
}

/* --- collections -------------------------------------------------------------------------- */

void cf_description_begin(struct cf_description *d, const char *opening)
{
	d->text = CFStringCreateMutable(NULL, 0);
	depth++;
	CFStringAppendCString(d->text, opening, kCFStringEncodingASCII);
}

void cf_description_line(struct cf_description *d)
{
	CFStringAppendFormat(d->text, NULL, CFSTR("\n%*s"), depth * 4, "");
}

void cf_description_value(struct cf_description *d, const void *value,
			  CFStringRef (*copy)(const void *value))
{
	scope_cf CFStringRef text = NULL;

	if (depth > MAX_DEPTH)
		text = CFRetain(CFSTR("..."));
	else if (copy)
		text = copy(value);
	if (text)
		CFStringAppend(d->text, text);
	else
		CFStringAppendFormat(d->text, NULL, CFSTR("%p"), value);
}

CFStringRef cf_description_end(struct cf_description *d, const char *closing)
{
	depth--;
	if (d->text && CFStringGetLength(d->text) > 1)
		CFStringAppendFormat(d->text, NULL, CFSTR("\n%*s"), depth * 4, "");
	CFStringAppendCString(d->text, closing, kCFStringEncodingASCII);
	return d->text;
}

/* --- showing ------------------------------------------------------------------------------- */

static void print(CFStringRef text)
{
	char buffer[512];
	CFIndex at = 0, length = CFStringGetLength(text);

	while (at < length) {
		CFIndex used = 0;
		CFIndex done =
			CFStringGetBytes(text, CFRangeMake(at, length - at), kCFStringEncodingUTF8,
					 '?', FALSE, (UInt8 *)buffer, sizeof(buffer), &used);

		if (done <= 0)
			break;
		fwrite(buffer, 1, (size_t)used, stderr);
		at += done;
	}
}

void CFShow(CFTypeRef obj)
{
	scope_cf CFStringRef text = obj ? cf_copy_text(obj) : NULL;

	if (text)
		print(text);
	else
		fputs("(null)", stderr);
	fputc('\n', stderr);
}

void CFShowStr(CFStringRef str)
{
	if (!cf_string_is(str)) {
		fputs("(null)\n", stderr);
		return;
	}
	fprintf(stderr, "Length %ld\nIsEightBit %d\nMutable %d\nContents \"",
		CFStringGetLength(str), !(cf_flags(str) & CF_STRING_WIDE),
		cf_string_is_mutable(str));
	print(str);
	fputs("\"\n", stderr);
}
