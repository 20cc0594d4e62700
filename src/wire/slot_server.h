// SPDX-License-Identifier: MIT
/*
 * The driver host's end of the call slots (slot.h). One thread at a time looks
 * at the slots (wire_slot_server_next): who that is, its owner decides. Any
 * thread answers what it has taken.
 */
#pragma once

#include <time.h>

#include "base/err.h"
#include "wire/patience.h"
#include "wire/slot.h"

struct wire_slot_server {
	struct wire_slots *shared;
	struct wire_patience patience;
	/* By the thread that looks. */
	uint32_t seen[WIRE_SLOTS_COUNT]; /* the last request of each */
	unsigned next;			 /* where looking goes on */
	unsigned caller_cpu;		 /* of the last request */
	/* By whoever answers: the last answer of each. */
	_Atomic uint32_t answered[WIRE_SLOTS_COUNT];
};

/* One request, copied: nothing of it lies in shared memory but the structure. */
struct wire_slot_request {
	unsigned index;
	uint32_t step, selector;
	uint32_t n_input, output_capacity; /* at most WIRE_SCALARS_MAX */
	uint32_t structure_size, structure_capacity;
	unsigned caller_cpu;
	uint64_t input[WIRE_SCALARS_MAX];
};

/* SHARED is borrowed. */
void wire_slot_server_init(struct wire_slot_server *server, struct wire_slots *shared);
/* Map what a caller has sent. -EBADMSG: it is no memory for slots. FD is borrowed. */
err_t wire_slot_server_map(int fd, struct wire_slots **ret_shared);
void wire_slot_server_unmap(struct wire_slots *shared);

/* The next request; waits for a while. 0; -EAGAIN: there is none, it is time to sleep; -EBADMSG: the
 * caller broke the protocol. */
err_t wire_slot_server_next(struct wire_slot_server *server, struct wire_slot_request *ret_request);
/* Copy the request's structure, once, to BYTES (structure_size of them). Before the answer. -EPIPE: ENDS
 * became true before the caller had written it all. */
err_t wire_slot_server_copy_structure(struct wire_slot_server *server,
				      const struct wire_slot_request *request, void *bytes,
				      const atomic_bool *ends);

struct wire_slot_answer {
	int32_t status;
	uint32_t n_scalars; /* as the driver left it; SCALARS has as many as were asked for */
	const uint64_t *scalars;
	uint64_t structure_size; /* likewise */
	const void *structure;
};

void wire_slot_server_answer(struct wire_slot_server *server,
			     const struct wire_slot_request *request,
			     const struct wire_slot_answer *answer);

/* Around a method: RUNNING true before. IS_SLOW: the next caller shall knock at once. */
void wire_slot_server_run(struct wire_slot_server *server, bool running, bool is_slow);
/* To sleep: remember the knocks, tell the callers, look once more. False: there is a request. */
bool wire_slot_server_begin_sleep(struct wire_slot_server *server, uint32_t *ret_knocks);
uint32_t wire_slot_server_knocks(struct wire_slot_server *server);
/* Sleep unless somebody has knocked since there were KNOCKS, at most for TIMEOUT (NULL: no limit).
 * Returns for no reason, too. */
void wire_slot_server_sleep(struct wire_slot_server *server, uint32_t knocks,
			    const struct timespec *timeout);
/* This thread looks again. */
void wire_slot_server_end_sleep(struct wire_slot_server *server);
/* Wake all that sleep. What a hostile caller does to the word may keep one asleep: repeat it. */
void wire_slot_server_wake_all(struct wire_slot_server *server);
