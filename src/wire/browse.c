// SPDX-License-Identifier: MIT
#include "wire/browse.h"

#include "wire/layout.h"

static const struct wire_field entry_request_fields[] = {
	WIRE_U64(wire_entry_request, id),
};
WIRE_LAYOUT(wire_entry_request, wire_entry_request, WIRE_ENTRY, 0, entry_request_fields);

static const struct wire_field entry_reply_fields[] = {
	WIRE_U32(wire_entry_reply, state),
	WIRE_U32(wire_entry_reply, busy),
	WIRE_U64(wire_entry_reply, busy_ns),
	WIRE_U64(wire_entry_reply, holds),
	WIRE_TEXT(wire_entry_reply, class_name, WIRE_NAME_MAX),
	WIRE_TEXT(wire_entry_reply, name, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_entry_reply, wire_entry_reply, WIRE_ENTRY, 0, entry_reply_fields);

static const struct wire_field children_request_fields[] = {
	WIRE_U64(wire_children_request, id),
	WIRE_U64(wire_children_request, after),
	WIRE_U32(wire_children_request, options),
	WIRE_U32(wire_children_request, max),
	WIRE_TEXT(wire_children_request, plane, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_children_request, wire_children_request, WIRE_CHILDREN, 0,
	    children_request_fields);

static const struct wire_field children_reply_fields[] = {
	WIRE_U64(wire_children_reply, generation),
	WIRE_U64(wire_children_reply, list_generation),
	WIRE_U32(wire_children_reply, is_cut),
	WIRE_ENTRIES(wire_children_reply, entries, WIRE_CHILDREN_MAX),
};
WIRE_LAYOUT(wire_children_reply, wire_children_reply, WIRE_CHILDREN, 0, children_reply_fields);

static const struct wire_field properties_request_fields[] = {
	WIRE_U64(wire_properties_request, id),
};
WIRE_LAYOUT(wire_properties_request, wire_properties_request, WIRE_PROPERTIES, 0,
	    properties_request_fields);

static const struct wire_field property_request_fields[] = {
	WIRE_U64(wire_property_request, id),
	WIRE_U32(wire_property_request, options),
	WIRE_TEXT(wire_property_request, plane, WIRE_NAME_MAX),
	WIRE_TEXT(wire_property_request, key, WIRE_PATH_MAX),
};
WIRE_LAYOUT(wire_property_request, wire_property_request, WIRE_PROPERTY, 0,
	    property_request_fields);

static const struct wire_field set_properties_request_fields[] = {
	WIRE_U64(wire_set_properties_request, id),
	WIRE_OBJECT(wire_set_properties_request, value),
};
WIRE_LAYOUT(wire_set_properties_request, wire_set_properties_request, WIRE_SET_PROPERTIES, 0,
	    set_properties_request_fields);

static const struct wire_field path_request_fields[] = {
	WIRE_U64(wire_path_request, id),
	WIRE_TEXT(wire_path_request, plane, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_path_request, wire_path_request, WIRE_PATH, 0, path_request_fields);

static const struct wire_field find_path_request_fields[] = {
	WIRE_TEXT(wire_find_path_request, path, WIRE_PATH_MAX),
};
WIRE_LAYOUT(wire_find_path_request, wire_find_path_request, WIRE_FIND_PATH, 0,
	    find_path_request_fields);

static const struct wire_field name_request_fields[] = {
	WIRE_U64(wire_name_request, id),
	WIRE_U32(wire_name_request, what),
	WIRE_TEXT(wire_name_request, plane, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_name_request, wire_name_request, WIRE_NAME, 0, name_request_fields);

static const struct wire_field in_plane_request_fields[] = {
	WIRE_U64(wire_in_plane_request, id),
	WIRE_TEXT(wire_in_plane_request, plane, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_in_plane_request, wire_in_plane_request, WIRE_IN_PLANE, 0,
	    in_plane_request_fields);

static const struct wire_field class_request_fields[] = {
	WIRE_TEXT(wire_class_request, name, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_class_request, wire_class_request, WIRE_CLASS, 0, class_request_fields);

static const struct wire_field class_reply_fields[] = {
	WIRE_OBJECT(wire_class_reply, ancestry),
	WIRE_TEXT(wire_class_reply, bundle, WIRE_PATH_MAX),
};
WIRE_LAYOUT(wire_class_reply, wire_class_reply, WIRE_CLASS, 0, class_reply_fields);

static const struct wire_field release_fields[] = {
	WIRE_U64S(wire_release, pairs, 2 * WIRE_ENTRIES_MAX),
};
WIRE_LAYOUT(wire_release, wire_release, WIRE_RELEASE, 0, release_fields);
