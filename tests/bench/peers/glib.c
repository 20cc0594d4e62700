// SPDX-License-Identifier: MIT
/* GLib's main loop and thread pool: the roles of peer_dispatch.c. */
#include <glib.h>
#include <semaphore.h>

#include "contestant.h"
#include "timing.h"

static GThreadPool *pool;
static GMainLoop *loop;
static sem_t done;
static uint64_t left; /* of the main loop */
static gint left_in_pool;

/* --- functions on other threads: a pool, as GLib has no serial queues ------------------- */

static void count_down(gpointer data, gpointer user_data)
{
	if (g_atomic_int_dec_and_test(&left_in_pool))
		sem_post(&done);
}

static bool open_pool(gint threads)
{
	pool = g_thread_pool_new(count_down, NULL, threads, TRUE, NULL);
	return pool && !sem_init(&done, 0, 0);
}

static bool open_serial(void)
{
	return open_pool(1);
}

static bool open_concurrent(void)
{
	return open_pool((gint)g_get_num_processors());
}

static uint64_t post(uint64_t n)
{
	uint64_t start = bench_now_ns();

	left_in_pool = (gint)n;
	for (uint64_t i = 0; i < n; i++)
		g_thread_pool_push(pool, &left_in_pool, NULL);
	sem_wait(&done);
	return bench_now_ns() - start;
}

static uint64_t hop(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		left_in_pool = 1;
		g_thread_pool_push(pool, &left_in_pool, NULL);
		sem_wait(&done);
	}
	return bench_now_ns() - start;
}

/* --- functions on this thread's loop ------------------------------------------------------- */

static bool open_loop(void)
{
	loop = g_main_loop_new(NULL, FALSE);
	return loop && !sem_init(&done, 0, 0);
}

static gboolean count_down_main(gpointer data)
{
	if (!--left)
		g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static gpointer post_to_main(gpointer n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++)
		g_idle_add_full(G_PRIORITY_DEFAULT, count_down_main, NULL, NULL);
	return NULL;
}

static uint64_t run_loop_with(GThreadFunc other, uint64_t n)
{
	uint64_t start = bench_now_ns();
	GThread *thread;

	left = n;
	thread = g_thread_new("other", other, &n);
	g_main_loop_run(loop);
	uint64_t ns = bench_now_ns() - start;
	g_thread_join(thread);
	return ns;
}

static uint64_t post_main(uint64_t n)
{
	return run_loop_with(post_to_main, n);
}

static gboolean woken(gpointer data)
{
	count_down_main(data);
	sem_post(&done);
	return G_SOURCE_REMOVE;
}

static gpointer wake_loop(gpointer n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++) {
		g_main_context_invoke(NULL, woken, NULL);
		sem_wait(&done);
	}
	return NULL;
}

/* The loop has to own its context before the first call, or that would run in place. */
static uint64_t wake(uint64_t n)
{
	uint64_t ns;

	if (!g_main_context_acquire(NULL))
		return 0;
	ns = run_loop_with(wake_loop, n);
	g_main_context_release(NULL);
	return ns;
}

/* --- timers ------------------------------------------------------------------------------------ */

static struct bench_lateness late;
static uint64_t interval_ns; /* the role's parameter */

static void set_timer(void);

static gboolean timer_fired(gpointer data)
{
	if (bench_lateness_note(&late))
		g_main_loop_quit(loop);
	else
		set_timer();
	return G_SOURCE_REMOVE;
}

static void set_timer(void)
{
	bench_lateness_next(&late);
	g_timeout_add_full(G_PRIORITY_DEFAULT, (guint)(interval_ns / 1000000), timer_fired, NULL,
			   NULL);
}

static size_t timer(uint64_t n, double *values)
{
	if (!bench_lateness_begin(&late, n, interval_ns))
		return 0;
	set_timer();
	g_main_loop_run(loop);
	return bench_lateness_end(&late, values);
}

/* --- roles ---------------------------------------------------------------------------------- */

static int play_post_serial(uint64_t unused)
{
	return open_serial() ? bench_serve(post) : 1;
}

static int play_post_concurrent(uint64_t unused)
{
	return open_concurrent() ? bench_serve(post) : 1;
}

static int play_post_main(uint64_t unused)
{
	return open_loop() ? bench_serve(post_main) : 1;
}

static int play_hop(uint64_t unused)
{
	return open_serial() ? bench_serve(hop) : 1;
}

static int play_wake(uint64_t unused)
{
	return open_loop() ? bench_serve(wake) : 1;
}

static int play_timer(uint64_t parameter)
{
	interval_ns = parameter;
	return open_loop() ? bench_serve_values(timer) : 1;
}

static const struct bench_role roles[] = {
	{ "post-serial", play_post_serial },
	{ "post-concurrent", play_post_concurrent },
	{ "post-main", play_post_main },
	{ "hop", play_hop },
	{ "wake", play_wake },
	{ "timer", play_timer },
	{ NULL },
};

int main(int argc, char **argv)
{
	return bench_play(argc, argv, roles);
}
