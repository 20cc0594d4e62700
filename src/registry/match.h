// SPDX-License-Identifier: MIT
/*
 * Does this dictionary match this entry? Pure: no side effects, no state of
 * its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <CoreFoundation/CoreFoundation.h>

struct registry_entry;

enum {
	REGISTRY_MATCH_RULES = 14,
	REGISTRY_MATCH_STEPS = 64 * 1024, /* for one service */
};

/* A dictionary that has been looked through once, for many entries. */
struct registry_matching {
	CFDictionaryRef dictionary; /* borrowed */
	/* What each rule asks for; NULL: nothing. */
	CFTypeRef values[REGISTRY_MATCH_RULES];
	size_t n_left;	 /* keys that no rule knows: their family's */
	uint32_t search; /* its number, when many services are asked (entry.h); 0: none */
};

/* N more steps. False: there are not so many left, and now none. */
bool registry_match_spend(uint64_t *steps, uint64_t n);
/* The steps for comparing anything with WANTED: arrays and their like are compared object by object, as far as
 * they are alike. */
bool registry_match_may_compare(CFTypeRef wanted, uint64_t *steps);
void registry_matching_init(struct registry_matching *matching, CFDictionaryRef dictionary);
/* All rules of spec 6.8. State is not looked at. STEPS is what is left for the members of collections,
 * large values, paths, children and providers above, which a dictionary or a service could have without end;
 * once it is 0 nothing that asks for any of them fits. */
bool registry_matching_fits(const struct registry_matching *matching,
			    const struct registry_entry *service, uint64_t *steps);
/* The same for one entry. */
bool registry_match(const struct registry_entry *service, CFDictionaryRef matching);
/* The same for a personality; its family may change SCORE. */
bool registry_match_personality(const struct registry_entry *service,
				const struct registry_matching *personality, int32_t *score);
/* Is ENTRY of class NAME, or does its IOClassNameOverride say so? */
bool registry_match_class(const struct registry_entry *entry, const char *name);
/* True when ENTRY answers to NAME as IONameMatch compares. */
bool registry_match_name(const struct registry_entry *entry, const char *name);
