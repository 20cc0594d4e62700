// SPDX-License-Identifier: MIT
/* Short ways to make ports and to send messages with one word, for tests of the Mach slice. */
#pragma once

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mach/mach.h>

#include "test.h"

struct word_message {
	mach_msg_header_t header;
	uint32_t word;
	mach_msg_max_trailer_t trailer;
};

enum { WORD_SIZE = offsetof(struct word_message, trailer) };

static inline mach_port_t new_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port),
			 KERN_SUCCESS);
	return port;
}

static inline mach_port_t new_set(void)
{
	mach_port_t set = MACH_PORT_NULL;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set),
			 KERN_SUCCESS);
	return set;
}

static inline mach_port_t new_send_port(void)
{
	mach_port_t port = new_port();

	test_equal_error(
		mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	return port;
}

static inline void drop_receive(mach_port_t port)
{
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1),
			 KERN_SUCCESS);
}

static inline void destroy_port(mach_port_t port)
{
	test_equal_error(mach_port_destroy(mach_task_self(), port), KERN_SUCCESS);
}

static inline mach_port_type_t type_of(mach_port_t name)
{
	mach_port_type_t type = 0;

	return mach_port_type(mach_task_self(), name, &type) ? 0 : type;
}

/* -1: no such name. */
static inline int refs_of(mach_port_t name, mach_port_right_t right)
{
	mach_port_urefs_t refs = 0;

	return mach_port_get_refs(mach_task_self(), name, right, &refs) ? -1 : (int)refs;
}

static inline void set_limit(mach_port_t port, unsigned limit)
{
	mach_port_limits_t limits = { limit };

	test_equal_error(mach_port_set_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO,
						  (mach_port_info_t)&limits,
						  MACH_PORT_LIMITS_INFO_COUNT),
			 KERN_SUCCESS);
}

static inline mach_msg_return_t send_word_by(mach_port_t port, mach_msg_type_name_t disposition,
					     uint32_t word)
{
	struct word_message m = {
		.header.msgh_bits = MACH_MSGH_BITS(disposition, 0),
		.header.msgh_remote_port = port,
		.header.msgh_id = 7,
		.word = word,
	};

	return mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, WORD_SIZE, 0, MACH_PORT_NULL,
			0, MACH_PORT_NULL);
}

static inline mach_msg_return_t send_word(mach_port_t port, uint32_t word)
{
	return send_word_by(port, MACH_MSG_TYPE_MAKE_SEND, word);
}

static inline mach_msg_return_t receive_word(mach_port_t port, mach_msg_timeout_t timeout,
					     struct word_message *m)
{
	memset(m, 0xaa, sizeof(*m));
	return mach_msg(&m->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(*m), port, timeout,
			MACH_PORT_NULL);
}

/* The word of a message that must be there. */
static inline uint32_t take_word(mach_port_t port)
{
	struct word_message m;

	test_equal_error(receive_word(port, 0, &m), MACH_MSG_SUCCESS);
	return m.word;
}

static inline mach_msg_id_t take_id(mach_port_t port)
{
	struct word_message m;

	test_equal_error(receive_word(port, 0, &m), MACH_MSG_SUCCESS);
	return m.header.msgh_id;
}

static inline bool is_empty(mach_port_t port)
{
	struct word_message m;

	return receive_word(port, 0, &m) == MACH_RCV_TIMED_OUT;
}

/* --- a thread that waits for a message ------------------------------------------ */

struct waiter {
	mach_port_t port;
	pthread_t thread;
	_Atomic pid_t tid;
	uint32_t word;
};

static inline void *wait_here(void *context)
{
	struct waiter *w = context;
	struct word_message m;

	atomic_store(&w->tid, (pid_t)syscall(SYS_gettid));
	mach_msg_return_t result = mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), w->port, 0, 0);
	w->word = m.word;
	return (void *)(uintptr_t)(unsigned)result;
}

/* Until the thread sleeps in the kernel. */
static inline bool is_asleep(pid_t tid)
{
	char path[64], line[512] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	const char *state = strrchr(line, ')');
	return state && state[1] && state[2] == 'S';
}

static inline void start_waiter(struct waiter *w, mach_port_t port)
{
	*w = (struct waiter){ .port = port };
	test_equal(pthread_create(&w->thread, NULL, wait_here, w), 0);
	while (!atomic_load(&w->tid) || !is_asleep(w->tid))
		sched_yield();
}

static inline mach_msg_return_t end_waiter(struct waiter *w)
{
	void *result;

	pthread_join(w->thread, &result);
	return (mach_msg_return_t)(uintptr_t)result;
}
