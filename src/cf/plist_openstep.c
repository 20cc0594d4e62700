// SPDX-License-Identifier: MIT
/* The old text format: { key = value; }, ( a, b ), <0fbd77>, "text" and word. */
#include <stdlib.h>

#include "cf/plist_internal.h"
#include "cf/string_internal.h"

struct text {
	struct plist_reader *r;
	struct cf_text text;
	CFIndex at;
	int depth;
};

static UniChar peek(const struct text *t)
{
	return t->at < t->text.length ? cf_text_at(&t->text, t->at) : 0;
}

static UniChar peek_next(const struct text *t)
{
	return t->at + 1 < t->text.length ? cf_text_at(&t->text, t->at + 1) : 0;
}

static bool is_word(UniChar c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && c < 0x80 && strchr("_$/:.-", c));
}

/* White space and both kinds of comments. */
static void skip(struct text *t)
{
	for (;;) {
		if (peek(t) && cf_unicode_is_space(peek(t))) {
			t->at++;
		} else if (peek(t) == '/' && peek_next(t) == '/') {
			while (peek(t) && peek(t) != '\n')
				t->at++;
		} else if (peek(t) == '/' && peek_next(t) == '*') {
			t->at += 2;
			while (peek(t) && !(peek(t) == '*' && peek_next(t) == '/'))
				t->at++;
			t->at += peek(t) ? 2 : 0;
		} else {
			return;
		}
	}
}

static bool expect(struct text *t, UniChar c)
{
	skip(t);
	if (peek(t) != c)
		return plist_fail(t->r, "Expected '%c' at position %ld", c, t->at);
	t->at++;
	return true;
}

static int hex_value(UniChar c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What a backslash and the following characters mean. */
static UniChar read_escape(struct text *t)
{
	static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
	UniChar c = peek(t), v = 0;
	const char *found = c && c < 0x80 ? strchr(from, c) : NULL;

	if (c >= '0' && c <= '7') {
		for (int i = 0; i < 3 && peek(t) >= '0' && peek(t) <= '7'; i++, t->at++)
			v = (UniChar)(v * 8 + (peek(t) - '0'));
		return v;
	}
	t->at++;
	if (c == 'U' || c == 'u') {
		for (int i = 0; i < 4 && hex_value(peek(t)) >= 0; i++, t->at++)
			v = (UniChar)(v << 4 | hex_value(peek(t)));
		return v;
	}
	return found ? (UniChar)to[found - from] : c;
}

static CFTypeRef read_quoted(struct text *t)
{
	CFMutableStringRef out = CFStringCreateMutable(NULL, 0);
	UniChar quote = peek(t);
	CFStringRef copy = NULL;

	t->at++;
	while (out && t->at < t->text.length && peek(t) != quote) {
		UniChar c = peek(t);

		t->at++;
		if (c == '\\')
			c = read_escape(t);
		CFStringAppendCharacters(out, &c, 1);
	}
	if (peek(t) != quote)
		plist_fail(t->r, "A string without end");
	else if (out && plist_charge(t->r, (size_t)CFStringGetLength(out)))
		copy = CFStringCreateCopy(t->r->allocator, out);
	t->at++;
	cf_drop(out);
	return copy ? plist_make_string(t->r, copy) : plist_fail(t->r, "Out of memory");
}

static CFTypeRef read_string(struct text *t)
{
	CFIndex start;

	skip(t);
	if (peek(t) == '"' || peek(t) == '\'')
		return read_quoted(t);
	start = t->at;
	while (is_word(peek(t)))
		t->at++;
	if (t->at == start)
		return plist_fail(t->r, "Expected a string at position %ld", start);
	if (!plist_charge(t->r, (size_t)(t->at - start)))
		return NULL;
	return plist_make_string(
		t->r, cf_string_new(t->r->allocator,
				    cf_text_part(t->text, CFRangeMake(start, t->at - start))));
}

static CFTypeRef read_data(struct text *t)
{
	uint8_t *bytes = malloc((size_t)(t->text.length - t->at) / 2 + 1);
	CFTypeRef data = NULL;
	size_t n = 0;

	t->at++;
	for (skip(t); bytes && hex_value(peek(t)) >= 0 && hex_value(peek_next(t)) >= 0; skip(t)) {
		bytes[n++] = (uint8_t)(hex_value(peek(t)) << 4 | hex_value(peek_next(t)));
		t->at += 2;
	}
	if (bytes && expect(t, '>') && plist_charge(t->r, n))
		data = plist_make_data(t->r, bytes, n);
	free(bytes);
	return data ? data : plist_fail(t->r, "Out of memory");
}

static CFTypeRef read_value(struct text *t);

static CFTypeRef read_array(struct text *t)
{
	struct plist_values values = { NULL, 0, 0 };
	bool ok = true;

	t->at++;
	for (skip(t); ok && peek(t) != ')'; skip(t)) {
		ok = plist_values_add(t->r, &values, read_value(t));
		skip(t);
		if (!ok || peek(t) != ',')
			break;
		t->at++;
	}
	if (ok && expect(t, ')'))
		return plist_values_make_array(t->r, &values);
	plist_values_drop(&values);
	return NULL;
}

/* Entries up to END ('}', or 0 for a list of settings without braces). */
static CFTypeRef read_entries(struct text *t, UniChar end)
{
	struct plist_values values = { NULL, 0, 0 };
	CFOptionFlags options = t->r->options;
	bool ok = true;

	for (skip(t); ok && peek(t) != end; skip(t)) {
		CFTypeRef key, value;

		t->r->options = 0;
		key = read_string(t);
		t->r->options = options;
		if (!plist_values_add(t->r, &values, key)) {
			ok = false;
			break;
		}
		skip(t);
		/* "key;" stands for "key = key;". */
		if (peek(t) == ';') {
			value = plist_make_string(t->r, CFRetain(key));
		} else {
			ok = expect(t, '=');
			value = ok ? read_value(t) : NULL;
		}
		ok = plist_values_add(t->r, &values, value) && expect(t, ';');
	}
	if (ok && (!end || expect(t, end)))
		return plist_values_make_dictionary(t->r, &values);
	plist_values_drop(&values);
	return NULL;
}

static CFTypeRef read_value(struct text *t)
{
	CFTypeRef value;

	if (t->depth >= PLIST_MAX_DEPTH)
		return plist_fail(t->r, "Too deeply nested");
	if (!plist_charge(t->r, 0))
		return NULL;
	t->depth++;
	skip(t);
	switch (peek(t)) {
	case '{':
		t->at++;
		value = read_entries(t, '}');
		break;
	case '(':
		value = read_array(t);
		break;
	case '<':
		value = read_data(t);
		break;
	default:
		value = read_string(t);
	}
	t->depth--;
	return value;
}

CFTypeRef plist_openstep_read(struct plist_reader *r, const uint8_t *bytes, size_t n)
{
	scope_cf CFStringRef string =
		CFStringCreateWithBytes(NULL, bytes, (CFIndex)n, kCFStringEncodingUTF8, TRUE);
	struct text t = { .r = r };
	CFTypeRef value;
	CFIndex after;

	if (!string)
		return plist_fail(r, "The bytes are no property list");
	t.text = cf_text_of(string);
	value = read_value(&t);
	skip(&t);
	if (!value || t.at >= t.text.length)
		return value;
	/* A string followed by more: perhaps a strings file, entries without braces. */
	after = t.at;
	CFRelease(value);
	if (peek(&t) == '=' || peek(&t) == ';') {
		t.at = 0;
		return read_entries(&t, 0);
	}
	return plist_fail(r, "Something after the list at position %ld", after);
}
