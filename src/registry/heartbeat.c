// SPDX-License-Identifier: MIT
#include "registry/heartbeat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
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

/* Stopped, by a signal or by a debugger: then it is somebody's will that it does not answer. */
static bool is_stopped(pid_t pid)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return false;
	line[n] = '\0';
	const char *after = strrchr(line, ')');
	return after && (after[1] == ' ') && (after[2] == 'T' || after[2] == 't');
}

static void look_at(struct registry_server *s)
{
	enum registry_pulse pulse = is_stopped(s->is_unit ? s->peer->subject.who.pid : s->pid)
					  ? REGISTRY_PULSE_STOPPED
					  : REGISTRY_PULSE_SILENT;

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

static void handle_timer(void *context)
{
	struct registry *r = context;

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
