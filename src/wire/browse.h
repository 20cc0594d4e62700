// SPDX-License-Identifier: MIT
/*
 * Reading the registry (client -> registry). Every wire_entry in a reply
 * *grants* the client one hold on that entry: the registry keeps the entry
 * (even when it has become inactive) until the client has given every grant
 * back with WIRE_RELEASE or has gone.
 */
#pragma once

#include "wire/message.h"

/* WIRE_ENTRY -> wire_entry_reply */
struct wire_entry_request {
	uint64_t id;
};
struct wire_entry_reply {
	uint32_t state;
	uint32_t busy;	  /* busy count */
	uint64_t busy_ns; /* accumulated busy time */
	uint64_t holds;	  /* kernel retain count as shown to clients */
	const char *class_name;
	const char *name;
};

enum { WIRE_CHILDREN_RECURSIVE = 1, WIRE_CHILDREN_PARENTS = 2 };
/* WIRE_CHILDREN -> wire_children_reply, pre-order. kIOReturnBadArgument: no such plane. Recursive
 * replies enter an entry once. At most MAX entries (and WIRE_CHILDREN_MAX) come; IS_CUT says that
 * there are more: each list on the way to the last entry is continued by a request of its own, with
 * AFTER, the last of its entries that came. AFTER 0: from the start. kIOReturnNotFound: AFTER is not
 * in the list any more. */
struct wire_children_request {
	uint64_t id;
	uint64_t after;
	uint32_t options;
	uint32_t max; /* 0: only what the list's generation is */
	const char *plane;
};
struct wire_children_reply {
	uint64_t generation;	  /* of the tree */
	uint64_t list_generation; /* of ID's list: grows with every change of it */
	uint32_t is_cut;
	struct wire_entries entries;
};

/* WIRE_PROPERTIES -> wire_value_reply (dictionary) */
struct wire_properties_request {
	uint64_t id;
};

/* WIRE_PROPERTY -> wire_value_reply; kIOReturnNotFound. OPTIONS and PLANE as
 * IORegistryEntrySearchCFProperty; options 0 asks the entry alone. */
struct wire_property_request {
	uint64_t id;
	uint32_t options;
	const char *plane;
	const char *key;
};

/* WIRE_SET_PROPERTIES -> wire_empty */
struct wire_set_properties_request {
	uint64_t id;
	CFTypeRef value;
};

/* WIRE_PATH -> wire_text_reply. kIOReturnBadArgument: no such plane or not in it. */
struct wire_path_request {
	uint64_t id;
	const char *plane;
};

/* WIRE_FIND_PATH -> wire_entries_reply with one entry; kIOReturnNotFound */
struct wire_find_path_request {
	const char *path;
};

enum wire_name_what { WIRE_NAME_NAME = 0, WIRE_NAME_LOCATION = 1 };
/* WIRE_NAME -> wire_text_reply. PLANE "" is the global name. kIOReturnNotFound: no location. */
struct wire_name_request {
	uint64_t id;
	uint32_t what;
	const char *plane;
};

/* WIRE_IN_PLANE -> wire_number_reply (0 or 1); an unknown plane asks "any" (spec E18) */
struct wire_in_plane_request {
	uint64_t id;
	const char *plane;
};

/* WIRE_CLASS -> wire_class_reply; kIOReturnNotFound: unknown class */
struct wire_class_request {
	const char *name;
};
struct wire_class_reply {
	CFTypeRef ancestry; /* CFArray of CFString: the class, its superclass, ... "OSObject" */
	const char *bundle; /* identifier of the bundle that supplies it; "" */
};

/* WIRE_RELEASE, no reply: pairs of entry ID and number of grants given back */
struct wire_release {
	struct wire_u64s pairs;
};

extern const struct wire_layout wire_entry_request_layout, wire_entry_reply_layout;
extern const struct wire_layout wire_children_request_layout, wire_children_reply_layout;
extern const struct wire_layout wire_properties_request_layout, wire_property_request_layout;
extern const struct wire_layout wire_set_properties_request_layout;
extern const struct wire_layout wire_path_request_layout, wire_find_path_request_layout;
extern const struct wire_layout wire_name_request_layout, wire_in_plane_request_layout;
extern const struct wire_layout wire_class_request_layout, wire_class_reply_layout;
extern const struct wire_layout wire_release_layout;
