// SPDX-License-Identifier: MIT
/* One driver bundle on disk: Name.dext with Info.plist. Reads it; decides nothing. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"
#include "base/list.h"

enum { REGISTRY_PLIST_MAX = 4 * 1024 * 1024 };
/* The server of the machine's own provider: no bundle's. */
#define REGISTRY_BRIDGE_NAME "bridge"

struct registry_bundle {
	struct list link; /* of the catalogue */
	char *path;
	char *identifier, *version, *executable; /* "" when absent */
	char *problem;		       /* NULL: in order; else why it is not used, in words */
	CFDictionaryRef personalities; /* name -> dictionary; NULL when there is a problem */
	struct timespec changed[2];    /* the last changes of Info.plist and executable */
	CFDictionaryRef sandbox;       /* PorticoSandbox, checked; may be NULL */
	size_t n_servers;	       /* that its personalities name */
	bool has_too_many;	       /* which was said */
	bool is_unloadable;	       /* as its host has said last */
	bool asks_for_memory;	       /* PorticoClientMemory: of clients, by address */
	CFDictionaryRef entitlements;  /* PorticoEntitlements, what its drivers hold; may be NULL */
};

/* Read the bundle at PATH. A broken one is returned as well, with its problem. -ENOMEM. */
err_t registry_bundle_read(const char *path, struct registry_bundle **ret_bundle);
/* Have its files changed since it was read? */
bool registry_bundle_is_changed(const struct registry_bundle *bundle);
/* Leaves its list. NULL is accepted; returns NULL. */
struct registry_bundle *registry_bundle_free(struct registry_bundle *bundle);
/* FN sees the path of each bundle in FOLDER, sorted by name. -ENOENT and other errors of opendir. */
typedef void (*registry_bundle_fn)(void *context, const char *path);
err_t registry_bundle_scan(const char *folder, registry_bundle_fn fn, void *context);
