// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <stdlib.h>

struct host_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list jobs;
	bool finished;
	void (*last)(void *);
	void *last_context;
};

static _Thread_local struct host_queue *current;

bool host_queue_is_current(void)
{
	return current != NULL;
}

struct host_queue *host_queue_current(void)
{
	return current;
}

void host_queue_poke(struct host_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void host_queue_run_until(struct host_queue *queue, const atomic_bool *done)
{
	pthread_mutex_lock(&queue->lock);
	while (!atomic_load(done)) {
		if (!list_is_empty(&queue->jobs)) {
			struct host_job *job = list_first(&queue->jobs, struct host_job, link);

			list_remove(&job->link);
			pthread_mutex_unlock(&queue->lock);
			job->fn(job);
			pthread_mutex_lock(&queue->lock);
		} else if (queue->finished) {
			break; /* what is waited for has ended this very queue */
		} else {
			pthread_cond_wait(&queue->changed, &queue->lock);
		}
	}
	pthread_mutex_unlock(&queue->lock);
}

static void work(void *context)
{
	struct host_queue *queue = context;
	void (*last)(void *);
	void *last_context;

	current = queue;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		if (!list_is_empty(&queue->jobs)) {
			struct host_job *job = list_first(&queue->jobs, struct host_job, link);

			list_remove(&job->link);
			pthread_mutex_unlock(&queue->lock);
			job->fn(job);
			pthread_mutex_lock(&queue->lock);
		} else if (queue->finished) {
			break;
		} else {
			pthread_cond_wait(&queue->changed, &queue->lock);
		}
	}
	last = queue->last;
	last_context = queue->last_context;
	pthread_mutex_unlock(&queue->lock);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
	current = NULL;
	last(last_context);
}

err_t host_queue_new(struct host_threads *threads, struct host_queue **ret_queue)
{
	struct host_queue *queue = calloc(1, sizeof(*queue));
	err_t err;

	if (!queue)
		return -ENOMEM;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	list_init(&queue->jobs);
	err = host_threads_start(threads, work, queue);
	if (err) {
		pthread_cond_destroy(&queue->changed);
		pthread_mutex_destroy(&queue->lock);
		free(queue);
		return err;
	}
	*ret_queue = queue;
	return 0;
}

void host_queue_add(struct host_queue *queue, struct host_job *job)
{
	pthread_mutex_lock(&queue->lock);
	list_add(&queue->jobs, &job->link);
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void host_queue_finish(struct host_queue *queue, void (*fn)(void *), void *context)
{
	pthread_mutex_lock(&queue->lock);
	queue->finished = true;
	queue->last = fn;
	queue->last_context = context;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}
