// SPDX-License-Identifier: MIT
/*
 * A forked child starts with an empty pool, no manager and an empty main
 * queue. Sources, and queues in use at the time, stay behind with the parent.
 */
#include "gcd/gcd_internal.h"

static void fork_prepare(void)
{
	gcd_manager_lock();
	pthread_mutex_lock(&gcd_main_queue.lock);
	gcd_worker_lock();
	gcd_manager_lock_start();
}

static void fork_parent(void)
{
	gcd_manager_unlock_start();
	gcd_worker_unlock();
	pthread_mutex_unlock(&gcd_main_queue.lock);
	gcd_manager_unlock();
}

static void fork_child(void)
{
	gcd_worker_reset_child();
	gcd_main_reset_child();
	gcd_manager_reset_child();
	gcd_signal_reset_child();
	gcd_frame_current = NULL;
	fork_parent();
}

__attribute__((constructor)) static void fork_register(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
