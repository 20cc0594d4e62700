// SPDX-License-Identifier: MIT
/*
 * The session's policy files (docs/policy.md): which subjects hold which
 * entitlements and who is authorized for which service. A file counts only when
 * root or the session's owner owns it and nobody else may write it; it is read
 * again when it has changed. A rule that cannot be understood wholly grants
 * nothing.
 */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>

#include "base/err.h"
#include "registry/subject.h"

enum { REGISTRY_GRANT_FILE_MAX = 1024 * 1024, REGISTRY_GRANT_RULES_MAX = 4096 };

struct registry_grants;

/* PATHS, copied, end with NULL; files that are not there are no error. NULL: those of the
 * environment: PORTICO_POLICY alone if it is set, else /etc/portico/policy.plist and, unless
 * SYSTEM, the user's. */
err_t registry_grants_new(const char *const *paths, bool system,
			  struct registry_grants **ret_grants);
struct registry_grants *registry_grants_free(struct registry_grants *grants);
/* What SUBJECT holds: a new dictionary, NULL without memory. The first rule that names an entitlement
 * decides its value. */
CFMutableDictionaryRef registry_grants_copy(struct registry_grants *grants,
					    const struct registry_subject *subject);
/* kIOReturnSuccess or NotPermitted as the first rule for SUBJECT and a service of CLASS_NAME or of
 * bundle IDENTIFIER says; NotPrivileged when none does. */
IOReturn registry_grants_authorize(struct registry_grants *grants,
				   const struct registry_subject *subject, CFStringRef class_name,
				   CFTypeRef identifier);
