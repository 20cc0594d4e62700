// SPDX-License-Identifier: MIT
/*
 * Termination (spec 6.11). Phase 1 happens at once. Phase 2 is a job that asks
 * one host after the other, over all entries that end ("victims", providers
 * before their clients):
 *
 *   will   from the providers to the leaves: each client hears willTerminate
 *   did    from the leaves up: the message "is terminated", then didTerminate
 *   stop   a victim that uses none of its providers any more and on which
 *          nothing stands is stopped and leaves the tree
 *
 * A client that keeps its provider open holds up its own stop and those below
 * it in the stack, for as long as it likes; nobody else. What finds no memory is
 * done a little later: nobody would ever stop an object that was passed over.
 */
#include <stdlib.h>

#include <IOKit/IOMessage.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/access.h"
#include "registry/bind.h"
#include "registry/deferred.h"
#include "registry/lifecycle.h"
#include "registry/notify.h"
#include "registry/spawn.h"
#include "registry/victims.h"
#include "wire/publish.h"

enum { SYNCHRONOUS = 2, REMATCH = 0x10 }; /* kIOServiceSynchronous, ...WithRematch */

struct registry_stop_job {
	struct list link; /* of the registry */
	struct registry *registry;
	struct registry_victims dead;
	size_t n_gone;
	uint32_t options;
	struct registry_peer *by; /* has asked for it and needs no telling of the first victim */
	bool by_is_gone;
	struct registry_entry *rematch; /* provider to be matched again, with a reference */
	struct list waiters;		/* struct waiter: who wants to know when all is over */
	/* where it is */
	enum { JOB_WILL, JOB_DID, JOB_STOP } phase;
	size_t at, tie; /* victims done in this phase; ties of the one being done */
	size_t n_told;	/* victims of which others than their clients have been told in it */
	bool is_waiting, is_running, is_dirty;
	bool is_repeating;	       /* what it waits for is memory for its question */
	struct list in_woken;	       /* what a victim of its has waited for has gone */
	struct registry_peer *awaited; /* who is asked just now */
	struct loop_timer timer;
	uint64_t round; /* of the session: tells a late answer from the one awaited */
};

struct waiter {
	struct list link;
	struct registry_deferred *deferred;
};

/* What an answer finds its job by: the job may have gone on without it. */
struct stop_call {
	struct registry *registry;
	struct wire_peer *wire; /* valid while the answer is no error */
	uint64_t round;
};

/* --- phase 1 -------------------------------------------------------------------------------- */

static void announce_termination(struct registry *registry, struct registry_stop_job *job)
{
	size_t n_dead = 0;
	struct registry_entry **dead = calloc(job->dead.n, sizeof(*dead));

	for (size_t i = 0; i < job->dead.n; i++) {
		struct registry_entry *e = job->dead.all[i].entry;

		if (!registry_entry_is_service(e))
			continue;
		registry_notify_event(registry, e, REGISTRY_EVENT_TERMINATED);
		if (dead && !e->is_claimed)
			dead[n_dead++] = e;
		else if (!e->is_claimed)
			registry_notify_dead(registry, &e, 1);
	}
	/* Names turn dead before the notices arrive. */
	if (dead)
		registry_notify_dead(registry, dead, n_dead);
	free(dead);
	registry_notify_flush(registry);
}

static void tell_host(struct registry_stop_job *job, struct registry_peer *host, uint64_t *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < job->dead.n && n < WIRE_ENTRIES_MAX; i++)
		if (job->dead.all[i].entry->owner == host && job->dead.all[i].is_asked)
			ids[n++] = job->dead.all[i].entry->id;
	struct wire_inactive message = { { ids, n } };
	wire_peer_send(host->wire, &wire_inactive_layout, &message, NULL, 0);
}

/* Each host hears which objects of its own are inactive now: they refuse clients from here on. */
static void tell_hosts(struct registry_stop_job *job)
{
	uint64_t *ids = calloc(job->dead.n, sizeof(*ids)), mark = ++job->registry->last_walk;

	for (size_t i = 0; ids && i < job->dead.n; i++) {
		struct registry_peer *host = job->dead.all[i].entry->owner;

		if (!host || !job->dead.all[i].is_asked || host->told == mark ||
		    (job->by_is_gone && host == job->by))
			continue;
		host->told = mark;
		tell_host(job, host, ids);
	}
	free(ids);
}

/* --- the end of a job ------------------------------------------------------------------------- */

static void answer_waiters(struct registry_stop_job *job, IOReturn status)
{
	list_for_each_safe(l, &job->waiters) {
		struct waiter *w = container_of(l, struct waiter, link);

		list_remove(l);
		registry_deferred_finish(w->deferred, &wire_empty_layout, status, NULL, NULL, 0);
		free(w);
	}
}

/* An answer that comes later finds nobody. */
static void forget_question(struct registry_stop_job *job)
{
	map_remove(&job->registry->asked, job->round);
	job->round = 0;
}

static void free_stop_job(struct registry_stop_job *job, IOReturn status)
{
	list_remove(&job->link);
	forget_question(job);
	loop_timer_stop(&job->timer);
	list_remove(&job->in_woken);
	answer_waiters(job, status);
	registry_victims_fini(&job->dead);
	registry_entry_unref(job->rematch);
	free(job);
}

static void finish_job(struct registry_stop_job *job)
{
	struct registry *registry = job->registry;
	struct registry_entry *again = take_ptr(job->rematch);

	free_stop_job(job, kIOReturnSuccess);
	if (again && !registry_entry_is_inactive(again) && (again->state & WIRE_STATE_REGISTERED))
		registry_bind_request(registry, again, false);
	registry_entry_unref(again);
}

/* --- asking ------------------------------------------------------------------------------------ */

static void run_job(struct registry_stop_job *job);

static void let_go(struct registry_stop_job *job, struct registry_tie *tie)
{
	struct registry_plane *plane = job->registry->tree.planes.service;
	struct registry_victim *on = &job->dead.all[tie->provider];

	if (tie->has_let_go)
		return;
	tie->has_let_go = true;
	job->is_dirty = true;
	if (tie->victim != REGISTRY_NOBODY) {
		job->dead.all[tie->victim].n_held--;
		return;
	}
	on->n_above--;
	if (!registry_entry_is_inactive(tie->client)) {
		struct registry_entry *before = registry_entry_provider(tie->client);

		registry_plane_detach(tie->client, on->entry, plane);
		registry_busy_moved(tie->client, before);
	}
}

/* The question that was asked is answered, or will not be. */
static void advance(struct registry_stop_job *job, bool has_let_go)
{
	const struct registry_victim *v;

	job->is_waiting = job->is_repeating = false;
	job->awaited = NULL;
	forget_question(job);
	loop_timer_stop(&job->timer);
	switch (job->phase) {
	case JOB_WILL:
		job->tie++;
		break;
	case JOB_DID:
		v = &job->dead.all[job->dead.n - 1 - job->at];
		if (has_let_go)
			let_go(job, &job->dead.ties[v->first_tie + job->tie]);
		job->tie++;
		break;
	case JOB_STOP:
		job->dead.all[job->dead.n - 1 - job->at].is_asked = false;
		break;
	}
	if (!job->is_running)
		run_job(job);
}

static void handle_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct stop_call *call = context;
	struct wire_number_reply reply = { 1 };

	/* Only the phase "did" is answered with a number. What is gone has let go. */
	if (!err && !frame->header.status && frame->header.type == WIRE_DID_TERMINATE &&
	    wire_peer_decode_answer(call->wire, frame, &wire_number_reply_layout, &reply,
				    "to didTerminate"))
		reply.number = 1;
	struct registry_stop_job *job = map_find(&call->registry->asked, call->round);
	if (!call->registry->is_ending && job)
		advance(job, reply.number != 0);
	free(call);
}

static void handle_stop_timeout(void *context)
{
	struct registry_stop_job *job = context;

	if (job->is_repeating) {
		job->is_waiting = job->is_repeating = false;
		job->awaited = NULL;
		return run_job(job);
	}
	log_warning("%s does not answer; its object is detached all the same",
		    job->awaited ? registry_peer_name(job->awaited) : "a host");
	advance(job, true);
}

/* The bridge runs no drivers: nothing on its entries' part has to be awaited. */
static bool runs_drivers(const struct registry_stop_job *job, const struct registry_peer *owner)
{
	return owner && !(owner->server && owner->server->is_bridge) &&
	       !(job->by_is_gone && owner == job->by);
}

static err_t send_question(struct registry_stop_job *job, struct registry_peer *owner,
			   const struct wire_layout *layout, const void *message)
{
	struct stop_call *call = malloc(sizeof(*call));

	if (!call)
		return -ENOMEM;
	job->round = ++job->registry->last_stop;
	*call = (struct stop_call){ job->registry, owner->wire, job->round };
	err_t err = map_set(&job->registry->asked, job->round, job);
	if (!err)
		err = wire_peer_call(owner->wire, layout, message, NULL, 0, handle_answer, call);
	if (err) {
		forget_question(job);
		free(call);
	}
	return err;
}

/* True when OWNER has been asked and its answer is awaited, or will be asked when there is memory. */
static bool ask(struct registry_stop_job *job, struct registry_peer *owner,
		const struct wire_layout *layout, const void *message)
{
	if (!runs_drivers(job, owner))
		return false;
	err_t err = send_question(job, owner, layout, message);
	if (err && err != -ENOMEM)
		return false;
	job->is_waiting = true;
	job->is_repeating = err != 0;
	job->awaited = owner;
	loop_timer_start(job->registry->loop, &job->timer,
			 loop_now_ns() + (err ? REGISTRY_AGAIN_NS : REGISTRY_STOP_TIMEOUT_NS));
	return true;
}

/* --- phase 2 ------------------------------------------------------------------------------------ */

/* Ask the clients of victim I, one for each call, the next one first. True: one is awaited. */
static bool ask_clients(struct registry_stop_job *job, size_t i, const struct wire_layout *layout)
{
	const struct registry_victim *v = &job->dead.all[i];

	while (job->tie < v->n_ties) {
		struct registry_tie *tie = &job->dead.ties[v->first_tie + job->tie];
		struct wire_phase message = { tie->client->id, v->entry->id, job->options,
					      tie->victim == REGISTRY_NOBODY };

		if (ask(job, tie->client->owner, layout, &message))
			return true;
		if (job->phase == JOB_DID)
			let_go(job, tie);
		job->tie++;
	}
	return false;
}

static void run_will(struct registry_stop_job *job)
{
	/* The first one hears it for itself, when it has anybody to hear it before. */
	struct registry_entry *first = job->dead.all[0].entry;
	struct registry_entry *provider = registry_entry_provider(first);

	for (; job->at <= job->dead.n; job->at++, job->tie = 0) {
		size_t i = job->at - 1;

		if (!job->at) {
			struct wire_phase message = { first->id, provider ? provider->id : 0,
						      job->options, 0 };

			if (!job->tie && job->dead.all[0].n_ties && job->dead.all[0].is_asked &&
			    ask(job, first->owner, &wire_will_terminate_layout, &message))
				return;
			continue;
		}
		if (job->n_told < job->at && registry_entry_is_service(job->dead.all[i].entry)) {
			registry_notify_event(job->registry, job->dead.all[i].entry,
					      REGISTRY_EVENT_WILL_TERMINATE);
			registry_notify_flush(job->registry);
		}
		job->n_told = job->at;
		if (ask_clients(job, i, &wire_will_terminate_layout))
			return;
	}
	job->phase = JOB_DID;
	job->at = job->tie = job->n_told = 0;
}

/* "Is terminated" to the drivers on victim I, then to the programs that are interested. */
static void tell_of_end(struct registry_stop_job *job, const struct registry_victim *v)
{
	for (size_t t = 0; t < v->n_ties; t++) {
		struct registry_entry *client = job->dead.ties[v->first_tie + t].client;
		struct wire_message message = {
			.id = client->id,
			.provider = v->entry->id,
			.message_type = kIOMessageServiceIsTerminated,
			.argument = job->options,
		};

		if (runs_drivers(job, client->owner))
			wire_peer_send(client->owner->wire, &wire_provider_message_layout, &message,
				       NULL, 0);
	}
	registry_notify_interest(v->entry, REGISTRY_INTEREST_GENERAL, kIOMessageServiceIsTerminated,
				 job->options, NULL, 0);
}

static void run_did(struct registry_stop_job *job)
{
	for (; job->at < job->dead.n; job->at++, job->tie = 0) {
		size_t i = job->dead.n - 1 - job->at;

		if (job->n_told <= job->at && registry_entry_is_service(job->dead.all[i].entry))
			tell_of_end(job, &job->dead.all[i]);
		job->n_told = job->at + 1;
		if (ask_clients(job, i, &wire_did_terminate_layout))
			return;
	}
	job->phase = JOB_STOP;
	job->at = 0;
}

/* Victim I has stopped: it leaves the tree, and what it stood on may be next. */
static void remove_victim(struct registry_stop_job *job, size_t i)
{
	job->dead.all[i].is_gone = true;
	job->n_gone++;
	job->registry->n_removed++;
	if (job->registry->blocked.count)
		map_remove(&job->registry->blocked, job->dead.all[i].entry->id);
	for (size_t t = job->dead.all[i].first_held; t != REGISTRY_NOBODY;
	     t = job->dead.ties[t].next_held) {
		size_t provider = job->dead.ties[t].provider;

		job->dead.all[provider].n_above--;
		/* Its turn has been: in other planes it stands on I, perhaps. */
		job->is_dirty |= provider > i;
	}
	registry_lifecycle_drop(job->dead.all[i].entry);
}

/* Soon: many may have gone by then. */
static void wake_at(struct registry_stop_job *job, uint64_t at_ns)
{
	struct registry *r = job->registry;

	if (list_is_empty(&r->woken))
		loop_timer_start(r->loop, &r->woken_timer, at_ns);
	list_remove(&job->in_woken);
	list_add(&r->woken, &job->in_woken);
}

/* Something still stands on victim ENTRY: the job goes on when that leaves the tree. */
static void await_others(struct registry_stop_job *job, const struct registry_entry *entry)
{
	if (map_set(&job->registry->blocked, entry->id, job))
		wake_at(job, loop_now_ns() + REGISTRY_AGAIN_NS);
}

/* ENTRY leaves the tree: whoever has waited for it looks again. */
static void wake_blocked(struct registry *registry, const struct registry_entry *entry)
{
	struct registry_node *n = registry_node_find(entry, registry->tree.planes.service);
	struct registry_edge *e = n ? registry_edge_first(n, true) : NULL;

	for (; registry->blocked.count && e; e = registry_edge_next(e, true)) {
		struct registry_stop_job *job =
			map_remove(&registry->blocked, e->parent->entry->id);

		if (job)
			wake_at(job, loop_now_ns() + 1);
	}
}

/* True while something stands on ENTRY that another termination has not taken away yet. */
static bool is_in_use(const struct registry_entry *entry)
{
	struct registry_node *n = registry_node_find(entry, entry->tree->planes.service);

	if (!n)
		return false;
	list_for_each(e, &n->children) {
		const struct registry_entry *child =
			container_of(e, struct registry_edge, in_parent)->child->entry;

		if (registry_entry_is_service(child) && registry_entry_is_inactive(child))
			return true;
	}
	return false;
}

static void run_stop(struct registry_stop_job *job)
{
	do {
		if (!job->at)
			job->is_dirty = false;
		for (; job->at < job->dead.n; job->at++) {
			size_t i = job->dead.n - 1 - job->at;
			struct registry_victim *v = &job->dead.all[i];
			struct wire_entry_options message = { v->entry->id, job->options };

			if (v->is_gone || v->n_above || v->n_held)
				continue;
			if (is_in_use(v->entry)) {
				await_others(job, v->entry);
				continue;
			}
			if (v->is_asked && ask(job, v->entry->owner, &wire_stop_layout, &message))
				return;
			remove_victim(job, i);
		}
		job->at = 0;
	} while (job->is_dirty);
}

/* Do what can be done now. May free the job. */
static void run_job(struct registry_stop_job *job)
{
	job->is_running = true;
	if (job->phase == JOB_WILL)
		run_will(job);
	if (job->phase == JOB_DID && !job->is_waiting)
		run_did(job);
	if (job->phase == JOB_STOP && !job->is_waiting)
		run_stop(job);
	job->is_running = false;
	if (job->n_gone == job->dead.n)
		finish_job(job);
}

static void run_woken(void *context)
{
	struct registry *r = context;
	struct list woken;

	list_init(&woken);
	list_splice(&woken, &r->woken);
	while (!list_is_empty(&woken)) {
		struct registry_stop_job *job =
			list_first(&woken, struct registry_stop_job, in_woken);

		list_remove(&job->in_woken);
		job->is_dirty = true;
		if (!job->is_waiting && !job->is_running)
			run_job(job);
	}
}

/* --- from outside ---------------------------------------------------------------------------------- */

void registry_lifecycle_drop(struct registry_entry *entry)
{
	registry_entry_ref(entry);
	if (!registry_entry_is_inactive(entry))
		registry_entry_set_inactive(entry);
	/* What it still passes on to its provider must not stay there. */
	if (entry->busy)
		registry_busy_adjust(entry, -(int)entry->busy);
	registry_access_forget(entry);
	wake_blocked(container_of(entry->tree, struct registry, tree), entry);
	registry_plane_detach_all(entry);
	registry_peer_disown(entry);
	registry_entry_unref(entry);
}

static struct registry_stop_job *job_new(struct registry *registry, uint32_t options,
					 struct registry_peer *by, bool by_is_gone)
{
	struct registry_stop_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->registry = registry;
	job->options = options;
	job->by = by;
	job->by_is_gone = by_is_gone;
	list_init(&job->waiters);
	list_init(&job->in_woken);
	loop_timer_init(&job->timer, handle_stop_timeout, job);
	list_add(&registry->stops, &job->link);
	return job;
}

/* Everything of phase 1 but the collecting. */
static void begin_job(struct registry_stop_job *job)
{
	struct registry *registry = job->registry;
	struct registry_entry *provider = registry_entry_provider(job->dead.all[0].entry);

	for (size_t i = 0; i < job->dead.n; i++) {
		struct registry_entry *e = job->dead.all[i].entry;
		bool asked_itself = e->owner == job->by && (job->by_is_gone || i == 0);

		job->dead.all[i].is_asked =
			e->owner && !asked_itself && registry_entry_is_service(e);
		if (registry_entry_is_service(e))
			registry_busy_adjust(e, 1);
	}
	if ((job->options & REMATCH) && provider)
		job->rematch = registry_entry_ref(provider);
	announce_termination(registry, job);
	tell_hosts(job);
	for (size_t i = 0; i < job->dead.n; i++)
		registry_bind_cancel(registry, job->dead.all[i].entry);
	registry_lifecycle_answer_registrations(registry);
}

/* -ENOMEM: nothing has begun. */
static err_t begin_end(struct registry *registry, struct registry_entry *entry, uint32_t options,
		       struct registry_peer *by, bool by_is_gone)
{
	struct registry_stop_job *job = job_new(registry, options, by, by_is_gone);
	err_t err = job ? registry_victims_collect(&job->dead, entry) : -ENOMEM;

	if (!err) {
		begin_job(job);
		run_job(job);
	} else if (job) {
		free_stop_job(job, kIOReturnNoMemory);
	}
	return err;
}

/* What begin_end had no memory for. Each end may take other entries with it: the walk starts over. */
static void end_owed(void *context)
{
	struct registry *r = context;
	struct registry_entry *e;
	size_t cursor = 0;
	err_t err = 0;

	while (!err && (e = registry_tree_next(&r->tree, &cursor))) {
		if (!e->is_owed)
			continue;
		registry_entry_ref(e);
		err = begin_end(r, e, e->owed_options, e->is_end_known ? e->owner : NULL, false);
		e->is_owed = err != 0;
		registry_entry_unref(e);
		cursor = 0;
	}
	if (err)
		loop_timer_start(r->loop, &r->owed_timer, loop_now_ns() + REGISTRY_AGAIN_NS);
}

void registry_lifecycle_terminate(struct registry *registry, struct registry_entry *entry,
				  uint32_t options, struct registry_peer *by, bool by_is_gone)
{
	if (registry_entry_is_inactive(entry) ||
	    !begin_end(registry, entry, options, by, by_is_gone))
		return;
	registry_entry_set_inactive(entry);
	entry->is_owed = true;
	entry->is_end_known = by && by == entry->owner;
	entry->owed_options = options;
	loop_timer_start(registry->loop, &registry->owed_timer, loop_now_ns() + REGISTRY_AGAIN_NS);
}

static struct registry_stop_job *find_job(struct registry *registry,
					  const struct registry_entry *entry)
{
	list_for_each(l, &registry->stops) {
		struct registry_stop_job *job = container_of(l, struct registry_stop_job, link);

		for (size_t i = 0; i < job->dead.n; i++)
			if (job->dead.all[i].entry == entry)
				return job;
	}
	return NULL;
}

/* The one who waits has gone, or waits no longer. */
static void forget_waiter(struct registry_deferred *deferred)
{
	struct waiter *w = deferred->context;

	list_remove(&w->link);
	registry_deferred_finish(deferred, &wire_empty_layout, kIOReturnTimeout, NULL, NULL, 0);
	free(w);
}

err_t registry_lifecycle_await_end(struct registry_peer *peer, const struct wire_header *request,
				   struct registry_entry *entry, uint32_t options)
{
	struct registry_stop_job *job =
		options & SYNCHRONOUS ? find_job(peer->registry, entry) : NULL;

	if (!job)
		return registry_peer_status(peer, request,
					    entry->is_owed ? kIOReturnNoMemory : kIOReturnSuccess);
	struct waiter *w = calloc(1, sizeof(*w));
	if (w)
		w->deferred = registry_deferred_new(peer, request, REGISTRY_STOP_TIMEOUT_NS,
						    kIOReturnTimeout);
	if (!w || !w->deferred) {
		free(w);
		return registry_peer_status(peer, request, kIOReturnNoResources);
	}
	w->deferred->expired = forget_waiter;
	w->deferred->abandoned = forget_waiter;
	w->deferred->context = w;
	list_add(&job->waiters, &w->link);
	return 0;
}

/* The first tie between the two that has not been let go of. */
static struct registry_tie *find_tie(struct registry_stop_job *job, uint64_t client,
				     uint64_t provider)
{
	for (size_t i = 0; i < job->dead.n; i++) {
		const struct registry_victim *v = &job->dead.all[i];

		for (size_t t = 0; v->entry->id == provider && t < v->n_ties; t++) {
			struct registry_tie *tie = &job->dead.ties[v->first_tie + t];

			if (tie->client->id == client && !tie->has_let_go)
				return tie;
		}
	}
	return NULL;
}

void registry_lifecycle_let_go(struct registry *registry, struct registry_peer *peer,
			       uint64_t client, uint64_t provider)
{
	list_for_each(l, &registry->stops) {
		struct registry_stop_job *job = container_of(l, struct registry_stop_job, link);
		struct registry_tie *tie = find_tie(job, client, provider);

		if (!tie || tie->client->owner != peer)
			continue;
		let_go(job, tie);
		if (!job->is_waiting && !job->is_running)
			run_job(job);
		return;
	}
}

/* Nothing of PEER's holds anything any more. */
static bool forget_ties(struct registry_stop_job *job, const struct registry_peer *peer)
{
	bool any = false;

	for (size_t t = 0; t < job->dead.n_ties && job->phase != JOB_WILL; t++) {
		struct registry_tie *tie = &job->dead.ties[t];
		bool is_theirs = !tie->client->owner || tie->client->owner == peer;

		if (is_theirs && !tie->has_let_go) {
			let_go(job, tie);
			any = true;
		}
	}
	return any;
}

void registry_lifecycle_forget_peer(struct registry *registry, struct registry_peer *peer)
{
	struct list jobs;

	/* Going on may free the job and more. */
	list_init(&jobs);
	list_splice(&jobs, &registry->stops);
	while (!list_is_empty(&jobs)) {
		struct registry_stop_job *job = list_first(&jobs, struct registry_stop_job, link);
		bool has_let_go = forget_ties(job, peer);

		list_remove(&job->link);
		list_add(&registry->stops, &job->link);
		if (job->by == peer) {
			job->by = NULL; /* and owns nothing */
			job->by_is_gone = false;
		}
		if (job->is_running)
			continue;
		if (job->awaited == peer)
			advance(job, true);
		else if (has_let_go && !job->is_waiting)
			run_job(job);
	}
}

void registry_lifecycle_init(struct registry *registry)
{
	list_init(&registry->stops);
	list_init(&registry->woken);
	loop_timer_init(&registry->woken_timer, run_woken, registry);
	loop_timer_init(&registry->owed_timer, end_owed, registry);
}

void registry_lifecycle_fini(struct registry *registry)
{
	loop_timer_stop(&registry->owed_timer);
	loop_timer_stop(&registry->woken_timer);
	list_for_each_safe(l, &registry->stops)
		free_stop_job(container_of(l, struct registry_stop_job, link), kIOReturnAborted);
	map_fini(&registry->asked);
	map_fini(&registry->blocked);
}
