// SPDX-License-Identifier: MIT
/* nng, REQ and REP over ipc: a message of so many bytes there and back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include "contestant.h"

static nng_socket requester;
static char *message, *reply;
static size_t size;
static char folder[] = "/tmp/portico-bench-XXXXXX";
static char address[sizeof(folder) + 16];

static _Noreturn void serve(int ready)
{
	nng_socket replier;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nng_rep0_open(&replier) || nng_setopt_size(replier, NNG_OPT_RECVMAXSZ, 0) ||
	    nng_listen(replier, address, NULL, 0) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		size_t n = size;

		if (nng_recv(replier, message, &n, 0) || nng_send(replier, message, n, 0))
			_exit(1);
	}
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		size_t got = size;

		memcpy(message, &i, sizeof(i));
		int error = nng_send(requester, message, size, 0);
		if (!error)
			error = nng_recv(requester, reply, &got, 0);
		if (error || got != size || memcmp(reply, &i, sizeof(i))) {
			bench_complain("nng: %s", nng_strerror(error));
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
	ok = ok && !nng_req0_open(&requester) &&
	     !nng_setopt_size(requester, NNG_OPT_RECVMAXSZ, 0) &&
	     !nng_dial(requester, address, NULL, 0);
	int status = ok ? bench_serve(run) : 1;
	unlink(address + strlen("ipc://"));
	rmdir(folder);
	return status;
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = { { "call", call }, { NULL, NULL } };

	return bench_play(argc, argv, roles);
}
