// SPDX-License-Identifier: MIT
/*
 * The witness: a well-behaved program beside an attack. It makes a paced call every millisecond, with
 * every tenth it has its driver send one completion and one queue record, both numbered. It writes a
 * byte when it has begun and goes on until its input ends, and a while longer. Then it says in one line
 * what it saw; its status is 0 when no call failed and nothing was lost, doubled or out of order.
 *
 * usage: witness MORE    MORE: calls after the end of its input
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "Witness.h"

enum { PERIOD_NS = 1000 * 1000, QUIET_CALLS = 30, CALLS_OF_A_TICK = 10, LATENCIES = 1 << 20 };

static struct {
	io_connect_t connect;
	mach_port_t port;
	IODataQueueMemory *queue;
	uint64_t calls, failures, first_failure;
	uint64_t ticks, completions, records, disorder;
	uint32_t latencies[LATENCIES]; /* ns, of the last calls */
	struct timespec next;
} w;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(uint64_t status)
{
	if (!w.failures++)
		w.first_failure = status;
}

/* --- completions and records ----------------------------------------------------------------- */

static void on_completion(void *refcon, IOReturn result, void *argument)
{
	(void)refcon;
	if (result || (uint64_t)(uintptr_t)argument != w.completions)
		w.disorder++;
	w.completions++;
}

static void drain(mach_msg_timeout_t timeout)
{
	struct {
		mach_msg_header_t header;
		uint8_t rest[512];
	} message;
	uint64_t record;
	uint32_t size = sizeof(record);

	while (!mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message),
			 w.port, timeout, MACH_PORT_NULL)) {
		IODispatchCalloutFromMessage(NULL, &message.header, NULL);
		timeout = 0;
	}
	while (!IODataQueueDequeue(w.queue, &record, &size)) {
		if (size != sizeof(record) || record != w.records)
			w.disorder++;
		w.records++;
		size = sizeof(record);
	}
}

/* --- calls --------------------------------------------------------------------------------------- */

static void echo(void)
{
	uint64_t number = w.calls, out = 0, started = now_ns();
	uint32_t n = 1;
	kern_return_t status =
		IOConnectCallScalarMethod(w.connect, WITNESS_ECHO, &number, 1, &out, &n);
	uint64_t took = now_ns() - started;

	w.latencies[w.calls++ % LATENCIES] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
	if (status || n != 1 || out != number + 1)
		fail((uint32_t)status);
}

static void tick(void)
{
	uint64_t number = w.ticks++, out[2] = { 0 };
	uint32_t n = 2;
	kern_return_t status =
		IOConnectCallScalarMethod(w.connect, WITNESS_TICK, &number, 1, out, &n);

	if (status || !out[0] || !out[1])
		fail(status ? (uint32_t)status : 1);
}

/* The next beat; who is late begins anew and does not rush. */
static void pace(void)
{
	struct timespec t;

	w.next.tv_nsec += PERIOD_NS;
	if (w.next.tv_nsec >= 1000000000) {
		w.next.tv_nsec -= 1000000000;
		w.next.tv_sec++;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (t.tv_sec > w.next.tv_sec || (t.tv_sec == w.next.tv_sec && t.tv_nsec > w.next.tv_nsec))
		w.next = t;
	else
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &w.next, NULL);
}

static void beat(void)
{
	echo();
	if (w.calls % CALLS_OF_A_TICK == 0)
		tick();
	drain(0);
	pace();
}

static void begin(void)
{
	io_async_ref64_t reference = { 0 };
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	uint32_t n = 0;
	io_service_t service = 0;

	for (int i = 0; !service && i < 100; i++) {
		IOKitWaitQuiet(kIOMainPortDefault, NULL);
		service = IOServiceGetMatchingService(kIOMainPortDefault,
						      IOServiceMatching("WitnessDriver"));
	}
	if (!service || IOServiceOpen(service, mach_task_self(), 0, &w.connect))
		exit(2);
	IOObjectRelease(service);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &w.port);
	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)on_completion;
	if (IOConnectCallAsyncScalarMethod(w.connect, WITNESS_SUBSCRIBE, w.port, reference,
					   kIOAsyncCalloutCount, NULL, 0, NULL, &n) ||
	    IOConnectMapMemory64(w.connect, 0, mach_task_self(), &address, &size, kIOMapAnywhere))
		exit(3);
	w.queue = (IODataQueueMemory *)(uintptr_t)address;
	clock_gettime(CLOCK_MONOTONIC, &w.next);
}

/* --- the verdict --------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t percentile(uint64_t n, unsigned permille)
{
	return n ? w.latencies[(n - 1) * permille / 1000] : 0;
}

int main(int argc, char **argv)
{
	unsigned long more = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct pollfd input = { .fd = 0, .events = POLLIN };
	uint32_t quiet_99;

	begin();
	while (w.calls < QUIET_CALLS)
		beat();
	qsort(w.latencies, w.calls, sizeof(*w.latencies), compare);
	quiet_99 = percentile(w.calls, 990);
	if (write(1, "", 1) != 1)
		return 4;
	while (poll(&input, 1, 0) == 0)
		beat();
	while (more--)
		beat();
	for (int i = 0; i < 100 && (w.completions < w.ticks || w.records < w.ticks); i++)
		drain(100);
	uint64_t n = w.calls < LATENCIES ? w.calls : LATENCIES;
	qsort(w.latencies, n, sizeof(*w.latencies), compare);
	printf("calls %llu failed %llu first %#llx ticks %llu completions %llu records %llu "
	       "disorder %llu "
	       "quiet %u p50 %u p99 %u worst %u\n",
	       (unsigned long long)w.calls, (unsigned long long)w.failures,
	       (unsigned long long)w.first_failure, (unsigned long long)w.ticks,
	       (unsigned long long)w.completions, (unsigned long long)w.records,
	       (unsigned long long)w.disorder, quiet_99, percentile(n, 500), percentile(n, 990),
	       percentile(n, 1000));
	fflush(stdout);
	IOServiceClose(w.connect);
	return w.failures || w.disorder || w.completions != w.ticks || w.records != w.ticks;
}
