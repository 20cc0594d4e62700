// SPDX-License-Identifier: MIT
/* What a bundle says of itself: Info.plist, its folders, type and version. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CoreFoundation/CFPropertyList.h>

#include "base/scope.h"
#include "cf/bundle_internal.h"

/* --- reading ------------------------------------------------------------------------ */

static CFDataRef read_file(const char *file)
{
	struct stat st;
	scope_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > BUNDLE_PLIST_MAX)
		return NULL;
	scope_free UInt8 *bytes = malloc((size_t)st.st_size + 1);
	ssize_t n = bytes ? pread(fd, bytes, (size_t)st.st_size, 0) : -1;
	return n < 0 ? NULL : CFDataCreate(NULL, bytes, n);
}

CFDictionaryRef bundle_read_dictionary(const char *file)
{
	scope_cf CFDataRef data = read_file(file);
	CFTypeRef list = data ? CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable,
							     NULL, NULL)
			      : NULL;

	if (list && !cf_is(list, CF_TYPE_DICTIONARY)) {
		CFRelease(list);
		return NULL;
	}
	return list;
}

static bool exists(const char *path, const char *suffix)
{
	char file[PATH_MAX];
	int n = snprintf(file, sizeof(file), "%s%s", path, suffix);

	return n > 0 && n < PATH_MAX && access(file, F_OK) == 0;
}

void bundle_find_layout(const char *path, const char **ret_contents, const char **ret_resources)
{
	if (exists(path, "/Contents")) {
		*ret_contents = "/Contents";
		*ret_resources = "/Contents/Resources";
	} else {
		*ret_contents = "";
		*ret_resources = exists(path, "/Resources") ? "/Resources" : "";
	}
}

CFDictionaryRef bundle_copy_info(const char *path)
{
	static const char *const names[] = { "/Contents/Info.plist", "/Info.plist",
					     "/Resources/Info.plist" };
	char file[PATH_MAX];
	CFDictionaryRef info = NULL;

	for (size_t i = 0; !info && i < sizeof(names) / sizeof(names[0]); i++) {
		int n = snprintf(file, sizeof(file), "%s%s", path, names[i]);

		if (n > 0 && n < PATH_MAX)
			info = bundle_read_dictionary(file);
	}
	return info ? info
		    : CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

/* --- the dictionary -------------------------------------------------------------------- */

CFDictionaryRef CFBundleGetInfoDictionary(CFBundleRef bundle)
{
	return bundle_is(bundle) ? bundle->info : NULL;
}

static CFDictionaryRef read_local(CFBundleRef bundle)
{
	scope_cf CFURLRef url =
		CFBundleCopyResourceURL(bundle, CFSTR("InfoPlist"), CFSTR("strings"), NULL);
	char file[PATH_MAX];

	return url && bundle_path_of_url(url, file) ? bundle_read_dictionary(file) : NULL;
}

CFDictionaryRef CFBundleGetLocalInfoDictionary(CFBundleRef bundle)
{
	CFDictionaryRef local, fresh;
	bool is_read;

	if (!bundle_is(bundle))
		return NULL;
	bundles_lock();
	is_read = bundle->local_is_read;
	bundles_unlock();
	fresh = is_read ? NULL : read_local(bundle);
	bundles_lock();
	if (!bundle->local_is_read) {
		bundle->local_is_read = true;
		bundle->local = fresh;
		fresh = NULL;
	}
	local = bundle->local;
	bundles_unlock();
	cf_drop(fresh);
	return local;
}

CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef bundle, CFStringRef key)
{
	CFDictionaryRef local;
	CFTypeRef value = NULL;

	if (!bundle_is(bundle) || !key)
		return NULL;
	local = CFBundleGetLocalInfoDictionary(bundle);
	if (local)
		value = CFDictionaryGetValue(local, key);
	return value ? value : CFDictionaryGetValue(bundle->info, key);
}

static CFStringRef get_string(CFBundleRef bundle, CFStringRef key)
{
	CFTypeRef value = bundle_is(bundle) ? CFDictionaryGetValue(bundle->info, key) : NULL;

	return cf_is(value, CF_TYPE_STRING) ? value : NULL;
}

CFStringRef CFBundleGetIdentifier(CFBundleRef bundle)
{
	return get_string(bundle, kCFBundleIdentifierKey);
}

CFStringRef CFBundleGetDevelopmentRegion(CFBundleRef bundle)
{
	return get_string(bundle, kCFBundleDevelopmentRegionKey);
}

/* --- type and version ---------------------------------------------------------------------- */

static UInt32 code_of(CFDictionaryRef info, CFStringRef key, UInt32 otherwise)
{
	unsigned char text[5];

	if (!bundle_text(CFDictionaryGetValue(info, key), (char *)text, sizeof(text)) ||
	    strlen((char *)text) != 4)
		return otherwise;
	return (UInt32)text[0] << 24 | (UInt32)text[1] << 16 | (UInt32)text[2] << 8 | text[3];
}

static void get_package(CFDictionaryRef info, bool has_contents, UInt32 *type, UInt32 *creator)
{
	enum { UNKNOWN = 0x3f3f3f3f, BUNDLE = 0x424e444c };

	if (type)
		*type = code_of(info, CFSTR("CFBundlePackageType"),
				has_contents ? BUNDLE : UNKNOWN);
	if (creator)
		*creator = code_of(info, CFSTR("CFBundleSignature"), UNKNOWN);
}

void CFBundleGetPackageInfo(CFBundleRef bundle, UInt32 *packageType, UInt32 *packageCreator)
{
	if (bundle_is(bundle))
		get_package(bundle->info, bundle->contents[0], packageType, packageCreator);
}

/* One or two digits, then perhaps a dot. */
static bool take_number(const char **text, unsigned most, unsigned *ret_number)
{
	const char *t = *text;
	unsigned n = 0;

	if (!isdigit((unsigned char)*t))
		return false;
	while (isdigit((unsigned char)*t) && n <= most)
		n = n * 10 + (unsigned)(*t++ - '0');
	*text = t;
	*ret_number = n;
	return n <= most;
}

static unsigned stage_of(const char **text)
{
	static const struct {
		char letter;
		unsigned stage;
	} stages[] = { { 'd', 0x20 }, { 'a', 0x40 }, { 'b', 0x60 }, { 'f', 0x80 } };

	for (size_t i = 0; i < 4; i++) {
		if (**text != stages[i].letter)
			continue;
		++*text;
		if (i == 3 && **text == 'c')
			++*text;
		return stages[i].stage;
	}
	return **text ? 0 : 0x80;
}

static UInt32 version_of(const char *text)
{
	unsigned major = 0, minor = 0, bug = 0, stage, build = 0;

	if (!take_number(&text, 99, &major))
		return 0;
	if (*text == '.' && (text++, !take_number(&text, 9, &minor)))
		return 0;
	if (*text == '.' && (text++, !take_number(&text, 9, &bug)))
		return 0;
	stage = stage_of(&text);
	if (!stage || (*text && !take_number(&text, 255, &build)) || *text)
		return 0;
	return (major / 10) << 28 | (major % 10) << 24 | minor << 20 | bug << 16 | stage << 8 |
	       build;
}

UInt32 CFBundleGetVersionNumber(CFBundleRef bundle)
{
	char text[32];

	return bundle_text(get_string(bundle, kCFBundleVersionKey), text, sizeof(text))
		     ? version_of(text)
		     : 0;
}

/* --- folders ---------------------------------------------------------------------------------- */

static CFURLRef copy_folder(CFBundleRef bundle, const char *name)
{
	char suffix[64];

	if (!bundle_is(bundle))
		return NULL;
	snprintf(suffix, sizeof(suffix), "%s%s", bundle->contents, name);
	return bundle_copy_url(bundle, suffix, true);
}

CFURLRef CFBundleCopySupportFilesDirectoryURL(CFBundleRef bundle)
{
	return copy_folder(bundle, "");
}

CFURLRef CFBundleCopyResourcesDirectoryURL(CFBundleRef bundle)
{
	return bundle_is(bundle) ? bundle_copy_url(bundle, bundle->resources, true) : NULL;
}

CFURLRef CFBundleCopyPrivateFrameworksURL(CFBundleRef bundle)
{
	return copy_folder(bundle, "/Frameworks");
}

CFURLRef CFBundleCopySharedFrameworksURL(CFBundleRef bundle)
{
	return copy_folder(bundle, "/SharedFrameworks");
}

CFURLRef CFBundleCopySharedSupportURL(CFBundleRef bundle)
{
	return copy_folder(bundle, "/SharedSupport");
}

CFURLRef CFBundleCopyBuiltInPlugInsURL(CFBundleRef bundle)
{
	return copy_folder(bundle, "/PlugIns");
}

/* --- without an object ---------------------------------------------------------------------------- */

static bool is_folder(CFURLRef url, char path[PATH_MAX])
{
	struct stat st;

	return bundle_path_of_url(url, path) && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

CFDictionaryRef CFBundleCopyInfoDictionaryInDirectory(CFURLRef bundleURL)
{
	char path[PATH_MAX];

	return is_folder(bundleURL, path) ? bundle_copy_info(path) : NULL;
}

CFDictionaryRef CFBundleCopyInfoDictionaryForURL(CFURLRef url)
{
	return CFBundleCopyInfoDictionaryInDirectory(url);
}

Boolean CFBundleGetPackageInfoInDirectory(CFURLRef url, UInt32 *packageType, UInt32 *packageCreator)
{
	char path[PATH_MAX];

	if (!is_folder(url, path))
		return FALSE;
	scope_cf CFDictionaryRef info = bundle_copy_info(path);
	if (!info)
		return FALSE;
	get_package(info, exists(path, "/Contents"), packageType, packageCreator);
	return TRUE;
}
