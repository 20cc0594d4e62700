// SPDX-License-Identifier: MIT
/* How each type of source watches. Descriptors are watched through a duplicate of our own, so that
 * several sources may watch one, and closing it too early does no harm. */
#include "gcd/gcd_internal.h"

#include "base/fd.h"
#include "port/port.h"

#include <limits.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool check_nothing(uintptr_t handle, uintptr_t mask)
{
	return !handle && !mask;
}

static bool check_descriptor(uintptr_t handle, uintptr_t mask)
{
	return handle <= INT_MAX && !mask;
}

static bool check_port(uintptr_t handle, uintptr_t mask)
{
	return MACH_PORT_VALID((mach_port_t)handle) && handle <= UINT32_MAX && !mask;
}

static bool check_signal(uintptr_t handle, uintptr_t mask)
{
	return handle > 0 && handle < NSIG && handle != SIGKILL && handle != SIGSTOP && !mask;
}

static bool check_process(uintptr_t handle, uintptr_t mask)
{
	return handle > 0 && handle <= INT_MAX && mask == DISPATCH_PROC_EXIT;
}

static bool check_timer(uintptr_t handle, uintptr_t mask)
{
	return !handle && !(mask & ~DISPATCH_TIMER_STRICT);
}

/* --- data: nothing to watch ------------ */

static err_t data_install(struct dispatch_source_s *s)
{
	(void)s;
	return 0;
}

static void data_uninstall(struct dispatch_source_s *s)
{
	(void)s;
}

#define DATA_TYPE(how) \
	{ \
		.check = check_nothing, .install = data_install, .uninstall = data_uninstall, \
		.merge = how, .by_client = true \
	}

const struct dispatch_source_type_s _dispatch_source_type_data_add = DATA_TYPE(GCD_MERGE_ADD);
const struct dispatch_source_type_s _dispatch_source_type_data_or = DATA_TYPE(GCD_MERGE_OR);
const struct dispatch_source_type_s _dispatch_source_type_data_replace =
	DATA_TYPE(GCD_MERGE_REPLACE);

/* --- descriptors ------------ */

/* Bytes to read, or room to write, as far as the system tells; at least 1 when it does not. */
static uintptr_t descriptor_estimate(int fd, bool writing)
{
	int queued = 0, size = 0;
	socklen_t length = sizeof size;

	if (!writing)
		return ioctl(fd, FIONREAD, &queued) || queued < 0 ? 1 : (uintptr_t)queued;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) || ioctl(fd, SIOCOUTQ, &queued) ||
	    queued >= size)
		return 1;
	return (uintptr_t)(size - queued);
}

static void descriptor_ready(struct gcd_watch *watch, uint32_t events)
{
	struct dispatch_source_s *s = container_of(watch, struct dispatch_source_s, watch);

	(void)events;
	gcd_source_fire(s, descriptor_estimate(watch->fd, watch->events & EPOLLOUT));
}

/* Regular files cannot be polled: they are ready up to their end. */
static void file_fire(struct dispatch_source_s *s)
{
	struct stat status;
	off_t offset;

	if (s->watch.fd < 0) /* the parent's */
		return;
	if (s->watch.events & EPOLLOUT) {
		gcd_source_fire(s, 1);
		return;
	}
	offset = lseek(s->watch.fd, 0, SEEK_CUR);
	if (offset >= 0 && !fstat(s->watch.fd, &status) && S_ISREG(status.st_mode)) {
		if (status.st_size > offset)
			gcd_source_fire(s, (uintptr_t)(status.st_size - offset));
	} else {
		gcd_source_fire(s, 1);
	}
}

static err_t watch_install(struct dispatch_source_s *s, int fd, uint32_t events,
			   void (*ready)(struct gcd_watch *, uint32_t))
{
	err_t err;

	s->watch.fd = fd;
	s->watch.events = events;
	s->watch.ready = ready;
	err = gcd_watch_add(&s->watch);
	if (err != -EPERM)
		return err;
	file_fire(s);
	return 0;
}

static err_t descriptor_install(struct dispatch_source_s *s, uint32_t events)
{
	int fd;
	err_t err = fd_dup((int)s->handle, &fd);

	return err ? err : watch_install(s, fd, events, descriptor_ready);
}

static err_t read_install(struct dispatch_source_s *s)
{
	return descriptor_install(s, EPOLLIN);
}

static err_t write_install(struct dispatch_source_s *s)
{
	return descriptor_install(s, EPOLLOUT);
}

static void descriptor_uninstall(struct dispatch_source_s *s)
{
	gcd_watch_remove(&s->watch);
	s->watch.fd = fd_close(s->watch.fd);
}

static void descriptor_rearm(struct dispatch_source_s *s)
{
	if (s->watch.id)
		gcd_watch_rearm(&s->watch);
	else
		file_fire(s);
}

const struct dispatch_source_type_s _dispatch_source_type_read = {
	.check = check_descriptor,
	.install = read_install,
	.uninstall = descriptor_uninstall,
	.rearm = descriptor_rearm,
	.merge = GCD_MERGE_REPLACE,
};

const struct dispatch_source_type_s _dispatch_source_type_write = {
	.check = check_descriptor,
	.install = write_install,
	.uninstall = descriptor_uninstall,
	.rearm = descriptor_rearm,
	.merge = GCD_MERGE_REPLACE,
};

/* --- ports -------------------------------------------------------------------------------- */

static void port_ready(struct gcd_watch *watch, uint32_t events)
{
	(void)events;
	gcd_source_fire(container_of(watch, struct dispatch_source_s, watch), 0);
}

static err_t port_install(struct dispatch_source_s *s)
{
	int borrowed, fd;
	err_t err = port_descriptor((mach_port_name_t)s->handle, &borrowed);

	if (!err)
		err = fd_dup(borrowed, &fd);
	return err ? err : watch_install(s, fd, EPOLLIN, port_ready);
}

const struct dispatch_source_type_s _dispatch_source_type_mach_recv = {
	.check = check_port,
	.install = port_install,
	.uninstall = descriptor_uninstall,
	.rearm = descriptor_rearm,
	.merge = GCD_MERGE_REPLACE,
	.waits = true,
};

/* --- processes ------------------------------------------------------------------------------ */

static void process_ready(struct gcd_watch *watch, uint32_t events)
{
	(void)events;
	gcd_source_fire(container_of(watch, struct dispatch_source_s, watch), DISPATCH_PROC_EXIT);
}

static err_t process_install(struct dispatch_source_s *s)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)s->handle, 0);

	if (fd >= 0)
		return watch_install(s, fd, EPOLLIN, process_ready);
	if (errno != ESRCH)
		return err_from_errno();
	gcd_source_fire(s, DISPATCH_PROC_EXIT); /* gone already */
	return 0;
}

const struct dispatch_source_type_s _dispatch_source_type_proc = {
	.check = check_process,
	.install = process_install,
	.uninstall = descriptor_uninstall,
	.merge = GCD_MERGE_OR,
};

/* --- signals ---------------------------------------------------------------------------------- */

static err_t signal_install(struct dispatch_source_s *s)
{
	err_t err = gcd_manager_start();

	if (err)
		return err;
	gcd_manager_lock();
	s->signal.number = (int)s->handle;
	err = gcd_signal_add_locked(&s->signal);
	gcd_manager_unlock();
	return err;
}

static void signal_uninstall(struct dispatch_source_s *s)
{
	gcd_manager_lock();
	gcd_signal_remove_locked(&s->signal);
	gcd_manager_unlock();
}

const struct dispatch_source_type_s _dispatch_source_type_signal = {
	.check = check_signal,
	.install = signal_install,
	.uninstall = signal_uninstall,
	.merge = GCD_MERGE_ADD,
};

/* --- timers ------------------------------------------------------------------------------------- */

static uint64_t timer_fire(struct gcd_timer *timer, uint64_t now_ns)
{
	struct dispatch_source_s *s = container_of(timer, struct dispatch_source_s, timer);
	uint64_t times = 1, next = UINT64_MAX;

	if (s->interval_ns) {
		times += (now_ns - timer->at_ns) / s->interval_ns;
		if (__builtin_mul_overflow(times, s->interval_ns, &next) ||
		    __builtin_add_overflow(next, timer->at_ns, &next))
			next = UINT64_MAX;
	}
	gcd_source_fire(s, times);
	return next;
}

static err_t timer_install(struct dispatch_source_s *s)
{
	err_t err = gcd_manager_start();

	if (err)
		return err;
	gcd_manager_lock();
	s->watching = true;
	s->timer.fire = timer_fire;
	if (s->timer.at_ns && s->timer.at_ns != UINT64_MAX)
		gcd_timer_start_locked(&s->timer, s->timer.clock, s->timer.at_ns);
	gcd_manager_unlock();
	return 0;
}

static void timer_uninstall(struct dispatch_source_s *s)
{
	gcd_manager_lock();
	s->watching = false;
	gcd_timer_stop_locked(&s->timer);
	gcd_manager_unlock();
}

const struct dispatch_source_type_s _dispatch_source_type_timer = {
	.check = check_timer,
	.install = timer_install,
	.uninstall = timer_uninstall,
	.merge = GCD_MERGE_ADD,
};

void dispatch_source_set_timer(dispatch_source_t s, dispatch_time_t start, uint64_t interval,
			       uint64_t leeway)
{
	enum gcd_clock clock;
	uint64_t at = gcd_clock_split(start, &clock);

	(void)leeway; /* a permission that is not used */
	if (s->type != DISPATCH_SOURCE_TYPE_TIMER)
		gcd_object_trap("dispatch_source_set_timer on a source that is no timer");
	gcd_manager_lock();
	gcd_timer_stop_locked(&s->timer);
	s->interval_ns = interval > INT64_MAX ? 0 : interval;
	s->timer.clock = clock;
	s->timer.at_ns = at ? at : 1;
	pthread_mutex_lock(&s->lock);
	s->pending = false;
	s->pending_data = 0;
	pthread_mutex_unlock(&s->lock);
	if (s->watching && at != UINT64_MAX)
		gcd_timer_start_locked(&s->timer, clock, s->timer.at_ns);
	gcd_manager_unlock();
}
