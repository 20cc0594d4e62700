// SPDX-License-Identifier: MIT
/*
 * The main-queue hook that the run loop uses, with upstream libdispatch's
 * names on Linux, so that either library serves.
 */
#pragma once

#include <stdint.h>

/* A descriptor that polls readable when the main queue has work; created once, borrowed. */
int _dispatch_get_main_queue_handle_4CF(void);
/* Run what is queued on the main queue; main thread only. MESSAGE is unused. */
void _dispatch_main_queue_callback_4CF(void *message);
