// SPDX-License-Identifier: MIT
/* What a client has laid on its tray (wire/tray.h): grants that come back, notifications that are armed. */
#pragma once

#include "registry/registry_internal.h"

/* WIRE_TRAY_OPEN. FD stays the caller's. kIOReturnBadArgument: no such memory, or there is a tray. */
IOReturn registry_tray_open(struct registry_peer *client, uint64_t size, int fd);
void registry_tray_close(struct registry_peer *client);
/*
 * Take what lies there. Entries whose last hold this was may be freed, and a notification for which
 * something is pending fires: the caller flushes. A client that breaks the protocol is closed, which
 * frees nothing of it yet.
 */
void registry_tray_take(struct registry_peer *client);
/* Those of all clients, before somebody counts what there is. */
void registry_trays_take(struct registry *registry);
