// SPDX-License-Identifier: MIT
/*
 * One fuzz target. It returns 0 always and aborts when a promise is broken.
 *
 * Inputs of targets that take several things in turn are lists of records: a
 * head of 8 bytes (kind, two small numbers, size) and that many bytes. Reading
 * accepts any bytes; the mutator (mutate.c) keeps what it writes well-formed,
 * so that what is tested is what the records say, not how they are cut.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Say where, and abort. */
#define fuzz_require(condition) \
	do { \
		if (!(condition)) \
			fuzz_fail(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* --- records (record.c) -------------------------------------------------------- */

enum { FUZZ_RECORD_HEAD = 8, FUZZ_RECORDS_MAX = 64 };

struct fuzz_record {
	uint16_t kind;
	uint8_t who, flags;
	uint32_t size; /* at most what is there */
	const uint8_t *data;
};

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline struct fuzz_input fuzz_input(const uint8_t *data, size_t size)
{
	return (struct fuzz_input){ data, size };
}

/* False at the end. */
bool fuzz_next(struct fuzz_input *in, struct fuzz_record *ret_record);
/* Append RECORD to OUT, which has ROOM bytes; how many it took, 0: there is no room. */
size_t fuzz_put(uint8_t *out, size_t room, const struct fuzz_record *record);

/* Numbers out of what a record carries; zeros behind its end. */
uint64_t fuzz_number(const struct fuzz_record *record, size_t index);

/* --- mutation (mutate.c) ------------------------------------------------------- */

struct fuzz_chance {
	uint64_t state;
};

uint32_t fuzz_below(struct fuzz_chance *chance, uint32_t n);
/* One that is likely to matter: small, a power of two and its neighbours, or anything. */
uint64_t fuzz_interesting(struct fuzz_chance *chance);
/* Change SIZE bytes at DATA (room for MAX) somehow; the new size. */
size_t fuzz_change_bytes(struct fuzz_chance *chance, uint8_t *data, size_t size, size_t max);

/* What a target knows about its records. One whose inputs are of one piece may have CHANGE alone, with
 * no kinds; one without a shape is mutated by the engine's own means. */
struct fuzz_shape {
	uint16_t n_kinds;
	uint8_t n_who;
	uint32_t data_max; /* bytes of one record that make sense */
	const char *(*name)(uint16_t kind);
	/* Data for KIND in place of the SIZE bytes at DATA (0: none yet); the new size. */
	size_t (*change)(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
			 size_t max);
};
extern const struct fuzz_shape fuzz_shape __attribute__((weak));

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint32_t seed);
/* The records of two inputs in one. */
size_t fuzz_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
		  size_t max, uint32_t seed);

/* --- messages as records (message_shape.c): kind is an index of wire_layouts ----- */

struct wire_layout;
const struct wire_layout *fuzz_message_layout(uint16_t kind);
const char *fuzz_message_name(uint16_t kind);
size_t fuzz_change_layout(struct fuzz_chance *chance, const struct wire_layout *layout,
			  uint8_t *data, size_t size, size_t max);
size_t fuzz_change_message(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
			   size_t max);
