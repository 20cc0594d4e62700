// SPDX-License-Identifier: MIT
/*
 * Notifications. The client gives the registry one end of a socket pair for
 * each notification port (an inlet) and keeps the other; notices come over it.
 * A matching notification starts disarmed with its initial set; asking for
 * more and getting none arms it; one notice is sent when something arrives
 * while it is armed, which disarms it (spec 2.6).
 */
#pragma once

#include "wire/message.h"

/* WIRE_INLET_OPEN -> wire_empty. One descriptor. INLET is chosen by the sender and unique on the
 * connection. Used client -> registry and, on the data plane, client -> host. */
struct wire_inlet_open {
	uint32_t inlet;
	uint32_t inlet_class; /* enum wire_inlet_class */
};
/* WIRE_INLET_CLOSE, no reply needed */
struct wire_inlet_close {
	uint32_t inlet;
};

/* WIRE_NOTIFY_ADD -> wire_notify_reply. TYPE is a kIO...Notification string with MATCHING, or an
 * interest type with SERVICE. kIOReturnUnsupported: unknown type, inactive service. */
struct wire_notify_add {
	uint32_t inlet;
	uint64_t service; /* interest only, else 0 */
	const char *type;
	CFTypeRef matching; /* matching only, else NULL */
};
struct wire_notify_reply {
	uint64_t subscription;
	struct wire_entries entries; /* initial set, at most WIRE_PENDING_SERVICES_MAX */
};

/* WIRE_NOTIFY_NEXT -> wire_entries_reply: everything pending, latest first; empty: now armed */
struct wire_notify_next {
	uint64_t subscription;
	uint32_t keeps; /* 1: the client has some left; the notification is not armed */
};
/* WIRE_NOTIFY_REMOVE, no reply needed */
struct wire_notify_remove {
	uint64_t subscription;
};

/* WIRE_NOTICE (registry -> client, on an inlet): a matching notification has fired */
struct wire_notice {
	uint64_t subscription;
	uint32_t type; /* 100 published, 101 matched, 102 terminated: the OSNotification type */
};

/* WIRE_NOTICES (registry -> client, on an inlet): several have fired at once, and what is pending
 * comes along. MARKS are triples: subscription, type as in wire_notice, and how many of ENTRIES, in
 * this order, are its (latest first; 0: ask). GENERATION: of events (status page) when it was sent. */
struct wire_notices {
	uint64_t generation;
	struct wire_u64s marks;
	struct wire_entries entries;
};
/* WIRE_NOTIFY_ARM, no reply: notifications that got everything from a WIRE_NOTICES, and nothing is
 * known to be pending since. One for which there is something fires at once. */
struct wire_notify_arm {
	struct wire_u64s subscriptions;
};

/* WIRE_TRAY_OPEN with one descriptor -> wire_empty: sealed memory (tray.h) that the registry looks
 * into from the answer on. Another status: it does not. */
struct wire_tray_open {
	uint64_t size; /* WIRE_TRAY_SIZE */
};

/* WIRE_INTEREST (registry -> client, on an inlet). SERVICE is granted once. */
struct wire_interest {
	uint64_t subscription;
	uint64_t service;
	uint32_t message_type;
	uint32_t argument_size; /* as the sender gave it, at most WIRE_INTEREST_ARGUMENT_MAX */
	uint64_t argument;	/* the value when argument_size is 0 */
	struct wire_bytes data; /* argument_size bytes */
	uint32_t state;		/* of the service, enum wire_entry_state */
	const char *class_name; /* of the service */
};

/* WIRE_DEAD (registry -> client, on the events inlet): the ports of these entries are destroyed;
 * the client's names for them become dead. Grants stay to be released. */
struct wire_dead {
	struct wire_u64s ids;
};

extern const struct wire_layout wire_inlet_open_layout, wire_inlet_close_layout;
extern const struct wire_layout wire_notify_add_layout, wire_notify_reply_layout;
extern const struct wire_layout wire_notify_next_layout, wire_notify_remove_layout;
extern const struct wire_layout wire_notices_layout, wire_notify_arm_layout;
extern const struct wire_layout wire_tray_open_layout;
extern const struct wire_layout wire_notice_layout, wire_interest_layout, wire_dead_layout;
