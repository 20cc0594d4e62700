// SPDX-License-Identifier: MIT
/*
 * The one table of limits: how much of what a peer may make the registry or a
 * driver host keep. Each resource is limited for one connection, for all
 * connections of one user together, and for the session as a whole, as far as
 * the columns say (0: not limited there). What the protocol itself demands
 * (wire/protocol.h) is no limit of this kind and cannot be set.
 *
 * Names: "grants" is the limit of one connection, "user-grants" that of one
 * user, "session-classes" that of the session. docs/man/portico.conf.5 tells
 * the same; scripts/check-limits compares.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LIMITS_K *1024ull
#define LIMITS_M LIMITS_K * 1024

/* clang-format off */
/* ID, name, unit, connection, user, session, what happens when there would be more */
#define LIMITS_OF_REGISTRY(X) \
	X(CONNECTIONS,    "connections",    "connections", 0, 4 LIMITS_K, 0, "a new one is closed") \
	X(GREETINGS,      "greetings",      "connections that have not greeted", 0, 64, 0, "the oldest is closed") \
	X(GREETING_TIME,  "greeting-time",  "milliseconds until the greeting", 5000, 0, 0, "the connection is closed") \
	X(CHECK_IN_TIME,  "check-in-time",  "milliseconds until a new host is ready", 30000, 0, 0, "the host is ended") \
	X(START_TIME,     "start-time",     "milliseconds for a driver's probe, and for its start", 60000, 0, 0, "its host is ended") \
	X(DESCRIPTORS,    "descriptors",    "descriptors", 0, 64 LIMITS_K, 0, "kIOReturnNoResources") \
	X(QUEUED,         "queued",         "messages that are not read", 4 LIMITS_K, 64 LIMITS_K, 0, "the connection is closed") \
	X(QUEUED_BYTES,   "queued-bytes",   "bytes of them", 8 LIMITS_M, 256 LIMITS_M, 0, "the connection is closed") \
	X(UNREAD_BYTES,   "unread-bytes",   "bytes of large answers that are sent and not read", 64 LIMITS_M, 256 LIMITS_M, 0, "kIOReturnNoResources") \
	X(REQUESTS,       "requests",       "requests that are answered later", 512, 4 LIMITS_K, 0, "kIOReturnNoResources") \
	X(GRANTS,         "grants",         "holds on entries", 4 LIMITS_M, 16 LIMITS_M, 0, "kIOReturnNoResources") \
	X(REMAINS,        "remains",        "bytes of ended entries that are held", 1024 LIMITS_M, 2048 LIMITS_M, 0, "the connection is closed") \
	X(AUTHORIZATIONS, "authorizations", "authorized services", 1 LIMITS_K, 16 LIMITS_K, 0, "kIOReturnNoResources") \
	X(INLETS,         "inlets",         "ports for notices", 1 LIMITS_K, 16 LIMITS_K, 0, "kIOReturnNoResources") \
	X(NOTIFICATIONS,  "notifications",  "notifications", 64 LIMITS_K, 256 LIMITS_K, 0, "kIOReturnNoResources") \
	X(NOTICES,        "notices",        "services that were not asked for yet", 1 LIMITS_M, 4 LIMITS_M, 0, "the service is left out") \
	X(ENTRIES,        "entries",        "published entries and their further links", 2 LIMITS_M, 4 LIMITS_M, 0, "kIOReturnNoResources") \
	X(PROPERTY_BYTES, "property-bytes", "bytes of properties and matching dictionaries", 1024 LIMITS_M, 2048 LIMITS_M, 64 LIMITS_M, "kIOReturnNoResources") \
	X(CLASSES,        "classes",        "class names", 4 LIMITS_K, 0, 16 LIMITS_K, "kIOReturnNoResources") \
	X(PLANES,         "planes",         "planes", 16, 0, 64, "kIOReturnNoResources") \
	X(SERVERS,        "servers",        "names of driver hosts", 0, 0, 4 LIMITS_K, "kIOReturnNoResources") \
	X(BUNDLE_SERVERS, "bundle-servers", "names of driver hosts in one bundle", 256, 0, 0, "the personality is left out") \
	X(ACCESSES,       "accesses",       "services of other hosts that drivers have open", 64 LIMITS_K, 256 LIMITS_K, 0, "the open is refused") \
	X(PERSONALITIES,  "personalities",  "personalities", 0, 0, 64 LIMITS_K, "the personality is left out") \
	X(LOG_LINES,      "log-lines",      "log lines a minute", 0, 60, 0, "the line is left out")

#define LIMITS_OF_HOSTS(X) \
	X(OPENS,          "opens",          "opened connections", 0, 4 LIMITS_K, 0, "kIOReturnNoResources") \
	X(THREADS,        "threads",        "calls at once", 64, 16 LIMITS_K, 0, "the call waits") \
	X(CALL_BYTES,     "call-bytes",     "bytes of structures of calls under way", 1024 LIMITS_M, 2048 LIMITS_M, 0, "kIOReturnNoResources") \
	X(UNREAD_ANSWERS, "unread-answers", "bytes of large answers of calls that are not read", 128 LIMITS_M, 2048 LIMITS_M, 0, "the answer waits, then the connection ends") \
	X(UNREAD_FILES,   "unread-files",   "descriptors in answers that are not read", 0, 2 LIMITS_K, 0, "the answer waits, then the connection ends") \
	X(PORTS,          "ports",          "ports for completions and wake-ups", 1 LIMITS_K, 16 LIMITS_K, 0, "kIOReturnNoResources") \
	X(ASYNC_CALLS,    "async-calls",    "asynchronous calls under way", 64 LIMITS_K, 1 LIMITS_M, 0, "kIOReturnNoResources") \
	X(COMPLETIONS,    "completions",    "completions that are not read", 128 LIMITS_K, 1 LIMITS_M, 0, "the completion is dropped") \
	X(MEMORIES,       "memories",       "mapped memories", 4 LIMITS_K, 64 LIMITS_K, 0, "the mapping is refused")
/* clang-format on */

enum limits_resource {
#define LIMITS_ID(id, ...) LIMITS_##id,
	LIMITS_OF_REGISTRY(LIMITS_ID) LIMITS_OF_HOSTS(LIMITS_ID)
#undef LIMITS_ID
		LIMITS_RESOURCES
};

enum { LIMITS_FIRST_OF_HOSTS = LIMITS_OPENS };

enum limits_scope { LIMITS_CONNECTION, LIMITS_USER, LIMITS_SESSION, LIMITS_SCOPES };

struct limits_row {
	const char *name, *unit, *consequence;
	uint64_t defaults[LIMITS_SCOPES]; /* 0: not limited there */
};

extern const struct limits_row limits_table[LIMITS_RESOURCES];

/* The values in force. */
struct limits {
	uint64_t of[LIMITS_RESOURCES][LIMITS_SCOPES];
};

enum {
	LIMITS_NAME_MAX = 48,
	LIMITS_WHY_MAX = 512,
	LIMITS_FILE_MAX = 64 * 1024,
};

void limits_init(struct limits *limits);
/* "user-grants": the name of RESOURCE in SCOPE; LIMITS_NAME_MAX bytes are room enough. */
void limits_name(enum limits_resource resource, enum limits_scope scope, char *name);
/* "NAME=N", N with K, M or G behind it or without. -EINVAL: then WHY (LIMITS_WHY_MAX bytes) says what
 * is wrong with it, and nothing has changed. */
err_t limits_set(struct limits *limits, const char *assignment, char *why);
/* Several of them, separated by blanks or commas. */
err_t limits_read_list(struct limits *limits, const char *list, char *why);
/* Those that differ from the defaults, as such a list; to be freed, NULL: no memory. */
char *limits_copy_list(const struct limits *limits);
/* Section [Limits] of the file at PATH. -ENOENT: there is none (WHY is ""). -EINVAL, and what open and
 * read may say: WHY names file, line and reason; what stood before that line is in force. */
err_t limits_read(struct limits *limits, const char *path, char *why);
/* A process that may have N of RESOURCE: no user may take more than three quarters of them. */
void limits_fit(struct limits *limits, enum limits_resource resource, uint64_t n);
