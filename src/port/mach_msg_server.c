// SPDX-License-Identifier: MIT
/* Loops that serve requests. */
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>

#include <mach/mach.h>
#include <mach/mig_errors.h>

NDR_record_t NDR_record = {
	.mig_encoding = NDR_PROTOCOL_2_0,
	.int_rep = NDR_INT_LITTLE_ENDIAN,
	.char_rep = NDR_CHAR_ASCII,
	.float_rep = NDR_FLOAT_IEEE,
};

/* Send the reply, or release what it holds. */
static void send_reply(mach_msg_header_t *reply)
{
	mach_msg_option_t options = MACH_SEND_MSG;

	if (reply->msgh_remote_port == MACH_PORT_NULL) {
		mach_msg_destroy(reply);
		return;
	}
	/* A client that does not read its replies holds nobody up; a send-once right never blocks. */
	if (MACH_MSGH_BITS_REMOTE(reply->msgh_bits) != MACH_MSG_TYPE_MOVE_SEND_ONCE)
		options |= MACH_SEND_TIMEOUT;
	if (mach_msg(reply, options, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL))
		mach_msg_destroy(reply);
}

static void answer(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
		   mach_msg_header_t *request, mig_reply_error_t *reply)
{
	boolean_t is_known = demux(request, &reply->Head);

	if (!(reply->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX)) {
		if (!is_known)
			reply->RetCode = MIG_BAD_ID;
		if (reply->RetCode == MIG_NO_REPLY)
			reply->Head.msgh_remote_port = MACH_PORT_NULL;
		else if (reply->RetCode && request->msgh_bits & MACH_MSGH_BITS_COMPLEX) {
			/* The server has not taken what the request brought; the reply right is in
			 * the reply now. */
			request->msgh_remote_port = MACH_PORT_NULL;
			mach_msg_destroy(request);
		}
	}
	send_reply(&reply->Head);
}

static mach_msg_return_t serve(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
			       mach_msg_size_t max_size, mach_port_t rcv_name,
			       mach_msg_options_t options, bool is_once)
{
	size_t size = round_msg(max_size) + MAX_TRAILER_SIZE;
	size_t reply_size = size < sizeof(mig_reply_error_t) ? sizeof(mig_reply_error_t) : size;
	mach_msg_header_t *request = calloc(1, size < sizeof(*request) ? sizeof(*request) : size);
	mig_reply_error_t *reply = calloc(1, reply_size);
	mach_msg_return_t result = KERN_RESOURCE_SHORTAGE;

	while (request && reply) {
		result = mach_msg(request, MACH_RCV_MSG | options, 0, (mach_msg_size_t)size,
				  rcv_name, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		if (result)
			break;
		memset(reply, 0, sizeof(*reply));
		answer(demux, request, reply);
		if (is_once)
			break;
	}
	free(request);
	free(reply);
	return result;
}

mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
				  mach_msg_size_t max_size, mach_port_t rcv_name,
				  mach_msg_options_t options)
{
	return serve(demux, max_size, rcv_name, options, false);
}

mach_msg_return_t mach_msg_server_once(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
				       mach_msg_size_t max_size, mach_port_t rcv_name,
				       mach_msg_options_t options)
{
	return serve(demux, max_size, rcv_name, options, true);
}
