// SPDX-License-Identifier: MIT
#include "registry/bind.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/candidate.h"
#include "registry/driver.h"
#include "registry/lifecycle.h"
#include "registry/notify.h"
#include "registry/spawn.h"
#include "registry/text.h"

#define MATCH_AGAIN_NS 1000000000u
#define LATE_NS (10ull * 1000 * 1000 * 1000)

void registry_bind_again(struct registry *r)
{
	loop_timer_start(r->loop, &r->rematch_timer, loop_now_ns() + MATCH_AGAIN_NS);
}

/* --- whose turn it is ----------------------------------------------------------------------- */

/* By a driver that matching has started and that is still active. One whose category finds no memory counts:
 * two drivers in one are worse than a late one. */
static bool is_category_taken(struct registry *r, const struct registry_entry *service,
			      const char *category)
{
	struct registry_node *n = registry_node_find(service, service->tree->planes.service);

	if (!n)
		return false;
	list_for_each(l, &n->children) {
		struct registry_entry *c =
			container_of(l, struct registry_edge, in_parent)->child->entry;
		CFTypeRef own = registry_entry_get(c, CFSTR("IOMatchCategory"));

		if (registry_entry_is_inactive(c))
			continue;
		if (!own && registry_entry_has(c, CFSTR("IOMatchCategory"))) {
			registry_bind_again(r);
			return true;
		}
		if (own && registry_text_equals(own, category))
			return true;
	}
	return false;
}

/* One after the other in each host, the best first. */
static bool is_next_to_probe(const struct registry_candidate *c)
{
	list_for_each(l, &c->job->candidates) {
		struct registry_candidate *other = container_of(l, struct registry_candidate, link);

		if (other == c)
			return true;
		if (other->server == c->server && other->state < REGISTRY_CANDIDATE_PROBED)
			return false;
	}
	return true;
}

/* However many services there are all of a sudden, its host is not asked more than it can take; when it has
 * heard that, there is more (registry_bind_host_is_idle). */
static bool host_takes(const struct registry_candidate *c)
{
	const struct registry_peer *host = c->server->peer;
	uint64_t bytes =
		registry_entry_cost(c->job->service) + wire_bag_cost_of(c->personality->dictionary);

	if (!host || registry_peer_takes(host, bytes))
		return true;
	c->server->is_crowded = true;
	return false;
}

static void probe_ready(struct registry_match_job *job)
{
	/* What the family thinks changes the order. */
	list_for_each(l, &job->candidates)
		if (container_of(l, struct registry_candidate, link)->state ==
		    REGISTRY_CANDIDATE_MATCHING)
			return;
	list_for_each_safe(l, &job->candidates) {
		struct registry_candidate *c = container_of(l, struct registry_candidate, link);

		if (c->state != REGISTRY_CANDIDATE_WAITING ||
		    c->server->state != REGISTRY_SERVER_UP || !is_next_to_probe(c) ||
		    !host_takes(c) || registry_candidate_probe(c))
			continue;
		/* Its connection has just ended: the next host gets its chance. */
		registry_server_remember(c->server, job->service->id);
		registry_candidate_drop(c);
	}
}

/* True when nothing stands in the way of C: all of its category and of its host have been probed, and
 * none of them is just being started. */
static bool is_startable(const struct registry_candidate *c)
{
	list_for_each(l, &c->job->candidates) {
		struct registry_candidate *other = container_of(l, struct registry_candidate, link);

		if (other->state != REGISTRY_CANDIDATE_PROBED &&
		    (other->server == c->server ||
		     !strcmp(other->personality->category, c->personality->category)))
			return false;
	}
	return c->state == REGISTRY_CANDIDATE_PROBED;
}

/* The best of the first category that is ready; NULL: none is. Equal scores: the earlier wins. */
static struct registry_candidate *find_startable(struct registry_match_job *job)
{
	struct registry_candidate *best = NULL;

	list_for_each(l, &job->candidates) {
		struct registry_candidate *c = container_of(l, struct registry_candidate, link);

		if (!is_startable(c))
			continue;
		if (!best || (!strcmp(best->personality->category, c->personality->category) &&
			      c->score > best->score))
			best = c;
	}
	return best;
}

static void start_ready(struct registry_match_job *job)
{
	struct registry_candidate *c;

	while ((c = find_startable(job))) {
		if (is_category_taken(job->registry, job->service, c->personality->category)) {
			struct registry_personality *p = registry_personality_ref(c->personality);

			registry_candidate_drop_category(job, p->category);
			registry_personality_unref(p);
		} else if (!c->server->peer || !registry_candidate_start(c)) {
			registry_candidate_drop(c);
		}
	}
}

/* --- jobs --------------------------------------------------------------------------------- */

static void announce(struct registry_match_job *job)
{
	struct registry_entry *e = job->service;
	bool first = !(e->state & WIRE_STATE_FIRST_PUBLISH);

	job->announce = false;
	e->state |= WIRE_STATE_REGISTERED | WIRE_STATE_FIRST_PUBLISH;
	registry_entry_list(e);
	if (first)
		registry_notify_event(job->registry, e, REGISTRY_EVENT_FIRST_PUBLISH);
	registry_notify_event(job->registry, e, REGISTRY_EVENT_PUBLISH);
	registry_notify_flush(job->registry);
}

/* The host of PERSONALITY is there or on its way; else the candidate is left out this time. */
static bool is_server_usable(struct registry_match_job *job, struct registry_server *server)
{
	bool ends = server->is_retiring && (server->peer || server->pidfd >= 0);

	/* One that is on its way out, for a new version perhaps, serves nobody any more. */
	if (job->registry->is_returning || ends) {
		registry_server_remember(server, job->service->id);
		return false;
	}
	registry_server_start(server);
	if (server->state == REGISTRY_SERVER_RESTING)
		registry_server_remember(server, job->service->id);
	return server->state == REGISTRY_SERVER_UP || server->state == REGISTRY_SERVER_STARTING;
}

/* Has the class of SERVICE an operation matchPropertyTable that its owner runs? */
static bool has_hook(const struct registry_entry *service)
{
	if (service->owner)
		for (const struct registry_class *c = service->class; c; c = c->super)
			if (c->is_hooked)
				return true;
	return false;
}

static bool is_under_way(const struct registry_match_job *job,
			 const struct registry_personality *personality)
{
	list_for_each(l, &job->candidates)
		if (container_of(l, struct registry_candidate, link)->personality == personality)
			return true;
	return false;
}

static void collect_candidates(struct registry_match_job *job)
{
	struct registry *r = job->registry;
	struct registry_matched *items;
	size_t n, n_drivers = 0;
	bool is_first = list_is_empty(&job->candidates);

	if (registry_catalogue_match(&r->catalogue, job->service, &items, &n)) {
		registry_bind_again(r);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct registry_personality *p = items[i].personality;
		struct registry_server *server = NULL;
		struct registry_candidate *c = NULL;

		n_drivers += CFDictionaryContainsKey(p->dictionary, CFSTR("IOUserServerName")) != 0;
		bool is_new = is_first || !is_under_way(job, p);
		bool is_free = is_new && !is_category_taken(r, job->service, p->category);
		job->is_behind |= !is_new;
		if (is_free)
			server = registry_server_need(r, p->server);
		bool is_usable = server && is_server_usable(job, server);
		if (is_usable)
			c = registry_candidate_new(job, &items[i], server);
		/* A limit stays reached; memory may come back. */
		bool is_short = !server && strlen(p->server) <= WIRE_NAME_MAX &&
				account_has_room(&r->own, LIMITS_SERVERS, 1);
		if (is_free && (is_short || (is_usable && !c)))
			registry_bind_again(r);
		if (c && has_hook(job->service))
			registry_candidate_ask_owner(c);
		registry_personality_unref(p);
	}
	registry_driver_note_matched(job->service, n_drivers);
	free(items);
}

static void begin_round(struct registry_match_job *job)
{
	job->again = job->is_behind = false;
	if (job->announce)
		announce(job);
	collect_candidates(job);
}

static void free_job(struct registry_match_job *job)
{
	list_for_each_safe(l, &job->candidates)
		registry_candidate_drop(container_of(l, struct registry_candidate, link));
	list_remove(&job->link);
	loop_timer_stop(&job->late_timer);
	job->service->job = NULL;
	registry_entry_unref(job->service);
	free(job);
}

static void finish(struct registry_match_job *job)
{
	struct registry *r = job->registry;
	struct registry_entry *e = registry_entry_ref(job->service);

	free_job(job);
	registry_lifecycle_matched(r, e);
	registry_busy_adjust(e, -1);
	registry_entry_unref(e);
}

/* Programs find what has been matched. A driver that does not answer, of a stopped host perhaps, hides what it
 * would sit on no longer than that. */
static void handle_late(void *context)
{
	struct registry_match_job *job = context;

	log_info("%s is shown to programs before all of its drivers have started",
		 registry_entry_name(job->service, NULL));
	registry_lifecycle_matched(job->registry, job->service);
}

static void limit_time(struct registry_match_job *job)
{
	if (job->is_timed)
		return;
	job->is_timed = true;
	loop_timer_start(job->registry->loop, &job->late_timer, loop_now_ns() + LATE_NS);
}

void registry_bind_pump(struct registry_match_job *job)
{
	if (job->is_pumping)
		return;
	job->is_pumping = true;
	for (;;) {
		probe_ready(job);
		start_ready(job);
		bool is_done = list_is_empty(&job->candidates);
		if (job->again || (is_done && job->is_behind)) {
			begin_round(job);
		} else if (is_done) {
			break;
		} else {
			job->is_pumping = false;
			limit_time(job);
			return;
		}
	}
	finish(job);
}

/* One driver that takes its time, or is stopped, holds up no other: who comes meanwhile has his turn at once. Does
 * not free the job. */
static void begin_another_round(struct registry_match_job *job)
{
	if (job->is_pumping)
		return;
	job->is_pumping = true;
	begin_round(job);
	probe_ready(job);
	job->is_pumping = false;
}

void registry_bind_request(struct registry *registry, struct registry_entry *entry,
			   bool announce_it)
{
	struct registry_match_job *job = entry->job;

	if (job) {
		job->again = true;
		job->announce |= announce_it;
		begin_another_round(job);
		return;
	}
	job = calloc(1, sizeof(*job));
	if (!job) {
		entry->is_unmatched = true;
		entry->is_unannounced |= announce_it;
		registry_entry_list(entry); /* there it is looked for */
		registry_bind_again(registry);
		return;
	}
	job->registry = registry;
	job->service = registry_entry_ref(entry);
	job->announce = announce_it;
	list_init(&job->candidates);
	loop_timer_init(&job->late_timer, handle_late, job);
	list_add(&registry->jobs, &job->link);
	entry->job = job;
	registry_busy_adjust(entry, 1);
	begin_round(job);
	registry_bind_pump(job);
}

void registry_bind_cancel(struct registry *registry, struct registry_entry *entry)
{
	if (!entry->job)
		return;
	/* A driver that is being started is among the victims and stopped with them. */
	free_job(entry->job);
	registry_busy_adjust(entry, -1);
}

struct rematching {
	uint64_t *ids;
	size_t n, capacity;
	bool is_cut; /* no memory for all */
};

static bool collect_id(void *context, struct registry_member *member)
{
	struct rematching *m = context;
	struct registry_entry *e = container_of(member, struct registry_entry, member);

	if (m->n == m->capacity) {
		size_t n = m->capacity ? 2 * m->capacity : 64;
		uint64_t *more = realloc(m->ids, n * sizeof(*more));

		if (!more) {
			m->is_cut = true;
			return false;
		}
		m->ids = more;
		m->capacity = n;
	}
	m->ids[m->n++] = e->id;
	return true;
}

static bool has_new_candidate(struct registry *r, const struct registry_entry *service)
{
	struct registry_matched *items;
	size_t n;
	bool found = false;

	if (registry_catalogue_match(&r->catalogue, service, &items, &n)) {
		registry_bind_again(r);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		found |= !is_category_taken(r, service, items[i].personality->category);
		registry_personality_unref(items[i].personality);
	}
	free(items);
	return found;
}

void registry_bind_catalogue(struct registry *registry)
{
	struct registry_class *all = registry_class_find(&registry->tree.classes, "IOService");
	struct rematching m = { .ids = NULL };

	registry_class_walk(all, collect_id, &m);
	if (m.is_cut)
		registry_bind_again(registry);
	for (size_t i = 0; i < m.n; i++) {
		struct registry_entry *e = registry_entry_find(&registry->tree, m.ids[i]);

		if (!e || registry_entry_is_inactive(e) ||
		    !(e->is_unmatched || has_new_candidate(registry, e)))
			continue;
		bool announce_it = e->is_unannounced;
		e->is_unmatched = e->is_unannounced = false;
		registry_bind_request(registry, e, announce_it);
	}
	free(m.ids);
}

static void handle_rematch(void *context)
{
	registry_bind_catalogue(context);
}

static void pump_all(void *context)
{
	struct registry *r = context;

	list_for_each_safe(l, &r->jobs)
		registry_bind_pump(container_of(l, struct registry_match_job, link));
}

void registry_bind_init(struct registry *registry)
{
	loop_timer_init(&registry->rematch_timer, handle_rematch, registry);
	loop_timer_init(&registry->pump_timer, pump_all, registry);
}

static void go_on_without(struct registry_match_job *job, struct registry_server *server)
{
	list_for_each_safe(l, &job->candidates) {
		struct registry_candidate *c = container_of(l, struct registry_candidate, link);

		if (c->server != server || (c->state > REGISTRY_CANDIDATE_WAITING &&
					    c->state != REGISTRY_CANDIDATE_PROBED))
			continue;
		registry_server_remember(server, job->service->id);
		registry_candidate_drop(c);
	}
}

void registry_bind_server_changed(struct registry *registry, struct registry_server *server)
{
	list_for_each_safe(l, &registry->jobs) {
		struct registry_match_job *job = container_of(l, struct registry_match_job, link);

		if (server->state != REGISTRY_SERVER_UP &&
		    server->state != REGISTRY_SERVER_STARTING)
			go_on_without(job, server);
		registry_bind_pump(job);
	}
}

void registry_bind_host_is_idle(struct registry *registry, struct registry_server *server)
{
	if (!server->is_crowded || registry->is_ending)
		return;
	server->is_crowded = false;
	/* From the loop: whoever has just sent the last message is not done with it. */
	loop_timer_start(registry->loop, &registry->pump_timer, 0);
}

bool registry_bind_uses(const struct registry *registry, const struct registry_server *server)
{
	struct registry_candidate *c;
	size_t cursor = 0;

	while ((c = map_next(&registry->candidates, &cursor, NULL)))
		if (c->server == server)
			return true;
	return false;
}

void registry_bind_forget_peer(struct registry *registry, struct registry_peer *peer)
{
	struct registry_server *server = peer->server;

	list_for_each(l, &peer->entries) {
		struct registry_entry *e = container_of(l, struct registry_entry, owner_link);
		struct registry_entry *provider = registry_entry_provider(e);

		if (server && provider && provider->owner != peer &&
		    registry_entry_has(e, CFSTR("IOMatchCategory"))) {
			registry_driver_note_lost(e);
			registry_server_remember(server, provider->id);
		}
	}
}

void registry_bind_fini(struct registry *registry)
{
	while (!list_is_empty(&registry->jobs))
		free_job(list_first(&registry->jobs, struct registry_match_job, link));
	map_fini(&registry->candidates);
}
