// SPDX-License-Identifier: MIT
/* porticod: arguments, signals, loop. */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/scope.h"
#include "registry/config.h"
#include "registry/grants_check.h"
#include "registry/notes.h"
#include "registry/registry.h"
#include "sandbox/sandbox.h"

enum { FOLDERS_MAX = 64, POLICIES_MAX = 16, LIMITS_OPTIONS_MAX = 64 };

enum { EXIT_RESTART = 75 }; /* to be started again */
#define NOBODY_COUNTS (~0u) /* generations */

struct options {
	const char *socket, *units, *console, *config;
	const char *limits[LIMITS_OPTIONS_MAX]; /* NAME=N */
	size_t n_limits;
	const char *policies[POLICIES_MAX + 1]; /* none: those of the environment */
	size_t n_policies;
	char *folders[FOLDERS_MAX + 1];
	size_t n_folders;
	bool default_drivers, bridge, administrator, all_users, is_private;
	int ready_fd;
	unsigned generation, heartbeat_ms, sandbox;
};

static const char usage[] =
	"usage: porticod --socket PATH [options]\n"
	"  --socket PATH         where to listen\n"
	"  --drivers FOLDER      look for driver bundles there (may be repeated)\n"
	"  --no-default-drivers  look nowhere else\n"
	"  --no-bridge           do not publish the devices of this machine\n"
	"  --private             one program's session, in a folder of its own that goes with it:\n"
	"                        entries are numbered as in every such session\n"
	"  --no-administrator    give nobody the administrator privilege\n"
	"  --system              accept clients of all users\n"
	"  --policy PATH         a folder of grant files, or one, instead of the usual ones\n"
	"                        (see portico-policy(5)); may be repeated, the last is strongest\n"
	"  --config FILE         limits, instead of the usual files (see portico.conf(5))\n"
	"  --limit NAME=N        one limit, whatever the files say (may be repeated)\n"
	"  --check-policy PATH...  say what is wrong with grant files, and end\n"
	"  --console-users FILE  who sits at the machine, instead of what logind says\n"
	"  --sandbox TIER        confine drivers as far as that: 0 (not at all), 1 or 2\n"
	"  --units FOLDER        where systemd listens for hosts that are units of their own\n"
	"  --ready-fd N          write one byte to descriptor N when ready\n"
	"  --generation N        how many registries this session has had before; otherwise\n"
	"                        what the last one has left tells\n"
	"  --heartbeat N         ask hosts every N ms whether they live (2000)\n"
	"  --foreground          stay in the foreground (it always does)\n";

/* A line on standard error; what its arguments hold does not reach a terminal as it is. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[LIMITS_WHY_MAX + PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_escape(line, strlen(line));
	fprintf(stderr, "porticod: %s\n", line);
}

/* Before anything runs, to give up is all right; to serve without what was asked for is not. */
static char *copy_or_leave(const char *text)
{
	char *copy = strdup(text);

	if (!copy) {
		say("no memory");
		exit(1);
	}
	return copy;
}

static void add_folder(struct options *o, const char *path)
{
	if (o->n_folders < FOLDERS_MAX)
		o->folders[o->n_folders++] = copy_or_leave(path);
}

static bool number_of(const char *text, unsigned *ret_number)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (!*text || *end || errno || n > INT_MAX)
		return false;
	*ret_number = (unsigned)n;
	return true;
}

/* The exit code. */
static int check_policies(char **paths)
{
	bool is_fine = *paths != NULL;

	for (; *paths; paths++)
		is_fine &= registry_grants_check(*paths, stderr);
	return is_fine ? 0 : 1;
}

static const struct option names[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "drivers", required_argument, NULL, 'd' },
	{ "no-default-drivers", no_argument, NULL, 'D' },
	{ "no-bridge", no_argument, NULL, 'B' },
	{ "private", no_argument, NULL, 'P' },
	{ "no-administrator", no_argument, NULL, 'A' },
	{ "system", no_argument, NULL, 'S' },
	{ "policy", required_argument, NULL, 'p' },
	{ "check-policy", no_argument, NULL, 'K' },
	{ "console-users", required_argument, NULL, 'c' },
	{ "config", required_argument, NULL, 'C' },
	{ "limit", required_argument, NULL, 'l' },
	{ "sandbox", required_argument, NULL, 'x' },
	{ "units", required_argument, NULL, 'u' },
	{ "ready-fd", required_argument, NULL, 'r' },
	{ "generation", required_argument, NULL, 'g' },
	{ "heartbeat", required_argument, NULL, 'b' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

/* Where the argument of option C belongs; NULL: it is no plain text. */
static const char **text_of(struct options *o, int c)
{
	switch (c) {
	case 's':
		return &o->socket;
	case 'c':
		return &o->console;
	case 'C':
		return &o->config;
	case 'u':
		return &o->units;
	default:
		return NULL;
	}
}

/* What option C turns on or off; NULL: it does neither. */
static bool *switch_of(struct options *o, int c, bool *ret_on)
{
	*ret_on = c == 'S' || c == 'P';
	switch (c) {
	case 'D':
		return &o->default_drivers;
	case 'B':
		return &o->bridge;
	case 'A':
		return &o->administrator;
	case 'P':
		return &o->is_private;
	case 'S':
		return &o->all_users;
	default:
		return NULL;
	}
}

static bool add_text(const char **list, size_t *n, size_t max, const char *option)
{
	if (*n == max) {
		say("more than %zu %s", max, option);
		return false;
	}
	list[(*n)++] = optarg;
	return true;
}

/* False: it has been said what is wrong. */
static bool set_number(struct options *o, int c)
{
	unsigned number = 0;

	if (!number_of(optarg, &number)) {
		say("\"%s\" is no number", optarg);
		return false;
	}
	/* Before it is the number of one of ours. */
	if (c == 'r' && fcntl((int)number, F_GETFD) < 0) {
		say("descriptor %u, of --ready-fd, is not open", number);
		return false;
	}
	if (c == 'r')
		o->ready_fd = (int)number;
	else
		*(c == 'x' ? &o->sandbox : c == 'g' ? &o->generation : &o->heartbeat_ms) = number;
	return true;
}

/* One option. 0: go on; else the exit code plus one. */
static int take(struct options *o, int c, char **rest)
{
	bool is_on, *it = switch_of(o, c, &is_on);
	const char **text = text_of(o, c);

	if (text)
		*text = optarg;
	else if (it)
		*it = is_on;
	else if (strchr("rgbx", c))
		return set_number(o, c) ? 0 : 3;
	else if (c == 'p')
		return add_text(o->policies, &o->n_policies, POLICIES_MAX, "--policy") ? 0 : 3;
	else if (c == 'l')
		return add_text(o->limits, &o->n_limits, LIMITS_OPTIONS_MAX, "--limit") ? 0 : 3;
	else if (c == 'd')
		add_folder(o, optarg);
	else if (c == 'K')
		return check_policies(rest) + 1;
	if (c == 'h')
		fputs(usage, stdout);
	if (c == 'v')
		puts("porticod " PORTICO_VERSION);
	return c == 'h' || c == 'v';
}

/* 0: go on; else the exit code plus one. */
static int parse(struct options *o, int argc, char **argv)
{
	int c, code = 0;

	opterr = 0;
	while (!code && (c = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (c == '?')
			say("\"%s\" is no option, or lacks its value", argv[optind - 1]);
		code = c == '?' ? 3 : take(o, c, argv + optind);
		if (c == '?')
			fputs(usage, stderr);
	}
	if (code || (o->socket && *o->socket && optind == argc && o->sandbox <= SANDBOX_SPACES))
		return code;
	fputs(usage, stderr);
	return 3;
}

/* --- places ---------------------------------------------------------------------------------- */

static bool own_folder(char *buffer, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buffer, size - 1);

	if (n <= 0)
		return false;
	buffer[n] = 0;
	char *slash = strrchr(buffer, '/');
	*slash = 0;
	return true;
}

/* In the build tree programs are beside us; an installation may have them in libexec or bin. */
static char *find_program(const char *folder, const char *name)
{
	static const char *const places[] = { "%s/%s", "%s/../bin/%s", "%s/../libexec/portico/%s" };
	char path[PATH_MAX + 64];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), places[i], folder, name);
		if (!access(path, X_OK))
			return copy_or_leave(path);
	}
	return NULL;
}

/* PORTICO_DRIVERS, the build tree, the user's, the installation's. */
static void add_default_folders(struct options *o, const char *folder)
{
	const char *list = getenv("PORTICO_DRIVERS"), *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX + 64], *copy = list ? copy_or_leave(list) : NULL;

	for (char *rest = copy, *one; rest && (one = strsep(&rest, ":"));)
		if (*one)
			add_folder(o, one);
	free(copy);
	if (!o->default_drivers)
		return;
	snprintf(path, sizeof(path), "%s/../drivers", folder);
	add_folder(o, path);
	if (data && *data)
		snprintf(path, sizeof(path), "%s/portico/drivers", data);
	else
		snprintf(path, sizeof(path), "%s/.local/share/portico/drivers", home ? home : "");
	add_folder(o, path);
	snprintf(path, sizeof(path), "%s/../lib/portico/drivers", folder);
	add_folder(o, path);
}

/* --- running ---------------------------------------------------------------------------------- */

static void stop(void *context)
{
	loop_stop(context);
}

/* The next registry finds the hosts as they are. */
static _Noreturn void restart(void *context)
{
	_exit(EXIT_RESTART);
}

static void handle_signal(void *context, int fd, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1)
		restart(context);
	stop(context);
}

static int watch_signals(struct loop *loop)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* its log: it does without */
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0 && loop_add_fd(loop, fd, EPOLLIN, handle_signal, loop))
		fd = fd_close(fd);
	return fd;
}

static void say_ready(int fd)
{
	if (fd < 0)
		return;
	ssize_t n;
	while ((n = write(fd, "", 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		log_warning("nobody waits at the ready descriptor");
	close(fd);
}

static int complain(const struct options *o, err_t err)
{
	if (err == -EADDRINUSE)
		say("another registry listens at %s (portico stop ends it)", o->socket);
	else if (err == -EEXIST)
		say("what is at %s is no socket of this user: remove it first", o->socket);
	else if (err == -ENAMETOOLONG)
		say("%s is too long for a socket (107 bytes at most)", o->socket);
	else if (err == -ENOENT)
		say("the folder of %s does not exist; create it first", o->socket);
	else if (err == -ENOSPC || err == -EDQUOT)
		say("no room for %s: free some space there first", o->socket);
	else
		say("cannot listen at %s: %s", o->socket, strerror(-err));
	return 1;
}

/* False: bad ones, and it has said so. */
static bool read_limits(const struct options *o, struct limits *ret_limits)
{
	char why[LIMITS_WHY_MAX];
	struct rlimit files;

	if (registry_config_read(o->config, o->all_users, ret_limits, why)) {
		say("%s", why);
		return false;
	}
	for (size_t i = 0; i < o->n_limits; i++) {
		if (limits_set(ret_limits, o->limits[i], why)) {
			say("--limit %s: %s", o->limits[i], why);
			return false;
		}
	}
	if (!getrlimit(RLIMIT_NOFILE, &files))
		limits_fit(ret_limits, LIMITS_DESCRIPTORS, files.rlim_cur);
	return true;
}

/* Whoever has made it removes it, too, unless it was killed. */
static void remove_folder(const char *socket)
{
	scope_free char *folder = strdup(socket);
	char *end = folder ? strrchr(folder, '/') : NULL;

	if (end) {
		*end = 0;
		rmdir(folder);
	}
}

static int serve(const struct options *o, const struct limits *limits, const char *host_program,
		 const char *bridge_program)
{
	struct registry *registry;
	struct loop *loop;

	if (loop_new(&loop)) {
		say("cannot make an event loop: %s", strerror(errno));
		return 1;
	}
	/* They are blocked by now: without the descriptor nobody could stop us. */
	int signals = watch_signals(loop);
	if (signals < 0) {
		say("cannot wait for signals: %s", strerror(errno));
		loop_free(loop);
		return 1;
	}
	struct registry_config config = {
		.socket_path = o->socket,
		.driver_paths = (const char *const *)o->folders,
		.policy_paths = o->policies[0] ? o->policies : NULL,
		.host_program = host_program,
		.bridge_program = bridge_program,
		.generation = o->generation == NOBODY_COUNTS
				    ? registry_notes_next_generation(o->socket)
				    : o->generation,
		.ids_begin_anywhere = !o->is_private,
		.limits = limits,
		.sandbox_tier = o->sandbox,
		.units_folder = o->units,
		.console_file = o->console,
		.no_administrator = !o->administrator,
		.all_users = o->all_users,
		.hosts_are_children = true,
		.heartbeat_ms = o->heartbeat_ms,
		.stop = stop,
		.restart = restart,
		.stop_context = loop,
	};
	err_t err = registry_new(loop, &config, &registry);
	if (err) {
		complain(o, err);
	} else {
		say_ready(o->ready_fd);
		loop_run(loop);
		registry_free(registry);
		if (o->is_private)
			remove_folder(o->socket);
	}
	loop_remove_fd(loop, signals);
	fd_close(signals);
	loop_free(loop);
	return err != 0;
}

int main(int argc, char **argv)
{
	const char *withheld = getenv("PORTICO_ADMINISTRATOR");
	struct options o = { .default_drivers = true,
			     .bridge = true,
			     .ready_fd = -1,
			     .generation = NOBODY_COUNTS,
			     .sandbox = sandbox_tier_of_environment() };
	char folder[PATH_MAX];

	fd_fill_standard();
	o.administrator = !withheld || strcmp(withheld, "0");
	int done = parse(&o, argc, argv);
	if (done)
		return done - 1;
	log_init("porticod", LOG_LEVEL_WARNING);
	/* Each client takes a descriptor or two: as many as we may have. */
	struct rlimit files;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	struct limits limits;
	if (!read_limits(&o, &limits))
		return 2;
	/* Nobody of the same uid may look into us or take our descriptors. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(o.all_users ? 0 : 077);
	if (!own_folder(folder, sizeof(folder))) {
		say("/proc is not mounted: cannot find my programs");
		return 1;
	}
	add_default_folders(&o, folder);
	char *host_program = find_program(folder, "portico-host");
	char *bridge_program = o.bridge ? find_program(folder, "portico-bridge") : NULL;
	if (!host_program)
		log_warning("portico-host is not installed beside porticod: no drivers will start");
	int code = serve(&o, &limits, host_program, bridge_program);
	free(host_program);
	free(bridge_program);
	for (size_t i = 0; i < o.n_folders; i++)
		free(o.folders[i]);
	/* Leak checkers look into us at the end. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return code;
}
