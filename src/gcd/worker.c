// SPDX-License-Identifier: MIT
/*
 * The pool of worker threads behind the global queues.
 *
 * Workers are started on demand and retire after some idle seconds. A serial
 * queue gets a thread at once; other work gets one thread per core at once, and
 * more, one by one, when for some milliseconds nothing was taken from the queues
 * (the running ones block, then).
 */
#include "gcd/gcd_internal.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

#define WORKER_LIMIT 64		/* for work that overlaps */
#define WORKER_LIMIT_SERIAL 512 /* with the drains of serial queues */
#define WORKER_IDLE_NS (5 * NSEC_PER_SEC)
#define WORKER_STUCK_NS (5 * NSEC_PER_MSEC)

/* Of a worker in the list of the idle. Only one that is asleep costs a system call to wake. */
enum worker_state { WORKER_LOOKING, WORKER_ASLEEP, WORKER_WOKEN };

struct worker {
	struct list link; /* in idle */
	_Atomic uint32_t state;
};

static struct {
	pthread_mutex_t lock;
	struct gcd_fifo items[GCD_GLOBAL_COUNT];
	struct list idle; /* the last to fall asleep first: its stack is still in the cache */
	unsigned threads, waiting; /* waiting: items not taken yet */
	uint64_t taken;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .idle = LIST_INIT(pool.idle) };

/* Looks whether the pool is stuck. The timer belongs to the manager's lock. */
static struct gcd_timer pool_watch;
static uint64_t pool_watch_taken; /* guarded by the pool's lock */
static atomic_bool pool_watch_wanted;

unsigned gcd_worker_cores(void)
{
	static _Atomic unsigned cores;
	cpu_set_t set;

	if (!cores) {
		CPU_ZERO(&set);
		cores = sched_getaffinity(0, sizeof set, &set) ? 2 : (unsigned)CPU_COUNT(&set);
	}
	return cores;
}

err_t gcd_worker_start_thread(void *(*main)(void *), void *context)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	/* A fault must be seen by whoever handles it. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, main, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}

static struct gcd_item *worker_take_locked(struct dispatch_queue_s **ret_queue)
{
	if (!pool.waiting)
		return NULL;
	for (int i = 0; i < GCD_GLOBAL_COUNT; i++)
		if (pool.items[i].head) {
			pool.waiting--;
			pool.taken++;
			*ret_queue = &gcd_global_queues[i];
			return gcd_fifo_take(&pool.items[i]);
		}
	return NULL;
}

/* True: woken. False: the time is over. */
static bool worker_wait(struct worker *self)
{
	uint32_t state = WORKER_LOOKING;
	bool in_time = true;
	uint64_t until;

	if (gcd_clock_look(&self->state, WORKER_LOOKING) ||
	    !atomic_compare_exchange_strong(&self->state, &state, WORKER_ASLEEP))
		return true;
	until = gcd_clock_now(GCD_CLOCK_UPTIME) + WORKER_IDLE_NS;
	while (in_time && atomic_load_explicit(&self->state, memory_order_acquire) == WORKER_ASLEEP)
		in_time = gcd_clock_wait(&self->state, WORKER_ASLEEP, until);
	return in_time;
}

/* Sleep until there is work; the pool is locked before and after. False: retire. */
static bool worker_sleep_locked(struct worker *self)
{
	bool woken;

	atomic_store_explicit(&self->state, WORKER_LOOKING, memory_order_relaxed);
	list_add_first(&pool.idle, &self->link);
	pthread_mutex_unlock(&pool.lock);
	woken = worker_wait(self);
	pthread_mutex_lock(&pool.lock);
	list_remove(&self->link);
	return woken || self->state == WORKER_WOKEN;
}

static void *worker_main(void *unused)
{
	struct worker self;
	struct gcd_frame frame;
	struct dispatch_queue_s *queue;
	struct gcd_item *item;

	list_init(&self.link);
	pthread_setname_np(pthread_self(), "dispatch-worker");
	pthread_mutex_lock(&pool.lock);
	for (;;) {
		item = worker_take_locked(&queue);
		if (!item) {
			if (worker_sleep_locked(&self))
				continue;
			break;
		}
		pthread_mutex_unlock(&pool.lock);
		gcd_frame_enter(&frame, queue, false);
		gcd_item_run(item);
		gcd_frame_leave(&frame);
		pthread_mutex_lock(&pool.lock);
	}
	pool.threads--;
	pthread_mutex_unlock(&pool.lock);
	return unused;
}

/* The new thread is counted already. */
static void worker_start(void)
{
	bool alone;

	while (gcd_worker_start_thread(worker_main, NULL)) {
		pthread_mutex_lock(&pool.lock);
		alone = pool.threads == 1 && pool.waiting;
		if (!alone)
			pool.threads--;
		pthread_mutex_unlock(&pool.lock);
		if (!alone)
			return; /* the others will come round to it */
		gcd_wait_for_room();
	}
}

static uint64_t worker_check(struct gcd_timer *timer, uint64_t now_ns)
{
	bool stuck, waiting;

	(void)timer;
	pthread_mutex_lock(&pool.lock);
	waiting = pool.waiting > 0;
	if (!waiting)
		atomic_store(&pool_watch_wanted, false);
	stuck = waiting && pool.taken == pool_watch_taken && list_is_empty(&pool.idle) &&
		pool.threads < WORKER_LIMIT;
	pool_watch_taken = pool.taken;
	pool.threads += stuck;
	pthread_mutex_unlock(&pool.lock);
	if (stuck)
		worker_start();
	return waiting ? now_ns + WORKER_STUCK_NS : UINT64_MAX;
}

void gcd_worker_watch_locked(void)
{
	if (!atomic_load(&pool_watch_wanted) || pool_watch.queued)
		return;
	pool_watch.fire = worker_check;
	gcd_timer_start_locked(&pool_watch, GCD_CLOCK_UPTIME,
			       gcd_clock_now(GCD_CLOCK_UPTIME) + WORKER_STUCK_NS);
}

/* All threads are busy. The manager thread adds one unless some work is taken soon. */
static void worker_saturated(void)
{
	bool start = false;

	if (atomic_exchange(&pool_watch_wanted, true))
		return;
	if (!gcd_manager_start()) {
		gcd_manager_wake();
		return;
	}
	/* No manager to be had: do not wait. */
	atomic_store(&pool_watch_wanted, false);
	pthread_mutex_lock(&pool.lock);
	start = pool.threads < WORKER_LIMIT;
	pool.threads += start;
	pthread_mutex_unlock(&pool.lock);
	if (start)
		worker_start();
}

void gcd_worker_push(struct dispatch_queue_s *global, struct gcd_item *item)
{
	bool serial = item->flags & GCD_ITEM_SERIAL, start = false, asleep = false;
	struct worker *sleeper = NULL;
	unsigned limit = serial ? WORKER_LIMIT_SERIAL : gcd_worker_cores();

	pthread_mutex_lock(&pool.lock);
	gcd_fifo_add(&pool.items[global - gcd_global_queues], item);
	pool.waiting++;
	if (!list_is_empty(&pool.idle)) {
		sleeper = list_first(&pool.idle, struct worker, link);
		list_remove(&sleeper->link);
		asleep = atomic_exchange(&sleeper->state, WORKER_WOKEN) == WORKER_ASLEEP;
	} else if (pool.threads < limit) {
		start = true;
		pool.threads++;
	}
	pthread_mutex_unlock(&pool.lock);
	/* A worker that saw the word already may have retired: waking an address is harmless. */
	if (asleep)
		gcd_clock_wake(&sleeper->state, 1);
	else if (start)
		worker_start();
	else if (!sleeper)
		worker_saturated();
}

void gcd_worker_lock(void)
{
	pthread_mutex_lock(&pool.lock);
}

void gcd_worker_unlock(void)
{
	pthread_mutex_unlock(&pool.lock);
}

void gcd_worker_reset_child(void)
{
	for (int i = 0; i < GCD_GLOBAL_COUNT; i++)
		pool.items[i].head = NULL;
	list_init(&pool.idle);
	pool.threads = pool.waiting = 0;
	atomic_store(&pool_watch_wanted, false);
	pool_watch = (struct gcd_timer){ .queued = false };
}
