// SPDX-License-Identifier: MIT
#include "client/recover.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/loop.h"
#include "base/scope.h"
#include "client/handle.h"
#include "client/matching.h"
#include "client/session.h"
#include "client/watch.h"
#include "client/watcher.h"
#include "wire/browse.h"
#include "wire/query.h"

enum { RETRY_FIRST_MS = 20, RETRY_LAST_MS = 1000, CHECK_MS = 200, PATIENCE_MS = 10000 };

static atomic_uint retry_ms;
static atomic_bool retrying;
static atomic_uint_fast64_t patience_ends_ns;

/* Ask for a hold on ENTRY again. False: the registry does not know it (yet). */
static bool find_again(struct client_session *session, struct client_entry *entry)
{
	CFMutableDictionaryRef matching = client_matching_new_id(entry->id);
	struct wire_find_request find = { .first_only = 1, .matching = matching };
	struct wire_entry_request ask = { .id = entry->id };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_entries_reply found = { 0 };
	struct wire_entry_reply state = { 0 };
	bool known = false;

	if (matching && !client_session_ask_on(session, &wire_find_request_layout, &find, NULL, 0,
					       &wire_entries_reply_layout, &found, &frame)) {
		for (size_t i = 0; i < found.entries.count; i++) {
			struct client_entry *again;

			if (!client_handle_grant(&found.entries.items[i], session->epoch, &again))
				client_entry_unref(again);
			known = true;
		}
		wire_message_clear(&wire_entries_reply_layout, &found);
	}
	/* Entries that are no services, or not matched yet, are not found so. */
	if (!known && !client_session_ask_on(session, &wire_entry_request_layout, &ask, NULL, 0,
					     &wire_entry_reply_layout, &state, &frame)) {
		struct client_entry *again;

		if (!client_handle_grant_id(entry->id, state.state, state.class_name, 1,
					    session->epoch, &again))
			client_entry_unref(again);
		wire_message_clear(&wire_entry_reply_layout, &state);
		known = true;
	}
	wire_frame_fini(&frame);
	if (matching)
		CFRelease(matching);
	return known;
}

/* How many known entries the registry does not have; with LAST they die. */
static size_t look_up_all(struct client_session *session, bool last)
{
	size_t n = 0, n_missing = 0;
	struct client_entry **entries = client_handle_reset_grants(session->epoch, &n);

	for (size_t i = 0; i < n; i++) {
		if (!wire_channel_is_closed(session->channel) && !find_again(session, entries[i]) &&
		    !wire_channel_is_closed(session->channel)) {
			n_missing++;
			if (last && !client_watch_entry_lost(entries[i]))
				client_handle_kill(entries[i]->id);
		}
		client_entry_unref(entries[i]);
	}
	free(entries);
	return n_missing;
}

static void look_up(void *context)
{
	struct client_session *session = client_session_find();
	bool last = loop_now_ns() >= atomic_load(&patience_ends_ns);

	if (!session)
		return;
	if (look_up_all(session, last) && !last)
		client_watcher_run_later(CHECK_MS * 1000000ull, look_up, NULL);
	/* Interest in a service whose host took its time could not be announced before. */
	client_watch_set_up_all(session);
	client_session_unref(session);
}

static void set_up_again(void *context)
{
	struct client_session *session = client_session_find();

	if (session) {
		client_watch_set_up_all(session);
		client_session_unref(session);
	}
	look_up(NULL);
}

void client_recover_continue(const struct client_session *session)
{
	uint64_t patience_ns = session->is_new ? 0 : PATIENCE_MS * 1000000ull;

	atomic_store(&patience_ends_ns, loop_now_ns() + patience_ns);
	client_watcher_run_later(0, set_up_again, NULL);
}

static void retry(void *context)
{
	struct client_session *session;
	unsigned ms = atomic_load(&retry_ms);

	atomic_store(&retrying, false);
	if (!client_session_get(&session)) {
		client_session_unref(session);
		return;
	}
	atomic_store(&retry_ms, ms * 2 < RETRY_LAST_MS ? ms * 2 : RETRY_LAST_MS);
	if (!atomic_exchange(&retrying, true))
		client_watcher_run_later(ms * 1000000ull, retry, NULL);
}

void client_recover_begin(void)
{
	if (!client_watch_is_any() || atomic_exchange(&retrying, true))
		return;
	atomic_store(&retry_ms, RETRY_FIRST_MS);
	client_watcher_run_later(RETRY_FIRST_MS * 1000000ull, retry, NULL);
}
