// SPDX-License-Identifier: MIT
/* What a client asks of its connection besides calls. */
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/scope.h"
#include "host/host_internal.h"
#include "host/turn.h"
#include "wire/async.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/notice.h"

/* --- close ------------------------------------------------------------------------------ */

/* A request without fields carries nothing at all. */
static err_t expect_nothing(struct host_turn *turn, const struct wire_layout *layout)
{
	struct wire_empty nothing;

	return wire_frame_decode(&turn->frame, layout, &nothing);
}

err_t host_client_request_close(struct host_turn *turn)
{
	err_t err = expect_nothing(turn, &wire_close_layout);

	if (err)
		return err;
	host_turn_enter(turn, HOST_GATE_ALONE);
	host_client_close_locked(turn->connection, false);
	err = host_turn_answer_status(turn, kIOReturnSuccess);
	host_turn_leave(turn);
	return err;
}

/* Memory and other clients: alone with default locking, else as the driver likes. */
static void enter_with_locking(struct host_turn *turn)
{
	host_turn_enter(turn, turn->connection->locking ? HOST_GATE_ALONE : HOST_GATE_BESIDE);
}

/* --- memory ------------------------------------------------------------------------------ */

static IOReturn get_memory(struct host_turn *turn, uint32_t type, IOOptionBits *options,
			   IOMemoryDescriptor **memory)
{
	IOReturn (*get)(IOUserClient *, uint32_t, IOOptionBits *, IOMemoryDescriptor **) =
		host_client_op(turn->client, clientMemoryForType);

	if (host_turn_is_closed(turn))
		return host_turn_closed_status(turn);
	return get ? get(turn->client, type, options, memory) : kIOReturnUnsupported;
}

/* Asked before the driver, who may make a memory for each question. */
static bool may_map(struct host_connection *connection)
{
	struct host_account *account = &connection->account;

	if (!host_account_charge(account, LIMITS_MEMORIES, 1))
		return false;
	host_account_refund(account, LIMITS_MEMORIES, 1);
	return true;
}

/* Without default locking several threads may be here at once. */
static err_t number_memory(struct host_connection *connection, IOMemoryDescriptor *memory,
			   uint64_t *ret_number)
{
	scope_lock(&connection->lock);
	return host_memories_add(connection->memories, memory, ret_number);
}

static uint64_t find_memory(struct host_connection *connection, IOMemoryDescriptor *memory)
{
	scope_lock(&connection->lock);
	return host_memories_find(connection->memories, memory);
}

static err_t map_in_gate(struct host_turn *turn, const struct wire_map_request *in)
{
	struct wire_map_reply out = { 0 };
	IOMemoryDescriptor *memory = NULL;
	IOOptionBits options = 0; /* the driver's own; the caller's are added by the caller */
	IOReturn status = may_map(turn->connection)
				? get_memory(turn, in->memory_type, &options, &memory)
				: kIOReturnNoResources;
	bool read_only;
	int fd = -1;
	err_t err;

	if (status || !memory) {
		IOMemoryDescriptorRelease(memory);
		return host_turn_answer_status(turn, status ? status : kIOReturnBadArgument);
	}
	read_only = (options & kIOMapReadOnly) || host_memory_is_read_only(memory);
	/* Sharing first: memory that cannot be shared may be the client's own, and hold this connection. */
	err = host_memory_share(memory, read_only, &fd);
	if (!err)
		err = number_memory(turn->connection, memory, &out.memory);
	if (err) {
		err = host_turn_answer_status(turn, host_turn_status_of(err));
	} else {
		out.size = IOMemoryDescriptorGetLength(memory);
		out.flags = read_only ? WIRE_MAP_READ_ONLY : 0;
		out.options = options & ~(IOOptionBits)kIOMapUserOptionsMask;
		out.context = host_memory_context(memory);
		err = host_turn_answer(turn, &wire_map_reply_layout, kIOReturnSuccess, &out, &fd,
				       1);
		/* Too many descriptors are on their way: that passes. */
		if (err == -EMFILE)
			err = host_turn_answer_status(turn, kIOReturnNoResources);
	}
	fd_close(fd);
	IOMemoryDescriptorRelease(memory);
	return err;
}

err_t host_client_request_map(struct host_turn *turn)
{
	struct wire_map_request in;
	err_t err = wire_frame_decode(&turn->frame, &wire_map_request_layout, &in);

	if (err)
		return err;
	enter_with_locking(turn);
	err = map_in_gate(turn, &in);
	host_turn_leave(turn);
	return err;
}

/* 0 on the wire says that the driver gave no memory; this one was given but never mapped here. */
#define NEVER_MAPPED UINT64_MAX

err_t host_client_request_unmap(struct host_turn *turn)
{
	struct wire_unmap_request in;
	struct wire_number_reply out = { 0 };
	IOMemoryDescriptor *memory = NULL;
	IOOptionBits options = 0;
	IOReturn status;
	err_t err = wire_frame_decode(&turn->frame, &wire_unmap_request_layout, &in);

	if (err)
		return err;
	enter_with_locking(turn);
	status = get_memory(turn, in.memory_type, &options, &memory);
	if (!status && memory)
		out.number = find_memory(turn->connection, memory) ?: NEVER_MAPPED;
	IOMemoryDescriptorRelease(memory);
	err = status ? host_turn_answer_status(turn, status)
		     : host_turn_answer(turn, &wire_number_reply_layout, kIOReturnSuccess, &out,
					NULL, 0);
	host_turn_leave(turn);
	return err;
}

/* --- call slots -------------------------------------------------------------------------- */

err_t host_client_request_slots(struct host_turn *turn)
{
	struct wire_slots_request in;
	err_t err = wire_frame_decode(&turn->frame, &wire_slots_layout, &in);
	int fd = wire_frame_take_fd(&turn->frame, 0);

	if (err || in.size != sizeof(struct wire_slots)) {
		foreign_discard(fd, turn->connection->task.uid);
		return -EBADMSG;
	}
	err = host_slots_start(turn->connection, fd);
	foreign_discard(fd, turn->connection->task.uid);
	if (err == -EBADMSG)
		return err;
	return host_turn_answer_status(turn, err ? host_turn_status_of(err) : kIOReturnSuccess);
}

/* --- inlets and notification ports --------------------------------------------------------- */

static bool charge_inlet(struct host_connection *connection)
{
	if (!host_account_charge(&connection->account, LIMITS_PORTS, 1))
		return false;
	if (host_account_charge(&connection->account, LIMITS_DESCRIPTORS, 1))
		return true;
	host_account_refund(&connection->account, LIMITS_PORTS, 1);
	return false;
}

static void refund_inlet(struct host_connection *connection)
{
	host_account_refund(&connection->account, LIMITS_PORTS, 1);
	host_account_refund(&connection->account, LIMITS_DESCRIPTORS, 1);
}

static err_t answer_error(struct host_turn *turn, err_t err)
{
	return err == -EBADMSG ? err : host_turn_answer_status(turn, host_turn_status_of(err));
}

/* Of the socket that came with the request. */
static err_t new_inlet(struct host_turn *turn, uint32_t inlet_class, struct host_inlet **ret_inlet)
{
	struct host_connection *connection = turn->connection;
	int socket = wire_frame_take_fd(&turn->frame, 0);

	if (!foreign_is_fresh(socket)) {
		foreign_discard(socket, connection->task.uid);
		return -EBADMSG;
	}
	return host_inlet_new(connection->host->loop, socket, inlet_class, &connection->account,
			      ret_inlet);
}

/* Takes INLET. */
static err_t add_inlet(struct host_turn *turn, uint32_t number, struct host_inlet *inlet)
{
	struct host_connection *connection = turn->connection;
	err_t err;

	pthread_mutex_lock(&connection->lock);
	if (map_find(&connection->inlets, number))
		err = -EEXIST;
	else if (!charge_inlet(connection))
		err = -ENOSPC;
	else if ((err = map_set(&connection->inlets, number, inlet)))
		refund_inlet(connection);
	pthread_mutex_unlock(&connection->lock);
	if (err)
		host_inlet_unref(inlet);
	if (err == -EEXIST)
		return -EBADMSG;
	return host_turn_answer_status(turn, err ? host_turn_status_of(err) : kIOReturnSuccess);
}

err_t host_client_request_inlet_open(struct host_turn *turn)
{
	struct wire_inlet_open in;
	struct host_inlet *inlet;
	err_t err = wire_frame_decode(&turn->frame, &wire_inlet_open_layout, &in);

	if (err)
		return err;
	if (!in.inlet ||
	    (in.inlet_class != WIRE_INLET_COMPLETIONS && in.inlet_class != WIRE_INLET_WAKEUPS))
		return -EBADMSG;
	err = new_inlet(turn, in.inlet_class, &inlet);
	return err ? answer_error(turn, err) : add_inlet(turn, in.inlet, inlet);
}

err_t host_client_request_completions_open(struct host_turn *turn)
{
	struct wire_completions_open in;
	struct host_inlet *inlet;
	err_t err = wire_frame_decode(&turn->frame, &wire_completions_open_layout, &in);

	if (err)
		return err;
	if (!in.inlet)
		return -EBADMSG;
	err = new_inlet(turn, WIRE_INLET_COMPLETIONS, &inlet);
	if (err)
		return answer_error(turn, err);
	if (!host_inlet_use_ring(inlet, turn->frame.fds[1]))
		return add_inlet(turn, in.inlet, inlet);
	host_inlet_unref(inlet);
	return host_turn_answer_status(turn, kIOReturnUnsupported);
}

struct closing {
	struct host_connection *connection;
	uint32_t number;
};

static void close_inlet(void *context)
{
	struct closing *closing = context;
	struct host_connection *connection = closing->connection;
	struct host_inlet *inlet;

	pthread_mutex_lock(&connection->lock);
	inlet = map_remove(&connection->inlets, closing->number);
	pthread_mutex_unlock(&connection->lock);
	if (!inlet)
		return;
	host_inlet_close(inlet);
	host_inlet_unref(inlet);
	refund_inlet(connection);
}

err_t host_client_request_inlet_close(struct host_turn *turn)
{
	struct closing closing = { .connection = turn->connection };
	struct wire_inlet_close in;
	err_t err = wire_frame_decode(&turn->frame, &wire_inlet_close_layout, &in);

	if (err)
		return err;
	closing.number = in.inlet;
	/* Where it cannot be done the inlet stays, and goes with the connection. */
	err = host_on_loop(turn->connection->host, close_inlet, &closing);
	if (!turn->frame.header.id)
		return 0;
	return host_turn_answer_status(turn, err ? host_turn_status_of(err) : kIOReturnSuccess);
}

err_t host_client_request_set_notification_port(struct host_turn *turn)
{
	struct wire_set_notification_port in;
	struct host_inlet *inlet = NULL;
	IOReturn status = kIOReturnBadArgument;
	err_t err = wire_frame_decode(&turn->frame, &wire_set_notification_port_layout, &in);
	IOReturn (*set)(IOUserClient *, IOWakePort *, uint32_t, uint64_t) =
		host_client_op(turn->client, registerNotificationPort);

	if (err)
		return err;
	if (in.inlet)
		inlet = host_turn_find_inlet(turn, in.inlet, WIRE_INLET_WAKEUPS);
	host_turn_enter(turn, HOST_GATE_ALONE);
	if (!host_turn_is_closed(turn) && (inlet || !in.inlet))
		status = set ? set(turn->client, inlet ? host_inlet_wake_port(inlet) : NULL,
				   in.type, in.reference)
			     : kIOReturnUnsupported;
	err = host_turn_answer_status(turn, host_method_table_clean_status(status));
	host_turn_leave(turn);
	host_inlet_unref(inlet);
	return err;
}

/* --- the rest ----------------------------------------------------------------------------------
 */

err_t host_client_request_get_service(struct host_turn *turn)
{
	IOService *(*get)(IOUserClient *) = host_client_op(turn->client, getService);
	struct wire_number_reply out = { 0 };
	err_t err = expect_nothing(turn, &wire_get_service_layout);

	if (err)
		return err;
	host_turn_enter(turn, HOST_GATE_BESIDE);
	if (get && !host_turn_is_closed(turn)) {
		IOService *service = get(turn->client);

		out.number = service ? IOServiceGetEntryID(service) : 0;
	}
	err = out.number ? host_turn_answer(turn, &wire_number_reply_layout, kIOReturnSuccess, &out,
					    NULL, 0)
			 : host_turn_answer_status(turn, kIOReturnUnsupported);
	host_turn_leave(turn);
	return err;
}

struct allowing {
	CFArrayRef allowed;
	bool all;
};

static void look_for(const void *key, const void *value, void *context)
{
	struct allowing *allowing = context;

	allowing->all &= CFArrayContainsValue(
		allowing->allowed, CFRangeMake(0, CFArrayGetCount(allowing->allowed)), key);
}

/* The keys that may be set, where the user client lists them (spec 5.10). */
static IOReturn check_allowable(IOService *service, CFTypeRef value)
{
	CFTypeRef allowed =
		IOServiceCopyProperty(service, CFSTR("IORegistryEntryAllowableSetProperties"));
	struct allowing allowing = { allowed, true };
	IOReturn status = kIOReturnNotPermitted;

	if (!allowed)
		return kIOReturnSuccess;
	if (CFGetTypeID(value) == CFDictionaryGetTypeID() &&
	    CFGetTypeID(allowed) == CFArrayGetTypeID()) {
		CFDictionaryApplyFunction(value, look_for, &allowing);
		status = allowing.all ? kIOReturnSuccess : kIOReturnBadArgument;
	}
	CFRelease(allowed);
	return status;
}

/* An object of some twenty words is encoded in as little as four bytes. */
enum { VALUE_COST = 24 };

/* One at a time: a message costs its sender nothing, and all threads of a host that make values leave
 * the others no processor and no memory lock. */
static err_t decode_properties(struct host_turn *turn, struct wire_set_client_properties *ret_in)
{
	scope_lock(&turn->connection->host->values_lock);
	return wire_frame_decode(&turn->frame, &wire_set_client_properties_layout, ret_in);
}

err_t host_client_request_set_properties(struct host_turn *turn)
{
	struct wire_set_client_properties in;
	IOReturn status = kIOReturnBadArgument;
	IOReturn (*set)(IOService *, CFTypeRef) =
		host_service_op(&turn->client->service, setProperties);
	err_t err;

	if (!host_turn_charge(turn, VALUE_COST * turn->frame.payload.size))
		return host_turn_answer_status(turn, kIOReturnNoResources);
	err = decode_properties(turn, &in);
	if (err)
		return err;
	host_turn_enter(turn,
			turn->connection->lock_set_properties ? HOST_GATE_ALONE : HOST_GATE_BESIDE);
	if (!host_turn_is_closed(turn) && in.value)
		status = check_allowable(&turn->client->service, in.value);
	if (!status)
		status = set ? set(&turn->client->service, in.value) : kIOReturnUnsupported;
	err = host_turn_answer_status(turn, host_method_table_clean_status(status));
	host_turn_leave(turn);
	wire_message_clear(&wire_set_client_properties_layout, &in);
	return err;
}

/* A client may name its own connections only: IDs are no secret. */
static bool is_same_client(const struct host_connection *a, const struct host_connection *b)
{
	return b && a->task.pid == b->task.pid && a->task.uid == b->task.uid;
}

err_t host_client_request_connect_client(struct host_turn *turn)
{
	struct wire_connect_client in;
	IOService *other;
	IOReturn status = kIOReturnBadArgument;
	IOReturn (*connect)(IOUserClient *, IOUserClient *) =
		host_client_op(turn->client, connectClient);
	err_t err = wire_frame_decode(&turn->frame, &wire_connect_client_layout, &in);

	if (err)
		return err;
	other = host_service_find(turn->connection->host, in.user_client);
	enter_with_locking(turn);
	if (!host_turn_is_closed(turn) && other &&
	    is_same_client(turn->connection, other->runtime->connection))
		status = connect ? connect(turn->client, (IOUserClient *)other)
				 : kIOReturnUnsupported;
	err = host_turn_answer_status(turn, host_method_table_clean_status(status));
	host_turn_leave(turn);
	IOServiceRelease(other);
	return err;
}
