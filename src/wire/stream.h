// SPDX-License-Identifier: MIT
/*
 * A large payload through shared memory while it is being written: the writer
 * tells after each chunk how much is there, the reader copies behind it. Two
 * processors then copy at the same time, and a chunk is still in a cache when
 * the reader comes for it. The word is set to nothing before the reader learns
 * of the payload, and nothing that it says is believed beyond the size agreed.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Copy SIZE bytes to TO, telling PROGRESS, which starts at 0. */
void wire_stream_out(_Atomic uint32_t *progress, void *to, const void *from, size_t size);
/* Copy SIZE bytes from FROM as they come. -EPIPE: ENDS became true before they all did. A writer that
 * stops keeps this thread, which then sleeps more than it looks. */
err_t wire_stream_in(const _Atomic uint32_t *progress, void *to, const void *from, size_t size,
		     const atomic_bool *ends);
