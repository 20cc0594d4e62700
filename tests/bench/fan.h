// SPDX-License-Identifier: MIT
/*
 * One event for many watchers, each a process of its own: how long it takes
 * until the last has been told, divided by their number.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { FAN_MAX = 1024 };

struct fan {
	/* Before the fork; may be NULL. */
	bool (*open)(unsigned watchers);
	/* In watcher INDEX: begin to watch, say fan_ready, then fan_told for every event. Returns on failure. */
	void (*watch)(unsigned index);
	/* In the first process, when all watch; may be NULL. */
	bool (*begin)(void);
	/* Let it happen. */
	bool (*raise)(unsigned watchers);
	/* Afterwards, not measured; may be NULL. */
	bool (*lower)(void);
};

void fan_ready(void);
void fan_told(void);

/* Ends with bench_serve_values; the exit status. */
int fan_play(const struct fan *fan, uint64_t watchers);
enum { FAN_NS, FAN_NS_EACH, FAN_VALUES };
