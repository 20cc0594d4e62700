// SPDX-License-Identifier: MIT
#include "wire/entitlement.h"

#include "test.h"

static CFArrayRef array(size_t n, const void **items)
{
	return CFArrayCreate(NULL, items, (CFIndex)n, &kCFTypeArrayCallBacks);
}

TEST(a_name_a_choice_and_a_choice_of_sets)
{
	const void *keys[] = { CFSTR("a"), CFSTR("c"), CFSTR("text") };
	const void *values[] = { kCFBooleanTrue, kCFBooleanTrue, CFSTR("true") };
	CFDictionaryRef held =
		CFDictionaryCreate(NULL, keys, values, 3, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	CFArrayRef ab = array(2, (const void *[]){ CFSTR("a"), CFSTR("b") });
	CFArrayRef ac = array(2, (const void *[]){ CFSTR("a"), CFSTR("c") });
	CFArrayRef both = array(2, (const void *[]){ ab, ac }),
		   one = array(1, (const void *[]){ ab });

	test_true(wire_entitlement_is_held(held, CFSTR("a")));
	test_true(!wire_entitlement_is_held(held, CFSTR("b")));
	test_true(!wire_entitlement_is_held(held, CFSTR("text"))); /* true, and no text */
	test_true(!wire_entitlement_is_held(held, kCFBooleanTrue));
	test_true(!wire_entitlement_is_held(held, NULL));
	test_true(!wire_entitlement_is_held(NULL, CFSTR("a")));
	test_true(wire_entitlement_satisfies(held, CFSTR("c")));
	test_true(wire_entitlement_satisfies(held, ab));   /* one of its strings */
	test_true(!wire_entitlement_satisfies(held, one)); /* all of one of its arrays */
	test_true(wire_entitlement_satisfies(held, both));
	test_true(!wire_entitlement_satisfies(held, NULL));
	test_true(!wire_entitlement_satisfies(NULL, both));
	CFRelease(held);
	CFRelease(ab);
	CFRelease(ac);
	CFRelease(both);
	CFRelease(one);
}

TEST(what_a_grant_denies_is_false)
{
	const void *keys[] = { CFSTR("yes"), CFSTR("no") };
	const void *values[] = { kCFBooleanTrue, kCFBooleanFalse };
	CFDictionaryRef held =
		CFDictionaryCreate(NULL, keys, values, 2, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	CFArrayRef names = array(2, (const void *[]){ CFSTR("x"), CFSTR("no") });
	CFArrayRef others = array(2, (const void *[]){ CFSTR("x"), CFSTR("yes") });
	CFArrayRef nested = array(2, (const void *[]){ others, names });
	CFArrayRef odd = array(1, (const void *[]){ kCFBooleanTrue });

	test_true(wire_entitlement_is_denied(held, CFSTR("no")));
	test_true(!wire_entitlement_is_denied(held, CFSTR("yes")));
	test_true(!wire_entitlement_is_denied(held, CFSTR("x")));
	test_true(wire_entitlement_is_denied(held, names));
	test_true(!wire_entitlement_is_denied(held, others));
	test_true(wire_entitlement_is_denied(held, nested));
	test_true(!wire_entitlement_is_denied(held, odd));
	test_true(!wire_entitlement_is_denied(held, kCFBooleanFalse));
	test_true(!wire_entitlement_is_denied(NULL, names));
	test_true(!wire_entitlement_is_denied(held, NULL));
	CFRelease(held);
	CFRelease(names);
	CFRelease(others);
	CFRelease(nested);
	CFRelease(odd);
}

TEST_MAIN
