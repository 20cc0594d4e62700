// SPDX-License-Identifier: MIT
/*
 * Notices methods that take long. One thread of the host looks at all
 * connections every half millisecond while there are calls, and sleeps when
 * there are none: an idle host does nothing. Whoever begins a request rouses
 * it, which costs one load when it is awake. While calls follow each other
 * fast it looks less often, because each look costs a caller on the same
 * processor several calls.
 */
#include <pthread.h>
#include <time.h>

#include "base/scope.h"
#include "host/host_internal.h"

enum {
	LOOK_NS = 500 * 1000, /* a request is late when two looks have seen it */
	FAST_LOOK_NS = 2000 * 1000,
	FAST_CALLS = 32, /* of one connection between two looks */
	QUIET_LOOKS = 4, /* without a call, then it sleeps */
	SECOND_NS = 1000 * 1000 * 1000,
};

void host_watcher_init(struct host_watcher *watcher)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&watcher->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watcher->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	list_init(&watcher->connections);
	atomic_init(&watcher->is_asleep, false);
	watcher->is_started = watcher->is_stopping = false;
}

void host_watcher_fini(struct host_watcher *watcher)
{
	pthread_cond_destroy(&watcher->changed);
	pthread_mutex_destroy(&watcher->lock);
}

enum activity { QUIET, FAST, NORMAL }; /* of the connection that needs most attention */

/* Requests that were there at the last look get a receiver beside them. */
static enum activity look_locked(struct host_watcher *watcher)
{
	enum activity most = QUIET;

	list_for_each(node, &watcher->connections) {
		struct host_connection *connection =
			container_of(node, struct host_connection, watched);
		uint64_t number = atomic_load(&connection->turn);
		uint64_t calls = (number - connection->seen_turn + 1) / 2;

		connection->seen_turn = number;
		if (calls) {
			enum activity now = calls < FAST_CALLS ? NORMAL : FAST;

			most = now > most ? now : most;
		} else if (host_receiver_is_busy(number)) {
			host_receiver_is_late(connection, number);
		}
	}
	return most;
}

static void wait_locked(struct host_watcher *watcher, long ns)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ns;
	if (until.tv_nsec >= SECOND_NS) {
		until.tv_nsec -= SECOND_NS;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&watcher->changed, &watcher->lock, &until);
}

static void watch(void *context)
{
	struct host_watcher *watcher = context;
	int quiet = 0;

	scope_lock(&watcher->lock);
	while (!watcher->is_stopping) {
		enum activity activity = look_locked(watcher);

		quiet = activity ? 0 : quiet + 1;
		if (quiet < QUIET_LOOKS) {
			wait_locked(watcher, activity == FAST ? FAST_LOOK_NS : LOOK_NS);
			continue;
		}
		/* Who begins a request after the second look sees that this sleeps. */
		atomic_store(&watcher->is_asleep, true);
		quiet = 0;
		if (look_locked(watcher) != QUIET)
			atomic_store(&watcher->is_asleep, false);
		while (atomic_load(&watcher->is_asleep) && !watcher->is_stopping)
			pthread_cond_wait(&watcher->changed, &watcher->lock);
	}
}

void host_watcher_wake(struct host_watcher *watcher)
{
	scope_lock(&watcher->lock);
	if (atomic_exchange(&watcher->is_asleep, false))
		pthread_cond_signal(&watcher->changed);
}

err_t host_watcher_add(struct host *host, struct host_connection *connection)
{
	struct host_watcher *watcher = &host->watcher;
	err_t err;

	scope_lock(&watcher->lock);
	if (!watcher->is_started) {
		err = host_threads_start(&host->threads, watch, watcher);
		if (err)
			return err;
		watcher->is_started = true;
	}
	list_add(&watcher->connections, &connection->watched);
	return 0;
}

void host_watcher_remove(struct host_watcher *watcher, struct host_connection *connection)
{
	scope_lock(&watcher->lock);
	list_remove(&connection->watched);
}

void host_watcher_stop(struct host_watcher *watcher)
{
	scope_lock(&watcher->lock);
	watcher->is_stopping = true;
	pthread_cond_signal(&watcher->changed);
}
