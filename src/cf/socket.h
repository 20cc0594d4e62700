// SPDX-License-Identifier: MIT
/* The socket object, shared by socket.c and socket_address.c. */
#pragma once

#include <CoreFoundation/CFSocket.h>
#include <pthread.h>

#include "cf/run_loop_internal.h"

struct __CFSocket {
	struct cf_object base;
	struct list link; /* in all sockets; guarded by their lock */
	pthread_mutex_t lock;
	/* guarded by lock */
	int fd; /* -1: invalid */
	CFOptionFlags types, enabled, flags;
	bool connecting;
	CFRunLoopSourceRef source; /* retained until invalidation */
	CFSocketCallBack callout;
	CFSocketContext context;
	struct run_info info;
};

/* Wake the loops that wait with S. */
void socket_changed(CFSocketRef s);
