// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFData.h>

#define BYTES(text) ((const UInt8 *)(text))

TEST(immutable_data_copies_its_bytes)
{
	UInt8 bytes[] = "abc";
	CFDataRef d = CFDataCreate(NULL, bytes, 3), same = CFDataCreateCopy(NULL, d);
	CFDataRef empty = CFDataCreate(NULL, NULL, 0);

	bytes[0] = 'x';
	test_true(!memcmp(CFDataGetBytePtr(d), "abc", 3));
	test_true(same == d);
	test_true(CFDataGetMutableBytePtr((CFMutableDataRef)d) == NULL);
	test_equal(CFDataGetLength(empty), 0);
	test_true(CFDataGetBytePtr(empty) != NULL);
	test_true(CFDataCreate(NULL, bytes, -1) == NULL && CFDataCreate(NULL, NULL, 1) == NULL);
	CFRelease(d);
	CFRelease(same);
	CFRelease(empty);
}

TEST(bytes_can_be_borrowed_or_given)
{
	UInt8 stack[4] = { 1, 2, 3, 4 }, *heap = malloc(4);
	CFDataRef borrowed = CFDataCreateWithBytesNoCopy(NULL, stack, 4, kCFAllocatorNull);
	CFDataRef given =
		CFDataCreateWithBytesNoCopy(NULL, memcpy(heap, stack, 4), 4, kCFAllocatorMalloc);

	test_true(CFDataGetBytePtr(borrowed) == stack);
	test_true(CFEqual(borrowed, given) && CFHash(borrowed) == CFHash(given));
	CFRelease(borrowed);
	CFRelease(given);
}

TEST(mutable_data_grows_and_shrinks)
{
	CFMutableDataRef d = CFDataCreateMutable(NULL, 0), copy;
	UInt8 out[4] = { 0 };

	CFDataAppendBytes(d, BYTES("hello"), 5);
	CFDataSetLength(d, 8);
	test_true(!memcmp(CFDataGetBytePtr(d), "hello\0\0\0", 8));
	CFDataSetLength(d, 5);
	CFDataReplaceBytes(d, CFRangeMake(1, 3), BYTES("EEEE"), 4);
	test_true(CFDataGetLength(d) == 6 && !memcmp(CFDataGetBytePtr(d), "hEEEEo", 6));
	CFDataAppendBytes(d, CFDataGetBytePtr(d), 6);
	test_true(!memcmp(CFDataGetBytePtr(d), "hEEEEohEEEEo", 12));
	CFDataDeleteBytes(d, CFRangeMake(0, 6));
	CFDataGetBytes(d, CFRangeMake(4, 100), out);
	test_true(out[0] == 'E' && out[1] == 'o' && out[2] == 0);
	CFDataReplaceBytes(d, CFRangeMake(5, 5), BYTES("x"), 1);
	CFDataIncreaseLength(d, -100);
	test_equal(CFDataGetLength(d), 6);
	copy = CFDataCreateMutableCopy(NULL, 0, d);
	test_true(CFEqual(d, copy));
	CFDataGetMutableBytePtr(copy)[0] = 'z';
	test_true(!CFEqual(d, copy));
	CFRelease(d);
	CFRelease(copy);
}

TEST(find_in_both_directions)
{
	CFDataRef d = CFDataCreate(NULL, BYTES("abcabc"), 6),
		  bc = CFDataCreate(NULL, BYTES("bc"), 2);

	test_equal(CFDataFind(d, bc, CFRangeMake(0, 6), 0).location, 1);
	test_equal(CFDataFind(d, bc, CFRangeMake(0, 6), kCFDataSearchBackwards).location, 4);
	test_equal(CFDataFind(d, bc, CFRangeMake(0, 6), kCFDataSearchAnchored).location,
		   kCFNotFound);
	test_equal(CFDataFind(d, bc, CFRangeMake(0, 2), 0).location, kCFNotFound);
	CFRelease(d);
	CFRelease(bc);
}

TEST_MAIN
