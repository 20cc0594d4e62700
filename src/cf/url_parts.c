// SPDX-License-Identifier: MIT
/* Parts of URLs that only some have: user, host, port; where parts are; percent escapes. */
#include <stdlib.h>

#include "cf/string_internal.h"
#include "cf/url_internal.h"

/* --- the network location ------------------------------------------------------------- */

struct url_location {
	struct url_part user, password, host, port;
};

static struct url_location split_location(struct url_part net)
{
	struct url_location l = { .host = net };
	size_t i = net.n;

	while (i > 0 && net.text[i - 1] != '@')
		i--;
	if (i > 0) {
		const char *colon = memchr(net.text, ':', i - 1);
		size_t n = colon ? (size_t)(colon - net.text) : i - 1;

		l.user = (struct url_part){ net.text, n };
		if (colon)
			l.password = (struct url_part){ colon + 1, i - 1 - n - 1 };
		l.host = (struct url_part){ net.text + i, net.n - i };
	}
	i = l.host.n;
	while (i > 0 && l.host.text[i - 1] >= '0' && l.host.text[i - 1] <= '9')
		i--;
	if (i > 0 && l.host.text[i - 1] == ':') {
		l.port = (struct url_part){ l.host.text + i, l.host.n - i };
		l.host.n = i - 1;
	}
	return l;
}

static struct url_location location_of(CFURLRef url)
{
	return split_location(cf_is(url, CF_TYPE_URL) ? url_split(url).net
						      : (struct url_part){ NULL, 0 });
}

static CFStringRef copy_unescaped(struct url_part part)
{
	scope_cf CFStringRef text = url_copy_part(part);

	return text ? CFURLCreateStringByReplacingPercentEscapes(NULL, text, CFSTR("")) : NULL;
}

CFStringRef CFURLCopyHostName(CFURLRef anURL)
{
	struct url_part host = location_of(anURL).host;

	/* Numeric addresses of version 6 stand in brackets. */
	if (host.n > 2 && host.text[0] == '[' && host.text[host.n - 1] == ']')
		host = (struct url_part){ host.text + 1, host.n - 2 };
	return host.n ? copy_unescaped(host) : NULL;
}

SInt32 CFURLGetPortNumber(CFURLRef anURL)
{
	struct url_part port = location_of(anURL).port;

	return port.n && port.n < 6 ? (SInt32)strtol(port.text, NULL, 10) : -1;
}

CFStringRef CFURLCopyUserName(CFURLRef anURL)
{
	return copy_unescaped(location_of(anURL).user);
}

CFStringRef CFURLCopyPassword(CFURLRef anURL)
{
	return copy_unescaped(location_of(anURL).password);
}

/* --- the rest ---------------------------------------------------------------------------- */

CFStringRef CFURLCopyStrictPath(CFURLRef anURL, Boolean *isAbsolute)
{
	struct url_part path;
	bool absolute;

	if (!CFURLCanBeDecomposed(anURL))
		return NULL;
	path = url_split(anURL).path;
	absolute = path.n && path.text[0] == '/';
	if (isAbsolute)
		*isAbsolute = absolute;
	return url_copy_part((struct url_part){ path.text + absolute, path.n - absolute });
}

static const char *text_of(CFURLRef url, size_t *ret_n)
{
	*ret_n = (size_t)CFStringGetLength(url->string);
	return CFStringGetCStringPtr(url->string, kCFStringEncodingASCII);
}

CFStringRef CFURLCopyResourceSpecifier(CFURLRef anURL)
{
	struct url_parts p;
	const char *text, *from;
	size_t n;

	if (!cf_is(anURL, CF_TYPE_URL))
		return NULL;
	p = url_split(anURL);
	text = text_of(anURL, &n);
	from = CFURLCanBeDecomposed(anURL) ? p.path.text + p.path.n
					   : p.scheme.text + p.scheme.n + 1;
	n -= (size_t)(from - text);
	return n ? url_copy_part((struct url_part){ from, n }) : NULL;
}

CFStringRef CFURLCopyParameterString(CFURLRef anURL, CFStringRef charactersToLeaveEscaped)
{
	return NULL; /* parameters are part of the path, as since macOS 10.15 */
}

CFIndex CFURLGetBytes(CFURLRef url, UInt8 *buffer, CFIndex bufferLength)
{
	const char *text;
	size_t n;

	if (!cf_is(url, CF_TYPE_URL))
		return -1;
	text = text_of(url, &n);
	if (!buffer)
		return (CFIndex)n;
	if (bufferLength < (CFIndex)n)
		return -1;
	memcpy(buffer, text, n);
	return (CFIndex)n;
}

CFDataRef CFURLCreateData(CFAllocatorRef allocator, CFURLRef url, CFStringEncoding encoding,
			  Boolean escapeWhitespace)
{
	return cf_is(url, CF_TYPE_URL)
		     ? CFStringCreateExternalRepresentation(allocator, url->string, encoding, 0)
		     : NULL;
}

CFURLRef CFURLCreateAbsoluteURLWithBytes(CFAllocatorRef alloc, const UInt8 *relativeURLBytes,
					 CFIndex length, CFStringEncoding encoding,
					 CFURLRef baseURL, Boolean useCompatibilityMode)
{
	scope_cf CFURLRef url =
		CFURLCreateWithBytes(alloc, relativeURLBytes, length, encoding, baseURL);

	return url ? CFURLCopyAbsoluteURL(url) : NULL;
}

/* --- where parts are ------------------------------------------------------------------------ */

static struct url_part part_of(CFURLRef url, CFURLComponentType component)
{
	struct url_parts p = url_split(url);
	struct url_location l = split_location(p.net);
	const char *text;
	size_t n;

	switch (component) {
	case kCFURLComponentScheme:
		return p.scheme;
	case kCFURLComponentNetLocation:
		return p.net;
	case kCFURLComponentPath:
		return p.path;
	case kCFURLComponentResourceSpecifier:
		text = text_of(url, &n);
		if (p.path.text + p.path.n == text + n)
			break;
		return (struct url_part){ p.path.text + p.path.n,
					  (size_t)(text + n - p.path.text) - p.path.n };
	case kCFURLComponentUser:
		return l.user;
	case kCFURLComponentPassword:
		return l.password;
	case kCFURLComponentUserInfo:
		return l.user.text
			     ? (struct url_part){ l.user.text,
						  l.user.n +
							  (l.password.text ? l.password.n + 1 : 0) }
			     : l.user;
	case kCFURLComponentHost:
		return l.host;
	case kCFURLComponentPort:
		return l.port;
	case kCFURLComponentQuery:
		return p.query;
	case kCFURLComponentFragment:
		return p.fragment;
	}
	return (struct url_part){ NULL, 0 };
}

/* Parts in the order in which they stand. */
static const CFURLComponentType in_order[] = { kCFURLComponentScheme,	kCFURLComponentUser,
					       kCFURLComponentPassword, kCFURLComponentHost,
					       kCFURLComponentPort,	kCFURLComponentPath,
					       kCFURLComponentQuery,	kCFURLComponentFragment };

/* From the end of what stands before to the beginning of what follows. */
static CFRange with_separators(CFURLRef url, CFRange range)
{
	CFIndex start = 0, end = CFStringGetLength(url->string);
	size_t n;
	const char *text = text_of(url, &n);

	for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++) {
		struct url_part p = part_of(url, in_order[i]);
		CFIndex from, to;

		if (!p.text)
			continue;
		from = p.text - text;
		to = from + (CFIndex)p.n;
		if (to <= range.location && to > start)
			start = to;
		if (from >= range.location + range.length && from < end && from > range.location)
			end = from;
	}
	return CFRangeMake(start, end - start);
}

CFRange CFURLGetByteRangeForComponent(CFURLRef url, CFURLComponentType component,
				      CFRange *rangeIncludingSeparators)
{
	CFRange range = { kCFNotFound, 0 };
	struct url_part part;
	const char *text;
	size_t n;

	if (rangeIncludingSeparators)
		*rangeIncludingSeparators = range;
	if (!cf_is(url, CF_TYPE_URL))
		return range;
	part = part_of(url, component);
	if (!part.text)
		return range;
	text = text_of(url, &n);
	range = CFRangeMake(part.text - text, (CFIndex)part.n);
	if (rangeIncludingSeparators)
		*rangeIncludingSeparators = with_separators(url, range);
	return range;
}

/* --- escapes ---------------------------------------------------------------------------------- */

/* What URLs consist of, without '#', '%' and brackets, which mean something. */
static bool is_legal(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && c < 0x80 && strchr("-_.!~*'();/?:@&=+$,", (int)c));
}

static bool is_in(CFStringRef characters, uint32_t c)
{
	UniChar units[2];
	scope_cf CFStringRef one = NULL;

	if (!cf_string_is(characters))
		return false;
	one = CFStringCreateWithCharacters(NULL, units, cf_put_point(units, c));
	return one && CFStringFind(characters, one, 0).location != kCFNotFound;
}

static bool append_escaped(CFMutableStringRef out, CFStringRef character, CFStringEncoding encoding)
{
	UInt8 bytes[16];
	CFIndex n = 0, length = CFStringGetLength(character);

	if (CFStringGetBytes(character, CFRangeMake(0, length), encoding, 0, FALSE, bytes,
			     sizeof(bytes), &n) < length)
		return false;
	for (CFIndex i = 0; i < n; i++)
		CFStringAppendFormat(out, NULL, CFSTR("%%%02X"), bytes[i]);
	return true;
}

CFStringRef CFURLCreateStringByAddingPercentEscapes(CFAllocatorRef allocator,
						    CFStringRef originalString,
						    CFStringRef charactersToLeaveUnescaped,
						    CFStringRef legalURLCharactersToBeEscaped,
						    CFStringEncoding encoding)
{
	scope_cf CFMutableStringRef out = NULL;
	struct cf_text text;
	CFIndex i = 0;

	if (!cf_string_is(originalString))
		return NULL;
	text = cf_text_of(originalString);
	out = CFStringCreateMutable(NULL, 0);
	while (out && i < text.length) {
		int units;
		uint32_t c = cf_text_point(&text, i, &units);
		scope_cf CFStringRef character =
			CFStringCreateWithSubstring(NULL, originalString, CFRangeMake(i, units));
		bool escape = is_legal(c) ? is_in(legalURLCharactersToBeEscaped, c)
					  : !is_in(charactersToLeaveUnescaped, c);

		if (!character || (escape && !append_escaped(out, character, encoding)))
			return NULL;
		if (!escape)
			CFStringAppend(out, character);
		i += units;
	}
	return out ? CFStringCreateCopy(allocator, out) : NULL;
}
