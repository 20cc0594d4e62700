// SPDX-License-Identifier: MIT
/* What matching writes down about the drivers that it starts: properties and entries. */
#pragma once

#include "registry/registry_internal.h"

/* The dictionary that a driver of PERSONALITY is initialised with when it is matched on SERVICE with
 * SCORE. NULL: no memory. */
CFDictionaryRef registry_driver_copy_properties(const struct registry_personality *personality,
						const struct registry_entry *service,
						int32_t score);
/* An entry of CLASS_NAME with PROPERTIES below SERVICE, owned by OWNER and not registered yet; SCORE is
 * what probe has made of it. Not 0: there may be an entry to be dropped all the same. */
err_t registry_driver_new(struct registry_peer *owner, struct registry_entry *service,
			  const struct registry_personality *personality, const char *class_name,
			  CFDictionaryRef properties, int32_t score,
			  struct registry_entry **ret_entry);
/* A driver with PERSONALITY has started on SERVICE: the keys that it waited for accumulate. */
void registry_driver_note_started(struct registry_entry *service,
				  const struct registry_personality *personality);
/* N_DRIVERS personalities with a host of their own fit SERVICE. */
void registry_driver_note_matched(struct registry_entry *service, size_t n_drivers);
/* The host of DRIVER has died under it: its provider is matched again. */
void registry_driver_note_lost(struct registry_entry *driver);
