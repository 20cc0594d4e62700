// SPDX-License-Identifier: MIT
/*
 * The threads that receive one connection's requests. One of them, the
 * receiver, waits on the socket. It handles what it has received itself and
 * goes on receiving: a call costs one receive and one send, without a
 * hand-over. Several threads in receive would be woken in turns, each of them
 * cold. Only when a method takes long another thread becomes the receiver: at
 * once when the selector is known for it, else when the watcher notices.
 *
 * connection->turn is even while the receiver receives and odd while it handles
 * a request. Who changes an odd number to the next even one decides who is the
 * receiver from then on: the thread itself, when it has finished, or whoever
 * appoints another one.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/scope.h"
#include "host/host_internal.h"
#include "host/turn.h"

enum {
	STANDBY_MAX = 2, /* more leave */
	STANDBY_SECONDS = 10,
	SLOW_NS = 50 * 1000, /* handing over costs about a tenth of it */
	SLOW_CALLS = 16,     /* for as many calls a selector is remembered as slow */
	MEASURED = 16,	     /* one call out of so many */
};

static void run(void *context);

err_t host_connection_add_thread_locked(struct host_connection *connection, void (*fn)(void *))
{
	IOService *service = &connection->client->service;
	err_t err;

	if (!host_account_charge(&connection->account, LIMITS_THREADS, 1))
		return -EAGAIN;
	IOServiceRetain(service);
	err = host_threads_start(&connection->host->threads, fn, connection);
	if (err) {
		host_account_refund(&connection->account, LIMITS_THREADS, 1);
		IOServiceRelease(service);
	} else {
		connection->n_threads++;
	}
	return err;
}

/* When there is nobody, the first thread that has finished its request takes the post. */
static err_t appoint_locked(struct host_connection *connection)
{
	connection->is_vacant = true;
	if (!connection->n_standby)
		return host_connection_add_thread_locked(connection, run);
	pthread_cond_signal(&connection->vacancy);
	return 0;
}

err_t host_receiver_start(struct host_connection *connection)
{
	scope_lock(&connection->lock);
	return appoint_locked(connection);
}

/* Appoint another receiver while this one handles request NUMBER, unless it has finished. */
static bool replace(struct host_connection *connection, uint64_t number)
{
	scope_lock(&connection->lock);
	if (atomic_load(&connection->inactive) ||
	    !atomic_compare_exchange_strong(&connection->turn, &number, number + 1))
		return false;
	appoint_locked(connection);
	return true;
}

void host_receiver_is_late(struct host_connection *connection, uint64_t number)
{
	size_t slot = atomic_load_explicit(&connection->slot, memory_order_relaxed);

	if (replace(connection, number))
		atomic_store_explicit(&connection->slow[slot], SLOW_CALLS, memory_order_relaxed);
}

/* --- methods ---------------------------------------------------------------------- */

static size_t slot_of(uint32_t selector)
{
	return selector % HOST_SLOW_SLOTS;
}

void host_turn_begin_method(struct host_turn *turn, uint32_t selector)
{
	struct host_connection *connection = turn->connection;
	uint8_t slow =
		atomic_load_explicit(&connection->slow[slot_of(selector)], memory_order_relaxed);

	turn->start_ns = slow || turn->number / 2 % MEASURED == 0 ? loop_now_ns() : 0;
	if (turn->slots) {
		host_slots_begin_method(turn, slow);
		return;
	}
	atomic_store_explicit(&connection->slot, slot_of(selector), memory_order_relaxed);
	if (slow)
		replace(connection, turn->number);
}

void host_turn_end_method(struct host_turn *turn, uint32_t selector)
{
	_Atomic uint8_t *at = &turn->connection->slow[slot_of(selector)];
	uint8_t slow;

	if (!turn->start_ns)
		return;
	slow = atomic_load_explicit(at, memory_order_relaxed);
	if (loop_now_ns() - turn->start_ns > SLOW_NS)
		slow = SLOW_CALLS;
	else if (slow)
		slow--;
	atomic_store_explicit(at, slow, memory_order_relaxed);
}

/* --- threads ------------------------------------------------------------------------ */

static void log_malformed(struct host_turn *turn)
{
	if (!host_account_may_log(&turn->connection->account))
		return;
	log_error("client %d: malformed message 0x%x to %s 0x%llx; the connection ends",
		  turn->connection->task.pid, turn->frame.header.type,
		  IOServiceGetClassName(&turn->client->service),
		  (unsigned long long)IOServiceGetEntryID(&turn->client->service));
}

static void begin(struct host_turn *turn)
{
	struct host_connection *connection = turn->connection;

	atomic_store_explicit(&connection->slot, HOST_SLOW_SLOTS, memory_order_relaxed);
	turn->number = atomic_load(&connection->turn) + 1;
	atomic_store(&connection->turn, turn->number);
	host_watcher_rouse(&connection->host->watcher);
}

/* Is this thread still the receiver? */
static bool finish(struct host_turn *turn)
{
	uint64_t number = turn->number;

	return atomic_compare_exchange_strong(&turn->connection->turn, &number, number + 1);
}

/* Receive and handle until another thread is the receiver (true) or the connection ends (false). */
static bool receive(struct host_turn *turn)
{
	struct host_connection *connection = turn->connection;

	do {
		err_t err =
			wire_frame_receive(connection->socket, &turn->frame, WIRE_CALL_MAX, true);

		if (atomic_load(&connection->inactive))
			return false;
		if (!err) {
			begin(turn);
			err = host_turn_handle(turn);
		}
		if (err == -EBADMSG)
			log_malformed(turn);
		if (err)
			return false;
		wire_frame_clear(&turn->frame);
		host_turn_settle(turn);
	} while (finish(turn));
	return true;
}

/* Wait until this thread is the receiver. False: the connection ends, or it is one too many. */
static bool stand_by(struct host_connection *connection)
{
	struct timespec until;
	int error = 0;

	scope_lock(&connection->lock);
	if (!connection->is_vacant && connection->n_standby == STANDBY_MAX)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STANDBY_SECONDS;
	connection->n_standby++;
	while (!connection->is_vacant && !atomic_load(&connection->inactive) && !error)
		error = pthread_cond_timedwait(&connection->vacancy, &connection->lock, &until);
	connection->n_standby--;
	if (!connection->is_vacant)
		return false;
	connection->is_vacant = false;
	return true;
}

static bool may_read(void *context, uint64_t size)
{
	return host_turn_charge(context, size);
}

static void run(void *context)
{
	struct host_connection *connection = context;
	struct host_turn *turn = calloc(1, sizeof(*turn));
	bool goes_on = turn != NULL;

	if (turn) {
		turn->connection = connection;
		turn->client = connection->client;
		while (goes_on && stand_by(connection)) {
			turn->frame.may_read = may_read;
			turn->frame.may_read_context = turn;
			turn->frame.sender = connection->task.uid;
			goes_on = receive(turn);
		}
		host_turn_settle(turn);
		host_turn_trim(turn);
		free(turn);
	}
	if (!goes_on)
		host_client_end_later(connection);
	host_connection_leave(connection);
}

void host_connection_leave(struct host_connection *connection)
{
	/* The framework's reference stays until all threads have left; then the object is free. */
	IOServiceRelease(&connection->client->service);
	pthread_mutex_lock(&connection->lock);
	host_account_refund(&connection->account, LIMITS_THREADS, 1);
	connection->n_threads--;
	pthread_cond_broadcast(&connection->left);
	pthread_mutex_unlock(&connection->lock);
}

void host_connection_wait(struct host_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	pthread_cond_broadcast(&connection->vacancy);
	while (connection->n_threads) {
		struct timespec until;

		/* A hostile client can spoil a wake-up by what it writes just then. */
		if (connection->slots)
			host_slots_wake(connection->slots);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&connection->left, &connection->lock, &until);
	}
	pthread_mutex_unlock(&connection->lock);
	host_watcher_remove(&connection->host->watcher, connection);
}
