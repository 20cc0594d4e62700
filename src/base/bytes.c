// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

void bytes_fini(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes)BYTES_INIT;
}

void bytes_clear(struct bytes *b)
{
	b->size = 0;
	b->err = 0;
}

static err_t reserve(struct bytes *b, size_t n)
{
	size_t need, capacity = b->capacity ? b->capacity : 128;

	if (__builtin_add_overflow(b->size, n, &need))
		return -EMSGSIZE;
	if (b->limit && need > b->limit)
		return -EMSGSIZE;
	if (need <= b->capacity)
		return 0;
	while (capacity < need)
		if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
			return -EMSGSIZE;
	uint8_t *data = realloc(b->data, capacity);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->capacity = capacity;
	return 0;
}

void *bytes_grow(struct bytes *b, size_t n)
{
	if (!b->err)
		b->err = reserve(b, n);
	if (b->err)
		return NULL;
	void *at = b->data + b->size;
	b->size += n;
	return at;
}

void bytes_put(struct bytes *b, const void *data, size_t n)
{
	void *at = n ? bytes_grow(b, n) : NULL;

	if (at)
		memcpy(at, data, n);
}

void bytes_put_u32(struct bytes *b, uint32_t v)
{
	v = htole32(v);
	bytes_put(b, &v, sizeof(v));
}

void bytes_put_u64(struct bytes *b, uint64_t v)
{
	v = htole64(v);
	bytes_put(b, &v, sizeof(v));
}

void bytes_pad(struct bytes *b, size_t align)
{
	size_t n = -b->size & (align - 1);
	void *at = n ? bytes_grow(b, n) : NULL;

	if (at)
		memset(at, 0, n);
}

const void *bytes_get(struct bytes_reader *r, size_t n)
{
	if (r->err || n > r->size - r->position) {
		r->err = -EBADMSG;
		return NULL;
	}
	const void *at = r->data + r->position;
	r->position += n;
	return at;
}

uint32_t bytes_get_u32(struct bytes_reader *r)
{
	const void *at = bytes_get(r, 4);
	uint32_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

uint64_t bytes_get_u64(struct bytes_reader *r)
{
	const void *at = bytes_get(r, 8);
	uint64_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

void bytes_get_pad(struct bytes_reader *r, size_t align)
{
	size_t n = -r->position & (align - 1);
	const uint8_t *at = bytes_get(r, n);

	for (size_t i = 0; at && i < n; i++)
		if (at[i])
			r->err = -EBADMSG;
}
