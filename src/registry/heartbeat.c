// SPDX-License-Identifier: MIT
#include "registry/heartbeat.h"

#include "base/log.h"
#include "registry/deadline.h"
#include "registry/door.h"
#include "registry/spawn.h"
#include "wire/publish.h"

static void handle_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct registry_server *s = context;

	if (!err && s->pulse != REGISTRY_PULSE_GOOD)
		log_warning("host of %s answers again", s->name);
	s->n_beats = 0;
	s->pulse = REGISTRY_PULSE_GOOD;
}

static void look_at(struct registry_server *s)
{
	enum registry_pulse pulse =
		registry_server_is_stopped(s) ? REGISTRY_PULSE_STOPPED : REGISTRY_PULSE_SILENT;

	if (pulse != s->pulse)
		log_warning("host of %s %s", s->name,
			    pulse == REGISTRY_PULSE_STOPPED ? "is stopped" : "does not answer");
	s->pulse = pulse;
	/* When it goes on it has all its time again. */
	if (pulse == REGISTRY_PULSE_STOPPED)
		s->n_beats = 1;
	/* A thread of this very process cannot be ended; a unit loses its connection, and ends by that. */
	if (pulse == REGISTRY_PULSE_SILENT && s->n_beats > REGISTRY_STUCK_BEATS &&
	    (s->pidfd >= 0 || s->is_unit)) {
		log_error("host of %s is stuck; it is ended", s->name);
		registry_server_end_hung(s);
	}
}

static void beat(struct registry_server *s)
{
	if (s->state != REGISTRY_SERVER_UP || !s->peer || s->is_retiring)
		return;
	if (s->n_beats == 0) {
		if (!wire_peer_call(s->peer->wire, &wire_heartbeat_layout, NULL, NULL, 0,
				    handle_answer, s))
			s->n_beats = 1;
		return;
	}
	if (s->n_beats <= REGISTRY_STUCK_BEATS)
		s->n_beats++;
	if (s->n_beats > REGISTRY_SILENT_BEATS)
		look_at(s);
}

/* A session that nobody can come to would last for ever, beside the next one at its place. */
static bool has_lost_its_place(struct registry *r)
{
	if (!r->stop || registry_door_is_ours(r))
		return false;
	log_error("%s has been removed: the session ends", r->socket_path);
	r->stop(r->stop_context);
	return true;
}

static void handle_timer(void *context)
{
	struct registry *r = context;

	if (has_lost_its_place(r))
		return;
	list_for_each(l, &r->servers)
		beat(container_of(l, struct registry_server, link));
	loop_timer_start(r->loop, &r->heartbeat, loop_now_ns() + r->heartbeat_ms * 1000000ull);
}

void registry_heartbeat_init(struct registry *registry, unsigned ms)
{
	registry->heartbeat_ms = ms ? ms : REGISTRY_HEARTBEAT_MS;
	loop_timer_init(&registry->heartbeat, handle_timer, registry);
}

void registry_heartbeat_begin(struct registry *registry)
{
	if (registry->heartbeat_ms != REGISTRY_NO_HEARTBEAT)
		handle_timer(registry);
}

void registry_heartbeat_fini(struct registry *registry)
{
	loop_timer_stop(&registry->heartbeat);
}
