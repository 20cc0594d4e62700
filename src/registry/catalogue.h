// SPDX-License-Identifier: MIT
/*
 * The installed personalities, with the bundles that they come from. Knows
 * which ones may fit a class; starts nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "registry/audience.h"
#include "registry/bundle.h"
#include "registry/match.h"

struct registry_entry;

struct registry_personality {
	struct list link;		/* of the catalogue, in the order of addition */
	struct registry_bundle *bundle; /* NULL: not loaded, the personality is not used */
	unsigned refs;
	bool is_removed;  /* only jobs hold it */
	bool is_refused;  /* it is never used, whatever it fits */
	bool is_boot;	  /* it was there when the session began */
	bool lacks_class; /* as its host has said last */
	char *name;	  /* key in IOKitPersonalities */
	char *class_name, *provider_class, *category;
	char *server; /* IOUserServerName, or the bundle identifier */
	char *bundle_path;
	int32_t score;
	CFDictionaryRef dictionary;	   /* as the driver gets it */
	uint64_t hash;			   /* of it: most that are different differ in that, too */
	struct registry_personality *same; /* an older one with the same hash */
	struct registry_matching prepared; /* from the dictionary */
	struct registry_seat seat;	   /* if it may be used */
};

/* Of one bundle, and of what a program adds at once: each is compared with all that there are. */
enum { REGISTRY_PERSONALITIES_MAX = 4096 };

struct registry_catalogue {
	struct list bundles, personalities;
	struct map by_hash;		   /* -> the latest personality with that hash */
	struct registry_audience audience; /* the personalities that may be used */
	uint64_t last_number;
	size_t count, max;   /* of personalities */
	size_t max_servers;  /* of one bundle */
	uint64_t generation; /* from 1, grows when the set changes */
	bool is_running;     /* the session has begun */
};

/* A personality that fits a service, and what its family thinks of it. */
struct registry_matched {
	struct registry_personality *personality;
	int32_t score;
};

void registry_catalogue_init(struct registry_catalogue *catalogue);
/* Also drops personalities that somebody still refers to from its list. */
void registry_catalogue_fini(struct registry_catalogue *catalogue);

/* Add the bundle at PATH; a problem is logged once and kept with the bundle. A bundle that is there
 * already (same identifier or path) is kept unless it is broken. RET_ADDED (may be NULL): number of
 * new personalities; RET_BUNDLE (may be NULL): the bundle it is now. -ENOMEM. */
err_t registry_catalogue_add(struct registry_catalogue *catalogue, const char *path,
			     size_t *ret_added, struct registry_bundle **ret_bundle);
/* Every bundle in FOLDER. */
err_t registry_catalogue_add_folder(struct registry_catalogue *catalogue, const char *folder,
				    size_t *ret_added);
/* PATH without symbolic links. */
struct registry_bundle *registry_catalogue_find_path(const struct registry_catalogue *catalogue,
						     const char *path);
/* The one that is used, if there is one; else a broken one of that identifier. */
struct registry_bundle *registry_catalogue_find(const struct registry_catalogue *catalogue,
						const char *identifier);
/* Forget a bundle and its personalities; what runs keeps running. */
void registry_catalogue_remove(struct registry_catalogue *catalogue,
			       struct registry_bundle *bundle);

/* Those of ARRAY that are dictionaries and not there yet. They belong to the bundle that they name and
 * are used as soon as it is loaded. -ENOMEM. */
err_t registry_catalogue_add_array(struct registry_catalogue *catalogue, CFArrayRef array,
				   size_t *ret_added);
/* Those that have every pair of MATCHING. */
void registry_catalogue_remove_matching(struct registry_catalogue *catalogue,
					CFDictionaryRef matching);
/* Only those of ARRAY, or (NULL) those of the loaded bundles. -ENOMEM. */
err_t registry_catalogue_reset(struct registry_catalogue *catalogue, CFArrayRef array);

struct registry_personality *registry_personality_ref(struct registry_personality *personality);
void registry_personality_unref(struct registry_personality *personality);

/* Those that match SERVICE, highest score first, equal ones in order of addition. Each gets a
 * reference; the caller frees the array. -ENOMEM. */
err_t registry_catalogue_match(struct registry_catalogue *catalogue,
			       const struct registry_entry *service,
			       struct registry_matched **ret_items, size_t *ret_count);
