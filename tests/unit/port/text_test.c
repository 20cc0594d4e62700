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

TEST_MAIN
