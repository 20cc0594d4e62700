// SPDX-License-Identifier: MIT
/*
 * A driver's event stream through a shared data queue, read by a thread of its
 * own: notification port, mapped memory, wait, drain. The main thread stops it
 * by destroying the port. Prints the processes of this machine as they start
 * and end, and makes one of its own to have something to see.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

enum { start_method, stop_method, statistics_method };
enum {
	fork_event = 1,
	exec_event,
	exit_event,
	all_events = 1 << fork_event | 1 << exec_event | 1 << exit_event
};

struct record {
	uint32_t version, kind, pid, parent_or_status;
	uint64_t time_ns, sequence;
	char comm[16];
};

struct monitor {
	io_connect_t connect;
	mach_port_t port;
	IODataQueueMemory *queue;
	/* the thread's own until it is joined */
	uint64_t n_records, n_gaps, last_sequence;
	int n_bad;
	/* guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t child;
	int child_started, child_ended;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static void note_child(struct monitor *m, const struct record *r)
{
	pthread_mutex_lock(&m->lock);
	if (m->child && r->pid == m->child) {
		if (r->kind == exit_event)
			m->child_ended = 1;
		else
			m->child_started = 1;
		pthread_cond_signal(&m->changed);
	}
	pthread_mutex_unlock(&m->lock);
}

static void show(struct monitor *m, const struct record *r)
{
	static const char *const names[] = { "?", "fork", "exec", "exit" };
	const char *word = r->kind == exit_event ? "status" : "parent";

	if (r->version != 1 || r->kind < fork_event || r->kind > exit_event) {
		m->n_bad++;
		return;
	}
	if (m->n_records++ && r->sequence != m->last_sequence + 1)
		m->n_gaps++;
	m->last_sequence = r->sequence;
	printf("%6llu.%03llu  %-4s  pid %-7u %s %-7u ",
	       (unsigned long long)(r->time_ns / 1000000000),
	       (unsigned long long)(r->time_ns / 1000000 % 1000), names[r->kind], r->pid, word,
	       r->parent_or_status);
	for (size_t i = 0; i < sizeof(r->comm) && r->comm[i]; i++)
		putchar(r->comm[i] >= ' ' && r->comm[i] <= '~' ? r->comm[i] : '?');
	putchar('\n');
	note_child(m, r);
}

static void drain(struct monitor *m)
{
	while (IODataQueueDataAvailable(m->queue)) {
		struct record r;
		uint32_t size = sizeof(r);
		IOReturn kr = IODataQueueDequeue(m->queue, &r, &size);

		if (kr || size != sizeof(r)) {
			m->n_bad++;
			if (kr && IODataQueueDequeue(m->queue, NULL, NULL))
				return;
			continue;
		}
		show(m, &r);
	}
}

/* Ends when the main thread destroys the port. */
static void *receive_thread(void *argument)
{
	struct monitor *m = argument;

	do
		drain(m);
	while (IODataQueueWaitForAvailableData(m->queue, m->port) == kIOReturnSuccess);
	drain(m);
	return NULL;
}

static int failed(const char *what, kern_return_t kr)
{
	fprintf(stderr, "%s: 0x%08x\n", what, (unsigned)kr);
	return 0;
}

static int set_up(struct monitor *m)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	const uint64_t mask = all_events;
	io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault,
							   IOServiceMatching("ProcessMonitor"));
	kern_return_t kr;

	if (!service)
		return failed("no service of class ProcessMonitor: is its driver loaded?", 0);
	kr = IOServiceOpen(service, mach_task_self(), 0, &m->connect);
	IOObjectRelease(service);
	if (kr)
		return failed("IOServiceOpen", kr);
	m->port = IODataQueueAllocateNotificationPort();
	if (!m->port)
		return failed("IODataQueueAllocateNotificationPort", kIOReturnNoResources);
	kr = IOConnectSetNotificationPort(m->connect, 0, m->port, 0);
	if (kr)
		return failed("IOConnectSetNotificationPort", kr);
	kr = IOConnectMapMemory64(m->connect, kIODefaultMemoryType, mach_task_self(), &address,
				  &size, kIOMapAnywhere);
	if (kr)
		return failed("IOConnectMapMemory64", kr);
	m->queue = (IODataQueueMemory *)(uintptr_t)address;
	kr = IOConnectCallScalarMethod(m->connect, start_method, &mask, 1, NULL, NULL);
	return kr ? failed("start", kr) : 1;
}

/* Wait until FLAG is set or the time is over; lock held. */
static int wait_for(struct monitor *m, const int *flag, const struct timespec *until)
{
	while (!*flag && !interrupted)
		if (pthread_cond_timedwait(&m->changed, &m->lock, until) == ETIMEDOUT)
			break;
	return *flag;
}

/* A process that lives until its start was reported and whose end must be reported too. */
static int watch_a_child(struct monitor *m)
{
	int gate[2];
	struct timespec until;
	char byte = 0;
	pid_t pid;

	if (pipe(gate))
		return failed("pipe", 0);
	pthread_mutex_lock(&m->lock);
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) == 0 ? 7 : 8);
	}
	close(gate[0]);
	m->child = pid > 0 ? (uint32_t)pid : 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	if (pid > 0)
		wait_for(m, &m->child_started, &until);
	close(gate[1]);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		wait_for(m, &m->child_ended, &until);
	}
	pthread_mutex_unlock(&m->lock);
	return m->child_started && m->child_ended;
}

static void watch_for(struct monitor *m, int seconds)
{
	static const int never = 0;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&m->lock);
	wait_for(m, &never, &until);
	pthread_mutex_unlock(&m->lock);
}

static int run(int seconds)
{
	struct monitor m = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	uint64_t numbers[4] = { 0 };
	uint32_t n_numbers = 4;
	pthread_t thread;
	kern_return_t kr;
	int saw_child;

	if (!set_up(&m) || pthread_create(&thread, NULL, receive_thread, &m))
		return 1;
	saw_child = watch_a_child(&m);
	watch_for(&m, seconds);

	IOConnectCallScalarMethod(m.connect, stop_method, NULL, 0, NULL, NULL);
	kr = IOConnectCallScalarMethod(m.connect, statistics_method, NULL, 0, numbers, &n_numbers);
	mach_port_mod_refs(mach_task_self(), m.port, MACH_PORT_RIGHT_RECEIVE, -1);
	pthread_join(thread, NULL);
	IOConnectUnmapMemory64(m.connect, kIODefaultMemoryType, mach_task_self(),
			       (mach_vm_address_t)(uintptr_t)m.queue);
	IOServiceClose(m.connect);

	printf("%llu events from %s, %llu dropped by the driver, %llu gaps\n",
	       (unsigned long long)m.n_records, numbers[3] == 1 ? "the proc connector" : "/proc",
	       (unsigned long long)numbers[1], (unsigned long long)m.n_gaps);
	if (!saw_child)
		fprintf(stderr, "start and end of our own child were not both reported\n");
	if (m.n_bad)
		fprintf(stderr, "%d records were malformed\n", m.n_bad);
	return kr || !saw_child || m.n_bad || (m.n_gaps && !numbers[1]);
}

int main(int argc, char **argv)
{
	int seconds = argc == 3 && !strcmp(argv[1], "--seconds") ? atoi(argv[2])
		    : argc == 1					 ? 3
								 : -1;

	if (seconds < 0) {
		fprintf(stderr, "usage: process_monitor [--seconds N]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGINT, on_signal);
	return run(seconds);
}
