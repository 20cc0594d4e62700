// SPDX-License-Identifier: MIT
/*
 * XML property lists, parsed by libplist. A scan comes first: it bounds depth
 * and number of elements (libplist recurses when it frees) and finds unbalanced
 * tags, with their line, which libplist would accept or not explain.
 *
 * libplist looks for each key of a dictionary among those before it, in lists
 * that anybody can make long: it is given arrays instead, of keys and values
 * in turn, and the scan remembers which they are.
 */
#include <math.h>
#include <plist/plist.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "cf/gregorian.h"
#include "cf/plist_internal.h"
#include "cf/string_internal.h"

/* More than the tree of libplist takes, which has a node, a value and a link for each element. */
enum { ROOM = 256 << 10, ROOM_OF_ELEMENT = 256, ROOM_OF_BYTE = 4 };
/* libplist moves the rest of a text for each entity in it: so many bytes, which take about half a second. */
#define MOVES_MAX (1ull << 36)

/* --- scan -------------------------------------------------------------------------------------- */

struct scan {
	struct plist_reader *r;
	const char *text, *end, *at;
	struct open_tag {
		const char *name;
		size_t length;
		const char *content;
		size_t children;
		bool after_key; /* in a dictionary: a value comes next */
	} open[PLIST_MAX_DEPTH + 2];
	size_t depth, elements;
	uint64_t entities, moves; /* entities since the last tag */
	/* For libplist, and how much of the text is in it; for each container whether it is a dictionary. */
	struct bytes without, kinds;
	const char *copied;
};

static int line_of(const struct scan *s)
{
	int line = 1;

	for (const char *p = s->text; p < s->at && p < s->end; p++)
		line += *p == '\n';
	return line;
}

static bool scan_fail(struct scan *s, const char *what)
{
	plist_fail(s->r, "%s on line %d", what, line_of(s));
	return false;
}

/* Behind the next MARK, from FROM. */
static bool skip_past(struct scan *s, const char *from, const char *mark)
{
	const char *found = NULL;

	if (from <= s->end)
		found = memmem(from, (size_t)(s->end - from), mark, strlen(mark));
	if (!found)
		return scan_fail(s, "Unexpected end of the text");
	s->at = found + strlen(mark);
	return true;
}

static bool starts(const struct scan *s, const char *mark)
{
	return (size_t)(s->end - s->at) >= strlen(mark) && !memcmp(s->at, mark, strlen(mark));
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_known_tag(const char *name, size_t n)
{
	static const char *const known[] = { "plist", "dict", "array",	 "key",	 "string", "data",
					     "date",  "real", "integer", "true", "false" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == n && !memcmp(known[i], name, n))
			return true;
	return false;
}

static bool is_tag(const char *name, size_t n, const char *tag)
{
	return n == strlen(tag) && !memcmp(name, tag, n);
}

/* May an element of this name stand where the scan is? Notes it in the element around it. */
static bool scan_place(struct scan *s, const char *name, size_t n)
{
	struct open_tag *outer = s->depth ? &s->open[s->depth - 1] : NULL;
	bool is_key = is_tag(name, n, "key");

	if (!outer)
		return !is_key || scan_fail(s, "A key outside of a dictionary");
	if (is_tag(name, n, "plist"))
		return scan_fail(s, "A list inside of the list");
	if (is_tag(outer->name, outer->length, "dict")) {
		if (is_key == outer->after_key)
			return scan_fail(s, is_key ? "A key without a value"
						   : "A value without a key");
		outer->after_key = is_key;
		return true;
	}
	if (is_key)
		return scan_fail(s, "A key outside of a dictionary");
	if (is_tag(outer->name, outer->length, "plist"))
		return !outer->children++ || scan_fail(s, "More than one value");
	return is_tag(outer->name, outer->length, "array") ||
	       scan_fail(s, "An element inside of a value");
}

/* A document type, perhaps with declarations in brackets. Entities could expand without end:
 * refused. */
static bool scan_doctype(struct scan *s)
{
	const char *from = s->at;

	if (!skip_past(s, from, ">"))
		return false;
	if (memchr(from, '[', (size_t)(s->at - from)))
		return scan_fail(s, "Declarations in the document type");
	return true;
}

/* The text of a leaf that libplist would read as zero when it is wrong. */
static bool is_leaf_text(const char *name, size_t length, const char *text, size_t n)
{
	char buffer[64], *end = buffer;
	double at;

	if (!(length == 4 && (!memcmp(name, "date", 4) || !memcmp(name, "real", 4))) &&
	    !(length == 7 && !memcmp(name, "integer", 7)))
		return true;
	while (n && memchr(" \t\r\n", *text, 4))
		text++, n--;
	while (n && memchr(" \t\r\n", text[n - 1], 4))
		n--;
	if (*name == 'd')
		return cf_gregorian_parse(text, n, &at);
	if (!n || n >= sizeof(buffer))
		return false;
	memcpy(buffer, text, n);
	buffer[n] = '\0';
	if (*name == 'r')
		cf_strtod(buffer, &end);
	else
		strtoull(buffer, &end, 0);
	return !*end;
}

/* The tag of this name goes to libplist without dictionaries. */
static void rewrite_tag(struct scan *s, const char *name, size_t n)
{
	const char *other = is_tag(name, n, "dict") ? "array" : "string";

	if (!is_tag(name, n, "dict") && !is_tag(name, n, "key"))
		return;
	bytes_put(&s->without, s->copied, (size_t)(name - s->copied));
	bytes_put(&s->without, other, strlen(other));
	s->copied = name + n;
}

static void note_kind(struct scan *s, const char *name, size_t n)
{
	uint8_t is_dictionary = is_tag(name, n, "dict");

	if (is_dictionary || is_tag(name, n, "array"))
		bytes_put(&s->kinds, &is_dictionary, 1);
}

static bool scan_close_tag(struct scan *s)
{
	const char *name = s->at + 2, *p = name;

	while (p < s->end && is_name(*p))
		p++;
	if (!s->depth || s->open[s->depth - 1].length != (size_t)(p - name) ||
	    memcmp(s->open[s->depth - 1].name, name, (size_t)(p - name)))
		return scan_fail(s, "A closing tag that does not match");
	s->depth--;
	if (s->open[s->depth].after_key)
		return scan_fail(s, "A key without a value");
	if (!is_leaf_text(name, (size_t)(p - name), s->open[s->depth].content,
			  (size_t)(s->at - s->open[s->depth].content)))
		return scan_fail(s, "A number or date that is none");
	s->moves += s->entities * (uint64_t)(s->at - s->open[s->depth].content);
	s->entities = 0;
	if (s->moves > MOVES_MAX)
		return scan_fail(s, "Too many entities in long texts");
	rewrite_tag(s, name, (size_t)(p - name));
	return skip_past(s, p, ">");
}

static bool scan_open_tag(struct scan *s)
{
	const char *name = s->at + 1, *p = name;

	while (p < s->end && is_name(*p))
		p++;
	if (!is_known_tag(name, (size_t)(p - name)))
		return scan_fail(s, "Unknown tag");
	if (!scan_place(s, name, (size_t)(p - name)))
		return false;
	if (++s->elements > PLIST_MAX_VALUES)
		return scan_fail(s, "Too many elements");
	rewrite_tag(s, name, (size_t)(p - name));
	note_kind(s, name, (size_t)(p - name));
	if (!skip_past(s, p, ">"))
		return false;
	if (s->at[-2] == '/')
		return is_leaf_text(name, (size_t)(p - name), "", 0) ||
		       scan_fail(s, "A number or date that is none");
	if (s->depth == PLIST_MAX_DEPTH + 2)
		return scan_fail(s, "Too deeply nested");
	s->entities = 0;
	s->open[s->depth++] = (struct open_tag){
		.name = name,
		.length = (size_t)(p - name),
		.content = s->at,
	};
	return true;
}

static bool scan_markup(struct scan *s)
{
	if (starts(s, "<?"))
		return skip_past(s, s->at, "?>");
	if (starts(s, "<!--"))
		return skip_past(s, s->at + 4, "-->");
	if (starts(s, "<![CDATA["))
		return s->depth ? skip_past(s, s->at, "]]>")
				: scan_fail(s, "Text outside the list");
	if (starts(s, "<!"))
		return scan_doctype(s);
	return starts(s, "</") ? scan_close_tag(s) : scan_open_tag(s);
}

static bool scan_all(struct scan *s)
{
	while (s->at < s->end) {
		if (*s->at == '<') {
			bool at_root = !s->depth;
			size_t before = s->elements;

			if (at_root && before && !starts(s, "<!--") && !starts(s, "<?"))
				return scan_fail(s, "Something after the list");
			if (!scan_markup(s))
				return false;
			continue;
		}
		if (!*s->at || (!s->depth && !memchr(" \t\r\n", *s->at, 4)))
			return scan_fail(s, "Text outside the list");
		s->entities += *s->at == '&';
		s->at++;
	}
	if (s->depth)
		return scan_fail(s, "Unexpected end of the text");
	if (!s->elements)
		return scan_fail(s, "There is no list");
	bytes_put(&s->without, s->copied, (size_t)(s->end - s->copied));
	return (!s->without.err && !s->kinds.err) || plist_fail(s->r, "Out of memory");
}

struct tree {
	struct plist_reader *r;
	struct bytes text, kinds;
	size_t elements, n_seen; /* containers */
};

static void tree_fini(struct tree *t)
{
	bytes_fini(&t->text);
	bytes_fini(&t->kinds);
}

/* The open tags are too much for the stack of some threads. */
static bool scan(struct tree *t, const char *text, size_t n)
{
	scope_free struct scan *s = malloc(sizeof(*s));

	if (!s)
		return plist_fail(t->r, "Out of memory");
	s->r = t->r;
	s->text = s->at = s->copied = text;
	s->end = text + n;
	s->depth = s->elements = 0;
	s->entities = s->moves = 0;
	s->without = s->kinds = (struct bytes)BYTES_INIT;
	bool is_sound = scan_all(s);
	t->elements = s->elements;
	t->text = s->without;
	t->kinds = s->kinds;
	return is_sound;
}

/* libplist does not look whether it is given memory: as much as it takes, and more, must be there before.
 * (Not enough where so little is left that the C library gives each thing a page of its own.) */
static bool has_room(struct plist_reader *r, size_t elements, size_t n)
{
	void *volatile room = malloc(ROOM + elements * ROOM_OF_ELEMENT + n * ROOM_OF_BYTE);

	if (!room)
		return plist_fail(r, "Out of memory");
	free(room);
	return true;
}

/* --- libplist's tree to objects ------------------------------------------------------------------- */

static CFTypeRef convert(struct tree *t, plist_t node);

static CFTypeRef convert_text(struct plist_reader *r, const char *text, size_t n)
{
	CFStringRef string;

	if (!plist_charge(r, n))
		return NULL;
	string = CFStringCreateWithBytes(r->allocator, (const UInt8 *)text, (CFIndex)n,
					 kCFStringEncodingUTF8, FALSE);
	if (!string &&
	    cf_encoding_decode(kCFStringEncodingUTF8, (const UInt8 *)text, (CFIndex)n, NULL) < 0)
		return plist_fail(r, "A string that is not valid UTF-8");
	return plist_make_string(r, string);
}

/* libplist's getter has 32-bit seconds. Its writer has not. */
static CFTypeRef convert_date(struct plist_reader *r, plist_t node)
{
	char *xml = NULL, *text;
	uint32_t n = 0;
	double at = 0;
	bool ok;

	plist_to_xml(node, &xml, &n);
	text = xml ? memmem(xml, n, "<date>", 6) : NULL;
	ok = text && (size_t)(xml + n - text) >= 26 && cf_gregorian_parse(text + 6, 20, &at);
	if (xml)
		plist_to_xml_free(xml);
	return ok ? CFDateCreate(r->allocator, at) : plist_fail(r, "A date that is none");
}

static CFTypeRef convert_key(struct tree *t, plist_t node)
{
	CFOptionFlags options = t->r->options;
	const char *text = NULL;
	uint64_t n = 0;

	if (plist_get_node_type(node) == PLIST_STRING)
		text = plist_get_string_ptr(node, &n);
	/* Keys are never mutable. */
	t->r->options = 0;
	CFTypeRef key = convert_text(t->r, text ? text : "", text ? (size_t)n : 0);
	t->r->options = options;
	return key;
}

static CFTypeRef convert_container(struct tree *t, plist_t node)
{
	bool is_dictionary = t->n_seen < t->kinds.size && t->kinds.data[t->n_seen];
	struct plist_values values = { .last_counts = true };
	plist_array_iter iter = NULL;
	plist_t item = NULL;
	bool ok = true;

	t->n_seen++;
	plist_array_new_iter(node, &iter);
	while (ok) {
		bool is_key = is_dictionary && values.n % 2 == 0;

		plist_array_next_item(node, iter, &item);
		if (!item)
			break;
		ok = plist_values_add(t->r, &values,
				      is_key ? convert_key(t, item) : convert(t, item));
	}
	free(iter);
	if (ok)
		return is_dictionary ? plist_values_make_dictionary(t->r, &values)
				     : plist_values_make_array(t->r, &values);
	plist_values_drop(&values);
	return NULL;
}

static CFTypeRef convert(struct tree *t, plist_t node)
{
	struct plist_reader *r = t->r;
	uint64_t n = 0;
	uint8_t truth = 0;
	const char *text;
	double real = 0;

	if (!plist_charge(r, 0))
		return NULL;
	switch (plist_get_node_type(node)) {
	case PLIST_BOOLEAN:
		plist_get_bool_val(node, &truth);
		return truth ? kCFBooleanTrue : kCFBooleanFalse;
	case PLIST_UINT:
		plist_get_uint_val(node, &n);
		return plist_make_integer(r, (int64_t)n);
	case PLIST_REAL:
		plist_get_real_val(node, &real);
		return plist_make_real(r, real);
	case PLIST_STRING:
		text = plist_get_string_ptr(node, &n);
		return convert_text(r, text ? text : "", text ? (size_t)n : 0);
	case PLIST_DATA:
		text = plist_get_data_ptr(node, &n);
		return plist_charge(r, (size_t)n) ? plist_make_data(r, text, text ? (size_t)n : 0)
						  : NULL;
	case PLIST_DATE:
		return convert_date(r, node);
	case PLIST_ARRAY:
		return convert_container(t, node);
	default:
		return plist_fail(r, "A value of an unknown type");
	}
}

/* --- text encoding ---------------------------------------------------------------------------------- */

/* The encoding that the XML declaration names, UTF-8 when it does not. */
static CFStringEncoding declared_encoding(const char *text, size_t n)
{
	const char *end = memmem(text, n < 256 ? n : 256, "?>", 2), *name;
	scope_cf CFStringRef string = NULL;
	size_t length = 0;

	if (n < 5 || memcmp(text, "<?xml", 5) || !end)
		return kCFStringEncodingUTF8;
	name = memmem(text, (size_t)(end - text), "encoding=", 9);
	if (!name || end - name < 11)
		return kCFStringEncodingUTF8;
	for (name += 10; name + length < end && name[length] != '"' && name[length] != '\'';)
		length++;
	string = CFStringCreateWithBytes(NULL, (const UInt8 *)name, (CFIndex)length,
					 kCFStringEncodingASCII, FALSE);
	return string ? CFStringConvertIANACharSetNameToEncoding(string) : kCFStringEncodingUTF8;
}

/* Input that is no UTF-8 as UTF-8; NULL when it is UTF-8 or broken. */
static CFDataRef copy_as_utf8(struct plist_reader *r, const uint8_t *bytes, size_t n)
{
	CFStringEncoding encoding = declared_encoding((const char *)bytes, n);
	scope_cf CFStringRef text = NULL;

	if (n >= 2 &&
	    ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff)))
		encoding = kCFStringEncodingUTF16;
	if (encoding == kCFStringEncodingUTF8 || encoding == kCFStringEncodingASCII)
		return NULL;
	text = CFStringCreateWithBytes(NULL, bytes, (CFIndex)n, encoding, TRUE);
	if (!text)
		return plist_fail(r, "The text does not have the encoding that it declares");
	return CFStringCreateExternalRepresentation(NULL, text, kCFStringEncodingUTF8, '?');
}

static CFTypeRef read_scanned(struct tree *t)
{
	plist_t tree = NULL;
	CFTypeRef value;

	if (!has_room(t->r, t->elements, t->text.size))
		return NULL;
	plist_from_xml((const char *)t->text.data, (uint32_t)t->text.size, &tree);
	if (!tree)
		return plist_fail(t->r, "The XML is no property list");
	value = convert(t, tree);
	plist_free(tree);
	return value;
}

CFTypeRef plist_xml_read(struct plist_reader *r, const uint8_t *bytes, size_t n)
{
	scope_cf CFDataRef converted = copy_as_utf8(r, bytes, n);
	struct tree t = { .r = r };
	CFTypeRef value;

	if (converted) {
		bytes = CFDataGetBytePtr(converted);
		n = (size_t)CFDataGetLength(converted);
	}
	if (r->problem[0])
		return NULL;
	if (n >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
		bytes += 3, n -= 3;
	value = scan(&t, (const char *)bytes, n) ? read_scanned(&t) : NULL;
	tree_fini(&t);
	return value;
}
