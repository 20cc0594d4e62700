// SPDX-License-Identifier: MIT
/* Atomic reference count. Starts at one; whoever drops the last one frees. */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

struct ref {
	atomic_uint count;
};

#define REF_INIT \
	{ \
		1 \
	}

static inline void ref_init(struct ref *r)
{
	atomic_init(&r->count, 1);
}

static inline void ref_get(struct ref *r)
{
	unsigned before = atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
	assert(before > 0);
	(void)before;
}

/* True when this was the last reference. */
static inline bool ref_put(struct ref *r)
{
	unsigned before = atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel);
	assert(before > 0);
	return before == 1;
}
