// SPDX-License-Identifier: MIT
/*
 * The main-queue hook that the run loop uses; upstream libdispatch's names on
 * Linux where it has the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A descriptor that polls readable when the main queue has work; created once, borrowed. */
int _dispatch_get_main_queue_handle_4CF(void);
/* Run what is queued on the main queue; main thread only. MESSAGE is unused. */
void _dispatch_main_queue_callback_4CF(void *message);
/* Would it run anything? */
__attribute__((visibility("default"))) bool _dispatch_main_queue_is_pending_4CF(void);
