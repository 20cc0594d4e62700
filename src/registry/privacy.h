// SPDX-License-Identifier: MIT
/*
 * Properties that are not for everybody. A service names them in its property
 * PorticoPrivateProperties: a dictionary from key to what a reader must hold (as
 * IOUserClientEntitlements), or an array of keys for whoever holds what its
 * IOUserClientEntitlements asks for. Others see them nowhere, and nothing
 * matches by them: a question could be repeated until it fits.
 */
#pragma once

#include "registry/registry_internal.h"

#define REGISTRY_PRIVACY_KEY "PorticoPrivateProperties"

/* Is KEY one of the private properties of ENTRY? */
bool registry_privacy_covers(const struct registry_entry *entry, CFStringRef key);
/* Is it, and may CLIENT (NULL: nobody) not see it? */
bool registry_privacy_hides(const struct registry_peer *client, const struct registry_entry *entry,
			    CFStringRef key);
/* ALL, properties of ENTRY that are the caller's own (NULL is accepted), without what CLIENT may not see.
 * Takes ALL; NULL: no memory. */
CFDictionaryRef registry_privacy_filter(const struct registry_peer *client,
					const struct registry_entry *entry,
					CFMutableDictionaryRef all);
