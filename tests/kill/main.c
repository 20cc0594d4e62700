/* SPDX-License-Identifier: MIT */
/* portico-kill: options, campaigns one after the other, the closing lines. */
#include "kill.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"usage: portico-kill [options]\n"
	"Kills driver hosts, clients and registries under load, and measures what the others see.\n"
	"  --hosts N        kill so many driver hosts\n"
	"  --clients N      kill so many clients\n"
	"  --registries N   kill so many registries\n"
	"  --cycles N       open, map, unmap and close so many times\n"
	"  --step N         kill at every Nth system call (0: not at all)\n"
	"  --pool N         driver hosts at once (4)\n"
	"  --seconds S      end after so many seconds, with what has been reached\n"
	"  --state FILE     carry the figures on from run to run, until all is done\n"
	"  --seed N         the random numbers (printed)\n"
	"  --loose          show times, but do not judge them\n"
	"  --short          a few seconds of everything\n"
	"The exit status is 0 when nothing was violated, and 3 when time ran out before all was "
	"done.\n";

#define HANG_NS (60ull * 1000 * 1000 * 1000)

struct kill_options kill_options = { .pool = 4 };
static atomic_bool *violated; /* shared with the campaigns' processes */
static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *format, va_list arguments)
{
	pthread_mutex_lock(&print_lock);
	fputs("VIOLATION ", stdout);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	pthread_mutex_unlock(&print_lock);
	atomic_store(violated, true);
}

void kill_violation(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void kill_give_up(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	_exit(1);
}

bool kill_is_violated(void)
{
	return atomic_load(violated);
}

/* --- time and chance ---------------------------------------------------------------- */

uint64_t kill_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void kill_sleep_ns(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

int kill_send(pid_t pid, int signal)
{
	/* 0 and below name groups of processes, ours among them. */
	if (pid <= 0)
		kill_give_up("a signal for process %d", (int)pid);
	return kill(pid, signal);
}

void kill_random_init(struct kill_random *random, uint64_t stream)
{
	random->state = kill_options.seed * 0x9e3779b97f4a7c15u + stream;
	kill_random_below(random, 2);
}

uint64_t kill_random_below(struct kill_random *random, uint64_t bound)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return bound ? z % bound : z;
}

uint64_t kill_random_between(struct kill_random *random, uint64_t least, uint64_t most)
{
	uint64_t top = least;

	/* A power of two times LEAST, then anything up to it. */
	for (uint64_t n = kill_random_below(random, 64); n && top < most; n /= 2)
		top *= 4;
	if (top > most)
		top = most;
	return least + kill_random_below(random, top - least + 1);
}

/* --- campaigns ------------------------------------------------------------------------ */

/* Each gets its share of the time that is left, in percent of that. */
static const struct campaign {
	const char *name, *answers_name;
	void (*run)(struct kill_figures *figures, uint64_t until_ns);
	unsigned percent;
} campaigns[] = {
	{ "hosts", "calls answered after the kill", kill_hosts, 50 },
	{ "clients", "waited for after the kill", kill_clients, 50 },
	{ "registries", "complete after the kill", kill_registries, 60 },
	{ "cycles", "one cycle", kill_cycles, 40 },
	{ "boundaries", "settled after the kill", kill_boundaries, 100 },
};
enum { CAMPAIGNS = sizeof(campaigns) / sizeof(campaigns[0]) };

/* Campaigns run in processes of their own: each has a new session, and a library that knows no other. */
static struct kill_figures *figures;

static uint64_t count_events(struct kill_figures *f)
{
	uint64_t n = atomic_load(&f->kills);

	for (int i = 0; i < KILL_STATUSES; i++)
		n += atomic_load(&f->statuses[i]);
	return n;
}

/* Where nothing happens for a long time something hangs. */
static void await(pid_t pid, struct kill_figures *f, int *ret_status)
{
	uint64_t last = 0, last_ns = kill_now_ns();

	while (waitpid(pid, ret_status, WNOHANG) == 0) {
		uint64_t n = count_events(f), now = kill_now_ns();

		if (n != last) {
			last = n;
			last_ns = now;
		} else if (now - last_ns > HANG_NS) {
			kill_violation("%s: nothing has happened for %llu s", f->name,
				       HANG_NS / 1000000000);
			kill_send(pid, SIGKILL);
			last_ns = now;
		}
		kill_sleep_ns(5000000);
	}
}

static void run_one(int i, uint64_t until_ns)
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		/* Hosts whose registry was killed come to us. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		campaigns[i].run(&figures[i], until_ns);
		fflush(stdout);
		_exit(0);
	}
	await(pid, &figures[i], &status);
	if (!WIFEXITED(status))
		kill_violation("%s: the campaign itself was ended by signal %d", campaigns[i].name,
			       WTERMSIG(status));
	else if (WEXITSTATUS(status))
		kill_violation("%s: the campaign itself ended with status %d", campaigns[i].name,
			       WEXITSTATUS(status));
}

static void run_all(uint64_t end_ns)
{
	for (int i = 0; i < CAMPAIGNS; i++) {
		uint64_t now = kill_now_ns(), until = UINT64_MAX;

		if (!figures[i].wanted)
			continue;
		if (atomic_load(&figures[i].kills) >= figures[i].wanted) {
			kill_figures_print(&figures[i]); /* of earlier runs */
			continue;
		}
		if (end_ns)
			until = now +
				(end_ns > now ? end_ns - now : 0) * campaigns[i].percent / 100;
		run_one(i, until);
		atomic_fetch_add(&figures[i].spent_ns, kill_now_ns() - now);
		kill_figures_print(&figures[i]);
	}
}

/* Half of the calls may be slower than the median, one in a hundred than this. */
static void judge(struct kill_figures *f)
{
	if (kill_options.loose || !atomic_load(&f->answers.count))
		return;
	if (atomic_load(&f->answers.over))
		kill_violation("%s: %llu answers came late", f->name,
			       (unsigned long long)atomic_load(&f->answers.over));
	if (f == &figures[0] && kill_times_quantile(&f->answers, 0.99) > KILL_ANSWER_P99_NS)
		kill_violation("hosts: one answer in a hundred comes after more than %llu ms",
			       KILL_ANSWER_P99_NS / 1000000);
	if (atomic_load(&f->returns.over))
		kill_violation("%s: %llu times it served again late", f->name,
			       (unsigned long long)atomic_load(&f->returns.over));
}

static int finish(void)
{
	bool done = true;

	for (int i = 0; i < CAMPAIGNS; i++) {
		judge(&figures[i]);
		if (atomic_load(&figures[i].statuses[KILL_OTHER]))
			kill_violation(
				"%s: %llu answers are not of the documented set", figures[i].name,
				(unsigned long long)atomic_load(&figures[i].statuses[KILL_OTHER]));
		done = done && atomic_load(&figures[i].kills) >= figures[i].wanted;
	}
	/* Boundaries begin anew each time. */
	if (atomic_load(&figures[CAMPAIGNS - 1].kills) < figures[CAMPAIGNS - 1].wanted)
		atomic_store(&figures[CAMPAIGNS - 1].kills, 0);
	if (kill_options.state && done) {
		unlink(kill_options.state); /* the next run begins anew */
	} else if (kill_options.state) {
		struct kill_figures *all[CAMPAIGNS + 1] = { NULL };

		for (int i = 0; i < CAMPAIGNS; i++)
			all[i] = &figures[i];
		kill_figures_save(all, kill_options.state);
	}
	if (!done)
		printf("time ran out before all was done%s\n",
		       kill_options.state ? "; the next run goes on from here" : "");
	puts(kill_is_violated() ? "FAILED" : "nothing was violated");
	return kill_is_violated() ? 1 : done ? 0 : 3;
}

/* --- options -------------------------------------------------------------------------------- */

static uint64_t number(const char *text)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno) {
		fprintf(stderr, "portico-kill: \"%s\" is no number\n", text);
		exit(2);
	}
	return n;
}

static void shorten(void)
{
	kill_options.hosts = kill_options.clients = 100;
	kill_options.registries = 10;
	kill_options.cycles = 2000;
	kill_options.step = 211;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = {
		{ "hosts", required_argument, NULL, 'h' },
		{ "clients", required_argument, NULL, 'c' },
		{ "registries", required_argument, NULL, 'r' },
		{ "cycles", required_argument, NULL, 'y' },
		{ "step", required_argument, NULL, 'b' },
		{ "pool", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "state", required_argument, NULL, 'f' },
		{ "loose", no_argument, NULL, 'l' },
		{ "short", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	struct {
		int option;
		uint64_t *number;
	} numbers[] = {
		{ 'h', &kill_options.hosts },	   { 'c', &kill_options.clients },
		{ 'r', &kill_options.registries }, { 'y', &kill_options.cycles },
		{ 'b', &kill_options.step },	   { 's', &kill_options.seed },
	};
	int c;

	kill_options.seed = kill_now_ns();
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			if (numbers[i].option == c)
				*numbers[i].number = number(optarg);
		if (c == 'p')
			kill_options.pool = (unsigned)number(optarg);
		else if (c == 't')
			kill_options.seconds = (unsigned)number(optarg);
		else if (c == 'f')
			kill_options.state = optarg;
		else if (c == 'l')
			kill_options.loose = true;
		else if (c == 'S')
			shorten();
		else if (c == 'H' || c == '?') {
			fputs(usage, c == 'H' ? stdout : stderr);
			exit(c == 'H' ? 0 : 2);
		}
	}
	if (!kill_options.pool || kill_options.pool > 100 || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void *share(size_t size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED) {
		fprintf(stderr, "portico-kill: no memory\n");
		exit(1);
	}
	return base;
}

int main(int argc, char **argv)
{
	struct kill_figures *all[CAMPAIGNS + 1] = { NULL };
	struct rlimit files;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	violated = share(sizeof(*violated));
	figures = share(CAMPAIGNS * sizeof(*figures));
	for (int i = 0; i < CAMPAIGNS; i++) {
		figures[i].name = campaigns[i].name;
		figures[i].answers_name = campaigns[i].answers_name;
		all[i] = &figures[i];
	}
	if (kill_options.state && !kill_figures_load(all, kill_options.state))
		printf("%s: nothing to go on from\n", kill_options.state);
	figures[0].wanted = kill_options.hosts;
	figures[1].wanted = kill_options.clients;
	figures[2].wanted = kill_options.registries;
	figures[3].wanted = kill_options.cycles;
	figures[4].wanted = kill_options.step != 0;
	printf("seed %llu\n", (unsigned long long)kill_options.seed);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	run_all(kill_options.seconds ? kill_now_ns() + kill_options.seconds * 1000000000ull : 0);
	return finish();
}
