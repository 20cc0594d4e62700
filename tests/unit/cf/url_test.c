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

TEST(parts_by_table)
{
	static const struct {
		const char *url, *user, *password, *host, *strict, *specifier;
		SInt32 port;
	} rows[] = {
		{ "http://u%40x:p%3A@h.org:81/a/b?q#f", "u@x", "p:", "h.org", "a/b", "?q#f", 81 },
		{ "http://u@h", "u", NULL, "h", "", NULL, -1 },
		{ "http://[::1]:8080/", NULL, NULL, "::1", "", NULL, 8080 },
		{ "file:///x;y", NULL, NULL, NULL, "x;y", NULL, -1 },
		{ "mailto:a@b", NULL, NULL, NULL, NULL, "a@b", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFStringRef text = make(rows[i].url);
		CFURLRef url = CFURLCreateWithString(NULL, text, NULL);

		check_text(CFURLCopyUserName(url), rows[i].user);
		check_text(CFURLCopyPassword(url), rows[i].password);
		check_text(CFURLCopyHostName(url), rows[i].host);
		check_text(CFURLCopyStrictPath(url, NULL), rows[i].strict);
		check_text(CFURLCopyResourceSpecifier(url), rows[i].specifier);
		test_equal(CFURLGetPortNumber(url), rows[i].port);
		test_true(CFURLCopyParameterString(url, NULL) == NULL);
		CFRelease(url);
		CFRelease(text);
	}
}

TEST(ranges_of_parts)
{
	/* 0123456789012345678901234 */
	CFURLRef url = CFURLCreateWithString(NULL, CFSTR("http://u:p@host:80/a?q#f"), NULL);
	static const struct {
		CFURLComponentType part;
		CFIndex at, n, outer_at, outer_n;
	} rows[] = {
		{ kCFURLComponentScheme, 0, 4, 0, 7 },
		{ kCFURLComponentUser, 7, 1, 4, 5 },
		{ kCFURLComponentPassword, 9, 1, 8, 3 },
		{ kCFURLComponentUserInfo, 7, 3, 4, 7 },
		{ kCFURLComponentHost, 11, 4, 10, 6 },
		{ kCFURLComponentPort, 16, 2, 15, 3 },
		{ kCFURLComponentPath, 18, 2, 18, 3 },
		{ kCFURLComponentQuery, 21, 1, 20, 3 },
		{ kCFURLComponentFragment, 23, 1, 22, 2 },
		{ kCFURLComponentParameterString, kCFNotFound, 0, kCFNotFound, 0 },
	};
	UInt8 bytes[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFRange outer, r = CFURLGetByteRangeForComponent(url, rows[i].part, &outer);

		test_equal(r.location, rows[i].at);
		test_equal(r.length, rows[i].n);
		test_equal(outer.location, rows[i].outer_at);
		test_equal(outer.length, rows[i].outer_n);
	}
	test_equal(CFURLGetBytes(url, NULL, 0), 24);
	test_equal(CFURLGetBytes(url, bytes, 23), -1);
	test_equal(CFURLGetBytes(url, bytes, 24), 24);
	test_true(!memcmp(bytes, "http://u:p@host:80/a?q#f", 24));
	CFRelease(url);
}

TEST(escapes_are_added_and_removed)
{
	CFStringRef text = make("a b/\303\274%?#"), latin, back;

	check_text(CFURLCreateStringByAddingPercentEscapes(NULL, text, NULL, NULL,
							   kCFStringEncodingUTF8),
		   "a%20b/%C3%BC%25?%23");
	check_text(CFURLCreateStringByAddingPercentEscapes(NULL, text, CFSTR("#"), CFSTR("/?"),
							   kCFStringEncodingISOLatin1),
		   "a%20b%2F%FC%25%3F#");
	test_true(CFURLCreateStringByAddingPercentEscapes(NULL, text, NULL, NULL,
							  kCFStringEncodingASCII) == NULL);
	latin = CFURLCreateStringByAddingPercentEscapes(NULL, text, NULL, NULL,
							kCFStringEncodingISOLatin1);
	back = CFURLCreateStringByReplacingPercentEscapesUsingEncoding(NULL, latin, CFSTR(""),
								       kCFStringEncodingISOLatin1);
	test_true(CFEqual(back, text));
	test_true(CFURLCreateStringByReplacingPercentEscapes(NULL, latin, CFSTR("")) == NULL);
	CFRelease(latin);
	CFRelease(back);
	CFRelease(text);
}

TEST(absolute_from_bytes)
{
	CFURLRef base = CFURLCreateWithString(NULL, CFSTR("http://h/a/b"), NULL);
	CFURLRef url = CFURLCreateAbsoluteURLWithBytes(NULL, (const UInt8 *)"../c", 4,
						       kCFStringEncodingUTF8, base, TRUE);
	CFDataRef data = CFURLCreateData(NULL, url, kCFStringEncodingUTF8, TRUE);

	test_equal_text(text_of(CFURLGetString(url)), "http://h/c");
	test_equal(CFDataGetLength(data), 10);
	CFRelease(data);
	CFRelease(url);
	CFRelease(base);
}

TEST_MAIN
