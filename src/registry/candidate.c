// SPDX-License-Identifier: MIT
#include "registry/candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/bind.h"
#include "registry/driver.h"
#include "registry/lifecycle.h"
#include "registry/proof.h"
#include "registry/text.h"
#include "wire/publish.h"

enum { SHORTAGES_MAX = 3 };

/* What an answer finds its candidate by: it may be gone. */
struct bind_call {
	struct registry *registry;
	struct wire_peer *wire; /* valid while the answer is no error */
	uint64_t number;
};

/* --- its life ------------------------------------------------------------------------------- */

static void free_candidate(struct registry_candidate *c)
{
	list_remove(&c->link);
	map_remove(&c->job->registry->candidates, c->number);
	registry_deadline_stop(&c->deadline);
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

void registry_candidate_drop(struct registry_candidate *c)
{
	if (c->state == REGISTRY_CANDIDATE_PROBED && c->server->peer)
		send_drop(c->server->peer->wire, c->number);
	free_candidate(c);
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

	if (c->state == REGISTRY_CANDIDATE_MATCHING) {
		log_warning("%s does not say whether %s fits: it does",
			    registry_entry_name(c->job->service, NULL), c->personality->class_name);
		c->state = REGISTRY_CANDIDATE_WAITING;
		registry_bind_pump(c->job);
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

struct registry_candidate *registry_candidate_new(struct registry_match_job *job,
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
	c->state = REGISTRY_CANDIDATE_WAITING;
	registry_deadline_init(&c->deadline, handle_driver_timeout, c);
	insert_by_score(job, c);
	return c;
}

/* --- the owner's say ------------------------------------------------------------------------ */

static struct bind_call *call_new(struct registry_candidate *c, struct registry_peer *peer)
{
	struct bind_call *call = malloc(sizeof(*call));

	if (call)
		*call = (struct bind_call){ c->job->registry, peer->wire, c->number };
	return call;
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
	if (!c || c->state != REGISTRY_CANDIDATE_MATCHING)
		return;
	struct registry_match_job *job = c->job;
	registry_deadline_stop(&c->deadline);
	/* An owner that knows nothing of the question has nothing against it. */
	if (!err && frame->header.status)
		reply = (struct wire_match_table_reply){ true, c->score };
	if (reply.matches) {
		c->state = REGISTRY_CANDIDATE_WAITING;
		c->score = reply.score;
		list_remove(&c->link);
		insert_by_score(job, c);
	} else {
		free_candidate(c);
	}
	registry_bind_pump(job);
}

void registry_candidate_ask_owner(struct registry_candidate *c)
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
	c->state = REGISTRY_CANDIDATE_MATCHING;
	registry_deadline_start(&c->deadline, c->job->registry, owner->server, LIMITS_START_TIME);
}

/* --- probing ------------------------------------------------------------------------------ */

/* Who looks for a driver that does not come sees it in `portico list`. */
static void note_loading(const struct registry_candidate *c, IOReturn status)
{
	if (!c->personality->bundle || status == kIOReturnNoMemory)
		return;
	c->personality->bundle->is_unloadable = status == kIOReturnNoResources;
	c->personality->lacks_class = status == kIOReturnNotFound;
}

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
	registry_deadline_stop(&c->deadline);
	if (!err)
		note_loading(c, frame->header.status);
	if (err) {
		if (err != -ENOMEM)
			registry_server_remember(c->server, job->service->id);
		free_candidate(c);
	} else if (frame->header.status) {
		if (frame->header.status == kIOReturnNoMemory)
			note_shortage(c->server);
		free_candidate(c);
	} else {
		c->state = REGISTRY_CANDIDATE_PROBED;
		c->score = reply.score;
		snprintf(c->class_name, sizeof(c->class_name), "%s", reply.class_name);
	}
	wire_message_clear(&wire_probe_reply_layout, &reply);
	registry_bind_pump(job);
}

bool registry_candidate_probe(struct registry_candidate *c)
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
	c->state = REGISTRY_CANDIDATE_PROBING;
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
	registry_deadline_start(&c->deadline, c->job->registry, c->server, LIMITS_START_TIME);
	return true;
}

/* --- starting ----------------------------------------------------------------------------- */

void registry_candidate_drop_category(struct registry_match_job *job, const char *category)
{
	list_for_each_safe(l, &job->candidates) {
		struct registry_candidate *c = container_of(l, struct registry_candidate, link);

		if (c->state == REGISTRY_CANDIDATE_PROBED &&
		    !strcmp(c->personality->category, category))
			registry_candidate_drop(c);
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
	registry_candidate_drop_category(job, p->category);
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
	registry_deadline_stop(&c->deadline);
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
	registry_bind_pump(job);
}

bool registry_candidate_start(struct registry_candidate *c)
{
	struct bind_call *call = call_new(c, c->server->peer);
	err_t err = -ENOMEM;

	if (call)
		err = registry_driver_new(c->server->peer, c->job->service, c->personality,
					  c->class_name[0] ? c->class_name
							   : c->personality->class_name,
					  c->properties, c->score, &c->entry);

	if (!err) {
		struct wire_start message = { c->number, c->entry->id,
					      registry_proof_of(c->job->registry, c->entry->id) };

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
	c->state = REGISTRY_CANDIDATE_STARTING;
	registry_deadline_start(&c->deadline, c->job->registry, c->server, LIMITS_START_TIME);
	return true;
}
