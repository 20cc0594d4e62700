// SPDX-License-Identifier: MIT
/*
 * Bundles and plug-ins; shared by bundle*.c and plugin*.c.
 *
 * bundles_lock guards the list of bundles and what this header marks. It is
 * never held while code of a bundle runs or is loaded.
 */
#pragma once

#include <CoreFoundation/CFBundle.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFPlugIn.h>
#include <limits.h>
#include <pthread.h>

#include "base/err.h"
#include "base/list.h"
#include "cf/cf_internal.h"

enum {
	BUNDLE_PLIST_MAX = 4 << 20, /* bytes of an Info.plist or a table of strings */
	BUNDLE_FOLDER_MAX = 4096    /* files of a folder that are looked at */
};

struct __CFBundle {
	struct cf_object base;
	struct list link;      /* in all bundles */
	char *path;	       /* without a slash at its end; resolved */
	const char *contents;  /* "/Contents" or "" */
	const char *resources; /* relative to the bundle: "/Contents/Resources", "/Resources", "" */
	CFDictionaryRef info;
	bool is_main;
	/* guarded by bundles_lock */
	void *handle;	       /* of dlopen */
	CFDictionaryRef local; /* InfoPlist.strings, once read */
	bool local_is_read;
	/* plug-ins */
	bool is_plugin;
	bool needs_registration; /* dynamic, and not begun yet */
	pid_t registrar;	 /* the thread that is at it, 0: none */
	bool loads_on_demand;	 /* guarded by bundles_lock */
};

/* --- bundle.c --- */

void bundles_lock(void);
void bundles_unlock(void);
/* With the lock, which is given back meanwhile: until bundles_wake. */
void bundles_wait(void);
void bundles_wake(void);
bool bundle_is(CFBundleRef bundle);
/* The file system's path of a file URL. */
bool bundle_path_of_url(CFURLRef url, char path[PATH_MAX]);
/* SUFFIX is appended to the bundle's path. */
CFURLRef bundle_copy_url(CFBundleRef bundle, const char *suffix, bool is_folder);
/* The text of a string value; false when it is none or too long. */
bool bundle_text(CFTypeRef value, char *text, size_t size);
/* "YES", "true" or a true boolean? */
bool bundle_is_yes(CFTypeRef value);

/* --- bundle_info.c --- */

/* Where Info.plist and resources of the folder PATH are. */
void bundle_find_layout(const char *path, const char **ret_contents, const char **ret_resources);
/* Info.plist of the folder, empty when there is none. NULL without memory. */
CFDictionaryRef bundle_copy_info(const char *path);
/* A property list with a dictionary in it, NULL for anything else. */
CFDictionaryRef bundle_read_dictionary(const char *file);

/* --- bundle_locale.c --- */

/* Folders of localizations in RESOURCES ("de"), sorted; never NULL but without memory. */
CFArrayRef bundle_copy_localizations(const char *resources, CFDictionaryRef info);

/* --- plugin.c --- */

/* A bundle begins: register what Info.plist says. */
void plugin_begin(CFBundleRef bundle);
/* It ends: its factories go. */
void plugin_end(CFBundleRef bundle);
/* Its code has been loaded, is about to be unloaded. */
void plugin_loaded(CFBundleRef bundle);
void plugin_unload(CFBundleRef bundle);
