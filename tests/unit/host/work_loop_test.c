// SPDX-License-Identifier: MIT
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "host/host_internal.h"

enum { MS = 1000 * 1000 };

struct state {
	IOWorkLoop *loop;
	sem_t happened;
	int order[64], n, id;
	struct state *root;
};

static void note(void *context, IOTimerEventSource *timer)
{
	struct state *s = context;

	test_true(IOWorkLoopInGate(s->root->loop));
	s->root->order[s->root->n++] = s->id;
	sem_post(&s->root->happened);
}

static void begin(struct state *s)
{
	*s = (struct state){ .root = s };
	sem_init(&s->happened, 0, 0);
	test_equal(host_work_loop_new(&s->loop), 0);
}

static IOTimerEventSource *new_timer(struct state *s, IOTimerAction action, void *context)
{
	IOTimerEventSource *timer = IOTimerEventSourceCreate(s->loop, action, context);

	test_true(timer);
	return timer;
}

TEST(timers_fire_in_order_of_time)
{
	struct state s, parts[20];
	IOTimerEventSource *timers[20];
	uint64_t now = loop_now_ns();

	begin(&s);
	for (int i = 0; i < 20; i++) {
		parts[i] = (struct state){ .root = &s, .id = i * 7 % 20 };
		timers[i] = new_timer(&s, note, &parts[i]);
		test_equal_error(
			IOTimerEventSourceSetTime(timers[i],
						  now + 20 * MS + (uint64_t)parts[i].id * MS / 10),
			0);
	}
	for (int i = 0; i < 20; i++)
		sem_wait(&s.happened);
	for (int i = 0; i < 20; i++)
		test_equal(s.order[i], i);
	test_true(loop_now_ns() >= now + 20 * MS + 19 * MS / 10);
	for (int i = 0; i < 20; i++)
		IOTimerEventSourceRelease(timers[i]);
	host_work_loop_free(s.loop);
}

TEST(a_cancelled_timer_does_not_fire)
{
	struct state s, a, b;

	begin(&s);
	a = (struct state){ .root = &s, .id = 1 };
	b = (struct state){ .root = &s, .id = 2 };
	IOTimerEventSource *first = new_timer(&s, note, &a);
	IOTimerEventSource *second = new_timer(&s, note, &b);
	IOTimerEventSourceSetTimeout(first, 5 * MS);
	IOTimerEventSourceSetTimeout(second, 10 * MS);
	IOTimerEventSourceCancel(first);
	sem_wait(&s.happened);
	test_equal(s.n, 1);
	test_equal(s.order[0], 2);
	IOTimerEventSourceSetTimeout(first, UINT64_MAX); /* never */
	IOTimerEventSourceSetTimeout(second, 0);
	sem_wait(&s.happened);
	test_equal(s.order[1], 2);
	IOTimerEventSourceRelease(first);
	IOTimerEventSourceRelease(second);
	host_work_loop_free(s.loop);
}

static void release_itself(void *context, IOTimerEventSource *timer)
{
	struct state *s = context;

	IOTimerEventSourceRelease(timer);
	sem_post(&s->happened);
}

TEST(a_timer_may_release_itself)
{
	struct state s;

	begin(&s);
	for (int i = 0; i < 10; i++)
		IOTimerEventSourceSetTimeout(new_timer(&s, release_itself, &s), 0);
	for (int i = 0; i < 10; i++)
		sem_wait(&s.happened);
	host_work_loop_free(s.loop);
}

static void never(void *context, int fd, uint32_t events)
{
	test_fail(__FILE__, __LINE__, "called");
}

TEST(sources_outlive_the_loop_harmlessly)
{
	struct state s;
	int fds[2];

	begin(&s);
	test_equal(pipe2(fds, O_CLOEXEC), 0);
	IOTimerEventSource *timer = new_timer(&s, note, &s);
	IODescriptorEventSource *source =
		IODescriptorEventSourceCreate(s.loop, fds[0], POLLIN, never, &s);
	IOTimerEventSourceSetTimeout(timer, UINT64_MAX);
	host_work_loop_free(s.loop);
	test_equal_error(IOTimerEventSourceSetTimeout(timer, 0), kIOReturnNotReady);
	IOTimerEventSourceRelease(timer);
	IODescriptorEventSourceRelease(source);
	close(fds[0]);
	close(fds[1]);
}

static void readable(void *context, int fd, uint32_t events)
{
	struct state *s = context;
	char byte;

	test_true(events & POLLIN);
	test_true(IOWorkLoopInGate(s->loop));
	test_equal(read(fd, &byte, 1), 1);
	sem_post(&s->happened);
}

TEST(descriptors_are_followed_until_released)
{
	struct state s;
	int fds[2];

	begin(&s);
	test_equal(pipe2(fds, O_CLOEXEC), 0);
	IODescriptorEventSource *source =
		IODescriptorEventSourceCreate(s.loop, fds[0], POLLIN, readable, &s);
	test_true(source != NULL);
	test_equal(write(fds[1], "ab", 2), 2);
	sem_wait(&s.happened);
	sem_wait(&s.happened);
	IODescriptorEventSourceRelease(source);
	test_equal(write(fds[1], "c", 1), 1);
	test_true(IODescriptorEventSourceCreate(s.loop, -1, POLLIN, readable, &s) == NULL);
	host_work_loop_free(s.loop);
	test_equal(poll(&(struct pollfd){ .fd = fds[0], .events = POLLIN }, 1, 0),
		   1); /* untouched */
	close(fds[0]);
	close(fds[1]);
}

static IOReturn raise_counter(void *context, void *argument)
{
	int *counter = context, value = *counter;

	sched_yield();
	*counter = value + 1;
	return 17;
}

static IOReturn nested(void *context, void *argument)
{
	return IOWorkLoopRunAction(argument, raise_counter, context, NULL);
}

struct gate_user {
	IOWorkLoop *loop;
	int *counter;
};

static void *use_gate(void *context)
{
	struct gate_user *user = context;

	for (int i = 0; i < 1000; i++)
		test_equal_error(IOWorkLoopRunAction(user->loop, nested, user->counter, user->loop),
				 17);
	return NULL;
}

TEST(the_gate_admits_one_thread)
{
	struct state s;
	int counter = 0;
	pthread_t threads[4];

	begin(&s);
	struct gate_user user = { s.loop, &counter };
	test_true(!IOWorkLoopInGate(s.loop));
	for (int i = 0; i < 4; i++)
		test_equal(pthread_create(&threads[i], NULL, use_gate, &user), 0);
	for (int i = 0; i < 4; i++)
		test_equal(pthread_join(threads[i], NULL), 0);
	test_equal(counter, 4000);
	host_work_loop_free(s.loop);
}

TEST_MAIN
