// SPDX-License-Identifier: MIT
#include <string.h>

#include <IOKit/IOReturn.h>

#include "port_test.h"

TEST(known_codes_have_texts_of_their_own)
{
	static const int codes[] = {
		KERN_SUCCESS,		KERN_INVALID_NAME,  KERN_INVALID_TASK,
		MACH_SEND_INVALID_DEST, MACH_RCV_TIMED_OUT, kIOReturnBadArgument,
		kIOReturnNotPermitted,	kIOReturnNotFound,  -308
	};
	const unsigned n = sizeof(codes) / sizeof(codes[0]);

	for (unsigned i = 0; i < n; i++) {
		const char *text = mach_error_string(codes[i]);

		test_true(text[0] == '(' && !strstr(text, "unknown"));
		for (unsigned k = 0; k < i; k++)
			test_true(strcmp(text, mach_error_string(codes[k])) != 0);
	}
	test_true(strstr(mach_error_string(kIOReturnBadArgument), "(iokit/common)") != NULL);
	test_true(strstr(mach_error_string(KERN_INVALID_NAME), "(os/kern)") != NULL);
}

TEST(every_ioreturn_is_known)
{
	for (uint32_t code = 0xe00002bc; code <= 0xe00002f0; code++)
		if (code != 0xe00002cb && code != 0xe00002dc)
			test_true(!strstr(mach_error_string((int)code), "unknown"));
	test_true(!strstr(mach_error_string((int)0xe0000001), "unknown"));
}

TEST(unknown_codes_have_texts_too)
{
	for (uint32_t system = 0; system < 64; system++) {
		const char *text = mach_error_string((int)(system << 26 | 0x3fff));

		test_true(text && text[0]);
		test_true(mach_error_type((int)(system << 26)) != NULL);
	}
	test_true(strstr(mach_error_string((int)0xe0003fff), "unknown") != NULL);
}

TEST(every_result_of_the_kernel_is_known)
{
	/* 0 to 56, and what IPC says. */
	for (int code = 0; code <= KERN_NOT_FOUND; code++)
		test_true(!strstr(mach_error_string(code), "unknown"));
	test_true(!strstr(mach_error_string(MACH_SEND_INVALID_OPTIONS), "unknown"));
	test_true(!strstr(mach_error_string(1102), "unknown"));
}

TEST(families_have_names)
{
	test_equal_text(mach_error_type((mach_error_t)0xe0004057), "(iokit/usb)");
	test_equal_text(mach_error_string((mach_error_t)0xe0004057),
			"(iokit/usb) unknown error code");
	test_equal_text(mach_error_type((mach_error_t)0xe3ff8001), "(iokit/vendor)");
	test_equal_text(mach_error_type((mach_error_t)0xe00002c2), "(iokit/common)");
	test_equal_text(mach_error_string((mach_error_t)0xe0abc001),
			"(iokit/?) unknown error code");
}

TEST_MAIN
