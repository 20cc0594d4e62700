// SPDX-License-Identifier: MIT
#include <CoreFoundation/CoreFoundation.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cf_test.h"
#include "test.h"

static CFURLRef url_of(const char *path)
{
	return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
						       (CFIndex)strlen(path), TRUE);
}

static CFBundleRef open_bundle(const char *path)
{
	CFURLRef url = url_of(path);
	CFBundleRef bundle = CFBundleCreate(NULL, url);

	CFRelease(url);
	return bundle;
}

/* PATH in the test's folder; one buffer for each of four calls. */
static const char *here(const char *path)
{
	static char texts[4][PATH_MAX];
	static int next;
	char *text = texts[next++ % 4];

	snprintf(text, PATH_MAX, "%s/%s", test_folder(), path);
	return text;
}

static void write_file(const char *path, const char *text)
{
	char folder[PATH_MAX];
	FILE *f;

	snprintf(folder, sizeof(folder), "%s", here(path));
	for (char *slash = folder + strlen(test_folder()); (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		mkdir(folder, 0755);
		*slash = '/';
	}
	f = fopen(folder, "we");
	test_true(f != NULL);
	fputs(text, f);
	fclose(f);
}

static void write_info(const char *path, const char *body)
{
	char text[4096];

	snprintf(text, sizeof(text), "<plist version=\"1.0\"><dict>%s</dict></plist>", body);
	write_file(path, text);
}

static void expect_path(CFURLRef url, const char *path)
{
	char text[PATH_MAX];

	test_true(url != NULL);
	test_true(CFURLGetFileSystemRepresentation(url, TRUE, (UInt8 *)text, sizeof(text)));
	test_equal_text(text, path);
	CFRelease(url);
}

static void expect_text(CFTypeRef string, const char *expected)
{
	char text[256];

	test_true(string && CFGetTypeID(string) == CFStringGetTypeID());
	test_true(CFStringGetCString(string, text, sizeof(text), kCFStringEncodingUTF8));
	test_equal_text(text, expected);
}

TEST(a_folder_is_one_bundle)
{
	CFBundleRef first, second;

	mkdir(here("A.bundle"), 0755);
	first = open_bundle(here("A.bundle"));
	second = open_bundle(here("A.bundle/../A.bundle"));
	test_true(first != NULL && first == second);
	test_equal(CFGetTypeID(first), CFBundleGetTypeID());
	test_equal(CFDictionaryGetCount(CFBundleGetInfoDictionary(first)), 0);
	test_true(CFBundleGetIdentifier(first) == NULL);
	expect_path(CFBundleCopyBundleURL(first), here("A.bundle"));
	CFRelease(second);
	CFRelease(first);
	test_true(open_bundle(here("missing")) == NULL);
	write_file("file", "");
	test_true(open_bundle(here("file")) == NULL);
	test_true(CFBundleCreate(NULL, NULL) == NULL);
}

static void *open_and_close(void *path)
{
	for (int i = 0; i < 2000; i++)
		CFRelease(open_bundle(path));
	return NULL;
}

TEST(threads_may_open_the_same_folder)
{
	pthread_t threads[3];

	write_info("A.bundle/Info.plist", "<key>CFBundleIdentifier</key><string>a</string>");
	for (int i = 0; i < 3; i++)
		test_equal(
			pthread_create(&threads[i], NULL, open_and_close, (void *)here("A.bundle")),
			0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	test_true(CFBundleGetBundleWithIdentifier(CFSTR("a")) == NULL);
}

TEST(what_info_says)
{
	CFBundleRef bundle;
	UInt32 type = 0, creator = 0;

	write_info("A.bundle/Contents/Info.plist",
		   "<key>CFBundleIdentifier</key><string>org.example.a</string>"
		   "<key>CFBundleVersion</key><string>12.3.4b5</string>"
		   "<key>CFBundlePackageType</key><string>KEXT</string>"
		   "<key>CFBundleDevelopmentRegion</key><string>en</string>"
		   "<key>Number</key><integer>7</integer>");
	bundle = open_bundle(here("A.bundle"));
	expect_text(CFBundleGetIdentifier(bundle), "org.example.a");
	expect_text(CFBundleGetDevelopmentRegion(bundle), "en");
	test_equal(CFBundleGetVersionNumber(bundle), 0x12346005);
	CFBundleGetPackageInfo(bundle, &type, &creator);
	test_equal(type, 0x4b455854);
	test_equal(creator, 0x3f3f3f3f);
	test_true(CFBundleGetValueForInfoDictionaryKey(bundle, CFSTR("Number")) != NULL);
	test_true(CFBundleGetValueForInfoDictionaryKey(bundle, CFSTR("None")) == NULL);
	test_true(CFBundleGetBundleWithIdentifier(CFSTR("org.example.a")) == bundle);
	expect_path(CFBundleCopySupportFilesDirectoryURL(bundle), here("A.bundle/Contents"));
	expect_path(CFBundleCopyResourcesDirectoryURL(bundle), here("A.bundle/Contents/Resources"));
	expect_path(CFBundleCopyBuiltInPlugInsURL(bundle), here("A.bundle/Contents/PlugIns"));
	expect_path(CFBundleCopyPrivateFrameworksURL(bundle), here("A.bundle/Contents/Frameworks"));
	CFRelease(bundle);
	test_true(CFBundleGetBundleWithIdentifier(CFSTR("org.example.a")) == NULL);
}

TEST(info_without_a_bundle)
{
	CFDictionaryRef info;
	CFURLRef url;
	UInt32 type;

	write_info("A/Info.plist", "<key>CFBundleName</key><string>A</string>");
	write_file("B/Info.plist", "this is no property list");
	url = url_of(here("A"));
	info = CFBundleCopyInfoDictionaryForURL(url);
	expect_text(CFDictionaryGetValue(info, kCFBundleNameKey), "A");
	test_true(CFBundleGetPackageInfoInDirectory(url, &type, NULL));
	test_equal(type, 0x3f3f3f3f);
	CFRelease(info);
	CFRelease(url);
	url = url_of(here("B"));
	info = CFBundleCopyInfoDictionaryInDirectory(url);
	test_equal(CFDictionaryGetCount(info), 0);
	CFRelease(info);
	CFRelease(url);
	url = url_of(here("missing"));
	test_true(CFBundleCopyInfoDictionaryForURL(url) == NULL);
	test_true(!CFBundleGetPackageInfoInDirectory(url, &type, NULL));
	CFRelease(url);
}

TEST(all_of_a_folder)
{
	CFURLRef url;
	CFArrayRef bundles;

	write_info("drivers/b.bundle/Info.plist", "");
	write_info("drivers/a.bundle/Contents/Info.plist", "");
	write_info("drivers/c.plugin/Info.plist", "");
	write_file("drivers/d.bundle", "a file");
	write_file("drivers/plain/file", "no bundle");
	url = url_of(here("drivers"));
	bundles = CFBundleCreateBundlesFromDirectory(NULL, url, CFSTR("bundle"));
	test_equal(CFArrayGetCount(bundles), 2);
	expect_path(CFBundleCopyBundleURL((CFBundleRef)CFArrayGetValueAtIndex(bundles, 0)),
		    here("drivers/a.bundle"));
	CFRelease(bundles);
	bundles = CFBundleCreateBundlesFromDirectory(NULL, url, NULL);
	test_equal(CFArrayGetCount(bundles), 3);
	CFRelease(bundles);
	CFRelease(url);
}

TEST(resources)
{
	CFBundleRef bundle;
	CFArrayRef all;

	setenv("LANG", "de_DE.UTF-8", 1);
	unsetenv("LANGUAGE");
	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	write_info("A.bundle/Contents/Info.plist", "");
	write_file("A.bundle/Contents/Resources/icon.png", "");
	write_file("A.bundle/Contents/Resources/logo.png", "");
	write_file("A.bundle/Contents/Resources/sub/deep.txt", "");
	write_file("A.bundle/Contents/Resources/en.lproj/page.html", "");
	write_file("A.bundle/Contents/Resources/German.lproj/page.html", "");
	write_file("A.bundle/secret", "");
	bundle = open_bundle(here("A.bundle"));
	expect_path(CFBundleCopyResourceURL(bundle, CFSTR("icon"), CFSTR("png"), NULL),
		    here("A.bundle/Contents/Resources/icon.png"));
	expect_path(CFBundleCopyResourceURL(bundle, CFSTR("icon.png"), NULL, NULL),
		    here("A.bundle/Contents/Resources/icon.png"));
	expect_path(CFBundleCopyResourceURL(bundle, CFSTR("deep"), CFSTR("txt"), CFSTR("sub")),
		    here("A.bundle/Contents/Resources/sub/deep.txt"));
	expect_path(CFBundleCopyResourceURL(bundle, CFSTR("page"), CFSTR("html"), NULL),
		    here("A.bundle/Contents/Resources/German.lproj/page.html"));
	expect_path(CFBundleCopyResourceURLForLocalization(bundle, CFSTR("page"), CFSTR("html"),
							   NULL, CFSTR("en")),
		    here("A.bundle/Contents/Resources/en.lproj/page.html"));
	test_true(CFBundleCopyResourceURL(bundle, CFSTR("none"), NULL, NULL) == NULL);
	test_true(CFBundleCopyResourceURL(bundle, CFSTR("secret"), NULL, CFSTR("../..")) == NULL);
	all = CFBundleCopyResourceURLsOfType(bundle, CFSTR("png"), NULL);
	test_equal(CFArrayGetCount(all), 2);
	CFRelease(all);
	CFRelease(bundle);
}

TEST(localized_texts)
{
	CFBundleRef bundle;
	CFStringRef text;

	setenv("LANGUAGE", "fr:de", 1);
	write_info("A.bundle/Contents/Info.plist", "<key>CFBundleName</key><string>A</string>");
	write_file("A.bundle/Contents/Resources/de.lproj/Localizable.strings",
		   "\"hello\" = \"hallo\";\n");
	write_file("A.bundle/Contents/Resources/de.lproj/InfoPlist.strings",
		   "CFBundleName = \"Ah\";\n");
	write_file("A.bundle/Contents/Resources/en.lproj/Localizable.strings",
		   "\"hello\" = \"hello\";\n");
	bundle = open_bundle(here("A.bundle"));
	text = CFBundleCopyLocalizedString(bundle, CFSTR("hello"), NULL, NULL);
	expect_text(text, "hallo");
	CFRelease(text);
	text = CFBundleCopyLocalizedString(bundle, CFSTR("bye"), CFSTR("value"), NULL);
	expect_text(text, "value");
	CFRelease(text);
	text = CFBundleCopyLocalizedString(bundle, CFSTR("bye"), NULL, CFSTR("Other"));
	expect_text(text, "bye");
	CFRelease(text);
	expect_text(CFBundleGetValueForInfoDictionaryKey(bundle, kCFBundleNameKey), "Ah");
	CFRelease(bundle);
}

TEST(executables)
{
	const char *fixture = test_built("tests/plugins/Fixture.plugin");
	CFBundleRef bundle = open_bundle(fixture);
	char path[PATH_MAX];
	void *symbols[2] = { NULL, (void *)1 };
	const void *names[] = { CFSTR("make_one"), CFSTR("make_none") };
	CFArrayRef list = CFArrayCreate(NULL, names, 2, &kCFTypeArrayCallBacks);
	CFErrorRef error = NULL;

	snprintf(path, sizeof(path), "%s/Fixture.so", fixture);
	expect_path(CFBundleCopyExecutableURL(bundle), path);
	test_true(!CFBundleIsExecutableLoaded(bundle));
	test_true(CFBundlePreflightExecutable(bundle, NULL));
	test_true(CFBundleGetDataPointerForName(bundle, CFSTR("fixture_log")) != NULL);
	test_true(CFBundleIsExecutableLoaded(bundle));
	CFBundleGetFunctionPointersForNames(bundle, list, symbols);
	test_true(symbols[0] != NULL && symbols[1] == NULL);
	CFBundleUnloadExecutable(bundle);
	test_true(!CFBundleIsExecutableLoaded(bundle));
	test_true(CFBundleLoadExecutableAndReturnError(bundle, &error));
	CFRelease(list);
	CFRelease(bundle);
}

TEST(executables_that_are_none)
{
	CFErrorRef error = NULL;
	CFBundleRef bundle;

	write_info("A.bundle/Info.plist", "<key>CFBundleExecutable</key><string>A</string>");
	bundle = open_bundle(here("A.bundle"));
	test_true(!CFBundleLoadExecutableAndReturnError(bundle, &error));
	test_equal(CFErrorGetCode(error), kCFBundleExecutableNotFoundError);
	CFRelease(error);
	write_file("A.bundle/Contents/Linux/A", "no shared object");
	test_true(!CFBundlePreflightExecutable(bundle, &error));
	test_equal(CFErrorGetCode(error), kCFBundleExecutableLoadError);
	CFRelease(error);
	test_true(!CFBundleLoadExecutable(bundle));
	test_true(CFBundleGetFunctionPointerForName(bundle, CFSTR("a")) == NULL);
	CFRelease(bundle);
	/* A name that leads out of the bundle is no name. */
	write_info("B.bundle/Info.plist",
		   "<key>CFBundleExecutable</key><string>../A.bundle/Contents/Linux/A</string>");
	bundle = open_bundle(here("B.bundle"));
	test_true(CFBundleCopyExecutableURL(bundle) == NULL);
	CFRelease(bundle);
}

TEST(the_main_bundle)
{
	CFBundleRef bundle = CFBundleGetMainBundle();
	CFArrayRef all;

	test_true(bundle != NULL && CFBundleGetMainBundle() == bundle);
	test_true(CFBundleIsExecutableLoaded(bundle));
	test_true(CFBundleGetFunctionPointerForName(bundle, CFSTR("malloc")) != NULL);
	CFRelease(CFBundleCopyExecutableURL(bundle));
	CFRelease(bundle); /* harmless */
	all = CFBundleGetAllBundles();
	test_true(CFArrayContainsValue(all, CFRangeMake(0, CFArrayGetCount(all)), bundle));
	test_reset_baseline();
}

TEST_MAIN
