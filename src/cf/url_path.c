// SPDX-License-Identifier: MIT
/* URLs as paths of files: conversion and components. */
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "cf/url_internal.h"

/* --- paths to URLs ----------------------------------------------------------------------------- */

static CFURLRef url_from_path(CFAllocatorRef allocator, const char *path, size_t n, bool directory,
			      CFURLRef base)
{
	struct bytes text = BYTES_INIT;
	CFURLRef result = NULL;

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (path[0] == '/') {
		bytes_put(&text, "file://", 7);
		base = NULL;
	} else if (memchr(path, ':', n)) {
		/* Or its first part would be taken for a scheme. */
		bytes_put(&text, "./", 2);
	}
	url_escape(&text, path, n);
	if (directory && !(n == 1 && path[0] == '/'))
		bytes_put(&text, "/", 1);
	if (!text.err)
		result = url_new(allocator, (const char *)text.data, text.size, base);
	bytes_fini(&text);
	return result;
}

CFURLRef CFURLCreateFromFileSystemRepresentationRelativeToBase(CFAllocatorRef allocator,
							       const UInt8 *buffer, CFIndex bufLen,
							       Boolean isDirectory,
							       CFURLRef baseURL)
{
	const char *path = (const char *)buffer;

	if (!buffer || bufLen <= 0 || memchr(buffer, 0, (size_t)bufLen) ||
	    (baseURL && !cf_is(baseURL, CF_TYPE_URL)))
		return NULL;
	if (path[0] != '/' && !baseURL) {
		scope_free char *here = getcwd(NULL, 0);
		scope_cf CFURLRef base =
			here ? url_from_path(allocator, here, strlen(here), true, NULL) : NULL;

		return base ? url_from_path(allocator, path, (size_t)bufLen, isDirectory, base)
			    : NULL;
	}
	return url_from_path(allocator, path, (size_t)bufLen, isDirectory, baseURL);
}

CFURLRef CFURLCreateFromFileSystemRepresentation(CFAllocatorRef allocator, const UInt8 *buffer,
						 CFIndex bufLen, Boolean isDirectory)
{
	return CFURLCreateFromFileSystemRepresentationRelativeToBase(allocator, buffer, bufLen,
								     isDirectory, NULL);
}

CFURLRef CFURLCreateWithFileSystemPathRelativeToBase(CFAllocatorRef allocator, CFStringRef filePath,
						     CFURLPathStyle pathStyle, Boolean isDirectory,
						     CFURLRef baseURL)
{
	scope_cf CFDataRef bytes =
		CFStringCreateExternalRepresentation(NULL, filePath, kCFStringEncodingUTF8, 0);

	if (!bytes || pathStyle != kCFURLPOSIXPathStyle)
		return NULL;
	return CFURLCreateFromFileSystemRepresentationRelativeToBase(
		allocator, CFDataGetBytePtr(bytes), CFDataGetLength(bytes), isDirectory, baseURL);
}

CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef filePath,
				       CFURLPathStyle pathStyle, Boolean isDirectory)
{
	return CFURLCreateWithFileSystemPathRelativeToBase(allocator, filePath, pathStyle,
							   isDirectory, NULL);
}

/* --- URLs to paths -------------------------------------------------------------------------------- */

static bool part_is(struct url_part part, const char *text)
{
	return part.n == strlen(text) && !strncasecmp(part.text, text, part.n);
}

/* The path's bytes without trailing slash, not terminated. False when it is no file's. */
static bool put_file_path(struct bytes *out, CFURLRef url)
{
	struct url_parts p = url_split(url);

	if ((p.scheme.text && !part_is(p.scheme, "file")) ||
	    (p.net.n && !part_is(p.net, "localhost")) || !p.path.n)
		return false;
	if (!url_unescape(out, p.path.text, p.path.n))
		return false;
	while (out->size > 1 && out->data[out->size - 1] == '/')
		out->size--;
	return !out->err;
}

Boolean CFURLGetFileSystemRepresentation(CFURLRef url, Boolean resolveAgainstBase, UInt8 *buffer,
					 CFIndex maxBufLen)
{
	scope_cf CFURLRef absolute = NULL;
	struct bytes path = BYTES_INIT;
	bool ok;

	if (!cf_is(url, CF_TYPE_URL) || !buffer || maxBufLen < 1)
		return FALSE;
	if (resolveAgainstBase) {
		url = absolute = CFURLCopyAbsoluteURL(url);
		if (!url)
			return FALSE;
	}
	ok = put_file_path(&path, url) && path.size < (size_t)maxBufLen;
	if (ok) {
		memcpy(buffer, path.data, path.size);
		buffer[path.size] = '\0';
	}
	bytes_fini(&path);
	return ok;
}

CFStringRef CFURLCopyFileSystemPath(CFURLRef anURL, CFURLPathStyle pathStyle)
{
	struct bytes path = BYTES_INIT;
	CFStringRef string = NULL;

	if (!cf_is(anURL, CF_TYPE_URL) || pathStyle != kCFURLPOSIXPathStyle)
		return NULL;
	if (put_file_path(&path, anURL))
		string = CFStringCreateWithBytes(NULL, path.data, (CFIndex)path.size,
						 kCFStringEncodingUTF8, FALSE);
	bytes_fini(&path);
	return string;
}

Boolean CFURLResourceIsReachable(CFURLRef url, CFErrorRef *error)
{
	UInt8 path[4096];
	struct stat info;
	int code = EINVAL;

	if (CFURLGetFileSystemRepresentation(url, TRUE, path, sizeof(path))) {
		if (!stat((const char *)path, &info))
			return TRUE;
		code = errno;
	}
	if (error)
		*error = CFErrorCreate(NULL, kCFErrorDomainPOSIX, code, NULL);
	return FALSE;
}

/* --- components ------------------------------------------------------------------------------------- */

/* The last component of a path, without trailing slashes; "/" for the root. */
static struct url_part last_component(struct url_part path)
{
	size_t start;

	while (path.n > 1 && path.text[path.n - 1] == '/')
		path.n--;
	if (path.n <= 1)
		return path;
	for (start = path.n; start && path.text[start - 1] != '/'; start--)
		;
	return (struct url_part){ path.text + start, path.n - start };
}

/* ".gz" of "a.gz": from its dot; empty when there is none (also for ".profile"). */
static struct url_part extension_of(struct url_part name)
{
	for (size_t i = name.n; i > 1; i--)
		if (name.text[i - 1] == '.')
			return (struct url_part){ name.text + i - 1, name.n - i + 1 };
	return (struct url_part){ name.text + name.n, 0 };
}

static CFStringRef copy_component(struct url_part part)
{
	struct bytes text = BYTES_INIT;
	CFStringRef string = NULL;

	if (url_unescape(&text, part.text, part.n) && !text.err)
		string = CFStringCreateWithBytes(NULL, text.data, (CFIndex)text.size,
						 kCFStringEncodingUTF8, FALSE);
	bytes_fini(&text);
	return string;
}

CFStringRef CFURLCopyLastPathComponent(CFURLRef url)
{
	if (!CFURLCanBeDecomposed(url))
		return NULL;
	return copy_component(last_component(url_split(url).path));
}

CFStringRef CFURLCopyPathExtension(CFURLRef url)
{
	struct url_part extension;

	if (!CFURLCanBeDecomposed(url))
		return NULL;
	extension = extension_of(last_component(url_split(url).path));
	if (extension.n < 2)
		return NULL;
	return copy_component((struct url_part){ extension.text + 1, extension.n - 1 });
}

/* PATH, then ESCAPED text, as a new URL. */
static CFURLRef finish(CFAllocatorRef allocator, CFURLRef url, struct bytes *path)
{
	CFURLRef result = url_with_path(allocator, url, path);

	bytes_fini(path);
	return result;
}

static void put_escaped(struct bytes *out, CFStringRef text)
{
	scope_cf CFDataRef bytes =
		CFStringCreateExternalRepresentation(NULL, text, kCFStringEncodingUTF8, '?');

	url_escape(out, (const char *)CFDataGetBytePtr(bytes), (size_t)CFDataGetLength(bytes));
}

CFURLRef CFURLCreateCopyAppendingPathComponent(CFAllocatorRef allocator, CFURLRef url,
					       CFStringRef pathComponent, Boolean isDirectory)
{
	struct bytes path = BYTES_INIT;
	struct url_part old;

	if (!CFURLCanBeDecomposed(url) || !cf_is(pathComponent, CF_TYPE_STRING))
		return NULL;
	old = url_split(url).path;
	bytes_put(&path, old.text, old.n);
	if (old.n && old.text[old.n - 1] != '/')
		bytes_put(&path, "/", 1);
	put_escaped(&path, pathComponent);
	if (isDirectory && path.size && path.data[path.size - 1] != '/')
		bytes_put(&path, "/", 1);
	return finish(allocator, url, &path);
}

CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef url)
{
	struct bytes path = BYTES_INIT;
	struct url_part old, last;

	if (!CFURLCanBeDecomposed(url))
		return NULL;
	old = url_split(url).path;
	last = last_component(old);
	if (!last.n || part_is(last, "/") || part_is(last, "..") || part_is(last, ".")) {
		bytes_put(&path, old.text, old.n);
		if (old.n && old.text[old.n - 1] != '/')
			bytes_put(&path, "/", 1);
		bytes_put(&path, "../", 3);
	} else if (last.text == old.text) {
		bytes_put(&path, "./", 2);
	} else {
		bytes_put(&path, old.text, (size_t)(last.text - old.text));
	}
	return finish(allocator, url, &path);
}

/* Path with EXTENSION (NULL: none) in place of the old one or behind the name. */
static CFURLRef change_extension(CFAllocatorRef allocator, CFURLRef url, CFStringRef extension)
{
	struct bytes path = BYTES_INIT;
	struct url_part old, last;
	size_t end;

	if (!CFURLCanBeDecomposed(url))
		return NULL;
	old = url_split(url).path;
	last = last_component(old);
	end = (size_t)(last.text - old.text) + last.n;
	bytes_put(&path, old.text, extension ? end : end - extension_of(last).n);
	if (extension) {
		bytes_put(&path, ".", 1);
		put_escaped(&path, extension);
	}
	bytes_put(&path, old.text + end, old.n - end);
	return finish(allocator, url, &path);
}

CFURLRef CFURLCreateCopyAppendingPathExtension(CFAllocatorRef allocator, CFURLRef url,
					       CFStringRef extension)
{
	return cf_is(extension, CF_TYPE_STRING) ? change_extension(allocator, url, extension)
						: NULL;
}

CFURLRef CFURLCreateCopyDeletingPathExtension(CFAllocatorRef allocator, CFURLRef url)
{
	return change_extension(allocator, url, NULL);
}
