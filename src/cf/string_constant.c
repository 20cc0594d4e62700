// SPDX-License-Identifier: MIT
/*
 * The strings behind CFSTR() where the compiler makes none: one for each text,
 * for ever. The table only grows, at chain heads, so look-ups take no lock.
 */
#include "cf/string_internal.h"

#define CHAINS 1024

struct constant {
	struct constant *next;
	CFStringRef string;
	uint32_t hash;
	char text[];
};

static _Atomic(struct constant *) chains[CHAINS];

static struct constant *chain_find(struct constant *from, const struct constant *end, uint32_t hash,
				   const char *text)
{
	for (; from != end; from = from->next)
		if (from->hash == hash && !strcmp(from->text, text))
			return from;
	return NULL;
}

/* Always from ALLOCATOR: the thread's default may be short-lived. */
static struct constant *constant_new(const char *text, uint32_t hash, CFAllocatorRef allocator)
{
	size_t n = strlen(text) + 1;
	struct constant *c = CFAllocatorAllocate(allocator, (CFIndex)(sizeof(*c) + n), 0);

	if (!c)
		return NULL;
	memcpy(c->text, text, n);
	c->hash = hash;
	/* Bytes that are no UTF-8 are taken as Mac OS Roman, as on macOS. */
	c->string = CFStringCreateWithCString(allocator, text, kCFStringEncodingUTF8);
	if (!c->string)
		c->string = CFStringCreateWithCString(allocator, text, kCFStringEncodingMacRoman);
	if (!c->string) {
		CFAllocatorDeallocate(allocator, c);
		return NULL;
	}
	return c;
}

/* The callers know no failure: the reserve first, then patience. */
static struct constant *constant_make(const char *text, uint32_t hash)
{
	struct constant *c = constant_new(text, hash, kCFAllocatorSystemDefault);

	while (!c && !(c = constant_new(text, hash, cf_allocator_reserve))) {
		cf_wait_for_memory();
		c = constant_new(text, hash, kCFAllocatorSystemDefault);
	}
	return c;
}

/* Another thread has made the same. */
static void constant_free(struct constant *c)
{
	CFAllocatorRef allocator = CFGetAllocator(c->string);

	CFRelease(c->string);
	CFAllocatorDeallocate(allocator, c);
}

CFStringRef __CFStringMakeConstantString(const char *cStr)
{
	_Atomic(struct constant *) *chain;
	struct constant *head, *seen = NULL, *found, *made = NULL;
	uint32_t hash = 5381;

	if (!cStr)
		return NULL;
	for (const char *p = cStr; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	chain = &chains[(hash ^ hash >> 10) % CHAINS];
	head = atomic_load_explicit(chain, memory_order_acquire);
	do {
		/* Only what was added since the last look. */
		found = chain_find(head, seen, hash, cStr);
		if (found) {
			if (made)
				constant_free(made);
			return found->string;
		}
		if (!made)
			made = constant_make(cStr, hash);
		made->next = seen = head;
	} while (!atomic_compare_exchange_weak_explicit(chain, &head, made, memory_order_acq_rel,
							memory_order_acquire));
	cf_object_make_immortal(made->string);
	return made->string;
}
