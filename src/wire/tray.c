// SPDX-License-Identifier: MIT
/*
 * A position counts records since the beginning and never wraps. The client
 * stores a record and then `put`; the registry copies what lies between its own
 * position and `put`, and then stores `taken`.
 *
 * Arming. The registry appends a service to a notification, counts it in
 * news_generation, and looks at `put` when the notification is not armed; the
 * client lays down that it has armed it, and looks at news_generation again.
 * These four accesses are sequentially consistent, so one of the two sees the
 * other: the registry finds it armed and sends the notice, or the client asks.
 * tests/model/tray.pml shows that no service is missed so.
 *
 * Trust. Each side keeps its position to itself. The registry takes `put` once
 * and refuses more records than there is room for; of a record it reads each
 * word once, and what it says is checked as if it had come in a message. The
 * client ignores a `taken` that does not lie between the last one and its own
 * position: it then sends messages.
 */
#include "wire/tray.h"

#include <stdatomic.h>

#include "base/fd.h"
#include "base/shm.h"

struct slot {
	_Atomic uint64_t id, n_grants;
};

struct wire_tray_memory {
	_Alignas(64) _Atomic uint64_t put;   /* written by the client */
	_Alignas(64) _Atomic uint64_t taken; /* and by the registry */
	_Alignas(64) struct slot slots[WIRE_TRAY_SLOTS];
};

_Static_assert(sizeof(struct wire_tray_memory) == WIRE_TRAY_SIZE, "as protocol.md says");
_Static_assert((WIRE_TRAY_SLOTS & (WIRE_TRAY_SLOTS - 1)) == 0, "positions are masked");

static struct slot *slot_at(struct wire_tray_memory *memory, uint64_t position)
{
	return &memory->slots[position & (WIRE_TRAY_SLOTS - 1)];
}

/* --- the client's end ------------------------------------------------------- */

err_t wire_tray_create(struct wire_tray_writer *writer, int *ret_fd)
{
	void *base;
	int fd;
	err_t err = shm_create("portico-tray", WIRE_TRAY_SIZE, &fd);

	if (err)
		return err;
	err = shm_map(fd, WIRE_TRAY_SIZE, true, &base);
	if (err) {
		fd_close(fd);
		return err;
	}
	*writer = (struct wire_tray_writer){ .memory = base };
	*ret_fd = fd;
	return 0;
}

void wire_tray_destroy(struct wire_tray_writer *writer)
{
	shm_unmap(writer->memory, WIRE_TRAY_SIZE);
	*writer = (struct wire_tray_writer){ .memory = NULL };
}

static void look_for_taken(struct wire_tray_writer *w)
{
	/* Acquire: the registry has copied what was there before we write over it. */
	uint64_t taken = atomic_load_explicit(&w->memory->taken, memory_order_acquire);

	if (taken - w->taken <= w->at - w->taken)
		w->taken = taken;
}

bool wire_tray_put(struct wire_tray_writer *w, struct wire_tray_record record)
{
	if (w->at - w->taken == WIRE_TRAY_SLOTS)
		look_for_taken(w);
	if (w->at - w->taken == WIRE_TRAY_SLOTS)
		return false;
	struct slot *slot = slot_at(w->memory, w->at++);
	atomic_store_explicit(&slot->id, record.id, memory_order_relaxed);
	atomic_store_explicit(&slot->n_grants, record.n_grants, memory_order_relaxed);
	/* Sequentially consistent: before the look at news_generation. */
	atomic_store(&w->memory->put, w->at);
	return true;
}

bool wire_tray_is_empty(struct wire_tray_writer *w)
{
	look_for_taken(w);
	return w->taken == w->at;
}

/* --- the registry's end -------------------------------------------------------- */

err_t wire_tray_attach(struct wire_tray_reader *reader, int fd)
{
	void *base;
	err_t err = shm_verify(fd, WIRE_TRAY_SIZE);

	if (!err)
		err = shm_map(fd, WIRE_TRAY_SIZE, true, &base);
	if (!err)
		*reader = (struct wire_tray_reader){ .memory = base };
	return err;
}

void wire_tray_detach(struct wire_tray_reader *reader)
{
	shm_unmap(reader->memory, WIRE_TRAY_SIZE);
	*reader = (struct wire_tray_reader){ .memory = NULL };
}

err_t wire_tray_take(struct wire_tray_reader *r,
		     struct wire_tray_record ret_records[static WIRE_TRAY_SLOTS], size_t *ret_count)
{
	/* Sequentially consistent: after news_generation has been counted up. */
	uint64_t put = atomic_load(&r->memory->put), n = put - r->at;

	*ret_count = 0;
	if (!n)
		return 0;
	if (n > WIRE_TRAY_SLOTS)
		return -EBADMSG;
	for (uint64_t i = 0; i < n; i++) {
		struct slot *slot = slot_at(r->memory, r->at + i);

		ret_records[i].id = atomic_load_explicit(&slot->id, memory_order_relaxed);
		ret_records[i].n_grants =
			atomic_load_explicit(&slot->n_grants, memory_order_relaxed);
	}
	r->at = put;
	atomic_store_explicit(&r->memory->taken, put, memory_order_release);
	*ret_count = (size_t)n;
	return 0;
}
