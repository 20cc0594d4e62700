// SPDX-License-Identifier: MIT
/* ZeroMQ, REQ and REP over ipc: a message of so many bytes there and back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <zmq.h>

#include "contestant.h"
#include "zeromq_push.h"

static void *requester;
static char *message, *reply;
static size_t size;
static char folder[] = "/tmp/portico-bench-XXXXXX";
static char address[sizeof(folder) + 16];

static _Noreturn void serve(int ready)
{
	void *replier = zmq_socket(zmq_ctx_new(), ZMQ_REP);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (zmq_bind(replier, address) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		int n = zmq_recv(replier, message, size, 0);

		if (n < 0 || zmq_send(replier, message, (size_t)n, 0) < 0)
			_exit(1);
	}
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		memcpy(message, &i, sizeof(i));
		if (zmq_send(requester, message, size, 0) != (int)size ||
		    zmq_recv(requester, reply, size, 0) != (int)size ||
		    memcmp(reply, &i, sizeof(i))) {
			bench_complain("zeromq: %s", zmq_strerror(zmq_errno()));
			return 0;
		}
	}
	return bench_now_ns() - start;
}

static int call(uint64_t bytes)
{
	int ready[2];
	char byte;

	size = bytes ? bytes : 64;
	message = calloc(1, size);
	reply = calloc(1, size);
	if (!message || !reply || !mkdtemp(folder) || pipe(ready))
		return 1;
	snprintf(address, sizeof(address), "ipc://%s/socket", folder);
	if (fork() == 0)
		serve(ready[1]);
	close(ready[1]);
	bool ok = read(ready[0], &byte, 1) == 1;
	/* The library's threads stay where they are made. */
	bench_move_away();
	requester = zmq_socket(zmq_ctx_new(), ZMQ_REQ);
	ok = ok && !zmq_connect(requester, address);
	int status = ok ? bench_serve(run) : 1;
	unlink(address + strlen("ipc://"));
	rmdir(folder);
	return status;
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = {
		{ "call", call },
		{ "push", zeromq_push },
		{ "push-cold", zeromq_push_cold },
		{ NULL, NULL },
	};

	return bench_play(argc, argv, roles);
}
