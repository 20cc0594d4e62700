// SPDX-License-Identifier: MIT
/* portico-host: the program around a driver host. Started by the registry only. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scope.h"
#include "host/host.h"
#include "host/options.h"
#include "provider/home.h"
#include "sandbox/sandbox.h"
#include "wire/publish.h"

enum { ACCEPT_MS = 10000 };

static int usage(void)
{
	fprintf(stderr,
		"usage: portico-host --server NAME --token N --registry-fd N [--socket PATH]\n"
		"       portico-host --server NAME --listen-fd N\n"
		"                    [--sandbox TIER] [--bundle PATH]... [what the driver "
		"declares]\n"
		"portico-host runs drivers for a Portico session; the session starts it.\n");
	return 2;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_SEQPACKET;
}

/* Without it the drivers end with this registry. */
static int listen_for_registry(const struct host_options *o)
{
	int fd = 0;
	err_t err = o->socket_path ? provider_home_listen(o->socket_path, &fd) : 0;

	if (err)
		log_warning("%s cannot wait for another registry beside %s: %s", o->server,
			    o->socket_path, strerror(-err));
	return fd;
}

/* Descriptors that whoever started us has left open. Ours of the registry's starting are counted. */
static void close_others(int listener)
{
	if (listener > 3)
		close_range(3, (unsigned)listener - 1, 0);
	close_range((unsigned)listener + 1, ~0u, 0);
}

/* The registry has connected already, which is why systemd has started us. A uid of our own is what the
 * highest tier is about. */
static err_t accept_registry(struct host_options *o, char *ret_missing, size_t size)
{
	struct pollfd ready = { .fd = o->listener, .events = POLLIN };
	struct fd_peer who;
	err_t err = poll(&ready, 1, ACCEPT_MS) == 1 ? fd_accept(o->listener, &o->registry_socket)
						    : -ETIMEDOUT;

	fcntl(o->listener, F_SETFD, FD_CLOEXEC);
	fcntl(o->listener, F_SETFL, O_NONBLOCK);
	if (!err)
		err = fd_peer(o->registry_socket, &who);
	if (!err && o->sandbox.tier == SANDBOX_UNIT && who.uid == geteuid()) {
		o->sandbox.tier = SANDBOX_SELF;
		snprintf(ret_missing, size, "a uid other than the registry's");
	}
	return err;
}

/* By their real paths, as the registry knows them: outside a sandbox, where links can be seen. */
static CFArrayRef copy_bundles(const struct host_options *o)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (size_t i = 0; all && i < o->n_bundles; i++) {
		scope_free char *real = realpath(o->bundles[i], NULL);
		CFStringRef path = CFStringCreateWithCString(NULL, real ? real : o->bundles[i],
							     kCFStringEncodingUTF8);

		if (path)
			CFArrayAppendValue(all, path);
		if (path)
			CFRelease(path);
	}
	return all;
}

/* What comes later stays closed to the driver: who wonders why its device cannot be opened is told. */
static void name_absent(const struct host_options *o)
{
	for (size_t i = 0; i < o->sandbox.n_paths; i++)
		if (access(o->sandbox.paths[i].path, F_OK) && errno == ENOENT)
			log_info("%s: %s, which is declared, is not there", o->server,
				 o->sandbox.paths[i].path);
}

/* Everything that drivers may not do is given up here, before any code of theirs is in the process. */
static void confine(const struct host_options *o, struct sandbox_result *ret_result)
{
	if (o->sandbox.tier == SANDBOX_OFF)
		log_warning("%s runs without a sandbox, as it was asked for", o->server);
	name_absent(o);
	sandbox_enter(&o->sandbox, ret_result);
	if (ret_result->tier < o->sandbox.tier && !ret_result->is_declared)
		log_warning("%s: sandbox tier %u instead of %u; missing: %s", o->server,
			    ret_result->tier, o->sandbox.tier, ret_result->missing);
	else if (ret_result->missing[0])
		log_info("%s: sandbox tier %u; missing: %s", o->server, ret_result->tier,
			 ret_result->missing);
}

int main(int argc, char **argv)
{
	struct host_options options;
	struct sandbox_result sandbox;
	char lacking[64] = "";
	struct rlimit files;
	err_t err;

	fd_fill_standard();
	if (!host_options_parse(&options, argc, argv))
		return usage();
	log_init("portico-host", LOG_LEVEL_WARNING);
	if (options.listener) {
		close_others(options.listener);
		err = accept_registry(&options, lacking, sizeof(lacking));
		if (err) {
			log_error("%s: no registry connects: %s", options.server, strerror(-err));
			return 1;
		}
	}
	if (!is_socket(options.registry_socket)) {
		fprintf(stderr, "portico-host: descriptor %d is no session socket\n",
			options.registry_socket);
		return 2;
	}
	/* A program that a driver starts has no part in the session. */
	fcntl(options.registry_socket, F_SETFD, FD_CLOEXEC);
	/* Each connection takes several descriptors: as many as we may have. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN); /* a driver's own descriptors */
	signal(SIGXFSZ, SIG_IGN); /* its files: an error will do */
	int listener = options.listener ? options.listener : listen_for_registry(&options);
	CFArrayRef bundles = copy_bundles(&options);
	confine(&options, &sandbox);
	/* A registry lets a driver be that this system cannot confine: that is for ever, a shortage is not. */
	if (sandbox.is_short) {
		log_error("%s: no memory for a sandbox", options.server);
		return 1;
	}
	struct wire_confined confined = { sandbox.tier, lacking[0] ? lacking : sandbox.missing,
					  bundles };
	struct host_config config = {
		.server_name = options.server,
		.token = options.token,
		.registry_socket = options.registry_socket,
		.listener = listener,
		.confined = &confined,
		.n_threads = sandbox.threads,
	};
	err = host_run(&config);
	if (bundles)
		CFRelease(bundles);
	if (err && err != -EPIPE)
		log_error("%s: %s", options.server, strerror(-err));
	return err && err != -EPIPE;
}
