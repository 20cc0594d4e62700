// SPDX-License-Identifier: MIT
/* One driver from its probe to its end. */
#include "host/host_internal.h"

#include <stdlib.h>

#include "base/scope.h"

struct host_driver *host_driver_ref(struct host_driver *driver)
{
	ref_get(&driver->ref);
	return driver;
}

struct host_driver *host_driver_unref(struct host_driver *driver)
{
	if (driver && ref_put(&driver->ref)) {
		pthread_mutex_destroy(&driver->lock);
		free(driver);
	}
	return NULL;
}

err_t host_driver_new(struct host *host, uint64_t candidate, struct host_driver **ret_driver)
{
	struct host_driver *driver = calloc(1, sizeof(*driver));
	err_t err = driver ? host_queue_new(&host->threads, &driver->queue) : -ENOMEM;

	if (err) {
		free(driver);
		return err;
	}
	pthread_mutex_init(&driver->lock, NULL);
	ref_init(&driver->ref);
	list_init(&driver->held);
	driver->host = host;
	driver->candidate = candidate;
	list_add(&host->drivers, &driver->link);
	*ret_driver = driver;
	return 0;
}

bool host_driver_add_job(struct host_driver *driver, struct host_job *job)
{
	scope_lock(&driver->lock);
	if (driver->queue)
		host_queue_add(driver->queue, job);
	return driver->queue != NULL;
}

void host_driver_enter(struct host_driver *driver)
{
	driver->n_inside++;
}

bool host_driver_hold(struct host_driver *driver, struct host_job *job)
{
	if (driver->n_inside)
		list_add(&driver->held, &job->link);
	return driver->n_inside;
}

void host_driver_leave(struct host_driver *driver)
{
	if (--driver->n_inside)
		return;
	/* In one of them others may enter, and run the rest as they leave. */
	while (!list_is_empty(&driver->held)) {
		struct host_job *job = list_first(&driver->held, struct host_job, link);

		list_remove(&job->link);
		job->fn(job);
	}
}

bool host_driver_is_inside(struct host_driver *driver)
{
	scope_lock(&driver->lock);
	return driver->queue && driver->queue == host_queue_current() && driver->n_inside;
}

/* Loop thread: nothing of the driver runs any more. */
static void forget(void *context)
{
	struct host_driver *driver = context;
	struct host *host = driver->host;

	if (map_find(&host->candidates, driver->candidate) == driver)
		map_remove(&host->candidates, driver->candidate);
	list_remove(&driver->link);
	if (host->ending && list_is_empty(&host->drivers))
		loop_stop(host->loop);
	host_driver_unref(driver);
}

/* The queue thread's last act. */
static void gone(void *context)
{
	struct host_driver *driver = context;

	host_on_loop(driver->host, forget, driver);
}

void host_driver_end(struct host_driver *driver, IOOptionBits options, uint64_t known_by)
{
	struct host_queue *queue;
	IOWorkLoop *work_loop;

	if (driver->ended)
		return;
	driver->ended = true;
	if (driver->service && driver->started)
		host_terminate_now(driver->service, options, known_by);
	else if (driver->service) /* probed only: it holds its provider, who knows it */
		host_service_detach(driver->service);
	pthread_mutex_lock(&driver->lock);
	queue = take_ptr(driver->queue); /* no new work loop, no new jobs */
	work_loop = take_ptr(driver->work_loop);
	pthread_mutex_unlock(&driver->lock);
	host_work_loop_free(work_loop);
	IOServiceRelease(take_ptr(driver->service));
	IOServiceRelease(take_ptr(driver->provider));
	host_queue_finish(queue, gone, driver);
}

static void run_end(struct host_job *job)
{
	struct host_driver *driver = container_of(job, struct host_driver, end);

	if (host_driver_hold(driver, job))
		return;
	host_driver_end(driver, driver->end_options, driver->end_known_by);
	host_driver_unref(driver);
}

void host_driver_end_later(struct host_driver *driver, IOOptionBits options, uint64_t known_by)
{
	scope_lock(&driver->lock);
	if (driver->is_ending || !driver->queue)
		return;
	driver->is_ending = true;
	list_init(&driver->end.link);
	driver->end.fn = run_end;
	driver->end_options = options;
	driver->end_known_by = known_by;
	host_driver_ref(driver);
	host_queue_add(driver->queue, &driver->end);
}

void host_driver_end_all(struct host *host)
{
	uint64_t all_over = provider_epoch(host->provider);

	if (list_is_empty(&host->drivers))
		loop_stop(host->loop);
	list_for_each(node, &host->drivers)
		host_driver_end_later(container_of(node, struct host_driver, link), 0, all_over);
}
