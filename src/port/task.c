// SPDX-License-Identifier: MIT
/* The task: its own ports, and what it has used. */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mach/mach_init.h>
#include <mach/mach_traps.h>
#include <mach/task.h>

#include "port/port_internal.h"

mach_port_t mach_task_self_;
mach_port_t bootstrap_port;
/* The task's own, and what task_get_special_port gives. */
static struct port *task_port, *host_port, *own_bootstrap, *special_bootstrap, *special_host;

/* Ports that stand for something but take no messages: object ports without an owner. */
mach_port_name_t port_make_pinned(uint32_t kind, void *object, struct port **ret_port)
{
	if (port_new_object(kind, object, NULL, ret_port))
		return MACH_PORT_NULL;
	return port_name_pin(*ret_port);
}

/* Early, so that other libraries' constructors find them. */
__attribute__((constructor(200))) static void make_ports(void)
{
	mach_task_self_ = port_make_pinned(PORT_KIND_TASK, NULL, &task_port);
	bootstrap_port = port_make_pinned(PORT_KIND_BOOTSTRAP, NULL, &own_bootstrap);
	port_make_pinned(PORT_KIND_HOST, NULL, &host_port);
	special_bootstrap = own_bootstrap;
	special_host = host_port;
}

mach_port_t(mach_task_self)(void)
{
	return mach_task_self_;
}

mach_port_t mach_host_self(void)
{
	mach_port_name_t name;

	return port_make_send(host_port, &name) ? MACH_PORT_NULL : name;
}

bool port_is_kind(mach_port_name_t name, uint32_t kind)
{
	port_lock();
	const struct port_name *n = port_name_find_locked(name);
	bool is_kind =
		n && n->type & MACH_PORT_TYPE_SEND && n->port->kind == kind && !n->port->dead;
	port_unlock();
	return is_kind;
}

/* --- special ports ------------------------------------------------------------- */

static struct port **find_special(int which)
{
	switch (which) {
	case TASK_KERNEL_PORT:
	case TASK_NAME_PORT:
		return &task_port;
	case TASK_HOST_PORT:
		return &special_host;
	case TASK_BOOTSTRAP_PORT:
		return &special_bootstrap;
	default:
		return NULL;
	}
}

kern_return_t task_get_special_port(task_t task, int which_port, mach_port_t *special_port)
{
	struct port **slot = find_special(which_port);
	mach_port_name_t name = MACH_PORT_NULL;

	if (task != mach_task_self_ || !slot || !special_port)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	err_t err = 0;
	if (*slot && (*slot)->dead)
		name = MACH_PORT_DEAD;
	else if (*slot)
		err = port_add_send_uref_locked(*slot, &name);
	port_unlock();
	if (err)
		return KERN_RESOURCE_SHORTAGE;
	*special_port = name;
	return KERN_SUCCESS;
}

kern_return_t task_set_special_port(task_t task, int which_port, mach_port_t special_port)
{
	struct port **slot = find_special(which_port);
	struct port_right right = { 0 }, old = { .type = MACH_MSG_TYPE_MOVE_SEND };
	kern_return_t result = KERN_SUCCESS;

	if (task != mach_task_self_ || !slot || slot == &task_port)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	if (MACH_PORT_VALID(special_port))
		result = port_right_copyin_locked(special_port, MACH_MSG_TYPE_MOVE_SEND, &right);
	if (!result) {
		old.port = *slot;
		*slot = right.port;
		/* The task's own never go. */
		if (old.port && old.port != own_bootstrap && old.port != host_port)
			port_right_release_locked(&old);
	}
	port_unlock();
	return result ? KERN_INVALID_CAPABILITY : KERN_SUCCESS;
}

/* --- processes ----------------------------------------------------------------- */

kern_return_t task_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *t)
{
	if (target_tport != mach_task_self_ || !t)
		return KERN_INVALID_ARGUMENT;
	*t = MACH_PORT_NULL;
	if (pid != getpid() || port_make_send(task_port, t))
		return KERN_FAILURE;
	return KERN_SUCCESS;
}

kern_return_t task_name_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *tn)
{
	return task_for_pid(target_tport, pid, tn);
}

kern_return_t pid_for_task(mach_port_name_t t, int *x)
{
	if (!x)
		return KERN_INVALID_ARGUMENT;
	*x = t == mach_task_self_ ? getpid() : -1;
	return *x < 0 ? KERN_FAILURE : KERN_SUCCESS;
}

mach_port_name_t mach_reply_port(void)
{
	mach_port_name_t name = MACH_PORT_NULL;

	mach_port_allocate(mach_task_self_, MACH_PORT_RIGHT_RECEIVE, &name);
	return name;
}

/* --- task_info ----------------------------------------------------------------- */

struct usage {
	uint64_t size, resident, most_resident; /* bytes */
	uint64_t user_ns, system_ns;		/* of the process */
	uint64_t live_user_ns, live_system_ns;	/* of the threads it has now */
};

/* One thread's times, by its line in /proc. */
static void add_thread(struct usage *u, const char *tid)
{
	const uint64_t tick_ns = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	unsigned long long user = 0, system = 0;
	char path[64], line[512];
	const char *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f) && (end = strrchr(line, ')')) &&
	    sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
		   &system) == 2) {
		u->live_user_ns += user * tick_ns;
		u->live_system_ns += system * tick_ns;
	}
	fclose(f);
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_usec * 1000;
}

static void read_usage(struct usage *ret)
{
	unsigned long long size = 0, resident = 0;
	struct rusage r = { 0 };
	FILE *f = fopen("/proc/self/statm", "re");

	*ret = (struct usage){ 0 };
	if (f && fscanf(f, "%llu %llu", &size, &resident) == 2) {
		ret->size = size * vm_page_size;
		ret->resident = resident * vm_page_size;
	}
	if (f)
		fclose(f);
	DIR *threads = opendir("/proc/self/task");
	for (struct dirent *e; threads && (e = readdir(threads));)
		if (e->d_name[0] != '.')
			add_thread(ret, e->d_name);
	if (threads)
		closedir(threads);
	getrusage(RUSAGE_SELF, &r);
	ret->most_resident = (uint64_t)r.ru_maxrss * 1024;
	if (ret->most_resident < ret->resident)
		ret->most_resident = ret->resident;
	ret->user_ns = ns_of(r.ru_utime);
	ret->system_ns = ns_of(r.ru_stime);
}

static time_value_t time_of(uint64_t ns)
{
	return (time_value_t){ (integer_t)(ns / NSEC_PER_SEC),
			       (integer_t)(ns % NSEC_PER_SEC / 1000) };
}

/* What the threads that have ended used; the parts come from clocks of different precision. */
static uint64_t past(uint64_t total, uint64_t live)
{
	return total > live ? total - live : 0;
}

static policy_t policy_of_process(void)
{
	switch (sched_getscheduler(0)) {
	case SCHED_RR:
		return POLICY_RR;
	case SCHED_FIFO:
		return POLICY_FIFO;
	default:
		return POLICY_TIMESHARE;
	}
}

union task_answer {
	task_basic_info_32_data_t basic_32;
	task_basic_info_64_data_t basic_64;
	mach_task_basic_info_data_t basic;
	task_thread_times_info_data_t times;
	task_absolutetime_info_data_t absolute;
	security_token_t security;
	audit_token_t audit;
};

/* The words of the answer, 0: an unknown flavor. */
static size_t fill(task_flavor_t flavor, const struct usage *u, union task_answer *a)
{
	time_value_t user = time_of(past(u->user_ns, u->live_user_ns));
	time_value_t system = time_of(past(u->system_ns, u->live_system_ns));
	policy_t policy = policy_of_process();

	switch (flavor) {
	case TASK_BASIC_INFO_32:
		a->basic_32 = (task_basic_info_32_data_t){
			0, (natural_t)u->size, (natural_t)u->resident, user, system, policy
		};
		return TASK_BASIC_INFO_32_COUNT;
	case TASK_BASIC_INFO_64:
		a->basic_64 = (task_basic_info_64_data_t){ 0,	 u->size, u->resident,
							   user, system,  policy };
		return TASK_BASIC_INFO_64_COUNT;
	case MACH_TASK_BASIC_INFO:
		a->basic = (mach_task_basic_info_data_t){ u->size, u->resident, u->most_resident,
							  user,	   system,	policy,
							  0 };
		return MACH_TASK_BASIC_INFO_COUNT;
	case TASK_THREAD_TIMES_INFO:
		a->times = (task_thread_times_info_data_t){ time_of(u->live_user_ns),
							    time_of(u->live_system_ns) };
		return TASK_THREAD_TIMES_INFO_COUNT;
	case TASK_ABSOLUTETIME_INFO:
		a->absolute = (task_absolutetime_info_data_t){ u->user_ns, u->system_ns,
							       u->live_user_ns, u->live_system_ns };
		return TASK_ABSOLUTETIME_INFO_COUNT;
	case TASK_SECURITY_TOKEN:
		a->security = (security_token_t){ { geteuid(), getegid() } };
		return TASK_SECURITY_TOKEN_COUNT;
	case TASK_AUDIT_TOKEN:
		a->audit = (audit_token_t){ { getuid(), geteuid(), getegid(), getuid(), getgid(),
					      (unsigned)getpid(), 0, 0 } };
		return TASK_AUDIT_TOKEN_COUNT;
	default:
		return 0;
	}
}

kern_return_t task_info(task_name_t target_task, task_flavor_t flavor, task_info_t task_info_out,
			mach_msg_type_number_t *task_info_outCnt)
{
	union task_answer a;
	struct usage u;

	if (target_task != mach_task_self_ || !task_info_out || !task_info_outCnt)
		return KERN_INVALID_ARGUMENT;
	read_usage(&u);
	size_t words = fill(flavor, &u, &a);
	if (!words || *task_info_outCnt < words)
		return KERN_INVALID_ARGUMENT;
	memcpy(task_info_out, &a, words * sizeof(natural_t));
	*task_info_outCnt = (mach_msg_type_number_t)words;
	return KERN_SUCCESS;
}
