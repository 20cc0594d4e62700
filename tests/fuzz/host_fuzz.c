// SPDX-License-Identifier: MIT
/*
 * A driver host's side of data connections: a real host on threads of its own, a new connection to a
 * user client for each input, each record one datagram of the client. Every request is answered once
 * or the connection ends, within seconds; then nothing of it is left, and clientClose has run once.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/host/fake_registry.h"
#include "audit.h"
#include "base/fd.h"
#include "peer.h"
#include "test.h"
#include "wire/async.h"
#include "wire/call.h"
#include "wire/client_memory.h"
#include "wire/memory.h"
#include "wire/notice.h"

enum { SERVICE = 100, COUNTS = 7, PATIENCE_MS = 20000 };

/* What a host takes from a client; anything else ends the connection at once. */
static const struct wire_layout *const layouts[] = {
	&wire_call_request_layout,   &wire_trap_request_layout,
	&wire_map_request_layout,    &wire_unmap_request_layout,
	&wire_inlet_open_layout,     &wire_completions_open_layout,
	&wire_inlet_close_layout,    &wire_set_notification_port_layout,
	&wire_get_service_layout,    &wire_set_client_properties_layout,
	&wire_connect_client_layout, &wire_slots_layout,
	&wire_close_layout,	     &wire_client_memory_reply_layout,
};
enum { LAYOUTS = sizeof(layouts) / sizeof(*layouts) };

static struct fake_registry registry;
static struct wire_frame frame;
static struct wire_channel *observer;

/* --- records ------------------------------------------------------------------------- */

static const struct wire_layout *layout_of(uint16_t kind)
{
	return kind < LAYOUTS ? layouts[kind] : fuzz_message_layout(kind);
}

static const char *name_of(uint16_t kind)
{
	return layout_of(kind)->name + strlen("wire_");
}

/* Selectors and types are small, most of the time. */
static size_t change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
		     size_t max)
{
	size = fuzz_change_layout(chance, layout_of(kind), data, size, max);
	if (size >= 8 && fuzz_below(chance, 2))
		data[0] = (uint8_t)fuzz_below(chance, 13);
	return size;
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = LAYOUTS + 2,
	.n_who = 1,
	.data_max = 2048,
	.name = name_of,
	.change = change,
};

/* --- the host -------------------------------------------------------------------------- */

/* What the tests' own registry says when something is not as it must be. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
	fuzz_fail(file, line, format);
}

void test_equal_text_at(const char *file, int line, const char *what, const char *actual,
			const char *expected)
{
	if (strcmp(actual, expected))
		fuzz_fail(file, line, what);
}

static void start(void)
{
	fake_start(&registry);
	fake_load(&registry, SERVICE, FUZZ_BUNDLE, "FuzzDriver");
	fake_expect(&registry, WIRE_REGISTER, 1);
	observer = fake_connect(&registry, SERVICE, 0, NULL);
}

static uint64_t count_closed(void)
{
	uint64_t counts[2];

	fuzz_require(!fake_scalar(observer, COUNTS, NULL, 0, counts, 2));
	return counts[1];
}

/* --- one input ---------------------------------------------------------------------------- */

/* Until all is answered or the connection has ended. A method may wait for the registry. */
static void await_answers(struct fuzz_peer *peer)
{
	struct pollfd p[] = { { .fd = peer->socket, .events = POLLIN },
			      { .fd = registry.socket, .events = POLLIN } };

	fuzz_peer_drain(peer, &frame);
	while (peer->socket >= 0 && fuzz_peer_is_waiting(peer)) {
		/* The fuzzer's own timer interrupts it now and then. */
		fuzz_require(TEMP_FAILURE_RETRY(poll(p, 2, PATIENCE_MS)) > 0);
		fake_serve(&registry);
		fuzz_peer_drain(peer, &frame);
	}
}

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_kept kept = { .count = 0 };
	unsigned retired = registry.seen[WIRE_RETIRE];
	uint64_t closed = count_closed(), client;
	struct fuzz_peer peer = { 0 };
	struct fuzz_record record;

	fuzz_require(!fake_open(&registry, SERVICE, 0, 0, 1000, &client, &peer.socket));
	for (int i = 0; i < FUZZ_RECORDS_MAX && fuzz_next(&in, &record); i++) {
		if (record.flags & FUZZ_HANG_UP || peer.socket < 0)
			break;
		fuzz_peer_send(&peer, &record, layout_of(record.kind), &kept);
		/* Many at once, or one by one. */
		if (!(record.who & 1))
			await_answers(&peer);
	}
	await_answers(&peer);
	fuzz_peer_hang_up(&peer);
	fake_expect(&registry, WIRE_RETIRE, retired + 1);
	fuzz_require(registry.last_terminated == client);
	fuzz_require(count_closed() == closed + 1);
	fuzz_kept_close(&kept);
	wire_frame_clear(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!observer)
		start();
	fuzz_audited(run, data, size);
	return 0;
}
