// SPDX-License-Identifier: MIT
/*
 * How the message files write their tables: one WIRE_* line for each field, in
 * the order of the bytes, then one WIRE_LAYOUT. Included by those files only.
 */
#pragma once

#include <stddef.h>

#include "wire/message.h"

#define WIRE_U32(s, field) \
	{ \
		WIRE_FIELD_U32, offsetof(struct s, field), 0 \
	}
#define WIRE_U64(s, field) \
	{ \
		WIRE_FIELD_U64, offsetof(struct s, field), 0 \
	}
#define WIRE_TEXT(s, field, limit) \
	{ \
		WIRE_FIELD_TEXT, offsetof(struct s, field), limit \
	}
#define WIRE_BYTES(s, field, limit) \
	{ \
		WIRE_FIELD_BYTES, offsetof(struct s, field), limit \
	}
#define WIRE_U64S(s, field, limit) \
	{ \
		WIRE_FIELD_U64S, offsetof(struct s, field), limit \
	}
#define WIRE_OBJECT(s, field) \
	{ \
		WIRE_FIELD_VALUE, offsetof(struct s, field), WIRE_VALUE_MAX \
	}
#define WIRE_PACKED(s, field) \
	{ \
		WIRE_FIELD_PACKED, offsetof(struct s, field), WIRE_VALUE_MAX \
	}
#define WIRE_ENTRIES(s, field, limit) \
	{ \
		WIRE_FIELD_ENTRIES, offsetof(struct s, field), limit \
	}

/* NAME_layout of struct S from the array FIELDS. */
#define WIRE_LAYOUT(name_, s, type_, n_fds_, fields_) \
	const struct wire_layout name_##_layout = { \
		.name = #name_, \
		.type = type_, \
		.n_fds = n_fds_, \
		.size = sizeof(struct s), \
		.n_fields = sizeof(fields_) / sizeof(fields_[0]), \
		.fields = fields_, \
	}
/* The same with a payload bound of its own. */
#define WIRE_LAYOUT_BOUND(name_, s, type_, fields_, payload_max_) \
	const struct wire_layout name_##_layout = { \
		.name = #name_, \
		.type = type_, \
		.size = sizeof(struct s), \
		.n_fields = sizeof(fields_) / sizeof(fields_[0]), \
		.fields = fields_, \
		.payload_max = payload_max_, \
	}
#define WIRE_LAYOUT_EMPTY(name_, type_) \
	const struct wire_layout name_##_layout = { \
		.name = #name_, \
		.type = type_, \
		.size = sizeof(struct wire_empty), \
	}
