// SPDX-License-Identifier: MIT
/* Completions from the ring of a host that may be honest, dead or hostile; connect_test.c has those that
 * come over the socket. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/port.h>

#include "base/fd.h"
#include "base/shm.h"
#include "fake.h"
#include "test.h"
#include "wire/async.h"
#include "wire/completion_ring.h"

static struct fake fake;
static io_service_t service;
static io_connect_t connection;
static IONotificationPortRef notify;
static mach_port_t port;

/* The host's end. */
static struct wire_ring_writer ring;
static _Atomic uint64_t *words; /* all of its memory */
static atomic_int host_socket = -1;

static bool take_ring(struct fake *f, int socket, struct wire_frame *frame)
{
	void *base;

	if (frame->header.type != WIRE_COMPLETIONS_OPEN)
		return false;
	test_equal(frame->n_fds, 2);
	test_equal(wire_ring_attach(&ring, frame->fds[1]), 0);
	test_equal(shm_map(frame->fds[1], WIRE_RING_SIZE, true, &base), 0);
	words = base;
	atomic_store(&host_socket, wire_frame_take_fd(frame, 0));
	fake_reply_status(socket, frame, 0);
	return true;
}

static int n_calls, n_aborted;

static void called(void *refcon, IOReturn result, void **arguments, uint32_t n)
{
	test_true(refcon == &n_calls);
	if (result == kIOReturnAborted && n == 0)
		n_aborted++;
	else
		n_calls++;
}

static uint64_t call(void)
{
	io_async_ref64_t reference = { 0, (uintptr_t)called, (uintptr_t)&n_calls };

	test_equal_error(IOConnectCallAsyncScalarMethod(connection, 5, port, reference,
							kIOAsyncCalloutCount, NULL, 0, NULL, NULL),
			 0);
	return fake.last_token;
}

static void begin(void)
{
	n_calls = n_aborted = 0;
	fake_start(&fake, NULL);
	atomic_store(&fake.hook, take_ring);
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &connection), 0);
	notify = IONotificationPortCreate(0);
	port = IONotificationPortGetMachPort(notify);
}

static void end(void)
{
	IOServiceClose(connection);
	IONotificationPortDestroy(notify);
	IOObjectRelease(service);
	fake_end(&fake);
	wire_ring_detach(&ring);
	shm_unmap((void *)words, WIRE_RING_SIZE);
	atomic_store(&host_socket, fd_close(atomic_load(&host_socket)));
}

static void host_put(uint64_t token, uint8_t kind, uint8_t count)
{
	static const uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	const struct wire_ring_record record = {
		.token = token, .kind = kind, .count = count, .arguments = arguments
	};

	test_true(ring.memory && wire_ring_put(&ring, &record));
	if (kind == WIRE_RING_COMPLETION && wire_ring_reader_state(&ring) == WIRE_RING_ASLEEP)
		wire_send(atomic_load(&host_socket), &wire_ring_wake_layout, 0, NULL, NULL, 0,
			  false);
}

static bool receive(void)
{
	union {
		mach_msg_header_t header;
		char space[1024];
	} m;

	if (mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port, 0, 0))
		return false;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	return true;
}

static bool polls(void)
{
	struct pollfd p = { .fd = portico_port_get_descriptor(port), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* The descriptor is readable as long as there are messages, and not for releases or what is none. */
TEST(the_descriptor_is_exact)
{
	uint64_t token;

	begin();
	token = call();
	test_true(!polls());
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 5; i++)
			host_put(token, WIRE_RING_COMPLETION, 3);
		for (int i = 0; i < 5; i++) {
			test_true(polls());
			test_true(receive());
			test_equal(n_calls, round * 5 + i + 1);
		}
		test_true(!polls());
	}
	host_put(token, WIRE_RING_COMPLETION, 1);
	host_put(token, WIRE_RING_RELEASED, 0);
	test_true(polls());
	test_true(receive());
	test_true(!polls());
	test_true(!receive());
	end();
}

/* P-X1, P-X2 */
TEST(spec_px1_only_what_was_registered_is_called)
{
	uint64_t token;

	begin();
	token = call();
	for (int bit = 0; bit < 64; bit++)
		host_put(token ^ 1ull << bit, WIRE_RING_COMPLETION, 0);
	host_put(token ^ 1, WIRE_RING_RELEASED, 0);
	while (receive())
		;
	test_equal(n_calls, 0);
	host_put(token, WIRE_RING_COMPLETION, 16);
	test_true(receive());
	test_equal(n_calls, 1);
	host_put(token, WIRE_RING_RELEASED, 0);
	for (int i = 0; i < 100; i++)
		host_put(token, WIRE_RING_COMPLETION, 0);
	while (receive())
		;
	test_equal(n_calls, 1);
	end();
}

TEST(what_a_dead_host_left_comes_before_the_aborts)
{
	uint64_t token, released;

	begin();
	released = call();
	token = call();
	call();
	for (int i = 0; i < 10; i++)
		host_put(token, WIRE_RING_COMPLETION, 1);
	host_put(released, WIRE_RING_RELEASED, 0);
	fake_kill_host(&fake);
	atomic_store(&host_socket, fd_close(atomic_load(&host_socket)));
	for (int i = 1; i <= 10; i++) {
		test_true(receive());
		test_equal(n_calls, i);
		test_equal(n_aborted, 0);
	}
	while (polls())
		receive();
	test_equal(n_calls, 10);
	test_equal(n_aborted, 2);
	end();
}

/* A count that cannot be ends the inlet, and with it the calls. */
TEST(nonsense_ends_the_inlet)
{
	begin();
	call();
	host_put(call(), WIRE_RING_COMPLETION, 1);
	atomic_store(&words[4096 / 8 + 2], 17ull << 32 | 1ull << 40);
	while (receive())
		;
	test_equal(n_calls, 0);
	test_equal(n_aborted, 2);
	end();
}

/* Wake-ups that mean nothing, and other messages: nobody is kept busy by them. */
TEST(noise_in_the_socket_is_dropped)
{
	struct wire_completion completion = { .token = 0 };
	uint64_t token;

	begin();
	completion.token = token = call();
	for (int i = 0; i < 50; i++) {
		int socket = atomic_load(&host_socket);

		wire_send(socket, &wire_ring_wake_layout, 0, NULL, NULL, 0, false);
		wire_send(socket, &wire_completion_layout, 0, &completion, NULL, 0, false);
	}
	while (polls())
		test_true(!receive());
	test_equal(n_calls, 0);
	host_put(token, WIRE_RING_COMPLETION, 0);
	test_true(receive());
	test_true(!polls());
	end();
}

static atomic_bool scribbler_ends;

static void *scribble(void *context)
{
	static const uint64_t evil[] = {
		0, 1, 2, 16ull << 32 | 1ull << 40, 17ull << 32, 1ull << 41, UINT64_MAX, INT64_MAX
	};
	unsigned seed = 7;

	while (!atomic_load(&scribbler_ends)) {
		size_t at = (size_t)rand_r(&seed) % (WIRE_RING_SIZE / 8);
		uint64_t value = evil[(size_t)rand_r(&seed) % (sizeof(evil) / sizeof(evil[0]))];

		if (at >= 512 && at % 8 == 0 && rand_r(&seed) % 2)
			value = (at - 512) / 8 + 1;
		if (at >= 512 && at % 8 == 1)
			value = fake.last_token;
		/* The three words in front are hit as often as all slots. */
		if (rand_r(&seed) % 2)
			at = (size_t)rand_r(&seed) % 3 * 8;
		atomic_store_explicit(&words[at], value, memory_order_relaxed);
		if (rand_r(&seed) % 64 == 0)
			wire_send(atomic_load(&host_socket), &wire_ring_wake_layout, 0, NULL, NULL,
				  0, false);
	}
	return NULL;
}

/* Whatever is written, only the registered function is called, and each call ends. */
TEST(spec_pl_a_scribbler_hurts_itself)
{
	pthread_t thread;

	begin();
	for (int i = 0; i < 8; i++)
		call();
	atomic_store(&scribbler_ends, false);
	test_equal(pthread_create(&thread, NULL, scribble, NULL), 0);
	for (int i = 0; i < 20000; i++) {
		polls();
		receive();
	}
	atomic_store(&scribbler_ends, true);
	test_equal(pthread_join(thread, NULL), 0);
	fake_kill_host(&fake);
	atomic_store(&host_socket, fd_close(atomic_load(&host_socket)));
	while (polls())
		receive();
	test_true(n_aborted <= 8);
	end();
}

TEST_MAIN
