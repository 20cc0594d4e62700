// SPDX-License-Identifier: MIT
/* IOServiceOpen, IOServiceClose, IOConnect* without calls and memory. */
#include "client/connect.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/scope.h"
#include "client/handle.h"
#include "client/property.h"
#include "client/session.h"
#include "client/status.h"
#include "client/watcher.h"
#include "wire/browse.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/open.h"

#define CLOSE_NS \
	(800ull * 1000 * 1000) /* for methods to return: IOServiceClose ends within a second */

static pthread_mutex_t connections_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list connections = LIST_INIT(connections);

/* --- the object ------------------------------------------------------------------ */

struct client_connection *client_connection_ref(struct client_connection *connection)
{
	atomic_fetch_add_explicit(&connection->refs, 1, memory_order_relaxed);
	return connection;
}

struct client_connection *client_connection_unref(struct client_connection *connection)
{
	if (atomic_fetch_sub_explicit(&connection->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	pthread_mutex_lock(&connections_lock);
	list_remove(&connection->link);
	pthread_mutex_unlock(&connections_lock);
	client_memory_unmap_all(connection);
	client_slots_look_away(atomic_load(&connection->slots));
	client_slots_unref(atomic_load(&connection->slots));
	client_inlet_set_fini(&connection->inlets);
	wire_channel_unref(connection->channel);
	if (connection->port)
		port_unref(connection->port);
	pthread_mutex_destroy(&connection->map_lock);
	pthread_mutex_destroy(&connection->lock);
	free(connection);
	return NULL;
}

/* There are no handles any more: drop their reference, once, and the hold on the entry. */
static void drop_name(struct client_connection *connection)
{
	bool named;

	pthread_mutex_lock(&connection->lock);
	named = connection->named;
	connection->named = false;
	pthread_mutex_unlock(&connection->lock);
	if (!named)
		return;
	if (connection->user_client)
		client_session_release(connection->epoch, connection->user_client, 1, true);
	client_connection_unref(connection);
}

static void connection_retain(void *object)
{
	client_connection_ref(object);
}

/* The last handle has gone: the driver sees the hang-up as the client's death. */
static void connection_no_senders(void *object)
{
	struct client_connection *connection = object;

	wire_channel_close(connection->channel);
	client_slots_lose(atomic_load(&connection->slots));
	port_kill(connection->port);
	/* Now, not when the watcher has noticed the hang-up and drops its reference. */
	client_memory_unmap_all(connection);
	drop_name(connection);
}

static const struct port_object_ops connection_ops = { connection_retain, connection_no_senders };

static bool has_mappings(struct client_connection *connection)
{
	scope_lock(&connection->lock);
	return !list_is_empty(&connection->mappings);
}

IOReturn client_connection_lost_status(struct client_connection *connection)
{
	return has_mappings(connection) ? kIOReturnBadArgument : client_status_of_handle(-ENOENT);
}

/* Mappings outlive the driver, and then the name does. Where there is none none can come any more: one that is on
 * its way would go with the name. */
static bool keeps_mappings(struct client_connection *connection)
{
	scope_lock(&connection->lock);
	connection->unmapped |= list_is_empty(&connection->mappings);
	return !connection->unmapped;
}

/* The program has not ended it: who waits for the driver there does not know yet. */
static bool is_in_use(struct client_connection *connection)
{
	return !atomic_load(&connection->closed) && connection->port &&
	       port_has_senders(connection->port);
}

void client_connection_lose(struct client_connection *connection)
{
	wire_channel_close(connection->channel);
	if (!atomic_exchange(&connection->lost, true) && is_in_use(connection))
		client_data_queue_end(&connection->inlets);
	client_slots_lose(atomic_load(&connection->slots));
	/* Also when another thread lost it first, which may not have come so far. */
	if (keeps_mappings(connection))
		return;
	port_kill(connection->port);
	drop_name(connection);
}

static bool on_hang_up(void *context, int fd, uint32_t events)
{
	client_connection_lose(context);
	return true;
}

static void drop_watch(void *context)
{
	client_connection_unref(context);
}

err_t client_connection_find(io_connect_t handle, struct client_connection **ret_connection)
{
	void *object;
	err_t err = port_copy_object(handle, CLIENT_KIND_CONNECT, &object);

	if (!err)
		*ret_connection = object;
	return err;
}

IOReturn client_connection_call(struct client_connection *connection,
				const struct wire_layout *layout, const void *request,
				const struct wire_layout *reply_layout, void *ret_reply,
				struct wire_frame *frame)
{
	int32_t status;
	err_t err;

	if (atomic_load(&connection->lost))
		return client_connection_lost_status(connection);
	err = wire_channel_call(connection->channel, layout, request, NULL, 0, reply_layout,
				ret_reply, frame, &status);
	return err ? client_connection_failed(connection, err) : status;
}

IOReturn client_connection_failed(struct client_connection *connection, err_t err)
{
	if (err == -EPIPE)
		client_connection_lose(connection);
	if (err == -EPIPE && wire_channel_is_broken(connection->channel))
		return kIOReturnIPCError;
	/* It was closed under this call, which its driver does not end. */
	if (err == -EPIPE && wire_channel_is_expired(connection->channel))
		return kIOReturnAborted;
	/* The driver has ended the client that we closed ourselves. */
	if (err == -EPIPE && atomic_load(&connection->closed))
		return client_connection_lost_status(connection);
	return client_status_of_call(err);
}

IOReturn client_connection_inlet_status(struct client_connection *connection, mach_port_t wake_port,
					err_t err)
{
	struct port *port;

	/* Either has gone: the port, or else the driver. */
	if (err != -EPIPE || port_from_receive_right(wake_port, &port))
		return client_status_of_wake_port(err);
	port_unref(port);
	return client_connection_failed(connection, err);
}

/* --- opening and closing ------------------------------------------------------------- */

/* Takes SOCKET. */
static err_t connection_new(int socket, struct client_connection **ret_connection)
{
	struct client_connection *connection = calloc(1, sizeof(*connection));
	err_t err;

	if (!connection) {
		fd_close(socket);
		return -ENOMEM;
	}
	atomic_init(&connection->refs, 1);
	list_init(&connection->link);
	list_init(&connection->mappings);
	client_inlet_set_init(&connection->inlets);
	pthread_mutex_init(&connection->lock, NULL);
	pthread_mutex_init(&connection->map_lock, NULL);
	err = wire_channel_new(socket, WIRE_CALL_MAX, &connection->channel);
	if (err) {
		pthread_mutex_destroy(&connection->lock);
		pthread_mutex_destroy(&connection->map_lock);
		free(connection);
		return err;
	}
	pthread_mutex_lock(&connections_lock);
	list_add(&connections, &connection->link);
	pthread_mutex_unlock(&connections_lock);
	*ret_connection = connection;
	return 0;
}

static err_t make_name(struct client_connection *connection, io_connect_t *ret_name)
{
	err_t err = port_new_object(CLIENT_KIND_CONNECT, connection, &connection_ops,
				    &connection->port);

	if (err)
		return err;
	connection->named = true;
	client_connection_ref(connection);
	*ret_name = IO_OBJECT_NULL;
	err = port_make_send(connection->port, ret_name);
	if (!err)
		err = client_watcher_add(wire_channel_fd(connection->channel), EPOLLRDHUP,
					 on_hang_up, drop_watch, client_connection_ref(connection));
	else
		client_connection_ref(connection);
	if (err) {
		client_connection_unref(connection);
		port_kill(connection->port);
		drop_name(connection);
		/* It is a dead name by now. */
		if (*ret_name)
			mach_port_deallocate(mach_task_self(), *ret_name);
		*ret_name = IO_OBJECT_NULL;
	}
	return err;
}

static void allow_memory(struct client_connection *connection)
{
	connection->allows_memory = true;
	wire_channel_serve(connection->channel, client_connection_serve, connection);
}

/* This process may not open the descriptor that came: the grant that came with it is not wanted. */
static void give_back_refused(struct client_session *session, const struct wire_frame *frame)
{
	struct wire_open_reply reply;

	if (frame->is_refused && !wire_message_decode(&wire_open_reply_layout, frame->payload.data,
						      frame->payload.size, &reply))
		client_session_release(session->epoch, reply.user_client, 1, true);
}

static IOReturn open_service(struct client_session *session, struct client_entry *service,
			     uint32_t type, struct client_connection **ret_connection)
{
	struct wire_open_request request = { .service = service->id, .type = type };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_open_reply reply = { 0 };
	IOReturn status;
	err_t err;

	status = client_session_ask_on(session, &wire_open_request_layout, &request, NULL, 0,
				       &wire_open_reply_layout, &reply, &frame);
	if (!status) {
		err = connection_new(wire_frame_take_fd(&frame, 0), ret_connection);
		if (err) {
			client_session_release(session->epoch, reply.user_client, 1, true);
			status = client_status_of_session(err);
		} else {
			(*ret_connection)->user_client = reply.user_client;
			if (reply.flags & WIRE_OPEN_CLIENT_MEMORY)
				allow_memory(*ret_connection);
			(*ret_connection)->epoch = session->epoch;
		}
	} else {
		give_back_refused(session, &frame);
	}
	wire_frame_fini(&frame);
	return status;
}

kern_return_t IOServiceOpen(io_service_t service, task_port_t owningTask, uint32_t type,
			    io_connect_t *connect)
{
	struct client_connection *connection = NULL;
	struct client_session *session;
	struct client_entry *entry;
	io_connect_t name = IO_OBJECT_NULL;
	IOReturn status;
	err_t err;

	if (!connect)
		return kIOReturnBadArgument;
	err = client_handle_service(service, &entry);
	if (err == -ENOENT)
		return client_status_of_handle(err);
	if (err || owningTask != mach_task_self()) {
		if (!err)
			client_entry_unref(entry);
		*connect = IO_OBJECT_NULL;
		return kIOReturnBadArgument;
	}
	err = client_session_get(&session);
	if (err) {
		client_entry_unref(entry);
		return client_status_of_session(err);
	}
	status = open_service(session, entry, type, &connection);
	client_session_unref(session);
	client_entry_unref(entry);
	if (!status) {
		status = client_status_of_handle(make_name(connection, &name));
		client_connection_unref(connection);
	}
	if (client_status_is_transport(status))
		return status;
	*connect = status ? IO_OBJECT_NULL : name;
	return status;
}

/* The driver closes when its methods have returned. They may not: after a while the connection ends, and
 * with it the calls under way. Then the driver's host closes the client as that of a dead program. */
static IOReturn ask_to_close(struct client_connection *connection)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_empty nothing = { 0 };
	IOReturn status = kIOReturnSuccess;
	err_t err;

	if (atomic_load(&connection->lost))
		return kIOReturnSuccess;
	err = wire_channel_call_until(connection->channel, &wire_close_layout, &nothing, NULL, NULL,
				      &frame, &status, loop_now_ns() + CLOSE_NS);
	wire_frame_fini(&frame);
	if (err == -ETIMEDOUT) {
		client_slots_abort(atomic_load(&connection->slots));
		client_connection_lose(connection);
		return kIOReturnSuccess;
	}
	return err ? client_connection_failed(connection, err) : status;
}

kern_return_t IOServiceClose(io_connect_t connect)
{
	struct client_connection *connection;
	IOReturn status;
	err_t err = client_connection_find(connect, &connection);

	status = client_status_of_handle(err);
	if (!err) {
		atomic_store(&connection->closed, true);
		client_slots_close(atomic_load(&connection->slots));
		status = ask_to_close(connection);
		/* The driver ended while we closed, perhaps for another thread that closed: it is
		 * closed. */
		if (status == client_connection_lost_status(connection) ||
		    wire_channel_is_expired(connection->channel))
			status = kIOReturnSuccess;
		client_connection_unref(connection);
	}
	/* One reference goes in any case. */
	mach_port_deallocate(mach_task_self(), connect);
	return status;
}

kern_return_t IOConnectAddRef(io_connect_t connect)
{
	return mach_port_mod_refs(mach_task_self(), connect, MACH_PORT_RIGHT_SEND, 1);
}

kern_return_t IOConnectRelease(io_connect_t connect)
{
	return mach_port_mod_refs(mach_task_self(), connect, MACH_PORT_RIGHT_SEND, -1);
}

/* --- other requests -------------------------------------------------------------------- */

/* An entry known by its ID alone. */
static IOReturn entry_by_id(uint64_t id, struct client_entry **ret_entry)
{
	struct wire_entry_request request = { .id = id };
	struct wire_entry_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch;
	IOReturn status;

	*ret_entry = client_handle_find(id);
	if (*ret_entry)
		return kIOReturnSuccess;
	status = client_session_ask(&wire_entry_request_layout, &request, &wire_entry_reply_layout,
				    &reply, &frame, &epoch);
	if (!status) {
		if (client_handle_grant_id(id, reply.state, reply.class_name, 1, epoch, ret_entry))
			status = kIOReturnNoMemory;
		wire_message_clear(&wire_entry_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status;
}

kern_return_t IOConnectGetService(io_connect_t connect, io_service_t *service)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_number_reply reply = { 0 };
	struct wire_empty nothing = { 0 };
	struct client_connection *connection;
	struct client_entry *entry;
	IOReturn status;
	err_t err;

	if (!service)
		return kIOReturnBadArgument;
	err = client_connection_find(connect, &connection);
	if (err)
		return client_status_of_handle(err);
	status = client_connection_call(connection, &wire_get_service_layout, &nothing,
					&wire_number_reply_layout, &reply, &frame);
	wire_frame_fini(&frame);
	client_connection_unref(connection);
	if (!status) {
		status = entry_by_id(reply.number, &entry);
		/* Its host has named it, and has gone since, and it with the host. */
		if (status == kIOReturnBadArgument)
			status = kIOReturnOffline;
	}
	if (status)
		return status;
	*service = client_entry_name(entry);
	client_entry_unref(entry);
	return kIOReturnSuccess;
}

static IOReturn open_wake_up(struct client_connection *connection, mach_port_t name,
			     uint32_t *ret_inlet)
{
	struct port *port;
	err_t err = port_from_receive_right(name, &port);

	if (err)
		return client_status_of_wake_port(err);
	err = client_inlet_open(&connection->inlets, connection->channel, WIRE_INLET_WAKEUPS, port,
				ret_inlet, NULL);
	port_unref(port);
	return client_connection_inlet_status(connection, name, err);
}

kern_return_t IOConnectSetNotificationPort(io_connect_t connect, uint32_t type, mach_port_t port,
					   uintptr_t reference)
{
	struct wire_set_notification_port request = { .type = type, .reference = reference };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_connection *connection;
	IOReturn status = kIOReturnSuccess;
	err_t err = client_connection_find(connect, &connection);

	if (err)
		return client_status_of_handle(err);
	if (atomic_load(&connection->lost))
		status = client_connection_lost_status(connection);
	else if (port != MACH_PORT_NULL)
		status = open_wake_up(connection, port, &request.inlet);
	if (!status)
		status = client_connection_call(connection, &wire_set_notification_port_layout,
						&request, NULL, NULL, &frame);
	wire_frame_fini(&frame);
	client_connection_unref(connection);
	return status;
}

kern_return_t IOConnectSetCFProperties(io_connect_t connect, CFTypeRef properties)
{
	struct wire_set_client_properties request = { .value = properties };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_connection *connection;
	IOReturn status = kIOReturnUnsupported;
	err_t err = client_connection_find(connect, &connection);

	if (err)
		return client_status_of_handle(err);
	if (properties)
		status = client_connection_call(connection, &wire_set_client_properties_layout,
						&request, NULL, NULL, &frame);
	wire_frame_fini(&frame);
	client_connection_unref(connection);
	return status;
}

kern_return_t IOConnectSetCFProperty(io_connect_t connect, CFStringRef propertyName,
				     CFTypeRef property)
{
	return client_property_set_one(connect, propertyName, property, IOConnectSetCFProperties);
}

kern_return_t IOConnectAddClient(io_connect_t connect, io_connect_t client)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_connect_client request;
	struct client_connection *connection, *other;
	IOReturn status;
	err_t err = client_connection_find(connect, &connection);

	if (err)
		return client_status_of_handle(err);
	err = client_connection_find(client, &other);
	if (err) {
		client_connection_unref(connection);
		return kIOReturnBadArgument;
	}
	request.user_client = other->user_client;
	status = client_connection_call(connection, &wire_connect_client_layout, &request, NULL,
					NULL, &frame);
	wire_frame_fini(&frame);
	client_connection_unref(other);
	client_connection_unref(connection);
	return status;
}

/* --- end of the process's use ------------------------------------------------------------ */

void client_connect_end_all(void)
{
	struct client_connection *connection;

	for (;;) {
		pthread_mutex_lock(&connections_lock);
		connection = NULL;
		list_for_each(node, &connections) {
			struct client_connection *c =
				container_of(node, struct client_connection, link);
			unsigned refs = atomic_load(&c->refs);

			while (refs && !atomic_compare_exchange_weak(&c->refs, &refs, refs + 1)) {
			}
			if (refs) {
				connection = c;
				list_remove(node);
				break;
			}
		}
		pthread_mutex_unlock(&connections_lock);
		if (!connection)
			return;
		wire_channel_close(connection->channel);
		atomic_store(&connection->lost, true);
		client_slots_lose(atomic_load(&connection->slots));
		if (connection->port)
			port_kill(connection->port);
		drop_name(connection);
		client_connection_unref(connection);
	}
}

void client_connect_lock(void)
{
	pthread_mutex_lock(&connections_lock);
}

void client_connect_unlock(void)
{
	pthread_mutex_unlock(&connections_lock);
}

void client_connect_forget(void)
{
	list_for_each(node, &connections)
		fd_close(wire_channel_fd(
			container_of(node, struct client_connection, link)->channel));
	list_init(&connections);
}
