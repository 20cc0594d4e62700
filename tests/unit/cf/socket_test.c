// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFSocket.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cf_test.h"
#include "info.h"

static char trace[256];
static CFSocketRef accepted;

static void note(CFSocketRef s, CFSocketCallBackType type, CFDataRef address, const void *data,
		 void *info)
{
	if (info)
		strcat(trace, info);
	switch (type) {
	case kCFSocketReadCallBack: {
		char c;

		strcat(trace, "r");
		test_equal(read(CFSocketGetNative(s), &c, 1), 1);
		break;
	}
	case kCFSocketDataCallBack:
		strcat(trace, "d");
		strncat(trace, (const char *)CFDataGetBytePtr(data), (size_t)CFDataGetLength(data));
		break;
	case kCFSocketAcceptCallBack:
		strcat(trace, "a");
		test_true(address != NULL);
		accepted = CFSocketCreateWithNative(NULL, *(const CFSocketNativeHandle *)data,
						    kCFSocketDataCallBack, note, NULL);
		break;
	case kCFSocketConnectCallBack:
		strcat(trace, data ? "C" : "c");
		break;
	case kCFSocketWriteCallBack:
		strcat(trace, "w");
		break;
	}
}

static CFRunLoopSourceRef schedule(CFSocketRef s)
{
	CFRunLoopSourceRef source = CFSocketCreateRunLoopSource(NULL, s, 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	CFRelease(source);
	return source;
}

static void run_until(const char *expected)
{
	while (strlen(trace) < strlen(expected))
		test_equal(CFRunLoopRunInMode(CFSTR("m"), 10, TRUE), kCFRunLoopRunHandledSource);
	test_equal_text(trace, expected);
}

static void start(void)
{
	CFRunLoopGetMain();
	test_reset_baseline();
}

TEST(read_callbacks_until_disabled)
{
	int fds[2];
	CFSocketRef s, again;

	start();
	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	s = CFSocketCreateWithNative(NULL, fds[0], kCFSocketReadCallBack, note, NULL);
	again = CFSocketCreateWithNative(NULL, fds[0], kCFSocketDataCallBack, NULL, NULL);
	test_true(s == again);
	CFRelease(again);
	test_equal(CFSocketGetNative(s), fds[0]);
	schedule(s);
	test_equal(write(fds[1], "xyz", 3), 3);
	run_until("rrr");
	CFSocketDisableCallBacks(s, kCFSocketReadCallBack);
	test_equal(write(fds[1], "x", 1), 1);
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0, TRUE), kCFRunLoopRunTimedOut);
	test_equal_text(trace, "rrr");
	CFSocketEnableCallBacks(s, kCFSocketReadCallBack);
	run_until("rrrr");
	/* Without the flag each call disables. */
	CFSocketSetSocketFlags(s, kCFSocketCloseOnInvalidate);
	test_equal(write(fds[1], "xx", 2), 2);
	run_until("rrrrr");
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0, TRUE), kCFRunLoopRunTimedOut);
	CFSocketInvalidate(s);
	CFSocketInvalidate(s);
	test_true(!CFSocketIsValid(s));
	test_equal(CFSocketGetNative(s), -1);
	test_equal(fcntl(fds[0], F_GETFD), -1); /* closed */
	test_true(CFSocketCreateRunLoopSource(NULL, s, 0) == NULL);
	CFRelease(s);
	close(fds[1]);
}

/* Else it would be called for ever. */
TEST(a_socket_that_its_program_closes_turns_invalid)
{
	int fds[2];
	CFSocketRef s;

	start();
	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	s = CFSocketCreateWithNative(NULL, fds[0], kCFSocketReadCallBack, note, NULL);
	schedule(s);
	close(fds[0]);
	CFRunLoopRunInMode(CFSTR("m"), 10, TRUE);
	test_true(!CFSocketIsValid(s));
	test_equal_text(trace, "");
	CFRelease(s);
	close(fds[1]);
}

static void invalidate_it(CFSocketRef s, CFSocketCallBackType type, CFDataRef address,
			  const void *data, void *info)
{
	CFSocketInvalidate(s);
	info_expect_kept(info);
}

TEST(invalidation_leaves_its_callback_the_info)
{
	CFSocketContext context = { 0, &info_refs, info_retain, info_release, NULL };
	int fds[2];

	start();
	test_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CFSocketRef s = CFSocketCreateWithNative(NULL, fds[0], kCFSocketWriteCallBack,
						 invalidate_it, &context);

	schedule(s);
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 10, TRUE), kCFRunLoopRunHandledSource);
	info_expect_dropped();
	CFRelease(s);
	close(fds[1]);
}

TEST(data_and_its_end)
{
	CFSocketContext context = { .info = (void *)(uintptr_t) "" };
	int fds[2];
	CFSocketRef s;

	start();
	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	s = CFSocketCreateWithNative(NULL, fds[0], kCFSocketDataCallBack | kCFSocketWriteCallBack,
				     note, &context);
	CFSocketDisableCallBacks(s, kCFSocketWriteCallBack);
	schedule(s);
	test_equal(write(fds[1], "hello", 5), 5);
	run_until("dhello");
	CFSocketEnableCallBacks(s, kCFSocketWriteCallBack);
	run_until("dhellow");
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0, TRUE), kCFRunLoopRunTimedOut);
	close(fds[1]);
	run_until("dhellowd");
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0, TRUE), kCFRunLoopRunTimedOut);
	CFSocketInvalidate(s);
	CFRelease(s);
}

static CFDataRef loopback(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return CFDataCreate(NULL, (const UInt8 *)&address, sizeof(address));
}

static int port_of(CFSocketRef s)
{
	CFDataRef address = CFSocketCopyAddress(s);
	struct sockaddr_in in;

	memcpy(&in, CFDataGetBytePtr(address), sizeof(in));
	CFRelease(address);
	return ntohs(in.sin_port);
}

TEST(listening_and_connecting)
{
	CFDataRef any = loopback(0), address, peer;
	CFDataRef text = CFDataCreate(NULL, (const UInt8 *)"text", 4);
	CFSocketSignature signature = { PF_INET, SOCK_STREAM, IPPROTO_TCP, any };
	CFSocketRef server, client;

	start();
	server = CFSocketCreateWithSocketSignature(NULL, &signature, kCFSocketAcceptCallBack, note,
						   NULL);
	test_true(server != NULL);
	schedule(server);
	address = loopback(port_of(server));
	client = CFSocketCreate(NULL, 0, 0, 0, kCFSocketConnectCallBack, note, NULL);
	schedule(client);
	test_equal(CFSocketConnectToAddress(client, address, -1), kCFSocketSuccess);
	while (strlen(trace) < 2)
		CFRunLoopRunInMode(CFSTR("m"), 10, TRUE);
	test_true(!strcmp(trace, "ac") || !strcmp(trace, "ca"));
	peer = CFSocketCopyPeerAddress(client);
	test_true(CFEqual(peer, address));
	trace[0] = '\0';
	schedule(accepted);
	test_equal(CFSocketSendData(client, NULL, text, 1), kCFSocketSuccess);
	run_until("dtext");
	CFSocketInvalidate(client);
	CFSocketInvalidate(server);
	CFSocketInvalidate(accepted);
	CFRelease(client);
	CFRelease(server);
	CFRelease(accepted);
	/* Nobody listens there any more. */
	signature.address = address;
	test_true(CFSocketCreateConnectedToSocketSignature(NULL, &signature, 0, note, NULL, 5) ==
		  NULL);
	client = CFSocketCreateConnectedToSocketSignature(NULL, &signature,
							  kCFSocketConnectCallBack, note, NULL, -1);
	if (client) { /* refused later */
		trace[0] = '\0';
		schedule(client);
		run_until("C");
		CFSocketInvalidate(client);
		CFRelease(client);
	}
	CFRelease(peer);
	CFRelease(address);
	CFRelease(any);
	CFRelease(text);
}

TEST(what_is_no_socket_is_refused)
{
	CFDataRef bad = CFDataCreate(NULL, (const UInt8 *)"x", 1);
	int fds[2];
	CFSocketRef s;

	start();
	test_true(CFSocketCreateWithNative(NULL, -1, 0, NULL, NULL) == NULL);
	test_equal(pipe2(fds, O_CLOEXEC), 0);
	test_true(CFSocketCreateWithNative(NULL, fds[0], 0, NULL, NULL) == NULL);
	close(fds[0]);
	close(fds[1]);
	test_true(CFSocketCreate(NULL, 9999, 0, 0, 0, NULL, NULL) == NULL);
	s = CFSocketCreate(NULL, PF_UNIX, SOCK_DGRAM, 0, 0, NULL, NULL);
	test_equal(CFSocketSetAddress(s, bad), kCFSocketError);
	test_equal(CFSocketConnectToAddress(s, NULL, 1), kCFSocketError);
	test_equal(CFSocketSendData(s, NULL, NULL, 0), kCFSocketError);
	CFSocketInvalidate(s);
	test_equal(CFSocketSendData(s, NULL, bad, 0), kCFSocketError);
	CFRelease(s);
	CFRelease(bad);
}

TEST_MAIN
