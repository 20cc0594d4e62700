// SPDX-License-Identifier: MIT
/* A provider on a loop of its own thread, and the registry's end in the test. */
#pragma once

#include <pthread.h>

#include "base/loop.h"
#include "provider/provider.h"
#include "wire/frame.h"

struct peer {
	struct loop *loop;
	struct provider *provider;
	pthread_t thread;
	int socket; /* the registry's end */
	int connected, again, ended;
	err_t end_reason;
	const int *watched; /* what COUNT_AT_END copies at the end; may be NULL */
	int count_at_end;
	struct wire_frame frame; /* of the last receive */
};

/* PATH: where the provider reconnects; may be NULL. */
void peer_start(struct peer *p, const char *path);
/* LISTENER (borrowed): where it waits for the next registry. */
void peer_start_listening(struct peer *p, int listener);
/* Run FN on the loop's thread and wait. */
void peer_do(struct peer *p, void (*fn)(void *), void *context);
/* The next message must be of TYPE; decoded into RET. */
void peer_receive(struct peer *p, const struct wire_layout *layout, void *ret);
/* Answer the last message with a number (and the proof of it), or with STATUS. */
#define PEER_PROOF(id) ((id) + 5000)
void peer_answer(struct peer *p, int32_t status, uint64_t number);
void peer_answer_hello(struct peer *p);
/* Wait for the provider's end and free everything. */
void peer_finish(struct peer *p);
