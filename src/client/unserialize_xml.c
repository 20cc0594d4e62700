// SPDX-License-Identifier: MIT
/*
 * Reading the XML form. The text may come from anywhere: depth, objects and
 * what references expand to are bounded, and an object never contains itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "client/serialize.h"

enum { NAME_MAX_BYTES = 31, ATTRIBUTES_MAX = 31 };

enum tag_kind { TAG_START, TAG_END, TAG_EMPTY };

struct tag {
	char name[NAME_MAX_BYTES + 1];
	enum tag_kind kind;
	bool has_id, has_reference, is_hex;
	uint64_t id, size; /* bits of an integer */
};

/* What an ID names. */
struct named {
	CFTypeRef value; /* owned */
	uint64_t weight;
};

struct reader {
	const char *at, *end;
	CFAllocatorRef allocator;
	const char *problem;
	unsigned line, depth;
	uint64_t n_objects;
	struct map names; /* id -> struct named */
};

/* A value and the objects in it, as often as they are referred to. */
struct value {
	CFTypeRef object; /* owned, or NULL */
	uint64_t weight;
};

static struct value read_value(struct reader *r, const struct tag *tag);

static bool fail(struct reader *r, const char *problem)
{
	if (!r->problem)
		r->problem = problem;
	return false;
}

/* --- characters ----------------------------------------------------------------------- */

static int peek(const struct reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static int next(struct reader *r)
{
	int c = peek(r);

	if (c < 0)
		return c;
	r->at++;
	r->line += c == '\n';
	return c;
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *r)
{
	while (is_space(peek(r)))
		next(r);
}

static bool is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

static bool read_name(struct reader *r, char name[NAME_MAX_BYTES + 1])
{
	size_t n = 0;

	while (is_name(peek(r)) && n < NAME_MAX_BYTES)
		name[n++] = (char)next(r);
	name[n] = 0;
	return (n > 0 && !is_name(peek(r))) || fail(r, "syntax error");
}

/* Behind TEXT, which may be far. */
static bool skip_until(struct reader *r, const char *text)
{
	size_t n = strlen(text);

	while ((size_t)(r->end - r->at) >= n) {
		if (!memcmp(r->at, text, n)) {
			r->at += n;
			return true;
		}
		next(r);
	}
	return fail(r, "unexpected end of buffer");
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decimal or with 0x, perhaps negative; modulo 2^64. */
static bool read_integer(struct reader *r, uint64_t *ret_value)
{
	bool is_negative = peek(r) == '-';
	unsigned base = 10;
	uint64_t value = 0;
	size_t n = 0;

	if (is_negative)
		next(r);
	if (r->end - r->at > 2 && r->at[0] == '0' && r->at[1] == 'x') {
		r->at += 2;
		base = 16;
	}
	for (int digit; (digit = hex_digit(peek(r))) >= 0 && digit < (int)base; n++, next(r))
		value = value * base + (unsigned)digit;
	*ret_value = is_negative ? 0 - value : value;
	return n > 0 || fail(r, "syntax error");
}

/* --- tags --------------------------------------------------------------------------------- */

static bool read_attribute(struct reader *r, struct tag *tag)
{
	char name[NAME_MAX_BYTES + 1];
	uint64_t number = 0;
	bool is_good;

	if (!read_name(r, name))
		return false;
	skip_space(r);
	if (next(r) != '=')
		return fail(r, "syntax error");
	skip_space(r);
	if (next(r) != '"')
		return fail(r, "syntax error");
	if (!strcmp(name, "ID") || !strcmp(name, "IDREF") || !strcmp(name, "size")) {
		is_good = read_integer(r, &number) && (next(r) == '"' || fail(r, "syntax error"));
	} else {
		const char *start = r->at;

		is_good = skip_until(r, "\"");
		tag->is_hex |= is_good && !strcmp(name, "format") && r->at - start == 4 &&
			       !memcmp(start, "hex", 3);
	}
	if (!strcmp(name, "ID"))
		tag->has_id = true;
	if (!strcmp(name, "IDREF"))
		tag->has_reference = true;
	if (!strcmp(name, "size"))
		tag->size = number;
	else if (tag->has_id || tag->has_reference)
		tag->id = number;
	return is_good;
}

static bool read_attributes(struct reader *r, struct tag *tag)
{
	for (int i = 0; i < ATTRIBUTES_MAX; i++) {
		skip_space(r);
		if (peek(r) == '>') {
			next(r);
			return true;
		}
		if (peek(r) == '/' && tag->kind == TAG_START) {
			next(r);
			tag->kind = TAG_EMPTY;
			return next(r) == '>' || fail(r, "syntax error");
		}
		if (!read_attribute(r, tag))
			return false;
	}
	return fail(r, "syntax error");
}

/* The next tag that means something: comments, declarations and <plist> do not. */
static bool read_tag(struct reader *r, struct tag *tag)
{
	for (;;) {
		*tag = (struct tag){ .kind = TAG_START, .size = 64 };
		skip_space(r);
		if (peek(r) < 0)
			return fail(r, "unexpected end of buffer");
		if (next(r) != '<')
			return fail(r, "syntax error");
		if (peek(r) == '!' || peek(r) == '?') {
			bool is_comment = r->end - r->at > 3 && !memcmp(r->at, "!--", 3);

			if (!skip_until(r, is_comment ? "-->" : peek(r) == '?' ? "?>" : ">"))
				return false;
			continue;
		}
		if (peek(r) == '/') {
			next(r);
			tag->kind = TAG_END;
		}
		if (!read_name(r, tag->name) || !read_attributes(r, tag))
			return false;
		if (strcmp(tag->name, "plist") != 0)
			return true;
	}
}

static bool read_end(struct reader *r, const char *name)
{
	struct tag tag;

	return read_tag(r, &tag) &&
	       ((tag.kind == TAG_END && !strcmp(tag.name, name)) || fail(r, "syntax error"));
}

/* --- single values --------------------------------------------------------------------------- */

/* What stands before the next tag, its entities resolved. */
static bool read_text(struct reader *r, struct bytes *text)
{
	static const struct {
		const char *name, *character;
	} entities[] = { { "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" } };

	while (peek(r) >= 0 && peek(r) != '<') {
		char c = (char)peek(r);
		bool found = c != '&';

		for (size_t i = 0; !found && i < 3; i++) {
			size_t n = strlen(entities[i].name);

			if ((size_t)(r->end - r->at) >= n && !memcmp(r->at, entities[i].name, n)) {
				r->at += n - 1;
				c = entities[i].character[0];
				found = true;
			}
		}
		if (!found)
			return fail(r, "an unknown entity");
		next(r);
		bytes_put(text, &c, 1);
	}
	return !text->err || fail(r, "no memory");
}

static CFTypeRef read_string(struct reader *r, const struct tag *tag)
{
	struct bytes text = BYTES_INIT;
	CFTypeRef string = NULL;

	if (tag->kind == TAG_EMPTY || (read_text(r, &text) && read_end(r, tag->name)))
		string = client_serialize_new_string(r->allocator,
						     text.size ? (char *)text.data : "", text.size);
	bytes_fini(&text);
	return string;
}

static CFTypeRef read_number(struct reader *r, const struct tag *tag)
{
	uint64_t value;

	if (tag->kind == TAG_EMPTY) {
		fail(r, "syntax error");
		return NULL;
	}
	skip_space(r);
	if (!read_integer(r, &value) || !read_end(r, tag->name))
		return NULL;
	return client_serialize_new_integer(r->allocator, value,
					    tag->size > 64 ? 64 : (unsigned)tag->size);
}

static int base64_digit(int c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c > 0 ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Digits of BITS each until the next tag; bits that are left over are none of the data. */
static bool read_digits(struct reader *r, unsigned bits, struct bytes *data)
{
	uint32_t pending = 0;
	unsigned n = 0;
	bool is_over = false;

	for (int c; (c = peek(r)) >= 0 && c != '<'; next(r)) {
		int digit = bits == 4 ? hex_digit(c) : base64_digit(c);

		if (is_space(c))
			continue;
		if (c == '=' && bits == 6) {
			is_over = true;
			continue;
		}
		if (digit < 0 || is_over)
			return fail(r, "syntax error");
		pending = pending << bits | (uint32_t)digit;
		n += bits;
		if (n >= 8) {
			n -= 8;
			bytes_put(data, &(uint8_t){ (uint8_t)(pending >> n) }, 1);
		}
	}
	return !data->err || fail(r, "no memory");
}

static CFTypeRef read_data(struct reader *r, const struct tag *tag)
{
	struct bytes bytes = BYTES_INIT;
	CFTypeRef data = NULL;

	if (tag->kind == TAG_EMPTY ||
	    (read_digits(r, tag->is_hex ? 4 : 6, &bytes) && read_end(r, tag->name)))
		data = CFDataCreate(r->allocator, bytes.data, (CFIndex)bytes.size);
	bytes_fini(&bytes);
	return data;
}

static CFTypeRef read_boolean(struct reader *r, const struct tag *tag)
{
	if (tag->kind != TAG_EMPTY && !read_end(r, tag->name))
		return NULL;
	return CFRetain(tag->name[0] == 't' ? kCFBooleanTrue : kCFBooleanFalse);
}

/* --- collections ------------------------------------------------------------------------------- */

static CFTypeRef new_collection(struct reader *r, char kind)
{
	if (kind == 'd')
		return CFDictionaryCreateMutable(r->allocator, 0, &kCFTypeDictionaryKeyCallBacks,
						 &kCFTypeDictionaryValueCallBacks);
	if (kind == 'a')
		return CFArrayCreateMutable(r->allocator, 0, &kCFTypeArrayCallBacks);
	return CFSetCreateMutable(r->allocator, 0, &kCFTypeSetCallBacks);
}

/* One member, which begins with TAG. */
static bool read_member(struct reader *r, struct tag *tag, char kind, struct value *collection)
{
	struct value key = { NULL, 0 }, member = { NULL, 0 };
	bool is_good = true;

	if (kind == 'd') {
		is_good = !strcmp(tag->name, "key") || fail(r, "syntax error");
		if (is_good)
			key = read_value(r, tag);
		is_good = key.object &&
			  (CFGetTypeID(key.object) == CFStringGetTypeID() ||
			   fail(r, "syntax error")) &&
			  read_tag(r, tag);
	}
	if (is_good && strcmp(tag->name, "key") != 0)
		member = read_value(r, tag);
	collection->weight += key.weight + member.weight;
	is_good = (member.object || fail(r, "syntax error")) &&
		  (collection->weight <= SERIALIZE_OBJECTS_MAX || fail(r, "too many objects"));
	is_good = is_good && (client_serialize_add(collection->object, key.object, member.object) ||
			      fail(r, "no memory"));
	if (key.object)
		CFRelease(key.object);
	if (member.object)
		CFRelease(member.object);
	return is_good;
}

static struct value read_collection(struct reader *r, const struct tag *tag)
{
	char kind = tag->name[0];
	struct value v = { new_collection(r, kind), 1 };
	bool is_good = v.object && (r->depth < SERIALIZE_DEPTH_MAX || fail(r, "nested too deep"));
	struct tag inner;

	r->depth++;
	while (is_good && tag->kind != TAG_EMPTY) {
		is_good = read_tag(r, &inner);
		if (is_good && inner.kind == TAG_END) {
			is_good = !strcmp(inner.name, tag->name) || fail(r, "syntax error");
			break;
		}
		is_good = is_good && read_member(r, &inner, kind, &v);
	}
	r->depth--;
	if (!is_good && v.object) {
		CFRelease(v.object);
		v.object = NULL;
	}
	return v;
}

/* --- values ----------------------------------------------------------------------------------------- */

static bool remember(struct reader *r, uint64_t id, struct value v)
{
	struct named *named = malloc(sizeof(*named)), *old;

	if (!named)
		return fail(r, "no memory");
	*named = (struct named){ CFRetain(v.object), v.weight };
	old = map_find(&r->names, id);
	if (map_set(&r->names, id, named)) {
		CFRelease(named->value);
		free(named);
		return fail(r, "no memory");
	}
	if (old) {
		CFRelease(old->value);
		free(old);
	}
	return true;
}

static struct value find_named(struct reader *r, const struct tag *tag)
{
	struct named *named = map_find(&r->names, tag->id);

	if (tag->kind != TAG_EMPTY || !named) {
		fail(r, "forward reference detected");
		return (struct value){ NULL, 0 };
	}
	return (struct value){ CFRetain(named->value), named->weight };
}

static struct value read_new(struct reader *r, const struct tag *tag)
{
	const char *name = tag->name;

	if (!strcmp(name, "dict") || !strcmp(name, "array") || !strcmp(name, "set"))
		return read_collection(r, tag);
	if (!strcmp(name, "string") || !strcmp(name, "key"))
		return (struct value){ read_string(r, tag), 1 };
	if (!strcmp(name, "integer"))
		return (struct value){ read_number(r, tag), 1 };
	if (!strcmp(name, "data"))
		return (struct value){ read_data(r, tag), 1 };
	if (!strcmp(name, "true") || !strcmp(name, "false"))
		return (struct value){ read_boolean(r, tag), 1 };
	fail(r, "syntax error");
	return (struct value){ NULL, 0 };
}

static struct value read_value(struct reader *r, const struct tag *tag)
{
	struct value v = { NULL, 0 };

	if (tag->kind == TAG_END || ++r->n_objects > SERIALIZE_OBJECTS_MAX) {
		fail(r, tag->kind == TAG_END ? "syntax error" : "too many objects");
		return v;
	}
	if (tag->has_reference)
		return find_named(r, tag);
	v = read_new(r, tag);
	if (v.object && tag->has_id && !remember(r, tag->id, v)) {
		CFRelease(v.object);
		v.object = NULL;
	}
	return v;
}

CFTypeRef client_unserialize_xml(const char *text, size_t size, CFAllocatorRef allocator,
				 const char **ret_problem, unsigned *ret_line)
{
	struct reader r = {
		.at = text, .end = text + size, .allocator = allocator, .line = 1, .names = MAP_INIT
	};
	struct value v = { NULL, 0 };
	struct tag tag;
	size_t cursor = 0;

	if (read_tag(&r, &tag))
		v = !strcmp(tag.name, "key") ? v : read_value(&r, &tag);
	*ret_problem = r.problem ? r.problem : v.object ? NULL : "syntax error";
	*ret_line = r.line;
	for (struct named *named; (named = map_next(&r.names, &cursor, NULL));) {
		CFRelease(named->value);
		free(named);
	}
	map_fini(&r.names);
	return v.object;
}
