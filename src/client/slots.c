// SPDX-License-Identifier: MIT
#include "client/slots.h"

#include <pthread.h>
#include <stdlib.h>

#include <mach/mig_errors.h>

#include "base/key.h"
#include "base/fd.h"
#include "base/ref.h"
#include "client/call.h"
#include "client/connect.h"
#include "client/status.h"
#include "port/port.h"
#include "wire/call.h"
#include "wire/slot_caller.h"

/* Setting them up costs about as much as this many calls on the socket. */
enum { CALLS_BEFORE = 4 };

struct client_slots {
	struct ref ref; /* the connection, and each lease */
	struct wire_slot_caller *caller;
	atomic_bool closed;  /* by the program: a hang-up is no accident */
	atomic_bool aborted; /* closed under calls that do not end */
};

/* --- the object -------------------------------------------------------------------------- */

struct client_slots *client_slots_unref(struct client_slots *slots)
{
	if (!slots || !ref_put(&slots->ref))
		return NULL;
	wire_slot_caller_free(slots->caller);
	free(slots);
	return NULL;
}

void client_slots_look_away(struct client_slots *slots)
{
	if (slots)
		wire_slot_caller_look_at(slots->caller, -1);
}

void client_slots_lose(struct client_slots *slots)
{
	if (slots)
		wire_slot_caller_lose(slots->caller);
}

void client_slots_abort(struct client_slots *slots)
{
	if (slots)
		atomic_store(&slots->aborted, true);
	client_slots_lose(slots);
}

static struct client_slots *slots_new(int *ret_fd)
{
	struct client_slots *slots = calloc(1, sizeof(*slots));

	if (slots && wire_slot_caller_new(&slots->caller, ret_fd)) {
		free(slots);
		slots = NULL;
	}
	if (slots)
		ref_init(&slots->ref);
	return slots;
}

/* One thread, once. When it cannot be, the socket serves. */
static void set_up(struct client_connection *connection)
{
	struct wire_slots_request request = { .size = sizeof(struct wire_slots) };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int fd;
	struct client_slots *slots = slots_new(&fd);
	int32_t status;
	err_t err;

	if (!slots)
		return;
	err = wire_channel_call(connection->channel, &wire_slots_layout, &request, &fd, 1, NULL,
				NULL, &frame, &status);
	fd_close(fd);
	wire_frame_fini(&frame);
	if (err || status) {
		client_slots_unref(slots);
		return;
	}
	wire_slot_caller_look_at(slots->caller, wire_channel_fd(connection->channel));
	atomic_store(&connection->slots, slots);
	/* Who closed or lost the connection meanwhile did not see them. */
	if (atomic_load(&connection->closed))
		client_slots_close(slots);
	if (atomic_load(&connection->lost))
		client_slots_lose(slots);
}

static struct client_slots *get(struct client_connection *connection)
{
	struct client_slots *slots = atomic_load_explicit(&connection->slots, memory_order_acquire);

	if (slots || connection->allows_memory)
		return slots;
	if (atomic_load_explicit(&connection->n_calls, memory_order_relaxed) < CALLS_BEFORE &&
	    atomic_fetch_add(&connection->n_calls, 1) == CALLS_BEFORE - 1)
		set_up(connection);
	return atomic_load_explicit(&connection->slots, memory_order_acquire);
}

/* --- leases --------------------------------------------------------------------------------- */

struct lease {
	io_connect_t handle;
	uint64_t generation;	    /* of the names, when HANDLE was looked up */
	struct client_slots *slots; /* referenced; NULL: none */
	int index;		    /* of the slot; -1: one for each call */
};

static _Thread_local struct lease lease __attribute__((tls_model("initial-exec")));
static pthread_once_t lease_once = PTHREAD_ONCE_INIT;
static const _Atomic uint64_t *generation; /* of the table of names; fixed */

static void give_back(void)
{
	if (!lease.slots)
		return;
	wire_slot_caller_give_back(lease.slots->caller, lease.index);
	lease.slots = client_slots_unref(lease.slots);
	lease.handle = MACH_PORT_NULL;
}

void client_slots_close(struct client_slots *slots)
{
	if (!slots)
		return;
	atomic_store(&slots->closed, true);
	if (lease.slots == slots)
		give_back();
}

static void thread_ends(void *context)
{
	give_back();
}

static struct key lease_key = KEY_INIT(thread_ends);

static void prepare(void)
{
	generation = port_name_generation();
}

void client_slots_forget(void)
{
	lease = (struct lease){ .slots = NULL };
}

/* HANDLE was looked up after the names had generation NAMES. */
static void take_lease(struct client_slots *slots, io_connect_t handle, uint64_t names)
{
	if (lease.slots != slots) {
		give_back();
		if (!key_set(&lease_key, &lease))
			return; /* each call takes a slot of its own */
		ref_get(&slots->ref);
		lease.slots = slots;
		lease.index = wire_slot_caller_lease(slots->caller);
	}
	lease.handle = handle;
	lease.generation = names;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The results are in the caller's buffers; what exceeds them is reported as it is. */
static IOReturn put_counts(const struct client_call *call, const struct wire_slot_call *slot)
{
	IOReturn status = kIOReturnSuccess;

	if (call->n_output) {
		*call->n_output = slot->n_output;
		if (slot->n_output > slot->output_capacity)
			status = MIG_ARRAY_TOO_LARGE;
	}
	if (call->structure_output_size) {
		*call->structure_output_size = (size_t)slot->structure_output_size;
		if (slot->structure_output_size > slot->structure_capacity)
			status = MIG_ARRAY_TOO_LARGE;
	}
	return status;
}

/* Through slot INDEX, or any. -EAGAIN, -EPIPE, -EBADMSG as wire_slot_caller_call. */
static err_t run(struct client_slots *slots, int index, const struct client_call *call,
		 IOReturn *ret_status)
{
	struct wire_slot_call slot;
	err_t err;

	slot.selector = call->selector;
	slot.input = call->input;
	slot.n_input = call->n_input;
	slot.structure = call->structure;
	slot.structure_size = call->structure_size;
	slot.output = call->output;
	slot.structure_output = call->structure_output;
	slot.output_capacity = call->n_output ? *call->n_output : 0;
	if (slot.output_capacity > WIRE_SCALARS_MAX)
		slot.output_capacity = WIRE_SCALARS_MAX;
	slot.structure_capacity = call->structure_output_size ? *call->structure_output_size : 0;
	err = wire_slot_caller_call(slots->caller, index, &slot);
	if (!err)
		*ret_status = slot.status ? slot.status : put_counts(call, &slot);
	return err;
}

/* The connection has gone under a call. What its handle answers is its own to know, if it is left. */
static IOReturn failed(struct client_slots *slots, io_connect_t handle, err_t err)
{
	struct client_connection *connection;
	IOReturn status;

	if (err == -EPIPE && atomic_load(&slots->aborted))
		return kIOReturnAborted;
	if (client_connection_find(handle, &connection)) {
		if (err == -EBADMSG)
			return kIOReturnIPCError;
		return atomic_load(&slots->closed) ? client_status_of_handle(-ENOENT)
						   : client_status_of_call(-EPIPE);
	}
	if (err == -EBADMSG)
		client_connection_lose(connection);
	status = err == -EBADMSG ? kIOReturnIPCError : client_connection_failed(connection, -EPIPE);
	client_connection_unref(connection);
	return status;
}

bool client_slots_call_leased(const struct client_call *call, IOReturn *ret_status)
{
	err_t err;

	if (lease.handle != call->connection || !lease.slots ||
	    lease.generation != atomic_load_explicit(generation, memory_order_acquire) ||
	    wire_slot_caller_is_lost(lease.slots->caller))
		return false;
	err = run(lease.slots, lease.index, call, ret_status);
	if (err == -EAGAIN)
		return false;
	if (err)
		*ret_status = failed(lease.slots, call->connection, err);
	return true;
}

uint64_t client_slots_generation(void)
{
	pthread_once(&lease_once, prepare);
	return atomic_load_explicit(generation, memory_order_acquire);
}

bool client_slots_call(struct client_connection *connection, const struct client_call *call,
		       uint64_t names, IOReturn *ret_status)
{
	struct client_slots *slots = get(connection);
	err_t err;

	/* A call that begins on a lost connection is the other way's to answer. */
	if (!slots || atomic_load(&connection->lost))
		return false;
	err = run(slots, -1, call, ret_status);
	if (err == -EAGAIN)
		return false;
	if (err)
		*ret_status = failed(slots, call->connection, err);
	else
		take_lease(slots, call->connection, names);
	return true;
}
