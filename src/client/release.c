// SPDX-License-Identifier: MIT
/*
 * Grants and armed notifications go onto the registry's tray, which costs no
 * message and wakes nobody; the registry looks there before it does what
 * depends on it. It is told of them after a while, for the sake of entries that
 * are gone for it and are kept for us alone. What is urgent, and what comes
 * while the tray is full, is collected and sent.
 */
#include "client/release.h"

#include <pthread.h>
#include <string.h>

#include "base/fd.h"
#include "base/scope.h"
#include "client/session.h"
#include "client/watcher.h"
#include "wire/browse.h"
#include "wire/notice.h"
#include "wire/tray.h"

enum {
	BATCH_MAX = 1024,
	SENT_MAX = 128
}; /* kept; in one message, which lies on any thread's stack */
static const uint64_t batch_delay_ns = 20 * 1000 * 1000;
static const uint64_t tray_delay_ns = 250 * 1000 * 1000;
static const uint64_t arm_delay_ns = 1000 * 1000;

static pthread_mutex_t release_lock = PTHREAD_MUTEX_INITIALIZER;
/* under release_lock */
static uint64_t batch[2 * BATCH_MAX]; /* pairs of ID and count */
static size_t n_in_batch;	      /* numbers: two for each pair */
static uint64_t arms[WIRE_ARMS_MAX];  /* notifications */
static size_t n_arms;
static bool pairs_are_due, arms_are_due; /* a flush of theirs will run */
static uint64_t batch_epoch;		 /* of all of it */
static struct wire_tray_writer tray;
static bool tray_is_wanted; /* nobody has asked for one yet */
static bool tray_is_due;    /* tell_of_tray will run */

/* Take the last of the N numbers that LIST holds into COPY. */
static size_t take(uint64_t copy[static SENT_MAX], const uint64_t *list, size_t *n)
{
	size_t taken = *n < SENT_MAX ? *n : SENT_MAX;

	*n -= taken;
	memcpy(copy, list + *n, taken * sizeof(*list));
	return taken;
}

/* True: it met no memory, or no room in the socket, and may be sent later. */
static bool post(uint64_t epoch, const struct wire_layout *layout, const void *message)
{
	struct client_session *session = client_session_find();
	err_t err = 0;

	/* A registry that has gone took its grants and notifications along. */
	if (session && session->epoch == epoch)
		err = wire_channel_post(session->channel, layout, message, 0);
	client_session_unref(session);
	return err == -ENOMEM || err == -EAGAIN;
}

/* What could not be sent is kept for a later flush, which this asks for; but no more than half of what there is
 * room for, since somebody may be waiting for room. */
static void keep(uint64_t epoch, uint64_t *list, size_t *n, size_t max, const uint64_t *copy,
		 size_t count, bool *is_due)
{
	pthread_mutex_lock(&release_lock);
	bool kept = epoch == batch_epoch && *n + count <= max / 2, asks = kept && !*is_due;
	if (kept)
		memcpy(list + *n, copy, count * sizeof(*list));
	*n += kept ? count : 0;
	*is_due |= asks;
	pthread_mutex_unlock(&release_lock);
	if (asks && client_watcher_run_later(batch_delay_ns, client_release_flush, NULL)) {
		scope_lock(&release_lock);
		*is_due = false; /* the next one asks again */
	}
}

/* KEEPS: what cannot be sent. */
static bool flush_some_arms(bool keeps)
{
	uint64_t copy[SENT_MAX];
	struct wire_notify_arm message = { .subscriptions.items = copy };

	pthread_mutex_lock(&release_lock);
	uint64_t epoch = batch_epoch;
	size_t n = take(copy, arms, &n_arms);
	arms_are_due = false;
	pthread_mutex_unlock(&release_lock);
	message.subscriptions.count = n;
	if (n && post(epoch, &wire_notify_arm_layout, &message) && keeps) {
		keep(epoch, arms, &n_arms, WIRE_ARMS_MAX, copy, n, &arms_are_due);
		return false;
	}
	return n == SENT_MAX;
}

static void flush_arms(void *context)
{
	while (flush_some_arms(true))
		;
}

static bool flush_some_pairs(bool keeps)
{
	uint64_t copy[SENT_MAX];
	struct wire_release message = { .pairs.items = copy };

	pthread_mutex_lock(&release_lock);
	uint64_t epoch = batch_epoch;
	size_t n = take(copy, batch, &n_in_batch);
	pairs_are_due = false;
	pthread_mutex_unlock(&release_lock);
	message.pairs.count = n;
	if (n && post(epoch, &wire_release_layout, &message) && keeps) {
		keep(epoch, batch, &n_in_batch, 2 * BATCH_MAX, copy, n, &pairs_are_due);
		return false;
	}
	return n == SENT_MAX;
}

void client_release_flush(void *context)
{
	flush_arms(NULL);
	while (flush_some_pairs(true))
		;
}

void client_release_end(void)
{
	while (flush_some_arms(false))
		;
	while (flush_some_pairs(false))
		;
}

/* What is left of an older link means nothing to this one. False: EPOCH is the older one. */
static bool is_of_batch_locked(uint64_t epoch)
{
	if (epoch > batch_epoch) {
		batch_epoch = epoch;
		n_in_batch = n_arms = 0;
		wire_tray_destroy(&tray);
		tray_is_wanted = true;
		tray_is_due = false;
	}
	return epoch == batch_epoch;
}

/* --- the tray --------------------------------------------------------------- */

/* Every message makes the registry look at the tray: one without anything does. */
static void tell_of_tray(void *context)
{
	struct wire_release message = { .pairs.count = 0 };
	uint64_t epoch;
	bool is_empty;

	pthread_mutex_lock(&release_lock);
	epoch = batch_epoch;
	is_empty = !tray.memory || wire_tray_is_empty(&tray);
	tray_is_due = false;
	pthread_mutex_unlock(&release_lock);
	if (!is_empty)
		post(epoch, &wire_release_layout, &message);
}

/* RET_FIRST: the caller has to see to it that the registry is told. */
static bool put_locked(uint64_t id, uint64_t n_grants, bool *ret_first)
{
	struct wire_tray_record record = { id, n_grants };

	if (!tray.memory || !wire_tray_put(&tray, record))
		return false;
	*ret_first = !tray_is_due;
	tray_is_due = true;
	return true;
}

static void tell_later(bool first)
{
	if (first && client_watcher_run_later(tray_delay_ns, tell_of_tray, NULL))
		tell_of_tray(NULL);
}

static err_t offer(struct client_session *session, int fd)
{
	struct wire_tray_open message = { WIRE_TRAY_SIZE };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;
	err_t err = wire_channel_call(session->channel, &wire_tray_open_layout, &message, &fd, 1,
				      NULL, NULL, &frame, &status);

	wire_frame_fini(&frame);
	return !err && status ? -ENOTSUP : err;
}

/* Who has been sent notices together with services will be sent more. */
static void open_tray(uint64_t epoch)
{
	struct client_session *session = client_session_find();
	struct wire_tray_writer made = { NULL };
	err_t err = session && session->epoch == epoch ? 0 : -ENOTCONN;
	int fd = -1;

	if (!err)
		err = wire_tray_create(&made, &fd);
	if (!err)
		err = offer(session, fd);
	fd_close(fd);
	client_session_unref(session);
	pthread_mutex_lock(&release_lock);
	if (!err && is_of_batch_locked(epoch) && !tray.memory) {
		tray = made;
		made.memory = NULL;
	}
	pthread_mutex_unlock(&release_lock);
	wire_tray_destroy(&made);
}

static void need_tray(uint64_t epoch)
{
	bool wanted;

	pthread_mutex_lock(&release_lock);
	wanted = is_of_batch_locked(epoch) && tray_is_wanted;
	if (wanted)
		tray_is_wanted = false;
	pthread_mutex_unlock(&release_lock);
	if (wanted)
		open_tray(epoch);
}

/* --- giving back ---------------------------------------------------------------- */

/* False: there is no room. RET_FIRST: no flush is due yet, it has to be asked for. */
static bool add_pair(uint64_t epoch, uint64_t id, uint64_t n_grants, bool *ret_first)
{
	scope_lock(&release_lock);
	*ret_first = false;
	if (!is_of_batch_locked(epoch))
		return true;
	if (n_in_batch == 2 * BATCH_MAX)
		return false;
	*ret_first = !pairs_are_due;
	pairs_are_due = true;
	batch[n_in_batch++] = id;
	batch[n_in_batch++] = n_grants;
	return true;
}

static bool add_arm(uint64_t epoch, uint64_t subscription, bool *ret_first)
{
	scope_lock(&release_lock);
	*ret_first = false;
	if (!is_of_batch_locked(epoch))
		return true;
	if (n_arms == WIRE_ARMS_MAX)
		return false;
	*ret_first = !arms_are_due;
	arms_are_due = true;
	arms[n_arms++] = subscription;
	return true;
}

static bool lay_down(uint64_t epoch, uint64_t id, uint64_t n_grants)
{
	bool first = false, done;

	pthread_mutex_lock(&release_lock);
	done = is_of_batch_locked(epoch) && put_locked(id, n_grants, &first);
	pthread_mutex_unlock(&release_lock);
	tell_later(first);
	return done;
}

void client_session_release(uint64_t epoch, uint64_t id, uint64_t n_grants, bool is_dead)
{
	bool first;

	if (!is_dead && n_grants && lay_down(epoch, id, n_grants))
		return;
	while (!add_pair(epoch, id, n_grants, &first))
		client_release_flush(NULL);
	if (first && client_watcher_run_later(batch_delay_ns, client_release_flush, NULL))
		client_release_flush(NULL);
}

bool client_session_arm(uint64_t epoch, uint64_t subscription, uint64_t news, bool now)
{
	bool first;

	need_tray(epoch);
	if (lay_down(epoch, subscription, 0))
		return client_session_news_generation() == news;
	while (!add_arm(epoch, subscription, &first))
		flush_arms(NULL);
	if (now || (first && client_watcher_run_later(arm_delay_ns, flush_arms, NULL)))
		flush_arms(NULL);
	return true;
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
	n_in_batch = n_arms = 0;
	pairs_are_due = arms_are_due = false;
	wire_tray_destroy(&tray);
	tray_is_wanted = tray_is_due = false;
}
