// SPDX-License-Identifier: MIT
#include "wire/notice.h"

#include "wire/layout.h"

static const struct wire_field inlet_open_fields[] = {
	WIRE_U32(wire_inlet_open, inlet),
	WIRE_U32(wire_inlet_open, inlet_class),
};
WIRE_LAYOUT(wire_inlet_open, wire_inlet_open, WIRE_INLET_OPEN, 1, inlet_open_fields);

static const struct wire_field inlet_close_fields[] = {
	WIRE_U32(wire_inlet_close, inlet),
};
WIRE_LAYOUT(wire_inlet_close, wire_inlet_close, WIRE_INLET_CLOSE, 0, inlet_close_fields);

static const struct wire_field notify_add_fields[] = {
	WIRE_U32(wire_notify_add, inlet),
	WIRE_U64(wire_notify_add, service),
	WIRE_TEXT(wire_notify_add, type, WIRE_NAME_MAX),
	WIRE_OBJECT(wire_notify_add, matching),
};
WIRE_LAYOUT(wire_notify_add, wire_notify_add, WIRE_NOTIFY_ADD, 0, notify_add_fields);

static const struct wire_field notify_reply_fields[] = {
	WIRE_U64(wire_notify_reply, subscription),
	WIRE_ENTRIES(wire_notify_reply, entries, WIRE_PENDING_SERVICES_MAX),
};
WIRE_LAYOUT(wire_notify_reply, wire_notify_reply, WIRE_NOTIFY_ADD, 0, notify_reply_fields);

static const struct wire_field notify_next_fields[] = {
	WIRE_U64(wire_notify_next, subscription),
	WIRE_U32(wire_notify_next, keeps),
};
WIRE_LAYOUT(wire_notify_next, wire_notify_next, WIRE_NOTIFY_NEXT, 0, notify_next_fields);

static const struct wire_field notify_remove_fields[] = {
	WIRE_U64(wire_notify_remove, subscription),
};
WIRE_LAYOUT(wire_notify_remove, wire_notify_remove, WIRE_NOTIFY_REMOVE, 0, notify_remove_fields);

static const struct wire_field notice_fields[] = {
	WIRE_U64(wire_notice, subscription),
	WIRE_U32(wire_notice, type),
};
WIRE_LAYOUT(wire_notice, wire_notice, WIRE_NOTICE, 0, notice_fields);

static const struct wire_field notices_fields[] = {
	WIRE_U64(wire_notices, generation),
	WIRE_U64S(wire_notices, marks, 3 * WIRE_NOTICES_MAX),
	WIRE_ENTRIES(wire_notices, entries, WIRE_NOTICES_MAX),
};
WIRE_LAYOUT(wire_notices, wire_notices, WIRE_NOTICES, 0, notices_fields);

static const struct wire_field notify_arm_fields[] = {
	WIRE_U64S(wire_notify_arm, subscriptions, WIRE_ARMS_MAX),
};
WIRE_LAYOUT(wire_notify_arm, wire_notify_arm, WIRE_NOTIFY_ARM, 0, notify_arm_fields);

static const struct wire_field tray_open_fields[] = {
	WIRE_U64(wire_tray_open, size),
};
WIRE_LAYOUT(wire_tray_open, wire_tray_open, WIRE_TRAY_OPEN, 1, tray_open_fields);

static const struct wire_field interest_fields[] = {
	WIRE_U64(wire_interest, subscription),
	WIRE_U64(wire_interest, service),
	WIRE_U32(wire_interest, message_type),
	WIRE_U32(wire_interest, argument_size),
	WIRE_U64(wire_interest, argument),
	WIRE_BYTES(wire_interest, data, WIRE_INTEREST_ARGUMENT_MAX),
	WIRE_U32(wire_interest, state),
	WIRE_TEXT(wire_interest, class_name, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_interest, wire_interest, WIRE_INTEREST, 0, interest_fields);

static const struct wire_field dead_fields[] = {
	WIRE_U64S(wire_dead, ids, WIRE_ENTRIES_MAX),
};
WIRE_LAYOUT(wire_dead, wire_dead, WIRE_DEAD, 0, dead_fields);
