// SPDX-License-Identifier: MIT
/* The least that telling many processes costs: a message of 128 bytes on a socket for each. */
#include "fan.h"

#include <sys/socket.h>
#include <unistd.h>

#include "limits/limits.h"

enum { MESSAGE_BYTES = 128 };

static int ends[FAN_MAX][2];

static bool open_sockets(unsigned watchers)
{
	for (unsigned i = 0; i < watchers; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends[i]))
			return false;
	return true;
}

static void watch(unsigned index)
{
	char message[MESSAGE_BYTES];

	fan_ready();
	while (recv(ends[index][1], message, sizeof(message), 0) == sizeof(message))
		fan_told();
}

static bool raise_all(unsigned watchers)
{
	static const char message[MESSAGE_BYTES];
	bool ok = true;

	for (unsigned i = 0; ok && i < watchers; i++)
		ok = send(ends[i][0], message, sizeof(message), MSG_NOSIGNAL) == sizeof(message);
	return ok;
}

int limit_fan(uint64_t watchers)
{
	static const struct fan fan = { .open = open_sockets, .watch = watch, .raise = raise_all };

	return fan_play(&fan, watchers);
}
