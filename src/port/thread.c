// SPDX-License-Identifier: MIT
/* Threads under port names. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <mach/mach_init.h>
#include <mach/thread_act.h>
#include <mach/thread_switch.h>

#include "base/key.h"
#include "port/port_internal.h"

/* One for each thread that asked for its name; it ends with the thread. */
struct thread {
	struct port *port; /* referenced */
	pid_t tid;
	pthread_t handle;
	unsigned fork_generation;
};

static void retain(void *object)
{
}

static void no_senders(void *object)
{
}

static const struct port_object_ops thread_ops = { retain, no_senders };

static void end(void *context)
{
	struct thread *t = context;

	port_kill(t->port);
	port_unref(t->port);
	free(t);
}

static struct key current = KEY_INIT(end);

static struct thread *new_thread(void)
{
	struct thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->tid = (pid_t)syscall(SYS_gettid);
	t->handle = pthread_self();
	t->fork_generation = port_fork_generation();
	if (port_new_object(PORT_KIND_THREAD, t, &thread_ops, &t->port)) {
		free(t);
		return NULL;
	}
	if (!key_set(&current, t)) {
		end(t);
		return NULL;
	}
	return t;
}

mach_port_t mach_thread_self(void)
{
	mach_port_name_t name;
	struct thread *t;

	t = key_get(&current);
	/* After fork the port is dead, and the thread another one. */
	if (!t || t->fork_generation != port_fork_generation())
		t = new_thread();
	return !t || port_make_send(t->port, &name) ? MACH_PORT_NULL : name;
}

pid_t port_thread_id(mach_port_name_t name, pthread_t *ret_handle)
{
	pid_t tid = 0;

	port_lock();
	const struct port_name *n = port_name_find_locked(name);
	if (n && n->type & MACH_PORT_TYPE_SEND && n->port->ops == &thread_ops && !n->port->dead) {
		const struct thread *t = n->port->object;

		tid = t->tid;
		if (ret_handle)
			*ret_handle = t->handle;
	}
	port_unlock();
	return tid;
}

kern_return_t thread_switch(mach_port_name_t thread_name, int option,
			    mach_msg_timeout_t option_time)
{
	struct timespec t = { option_time / 1000, option_time % 1000 * 1000000l };

	if (!valid_switch_option(option))
		return KERN_INVALID_ARGUMENT;
	if (option == SWITCH_OPTION_WAIT && option_time)
		nanosleep(&t, NULL);
	else
		sched_yield();
	return KERN_SUCCESS;
}

/* --- thread_info --------------------------------------------------------------- */

static integer_t run_state_of(char letter)
{
	switch (letter) {
	case 'R':
		return TH_STATE_RUNNING;
	case 'D':
		return TH_STATE_UNINTERRUPTIBLE;
	case 'T':
	case 't':
		return TH_STATE_STOPPED;
	case 'Z':
	case 'X':
		return TH_STATE_HALTED;
	default:
		return TH_STATE_WAITING;
	}
}

static time_value_t time_of_ticks(unsigned long long ticks, long per_second)
{
	unsigned long long rate = (unsigned long long)per_second;

	return (time_value_t){ (integer_t)(ticks / rate),
			       (integer_t)(ticks % rate * 1000000 / rate) };
}

static bool read_basic(pid_t tid, thread_basic_info_data_t *ret)
{
	const long per_second = sysconf(_SC_CLK_TCK);
	unsigned long long user, system, start;
	char path[64], line[512], letter;
	const char *end;
	FILE *f;
	bool is_good;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	is_good = fgets(line, sizeof(line), f) && (end = strrchr(line, ')')) &&
		  sscanf(end + 1,
			 " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
			 "%*d %*d %llu",
			 &letter, &user, &system, &start) == 4;
	fclose(f);
	if (!is_good)
		return false;
	struct timespec up;
	clock_gettime(CLOCK_BOOTTIME, &up);
	unsigned long long now = (unsigned long long)up.tv_sec * (unsigned long long)per_second;
	unsigned long long age = now > start ? now - start : 1;
	unsigned long long share = (user + system) * TH_USAGE_SCALE / age;
	*ret = (thread_basic_info_data_t){
		.user_time = time_of_ticks(user, per_second),
		.system_time = time_of_ticks(system, per_second),
		.cpu_usage = (integer_t)(share > TH_USAGE_SCALE ? TH_USAGE_SCALE : share),
		.policy = POLICY_TIMESHARE,
		.run_state = run_state_of(letter),
	};
	int policy = sched_getscheduler(tid);
	if (policy == SCHED_RR || policy == SCHED_FIFO)
		ret->policy = policy == SCHED_RR ? POLICY_RR : POLICY_FIFO;
	return true;
}

kern_return_t thread_info(thread_act_t target_act, thread_flavor_t flavor,
			  thread_info_t thread_info_out, mach_msg_type_number_t *thread_info_outCnt)
{
	thread_basic_info_data_t basic;
	thread_identifier_info_data_t identifier = { 0 };
	bool is_basic = flavor == THREAD_BASIC_INFO;
	mach_msg_type_number_t words =
		is_basic ? THREAD_BASIC_INFO_COUNT : THREAD_IDENTIFIER_INFO_COUNT;
	pthread_t handle;
	pid_t tid = port_thread_id(target_act, &handle);

	if (!tid || !thread_info_out || !thread_info_outCnt ||
	    (!is_basic && flavor != THREAD_IDENTIFIER_INFO) || *thread_info_outCnt < words)
		return KERN_INVALID_ARGUMENT;
	if (is_basic && !read_basic(tid, &basic))
		return KERN_INVALID_ARGUMENT;
	identifier.thread_id = (uint64_t)tid;
	identifier.thread_handle = (uint64_t)handle;
	memcpy(thread_info_out, is_basic ? (void *)&basic : (void *)&identifier,
	       words * sizeof(natural_t));
	*thread_info_outCnt = words;
	return KERN_SUCCESS;
}
