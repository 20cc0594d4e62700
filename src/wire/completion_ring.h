// SPDX-License-Identifier: MIT
/*
 * Completions through shared memory: one ring for each completion inlet, made
 * and sealed by the client, written by the host, read by the client. The
 * protocol is explained in completion_ring.c.
 *
 * A writer and a reader are each used by one thread at a time: the host has a
 * lock of its own around its end, the client the lock of its ports.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/protocol.h"

enum wire_ring_kind {
	WIRE_RING_COMPLETION = 1,
	WIRE_RING_RELEASED = 2, /* no completion for this token will follow */
};

struct wire_ring_record {
	uint64_t token;
	int32_t result;
	uint8_t kind; /* enum wire_ring_kind */
	uint8_t count;
	const uint64_t *arguments; /* COUNT, at most WIRE_ASYNC_ARGUMENTS_MAX */
};

struct wire_ring_memory;

/* --- the host's end -------------------------------------------------------- */

struct wire_ring_writer {
	struct wire_ring_memory *memory; /* NULL: no ring */
	uint64_t at;			 /* slots written since the beginning */
	uint64_t taken;			 /* of them known to be read */
};

/* Check and map what the client has sent; FD stays the caller's. -EBADMSG: it is no sealed memory
 * of the right size; -ENOMEM. */
err_t wire_ring_attach(struct wire_ring_writer *writer, int fd);
void wire_ring_detach(struct wire_ring_writer *writer);
/* False: there is no room. */
bool wire_ring_put(struct wire_ring_writer *writer, const struct wire_ring_record *record);
/* More than half of it waits to be read. */
bool wire_ring_is_crowded(struct wire_ring_writer *writer);
/* To be asked after a put. */
enum wire_ring_reader_state {
	WIRE_RING_AWAKE,  /* it will see the record */
	WIRE_RING_ASLEEP, /* it is this caller's to wake, once */
	WIRE_RING_CLOSED, /* it reads no more */
} wire_ring_reader_state(struct wire_ring_writer *writer);
bool wire_ring_is_closed(const struct wire_ring_writer *writer);
/* After a put that failed: the reader shall tell when half of the ring is free. False: there is room
 * by now. */
bool wire_ring_want_room(struct wire_ring_writer *writer);

/* --- the client's end ------------------------------------------------------ */

struct wire_ring_reader {
	struct wire_ring_memory *memory; /* NULL: no ring */
	uint64_t at;			 /* slots read since the beginning */
	int unread;			 /* wake-ups known to be sent, but not received yet */
	bool slept;			 /* what it last said is that it sleeps */
};

/* A new ring whose reader sleeps. */
err_t wire_ring_create(struct wire_ring_reader *reader, int *ret_fd);
void wire_ring_destroy(struct wire_ring_reader *reader);
/* Nothing will be read any more. */
void wire_ring_close(struct wire_ring_reader *reader);
/* The next record, copied; its arguments into ARGUMENTS. -EAGAIN: none; -EBADMSG: nonsense. */
err_t wire_ring_take(struct wire_ring_reader *reader, struct wire_ring_record *ret_record,
		     uint64_t arguments[static WIRE_ASYNC_ARGUMENTS_MAX]);
bool wire_ring_is_empty(const struct wire_ring_reader *reader);
/* What the next record is, as long as nobody changes it; 0: there is none. */
unsigned wire_ring_next_kind(const struct wire_ring_reader *reader);
/* Ask to be woken. False: there is a record. Then receive wake-ups from the socket until UNREAD is 0,
 * or 1 when there is a record. */
bool wire_ring_sleep(struct wire_ring_reader *reader);
/* True: the writer waits for room and is this caller's to tell, once. ANY: however little there is. */
bool wire_ring_must_tell(struct wire_ring_reader *reader, bool any);
