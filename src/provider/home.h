// SPDX-License-Identifier: MIT
/* Where a provider that a registry has started waits for the next registry (docs/protocol.md, Connections). */
#pragma once

#include "base/err.h"

/* Listen beside the registry's socket at SOCKET_PATH. -EPERM: the folder there is not ours alone. */
err_t provider_home_listen(const char *socket_path, int *ret_fd);
