// SPDX-License-Identifier: MIT
/* The client library's end of the call slots (slot.h). Any number of threads call at once. */
#pragma once

#include "base/err.h"
#include "wire/slot.h"

struct wire_slot_caller;

/* Memory for the slots: mapped, sealed, its descriptor for the server in RET_FD. */
err_t wire_slot_caller_new(struct wire_slot_caller **ret_caller, int *ret_fd);
/* The same over memory of the program: both ends of a test in one mapping. Borrowed. */
err_t wire_slot_caller_new_at(struct wire_slots *shared, struct wire_slot_caller **ret_caller);
/* Who waits looks now and then whether the peer is still at the other end of SOCKET (borrowed), besides
 * wire_slot_caller_lose: who should call that may have been unable to. -1, before it is closed: no more. Any thread. */
void wire_slot_caller_look_at(struct wire_slot_caller *caller, int socket);
struct wire_slot_caller *wire_slot_caller_free(struct wire_slot_caller *caller);
/* The peer has gone: every caller returns -EPIPE, now and later. Any thread. */
void wire_slot_caller_lose(struct wire_slot_caller *caller);

struct wire_slot_call {
	uint32_t selector;
	uint32_t n_input, output_capacity; /* at most WIRE_SCALARS_MAX */
	const uint64_t *input;
	uint64_t *output;
	const void *structure;
	void *structure_output;
	uint64_t structure_size, structure_capacity;
	/* the answer */
	int32_t status;
	uint32_t n_output;		/* as the driver left it, may exceed the capacity */
	uint64_t structure_output_size; /* likewise */
};

/*
 * Call through slot INDEX, which the thread has leased, or through a free one
 * (-1, or a structure that needs a wide one); wait for the answer, without a time limit. With status 0 the outputs
 * have been written, never more than the capacities.
 * -EAGAIN: no slot is free or the structures are too large for one: nothing has
 * been sent. -EPIPE: the peer has gone. -EBADMSG: it broke the protocol.
 */
err_t wire_slot_caller_call(struct wire_slot_caller *caller, int index,
			    struct wire_slot_call *call);
bool wire_slot_caller_is_lost(const struct wire_slot_caller *caller);

/* A slot for one thread's calls, so that each need not look for a free one. -1: there are too few
 * left. */
int wire_slot_caller_lease(struct wire_slot_caller *caller);
/* -1 is harmless. */
void wire_slot_caller_give_back(struct wire_slot_caller *caller, int index);
