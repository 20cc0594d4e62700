// SPDX-License-Identifier: MIT
/* URLs as text: making, splitting, resolving. */
#include "cf/url_internal.h"

#include <stdlib.h>

static void url_fini(void *object)
{
	struct __CFURL *u = object;

	cf_drop(u->string);
	cf_drop(u->base_url);
}

static bool url_equal(const void *a, const void *b)
{
	CFURLRef x = a, y = b;

	return CFEqual(x->string, y->string) &&
	       (x->base_url == y->base_url ||
		(x->base_url && y->base_url && CFEqual(x->base_url, y->base_url)));
}

static CFHashCode url_hash(const void *object)
{
	return CFHash(((CFURLRef)object)->string);
}

static CFStringRef url_copy_description(const void *object)
{
	CFURLRef u = object;

	return u->base_url ? CFStringCreateWithFormat(NULL, NULL, CFSTR("%@ -- %@"), u->string,
						      u->base_url)
			   : CFRetain(u->string);
}

const struct cf_class cf_url_class = {
	.name = "CFURL",
	.fini = url_fini,
	.equal = url_equal,
	.hash = url_hash,
	.copy_description = url_copy_description,
};

CFTypeID CFURLGetTypeID(void)
{
	return CF_TYPE_URL;
}

/* --- parts --------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t scheme_length(const char *text)
{
	size_t n = 0;

	if (!is_letter(text[0]))
		return 0;
	while (is_letter(text[n]) || is_digit(text[n]) || (text[n] && strchr("+-.", text[n])))
		n++;
	return text[n] == ':' ? n : 0;
}

struct url_parts url_split(CFURLRef url)
{
	struct url_parts parts = { { 0 } };
	const char *at = CFStringGetCStringPtr(url->string, kCFStringEncodingASCII);
	size_t n = scheme_length(at);

	if (n) {
		parts.scheme = (struct url_part){ at, n };
		at += n + 1;
	}
	if (at[0] == '/' && at[1] == '/') {
		n = strcspn(at + 2, "/?#");
		parts.net = (struct url_part){ at + 2, n };
		at += 2 + n;
	}
	n = strcspn(at, "?#");
	parts.path = (struct url_part){ at, n };
	at += n;
	if (*at == '?') {
		n = strcspn(at + 1, "#");
		parts.query = (struct url_part){ at + 1, n };
		at += 1 + n;
	}
	if (*at == '#')
		parts.fragment = (struct url_part){ at + 1, strlen(at + 1) };
	return parts;
}

void url_join(struct bytes *out, const struct url_parts *p)
{
	if (p->scheme.text) {
		bytes_put(out, p->scheme.text, p->scheme.n);
		bytes_put(out, ":", 1);
	}
	if (p->net.text) {
		bytes_put(out, "//", 2);
		bytes_put(out, p->net.text, p->net.n);
	}
	bytes_put(out, p->path.text, p->path.n);
	if (p->query.text) {
		bytes_put(out, "?", 1);
		bytes_put(out, p->query.text, p->query.n);
	}
	if (p->fragment.text) {
		bytes_put(out, "#", 1);
		bytes_put(out, p->fragment.text, p->fragment.n);
	}
}

CFStringRef url_copy_part(struct url_part part)
{
	return part.text ? CFStringCreateWithBytes(NULL, (const UInt8 *)part.text, (CFIndex)part.n,
						   kCFStringEncodingUTF8, FALSE)
			 : NULL;
}

/* --- making ------------------------------------------------------------------------------------ */

CFURLRef url_new(CFAllocatorRef allocator, const char *text, size_t n, CFURLRef base)
{
	struct __CFURL *u = cf_object_new_in(allocator, CF_TYPE_URL, sizeof(*u));

	if (!u)
		return NULL;
	u->string = CFStringCreateWithBytes(allocator, (const UInt8 *)text, (CFIndex)n,
					    kCFStringEncodingASCII, FALSE);
	if (!u->string) {
		CFRelease(u);
		return NULL;
	}
	u->base_url = base ? CFRetain(base) : NULL;
	return u;
}

CFURLRef url_with_path(CFAllocatorRef allocator, CFURLRef url, const struct bytes *path)
{
	struct url_parts parts = url_split(url);
	struct bytes out = BYTES_INIT;
	CFURLRef result = NULL;

	parts.path = (struct url_part){ (const char *)path->data, path->size };
	url_join(&out, &parts);
	if (!out.err && !path->err)
		result = url_new(allocator, (const char *)out.data, out.size, url->base_url);
	bytes_fini(&out);
	return result;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Only characters that URLs consist of. */
static bool is_url_text(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}", text[i]))
			return false;
		if (text[i] == '%' &&
		    (i + 2 >= n || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0))
			return false;
	}
	return true;
}

CFURLRef CFURLCreateWithBytes(CFAllocatorRef allocator, const UInt8 *URLBytes, CFIndex length,
			      CFStringEncoding encoding, CFURLRef baseURL)
{
	scope_cf CFStringRef string =
		CFStringCreateWithBytes(NULL, URLBytes, length, encoding, FALSE);

	return string ? CFURLCreateWithString(allocator, string, baseURL) : NULL;
}

CFURLRef CFURLCreateWithString(CFAllocatorRef allocator, CFStringRef URLString, CFURLRef baseURL)
{
	scope_cf CFDataRef bytes =
		CFStringCreateExternalRepresentation(NULL, URLString, kCFStringEncodingASCII, 0);
	const char *text = (const char *)CFDataGetBytePtr(bytes);
	size_t n = (size_t)CFDataGetLength(bytes);

	if (!bytes || (!n && !baseURL) || !is_url_text(text, n) ||
	    (baseURL && !cf_is(baseURL, CF_TYPE_URL)))
		return NULL;
	return url_new(allocator, text, n, baseURL);
}

/* --- escapes ------------------------------------------------------------------------------------- */

void url_escape(struct bytes *out, const char *path, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)path[i];
		char escape[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_letter((char)c) || is_digit((char)c) ||
		    (c && strchr("-_.~/!$&'()*+,=:@", c)))
			bytes_put(out, &c, 1);
		else
			bytes_put(out, escape, 3);
	}
}

bool url_unescape(struct bytes *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '%') {
			if (i + 2 >= n || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
				return false;
			c = (uint8_t)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
			i += 2;
		}
		if (!c)
			return false;
		bytes_put(out, &c, 1);
	}
	return true;
}

/* Append one escape's byte, or what stands there. Returns how many characters it was. */
static size_t put_one_unescaped(struct bytes *out, const char *text, size_t left, CFStringRef leave)
{
	UniChar unit;
	scope_cf CFStringRef one = NULL;
	char c = text[0];

	if (c != '%' || left < 3 || hex_value(text[1]) < 0 || hex_value(text[2]) < 0) {
		bytes_put(out, &c, 1);
		return 1;
	}
	unit = (UniChar)(hex_value(text[1]) << 4 | hex_value(text[2]));
	one = CFStringCreateWithCharacters(NULL, &unit, 1);
	if (unit < 0x80 && CFStringFind(leave, one, 0).location != kCFNotFound) {
		bytes_put(out, text, 3);
		return 3;
	}
	c = (char)unit;
	bytes_put(out, &c, 1);
	return 3;
}

CFStringRef CFURLCreateStringByReplacingPercentEscapesUsingEncoding(CFAllocatorRef allocator,
								    CFStringRef origString,
								    CFStringRef charsToLeaveEscaped,
								    CFStringEncoding encoding)
{
	scope_cf CFDataRef data =
		CFStringCreateExternalRepresentation(NULL, origString, encoding, 0);
	const char *text = (const char *)CFDataGetBytePtr(data);
	size_t n = (size_t)CFDataGetLength(data), i = 0;
	struct bytes out = BYTES_INIT;
	CFStringRef result = NULL;

	if (!data)
		return NULL;
	if (!charsToLeaveEscaped)
		return CFStringCreateCopy(allocator, origString);
	while (i < n)
		i += put_one_unescaped(&out, text + i, n - i, charsToLeaveEscaped);
	if (!out.err)
		result = CFStringCreateWithBytes(allocator, out.data, (CFIndex)out.size, encoding,
						 FALSE);
	bytes_fini(&out);
	return result;
}

CFStringRef CFURLCreateStringByReplacingPercentEscapes(CFAllocatorRef allocator,
						       CFStringRef originalString,
						       CFStringRef charactersToLeaveEscaped)
{
	return CFURLCreateStringByReplacingPercentEscapesUsingEncoding(
		allocator, originalString, charactersToLeaveEscaped, kCFStringEncodingUTF8);
}

/* --- resolving (RFC 3986, 5.2) --------------------------------------------------------------------- */

/* Append PATH without its "." and ".." segments. */
static void put_without_dots(struct bytes *out, const char *path, size_t n)
{
	size_t start = out->size, i = 0;

	while (i < n) {
		size_t end = i + (path[i] == '/');
		const char *segment = path + end;
		size_t length;

		while (end < n && path[end] != '/')
			end++;
		length = (size_t)(path + end - segment);
		if (length == 1 && segment[0] == '.') {
			if (end == n)
				bytes_put(out, "/", 1);
		} else if (length == 2 && !memcmp(segment, "..", 2)) {
			while (out->size > start && out->data[--out->size] != '/')
				;
			if (end == n)
				bytes_put(out, "/", 1);
		} else {
			bytes_put(out, path + i, end - i);
		}
		i = end;
	}
}

CFURLRef CFURLCopyAbsoluteURL(CFURLRef relativeURL)
{
	struct bytes path = BYTES_INIT, joined = BYTES_INIT, text = BYTES_INIT;
	scope_cf CFURLRef base = NULL;
	struct url_parts r, b;
	CFURLRef result = NULL;

	if (!cf_is(relativeURL, CF_TYPE_URL))
		return NULL;
	r = url_split(relativeURL);
	if (r.scheme.text || !relativeURL->base_url)
		return url_new(NULL,
			       CFStringGetCStringPtr(relativeURL->string, kCFStringEncodingASCII),
			       (size_t)CFStringGetLength(relativeURL->string), NULL);
	base = CFURLCopyAbsoluteURL(relativeURL->base_url);
	if (!base)
		return NULL;
	b = url_split(base);
	r.scheme = b.scheme;
	if (!r.net.text) {
		r.net = b.net;
		if (!r.path.n) {
			r.path = b.path;
			if (!r.query.text)
				r.query = b.query;
		} else {
			if (r.path.text[0] != '/') {
				size_t keep = b.path.n;

				while (keep && b.path.text[keep - 1] != '/')
					keep--;
				bytes_put(&joined, b.path.text, keep);
				if (!keep && b.net.text)
					bytes_put(&joined, "/", 1);
			}
			bytes_put(&joined, r.path.text, r.path.n);
			put_without_dots(&path, (const char *)joined.data, joined.size);
			r.path = (struct url_part){ (const char *)path.data, path.size };
		}
	}
	url_join(&text, &r);
	if (!text.err && !path.err && !joined.err)
		result = url_new(NULL, (const char *)text.data, text.size, NULL);
	bytes_fini(&text);
	bytes_fini(&path);
	bytes_fini(&joined);
	return result;
}

/* --- reading ------------------------------------------------------------------------------------------ */

CFStringRef CFURLGetString(CFURLRef anURL)
{
	return cf_is(anURL, CF_TYPE_URL) ? anURL->string : NULL;
}

CFURLRef CFURLGetBaseURL(CFURLRef anURL)
{
	return cf_is(anURL, CF_TYPE_URL) ? anURL->base_url : NULL;
}

Boolean CFURLCanBeDecomposed(CFURLRef anURL)
{
	struct url_parts p;

	if (!cf_is(anURL, CF_TYPE_URL))
		return FALSE;
	p = url_split(anURL);
	return !p.scheme.text || p.net.text || (p.path.n && p.path.text[0] == '/');
}

CFStringRef CFURLCopyScheme(CFURLRef anURL)
{
	struct url_parts p;

	if (!cf_is(anURL, CF_TYPE_URL))
		return NULL;
	p = url_split(anURL);
	if (!p.scheme.text && anURL->base_url)
		return CFURLCopyScheme(anURL->base_url);
	return url_copy_part(p.scheme);
}

CFStringRef CFURLCopyNetLocation(CFURLRef anURL)
{
	struct url_parts p;

	if (!cf_is(anURL, CF_TYPE_URL))
		return NULL;
	p = url_split(anURL);
	return p.net.n ? url_copy_part(p.net) : NULL;
}

CFStringRef CFURLCopyPath(CFURLRef anURL)
{
	return CFURLCanBeDecomposed(anURL) ? url_copy_part(url_split(anURL).path) : NULL;
}

Boolean CFURLHasDirectoryPath(CFURLRef anURL)
{
	struct url_part path;

	if (!CFURLCanBeDecomposed(anURL))
		return FALSE;
	path = url_split(anURL).path;
	if (path.n && path.text[path.n - 1] == '/')
		return TRUE;
	return (path.n == 1 && path.text[0] == '.') ||
	       (path.n >= 2 && !memcmp(path.text + path.n - 2, "/.", 2)) ||
	       (path.n >= 2 && !memcmp(path.text + path.n - 2, "..", 2) &&
		(path.n == 2 || path.text[path.n - 3] == '/'));
}

static CFStringRef copy_unescaped(struct url_part part, CFStringRef leave)
{
	scope_cf CFStringRef text = url_copy_part(part);

	return text ? CFURLCreateStringByReplacingPercentEscapes(NULL, text, leave) : NULL;
}

CFStringRef CFURLCopyQueryString(CFURLRef anURL, CFStringRef charactersToLeaveEscaped)
{
	return cf_is(anURL, CF_TYPE_URL)
		     ? copy_unescaped(url_split(anURL).query, charactersToLeaveEscaped)
		     : NULL;
}

CFStringRef CFURLCopyFragment(CFURLRef anURL, CFStringRef charactersToLeaveEscaped)
{
	return cf_is(anURL, CF_TYPE_URL)
		     ? copy_unescaped(url_split(anURL).fragment, charactersToLeaveEscaped)
		     : NULL;
}
