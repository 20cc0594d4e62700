// SPDX-License-Identifier: MIT
/*
 * The tray: memory in which a client lays down the grants that it gives back
 * and the notifications that it has armed. The registry takes what lies there
 * when it is about to do something that depends on it, and with every message
 * of that client; nobody is woken. What lies there for long is announced with
 * an ordinary message (client/release.c).
 *
 * Used by one thread at a time on each side.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/protocol.h"

struct wire_tray_memory;

/* ID and how many of its grants come back; a number of 0: ID is a notification that is armed. */
struct wire_tray_record {
	uint64_t id, n_grants;
};

/* The client's end. */
struct wire_tray_writer {
	struct wire_tray_memory *memory; /* NULL: none */
	uint64_t at, taken;
};

/* New memory; the caller sends RET_FD to the registry and closes it. */
err_t wire_tray_create(struct wire_tray_writer *writer, int *ret_fd);
void wire_tray_destroy(struct wire_tray_writer *writer);
/* False: it is full. What the registry published before it took the record is seen afterwards, or it
 * sees the record. */
bool wire_tray_put(struct wire_tray_writer *writer, struct wire_tray_record record);
/* Nothing lies there that has not been taken. */
bool wire_tray_is_empty(struct wire_tray_writer *writer);

/* The registry's end. */
struct wire_tray_reader {
	struct wire_tray_memory *memory; /* NULL: none */
	uint64_t at;
};

/* -EBADMSG: FD is no sealed memory of that size. FD stays the caller's. */
err_t wire_tray_attach(struct wire_tray_reader *reader, int fd);
void wire_tray_detach(struct wire_tray_reader *reader);
/* Copy all that lies there. -EBADMSG: more than can be. */
err_t wire_tray_take(struct wire_tray_reader *reader,
		     struct wire_tray_record ret_records[static WIRE_TRAY_SLOTS],
		     size_t *ret_count);
