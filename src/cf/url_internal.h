// SPDX-License-Identifier: MIT
/* URLs: a text of ASCII characters, and the parts of it. */
#pragma once

#include <CoreFoundation/CFURL.h>

#include "base/bytes.h"
#include "cf/cf_internal.h"

struct __CFURL {
	struct cf_object base;
	CFStringRef string; /* ASCII with NUL, our own copy */
	CFURLRef base_url;  /* or NULL */
};

/* A part; text NULL: the URL has none. */
struct url_part {
	const char *text;
	size_t n;
};

struct url_parts {
	struct url_part scheme, net, path, query, fragment;
};

struct url_parts url_split(CFURLRef url);
/* A URL from TEXT, which is valid; takes nothing. NULL without memory. */
CFURLRef url_new(CFAllocatorRef allocator, const char *text, size_t n, CFURLRef base);
/* The parts as one text. */
void url_join(struct bytes *out, const struct url_parts *parts);
/* The same URL with another path. */
CFURLRef url_with_path(CFAllocatorRef allocator, CFURLRef url, const struct bytes *path);
/* Append a path's bytes with everything but unreserved characters and slashes escaped. */
void url_escape(struct bytes *out, const char *path, size_t n);
/* Append with escapes resolved; false for an escape that is none, or a NUL. */
bool url_unescape(struct bytes *out, const char *text, size_t n);
/* A new string of a part, NULL when there is none. */
CFStringRef url_copy_part(struct url_part part);
