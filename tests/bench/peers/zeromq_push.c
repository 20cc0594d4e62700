// SPDX-License-Identifier: MIT
/* ZeroMQ, PUSH and PULL over ipc: a message of 64 bytes for each record. */
#include "zeromq_push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "contestant.h"
#include "flow.h"

static char folder[] = "/tmp/portico-bench-XXXXXX";
static char address[sizeof(folder) + 16];
static void *end;

static bool open_address(size_t bytes)
{
	if (!mkdtemp(folder))
		return false;
	snprintf(address, sizeof(address), "ipc://%s/socket", folder);
	return true;
}

static bool open_sender(void)
{
	end = zmq_socket(zmq_ctx_new(), ZMQ_PUSH);
	return end && !zmq_connect(end, address); /* also before the other end is there */
}

static bool open_receiver(void)
{
	end = zmq_socket(zmq_ctx_new(), ZMQ_PULL);
	return end && !zmq_bind(end, address);
}

static bool send_words(uint64_t word, uint64_t n)
{
	uint64_t message[8] = { 0 };
	bool ok = true;

	for (; ok && n; n--) {
		message[0] = word++;
		ok = zmq_send(end, message, sizeof(message), 0) == sizeof(message);
	}
	return ok;
}

static bool receive_words(uint64_t *word, uint64_t n)
{
	uint64_t message[8];

	for (uint64_t i = 0; i < n; i++) {
		if (zmq_recv(end, message, sizeof(message), 0) != sizeof(message) ||
		    (i && message[0] != *word + 1))
			return false;
		*word = message[0];
	}
	return true;
}

static const struct flow flow = {
	.open = open_address,
	.open_sender = open_sender,
	.open_receiver = open_receiver,
	.send = send_words,
	.receive = receive_words,
};

static int play(int (*how)(const struct flow *flow, uint64_t bytes))
{
	int status = how(&flow, 64);

	unlink(address + strlen("ipc://"));
	rmdir(folder);
	return status;
}

int zeromq_push(uint64_t unused)
{
	return play(flow_hot);
}

int zeromq_push_cold(uint64_t unused)
{
	return play(flow_cold);
}
