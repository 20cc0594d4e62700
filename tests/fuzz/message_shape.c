// SPDX-License-Identifier: MIT
/*
 * Messages that stay well-formed while one of their fields changes. A payload
 * is taken apart by its layout, one field gets another content, and all are
 * written again; what cannot be taken apart is made anew.
 */
#include <string.h>

#include "fuzz.h"
#include "value_shape.h"
#include "wire/message.h"

/* Where one field's bytes are, padding included. */
struct part {
	const uint8_t *data;
	size_t size;
};

enum { FIELDS_MAX = 16, ENTRIES_HEAD = 24 };

static const char *const texts[] = {
	"",
	"IOService",
	"IOResources",
	"IORegistryEntry",
	"IOUserClient",
	"FuzzDevice",
	"FuzzDriver",
	"FuzzNub",
	"IODeviceTree",
	"IOPower",
	"IOService:/",
	"IOService:/FuzzNub@1,0",
	"IODeviceTree:/",
	"IOProviderClass",
	"IOClass",
	"Name",
	"0",
	"1,2",
	"ff",
	"IOServicePublish",
	"IOServiceFirstPublish",
	"IOServiceMatched",
	"IOServiceFirstMatch",
	"IOServiceTerminate",
	"IOGeneralInterest",
	"IOBusyInterest",
	"org.example.fuzz",
	"a/b:c",
	"\xff\xfe",
	/* close to the limit of 127 bytes */
	"a name that is as long as the names of entries and classes may be, less a very few bytes",
};

/* --- taking apart ------------------------------------------------------------------ */

static size_t padded(uint64_t n)
{
	return (size_t)((n + 7) & ~7ull);
}

static uint64_t word_at(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* Bytes of a text or byte string with its count, padding included; 0: it does not fit. */
static size_t size_of_text(const uint8_t *data, size_t left, size_t nul)
{
	if (left < 8 || word_at(data) > left)
		return 0;
	size_t size = 8 + padded(word_at(data) + nul);
	return size <= left ? size : 0;
}

static size_t size_of_entries(const uint8_t *data, size_t left)
{
	uint64_t n = left < 8 ? 0 : word_at(data);
	size_t size = 8;

	if (left < 8 || n > left / ENTRIES_HEAD)
		return 0;
	for (uint64_t i = 0; i < n; i++) {
		size += ENTRIES_HEAD;
		for (int text = 0; text < 3; text++) {
			size_t more = size < left ? size_of_text(data + size, left - size, 1) : 0;

			if (!more)
				return 0;
			size += more;
		}
	}
	return size;
}

static size_t size_of_field(const struct wire_field *field, const uint8_t *data, size_t left)
{
	switch (field->kind) {
	case WIRE_FIELD_U32:
	case WIRE_FIELD_U64:
		return left < 8 ? 0 : 8;
	case WIRE_FIELD_TEXT:
		return size_of_text(data, left, 1);
	case WIRE_FIELD_BYTES:
	case WIRE_FIELD_PACKED:
	case WIRE_FIELD_VALUE:
		return size_of_text(data, left, 0);
	case WIRE_FIELD_U64S:
		return left < 8 || word_at(data) > (left - 8) / 8 ? 0 : 8 + 8 * word_at(data);
	case WIRE_FIELD_ENTRIES:
		return size_of_entries(data, left);
	}
	return 0;
}

/* --- new contents -------------------------------------------------------------------- */

struct writer {
	uint8_t *data;
	size_t size, max;
};

static void put(struct writer *out, const void *data, size_t n)
{
	size_t size = padded(n);

	if (out->max - out->size < size)
		return;
	memset(out->data + out->size, 0, size);
	memcpy(out->data + out->size, data, n);
	out->size += size;
}

static void put_word(struct writer *out, uint64_t word)
{
	put(out, &word, sizeof(word));
}

/* IDs that there are in most sessions, and others. */
static uint64_t choose_number(struct fuzz_chance *chance)
{
	if (fuzz_below(chance, 2))
		return WIRE_ROOT_ID + fuzz_below(chance, 12);
	return fuzz_interesting(chance);
}

static void put_text(struct fuzz_chance *chance, struct writer *out, uint64_t limit)
{
	const char *text = texts[fuzz_below(chance, sizeof(texts) / sizeof(*texts))];
	size_t n = strlen(text);

	if (n > limit || out->max - out->size < 16 + n)
		n = 0;
	put_word(out, n);
	put(out, n ? text : "", n + 1);
}

static void put_bytes(struct fuzz_chance *chance, struct writer *out, uint64_t limit)
{
	uint8_t bytes[256];
	size_t n = fuzz_below(chance, 4) ? fuzz_below(chance, 65) : fuzz_below(chance, 257);

	if (n > limit || out->max - out->size < 16 + n)
		n = 0;
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)fuzz_interesting(chance);
	put_word(out, n);
	put(out, bytes, n);
}

static void put_words(struct fuzz_chance *chance, struct writer *out, uint64_t limit)
{
	uint64_t n = fuzz_below(chance, 18);

	if (n > limit || out->max - out->size < 8 + 8 * n)
		n = 0;
	put_word(out, n);
	for (uint64_t i = 0; i < n; i++)
		put_word(out, choose_number(chance));
}

static void put_value(struct fuzz_chance *chance, struct writer *out)
{
	uint8_t value[1024];
	size_t n = fuzz_below(chance, 8) ? fuzz_new_value(chance, value, sizeof(value)) : 0;

	if (out->max - out->size < 8 + n)
		n = 0;
	put_word(out, n);
	put(out, value, n);
}

static void put_entries(struct fuzz_chance *chance, struct writer *out)
{
	uint64_t n = fuzz_below(chance, 3);

	put_word(out, n);
	for (uint64_t i = 0; i < n; i++) {
		put_word(out, choose_number(chance));
		put_word(out, fuzz_below(chance, 4));
		put_word(out, fuzz_interesting(chance));
		for (int text = 0; text < 3; text++)
			put_text(chance, out, WIRE_NAME_MAX);
	}
}

static void put_new(struct fuzz_chance *chance, struct writer *out, const struct wire_field *field)
{
	switch (field->kind) {
	case WIRE_FIELD_U32:
		put_word(out, (uint32_t)fuzz_interesting(chance));
		break;
	case WIRE_FIELD_U64:
		put_word(out, choose_number(chance));
		break;
	case WIRE_FIELD_TEXT:
		put_text(chance, out, field->limit);
		break;
	case WIRE_FIELD_BYTES:
		if (fuzz_below(chance, 2))
			put_value(chance, out);
		else
			put_bytes(chance, out, field->limit);
		break;
	case WIRE_FIELD_PACKED:
	case WIRE_FIELD_VALUE:
		put_value(chance, out);
		break;
	case WIRE_FIELD_U64S:
		put_words(chance, out, field->limit);
		break;
	case WIRE_FIELD_ENTRIES:
		put_entries(chance, out);
		break;
	}
}

/* --- the whole ---------------------------------------------------------------------------- */

static size_t take_apart(const struct wire_layout *layout, const uint8_t *data, size_t size,
			 struct part parts[FIELDS_MAX])
{
	size_t at = 0, n = 0;

	while (n < layout->n_fields && n < FIELDS_MAX) {
		size_t more =
			at < size ? size_of_field(&layout->fields[n], data + at, size - at) : 0;

		if (!more)
			break;
		parts[n++] = (struct part){ data + at, more };
		at += more;
	}
	return n;
}

const struct wire_layout *fuzz_message_layout(uint16_t kind)
{
	size_t n_layouts = 0;

	while (wire_layouts[n_layouts])
		n_layouts++;
	return wire_layouts[kind % n_layouts];
}

const char *fuzz_message_name(uint16_t kind)
{
	return fuzz_message_layout(kind)->name + strlen("wire_");
}

size_t fuzz_change_layout(struct fuzz_chance *chance, const struct wire_layout *layout,
			  uint8_t *data, size_t size, size_t max)
{
	static _Thread_local uint8_t old[64 * 1024];
	struct part parts[FIELDS_MAX];
	struct writer out = { data, 0, max };

	if (!layout->n_fields || size > sizeof(old))
		return 0;
	memcpy(old, data, size);
	size_t n = take_apart(layout, old, size, parts);
	size_t changed = fuzz_below(chance, (uint32_t)layout->n_fields);

	for (size_t i = 0; i < layout->n_fields && i < FIELDS_MAX; i++)
		if (i < n && i != changed)
			put(&out, parts[i].data, parts[i].size);
		else
			put_new(chance, &out, &layout->fields[i]);
	return out.size;
}

size_t fuzz_change_message(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
			   size_t max)
{
	return fuzz_change_layout(chance, fuzz_message_layout(kind), data, size, max);
}
