// SPDX-License-Identifier: MIT
/*
 * A registry of our own: start porticod, know when it is ready, start it again
 * when it dies, end it. Used by `portico run` for the life of a command and by
 * `portico start`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TOOLS_DAEMON_RESTARTS_MAX = 5, /* deaths within TOOLS_DAEMON_RESTARTS_SECONDS */
	TOOLS_DAEMON_RESTARTS_SECONDS = 10,
};

struct tools_daemon {
	/* what to start; borrowed */
	const char *program; /* path of porticod */
	const char *socket_path;
	const char *const *options; /* further arguments, NULL-terminated */
	const char *log_path;	    /* NULL: standard error stays */
	/* state */
	pid_t pid;				       /* 0: none runs */
	unsigned generation;			       /* of the next one to start */
	uint64_t deaths_ns[TOOLS_DAEMON_RESTARTS_MAX]; /* the last ones, a ring */
	unsigned n_deaths;
};

/* What takes the place of standard descriptors that somebody else may read to their end; -1: nothing can. */
int tools_daemon_open_null(void);
/* The log, to be appended to; -1: there is none. Neither a link is followed nor a reader waited for, whoever has put
 * them there. */
int tools_daemon_open_log(const struct tools_daemon *daemon);
/* Start one and wait until it accepts connections. False: it did not; it has said why. */
bool tools_daemon_start(struct tools_daemon *daemon);
/* It has ended with STATUS (of waitpid): start the next generation, unless it died too often; when it was
 * asked to make way for another one, always. */
bool tools_daemon_go_on(struct tools_daemon *daemon, int status);
/* Ask it to end, then make it; also what it left behind in its process group. Children of the
 * calling process only. */
void tools_daemon_stop(struct tools_daemon *daemon);
/* End the hosts that no registry has ended. Only those that the calling process has inherited. */
void tools_daemon_end_hosts(const struct tools_daemon *daemon);
/* Let go of what this process was given besides standard descriptors, at once or when it runs another program: pipes
 * and locks of who started a session must not last as long as that. */
void tools_daemon_forget_descriptors(bool at_exec);
