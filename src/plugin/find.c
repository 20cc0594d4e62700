// SPDX-License-Identifier: MIT
#include "plugin/find.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <IOKit/IOCFPlugIn.h>
#include <IOKit/IOKitKeys.h>
#include <IOKit/IOKitLib.h>

#include "base/log.h"
#include "plugin/trust.h"

/* --- the name in the property ------------------------------------------------------- */

struct search {
	CFUUIDRef type;
	CFTypeRef found;
};

/* The keys are UUIDs as text, in whatever case. */
static void compare_key(const void *key, const void *value, void *context)
{
	struct search *s = context;
	CFUUIDRef uuid =
		CFGetTypeID(key) == CFStringGetTypeID() ? CFUUIDCreateFromString(NULL, key) : NULL;

	if (uuid && CFEqual(uuid, s->type))
		s->found = value;
	if (uuid)
		CFRelease(uuid);
}

static bool find_name(io_service_t service, CFUUIDRef type, char name[PATH_MAX])
{
	CFTypeRef types =
		IORegistryEntryCreateCFProperty(service, CFSTR(kIOCFPlugInTypesKey), NULL, 0);
	struct search s = { type, NULL };
	bool found = false;

	if (!types)
		return false;
	if (CFGetTypeID(types) == CFDictionaryGetTypeID())
		CFDictionaryApplyFunction(types, compare_key, &s);
	if (s.found && CFGetTypeID(s.found) == CFStringGetTypeID())
		found = CFStringGetCString(s.found, name, PATH_MAX, kCFStringEncodingUTF8) &&
			name[0];
	CFRelease(types);
	return found;
}

/* --- the folder --------------------------------------------------------------------------- */

/* Nothing that leads out of a folder of plug-ins. */
static bool is_plain(const char *name)
{
	for (const char *part = name; *part;) {
		size_t n = strcspn(part, "/");

		if (n == 0 || !strncmp(part, "..", n < 2 ? 2 : n))
			return false;
		part += n + (part[n] == '/');
	}
	return true;
}

/* FILE of the bundle at ROOT may be used, and no link inside the bundle leads out of its folder. */
static bool may_use(const char *root, const char *file)
{
	char resolved[PATH_MAX];
	size_t n = strlen(root), folder = (size_t)(strrchr(file, '/') - file);

	return !strncmp(file, root, n) && file[n] == '/' && plugin_trust_path(file, resolved) &&
	       !strncmp(resolved, file, folder + 1) && !strchr(resolved + folder + 1, '/');
}

static bool may_read_info(const char *root)
{
	static const char *const names[] = { "Contents/Info.plist", "Info.plist",
					     "Resources/Info.plist" };
	char file[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int n = snprintf(file, sizeof(file), "%s/%s", root, names[i]);

		if (n <= 0 || n >= PATH_MAX || (access(file, F_OK) == 0 && !may_use(root, file)))
			return false;
	}
	return true;
}

static bool may_run(const char *root, CFPlugInRef plugin)
{
	CFURLRef url = CFBundleCopyExecutableURL(CFPlugInGetBundle(plugin));
	char file[PATH_MAX];
	bool may = url &&
		   CFURLGetFileSystemRepresentation(url, TRUE, (UInt8 *)file, sizeof(file)) &&
		   may_use(root, file);

	if (url)
		CFRelease(url);
	return may;
}

static CFPlugInRef open_at(const char *path)
{
	CFPlugInRef plugin = NULL;
	char root[PATH_MAX];
	CFURLRef url;

	if (!plugin_trust_path(path, root) || !may_read_info(root))
		return NULL;
	url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)root,
						      (CFIndex)strlen(root), TRUE);
	if (url) {
		plugin = CFPlugInCreate(NULL, url);
		CFRelease(url);
	}
	if (plugin && !may_run(root, plugin)) {
		log_debug("plug-in %s: its executable is missing or may not be loaded", root);
		CFRelease(plugin);
		plugin = NULL;
	}
	return plugin;
}

/* NAME in FOLDER, whole or by its last component ("Family.kext/Contents/PlugIns/X.bundle"). */
static CFPlugInRef open_in(const char *folder, size_t length, const char *name)
{
	const char *last = strrchr(name, '/');
	CFPlugInRef plugin = NULL;
	char path[PATH_MAX];
	int n;

	if (!length || folder[0] != '/')
		return NULL;
	n = snprintf(path, sizeof(path), "%.*s/%s", (int)length, folder, name);
	if (n > 0 && n < PATH_MAX)
		plugin = open_at(path);
	if (plugin || !last)
		return plugin;
	n = snprintf(path, sizeof(path), "%.*s%s", (int)length, folder, last);
	return n > 0 && n < PATH_MAX ? open_at(path) : NULL;
}

static CFPlugInRef open_below(const char *root, const char *rest, const char *name)
{
	char folder[PATH_MAX];
	int n = root ? snprintf(folder, sizeof(folder), "%s/%s", root, rest) : 0;

	return n > 0 && n < PATH_MAX ? open_in(folder, (size_t)n, name) : NULL;
}

/* The folder of this library. */
static bool find_lib(char lib[PATH_MAX])
{
	Dl_info info;
	char *slash;

	if (!dladdr((void *)(uintptr_t)plugin_find, &info) || !info.dli_fname ||
	    !realpath(info.dli_fname, lib))
		return false;
	slash = strrchr(lib, '/');
	if (!slash || slash == lib)
		return false;
	*slash = 0;
	return true;
}

static CFPlugInRef search_folders(const char *name)
{
	/* Not from the environment of whoever started a program with privileges. */
	const char *list = secure_getenv("PORTICO_PLUGINS"), *data = secure_getenv("XDG_DATA_HOME");
	CFPlugInRef plugin = NULL;
	char lib[PATH_MAX];

	while (!plugin && list && *list) {
		size_t n = strcspn(list, ":");

		plugin = open_in(list, n, name);
		list += n + (list[n] == ':');
	}
	if (!plugin && find_lib(lib)) {
		plugin = open_below(lib, "../plugins", name);
		if (!plugin)
			plugin = open_below(lib, "portico/plugins", name);
		if (!plugin)
			plugin = open_below(lib, "../portico/plugins", name);
	}
	if (!plugin)
		plugin = data && *data == '/' ? open_below(data, "portico/plugins", name)
					      : open_below(secure_getenv("HOME"),
							   ".local/share/portico/plugins", name);
	return plugin;
}

/* --- does it suit? ---------------------------------------------------------------------------- */

static bool suits(CFPlugInRef plugin, io_service_t service)
{
	CFDictionaryRef info = CFBundleGetInfoDictionary(CFPlugInGetBundle(plugin));
	CFTypeRef personality = info ? CFDictionaryGetValue(info, CFSTR("Personality")) : NULL;
	boolean_t matches = FALSE;

	if (!personality)
		return true;
	return CFGetTypeID(personality) == CFDictionaryGetTypeID() &&
	       IOServiceMatchPropertyTable(service, personality, &matches) == kIOReturnSuccess &&
	       matches;
}

CFPlugInRef plugin_find(io_service_t service, CFUUIDRef type)
{
	CFPlugInRef plugin = NULL;
	char name[PATH_MAX];

	if (!find_name(service, type, name))
		return NULL;
	if (name[0] == '/')
		plugin = open_at(name);
	else if (is_plain(name))
		plugin = search_folders(name);
	if (plugin && !suits(plugin, service)) {
		CFRelease(plugin);
		plugin = NULL;
	}
	return plugin;
}
