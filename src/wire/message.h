// SPDX-License-Identifier: MIT
/*
 * Messages as data. A message is a C struct plus a table of its fields; one
 * generic encoder and one generic decoder work on every table, so the two ends
 * cannot drift apart and every bound is checked in one place.
 *
 * Decoding is strict: each field is bounded, texts end in their only NUL,
 * padding is zero, nothing may follow the last field. Texts, byte strings and
 * packed values of a decoded message point into the received payload and live as long as it;
 * values are new CF objects and entry arrays are allocated: both are released
 * by wire_message_clear.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CFBase.h>

#include "base/bytes.h"
#include "base/err.h"
#include "wire/protocol.h"

/* A byte string inside a message. */
struct wire_bytes {
	const void *data;
	size_t size;
};

/* An array of numbers inside a message. Decoded: points into the payload (8-byte aligned). */
struct wire_u64s {
	const uint64_t *items;
	size_t count;
};

/* One registry entry as look-ups and iterations return it. */
struct wire_entry {
	uint64_t id;
	uint64_t generation;	/* of its own child (or parent) list in the plane asked for */
	uint32_t state;		/* enum wire_entry_state */
	uint32_t depth;		/* WIRE_CHILDREN: 1 for direct children; else 0 */
	const char *class_name; /* real class, at most WIRE_NAME_MAX bytes */
	const char *name;	/* in the plane asked for */
	const char *location;	/* in the plane asked for; "" when there is none */
};

struct wire_entries {
	struct wire_entry *items;
	size_t count;
};

enum wire_field_kind {
	WIRE_FIELD_U32,	    /* uint32_t or int32_t */
	WIRE_FIELD_U64,	    /* uint64_t or int64_t */
	WIRE_FIELD_TEXT,    /* const char *, limit = most bytes without NUL; NULL is sent as "" */
	WIRE_FIELD_BYTES,   /* struct wire_bytes, limit = most bytes */
	WIRE_FIELD_U64S,    /* struct wire_u64s, limit = most items */
	WIRE_FIELD_VALUE,   /* CFTypeRef or NULL */
	WIRE_FIELD_PACKED,  /* struct wire_bytes: an encoded value as it is; size 0: none */
	WIRE_FIELD_ENTRIES, /* struct wire_entries, limit = most items */
};

struct wire_field {
	enum wire_field_kind kind;
	size_t offset;
	uint64_t limit;
};

struct wire_layout {
	const char *name; /* for log lines */
	uint32_t type;	  /* enum wire_type */
	uint32_t n_fds;	  /* descriptors it carries besides the memory file: exactly this many */
	size_t size;	  /* of the C struct */
	size_t n_fields;
	const struct wire_field *fields;
	uint64_t payload_max; /* 0: WIRE_CONTROL_MAX */
};

/* Append the encoded MESSAGE (of LAYOUT's struct) to OUT, whose size is a multiple of 8. -EMSGSIZE
 * when a field breaks its limit, -EINVAL when a value cannot be encoded, -ENOMEM. OUT->size is
 * unchanged on failure. */
err_t wire_message_encode(const struct wire_layout *layout, const void *message, struct bytes *out);
/* The same, but when the last field is a byte string worth sending from where it lies, OUT ends
 * with its length and RET_TAIL borrows the bytes: they and zero bytes up to a multiple of 8
 * complete the payload. Else RET_TAIL is empty. */
err_t wire_message_encode_split(const struct wire_layout *layout, const void *message,
				struct bytes *out, struct wire_bytes *ret_tail);
/* Decode SIZE bytes at DATA (8-byte aligned) into RET_MESSAGE. -EBADMSG on anything malformed,
 * -ENOMEM. On failure RET_MESSAGE is zeroed and nothing needs clearing. */
err_t wire_message_decode(const struct wire_layout *layout, const void *data, size_t size,
			  void *ret_message);
/* Release what a decoded message owns and zero it. Harmless on a zeroed struct. */
void wire_message_clear(const struct wire_layout *layout, void *message);

/* An empty message: header and status only. */
struct wire_empty {
	char none;
};

/* Replies that many requests share. Their TYPE is that of the request. */
struct wire_number_reply {
	uint64_t number;
};
struct wire_text_reply {
	const char *text; /* at most WIRE_PATH_MAX */
};
struct wire_value_reply {
	CFTypeRef value;
};
/* The same reply from a value that is encoded already. */
struct wire_packed_reply {
	struct wire_bytes value;
};
struct wire_entries_reply {
	uint64_t generation; /* tree generation at which the snapshot was taken */
	struct wire_entries entries;
};

extern const struct wire_layout wire_empty_layout; /* type 0: fits every reply */
extern const struct wire_layout wire_number_reply_layout;
extern const struct wire_layout wire_text_reply_layout;
extern const struct wire_layout wire_value_reply_layout;
extern const struct wire_layout wire_packed_reply_layout;
extern const struct wire_layout wire_entries_reply_layout;

/* Name of the first layout with TYPE, for log lines; "unknown message". */
const char *wire_type_name(uint32_t type);

/* Every layout there is, NULL-terminated: for tests, fuzzers and the documentation check. */
extern const struct wire_layout *const wire_layouts[];
