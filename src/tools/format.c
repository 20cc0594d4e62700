// SPDX-License-Identifier: MIT
#include "tools/format.h"

#include <stdlib.h>
#include <string.h>

#include "tools/text.h"

enum { DUMP_MIN = 9, DUMP_BYTES_MAX = 32 };

/* Bytes of a character above ASCII that may be shown, 0 for others. */
static CFIndex wide_character(const UInt8 *bytes, CFIndex size)
{
	CFIndex n = bytes[0] < 0xc2 ? 0
		  : bytes[0] < 0xe0 ? 2
		  : bytes[0] < 0xf0 ? 3
		  : bytes[0] < 0xf5 ? 4
				    : 0;

	if (!n || n > size || (bytes[0] == 0xc2 && bytes[1] < 0xa0))
		return 0;
	for (CFIndex i = 1; i < n; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Texts that each end in a NUL (the last one need not), more NULs only at the end and if MAY_BE_PADDED;
 * four of five characters are ASCII; a single byte is never text. */
bool tools_format_is_text(const UInt8 *bytes, CFIndex size, bool may_be_padded)
{
	CFIndex i = 0, n_ascii = 0, n_wide = 0;

	if (size < 2)
		return false;
	while (i < size) {
		if (bytes[i] == 0) {
			/* An empty text: only the padding may follow. */
			while (may_be_padded && i < size && bytes[i] == 0)
				i++;
			break;
		}
		while (i < size && bytes[i]) {
			CFIndex wide = wide_character(bytes + i, size - i);

			if (bytes[i] >= ' ' && bytes[i] <= '~')
				n_ascii++;
			else if (wide)
				n_wide += wide;
			else
				return false;
			i += wide ? wide : 1;
		}
		i++; /* the NUL */
	}
	return i >= size && n_ascii > 0 && n_ascii / 4 >= n_wide;
}

static void put_data(struct tools_line *line, CFDataRef data, bool is_hex, bool may_be_padded)
{
	const UInt8 *bytes = CFDataGetBytePtr(data);
	CFIndex size = CFDataGetLength(data), i = 0;

	tools_line_put(line, "<");
	if (is_hex || !tools_format_is_text(bytes, size, may_be_padded)) {
		for (; i < size; i++)
			tools_line_format(line, "%02x", bytes[i]);
	} else {
		while (i < size && bytes[i]) {
			size_t n = strnlen((const char *)bytes + i, (size_t)(size - i));

			tools_line_put(line, i ? ",\"" : "\"");
			tools_line_put_size(line, (const char *)bytes + i, n);
			tools_line_put(line, "\"");
			i += (CFIndex)n + 1;
		}
	}
	tools_line_put(line, ">");
}

static void put_number(struct tools_line *line, CFNumberRef number, bool is_hex)
{
	long long value = 0;

	/* What is no integer has no notation, as on macOS. */
	if (!CFNumberGetValue(number, kCFNumberLongLongType, &value))
		return;
	tools_line_format(line, is_hex ? "0x%llx" : "%llu", (unsigned long long)value);
}

static void put_string(struct tools_line *line, CFStringRef string)
{
	char *text = tools_text_copy(string);

	tools_line_put(line, "\"");
	if (text)
		tools_line_put(line, text);
	tools_line_put(line, "\"");
	free(text);
}

struct members {
	struct tools_line *line;
	bool is_hex, is_further;
};

static void put_member(const void *value, void *context)
{
	struct members *m = context;

	if (m->is_further)
		tools_line_put(m->line, ",");
	m->is_further = true;
	tools_format_value(m->line, value, m->is_hex);
}

static void put_pair(const void *key, const void *value, void *context)
{
	struct members *m = context;

	put_member(key, context);
	tools_line_put(m->line, "=");
	tools_format_value(m->line, value, m->is_hex);
}

void tools_format_value(struct tools_line *line, CFTypeRef value, bool is_hex)
{
	CFTypeID type = CFGetTypeID(value);
	struct members m = { line, is_hex, false };

	if (type == CFStringGetTypeID()) {
		put_string(line, value);
	} else if (type == CFNumberGetTypeID()) {
		put_number(line, value, is_hex);
	} else if (type == CFBooleanGetTypeID()) {
		tools_line_put(line, CFBooleanGetValue(value) ? "Yes" : "No");
	} else if (type == CFDataGetTypeID()) {
		put_data(line, value, is_hex, false);
	} else if (type == CFArrayGetTypeID()) {
		tools_line_put(line, "(");
		CFArrayApplyFunction(value, CFRangeMake(0, CFArrayGetCount(value)), put_member, &m);
		tools_line_put(line, ")");
	} else if (type == CFDictionaryGetTypeID()) {
		tools_line_put(line, "{");
		CFDictionaryApplyFunction(value, put_pair, &m);
		tools_line_put(line, "}");
	} else if (type == CFSetGetTypeID()) {
		tools_line_put(line, "[");
		CFSetApplyFunction(value, put_member, &m);
		tools_line_put(line, "]");
	} else {
		tools_line_put(line, "<unknown object>");
	}
}

/* As many bytes on a line as fit: 20 columns of offset and blanks, 4 for each byte. Where nothing fits, lines are
 * clipped anyway. */
static CFIndex bytes_per_line(const struct tools_line *line, unsigned depth)
{
	long room = ((long)line->width - 20 - 2 * (long)depth) / 4;

	if (room == 0)
		return 1;
	return room < 0 || room > DUMP_BYTES_MAX ? DUMP_BYTES_MAX : room;
}

static void dump(struct tools_line *line, const struct tools_branch *branch, CFDataRef data)
{
	const UInt8 *bytes = CFDataGetBytePtr(data);
	CFIndex size = CFDataGetLength(data), step = bytes_per_line(line, branch->depth);

	for (CFIndex at = 0; at < size; at += step) {
		tools_line_end(line);
		tools_line_indent(line, branch, false);
		tools_line_format(line, "    %08lX:", (unsigned long)at);
		for (CFIndex i = at; i < at + step; i++) {
			if (i < size)
				tools_line_format(line, " %02X", bytes[i]);
			else
				tools_line_put(line, "   ");
		}
		tools_line_put(line, " ");
		for (CFIndex i = at; i < at + step && i < size; i++) {
			char c = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '.';

			tools_line_put_size(line, &c, 1);
		}
	}
}

void tools_format_smart(struct tools_line *line, const struct tools_branch *branch, CFTypeRef value,
			bool is_hex)
{
	CFTypeID type = CFGetTypeID(value);

	if (type == CFDataGetTypeID() && CFDataGetLength(value) >= DUMP_MIN &&
	    (is_hex ||
	     !tools_format_is_text(CFDataGetBytePtr(value), CFDataGetLength(value), true)))
		dump(line, branch, value);
	else if (type == CFDataGetTypeID())
		put_data(line, value, is_hex, true);
	else
		tools_format_value(line, value, is_hex);
	tools_line_end(line);
}
