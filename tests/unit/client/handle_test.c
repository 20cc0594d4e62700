// SPDX-License-Identifier: MIT
/* The table of handles by itself: the module once more, with a session and ports of the test's own. */
#include "client/handle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/map.h"
#include "base/scope.h"
#include "client/session.h"
#include "client/status.h"
#include "failing.h"
#include "port/port.h"
#include "test.h"

static struct {
	uint64_t names;		       /* client_session_name_generation */
	uint64_t id, n_grants, n_dead; /* given back */
	bool new_object_fails, make_send_fails;
	struct client_entry *retain;	  /* by somebody else: before the table is locked, */
	struct client_entry *retain_soon; /* or before a reference is dropped */
} fake;

static uint64_t fake_name_generation(void)
{
	return fake.names;
}

static void fake_release(uint64_t epoch, uint64_t id, uint64_t n_grants, bool is_dead)
{
	fake.id = id;
	fake.n_grants += n_grants;
	fake.n_dead += is_dead;
}

static err_t fake_new_object(uint32_t kind, void *object, const struct port_object_ops *ops,
			     struct port **ret_port)
{
	return fake.new_object_fails ? -ENOMEM : port_new_object(kind, object, ops, ret_port);
}

static err_t fake_make_send(struct port *port, mach_port_name_t *ret_name)
{
	return fake.make_send_fails ? -ENOMEM : port_make_send(port, ret_name);
}

static void before_drop(void)
{
	if (fake.retain_soon)
		atomic_fetch_add(&fake.retain_soon->object.refs, 1);
	fake.retain_soon = NULL;
}

static int fake_lock(pthread_mutex_t *lock)
{
	if (fake.retain)
		atomic_fetch_add(&fake.retain->object.refs, 1);
	fake.retain = NULL;
	return pthread_mutex_lock(lock);
}

#define client_session_name_generation fake_name_generation
#define client_session_release fake_release
#define port_new_object fake_new_object
#define port_make_send fake_make_send
#define pthread_mutex_lock fake_lock
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(at, old, new, success, failure) \
	(before_drop(), atomic_compare_exchange_strong_explicit(at, old, new, success, failure))
#include "client/handle.c"

enum { ID = 1000, EPOCH = 5 };

static struct client_entry *grant(uint64_t id, const char *name)
{
	struct wire_entry from = { .id = id,
				   .state = WIRE_STATE_SERVICE,
				   .class_name = "Class",
				   .name = name,
				   .location = "" };
	struct client_entry *entry = NULL;

	test_equal_error(client_handle_grant_named(&from, EPOCH, fake.names, &entry), 0);
	return entry;
}

static void free_nothing(struct client_object *object)
{
}

TEST(an_object_without_a_port_has_no_name)
{
	struct client_object object;
	io_object_t name;

	test_true(!client_object_unref(NULL));
	client_object_init(&object, CLIENT_OBJECT_WATCH, free_nothing);
	fake.new_object_fails = true;
	test_equal_error(client_object_name(&object, &name), -ENOMEM);
	fake.new_object_fails = false;
	fake.make_send_fails = true;
	test_equal_error(client_object_name(&object, &name), -ENOMEM);
	fake.make_send_fails = false;
	test_equal(atomic_load(&object.refs), 1);
	client_object_unref(&object);
}

TEST(an_object_of_another_kind_is_no_entry)
{
	struct client_object object;
	struct client_entry *entry;
	io_object_t name;

	client_object_init(&object, CLIENT_OBJECT_WATCH, free_nothing);
	test_equal_error(client_object_name(&object, &name), 0);
	test_equal_error(client_handle_entry(name, &entry), -EINVAL);
	test_equal_error(client_handle_service(name, &entry), -EINVAL);
	client_object_kill(&object);
	client_object_kill(&object); /* as when the last handle goes just now */
	test_equal(atomic_load(&object.refs), 1);
	client_object_unref(&object);
	mach_port_deallocate(mach_task_self(), name);
}

TEST(a_handle_leads_to_its_entry)
{
	struct client_entry *entry = grant(ID, "name"), *nub = NULL, *found = NULL;

	test_equal_error(client_handle_grant_id(ID + 1, 0, "Nub", 1, EPOCH, &nub), 0);
	io_object_t handle = client_entry_name(entry), other = client_entry_name(nub);
	test_equal_error(client_handle_service(handle, &found), 0);
	test_true(found == entry);
	client_object_unref(&found->object);
	test_equal_error(client_handle_entry(other, &found), 0);
	client_entry_unref(found);
	test_equal_error(client_handle_service(other, &found), -EINVAL);
	test_equal_error(client_handle_service(0x12345678, &found), -ENOENT);
	client_entry_unref(entry);
	client_entry_unref(nub);
	test_equal(fake.n_grants, 0);
	mach_port_deallocate(mach_task_self(), handle);
	mach_port_deallocate(mach_task_self(), other);
	test_equal(fake.n_grants, 2);
}

TEST(an_entry_without_a_port_has_no_name)
{
	struct client_entry *entry = grant(ID, "name");

	fake.new_object_fails = true;
	test_equal(client_entry_name(entry), MACH_PORT_NULL);
	test_true(!client_entry_copy_port(entry));
	fake.new_object_fails = false;
	fake.make_send_fails = true;
	test_equal(client_entry_name(entry), MACH_PORT_NULL);
	fake.make_send_fails = false;
	client_entry_unref(entry);
	test_equal(fake.id, ID);
	test_equal(fake.n_grants, 1);
	test_true(!client_handle_find(ID));
	test_true(!client_entry_unref(NULL));
}

/* Whoever finds the entry while its last reference goes keeps it. */
TEST(a_reference_taken_in_the_last_moment_counts)
{
	struct client_entry *entry = grant(ID, "name");

	test_true(entry != NULL);
	fake.retain = entry;
	client_entry_unref(entry);
	test_equal(fake.n_grants, 0);
	client_entry_ref(entry);
	fake.retain_soon = entry;
	client_entry_unref(entry);
	test_equal(atomic_load(&entry->object.refs), 2);
	client_entry_unref(entry);
	client_entry_unref(entry);
	test_equal(fake.n_grants, 1);
}

/* A message brought a send right that no handle of ours was made for. */
TEST(a_handle_that_nobody_counted_keeps_its_entry)
{
	struct client_entry *entry = grant(ID, "name");
	struct port *port = client_entry_copy_port(entry);
	mach_port_name_t name;

	test_equal_error(port_make_send(port, &name), 0);
	client_entry_unref(entry);
	test_equal(fake.n_grants, 0);
	test_true(entry->named);
	/* It had no senders for a moment, but has one again. */
	entry_no_senders(&entry->object);
	test_true(entry->named);
	mach_port_deallocate(mach_task_self(), name);
	test_equal(fake.n_grants, 1);
	port_unref(port);
}

TEST(no_senders_of_an_entry_that_has_no_handle_is_no_news)
{
	struct client_entry *entry = grant(ID, "name");

	entry_no_senders(&entry->object);
	test_equal(atomic_load(&entry->object.refs), 1);
	client_entry_unref(entry);
}

TEST(grants_of_an_earlier_registry_do_not_count)
{
	struct client_entry *entry = grant(ID, "name"), *again = NULL;
	size_t n = 0;

	test_equal_error(client_handle_grant_id(ID, 0, NULL, 3, EPOCH - 1, &again), 0);
	test_true(again == entry);
	test_equal(entry->grants, 1);
	/* One that is not known needs no class. */
	test_equal_error(client_handle_grant_id(ID + 1, 0, NULL, 1, EPOCH, &again), 0);
	test_equal_text(again->class_name, "IOService");
	struct client_entry **all = client_handle_reset_grants(EPOCH, &n);
	test_equal(n, 2);
	test_equal(entry->grants, 1);
	for (size_t i = 0; i < n; i++)
		client_entry_unref(all[i]);
	free(all);
	all = client_handle_reset_grants(EPOCH + 1, &n);
	test_equal(n, 2);
	test_equal(entry->grants, 0);
	for (size_t i = 0; i < n; i++)
		client_entry_unref(all[i]);
	free(all);
	client_entry_unref(entry);
	client_entry_unref(entry);
	client_entry_unref(again);
	test_equal(fake.n_grants, 0);
}

TEST(what_is_known_of_a_name_is_known_for_its_time)
{
	io_name_t name;

	fake.names = 7;
	struct client_entry *entry = grant(ID, "first");
	test_true(client_entry_copy_known_name(entry, name));
	test_equal_text(name, "first");
	test_true(grant(ID, "first") == entry);
	test_true(grant(ID, "second") == entry);
	test_true(client_entry_copy_known_name(entry, name));
	test_equal_text(name, "second");
	struct wire_entry own = { .id = ID,
				  .state = WIRE_STATE_SERVICE | WIRE_STATE_OWN_CLASS |
					   WIRE_STATE_PLANE_NAME,
				  .class_name = "Class",
				  .name = "of a plane",
				  .location = "" };
	test_true(!client_entry_has_own_class(entry));
	test_equal_error(client_handle_grant_named(&own, EPOCH, 7, &entry), 0);
	test_true(client_entry_has_own_class(entry));
	test_true(client_entry_copy_known_name(entry, name));
	test_equal_text(name, "second");
	fake.names = 8;
	test_true(!client_entry_has_own_class(entry));
	test_true(!client_entry_copy_known_name(entry, name));
	fake.names = 0;
	test_true(!client_entry_has_own_class(entry));
	test_true(!client_entry_copy_known_name(entry, name));
	for (int i = 0; i < 4; i++)
		client_entry_unref(entry);
	entry = grant(ID, "unnamed");
	test_true(!client_entry_copy_known_name(entry, name));
	client_entry_unref(entry);
}

TEST(a_dead_entry_is_found_no_more)
{
	struct client_entry *entry = grant(ID, "name"), *other = grant(ID + 1, "other");
	io_object_t name = client_entry_name(entry);

	test_true(name != MACH_PORT_NULL);
	test_equal(client_entry_name(entry), name);
	client_handle_kill(ID + 7);
	client_handle_kill(ID);
	test_true(!client_handle_find(ID));
	kill_entry(entry); /* once more */
	client_handle_kill_all();
	test_true(!client_handle_find(ID + 1));
	client_entry_unref(entry);
	client_entry_unref(other);
	test_equal(fake.n_dead, 2);
	mach_port_destroy(mach_task_self(), name);
}

TEST(a_grant_without_memory_is_given_back)
{
	struct wire_entry from = { .id = ID,
				   .state = WIRE_STATE_SERVICE | WIRE_STATE_OWN_CLASS,
				   .class_name = "Class of its own",
				   .name = "name",
				   .location = "" };

	fake.names = 7;
	for (int n_grants = 0; n_grants < 3; n_grants++)
		test_each_shortage(s)
		{
			struct client_entry *entry = NULL, *other = grant(ID + 1, "other");

			fake.n_grants = 0;
			test_shortage_begin(&s);
			err_t err =
				n_grants == 2
					? client_handle_grant_named(&from, EPOCH, 7, &entry)
					: client_handle_grant_id(ID, 0, "Class of its own",
								 (uint32_t)n_grants, EPOCH, &entry);
			bool failed = test_shortage_end(&s);
			test_true(err == 0 || (failed && err == -ENOMEM));
			test_equal(fake.n_grants, err ? (n_grants > 0) : 0);
			client_entry_unref(entry);
			client_entry_unref(other);
		}
	/* The table grows at some of them. */
	for (uint64_t i = 0; i < 200; i++)
		test_each_shortage(s)
		{
			struct client_entry *entry = NULL;

			test_shortage_begin(&s);
			err_t err = client_handle_grant_id(ID + i, 0, "Class", 0, EPOCH, &entry);
			test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
		}
	test_each_shortage(s)
	{
		size_t n = 7;

		test_shortage_begin(&s);
		struct client_entry **all = client_handle_reset_grants(EPOCH, &n);
		test_equal(n, test_shortage_end(&s) ? 0 : 200);
		for (size_t i = 0; i < n; i++)
			client_entry_unref(all[i]);
		free(all);
	}
}

TEST(too_many_grants_are_given_back_at_once)
{
	struct client_entry *entry = NULL;

	for (int i = 0; i <= GRANTS_KEPT; i++)
		entry = grant(ID, "name");
	test_equal(fake.n_grants, GRANTS_KEPT);
	test_equal(entry->grants, 1);
	for (int i = 0; i <= GRANTS_KEPT; i++)
		client_entry_unref(entry);
	test_equal(fake.n_grants, GRANTS_KEPT + 1);
}

TEST(only_the_main_port_is_one)
{
	mach_port_t port, set;

	test_equal_error(client_handle_check_main_port(MACH_PORT_NULL), 0);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal_error(client_handle_check_main_port(port), kIOReturnNotPrivileged);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set), 0);
	test_true(client_handle_check_main_port(set) != 0);
	test_true(client_handle_check_main_port(0x12345678) != 0);
	struct client_entry *entry = grant(ID, "name");
	io_object_t name = client_entry_name(entry);
	test_equal_error(client_handle_check_main_port(name), kIOReturnNotPrivileged);
	client_entry_unref(entry);
	mach_port_deallocate(mach_task_self(), name);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs(mach_task_self(), set, MACH_PORT_RIGHT_PORT_SET, -1);
}

TEST(texts_are_cut_to_the_length_of_a_name)
{
	io_name_t name;
	char text[300];

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	test_equal(strlen(client_handle_cut_name(name, text)), sizeof(name) - 1);
	test_equal_text(client_handle_cut_name(name, ""), "");
	test_equal_text(client_handle_cut_name(name, NULL), "");
}

TEST_MAIN
