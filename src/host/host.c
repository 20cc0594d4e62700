// SPDX-License-Identifier: MIT
#include "host/host.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "host/host_internal.h"
#include "wire/publish.h"

#define STOP_NS (5ull * 1000 * 1000 * 1000) /* for drivers to stop in a process of their own */
enum { FORCE_S = 7 };			    /* for that, and all that is left of it, to end */

struct visit {
	struct loop_task task;
	void (*fn)(void *);
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
};

static void run_visit(void *context)
{
	struct visit *visit = context;

	visit->fn(visit->context);
	pthread_mutex_lock(&visit->lock);
	visit->done = true;
	pthread_cond_signal(&visit->changed);
	pthread_mutex_unlock(&visit->lock);
}

err_t host_on_loop(struct host *host, void (*fn)(void *), void *context)
{
	struct visit visit = { .fn = fn, .context = context };

	if (pthread_equal(pthread_self(), host->loop_thread)) {
		fn(context);
		return 0;
	}
	pthread_mutex_init(&visit.lock, NULL);
	pthread_cond_init(&visit.changed, NULL);
	/* Without memory: a reply has to go out. */
	err_t err = loop_post_task(host->loop, &visit.task, run_visit, &visit);
	pthread_mutex_lock(&visit.lock);
	while (!err && !visit.done)
		pthread_cond_wait(&visit.changed, &visit.lock);
	pthread_mutex_unlock(&visit.lock);
	pthread_cond_destroy(&visit.changed);
	pthread_mutex_destroy(&visit.lock);
	return err;
}

/* --- settling ------------------------------------------------------------------------ */

enum { SETTLE_S = 5 }; /* for a registry that does not answer */

/* Shared by who waits and the loop; the last one frees it. */
struct settling {
	struct host *host;
	uint64_t told; /* what is settled by it */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	struct ref ref;
};

static void put_settling(struct settling *s)
{
	if (!ref_put(&s->ref))
		return;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void is_settled(void *context)
{
	struct settling *s = context;

	if (atomic_load(&s->host->settled) < s->told)
		atomic_store(&s->host->settled, s->told); /* the loop thread alone writes it */
	pthread_mutex_lock(&s->lock);
	s->done = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	put_settling(s);
}

static void begin_settling(void *context)
{
	struct settling *s = context;

	if (provider_settle(s->host->provider, is_settled, s))
		is_settled(s);
}

err_t host_tell(struct host *host, void (*fn)(void *), void *context)
{
	err_t err = host_on_loop(host, fn, context);

	/* What a queue does is asked for by the registry, which hears of the change first. */
	if (!host_queue_is_current())
		atomic_fetch_add(&host->told, 1);
	return err;
}

void host_settle(struct host *host)
{
	uint64_t told = atomic_load(&host->told);
	pthread_condattr_t monotonic;
	struct timespec deadline;
	struct settling *s;

	if (atomic_load(&host->settled) >= told ||
	    pthread_equal(pthread_self(), host->loop_thread) || !(s = calloc(1, sizeof(*s))))
		return;
	s->host = host;
	s->told = told;
	ref_init(&s->ref);
	ref_get(&s->ref); /* the loop's */
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (host_on_loop(host, begin_settling, s))
		put_settling(s);
	else {
		clock_gettime(CLOCK_MONOTONIC, &deadline);
		deadline.tv_sec += SETTLE_S;
		pthread_mutex_lock(&s->lock);
		while (!s->done && !pthread_cond_timedwait(&s->changed, &s->lock, &deadline))
			;
		pthread_mutex_unlock(&s->lock);
	}
	put_settling(s);
}

/* --- questions ------------------------------------------------------------------------------ */

/* Shared by who waits and the loop; the last one frees it. */
struct question {
	struct host *host;
	const struct wire_layout *layout, *reply_layout;
	const void *message; /* valid until it is sent */
	struct ref ref;
	atomic_bool done;
	/* guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct host_queue *queue; /* waits by working; NULL: it does not */
	void *reply;		  /* NULL: nobody wants it (any more) */
	IOReturn status;
};

static void put_question(struct question *q)
{
	if (!ref_put(&q->ref))
		return;
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static void handle_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct question *q = context;

	pthread_mutex_lock(&q->lock);
	q->status = err ? kIOReturnOffline : frame->header.status;
	if (!q->status && q->reply && wire_frame_decode(frame, q->reply_layout, q->reply))
		q->status = kIOReturnIPCError;
	atomic_store(&q->done, true);
	if (q->queue)
		host_queue_poke(q->queue);
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	put_question(q);
}

static void begin_asking(void *context)
{
	struct question *q = context;

	if (q->host->ending ||
	    provider_ask(q->host->provider, q->layout, q->message, handle_answer, q))
		handle_answer(q, -EPIPE, NULL);
}

IOReturn host_ask(struct host *host, const struct wire_layout *layout, const void *message,
		  const struct wire_layout *reply_layout, void *reply, bool nested)
{
	struct question *q = calloc(1, sizeof(*q));
	struct host_queue *queue = nested ? host_queue_current() : NULL;
	IOReturn status;

	if (!q)
		return kIOReturnNoMemory;
	*q = (struct question){ .host = host,
				.layout = layout,
				.reply_layout = reply_layout,
				.message = message,
				.queue = queue,
				.reply = reply,
				.status = kIOReturnOffline };
	ref_init(&q->ref);
	ref_get(&q->ref); /* the loop's */
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	if (host_on_loop(host, begin_asking, q)) {
		put_question(q);
		put_question(q);
		return kIOReturnOffline;
	}
	if (queue)
		host_queue_run_until(queue, &q->done);
	pthread_mutex_lock(&q->lock);
	while (!queue && !atomic_load(&q->done))
		pthread_cond_wait(&q->changed, &q->lock);
	q->queue = NULL;
	q->reply = NULL;
	status = q->status;
	pthread_mutex_unlock(&q->lock);
	put_question(q);
	return status;
}

/* --- answers ---------------------------------------------------------------------------- */

struct reply {
	err_t err;
	struct host *host;
	const struct wire_header *request;
	uint64_t epoch;
	const struct wire_layout *layout;
	int32_t status;
	const void *message;
};

static void send_reply(void *context)
{
	struct reply *reply = context;
	struct provider *provider = reply->host->provider;

	if (provider_epoch(provider) != reply->epoch)
		return;
	reply->err = provider_reply(provider, reply->request, reply->layout, reply->status,
				    reply->message, NULL, 0);
	/* An answer that cannot be sent is still owed. */
	if (reply->err && reply->err != -EPIPE)
		provider_reply(provider, reply->request, &wire_empty_layout,
			       reply->err == -ENOMEM ? kIOReturnNoMemory : kIOReturnInternalError,
			       &(struct wire_empty){ 0 }, NULL, 0);
}

err_t host_reply(struct host *host, const struct wire_header *request, uint64_t epoch,
		 const struct wire_layout *layout, int32_t status, const void *message)
{
	struct wire_empty empty = { 0 };
	struct reply reply = { 0, host, request, epoch, layout, status, message };

	if (status || !message) {
		reply.layout = &wire_empty_layout;
		reply.message = &empty;
	}
	if (request->id)
		host_on_loop(host, send_reply, &reply);
	return reply.err;
}

static void give_up(void *context)
{
	struct host *host = context;

	log_warning("a driver does not stop");
	if (host->in_process)
		return; /* its threads are the program's own: nothing but waiting is safe */
	host->result = -ETIMEDOUT;
	loop_stop(host->loop);
}

/* What a driver has left to be run at the end of the process may hang, too, and there may be nobody any more who would
 * end it. */
static void end_by_force_later(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	const struct itimerspec at = { .it_value = { .tv_sec = FORCE_S } };
	timer_t timer;

	if (!timer_create(CLOCK_MONOTONIC, &event, &timer))
		timer_settime(timer, 0, &at, NULL);
}

static void ended(void *context, err_t err)
{
	struct host *host = context;

	if (!host->in_process)
		end_by_force_later();
	host->ending = true;
	host->result = err;
	loop_timer_start(host->loop, &host->give_up, loop_now_ns() + STOP_NS);
	host_driver_end_all(host);
}

/* Before anybody can open anything. */
static void connected(void *context, bool again)
{
	struct host *host = context;

	provider_send(host->provider, &wire_accounts_layout, NULL);
	/* When the services are there again. */
	if (again)
		provider_settle(host->provider, host_access_remind, host);
}

static const struct provider_ops provider_ops = { .request = host_request,
						  .connected = connected,
						  .ended = ended };

static void fini(struct host *host)
{
	provider_free(host->provider);
	/* A driver that lost a reference, or has a thread of its own with one, keeps its code and what that may
	 * use, rather than crash later. */
	if (host_loader_is_needed(host))
		return;
	host_loader_close_all(host);
	map_fini(&host->candidates);
	map_fini(&host->services);
	loop_free(host->loop);
	host_watcher_fini(&host->watcher);
	host_threads_fini(&host->threads);
	host_accounts_fini(&host->accounts);
	pthread_mutex_destroy(&host->connections_lock);
	pthread_mutex_destroy(&host->values_lock);
	pthread_mutex_destroy(&host->lock);
	free(host);
}

err_t host_run(const struct host_config *config)
{
	struct host *host = calloc(1, sizeof(*host));
	struct provider_config link = {
		.name = config->server_name,
		.token = config->token,
		.socket = config->registry_socket,
		.listener = config->listener,
		.confined = config->confined,
		.ops = &provider_ops,
		.context = host,
	};
	err_t err;

	if (!host) {
		fd_close(config->registry_socket);
		return -ENOMEM;
	}
	/* In a program of its own this library speaks up; inside a client it stays silent. */
	if (!config->in_process)
		log_init("portico-host", LOG_LEVEL_WARNING);
	pthread_mutex_init(&host->lock, NULL);
	pthread_mutex_init(&host->connections_lock, NULL);
	pthread_mutex_init(&host->values_lock, NULL);
	host_threads_init(&host->threads);
	host_watcher_init(&host->watcher);
	host_accounts_init(&host->accounts, config->n_threads);
	list_init(&host->drivers);
	list_init(&host->bundles);
	list_init(&host->places);
	list_init(&host->connections);
	host->in_process = config->in_process;
	host->loop_thread = pthread_self();
	err = loop_new(&host->loop);
	if (err) {
		fd_close(config->registry_socket);
		fini(host);
		return err;
	}
	link.loop = host->loop;
	err = provider_new(&link, &host->provider);
	if (err) {
		fini(host);
		return err;
	}
	loop_timer_init(&host->give_up, give_up, host);
	loop_run(host->loop);
	loop_timer_stop(&host->give_up);
	err = host->result;
	if (err == -ETIMEDOUT)
		return err; /* threads still run here: nothing can be freed */
	host_connections_close_inlets(host);
	host_watcher_stop(&host->watcher);
	host_threads_join(&host->threads, 0);
	fini(host);
	return err;
}
