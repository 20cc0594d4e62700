// SPDX-License-Identifier: MIT
/* Files in a bundle's folder of resources, and the texts in its tables. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cf/bundle_internal.h"

/* A question for resources. */
struct wanted {
	char name[NAME_MAX + 1]; /* "": any */
	char type[NAME_MAX + 1]; /* without its dot; "": the name is whole */
	char sub[NAME_MAX + 1];	 /* "/sub" or "" */
};

/* A text argument that may be NULL; no way out of the folder. */
static bool read_text(CFStringRef string, char *text, size_t size)
{
	text[0] = 0;
	if (!string)
		return true;
	return bundle_text(string, text, size) && strcmp(text, "..") != 0 &&
	       strncmp(text, "../", 3) != 0 && !strstr(text, "/../");
}

static bool read_wanted(struct wanted *w, CFStringRef name, CFStringRef type, CFStringRef sub)
{
	char folder[NAME_MAX - 1];

	if (!read_text(name, w->name, sizeof(w->name)) ||
	    !read_text(type, w->type, sizeof(w->type)) || !read_text(sub, folder, sizeof(folder)))
		return false;
	if (w->type[0] == '.')
		memmove(w->type, w->type + 1, strlen(w->type));
	snprintf(w->sub, sizeof(w->sub), "%s%s", folder[0] ? "/" : "", folder);
	return true;
}

static CFURLRef url_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
						       (CFIndex)strlen(path), S_ISDIR(st.st_mode));
}

static bool has_type(const char *name, const char *type)
{
	const char *dot = strrchr(name, '.');

	return !type[0] || (dot && !strcmp(dot + 1, type));
}

/* All of the type in FOLDER, or the first one only. */
static void add_all(CFMutableArrayRef urls, const char *folder, const char *type, bool only_one)
{
	struct dirent **found;
	int n = scandir(folder, &found, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		int length = snprintf(path, sizeof(path), "%s/%s", folder, found[i]->d_name);
		bool wanted = i < BUNDLE_FOLDER_MAX && found[i]->d_name[0] != '.' && length > 0 &&
			      length < PATH_MAX && has_type(found[i]->d_name, type) &&
			      !(only_one && CFArrayGetCount(urls));
		CFURLRef url = wanted ? url_of(path) : NULL;

		if (url) {
			CFArrayAppendValue(urls, url);
			CFRelease(url);
		}
		free(found[i]);
	}
	if (n >= 0)
		free(found);
}

/* What there is in ROOT (with the subfolder), for one name or for all. */
static void look_in(CFMutableArrayRef urls, const char *root, const struct wanted *w, bool all)
{
	char path[PATH_MAX];
	CFURLRef url;
	int n;

	if (all || !w->name[0]) {
		n = snprintf(path, sizeof(path), "%s%s", root, w->sub);
		if (n > 0 && n < PATH_MAX)
			add_all(urls, path, w->type, !all);
		return;
	}
	n = snprintf(path, sizeof(path), "%s%s/%s%s%s", root, w->sub, w->name,
		     w->type[0] ? "." : "", w->type);
	url = n > 0 && n < PATH_MAX ? url_of(path) : NULL;
	if (url) {
		CFArrayAppendValue(urls, url);
		CFRelease(url);
	}
}

static void look_in_language(CFMutableArrayRef urls, const char *resources, CFTypeRef language,
			     const struct wanted *w, bool all)
{
	char path[PATH_MAX], name[64];
	int n;

	if (!bundle_text(language, name, sizeof(name)) || strchr(name, '/'))
		return;
	n = snprintf(path, sizeof(path), "%s/%s.lproj", resources, name);
	if (n > 0 && n < PATH_MAX)
		look_in(urls, path, w, all);
}

/* LANGUAGE NULL: outside of languages first, then in the user's; the first place that has any. */
static CFArrayRef copy_resources(const char *resources, CFDictionaryRef info, CFStringRef language,
				 const struct wanted *w, bool all)
{
	CFMutableArrayRef urls = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	if (!urls)
		return NULL;
	if (language)
		look_in_language(urls, resources, language, w, all);
	else
		look_in(urls, resources, w, all);
	if (language || (CFArrayGetCount(urls) && !all))
		return urls;
	scope_cf CFArrayRef here = bundle_copy_localizations(resources, info);
	scope_cf CFArrayRef languages =
		here ? CFBundleCopyPreferredLocalizationsFromArray(here) : NULL;
	for (CFIndex i = 0; languages && i < CFArrayGetCount(languages); i++) {
		CFIndex before = CFArrayGetCount(urls);

		look_in_language(urls, resources, CFArrayGetValueAtIndex(languages, i), w, all);
		if (CFArrayGetCount(urls) > before)
			break;
	}
	return urls;
}

static CFArrayRef copy_of_bundle(CFBundleRef bundle, CFStringRef language, CFStringRef name,
				 CFStringRef type, CFStringRef sub, bool all)
{
	char resources[PATH_MAX];
	struct wanted w;

	if (!bundle_is(bundle) || !read_wanted(&w, name, type, sub))
		return NULL;
	snprintf(resources, sizeof(resources), "%s%s", bundle->path, bundle->resources);
	return copy_resources(resources, bundle->info, language, &w, all);
}

static CFURLRef copy_first(CFArrayRef urls)
{
	scope_cf CFArrayRef all = urls;

	return all && CFArrayGetCount(all) ? CFRetain(CFArrayGetValueAtIndex(all, 0)) : NULL;
}

CFURLRef CFBundleCopyResourceURL(CFBundleRef bundle, CFStringRef resourceName,
				 CFStringRef resourceType, CFStringRef subDirName)
{
	return copy_first(
		copy_of_bundle(bundle, NULL, resourceName, resourceType, subDirName, false));
}

CFArrayRef CFBundleCopyResourceURLsOfType(CFBundleRef bundle, CFStringRef resourceType,
					  CFStringRef subDirName)
{
	return copy_of_bundle(bundle, NULL, NULL, resourceType, subDirName, true);
}

CFURLRef CFBundleCopyResourceURLForLocalization(CFBundleRef bundle, CFStringRef resourceName,
						CFStringRef resourceType, CFStringRef subDirName,
						CFStringRef localizationName)
{
	return copy_first(copy_of_bundle(bundle, localizationName, resourceName, resourceType,
					 subDirName, false));
}

CFArrayRef CFBundleCopyResourceURLsOfTypeForLocalization(CFBundleRef bundle,
							 CFStringRef resourceType,
							 CFStringRef subDirName,
							 CFStringRef localizationName)
{
	return copy_of_bundle(bundle, localizationName, NULL, resourceType, subDirName, true);
}

CFURLRef CFBundleCopyResourceURLInDirectory(CFURLRef bundleURL, CFStringRef resourceName,
					    CFStringRef resourceType, CFStringRef subDirName)
{
	scope_cf CFBundleRef bundle = CFBundleCreate(NULL, bundleURL);

	return CFBundleCopyResourceURL(bundle, resourceName, resourceType, subDirName);
}

CFArrayRef CFBundleCopyResourceURLsOfTypeInDirectory(CFURLRef bundleURL, CFStringRef resourceType,
						     CFStringRef subDirName)
{
	scope_cf CFBundleRef bundle = CFBundleCreate(NULL, bundleURL);

	return CFBundleCopyResourceURLsOfType(bundle, resourceType, subDirName);
}

/* --- texts ------------------------------------------------------------------------------- */

CFStringRef CFBundleCopyLocalizedString(CFBundleRef bundle, CFStringRef key, CFStringRef value,
					CFStringRef tableName)
{
	scope_cf CFURLRef url = CFBundleCopyResourceURL(
		bundle,
		tableName && CFStringGetLength(tableName) ? tableName : CFSTR("Localizable"),
		CFSTR("strings"), NULL);
	char file[PATH_MAX];
	scope_cf CFDictionaryRef table =
		url && bundle_path_of_url(url, file) ? bundle_read_dictionary(file) : NULL;
	CFTypeRef text = table && key ? CFDictionaryGetValue(table, key) : NULL;

	if (cf_is(text, CF_TYPE_STRING))
		return CFRetain(text);
	if (value && (CFStringGetLength(value) || !key))
		return CFRetain(value);
	return cf_keep(key);
}
