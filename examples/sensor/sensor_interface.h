/* SPDX-License-Identifier: MIT */
/* What the driver and its programs agree on. */
#pragma once

#include <stdint.h>

enum { SENSOR_WATCH };	 /* asynchronous: one completion with the number and value of each sample */
enum { SENSOR_SAMPLES }; /* memory type: a circular queue of struct sensor_sample */

struct sensor_sample {
	uint64_t number, time; /* from 0; CLOCK_MONOTONIC in ns */
	double value;
};
