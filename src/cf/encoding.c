// SPDX-License-Identifier: MIT
/* Bytes of an encoding to UTF-16 and back. */
#include "cf/string_internal.h"

#include <stdio.h>

#define ENCODED_SIZE 16 /* of one character; two escapes of ASCII without loss are the longest */

/* Bytes 0x80 and up; 0: not assigned. */
static const uint16_t mac_high[128] = {
	0x00c4, 0x00c5, 0x00c7, 0x00c9, 0x00d1, 0x00d6, 0x00dc, 0x00e1, 0x00e0, 0x00e2, 0x00e4,
	0x00e3, 0x00e5, 0x00e7, 0x00e9, 0x00e8, 0x00ea, 0x00eb, 0x00ed, 0x00ec, 0x00ee, 0x00ef,
	0x00f1, 0x00f3, 0x00f2, 0x00f4, 0x00f6, 0x00f5, 0x00fa, 0x00f9, 0x00fb, 0x00fc, 0x2020,
	0x00b0, 0x00a2, 0x00a3, 0x00a7, 0x2022, 0x00b6, 0x00df, 0x00ae, 0x00a9, 0x2122, 0x00b4,
	0x00a8, 0x2260, 0x00c6, 0x00d8, 0x221e, 0x00b1, 0x2264, 0x2265, 0x00a5, 0x00b5, 0x2202,
	0x2211, 0x220f, 0x03c0, 0x222b, 0x00aa, 0x00ba, 0x03a9, 0x00e6, 0x00f8, 0x00bf, 0x00a1,
	0x00ac, 0x221a, 0x0192, 0x2248, 0x2206, 0x00ab, 0x00bb, 0x2026, 0x00a0, 0x00c0, 0x00c3,
	0x00d5, 0x0152, 0x0153, 0x2013, 0x2014, 0x201c, 0x201d, 0x2018, 0x2019, 0x00f7, 0x25ca,
	0x00ff, 0x0178, 0x2044, 0x20ac, 0x2039, 0x203a, 0xfb01, 0xfb02, 0x2021, 0x00b7, 0x201a,
	0x201e, 0x2030, 0x00c2, 0x00ca, 0x00c1, 0x00cb, 0x00c8, 0x00cd, 0x00ce, 0x00cf, 0x00cc,
	0x00d3, 0x00d4, 0xf8ff, 0x00d2, 0x00da, 0x00db, 0x00d9, 0x0131, 0x02c6, 0x02dc, 0x00af,
	0x02d8, 0x02d9, 0x02da, 0x00b8, 0x02dd, 0x02db, 0x02c7,
};

static const uint16_t windows_high[32] = {
	0x20ac, 0x0000, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x0000, 0x017d, 0x0000, 0x0000, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x0000, 0x017e, 0x0178,
};

static const uint16_t nextstep_high[128] = {
	0x00a0, 0x00c0, 0x00c1, 0x00c2, 0x00c3, 0x00c4, 0x00c5, 0x00c7, 0x00c8, 0x00c9, 0x00ca,
	0x00cb, 0x00cc, 0x00cd, 0x00ce, 0x00cf, 0x00d0, 0x00d1, 0x00d2, 0x00d3, 0x00d4, 0x00d5,
	0x00d6, 0x00d9, 0x00da, 0x00db, 0x00dc, 0x00dd, 0x00de, 0x00b5, 0x00d7, 0x00f7, 0x00a9,
	0x00a1, 0x00a2, 0x00a3, 0x2044, 0x00a5, 0x0192, 0x00a7, 0x00a4, 0x2019, 0x201c, 0x00ab,
	0x2039, 0x203a, 0xfb01, 0xfb02, 0x00ae, 0x2013, 0x2020, 0x2021, 0x00b7, 0x00a6, 0x00b6,
	0x2022, 0x201a, 0x201e, 0x201d, 0x00bb, 0x2026, 0x2030, 0x00ac, 0x00bf, 0x00b9, 0x02cb,
	0x00b4, 0x02c6, 0x02dc, 0x00af, 0x02d8, 0x02d9, 0x00a8, 0x00b2, 0x02da, 0x00b8, 0x00b3,
	0x02dd, 0x02db, 0x02c7, 0x2014, 0x00b1, 0x00bc, 0x00bd, 0x00be, 0x00e0, 0x00e1, 0x00e2,
	0x00e3, 0x00e4, 0x00e5, 0x00e7, 0x00e8, 0x00e9, 0x00ea, 0x00eb, 0x00ec, 0x00c6, 0x00ed,
	0x00aa, 0x00ee, 0x00ef, 0x00f0, 0x00f1, 0x0141, 0x00d8, 0x0152, 0x00ba, 0x00f2, 0x00f3,
	0x00f4, 0x00f5, 0x00f6, 0x00e6, 0x00f9, 0x00fa, 0x00fb, 0x0131, 0x00fc, 0x00fd, 0x0142,
	0x00f8, 0x0153, 0x00df, 0x00fe, 0x00ff, 0x0000, 0x0000,
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_UTF16 kCFStringEncodingUTF16LE
#define HOST_UTF32 kCFStringEncodingUTF32LE
#else
#define HOST_UTF16 kCFStringEncodingUTF16BE
#define HOST_UTF32 kCFStringEncodingUTF32BE
#endif

static const CFStringEncoding known_encodings[] = {
	kCFStringEncodingUTF8,		kCFStringEncodingASCII,
	kCFStringEncodingISOLatin1,	kCFStringEncodingMacRoman,
	kCFStringEncodingWindowsLatin1, kCFStringEncodingUTF16,
	kCFStringEncodingUTF16BE,	kCFStringEncodingUTF16LE,
	kCFStringEncodingUTF32,		kCFStringEncodingUTF32BE,
	kCFStringEncodingUTF32LE,	kCFStringEncodingNextStepLatin,
	kCFStringEncodingNonLossyASCII, kCFStringEncodingInvalidId,
};

const CFStringEncoding *CFStringGetListOfAvailableEncodings(void)
{
	return known_encodings;
}

bool cf_encoding_is_known(CFStringEncoding encoding)
{
	for (const CFStringEncoding *e = known_encodings; *e != kCFStringEncodingInvalidId; e++)
		if (*e == encoding)
			return true;
	return false;
}

Boolean CFStringIsEncodingAvailable(CFStringEncoding encoding)
{
	return cf_encoding_is_known(encoding);
}

bool cf_encoding_is_ascii_superset(CFStringEncoding encoding)
{
	switch (encoding) {
	case kCFStringEncodingUTF8:
	case kCFStringEncodingASCII:
	case kCFStringEncodingISOLatin1:
	case kCFStringEncodingMacRoman:
	case kCFStringEncodingWindowsLatin1:
	case kCFStringEncodingNextStepLatin:
		return true;
	default: /* also ASCII without loss, where the backslash is special */
		return false;
	}
}

/* --- decoding ----------------------------------------------------------------------- */

static bool starts_with(const uint8_t *bytes, CFIndex n, const char *mark, CFIndex mark_size)
{
	return n >= mark_size && memcmp(bytes, mark, (size_t)mark_size) == 0;
}

CFStringEncoding cf_encoding_resolve(CFStringEncoding encoding, bool look_for_mark,
				     const uint8_t **bytes, CFIndex *n)
{
	static const struct {
		CFStringEncoding asked, meant;
		const char *mark;
		CFIndex size;
	} marks[] = {
		{ kCFStringEncodingUTF8, kCFStringEncodingUTF8, "\xef\xbb\xbf", 3 },
		{ kCFStringEncodingUTF16, kCFStringEncodingUTF16LE, "\xff\xfe", 2 },
		{ kCFStringEncodingUTF16, kCFStringEncodingUTF16BE, "\xfe\xff", 2 },
		{ kCFStringEncodingUTF16LE, kCFStringEncodingUTF16LE, "\xff\xfe", 2 },
		{ kCFStringEncodingUTF16BE, kCFStringEncodingUTF16BE, "\xfe\xff", 2 },
		{ kCFStringEncodingUTF32, kCFStringEncodingUTF32LE, "\xff\xfe\0\0", 4 },
		{ kCFStringEncodingUTF32, kCFStringEncodingUTF32BE, "\0\0\xfe\xff", 4 },
		{ kCFStringEncodingUTF32LE, kCFStringEncodingUTF32LE, "\xff\xfe\0\0", 4 },
		{ kCFStringEncodingUTF32BE, kCFStringEncodingUTF32BE, "\0\0\xfe\xff", 4 },
	};

	for (size_t i = 0; look_for_mark && i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (marks[i].asked != encoding ||
		    !starts_with(*bytes, *n, marks[i].mark, marks[i].size))
			continue;
		*bytes += marks[i].size;
		*n -= marks[i].size;
		return marks[i].meant;
	}
	if (encoding == kCFStringEncodingUTF16)
		return HOST_UTF16;
	return encoding == kCFStringEncodingUTF32 ? HOST_UTF32 : encoding;
}

/* One code point in well-formed UTF-8 (no surrogates, no overlong forms); its size, 0 if invalid. */
static CFIndex utf8_point(const uint8_t *p, CFIndex n, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	CFIndex size;
	uint32_t c;

	if (p[0] < 0x80) {
		*ret_point = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < size)
		return 0;
	c = p[0] & (0xffu >> (size + 1));
	for (CFIndex i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret_point = c;
	return size;
}

static CFIndex put_point(UniChar *out, CFIndex at, uint32_t c)
{
	if (c < 0x10000) {
		if (out)
			out[at] = (UniChar)c;
		return at + 1;
	}
	if (out) {
		out[at] = (UniChar)(0xd7c0 + (c >> 10));
		out[at + 1] = (UniChar)(0xdc00 | (c & 0x3ff));
	}
	return at + 2;
}

static CFIndex decode_utf8(const uint8_t *bytes, CFIndex n, UniChar *out)
{
	CFIndex units = 0;

	while (n > 0) {
		uint32_t c;
		CFIndex size = utf8_point(bytes, n, &c);

		if (!size)
			return -1;
		units = put_point(out, units, c);
		bytes += size;
		n -= size;
	}
	return units;
}

static CFIndex decode_utf16(const uint8_t *bytes, CFIndex n, bool big, UniChar *out)
{
	if (n % 2)
		return -1;
	for (CFIndex i = 0; out && i < n / 2; i++, bytes += 2)
		out[i] = (UniChar)(big ? bytes[0] << 8 | bytes[1] : bytes[1] << 8 | bytes[0]);
	return n / 2;
}

static CFIndex decode_utf32(const uint8_t *b, CFIndex n, bool big, UniChar *out)
{
	CFIndex units = 0;

	if (n % 4)
		return -1;
	for (; n; n -= 4, b += 4) {
		uint32_t c = big ? (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]
				 : (uint32_t)b[3] << 24 | b[2] << 16 | b[1] << 8 | b[0];

		if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return -1;
		units = put_point(out, units, c);
	}
	return units;
}

/* -1: the byte is not assigned. */
static int32_t decode_byte(CFStringEncoding encoding, uint8_t b)
{
	if (b < 0x80)
		return b;
	switch (encoding) {
	case kCFStringEncodingISOLatin1:
		return b;
	case kCFStringEncodingMacRoman:
		return mac_high[b - 0x80];
	case kCFStringEncodingWindowsLatin1:
		if (b >= 0xa0)
			return b;
		return windows_high[b - 0x80] ? windows_high[b - 0x80] : -1;
	case kCFStringEncodingNextStepLatin:
		return nextstep_high[b - 0x80] ? nextstep_high[b - 0x80] : -1;
	default:
		return -1;
	}
}

/* N digits of BASE, -1 when they are not there. */
static int32_t read_digits(const uint8_t *bytes, CFIndex left, int n, int base)
{
	int32_t value = 0;

	if (left < n)
		return -1;
	for (int i = 0; i < n; i++) {
		int digit = bytes[i] >= '0' && bytes[i] <= '9' ? bytes[i] - '0'
			  : (bytes[i] | 0x20) >= 'a'	       ? (bytes[i] | 0x20) - 'a' + 10
							       : base;

		if (digit >= base)
			return -1;
		value = value * base + digit;
	}
	return value;
}

/* ASCII with the escapes \\, \ooo (up to 0xFF) and \uxxxx (one unit). */
static CFIndex decode_lossless(const uint8_t *bytes, CFIndex n, UniChar *out)
{
	CFIndex units = 0;

	for (CFIndex i = 0; i < n;) {
		int32_t c = bytes[i++];

		if (c == '\\' && i < n && bytes[i] == '\\') {
			i++;
		} else if (c == '\\' && i < n && bytes[i] == 'u') {
			c = read_digits(bytes + i + 1, n - i - 1, 4, 16);
			i += 5;
		} else if (c == '\\') {
			c = read_digits(bytes + i, n - i, 3, 8);
			i += 3;
		} else if (c >= 0x80) {
			c = -1;
		}
		if (c < 0)
			return -1;
		if (out)
			out[units] = (UniChar)c;
		units++;
	}
	return units;
}

CFIndex cf_encoding_decode(CFStringEncoding encoding, const uint8_t *bytes, CFIndex n, UniChar *out)
{
	switch (encoding) {
	case kCFStringEncodingNonLossyASCII:
		return decode_lossless(bytes, n, out);
	case kCFStringEncodingUTF8:
		return decode_utf8(bytes, n, out);
	case kCFStringEncodingUTF16BE:
	case kCFStringEncodingUTF16LE:
		return decode_utf16(bytes, n, encoding == kCFStringEncodingUTF16BE, out);
	case kCFStringEncodingUTF32BE:
	case kCFStringEncodingUTF32LE:
		return decode_utf32(bytes, n, encoding == kCFStringEncodingUTF32BE, out);
	}
	if (!cf_encoding_is_known(encoding))
		return -1;
	for (CFIndex i = 0; i < n; i++) {
		int32_t c = decode_byte(encoding, bytes[i]);

		if (c < 0)
			return -1;
		if (out)
			out[i] = (UniChar)c;
	}
	return n;
}

/* --- encoding ------------------------------------------------------------------------ */

static int encode_utf8(uint32_t c, uint8_t *out)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static int encode_u16(uint32_t c, bool big, uint8_t *out)
{
	out[big ? 0 : 1] = (uint8_t)(c >> 8);
	out[big ? 1 : 0] = (uint8_t)c;
	return 2;
}

static int encode_lossless_unit(uint32_t c, char *out)
{
	if (c == '\\')
		return snprintf(out, ENCODED_SIZE, "\\\\");
	if (c < 0x80)
		return snprintf(out, ENCODED_SIZE, "%c", (int)c);
	return snprintf(out, ENCODED_SIZE, c < 0x100 ? "\\%03o" : "\\u%04x", c);
}

static int encode_lossless(uint32_t c, uint8_t *out)
{
	UniChar units[2];
	int size = 0;

	/* NUL is a character as others. */
	if (!c) {
		out[0] = 0;
		return 1;
	}
	for (CFIndex i = 0, n = cf_put_point(units, c); i < n; i++)
		size += encode_lossless_unit(units[i], (char *)out + size);
	return size;
}

static int encode_table(const uint16_t *table, int n, uint32_t c, uint8_t *out)
{
	for (int i = 0; c && i < n; i++) {
		if (table[i] == c) {
			*out = (uint8_t)(0x80 + i);
			return 1;
		}
	}
	return 0;
}

static int encode_byte(CFStringEncoding encoding, uint32_t c, uint8_t *out)
{
	*out = (uint8_t)c;
	if (c < 0x80)
		return 1;
	if (encoding == kCFStringEncodingISOLatin1)
		return c < 0x100;
	if (encoding == kCFStringEncodingMacRoman)
		return encode_table(mac_high, 128, c, out);
	if (encoding == kCFStringEncodingWindowsLatin1)
		return (c >= 0xa0 && c < 0x100) || encode_table(windows_high, 32, c, out);
	if (encoding == kCFStringEncodingNextStepLatin)
		return encode_table(nextstep_high, 128, c, out);
	return 0;
}

/* Size in OUT, 0 when the encoding has no such character. Surrogates that are not in
 * pairs exist in UTF-16 only. */
static int encode_point(CFStringEncoding encoding, uint32_t c, uint8_t *out)
{
	bool is_surrogate = c >= 0xd800 && c < 0xe000;
	bool big = encoding == kCFStringEncodingUTF16BE || encoding == kCFStringEncodingUTF32BE;

	switch (encoding) {
	case kCFStringEncodingUTF8:
		return is_surrogate ? 0 : encode_utf8(c, out);
	case kCFStringEncodingUTF16BE:
	case kCFStringEncodingUTF16LE:
		if (c < 0x10000)
			return encode_u16(c, big, out);
		encode_u16(0xd7c0 + (c >> 10), big, out);
		encode_u16(0xdc00 | (c & 0x3ff), big, out + 2);
		return 4;
	case kCFStringEncodingUTF32BE:
	case kCFStringEncodingUTF32LE:
		if (is_surrogate)
			return 0;
		encode_u16(big ? c >> 16 : c & 0xffff, big, out);
		encode_u16(big ? c & 0xffff : c >> 16, big, out + 2);
		return 4;
	case kCFStringEncodingNonLossyASCII:
		return encode_lossless(c, out);
	default:
		return encode_byte(encoding, c, out);
	}
}

static CFIndex put_mark(CFStringEncoding asked, CFStringEncoding meant, uint8_t *out, CFIndex max)
{
	int size = asked == kCFStringEncodingUTF16 ? 2 : asked == kCFStringEncodingUTF32 ? 4 : 0;

	if (size && out && max >= size)
		encode_point(meant, 0xfeff, out);
	return size;
}

CFIndex cf_encoding_encode(CFStringEncoding encoding, struct cf_text text, uint8_t loss,
			   bool with_mark, uint8_t *out, CFIndex max, CFIndex *ret_used)
{
	const uint8_t *no_bytes = NULL;
	CFIndex no_size = 0, used = 0, i = 0;
	CFStringEncoding meant = cf_encoding_resolve(encoding, false, &no_bytes, &no_size);

	*ret_used = 0;
	if (!cf_encoding_is_known(encoding))
		return 0;
	if (with_mark)
		used = put_mark(encoding, meant, out, max);
	if (out && used > max)
		return 0;
	while (i < text.length) {
		uint8_t buffer[ENCODED_SIZE];
		int units, size;
		uint32_t c = cf_text_point(&text, i, &units);

		size = encode_point(meant, c, buffer);
		if (!size && loss)
			size = encode_point(meant, loss, buffer);
		if (!size || (out && used + size > max))
			break;
		if (out)
			memcpy(out + used, buffer, (size_t)size);
		used += size;
		i += units;
	}
	*ret_used = used;
	return i;
}
