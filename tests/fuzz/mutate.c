// SPDX-License-Identifier: MIT
/*
 * Mutation of inputs that are lists of records: what comes out is such a list.
 * One code for both engines: libFuzzer calls LLVMFuzzerCustomMutator, AFL++ the
 * functions at the end, from a library of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned int seed);

#pragma GCC visibility push(default) /* AFL++ looks for them by name */
void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *state, uint8_t *data, size_t size, uint8_t **ret_out, uint8_t *other,
		       size_t other_size, size_t max);
void afl_custom_deinit(void *state);
#pragma GCC visibility pop

/* --- chance ------------------------------------------------------------------------ */

static uint64_t draw(struct fuzz_chance *chance)
{
	chance->state += 0x9e3779b97f4a7c15u;
	uint64_t z = chance->state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t fuzz_below(struct fuzz_chance *chance, uint32_t n)
{
	return n ? (uint32_t)((draw(chance) >> 32) * n >> 32) : 0;
}

uint64_t fuzz_interesting(struct fuzz_chance *chance)
{
	switch (fuzz_below(chance, 8)) {
	case 0:
	case 1:
	case 2:
		return fuzz_below(chance, 20);
	case 3:
		return (1ull << fuzz_below(chance, 64)) - 1 + fuzz_below(chance, 3);
	case 4:
		return UINT32_MAX - fuzz_below(chance, 3);
	case 5:
		return UINT64_MAX - fuzz_below(chance, 3);
	case 6:
		return fuzz_below(chance, 70000);
	default:
		return draw(chance);
	}
}

/* --- plain bytes --------------------------------------------------------------------- */

static size_t change_once(struct fuzz_chance *chance, uint8_t *data, size_t size, size_t max)
{
	size_t at = fuzz_below(chance, (uint32_t)size + 1), n;
	uint64_t value = fuzz_interesting(chance);

	switch (fuzz_below(chance, 6)) {
	case 0: /* insert */
		n = 1 + fuzz_below(chance, 8);
		if (size + n > max)
			return size;
		memmove(data + at + n, data + at, size - at);
		memcpy(data + at, &value, n);
		return size + n;
	case 1: /* remove */
		n = 1 + fuzz_below(chance, 8);
		if (at + n > size)
			return size;
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 2: /* a word in its place */
		at &= ~(size_t)3;
		n = fuzz_below(chance, 2) ? 4 : 8;
		if (at + n <= size)
			memcpy(data + at, &value, n);
		return size;
	case 3: /* repeat a part */
		n = 1 + fuzz_below(chance, 16);
		if (at + n > size || size + n > max)
			return size;
		memmove(data + at + n, data + at, size - at);
		return size + n;
	default:
		if (at < size)
			data[at] = (uint8_t)(fuzz_below(chance, 2)
						     ? value
						     : data[at] ^ 1u << fuzz_below(chance, 8));
		return size;
	}
}

size_t fuzz_change_bytes(struct fuzz_chance *chance, uint8_t *data, size_t size, size_t max)
{
	if (size > max)
		size = max;
	if (LLVMFuzzerMutate && max && fuzz_below(chance, 2))
		return LLVMFuzzerMutate(data, size, max);
	for (uint32_t i = 0; i <= fuzz_below(chance, 4); i++)
		size = change_once(chance, data, size, max);
	return size;
}

/* --- lists of records ------------------------------------------------------------------- */

struct records {
	struct fuzz_record items[FUZZ_RECORDS_MAX];
	size_t count;
};

static struct records read_all(const uint8_t *data, size_t size)
{
	struct fuzz_input in = fuzz_input(data, size);
	struct records records = { .count = 0 };

	while (records.count < FUZZ_RECORDS_MAX && fuzz_next(&in, &records.items[records.count]))
		records.count++;
	return records;
}

static size_t write_all(const struct records *records, uint8_t *out, size_t max)
{
	size_t used = 0, n;

	for (size_t i = 0; i < records->count; i++) {
		n = fuzz_put(out + used, max - used, &records->items[i]);
		if (!n)
			break;
		used += n;
	}
	return used;
}

static void insert(struct records *records, size_t at, struct fuzz_record record)
{
	if (records->count == FUZZ_RECORDS_MAX)
		return;
	memmove(&records->items[at + 1], &records->items[at],
		(records->count - at) * sizeof(record));
	records->items[at] = record;
	records->count++;
}

/* New data for RECORD, in BUFFER. */
static void change_data(struct fuzz_chance *chance, struct fuzz_record *record, uint8_t *buffer)
{
	size_t max = fuzz_shape.data_max;
	size_t size = record->size < max ? record->size : max;

	if (size)
		memcpy(buffer, record->data, size);
	if (fuzz_shape.change && fuzz_below(chance, 8))
		size = fuzz_shape.change(chance, record->kind, buffer, size, max);
	else
		size = fuzz_change_bytes(chance, buffer, size, max);
	record->data = buffer;
	record->size = (uint32_t)size;
}

/* A word that one record carries, say an entry ID, into another. */
static void copy_word(struct fuzz_chance *chance, const struct records *records,
		      struct fuzz_record *record, uint8_t *buffer)
{
	const struct fuzz_record *from =
		&records->items[fuzz_below(chance, (uint32_t)records->count)];
	uint32_t n = record->size / 8;

	if (!n || from->size < 8 || record->size > fuzz_shape.data_max)
		return;
	memcpy(buffer, record->data, record->size);
	memcpy(buffer + 8ul * fuzz_below(chance, n),
	       from->data + 8ul * fuzz_below(chance, from->size / 8), 8);
	record->data = buffer;
}

static void change_records(struct fuzz_chance *chance, struct records *records, uint8_t *buffer)
{
	size_t at = fuzz_below(chance, (uint32_t)records->count);
	struct fuzz_record *record = &records->items[at], new = { 0 };

	switch (records->count ? fuzz_below(chance, 16) : 0) {
	case 0:
	case 1:
	case 2:
		new.kind = (uint16_t)fuzz_below(chance, fuzz_shape.n_kinds);
		new.who = (uint8_t)fuzz_below(chance, fuzz_shape.n_who);
		change_data(chance, &new, buffer);
		insert(records, fuzz_below(chance, (uint32_t)records->count + 1), new);
		break;
	case 3:
		memmove(record, record + 1, (records->count - at - 1) * sizeof(*record));
		records->count--;
		break;
	case 4:
		insert(records, fuzz_below(chance, (uint32_t)records->count + 1), *record);
		break;
	case 5:
		new = records->items[at];
		records->items[at] = records->items[0];
		records->items[0] = new;
		break;
	case 6:
		record->who = (uint8_t)fuzz_below(chance, fuzz_shape.n_who);
		break;
	case 7:
		record->flags ^= (uint8_t)(1u << fuzz_below(chance, 8));
		break;
	case 8:
		record->kind = (uint16_t)fuzz_below(chance, fuzz_shape.n_kinds);
		break;
	case 9:
	case 10:
		copy_word(chance, records, record, buffer);
		break;
	default:
		change_data(chance, record, buffer);
	}
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint32_t seed)
{
	struct fuzz_chance chance = { seed };
	uint32_t rounds = 1 + fuzz_below(&chance, 4);

	if (!fuzz_shape.n_kinds && fuzz_shape.change && fuzz_below(&chance, 4))
		return fuzz_shape.change(&chance, 0, data, size, max);
	if (!fuzz_shape.n_kinds)
		return fuzz_change_bytes(&chance, data, size, max);
	static uint8_t *buffers; /* for each round one */
	uint8_t *copy = malloc(size + 1);

	if (!buffers)
		buffers = malloc(4ul * fuzz_shape.data_max + 1);
	if (copy && buffers) {
		memcpy(copy, data, size);
		struct records records = read_all(copy, size);

		for (uint32_t i = 0; i < rounds; i++)
			change_records(&chance, &records, buffers + i * fuzz_shape.data_max);
		size = write_all(&records, data, max);
	}
	free(copy);
	return size;
}

size_t fuzz_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
		  size_t max, uint32_t seed)
{
	struct fuzz_chance chance = { seed };

	if (!fuzz_shape.n_kinds) {
		a_size = a_size < max ? a_size : max;
		memcpy(out, a, a_size);
		return fuzz_mutate(out, a_size, max, seed);
	}
	struct records first = read_all(a, a_size), second = read_all(b, b_size);
	uint32_t n = 1 + fuzz_below(&chance, 8);
	uint32_t from = fuzz_below(&chance, (uint32_t)second.count);
	size_t at = fuzz_below(&chance, (uint32_t)first.count + 1);

	for (uint32_t i = 0; i < n && from + i < second.count; i++)
		insert(&first, at + i < first.count ? at + i : first.count, second.items[from + i]);
	return write_all(&first, out, max);
}

/* --- libFuzzer ------------------------------------------------------------------------------- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return fuzz_mutate(data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned int seed)
{
	return fuzz_cross(a, a_size, b, b_size, out, max, seed);
}

/* --- AFL++ ----------------------------------------------------------------------------------- */

struct afl_state {
	struct fuzz_chance chance;
	uint8_t *out;
	size_t room;
};

void *afl_custom_init(void *afl, unsigned int seed)
{
	struct afl_state *state = calloc(1, sizeof(*state));

	if (state)
		state->chance.state = seed;
	return state;
}

size_t afl_custom_fuzz(void *context, uint8_t *data, size_t size, uint8_t **ret_out, uint8_t *other,
		       size_t other_size, size_t max)
{
	struct afl_state *state = context;
	uint32_t seed = (uint32_t)draw(&state->chance);

	if (state->room < max) {
		free(state->out);
		state->out = malloc(max);
		state->room = state->out ? max : 0;
	}
	*ret_out = state->out;
	if (!state->out)
		return 0;
	if (other && other_size && seed % 8 == 0)
		return fuzz_cross(data, size, other, other_size, state->out, max, seed);
	size = size < max ? size : max;
	memcpy(state->out, data, size);
	return fuzz_mutate(state->out, size, max, seed);
}

void afl_custom_deinit(void *context)
{
	struct afl_state *state = context;

	free(state->out);
	free(state);
}
