// SPDX-License-Identifier: MIT
#include "test.h"

#include <sys/socket.h>

#include <IOKit/IOReturn.h>

#include "peer.h"
#include "provider/provider_internal.h"

struct job {
	struct peer *p;
	struct provider_entry *entry;
	uint64_t published;
	int n_published;
};

static void published(void *context, struct provider_entry *entry, uint64_t id)
{
	struct job *job = context;

	job->published = id;
	job->n_published++;
	if (!id)
		provider_forget(entry);
}

static void publish(void *context)
{
	struct job *job = context;
	struct provider_description description = {
		.class_name = "Thing",
		.context = job,
		.published = published,
	};

	test_equal(provider_publish(job->p->provider, &description, &job->entry), 0);
}

static void terminate(void *context)
{
	provider_terminate(((struct job *)context)->entry, 4);
}

static void set_value(void *context)
{
	struct job *job = context;
	CFStringRef key = CFSTR("Key");
	CFDictionaryRef set = CFDictionaryCreate(NULL, (const void **)&key, (const void **)&key, 1,
						 &kCFTypeDictionaryKeyCallBacks,
						 &kCFTypeDictionaryValueCallBacks);

	test_equal(provider_update(job->entry, set, NULL, NULL), 0);
	CFRelease(set);
}

static void look(void *context)
{
}

static void finish(struct peer *p)
{
	test_equal(wire_send(p->socket, &wire_shutdown_layout, 0, &(struct wire_empty){ 0 }, NULL,
			     0, true),
		   0);
	peer_finish(p);
}

TEST(a_change_before_the_answer_follows_it)
{
	struct peer p;
	struct job job = { &p };
	struct wire_publish message;
	struct wire_update update;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish, &job);
	peer_do(&p, set_value, &job);
	peer_receive(&p, &wire_publish_layout, &message);
	wire_message_clear(&wire_publish_layout, &message);
	peer_answer(&p, 0, 50);
	peer_receive(&p, &wire_update_layout, &update);
	test_equal(update.id, 50);
	test_true(CFDictionaryContainsKey(update.set, CFSTR("Key")));
	wire_message_clear(&wire_update_layout, &update);
	finish(&p);
	test_equal(job.published, 50);
	test_equal(job.n_published, 1);
}

TEST(an_entry_terminated_before_the_answer)
{
	struct peer p;
	struct job job = { &p };
	struct wire_publish message;
	struct wire_entry_options options;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish, &job);
	peer_do(&p, terminate, &job);
	peer_receive(&p, &wire_publish_layout, &message);
	wire_message_clear(&wire_publish_layout, &message);
	peer_answer(&p, 0, 51);
	peer_receive(&p, &wire_terminate_layout, &options);
	test_equal(options.id, 51);
	test_equal(options.options, 4);
	finish(&p);
	test_equal(job.n_published, 0);
}

TEST(a_refused_entry_is_reported_and_may_be_forgotten)
{
	struct peer p;
	struct job job = { &p, .published = 1 };
	struct wire_publish message;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish, &job);
	peer_receive(&p, &wire_publish_layout, &message);
	wire_message_clear(&wire_publish_layout, &message);
	peer_answer(&p, -5, 0);
	peer_do(&p, look, NULL);
	finish(&p);
	test_equal(job.n_published, 1);
	test_equal(job.published, 0);
}

/* Whoever waits for the ID must not wait for ever. */
TEST(what_is_not_published_at_the_end_is_reported_before_it)
{
	struct peer p;
	struct job job = { &p, .published = 1 };
	struct wire_publish message;

	peer_start(&p, NULL);
	p.watched = &job.n_published;
	peer_answer_hello(&p);
	peer_do(&p, publish, &job);
	peer_receive(&p, &wire_publish_layout, &message);
	wire_message_clear(&wire_publish_layout, &message);
	finish(&p);
	test_equal(p.count_at_end, 1);
	test_equal(job.n_published, 1);
	test_equal(job.published, 0);
}

/* --- many at once ------------------------------------------------------------- */

enum { MANY = 2 * PROVIDER_WINDOW + 100 };

static struct provider_entry *many[MANY];

static void publish_many(void *context)
{
	struct job *job = context;

	for (int i = 0; i < MANY; i++) {
		publish(job);
		many[i] = job->entry;
	}
}

static void terminate_many(void *context)
{
	for (int i = 0; i < MANY; i++)
		provider_terminate(many[i], 0);
}

static bool is_silent(struct peer *p)
{
	char byte;

	peer_do(p, look, NULL); /* whatever it had to say has been sent */
	return recv(p->socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

/* Read MANY requests of TYPE, at most a window of them unanswered; the first FIRST numbers answer. */
static void serve_many(struct peer *p, uint32_t type, uint64_t first)
{
	struct wire_header headers[PROVIDER_WINDOW];
	struct wire_publish_reply reply = { first, 0 };
	size_t n_read = 0;

	for (size_t n_answered = 0; n_answered < MANY; n_answered++) {
		while (n_read < MANY && n_read < n_answered + PROVIDER_WINDOW) {
			test_equal(wire_frame_receive(p->socket, &p->frame, WIRE_CONTROL_MAX, true),
				   0);
			test_equal(p->frame.header.type, type);
			headers[n_read++ % PROVIDER_WINDOW] = p->frame.header;
		}
		if (n_answered < 3)
			test_true(is_silent(p));
		const struct wire_header *h = &headers[n_answered % PROVIDER_WINDOW];
		test_equal(wire_reply(p->socket, h,
				      first ? &wire_publish_reply_layout : &wire_empty_layout, 0,
				      &reply, NULL, 0, true),
			   0);
		reply.id++;
	}
}

struct count {
	const struct job *job;
	int n;
};

static void count_published(void *context)
{
	struct count *c = context;

	c->n = c->job->n_published;
}

/* All answers have been read; each look is a turn of the loop. */
static void await_published(struct job *job, int n)
{
	struct count c = { job, 0 };

	while (c.n < n)
		peer_do(job->p, count_published, &c);
}

TEST(of_many_entries_only_a_window_is_on_its_way)
{
	struct peer p;
	struct job job = { &p };

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish_many, &job);
	serve_many(&p, WIRE_PUBLISH, 1000);
	await_published(&job, MANY);
	test_equal(job.published, 1000 + MANY - 1);
	peer_do(&p, terminate_many, NULL);
	serve_many(&p, WIRE_TERMINATE, 0);
	test_true(is_silent(&p));
	finish(&p);
}

static void retire_many(void *context)
{
	for (int i = 0; i < MANY; i++)
		test_equal(provider_retire(many[i], 0), 0);
}

static void forget_some(void *context)
{
	int *n_gone = context;

	for (int i = 0; i < 10; i++)
		provider_forget(many[(*n_gone)++]);
}

static void expect_retirements(struct peer *p, int n)
{
	struct wire_entry_options options;

	for (int i = 0; i < n; i++) {
		peer_receive(p, &wire_retire_layout, &options);
		test_equal(wire_reply(p->socket, &p->frame.header, &wire_empty_layout, 0, NULL,
				      NULL, 0, true),
			   0);
	}
	test_true(is_silent(p));
}

/* An end that has been asked for takes its time: the others wait for it, not for the answer. */
TEST(of_many_ends_only_a_window_is_under_way)
{
	struct peer p;
	struct job job = { &p };
	int n_gone = 0;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish_many, &job);
	serve_many(&p, WIRE_PUBLISH, 1000);
	await_published(&job, MANY);
	peer_do(&p, retire_many, NULL);
	expect_retirements(&p, PROVIDER_WINDOW);
	peer_do(&p, forget_some, &n_gone);
	expect_retirements(&p, 10);
	/* one that waits may go without having been asked for */
	n_gone = MANY - 10;
	peer_do(&p, forget_some, &n_gone);
	test_true(is_silent(&p));
	finish(&p);
}

static void check_published(void *context)
{
	struct job *job = context;

	test_equal(job->n_published, 0);
	test_true(provider_find(job->p->provider, 70) == NULL);
}

/* The connection ends while most wait for their turn: all are reported, none is lost. */
TEST(many_that_wait_at_the_end_are_reported)
{
	struct peer p;
	struct job job = { &p, .published = 1 };

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish_many, &job);
	peer_do(&p, check_published, &job);
	finish(&p);
	test_equal(job.n_published, MANY);
	test_equal(job.published, 0);
}

struct family {
	struct job parent, child;
};

static void publish_family(void *context)
{
	struct family *f = context;

	publish(&f->parent);
	struct provider_description description = {
		.parent = f->parent.entry,
		.class_name = "Child",
		.context = &f->child,
		.published = published,
	};
	test_equal(provider_publish(f->parent.p->provider, &description, &f->child.entry), 0);
}

TEST(children_of_a_refused_parent_are_reported)
{
	struct peer p;
	struct family f = { { &p, .published = 1 }, { &p, .published = 1 } };
	struct wire_publish message;

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish_family, &f);
	peer_receive(&p, &wire_publish_layout, &message);
	wire_message_clear(&wire_publish_layout, &message);
	test_true(is_silent(&p));
	peer_answer(&p, -5, 0);
	peer_do(&p, look, NULL);
	finish(&p);
	test_equal(f.parent.n_published + f.child.n_published, 2);
	test_equal(f.parent.published + f.child.published, 0);
}

static void publish_too_much(void *context)
{
	struct job *job = context;
	CFDataRef data = CFDataCreateMutable(NULL, 0);
	CFDictionaryRef properties;
	CFStringRef key = CFSTR("Key");

	CFDataSetLength((CFMutableDataRef)data, WIRE_VALUE_MAX);
	properties = CFDictionaryCreate(NULL, (const void **)&key, (const void **)&data, 1,
					&kCFTypeDictionaryKeyCallBacks,
					&kCFTypeDictionaryValueCallBacks);
	struct provider_description description = { .class_name = "Thing",
						    .properties = properties };
	test_equal_error(provider_publish(job->p->provider, &description, &job->entry), -EMSGSIZE);
	CFRelease(properties);
	CFRelease(data);
}

TEST(more_than_a_message_carries_is_refused_at_once)
{
	struct peer p;
	struct job job = { &p };

	peer_start(&p, NULL);
	peer_answer_hello(&p);
	peer_do(&p, publish_too_much, &job);
	test_true(is_silent(&p));
	finish(&p);
}

/* --- attachments and settling -------------------------------------------------------- */

struct attaching {
	struct job *job;
	int32_t status;
	int n_done, n_settled;
	size_t n_kept; /* attachments that the mirror remembers */
	int n_seen;    /* n_settled as the test may read it */
};

static void attach_done(void *context, int32_t status)
{
	struct attaching *a = context;

	a->status = status;
	a->n_done++;
}

static void attach(void *context)
{
	struct attaching *a = context;

	test_equal(provider_attach(a->job->entry, 77, "Plane", false, attach_done, a), 0);
}

static void count_kept(void *context)
{
	struct attaching *a = context;

	a->n_seen = a->n_settled;
	a->n_kept = 0;
	list_for_each(node, &a->job->entry->attachments)
		a->n_kept++;
}

static void settle_done(void *context)
{
	((struct attaching *)context)->n_settled++;
}

static void settle(void *context)
{
	struct attaching *a = context;

	test_equal(provider_settle(a->job->p->provider, settle_done, a), 0);
}

struct question {
	struct job *job;
	bool is_published;
};

static void ask_whether_published(void *context)
{
	struct question *q = context;

	q->is_published = q->job->n_published > 0;
}

/* Returns when the answer has been read: before, requests would only be noted. */
static void publish_as(struct peer *p, struct job *job, uint64_t id)
{
	struct question question = { .job = job };
	struct wire_publish message;

	peer_start(p, NULL);
	peer_answer_hello(p);
	peer_do(p, publish, job);
	peer_receive(p, &wire_publish_layout, &message);
	wire_message_clear(&wire_publish_layout, &message);
	peer_answer(p, 0, id);
	while (!question.is_published)
		peer_do(p, ask_whether_published, &question);
}

TEST(a_refused_attachment_is_not_asked_for_again)
{
	struct peer p;
	struct job job = { &p };
	struct attaching a = { .job = &job };
	struct wire_attach message;

	publish_as(&p, &job, 50);
	for (int i = 0; i < 2; i++) {
		int32_t status = i ? 0 : (int32_t)kIOReturnBadArgument;

		peer_do(&p, attach, &a);
		peer_receive(&p, &wire_attach_layout, &message);
		test_equal(message.id, 50);
		test_equal(message.parent, 77);
		test_equal_text(message.plane, "Plane");
		peer_answer(&p, status, 0);
		/* The next answer shows that this one has been read. */
		peer_do(&p, settle, &a);
		struct wire_declare_classes nothing;
		peer_receive(&p, &wire_declare_classes_layout, &nothing);
		wire_message_clear(&wire_declare_classes_layout, &nothing);
		peer_answer(&p, 0, 0);
		do
			peer_do(&p, count_kept, &a);
		while (a.n_seen <= i);
		test_equal(a.n_done, i + 1);
		test_equal_error(a.status, status);
		test_equal(a.n_kept, i);
	}
	finish(&p);
}

TEST(settling_ends_with_the_registry)
{
	struct peer p;
	struct job job = { &p };
	struct attaching a = { .job = &job };
	struct wire_declare_classes nothing;

	publish_as(&p, &job, 50);
	peer_do(&p, settle, &a);
	peer_receive(&p, &wire_declare_classes_layout, &nothing);
	wire_message_clear(&wire_declare_classes_layout, &nothing);
	peer_do(&p, count_kept, &a);
	test_equal(a.n_seen, 0);
	finish(&p);
	test_equal(a.n_settled, 1);
}

TEST_MAIN
