/* SPDX-License-Identifier: MIT */
#include "tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 4096, TURN_NS = 20 * 1000 * 1000 };

struct thread {
	pid_t tid, process;
	bool is_new;	/* the stop that it starts with is still to come */
	bool is_inside; /* a system call */
};

/* In the tracer's process. */
static struct thread threads[THREADS_MAX];
static size_t n_threads;
static struct kill_tracer *own;
static sigset_t news; /* SIGCHLD and SIGUSR1: a stop, a wish */
static pid_t victim;  /* the process whose calls are counted; 0: none */
static int victim_kind;

static struct thread *find(pid_t tid)
{
	for (size_t i = 0; i < n_threads; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	return NULL;
}

static pid_t process_of(pid_t tid)
{
	char path[64], line[128];
	int process = tid;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "Tgid: %d", &process) != 1)
		;
	if (file)
		fclose(file);
	return process;
}

static struct thread *need(pid_t tid)
{
	struct thread *t = find(tid);

	if (t)
		return t;
	if (n_threads == THREADS_MAX)
		kill_give_up("too many threads are traced");
	t = &threads[n_threads++];
	*t = (struct thread){ .tid = tid, .process = process_of(tid), .is_new = true };
	return t;
}

static void forget(pid_t tid)
{
	struct thread *t = find(tid);

	if (t)
		*t = threads[--n_threads];
	if (tid == victim)
		victim = 0;
}

static void go_on(const struct thread *t, int signal)
{
	enum __ptrace_request how = t->process == victim ? PTRACE_SYSCALL : PTRACE_CONT;

	ptrace(how, t->tid, NULL, (void *)(intptr_t)signal);
}

/* --- stops ---------------------------------------------------------------------------- */

/* A program begins: is it the one that is to die? */
static void handle_exec(struct thread *t)
{
	int wanted = atomic_load(&own->victim);
	bool is_registry = t->process == own->session->registry;

	t->is_inside = true; /* in execve, which returns */
	if (victim || (wanted != KILL_HOST && wanted != KILL_REGISTRY) ||
	    is_registry != (wanted == KILL_REGISTRY))
		return;
	victim = t->process;
	victim_kind = wanted;
	atomic_store(&own->seen, 0);
}

static void handle_call(struct thread *t)
{
	t->is_inside = !t->is_inside;
	if (!t->is_inside || t->process != victim)
		return;
	if (atomic_load(&own->victim) != victim_kind) {
		victim = 0; /* somebody else is aimed at now */
		return;
	}
	if (atomic_fetch_add(&own->seen, 1) + 1 < atomic_load(&own->target))
		return;
	kill_send(victim, SIGKILL);
	victim = 0;
	atomic_store(&own->victim, KILL_NOBODY);
}

static void handle_stop(pid_t tid, int status)
{
	struct thread *t = need(tid);
	int signal = WSTOPSIG(status), event = status >> 16, pass = 0;

	if (event == PTRACE_EVENT_EXEC)
		handle_exec(t);
	else if (event)
		; /* a child or a thread: it comes by itself */
	else if (signal == (SIGTRAP | 0x80))
		handle_call(t);
	else if (signal == SIGSTOP && t->is_new)
		t->is_new = false;
	else
		pass = signal;
	go_on(t, pass);
}

static void handle_waiting(void)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (WIFSTOPPED(status))
			handle_stop(tid, status);
		else
			forget(tid);
	}
}

/* --- the tracer's process ----------------------------------------------------------------- */

/* The leak check is a tracer, too, and there can be one only. */
static void check_no_leaks(void)
{
	const char *old = getenv("ASAN_OPTIONS");
	char options[4096];

	if (!old)
		return;
	snprintf(options, sizeof(options), "%s:detect_leaks=0", old);
	setenv("ASAN_OPTIONS", options, 1);
}

static void allow_tracing(void)
{
	check_no_leaks();
	sigprocmask(SIG_UNBLOCK, &news, NULL);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(126);
	raise(SIGSTOP);
}

static void start(void)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
		       PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;

	kill_session_start(own->session, allow_tracing);
	pid_t pid = own->session->registry;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options)) {
		atomic_store(&own->refused, true);
	} else {
		need(pid)->is_new = false;
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	atomic_store(&own->start, false);
}

static _Noreturn void trace(void)
{
	struct timespec turn = { .tv_nsec = TURN_NS };

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&own->ending)) {
		handle_waiting();
		if (atomic_load(&own->start))
			start();
		sigtimedwait(&news, NULL, &turn);
	}
	/* PTRACE_O_EXITKILL takes all of them along. */
	_exit(0);
}

/* --- who aims ------------------------------------------------------------------------------- */

struct kill_tracer *kill_tracer_new(unsigned pool)
{
	size_t size = sizeof(*own) + sizeof(*own->session);

	own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED)
		kill_give_up("no memory");
	own->session = (struct kill_session *)(own + 1);
	kill_session_make(own->session, pool);
	fflush(stdout);
	sigemptyset(&news);
	sigaddset(&news, SIGCHLD);
	sigaddset(&news, SIGUSR1);
	sigprocmask(SIG_BLOCK, &news, NULL);
	pid_t pid = fork();
	if (pid == 0)
		trace();
	sigprocmask(SIG_UNBLOCK, &news, NULL);
	own->pid = pid;
	return own;
}

void kill_tracer_aim(struct kill_tracer *tracer, enum kill_victim who, uint64_t target)
{
	/* Who is aimed at already must not take the next one's number for its own. */
	atomic_store(&tracer->victim, KILL_NOBODY);
	atomic_store(&tracer->seen, 0);
	atomic_store(&tracer->target, target);
	atomic_store(&tracer->victim, who);
}

void kill_tracer_start_registry(struct kill_tracer *tracer)
{
	atomic_store(&tracer->start, true);
	kill_send(tracer->pid, SIGUSR1);
	while (atomic_load(&tracer->start))
		kill_sleep_ns(100000);
}

void kill_tracer_end(struct kill_tracer *tracer)
{
	/* Its processes die with it, at once: leak checkers cannot look into what is traced. */
	atomic_store(&tracer->ending, true);
	kill_send(tracer->pid, SIGUSR1);
	while (waitpid(tracer->pid, NULL, 0) < 0 && errno == EINTR)
		;
	kill_session_remove(tracer->session);
	munmap(tracer, sizeof(*tracer) + sizeof(*tracer->session));
}
