// SPDX-License-Identifier: MIT
/*
 * The provider face. A provider (driver host, bridge, fixture) publishes
 * entries and the registry asks it to probe, start, open and stop. Drivers are
 * named by the provider's own token until they are started, by entry ID after.
 */
#pragma once

#include "wire/message.h"

/* --- provider -> registry --------------------------------------------- */

enum { WIRE_PUBLISH_REGISTER = 1, WIRE_PUBLISH_USER_CLIENT = 2 };

/* WIRE_PUBLISH -> wire_publish_reply. PARENT 0 is the machine node "IOService:/".
 * ID 0 asks for a new one; a known one, with its proof, re-publishes after a registry restart. PLANE "" is
 * IOService. NAME "" is the class name. */
struct wire_publish {
	uint64_t id;
	uint64_t parent;
	uint32_t flags; /* WIRE_PUBLISH_* */
	const char *plane;
	const char *class_name;
	const char *name;
	const char *location;
	struct wire_bytes properties; /* an encoded dictionary, or empty */
	uint64_t proof;		      /* that ID is the sender's; 0 for a new one */
};

struct wire_publish_reply {
	uint64_t id;
	uint64_t proof; /* to be shown when it is published again, and to nobody else */
};

/* WIRE_REGISTER (id, options), WIRE_TERMINATE (id, options) -> wire_empty */
struct wire_entry_options {
	uint64_t id;
	uint32_t options;
};

/* WIRE_UPDATE -> wire_empty. SET: dictionary of properties to set or NULL; REMOVE: array of keys
 * or NULL; LIVE: array of keys that are to be asked for at each read (WIRE_READ_PROPERTY) or NULL.
 * ID 0 is the machine node (only the bridge). */
struct wire_update {
	uint64_t id;
	CFTypeRef set, remove, live;
};

/* WIRE_RENAME -> wire_empty. PLANE "": global. LOCATION "": none. */
struct wire_rename {
	uint64_t id;
	const char *plane;
	const char *name;
	const char *location;
};

/* WIRE_ATTACH -> wire_empty */
struct wire_attach {
	uint64_t id;
	uint64_t parent;
	uint32_t detach; /* 1: detach instead */
	const char *plane;
};

/* WIRE_MESSAGE (provider -> registry: messageClients) and WIRE_PROVIDER_MESSAGE (registry ->
 * provider: message() of the driver ID; PROVIDER is the sender) -> wire_empty */
struct wire_message {
	uint64_t id;
	uint64_t provider;
	uint32_t message_type;
	uint32_t argument_size; /* 0: the value in ARGUMENT */
	uint64_t argument;
	struct wire_bytes data; /* argument_size bytes, at most WIRE_INTEREST_ARGUMENT_MAX */
	uint64_t except;	/* WIRE_MESSAGE: this client is not told; else 0 */
};

/* WIRE_ADJUST_BUSY -> wire_empty */
struct wire_adjust_busy {
	uint64_t id;
	int32_t delta;
};

/* WIRE_DECLARE_CLASSES -> wire_empty: dictionary class name -> superclass name; and the names of those
 * among them (array or NULL) whose owners are to be asked by WIRE_MATCH_TABLE */
struct wire_declare_classes {
	CFTypeRef classes, hooked;
};

/* WIRE_PUBLISH_RESOURCE -> wire_empty */
struct wire_publish_resource {
	const char *key;
	CFTypeRef value;
};

/* WIRE_RETIRE (struct wire_entry_options) -> wire_empty. As WIRE_TERMINATE, but the owner takes part
 * as every other host does: it hears WIRE_WILL_TERMINATE and WIRE_STOP of its own. With
 * kIOServiceSynchronous the answer comes when all is over, or kIOReturnTimeout after 15 s. */

/* WIRE_LET_GO (struct wire_access), no reply: CLIENT no longer needs PROVIDER, which
 * WIRE_DID_TERMINATE has found it using. */

enum {
	WIRE_ACCESS_OPEN = 1,
	WIRE_ACCESS_CLOSE = 2,
	WIRE_ACCESS_IS_OPEN = 3,
	WIRE_ACCESS_HELD = 4, /* after a restart: PROVIDER, the sender's, is open by CLIENT */
};

/* WIRE_ACCESS (provider -> registry) -> wire_number_reply. Exclusive access of CLIENT, which is the
 * sender's, to PROVIDER, which need not be: 1 or 0. IS_OPEN with CLIENT 0: by anybody. */
struct wire_access {
	uint64_t client;
	uint64_t provider;
	uint32_t what; /* WIRE_ACCESS_* */
	uint32_t options;
};

/* WIRE_MESSAGE_CLIENT (struct wire_message) -> wire_empty. message() of driver ID alone, from its
 * provider PROVIDER; the status is the driver's. */

/* WIRE_INTERESTED -> wire_number_reply: pid of the program whose general interest in the service is
 * the latest; 0: nobody has any */
struct wire_interested {
	uint64_t id;
};

/* WIRE_ACCOUNTS (wire_empty), no reply: the sender charges what clients make it keep and answers
 * WIRE_LIMITS, which follows */

/* WIRE_CONFINED: what a driver host has given up, said right after its greeting. Nothing is probed in
 * a host that the registry has started before it has said so. */
struct wire_confined {
	uint32_t tier;	     /* of the sandbox, 0 to 3 */
	const char *missing; /* what its system lacks of the tier that was wanted, in words */
	CFTypeRef bundles;   /* array of paths: those that it can read */
};

/* WIRE_OPENED, no reply: who opened USER_CLIENT, which the sender has published again after a registry
 * restart. */
struct wire_opened {
	uint64_t user_client, service;
	uint32_t pid, uid;
	const char *process; /* what the program calls itself */
};

/* WIRE_RETURNED (wire_empty), no reply: after a registry restart, what the sender has is all published and registered
 * again. */

/* --- registry -> provider --------------------------------------------- */

/* WIRE_PROBE -> wire_probe_reply. Instantiate PERSONALITY's IOClass, init, probe. The status of the
 * reply is kIOReturnSuccess when the driver accepts. */
struct wire_probe {
	uint64_t candidate; /* chosen by the registry; names the instance in START and DROP */
	uint64_t provider;  /* entry ID of the service being matched */
	const char *provider_class;
	const char *provider_name;
	const char *bundle;	       /* path of the bundle */
	CFTypeRef provider_properties; /* dictionary */
	CFTypeRef personality;	       /* dictionary */
};
struct wire_probe_reply {
	int32_t score;
	const char *class_name; /* of the object that probe returned */
};

/* WIRE_START -> wire_empty; non-zero status: start() refused. The registry attaches ID below the
 * provider before it asks. */
struct wire_start {
	uint64_t candidate;
	uint64_t id;
	uint64_t proof; /* as of an entry that the host has published itself */
};
/* WIRE_DROP, no reply: release an unstarted candidate */
struct wire_drop {
	uint64_t candidate;
};
/* WIRE_STOP -> wire_empty when the object is stopped and freed: willTerminate, didTerminate, stop */
/* (struct wire_entry_options) */

/* WIRE_READ_PROPERTY -> wire_value_reply: a live property */
struct wire_read_property {
	uint64_t id;
	const char *key;
	uint32_t pid; /* of the program that reads it; 0: the registry itself */
};
/* WIRE_WRITE_PROPERTIES -> wire_empty: setProperties from a client */
struct wire_write_properties {
	uint64_t id;
	uint32_t flags; /* WIRE_OPEN_* of the subject */
	uint32_t pid, uid, gid;
	CFTypeRef value;
};
/* WIRE_SHUTDOWN (wire_empty), no reply: the session ends */

/* WIRE_INACTIVE, no reply: these entries of the provider's are being terminated */
struct wire_inactive {
	struct wire_u64s ids;
};
/* WIRE_WILL_TERMINATE -> wire_empty, WIRE_DID_TERMINATE -> wire_number_reply: what the driver ID is
 * told of its provider PROVIDER. Number 1: it does not need the provider any more; 0: WIRE_LET_GO
 * follows. LEAVES 1: the driver stays, it has other providers, and is detached from this one. */
struct wire_phase {
	uint64_t id;
	uint64_t provider;
	uint32_t options;
	uint32_t leaves;
};
/* WIRE_PROVIDER_ACCESS -> wire_number_reply: WIRE_ACCESS of an object in another provider, with what
 * it is called */
struct wire_provider_access {
	uint64_t client;
	uint64_t provider;
	uint32_t what;
	uint32_t options;
	const char *client_class;
	const char *client_name;
};
/* WIRE_PROVIDER_PROBE -> wire_empty: requestProbe; the status is the driver's */
struct wire_provider_probe {
	uint64_t id;
	uint32_t options;
	uint32_t pid; /* of the client */
};

/* WIRE_HEARTBEAT (wire_empty) -> wire_empty: the provider's link is alive */

/* WIRE_MATCH_TABLE -> wire_match_table_reply: matchPropertyTable of service ID about the personality
 * TABLE, whose score is SCORE so far */
struct wire_match_table {
	uint64_t id;
	int32_t score;
	CFTypeRef table; /* dictionary */
};
struct wire_match_table_reply {
	uint32_t matches; /* 0 or 1 */
	int32_t score;
};

/* WIRE_LIMITS -> wire_value_reply: how much may be kept from now on, and how much is used. LIMITS is "NAME=N
 * NAME=N...": those that are not the defaults. The value is an array of dictionaries, one for each user
 * (registry/usage.h). */
struct wire_limits {
	const char *limits;
};

/* --- session control (portico tool -> registry, client face) ----------- */

/* WIRE_LOAD (path of a bundle or a folder of bundles), WIRE_UNLOAD (bundle identifier) ->
 * wire_text_reply: on success what was (un)loaded, else the reason in words */
struct wire_load {
	const char *text;
};
/* WIRE_STATUS (wire_empty) -> wire_value_reply; WIRE_STOP_SESSION (wire_empty) -> wire_empty;
 * WIRE_RESTART_SESSION (wire_empty) -> wire_empty: the registry ends alone, to be started again */

enum wire_catalogue_call {
	WIRE_CATALOGUE_SEND = 0,      /* FLAG and VALUE; MALFORMED: the data was none */
	WIRE_CATALOGUE_TERMINATE = 1, /* FLAG and NAME */
	WIRE_CATALOGUE_LOADED = 2,    /* NAME */
	WIRE_CATALOGUE_RESET = 3,
	WIRE_CATALOGUE_COUNT = 4,
};
/* WIRE_CATALOGUE -> wire_number_reply: the generation count. The IOCatalogue calls of IOKitLib. */
struct wire_catalogue {
	uint32_t call;
	uint32_t flag; /* kIOCatalog* */
	uint32_t malformed;
	const char *name;
	CFTypeRef value;
};

extern const struct wire_layout wire_catalogue_layout;
extern const struct wire_layout wire_publish_layout, wire_register_layout, wire_terminate_layout;
extern const struct wire_layout wire_update_layout, wire_rename_layout, wire_attach_layout;
extern const struct wire_layout wire_message_layout, wire_provider_message_layout;
extern const struct wire_layout wire_adjust_busy_layout, wire_declare_classes_layout;
extern const struct wire_layout wire_publish_resource_layout;
extern const struct wire_layout wire_probe_layout, wire_probe_reply_layout, wire_start_layout;
extern const struct wire_layout wire_drop_layout, wire_stop_layout, wire_read_property_layout;
extern const struct wire_layout wire_write_properties_layout, wire_shutdown_layout;
extern const struct wire_layout wire_match_table_layout, wire_match_table_reply_layout;
extern const struct wire_layout wire_load_layout, wire_unload_layout, wire_status_layout;
extern const struct wire_layout wire_stop_session_layout, wire_restart_session_layout;
extern const struct wire_layout wire_heartbeat_layout;
extern const struct wire_layout wire_retire_layout, wire_let_go_layout, wire_access_layout;
extern const struct wire_layout wire_message_client_layout, wire_interested_layout;
extern const struct wire_layout wire_accounts_layout, wire_limits_layout, wire_confined_layout;
extern const struct wire_layout wire_opened_layout, wire_returned_layout, wire_publish_reply_layout;
extern const struct wire_layout wire_inactive_layout;
extern const struct wire_layout wire_will_terminate_layout, wire_did_terminate_layout;
extern const struct wire_layout wire_provider_access_layout, wire_provider_probe_layout;
