// SPDX-License-Identifier: MIT
/*
 * What bundles there are. The list holds no references; a bundle that is about
 * to go is recognised by its count.
 */
#include <errno.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "cf/bundle_internal.h"
#include "cf/string_internal.h"

CF_CONSTANT_STRING(kCFBundleInfoDictionaryVersionKey, "CFBundleInfoDictionaryVersion");
CF_CONSTANT_STRING(kCFBundleExecutableKey, "CFBundleExecutable");
CF_CONSTANT_STRING(kCFBundleIdentifierKey, "CFBundleIdentifier");
CF_CONSTANT_STRING(kCFBundleVersionKey, "CFBundleVersion");
CF_CONSTANT_STRING(kCFBundleDevelopmentRegionKey, "CFBundleDevelopmentRegion");
CF_CONSTANT_STRING(kCFBundleNameKey, "CFBundleName");
CF_CONSTANT_STRING(kCFBundleLocalizationsKey, "CFBundleLocalizations");

/* Held while a bundle begins and taken before all_lock: nobody finds one whose factories are not yet there. */
static pthread_mutex_t begin_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static struct list all = LIST_INIT(all);
static CFTypeID bundle_type;
static CFBundleRef main_bundle;
static CFArrayRef last_listing; /* of CFBundleGetAllBundles */

void bundles_lock(void)
{
	pthread_mutex_lock(&all_lock);
}

void bundles_unlock(void)
{
	pthread_mutex_unlock(&all_lock);
}

void bundles_wait(void)
{
	pthread_cond_wait(&woken, &all_lock);
}

void bundles_wake(void)
{
	pthread_cond_broadcast(&woken);
}

/* --- the type --------------------------------------------------------------------- */

static void bundle_fini(void *object)
{
	CFBundleRef b = object;

	bundles_lock();
	list_remove(&b->link);
	bundles_unlock();
	if (b->is_plugin)
		plugin_end(b);
	cf_drop(b->info);
	cf_drop(b->local);
	free(b->path);
}

static CFStringRef bundle_copy_description(const void *object)
{
	const struct __CFBundle *b = object;

	return CFStringCreateWithFormat(NULL, NULL, CFSTR("CFBundle %p <%s> (%s)"), b, b->path,
					b->handle || b->is_main ? "loaded" : "not loaded");
}

static const struct cf_class bundle_class = {
	.name = "CFBundle",
	.fini = bundle_fini,
	.copy_description = bundle_copy_description,
};

static void before_fork(void)
{
	pthread_mutex_lock(&begin_lock);
	bundles_lock();
}

static void after_fork(void)
{
	bundles_unlock();
	pthread_mutex_unlock(&begin_lock);
}

/* The threads that registered plug-ins are not here. */
static void in_child(void)
{
	for (struct list *l = all.next; l != &all; l = l->next)
		container_of(l, struct __CFBundle, link)->registrar = 0;
	woken = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	after_fork();
}

static void bundle_register(void)
{
	bundle_type = cf_class_register(&bundle_class);
	pthread_atfork(before_fork, after_fork, in_child);
}

CFTypeID CFBundleGetTypeID(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, bundle_register);
	return bundle_type;
}

bool bundle_is(CFBundleRef bundle)
{
	return bundle && cf_type_of(bundle) == CFBundleGetTypeID();
}

/* --- paths and texts ----------------------------------------------------------------- */

bool bundle_path_of_url(CFURLRef url, char path[PATH_MAX])
{
	return cf_is(url, CF_TYPE_URL) &&
	       CFURLGetFileSystemRepresentation(url, TRUE, (UInt8 *)path, PATH_MAX);
}

CFURLRef bundle_copy_url(CFBundleRef bundle, const char *suffix, bool is_folder)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s", bundle->path, suffix);

	if (n <= 0 || n >= PATH_MAX)
		return NULL;
	return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, n, is_folder);
}

bool bundle_text(CFTypeRef value, char *text, size_t size)
{
	return cf_is(value, CF_TYPE_STRING) &&
	       CFStringGetCString(value, text, (CFIndex)size, kCFStringEncodingUTF8);
}

bool bundle_is_yes(CFTypeRef value)
{
	if (cf_is(value, CF_TYPE_BOOLEAN))
		return CFBooleanGetValue(value);
	return cf_is(value, CF_TYPE_STRING) &&
	       (CFStringCompare(value, CFSTR("YES"), kCFCompareCaseInsensitive) == 0 ||
		CFStringCompare(value, CFSTR("true"), kCFCompareCaseInsensitive) == 0);
}

/* --- making and finding ------------------------------------------------------------------ */

/* One that is there and stays, with one reference more. */
static CFBundleRef find_locked(const char *path)
{
	for (struct list *l = all.next; l != &all; l = l->next) {
		CFBundleRef b = container_of(l, struct __CFBundle, link);

		if (!strcmp(b->path, path) && cf_object_try_retain(b))
			return b;
	}
	return NULL;
}

static CFBundleRef bundle_new(CFAllocatorRef allocator, const char *path)
{
	CFBundleRef b = cf_object_new_in(allocator, CFBundleGetTypeID(), sizeof(*b));

	if (!b)
		return NULL;
	list_init(&b->link);
	b->path = strdup(path);
	b->info = b->path ? bundle_copy_info(path) : NULL;
	if (!b->info) {
		CFRelease(b);
		return NULL;
	}
	bundle_find_layout(path, &b->contents, &b->resources);
	return b;
}

/* With begin_lock. */
static void begin(CFBundleRef b)
{
	bundles_lock();
	list_add_before(&all, &b->link);
	bundles_unlock();
	plugin_begin(b);
}

/* The bundle at PATH that is there; else NEW (NULL: none) is it from now on. */
static CFBundleRef find_or_begin(const char *path, CFBundleRef new)
{
	CFBundleRef b;

	scope_lock(&begin_lock);
	bundles_lock();
	b = find_locked(path);
	bundles_unlock();
	if (!b && new)
		begin(new);
	return b ? b : new;
}

/* PATH is resolved. Two threads may make the same bundle: the second one finds the first's. */
static CFBundleRef bundle_at(CFAllocatorRef allocator, const char *path)
{
	CFBundleRef b = find_or_begin(path, NULL), new;

	if (b)
		return b;
	new = bundle_new(allocator, path);
	if (!new)
		return NULL;
	b = find_or_begin(path, new);
	if (b != new)
		CFRelease(new);
	return b;
}

CFBundleRef CFBundleCreate(CFAllocatorRef allocator, CFURLRef bundleURL)
{
	char path[PATH_MAX];
	struct stat st;

	if (!bundle_path_of_url(bundleURL, path))
		return NULL;
	/* Whatever the way to it, the same folder is the same bundle. */
	scope_free char *resolved = realpath(path, NULL);
	if (!resolved || stat(resolved, &st) < 0 || !S_ISDIR(st.st_mode))
		return NULL;
	return bundle_at(allocator, resolved);
}

/* The folder of the program; if that is Contents/Linux or Contents/MacOS, the bundle around it. */
static void find_main(void)
{
	static const char *const folders[] = { "/Contents/Linux", "/Contents/MacOS" };
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		n = (ssize_t)strlen(strcpy(path, "/"));
	path[n] = 0;
	slash = strrchr(path, '/');
	slash[slash == path] = 0;
	for (size_t i = 0; i < 2; i++) {
		size_t tail = strlen(folders[i]), length = strlen(path);

		if (length > tail && !strcmp(path + length - tail, folders[i]))
			path[length - tail] = 0;
	}
	main_bundle = bundle_new(kCFAllocatorSystemDefault, path);
	if (!main_bundle)
		return;
	main_bundle->is_main = true;
	/* What it holds stays as well. */
	cf_object_make_immortal(main_bundle->info);
	cf_object_make_immortal(main_bundle);
	pthread_mutex_lock(&begin_lock);
	begin(main_bundle);
	pthread_mutex_unlock(&begin_lock);
	plugin_loaded(main_bundle);
}

CFBundleRef CFBundleGetMainBundle(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_main);
	return main_bundle;
}

CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef bundleID)
{
	CFBundleRef found = NULL;

	CFBundleGetMainBundle();
	if (!cf_is(bundleID, CF_TYPE_STRING))
		return NULL;
	bundles_lock();
	for (struct list *l = all.next; !found && l != &all; l = l->next) {
		CFBundleRef b = container_of(l, struct __CFBundle, link);
		CFTypeRef name = CFDictionaryGetValue(b->info, kCFBundleIdentifierKey);

		if (cf_is(name, CF_TYPE_STRING) && CFEqual(name, bundleID))
			found = b;
	}
	bundles_unlock();
	return found;
}

CFArrayRef CFBundleGetAllBundles(void)
{
	CFMutableArrayRef listing = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFArrayRef old;

	CFBundleGetMainBundle();
	if (!listing)
		return NULL;
	bundles_lock();
	for (struct list *l = all.next; l != &all; l = l->next) {
		CFBundleRef b = container_of(l, struct __CFBundle, link);

		if (!b->is_main && !cf_object_try_retain(b))
			continue;
		CFArrayAppendValue(listing, b);
		/* The array has its own; this one was not the last. */
		CFRelease(b);
	}
	old = last_listing;
	last_listing = listing;
	bundles_unlock();
	cf_drop(old);
	return listing;
}

/* --- all of a folder ------------------------------------------------------------------------- */

static bool has_extension(const char *name, const char *extension)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name &&
	       !strcmp(dot + 1, extension[0] == '.' ? extension + 1 : extension);
}

static bool has_info(const char *path)
{
	static const char *const names[] = { "/Contents/Info.plist", "/Info.plist" };
	char file[PATH_MAX];

	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(file, sizeof(file), "%s%s", path, names[i]);

		if (n > 0 && n < PATH_MAX && access(file, F_OK) == 0)
			return true;
	}
	return false;
}

static void add_bundle(CFMutableArrayRef bundles, CFAllocatorRef allocator, const char *folder,
		       const char *name, const char *extension)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (n <= 0 || n >= PATH_MAX || name[0] == '.' ||
	    (extension ? !has_extension(name, extension) : !has_info(path)))
		return;
	scope_cf CFURLRef url =
		CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, n, TRUE);
	scope_cf CFBundleRef bundle = url ? CFBundleCreate(allocator, url) : NULL;
	if (bundle)
		CFArrayAppendValue(bundles, bundle);
}

CFArrayRef CFBundleCreateBundlesFromDirectory(CFAllocatorRef allocator, CFURLRef directoryURL,
					      CFStringRef bundleType)
{
	char folder[PATH_MAX], extension[NAME_MAX];
	CFMutableArrayRef bundles;
	struct dirent **found;
	int n;

	if (!bundle_path_of_url(directoryURL, folder) ||
	    (bundleType && !bundle_text(bundleType, extension, sizeof(extension))))
		return NULL;
	bundles = CFArrayCreateMutable(allocator, 0, &kCFTypeArrayCallBacks);
	n = bundles ? scandir(folder, &found, NULL, alphasort) : -1;
	for (int i = 0; i < n; i++) {
		if (i < BUNDLE_FOLDER_MAX)
			add_bundle(bundles, allocator, folder, found[i]->d_name,
				   bundleType ? extension : NULL);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	return bundles;
}

CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle)
{
	return bundle_is(bundle) ? bundle_copy_url(bundle, "", true) : NULL;
}
