// SPDX-License-Identifier: MIT
/*
 * Signals for sources. A handler of ours counts them, wakes the manager thread
 * and calls the handler that the program had. As on macOS a source also sees
 * signals that the program ignores; a program that starts to ignore a signal
 * after it made the source is noticed a little later (gcd_signal_check).
 */
#include "gcd/gcd_internal.h"

#include <signal.h>

typedef void (*chain_fn)(int, siginfo_t *, void *);

static struct {
	struct list watches; /* guarded by the manager's lock, as is the rest but count */
	struct sigaction before;
	/* what the handler calls: written before the handler is installed */
	_Atomic(chain_fn) chain;
	_Atomic bool chain_simple;
	_Atomic uint32_t count;
	bool ours;
} signals[NSIG];

/* Further looks at what the program did to the signals, after a source was made. */
static struct gcd_timer signal_recheck;
static unsigned signal_rechecks;
static const uint64_t signal_recheck_after[] = { 20 * NSEC_PER_MSEC, 200 * NSEC_PER_MSEC,
						 NSEC_PER_SEC };
static atomic_uint signal_watched;

static void signal_handle(int number, siginfo_t *info, void *context)
{
	chain_fn chain = signals[number].chain;

	atomic_fetch_add(&signals[number].count, 1);
	gcd_manager_wake();
	if (chain && signals[number].chain_simple)
		((void (*)(int))(void (*)(void))chain)(number);
	else if (chain)
		chain(number, info, context);
}

static void signal_install(int number)
{
	struct sigaction now,
		ours = { .sa_sigaction = signal_handle, .sa_flags = SA_SIGINFO | SA_RESTART };

	if (sigaction(number, NULL, &now) || now.sa_sigaction == signal_handle)
		return;
	/* A handler set later took the place of ours on purpose. */
	if (signals[number].ours && now.sa_handler != SIG_IGN)
		return;
	if (!signals[number].ours)
		signals[number].before = now;
	else
		signals[number].before.sa_handler = SIG_IGN;
	signals[number].chain = NULL;
	if (now.sa_handler != SIG_IGN && now.sa_handler != SIG_DFL) {
		signals[number].chain_simple = !(now.sa_flags & SA_SIGINFO);
		signals[number].chain = now.sa_sigaction;
		ours.sa_mask = now.sa_mask;
		ours.sa_flags |= now.sa_flags & (SA_ONSTACK | SA_NOCLDSTOP);
		ours.sa_flags &= (now.sa_flags & SA_RESTART) ? ~0 : ~SA_RESTART;
	} else {
		sigemptyset(&ours.sa_mask);
	}
	/* "Ignored" also meant that children leave no zombies. */
	if (number == SIGCHLD && signals[number].before.sa_handler == SIG_IGN)
		ours.sa_flags |= SA_NOCLDWAIT;
	sigaction(number, &ours, NULL);
	signals[number].ours = true;
}

static void signal_check_locked(void)
{
	for (int i = 1; i < NSIG; i++)
		if (signals[i].ours)
			signal_install(i);
}

static uint64_t signal_recheck_fire(struct gcd_timer *timer, uint64_t now_ns)
{
	(void)timer;
	signal_check_locked();
	if (++signal_rechecks >= sizeof signal_recheck_after / sizeof signal_recheck_after[0])
		return UINT64_MAX;
	return now_ns + signal_recheck_after[signal_rechecks];
}

err_t gcd_signal_add_locked(struct gcd_signal_watch *watch)
{
	int number = watch->number;

	if (!signals[number].watches.next)
		list_init(&signals[number].watches);
	if (list_is_empty(&signals[number].watches)) {
		atomic_store(&signals[number].count, 0);
		signal_install(number);
		if (!signals[number].ours)
			return -EINVAL;
		atomic_fetch_add(&signal_watched, 1);
	}
	list_add(&signals[number].watches, &watch->link);
	signal_rechecks = 0;
	signal_recheck.fire = signal_recheck_fire;
	gcd_timer_start_locked(&signal_recheck, GCD_CLOCK_UPTIME,
			       gcd_clock_now(GCD_CLOCK_UPTIME) + signal_recheck_after[0]);
	return 0;
}

void gcd_signal_remove_locked(struct gcd_signal_watch *watch)
{
	int number = watch->number;
	struct sigaction now;

	list_remove(&watch->link);
	if (!signals[number].ours || !list_is_empty(&signals[number].watches))
		return;
	if (!sigaction(number, NULL, &now) && now.sa_sigaction == signal_handle)
		sigaction(number, &signals[number].before, NULL);
	signals[number].ours = false;
	atomic_fetch_sub(&signal_watched, 1);
}

void gcd_signal_deliver_locked(void)
{
	if (!atomic_load(&signal_watched))
		return;
	for (int i = 1; i < NSIG; i++) {
		uint32_t count = signals[i].ours ? atomic_exchange(&signals[i].count, 0) : 0;

		if (!count)
			continue;
		list_for_each(node, &signals[i].watches)
			gcd_source_fire(container_of(node, struct dispatch_source_s, signal.link),
					count);
	}
}

void gcd_signal_check(void)
{
	if (!atomic_load(&signal_watched))
		return;
	gcd_manager_lock();
	signal_check_locked();
	gcd_manager_unlock();
}

void gcd_signal_reset_child(void)
{
	for (int i = 1; i < NSIG; i++) {
		struct sigaction now;

		if (!signals[i].ours)
			continue;
		if (!sigaction(i, NULL, &now) && now.sa_sigaction == signal_handle)
			sigaction(i, &signals[i].before, NULL);
		signals[i].ours = false;
		list_init(&signals[i].watches);
	}
	atomic_store(&signal_watched, 0);
	signal_recheck = (struct gcd_timer){ .queued = false };
}
