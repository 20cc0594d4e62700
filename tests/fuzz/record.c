// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

_Noreturn void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

bool fuzz_next(struct fuzz_input *in, struct fuzz_record *ret_record)
{
	struct fuzz_record record = { 0 };
	size_t padded;

	if (in->left < FUZZ_RECORD_HEAD)
		return false;
	memcpy(&record.kind, in->at, 2);
	record.who = in->at[2];
	record.flags = in->at[3];
	memcpy(&record.size, in->at + 4, 4);
	in->at += FUZZ_RECORD_HEAD;
	in->left -= FUZZ_RECORD_HEAD;
	if (record.size > in->left)
		record.size = (uint32_t)in->left;
	record.data = in->at;
	padded = ((size_t)record.size + 7) & ~(size_t)7;
	if (padded > in->left)
		padded = in->left;
	in->at += padded;
	in->left -= padded;
	*ret_record = record;
	return true;
}

size_t fuzz_put(uint8_t *out, size_t room, const struct fuzz_record *record)
{
	size_t padded = ((size_t)record->size + 7) & ~(size_t)7;

	if (room < FUZZ_RECORD_HEAD + padded)
		return 0;
	memcpy(out, &record->kind, 2);
	out[2] = record->who;
	out[3] = record->flags;
	memcpy(out + 4, &record->size, 4);
	memset(out + FUZZ_RECORD_HEAD, 0, padded);
	if (record->size)
		memcpy(out + FUZZ_RECORD_HEAD, record->data, record->size);
	return FUZZ_RECORD_HEAD + padded;
}

uint64_t fuzz_number(const struct fuzz_record *record, size_t index)
{
	uint64_t number = 0;
	size_t at = index * sizeof(number), n;

	if (at >= record->size)
		return 0;
	n = record->size - at < sizeof(number) ? record->size - at : sizeof(number);
	memcpy(&number, record->data + at, n);
	return number;
}
