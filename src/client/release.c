// SPDX-License-Identifier: MIT
#include "client/release.h"

#include <pthread.h>
#include <string.h>

#include "client/session.h"
#include "client/watcher.h"
#include "wire/browse.h"
#include "wire/notice.h"

enum { BATCH_MAX = 1024 };
static const uint64_t batch_delay_ns = 20 * 1000 * 1000;
static const uint64_t arm_delay_ns = 1000 * 1000;

static pthread_mutex_t release_lock = PTHREAD_MUTEX_INITIALIZER;
/* under release_lock */
static uint64_t batch[2 * BATCH_MAX]; /* pairs of ID and count */
static size_t n_pairs;
static uint64_t arms[WIRE_ARMS_MAX]; /* notifications */
static size_t n_arms;
static uint64_t batch_epoch; /* of both */

/* Take what N numbers LIST holds into COPY. */
static size_t take(uint64_t *copy, const uint64_t *list, size_t *n)
{
	size_t taken = *n;

	memcpy(copy, list, taken * sizeof(*list));
	*n = 0;
	return taken;
}

static void post(uint64_t epoch, const struct wire_layout *layout, const void *message)
{
	struct client_session *session = client_session_find();

	/* A registry that has gone took its grants and notifications along. */
	if (session && session->epoch == epoch)
		wire_channel_post(session->channel, layout, message, NULL, 0);
	client_session_unref(session);
}

static void flush_arms(void *context)
{
	uint64_t copy[WIRE_ARMS_MAX];
	struct wire_notify_arm message = { .subscriptions.items = copy };
	uint64_t epoch;

	pthread_mutex_lock(&release_lock);
	epoch = batch_epoch;
	message.subscriptions.count = take(copy, arms, &n_arms);
	pthread_mutex_unlock(&release_lock);
	if (message.subscriptions.count)
		post(epoch, &wire_notify_arm_layout, &message);
}

void client_release_flush(void *context)
{
	uint64_t copy[2 * BATCH_MAX];
	struct wire_release message = { .pairs.items = copy };
	uint64_t epoch;

	flush_arms(NULL);
	pthread_mutex_lock(&release_lock);
	epoch = batch_epoch;
	n_pairs *= 2;
	message.pairs.count = take(copy, batch, &n_pairs);
	pthread_mutex_unlock(&release_lock);
	if (message.pairs.count)
		post(epoch, &wire_release_layout, &message);
}

/* What is left of an older link means nothing to this one. False: EPOCH is the older one. */
static bool is_of_batch_locked(uint64_t epoch)
{
	if (epoch > batch_epoch) {
		batch_epoch = epoch;
		n_pairs = n_arms = 0;
	}
	return epoch == batch_epoch;
}

static bool add(uint64_t epoch, uint64_t id, uint64_t n_grants, bool *ret_first)
{
	bool full;

	pthread_mutex_lock(&release_lock);
	bool current = is_of_batch_locked(epoch);
	full = n_pairs == BATCH_MAX;
	*ret_first = n_pairs == 0;
	if (current && !full) {
		batch[2 * n_pairs] = id;
		batch[2 * n_pairs + 1] = n_grants;
		n_pairs++;
	}
	pthread_mutex_unlock(&release_lock);
	return !full;
}

void client_session_release(uint64_t epoch, uint64_t id, uint64_t n_grants)
{
	bool first;

	while (!add(epoch, id, n_grants, &first))
		client_release_flush(NULL);
	if (first && client_watcher_run_later(batch_delay_ns, client_release_flush, NULL))
		client_release_flush(NULL);
}

void client_session_arm(uint64_t epoch, uint64_t subscription)
{
	bool first, full;

	pthread_mutex_lock(&release_lock);
	bool current = is_of_batch_locked(epoch);
	first = n_arms == 0;
	if (current)
		arms[n_arms++] = subscription;
	full = n_arms == WIRE_ARMS_MAX;
	pthread_mutex_unlock(&release_lock);
	if (full || (current && first && client_watcher_run_later(arm_delay_ns, flush_arms, NULL)))
		flush_arms(NULL);
}

void client_release_lock(void)
{
	pthread_mutex_lock(&release_lock);
}

void client_release_unlock(void)
{
	pthread_mutex_unlock(&release_lock);
}

void client_release_forget(void)
{
	n_pairs = n_arms = 0;
}
