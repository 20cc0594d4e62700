// SPDX-License-Identifier: MIT
/*
 * sd-bus: a method that adds two numbers, or that gives an array of bytes back;
 * peer to peer over a socket pair, through dbus-daemon and through dbus-broker.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "bus.h"
#include "contestant.h"
#include "sd_bus_fan.h"
#include "sd_bus_objects.h"
#include "sd_bus_signal.h"

#define NAME "org.portico.Bench"
#define PATH "/org/portico/Bench"

static sd_bus *bus;
static const char *destination; /* NULL: there is no bus between us */
static size_t n_bytes;
static char *bytes;

/* --- the service -------------------------------------------------------------- */

static int add(sd_bus_message *m, void *context, sd_bus_error *error)
{
	uint64_t a, b;
	int r = sd_bus_message_read(m, "tt", &a, &b);

	return r < 0 ? r : sd_bus_reply_method_return(m, "t", a + b);
}

static int echo(sd_bus_message *m, void *context, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const void *array;
	size_t size;
	int r = sd_bus_message_read_array(m, 'y', &array, &size);

	if (r >= 0)
		r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_append_array(reply, 'y', array, size);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Add", "tt", "t", add, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Echo", "ay", "ay", echo, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static _Noreturn void serve(int ready)
{
	int r = sd_bus_add_object_vtable(bus, NULL, PATH, NAME, vtable, NULL);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (r >= 0 && destination)
		r = sd_bus_request_name(bus, NAME, 0);
	if (r < 0 || write(ready, "", 1) != 1)
		_exit(1);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(0);
}

/* --- the caller --------------------------------------------------------------------- */

static int call_add(uint64_t i)
{
	sd_bus_message *reply = NULL;
	uint64_t sum = 0;
	int r = sd_bus_call_method(bus, destination, PATH, NAME, "Add", NULL, &reply, "tt", i,
				   (uint64_t)1);

	if (r >= 0)
		r = sd_bus_message_read(reply, "t", &sum);
	sd_bus_message_unref(reply);
	return r >= 0 && sum != i + 1 ? -EBADMSG : r;
}

static int call_echo(uint64_t i)
{
	sd_bus_message *m = NULL, *reply = NULL;
	const void *array;
	size_t size = 0;
	int r = sd_bus_message_new_method_call(bus, &m, destination, PATH, NAME, "Echo");

	memcpy(bytes, &i, sizeof(i));
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'y', bytes, n_bytes);
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, NULL, &reply);
	if (r >= 0)
		r = sd_bus_message_read_array(reply, 'y', &array, &size);
	if (r >= 0 && (size != n_bytes || memcmp(array, &i, sizeof(i))))
		r = -EBADMSG;
	if (r >= 0)
		memcpy(bytes, array, size);
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return r;
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		int r = n_bytes ? call_echo(i) : call_add(i);

		if (r < 0) {
			bench_complain("sd-bus: %s", strerror(-r));
			return 0;
		}
	}
	return bench_now_ns() - start;
}

/* --- how they meet --------------------------------------------------------------------- */

static int open_pair(int fd, bool is_server)
{
	sd_id128_t id = SD_ID128_NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_fd(bus, fd, fd);
	if (r >= 0 && is_server)
		r = sd_bus_set_server(bus, 1, id);
	return r < 0 ? r : sd_bus_start(bus);
}

static int open_bus(const char *address)
{
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	return r < 0 ? r : sd_bus_start(bus);
}

/* ADDRESS of the bus, or NULL: peer to peer. */
static int meet(const char *address, size_t size)
{
	int ends[2], ready[2];
	char byte;

	n_bytes = size;
	bytes = calloc(1, size + 1);
	destination = address ? NAME : NULL;
	if (!bytes || pipe(ready) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 1;
	if (fork() == 0) {
		close(ends[0]);
		if ((address ? open_bus(address) : open_pair(ends[1], true)) < 0)
			_exit(1);
		serve(ready[1]);
	}
	close(ends[1]);
	close(ready[1]);
	bool ok = read(ready[0], &byte, 1) == 1;
	bench_move_away();
	ok = ok && (address ? open_bus(address) : open_pair(ends[0], false)) >= 0;
	return ok ? bench_serve(run) : 1;
}

static int meet_on(enum bus_kind kind, size_t size)
{
	char address[160];

	if (!bus_start(kind, address, sizeof(address)))
		return bench_absent("%s", address);
	int status = meet(address, size);
	bus_stop();
	return status;
}

static int play_pair(uint64_t size)
{
	return meet(NULL, size);
}

static int play_daemon(uint64_t size)
{
	return meet_on(BUS_DAEMON, size);
}

static int play_broker(uint64_t size)
{
	return meet_on(BUS_BROKER, size);
}

/* --- the first call of a program ----------------------------------------------------------- */

static char program[] = "/proc/self/exe", role[] = "first", parameter[] = "0";

static uint64_t run_firsts(uint64_t n)
{
	char *argv[] = { program, role, parameter, NULL };

	return bench_firsts(argv, n);
}

/* This program once more, in the environment of start_on. */
static int play_first(uint64_t unused)
{
	destination = NAME;
	if (open_bus(getenv("PORTICO_BENCH_BUS")) < 0 || call_add(1) < 0)
		return 1;
	bench_first_done();
	return 0;
}

static int start_on(enum bus_kind kind)
{
	char address[160];
	int ready[2];
	char byte;

	if (!bus_start(kind, address, sizeof(address)))
		return bench_absent("%s", address);
	setenv("PORTICO_BENCH_BUS", address, 1);
	destination = NAME;
	if (pipe(ready))
		return 1;
	if (fork() == 0) {
		if (open_bus(address) < 0)
			_exit(1);
		serve(ready[1]);
	}
	close(ready[1]);
	int status = read(ready[0], &byte, 1) == 1 ? bench_serve(run_firsts) : 1;
	bus_stop();
	return status;
}

static int play_start_daemon(uint64_t unused)
{
	return start_on(BUS_DAEMON);
}

static int play_start_broker(uint64_t unused)
{
	return start_on(BUS_BROKER);
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = {
		{ "pair", play_pair },
		{ "dbus-daemon", play_daemon },
		{ "dbus-broker", play_broker },
		{ "first", play_first },
		{ "start-daemon", play_start_daemon },
		{ "start-broker", play_start_broker },
		{ "signal", sd_bus_signal },
		{ "signal-cold", sd_bus_signal_cold },
		{ "fan-daemon", sd_bus_fan_daemon },
		{ "fan-broker", sd_bus_fan_broker },
		{ "objects", sd_bus_objects },
		{ NULL, NULL },
	};

	return bench_play(argc, argv, roles);
}
