// SPDX-License-Identifier: MIT
/* The folders that sessions live in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A new folder of mode 0700 in $XDG_RUNTIME_DIR or /tmp. False after a complaint that says what to
 * do. */
bool tools_folder_make_private(char *ret_path, size_t size);
/* The folder of the user session's SOCKET_PATH: made if missing, checked to belong to this user
 * and to be closed to others. False after a complaint. */
bool tools_folder_make_user(const char *socket_path);
/* Remove a folder, the files in it, and folders of files. */
void tools_folder_remove(const char *path);
