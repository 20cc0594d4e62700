// SPDX-License-Identifier: MIT
#include "warm.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static dispatch_semaphore_t told, cancelled;
static dispatch_source_t source;
static atomic_ulong seen;
static char path[512], other[512];

static void on_event(void *context)
{
	(void)context;
	atomic_fetch_or(&seen, dispatch_source_get_data(source));
	dispatch_semaphore_signal(told);
}

static void on_cancel(void *context)
{
	(void)context;
	dispatch_semaphore_signal(cancelled);
}

static void begin(int fd, unsigned long mask)
{
	warm_up();
	told = dispatch_semaphore_create(0);
	cancelled = dispatch_semaphore_create(0);
	source = dispatch_source_create(DISPATCH_SOURCE_TYPE_VNODE, (uintptr_t)fd, mask, NULL);
	test_true(source);
	dispatch_source_set_event_handler_f(source, on_event);
	dispatch_source_set_cancel_handler_f(source, on_cancel);
	dispatch_source_set_registration_handler_f(source, on_cancel);
	dispatch_activate(source);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER); /* it watches */
}

static void end(void)
{
	dispatch_source_cancel(source);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	dispatch_release(source);
	dispatch_release(told);
	dispatch_release(cancelled);
}

static void wait_for(unsigned long bits)
{
	while ((atomic_load(&seen) & bits) != bits)
		dispatch_semaphore_wait(told, DISPATCH_TIME_FOREVER);
}

static int make_file(void)
{
	snprintf(path, sizeof(path), "%s/file", test_folder());
	snprintf(other, sizeof(other), "%s/other", test_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	test_true(fd >= 0);
	return fd;
}

TEST(changes_of_a_file_are_told_apart)
{
	int fd = make_file();

	test_equal(write(fd, "x", 1), 1);
	begin(fd, DISPATCH_VNODE_WRITE | DISPATCH_VNODE_EXTEND | DISPATCH_VNODE_ATTRIB |
			  DISPATCH_VNODE_LINK | DISPATCH_VNODE_RENAME | DISPATCH_VNODE_DELETE);
	test_equal(pwrite(fd, "y", 1, 0), 1);
	wait_for(DISPATCH_VNODE_WRITE);
	test_equal(seen, DISPATCH_VNODE_WRITE);
	test_equal(pwrite(fd, "longer", 6, 0), 6);
	wait_for(DISPATCH_VNODE_EXTEND);
	test_equal(fchmod(fd, 0400), 0);
	wait_for(DISPATCH_VNODE_ATTRIB);
	test_true(!(seen & DISPATCH_VNODE_LINK));
	test_equal(link(path, other), 0);
	wait_for(DISPATCH_VNODE_LINK);
	test_equal(rename(other, path), 0); /* one file: nothing happens */
	test_equal(unlink(other), 0);
	test_equal(rename(path, other), 0);
	wait_for(DISPATCH_VNODE_RENAME);
	test_true(!(seen & DISPATCH_VNODE_DELETE));
	test_equal(unlink(other), 0);
	wait_for(DISPATCH_VNODE_DELETE);
	end();
	close(fd);
}

TEST(other_changes_than_those_asked_for_are_not_told)
{
	int fd = make_file();

	begin(fd, DISPATCH_VNODE_DELETE);
	test_equal(write(fd, "x", 1), 1);
	test_equal(fchmod(fd, 0400), 0);
	test_equal(unlink(path), 0);
	wait_for(DISPATCH_VNODE_DELETE);
	test_equal(seen, DISPATCH_VNODE_DELETE);
	end();
	close(fd);
}

TEST(new_files_change_their_folder)
{
	int fd = open(test_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	begin(fd, DISPATCH_VNODE_WRITE);
	close(make_file());
	wait_for(DISPATCH_VNODE_WRITE);
	end();
	close(fd);
}

TEST(bad_arguments)
{
	test_true(!dispatch_source_create(DISPATCH_SOURCE_TYPE_VNODE, 0, 0, NULL));
	test_true(!dispatch_source_create(DISPATCH_SOURCE_TYPE_VNODE, 0, 0x10000, NULL));
	test_true(!dispatch_source_create(DISPATCH_SOURCE_TYPE_VNODE, (uintptr_t)-1,
					  DISPATCH_VNODE_WRITE, NULL));
}

TEST_MAIN
