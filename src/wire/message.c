// SPDX-License-Identifier: MIT
#include "wire/message.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wire/async.h"
#include "wire/browse.h"
#include "wire/call.h"
#include "wire/client_memory.h"
#include "wire/hello.h"
#include "wire/layout.h"
#include "wire/memory.h"
#include "wire/notice.h"
#include "wire/open.h"
#include "wire/packed.h"
#include "wire/publish.h"
#include "wire/query.h"
#include "wire/policy.h"
#include "wire/value.h"

/* Arrays of numbers are taken from the payload as they are. */
_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the payload is little endian");

enum {
	FIELD_ALIGN = 8,
	TAIL_MIN = 1024,	    /* below this a copy is cheaper than one more piece to send */
	ENTRY_MIN = 3 * 8 + 3 * 16, /* bytes of the shortest encoded entry */
};

WIRE_LAYOUT_EMPTY(wire_empty, 0);

static const struct wire_field number_reply_fields[] = {
	WIRE_U64(wire_number_reply, number),
};
WIRE_LAYOUT(wire_number_reply, wire_number_reply, 0, 0, number_reply_fields);

static const struct wire_field text_reply_fields[] = {
	WIRE_TEXT(wire_text_reply, text, WIRE_PATH_MAX),
};
WIRE_LAYOUT(wire_text_reply, wire_text_reply, 0, 0, text_reply_fields);

static const struct wire_field value_reply_fields[] = {
	WIRE_OBJECT(wire_value_reply, value),
};
WIRE_LAYOUT(wire_value_reply, wire_value_reply, 0, 0, value_reply_fields);

static const struct wire_field packed_reply_fields[] = {
	WIRE_PACKED(wire_packed_reply, value),
};
WIRE_LAYOUT(wire_packed_reply, wire_packed_reply, 0, 0, packed_reply_fields);

static const struct wire_field entries_reply_fields[] = {
	WIRE_U64(wire_entries_reply, generation),
	WIRE_ENTRIES(wire_entries_reply, entries, WIRE_ENTRIES_MAX),
};
WIRE_LAYOUT(wire_entries_reply, wire_entries_reply, 0, 0, entries_reply_fields);

const struct wire_layout *const wire_layouts[] = {
	&wire_hello_layout,
	&wire_hello_reply_layout,
	&wire_entry_request_layout,
	&wire_entry_reply_layout,
	&wire_children_request_layout,
	&wire_children_reply_layout,
	&wire_properties_request_layout,
	&wire_property_request_layout,
	&wire_set_properties_request_layout,
	&wire_path_request_layout,
	&wire_find_path_request_layout,
	&wire_name_request_layout,
	&wire_in_plane_request_layout,
	&wire_class_request_layout,
	&wire_class_reply_layout,
	&wire_release_layout,
	&wire_find_request_layout,
	&wire_find_packed_layout,
	&wire_find_more_layout,
	&wire_match_request_layout,
	&wire_wait_quiet_request_layout,
	&wire_request_probe_layout,
	&wire_inlet_open_layout,
	&wire_inlet_close_layout,
	&wire_notify_add_layout,
	&wire_notify_reply_layout,
	&wire_notify_next_layout,
	&wire_notify_remove_layout,
	&wire_notice_layout,
	&wire_interest_layout,
	&wire_dead_layout,
	&wire_notices_layout,
	&wire_notify_arm_layout,
	&wire_open_request_layout,
	&wire_open_reply_layout,
	&wire_open_client_layout,
	&wire_open_client_reply_layout,
	&wire_call_request_layout,
	&wire_call_reply_layout,
	&wire_close_layout,
	&wire_map_request_layout,
	&wire_map_reply_layout,
	&wire_unmap_request_layout,
	&wire_set_notification_port_layout,
	&wire_get_service_layout,
	&wire_set_client_properties_layout,
	&wire_connect_client_layout,
	&wire_trap_request_layout,
	&wire_completion_layout,
	&wire_token_released_layout,
	&wire_queue_wake_layout,
	&wire_publish_layout,
	&wire_publish_reply_layout,
	&wire_register_layout,
	&wire_terminate_layout,
	&wire_update_layout,
	&wire_rename_layout,
	&wire_attach_layout,
	&wire_message_layout,
	&wire_adjust_busy_layout,
	&wire_declare_classes_layout,
	&wire_publish_resource_layout,
	&wire_retire_layout,
	&wire_let_go_layout,
	&wire_access_layout,
	&wire_message_client_layout,
	&wire_interested_layout,
	&wire_confined_layout,
	&wire_opened_layout,
	&wire_probe_layout,
	&wire_probe_reply_layout,
	&wire_start_layout,
	&wire_drop_layout,
	&wire_stop_layout,
	&wire_read_property_layout,
	&wire_write_properties_layout,
	&wire_provider_message_layout,
	&wire_shutdown_layout,
	&wire_inactive_layout,
	&wire_will_terminate_layout,
	&wire_did_terminate_layout,
	&wire_provider_access_layout,
	&wire_provider_probe_layout,
	&wire_load_layout,
	&wire_unload_layout,
	&wire_status_layout,
	&wire_stop_session_layout,
	&wire_restart_session_layout,
	&wire_heartbeat_layout,
	&wire_empty_layout,
	&wire_number_reply_layout,
	&wire_text_reply_layout,
	&wire_value_reply_layout,
	&wire_packed_reply_layout,
	&wire_entries_reply_layout,
	/* New ones come here: stored inputs of fuzzers name them by number. */
	&wire_authorize_request_layout,
	&wire_catalogue_layout,
	&wire_client_memory_layout,
	&wire_client_memory_reply_layout,
	&wire_completions_open_layout,
	&wire_match_table_layout,
	&wire_match_table_reply_layout,
	&wire_port_message_layout,
	&wire_ring_wake_layout,
	&wire_slots_layout,
	&wire_accounts_layout,
	&wire_limits_layout,
	&wire_tray_open_layout,
	&wire_refused_layout,
	&wire_policy_layout,
	&wire_explain_layout,
	&wire_revoke_layout,
	&wire_returned_layout,
	NULL,
};

const char *wire_type_name(uint32_t type)
{
	for (size_t i = 0; wire_layouts[i]; i++)
		if (type && wire_layouts[i]->type == type)
			return wire_layouts[i]->name;
	return "unknown message";
}

static uint64_t payload_max(const struct wire_layout *layout)
{
	return layout->payload_max ? layout->payload_max : WIRE_CONTROL_MAX;
}

/* --- encoding --------------------------------------------------------- */

/* Calls consist of numbers: bytes_put_u64 without its function calls. */
static inline void put_u64(struct bytes *out, uint64_t v)
{
	size_t room = out->limit && out->limit < out->capacity ? out->limit : out->capacity;

	if (out->err || room - out->size < sizeof(v)) {
		bytes_put_u64(out, v);
		return;
	}
	memcpy(out->data + out->size, &v, sizeof(v));
	out->size += sizeof(v);
}

static err_t put_text(struct bytes *out, const char *text, uint64_t limit)
{
	size_t n = text ? strnlen(text, limit + 1) : 0;

	if (n > limit)
		return -EMSGSIZE;
	put_u64(out, n);
	bytes_put(out, n ? text : "", n + 1);
	bytes_pad(out, FIELD_ALIGN);
	return 0;
}

static err_t put_value(struct bytes *out, CFTypeRef value, uint64_t limit)
{
	size_t at = out->size;
	uint64_t n;

	put_u64(out, 0);
	if (!value)
		return 0;
	err_t err = wire_value_encode(value, out);
	if (err == -E2BIG)
		return -EMSGSIZE;
	if (err)
		return err;
	n = out->size - at - sizeof(n);
	if (n > limit)
		return -EMSGSIZE;
	memcpy(out->data + at, &n, sizeof(n));
	bytes_pad(out, FIELD_ALIGN);
	return 0;
}

static err_t put_entries(struct bytes *out, const struct wire_entries *entries, uint64_t limit)
{
	err_t err = 0;

	if (entries->count > limit)
		return -EMSGSIZE;
	put_u64(out, entries->count);
	for (size_t i = 0; !err && i < entries->count; i++) {
		const struct wire_entry *e = &entries->items[i];

		put_u64(out, e->id);
		put_u64(out, e->generation);
		bytes_put_u32(out, e->state);
		bytes_put_u32(out, e->depth);
		err = put_text(out, e->class_name, WIRE_NAME_MAX);
		if (!err)
			err = put_text(out, e->name, WIRE_NAME_MAX);
		if (!err)
			err = put_text(out, e->location, WIRE_NAME_MAX);
	}
	return err;
}

/* TAIL is given for the last field only: where to leave a large byte string. */
static err_t put_bytes(struct bytes *out, const struct wire_bytes *b, uint64_t limit,
		       struct wire_bytes *tail)
{
	if (b->size > limit)
		return -EMSGSIZE;
	put_u64(out, b->size);
	if (tail && b->size >= TAIL_MIN) {
		*tail = *b;
		return 0;
	}
	bytes_put(out, b->data, b->size);
	bytes_pad(out, FIELD_ALIGN);
	return 0;
}

static err_t put_field(struct bytes *out, const struct wire_field *f, const void *at,
		       struct wire_bytes *tail)
{
	switch (f->kind) {
	case WIRE_FIELD_U32:
		put_u64(out, *(const uint32_t *)at);
		return 0;
	case WIRE_FIELD_U64:
		put_u64(out, *(const uint64_t *)at);
		return 0;
	case WIRE_FIELD_TEXT:
		return put_text(out, *(const char *const *)at, f->limit);
	case WIRE_FIELD_BYTES:
		return put_bytes(out, at, f->limit, tail);
	case WIRE_FIELD_PACKED:
		return put_bytes(out, at, f->limit, NULL);
	case WIRE_FIELD_U64S: {
		const struct wire_u64s *numbers = at;

		if (numbers->count > f->limit)
			return -EMSGSIZE;
		put_u64(out, numbers->count);
		bytes_put(out, numbers->items, numbers->count * sizeof(uint64_t));
		return 0;
	}
	case WIRE_FIELD_VALUE:
		return put_value(out, *(const CFTypeRef *)at, f->limit);
	case WIRE_FIELD_ENTRIES:
		return put_entries(out, at, f->limit);
	}
	return -EINVAL;
}

err_t wire_message_encode_split(const struct wire_layout *layout, const void *message,
				struct bytes *out, struct wire_bytes *ret_tail)
{
	size_t start = out->size;
	struct wire_bytes tail = { NULL, 0 };
	err_t err = start % FIELD_ALIGN ? -EINVAL : out->err;

	for (size_t i = 0; !err && i < layout->n_fields; i++) {
		const struct wire_field *f = &layout->fields[i];
		bool last = i + 1 == layout->n_fields;

		err = put_field(out, f, (const char *)message + f->offset,
				last && ret_tail ? &tail : NULL);
		if (!err)
			err = out->err;
	}
	if (!err && out->size - start + tail.size > payload_max(layout))
		err = -EMSGSIZE;
	if (err) {
		out->size = start;
		out->err = 0;
		return err;
	}
	if (ret_tail)
		*ret_tail = tail;
	return 0;
}

err_t wire_message_encode(const struct wire_layout *layout, const void *message, struct bytes *out)
{
	return wire_message_encode_split(layout, message, out, NULL);
}

/* --- decoding --------------------------------------------------------- */

static inline uint64_t get_u64(struct bytes_reader *in)
{
	uint64_t v;

	if (in->err || in->size - in->position < sizeof(v))
		return bytes_get_u64(in);
	memcpy(&v, in->data + in->position, sizeof(v));
	in->position += sizeof(v);
	return v;
}

static uint32_t get_u32(struct bytes_reader *in)
{
	uint64_t v = get_u64(in);

	if (v > UINT32_MAX)
		in->err = -EBADMSG;
	return (uint32_t)v;
}

/* A count that is at most LIMIT and whose items of at least EACH bytes can be there. */
static uint64_t get_count(struct bytes_reader *in, uint64_t limit, size_t each)
{
	uint64_t n = get_u64(in);

	if (n > limit || n > bytes_left(in) / each) {
		in->err = -EBADMSG;
		return 0;
	}
	return n;
}

static const char *get_text(struct bytes_reader *in, uint64_t limit)
{
	uint64_t n = get_count(in, limit, 1);
	const char *text = bytes_get(in, n + 1);

	if (!text || memchr(text, '\0', n + 1) != text + n) {
		in->err = -EBADMSG;
		return NULL;
	}
	bytes_get_pad(in, FIELD_ALIGN);
	return text;
}

static void get_bytes(struct bytes_reader *in, uint64_t limit, struct wire_bytes *ret)
{
	uint64_t n = get_count(in, limit, 1);
	const void *data = bytes_get(in, n);

	bytes_get_pad(in, FIELD_ALIGN);
	if (!in->err)
		*ret = (struct wire_bytes){ data, n };
}

static err_t get_packed(struct bytes_reader *in, uint64_t limit, struct wire_bytes *ret)
{
	struct wire_bytes value = { NULL, 0 };

	get_bytes(in, limit, &value);
	err_t err = in->err || !value.size ? in->err : wire_packed_check(value);
	if (!err)
		*ret = value;
	return err;
}

static void get_u64s(struct bytes_reader *in, uint64_t limit, struct wire_u64s *ret)
{
	uint64_t n = get_count(in, limit, sizeof(uint64_t));
	const void *items = bytes_get(in, n * sizeof(uint64_t));

	if (!in->err)
		*ret = (struct wire_u64s){ items, n };
}

static err_t get_value(struct bytes_reader *in, uint64_t limit, CFTypeRef *ret)
{
	uint64_t n = get_count(in, limit, 1);
	const void *data = bytes_get(in, n);

	bytes_get_pad(in, FIELD_ALIGN);
	if (in->err)
		return -EBADMSG;
	if (!n)
		return 0;
	struct bytes_reader value = bytes_reader(data, n);
	CFTypeRef object = NULL;
	err_t err = wire_value_decode(&value, &object);
	if (err)
		return err;
	if (bytes_left(&value)) {
		CFRelease(object);
		return -EBADMSG;
	}
	*ret = object;
	return 0;
}

static err_t get_entries(struct bytes_reader *in, uint64_t limit, struct wire_entries *ret)
{
	uint64_t n = get_count(in, limit, ENTRY_MIN);

	if (in->err)
		return -EBADMSG;
	if (!n)
		return 0;
	struct wire_entry *items = calloc(n, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (uint64_t i = 0; i < n && !in->err; i++) {
		items[i].id = get_u64(in);
		items[i].generation = get_u64(in);
		items[i].state = bytes_get_u32(in);
		items[i].depth = bytes_get_u32(in);
		items[i].class_name = get_text(in, WIRE_NAME_MAX);
		items[i].name = get_text(in, WIRE_NAME_MAX);
		items[i].location = get_text(in, WIRE_NAME_MAX);
	}
	*ret = (struct wire_entries){ items, n };
	return 0;
}

static err_t get_field(struct bytes_reader *in, const struct wire_field *f, void *at)
{
	switch (f->kind) {
	case WIRE_FIELD_U32:
		*(uint32_t *)at = get_u32(in);
		return in->err;
	case WIRE_FIELD_U64:
		*(uint64_t *)at = get_u64(in);
		return in->err;
	case WIRE_FIELD_TEXT:
		*(const char **)at = get_text(in, f->limit);
		return in->err;
	case WIRE_FIELD_BYTES:
		get_bytes(in, f->limit, at);
		return in->err;
	case WIRE_FIELD_PACKED:
		return get_packed(in, f->limit, at);
	case WIRE_FIELD_U64S:
		get_u64s(in, f->limit, at);
		return in->err;
	case WIRE_FIELD_VALUE: {
		err_t err = get_value(in, f->limit, at);

		return err ? err : in->err;
	}
	case WIRE_FIELD_ENTRIES: {
		err_t err = get_entries(in, f->limit, at);

		return err ? err : in->err;
	}
	}
	return -EINVAL;
}

err_t wire_message_decode(const struct wire_layout *layout, const void *data, size_t size,
			  void *ret_message)
{
	struct bytes_reader in = bytes_reader(size ? data : "", size);
	err_t err = 0;

	memset(ret_message, 0, layout->size);
	if (size > payload_max(layout))
		return -EBADMSG;
	for (size_t i = 0; !err && i < layout->n_fields; i++) {
		const struct wire_field *f = &layout->fields[i];

		err = get_field(&in, f, (char *)ret_message + f->offset);
	}
	if (!err && bytes_left(&in))
		err = -EBADMSG;
	if (err)
		wire_message_clear(layout, ret_message);
	return err;
}

void wire_message_clear(const struct wire_layout *layout, void *message)
{
	for (size_t i = 0; i < layout->n_fields; i++) {
		void *at = (char *)message + layout->fields[i].offset;

		if (layout->fields[i].kind == WIRE_FIELD_VALUE) {
			CFTypeRef value = *(CFTypeRef *)at;

			if (value)
				CFRelease(value);
		} else if (layout->fields[i].kind == WIRE_FIELD_ENTRIES) {
			free(((struct wire_entries *)at)->items);
		}
	}
	memset(message, 0, layout->size);
}
