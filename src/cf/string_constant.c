// SPDX-License-Identifier: MIT
/*
 * The strings behind CFSTR() where the compiler makes none: one for each text,
 * for ever. The table only grows, at chain heads, so look-ups take no lock.
 */
#include "cf/string_internal.h"

#include <stdlib.h>

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

static struct constant *constant_new(const char *text, uint32_t hash)
{
	size_t n = strlen(text) + 1;
	struct constant *c = malloc(sizeof(*c) + n);

	if (!c)
		return NULL;
	memcpy(c->text, text, n);
	c->hash = hash;
	/* Always malloc's: the thread's default allocator may be short-lived. Bytes that are no
	 * UTF-8 are taken as Mac OS Roman, as on macOS. */
	c->string =
		CFStringCreateWithCString(kCFAllocatorSystemDefault, text, kCFStringEncodingUTF8);
	if (!c->string)
		c->string = CFStringCreateWithCString(kCFAllocatorSystemDefault, text,
						      kCFStringEncodingMacRoman);
	if (!c->string) {
		free(c);
		return NULL;
	}
	return c;
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
			if (made) {
				CFRelease(made->string);
				free(made);
			}
			return found->string;
		}
		if (!made) {
			made = constant_new(cStr, hash);
			if (!made)
				cf_abort("no memory for a constant string");
		}
		made->next = seen = head;
	} while (!atomic_compare_exchange_weak_explicit(chain, &head, made, memory_order_acq_rel,
							memory_order_acquire));
	cf_object_make_immortal(made->string);
	return made->string;
}
