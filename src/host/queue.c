// SPDX-License-Identifier: MIT
/*
 * The queue of a driver. Who asks for much waits longer, the others do not: jobs
 * are run in rounds, in each of which a program has some HOST_QUEUE_ROUND of
 * them, and in a round as they came. The host's own jobs are walls between
 * what came before and what came after.
 */
#include "host/host_internal.h"

#include <stdlib.h>

struct host_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list
		lines; /* the first job of each program that waits; its others are in a ring with it */
	struct list later; /* from the host's first own job on, in order of arrival */
	uint64_t round;	   /* that is under way */
	uint64_t n_lined_up;
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

/* --- whose turn it is ----------------------------------------------------------- */

/* The first job of the program, or NULL. */
static struct host_job *find_line(const struct host_queue *queue, uint32_t who)
{
	list_for_each(node, &queue->lines) {
		struct host_job *first = container_of(node, struct host_job, line);

		if (first->who == who)
			return first;
	}
	return NULL;
}

/* With what is there: a job must come in whatever memory there is. */
static void line_up(struct host_queue *queue, struct host_job *job)
{
	struct host_job *first = find_line(queue, job->who);

	list_init(&job->link);
	job->order = queue->n_lined_up++;
	job->place = 0;
	job->round = queue->round;
	if (!first) {
		list_add(&queue->lines, &job->line);
		return;
	}
	struct host_job *last = list_last(&first->link, struct host_job, link);

	job->place = last->place + 1;
	job->round += (job->place - first->place) / HOST_QUEUE_ROUND;
	if (job->round < last->round)
		job->round = last->round;
	list_add(&first->link, &job->link);
}

static bool is_before(const struct host_job *a, const struct host_job *b)
{
	return a->round < b->round || (a->round == b->round && a->order < b->order);
}

/* The next of any program, or NULL. */
static struct host_job *take_from_lines(struct host_queue *queue)
{
	struct host_job *job = NULL;

	list_for_each(node, &queue->lines) {
		struct host_job *first = container_of(node, struct host_job, line);

		if (!job || is_before(first, job))
			job = first;
	}
	if (!job)
		return NULL;
	queue->round = job->round;
	if (!list_is_empty(&job->link))
		list_add_before(&job->line, &list_first(&job->link, struct host_job, link)->line);
	list_remove(&job->line);
	list_remove(&job->link);
	return job;
}

static struct host_job *take(struct host_queue *queue)
{
	struct host_job *job = take_from_lines(queue);

	if (job || list_is_empty(&queue->later))
		return job;
	/* All that came before it has run. Behind it, programs take turns as far as its next one. */
	job = list_first(&queue->later, struct host_job, link);
	list_remove(&job->link);
	while (!list_is_empty(&queue->later)) {
		struct host_job *next = list_first(&queue->later, struct host_job, link);

		if (!next->who)
			break;
		list_remove(&next->link);
		line_up(queue, next);
	}
	return job;
}

/* --- the thread ------------------------------------------------------------------ */

void host_queue_run_until(struct host_queue *queue, const atomic_bool *done)
{
	struct host_job *job;

	pthread_mutex_lock(&queue->lock);
	while (!atomic_load(done)) {
		if ((job = take(queue))) {
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
	static const atomic_bool never;
	struct host_queue *queue = context;

	current = queue;
	host_queue_run_until(queue, &never);
	void (*last)(void *) = queue->last;
	void *last_context = queue->last_context;
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
	list_init(&queue->lines);
	list_init(&queue->later);
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
	if (job->who && list_is_empty(&queue->later))
		line_up(queue, job);
	else
		list_add(&queue->later, &job->link);
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
