// SPDX-License-Identifier: MIT
/* What the policy says of a service and a subject, in words: for people who look for a grant. */
#pragma once

#include "registry/registry_internal.h"

/*
 * SERVICE is a class, a bundle identifier, a name or "0x" with an entry ID; one that is not there is
 * answered as far as its name goes. A new dictionary (NULL: no memory): Service, CFBundleIdentifier,
 * Subject, Result (texts), Opening { Verdict, By, Grants }, Demands: array of { Demand, "Demanded By",
 * Verdict, By, Grants, Grant }. Verdict: "granted", "not granted" or "denied"; Grants: array of
 * texts, each a grant that names it and what it says of the subject; Grant: one that would do. Not IN_FULL: without Grants, which tell
 * of others.
 */
CFDictionaryRef registry_explain_copy(struct registry *registry, const char *service, uint32_t type,
				      const struct registry_subject *subject, bool in_full);
/* Is TEXT the class, the name or the bundle identifier of SERVICE? */
bool registry_explain_is_named(const struct registry_entry *service, const char *text);
