// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>

#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFStream.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cf_test.h"
#include "info.h"

#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFStream.h>

static CFURLRef file_url(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
						       (CFIndex)strlen(path), FALSE);
}

static void write_text(CFURLRef url, const char *text, bool append)
{
	CFWriteStreamRef out = CFWriteStreamCreateWithFile(NULL, url);

	test_equal(CFWriteStreamWrite(out, (const UInt8 *)text, 1), -1);
	test_true(CFWriteStreamSetProperty(out, kCFStreamPropertyAppendToFile,
					   append ? kCFBooleanTrue : kCFBooleanFalse));
	test_true(CFWriteStreamOpen(out));
	test_true(!CFWriteStreamOpen(out));
	test_equal(CFWriteStreamWrite(out, (const UInt8 *)text, (CFIndex)strlen(text)),
		   strlen(text));
	CFWriteStreamClose(out);
	test_equal(CFWriteStreamGetStatus(out), kCFStreamStatusClosed);
	CFRelease(out);
}

TEST(files_are_written_appended_and_read)
{
	CFURLRef url = file_url("file");
	CFReadStreamRef in;
	UInt8 buffer[16];

	write_text(url, "one", false);
	write_text(url, "two", true);
	in = CFReadStreamCreateWithFile(NULL, url);
	test_equal(CFReadStreamRead(in, buffer, 16), -1);
	test_true(CFReadStreamOpen(in));
	test_true(CFReadStreamHasBytesAvailable(in));
	test_equal(CFReadStreamRead(in, buffer, 16), 6);
	test_true(!memcmp(buffer, "onetwo", 6));
	test_equal(CFReadStreamRead(in, buffer, 16), 0);
	test_equal(CFReadStreamGetStatus(in), kCFStreamStatusAtEnd);
	CFRelease(in);
	CFRelease(url);
}

TEST(missing_file_is_a_posix_error)
{
	CFURLRef url = file_url("missing");
	CFReadStreamRef in = CFReadStreamCreateWithFile(NULL, url);
	CFErrorRef error;

	test_true(CFReadStreamCopyError(in) == NULL);
	test_true(!CFReadStreamOpen(in));
	error = CFReadStreamCopyError(in);
	test_equal(CFErrorGetCode(error), ENOENT);
	CFRelease(error);
	CFRelease(in);
	CFRelease(url);
}

TEST(fixed_buffer_is_never_overrun)
{
	UInt8 buffer[4] = { 0 };
	CFWriteStreamRef out = CFWriteStreamCreateWithBuffer(NULL, buffer, 3);

	test_true(CFWriteStreamOpen(out));
	test_equal(CFWriteStreamWrite(out, (const UInt8 *)"ab", 2), 2);
	test_equal(CFWriteStreamWrite(out, (const UInt8 *)"cd", 2), -1);
	test_equal(buffer[2], 0);
	test_equal(CFWriteStreamGetStatus(out), kCFStreamStatusError);
	CFRelease(out);
}

/* --- pairs and clients ------------------------------------------------------------------- */

static char trace[256];

static void note_event(CFStreamEventType event)
{
	strcat(trace, event == kCFStreamEventOpenCompleted	 ? "o"
		      : event == kCFStreamEventHasBytesAvailable ? "b"
		      : event == kCFStreamEventCanAcceptBytes	 ? "w"
		      : event == kCFStreamEventErrorOccurred	 ? "x"
								 : "e");
}

static void on_read(CFReadStreamRef stream, CFStreamEventType event, void *info)
{
	UInt8 bytes[4];
	CFIndex n;

	test_true(info == trace);
	note_event(event);
	if (event != kCFStreamEventHasBytesAvailable)
		return;
	n = CFReadStreamRead(stream, bytes, sizeof(bytes));
	test_true(n > 0);
	strncat(trace, (char *)bytes, (size_t)n);
}

static void on_write(CFWriteStreamRef stream, CFStreamEventType event, void *info)
{
	note_event(event);
}

static const CFOptionFlags every_event =
	kCFStreamEventOpenCompleted | kCFStreamEventHasBytesAvailable |
	kCFStreamEventCanAcceptBytes | kCFStreamEventErrorOccurred | kCFStreamEventEndEncountered;

static void listen_to(CFReadStreamRef stream)
{
	CFStreamClientContext context = { .info = trace };

	test_true(CFReadStreamSetClient(stream, every_event, on_read, &context));
	CFReadStreamScheduleWithRunLoop(stream, CFRunLoopGetCurrent(), CFSTR("m"));
}

static void run_until(const char *expected)
{
	while (strlen(trace) < strlen(expected))
		test_equal(CFRunLoopRunInMode(CFSTR("m"), 10, TRUE), kCFRunLoopRunHandledSource);
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0, TRUE) == kCFRunLoopRunHandledSource, false);
	test_equal_text(trace, expected);
}

/* What the library keeps for all streams is there now. */
static void start(void)
{
	CFReadStreamRef warm =
		CFReadStreamCreateWithBytesNoCopy(NULL, (const UInt8 *)"", 0, kCFAllocatorNull);

	CFRunLoopGetMain();
	listen_to(warm);
	CFReadStreamOpen(warm);
	run_until("oe");
	CFReadStreamClose(warm);
	CFRelease(warm);
	trace[0] = '\0';
	test_reset_baseline();
}

TEST(bound_pairs_tell_their_clients)
{
	CFReadStreamRef r;
	CFWriteStreamRef w;

	start();
	CFStreamCreateBoundPair(NULL, &r, &w, 4096);
	listen_to(r);
	CFWriteStreamSetClient(w, kCFStreamEventCanAcceptBytes, on_write, NULL);
	CFWriteStreamScheduleWithRunLoop(w, CFRunLoopGetCurrent(), CFSTR("m"));
	test_true(CFReadStreamOpen(r));
	run_until("o");
	test_true(!CFReadStreamHasBytesAvailable(r));
	test_true(CFWriteStreamOpen(w));
	run_until("ow");
	test_equal(CFWriteStreamWrite(w, (const UInt8 *)"hello", 5), 5);
	test_true(CFReadStreamHasBytesAvailable(r));
	CFWriteStreamUnscheduleFromRunLoop(w, CFRunLoopGetCurrent(), CFSTR("m"));
	run_until("owbhellbo");
	CFWriteStreamClose(w);
	run_until("owbhellboe");
	test_equal(CFReadStreamGetStatus(r), kCFStreamStatusAtEnd);
	CFReadStreamClose(r);
	CFRelease(r);
	CFRelease(w);
}

TEST(memory_and_files_tell_too)
{
	CFReadStreamRef r = CFReadStreamCreateWithBytesNoCopy(NULL, (const UInt8 *)"abcdef", 6,
							      kCFAllocatorNull);
	CFIndex n;

	start();
	listen_to(r);
	test_true(CFReadStreamOpen(r));
	run_until("obabcdbefe");
	test_true(CFReadStreamGetBuffer(r, 10, &n) == NULL);
	test_equal(n, 0);
	CFReadStreamSetClient(r, 0, NULL, NULL);
	CFRelease(r);
	CFURLRef url = file_url("told");

	trace[0] = '\0';
	write_text(url, "ghijkl", false);
	r = CFReadStreamCreateWithFile(NULL, url);
	listen_to(r);
	test_true(CFReadStreamOpen(r));
	run_until("obghijbkle");
	CFReadStreamClose(r);
	CFRelease(r);
	CFRelease(url);
}

static void leave(CFReadStreamRef stream, CFStreamEventType event, void *info)
{
	CFReadStreamSetClient(stream, 0, NULL, NULL);
	info_expect_kept(info);
}

TEST(another_client_leaves_a_callback_its_info)
{
	CFStreamClientContext context = { 0, &info_refs, info_keep, info_drop, NULL };

	start();
	CFReadStreamRef r =
		CFReadStreamCreateWithBytesNoCopy(NULL, (const UInt8 *)"a", 1, kCFAllocatorNull);

	CFReadStreamSetClient(r, every_event, leave, &context);
	CFReadStreamScheduleWithRunLoop(r, CFRunLoopGetCurrent(), CFSTR("m"));
	test_true(CFReadStreamOpen(r));
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 10, TRUE), kCFRunLoopRunHandledSource);
	info_expect_dropped();
	CFRelease(r);
}

TEST(buffers_of_memory)
{
	static const UInt8 bytes[] = "abcdef";
	CFReadStreamRef r = CFReadStreamCreateWithBytesNoCopy(NULL, bytes, 6, kCFAllocatorNull);
	CFIndex n;

	test_true(CFReadStreamGetBuffer(r, 4, &n) == NULL);
	test_true(CFReadStreamOpen(r));
	test_true(CFReadStreamGetBuffer(r, 4, &n) == bytes);
	test_equal(n, 4);
	test_true(CFReadStreamGetBuffer(r, 0, &n) == bytes + 4);
	test_equal(n, 2);
	test_true(CFReadStreamGetBuffer(r, 0, &n) == NULL);
	test_equal(n, 0);
	CFRelease(r);
}

TEST(sockets_stay_open_unless_told_otherwise)
{
	int fds[2];
	CFReadStreamRef r;
	CFWriteStreamRef w;
	CFDataRef handle;
	UInt8 byte;

	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	CFStreamCreatePairWithSocket(NULL, fds[0], &r, &w);
	test_true(CFReadStreamOpen(r) && CFWriteStreamOpen(w));
	handle = CFReadStreamCopyProperty(r, kCFStreamPropertySocketNativeHandle);
	test_equal(*(const CFSocketNativeHandle *)(const void *)CFDataGetBytePtr(handle), fds[0]);
	CFRelease(handle);
	test_equal(CFWriteStreamWrite(w, (const UInt8 *)"x", 1), 1);
	test_equal(read(fds[1], &byte, 1), 1);
	test_equal(write(fds[1], "y", 1), 1);
	test_equal(CFReadStreamRead(r, &byte, 1), 1);
	test_equal(byte, 'y');
	CFReadStreamClose(r);
	CFWriteStreamClose(w);
	CFRelease(r);
	CFRelease(w);
	test_true(fcntl(fds[0], F_GETFD) >= 0);
	CFStreamCreatePairWithSocket(NULL, fds[0], &r, NULL);
	test_true(CFReadStreamSetProperty(r, kCFStreamPropertyShouldCloseNativeSocket,
					  kCFBooleanTrue));
	CFRelease(r);
	test_equal(fcntl(fds[0], F_GETFD), -1);
	close(fds[1]);
}

static void *write_later(void *fd)
{
	usleep(20000);
	test_equal(write(*(int *)fd, "z", 1), 1);
	return NULL;
}

TEST(reading_waits_even_of_a_descriptor_that_does_not)
{
	pthread_t writer;
	int fds[2];
	CFReadStreamRef r;
	UInt8 byte;

	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	CFStreamCreatePairWithSocket(NULL, fds[0], &r, NULL);
	test_true(CFReadStreamOpen(r));
	test_equal(pthread_create(&writer, NULL, write_later, &fds[1]), 0);
	test_equal(CFReadStreamRead(r, &byte, 1), 1);
	test_equal(byte, 'z');
	pthread_join(writer, NULL);
	CFRelease(r);
	close(fds[0]);
	close(fds[1]);
}

TEST(a_peer_that_has_gone_is_an_error)
{
	CFReadStreamRef r;
	CFWriteStreamRef w;

	CFStreamCreateBoundPair(NULL, &r, &w, 0);
	test_true(CFReadStreamOpen(r) && CFWriteStreamOpen(w));
	CFReadStreamClose(r);
	test_equal(CFWriteStreamWrite(w, (const UInt8 *)"x", 1), -1);
	test_equal(CFWriteStreamGetError(w).domain, kCFStreamErrorDomainPOSIX);
	test_equal(CFWriteStreamGetError(w).error, EPIPE);
	test_equal(CFReadStreamGetError(r).domain, 0);
	CFRelease(r);
	CFRelease(w);
	/* Nobody is there. */
	CFStreamCreatePairWithSocketToHost(NULL, CFSTR("127.0.0.1"), 1, &r, &w);
	test_true(!CFReadStreamOpen(r));
	test_equal(CFReadStreamGetStatus(r), kCFStreamStatusError);
	CFRelease(r);
	CFRelease(w);
}

TEST(offsets_of_files)
{
	char path[512];
	CFURLRef url;
	CFReadStreamRef r;
	CFNumberRef offset;
	SInt64 at = 3;
	UInt8 byte;
	FILE *f;

	snprintf(path, sizeof(path), "%s/f", test_folder());
	f = fopen(path, "we");
	test_true(f && fputs("abcdef", f) >= 0 && !fclose(f));
	url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
						      (CFIndex)strlen(path), FALSE);
	r = CFReadStreamCreateWithFile(NULL, url);
	offset = CFNumberCreate(NULL, kCFNumberSInt64Type, &at);
	test_true(CFReadStreamSetProperty(r, kCFStreamPropertyFileCurrentOffset, offset));
	test_true(CFReadStreamOpen(r));
	test_equal(CFReadStreamRead(r, &byte, 1), 1);
	test_equal(byte, 'd');
	CFRelease(offset);
	offset = CFReadStreamCopyProperty(r, kCFStreamPropertyFileCurrentOffset);
	test_true(CFNumberGetValue(offset, kCFNumberSInt64Type, &at));
	test_equal(at, 4);
	CFRelease(offset);
	at = 1; /* of one that is open */
	offset = CFNumberCreate(NULL, kCFNumberSInt64Type, &at);
	test_true(CFReadStreamSetProperty(r, kCFStreamPropertyFileCurrentOffset, offset));
	test_equal(CFReadStreamRead(r, &byte, 1), 1);
	test_equal(byte, 'b');
	CFRelease(offset);
	CFRelease(r);
	CFRelease(url);
}

TEST_MAIN
