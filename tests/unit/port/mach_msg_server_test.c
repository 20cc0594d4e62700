// SPDX-License-Identifier: MIT
#include <pthread.h>

#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

enum { KNOWN = 100, SILENT = 101 };

/* As a generated server fills a reply. */
static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	mig_reply_error_t *r = (mig_reply_error_t *)reply;

	reply->msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(request->msgh_bits), 0);
	reply->msgh_remote_port = request->msgh_remote_port;
	reply->msgh_size = sizeof(*r);
	reply->msgh_id = request->msgh_id + 100;
	r->NDR = NDR_record;
	r->RetCode = request->msgh_id == SILENT ? MIG_NO_REPLY : KERN_SUCCESS;
	/* Who does not answer has kept the reply right. */
	if (request->msgh_id == SILENT)
		mach_port_deallocate(mach_task_self(), request->msgh_remote_port);
	return request->msgh_id == KNOWN || request->msgh_id == SILENT;
}

static mach_msg_return_t ask(mach_port_t server, mach_port_t reply, int id)
{
	mach_msg_header_t m = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = server,
		.msgh_local_port = reply,
		.msgh_id = id,
	};

	return mach_msg(&m, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0);
}

static int answer_of(mach_port_t reply, int id)
{
	struct {
		mig_reply_error_t error;
		mach_msg_max_trailer_t trailer;
	} m;

	test_equal_error(
		mach_msg(&m.error.Head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), reply, 0, 0),
		MACH_MSG_SUCCESS);
	test_equal(m.error.Head.msgh_id, id + 100);
	return m.error.RetCode;
}

TEST(requests_are_answered)
{
	mach_port_t server = new_port(), reply = new_port();

	test_equal_error(ask(server, reply, KNOWN), MACH_MSG_SUCCESS);
	test_equal_error(mach_msg_server_once(demux, 256, server, 0), MACH_MSG_SUCCESS);
	test_equal(answer_of(reply, KNOWN), KERN_SUCCESS);
	test_equal_error(ask(server, reply, 7), MACH_MSG_SUCCESS);
	test_equal_error(mach_msg_server_once(demux, 256, server, 0), MACH_MSG_SUCCESS);
	test_equal(answer_of(reply, 7), MIG_BAD_ID);
	test_equal_error(ask(server, reply, SILENT), MACH_MSG_SUCCESS);
	test_equal_error(mach_msg_server_once(demux, 256, server, 0), MACH_MSG_SUCCESS);
	test_equal(take_id(reply), MACH_NOTIFY_SEND_ONCE);
	destroy_port(server);
	destroy_port(reply);
}

TEST(loop_ends_with_its_port)
{
	mach_port_t server = new_port(), reply = new_port();

	for (int i = 0; i < 3; i++)
		test_equal_error(ask(server, reply, KNOWN), MACH_MSG_SUCCESS);
	test_equal_error(mach_msg_server(demux, 256, server, MACH_RCV_TIMEOUT), MACH_RCV_TIMED_OUT);
	for (int i = 0; i < 3; i++)
		test_equal(answer_of(reply, KNOWN), KERN_SUCCESS);
	destroy_port(server);
	test_equal_error(mach_msg_server(demux, 256, server, 0), MACH_RCV_INVALID_NAME);
	destroy_port(reply);
}

TEST_MAIN
