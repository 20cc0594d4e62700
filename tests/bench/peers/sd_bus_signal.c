// SPDX-License-Identifier: MIT
/* sd-bus peer to peer: a signal for each record. */
#include "sd_bus_signal.h"

#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "contestant.h"
#include "flow.h"

static int ends[2];
static sd_bus *bus;

static bool open_sockets(size_t bytes)
{
	return !socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static bool open_bus(int fd, bool server)
{
	sd_id128_t id;

	return !sd_id128_randomize(&id) && sd_bus_new(&bus) >= 0 &&
	       sd_bus_set_fd(bus, fd, fd) >= 0 &&
	       (!server || sd_bus_set_server(bus, true, id) >= 0) &&
	       sd_bus_set_anonymous(bus, true) >= 0 && sd_bus_start(bus) >= 0;
}

static bool open_sender(void)
{
	close(ends[0]);
	return open_bus(ends[1], false) && sd_bus_flush(bus) >= 0;
}

static bool open_receiver(void)
{
	close(ends[1]);
	return open_bus(ends[0], true);
}

static bool send_words(uint64_t word, uint64_t n)
{
	for (; n; n--)
		if (sd_bus_emit_signal(bus, "/org/portico/Bench", "org.portico.Bench", "Completed",
				       "t", word++) < 0 ||
		    sd_bus_flush(bus) < 0)
			return false;
	return true;
}

/* The next signal's word; false when the other end is gone. */
static bool receive_one(uint64_t *word)
{
	sd_bus_message *m = NULL;
	bool found = false;
	int r = 0;

	while (!found && r >= 0) {
		r = sd_bus_process(bus, &m);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
		found = m && sd_bus_message_is_signal(m, "org.portico.Bench", "Completed") > 0 &&
			sd_bus_message_read(m, "t", word) > 0;
		m = sd_bus_message_unref(m);
	}
	return found;
}

static bool receive_words(uint64_t *word, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t found;

		if (!receive_one(&found) || (i && found != *word + 1))
			return false;
		*word = found;
	}
	return true;
}

static const struct flow flow = {
	.open = open_sockets,
	.open_sender = open_sender,
	.open_receiver = open_receiver,
	.send = send_words,
	.receive = receive_words,
};

int sd_bus_signal(uint64_t unused)
{
	return flow_hot(&flow, 64);
}

int sd_bus_signal_cold(uint64_t unused)
{
	return flow_cold(&flow, 64);
}
