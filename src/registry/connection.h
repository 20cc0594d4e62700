// SPDX-License-Identifier: MIT
/* Opening one connection: who, to which service, through which host. */
#pragma once

#include "registry/registry_internal.h"
#include "wire/publish.h"

/* WIRE_OPEN: answer now with a refusal, or later when the host has decided. */
err_t registry_connection_open(struct registry_peer *client, const struct wire_header *request,
			       uint64_t service, uint32_t type);

/* WIRE_OPENED: who opened USER_CLIENT before a restart, as its host says. What this registry has opened
 * itself it knows better. -ENOMEM: it stays unknown. */
err_t registry_connection_returned(struct registry_entry *user_client,
				   const struct wire_opened *opened);
