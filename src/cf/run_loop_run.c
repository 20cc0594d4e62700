// SPDX-License-Identifier: MIT
/*
 * Running a loop. One pass: observers, blocks, signalled sources, the main
 * queue if it is ready; then sleep; then one of timers, main queue, one source
 * of version 1 (in turn, so that none starves); then blocks. A source of version
 * 1 gets one message in a pass, and more only when no part of a pass would do
 * anything between them.
 */
#include "cf/run_loop_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "gcd/hook.h"
#include "port/port.h"

enum pass_class { PASS_TIMERS, PASS_MAIN_QUEUE, PASS_SOURCE, PASS_CLASSES };

enum { SOURCE_MESSAGES_MAX = 64 }; /* of one source in one pass */

#define SLOT_WAKE 0
#define SLOT_MAIN 1
#define SLOT_SOURCES 2
#define BLIND_NS 10000000u /* between looks when there is no descriptor to be woken by */

struct pass {
	struct run run; /* first: what others see */
	CFRunLoopRef rl;
	CFStringRef mode;
	uint64_t deadline_ns; /* UINT64_MAX: none, 0: do not sleep */
	bool return_after_source;
	bool handled;	      /* a source, in this pass */
	bool main_queue_last; /* the last pass ran the main queue */
	enum pass_class last;
	/* what is polled */
	struct run_set sources;
	struct pollfd *fds;
	struct port **ports; /* of the sources; referenced while they are polled */
	size_t capacity;
	bool is_blind; /* one of them cannot be polled just now */
};

/* The main queue is not run inside itself. */
static _Thread_local bool in_main_queue;

static bool pass_uses_main_queue_locked(CFRunLoopRef rl, CFStringRef name)
{
	struct run_mode *mode;

	if (!rl->is_main || in_main_queue)
		return false;
	mode = run_mode_find_locked(rl, name);
	return mode && mode->is_common;
}

static bool pass_uses_main_queue(const struct pass *p)
{
	bool uses;

	run_lock();
	uses = pass_uses_main_queue_locked(p->rl, p->mode);
	run_unlock();
	return uses;
}

static bool mode_is_empty(CFRunLoopRef rl, CFStringRef name)
{
	struct run_mode *mode;
	bool empty;

	run_lock();
	mode = run_mode_find_locked(rl, name);
	empty = !run_blocks_wait_locked(rl, name) && !pass_uses_main_queue_locked(rl, name) &&
		(!mode || !(mode->sets[RUN_SOURCE].count || mode->sets[RUN_TIMER].count));
	run_unlock();
	return empty;
}

static void main_queue_run(struct pass *p)
{
	in_main_queue = true;
	_dispatch_main_queue_callback_4CF(NULL);
	in_main_queue = false;
	p->handled = true;
	p->main_queue_last = true;
	p->last = PASS_MAIN_QUEUE;
}

/* --- sleeping ---------------------------------------------------------------------- */

static bool pass_reserve(struct pass *p, size_t count)
{
	struct pollfd *fds;
	struct port **ports;

	if (count <= p->capacity)
		return true;
	count = count * 2 + 8;
	fds = realloc(p->fds, count * sizeof *fds);
	if (!fds)
		return false;
	p->fds = fds;
	ports = realloc(p->ports, count * sizeof *ports);
	if (!ports)
		return false;
	p->ports = ports;
	p->capacity = count;
	return true;
}

/* A new one if there is none. Who wanted to wake the loop before has only said so. */
static int wake_descriptor(CFRunLoopRef rl)
{
	int fd = atomic_load(&rl->wake_fd);
	uint64_t one = 1;

	if (fd >= 0)
		return fd;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_store(&rl->wake_fd, fd);
	if (fd >= 0 && atomic_load(&rl->woken) && write(fd, &one, sizeof one) < 0)
		return fd; /* full: it is readable */
	return fd;
}

static int main_descriptor(void)
{
	int fd = _dispatch_get_main_queue_handle_4CF();

	return fd >= 0 ? fd : RUN_BLIND;
}

/* Fill the poll set. From here on changes of the mode write to the wake descriptor. */
static bool pass_prepare(struct pass *p, bool sleep)
{
	bool main_queue;

	run_snapshot_free(&p->sources);
	run_lock();
	p->rl->waiting = sleep;
	p->sources = run_snapshot_locked(p->rl, p->mode, RUN_SOURCE);
	/* A pass that does not sleep has asked the main queue itself. */
	main_queue = sleep && pass_uses_main_queue_locked(p->rl, p->mode);
	run_unlock();
	if (!pass_reserve(p, p->sources.count + SLOT_SOURCES))
		return false;
	p->fds[SLOT_WAKE] = (struct pollfd){ wake_descriptor(p->rl), POLLIN, 0 };
	p->fds[SLOT_MAIN] = (struct pollfd){ main_queue ? main_descriptor() : -1, POLLIN, 0 };
	p->is_blind = p->fds[SLOT_WAKE].fd < 0 || p->fds[SLOT_MAIN].fd == RUN_BLIND;
	for (size_t i = 0; i < p->sources.count; i++) {
		struct pollfd *fd = &p->fds[SLOT_SOURCES + i];

		fd->fd = run_source_descriptor((CFRunLoopSourceRef)p->sources.items[i], &fd->events,
					       &p->ports[i]);
		fd->revents = 0;
		p->is_blind |= fd->fd == RUN_BLIND;
	}
	return true;
}

/* Is there one that is worth a look even when the pass does not sleep? */
static bool pass_has_descriptors(const struct pass *p)
{
	for (size_t i = SLOT_SOURCES; i < p->sources.count + SLOT_SOURCES; i++)
		if (p->fds[i].fd >= 0)
			return true;
	return false;
}

/* EXACT: without the 50 microseconds that the kernel may add to a thread's sleep for itself. */
static int pass_poll(struct pass *p, uint64_t now, uint64_t until, bool exact)
{
	struct timespec timeout = { (time_t)((until - now) / 1000000000u),
				    (long)((until - now) % 1000000000u) };
	int slack = exact ? prctl(PR_GET_TIMERSLACK) : 0, n;

	if (slack > 0)
		prctl(PR_SET_TIMERSLACK, 1);
	n = fd_poll(p->fds, p->sources.count + SLOT_SOURCES, until == UINT64_MAX ? NULL : &timeout);
	if (slack > 0)
		prctl(PR_SET_TIMERSLACK, slack);
	return n;
}

static bool source_is_of_port(const struct pass *p, size_t i)
{
	const struct __CFRunLoopSource *s = (CFRunLoopSourceRef)p->sources.items[i];

	return !s->ops || !s->ops->ready;
}

/* What cannot be polled just now is asked. ALL: none of them could. */
static void pass_look(struct pass *p, bool all)
{
	for (size_t i = 0; all && i < p->sources.count + SLOT_SOURCES; i++)
		p->fds[i].revents = 0;
	if (all && atomic_load(&p->rl->woken))
		p->fds[SLOT_WAKE].revents = POLLIN;
	if (p->fds[SLOT_MAIN].fd == RUN_BLIND || (all && p->fds[SLOT_MAIN].fd >= 0))
		p->fds[SLOT_MAIN].revents = _dispatch_main_queue_is_pending_4CF() ? POLLIN : 0;
	for (size_t i = 0; (all || p->is_blind) && i < p->sources.count; i++) {
		struct pollfd *fd = &p->fds[SLOT_SOURCES + i];

		if (fd->fd == RUN_BLIND || (all && fd->fd >= 0 && source_is_of_port(p, i)))
			fd->revents = POLLIN;
	}
}

/* Wait until something is ready, a timer is due or the run is over. */
static void pass_wait(struct pass *p, bool sleep)
{
	uint64_t now, until;
	bool timer = false;

	if (!sleep && !pass_has_descriptors(p))
		return;
	now = until = run_now_ns();
	if (sleep) {
		run_lock();
		until = run_timers_next_locked(p->rl, p->mode);
		run_unlock();
		timer = until < p->deadline_ns && until > now;
		if (until > p->deadline_ns)
			until = p->deadline_ns;
		if (p->is_blind && until > now + BLIND_NS)
			until = now + BLIND_NS;
	}
	if (until < now)
		until = now;
	if (pass_poll(p, now, until, timer) >= 0)
		pass_look(p, false);
	else if (errno == EINVAL)
		pass_look(p, true);
	else /* EINTR: a pass for nothing */
		for (size_t i = 0; i < p->sources.count + SLOT_SOURCES; i++)
			p->fds[i].revents = 0;
	for (size_t i = 0; i < p->sources.count; i++)
		p->ports[i] = port_unref(p->ports[i]);
}

static void pass_woken(struct pass *p)
{
	uint64_t count;

	run_lock();
	p->rl->waiting = false;
	run_unlock();
	if (!p->fds || !p->fds[SLOT_WAKE].revents)
		return;
	if (read(p->rl->wake_fd, &count, sizeof count) < 0) {
		p->fds[SLOT_WAKE].revents = 0; /* drained by a nested run */
		/* A program has closed what is not its own: the next pass makes another one. */
		if (errno == EBADF)
			atomic_store(&p->rl->wake_fd, -1);
	}
	/* Who did not write before this has changed something that this pass still looks at. */
	atomic_store(&p->rl->woken, false);
}

/* --- what is ready ------------ */

static bool timers_are_due(struct pass *p)
{
	uint64_t next;

	run_lock();
	next = run_timers_next_locked(p->rl, p->mode);
	run_unlock();
	return next <= run_now_ns();
}

/* Nobody looks on between two messages of a source, and nobody else has anything to do: they can be
 * delivered in one pass. */
static bool pass_is_quiet_locked(const struct pass *p, CFRunLoopSourceRef source)
{
	const struct run_mode *mode = run_mode_find_locked(p->rl, p->mode);

	if (!mode || p->run.stopped || mode->sets[RUN_OBSERVER].count ||
	    run_blocks_wait_locked(p->rl, p->mode) || run_sources_signalled_locked(mode))
		return false;
	for (size_t i = 0; i < mode->sets[RUN_SOURCE].count; i++)
		if (mode->sets[RUN_SOURCE].items[i] == (struct run_item *)source)
			return source->item.valid;
	return false;
}

static bool pass_is_quiet(const struct pass *p, CFRunLoopSourceRef source)
{
	uint64_t until = UINT64_MAX;
	bool quiet, main_queue;

	if (p->return_after_source || (source->ops && source->ops->ready) ||
	    atomic_load(&p->rl->woken))
		return false;
	run_lock();
	quiet = pass_is_quiet_locked(p, source);
	if (quiet)
		until = run_timers_next_locked(p->rl, p->mode);
	main_queue = quiet && pass_uses_main_queue_locked(p->rl, p->mode);
	run_unlock();
	if (until > p->deadline_ns)
		until = p->deadline_ns;
	return quiet && !(main_queue && _dispatch_main_queue_is_pending_4CF()) &&
	       (until == UINT64_MAX || until > run_now_ns());
}

/* One message, or while it is quiet more. */
static bool source_handle(struct pass *p, CFRunLoopSourceRef source, short events, bool is_alone)
{
	bool comes_again = is_alone && pass_is_quiet(p, source);

	if (!run_source_receive(source, events, comes_again))
		return false;
	for (int n = 1; comes_again && n < SOURCE_MESSAGES_MAX && pass_is_quiet(p, source); n++)
		comes_again = run_source_receive(source, events, true);
	return true;
}

/* One source of version 1, beginning after the one that had its turn last. */
static bool source_handle_one(struct pass *p)
{
	struct run_mode *mode;
	size_t count = p->sources.count, turn = 0, n_ready = 0;

	for (size_t i = 0; i < count; i++)
		n_ready += p->fds[SLOT_SOURCES + i].revents != 0;
	run_lock();
	mode = run_mode_find_locked(p->rl, p->mode);
	if (mode)
		turn = mode->turn++;
	run_unlock();
	for (size_t i = 0; i < count; i++) {
		size_t at = (turn + i) % count;
		short events = p->fds[SLOT_SOURCES + at].revents;

		if (!events)
			continue;
		p->fds[SLOT_SOURCES + at].revents = 0;
		if (source_handle(p, (CFRunLoopSourceRef)p->sources.items[at], events,
				  n_ready == 1)) {
			p->handled = true;
			return true;
		}
	}
	return false;
}

static void pass_handle_ready(struct pass *p)
{
	for (int i = 1; i <= PASS_CLASSES; i++) {
		enum pass_class class = (p->last + i) % PASS_CLASSES;

		if (class == PASS_TIMERS && timers_are_due(p) && run_timers_fire(p->rl, p->mode)) {
			p->last = class;
			return;
		}
		if (class == PASS_MAIN_QUEUE && p->fds[SLOT_MAIN].revents) {
			main_queue_run(p);
			return;
		}
		if (class == PASS_SOURCE && source_handle_one(p)) {
			p->last = class;
			return;
		}
	}
}

static bool main_queue_is_ready(struct pass *p)
{
	return !p->main_queue_last && pass_uses_main_queue(p) &&
	       _dispatch_main_queue_is_pending_4CF();
}

/* --- passes ----------------------------------------------------------------------------- */

static void pass_once(struct pass *p)
{
	bool blocks, signalled, sleep;

	p->handled = false;
	run_observers_call(p->rl, p->mode, kCFRunLoopBeforeTimers);
	run_observers_call(p->rl, p->mode, kCFRunLoopBeforeSources);
	blocks = run_blocks_perform(p->rl, p->mode);
	signalled = run_sources_perform(p->rl, p->mode, p->return_after_source);
	p->handled = signalled;
	if (signalled)
		run_blocks_perform(p->rl, p->mode);
	if (main_queue_is_ready(p)) {
		main_queue_run(p);
		run_blocks_perform(p->rl, p->mode);
		return;
	}
	p->main_queue_last = false;
	/* When the blocks were all there was, nothing could end the sleep. */
	sleep = !signalled && p->deadline_ns && !(blocks && mode_is_empty(p->rl, p->mode));
	if (sleep)
		run_observers_call(p->rl, p->mode, kCFRunLoopBeforeWaiting);
	if (pass_prepare(p, sleep)) {
		pass_wait(p, sleep);
		pass_woken(p);
	} else {
		pass_woken(p);
		poll(NULL, 0, 10); /* no memory: it may come back */
		if (sleep)
			run_observers_call(p->rl, p->mode, kCFRunLoopAfterWaiting);
		return;
	}
	if (sleep)
		run_observers_call(p->rl, p->mode, kCFRunLoopAfterWaiting);
	pass_handle_ready(p);
	run_blocks_perform(p->rl, p->mode);
}

static CFRunLoopRunResult pass_result(struct pass *p)
{
	bool stopped;

	run_lock();
	stopped = p->run.stopped;
	run_unlock();
	if (p->handled && p->return_after_source)
		return kCFRunLoopRunHandledSource;
	if (p->deadline_ns != UINT64_MAX && run_now_ns() >= p->deadline_ns)
		return kCFRunLoopRunTimedOut;
	if (stopped)
		return kCFRunLoopRunStopped;
	return mode_is_empty(p->rl, p->mode) ? kCFRunLoopRunFinished : 0;
}

static CFRunLoopRunResult loop_run(CFStringRef mode, CFTimeInterval seconds,
				   bool return_after_source)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	CFRunLoopRunResult result;
	struct pass p = { .rl = rl,
			  .return_after_source = return_after_source,
			  .last = PASS_SOURCE };

	if (!cf_is(mode, CF_TYPE_STRING) || CFEqual(mode, kCFRunLoopCommonModes) ||
	    mode_is_empty(rl, mode))
		return kCFRunLoopRunFinished;
	CFRetain(rl);
	p.mode = p.run.mode = CFRetain(mode);
	if (pass_uses_main_queue(&p)) /* made with the first run, not when one happens to sleep */
		_dispatch_get_main_queue_handle_4CF();
	if (seconds > 0) /* beyond four years it is for ever */
		p.deadline_ns =
			seconds > 1.2e8 ? UINT64_MAX : run_now_ns() + (uint64_t)(seconds * 1e9);
	run_lock();
	p.run.outer = rl->run;
	rl->run = &p.run;
	run_unlock();
	run_observers_call(rl, mode, kCFRunLoopEntry);
	do {
		pass_once(&p);
		result = pass_result(&p);
	} while (!result);
	run_observers_call(rl, mode, kCFRunLoopExit);
	run_lock();
	rl->run = p.run.outer;
	run_unlock();
	run_snapshot_free(&p.sources);
	free(p.fds);
	free(p.ports);
	CFRelease(mode);
	CFRelease(rl);
	return result;
}

void CFRunLoopRun(void)
{
	loop_run(kCFRunLoopDefaultMode, 1e10, false);
}

CFRunLoopRunResult CFRunLoopRunInMode(CFRunLoopMode mode, CFTimeInterval seconds,
				      Boolean returnAfterSourceHandled)
{
	return loop_run(mode, seconds, returnAfterSourceHandled);
}
