// SPDX-License-Identifier: MIT
#include "registry/bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/driver.h"
#include "registry/lifecycle.h"
#include "registry/notify.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/publish.h"

#define MATCH_AGAIN_NS 1000000000u
#define SHORTAGES_MAX 3

enum candidate_state {
	CANDIDATE_MATCHING, /* the owner of the service is asked whether it fits */
	CANDIDATE_WAITING,  /* for its host */
	CANDIDATE_PROBING,
	CANDIDATE_PROBED, /* accepted */
	CANDIDATE_STARTING,
};

struct registry_candidate {
	struct list link; /* of the job, in order of preference */
	struct registry_match_job *job;
	struct registry_personality *personality;
	struct registry_server *server;
	enum candidate_state state;
	uint64_t number; /* as the host knows it */
	int32_t score;
	CFDictionaryRef properties; /* what the driver gets */
	char class_name[WIRE_NAME_MAX + 1];
	struct registry_entry *entry; /* while starting, with a reference */
	struct loop_timer timer;
};

struct registry_match_job {
	struct list link; /* of the registry */
	struct registry *registry;
	struct registry_entry *service; /* with a reference */
	struct list candidates;
	bool again, announce, is_pumping;
};

/* What an answer finds its candidate by: it may be gone. */
struct bind_call {
	struct registry *registry;
	struct wire_peer *wire; /* valid while the answer is no error */
	uint64_t number;
};

/* --- candidates -------------------------------------------------------------------------- */

static void free_candidate(struct registry_candidate *c)
{
	list_remove(&c->link);
	map_remove(&c->job->registry->candidates, c->number);
	loop_timer_stop(&c->timer);
	registry_personality_unref(c->personality);
	registry_entry_unref(c->entry);
	if (c->properties)
		CFRelease(c->properties);
	free(c);
}

static void send_drop(struct wire_peer *wire, uint64_t number)
{
	struct wire_drop drop = { number };

	wire_peer_send(wire, &wire_drop_layout, &drop, NULL, 0);
}

/* Let go of a candidate that will not be started. */
static void drop_candidate(struct registry_candidate *c)
{
	if (c->state == CANDIDATE_PROBED && c->server->peer)
		send_drop(c->server->peer->wire, c->number);
	free_candidate(c);
}

static void pump(struct registry_match_job *job);

void registry_bind_again(struct registry *r)
{
	loop_timer_start(r->loop, &r->rematch_timer, loop_now_ns() + MATCH_AGAIN_NS);
}

/* A host that has no memory may have some later; one that never has is not asked for ever. */
static void note_shortage(struct registry_server *server)
{
	if (server->n_shortages++ < SHORTAGES_MAX)
		registry_bind_again(server->registry);
}

static void handle_driver_timeout(void *context)
{
	struct registry_candidate *c = context;

	if (c->state == CANDIDATE_MATCHING) {
		log_warning("%s does not say whether %s fits: it does",
			    registry_entry_name(c->job->service, NULL), c->personality->class_name);
		c->state = CANDIDATE_WAITING;
		pump(c->job);
		return;
	}
	log_warning("%s: %s does not answer; its host is ended", c->personality->bundle_path,
		    c->personality->class_name);
	registry_server_end_hung(c->server);
}

/* Behind those of the same score, before the lower ones. */
static void insert_by_score(struct registry_match_job *job, struct registry_candidate *c)
{
	list_for_each(l, &job->candidates)
		if (container_of(l, struct registry_candidate, link)->score < c->score) {
			list_add_before(l, &c->link);
			return;
		}
	list_add(&job->candidates, &c->link);
}

static struct registry_candidate *add_candidate(struct registry_match_job *job,
						const struct registry_matched *matched,
						struct registry_server *server)
{
	struct registry *r = job->registry;
	struct registry_candidate *c = calloc(1, sizeof(*c));

	if (!c || map_set(&r->candidates, r->last_candidate + 1, c)) {
		free(c);
		return NULL;
	}
	c->number = ++r->last_candidate;
	c->job = job;
	c->personality = registry_personality_ref(matched->personality);
	c->server = server;
	c->score = matched->score;
	c->state = CANDIDATE_WAITING;
	loop_timer_init(&c->timer, handle_driver_timeout, c);
	insert_by_score(job, c);
	return c;
}

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

/* --- the owner's say ------------------------------------------------------------------------ */

static struct bind_call *call_new(struct registry_candidate *c, struct registry_peer *peer)
{
	struct bind_call *call = malloc(sizeof(*call));

	if (call)
		*call = (struct bind_call){ c->job->registry, peer->wire, c->number };
	return call;
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

static void handle_matched(void *context, err_t err, struct wire_frame *frame)
{
	struct bind_call *call = context;
	struct registry_candidate *c = map_find(&call->registry->candidates, call->number);
	struct wire_match_table_reply reply = { 0 };

	if (!err && !frame->header.status &&
	    wire_peer_decode_answer(call->wire, frame, &wire_match_table_reply_layout, &reply,
				    "to matching") == -ENOMEM)
		registry_bind_again(call->registry);
	free(call);
	if (!c || c->state != CANDIDATE_MATCHING)
		return;
	struct registry_match_job *job = c->job;
	loop_timer_stop(&c->timer);
	/* An owner that knows nothing of the question has nothing against it. */
	if (!err && frame->header.status)
		reply = (struct wire_match_table_reply){ true, c->score };
	if (reply.matches) {
		c->state = CANDIDATE_WAITING;
		c->score = reply.score;
		list_remove(&c->link);
		insert_by_score(job, c);
	} else {
		free_candidate(c);
	}
	pump(job);
}

/* Until the owner has answered, nobody is probed. */
static void ask_owner(struct registry_candidate *c)
{
	struct registry_peer *owner = c->job->service->owner;
	struct wire_match_table table = { .id = c->job->service->id,
					  .score = c->score,
					  .table = c->personality->dictionary };
	uint64_t bytes = wire_bag_cost_of(table.table);
	struct bind_call *call = registry_peer_takes(owner, bytes) ? call_new(c, owner) : NULL;

	if (!call || wire_peer_call(owner->wire, &wire_match_table_layout, &table, NULL, 0,
				    handle_matched, call)) {
		free(call);
		return;
	}
	c->state = CANDIDATE_MATCHING;
	loop_timer_start(c->job->registry->loop, &c->timer,
			 loop_now_ns() + REGISTRY_DRIVER_TIMEOUT_NS);
}

/* --- probing ------------------------------------------------------------------------------ */

static void handle_probed(void *context, err_t err, struct wire_frame *frame)
{
	struct bind_call *call = context;
	struct registry_candidate *c = map_find(&call->registry->candidates, call->number);
	struct wire_probe_reply reply = { 0 };

	if (!err && !frame->header.status)
		err = wire_peer_decode_answer(call->wire, frame, &wire_probe_reply_layout, &reply,
					      "to probe");
	if (err == -ENOMEM)
		registry_bind_again(call->registry);
	if ((!c && !err && !frame->header.status) || err == -ENOMEM)
		send_drop(call->wire, call->number);
	free(call);
	if (!c)
		return;
	struct registry_match_job *job = c->job;
	loop_timer_stop(&c->timer);
	if (err) {
		if (err != -ENOMEM)
			registry_server_remember(c->server, job->service->id);
		free_candidate(c);
	} else if (frame->header.status) {
		if (frame->header.status == kIOReturnNoMemory)
			note_shortage(c->server);
		free_candidate(c);
	} else {
		c->state = CANDIDATE_PROBED;
		c->score = reply.score;
		snprintf(c->class_name, sizeof(c->class_name), "%s", reply.class_name);
	}
	wire_message_clear(&wire_probe_reply_layout, &reply);
	pump(job);
}

static bool send_probe(struct registry_candidate *c)
{
	const struct registry_entry *s = c->job->service;
	scope_cf CFDictionaryRef properties = registry_entry_copy_properties(s);
	struct wire_probe probe = {
		.candidate = c->number,
		.provider = s->id,
		.provider_class = s->class->name,
		.provider_name = registry_entry_name(s, NULL),
		.bundle = c->personality->bundle_path,
		.provider_properties = properties,
	};
	struct bind_call *call = call_new(c, c->server->peer);

	if (!c->properties)
		c->properties = registry_driver_copy_properties(c->personality, s, c->score);
	probe.personality = c->properties;
	c->state = CANDIDATE_PROBING;
	err_t err = -ENOMEM;
	if (call && c->properties)
		err = registry_server_can_read(c->server, c->personality->bundle_path)
			    ? wire_peer_call(c->server->peer->wire, &wire_probe_layout, &probe,
					     NULL, 0, handle_probed, call)
			    : -EACCES;
	if (err) {
		if (err == -ENOMEM)
			registry_bind_again(c->job->registry);
		free(call);
		return false;
	}
	loop_timer_start(c->job->registry->loop, &c->timer,
			 loop_now_ns() + REGISTRY_DRIVER_TIMEOUT_NS);
	return true;
}

/* One after the other in each host, the best first. */
static bool is_next_to_probe(const struct registry_candidate *c)
{
	list_for_each(l, &c->job->candidates) {
		struct registry_candidate *other = container_of(l, struct registry_candidate, link);

		if (other == c)
			return true;
		if (other->server == c->server && other->state < CANDIDATE_PROBED)
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
		if (container_of(l, struct registry_candidate, link)->state == CANDIDATE_MATCHING)
			return;
	list_for_each_safe(l, &job->candidates) {
		struct registry_candidate *c = container_of(l, struct registry_candidate, link);

		if (c->state != CANDIDATE_WAITING || c->server->state != REGISTRY_SERVER_UP ||
		    !is_next_to_probe(c) || !host_takes(c) || send_probe(c))
			continue;
		/* Its connection has just ended: the next host gets its chance. */
		registry_server_remember(c->server, job->service->id);
		free_candidate(c);
	}
}

/* --- starting ----------------------------------------------------------------------------- */

/* The rest of the category is released unstarted. */
static void drop_category(struct registry_match_job *job, const char *category)
{
	list_for_each_safe(l, &job->candidates) {
		struct registry_candidate *c = container_of(l, struct registry_candidate, link);

		if (c->state == CANDIDATE_PROBED && !strcmp(c->personality->category, category))
			drop_candidate(c);
	}
}

static void finish_start(struct registry_candidate *c)
{
	struct registry_match_job *job = c->job;
	struct registry_entry *e = registry_entry_ref(c->entry);
	struct registry_personality *p = registry_personality_ref(c->personality);

	c->server->n_shortages = 0;
	registry_driver_note_started(job->service, p);
	free_candidate(c);
	drop_category(job, p->category);
	registry_personality_unref(p);
	e->is_starting = false;
	if (e->wants_register)
		registry_lifecycle_register(job->registry, e);
	registry_entry_unref(e);
}

static struct registry_entry *find_active_child(const struct registry_entry *entry)
{
	struct registry_node *n = registry_node_find(entry, entry->tree->planes.service);

	if (!n)
		return NULL;
	list_for_each(l, &n->children) {
		struct registry_entry *c =
			container_of(l, struct registry_edge, in_parent)->child->entry;

		if (!registry_entry_is_inactive(c))
			return c;
	}
	return NULL;
}

/* An entry whose driver has not started, with what that has published meanwhile. */
static void drop_unstarted(struct registry *registry, struct registry_entry *entry)
{
	struct registry_entry *child;

	while ((child = find_active_child(entry))) {
		registry_entry_ref(child);
		registry_lifecycle_terminate(registry, child, 0, entry->owner, true);
		registry_entry_unref(child);
	}
	registry_lifecycle_drop(entry);
}

static void handle_started(void *context, err_t err, struct wire_frame *frame)
{
	struct bind_call *call = context;
	struct registry_candidate *c = map_find(&call->registry->candidates, call->number);

	free(call);
	if (!c)
		return;
	struct registry_match_job *job = c->job;
	loop_timer_stop(&c->timer);
	if (err)
		registry_server_remember(c->server, job->service->id);
	else if (frame->header.status == kIOReturnNoMemory)
		note_shortage(c->server);
	if (err || frame->header.status || registry_entry_is_inactive(c->entry)) {
		if (!registry_entry_is_inactive(c->entry))
			drop_unstarted(job->registry, c->entry);
		free_candidate(c);
	} else {
		finish_start(c);
	}
	pump(job);
}

static bool start(struct registry_candidate *c)
{
	struct bind_call *call = call_new(c, c->server->peer);
	err_t err = -ENOMEM;

	if (call)
		err = registry_driver_new(c->server->peer, c->job->service, c->personality,
					  c->class_name[0] ? c->class_name
							   : c->personality->class_name,
					  c->properties, c->score, &c->entry);

	if (!err) {
		struct wire_start message = { c->number, c->entry->id };

		err = wire_peer_call(c->server->peer->wire, &wire_start_layout, &message, NULL, 0,
				     handle_started, call);
	}
	if (err) {
		if (err == -ENOMEM)
			registry_bind_again(c->job->registry);
		free(call);
		if (c->entry)
			registry_lifecycle_drop(c->entry);
		return false;
	}
	c->state = CANDIDATE_STARTING;
	loop_timer_start(c->job->registry->loop, &c->timer,
			 loop_now_ns() + REGISTRY_DRIVER_TIMEOUT_NS);
	return true;
}

/* True when nothing stands in the way of C: all of its category and of its host have been probed, and
 * none of them is just being started. */
static bool is_startable(const struct registry_candidate *c)
{
	list_for_each(l, &c->job->candidates) {
		struct registry_candidate *other = container_of(l, struct registry_candidate, link);

		if (other->state != CANDIDATE_PROBED &&
		    (other->server == c->server ||
		     !strcmp(other->personality->category, c->personality->category)))
			return false;
	}
	return c->state == CANDIDATE_PROBED;
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

			drop_category(job, p->category);
			registry_personality_unref(p);
		} else if (!c->server->peer || !start(c)) {
			drop_candidate(c);
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

static void collect_candidates(struct registry_match_job *job)
{
	struct registry *r = job->registry;
	struct registry_matched *items;
	size_t n, n_drivers = 0;

	if (registry_catalogue_match(&r->catalogue, job->service, &items, &n)) {
		registry_bind_again(r);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct registry_personality *p = items[i].personality;
		struct registry_server *server = NULL;
		struct registry_candidate *c = NULL;

		n_drivers += CFDictionaryContainsKey(p->dictionary, CFSTR("IOUserServerName")) != 0;
		bool is_free = !is_category_taken(r, job->service, p->category);
		if (is_free)
			server = registry_server_need(r, p->server);
		bool is_usable = server && is_server_usable(job, server);
		if (is_usable)
			c = add_candidate(job, &items[i], server);
		/* A limit stays reached; memory may come back. */
		bool is_short = !server && strlen(p->server) <= WIRE_NAME_MAX &&
				account_has_room(&r->own, LIMITS_SERVERS, 1);
		if (is_free && (is_short || (is_usable && !c)))
			registry_bind_again(r);
		if (c && has_hook(job->service))
			ask_owner(c);
		registry_personality_unref(p);
	}
	registry_driver_note_matched(job->service, n_drivers);
	free(items);
}

static void begin_round(struct registry_match_job *job)
{
	job->again = false;
	if (job->announce)
		announce(job);
	collect_candidates(job);
}

static void free_job(struct registry_match_job *job)
{
	list_for_each_safe(l, &job->candidates)
		drop_candidate(container_of(l, struct registry_candidate, link));
	list_remove(&job->link);
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

/* Do what can be done now. May free the job. */
static void pump(struct registry_match_job *job)
{
	if (job->is_pumping)
		return;
	job->is_pumping = true;
	for (;;) {
		probe_ready(job);
		start_ready(job);
		if (!list_is_empty(&job->candidates)) {
			job->is_pumping = false;
			return;
		}
		if (!job->again)
			break;
		begin_round(job);
	}
	finish(job);
}

void registry_bind_request(struct registry *registry, struct registry_entry *entry,
			   bool announce_it)
{
	struct registry_match_job *job = entry->job;

	if (job) {
		job->again = true;
		job->announce |= announce_it;
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
	list_add(&registry->jobs, &job->link);
	entry->job = job;
	registry_busy_adjust(entry, 1);
	begin_round(job);
	pump(job);
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
		pump(container_of(l, struct registry_match_job, link));
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

		if (c->server != server ||
		    (c->state > CANDIDATE_WAITING && c->state != CANDIDATE_PROBED))
			continue;
		registry_server_remember(server, job->service->id);
		drop_candidate(c);
	}
}

void registry_bind_server_changed(struct registry *registry, struct registry_server *server)
{
	list_for_each_safe(l, &registry->jobs) {
		struct registry_match_job *job = container_of(l, struct registry_match_job, link);

		if (server->state != REGISTRY_SERVER_UP &&
		    server->state != REGISTRY_SERVER_STARTING)
			go_on_without(job, server);
		pump(job);
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
