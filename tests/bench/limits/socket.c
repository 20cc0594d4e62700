// SPDX-License-Identifier: MIT
/* A hand-over by messages of a SOCK_SEQPACKET pair: 64 bytes, or the payload in pieces of 64 KiB. */
#include "limits/pair.h"

#include <string.h>
#include <sys/socket.h>

enum { PIECE_BYTES = 64 * 1024 };

struct message {
	uint64_t a, b, unused[6];
};

static bool socket_open(struct pair *pair)
{
	return !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair->fds);
}

static size_t piece(const struct pair *pair, size_t at)
{
	return pair->bytes - at < PIECE_BYTES ? pair->bytes - at : PIECE_BYTES;
}

static bool send_payload(const struct pair *pair, int fd)
{
	for (size_t at = 0; at < pair->bytes; at += piece(pair, at))
		if (send(fd, pair->mine + at, piece(pair, at), MSG_NOSIGNAL) < 0)
			return false;
	return true;
}

static bool receive_payload(const struct pair *pair, int fd)
{
	for (size_t at = 0; at < pair->bytes; at += piece(pair, at))
		if (recv(fd, pair->mine + at, piece(pair, at), 0) <= 0)
			return false;
	return true;
}

static void socket_serve(struct pair *pair, uint64_t n)
{
	struct message m;
	int fd = pair->fds[1];
	bool ok = true;

	for (; ok && n; n--) {
		if (pair->bytes) {
			ok = receive_payload(pair, fd) && send_payload(pair, fd);
		} else {
			ok = recv(fd, &m, sizeof(m), 0) == sizeof(m);
			m.a += m.b;
			ok = ok && send(fd, &m, sizeof(m), MSG_NOSIGNAL) == sizeof(m);
		}
	}
}

static uint64_t socket_call(struct pair *pair, uint64_t a, uint64_t b)
{
	struct message m = { .a = a, .b = b };
	int fd = pair->fds[0];

	if (pair->bytes)
		return send_payload(pair, fd) && receive_payload(pair, fd);
	if (send(fd, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m) ||
	    recv(fd, &m, sizeof(m), 0) != sizeof(m))
		return 0;
	return m.a;
}

const struct handover handover_socket = {
	.open = socket_open,
	.serve = socket_serve,
	.call = socket_call,
};
