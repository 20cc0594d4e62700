// SPDX-License-Identifier: MIT
#include "wire/packed.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "wire/value.h"

enum {
	KIND_SHIFT = 24,
	NUMBER_MASK = 0xffffff,
	ALIGN = 4,
	FEW_KEYS = 48, /* so few that comparing each with each is cheaper than sorting */
};

struct scanner {
	const uint8_t *at, *end;
	unsigned depth, n_objects;
	bool has_set;	 /* whether its members differ only the decoder can say */
	bool lacks_room; /* to compare keys */
};

struct key {
	const uint8_t *text;
	uint32_t size;
};

static uint32_t read_head(const uint8_t *at)
{
	uint32_t head;

	memcpy(&head, at, sizeof(head));
	return head;
}

/* Bytes of a string or data object behind its head. */
static size_t padded(uint32_t n)
{
	return ((size_t)n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* --- checking --------------------------------------------------------- */

static bool scan(struct scanner *s);

static bool scan_blob(struct scanner *s, uint32_t n, bool text)
{
	size_t size = padded(n);

	if ((size_t)(s->end - s->at) < size || (text && !wire_value_is_text(s->at, n)))
		return false;
	for (size_t i = n; i < size; i++)
		if (s->at[i])
			return false;
	s->at += size;
	return true;
}

static bool scan_number(struct scanner *s, uint32_t n, size_t size)
{
	if (n || (size_t)(s->end - s->at) < size)
		return false;
	s->at += size;
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return memcmp(x->text, y->text, x->size);
}

static bool are_different(struct key *keys, size_t n)
{
	if (n > FEW_KEYS)
		qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n; i++)
		for (size_t j = n > FEW_KEYS ? i - 1 : 0; j < i; j++)
			if (!compare_keys(&keys[i], &keys[j]))
				return false;
	return true;
}

static bool scan_dictionary(struct scanner *s, uint32_t n)
{
	struct key few[FEW_KEYS];
	scope_free struct key *many = n > FEW_KEYS ? malloc(n * sizeof(*many)) : NULL;
	struct key *keys = n > FEW_KEYS ? many : few;

	for (uint32_t i = 0; i < n && keys; i++) {
		if (s->end - s->at < ALIGN || read_head(s->at) >> KIND_SHIFT != WIRE_VALUE_STRING)
			return false;
		keys[i] = (struct key){ s->at + ALIGN, read_head(s->at) & NUMBER_MASK };
		if (!scan(s) || !scan(s))
			return false;
	}
	s->lacks_room |= !keys;
	return keys && are_different(keys, n);
}

static bool scan_container(struct scanner *s, enum wire_value_kind kind, uint32_t n)
{
	size_t each = kind == WIRE_VALUE_DICTIONARY ? 2 * ALIGN : ALIGN;
	bool ok = true;

	if (s->depth == WIRE_VALUE_DEPTH_MAX || n > (size_t)(s->end - s->at) / each)
		return false;
	s->depth++;
	s->has_set |= kind == WIRE_VALUE_SET;
	if (kind == WIRE_VALUE_DICTIONARY)
		ok = scan_dictionary(s, n);
	for (uint32_t i = 0; ok && kind != WIRE_VALUE_DICTIONARY && i < n; i++)
		ok = scan(s);
	s->depth--;
	return ok;
}

static bool scan(struct scanner *s)
{
	if (s->end - s->at < ALIGN || ++s->n_objects > WIRE_VALUE_OBJECTS_MAX)
		return false;
	uint32_t head = read_head(s->at), n = head & NUMBER_MASK;
	enum wire_value_kind kind = head >> KIND_SHIFT;

	s->at += ALIGN;
	switch (kind) {
	case WIRE_VALUE_BOOLEAN:
		return n <= 1;
	case WIRE_VALUE_INT32:
	case WIRE_VALUE_FLOAT32:
		return scan_number(s, n, 4);
	case WIRE_VALUE_INT64:
	case WIRE_VALUE_FLOAT64:
		return scan_number(s, n, 8);
	case WIRE_VALUE_STRING:
	case WIRE_VALUE_DATA:
		return scan_blob(s, n, kind == WIRE_VALUE_STRING);
	case WIRE_VALUE_ARRAY:
	case WIRE_VALUE_SET:
	case WIRE_VALUE_DICTIONARY:
		return scan_container(s, kind, n);
	}
	return false;
}

err_t wire_packed_check(struct wire_bytes value)
{
	struct scanner s = { .at = value.data, .end = (const uint8_t *)value.data + value.size };

	if (value.size > WIRE_VALUE_MAX || !value.size || !scan(&s) || s.at != s.end)
		return s.lacks_room ? -ENOMEM : -EBADMSG;
	if (!s.has_set)
		return 0;
	struct bytes_reader in = bytes_reader(value.data, value.size);
	CFTypeRef object = NULL;
	err_t err = wire_value_decode(&in, &object);

	if (!err)
		CFRelease(object);
	return err;
}

/* --- reading ---------------------------------------------------------- */

CFTypeRef wire_packed_copy(struct wire_bytes value)
{
	struct bytes_reader in = bytes_reader(value.data, value.size);
	CFTypeRef object = NULL;

	return wire_value_decode(&in, &object) ? NULL : object;
}

enum wire_value_kind wire_packed_kind(struct wire_bytes value)
{
	return read_head(value.data) >> KIND_SHIFT;
}

struct wire_bytes wire_packed_blob(struct wire_bytes value)
{
	const uint8_t *at = value.data;

	return (struct wire_bytes){ at + ALIGN, read_head(at) & NUMBER_MASK };
}

int64_t wire_packed_integer(struct wire_bytes value)
{
	const uint8_t *at = value.data;
	int32_t narrow;
	int64_t wide;

	switch (wire_packed_kind(value)) {
	case WIRE_VALUE_INT32:
		memcpy(&narrow, at + ALIGN, sizeof(narrow));
		return narrow;
	case WIRE_VALUE_INT64:
		memcpy(&wide, at + ALIGN, sizeof(wide));
		return wide;
	default:
		return read_head(at) & NUMBER_MASK;
	}
}

double wire_packed_real(struct wire_bytes value)
{
	const uint8_t *at = value.data;
	float narrow;
	double wide;

	switch (wire_packed_kind(value)) {
	case WIRE_VALUE_FLOAT32:
		memcpy(&narrow, at + ALIGN, sizeof(narrow));
		return narrow;
	case WIRE_VALUE_FLOAT64:
		memcpy(&wide, at + ALIGN, sizeof(wide));
		return wide;
	default:
		return (double)wire_packed_integer(value);
	}
}

bool wire_packed_is_dictionary(struct wire_bytes value)
{
	return value.size >= ALIGN && read_head(value.data) >> KIND_SHIFT == WIRE_VALUE_DICTIONARY;
}

/* Behind the value at AT, which has been checked: no recursion, only what is still to come. */
static const uint8_t *skip(const uint8_t *at)
{
	for (size_t left = 1; left; left--) {
		uint32_t head = read_head(at), n = head & NUMBER_MASK;

		at += ALIGN;
		switch (head >> KIND_SHIFT) {
		case WIRE_VALUE_INT32:
		case WIRE_VALUE_FLOAT32:
			at += 4;
			break;
		case WIRE_VALUE_INT64:
		case WIRE_VALUE_FLOAT64:
			at += 8;
			break;
		case WIRE_VALUE_STRING:
		case WIRE_VALUE_DATA:
			at += padded(n);
			break;
		case WIRE_VALUE_ARRAY:
		case WIRE_VALUE_SET:
			left += n;
			break;
		case WIRE_VALUE_DICTIONARY:
			left += 2 * (size_t)n;
			break;
		default: /* a boolean */
			break;
		}
	}
	return at;
}

struct wire_packed_pair wire_packed_begin(struct wire_bytes dictionary)
{
	const uint8_t *data = dictionary.data;

	return (struct wire_packed_pair){ .next = data + ALIGN, .end = data + dictionary.size };
}

bool wire_packed_next(struct wire_packed_pair *pair)
{
	const uint8_t *at = pair->next;

	if (at >= pair->end)
		return false;
	uint32_t n = read_head(at) & NUMBER_MASK;
	pair->key = (struct wire_bytes){ at + ALIGN, n };
	at += ALIGN + padded(n);
	pair->next = skip(at);
	pair->value = (struct wire_bytes){ at, (size_t)(pair->next - at) };
	return true;
}

bool wire_packed_find(struct wire_bytes dictionary, const char *key, size_t key_size,
		      struct wire_bytes *ret_value)
{
	if (!wire_packed_is_dictionary(dictionary))
		return false;
	struct wire_packed_pair pair = wire_packed_begin(dictionary);

	while (wire_packed_next(&pair)) {
		if (pair.key.size == key_size && !memcmp(pair.key.data, key, key_size)) {
			*ret_value = pair.value;
			return true;
		}
	}
	return false;
}
