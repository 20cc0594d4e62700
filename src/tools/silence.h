// SPDX-License-Identifier: MIT
/* A registry that does not answer: why a command has to wait. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Say so on standard error, after a few seconds and once, while the program that is called NAME waits. */
void tools_silence_watch(const char *name);
/* "its process (pid 5) is stopped: kill -CONT 5 lets it go on", or what else can be known of who listens at
 * PATH. True: that is why it does not answer. */
bool tools_silence_explain(const char *path, char *text, size_t size);
