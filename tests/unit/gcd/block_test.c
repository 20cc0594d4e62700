// SPDX-License-Identifier: MIT
/* The forms with blocks; built by clang only. */
#include "warm.h"

#include <Block.h>
#include <CoreFoundation/CFRunLoop.h>
#include <stdatomic.h>

TEST(blocks_are_copied_and_run_on_queues)
{
	__block int sum = 0;
	dispatch_queue_t q = dispatch_queue_create("q", DISPATCH_QUEUE_SERIAL);
	dispatch_group_t g = dispatch_group_create();
	dispatch_semaphore_t s = dispatch_semaphore_create(0);

	warm_up();
	for (int i = 0; i < 100; i++)
		dispatch_async(q, ^{
		  sum += i;
		});
	dispatch_sync(q, ^{
	  test_equal(sum, 4950);
	});
	dispatch_barrier_async(q, ^{
	  sum = 1;
	});
	dispatch_barrier_sync(q, ^{
	  sum++;
	});
	dispatch_async_and_wait(q, ^{
	  test_equal(sum, 2);
	});
	dispatch_group_async(g, q, ^{
	  sum++;
	});
	dispatch_group_notify(g, q, ^{
	  dispatch_semaphore_signal(s);
	});
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	test_equal(sum, 3);
	dispatch_after(dispatch_time(DISPATCH_TIME_NOW, 1000000), q, ^{
	  dispatch_semaphore_signal(s);
	});
	dispatch_after(DISPATCH_TIME_FOREVER, q, ^{
	  sum = 0;
	});
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	dispatch_release(q);
	dispatch_release(g);
	dispatch_release(s);
}

TEST(apply_and_once)
{
	static dispatch_once_t once;
	__block atomic_int count = 0;
	atomic_int *counter = &count;
	__block int runs = 0;

	warm_up();
	dispatch_apply(100, DISPATCH_APPLY_AUTO, ^(size_t i) {
	  atomic_fetch_add(counter, (int)i);
	});
	test_equal(*counter, 4950);
	for (int i = 0; i < 3; i++)
		dispatch_once(&once, ^{
		  runs++;
		});
	test_equal(runs, 1);
}

TEST(source_handlers)
{
	dispatch_semaphore_t s = dispatch_semaphore_create(0);
	dispatch_source_t source;
	__block uintptr_t data = 0;

	warm_up();
	source = dispatch_source_create(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, NULL);
	dispatch_source_set_registration_handler(source, ^{
	  dispatch_semaphore_signal(s);
	});
	dispatch_source_set_event_handler(source, ^{
	  data = dispatch_source_get_data(source);
	  dispatch_semaphore_signal(s);
	});
	dispatch_source_set_cancel_handler(source, ^{
	  dispatch_semaphore_signal(s);
	});
	dispatch_resume(source);
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	dispatch_source_merge_data(source, 5);
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	test_equal(data, 5);
	dispatch_source_cancel(source);
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	dispatch_release(source);
	dispatch_release(s);
}

TEST(run_loop_blocks)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	__block int order = 0;

	warm_up();
	CFRunLoopPerformBlock(rl, CFSTR("m"), ^{
	  test_equal(order++, 0);
	});
	CFRunLoopPerformBlock(rl, kCFRunLoopCommonModes, ^{
	  order = 100;
	});
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 10, false), kCFRunLoopRunFinished);
	test_equal(order, 1);
	CFRunLoopTimerRef timer =
		CFRunLoopTimerCreateWithHandler(NULL, 0, 0, 0, 0, ^(CFRunLoopTimerRef t) {
		  test_true(t != NULL);
		  test_equal(order++, 1);
		});
	CFRunLoopObserverRef observer = CFRunLoopObserverCreateWithHandler(
		NULL, kCFRunLoopExit, false, 0,
		^(CFRunLoopObserverRef o, CFRunLoopActivity activity) {
		  test_true(o != NULL);
		  test_equal(activity, kCFRunLoopExit);
		  test_equal(order++, 2);
		});
	CFRunLoopAddTimer(rl, timer, CFSTR("m"));
	CFRunLoopAddObserver(rl, observer, CFSTR("m"));
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 10, false), kCFRunLoopRunFinished);
	test_equal(order, 3);
	CFRelease(timer);
	CFRelease(observer);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	test_equal(order, 100);
}

TEST(block_objects_are_waited_for_and_followed)
{
	__block int sum = 0;
	dispatch_queue_t q = dispatch_queue_create("q", DISPATCH_QUEUE_SERIAL);
	dispatch_semaphore_t s = dispatch_semaphore_create(0);
	dispatch_block_t b = dispatch_block_create(DISPATCH_BLOCK_ASSIGN_CURRENT, ^{
	  sum += 2;
	});

	warm_up();
	test_true(b);
	test_true(dispatch_block_wait(b, DISPATCH_TIME_NOW) != 0);
	dispatch_block_notify(b, q, ^{
	  sum *= 10;
	  dispatch_semaphore_signal(s);
	});
	dispatch_async(q, b);
	test_equal(dispatch_block_wait(b, DISPATCH_TIME_FOREVER), 0);
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	test_equal(sum, 20);
	test_equal(dispatch_block_testcancel(b), 0);
	Block_release(b);
	test_true(!dispatch_block_create(0x1000, ^{
					 }));
	test_true(!dispatch_block_create_with_qos_class(0, QOS_CLASS_DEFAULT, 1,
							^{
							}));
	dispatch_block_perform(0, ^{
	  sum = 1;
	});
	test_equal(sum, 1);
	dispatch_release(q);
	dispatch_release(s);
}

TEST(cancelled_block_objects_do_nothing_but_end)
{
	__block int sum = 0;
	dispatch_queue_t q = dispatch_queue_create("q", DISPATCH_QUEUE_SERIAL);
	dispatch_block_t b = dispatch_block_create(0, ^{
	  sum++;
	});

	warm_up();
	dispatch_block_cancel(b);
	test_true(dispatch_block_testcancel(b));
	dispatch_async(q, b);
	test_equal(dispatch_block_wait(b, DISPATCH_TIME_FOREVER), 0);
	test_equal(sum, 0);
	Block_release(b);
	/* One that never runs is given back as well. */
	b = dispatch_block_create(0, ^{
	  sum++;
	});
	Block_release(b);
	dispatch_sync(q, ^{
		      });
	test_equal(sum, 0);
	dispatch_release(q);
}

TEST(barrier_block_waits_for_what_runs)
{
	dispatch_queue_t q = dispatch_queue_create("q", DISPATCH_QUEUE_CONCURRENT);
	atomic_int done = 0, *counter = &done;
	dispatch_block_t b = dispatch_block_create(DISPATCH_BLOCK_BARRIER, ^{
	  test_equal(atomic_load(counter), 8);
	});

	warm_up();
	for (int i = 0; i < 8; i++)
		dispatch_async(q, ^{
		  atomic_fetch_add(counter, 1);
		});
	dispatch_async(q, b);
	test_equal(dispatch_wait(b, DISPATCH_TIME_FOREVER), 0);
	Block_release(b);
	dispatch_release(q);
}

TEST_MAIN
