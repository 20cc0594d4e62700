// SPDX-License-Identifier: MIT
/*
 * Which languages a bundle has and which of them the user wants. The user's are
 * those of the environment: LANGUAGE (a list), else LC_ALL, LC_MESSAGES, LANG.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cf/bundle_internal.h"

/* Older names of folders, and what they mean. */
static const struct {
	const char *name, *code;
} old_names[] = {
	{ "English", "en" }, { "French", "fr" },   { "German", "de" }, { "Italian", "it" },
	{ "Spanish", "es" }, { "Japanese", "ja" }, { "Dutch", "nl" },  { "Portuguese", "pt" },
};

/* --- of a bundle ------------------------------------------------------------------------ */

static void add_once(CFMutableArrayRef array, CFTypeRef value)
{
	if (!CFArrayContainsValue(array, CFRangeMake(0, CFArrayGetCount(array)), value))
		CFArrayAppendValue(array, value);
}

static void add_text(CFMutableArrayRef array, const char *text)
{
	scope_cf CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);

	if (string)
		add_once(array, string);
}

CFArrayRef bundle_copy_localizations(const char *resources, CFDictionaryRef info)
{
	CFMutableArrayRef result = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFTypeRef more = CFDictionaryGetValue(info, kCFBundleLocalizationsKey);
	struct dirent **found;
	int n = result ? scandir(resources, &found, NULL, alphasort) : -1;

	for (int i = 0; i < n; i++) {
		char *dot = strrchr(found[i]->d_name, '.');

		if (i < BUNDLE_FOLDER_MAX && dot && dot != found[i]->d_name &&
		    !strcmp(dot, ".lproj")) {
			*dot = 0;
			add_text(result, found[i]->d_name);
		}
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	for (CFIndex i = 0; result && cf_is(more, CF_TYPE_ARRAY) && i < CFArrayGetCount(more); i++)
		if (cf_is(CFArrayGetValueAtIndex(more, i), CF_TYPE_STRING))
			add_once(result, CFArrayGetValueAtIndex(more, i));
	return result;
}

CFArrayRef CFBundleCopyBundleLocalizations(CFBundleRef bundle)
{
	char path[PATH_MAX];

	if (!bundle_is(bundle))
		return NULL;
	snprintf(path, sizeof(path), "%s%s", bundle->path, bundle->resources);
	return bundle_copy_localizations(path, bundle->info);
}

CFArrayRef CFBundleCopyLocalizationsForURL(CFURLRef url)
{
	scope_cf CFBundleRef bundle = CFBundleCreate(NULL, url);

	return CFBundleCopyBundleLocalizations(bundle);
}

/* --- of the user --------------------------------------------------------------------------- */

/* "de_DE.UTF-8@euro:en" as "de_DE", "en". */
static CFArrayRef copy_user_languages(void)
{
	static const char *const names[] = { "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG" };
	CFMutableArrayRef result = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	const char *text = NULL;

	for (size_t i = 0; !(text && *text) && i < 4; i++)
		text = getenv(names[i]);
	while (result && text && *text) {
		size_t n = strcspn(text, ":"), m = strcspn(text, ":.@");
		char code[64];

		if (m > 0 && m < sizeof(code)) {
			snprintf(code, sizeof(code), "%.*s", (int)m, text);
			add_text(result,
				 !strcmp(code, "C") || !strcmp(code, "POSIX") ? "en" : code);
		}
		text += n + (text[n] == ':');
	}
	return result;
}

/* Lower case, '-' for '_', old names replaced; the language alone when SHORT. */
static void normalise(CFTypeRef language, bool is_short, char *code, size_t size)
{
	if (!bundle_text(language, code, size))
		code[0] = 0;
	for (size_t i = 0; i < sizeof(old_names) / sizeof(old_names[0]); i++)
		if (!strcmp(code, old_names[i].name))
			snprintf(code, size, "%s", old_names[i].code);
	for (char *c = code; *c; c++) {
		if (*c == '_')
			*c = '-';
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
		if (*c == '-' && is_short) {
			*c = 0;
			break;
		}
	}
}

/* All of HERE that are LANGUAGE, wholly or by the language alone. */
static void add_matching(CFMutableArrayRef result, CFArrayRef here, CFTypeRef language,
			 bool is_short)
{
	char wanted[64], have[64];

	normalise(language, is_short, wanted, sizeof(wanted));
	for (CFIndex i = 0; wanted[0] && i < CFArrayGetCount(here); i++) {
		CFTypeRef candidate = CFArrayGetValueAtIndex(here, i);

		normalise(candidate, is_short, have, sizeof(have));
		if (!strcmp(wanted, have))
			add_once(result, candidate);
	}
}

CFArrayRef CFBundleCopyLocalizationsForPreferences(CFArrayRef locArray, CFArrayRef prefArray)
{
	scope_cf CFArrayRef users = prefArray ? CFRetain(prefArray) : copy_user_languages();
	CFMutableArrayRef result;

	if (!cf_is(locArray, CF_TYPE_ARRAY) || !cf_is(users, CF_TYPE_ARRAY))
		return NULL;
	result = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	/* The first language that there is wins; its region before its plain form. */
	for (CFIndex i = 0; result && !CFArrayGetCount(result) && i < CFArrayGetCount(users); i++) {
		add_matching(result, locArray, CFArrayGetValueAtIndex(users, i), false);
		add_matching(result, locArray, CFArrayGetValueAtIndex(users, i), true);
	}
	if (result && !CFArrayGetCount(result) && CFArrayGetCount(locArray))
		CFArrayAppendValue(result, CFArrayGetValueAtIndex(locArray, 0));
	return result;
}

CFArrayRef CFBundleCopyPreferredLocalizationsFromArray(CFArrayRef locArray)
{
	return CFBundleCopyLocalizationsForPreferences(locArray, NULL);
}
