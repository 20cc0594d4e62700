/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "Probe.h"

struct probe_result {
	unsigned succeeded, attempts;
	int error;
};

/* False: no such probe. */
bool probe_try(uint64_t number, const struct probe_targets *targets, struct probe_result *result);
