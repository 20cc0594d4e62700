// SPDX-License-Identifier: MIT
/* Hosts that lie to their clients: forged references, messages that are not theirs, replies of any form. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "Hostile.h"
#include "arena.h"

/* The victims are children: what a lie does to one of them is its exit status. */
enum { FINE = 0, TWICE = 50, WRONG_REFCON, WRONG_BYTES, WRONG_STATUS, NOT_CALLED };

static struct {
	io_connect_t connect;
	mach_port_t port;
	uint64_t calls, aborts, last;
} victim;

static void on_completion(void *refcon, IOReturn result, void *argument)
{
	if (refcon != &victim)
		_exit(WRONG_REFCON);
	if (result == kIOReturnAborted) { /* the library's own, once, when a connection is lost */
		victim.aborts++;
		return;
	}
	victim.calls++;
	victim.last = (uint64_t)(uintptr_t)argument;
}

static kern_return_t ask(uint32_t selector, uint64_t a, uint64_t b, uint32_t n_in,
			 uint64_t *ret_out)
{
	uint64_t in[2] = { a, b }, out = 0;
	uint32_t n = ret_out ? 1 : 0;
	kern_return_t status =
		IOConnectCallScalarMethod(victim.connect, selector, in, n_in, &out, &n);

	if (ret_out)
		*ret_out = out;
	return status;
}

static kern_return_t try_to_be_victim(void)
{
	uint64_t reference[8] = { [kIOAsyncCalloutFuncIndex] = (uintptr_t)on_completion,
				  [kIOAsyncCalloutRefconIndex] = (uintptr_t)&victim };

	victim.connect = world_open("HostileDriver", 0);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &victim.port);
	return IOConnectCallAsyncScalarMethod(victim.connect, HOSTILE_KEEP, victim.port, reference,
					      kIOAsyncCalloutCount, NULL, 0, NULL, NULL);
}

/* The driver tells its lies to everybody: one that was meant for the last victim may still end this
 * connection. */
static void become_victim(unsigned seconds)
{
	alarm(seconds);
	for (int tries = 0; try_to_be_victim(); tries++) {
		if (tries == 100)
			_exit(NOT_CALLED);
		IOServiceClose(victim.connect);
		mach_port_mod_refs(mach_task_self(), victim.port, MACH_PORT_RIGHT_RECEIVE, -1);
	}
	victim.aborts = 0;
}

static void receive(mach_msg_timeout_t timeout)
{
	struct {
		mach_msg_header_t header;
		uint8_t rest[4096];
	} message;

	while (!mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message),
			 victim.port, timeout, 0)) {
		IODispatchCalloutFromMessage(NULL, &message.header, NULL);
		timeout = 0;
	}
}

static void run_victim(void (*life)(uint64_t), uint64_t argument)
{
	pid_t child = fork();

	if (!child) {
		life(argument);
		_exit(FINE);
	}
	test_equal(arena_wait(child), FINE);
}

/* --- P-X1 ------------------------------------------------------------------------------------------ */

/* Words of the reference altered, then given back, then used: at each step only what was registered. */
static void be_forged(uint64_t seed)
{
	uint64_t out, state = seed | 1;

	become_victim(100);
	for (uint64_t i = 0; i < 50; i++) {
		if (ask(HOSTILE_FORGE, arena_random(&state), arena_random(&state), 2, NULL) ||
		    ask(HOSTILE_COMPLETE, i, 0, 1, &out))
			_exit(WRONG_STATUS);
	}
	while (victim.calls < 50)
		receive(1000);
	if (victim.calls != 50 || victim.last != 49)
		_exit(TWICE);
	ask(HOSTILE_FORGET, 0, 0, 0, NULL);
	for (uint64_t i = 0; i < 10; i++)
		ask(HOSTILE_COMPLETE, i, 0, 1, &out);
	receive(0);
	if (victim.calls != 50)
		_exit(TWICE);
}

HOSTILE(P_X1, references_that_the_driver_has_altered)
{
	arena_begin("Hostile.dext", NULL);
	for (uint64_t i = test_rounds(5, 200); i--;)
		run_victim(be_forged, 0x9e3779b97f4a7c15 * (i + 1));
	arena_end();
}

struct scribbling {
	atomic_bool ends;
	io_connect_t connect;
	uint64_t state;
};

static void *scribble_all_the_time(void *context)
{
	struct scribbling *s = context;
	uint64_t in[2] = { 2000 };

	while (!atomic_load(&s->ends)) {
		in[1] = arena_random(&s->state);
		kern_return_t status =
			IOConnectCallScalarMethod(s->connect, HOSTILE_SCRIBBLE, in, 2, NULL, NULL);

		test_true(status != kIOReturnNotFound);
		if (status)
			break;
	}
	return NULL;
}

/* All shared memory of the host is overwritten, rings and slots with it. */
static void be_scribbled_over(uint64_t seed)
{
	struct scribbling s = { .state = seed | 1 };
	pthread_t thread;
	uint64_t out;

	become_victim(3);
	s.connect = world_open("HostileDriver", 0);
	pthread_create(&thread, NULL, scribble_all_the_time, &s);
	for (uint64_t i = 0; i < 200; i++) {
		kern_return_t status = ask(HOSTILE_COMPLETE, i, 0, 1, &out);

		receive(0);
		if (status)
			break;
	}
	atomic_store(&s.ends, true);
	pthread_join(thread, NULL);
	receive(0);
}

static pid_t start_scribbled_victim(uint64_t seed)
{
	pid_t child = fork();

	if (!child) {
		be_scribbled_over(seed);
		_exit(FINE);
	}
	return child;
}

/* The host that did this to itself may have to end its connections, or owe an answer for ever, as any
 * driver may; its clients can be ended, and the session stands. */
HOSTILE(P_X1, a_host_that_scribbles_over_all_shared_memory)
{
	enum { AT_ONCE = 6 };
	pid_t victims[AT_ONCE];

	arena_begin("Hostile.dext", NULL);
	arena_spare("org.portico.test.Hostile");
	for (uint64_t i = test_rounds(1, 40); i--;) {
		for (uint64_t k = 0; k < AT_ONCE; k++)
			victims[k] =
				start_scribbled_victim(0x2545f4914f6cdd1d * (i * AT_ONCE + k + 1));
		for (int k = 0; k < AT_ONCE; k++) {
			int end = arena_wait(victims[k]);

			test_true(end == FINE || end == 1000 + SIGALRM);
		}
		/* The next ones have a host that can be attacked. */
		pid_t host = world_host_pid("org.portico.test.Hostile");
		if (host > 0) /* it may have ended by itself */
			kill(host, SIGKILL);
		arena_pardon(NULL, "Hostile.dext");
	}
	IOServiceClose(world_open("HostileDriver", 0));
	arena_end();
}

/* --- P-X2, P-X3 ------------------------------------------------------------------------------------ */

/* The answer is the driver's or an error, and an error leaves the buffers alone. */
static void check_call(uint64_t lie)
{
	uint64_t out[4] = { 0xa5a5a5a5a5a5a5a5, 0xa5a5a5a5a5a5a5a5, 0xa5a5a5a5a5a5a5a5,
			    0xa5a5a5a5a5a5a5a5 };
	uint64_t in[2] = { lie, 0 };
	uint32_t n = 1;
	kern_return_t status =
		IOConnectCallScalarMethod(victim.connect, HOSTILE_LIE, in, 2, out, &n);

	for (int i = 1; i < 4; i++)
		if (out[i] != 0xa5a5a5a5a5a5a5a5)
			_exit(WRONG_BYTES);
	if (status && (!arena_is_death(status) || out[0] != 0xa5a5a5a5a5a5a5a5))
		_exit(WRONG_STATUS);
	if (!status && (n != 1 || out[0] == 0 || out[0] > 64))
		_exit(WRONG_BYTES);
}

static void be_lied_to(uint64_t lie)
{
	uint64_t out;

	victim.connect = world_open("HostileDriver", 0);
	alarm(100);
	check_call(lie); /* by the socket that the lie comes in by */
	for (int i = 0; i < 20; i++)
		check_call(lie); /* by slots */
	IOServiceClose(victim.connect);
	/* A new connection is as good as ever, once the driver has told all of its lies: it tells them to
	 * everybody, and works on at what the lost connection had asked for. */
	for (int tries = 0; tries < 100; tries++) {
		victim.calls = victim.aborts = 0;
		if (!try_to_be_victim() && !ask(HOSTILE_COMPLETE, 7, 0, 1, &out)) {
			while (!victim.calls && !victim.aborts)
				receive(1000);
			if (victim.calls > 1 || (victim.calls && victim.last != 7))
				_exit(TWICE);
			if (victim.calls)
				return;
		}
		IOServiceClose(victim.connect);
		mach_port_mod_refs(mach_task_self(), victim.port, MACH_PORT_RIGHT_RECEIVE, -1);
	}
	_exit(NOT_CALLED);
}

HOSTILE(P_X3, replies_of_every_wrong_form)
{
	arena_begin("Hostile.dext", NULL);
	for (uint64_t round = test_rounds(1, 50); round--;)
		for (uint64_t lie = 0; lie < LIES; lie++)
			run_victim(be_lied_to, lie);
	arena_end();
}

/* On the sockets of completions and notifications: dropped, or the inlet ends; nothing is called. */
static void be_notified(uint64_t lie)
{
	uint64_t out;

	become_victim(100);
	ask(HOSTILE_LIE, lie, 0, 2, &out);
	receive(0);
	if (victim.calls || victim.aborts > 1)
		_exit(TWICE);
	/* The registry's own messages still count, and nothing else does. */
	io_service_t service = world_service("WitnessDriver");
	uint64_t id = 0;

	if (IORegistryEntryGetRegistryEntryID(service, &id) || !id)
		_exit(WRONG_STATUS);
	IOObjectRelease(service);
}

HOSTILE(P_X2, messages_that_a_completion_right_does_not_allow)
{
	arena_begin("Hostile.dext", NULL);
	for (uint64_t round = test_rounds(1, 50); round--;)
		for (uint64_t lie = 0; lie < LIES; lie++)
			run_victim(be_notified, lie);
	arena_end();
}

/* To the registry: it ends that host's connection and serves everybody else. */
HOSTILE(P_W1, a_driver_lies_to_the_registry)
{
	char command[700];

	arena_begin("Hostile.dext", NULL);
	arena_spare("org.portico.test.Hostile");
	/* A host that is cut off too often is not started again, unless an administrator says so. */
	snprintf(command, sizeof(command), "%s load %s/drivers/Hostile.dext >%s/drivers/said 2>&1",
		 test_built("bin/portico"), test_folder(), test_folder());
	for (uint64_t lie = 0; lie < LIES; lie++) {
		uint64_t in[2] = { lie, 1 }, out = 0;
		uint32_t n = 1;

		victim.connect = world_open("HostileDriver", 0);
		IOConnectCallScalarMethod(victim.connect, HOSTILE_LIE, in, 2, &out, &n);
		IOServiceClose(victim.connect);
		test_equal(system(command), 0);
	}
	IOServiceClose(world_open("HostileDriver", 0));
	arena_end();
}

TEST_MAIN
