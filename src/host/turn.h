// SPDX-License-Identifier: MIT
/* One request of a client while a thread handles it: shared by the two halves of the call server.
 */
#pragma once

#include "host/host_internal.h"
#include "wire/call.h"
#include "wire/slot_server.h"

enum { HOST_INBAND_MAX = 4096 }; /* bytes of a structure inside the message */

/* How a request stands to the others of its connection (spec 5.4). */
enum host_gate {
	HOST_GATE_BESIDE, /* to none: the connection's end alone waits for it */
	HOST_GATE_SHARED, /* among methods */
	HOST_GATE_ALONE,
};

/* Zeroed at first. */
struct host_turn {
	struct host_connection *connection;
	IOUserClient *client;
	struct wire_frame frame;
	enum host_gate gate;
	uint64_t number;	  /* what connection->turn is, unless another thread receives now */
	uint64_t start_ns;	  /* 0: this call is not measured */
	bool is_slow;		  /* the method is known to take long */
	uint64_t charged;	  /* bytes of its structures, on the connection's account */
	struct host_slots *slots; /* the request came through a call slot (slots.c); else NULL */
	struct wire_slot_request request;			     /* then: what came */
	uint8_t input[HOST_INBAND_MAX] __attribute__((aligned(16))); /* likewise its structure */
	/* Zeroed memory for the next large output: clearing it is left for when the answer is out. */
	size_t input_size; /* allocated for the input that a descriptor has */
	void *clean;
	size_t clean_size;
	/* What the driver sees of a call. Filled field by field: clearing it costs as much as a call. */
	IOExternalMethodArguments arguments;
	uint64_t scalars[WIRE_SCALARS_MAX];
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

/* What is said then: to a program that has closed, and to one whose service ends under its call. */
static inline IOReturn host_turn_closed_status(struct host_turn *turn)
{
	return atomic_load(&turn->connection->is_left) ? kIOReturnBadArgument : kIOReturnOffline;
}

/* The inlet of that number and class, retained, or NULL. */
struct host_inlet *host_turn_find_inlet(struct host_turn *turn, uint32_t number,
					uint32_t inlet_class);

/* A call whose fields have been decoded: check, run and answer it. */
err_t host_turn_call(struct host_turn *turn, const struct wire_call_request *in);
/* Are there large buffers? Give them back: the thread has nothing to do. */
static inline bool host_turn_is_large(const struct host_turn *turn)
{
	return turn->clean || turn->frame.payload.data;
}
void host_turn_trim(struct host_turn *turn);
/* BYTES of a structure outside the message. False: over the limit. */
bool host_turn_charge(struct host_turn *turn, uint64_t bytes);
/* The request is over. */
void host_turn_settle(struct host_turn *turn);
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
err_t host_client_request_completions_open(struct host_turn *turn);
err_t host_client_request_inlet_close(struct host_turn *turn);
err_t host_client_request_set_notification_port(struct host_turn *turn);
err_t host_client_request_get_service(struct host_turn *turn);
err_t host_client_request_set_properties(struct host_turn *turn);
err_t host_client_request_connect_client(struct host_turn *turn);
err_t host_client_request_slots(struct host_turn *turn);

/* Calls through shared memory (slots.c). */
void host_slots_answer(struct host_turn *turn, IOReturn status, const struct wire_call_reply *out);
/* Around a method that is known to be slow: another thread looks meanwhile. */
void host_slots_begin_method(struct host_turn *turn, bool is_slow);
