// SPDX-License-Identifier: MIT
/*
 * One connection's requests: what a thread does with one that it has received
 * (receiver.c).
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scope.h"
#include "host/host_internal.h"
#include "host/turn.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/notice.h"

enum {
	SEND_WAIT_MS = 100,
	SEND_WAIT_TURNS = 50, /* for a client that does not read its answers */
	SEND_WAIT_LAST = 10,  /* of them when the connection ends anyway */
	UNREAD_WAIT_NS = 1000 * 1000,
	UNREAD_WAIT_TURNS = 5000,
	UNREAD_WAIT_LAST = 1000,
	TRAP_PARAMETERS = 6,
	POISON = 0xdb,
	KEEP_MAX = 2 * 1024 * 1024, /* bytes of a buffer that waits for the next call */
};

typedef err_t (*handler_fn)(struct host_turn *turn);

/* --- answering -------------------------------------------------------------------- */

/* Bytes that a reply keeps in a memory file until it is read. */
static uint64_t parked_by(const struct wire_layout *layout, IOReturn status, const void *message)
{
	const struct wire_call_reply *reply = message;

	return layout == &wire_call_reply_layout && !status &&
			       reply->structure.size > WIRE_INLINE_MAX / 2
		     ? reply->structure.size
		     : 0;
}

/* A client that does not read is waited for, not for ever: no thread of a host is a client's to keep. Who
 * gives up does so for all that wait with it or have yet to answer. */
static bool is_out_of_patience(struct host_connection *connection, int turns, int max, int last)
{
	if (turns < last || (turns < max && !atomic_load(&connection->inactive)))
		return false;
	if (turns >= max && host_account_may_log(&connection->account))
		log_error("client %d does not read its answers; the connection ends",
			  connection->task.pid);
	shutdown(connection->socket, SHUT_RDWR);
	return true;
}

static err_t wait_to_park(struct host_connection *connection, uint64_t size)
{
	static const struct timespec a_while = { .tv_nsec = UNREAD_WAIT_NS };

	for (int turns = 0; !host_unread_add(connection, size); turns++) {
		if (is_out_of_patience(connection, turns, UNREAD_WAIT_TURNS, UNREAD_WAIT_LAST))
			return -EPIPE;
		nanosleep(&a_while, NULL);
	}
	return 0;
}

err_t host_turn_answer(struct host_turn *turn, const struct wire_layout *layout, IOReturn status,
		       const void *message, const int *fds, size_t n_fds)
{
	struct host_connection *connection = turn->connection;
	uint64_t size = parked_by(layout, status, message);
	bool has_file = size || n_fds;
	err_t err = has_file ? wait_to_park(connection, size) : 0;

	if (err)
		return err;
	for (int turns = 0;; turns++) {
		struct pollfd room = { .fd = connection->socket, .events = POLLOUT };

		err = wire_reply(connection->socket, &turn->frame.header, layout, status, message,
				 fds, n_fds, false);
		if (err != -EAGAIN)
			break;
		err = -EPIPE;
		if (is_out_of_patience(connection, turns, SEND_WAIT_TURNS, SEND_WAIT_LAST))
			break;
		poll(&room, 1, SEND_WAIT_MS);
	}
	if (has_file)
		host_unread_sent(connection);
	return err;
}

err_t host_turn_answer_status(struct host_turn *turn, IOReturn status)
{
	static const struct wire_empty empty;

	return host_turn_answer(turn, &wire_empty_layout, status, &empty, NULL, 0);
}

IOReturn host_turn_status_of(err_t err)
{
	return err == -ENOMEM ? kIOReturnNoMemory : kIOReturnNoResources;
}

struct host_inlet *host_turn_find_inlet(struct host_turn *turn, uint32_t number,
					uint32_t inlet_class)
{
	struct host_connection *connection = turn->connection;
	struct host_inlet *inlet;

	scope_lock(&connection->lock);
	inlet = map_find(&connection->inlets, number);
	return inlet && host_inlet_class(inlet) == inlet_class ? host_inlet_ref(inlet) : NULL;
}

/* --- external methods ------------------------------------------------------------------ */

/* What cannot come from the client library; the codes are the kernel's (spec 4.3). */
static IOReturn check_call(const struct wire_call_request *in)
{
	bool input_memory = in->flags & WIRE_CALL_INPUT_MEMORY;
	bool output_memory = in->flags & WIRE_CALL_OUTPUT_MEMORY;

	if ((in->flags & WIRE_CALL_ASYNC) && !in->reference.count)
		return kIOReturnBadArgument;
	if (input_memory != (in->structure.size > HOST_INBAND_MAX) ||
	    output_memory != (in->structure_output_size > HOST_INBAND_MAX))
		return kIOReturnIPCError;
	if (in->structure_output_size > WIRE_STRUCTURE_MAX)
		return kIOReturnNoMemory;
	if ((in->flags & WIRE_CALL_OUTPUT_VARIABLE) &&
	    ((in->flags & WIRE_CALL_ASYNC) || in->structure_output_size))
		return kIOReturnIPCError;
	return kIOReturnSuccess;
}

bool host_turn_charge(struct host_turn *turn, uint64_t bytes)
{
	if (!host_account_charge(&turn->connection->account, LIMITS_CALL_BYTES, bytes))
		return false;
	turn->charged += bytes;
	return true;
}

void host_turn_settle(struct host_turn *turn)
{
	if (turn->charged)
		host_account_refund(&turn->connection->account, LIMITS_CALL_BYTES, turn->charged);
	turn->charged = 0;
}

/* SIZE bytes of zeros. */
static void *take_clean(struct host_turn *turn, size_t size)
{
	void *bytes = NULL;

	if (size <= turn->clean_size) {
		bytes = take_ptr(turn->clean);
		turn->clean_size = 0;
	}
	return bytes ? bytes : calloc(1, size);
}

static void put_clean(struct host_turn *turn, void *bytes, size_t size)
{
	if (!bytes || size <= turn->clean_size) {
		free(bytes);
		return;
	}
	memset(bytes, 0, size);
	free(turn->clean);
	turn->clean = bytes;
	turn->clean_size = size;
}

void host_turn_trim(struct host_turn *turn)
{
	free(take_ptr(turn->clean));
	turn->clean_size = 0;
	wire_frame_fini(&turn->frame);
	turn->frame = (struct wire_frame)WIRE_FRAME_INIT;
}

/* A thread that waits on the socket has no moment to give buffers back: it keeps none. */
static bool keeps(const struct host_turn *turn, uint64_t size)
{
	return turn->slots && size <= KEEP_MAX;
}

/* After the call: what no driver kept serves the next one. */
static void give_memories_back(struct host_turn *turn, const struct wire_call_request *in,
			       IOMemoryDescriptor *input, IOMemoryDescriptor *output)
{
	void *bytes = host_memory_unwrap(input);

	if (bytes && !turn->frame.payload.data && keeps(turn, in->structure.size))
		turn->frame.payload = (struct bytes){ .data = bytes, .capacity = turn->input_size };
	else
		free(bytes);
	bytes = host_memory_unwrap(output);
	if (keeps(turn, in->structure_output_size))
		put_clean(turn, bytes, in->structure_output_size);
	else
		free(bytes);
}

/* Large structures become descriptors. The received bytes go with the descriptor, so a driver may
 * keep it beyond the call. */
static IOReturn make_memories(struct host_turn *turn, const struct wire_call_request *in,
			      IOExternalMethodArguments *arguments)
{
	void *output;

	if (in->flags & WIRE_CALL_INPUT_MEMORY) {
		arguments->structureInputDescriptor = host_memory_wrap(
			turn->frame.payload.data, (void *)in->structure.data, in->structure.size);
		if (!arguments->structureInputDescriptor)
			return kIOReturnNoMemory;
		turn->input_size = turn->frame.payload.capacity;
		turn->frame.payload = (struct bytes)BYTES_INIT;
		arguments->structureInput = NULL;
		arguments->structureInputSize = 0;
	}
	if (in->flags & WIRE_CALL_OUTPUT_MEMORY) {
		/* Through a slot it is no more than the slot is large. */
		if (!turn->slots && !host_turn_charge(turn, in->structure_output_size))
			return kIOReturnNoResources;
		output = take_clean(turn, in->structure_output_size);
		arguments->structureOutputDescriptor =
			output ? host_memory_wrap(output, output, in->structure_output_size) : NULL;
		if (!arguments->structureOutputDescriptor) {
			free(output);
			return kIOReturnNoMemory;
		}
		arguments->structureOutputDescriptorSize = (uint32_t)in->structure_output_size;
		arguments->structureOutput = NULL;
		arguments->structureOutputSize = 0;
	}
	return kIOReturnSuccess;
}

static IOReturn begin_async(struct host_turn *turn, const struct wire_call_request *in,
			    IOExternalMethodArguments *arguments, OSAsyncReference64 reference)
{
	struct host_inlet *inlet = NULL;
	err_t err;

	if (!(in->flags & WIRE_CALL_ASYNC))
		return kIOReturnSuccess;
	if (in->inlet) {
		inlet = host_turn_find_inlet(turn, in->inlet, WIRE_INLET_COMPLETIONS);
		if (!inlet || !in->token) {
			host_inlet_unref(inlet);
			return kIOReturnBadArgument;
		}
	}
	err = host_async_begin(turn->connection->async, inlet, in->token, in->reference.items,
			       in->reference.count, reference);
	host_inlet_unref(inlet);
	if (err)
		return host_turn_status_of(err);
	arguments->asyncReference = reference;
	arguments->asyncReferenceCount = (uint32_t)in->reference.count;
	arguments->asyncWakePort = reference[0] & ~(uint64_t)kIOUCAsync0Flags;
	return kIOReturnSuccess;
}

static IOReturn run_method(struct host_turn *turn, IOExternalMethodArguments *arguments)
{
	struct host_connection *connection = turn->connection;
	IOReturn (*method)(IOUserClient *, uint32_t, IOExternalMethodArguments *) =
		host_client_op(turn->client, externalMethod);
	IOReturn status, clean;

	host_client_memory_begin(connection);
	host_turn_begin_method(turn, arguments->selector);
	if (method)
		status = method(turn->client, arguments->selector, arguments);
	else
		status = IOUserClientExternalMethod(turn->client, arguments->selector, arguments,
						    NULL, NULL, NULL);
	host_turn_end_method(turn, arguments->selector);
	host_client_memory_end(connection);
	clean = host_method_table_clean_status(status);
	if (clean != status)
		log_warning("%s: selector %u returns %d, which is reserved",
			    IOServiceGetClassName(&turn->client->service), arguments->selector,
			    status);
	/* A method that failed has no claim on the reference any more. */
	if (clean && arguments->asyncReference)
		host_async_release(connection->async, arguments->asyncReference);
	return clean;
}

/* OUT NULL: the status alone. */
static err_t answer(struct host_turn *turn, IOReturn status, const struct wire_call_reply *out)
{
	if (turn->slots) {
		host_slots_answer(turn, status, out);
		return 0;
	}
	return out ? host_turn_answer(turn, &wire_call_reply_layout, status, out, NULL, 0)
		   : host_turn_answer_status(turn, status);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Only what the driver reports goes out, and never more than was asked for; and it comes from where the driver was
 * told to put it, wherever its arguments point by now. OUTPUT: NULL when there is no descriptor; DATA: of a call
 * for any size. */
static err_t answer_call(struct host_turn *turn, const struct wire_call_request *in,
			 IOMemoryDescriptor *output, CFTypeRef data)
{
	const IOExternalMethodArguments *arguments = &turn->arguments;
	struct wire_call_reply out = {
		.scalar_output_count = arguments->scalarOutputCount,
		.scalars = { turn->scalars,
			     smaller(arguments->scalarOutputCount, in->scalar_output_count) },
		.structure_output_size = arguments->structureOutputSize,
		.structure = { turn->output,
			       smaller(arguments->structureOutputSize, in->structure_output_size) },
	};

	if (output) {
		out.structure_output_size = smaller(arguments->structureOutputDescriptorSize,
						    in->structure_output_size);
		out.structure.data = IOMemoryDescriptorGetBytes(output);
		out.structure.size = out.structure_output_size;
	}
	if (in->flags & WIRE_CALL_OUTPUT_VARIABLE) {
		if (!data || CFGetTypeID(data) != CFDataGetTypeID())
			return answer(turn, kIOReturnUnderrun, NULL);
		out.structure.data = CFDataGetBytePtr(data);
		out.structure.size = out.structure_output_size = (uint64_t)CFDataGetLength(data);
		if (out.structure.size > WIRE_STRUCTURE_MAX)
			return answer(turn, kIOReturnNoMemory, NULL);
	}
	return answer(turn, kIOReturnSuccess, &out);
}

/* All fields but those that are reserved. */
static void fill_arguments(struct host_turn *turn, const struct wire_call_request *in,
			   CFTypeRef *variable)
{
	IOExternalMethodArguments *arguments = &turn->arguments;

	for (uint32_t i = 0; i < in->scalar_output_count; i++)
		turn->scalars[i] = 0;
	arguments->version = kIOExternalMethodArgumentsCurrentVersion;
	arguments->selector = in->selector;
	arguments->asyncWakePort = 0;
	arguments->asyncReference = NULL;
	arguments->asyncReferenceCount = 0;
	arguments->scalarInput = in->scalars.items;
	arguments->scalarInputCount = (uint32_t)in->scalars.count;
	arguments->structureInput = in->structure.size ? in->structure.data : NULL;
	arguments->structureInputSize = (uint32_t)in->structure.size;
	arguments->structureInputDescriptor = NULL;
	arguments->scalarOutput = turn->scalars;
	arguments->scalarOutputCount = in->scalar_output_count;
	arguments->structureOutput = in->structure_output_size ? turn->output : NULL;
	arguments->structureOutputSize = (uint32_t)in->structure_output_size;
	arguments->structureOutputDescriptor = NULL;
	arguments->structureOutputDescriptorSize = 0;
	arguments->structureVariableOutputData =
		in->flags & WIRE_CALL_OUTPUT_VARIABLE ? variable : NULL;
}

/* Under the gate until the answer is out, so that the connection's end cannot overtake it. */
static err_t call_in_gate(struct host_turn *turn, const struct wire_call_request *in)
{
	IOExternalMethodArguments *arguments = &turn->arguments;
	struct host *host = turn->connection->host;
	uint64_t told = atomic_load(&host->told);
	IOReturn status;
	IOMemoryDescriptor *input, *output;
	OSAsyncReference64 reference;
	CFTypeRef variable = NULL;
	err_t err;

	fill_arguments(turn, in, &variable);
	if (host_turn_is_closed(turn))
		status = host_turn_closed_status(turn);
	else
		status = host_message_filter_check(turn->connection,
						   in->flags & WIRE_CALL_ASYNC
							   ? io_filter_type_external_async_method
							   : io_filter_type_external_method,
						   in->selector);
	if (!status)
		status = make_memories(turn, in, arguments);
	/* The driver may write into its arguments. */
	input = arguments->structureInputDescriptor;
	output = arguments->structureOutputDescriptor;
	if (!status)
		status = begin_async(turn, in, arguments, reference);
	if (!status)
		status = run_method(turn, arguments);
	if (atomic_load(&host->told) != told)
		host_settle(host);
	err = status ? answer(turn, status, NULL) : answer_call(turn, in, output, variable);
	/* A driver that keeps the pointer shall not find what it hopes for. */
	if (in->structure.size && !(in->flags & WIRE_CALL_INPUT_MEMORY))
		memset((void *)in->structure.data, POISON, in->structure.size);
	give_memories_back(turn, in, input, output);
	if (variable)
		CFRelease(variable);
	return err;
}

err_t host_turn_call(struct host_turn *turn, const struct wire_call_request *in)
{
	struct host_connection *connection = turn->connection;
	IOReturn status = check_call(in);
	err_t err;

	if (status)
		return answer(turn, status, NULL);
	/* Not even with size 0: a vector store of nothing to a page that was never touched is slow. */
	if (in->structure_output_size && !(in->flags & WIRE_CALL_OUTPUT_MEMORY))
		memset(turn->output, 0, in->structure_output_size);
	host_turn_enter(turn, connection->single_thread ? HOST_GATE_ALONE
			      : connection->locking	? HOST_GATE_SHARED
							: HOST_GATE_BESIDE);
	err = call_in_gate(turn, in);
	host_turn_leave(turn);
	return err;
}

static err_t handle_call(struct host_turn *turn)
{
	struct wire_call_request in;
	err_t err = wire_frame_decode(&turn->frame, &wire_call_request_layout, &in);

	if (err)
		return err;
	return in.scalar_output_count > WIRE_SCALARS_MAX ? -EBADMSG : host_turn_call(turn, &in);
}

static err_t handle_trap(struct host_turn *turn)
{
	struct wire_trap_request in;
	uintptr_t p[TRAP_PARAMETERS] = { 0 };
	IOService *target = NULL;
	IOExternalTrap *trap = NULL;
	IOReturn status = kIOReturnSuccess;
	err_t err = wire_frame_decode(&turn->frame, &wire_trap_request_layout, &in);

	if (err)
		return err;
	for (size_t i = 0; i < in.parameters.count && i < TRAP_PARAMETERS; i++)
		p[i] = (uintptr_t)in.parameters.items[i];
	host_turn_enter(turn, HOST_GATE_BESIDE);
	if (host_turn_is_closed(turn))
		status = host_turn_closed_status(turn);
	else
		status = host_message_filter_check(turn->connection, io_filter_type_trap, in.index);
	if (!status)
		trap = host_legacy_method_find_trap(turn->client, &target, in.index);
	if (trap && trap->func && target)
		status = trap->func(target, p[0], p[1], p[2], p[3], p[4], p[5]);
	err = host_turn_answer_status(turn, host_method_table_clean_status(status));
	host_turn_leave(turn);
	return err;
}

static const struct {
	uint32_t type;
	handler_fn handle;
} handlers[] = {
	{ WIRE_CALL, handle_call },
	{ WIRE_CLOSE, host_client_request_close },
	{ WIRE_MAP, host_client_request_map },
	{ WIRE_UNMAP, host_client_request_unmap },
	{ WIRE_SET_NOTIFICATION_PORT, host_client_request_set_notification_port },
	{ WIRE_GET_SERVICE, host_client_request_get_service },
	{ WIRE_SET_CLIENT_PROPERTIES, host_client_request_set_properties },
	{ WIRE_CONNECT_CLIENT, host_client_request_connect_client },
	{ WIRE_TRAP, handle_trap },
	{ WIRE_SLOTS, host_client_request_slots },
	{ WIRE_INLET_OPEN, host_client_request_inlet_open },
	{ WIRE_COMPLETIONS_OPEN, host_client_request_completions_open },
	{ WIRE_INLET_CLOSE, host_client_request_inlet_close },
};

err_t host_turn_handle(struct host_turn *turn)
{
	if (turn->frame.header.flags & WIRE_FLAG_REPLY)
		return turn->frame.header.type == WIRE_CLIENT_MEMORY
			     ? host_client_memory_answer(turn)
			     : -EBADMSG;
	if (turn->frame.is_refused)
		return host_turn_answer_status(turn, kIOReturnNoResources);
	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
		if (handlers[i].type == turn->frame.header.type)
			return handlers[i].handle(turn);
	return -EBADMSG;
}

/* --- start --------------------------------------------------------------------------------------
 */

err_t host_connection_serve(struct host_connection *connection, int socket)
{
	err_t err;

	connection->socket = socket;
	err = host_watcher_add(connection->host, connection);
	return err ? err : host_receiver_start(connection);
}
