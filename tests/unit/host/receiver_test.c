// SPDX-License-Identifier: MIT
/* Who receives a connection's requests, against the Calculator and a fake registry. */
#include "test.h"

#include <dirent.h>
#include <poll.h>
#include <unistd.h>

#include <IOKit/IOReturn.h>

#include "fake_registry.h"
#include "wire/call.h"
#include "wire/publish.h"

enum { SERVICE = 100, ADD = 0, SLEEP = 7, OPENS = 8, MS = 1000 * 1000, CALLERS_MAX = 80 };

struct scene {
	struct fake_registry fake;
	struct wire_channel *channel, *observer;
};

static void begin_with(struct scene *scene, const char *limits)
{
	struct wire_limits message = { limits };

	fake_start(&scene->fake);
	fake_load(&scene->fake, SERVICE, test_built("drivers/Calculator.dext"), "CalculatorDriver");
	test_equal(wire_send(scene->fake.socket, &wire_limits_layout, 0, &message, NULL, 0, true),
		   0);
	scene->channel = fake_connect(&scene->fake, SERVICE, 0, NULL);
	scene->observer = fake_connect(&scene->fake, SERVICE, 0, NULL);
}

static void begin(struct scene *scene)
{
	begin_with(scene, "");
}

static void end(struct scene *scene)
{
	wire_channel_unref(scene->channel);
	wire_channel_unref(scene->observer);
	fake_finish(&scene->fake);
}

static int count_threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	int n = 0;

	test_true(folder != NULL);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n - 2;
}

static void check_add(struct wire_channel *channel, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t sum = 0;

		test_equal_error(fake_scalar(channel, ADD, (uint64_t[]){ i, 1 }, 2, &sum, 1), 0);
		test_equal(sum, i + 1);
	}
}

/* How many methods the driver runs, the question included. */
static uint64_t count_running(struct wire_channel *channel)
{
	uint64_t counts[4];

	test_equal_error(fake_scalar(channel, OPENS, NULL, 0, counts, 4), 0);
	return counts[2];
}

struct caller {
	pthread_t thread;
	struct wire_channel *channel;
	uint64_t ns;
	int times;
};

static void *call(void *context)
{
	struct caller *caller = context;

	for (int i = 0; i < caller->times; i++)
		test_equal_error(fake_scalar(caller->channel, SLEEP, &caller->ns, 1, NULL, 0), 0);
	return NULL;
}

static void start_callers(struct caller *callers, int n, struct wire_channel *channel, uint64_t ns,
			  int times)
{
	for (int i = 0; i < n; i++) {
		callers[i] = (struct caller){ .channel = channel, .ns = ns, .times = times };
		test_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
	}
}

static void join_callers(struct caller *callers, int n)
{
	for (int i = 0; i < n; i++)
		test_equal(pthread_join(callers[i].thread, NULL), 0);
}

/* The host waits with an answer for which there is no room. */
TEST(a_client_that_reads_late_gets_every_answer)
{
	uint64_t in[2] = { 40, 2 }, client;
	struct wire_call_request call = { .scalar_output_count = 1, .scalars = { in, 2 } };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct scene scene;
	uint32_t asked = 0;
	struct pollfd p = { .events = POLLOUT };

	begin(&scene);
	test_equal_error(fake_open(&scene.fake, SERVICE, 0, 0, 0, &client, &p.fd), 0);
	while (poll(&p, 1, 100) == 1)
		while (!wire_send(p.fd, &wire_call_request_layout, asked + 1, &call, NULL, 0,
				  false))
			asked++;
	test_true(asked > 0);
	for (uint32_t i = 0; i < asked; i++) {
		test_equal(wire_frame_receive(p.fd, &frame, WIRE_CALL_MAX, true), 0);
		test_equal(frame.header.status, 0);
		wire_frame_fini(&frame);
	}
	close(p.fd);
	end(&scene);
}

TEST(a_lone_caller_needs_no_more_threads)
{
	struct scene scene;
	int before;

	begin(&scene);
	check_add(scene.channel, 1);
	before = count_threads();
	check_add(scene.channel, test_is_slow() ? 200 : 5000);
	/* One may have been asked to stand by while the machine was busy with something else. */
	test_true(count_threads() <= before + 2);
	end(&scene);
}

TEST(spec_j21_many_slow_methods_run_at_once)
{
	enum { N = 32 };
	struct caller callers[N];
	struct scene scene;

	begin(&scene);
	start_callers(callers, N, scene.channel, 2000ull * MS, 1);
	while (count_running(scene.observer) < N + 1)
		;
	check_add(scene.channel, 1); /* and others beside them */
	join_callers(callers, N);
	end(&scene);
}

TEST(more_slow_methods_than_threads_wait_their_turn)
{
	struct caller callers[CALLERS_MAX];
	struct scene scene;

	begin(&scene);
	start_callers(callers, CALLERS_MAX, scene.channel, 20 * MS, 2);
	join_callers(callers, CALLERS_MAX);
	check_add(scene.channel, 10);
	end(&scene);
}

TEST(a_connection_has_as_many_threads_as_it_may)
{
	enum { N = 12, LIMIT = 4, ROUNDS = 50 };
	struct caller callers[N];
	struct scene scene;
	uint64_t most = 0;

	begin_with(&scene, "threads=4");
	start_callers(callers, N, scene.channel, 200ull * MS, 1);
	/* Without the question itself. */
	while (most < LIMIT) {
		uint64_t running = count_running(scene.observer) - 1;

		most = running > most ? running : most;
	}
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t running = count_running(scene.observer) - 1;

		most = running > most ? running : most;
		test_true(!poll(NULL, 0, 2));
	}
	test_equal(most, LIMIT);
	join_callers(callers, N);
	end(&scene);
}

TEST(bursts_leave_one_receiver_and_few_threads)
{
	struct caller callers[16];
	struct scene scene;
	int before;

	begin(&scene);
	before = count_threads();
	for (int round = 0; round < 10; round++) {
		start_callers(callers, 16, scene.channel, (uint64_t)(round % 2) * MS, 20);
		join_callers(callers, 16);
		check_add(scene.channel, 1);
	}
	/* Those that stand by are few; who is one too many leaves without being asked. */
	while (count_threads() > before + 3)
		poll(NULL, 0, 1);
	check_add(scene.channel, 10);
	end(&scene);
}

TEST(a_client_that_dies_in_a_burst_takes_all_threads_along)
{
	struct wire_call_request sleep = {
		.selector = SLEEP,
		.scalars = { (uint64_t[]){ 20 * MS }, 1 },
	};
	struct scene scene;
	uint64_t client;
	int socket;

	begin(&scene);
	test_equal_error(fake_open(&scene.fake, SERVICE, 0, 0, 0, &client, &socket), 0);
	for (uint32_t id = 1; id <= 20; id++)
		test_equal(wire_send(socket, &wire_call_request_layout, id, &sleep, NULL, 0, true),
			   0);
	while (count_running(scene.observer) < 2)
		;
	close(socket);
	fake_expect(&scene.fake, WIRE_RETIRE, 1);
	test_equal(scene.fake.last_terminated, client);
	test_equal(count_running(scene.observer), 1);
	end(&scene);
}

TEST_MAIN
