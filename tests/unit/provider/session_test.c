// SPDX-License-Identifier: MIT
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "peer.h"
#include "wire/hello.h"

TEST(shutdown_ends_without_error)
{
	struct peer p;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	test_equal(wire_send(p.socket, &wire_shutdown_layout, 0, &(struct wire_empty){ 0 }, NULL, 0,
			     true),
		   0);
	peer_finish(&p);
	test_equal(p.connected, 1);
	test_equal_error(p.end_reason, 0);
}

TEST(without_a_path_hang_up_is_the_end)
{
	struct peer p;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	p.socket = fd_close(p.socket);
	peer_finish(&p);
	test_equal_error(p.end_reason, -EPIPE);
}

TEST(a_refused_greeting_is_the_end)
{
	struct peer p;
	struct wire_hello hello;

	peer_start(&p, "/nonexistent/socket");
	peer_receive(&p, &wire_hello_layout, &hello);
	peer_answer(&p, -1, 0);
	peer_finish(&p);
	test_equal(p.connected, 0);
	test_true(p.end_reason != 0);
}

TEST(requests_nobody_serves_are_answered)
{
	struct peer p;
	struct wire_entry_options stop = { .id = 3 };

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	test_equal(wire_send(p.socket, &wire_stop_layout, 9, &stop, NULL, 0, true), 0);
	test_equal(wire_frame_receive(p.socket, &p.frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(p.frame.header.id, 9);
	test_equal_error(p.frame.header.status, 0xe00002c7);
	p.socket = fd_close(p.socket);
	peer_finish(&p);
}

struct entries {
	struct peer *p;
	struct provider_entry *parent, *child;
};

static void publish_two(void *context)
{
	struct entries *e = context;
	struct provider_description description = { .class_name = "Parent" };

	test_equal(provider_publish(e->p->provider, &description, &e->parent), 0);
	description.class_name = "Child";
	description.parent = e->parent;
	test_equal(provider_publish(e->p->provider, &description, &e->child), 0);
	test_equal(provider_register(e->child, 0), 0);
}

/* Read, check and answer the publication of both and the registration of the child: the first time
 * that is part of its publication, later it follows when all are there, and then that
 * they are. */
static void expect_two(struct peer *p, uint64_t parent, uint64_t child)
{
	struct wire_publish publish;
	struct wire_entry_options options;

	peer_receive(p, &wire_publish_layout, &publish);
	test_equal_text(publish.class_name, "Parent");
	test_equal(publish.id, parent);
	test_equal(publish.proof, parent ? PEER_PROOF(parent) : 0);
	wire_message_clear(&wire_publish_layout, &publish);
	peer_answer(p, 0, 1000);
	peer_receive(p, &wire_publish_layout, &publish);
	test_equal_text(publish.class_name, "Child");
	test_equal(publish.id, child);
	test_equal(publish.proof, child ? PEER_PROOF(child) : 0);
	test_equal(publish.parent, 1000);
	test_equal(publish.flags, child ? 0 : WIRE_PUBLISH_REGISTER);
	wire_message_clear(&wire_publish_layout, &publish);
	peer_answer(p, 0, 1001);
	if (!child)
		return;
	peer_receive(p, &wire_register_layout, &options);
	test_equal(options.id, 1001);
	peer_receive(p, &wire_returned_layout, &(struct wire_empty){ 0 });
}

/* Two entries at a registry, which goes; the next one has said hello when begin_again returns. */
struct returning {
	struct peer peer;
	struct entries entries;
	char path[256];
	int listener;
};

static void begin_returning(struct returning *r)
{
	r->entries.p = &r->peer;
	snprintf(r->path, sizeof(r->path), "%s/registry", test_folder());
	peer_start(&r->peer, r->path);
	peer_answer_hello(&r->peer);
	peer_do(&r->peer, publish_two, &r->entries);
	expect_two(&r->peer, 0, 0);
}

static void begin_again(struct returning *r)
{
	close(r->peer.socket);
	test_equal(fd_listen(r->path, &r->listener), 0);
	test_equal(fd_accept(r->listener, &r->peer.socket), 0);
	peer_answer_hello(&r->peer);
}

static void end_returning(struct returning *r)
{
	test_equal(wire_send(r->peer.socket, &wire_shutdown_layout, 0, &(struct wire_empty){ 0 },
			     NULL, 0, true),
		   0);
	peer_finish(&r->peer);
	close(r->listener);
	unlink(r->path);
}

TEST(after_a_restart_the_mirror_comes_back_under_the_same_ids)
{
	struct returning r;

	begin_returning(&r);
	begin_again(&r);
	expect_two(&r.peer, 1000, 1001);
	end_returning(&r);
	test_equal(r.peer.connected, 2);
	test_equal(r.peer.again, 1);
}

static void adjust_both(void *context)
{
	struct entries *e = context;

	test_equal(provider_adjust_busy(e->parent, -1), 0); /* it cannot be less than quiet */
	test_equal(provider_adjust_busy(e->parent, 3000), 0);
	test_equal(provider_adjust_busy(e->parent, -2), 0);
	test_equal(provider_adjust_busy(e->child, 5), 0);
	test_equal(provider_adjust_busy(e->child, -5), 0);
}

static void expect_busy(struct peer *p, uint64_t id, int32_t delta)
{
	struct wire_adjust_busy busy;

	peer_receive(p, &wire_adjust_busy_layout, &busy);
	test_equal(busy.id, id);
	test_equal(busy.delta, delta);
}

static void expect_published(struct peer *p, uint64_t id)
{
	struct wire_publish publish;

	peer_receive(p, &wire_publish_layout, &publish);
	test_equal(publish.id, id);
	wire_message_clear(&wire_publish_layout, &publish);
	peer_answer(p, 0, id ? id : 1000);
}

/* What a driver has said to be busy stays so, or a program that waits until it is quiet would be told that it is. */
TEST(after_a_restart_what_was_busy_is_busy)
{
	struct returning r;

	begin_returning(&r);
	peer_do(&r.peer, adjust_both, &r.entries);
	expect_busy(&r.peer, 1000, -1);
	expect_busy(&r.peer, 1000, 3000);
	expect_busy(&r.peer, 1000, -2);
	expect_busy(&r.peer, 1001, 5);
	expect_busy(&r.peer, 1001, -5);
	begin_again(&r);
	expect_published(&r.peer, 1000);
	expect_busy(&r.peer, 1000, 2998);
	expect_published(&r.peer, 1001);
	end_returning(&r);
}

static void publish_busy(void *context)
{
	struct entries *e = context;
	struct provider_description description = { .class_name = "Parent" };

	test_equal(provider_publish(e->p->provider, &description, &e->parent), 0);
	test_equal(provider_adjust_busy(e->parent, 1), 0);
}

/* Nobody knows it yet. */
TEST(what_is_busy_before_the_answer_is_so_after_it)
{
	struct peer p;
	struct entries e = { &p };

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish_busy, &e);
	expect_published(&p, 0);
	expect_busy(&p, 1000, 1);
	test_equal(wire_send(p.socket, &wire_shutdown_layout, 0, &(struct wire_empty){ 0 }, NULL, 0,
			     true),
		   0);
	peer_finish(&p);
}

static void adopt_client(void *context)
{
	struct entries *e = context;
	struct provider_description description = { .class_name = "Client",
						    .parent_id = 500,
						    .flags = WIRE_PUBLISH_USER_CLIENT,
						    .opener = { 77, 1003, "tool" } };

	test_equal(provider_adopt(e->p->provider, 501, 600, &description, &e->child), 0);
}

TEST(after_a_restart_the_next_one_hears_who_opened_what)
{
	struct wire_publish publish;
	struct wire_opened opened;
	struct returning r;

	begin_returning(&r);
	peer_do(&r.peer, adopt_client, &r.entries);
	begin_again(&r);
	for (uint64_t id = 1000; id <= 1001; id++)
		expect_published(&r.peer, id);
	peer_receive(&r.peer, &wire_publish_layout, &publish);
	test_equal(publish.id, 501);
	test_equal(publish.proof, 600);
	test_equal(publish.flags, WIRE_PUBLISH_USER_CLIENT);
	wire_message_clear(&wire_publish_layout, &publish);
	peer_answer(&r.peer, 0, 501);
	peer_receive(&r.peer, &wire_opened_layout, &opened);
	test_equal(opened.user_client, 501);
	test_equal(opened.service, 500);
	test_equal(opened.pid, 77);
	test_equal(opened.uid, 1003);
	test_equal_text(opened.process, "tool");
	end_returning(&r);
}

/* For a provider that may not connect. */
TEST(with_a_listener_the_next_registry_connects)
{
	char path[256];
	struct peer p;
	struct entries e = { &p };
	int listener;

	snprintf(path, sizeof(path), "%s/place", test_folder());
	test_equal(fd_listen(path, &listener), 0);
	peer_start_listening(&p, listener);
	peer_answer_hello(&p);
	peer_do(&p, publish_two, &e);
	expect_two(&p, 0, 0);
	close(p.socket);
	test_equal(fd_connect(path, &p.socket), 0);
	peer_answer_hello(&p);
	expect_two(&p, 1000, 1001);
	/* one that has gone before it was noticed, then another */
	close(p.socket);
	test_equal(fd_connect(path, &p.socket), 0);
	close(p.socket);
	test_equal(fd_connect(path, &p.socket), 0);
	peer_answer_hello(&p);
	expect_two(&p, 1000, 1001);
	test_equal(wire_send(p.socket, &wire_shutdown_layout, 0, &(struct wire_empty){ 0 }, NULL, 0,
			     true),
		   0);
	peer_finish(&p);
	test_equal(p.connected, 3);
	test_equal(p.again, 2);
	close(listener);
	unlink(path);
}

TEST(a_registry_that_ends_before_it_was_noticed_ends_us)
{
	char path[256];
	struct peer p;
	int listener, next;

	snprintf(path, sizeof(path), "%s/place", test_folder());
	test_equal(fd_listen(path, &listener), 0);
	peer_start_listening(&p, listener);
	peer_answer_hello(&p);
	test_equal(fd_connect(path, &next), 0);
	test_equal(
		wire_send(next, &wire_shutdown_layout, 0, &(struct wire_empty){ 0 }, NULL, 0, true),
		0);
	close(next);
	p.socket = fd_close(p.socket);
	peer_finish(&p);
	test_equal_error(p.end_reason, 0);
	close(listener);
	unlink(path);
}

TEST_MAIN
