// SPDX-License-Identifier: MIT
#include "embed/world.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/scope.h"
#include "bridge/bridge.h"
#include "embed/paths.h"
#include "host/host.h"
#include "registry/config.h"
#include "registry/registry.h"
#include "sandbox/sandbox.h"
#include "wire/channel.h"
#include "wire/hello.h"
#include "wire/query.h"

/* For the threads of a session to end: the program exits within a second, whatever a driver does. A leak
 * checker wants to see the end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { JOIN_MS = 5000 };
#else
enum { JOIN_MS = 900 };
#endif
#define QUIET_TIMEOUT_NS (3ull * 1000 * 1000 * 1000)

/* A thread that is a provider: the bridge or a driver host. */
struct worker {
	struct list link; /* in world->workers */
	struct embed_world *world;
	pthread_t thread;
	bool has_ended; /* under world->lock */
	/* what to run */
	char *server_name; /* NULL: the bridge */
	uint64_t token;
	int socket;
};

/* The registry's end of a client's socket, until the registry's thread takes it, or of a link with a host;
 * kept afterwards so that a forked child knows what to close. */
struct arrival {
	struct list link; /* in world->arrivals */
	struct embed_world *world;
	int socket;
	ino_t inode;
	bool is_taken; /* by the registry */
};

struct embed_world {
	struct loop *loop;
	struct registry *registry;
	pthread_t thread;
	bool has_thread;
	struct embed_paths paths;
	pthread_mutex_t lock; /* guards all below */
	struct list workers, arrivals;
	bool has_failed; /* the registry's thread has ended before its time */
};

/* Threads of the session take no signals: those are the program's. */
static err_t start_thread(pthread_t *thread, void *(*run)(void *), void *context)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(thread, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

/* --- providers on threads -------------------------------------------------- */

static struct worker *worker_free(struct worker *w)
{
	list_remove(&w->link);
	fd_close(w->socket);
	free(w->server_name);
	free(w);
	return NULL;
}

static void *run_worker(void *context)
{
	struct worker *w = context;
	int socket = take_fd(&w->socket);
	err_t err;

	if (w->server_name) {
		struct host_config config = { .server_name = w->server_name,
					      .token = w->token,
					      .registry_socket = socket,
					      .in_process = true };

		err = host_run(&config);
	} else {
		struct bridge_config config = { .registry_socket = socket, .token = w->token };

		err = bridge_run(&config);
	}
	if (err && err != -EPIPE)
		log_warning("%s on a thread: %s", w->server_name ? w->server_name : "bridge",
			    strerror(-err));
	scope_lock(&w->world->lock);
	w->has_ended = true;
	return NULL;
}

/* Forget the threads that have ended. */
static void reap_workers(struct embed_world *world)
{
	scope_lock(&world->lock);
	list_for_each_safe(node, &world->workers) {
		struct worker *w = container_of(node, struct worker, link);

		if (w->has_ended && !pthread_join(w->thread, NULL))
			worker_free(w);
	}
}

/* SOCKET is taken. */
static err_t start_worker(struct embed_world *world, const char *server_name, uint64_t token,
			  int socket)
{
	struct worker *w = calloc(1, sizeof(*w));
	err_t err;

	reap_workers(world);
	if (!w) {
		fd_close(socket);
		return -ENOMEM;
	}
	list_init(&w->link);
	w->world = world;
	w->socket = socket;
	w->token = token;
	w->server_name = server_name ? strdup(server_name) : NULL;
	if (server_name && !w->server_name) {
		worker_free(w);
		return -ENOMEM;
	}
	scope_lock(&world->lock);
	err = start_thread(&w->thread, run_worker, w);
	if (err)
		worker_free(w);
	else
		list_add(&world->workers, &w->link);
	return err;
}

static err_t start_host(void *context, const char *server_name, uint64_t token, int socket)
{
	return start_worker(context, server_name, token, socket);
}

/* --- clients ---------------------------------------------------------------- */

/* On the registry's thread. */
static void take_arrivals(void *context)
{
	struct embed_world *world = context;

	for (;;) {
		int socket = -1;

		pthread_mutex_lock(&world->lock);
		list_for_each(node, &world->arrivals) {
			struct arrival *a = container_of(node, struct arrival, link);

			if (a->is_taken)
				continue;
			a->is_taken = true;
			socket = a->socket;
			break;
		}
		pthread_mutex_unlock(&world->lock);
		if (socket < 0)
			return;
		registry_add_connection(world->registry, socket);
	}
}

static struct arrival *arrival_new(int socket)
{
	struct arrival *a = calloc(1, sizeof(*a));
	struct stat s;

	if (!a || fstat(socket, &s) < 0) {
		free(a);
		return NULL;
	}
	a->socket = socket;
	a->inode = s.st_ino;
	return a;
}

/* Else a child of the program would keep the hosts alive when the program has died. */
static void note_link(void *context, int socket)
{
	struct embed_world *world = context;
	struct arrival *a = arrival_new(socket);

	if (!a)
		return;
	a->is_taken = true;
	scope_lock(&world->lock);
	list_add(&world->arrivals, &a->link);
}

static err_t add_arrival(struct embed_world *world, int socket)
{
	struct arrival *a = arrival_new(socket);
	err_t err;

	if (!a) {
		fd_close(socket);
		return -ENOMEM;
	}
	scope_lock(&world->lock);
	err = world->has_failed ? -ESHUTDOWN : loop_post(world->loop, take_arrivals, world);
	if (err) {
		fd_close(socket);
		free(a);
		return err;
	}
	list_add(&world->arrivals, &a->link);
	return 0;
}

err_t embed_world_connect(struct embed_world *world, int *ret_socket)
{
	int fds[2];
	err_t err = fd_socketpair(fds);

	if (err)
		return err;
	err = add_arrival(world, fds[0]);
	if (err)
		fd_close(fds[1]);
	else
		*ret_socket = fds[1];
	return err;
}

/* --- the session ------------------------------------------------------------ */

/* A program has closed descriptors that are not its own: who waits to be let in shall not wait for ever. */
static void turn_away(struct embed_world *world)
{
	scope_lock(&world->lock);
	world->has_failed = true;
	list_for_each(node, &world->arrivals) {
		struct arrival *a = container_of(node, struct arrival, link);

		if (!a->is_taken)
			fd_close(a->socket);
		a->is_taken = true;
	}
}

static void *run_registry(void *context)
{
	struct embed_world *world = context;
	err_t err = loop_run(world->loop);

	if (err) {
		log_error("embedded registry: %s", strerror(-err));
		turn_away(world);
	}
	return NULL;
}

static bool is_set(const char *variable)
{
	const char *value = secure_getenv(variable);

	return value && *value && strcmp(value, "0") != 0;
}

/* The machine's description follows on a thread of its own: nobody waits for it. */
static err_t start_bridge(struct embed_world *world)
{
	int fds[2];
	err_t err;

	if (is_set("PORTICO_NO_BRIDGE"))
		return 0;
	err = fd_socketpair(fds);
	if (err)
		return err;
	err = add_arrival(world, fds[0]);
	if (err)
		fd_close(fds[1]);
	else
		err = start_worker(world, NULL, 0, fds[1]);
	return err;
}

/* Drivers that are installed are there when the program asks for them, as on a Mac: the first
 * connection comes when matching has settled. The bridge is not waited for. A driver that is slow
 * to start delays nobody for longer than the limit. */
static void wait_until_quiet(struct embed_world *world)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .role = WIRE_ROLE_CLIENT,
				    .pid = (uint32_t)getpid(),
				    .name = "embedded" };
	struct wire_wait_quiet_request request = { .timeout_ns = QUIET_TIMEOUT_NS };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_hello_reply reply;
	struct wire_channel *channel;
	int32_t status;
	int socket;
	err_t err = embed_world_connect(world, &socket);

	if (!err)
		err = wire_channel_new(socket, WIRE_CONTROL_MAX, &channel);
	if (err)
		return;
	err = wire_channel_call(channel, &wire_hello_layout, &hello, NULL, 0,
				&wire_hello_reply_layout, &reply, &frame, &status);
	if (!err && !status)
		wire_channel_call(channel, &wire_wait_quiet_request_layout, &request, NULL, 0, NULL,
				  NULL, &frame, &status);
	wire_frame_fini(&frame);
	wire_channel_close(channel);
	wire_channel_unref(channel);
}

/* A program has descriptors of its own besides the session's. */
static err_t read_limits(struct limits *ret_limits)
{
	char why[LIMITS_WHY_MAX];
	struct rlimit files;
	err_t err = registry_config_read(NULL, false, ret_limits, why);

	if (err)
		log_error("%s", why);
	else if (!getrlimit(RLIMIT_NOFILE, &files))
		limits_fit(ret_limits, LIMITS_DESCRIPTORS, files.rlim_cur);
	return err;
}

/* Once, however often the program asks. */
static void say_why_not(err_t err)
{
	static _Atomic err_t said;

	if (atomic_exchange(&said, err) == err)
		return;
	log_error("no session can be embedded in this program: %s",
		  err == -ENOSYS ? "/proc is not mounted"
		  : err == -EFBIG
			  ? "its limit of file sizes (ulimit -f) leaves no room for memory files"
			  : strerror(-err));
}

err_t embed_world_new(bool had_parents, struct embed_world **ret_world)
{
	struct embed_world *world = calloc(1, sizeof(*world));
	struct registry_config config = { .start_context = world,
					  .ids_begin_anywhere = had_parents };
	struct limits limits;
	err_t err;

	if (!world)
		return -ENOMEM;
	pthread_mutex_init(&world->lock, NULL);
	list_init(&world->workers);
	list_init(&world->arrivals);
	err = embed_paths_find(&world->paths);
	if (!err)
		err = loop_new(&world->loop);
	if (!err) {
		config.driver_paths = (const char *const *)world->paths.drivers;
		config.host_program = world->paths.host_program;
		config.sandbox_tier = sandbox_tier_of_environment();
		config.has_link = note_link;
		if (is_set("PORTICO_IN_PROCESS"))
			config.start_provider = start_host;
		err = read_limits(&limits);
	}
	if (!err) {
		config.limits = &limits;
		err = registry_new(world->loop, &config, &world->registry);
	}
	if (!err)
		err = start_thread(&world->thread, run_registry, world);
	world->has_thread = !err;
	if (!err)
		wait_until_quiet(world);
	if (!err)
		err = start_bridge(world);
	if (err) {
		say_why_not(err);
		embed_world_free(world);
		return err;
	}
	*ret_world = world;
	return 0;
}

/* True when the thread has ended. A driver that does not come back must not keep a program from
 * ending. */
static bool join_in_time(pthread_t thread, uint64_t until_ns)
{
	struct timespec until;

#ifdef __SANITIZE_THREAD__ /* it does not know pthread_clockjoin_np */
	uint64_t now = loop_now_ns(), left = now < until_ns ? until_ns - now : 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(left / 1000000000) + 1;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
#else
	until = (struct timespec){ (time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000) };
	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
#endif
}

static bool join_workers(struct embed_world *world, uint64_t until_ns)
{
	bool is_done = true;

	while (!list_is_empty(&world->workers)) {
		struct worker *w = list_first(&world->workers, struct worker, link);

		if (join_in_time(w->thread, until_ns)) {
			worker_free(w);
		} else {
			log_warning("%s did not end within %d ms",
				    w->server_name ? w->server_name : "bridge", JOIN_MS);
			list_remove(&w->link);
			is_done = false;
		}
	}
	return is_done;
}

struct embed_world *embed_world_free(struct embed_world *world)
{
	uint64_t until = loop_now_ns() + JOIN_MS * 1000000ull;
	bool is_done = true;

	if (!world)
		return NULL;
	if (world->has_thread) {
		loop_stop(world->loop);
		is_done = join_in_time(world->thread, until);
	}
	/* A thread that still runs keeps what it uses. */
	if (is_done)
		registry_free(world->registry);
	is_done = join_workers(world, until) && is_done;
	if (!is_done)
		return NULL;
	loop_free(world->loop);
	list_for_each_safe(node, &world->arrivals) {
		struct arrival *a = container_of(node, struct arrival, link);

		if (!a->is_taken)
			fd_close(a->socket);
		free(a);
	}
	embed_paths_fini(&world->paths);
	pthread_mutex_destroy(&world->lock);
	free(world);
	return NULL;
}

void embed_world_abandon(struct embed_world *world)
{
	/* The lock may be held by a thread that is not in this process. The list is read as it is;
	 * a descriptor is closed only if it is still the very socket. */
	list_for_each(node, &world->arrivals) {
		struct arrival *a = container_of(node, struct arrival, link);
		struct stat s;

		if (fstat(a->socket, &s) == 0 && S_ISSOCK(s.st_mode) && s.st_ino == a->inode)
			close(a->socket);
	}
}
