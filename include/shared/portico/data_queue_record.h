/* SPDX-License-Identifier: MIT */
/* One entry for the calls that put or take many of them at a time (portico/data_queue.h for programs,
 * portico/shared_data_queue.h for drivers). */
#ifndef PORTICO_DATA_QUEUE_RECORD_H
#define PORTICO_DATA_QUEUE_RECORD_H

#include <stdint.h>

struct portico_data_queue_record {
	void *data;    /* not changed when it is put */
	uint32_t size; /* in bytes */
};

/* What is taken begins at multiples of this many bytes of the buffer. */
#define PORTICO_DATA_QUEUE_RECORD_ALIGNMENT 8

#endif
