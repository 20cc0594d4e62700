// SPDX-License-Identifier: MIT
/* The least that two processes can do: send 64 bytes, get 64 bytes back. */
#include "bench.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 64 };

static int near = -1;

static void echo(int socket)
{
	char message[MESSAGE_BYTES];

	for (;;) {
		ssize_t n = recv(socket, message, sizeof(message), 0);

		if (n <= 0 || send(socket, message, (size_t)n, MSG_NOSIGNAL) != n)
			return;
	}
}

static uint64_t run(uint64_t n)
{
	char message[MESSAGE_BYTES] = { 1 };
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		if (send(near, message, sizeof(message), MSG_NOSIGNAL) != MESSAGE_BYTES ||
		    recv(near, message, sizeof(message), 0) != MESSAGE_BYTES) {
			bench_complain("ping: %s", strerror(errno));
			return 0;
		}
	return bench_now_ns() - start;
}

int bench_peer_ping(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		bench_complain("ping: %s", strerror(errno));
		return 1;
	}
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		echo(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	near = fds[0];
	bench_peer_move_away();
	return bench_peer_serve(run);
}
