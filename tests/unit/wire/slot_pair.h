// SPDX-License-Identifier: MIT
/* Both ends of the call slots in one process and one mapping, so that the thread sanitizer sees both. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "wire/slot_caller.h"
#include "wire/slot_server.h"

struct slot_pair {
	struct wire_slots *shared;
	struct wire_slot_caller *caller;
	struct wire_slot_server server;
	pthread_t thread;
	atomic_bool ends;
	atomic_uint n_ignored;
};

/* Selectors that the server knows. */
enum { SLOT_PAIR_FAIL = 1000, SLOT_PAIR_IGNORE };

struct wire_slots *slot_pair_memory(void);
void slot_pair_memory_free(struct wire_slots *shared);
/* FN is the server's thread. */
struct slot_pair *slot_pair_start(void *(*fn)(void *pair));
void slot_pair_end(struct slot_pair *pair);
/* Answers scalars plus one and structures inverted; SLOT_PAIR_FAIL with -77, SLOT_PAIR_IGNORE not. */
void *slot_pair_echo(void *pair);
/* Until N calls have been taken that get no answer. */
void slot_pair_await_ignored(struct slot_pair *pair, unsigned n);
