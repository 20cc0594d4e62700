// SPDX-License-Identifier: MIT
/*
 * Hosts that are units of systemd (tier 3): a socket unit for each listens in
 * one folder, and systemd starts the host, under a uid of its own, when the
 * registry connects. Ends by hang-up; systemd reaps it.
 */
#pragma once

#include "base/err.h"

/* The name of the instance for SERVER, as systemd-escape writes it. -ENAMETOOLONG. */
err_t registry_unit_escape(const char *server, char *ret_name, unsigned size);
/* Connect to FOLDER/NAME.sock. -ENOENT: there is no unit; -EPERM: who owns the folder or the socket is
 * neither root nor we, or others may write there. */
err_t registry_unit_connect(const char *folder, const char *server, int *ret_socket);
