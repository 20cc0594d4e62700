// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"
#include "wire/async.h"

enum { WAKE_ROOM = 32 * 1024 };

/* A message that the socket did not take. */
struct waiting {
	struct list link;
	const struct wire_layout *layout;
	struct wire_completion completion; /* the largest message of an inlet */
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
};

struct host_inlet {
	struct ref ref;
	struct loop *loop;
	uint32_t inlet_class;

	pthread_mutex_t lock;
	int socket; /* -1: closed */
	struct list waiting;
	unsigned n_waiting;
	enum {
		UNWATCHED,
		WATCH_POSTED,
		WATCHED
	} watch; /* the loop waits for room and holds a reference */
	uint64_t dropped;
};

err_t host_inlet_new(struct loop *loop, int socket, uint32_t inlet_class,
		     struct host_inlet **ret_inlet)
{
	struct host_inlet *inlet = calloc(1, sizeof(*inlet));
	int small = WAKE_ROOM;

	if (!inlet) {
		fd_close(socket);
		return -ENOMEM;
	}
	ref_init(&inlet->ref);
	pthread_mutex_init(&inlet->lock, NULL);
	list_init(&inlet->waiting);
	inlet->loop = loop;
	inlet->socket = socket;
	inlet->inlet_class = inlet_class;
	/* Wake-ups that pile up say nothing and a driver's messages are few: refused early. */
	if (inlet_class == WIRE_INLET_WAKEUPS)
		setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	*ret_inlet = inlet;
	return 0;
}

struct host_inlet *host_inlet_ref(struct host_inlet *inlet)
{
	if (inlet)
		ref_get(&inlet->ref);
	return inlet;
}

static void forget_waiting(struct host_inlet *inlet)
{
	list_for_each_safe(node, &inlet->waiting) {
		list_remove(node);
		free(container_of(node, struct waiting, link));
	}
	inlet->n_waiting = 0;
}

struct host_inlet *host_inlet_unref(struct host_inlet *inlet)
{
	if (!inlet || !ref_put(&inlet->ref))
		return NULL;
	forget_waiting(inlet);
	fd_close(inlet->socket);
	pthread_mutex_destroy(&inlet->lock);
	free(inlet);
	return NULL;
}

uint32_t host_inlet_class(const struct host_inlet *inlet)
{
	return inlet->inlet_class;
}

uint64_t host_inlet_dropped(struct host_inlet *inlet)
{
	scope_lock(&inlet->lock);
	return inlet->dropped;
}

bool host_inlet_is_full(struct host_inlet *inlet)
{
	scope_lock(&inlet->lock);
	return inlet->n_waiting >= HOST_INLET_QUEUE_MAX;
}

static err_t send_now_locked(struct host_inlet *inlet, const struct wire_layout *layout,
			     const void *message)
{
	if (inlet->socket < 0)
		return -EPIPE;
	return wire_send(inlet->socket, layout, 0, message, NULL, 0, false);
}

/* Loop thread: the socket has room again, or its peer has gone. */
static void flush(void *context, int fd, uint32_t events)
{
	struct host_inlet *inlet = context;
	bool done;

	pthread_mutex_lock(&inlet->lock);
	while (!list_is_empty(&inlet->waiting)) {
		struct waiting *first = list_first(&inlet->waiting, struct waiting, link);
		err_t err = send_now_locked(inlet, first->layout, &first->completion);

		if (err == -EAGAIN)
			break;
		list_remove(&first->link);
		inlet->n_waiting--;
		free(first);
	}
	done = list_is_empty(&inlet->waiting) && inlet->watch == WATCHED;
	if (done) {
		inlet->watch = UNWATCHED;
		loop_remove_fd(inlet->loop, fd);
	}
	pthread_mutex_unlock(&inlet->lock);
	if (done)
		host_inlet_unref(inlet);
}

static void watch(void *context)
{
	struct host_inlet *inlet = context;
	bool drop = false;

	pthread_mutex_lock(&inlet->lock);
	inlet->watch = WATCHED;
	if (inlet->socket < 0 || loop_add_fd(inlet->loop, inlet->socket, EPOLLOUT, flush, inlet)) {
		inlet->watch = UNWATCHED;
		forget_waiting(inlet);
		drop = true;
	}
	pthread_mutex_unlock(&inlet->lock);
	if (drop)
		host_inlet_unref(inlet);
}

/* Keep a copy for later. Only completions and token releases come here. */
static err_t enqueue_locked(struct host_inlet *inlet, const struct wire_layout *layout,
			    const void *message)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting)
		return -ENOMEM;
	waiting->layout = layout;
	if (layout == &wire_completion_layout) {
		waiting->completion = *(const struct wire_completion *)message;
		for (size_t i = 0; i < waiting->completion.arguments.count; i++)
			waiting->arguments[i] = waiting->completion.arguments.items[i];
		waiting->completion.arguments.items = waiting->arguments;
	} else {
		*(struct wire_token_released *)&waiting->completion =
			*(const struct wire_token_released *)message;
	}
	if (inlet->watch == UNWATCHED) {
		ref_get(&inlet->ref);
		inlet->watch = WATCH_POSTED;
		if (loop_post(inlet->loop, watch, inlet)) {
			inlet->watch = UNWATCHED;
			ref_put(&inlet->ref); /* the caller holds another */
			free(waiting);
			return -ENOMEM;
		}
	}
	list_add(&inlet->waiting, &waiting->link);
	inlet->n_waiting++;
	return 0;
}

err_t host_inlet_send(struct host_inlet *inlet, const struct wire_layout *layout,
		      const void *message, bool can_drop, bool keep)
{
	err_t err = -EAGAIN;

	scope_lock(&inlet->lock);
	if (list_is_empty(&inlet->waiting)) /* order is kept */
		err = send_now_locked(inlet, layout, message);
	else if (inlet->socket < 0)
		err = -EPIPE;
	if (err != -EAGAIN)
		return err;
	if (can_drop) {
		inlet->dropped++;
		return -EAGAIN;
	}
	if (inlet->n_waiting >= HOST_INLET_QUEUE_MAX && !keep) {
		inlet->dropped++;
		return -ENOBUFS;
	}
	return enqueue_locked(inlet, layout, message);
}

err_t host_inlet_wake(struct host_inlet *inlet)
{
	struct wire_empty empty = { 0 };
	err_t err;

	scope_lock(&inlet->lock);
	err = send_now_locked(inlet, &wire_queue_wake_layout, &empty);
	return err == -EPIPE ? err : 0;
}

err_t host_inlet_post(struct host_inlet *inlet, uint32_t id, const void *data, size_t size)
{
	struct wire_port_message message = { id, { data, size } };

	scope_lock(&inlet->lock);
	return send_now_locked(inlet, &wire_port_message_layout, &message);
}

void host_inlet_close(struct host_inlet *inlet)
{
	bool watched;

	pthread_mutex_lock(&inlet->lock);
	watched = inlet->watch == WATCHED; /* when only posted, watch() drops the reference */
	if (watched) {
		inlet->watch = UNWATCHED;
		loop_remove_fd(inlet->loop, inlet->socket);
	}
	inlet->socket = fd_close(inlet->socket);
	forget_waiting(inlet);
	pthread_mutex_unlock(&inlet->lock);
	if (watched)
		host_inlet_unref(inlet);
}

enum { SEND_INVALID_DEST = 0x10000003, SEND_TIMED_OUT = 0x10000004 };

/* --- wake ports ------------------------------------------------------------ */

IOWakePort *host_inlet_wake_port(struct host_inlet *inlet)
{
	return (IOWakePort *)inlet;
}

IOWakePort *IOWakePortRetain(IOWakePort *port)
{
	host_inlet_ref((struct host_inlet *)port);
	return port;
}

void IOWakePortRelease(IOWakePort *port)
{
	host_inlet_unref((struct host_inlet *)port);
}

IOReturn IOUserClientSendMessage(IOWakePort *port, int32_t messageID, const void *data, size_t size)
{
	if (!port || (size && !data))
		return kIOReturnBadArgument;
	if (size > WIRE_PORT_MESSAGE_MAX)
		return kIOReturnMessageTooLarge;
	switch (host_inlet_post((struct host_inlet *)port, (uint32_t)messageID, data, size)) {
	case 0:
		return kIOReturnSuccess;
	case -EPIPE:
		return SEND_INVALID_DEST;
	default:
		return SEND_TIMED_OUT;
	}
}

IOReturn IOUserClientSendNotification(IOWakePort *port)
{
	if (!port)
		return kIOReturnBadArgument;
	return host_inlet_wake((struct host_inlet *)port) ? SEND_INVALID_DEST : kIOReturnSuccess;
}
