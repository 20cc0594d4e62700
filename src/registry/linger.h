// SPDX-License-Identifier: MIT
/*
 * Connections that have ended while large answers were unread: the memory of
 * those stays until their reader's end of the socket goes. Until then they are
 * on the account of their user, and count as connections.
 */
#pragma once

#include "registry/registry_internal.h"

void registry_linger_init(struct registry *registry);
/* PEER is about to be freed. */
void registry_linger_begin(struct registry_peer *peer);
void registry_linger_fini(struct registry *registry);
