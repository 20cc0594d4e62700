// SPDX-License-Identifier: MIT
/*
 * What WIRE_STATUS answers: the registry's own state (dump.h) and, of each driver
 * host, what it keeps for clients. Hosts are asked; one that does not answer in
 * time is left out.
 */
#pragma once

#include "registry/registry_internal.h"

err_t registry_status_read(struct registry_peer *client, const struct wire_header *request);
