// SPDX-License-Identifier: MIT
/* Property lists as XML, in the layout that macOS writes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "cf/gregorian.h"
#include "cf/plist_internal.h"
#include "cf/string_internal.h"

static void put(struct bytes *out, const char *text)
{
	bytes_put(out, text, strlen(text));
}

static void put_tabs(struct bytes *out, int n)
{
	for (; n > 0; n--)
		put(out, "\t");
}

static void put_element(struct bytes *out, const char *name, const char *text)
{
	put(out, "<");
	put(out, name);
	put(out, ">");
	put(out, text);
	put(out, "</");
	put(out, name);
	put(out, ">\n");
}

static void put_string(struct bytes *out, const char *name, CFStringRef string)
{
	CFIndex at = 0, length = CFStringGetLength(string);

	put(out, "<");
	put(out, name);
	put(out, ">");
	while (at < length) {
		UInt8 chunk[256];
		CFIndex used = 0, done;

		/* Lone surrogates have no UTF-8. */
		done = CFStringGetBytes(string, CFRangeMake(at, length - at), kCFStringEncodingUTF8,
					'?', FALSE, chunk, sizeof(chunk), &used);
		if (done <= 0)
			break;
		for (CFIndex i = 0; i < used; i++) {
			if (chunk[i] == '<')
				put(out, "&lt;");
			else if (chunk[i] == '>')
				put(out, "&gt;");
			else if (chunk[i] == '&')
				put(out, "&amp;");
			else
				bytes_put(out, &chunk[i], 1);
		}
		at += done;
	}
	put(out, "</");
	put(out, name);
	put(out, ">\n");
}

static void put_base64(struct bytes *out, CFDataRef data, int indent)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = CFDataGetBytePtr(data);
	CFIndex n = CFDataGetLength(data);
	int limit = 76 - 8 * (indent < 8 ? indent : 8), column = 0;

	put(out, "<data>\n");
	for (CFIndex i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? p[i + 1] : 0) << 8 |
			     (i + 2 < n ? p[i + 2] : 0);
		char group[4] = { digits[v >> 18], digits[v >> 12 & 63],
				  i + 1 < n ? digits[v >> 6 & 63] : '=',
				  i + 2 < n ? digits[v & 63] : '=' };

		if (!column)
			put_tabs(out, indent);
		bytes_put(out, group, 4);
		column += 4;
		if (column >= limit) {
			put(out, "\n");
			column = 0;
		}
	}
	if (column)
		put(out, "\n");
	put_tabs(out, indent);
	put(out, "</data>\n");
}

static void put_number(struct bytes *out, CFNumberRef number)
{
	scope_cf CFStringRef text = NULL;
	char buffer[64] = "";
	double real = 0;

	if (!CFNumberIsFloatType(number)) {
		text = CFCopyDescription(number);
		CFStringGetCString(text, buffer, sizeof(buffer), kCFStringEncodingASCII);
		put_element(out, "integer", buffer);
		return;
	}
	CFNumberGetValue(number, kCFNumberFloat64Type, &real);
	if (isnan(real) || isinf(real)) {
		put_element(out, "real",
			    isnan(real) ? "nan"
			    : real > 0	? "+infinity"
					: "-infinity");
		return;
	}
	text = real == 0 ? CFRetain(CFSTR("0.0"))
			 : CFStringCreateWithFormat(NULL, NULL, CFSTR("%.17g"), real);
	CFStringGetCString(text, buffer, sizeof(buffer), kCFStringEncodingASCII);
	put_element(out, "real", buffer);
}

static void put_date(struct bytes *out, CFDateRef date)
{
	char text[GREGORIAN_TEXT_SIZE];

	/* What has no four-digit year becomes the nearest moment that has one. */
	if (!cf_gregorian_format(CFDateGetAbsoluteTime(date), text))
		strcpy(text, CFDateGetAbsoluteTime(date) > 0 ? "9999-12-31T23:59:59Z"
							     : "0001-01-01T00:00:00Z");
	put_element(out, "date", text);
}

static void put_value(struct bytes *out, CFTypeRef value, int indent);

static void put_dictionary(struct bytes *out, CFDictionaryRef dictionary, int indent)
{
	CFIndex n = CFDictionaryGetCount(dictionary);
	scope_free CFStringRef *keys = plist_sorted_keys(dictionary);

	if (!n) {
		put(out, "<dict/>\n");
		return;
	}
	if (!keys) {
		out->err = -ENOMEM;
		return;
	}
	put(out, "<dict>\n");
	for (CFIndex i = 0; i < n; i++) {
		put_tabs(out, indent + 1);
		put_string(out, "key", keys[i]);
		put_value(out, CFDictionaryGetValue(dictionary, keys[i]), indent + 1);
	}
	put_tabs(out, indent);
	put(out, "</dict>\n");
}

static void put_array(struct bytes *out, CFArrayRef array, int indent)
{
	CFIndex n = CFArrayGetCount(array);

	if (!n) {
		put(out, "<array/>\n");
		return;
	}
	put(out, "<array>\n");
	for (CFIndex i = 0; i < n; i++)
		put_value(out, CFArrayGetValueAtIndex(array, i), indent + 1);
	put_tabs(out, indent);
	put(out, "</array>\n");
}

static void put_value(struct bytes *out, CFTypeRef value, int indent)
{
	if (out->err)
		return;
	put_tabs(out, indent);
	switch (cf_type_of(value)) {
	case CF_TYPE_STRING:
		put_string(out, "string", value);
		break;
	case CF_TYPE_NUMBER:
		put_number(out, value);
		break;
	case CF_TYPE_BOOLEAN:
		put(out, CFBooleanGetValue(value) ? "<true/>\n" : "<false/>\n");
		break;
	case CF_TYPE_DATA:
		put_base64(out, value, indent);
		break;
	case CF_TYPE_DATE:
		put_date(out, value);
		break;
	case CF_TYPE_ARRAY:
		put_array(out, value, indent);
		break;
	case CF_TYPE_DICTIONARY:
		put_dictionary(out, value, indent);
		break;
	}
}

CFDataRef plist_xml_write(CFAllocatorRef allocator, CFTypeRef list)
{
	struct bytes out = BYTES_INIT;
	CFDataRef data = NULL;

	put(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		  "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		  "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		  "<plist version=\"1.0\">\n");
	put_value(&out, list, 0);
	put(&out, "</plist>\n");
	if (!out.err)
		data = CFDataCreate(allocator, out.data, (CFIndex)out.size);
	bytes_fini(&out);
	return data;
}
