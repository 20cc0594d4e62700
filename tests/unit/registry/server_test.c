// SPDX-License-Identifier: MIT
#include "registry/spawn.h"

#include "base/fd.h"
#include "test.h"

static err_t refusal = -ECHILD;

static err_t refuse(void *context, const char *server_name, uint64_t token, int socket)
{
	fd_close(socket);
	return refusal;
}

/* The rests between the starts are left out. */
static void crash(struct registry_server *s)
{
	s->state = REGISTRY_SERVER_IDLE;
	registry_server_start(s);
}

static struct registry *registry;
static struct loop *loop;

static struct registry_server *begin(void)
{
	struct registry_config config = { .start_provider = refuse,
					  .heartbeat_ms = REGISTRY_NO_HEARTBEAT };

	test_equal_error(loop_new(&loop), 0);
	test_equal_error(registry_new(loop, &config, &registry), 0);
	struct registry_server *s = registry_server_need(registry, "s");
	test_true(s != NULL);
	return s;
}

static void end(void)
{
	registry_free(registry);
	loop_free(loop);
}

TEST(ten_crashes_within_a_minute_are_enough_and_loading_forgets_them)
{
	struct registry_server *s = begin();

	for (int i = 1; i < REGISTRY_CRASHES_MAX; i++) {
		crash(s);
		test_equal(s->state, REGISTRY_SERVER_RESTING);
	}
	crash(s);
	test_equal_text(registry_server_state_name(s), "quarantined");
	registry_server_start(s);
	test_equal(s->state, REGISTRY_SERVER_QUARANTINED);
	registry_server_pardon(s);
	test_equal(s->state, REGISTRY_SERVER_IDLE);
	crash(s);
	test_equal_text(registry_server_state_name(s), "resting");
	test_equal(s->total_crashes, REGISTRY_CRASHES_MAX + 1);
	end();
}

TEST(a_shortage_is_no_crash)
{
	struct registry_server *s = begin();

	refusal = -EAGAIN;
	for (int i = 0; i < 100; i++) {
		crash(s);
		test_equal_text(registry_server_state_name(s), "resting");
	}
	test_equal(s->total_crashes, 0);
	refusal = -ECHILD;
	crash(s);
	test_equal(s->total_crashes, 1);
	end();
}

/* Ten of them would not come together within a minute. */
TEST(three_hangs_are_enough)
{
	struct registry_server *s = begin();

	for (int i = 1; i <= REGISTRY_HANGS_MAX; i++) {
		registry_server_end_hung(s);
		crash(s);
		test_equal_text(registry_server_state_name(s),
				i < REGISTRY_HANGS_MAX ? "resting" : "quarantined");
	}
	registry_server_pardon(s);
	test_equal(s->state, REGISTRY_SERVER_IDLE);
	crash(s);
	test_equal_text(registry_server_state_name(s), "resting");
	/* Some long after the others. */
	for (int i = 0; i < 2 * REGISTRY_HANGS_MAX; i++) {
		s->last_hang_ns -= REGISTRY_HANG_WINDOW_NS;
		registry_server_end_hung(s);
		crash(s);
		test_equal_text(registry_server_state_name(s), "resting");
	}
	end();
}

TEST_MAIN
