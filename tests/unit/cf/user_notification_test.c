// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFUserNotification.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cf_test.h"

static CFOptionFlags answered = 99;

static void answer(CFUserNotificationRef n, CFOptionFlags flags)
{
	answered = flags;
}

static CFDictionaryRef question(void)
{
	const void *keys[] = { kCFUserNotificationAlertHeaderKey,
			       kCFUserNotificationAlertMessageKey };
	const void *values[] = { CFSTR("Header"), CFSTR("message") };

	return CFDictionaryCreate(NULL, keys, values, 2, &kCFTypeDictionaryKeyCallBacks,
				  &kCFTypeDictionaryValueCallBacks);
}

TEST(everything_is_cancelled)
{
	CFDictionaryRef d = question();
	CFUserNotificationRef n;
	CFRunLoopSourceRef source;
	CFOptionFlags flags = 0;
	SInt32 error = 5;
	char path[512], line[64] = "";
	FILE *f;
	int old;

	CFRunLoopGetMain();
	test_reset_baseline();
	snprintf(path, sizeof(path), "%s/err", test_folder());
	fflush(stderr);
	old = dup(2);
	test_true(freopen(path, "w", stderr) != NULL);
	n = CFUserNotificationCreate(NULL, 0, kCFUserNotificationNoteAlertLevel, &error, d);
	fflush(stderr);
	dup2(old, 2);
	close(old);
	test_true(n && error == 0);
	f = fopen(path, "r");
	test_true(fgets(line, sizeof(line), f) != NULL);
	fclose(f);
	test_equal_text(line, "Header: message\n");
	test_equal(CFUserNotificationReceiveResponse(n, 0, &flags), 0);
	test_equal(flags & 3, kCFUserNotificationCancelResponse);
	test_equal(CFDictionaryGetCount(CFUserNotificationGetResponseDictionary(n)), 0);
	test_true(CFUserNotificationGetResponseValue(n, CFSTR("x"), 0) == NULL);
	source = CFUserNotificationCreateRunLoopSource(NULL, n, answer, 0);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("custom"));
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, TRUE), kCFRunLoopRunHandledSource);
	test_equal(answered, kCFUserNotificationCancelResponse);
	test_equal(CFUserNotificationCancel(n), 0);
	CFRunLoopSourceInvalidate(source);
	CFRelease(source);
	CFRelease(n);
	CFRelease(d);
	test_true(CFUserNotificationCancel(NULL) != 0);
}

TEST(flags_of_buttons)
{
	CFOptionFlags flags = 0;

	test_equal(CFUserNotificationCheckBoxChecked(1), 1 << 9);
	test_equal(CFUserNotificationSecureTextField(1), 1 << 17);
	test_equal(CFUserNotificationPopUpSelection(2), 2 << 24);
	test_equal(CFUserNotificationDisplayAlert(0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
						  NULL, &flags),
		   0);
	test_equal(flags, kCFUserNotificationCancelResponse);
}

TEST_MAIN
