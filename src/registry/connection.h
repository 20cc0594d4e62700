// SPDX-License-Identifier: MIT
/* Opening one connection: who, to which service, through which host. */
#pragma once

#include "registry/registry_internal.h"

/* WIRE_OPEN: answer now with a refusal, or later when the host has decided. */
err_t registry_connection_open(struct registry_peer *client, const struct wire_header *request,
			       uint64_t service, uint32_t type);
