/* SPDX-License-Identifier: MIT */
/* Between the files of the Kit driver. */
#pragma once

#include <stdatomic.h>

#include <IOKit/IODataQueueDispatchSource.h>
#include <IOKit/IOUserService.h>

#include "Kit.h"

struct KitDriver {
	IOService service;
	IOService *child;
	atomic_int aborted, started, stopped;
	atomic_int inside, most;
};

struct KitUserClient {
	IOUserClient client;
	struct KitDriver *driver;
	OSAction *kept;
	IOBufferMemoryDescriptor *memory, *readOnly;
	IODataQueueDispatchSource *source;
	atomic_int available, serviced;
};

static inline struct KitUserClient *kit_self(void *target)
{
	return target;
}

extern const IOUserClientMethodDispatch kit_source_methods[KIT_SELECTORS];
void kit_source_free(struct KitUserClient *self);
