// SPDX-License-Identifier: MIT
#include "client/call.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "base/key.h"
#include "client/async.h"
#include "client/connect.h"
#include "client/status.h"
#include "wire/call.h"

/* Structures above this size reach the driver as memory instead of bytes. */
enum { INLINE_MAX = sizeof(io_struct_inband_t) };
/* A thread keeps at most this much of its receive buffer between calls. */
enum { KEEP_MAX = 64 * 1024 };

/* --- a frame for each thread: calls do not allocate ------------------------------ */

static _Thread_local struct wire_frame *thread_frame;

static void free_frame(void *context)
{
	wire_frame_fini(context);
	free(context);
	thread_frame = NULL;
}

static struct key frame_key = KEY_INIT(free_frame);

static struct wire_frame *get_frame(void)
{
	if (!thread_frame) {
		struct wire_frame *frame = calloc(1, sizeof(*frame));

		/* Where the program has taken all keys it is for this call alone. */
		if (!frame || !key_set(&frame_key, frame))
			return frame;
		thread_frame = frame;
	}
	return thread_frame;
}

static void put_frame(struct wire_frame *frame)
{
	wire_frame_clear(frame);
	if (frame != thread_frame)
		free_frame(frame);
	else if (frame->payload.capacity > KEEP_MAX) {
		wire_frame_fini(frame);
		memset(frame, 0, sizeof(*frame));
	}
}

/* --- request ---------------------------------------------------------------------- */

static bool is_variable(const struct client_call *call)
{
	return !call->async && call->structure_output_size &&
	     *call->structure_output_size == (size_t)kIOConnectMethodVarOutputSize;
}

static IOReturn check(const struct client_call *call)
{
	if (call->n_input > WIRE_SCALARS_MAX)
		return MIG_ARRAY_TOO_LARGE;
	if ((call->n_input && !call->input) || (call->structure_size && !call->structure) ||
	    (call->n_output && *call->n_output && !call->output) ||
	    (call->structure_output_size && *call->structure_output_size &&
	     !call->structure_output))
		return kIOReturnBadArgument;
	return kIOReturnSuccess;
}

static bool is_beyond_descriptors(const struct client_call *call)
{
	return !is_variable(call) && call->structure_output_size &&
	     *call->structure_output_size > UINT32_MAX;
}

static void fill(const struct client_call *call, struct wire_call_request *request)
{
	request->selector = call->selector;
	request->scalars = (struct wire_u64s){ call->input, call->n_input };
	request->structure = (struct wire_bytes){ call->structure, call->structure_size };
	if (call->n_output)
		request->scalar_output_count =
			*call->n_output < WIRE_SCALARS_MAX ? *call->n_output : WIRE_SCALARS_MAX;
	if (call->structure_size > INLINE_MAX)
		request->flags |= WIRE_CALL_INPUT_MEMORY;
	if (is_variable(call)) {
		request->flags |= WIRE_CALL_OUTPUT_VARIABLE;
	} else if (call->structure_output_size) {
		request->structure_output_size = *call->structure_output_size;
		if (*call->structure_output_size > INLINE_MAX)
			request->flags |= WIRE_CALL_OUTPUT_MEMORY;
	}
}

/* --- reply --------------------------------------------------------------------------- */

/* Whether the host kept to what it was asked for. */
static bool is_sane(const struct wire_call_request *request, const struct wire_call_reply *reply)
{
	uint32_t n = reply->scalar_output_count < request->scalar_output_count
			   ? reply->scalar_output_count
			   : request->scalar_output_count;

	return reply->scalars.count == n &&
	       ((request->flags & WIRE_CALL_OUTPUT_VARIABLE) ||
		reply->structure.size <= request->structure_output_size);
}

static IOReturn put_variable(const struct client_call *call, const struct wire_call_reply *reply)
{
	vm_address_t address = 0;

	if (reply->structure.size) {
		if (vm_allocate(mach_task_self(), &address, reply->structure.size,
				VM_FLAGS_ANYWHERE))
			return kIOReturnNoMemory;
		memcpy((void *)address, reply->structure.data, reply->structure.size);
	}
	memcpy(call->structure_output, &address, sizeof(void *));
	*call->structure_output_size = reply->structure.size;
	return kIOReturnSuccess;
}

static IOReturn put_results(const struct client_call *call, const struct wire_call_request *request,
			    const struct wire_call_reply *reply)
{
	IOReturn status = kIOReturnSuccess;

	if (call->n_output) {
		if (reply->scalars.count)
			memcpy(call->output, reply->scalars.items,
			       reply->scalars.count * sizeof(uint64_t));
		*call->n_output = reply->scalar_output_count;
		if (reply->scalar_output_count > request->scalar_output_count)
			status = MIG_ARRAY_TOO_LARGE;
	}
	if (request->flags & WIRE_CALL_OUTPUT_VARIABLE)
		return status ? status : put_variable(call, reply);
	if (call->structure_output_size) {
		if (reply->structure.size)
			memcpy(call->structure_output, reply->structure.data,
			       reply->structure.size);
		*call->structure_output_size = (size_t)reply->structure_output_size;
		if (reply->structure_output_size > request->structure_output_size)
			status = MIG_ARRAY_TOO_LARGE;
	}
	return status;
}

/* --- the call ------------------------------------------------------------------------ */

static IOReturn run(struct client_connection *connection, const struct client_call *call,
		    uint64_t names)
{
	struct wire_call_request request = { 0 };
	struct wire_call_reply reply = { 0 };
	struct client_async async = { 0 };
	struct wire_frame *frame;
	IOReturn status;

	/* A limit of the other side: that there is none is told first. */
	if (is_beyond_descriptors(call))
		return atomic_load(&connection->closed) || atomic_load(&connection->lost)
			     ? client_connection_lost_status(connection)
			     : kIOReturnIPCError;
	if (!call->async && !is_variable(call) &&
	    client_slots_call(connection, call, names, &status))
		return status;
	frame = get_frame();
	if (!frame)
		return kIOReturnNoMemory;
	fill(call, &request);
	if (call->async) {
		status = client_async_begin(&async, connection, call, &request);
		if (status)
			return status;
	}
	atomic_fetch_add_explicit(&connection->n_methods, 1, memory_order_relaxed);
	status = client_connection_call(connection, &wire_call_request_layout, &request,
					&wire_call_reply_layout, &reply, frame);
	atomic_fetch_sub_explicit(&connection->n_methods, 1, memory_order_relaxed);
	if (!status) {
		if (is_sane(&request, &reply)) {
			status = put_results(call, &request, &reply);
		} else {
			client_connection_lose(connection);
			status = kIOReturnIPCError;
		}
		wire_message_clear(&wire_call_reply_layout, &reply);
	}
	/* A call that failed, for whatever reason, does not complete. */
	if (call->async)
		client_async_end(&async, status == kIOReturnSuccess);
	put_frame(frame);
	return status;
}

IOReturn client_call_method(const struct client_call *call)
{
	struct client_connection *connection;
	bool variable = is_variable(call) && call->structure_output;
	IOReturn status = check(call);
	uint64_t names;
	err_t err;

	if (!status && !call->async && !is_variable(call) &&
	    client_slots_call_leased(call, &status))
		return status;
	if (!status) {
		names = client_slots_generation();
		err = client_connection_find(call->connection, &connection);
		status = client_status_of_handle(err);
		if (!err) {
			status = run(connection, call, names);
			client_connection_unref(connection);
		}
	}
	if (status && variable) {
		memset(call->structure_output, 0, sizeof(void *));
		*call->structure_output_size = 0;
	}
	return status;
}

/* --- IOConnectCall* -------------------------------------------------------------------- */

kern_return_t IOConnectCallMethod(mach_port_t connection, uint32_t selector, const uint64_t *input,
				  uint32_t inputCnt, const void *inputStruct, size_t inputStructCnt,
				  uint64_t *output, uint32_t *outputCnt, void *outputStruct,
				  size_t *outputStructCnt)
{
	struct client_call call = {
		.connection = connection,
		.selector = selector,
		.input = input,
		.n_input = inputCnt,
		.structure = inputStruct,
		.structure_size = inputStructCnt,
		.output = output,
		.n_output = outputCnt,
		.structure_output = outputStruct,
		.structure_output_size = outputStructCnt,
	};

	return client_call_method(&call);
}

kern_return_t IOConnectCallAsyncMethod(mach_port_t connection, uint32_t selector,
				       mach_port_t wakePort, uint64_t *reference,
				       uint32_t referenceCnt, const uint64_t *input,
				       uint32_t inputCnt, const void *inputStruct,
				       size_t inputStructCnt, uint64_t *output, uint32_t *outputCnt,
				       void *outputStruct, size_t *outputStructCnt)
{
	struct client_call call = {
		.connection = connection,
		.selector = selector,
		.input = input,
		.n_input = inputCnt,
		.structure = inputStruct,
		.structure_size = inputStructCnt,
		.output = output,
		.n_output = outputCnt,
		.structure_output = outputStruct,
		.structure_output_size = outputStructCnt,
		.async = true,
		.wake_port = wakePort,
		.reference = reference,
		.n_reference = referenceCnt,
	};

	return client_call_method(&call);
}

kern_return_t IOConnectCallStructMethod(mach_port_t connection, uint32_t selector,
					const void *inputStruct, size_t inputStructCnt,
					void *outputStruct, size_t *outputStructCnt)
{
	return IOConnectCallMethod(connection, selector, NULL, 0, inputStruct, inputStructCnt, NULL,
				   NULL, outputStruct, outputStructCnt);
}

kern_return_t IOConnectCallAsyncStructMethod(mach_port_t connection, uint32_t selector,
					     mach_port_t wakePort, uint64_t *reference,
					     uint32_t referenceCnt, const void *inputStruct,
					     size_t inputStructCnt, void *outputStruct,
					     size_t *outputStructCnt)
{
	return IOConnectCallAsyncMethod(connection, selector, wakePort, reference, referenceCnt,
					NULL, 0, inputStruct, inputStructCnt, NULL, NULL,
					outputStruct, outputStructCnt);
}

kern_return_t IOConnectCallScalarMethod(mach_port_t connection, uint32_t selector,
					const uint64_t *input, uint32_t inputCnt, uint64_t *output,
					uint32_t *outputCnt)
{
	return IOConnectCallMethod(connection, selector, input, inputCnt, NULL, 0, output,
				   outputCnt, NULL, NULL);
}

kern_return_t IOConnectCallAsyncScalarMethod(mach_port_t connection, uint32_t selector,
					     mach_port_t wakePort, uint64_t *reference,
					     uint32_t referenceCnt, const uint64_t *input,
					     uint32_t inputCnt, uint64_t *output,
					     uint32_t *outputCnt)
{
	return IOConnectCallAsyncMethod(connection, selector, wakePort, reference, referenceCnt,
					input, inputCnt, NULL, 0, output, outputCnt, NULL, NULL);
}
