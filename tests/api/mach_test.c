// SPDX-License-Identifier: MIT
/* The Mach slice as a program sees it: public headers only, idioms of real clients. */
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include <mach/mach.h>
#include <mach/mach_error.h>
#include <mach/mach_time.h>

#include "test.h"

_Static_assert(sizeof(mach_msg_header_t) == 24, "header");
_Static_assert(sizeof(mach_msg_body_t) == 4, "body");
_Static_assert(sizeof(mach_msg_port_descriptor_t) == 12, "port descriptor");
_Static_assert(sizeof(mach_msg_ool_descriptor_t) == 16, "memory descriptor");
_Static_assert(sizeof(mach_msg_ool_ports_descriptor_t) == 16, "ports descriptor");
_Static_assert(sizeof(mach_msg_trailer_t) == 8, "trailer");
_Static_assert(sizeof(mach_msg_audit_trailer_t) == 52, "audit trailer");
_Static_assert(MAX_TRAILER_SIZE == 68, "largest trailer");
_Static_assert(offsetof(mach_msg_header_t, msgh_id) == 20, "id");
_Static_assert(MACH_MSGH_BITS(19, 21) == 0x1513, "bits");

struct request {
	mach_msg_header_t header;
	uint32_t a, b;
};

struct reply {
	mach_msg_header_t header;
	uint32_t sum;
	mach_msg_trailer_t trailer;
};

struct received {
	struct request request;
	mach_msg_trailer_t trailer;
};

/* Adds until it is asked for 0 + 0. */
static void *serve(void *context)
{
	mach_port_t port = *(mach_port_t *)context;
	uint32_t sum;

	do {
		struct received r;
		struct reply reply;

		memset(&r, 0, sizeof(r));
		memset(&reply, 0, sizeof(reply));
		test_equal_error(mach_msg(&r.request.header, MACH_RCV_MSG, 0, sizeof(r), port,
					  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
				 MACH_MSG_SUCCESS);
		sum = r.request.a + r.request.b;
		reply.header.msgh_bits =
			MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(r.request.header.msgh_bits), 0);
		reply.header.msgh_remote_port = r.request.header.msgh_remote_port;
		reply.header.msgh_id = r.request.header.msgh_id + 100;
		reply.sum = sum;
		test_equal_error(mach_msg(&reply.header, MACH_SEND_MSG,
					  offsetof(struct reply, trailer), 0, MACH_PORT_NULL,
					  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
				 MACH_MSG_SUCCESS);
	} while (sum);
	return NULL;
}

TEST(a_service_answers_its_clients)
{
	mach_port_t service = MACH_PORT_NULL, reply_port = MACH_PORT_NULL;
	pthread_t thread;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &service),
			 0);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), service, service, MACH_MSG_TYPE_MAKE_SEND),
		0);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &reply_port),
			 0);
	test_equal(pthread_create(&thread, NULL, serve, &service), 0);
	for (uint32_t i = 50; i + 1; i--) {
		union {
			struct request request;
			struct reply reply;
		} m;

		memset(&m, 0, sizeof(m));
		m.request.header.msgh_bits =
			MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		m.request.header.msgh_remote_port = service;
		m.request.header.msgh_local_port = reply_port;
		m.request.header.msgh_id = 500;
		m.request.a = i;
		m.request.b = i;
		test_equal_error(mach_msg(&m.request.header, MACH_SEND_MSG | MACH_RCV_MSG,
					  sizeof(struct request), sizeof(m), reply_port,
					  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
				 MACH_MSG_SUCCESS);
		test_equal(m.reply.header.msgh_id, 600);
		test_equal(m.reply.sum, 2 * i);
	}
	pthread_join(thread, NULL);
	test_equal_error(
		mach_port_mod_refs(mach_task_self(), reply_port, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	test_equal_error(mach_port_destroy(mach_task_self(), service), 0);
}

TEST(the_queue_port_idiom)
{
	/* As programs with a data queue make, empty and drop its port. */
	mach_port_t port = MACH_PORT_NULL;
	mach_port_limits_t limits = { 1 };
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} m;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal_error(mach_port_set_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO,
						  (mach_port_info_t)&limits,
						  MACH_PORT_LIMITS_INFO_COUNT),
			 0);
	memset(&m, 0, sizeof(m));
	m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	m.header.msgh_remote_port = port;
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(m.header), 0,
				  0, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal_error(
		mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port, 0, 0),
		MACH_MSG_SUCCESS);
	test_equal_error(
		mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port, 0, 0),
		MACH_RCV_TIMED_OUT);
	test_equal_error(mach_port_destroy(mach_task_self(), port), 0);
}

TEST(the_elapsed_time_idiom)
{
	mach_timebase_info_data_t base;
	uint64_t start = mach_absolute_time();

	test_equal_error(mach_timebase_info(&base), KERN_SUCCESS);
	test_equal_error(mach_wait_until(start + NSEC_PER_MSEC * base.denom / base.numer),
			 KERN_SUCCESS);
	uint64_t elapsed = (mach_absolute_time() - start) * base.numer / base.denom;
	test_true(elapsed >= NSEC_PER_MSEC);
}

TEST(errors_have_texts)
{
	test_true(mach_error_string(KERN_SUCCESS) != NULL);
	test_true(strcmp(mach_error_string(KERN_INVALID_NAME),
			 mach_error_string(KERN_INVALID_RIGHT)));
	test_true(strlen(mach_error_string(0x12345678)) > 0);
	test_equal(err_get_system(0xe00002bcu), 0x38);
	test_equal(err_get_code(0xe00002bcu), 0x2bc);
}

TEST_MAIN
