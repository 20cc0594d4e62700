// SPDX-License-Identifier: MIT
#include "registry/deadline.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"
#include "registry/spawn.h"

enum { LOOKS = 10 };
#define MILLISECOND_NS (1000ull * 1000)

bool registry_server_is_stopped(const struct registry_server *server)
{
	char path[64], line[512];
	pid_t pid = server->pid;

	if (!pid && server->is_unit && server->peer)
		pid = server->peer->subject.who.pid;
	if (!pid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return false;
	line[n] = '\0';
	const char *after = strrchr(line, ')');
	return after && after[1] == ' ' && (after[2] == 'T' || after[2] == 't');
}

static void look_later(struct registry_deadline *d)
{
	loop_timer_start(d->registry->loop, &d->timer, loop_now_ns() + d->look_ns);
}

static void handle_look(void *context)
{
	struct registry_deadline *d = context;

	if (d->server && registry_server_is_stopped(d->server))
		d->n_looks = LOOKS;
	else
		d->n_looks--;
	if (d->n_looks)
		look_later(d);
	else
		d->fn(d->context);
}

void registry_deadline_init(struct registry_deadline *deadline, loop_fn fn, void *context)
{
	*deadline = (struct registry_deadline){ .fn = fn, .context = context };
	loop_timer_init(&deadline->timer, handle_look, deadline);
}

void registry_deadline_start(struct registry_deadline *deadline, struct registry *registry,
			     const struct registry_server *server, enum limits_resource time)
{
	deadline->registry = registry;
	deadline->server = server;
	deadline->look_ns =
		registry->accounts.limits.of[time][LIMITS_CONNECTION] * MILLISECOND_NS / LOOKS;
	deadline->n_looks = LOOKS;
	look_later(deadline);
}

void registry_deadline_stop(struct registry_deadline *deadline)
{
	loop_timer_stop(&deadline->timer);
}
