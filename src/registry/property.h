// SPDX-License-Identifier: MIT
/* Reading and writing properties for clients, with the owner's help where values are live. */
#pragma once

#include "registry/registry_internal.h"

/* WIRE_PROPERTIES: the whole dictionary, live values computed anew. */
err_t registry_property_read_all(struct registry_peer *client, const struct wire_header *request,
				 struct registry_entry *entry);
/* WIRE_PROPERTY: one value, with IORegistryEntrySearchCFProperty's options. */
err_t registry_property_read(struct registry_peer *client, const struct wire_header *request,
			     struct registry_entry *entry, const struct registry_plane *plane,
			     const char *key, uint32_t options);
/* WIRE_SET_PROPERTIES, by the rules of spec 5.10. */
err_t registry_property_write(struct registry_peer *client, const struct wire_header *request,
			      struct registry_entry *entry, CFTypeRef value);
/* publishResource: set on IOResources and match it again. VALUE NULL publishes "IOService". */
void registry_property_publish_resource(struct registry *registry, CFStringRef key,
					CFTypeRef value);
