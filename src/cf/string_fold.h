// SPDX-License-Identifier: MIT
/*
 * A walk over text as comparisons with flags see it: one code point after
 * another, folded as the flags say. Used by comparing and searching.
 */
#pragma once

#include "cf/string_internal.h"

#define FOLD_CLUSTER 24 /* a base and its marks; what follows begins a new cluster */
#define FOLD_POINTS (FOLD_CLUSTER * 4)

struct fold {
	const struct cf_text *text;
	CFIndex at, end; /* not yet taken */
	CFStringCompareFlags options;
	const char *language; /* ISO 639, for case; or NULL */
	uint32_t points[FOLD_POINTS];
	int n, next;
};

struct fold fold_init(const struct cf_text *text, CFRange range, CFStringCompareFlags options,
		      const char *language);
/* False at the end. */
bool fold_next(struct fold *f, uint32_t *ret_point);
/* Has everything of the characters before AT been seen? */
bool fold_is_between(const struct fold *f);
/* May a match begin at AT? */
bool fold_starts_cluster(const struct fold *f);
