// SPDX-License-Identifier: MIT
#include "tools/text.h"

#include <stdlib.h>
#include <string.h>

char *tools_text_copy(CFStringRef text)
{
	CFIndex size =
		CFStringGetMaximumSizeForEncoding(CFStringGetLength(text), kCFStringEncodingUTF8) +
		1;
	char *copy = malloc((size_t)size);

	if (copy && !CFStringGetCString(text, copy, size, kCFStringEncodingUTF8))
		copy[0] = 0;
	return copy;
}

void tools_text_put_escaped(FILE *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		/* U+0080 to U+009F are control characters too */
		int is_c1 = c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0;

		if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c < ' ' || c == 0x7f || is_c1)
			fprintf(out, "\\x%02x", is_c1 ? (unsigned char)text[++i] : c);
		else
			fputc(c, out);
	}
}

void tools_text_complain_v(const char *prefix, const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	fputs(prefix, stderr);
	tools_text_put_escaped(stderr, text ? text : format, strlen(text ? text : format));
	fputc('\n', stderr);
	free(text);
}

void tools_text_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tools_text_complain_v("", format, arguments);
	va_end(arguments);
}

void tools_text_print(CFStringRef text, FILE *out)
{
	char *copy = tools_text_copy(text);

	if (copy)
		tools_text_put_escaped(out, copy, strlen(copy));
	fputc('\n', out);
	free(copy);
}

/* --- sorted walks --------------------------------------------------------- */

struct pairs {
	CFIndex count;
	const void **keys;
};

static int compare_keys(const void *a, const void *b)
{
	CFTypeRef left = *(const CFTypeRef *)a, right = *(const CFTypeRef *)b;

	if (CFGetTypeID(left) != CFStringGetTypeID() || CFGetTypeID(right) != CFStringGetTypeID())
		return left < right ? -1 : left > right;
	return (int)CFStringCompare(left, right, 0);
}

static struct pairs sorted_keys(CFDictionaryRef dictionary)
{
	struct pairs p = { CFDictionaryGetCount(dictionary), NULL };

	p.keys = calloc((size_t)p.count + 1, sizeof(void *));
	if (!p.keys) {
		p.count = 0;
		return p;
	}
	CFDictionaryGetKeysAndValues(dictionary, p.keys, NULL);
	qsort(p.keys, (size_t)p.count, sizeof(void *), compare_keys);
	return p;
}

/* The members of an array or a set, to free(). */
static const void **members(CFTypeRef value, CFIndex *ret_count)
{
	bool is_set = CFGetTypeID(value) == CFSetGetTypeID();
	CFIndex n = is_set ? CFSetGetCount(value) : CFArrayGetCount(value);
	const void **items = calloc((size_t)n + 1, sizeof(void *));

	*ret_count = items ? n : 0;
	if (items && is_set)
		CFSetGetValues(value, items);
	else if (items)
		CFArrayGetValues(value, CFRangeMake(0, n), items);
	return items;
}

static void put_number(FILE *out, CFNumberRef number)
{
	double real;
	long long whole;

	if (CFNumberIsFloatType(number) && CFNumberGetValue(number, kCFNumberDoubleType, &real))
		fprintf(out, "%.17g", real);
	else if (CFNumberGetValue(number, kCFNumberLongLongType, &whole))
		fprintf(out, "%lld", whole);
	else
		fputs("0", out);
}

/* --- text ------------------------------------------------------------------- */

static void put_string(FILE *out, CFStringRef text)
{
	char *copy = tools_text_copy(text);

	if (copy)
		tools_text_put_escaped(out, copy, strlen(copy));
	free(copy);
}

static void show_scalar(FILE *out, CFTypeRef value)
{
	CFTypeID type = CFGetTypeID(value);

	if (type == CFStringGetTypeID())
		put_string(out, value);
	else if (type == CFNumberGetTypeID())
		put_number(out, value);
	else if (type == CFBooleanGetTypeID())
		fputs(CFBooleanGetValue(value) ? "yes" : "no", out);
	else if (type == CFDataGetTypeID())
		for (CFIndex i = 0; i < CFDataGetLength(value); i++)
			fprintf(out, "%02x", CFDataGetBytePtr(value)[i]);
	else
		fputs("?", out);
}

static bool is_container(CFTypeRef value)
{
	CFTypeID type = CFGetTypeID(value);

	return type == CFDictionaryGetTypeID() || type == CFArrayGetTypeID() ||
	       type == CFSetGetTypeID();
}

static void show_dictionary(FILE *out, CFDictionaryRef dictionary, int depth)
{
	struct pairs p = sorted_keys(dictionary);

	for (CFIndex i = 0; i < p.count; i++) {
		CFTypeRef value = CFDictionaryGetValue(dictionary, p.keys[i]);

		fprintf(out, "%*s", depth * 2, "");
		show_scalar(out, p.keys[i]);
		fputs(is_container(value) ? ":\n" : ": ", out);
		tools_text_show(out, value, depth + 1);
	}
	free(p.keys);
}

void tools_text_show(FILE *out, CFTypeRef value, int depth)
{
	CFIndex n;
	const void **items;

	if (CFGetTypeID(value) == CFDictionaryGetTypeID()) {
		show_dictionary(out, value, depth);
		return;
	}
	if (!is_container(value)) {
		show_scalar(out, value);
		fputc('\n', out);
		return;
	}
	items = members(value, &n);
	for (CFIndex i = 0; i < n; i++) {
		if (is_container(items[i])) {
			fprintf(out, "%*s-\n", depth * 2, "");
			tools_text_show(out, items[i], depth + 1);
		} else {
			fprintf(out, "%*s", depth * 2, "");
			tools_text_show(out, items[i], 0);
		}
	}
	free(items);
}

/* --- JSON -------------------------------------------------------------------- */

static void json_string(FILE *out, CFStringRef text)
{
	char *copy = tools_text_copy(text);

	fputc('"', out);
	for (const char *c = copy ? copy : ""; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if ((unsigned char)*c < ' ' || *c == 0x7f)
			fprintf(out, "\\u%04x", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
	free(copy);
}

static void json_data(FILE *out, CFDataRef data)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const UInt8 *bytes = CFDataGetBytePtr(data);
	CFIndex n = CFDataGetLength(data);

	fputc('"', out);
	for (CFIndex i = 0; i < n; i += 3) {
		unsigned v = (unsigned)bytes[i] << 16;

		if (i + 1 < n)
			v |= (unsigned)bytes[i + 1] << 8;
		if (i + 2 < n)
			v |= bytes[i + 2];
		fputc(digits[v >> 18], out);
		fputc(digits[v >> 12 & 63], out);
		fputc(i + 1 < n ? digits[v >> 6 & 63] : '=', out);
		fputc(i + 2 < n ? digits[v & 63] : '=', out);
	}
	fputc('"', out);
}

static void json_container(FILE *out, CFTypeRef value)
{
	bool is_dictionary = CFGetTypeID(value) == CFDictionaryGetTypeID();
	struct pairs p = { 0, NULL };

	if (is_dictionary)
		p = sorted_keys(value);
	else
		p.keys = members(value, &p.count);
	fputc(is_dictionary ? '{' : '[', out);
	for (CFIndex i = 0; i < p.count; i++) {
		if (i)
			fputs(", ", out);
		if (is_dictionary) {
			tools_text_json(out, p.keys[i]);
			fputs(": ", out);
			tools_text_json(out, CFDictionaryGetValue(value, p.keys[i]));
		} else {
			tools_text_json(out, p.keys[i]);
		}
	}
	fputc(is_dictionary ? '}' : ']', out);
	free(p.keys);
}

void tools_text_json(FILE *out, CFTypeRef value)
{
	CFTypeID type = CFGetTypeID(value);

	if (is_container(value))
		json_container(out, value);
	else if (type == CFStringGetTypeID())
		json_string(out, value);
	else if (type == CFNumberGetTypeID())
		put_number(out, value);
	else if (type == CFBooleanGetTypeID())
		fputs(CFBooleanGetValue(value) ? "true" : "false", out);
	else if (type == CFDataGetTypeID())
		json_data(out, value);
	else
		fputs("null", out);
}
