// SPDX-License-Identifier: MIT
/* One request of a client while a thread handles it: shared by the two halves of the call server.
 */
#pragma once

#include "host/host_internal.h"

enum { HOST_INBAND_MAX = 4096 }; /* bytes of a structure inside the message */

/* How a request stands to the others of its connection (spec 5.4). */
enum host_gate {
	HOST_GATE_BESIDE, /* to none: the connection's end alone waits for it */
	HOST_GATE_SHARED, /* among methods */
	HOST_GATE_ALONE,
};

struct host_turn {
	struct host_connection *connection;
	IOUserClient *client;
	struct wire_frame frame;
	enum host_gate gate;
	uint64_t number;   /* what connection->turn is, unless another thread receives now */
	uint64_t start_ns; /* 0: this call is not measured */
	uint8_t output[HOST_INBAND_MAX] __attribute__((aligned(16)));
};

/* The answer, in full or not at all. A client that does not read its answers waits for itself;
 * at the end of the connection it is waited for a second more. */
err_t host_turn_answer(struct host_turn *turn, const struct wire_layout *layout, IOReturn status,
		       const void *message, const int *fds, size_t n_fds);
err_t host_turn_answer_status(struct host_turn *turn, IOReturn status);
IOReturn host_turn_status_of(err_t err);

static inline void host_turn_enter(struct host_turn *turn, enum host_gate gate)
{
	turn->gate = gate;
	if (gate == HOST_GATE_BESIDE)
		atomic_fetch_add(&turn->connection->n_beside, 1);
	else if (gate == HOST_GATE_SHARED)
		pthread_rwlock_rdlock(&turn->connection->gate);
	else
		pthread_rwlock_wrlock(&turn->connection->gate);
}

static inline void host_turn_leave(struct host_turn *turn)
{
	struct host_connection *connection = turn->connection;

	if (turn->gate != HOST_GATE_BESIDE) {
		pthread_rwlock_unlock(&connection->gate);
	} else if (atomic_fetch_sub(&connection->n_beside, 1) == 1 &&
		   atomic_load(&connection->ending)) {
		pthread_mutex_lock(&connection->lock);
		pthread_cond_broadcast(&connection->left);
		pthread_mutex_unlock(&connection->lock);
	}
}

static inline bool host_turn_is_closed(struct host_turn *turn)
{
	return atomic_load(&turn->connection->closed) || atomic_load(&turn->connection->inactive);
}

/* The inlet of that number and class, retained, or NULL. */
struct host_inlet *host_turn_find_inlet(struct host_turn *turn, uint32_t number,
					uint32_t inlet_class);

/* What has been received. -EBADMSG, -EPIPE: the connection ends. */
err_t host_turn_handle(struct host_turn *turn);
/* Around a method (receiver.c): a selector that is known to be slow gets a receiver beside it. */
void host_turn_begin_method(struct host_turn *turn, uint32_t selector);
void host_turn_end_method(struct host_turn *turn, uint32_t selector);

/* The program's answer to a question about its memory (client_memory.c). */
err_t host_client_memory_answer(struct host_turn *turn);

/* Requests besides calls (client_request.c): 0 or a negative errno that ends the connection. */
err_t host_client_request_close(struct host_turn *turn);
err_t host_client_request_map(struct host_turn *turn);
err_t host_client_request_unmap(struct host_turn *turn);
err_t host_client_request_inlet_open(struct host_turn *turn);
err_t host_client_request_inlet_close(struct host_turn *turn);
err_t host_client_request_set_notification_port(struct host_turn *turn);
err_t host_client_request_get_service(struct host_turn *turn);
err_t host_client_request_set_properties(struct host_turn *turn);
err_t host_client_request_connect_client(struct host_turn *turn);
