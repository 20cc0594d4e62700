// SPDX-License-Identifier: MIT
#include "client/release.h"

#include <pthread.h>
#include <string.h>

#include "client/session.h"
#include "client/watcher.h"
#include "wire/browse.h"

enum { BATCH_MAX = 1024 };
static const uint64_t batch_delay_ns = 20 * 1000 * 1000;

static pthread_mutex_t release_lock = PTHREAD_MUTEX_INITIALIZER;
/* under release_lock */
static uint64_t batch[2 * BATCH_MAX]; /* pairs of ID and count */
static size_t n_pairs;
static uint64_t batch_epoch;

void client_release_flush(void *context)
{
	uint64_t pairs[2 * BATCH_MAX];
	struct wire_release message = { .pairs.items = pairs };
	struct client_session *session = client_session_find();
	uint64_t epoch;

	pthread_mutex_lock(&release_lock);
	memcpy(pairs, batch, n_pairs * 2 * sizeof(*batch));
	message.pairs.count = 2 * n_pairs;
	epoch = batch_epoch;
	n_pairs = 0;
	pthread_mutex_unlock(&release_lock);
	/* A registry that has gone took its grants along. */
	if (session && message.pairs.count && session->epoch == epoch)
		wire_channel_post(session->channel, &wire_release_layout, &message, NULL, 0);
	client_session_unref(session);
}

static bool add(uint64_t epoch, uint64_t id, uint64_t n_grants, bool *ret_first)
{
	bool full;

	pthread_mutex_lock(&release_lock);
	if (epoch > batch_epoch) {
		batch_epoch = epoch;
		n_pairs = 0;
	}
	full = n_pairs == BATCH_MAX;
	*ret_first = n_pairs == 0;
	if (epoch == batch_epoch && !full) {
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
	n_pairs = 0;
}
