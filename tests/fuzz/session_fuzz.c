// SPDX-License-Identifier: MIT
/*
 * A whole session in one process: a registry, a driver host, a program that uses the library and a
 * second client that writes its own messages. Each record is one thing that happens; among them the host
 * is killed, the registry starts anew, a client goes without a word, the program forks. Every call ends,
 * and when all have gone nothing is left of the session: no object, no port name, no descriptor, no
 * user client that was not closed.
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit.h"
#include "base/fd.h"
#include "base/loop.h"
#include "client/session.h"
#include "client_calls.h"
#include "host/host.h"
#include "peer.h"
#include "port/port.h"
#include "registry/registry.h"
#include "wire/hello.h"

enum { HOSTS_MAX = 6, ROUNDS = 24 };

/* What happens besides the program's calls. */
enum {
	MESSAGE = FUZZ_CLIENT_CALLS, /* of the second client */
	KILL_HOST,
	KILL_PROGRAM,
	KILL_CLIENT,
	RESTART,
	FORK,
	EVENTS,
};

const struct fuzz_shape fuzz_shape = {
	.n_kinds = 96,
	.n_who = EVENTS,
	.data_max = 512,
	.name = fuzz_message_name,
	.change = fuzz_change_message,
};

struct host_thread {
	pthread_t thread;
	char name[128];
	uint64_t token;
	int socket, killer; /* its end, and the registry's, to be shut down */
};

static struct world {
	struct loop *loop;
	struct registry *registry;
	pthread_t thread;
	unsigned generation;
	struct host_thread hosts[HOSTS_MAX];
	size_t n_hosts;
	struct fuzz_peer second;
	struct wire_frame frame;
	struct fuzz_kept kept;
	bool has_forked;
	pid_t pid;
} w;

/* --- the host ----------------------------------------------------------------------------- */

static void *run_host(void *context)
{
	struct host_thread *host = context;
	struct host_config config = {
		.server_name = host->name,
		.token = host->token,
		.registry_socket = host->socket,
		.in_process = true,
	};

	host_run(&config);
	return NULL;
}

/* On the registry's thread. */
static err_t start_provider(void *context, const char *server_name, uint64_t token, int socket)
{
	struct host_thread *host = &w.hosts[w.n_hosts];

	if (w.n_hosts == HOSTS_MAX || fd_dup(socket, &host->killer)) {
		fd_close(socket);
		return -EAGAIN;
	}
	snprintf(host->name, sizeof(host->name), "%s", server_name);
	host->token = token;
	host->socket = socket;
	if (pthread_create(&host->thread, NULL, run_host, host)) {
		host->killer = fd_close(host->killer);
		fd_close(socket);
		return -EAGAIN;
	}
	w.n_hosts++;
	return 0;
}

static void kill_hosts(void)
{
	for (size_t i = 0; i < w.n_hosts; i++)
		shutdown(w.hosts[i].killer, SHUT_RDWR);
}

/* --- the registry ------------------------------------------------------------------------------ */

static void *run_registry(void *context)
{
	loop_run(w.loop);
	return NULL;
}

static void start_registry(void)
{
	static const char *const folders[] = { FUZZ_FOLDER, NULL }, *const no_files[] = { NULL };
	struct registry_config config = {
		.driver_paths = folders,
		.policy_paths = no_files,
		.start_provider = start_provider,
		.generation = w.generation++,
	};

	fuzz_require(!loop_new(&w.loop) && !registry_new(w.loop, &config, &w.registry));
	fuzz_require(!pthread_create(&w.thread, NULL, run_registry, NULL));
}

static void stop_registry(void)
{
	loop_stop(w.loop);
	pthread_join(w.thread, NULL);
	registry_free(w.registry);
	loop_free(w.loop);
	for (size_t i = 0; i < w.n_hosts; i++) {
		pthread_join(w.hosts[i].thread, NULL);
		fd_close(w.hosts[i].killer);
	}
	w.n_hosts = 0;
}

/* --- clients --------------------------------------------------------------------------------------- */

static void add_connection(void *context)
{
	registry_add_connection(w.registry, (int)(intptr_t)context);
}

err_t __wrap_fd_connect(const char *path, int *ret_fd);

/* Where the library looks for a registry. A forked child has none. */
err_t __wrap_fd_connect(const char *path, int *ret_fd)
{
	int sockets[2];

	if (getpid() != w.pid || fd_socketpair(sockets))
		return -ENOENT;
	if (loop_post(w.loop, add_connection, (void *)(intptr_t)sockets[1])) {
		fd_close(sockets[0]);
		fd_close(sockets[1]);
		return -ENOENT;
	}
	*ret_fd = sockets[0];
	return 0;
}

static void greet(void)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .role = WIRE_ROLE_CLIENT,
				    .pid = 1,
				    .name = "second" };

	memset(&w.second, 0, sizeof(w.second));
	if (__wrap_fd_connect("", &w.second.socket)) {
		w.second.socket = -1;
		return;
	}
	w.second.last_id = 1;
	fuzz_peer_wait_for(&w.second, 1);
	wire_send(w.second.socket, &wire_hello_layout, 1, &hello, NULL, 0, false);
}

static void send_message(const struct fuzz_record *record)
{
	if (w.second.socket < 0)
		greet();
	if (w.second.socket < 0)
		return;
	fuzz_peer_drain(&w.second, &w.frame);
	if (w.second.socket >= 0)
		fuzz_peer_send(&w.second, record, fuzz_message_layout(record->kind), &w.kept);
}

/* The child has the parent's handles and no session. */
static void fork_once(const struct fuzz_record *record)
{
	int status = 1;
	pid_t child;

	if (w.has_forked)
		return;
	w.has_forked = true;
	child = fork();
	if (child == 0) {
		alarm(20);
		for (unsigned i = 0; i < FUZZ_CLIENT_CALLS; i++)
			fuzz_client_call(i, record);
		_exit(0);
	}
	/* The fuzzer's own timer interrupts it now and then. */
	fuzz_require(child > 0 && TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) == child);
	fuzz_require(status == 0);
}

static void happen(const struct fuzz_record *record)
{
	unsigned what = record->who % EVENTS;

	switch (what) {
	case MESSAGE:
		send_message(record);
		break;
	case KILL_HOST:
		kill_hosts();
		break;
	case KILL_PROGRAM: /* its connections end, its handles do not */
		client_session_end();
		break;
	case KILL_CLIENT:
		fuzz_peer_hang_up(&w.second);
		break;
	case RESTART:
		stop_registry();
		start_registry();
		break;
	case FORK:
		fork_once(record);
		break;
	default:
		fuzz_client_call(what, record);
	}
}

/* --- all ------------------------------------------------------------------------------------------------ */

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input in = fuzz_input(data, size);
	size_t names = port_count_names();
	struct fuzz_record record;

	w = (struct world){ .second = { .socket = -1 }, .pid = getpid() };
	start_registry();
	fuzz_client_begin();
	for (int i = 0; i < ROUNDS && fuzz_next(&in, &record); i++)
		happen(&record);
	fuzz_client_end();
	client_session_end();
	fuzz_peer_hang_up(&w.second);
	stop_registry();
	fuzz_kept_close(&w.kept);
	wire_frame_fini(&w.frame);
	/* The ports of the library's own stay; those of an input do not. */
	static size_t most;
	names = port_count_names() - names;
	fuzz_require(names <= 8 || most++ < 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *bundle;

	/* Hosts that end unload it; what counts its branches must stay. */
	if (!bundle)
		bundle = dlopen(FUZZ_BUNDLE "/Fuzz.so", RTLD_NOW);
	setenv("PORTICO_SESSION", "/nonexistent/portico", 1);
	fuzz_audited(run, data, size);
	return 0;
}
