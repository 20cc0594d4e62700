// SPDX-License-Identifier: MIT
#include "peer.h"

#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"
#include "wire/hello.h"

static void connected(void *context, bool again)
{
	struct peer *p = context;

	p->connected++;
	p->again += again;
}

static void ended(void *context, err_t err)
{
	struct peer *p = context;

	p->ended++;
	p->end_reason = err;
	if (p->watched)
		p->count_at_end = *p->watched;
	loop_stop(p->loop);
}

static const struct provider_ops ops = { .connected = connected, .ended = ended };

static void *run(void *context)
{
	loop_run(context);
	return NULL;
}

static void start(struct peer *p, const char *path, int listener)
{
	int sockets[2];

	memset(p, 0, sizeof(*p));
	test_equal(fd_socketpair(sockets), 0);
	p->socket = sockets[0];
	test_equal(loop_new(&p->loop), 0);
	test_equal(provider_new(&(struct provider_config){ .loop = p->loop,
							   .name = "test",
							   .token = 5,
							   .socket = sockets[1],
							   .socket_path = path,
							   .listener = listener,
							   .ops = &ops,
							   .context = p },
				&p->provider),
		   0);
	test_equal(pthread_create(&p->thread, NULL, run, p->loop), 0);
}

void peer_start(struct peer *p, const char *path)
{
	start(p, path, 0);
}

void peer_start_listening(struct peer *p, int listener)
{
	start(p, NULL, listener);
}

struct visit {
	void (*fn)(void *);
	void *context;
	sem_t done;
};

static void visit(void *context)
{
	struct visit *v = context;

	v->fn(v->context);
	sem_post(&v->done);
}

void peer_do(struct peer *p, void (*fn)(void *), void *context)
{
	struct visit v = { fn, context };

	sem_init(&v.done, 0, 0);
	test_equal(loop_post(p->loop, visit, &v), 0);
	sem_wait(&v.done);
	sem_destroy(&v.done);
}

void peer_receive(struct peer *p, const struct wire_layout *layout, void *ret)
{
	test_equal(wire_frame_receive(p->socket, &p->frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(p->frame.header.type, layout->type);
	test_equal(wire_frame_decode(&p->frame, layout, ret), 0);
}

void peer_answer(struct peer *p, int32_t status, uint64_t number)
{
	struct wire_publish_reply published = { number, PEER_PROOF(number) };
	struct wire_number_reply reply = { number };
	bool publish = p->frame.header.type == WIRE_PUBLISH;

	test_equal(wire_reply(p->socket, &p->frame.header,
			      publish ? &wire_publish_reply_layout : &wire_number_reply_layout,
			      status, publish ? (void *)&published : (void *)&reply, NULL, 0, true),
		   0);
}

void peer_answer_hello(struct peer *p)
{
	struct wire_hello hello;
	struct wire_hello_reply reply = { .version = WIRE_VERSION };
	int page = memfd_create("page", MFD_CLOEXEC);

	peer_receive(p, &wire_hello_layout, &hello);
	test_equal(hello.magic, WIRE_MAGIC);
	test_equal(hello.version, WIRE_VERSION);
	test_equal(hello.role, WIRE_ROLE_PROVIDER);
	test_equal(hello.token, 5);
	test_equal(wire_reply(p->socket, &p->frame.header, &wire_hello_reply_layout, 0, &reply,
			      &page, 1, true),
		   0);
	close(page);
}

void peer_finish(struct peer *p)
{
	test_equal(pthread_join(p->thread, NULL), 0);
	test_equal(p->ended, 1);
	provider_free(p->provider);
	loop_free(p->loop);
	fd_close(p->socket);
	wire_frame_fini(&p->frame);
}
