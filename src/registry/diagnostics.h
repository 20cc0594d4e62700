// SPDX-License-Identifier: MIT
/*
 * IOKitDiagnostics of the root, computed at each read: how many instances of
 * each class there are in the registry and in the driver hosts, which are
 * asked, and how much memory the registry uses.
 */
#pragma once

#include "registry/registry_internal.h"

/* Answer REQUEST with all properties of the root, or (KEY) the one of that name, when the hosts have
 * answered. */
err_t registry_diagnostics_read(struct registry_peer *client, const struct wire_header *request,
				CFStringRef key);
