// SPDX-License-Identifier: MIT
#include "registry/lifecycle.h"

#include <stdlib.h>

#include <IOKit/IOMessage.h>

#include "base/log.h"
#include "registry/bind.h"
#include "registry/notify.h"
#include "wire/publish.h"

/* Phase 2 of one termination: the victims from the leaves up. */
struct registry_stop_job {
	struct list link; /* of the registry */
	struct registry *registry;
	struct registry_entry **victims; /* with references */
	bool *needs_stop;		 /* its host is to be asked */
	size_t count, capacity, next;
	uint32_t options;
	bool is_waiting, is_running;
	struct registry_peer *awaited; /* who is asked just now */
	struct loop_timer timer;
	uint64_t round; /* of the session: tells a late answer from the one awaited */
};

/* What an answer to WIRE_STOP finds its job by: the job may have gone on without it. */
struct stop_call {
	struct registry *registry;
	struct registry_stop_job *job;
	uint64_t round;
};

/* --- registration ---------------------------------------------------------------------- */

void registry_lifecycle_register(struct registry *registry, struct registry_entry *entry)
{
	if (entry->is_starting) {
		entry->wants_register = true;
		return;
	}
	if (!registry_entry_is_service(entry) || registry_entry_is_inactive(entry) ||
	    !registry_plane_is_rooted(entry, registry->tree.planes.service)) {
		log_info("%s (0x%llx) is not attached to the root: its registration is ignored",
			 registry_entry_name(entry, NULL), (unsigned long long)entry->id);
		return;
	}
	registry_bind_request(registry, entry, true);
}

void registry_lifecycle_matched(struct registry *registry, struct registry_entry *entry)
{
	bool first = !(entry->state & WIRE_STATE_FIRST_MATCH);

	entry->state |= WIRE_STATE_MATCHED | WIRE_STATE_FIRST_MATCH;
	registry_notify_event(registry, entry, REGISTRY_EVENT_MATCHED);
	if (first)
		registry_notify_event(registry, entry, REGISTRY_EVENT_FIRST_MATCH);
	registry_notify_flush(registry);
}

/* --- termination, phase 1 ---------------------------------------------------------------- */

static bool is_victim(const struct registry_entry *e)
{
	return registry_entry_is_inactive(e);
}

/* True when CHILD depends on nothing that stays: services look at their providers, others at all
 * their parents. */
static bool loses_all_parents(const struct registry_entry *child)
{
	struct registry_plane *service = child->tree->planes.service;
	bool in_service = registry_plane_first_parent(child, service) != NULL;

	list_for_each(l, &child->nodes) {
		struct registry_node *n = container_of(l, struct registry_node, link);

		if (in_service && n->plane != service)
			continue;
		list_for_each(e, &n->parents)
			if (!is_victim(
				    container_of(e, struct registry_edge, in_child)->parent->entry))
				return false;
	}
	return true;
}

static bool append_victim(struct registry_stop_job *job, struct registry_entry *entry)
{
	if (job->count == job->capacity) {
		size_t n = job->capacity ? 2 * job->capacity : 8;
		struct registry_entry **victims = realloc(job->victims, n * sizeof(*victims));

		if (!victims)
			return false;
		job->victims = victims;
		bool *needs = realloc(job->needs_stop, n * sizeof(*needs));
		if (!needs)
			return false;
		job->needs_stop = needs;
		job->capacity = n;
	}
	job->needs_stop[job->count] = false;
	job->victims[job->count++] = registry_entry_ref(entry);
	return true;
}

static void mark_inactive(struct registry_entry *entry)
{
	entry->state &= WIRE_STATE_SERVICE | WIRE_STATE_USER_CLIENT;
	entry->state |= WIRE_STATE_INACTIVE;
	registry_entry_unlist(entry);
	registry_tree_changed(entry->tree);
}

/* ENTRY and all that depend on it, providers before their clients. */
static void collect_victims(struct registry_stop_job *job, struct registry_entry *entry)
{
	mark_inactive(entry);
	if (!append_victim(job, entry))
		return;
	for (size_t i = 0; i < job->count; i++)
		list_for_each(l, &job->victims[i]->nodes) {
			struct registry_node *n = container_of(l, struct registry_node, link);

			list_for_each(e, &n->children) {
				struct registry_entry *child =
					container_of(e, struct registry_edge, in_parent)
						->child->entry;

				if (is_victim(child) || !loses_all_parents(child))
					continue;
				mark_inactive(child);
				if (!append_victim(job, child))
					return;
			}
		}
}

static void announce_termination(struct registry *registry, struct registry_stop_job *job)
{
	size_t n_dead = 0;
	struct registry_entry **dead = calloc(job->count, sizeof(*dead));

	for (size_t i = 0; i < job->count; i++) {
		struct registry_entry *e = job->victims[i];

		if (!registry_entry_is_service(e))
			continue;
		registry_notify_event(registry, e, REGISTRY_EVENT_TERMINATED);
		if (dead && !e->is_claimed)
			dead[n_dead++] = e;
	}
	/* Names turn dead before the notices arrive. */
	if (dead)
		registry_notify_dead(registry, dead, n_dead);
	free(dead);
	registry_notify_flush(registry);
}

/* --- termination, phase 2 ---------------------------------------------------------------- */

static void free_stop_job(struct registry_stop_job *job)
{
	list_remove(&job->link);
	loop_timer_stop(&job->timer);
	while (job->count)
		registry_entry_unref(job->victims[--job->count]);
	free(job->victims);
	free(job->needs_stop);
	free(job);
}

static void run_stops(struct registry_stop_job *job);

static bool job_is_alive(const struct registry *registry, const struct registry_stop_job *job)
{
	list_for_each(l, &registry->stops)
		if (container_of(l, struct registry_stop_job, link) == job)
			return true;
	return false;
}

/* The victim being stopped is done, one way or another. */
static void advance(struct registry_stop_job *job)
{
	job->is_waiting = false;
	job->awaited = NULL;
	job->round = 0;
	loop_timer_stop(&job->timer);
	if (!job->is_running)
		run_stops(job);
}

static void handle_stopped(void *context, err_t err, struct wire_frame *frame)
{
	struct stop_call *call = context;

	if (!call->registry->is_ending && job_is_alive(call->registry, call->job) &&
	    call->job->round == call->round)
		advance(call->job);
	free(call);
}

static void handle_stop_timeout(void *context)
{
	struct registry_stop_job *job = context;
	struct registry_entry *e = job->victims[job->count - 1 - job->next];

	log_warning("%s (0x%llx) does not stop; it is detached all the same",
		    registry_entry_name(e, NULL), (unsigned long long)e->id);
	advance(job);
}

/* True when the host of ENTRY has been asked and its answer is awaited. */
static bool ask_to_stop(struct registry_stop_job *job, struct registry_entry *entry)
{
	struct wire_entry_options message = { entry->id, job->options };
	struct stop_call *call = malloc(sizeof(*call));

	if (!call)
		return false;
	job->round = ++job->registry->last_stop;
	*call = (struct stop_call){ job->registry, job, job->round };
	if (wire_peer_call(entry->owner->wire, &wire_stop_layout, &message, NULL, 0, handle_stopped,
			   call)) {
		free(call);
		return false;
	}
	job->is_waiting = true;
	job->awaited = entry->owner;
	loop_timer_start(job->registry->loop, &job->timer,
			 loop_now_ns() + REGISTRY_STOP_TIMEOUT_NS);
	return true;
}

void registry_lifecycle_drop(struct registry_entry *entry)
{
	registry_entry_ref(entry);
	if (!registry_entry_is_inactive(entry))
		mark_inactive(entry);
	/* What it still passes on to its provider must not stay there. */
	if (entry->busy)
		registry_busy_adjust(entry, -(int)entry->busy);
	registry_plane_detach_all(entry);
	registry_peer_disown(entry);
	registry_entry_unref(entry);
}

static void run_stops(struct registry_stop_job *job)
{
	job->is_running = true;
	while (job->next < job->count && !job->is_waiting) {
		size_t i = job->count - 1 - job->next;
		struct registry_entry *e = job->victims[i];

		if (job->needs_stop[i]) {
			job->needs_stop[i] = false;
			if (registry_entry_is_service(e))
				registry_notify_interest(e, REGISTRY_INTEREST_GENERAL,
							 kIOMessageServiceIsTerminated,
							 job->options, NULL, 0);
			if (e->owner && ask_to_stop(job, e))
				break;
		}
		registry_lifecycle_drop(e);
		job->next++;
	}
	job->is_running = false;
	if (job->next == job->count)
		free_stop_job(job);
}

/* The general-interest clients of what is not stopped by a message hear of the end as well. */
static void decide_stops(struct registry_stop_job *job, struct registry_entry *first,
			 const struct registry_peer *by, bool by_is_gone)
{
	for (size_t i = 0; i < job->count; i++) {
		struct registry_entry *e = job->victims[i];
		bool asked_itself = e->owner == by && (by_is_gone || e == first);

		job->needs_stop[i] = e->owner && !asked_itself && registry_entry_is_service(e);
		if (!job->needs_stop[i] && registry_entry_is_service(e))
			registry_notify_interest(e, REGISTRY_INTEREST_GENERAL,
						 kIOMessageServiceIsTerminated, job->options, NULL,
						 0);
	}
}

void registry_lifecycle_terminate(struct registry *registry, struct registry_entry *entry,
				  uint32_t options, struct registry_peer *by, bool by_is_gone)
{
	if (registry_entry_is_inactive(entry))
		return;
	struct registry_stop_job *job = calloc(1, sizeof(*job));
	if (!job) {
		/* Without memory for the job it goes without its last rites. */
		registry_lifecycle_drop(entry);
		return;
	}
	job->registry = registry;
	job->options = options;
	loop_timer_init(&job->timer, handle_stop_timeout, job);
	list_add(&registry->stops, &job->link);
	collect_victims(job, entry);
	if (!job->count) {
		registry_lifecycle_drop(entry);
		free_stop_job(job);
		return;
	}
	registry_busy_adjust(entry, 1);
	announce_termination(registry, job);
	for (size_t i = 0; i < job->count; i++) {
		registry_bind_cancel(registry, job->victims[i]);
		if (registry_entry_is_service(job->victims[i]))
			registry_notify_event(registry, job->victims[i],
					      REGISTRY_EVENT_WILL_TERMINATE);
	}
	registry_notify_flush(registry);
	decide_stops(job, entry, by, by_is_gone);
	run_stops(job);
}

void registry_lifecycle_forget_peer(struct registry *registry, struct registry_peer *peer)
{
	bool again = true;

	/* advance may free the job and more: start over after each. */
	while (again) {
		again = false;
		list_for_each(l, &registry->stops) {
			struct registry_stop_job *job =
				container_of(l, struct registry_stop_job, link);

			if (job->awaited == peer && !job->is_running) {
				advance(job);
				again = true;
				break;
			}
		}
	}
}

void registry_lifecycle_fini(struct registry *registry)
{
	list_for_each_safe(l, &registry->stops)
		free_stop_job(container_of(l, struct registry_stop_job, link));
}
