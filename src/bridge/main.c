// SPDX-License-Identifier: MIT
/* portico-bridge: the bridge as a process of its own, started by porticod. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "provider/home.h"

static int misuse(const char *word)
{
	fprintf(stderr,
		"portico-bridge: bad or missing argument %s\n"
		"usage: portico-bridge --registry-fd N [--token N] [--socket PATH]\n"
		"porticod starts this program; there is no reason to run it by hand\n",
		word);
	return 64;
}

int main(int argc, char **argv)
{
	struct bridge_config config = { .registry_socket = -1 };
	err_t err;

	fd_fill_standard();
	/* Nobody of the same uid may look into us or take our connection: it may change the machine node. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!value)
			return misuse(argv[i]);
		if (!strcmp(argv[i], "--registry-fd"))
			config.registry_socket = atoi(value);
		else if (!strcmp(argv[i], "--token"))
			config.token = strtoull(value, NULL, 10);
		else if (!strcmp(argv[i], "--socket"))
			config.socket_path = value;
		else if (strcmp(argv[i], "--server"))
			return misuse(argv[i]);
	}
	if (config.registry_socket < 0 && !config.socket_path)
		return misuse("--registry-fd");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	log_init("portico-bridge", LOG_LEVEL_WARNING);
	/* The registry that has started us tells the next one where we are. */
	if (config.registry_socket >= 0 && config.socket_path) {
		err = provider_home_listen(config.socket_path, &config.listener);
		if (err)
			log_warning("cannot wait for another registry beside %s: %s",
				    config.socket_path, strerror(-err));
	}
	err = bridge_run(&config);
	/* A session may end before we have greeted it. */
	if (err && err != -EPIPE)
		log_error("ended: %s", strerror(-err));
	/* Leak checkers look into us at the end. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return err && err != -EPIPE;
}
