// SPDX-License-Identifier: MIT
/* Registry entries by path. */
#pragma once

#include <IOKit/IOReturn.h>

struct client_entry;

IOReturn client_entry_from_path(const char *path, struct client_entry **ret_entry);
