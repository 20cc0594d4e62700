// SPDX-License-Identifier: MIT
/*
 * Answers with a descriptor that a client has not read. The bytes of large ones lie in a memory file until
 * then, and Linux counts the descriptors by the user of the host: beyond a limit none of its processes can send
 * any. So both are charged to the client. Nobody says when an answer is read: the charge goes back when somebody
 * needs room and nothing lies in the connection's socket any more, or with the connection.
 */
#include "base/fd.h"
#include "base/loop.h"
#include "base/scope.h"
#include "host/host_internal.h"

/* Both in one word, so that they change together. */
enum { FILE_SHIFT = 48 };
#define ONE_FILE (1ull << FILE_SHIFT)

static void refund(struct host_connection *c, uint64_t unread)
{
	host_account_refund(&c->account, LIMITS_UNREAD_FILES, unread >> FILE_SHIFT);
	host_account_refund(&c->account, LIMITS_UNREAD_ANSWERS, unread & (ONE_FILE - 1));
}

static void settle(struct host_connection *c)
{
	uint64_t unread = atomic_load(&c->unread);

	/* What is about to be sent does not lie there yet. Whoever comes to that state now has changed the
	 * sum. */
	if (!unread || atomic_load(&c->n_answering) || fd_has_unread(c->socket))
		return;
	if (atomic_compare_exchange_strong(&c->unread, &unread, 0))
		refund(c, unread);
}

#define SETTLE_NS (10ull * 1000 * 1000)

/* One user's connections share a limit. Whoever waits for room asks again and again: now and then will do,
 * for the watcher has others to look after. */
static void settle_all(struct host_watcher *watcher)
{
	scope_lock(&watcher->lock);
	uint64_t now = loop_now_ns();

	if (now - watcher->settled_ns < SETTLE_NS)
		return;
	watcher->settled_ns = now;
	list_for_each(l, &watcher->connections)
		settle(container_of(l, struct host_connection, watched));
}

/* A connection without any may have one, whatever its user has: programs that read do not wait for one that
 * does not. */
static bool charge_file(struct host_connection *c)
{
	if (atomic_load(&c->unread))
		return host_account_charge(&c->account, LIMITS_UNREAD_FILES, 1);
	host_account_add(&c->account, LIMITS_UNREAD_FILES, 1);
	return true;
}

static bool charge(struct host_connection *c, uint64_t size)
{
	if (size && !host_account_charge_first(&c->account, LIMITS_UNREAD_ANSWERS, size))
		return false;
	if (charge_file(c))
		return true;
	host_account_refund(&c->account, LIMITS_UNREAD_ANSWERS, size);
	return false;
}

bool host_unread_add(struct host_connection *connection, uint64_t size)
{
	struct host_account *account = &connection->account;

	if (!host_account_has_room(account, LIMITS_UNREAD_ANSWERS, size) ||
	    !host_account_has_room(account, LIMITS_UNREAD_FILES, 1)) {
		settle(connection);
		settle_all(&connection->host->watcher);
	}
	if (!charge(connection, size))
		return false;
	atomic_fetch_add(&connection->n_answering, 1);
	atomic_fetch_add(&connection->unread, ONE_FILE + size);
	return true;
}

void host_unread_sent(struct host_connection *connection)
{
	atomic_fetch_sub(&connection->n_answering, 1);
}

void host_unread_fini(struct host_connection *connection)
{
	uint64_t unread = atomic_exchange(&connection->unread, 0);

	if (unread)
		refund(connection, unread);
}
