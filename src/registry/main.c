// SPDX-License-Identifier: MIT
/* porticod: arguments, signals, loop. */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
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
#include "registry/registry.h"

enum { FOLDERS_MAX = 64 };

struct options {
	const char *socket, *console;
	const char *policies[2]; /* NULL: those of the environment */
	char *folders[FOLDERS_MAX + 1];
	size_t n_folders;
	bool default_drivers, bridge, administrator, all_users;
	int ready_fd;
	unsigned generation;
};

static const char usage[] =
	"usage: porticod --socket PATH [options]\n"
	"  --socket PATH         where to listen\n"
	"  --drivers FOLDER      look for driver bundles there (may be repeated)\n"
	"  --no-default-drivers  look nowhere else\n"
	"  --no-bridge           do not publish the devices of this machine\n"
	"  --no-administrator    give nobody the administrator privilege\n"
	"  --system              accept clients of all users\n"
	"  --policy FILE         who holds which entitlements (see portico-policy(5))\n"
	"  --console-users FILE  who sits at the machine, instead of what logind says\n"
	"  --ready-fd N          write one byte to descriptor N when ready\n"
	"  --generation N        how many registries this session has had before\n"
	"  --foreground          stay in the foreground (it always does)\n";

static void add_folder(struct options *o, const char *path)
{
	if (o->n_folders < FOLDERS_MAX && (o->folders[o->n_folders] = strdup(path)))
		o->n_folders++;
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

/* 0: go on; else the exit code plus one. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "drivers", required_argument, NULL, 'd' },
		{ "no-default-drivers", no_argument, NULL, 'D' },
		{ "no-bridge", no_argument, NULL, 'B' },
		{ "no-administrator", no_argument, NULL, 'A' },
		{ "system", no_argument, NULL, 'S' },
		{ "policy", required_argument, NULL, 'p' },
		{ "console-users", required_argument, NULL, 'c' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "generation", required_argument, NULL, 'g' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned number = 0;
	int c;

	while ((c = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if ((c == 'r' || c == 'g') && !number_of(optarg, &number)) {
			fprintf(stderr, "porticod: \"%s\" is no number\n", optarg);
			return 3;
		}
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'd':
			add_folder(o, optarg);
			break;
		case 'D':
			o->default_drivers = false;
			break;
		case 'B':
			o->bridge = false;
			break;
		case 'A':
			o->administrator = false;
			break;
		case 'S':
			o->all_users = true;
			break;
		case 'p':
			o->policies[0] = optarg;
			break;
		case 'c':
			o->console = optarg;
			break;
		case 'r':
			o->ready_fd = (int)number;
			break;
		case 'g':
			o->generation = number;
			break;
		case 'f':
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case 'v':
			puts("porticod " PORTICO_VERSION);
			return 1;
		default:
			fputs(usage, stderr);
			return 3;
		}
	}
	if (!o->socket || optind < argc) {
		fputs(usage, stderr);
		return 3;
	}
	return 0;
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
			return strdup(path);
	}
	return NULL;
}

/* PORTICO_DRIVERS, the build tree, the user's, the installation's. */
static void add_default_folders(struct options *o, const char *folder)
{
	const char *list = getenv("PORTICO_DRIVERS"), *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX + 64], *copy = list ? strdup(list) : NULL;

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

static void handle_signal(void *context, int fd, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) == sizeof(info))
		loop_stop(context);
}

static int watch_signals(struct loop *loop)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0 && loop_add_fd(loop, fd, EPOLLIN, handle_signal, loop))
		fd = fd_close(fd);
	return fd;
}

static void stop(void *context)
{
	loop_stop(context);
}

static void say_ready(int fd)
{
	if (fd < 0)
		return;
	if (write(fd, "", 1) != 1)
		log_warning("nobody waits at the ready descriptor");
	close(fd);
}

static int complain(const struct options *o, err_t err)
{
	if (err == -EADDRINUSE)
		fprintf(stderr, "porticod: another registry listens at %s (portico stop ends it)\n",
			o->socket);
	else if (err == -ENAMETOOLONG)
		fprintf(stderr, "porticod: %s is too long for a socket (107 bytes at most)\n",
			o->socket);
	else if (err == -ENOENT)
		fprintf(stderr, "porticod: the folder of %s does not exist; create it first\n",
			o->socket);
	else if (err == -ENOSPC || err == -EDQUOT)
		fprintf(stderr, "porticod: no room for %s: free some space there first\n",
			o->socket);
	else
		fprintf(stderr, "porticod: cannot listen at %s: %s\n", o->socket, strerror(-err));
	return 1;
}

static int serve(const struct options *o, const char *host_program, const char *bridge_program)
{
	struct registry *registry;
	struct loop *loop;

	if (loop_new(&loop)) {
		fprintf(stderr, "porticod: cannot make an event loop: %s\n", strerror(errno));
		return 1;
	}
	int signals = watch_signals(loop);
	struct registry_config config = {
		.socket_path = o->socket,
		.driver_paths = (const char *const *)o->folders,
		.policy_paths = o->policies[0] ? o->policies : NULL,
		.host_program = host_program,
		.bridge_program = bridge_program,
		.generation = o->generation,
		.console_file = o->console,
		.no_administrator = !o->administrator,
		.all_users = o->all_users,
		.hosts_are_children = true,
		.stop = stop,
		.stop_context = loop,
	};
	err_t err = registry_new(loop, &config, &registry);
	if (err) {
		complain(o, err);
	} else {
		say_ready(o->ready_fd);
		loop_run(loop);
		registry_free(registry);
	}
	if (signals >= 0)
		loop_remove_fd(loop, signals);
	fd_close(signals);
	loop_free(loop);
	return err != 0;
}

int main(int argc, char **argv)
{
	const char *withheld = getenv("PORTICO_ADMINISTRATOR");
	struct options o = { .default_drivers = true, .bridge = true, .ready_fd = -1 };
	char folder[PATH_MAX];

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
	/* Nobody of the same uid may look into us or take our descriptors. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(o.all_users ? 0 : 077);
	if (!own_folder(folder, sizeof(folder))) {
		fprintf(stderr, "porticod: /proc is not mounted: cannot find my programs\n");
		return 1;
	}
	add_default_folders(&o, folder);
	char *host_program = find_program(folder, "portico-host");
	char *bridge_program = o.bridge ? find_program(folder, "portico-bridge") : NULL;
	if (!host_program)
		log_warning("portico-host is not installed beside porticod: no drivers will start");
	int code = serve(&o, host_program, bridge_program);
	free(host_program);
	free(bridge_program);
	for (size_t i = 0; i < o.n_folders; i++)
		free(o.folders[i]);
	/* Leak checkers look into us at the end. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return code;
}
