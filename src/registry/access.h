// SPDX-License-Identifier: MIT
/*
 * Exclusive access and messages between drivers of different hosts
 * (IOService::open, messageClient): the registry passes them on to the host of
 * the other object, and remembers who has what open, so that a client that
 * goes without a word has closed.
 */
#pragma once

#include "registry/registry_internal.h"

struct wire_access;
struct wire_message;

/* WIRE_ACCESS: answered by the provider's host, or at once with 0 when there is none. */
err_t registry_access_request(struct registry_peer *peer, const struct wire_header *request,
			      const struct wire_access *access);
/* After a restart: CLIENT, the entry ID, is said to have PROVIDER open. NULL: it does not come back, and PROVIDER's
 * host hears that it has closed. */
void registry_access_held(struct registry_entry *provider, struct registry_entry *client,
			  uint64_t id);
/* WIRE_MESSAGE_CLIENT: answered with the status of the client's driver. */
err_t registry_access_message(struct registry_peer *peer, const struct wire_header *request,
			      const struct wire_message *message);
/* IOServiceRequestProbe of a program: answered with the status of the service's driver. */
err_t registry_access_probe(struct registry_peer *client, const struct wire_header *request,
			    struct registry_entry *service, uint32_t options);
/* ENTRY leaves the tree, or its owner has gone: it closes what it has open. */
void registry_access_forget(struct registry_entry *entry);
