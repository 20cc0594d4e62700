// SPDX-License-Identifier: MIT
/* Messages that are none, on every socket that a program can have. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/mach.h>

#include "../unit/wire/sample.h"
#include "Fixture.h"
#include "arena.h"
#include "audit.h"
#include "base/fd.h"
#include "raw_client.h"
#include "wire/browse.h"
#include "wire/call.h"
#include "wire/frame.h"
#include "wire/memory.h"
#include "wire/notice.h"

enum { DATAGRAM_MAX = 200 * 1024 };

static uint64_t service;

static void begin(void)
{
	world_withhold_privileges();
	arena_begin("Fixture.dext", NULL);
	service = arena_service_id("FixtureDriver");
}

/* --- messages ------------------------------------------------------------------------------------ */

static unsigned count_layouts(void)
{
	unsigned n = 0;

	while (wire_layouts[n])
		n++;
	return n;
}

/* A proper message of LAYOUT, header and all; its size. */
static size_t make_message(const struct wire_layout *layout, uint64_t seed, uint8_t *out)
{
	struct bytes payload = { 0 };
	void *message = sample_new(layout, SAMPLE_SMALL, seed);
	struct wire_header header = { .type = layout->type, .id = (uint32_t)seed | 1 };

	test_equal_error(wire_message_encode(layout, message, &payload), 0);
	header.size = payload.size;
	test_true(sizeof(header) + payload.size <= DATAGRAM_MAX);
	memcpy(out, &header, sizeof(header));
	if (payload.size)
		memcpy(out + sizeof(header), payload.data, payload.size);
	size_t size = sizeof(header) + payload.size;
	bytes_fini(&payload);
	sample_free(layout, message);
	return size;
}

/* What the session's own user may well ask for, and what then happens proves nothing. */
static bool ends_session(const uint8_t *message)
{
	uint32_t type;

	memcpy(&type, message, sizeof(type));
	return type == WIRE_LOAD || type == WIRE_UNLOAD || type == WIRE_STOP_SESSION ||
	       type == WIRE_RESTART_SESSION || type == WIRE_REVOKE;
}

/* --- P-W1 ------------------------------------------------------------------------------------------ */

static int connect_as(bool greets)
{
	int fd = raw_connect(world_socket());

	if (greets)
		raw_greet(fd);
	return fd;
}

/* The header still promises all of it: whoever takes that has read beyond. */
static void send_cut(const uint8_t *message, size_t size, size_t step)
{
	for (size_t cut = 0; cut < size; cut += step) {
		int fd = connect_as(cut / step % 4 != 0);

		raw_post(fd, message, cut, NULL, 0);
		raw_await_end(fd);
		close(fd);
	}
}

/* The header promises what is there: the last fields are missing. */
static void send_short(uint8_t *message, size_t size, size_t step)
{
	struct wire_header *header = (struct wire_header *)(void *)message;

	for (size_t cut = sizeof(*header); cut < size; cut += step) {
		int fd = connect_as(true);

		header->size = cut - sizeof(*header);
		raw_post(fd, message, cut, NULL, 0);
		close(fd);
	}
}

HOSTILE(P_W1, every_message_cut_at_every_byte)
{
	static _Alignas(8) uint8_t message[DATAGRAM_MAX];
	size_t step = test_is_full() ? 1 : test_is_slow() ? 61 : 13;

	begin();
	for (unsigned i = 0; wire_layouts[i]; i++) {
		size_t size = make_message(wire_layouts[i], i, message);

		send_cut(message, size, step);
		send_short(message, size, step);
	}
	arena_end();
}

HOSTILE(P_W1, every_call_cut_at_every_byte)
{
	static _Alignas(8) uint8_t message[DATAGRAM_MAX];
	size_t step = test_is_full() ? 1 : test_is_slow() ? 61 : 17;

	begin();
	for (unsigned i = 0; wire_layouts[i]; i++) {
		size_t size = make_message(wire_layouts[i], i, message);

		if (wire_layouts[i]->type < WIRE_CALL || wire_layouts[i]->type > WIRE_RING_WAKE)
			continue;
		for (size_t cut = 0; cut < size; cut += step) {
			struct raw_client raw;

			raw_open(&raw, world_socket(), service);
			raw_post(raw.data, message, cut, NULL, 0);
			raw_await_hang_up(&raw);
			raw.shared = NULL;
			close(raw.data);
			close(raw.control);
		}
	}
	arena_end();
}

HOSTILE(P_W1, messages_of_any_size)
{
	static uint8_t message[DATAGRAM_MAX];
	static const size_t sizes[] = {
		0, 1, 23, 24, 25, 32 * 1024 + 24, 32 * 1024 + 25, 65536, 65537, 131072, 190000
	};

	begin();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (uint64_t claimed = 0; claimed < 4; claimed++) {
			struct wire_header header = { .type = WIRE_ENTRY, .id = 1 };
			int fd = connect_as(i % 2);

			header.size = claimed == 0 ? sizes[i] - sizeof(header)
				    : claimed == 1 ? sizes[i]
				    : claimed == 2 ? UINT64_MAX
						   : 1ull << 32;
			memcpy(message, &header, sizeof(header));
			raw_post(fd, message, sizes[i], NULL, 0);
			raw_await_end(fd);
			close(fd);
		}
	arena_end();
}

/* The sender is named in the log, once. */
HOSTILE(P_W1, who_sends_nonsense_is_named)
{
	char text[32];
	int fd;

	begin();
	fd = raw_connect(world_socket());
	test_true(raw_post(fd, "nonsense", 8, NULL, 0));
	raw_await_end(fd);
	close(fd);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	world_await_log(text);
	arena_end();
}

/* --- P-F1 ------------------------------------------------------------------------------------------ */

/* False: the kernel has refused them for the receiver. */
static bool send_with_descriptors(int fd, const struct wire_layout *layout, uint64_t seed,
				  unsigned n)
{
	static _Alignas(8) uint8_t message[DATAGRAM_MAX];
	size_t size = make_message(layout, seed, message);
	int fds[253];

	for (unsigned i = 0; i < n; i++)
		fds[i] = fd; /* of itself: one that nobody closes keeps it alive for ever */
	return raw_post(fd, message, size, fds, n);
}

HOSTILE(P_F1, descriptors_that_nobody_asked_for)
{
	static const unsigned few[] = { 1, 2, 4, 5, 17, 253 };
	const unsigned n_counts = test_is_full() ? 253 : 6, step = test_is_full() ? 1 : 3;

	begin();
	for (unsigned i = 0; wire_layouts[i]; i++)
		for (unsigned k = i % step; k < n_counts; k += step) {
			unsigned more = test_is_full() ? k + 1 : few[k];
			unsigned n = wire_layouts[i]->n_fds + more > 253
					   ? 253
					   : wire_layouts[i]->n_fds + more;
			int fd = connect_as(k % 2);
			struct raw_client raw;

			if (send_with_descriptors(fd, wire_layouts[i], i, n))
				raw_await_end(fd);
			close(fd);
			raw_open(&raw, world_socket(), service);
			if (send_with_descriptors(raw.data, wire_layouts[i], i, n))
				raw_await_hang_up(&raw);
			close(raw.data);
			close(raw.control);
		}
	arena_end();
}

/* FD in the queue of a local socket, which is what is sent then. Takes FD. */
static int wrap(int fd)
{
	int pair[2];

	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	raw_post(pair[0], "slow", 4, &fd, 1);
	close(fd);
	close(pair[0]);
	return pair[1];
}

/* Closing it takes as long as its owner likes; nobody else waits for that. */
HOSTILE(P_F4, descriptors_that_take_long_to_close)
{
	static char bytes[65536];
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	struct linger patience = { 1, 3600 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		test_skip("no network");
	begin();
	for (unsigned i = 0; i < 16; i++) {
		int fd = connect_as(true), slow = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct wire_inlet_open request = { .inlet = i + 1,
						   .inlet_class = WIRE_INLET_NOTICES };

		test_equal(connect(slow, (struct sockaddr *)&address, size), 0);
		while (send(slow, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			;
		setsockopt(slow, SOL_SOCKET, SO_LINGER, &patience, sizeof(patience));
		for (unsigned depth = i / 2 % 4; depth; depth--)
			slow = wrap(slow);
		if (i % 2)
			wire_send(fd, &wire_inlet_open_layout, 0, &request, &slow, 1, true);
		else
			raw_post(fd, bytes, 24, &slow, 1);
		raw_post(fd, bytes, 24, &slow, 1);
		close(slow); /* the last one is not ours */
		close(fd);
		fd = connect_as(true);
		close(fd);
	}
	close(listener);
	arena_end();
}

static void give(int connection, uint32_t inlet_class, int socket)
{
	struct wire_inlet_open request = { .inlet = 1, .inlet_class = inlet_class };

	wire_send(connection, &wire_inlet_open_layout, 0, &request, &socket, 1, true);
}

static int hide(int fd)
{
	int pair[2];

	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	raw_post(pair[0], "", 0, &fd, 1);
	close(pair[0]);
	return pair[1];
}

/* Whoever holds a program's end of a connection for as long as that lives never sees it end. */
HOSTILE(P_F4, connections_that_hold_their_own_ends)
{
	enum { OWN, CROSSED, HIDDEN, BETWEEN, WAYS };

	begin();
	for (int way = 0; way < WAYS; way++) {
		struct raw_client a, b;
		int hidden;

		raw_open(&a, world_socket(), service);
		raw_open(&b, world_socket(), service);
		hidden = hide(way == BETWEEN ? b.control : a.data);
		if (way == OWN)
			give(b.control, WIRE_INLET_NOTICES, b.control);
		if (way == CROSSED) {
			give(a.control, WIRE_INLET_NOTICES, b.control);
			give(b.control, WIRE_INLET_NOTICES, a.control);
			give(b.data, WIRE_INLET_COMPLETIONS, a.data);
		}
		if (way == BETWEEN)
			give(b.control, WIRE_INLET_NOTICES, a.data);
		give(a.data, WIRE_INLET_WAKEUPS,
		     way == OWN	      ? a.data
		     : way == CROSSED ? b.data
				      : hidden);
		close(hidden);
		raw_close(&a);
		raw_close(&b);
	}
	arena_end();
}

/* --- P-W2 ------------------------------------------------------------------------------------------ */

static uint64_t scalar_call(int fd, uint32_t selector, uint32_t id)
{
	uint64_t in = 41;
	struct wire_call_request request = { .selector = selector,
					     .scalar_output_count = 1,
					     .scalars = { &in, 1 } };

	return (uint64_t)(uint32_t)wire_send(fd, &wire_call_request_layout, id, &request, NULL, 0,
					     false);
}

/* What one connection may say, said on others, again, and in any order. */
HOSTILE(P_W2, messages_again_and_on_other_connections)
{
	static _Alignas(8) uint8_t message[DATAGRAM_MAX];
	const unsigned n_layouts = count_layouts();
	uint64_t state = 88172645463325252, rounds = test_rounds(400, 20000);

	begin();
	for (uint64_t i = 0; i < rounds; i++) {
		struct raw_client a, b;

		raw_open(&a, world_socket(), service);
		raw_open(&b, world_socket(), service);
		for (unsigned k = 0; k < 8; k++) {
			uint64_t seed = arena_random(&state);
			int sockets[] = { a.control, a.data, b.control, b.data };
			const struct wire_layout *layout = wire_layouts[seed % n_layouts];
			size_t size = make_message(layout, seed >> 8, message);

			if (layout->n_fds || ends_session(message))
				continue;
			for (unsigned times = 1 + (seed >> 40) % 3; times--;)
				raw_post(sockets[(seed >> 32) % 4], message, size, NULL, 0);
			scalar_call(sockets[(seed >> 36) % 4], FIXTURE_ECHO, 7);
		}
		close(a.data);
		close(a.control);
		close(b.data);
		close(b.control);
	}
	arena_count(rounds * 10);
	arena_end();
}

/* --- P-W3 ------------------------------------------------------------------------------------------ */

static bool is_socket(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_SEQPACKET;
}

/* N messages with random bytes or flipped bits on every such socket of this process. */
static void spoil_own_sockets(uint64_t seed, unsigned n)
{
	static _Alignas(8) uint8_t message[DATAGRAM_MAX];
	const unsigned n_layouts = count_layouts();
	int sockets[64], n_sockets = 0;

	for (int fd = 3; fd < 1024 && n_sockets < 64; fd++)
		if (is_socket(fd))
			sockets[n_sockets++] = fd;
	for (unsigned i = 0; n_sockets && i < n; i++) {
		uint64_t random = arena_random(&seed);
		size_t size = make_message(wire_layouts[random % n_layouts], random >> 8, message);

		if (random >> 60 & 1)
			for (size_t k = random >> 61 & 1 ? 0 : 24; k < size; k++)
				message[k] = (uint8_t)arena_random(&seed);
		else
			for (unsigned k = 1 + (random >> 50) % 3; k--;)
				message[arena_random(&seed) % size] ^= 1u << (random >> 56) % 8;
		if (!ends_session(message))
			send(sockets[(random >> 40) % (unsigned)n_sockets], message, size,
			     MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void on_wake(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

/* A program with everything that the library can have open; then it spoils it. */
static _Noreturn void be_the_attacker(uint64_t seed)
{
	io_connect_t c = world_open("FixtureDriver", 0);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	uint64_t number = 1, out, reference[8] = { 0 };
	uint32_t n = 1;

	alarm(60);
	IOServiceAddMatchingNotification(port, kIOMatchedNotification,
					 IOServiceMatching("FixtureDriver"), on_wake, NULL,
					 &iterator);
	IOConnectSetNotificationPort(c, 0, IONotificationPortGetMachPort(port), 0);
	IOConnectCallAsyncScalarMethod(c, FIXTURE_ECHO, IONotificationPortGetMachPort(port),
				       reference, 3, &number, 1, &out, &n);
	for (int i = 0; i < 16; i++) {
		n = 1;
		IOConnectCallScalarMethod(c, FIXTURE_ECHO, &number, 1, &out, &n);
	}
	spoil_own_sockets(seed, 64);
	/* The library among the ruins: any answer will do. */
	for (int i = 0; i < 4; i++) {
		n = 1;
		IOConnectCallScalarMethod(c, FIXTURE_ECHO, &number, 1, &out, &n);
		IOObjectRelease(IOServiceGetMatchingService(kIOMainPortDefault,
							    IOServiceMatching("FixtureDriver")));
	}
	_exit(0);
}

HOSTILE(P_W3, nonsense_on_every_socket_of_its_own)
{
	uint64_t rounds = test_rounds(40, 1000000 / 64);

	begin();
	for (uint64_t i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (!child)
			be_the_attacker(0x9e3779b97f4a7c15 * (i + 1));
		test_equal(arena_wait(child), 0);
	}
	arena_count(rounds * 64);
	arena_end();
}

/* The same without the library, before and after the greeting. */
HOSTILE(P_W3, random_datagrams)
{
	static uint8_t data[4096];
	uint64_t state = 1, rounds = test_rounds(1000, 100000);

	begin();
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t random = arena_random(&state);
		size_t size = (random >> 8) % sizeof(data);
		struct wire_header header = { .type = (uint32_t)(random >> 20) % 0xa00,
					      .flags = (uint32_t)(random >> 40) % 4,
					      .id = (uint32_t)(random >> 24),
					      .size = size < 24 ? size : size - 24 };
		int fd = connect_as(random & 1);

		for (size_t k = 0; k + 8 <= size; k += 8) {
			uint64_t word = arena_random(&state);

			memcpy(data + k, &word, 8);
		}
		if (size >= sizeof(header) && random >> 60)
			memcpy(data, &header, sizeof(header));
		if (!ends_session(data))
			raw_post(fd, data, size, NULL, 0);
		close(fd);
	}
	arena_count(rounds);
	arena_end();
}

/* --- P-W4 ------------------------------------------------------------------------------------ */

/* Requests without end whose answers nobody takes: sooner or later the other end has had enough. */
static void flood(int fd, bool (*ask)(int fd, uint32_t id))
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	for (uint32_t id = 1;; id++) {
		test_true(id < 1000000);
		errno = 0;
		if (ask(fd, id))
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return;
		/* Full. The other end reads on, or it has gone; the watchdog says so when neither is true. */
		poll(&p, 1, -1);
		if (p.revents & (POLLHUP | POLLERR))
			return;
	}
}

static bool ask_for_children(int fd, uint32_t id)
{
	struct wire_children_request request = {
		.id = WIRE_ROOT_ID, .options = 1, .max = 100, .plane = "IOService"
	};

	return !wire_send(fd, &wire_children_request_layout, id, &request, NULL, 0, false);
}

static bool ask_for_bytes(int fd, uint32_t id)
{
	uint64_t size = 16 * 1024;
	struct wire_call_request request = { .selector = FIXTURE_VARIABLE,
					     .flags = WIRE_CALL_OUTPUT_VARIABLE,
					     .structure_output_size = 64 * 1024,
					     .scalars = { &size, 1 } };

	return !wire_send(fd, &wire_call_request_layout, id, &request, NULL, 0, false);
}

HOSTILE(P_W4, requests_whose_answers_nobody_reads)
{
	struct raw_client raw;
	int fd;

	begin();
	fd = connect_as(true);
	flood(fd, ask_for_children);
	close(fd);
	raw_open(&raw, world_socket(), service);
	flood(raw.data, ask_for_bytes);
	close(raw.data);
	close(raw.control);
	arena_end();
}

static bool ask_for_memory(int fd, uint32_t id)
{
	struct wire_map_request request = { .memory_type = id };

	return !wire_send(fd, &wire_map_request_layout, id, &request, NULL, 0, false);
}

/* All its threads wait, each with an answer of its own: when one has had enough all have. */
HOSTILE(P_W4, mappings_whose_answers_nobody_reads)
{
	struct arena_times times = { .what = "openings beside one that ends",
				     .promised_ns = 250000000 };
	struct raw_client deaf, raw;
	uint64_t began;

	begin();
	raw_open(&deaf, world_socket(), service);
	flood(deaf.data, ask_for_memory);
	/* One of them stands behind its end. */
	for (unsigned i = 0; i < 100; i++) {
		began = arena_now_ns();
		raw_open(&raw, world_socket(), service);
		arena_took(&times, arena_now_ns() - began);
		raw_close(&raw);
	}
	raw_close(&deaf);
	arena_judge(&times);
	arena_end();
}

/* --- P-W5 ------------------------------------------------------------------------------------------ */

enum { STRANGERS_MAX = 64, ACCEPTED_AT_ONCE = 16, GREETING_MS = 300, GREETING_FULL_MS = 5000 };

/* Comes N times and keeps all of it open; every tenth says one byte, which is no greeting. */
static _Noreturn void come_and_say_nothing(unsigned n)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (unsigned i = 0; i < n; i++) {
		int fd = raw_connect(world_socket());

		if (i % 10 == 0)
			raw_post(fd, "P", 1, NULL, 0);
	}
	_exit(0);
}

/* While PIDS run: somebody comes, greets and goes. */
static void greet_beside(pid_t *pids, unsigned n, int most_descriptors)
{
	struct arena_times times = { .what = "connections beside strangers",
				     .promised_ns = 100000000 };

	while (n) {
		uint64_t began = arena_now_ns();
		int fd = raw_connect(world_socket());

		raw_greet(fd);
		arena_took(&times, arena_now_ns() - began);
		close(fd);
		test_true(audit_count(world_registry_pid(), "fd") <= most_descriptors);
		for (unsigned i = 0; i < n; i++)
			if (waitpid(pids[i], NULL, WNOHANG) == pids[i])
				pids[i--] = pids[--n];
	}
	arena_judge(&times);
}

/* Who says nothing takes no place from those who do, whether it is one program or are several. */
HOSTILE(P_W5, connections_without_a_greeting)
{
	enum { PROGRAMS = 4 };
	const unsigned n = (unsigned)test_rounds(1000, 10000);

	begin();
	int most = audit_count(world_registry_pid(), "fd") + STRANGERS_MAX + ACCEPTED_AT_ONCE + 2;

	for (unsigned programs = 1; programs <= PROGRAMS; programs += PROGRAMS - 1) {
		pid_t pids[PROGRAMS];

		for (unsigned i = 0; i < programs; i++) {
			pids[i] = fork();
			if (!pids[i])
				come_and_say_nothing(n / programs);
		}
		greet_beside(pids, programs, most);
	}
	arena_count(2 * n);
	arena_end();
}

/* One that is silent has its time and no more; one that says a byte of a greeting, and means to say the
 * next a second later, has not even that. */
HOSTILE(P_W5, slow_greetings)
{
	const uint64_t limit_ns =
		(test_is_full() ? GREETING_FULL_MS : GREETING_MS) * (uint64_t)1000000;
	struct arena_times cut = { .what = "the end of a slow greeting",
				   .promised_ns = 1000000000 };
	struct arena_times late = { .what = "the end of silence",
				    .promised_ns = limit_ns + 1000000000 };
	uint64_t began;

	if (!test_is_full())
		world_add_option("--limit", "greeting-time=300");
	begin();
	began = arena_now_ns();
	int silent = raw_connect(world_socket()), slow = raw_connect(world_socket());

	raw_post(slow, "P", 1, NULL, 0);
	raw_await_end(slow);
	arena_took(&cut, arena_now_ns() - began);
	raw_await_end(silent);
	arena_took(&late, arena_now_ns() - began);
	test_true(late.worst_ns >= limit_ns);
	close(silent);
	close(slow);
	arena_judge(&cut);
	arena_judge(&late);
	arena_end();
}

TEST_MAIN
