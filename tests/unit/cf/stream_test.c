// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>

#include "cf_test.h"

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

TEST_MAIN
