// SPDX-License-Identifier: MIT
/*
 * A client without the client library: it speaks the protocol itself, as far as
 * it likes, and writes into its call slots whatever it likes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/slot.h"

/* A connection to the registry that has not said anything. */
int raw_connect(const char *path);
/* WIRE_HELLO of a client, and its answer. */
void raw_greet(int fd);
/* One datagram as it is, with descriptors. False: the other end has gone, or takes no descriptors at all
 * (then the kernel has refused them: EPERM). */
bool raw_post(int fd, const void *bytes, size_t size, const int *fds, size_t n_fds);
/* Take what comes until the other end hangs up. */
void raw_await_end(int fd);

struct raw_client {
	int control, data; /* to the registry, to the host */
	int fd;		   /* memory of the slots; -1: none yet */
	struct wire_slots *shared;
	uint32_t steps[WIRE_SLOTS_COUNT]; /* of its last requests */
};

/* Connect to the registry at PATH and open entry SERVICE. */
void raw_open(struct raw_client *raw, const char *path, uint64_t service);
/* Ask for slots in FD (borrowed), said to have SIZE bytes. 0 with the host's status, or -EPIPE: it has
 * hung up. */
err_t raw_offer(struct raw_client *raw, int fd, uint64_t size, int32_t *ret_status);
/* Proper memory, accepted by the host and mapped here. NAME tells it from others in the host's maps. */
void raw_take_slots(struct raw_client *raw, const char *name);
void raw_close(struct raw_client *raw);

bool raw_has_hung_up(struct raw_client *raw);
void raw_await_hang_up(struct raw_client *raw);

/* Put a request into slot INDEX, with its proper step, and knock. */
void raw_send(struct raw_client *raw, unsigned index, uint32_t selector,
	      struct wire_slot_sizes sizes);
void raw_knock(struct raw_client *raw);
/* Until there is an answer (0), the host has hung up (-EPIPE) or this was looked for so often (-EAGAIN). */
err_t raw_await(struct raw_client *raw, unsigned index, unsigned looks);
