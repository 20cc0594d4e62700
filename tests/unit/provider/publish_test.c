// SPDX-License-Identifier: MIT
#include "test.h"

#include "peer.h"

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

TEST_MAIN
