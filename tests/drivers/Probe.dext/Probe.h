/* SPDX-License-Identifier: MIT */
/* A driver that tries what a driver must not be able to do: method 0 makes one attempt. */
#pragma once

#include <stdint.h>

enum { PROBE_COUNT = 40, PROBE_TRY = 0 };

/* What the attempts are aimed at; the structure input of PROBE_TRY, whose scalar input is the number
 * of the probe (1 to PROBE_COUNT) and whose scalar outputs are how many of its attempts succeeded,
 * how many there were, and the errno of the last that failed. */
struct probe_targets {
	int32_t registry, host, client; /* processes */
	char home[256], runtime[256], policy[256], bundle[256], other_bundle[256];
	char named[108], abstract[64]; /* sockets that listen */
};
