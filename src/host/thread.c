// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/scope.h"

struct thread {
	struct list link;
	pthread_t id;
	struct host_threads *threads;
	void (*fn)(void *);
	void *context;
};

void host_threads_init(struct host_threads *threads)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&threads->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&threads->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	list_init(&threads->finished);
	threads->running = 0;
}

/* What it holds and whom it should answer nobody else knows: to go on without it would be to hang. */
static void end_with_thread(void *context)
{
	log_error("a driver has ended a thread of its host's; the host ends");
	abort();
}

static void *run(void *context)
{
	struct thread *thread = context;
	struct host_threads *threads = thread->threads;

	pthread_cleanup_push(end_with_thread, NULL);
	thread->fn(thread->context);
	pthread_cleanup_pop(false);
	scope_lock(&threads->lock);
	list_add(&threads->finished, &thread->link);
	threads->running--;
	pthread_cond_broadcast(&threads->changed);
	return NULL;
}

/* Join what has finished, outside the lock. */
static void reap(struct host_threads *threads)
{
	struct list finished;

	list_init(&finished);
	pthread_mutex_lock(&threads->lock);
	list_splice(&finished, &threads->finished);
	pthread_mutex_unlock(&threads->lock);
	list_for_each_safe(node, &finished) {
		struct thread *thread = container_of(node, struct thread, link);

		pthread_join(thread->id, NULL);
		free(thread);
	}
}

err_t host_threads_start(struct host_threads *threads, void (*fn)(void *), void *context)
{
	struct thread *thread = calloc(1, sizeof(*thread));
	int error;

	if (!thread)
		return -ENOMEM;
	reap(threads);
	list_init(&thread->link);
	thread->threads = threads;
	thread->fn = fn;
	thread->context = context;
	/* The lock keeps the new thread from finishing before its id is stored. */
	scope_lock(&threads->lock);
	error = pthread_create(&thread->id, NULL, run, thread);
	if (error) {
		free(thread);
		return -error;
	}
	threads->running++;
	return 0;
}

bool host_threads_join(struct host_threads *threads, uint64_t deadline_ns)
{
	struct timespec until = { .tv_sec = (time_t)(deadline_ns / 1000000000),
				  .tv_nsec = (long)(deadline_ns % 1000000000) };
	bool all;

	pthread_mutex_lock(&threads->lock);
	while (threads->running) {
		if (!deadline_ns)
			pthread_cond_wait(&threads->changed, &threads->lock);
		else if (pthread_cond_timedwait(&threads->changed, &threads->lock, &until))
			break;
	}
	all = threads->running == 0;
	pthread_mutex_unlock(&threads->lock);
	reap(threads);
	return all;
}

void host_threads_fini(struct host_threads *threads)
{
	pthread_cond_destroy(&threads->changed);
	pthread_mutex_destroy(&threads->lock);
}
