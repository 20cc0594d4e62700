// SPDX-License-Identifier: MIT
#include "warm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int order[3], count;

static void note(void *context)
{
	order[count++] = (int)(intptr_t)context;
}

static void current(void *context)
{
	*(dispatch_queue_t *)context = dispatch_get_current_queue();
}

TEST(workloop_runs_in_order)
{
	dispatch_workloop_t w = dispatch_workloop_create_inactive("loop");
	dispatch_queue_t inside = NULL;

	warm_up();
	test_equal_text(dispatch_queue_get_label(w), "loop");
	dispatch_workloop_set_autorelease_frequency(w, DISPATCH_AUTORELEASE_FREQUENCY_NEVER);
	for (intptr_t i = 0; i < 3; i++)
		dispatch_async_f(w, (void *)i, note);
	test_equal(count, 0);
	dispatch_activate(w);
	dispatch_sync_f(w, &inside, current);
	test_true(inside == w);
	for (int i = 0; i < 3; i++)
		test_equal(order[i], i);
	dispatch_release(w);
	w = dispatch_workloop_create(NULL);
	dispatch_async_and_wait_f(w, &inside, current);
	test_true(inside == w);
	dispatch_release(w);
}

TEST(hints_are_accepted)
{
	dispatch_queue_t q =
		dispatch_queue_create("q", dispatch_queue_attr_make_with_autorelease_frequency(
						   DISPATCH_QUEUE_CONCURRENT_INACTIVE,
						   DISPATCH_AUTORELEASE_FREQUENCY_WORK_ITEM));
	dispatch_queue_t inside = NULL;

	warm_up();
	dispatch_set_qos_class_floor(q, QOS_CLASS_UTILITY, 0);
	dispatch_set_qos_class_floor(q, 99, 0);
	dispatch_activate(q);
	dispatch_sync_f(q, &inside, current);
	test_true(inside == q);
	dispatch_release(q);
	test_true(dispatch_get_current_queue() == (dispatch_queue_t)dispatch_get_main_queue());
}

TEST(generic_forms_choose_by_type)
{
	dispatch_semaphore_t s = dispatch_semaphore_create(1);
	dispatch_group_t g = dispatch_group_create();
	dispatch_source_t source =
		dispatch_source_create(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, NULL);

	warm_up();
	test_equal(dispatch_wait(s, DISPATCH_TIME_NOW), 0);
	test_true(dispatch_wait(s, DISPATCH_TIME_NOW) != 0);
	test_equal(dispatch_wait(g, DISPATCH_TIME_NOW), 0);
	dispatch_activate(source);
	test_equal(dispatch_testcancel(source), 0);
	dispatch_cancel(source);
	test_true(dispatch_testcancel(source));
	dispatch_release(source);
	dispatch_release(g);
	dispatch_semaphore_signal(s);
	dispatch_release(s);
}

TEST(debug_output_names_the_object)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);
	char text[256] = "", wanted[64];
	int ends[2], saved = dup(STDERR_FILENO);

	warm_up();
	test_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	dispatch_debug(q, "here %d", 5);
	dup2(saved, STDERR_FILENO);
	test_true(read(ends[0], text, sizeof(text) - 1) > 0);
	snprintf(wanted, sizeof(wanted), "here 5: object %p", (void *)q);
	test_true(strstr(text, wanted));
	close(ends[0]);
	close(ends[1]);
	close(saved);
	dispatch_release(q);
}

TEST_MAIN
