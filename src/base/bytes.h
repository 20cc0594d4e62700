// SPDX-License-Identifier: MIT
/*
 * A growable byte buffer to write into and a bounded view to read from.
 *
 * The writer remembers its first failure, so callers write everything and look
 * at ->err once. The reader never leaves its view; a read past the end or a
 * malformed length sets ->err to -EBADMSG and every later read yields zero.
 * All numbers are little endian; nothing is assumed about alignment.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bytes {
	uint8_t *data;
	size_t size, capacity;
	size_t limit; /* 0: none */
	err_t err;    /* -ENOMEM or -EMSGSIZE */
};

#define BYTES_INIT \
	{ \
		NULL, 0, 0, 0, 0 \
	}

void bytes_fini(struct bytes *b);
/* Forget the contents, keep the memory. */
void bytes_clear(struct bytes *b);
/* N more bytes at the end, uninitialised; NULL on failure (->err is set). */
void *bytes_grow(struct bytes *b, size_t n);
void bytes_put(struct bytes *b, const void *data, size_t n);
void bytes_put_u32(struct bytes *b, uint32_t v);
void bytes_put_u64(struct bytes *b, uint64_t v);
/* Zero bytes until the size is a multiple of ALIGN (a power of two). */
void bytes_pad(struct bytes *b, size_t align);

struct bytes_reader {
	const uint8_t *data;
	size_t size, position;
	err_t err; /* 0 or -EBADMSG */
};

static inline struct bytes_reader bytes_reader(const void *data, size_t size)
{
	return (struct bytes_reader){ data, size, 0, 0 };
}

/* N bytes of the view, NULL when there are fewer. */
const void *bytes_get(struct bytes_reader *r, size_t n);
uint32_t bytes_get_u32(struct bytes_reader *r);
uint64_t bytes_get_u64(struct bytes_reader *r);
/* Skip to a multiple of ALIGN; the padding must be zero. */
void bytes_get_pad(struct bytes_reader *r, size_t align);

static inline size_t bytes_left(const struct bytes_reader *r)
{
	return r->err ? 0 : r->size - r->position;
}
