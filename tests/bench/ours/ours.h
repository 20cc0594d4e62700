// SPDX-License-Identifier: MIT
/*
 * What Portico does in the benchmark, through its public API: the roles of the
 * program bench-ours (main.c). Each ends with bench_serve.
 */
#pragma once

#include <stdint.h>

int ours_call(uint64_t bytes);		  /* a call of BenchEcho; 0: with scalars */
int ours_call_cold(uint64_t parameter);	  /* one each millisecond */
int ours_call_crowd(uint64_t threads);	  /* from so many at once */
int ours_idle_memory(uint64_t parameter); /* KiB of a connection that nobody uses */
int ours_idle_cpu(uint64_t parameter);	  /* its us of processor time in a second */
int ours_queue(uint64_t bytes);		  /* records of a driver's data queue; 0: of mixed sizes */
int ours_queue_many(uint64_t bytes);	  /* 32 in a call */
int ours_queue_notified(uint64_t bytes);  /* asleep when there are none */
int ours_queue_cold(uint64_t bytes);	  /* one each millisecond */
int ours_completion_queue(uint64_t unused); /* of an asynchronous call, on a dispatch queue */
int ours_completion_queue_cold(uint64_t unused);
int ours_completion_message(uint64_t unused); /* received with mach_msg */
int ours_completion_message_cold(uint64_t unused);
int ours_find(uint64_t services);	      /* one among so many, by class and property */
int ours_walk(uint64_t services);	      /* over all, with name and class */
int ours_fan(uint64_t watchers);	      /* one event for so many programs */
int ours_registry_memory(uint64_t parameter); /* resident KiB of the session's registry */
int ours_crowd(uint64_t services); /* a registry with so many of them: enum ours_crowd_value */
int ours_watch(uint64_t watchers); /* notifications; the time when all have been delivered */
int ours_start_private(uint64_t parameter);  /* a program's first call, in a private session */
int ours_start_user(uint64_t parameter);     /* in a session that is there */
int ours_start_embedded(uint64_t parameter); /* in an embedded session */
int ours_start_lookup(uint64_t parameter);   /* a program's first look-up, there */
int ours_start_true(uint64_t parameter);     /* portico run -- true */

/* What ours_crowd answers with. */
enum ours_crowd_value {
	CROWD_PUBLISH,	 /* ns for each */
	CROWD_BYTES,	 /* of the registry for each, beyond its encoded properties */
	CROWD_FIND,	 /* ns for one by class */
	CROWD_ITERATE,	 /* ns for each, with its name */
	CROWD_STALL,	 /* ns that another program waits at most while the registry lists all */
	CROWD_NOTIFY,	 /* ns until 1,000 watchers of one process have been told */
	CROWD_SPREAD,	 /* the same in ten processes */
	CROWD_TERMINATE, /* ns for each */
	CROWD_VALUES
};

/* Resident KiB of the session's registry; 0 after bench_complain. */
uint64_t ours_registry_kib(void);
