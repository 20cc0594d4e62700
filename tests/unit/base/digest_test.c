// SPDX-License-Identifier: MIT
/* SHA-256 against the standard's examples. */
#include "base/digest.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void digests_to(const char *text, const char *expected)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[65];

	digest_of(text, strlen(text), digest);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	test_equal_text(hex, expected);
}

TEST(known_digests)
{
	digests_to("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digests_to("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digests_to("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_MAIN
