// SPDX-License-Identifier: MIT
/*
 * Large answers that a client has not read. Each lies in a memory file until then, so it is charged to the
 * client. Nobody says when it is read: the charge goes back when somebody needs room and nothing lies in
 * the connection's socket any more, or with the connection.
 */
#include "base/fd.h"
#include "base/loop.h"
#include "base/scope.h"
#include "host/host_internal.h"

static void settle(struct host_connection *c)
{
	uint64_t bytes = atomic_load(&c->unread_bytes);

	/* What is about to be sent does not lie there yet. Whoever comes to that state now has changed the
	 * sum. */
	if (!bytes || atomic_load(&c->n_answering) || fd_has_unread(c->socket))
		return;
	if (atomic_compare_exchange_strong(&c->unread_bytes, &bytes, 0))
		host_account_refund(&c->account, LIMITS_UNREAD_ANSWERS, bytes);
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

bool host_unread_add(struct host_connection *connection, uint64_t size)
{
	struct host_account *account = &connection->account;

	if (!size)
		return true;
	if (!host_account_has_room(account, LIMITS_UNREAD_ANSWERS, size)) {
		settle(connection);
		settle_all(&connection->host->watcher);
	}
	if (!host_account_charge_first(account, LIMITS_UNREAD_ANSWERS, size))
		return false;
	atomic_fetch_add(&connection->n_answering, 1);
	atomic_fetch_add(&connection->unread_bytes, size);
	return true;
}

void host_unread_sent(struct host_connection *connection, uint64_t size)
{
	if (size)
		atomic_fetch_sub(&connection->n_answering, 1);
}

void host_unread_fini(struct host_connection *connection)
{
	uint64_t bytes = atomic_exchange(&connection->unread_bytes, 0);

	if (bytes)
		host_account_refund(&connection->account, LIMITS_UNREAD_ANSWERS, bytes);
}
