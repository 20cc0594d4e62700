// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

struct thing {
	atomic_int refs, told;
	struct port *port;
};

static void retain_thing(void *object)
{
	atomic_fetch_add(&((struct thing *)object)->refs, 1);
}

static void no_senders(void *object)
{
	struct thing *thing = object;

	/* No lock of the port slice is held. */
	port_has_senders(thing->port);
	atomic_fetch_add(&thing->told, 1);
}

static const struct port_object_ops ops = { retain_thing, no_senders };

static mach_port_t name_thing(struct thing *thing)
{
	mach_port_name_t name = 0;

	test_equal(port_new_object(5, thing, &ops, &thing->port), 0);
	test_equal(port_make_send(thing->port, &name), 0);
	return name;
}

TEST(one_object_has_one_name)
{
	struct thing thing = { 0 };
	mach_port_t name = name_thing(&thing);
	mach_port_name_t again;

	test_true(name > 0xffff);
	test_equal(port_make_send(thing.port, &again), 0);
	test_equal(again, name);
	test_equal(refs_of(name, MACH_PORT_RIGHT_SEND), 2);
	mach_port_deallocate(mach_task_self(), name);
	test_equal(thing.told, 0);
	test_true(port_has_senders(thing.port));
	mach_port_deallocate(mach_task_self(), name);
	test_equal(thing.told, 1);
	test_true(!port_has_senders(thing.port));
	test_equal(type_of(name), 0);
	/* A new name may follow. */
	test_equal(port_make_send(thing.port, &again), 0);
	test_true(again != name);
	port_kill(thing.port);
	test_equal(type_of(again), MACH_PORT_TYPE_DEAD_NAME);
	test_equal(thing.told, 1);
	mach_port_deallocate(mach_task_self(), again);
	port_unref(thing.port);
}

TEST(look_up_tells_dead_from_wrong)
{
	struct thing thing = { 0 };
	mach_port_t name = name_thing(&thing), plain = new_send_port(), only_receive = new_port();
	void *object = NULL;

	test_equal(port_copy_object(name, 5, &object), 0);
	test_true(object == &thing);
	test_equal(thing.refs, 1);
	test_equal(port_copy_object(name, 6, &object), -EINVAL);
	test_equal(port_copy_object(plain, 5, &object), -EINVAL);
	test_equal(port_copy_object(mach_task_self(), 5, &object), -EINVAL);
	test_equal(port_copy_object(only_receive, 5, &object), -ENOENT);
	test_equal(port_copy_object(0, 5, &object), -ENOENT);
	test_equal(port_copy_object(MACH_PORT_DEAD, 5, &object), -ENOENT);
	test_equal(port_copy_object(0x7654321, 5, &object), -ENOENT);
	port_kill(thing.port);
	test_equal(port_copy_object(name, 5, &object), -ENOENT);
	test_equal(thing.refs, 1);
	mach_port_name_t again = 0;
	test_equal(port_make_send(thing.port, &again), -EPIPE);
	test_true(!port_has_senders(thing.port));
	destroy_port(name);
	destroy_port(plain);
	destroy_port(only_receive);
	port_unref(thing.port);
}

TEST(right_in_a_message_keeps_the_object)
{
	struct thing thing = { 0 };
	mach_port_t name = name_thing(&thing), port = new_port();
	mach_msg_header_t header = { .msgh_size = sizeof(header), .msgh_id = 3 };
	struct port_message *message;
	struct word_message m;
	struct port *to;

	test_equal(port_from_receive_right(port, &to), 0);
	test_equal(port_message_new(&header, sizeof(header), thing.port, NULL, &message), 0);
	test_equal(port_send(to, message), 0);
	mach_port_deallocate(mach_task_self(), name);
	test_equal(thing.told, 0);
	test_equal_error(receive_word(port, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_id, 3);
	test_equal(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), MACH_MSG_TYPE_MOVE_SEND);
	test_equal(refs_of(m.header.msgh_remote_port, MACH_PORT_RIGHT_SEND), 1);
	mach_msg_destroy(&m.header);
	test_equal(thing.told, 1);
	/* One that is never received. */
	test_equal(port_message_new(&header, sizeof(header), thing.port, NULL, &message), 0);
	test_equal(port_send(to, message), 0);
	destroy_port(port);
	test_equal(thing.told, 2);
	test_equal(port_message_new(&header, sizeof(header), thing.port, NULL, &message), 0);
	test_equal(port_send(to, message), -EPIPE);
	test_equal(thing.told, 3);
	port_unref(to);
	port_kill(thing.port);
	port_unref(thing.port);
}

/* An owner whose object dies in no_senders, as most do. */
static void free_thing(void *object)
{
	struct thing *thing = object;

	port_kill(thing->port);
	port_unref(thing->port);
	free(thing);
}

static const struct port_object_ops freeing_ops = { retain_thing, free_thing };

TEST(object_may_die_when_it_hears_of_no_senders)
{
	struct thing *thing = calloc(1, sizeof(*thing));
	mach_port_name_t name;

	test_equal(port_new_object(5, thing, &freeing_ops, &thing->port), 0);
	test_equal(port_make_send(thing->port, &name), 0);
	test_equal_error(mach_port_deallocate(mach_task_self(), name), KERN_SUCCESS);
	test_equal(type_of(name), 0);
}

struct owner {
	struct port *port;
	atomic_bool freed;
	atomic_int late;
};

static void retain_owner(void *object)
{
}

static void look_at_owner(void *object)
{
	struct owner *owner = object;

	if (atomic_load(&owner->freed))
		atomic_fetch_add(&owner->late, 1);
}

static const struct port_object_ops owner_ops = { retain_owner, look_at_owner };

static void *drop_name(void *context)
{
	mach_port_deallocate(mach_task_self(), *(mach_port_name_t *)context);
	return NULL;
}

TEST(nothing_is_told_after_kill)
{
	for (int i = 0; i < (test_is_slow() ? 100 : 1000); i++) {
		struct owner owner = { 0 };
		mach_port_name_t name;
		pthread_t thread;

		test_equal(port_new_object(5, &owner, &owner_ops, &owner.port), 0);
		test_equal(port_make_send(owner.port, &name), 0);
		test_equal(pthread_create(&thread, NULL, drop_name, &name), 0);
		port_kill(owner.port);
		atomic_store(&owner.freed, true);
		port_unref(owner.port);
		pthread_join(thread, NULL);
		test_equal(owner.late, 0);
	}
}

TEST_MAIN
