// SPDX-License-Identifier: MIT
/* The module once more, where each end does something in the middle of what the other does. */
#include <stdatomic.h>
#include <stddef.h>

#include "wire/completion_ring.h"

static _Thread_local void (*meanwhile)(void); /* NULL: nobody does anything */

static void before_exchange(void)
{
	void (*fn)(void) = meanwhile;

	meanwhile = NULL; /* what is done may be an exchange, too */
	if (fn)
		fn();
}

#undef atomic_compare_exchange_strong
#define atomic_compare_exchange_strong(at, old, new) \
	(before_exchange(), atomic_compare_exchange_strong_explicit( \
				    at, old, new, memory_order_seq_cst, memory_order_seq_cst))
#include "wire/completion_ring.c"

#include "test.h"

static struct wire_ring_reader reader;
static struct wire_ring_writer writer;
static enum wire_ring_reader_state seen;

static void begin(void)
{
	struct wire_ring_record record = { .kind = WIRE_RING_RELEASED };
	int fd;

	test_equal_error(wire_ring_create(&reader, &fd), 0);
	test_equal_error(wire_ring_attach(&writer, fd), 0);
	fd_close(fd);
	test_true(wire_ring_put(&writer, &record));
}

static void end(void)
{
	wire_ring_destroy(&reader);
	wire_ring_detach(&writer);
}

static void look_at_reader(void)
{
	seen = wire_ring_reader_state(&writer);
}

/* Between the reader's decision to sleep and its next look a wake-up was sent: it counts. */
TEST(a_wake_up_that_is_on_its_way_is_counted)
{
	begin();
	test_equal(wire_ring_reader_state(&writer), WIRE_RING_ASLEEP);
	meanwhile = look_at_reader;
	test_true(!wire_ring_sleep(&reader));
	test_equal(seen, WIRE_RING_ASLEEP);
	test_equal(reader.unread, 2);
	end();
}

static void wake_up(void)
{
	atomic_store(&reader.memory->reader, WIRE_RING_AWAKE);
}

static void close_ring(void)
{
	wire_ring_close(&reader);
}

/* The writer has seen it asleep: nobody is woken who has found the record or goes. */
TEST(who_wakes_up_meanwhile_is_not_woken)
{
	begin();
	meanwhile = wake_up;
	test_equal(wire_ring_reader_state(&writer), WIRE_RING_AWAKE);
	atomic_store(&reader.memory->reader, WIRE_RING_ASLEEP);
	meanwhile = close_ring;
	test_equal(wire_ring_reader_state(&writer), WIRE_RING_CLOSED);
	end();
}
