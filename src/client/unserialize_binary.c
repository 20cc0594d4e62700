// SPDX-License-Identifier: MIT
/*
 * Reading the binary form. The bytes may come from anywhere: every length is
 * checked against what is there, counts are hints, and an object never contains
 * itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "client/serialize.h"

/* A collection that is being filled. */
struct level {
	CFTypeRef collection; /* borrowed */
	unsigned type;
	CFStringRef key; /* of a dictionary, the value is next; borrowed */
	bool is_last;	 /* of its own collection */
	uint64_t weight; /* so far */
};

struct object {
	CFTypeRef value; /* owned */
	size_t position; /* in words */
	uint64_t weight; /* objects in it, as often as they are referred to */
	bool is_open;
};

struct reader {
	struct bytes_reader in;
	CFAllocatorRef allocator;
	bool is_indexed;
	const char *problem;
	struct object *objects;
	size_t n_objects, capacity;
	struct level levels[SERIALIZE_DEPTH_MAX];
	unsigned depth;
};

static CFTypeRef fail(struct reader *r, const char *problem)
{
	if (!r->problem)
		r->problem = problem;
	return NULL;
}

/* --- objects by number or position ---------------------------------------------------- */

/* Takes VALUE. */
static bool remember(struct reader *r, CFTypeRef value, size_t position)
{
	if (r->n_objects == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 64;
		struct object *larger = r->n_objects < SERIALIZE_OBJECTS_MAX
					      ? realloc(r->objects, capacity * sizeof(*larger))
					      : NULL;

		if (!larger) {
			CFRelease(value);
			return fail(r, "too many objects");
		}
		r->objects = larger;
		r->capacity = capacity;
	}
	r->objects[r->n_objects++] = (struct object){ value, position, 1, false };
	return true;
}

/* Positions are in rising order. */
static struct object *find_at(struct reader *r, size_t position)
{
	size_t low = 0, high = r->n_objects;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->objects[middle].position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->n_objects && r->objects[low].position == position ? &r->objects[low] : NULL;
}

static CFTypeRef find_reference(struct reader *r, uint32_t value, uint64_t *ret_weight)
{
	struct object *o = r->is_indexed	? find_at(r, value)
			 : value < r->n_objects ? &r->objects[value]
						: NULL;

	if (!o)
		return fail(r, "a reference to nothing");
	*ret_weight = o->weight;
	return o->is_open ? fail(r, "an object that contains itself") : o->value;
}

/* --- single values ----------------------------------------------------------------------- */

static const void *get_padded(struct reader *r, size_t n)
{
	const uint8_t *bytes = bytes_get(&r->in, n);

	return bytes && bytes_get(&r->in, -n & 3) ? bytes : NULL;
}

static CFTypeRef read_number(struct reader *r, uint32_t bits)
{
	const void *bytes = bytes_get(&r->in, 8);
	uint64_t integer;
	double real;
	float narrow;

	if (!bytes)
		return NULL;
	memcpy(&integer, bytes, 8);
	memcpy(&real, bytes, 8);
	narrow = (float)real;
	if (bits == SERIALIZE_FLOAT)
		return CFNumberCreate(r->allocator, kCFNumberFloat32Type, &narrow);
	if (bits == SERIALIZE_DOUBLE)
		return CFNumberCreate(r->allocator, kCFNumberFloat64Type, &real);
	return client_serialize_new_integer(r->allocator, integer, bits);
}

static CFTypeRef read_text(struct reader *r, uint32_t n, bool is_symbol)
{
	const char *bytes = get_padded(r, n);

	if (!bytes)
		return NULL;
	if (is_symbol && (n == 0 || bytes[n - 1]))
		return fail(r, "a key without its end");
	return client_serialize_new_string(r->allocator, bytes, n - is_symbol);
}

static CFTypeRef read_data(struct reader *r, uint32_t n)
{
	const void *bytes = get_padded(r, n);

	return bytes ? CFDataCreate(r->allocator, bytes, (CFIndex)n) : NULL;
}

/* A new object of TYPE, empty when it is a collection. */
static CFTypeRef read_new(struct reader *r, unsigned type, uint32_t value)
{
	switch (type) {
	case SERIALIZE_DICTIONARY:
		return CFDictionaryCreateMutable(r->allocator, 0, &kCFTypeDictionaryKeyCallBacks,
						 &kCFTypeDictionaryValueCallBacks);
	case SERIALIZE_ARRAY:
		return CFArrayCreateMutable(r->allocator, 0, &kCFTypeArrayCallBacks);
	case SERIALIZE_SET:
		return CFSetCreateMutable(r->allocator, 0, &kCFTypeSetCallBacks);
	case SERIALIZE_NUMBER:
		return read_number(r, value);
	case SERIALIZE_SYMBOL:
	case SERIALIZE_STRING:
		return read_text(r, value, type == SERIALIZE_SYMBOL);
	case SERIALIZE_DATA:
		return read_data(r, value);
	case SERIALIZE_BOOLEAN:
		return CFRetain(value ? kCFBooleanTrue : kCFBooleanFalse);
	default:
		return fail(r, "an unknown type");
	}
}

/* --- collections --------------------------------------------------------------------------- */

/* A few bytes can say more than anybody has time to walk through: what is in the collection counts as
 * often as it is referred to. */
static bool weigh(struct reader *r, struct level *l, uint64_t weight)
{
	l->weight += weight;
	if (l->weight <= SERIALIZE_OBJECTS_MAX)
		return true;
	fail(r, "too many objects");
	return false;
}

static bool add(struct reader *r, CFTypeRef value, uint64_t weight)
{
	struct level *l = &r->levels[r->depth - 1];

	if (!weigh(r, l, weight))
		return false;
	if (l->type != SERIALIZE_DICTIONARY || l->key) {
		bool is_added = client_serialize_add(l->collection, l->key, value);

		l->key = NULL;
		if (!is_added)
			fail(r, "no memory");
		return is_added;
	}
	if (CFGetTypeID(value) != CFStringGetTypeID()) {
		fail(r, "a key that is no string");
		return false;
	}
	l->key = value;
	return true;
}

static bool open_level(struct reader *r, CFTypeRef collection, unsigned type, bool is_last)
{
	if (r->depth == SERIALIZE_DEPTH_MAX) {
		fail(r, "nested too deep");
		return false;
	}
	r->levels[r->depth++] = (struct level){ collection, type, NULL, is_last, 0 };
	r->objects[r->n_objects - 1].is_open = true;
	return true;
}

static struct object *find_open(struct reader *r, CFTypeRef collection)
{
	size_t i = r->n_objects;

	while (i > 0 && !(r->objects[i - 1].is_open && r->objects[i - 1].value == collection))
		i--;
	return i ? &r->objects[i - 1] : NULL;
}

/* The last member is there: its collection is complete, and those that it was the last of. */
static bool close_levels(struct reader *r)
{
	bool is_last = true;

	while (is_last && r->depth > 0) {
		struct level *l = &r->levels[--r->depth];
		struct object *o = find_open(r, l->collection);

		if (l->key) {
			fail(r, "a key without a value");
			return false;
		}
		if (o) {
			o->is_open = false;
			o->weight = 1 + l->weight;
		}
		is_last = l->is_last;
		if (r->depth > 0 && !weigh(r, &r->levels[r->depth - 1], l->weight))
			return false;
	}
	return true;
}

/* One object. False: failed. */
static bool read_object(struct reader *r)
{
	size_t position = r->in.position / 4;
	uint32_t head = bytes_get_u32(&r->in), value = head & SERIALIZE_VALUE_MAX;
	unsigned type = head >> SERIALIZE_TYPE_SHIFT & 0x7f;
	bool is_last = head & SERIALIZE_END, is_collection = type <= SERIALIZE_SET;
	uint64_t weight = 1;
	CFTypeRef object;

	if (r->in.err)
		return false;
	object = type == SERIALIZE_REFERENCE ? find_reference(r, value, &weight)
					     : read_new(r, type, value);
	if (!object || (type != SERIALIZE_REFERENCE && !remember(r, object, position)))
		return false;
	if (is_collection && r->is_indexed)
		bytes_get_u32(&r->in);
	if (r->depth > 0 && !add(r, object, weight))
		return false;
	/* A key is never the last one. */
	if (is_last && r->depth > 0 && r->levels[r->depth - 1].key)
		return fail(r, "a key without a value");
	if (is_collection && value > 0)
		return open_level(r, object, type, is_last);
	return !is_last || close_levels(r);
}

CFTypeRef client_unserialize_binary(const void *buffer, size_t size, CFAllocatorRef allocator,
				    const char **ret_problem)
{
	struct reader *r = calloc(1, sizeof(*r));
	CFTypeRef result = NULL;
	uint32_t signature;

	*ret_problem = "no memory";
	if (!r)
		return NULL;
	r->in = bytes_reader(buffer, size);
	r->allocator = allocator;
	signature = bytes_get_u32(&r->in);
	r->is_indexed = (signature & 0xff) == SERIALIZE_SIGNATURE_INDEXED;
	if (!r->is_indexed && signature != SERIALIZE_SIGNATURE)
		fail(r, "no signature");
	while (!r->problem && read_object(r))
		if (r->depth == 0) {
			result = CFRetain(r->objects[0].value);
			break;
		}
	if (r->in.err)
		fail(r, "unexpected end of buffer");
	if (r->problem)
		*ret_problem = r->problem;
	for (size_t i = 0; i < r->n_objects; i++)
		CFRelease(r->objects[i].value);
	free(r->objects);
	free(r);
	return result;
}
