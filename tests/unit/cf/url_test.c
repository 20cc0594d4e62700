// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cf_test.h"

#include <CoreFoundation/CFURL.h>

static CFURLRef parse(const char *text, CFURLRef base)
{
	CFStringRef s = make(text);
	CFURLRef url = CFURLCreateWithString(NULL, s, base);

	CFRelease(s);
	return url;
}

static CFURLRef from_path(const char *path, bool directory)
{
	return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
						       (CFIndex)strlen(path), directory);
}

/* Compare and release. */
static void check_text(CFStringRef s, const char *expected)
{
	if (!expected) {
		test_true(s == NULL);
		return;
	}
	test_true(s != NULL);
	test_equal_text(text_of(s), expected);
	CFRelease(s);
}

TEST(paths_become_file_urls_and_back)
{
	static const char *const paths[] = { "/", "/tmp", "/a b/\303\274%#?", "/x:y" };
	char out[64];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		CFURLRef url = from_path(paths[i], i % 2);

		test_true(CFURLGetFileSystemRepresentation(url, TRUE, (UInt8 *)out, sizeof(out)));
		test_equal_text(out, paths[i]);
		check_text(CFURLCopyFileSystemPath(url, kCFURLPOSIXPathStyle), paths[i]);
		CFRelease(url);
	}
}

TEST(file_url_text_is_escaped)
{
	CFURLRef url = from_path("/a b/c", true);

	test_equal_text(text_of(CFURLGetString(url)), "file:///a%20b/c/");
	test_true(CFURLHasDirectoryPath(url));
	test_true(!CFURLGetFileSystemRepresentation(url, TRUE, (UInt8[6]){ 0 }, 6));
	CFRelease(url);
	test_true(from_path("", false) == NULL);
	test_true(CFURLCreateWithFileSystemPath(NULL, CFSTR("a"), 1, FALSE) == NULL);
}

TEST(relative_paths_have_the_current_directory_as_base)
{
	char here[4096], out[8192], expected[8192];
	CFURLRef url =
		CFURLCreateWithFileSystemPath(NULL, CFSTR("sub/file"), kCFURLPOSIXPathStyle, FALSE);

	test_true(getcwd(here, sizeof(here)) != NULL);
	snprintf(expected, sizeof(expected), "%s/sub/file", strcmp(here, "/") ? here : "");
	test_true(CFURLGetFileSystemRepresentation(url, TRUE, (UInt8 *)out, sizeof(out)));
	test_equal_text(out, expected);
	test_true(CFURLGetFileSystemRepresentation(url, FALSE, (UInt8 *)out, sizeof(out)));
	test_equal_text(out, "sub/file");
	CFRelease(url);
}

TEST(rfc_3986_examples_resolve)
{
	static const char *const cases[][2] = {
		{ "g:h", "g:h" },
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q#s" },
		{ ";x", "http://a/b/c/;x" },
		{ ".", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
	};
	CFURLRef base = parse("http://a/b/c/d;p?q", NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CFURLRef url = parse(cases[i][0], base), absolute = CFURLCopyAbsoluteURL(url);

		test_equal_text(text_of(CFURLGetString(absolute)), cases[i][1]);
		CFRelease(url);
		CFRelease(absolute);
	}
	CFRelease(base);
}

TEST(parts_are_found)
{
	CFURLRef url = parse("http://me@host.org:8080/dir/file.tar.gz?a=%20b#frag", NULL);

	check_text(CFURLCopyScheme(url), "http");
	check_text(CFURLCopyNetLocation(url), "me@host.org:8080");
	check_text(CFURLCopyHostName(url), "host.org");
	test_equal(CFURLGetPortNumber(url), 8080);
	check_text(CFURLCopyPath(url), "/dir/file.tar.gz");
	check_text(CFURLCopyLastPathComponent(url), "file.tar.gz");
	check_text(CFURLCopyPathExtension(url), "gz");
	check_text(CFURLCopyQueryString(url, CFSTR("")), "a= b");
	check_text(CFURLCopyFragment(url, NULL), "frag");
	CFRelease(url);
	url = parse("mailto:someone", NULL);
	test_true(!CFURLCanBeDecomposed(url));
	check_text(CFURLCopyPath(url), NULL);
	CFRelease(url);
	test_true(parse("has space", NULL) == NULL);
	test_true(parse("%zz", NULL) == NULL);
	test_true(parse("", NULL) == NULL);
	test_true(CFURLCreateWithString(NULL, NULL, NULL) == NULL);
	check_text(CFURLGetString(NULL), NULL);
}

static void check_url(CFURLRef url, const char *expected)
{
	test_equal_text(text_of(CFURLGetString(url)), expected);
	CFRelease(url);
}

TEST(components_are_added_and_removed)
{
	CFURLRef file = parse("file:///a/b.txt", NULL), root = parse("file:///", NULL);

	check_url(CFURLCreateCopyAppendingPathComponent(NULL, file, CFSTR("c d"), TRUE),
		  "file:///a/b.txt/c%20d/");
	check_url(CFURLCreateCopyDeletingLastPathComponent(NULL, file), "file:///a/");
	check_url(CFURLCreateCopyDeletingLastPathComponent(NULL, root), "file:///../");
	check_url(CFURLCreateCopyDeletingPathExtension(NULL, file), "file:///a/b");
	check_url(CFURLCreateCopyAppendingPathExtension(NULL, file, CFSTR("gz")),
		  "file:///a/b.txt.gz");
	CFRelease(file);
	CFRelease(root);
}

TEST(reachability_is_that_of_the_file)
{
	CFURLRef root = from_path("/", true), missing = from_path("/no/such/file", false);
	CFErrorRef error = NULL;

	test_true(CFURLResourceIsReachable(root, NULL));
	test_true(!CFURLResourceIsReachable(missing, &error));
	test_equal(CFErrorGetCode(error), ENOENT);
	CFRelease(error);
	CFRelease(root);
	CFRelease(missing);
}

TEST_MAIN
