// SPDX-License-Identifier: MIT
#include "wire/publish.h"

#include "wire/layout.h"

static const struct wire_field publish_fields[] = {
	WIRE_U64(wire_publish, id),
	WIRE_U64(wire_publish, parent),
	WIRE_U32(wire_publish, flags),
	WIRE_TEXT(wire_publish, plane, WIRE_NAME_MAX),
	WIRE_TEXT(wire_publish, class_name, WIRE_NAME_MAX),
	WIRE_TEXT(wire_publish, name, WIRE_NAME_MAX),
	WIRE_TEXT(wire_publish, location, WIRE_NAME_MAX),
	WIRE_PACKED(wire_publish, properties),
	WIRE_U64(wire_publish, proof),
};
WIRE_LAYOUT(wire_publish, wire_publish, WIRE_PUBLISH, 0, publish_fields);

static const struct wire_field publish_reply_fields[] = {
	WIRE_U64(wire_publish_reply, id),
	WIRE_U64(wire_publish_reply, proof),
};
WIRE_LAYOUT(wire_publish_reply, wire_publish_reply, WIRE_PUBLISH, 0, publish_reply_fields);

static const struct wire_field entry_options_fields[] = {
	WIRE_U64(wire_entry_options, id),
	WIRE_U32(wire_entry_options, options),
};
WIRE_LAYOUT(wire_register, wire_entry_options, WIRE_REGISTER, 0, entry_options_fields);
WIRE_LAYOUT(wire_terminate, wire_entry_options, WIRE_TERMINATE, 0, entry_options_fields);
WIRE_LAYOUT(wire_stop, wire_entry_options, WIRE_STOP, 0, entry_options_fields);
WIRE_LAYOUT(wire_retire, wire_entry_options, WIRE_RETIRE, 0, entry_options_fields);

static const struct wire_field provider_probe_fields[] = {
	WIRE_U64(wire_provider_probe, id),
	WIRE_U32(wire_provider_probe, options),
	WIRE_U32(wire_provider_probe, pid),
};
WIRE_LAYOUT(wire_provider_probe, wire_provider_probe, WIRE_PROVIDER_PROBE, 0,
	    provider_probe_fields);

static const struct wire_field update_fields[] = {
	WIRE_U64(wire_update, id),
	WIRE_OBJECT(wire_update, set),
	WIRE_OBJECT(wire_update, remove),
	WIRE_OBJECT(wire_update, live),
};
WIRE_LAYOUT(wire_update, wire_update, WIRE_UPDATE, 0, update_fields);

static const struct wire_field rename_fields[] = {
	WIRE_U64(wire_rename, id),
	WIRE_TEXT(wire_rename, plane, WIRE_NAME_MAX),
	WIRE_TEXT(wire_rename, name, WIRE_NAME_MAX),
	WIRE_TEXT(wire_rename, location, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_rename, wire_rename, WIRE_RENAME, 0, rename_fields);

static const struct wire_field attach_fields[] = {
	WIRE_U64(wire_attach, id),
	WIRE_U64(wire_attach, parent),
	WIRE_U32(wire_attach, detach),
	WIRE_TEXT(wire_attach, plane, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_attach, wire_attach, WIRE_ATTACH, 0, attach_fields);

static const struct wire_field message_fields[] = {
	WIRE_U64(wire_message, id),
	WIRE_U64(wire_message, provider),
	WIRE_U32(wire_message, message_type),
	WIRE_U32(wire_message, argument_size),
	WIRE_U64(wire_message, argument),
	WIRE_BYTES(wire_message, data, WIRE_INTEREST_ARGUMENT_MAX),
	WIRE_U64(wire_message, except),
};
WIRE_LAYOUT(wire_message, wire_message, WIRE_MESSAGE, 0, message_fields);
WIRE_LAYOUT(wire_provider_message, wire_message, WIRE_PROVIDER_MESSAGE, 0, message_fields);
WIRE_LAYOUT(wire_message_client, wire_message, WIRE_MESSAGE_CLIENT, 0, message_fields);

static const struct wire_field access_fields[] = {
	WIRE_U64(wire_access, client),
	WIRE_U64(wire_access, provider),
	WIRE_U32(wire_access, what),
	WIRE_U32(wire_access, options),
};
WIRE_LAYOUT(wire_access, wire_access, WIRE_ACCESS, 0, access_fields);
WIRE_LAYOUT(wire_let_go, wire_access, WIRE_LET_GO, 0, access_fields);

static const struct wire_field provider_access_fields[] = {
	WIRE_U64(wire_provider_access, client),
	WIRE_U64(wire_provider_access, provider),
	WIRE_U32(wire_provider_access, what),
	WIRE_U32(wire_provider_access, options),
	WIRE_TEXT(wire_provider_access, client_class, WIRE_NAME_MAX),
	WIRE_TEXT(wire_provider_access, client_name, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_provider_access, wire_provider_access, WIRE_PROVIDER_ACCESS, 0,
	    provider_access_fields);

static const struct wire_field interested_fields[] = {
	WIRE_U64(wire_interested, id),
};
WIRE_LAYOUT(wire_interested, wire_interested, WIRE_INTERESTED, 0, interested_fields);

static const struct wire_field confined_fields[] = {
	WIRE_U32(wire_confined, tier),
	WIRE_TEXT(wire_confined, missing, WIRE_PATH_MAX),
	WIRE_OBJECT(wire_confined, bundles),
};
WIRE_LAYOUT(wire_confined, wire_confined, WIRE_CONFINED, 0, confined_fields);

static const struct wire_field opened_fields[] = {
	WIRE_U64(wire_opened, user_client),
	WIRE_U64(wire_opened, service),
	WIRE_U32(wire_opened, pid),
	WIRE_U32(wire_opened, uid),
	WIRE_TEXT(wire_opened, process, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_opened, wire_opened, WIRE_OPENED, 0, opened_fields);

static const struct wire_field inactive_fields[] = {
	WIRE_U64S(wire_inactive, ids, WIRE_ENTRIES_MAX),
};
WIRE_LAYOUT(wire_inactive, wire_inactive, WIRE_INACTIVE, 0, inactive_fields);

static const struct wire_field phase_fields[] = {
	WIRE_U64(wire_phase, id),
	WIRE_U64(wire_phase, provider),
	WIRE_U32(wire_phase, options),
	WIRE_U32(wire_phase, leaves),
};
WIRE_LAYOUT(wire_will_terminate, wire_phase, WIRE_WILL_TERMINATE, 0, phase_fields);
WIRE_LAYOUT(wire_did_terminate, wire_phase, WIRE_DID_TERMINATE, 0, phase_fields);

static const struct wire_field adjust_busy_fields[] = {
	WIRE_U64(wire_adjust_busy, id),
	WIRE_U32(wire_adjust_busy, delta),
};
WIRE_LAYOUT(wire_adjust_busy, wire_adjust_busy, WIRE_ADJUST_BUSY, 0, adjust_busy_fields);

static const struct wire_field declare_classes_fields[] = {
	WIRE_OBJECT(wire_declare_classes, classes),
	WIRE_OBJECT(wire_declare_classes, hooked),
};
WIRE_LAYOUT(wire_declare_classes, wire_declare_classes, WIRE_DECLARE_CLASSES, 0,
	    declare_classes_fields);

static const struct wire_field publish_resource_fields[] = {
	WIRE_TEXT(wire_publish_resource, key, WIRE_PATH_MAX),
	WIRE_OBJECT(wire_publish_resource, value),
};
WIRE_LAYOUT(wire_publish_resource, wire_publish_resource, WIRE_PUBLISH_RESOURCE, 0,
	    publish_resource_fields);

static const struct wire_field probe_fields[] = {
	WIRE_U64(wire_probe, candidate),
	WIRE_U64(wire_probe, provider),
	WIRE_TEXT(wire_probe, provider_class, WIRE_NAME_MAX),
	WIRE_TEXT(wire_probe, provider_name, WIRE_NAME_MAX),
	WIRE_TEXT(wire_probe, bundle, WIRE_PATH_MAX),
	WIRE_OBJECT(wire_probe, provider_properties),
	WIRE_OBJECT(wire_probe, personality),
};
WIRE_LAYOUT(wire_probe, wire_probe, WIRE_PROBE, 0, probe_fields);

static const struct wire_field probe_reply_fields[] = {
	WIRE_U32(wire_probe_reply, score),
	WIRE_TEXT(wire_probe_reply, class_name, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_probe_reply, wire_probe_reply, WIRE_PROBE, 0, probe_reply_fields);

static const struct wire_field start_fields[] = {
	WIRE_U64(wire_start, candidate),
	WIRE_U64(wire_start, id),
	WIRE_U64(wire_start, proof),
};
WIRE_LAYOUT(wire_start, wire_start, WIRE_START, 0, start_fields);

static const struct wire_field drop_fields[] = {
	WIRE_U64(wire_drop, candidate),
};
WIRE_LAYOUT(wire_drop, wire_drop, WIRE_DROP, 0, drop_fields);

static const struct wire_field read_property_fields[] = {
	WIRE_U64(wire_read_property, id),
	WIRE_TEXT(wire_read_property, key, WIRE_PATH_MAX),
	WIRE_U32(wire_read_property, pid),
};
WIRE_LAYOUT(wire_read_property, wire_read_property, WIRE_READ_PROPERTY, 0, read_property_fields);

static const struct wire_field write_properties_fields[] = {
	WIRE_U64(wire_write_properties, id),  WIRE_U32(wire_write_properties, flags),
	WIRE_U32(wire_write_properties, pid), WIRE_U32(wire_write_properties, uid),
	WIRE_U32(wire_write_properties, gid), WIRE_OBJECT(wire_write_properties, value),
};
WIRE_LAYOUT(wire_write_properties, wire_write_properties, WIRE_WRITE_PROPERTIES, 0,
	    write_properties_fields);

WIRE_LAYOUT_EMPTY(wire_shutdown, WIRE_SHUTDOWN);

static const struct wire_field match_table_fields[] = {
	WIRE_U64(wire_match_table, id),
	WIRE_U32(wire_match_table, score),
	WIRE_OBJECT(wire_match_table, table),
};
WIRE_LAYOUT(wire_match_table, wire_match_table, WIRE_MATCH_TABLE, 0, match_table_fields);

static const struct wire_field match_table_reply_fields[] = {
	WIRE_U32(wire_match_table_reply, matches),
	WIRE_U32(wire_match_table_reply, score),
};
WIRE_LAYOUT(wire_match_table_reply, wire_match_table_reply, WIRE_MATCH_TABLE, 0,
	    match_table_reply_fields);

WIRE_LAYOUT_EMPTY(wire_accounts, WIRE_ACCOUNTS);
WIRE_LAYOUT_EMPTY(wire_returned, WIRE_RETURNED);

static const struct wire_field limits_fields[] = {
	WIRE_TEXT(wire_limits, limits, WIRE_PATH_MAX),
};
WIRE_LAYOUT(wire_limits, wire_limits, WIRE_LIMITS, 0, limits_fields);

static const struct wire_field load_fields[] = {
	WIRE_TEXT(wire_load, text, WIRE_PATH_MAX),
};
WIRE_LAYOUT(wire_load, wire_load, WIRE_LOAD, 0, load_fields);
WIRE_LAYOUT(wire_unload, wire_load, WIRE_UNLOAD, 0, load_fields);

WIRE_LAYOUT_EMPTY(wire_status, WIRE_STATUS);
WIRE_LAYOUT_EMPTY(wire_stop_session, WIRE_STOP_SESSION);
WIRE_LAYOUT_EMPTY(wire_restart_session, WIRE_RESTART_SESSION);
WIRE_LAYOUT_EMPTY(wire_heartbeat, WIRE_HEARTBEAT);

static const struct wire_field catalogue_fields[] = {
	WIRE_U32(wire_catalogue, call),	     WIRE_U32(wire_catalogue, flag),
	WIRE_U32(wire_catalogue, malformed), WIRE_TEXT(wire_catalogue, name, WIRE_NAME_MAX),
	WIRE_OBJECT(wire_catalogue, value),
};
WIRE_LAYOUT(wire_catalogue, wire_catalogue, WIRE_CATALOGUE, 0, catalogue_fields);
