// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/scope.h"
#include "wire/async.h"

enum { WAKE_ROOM = 32 * 1024 };

/* What neither ring nor socket took. */
struct waiting {
	struct list link;
	struct wire_ring_record record;
	uint64_t arguments[];
};

struct host_inlet {
	struct loop *loop;
	uint32_t inlet_class;
	struct ref ref;

	pthread_mutex_t lock;
	struct host_account *account; /* NULL: nobody pays (any more) */
	int socket;		      /* -1: closed */
	uid_t sender;
	bool is_left; /* nobody is at its other end */
	/* With a ring, completions go there alone, so that they stay in order. */
	struct wire_ring_writer ring;
	struct list waiting;
	unsigned n_waiting;
	enum {
		UNWATCHED,
		WATCH_POSTED,
		WATCHED
	} watch; /* the loop waits for room and holds a reference */
	uint64_t dropped;
	uint64_t yielded; /* where the reader was when it was last let run */
};

/* For whom descriptors that nobody wants are counted. */
static uid_t sender_of(const struct host_account *account)
{
	return account ? account->account.user->uid : geteuid();
}

err_t host_inlet_new(struct loop *loop, int socket, uint32_t inlet_class,
		     struct host_account *account, struct host_inlet **ret_inlet)
{
	struct host_inlet *inlet = calloc(1, sizeof(*inlet));
	int small = WAKE_ROOM;

	if (!inlet) {
		foreign_discard(socket, sender_of(account));
		return -ENOMEM;
	}
	ref_init(&inlet->ref);
	pthread_mutex_init(&inlet->lock, NULL);
	list_init(&inlet->waiting);
	inlet->loop = loop;
	inlet->account = account;
	inlet->sender = sender_of(account);
	inlet->socket = socket;
	inlet->inlet_class = inlet_class;
	inlet->yielded = UINT64_MAX; /* nowhere yet */
	/* Wake-ups that pile up say nothing and a driver's messages are few: refused early. */
	if (inlet_class == WIRE_INLET_WAKEUPS)
		setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	*ret_inlet = inlet;
	return 0;
}

err_t host_inlet_use_ring(struct host_inlet *inlet, int fd)
{
	return wire_ring_attach(&inlet->ring, fd);
}

struct host_inlet *host_inlet_ref(struct host_inlet *inlet)
{
	if (inlet)
		host_reference_get(&inlet->ref, "IOWakePort", HOST_CALLER);
	return inlet;
}

static void forget_waiting(struct host_inlet *inlet)
{
	list_for_each_safe(node, &inlet->waiting) {
		list_remove(node);
		free(container_of(node, struct waiting, link));
	}
	if (inlet->n_waiting)
		host_account_refund(inlet->account, LIMITS_COMPLETIONS, inlet->n_waiting);
	inlet->n_waiting = 0;
}

struct host_inlet *host_inlet_unref(struct host_inlet *inlet)
{
	if (!inlet || !host_reference_put(&inlet->ref, "IOWakePort", HOST_CALLER))
		return NULL;
	forget_waiting(inlet);
	wire_ring_detach(&inlet->ring);
	foreign_discard(inlet->socket, inlet->sender);
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
	return inlet->n_waiting >= HOST_INLET_QUEUE_MAX ||
	       (inlet->n_waiting && !host_account_has_room(inlet->account, LIMITS_COMPLETIONS, 1));
}

static err_t send_now_locked(struct host_inlet *inlet, const struct wire_layout *layout,
			     const void *message)
{
	if (inlet->socket < 0)
		return -EPIPE;
	err_t err = wire_send(inlet->socket, layout, 0, message, NULL, 0, false);
	/* Both ends agree that it is over, whatever made the system say so. */
	if (err == -EPIPE)
		shutdown(inlet->socket, SHUT_RDWR);
	return err;
}

/* -EAGAIN: there is no room. */
static err_t put_in_ring_locked(struct host_inlet *inlet, const struct wire_ring_record *record)
{
	err_t err = 0;

	if (!wire_ring_put(&inlet->ring, record))
		return wire_ring_is_closed(&inlet->ring) ? -EPIPE : -EAGAIN;
	/* No message comes of it: it waits for one that the reader is woken for. */
	if (record->kind == WIRE_RING_RELEASED && !wire_ring_is_crowded(&inlet->ring))
		return 0;
	switch (wire_ring_reader_state(&inlet->ring)) {
	case WIRE_RING_AWAKE:
		return 0;
	case WIRE_RING_ASLEEP:
		/* When the socket is full, it is readable. */
		err = send_now_locked(inlet, &wire_ring_wake_layout, NULL);
		return err == -EPIPE ? err : 0;
	default:
		return -EPIPE;
	}
}

static err_t put_in_socket_locked(struct host_inlet *inlet, const struct wire_ring_record *record)
{
	struct wire_token_released released = { .token = record->token };
	struct wire_completion completion = {
		.token = record->token,
		.result = record->result,
		.arguments = { record->arguments, record->count },
	};

	if (record->kind == WIRE_RING_RELEASED)
		return send_now_locked(inlet, &wire_token_released_layout, &released);
	return send_now_locked(inlet, &wire_completion_layout, &completion);
}

static err_t put_locked(struct host_inlet *inlet, const struct wire_ring_record *record)
{
	if (inlet->socket < 0 || inlet->is_left)
		return -EPIPE;
	return inlet->ring.memory ? put_in_ring_locked(inlet, record)
				  : put_in_socket_locked(inlet, record);
}

/* In order, what there is room for. */
static void put_waiting_locked(struct host_inlet *inlet)
{
	while (!list_is_empty(&inlet->waiting)) {
		struct waiting *first = list_first(&inlet->waiting, struct waiting, link);

		if (put_locked(inlet, &first->record) == -EAGAIN)
			return;
		list_remove(&first->link);
		inlet->n_waiting--;
		host_account_refund(inlet->account, LIMITS_COMPLETIONS, 1);
		free(first);
	}
}

/* Loop thread: there is room again, or the peer has gone. */
static void flush(void *context, int fd, uint32_t events)
{
	struct host_inlet *inlet = context;
	bool done;

	pthread_mutex_lock(&inlet->lock);
	/* What the client says in the socket is that there is room. Once is enough, and if he says it
	 * for ever the others of this loop have their turn in between. */
	if (inlet->ring.memory && !foreign_skip(fd, inlet->sender)) {
		inlet->is_left = true;
		forget_waiting(inlet);
	}
	do
		put_waiting_locked(inlet);
	while (inlet->n_waiting && inlet->ring.memory && !wire_ring_want_room(&inlet->ring));
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
	const uint32_t events = inlet->ring.memory ? EPOLLIN : EPOLLOUT;
	bool is_watched;
	int fd;

	pthread_mutex_lock(&inlet->lock);
	fd = inlet->socket;
	is_watched = fd >= 0 && !loop_add_fd(inlet->loop, fd, events, flush, inlet);
	inlet->watch = is_watched ? WATCHED : UNWATCHED;
	if (!is_watched)
		forget_waiting(inlet);
	pthread_mutex_unlock(&inlet->lock);
	if (is_watched)
		flush(inlet, fd, 0); /* room may have come, and nobody would tell */
	else
		host_inlet_unref(inlet);
}

/* Keep a copy for later. */
static err_t enqueue_locked(struct host_inlet *inlet, const struct wire_ring_record *record)
{
	struct waiting *waiting = malloc(sizeof(*waiting) + record->count * sizeof(uint64_t));

	if (!waiting)
		return -ENOMEM;
	waiting->record = *record;
	waiting->record.arguments = waiting->arguments;
	for (unsigned i = 0; i < record->count; i++)
		waiting->arguments[i] = record->arguments[i];
	list_init(&waiting->link);
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

/* A reader that has read something since it was last let run: it does if it can. */
static bool should_yield_locked(struct host_inlet *inlet)
{
	if (!inlet->ring.memory || inlet->yielded == inlet->ring.taken)
		return false;
	inlet->yielded = inlet->ring.taken;
	return true;
}

/* What says that nothing follows is kept at any rate: calls that lead to more are refused instead. */
static bool charge_locked(struct host_inlet *inlet, const struct wire_ring_record *record)
{
	if (record->kind == WIRE_RING_RELEASED) {
		host_account_add(inlet->account, LIMITS_COMPLETIONS, 1);
		return true;
	}
	return inlet->n_waiting < HOST_INLET_QUEUE_MAX &&
	       host_account_charge(inlet->account, LIMITS_COMPLETIONS, 1);
}

err_t host_inlet_put(struct host_inlet *inlet, const struct wire_ring_record *record, bool can_drop)
{
	err_t err = -EAGAIN;

	scope_lock(&inlet->lock);
	if (inlet->n_waiting && inlet->ring.memory)
		put_waiting_locked(inlet);
	if (!inlet->n_waiting) /* order is kept */
		err = put_locked(inlet, record);
	else if (inlet->socket < 0)
		err = -EPIPE;
	if (err != -EAGAIN)
		return err;
	if (can_drop) {
		inlet->dropped++;
		return -EAGAIN;
	}
	if (!inlet->n_waiting && inlet->ring.memory && !wire_ring_want_room(&inlet->ring))
		return put_locked(inlet, record);
	if (!charge_locked(inlet, record)) {
		inlet->dropped++;
		return -ENOBUFS;
	}
	err = enqueue_locked(inlet, record);
	if (err)
		host_account_refund(inlet->account, LIMITS_COMPLETIONS, 1);
	return err ?: should_yield_locked(inlet);
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
	if (inlet->socket >= 0)
		shutdown(inlet->socket, SHUT_RDWR);
	foreign_end(take_fd(&inlet->socket), inlet->sender);
	forget_waiting(inlet);
	inlet->account = NULL;
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
