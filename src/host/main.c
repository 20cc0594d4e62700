// SPDX-License-Identifier: MIT
/* portico-host: the program around a driver host. Started by the registry only. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/log.h"
#include "host/host.h"

static int usage(void)
{
	fprintf(stderr,
		"usage: portico-host --server NAME --token N --registry-fd N "
		"[--socket PATH]\n"
		"portico-host runs drivers for a Portico session; the session starts it.\n");
	return 2;
}

static bool parse_number(const char *text, unsigned long long max, unsigned long long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *ret_number <= max;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "server", required_argument, NULL, 's' },
		{ "token", required_argument, NULL, 't' },
		{ "registry-fd", required_argument, NULL, 'f' },
		{ "socket", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct host_config config = { .registry_socket = -1 };
	unsigned long long number;
	struct rlimit files;
	int option;
	err_t err;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 's')
			config.server_name = optarg;
		else if (option == 't' && parse_number(optarg, UINT64_MAX, &number))
			config.token = number;
		else if (option == 'f' && parse_number(optarg, INT32_MAX, &number))
			config.registry_socket = (int)number;
		else if (option == 'p')
			config.socket_path = optarg;
		else
			return usage();
	}
	if (optind != argc || !config.server_name || config.registry_socket < 0)
		return usage();
	if (!is_socket(config.registry_socket)) {
		fprintf(stderr, "portico-host: descriptor %d is no session socket\n",
			config.registry_socket);
		return 2;
	}
	log_init("portico-host", LOG_LEVEL_WARNING);
	/* Each connection takes several descriptors: as many as we may have. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN); /* a driver's own descriptors */
	err = host_run(&config);
	if (err && err != -EPIPE)
		log_error("%s: %s", config.server_name, strerror(-err));
	return err && err != -EPIPE;
}
