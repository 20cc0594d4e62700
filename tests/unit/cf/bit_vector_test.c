// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFBitVector.h>

#include "cf_test.h"

TEST(bits_count_from_the_highest)
{
	static const UInt8 bytes[] = { 0xa0, 0x01 };
	CFBitVectorRef v = CFBitVectorCreate(NULL, bytes, 16);
	CFMutableBitVectorRef m = CFBitVectorCreateMutableCopy(NULL, 0, v);
	CFRange whole = CFRangeMake(0, 16);
	UInt8 out[2] = { 0xff, 0xff };

	test_equal(CFBitVectorGetBitAtIndex(v, 0), 1);
	test_equal(CFBitVectorGetBitAtIndex(v, 1), 0);
	test_equal(CFBitVectorGetBitAtIndex(v, 16), 0);
	test_equal(CFBitVectorGetCountOfBit(v, whole, 1), 3);
	test_equal(CFBitVectorGetFirstIndexOfBit(v, CFRangeMake(3, 13), 1), 15);
	test_equal(CFBitVectorGetLastIndexOfBit(v, CFRangeMake(0, 15), 1), 2);
	test_true(!CFBitVectorContainsBit(v, CFRangeMake(3, 12), 1));
	test_true(CFEqual(v, m));
	CFBitVectorGetBits(v, CFRangeMake(2, 5), out);
	test_equal(out[0], 0x80);
	test_equal(out[1], 0xff);
	CFBitVectorFlipBits(m, whole);
	test_equal(CFBitVectorGetCountOfBit(m, whole, 1), 13);
	CFBitVectorSetCount(m, 4);
	CFBitVectorSetCount(m, 200);
	test_equal(CFBitVectorGetCountOfBit(m, CFRangeMake(0, 200), 1), 2);
	CFBitVectorSetBitAtIndex(m, 199, 1);
	CFBitVectorSetBitAtIndex(m, 200, 1);
	CFBitVectorFlipBitAtIndex(m, -1);
	test_equal(CFBitVectorGetLastIndexOfBit(m, CFRangeMake(0, 200), 1), 199);
	CFBitVectorSetAllBits(m, 1);
	test_equal(CFBitVectorGetCountOfBit(m, CFRangeMake(0, 200), 1), 200);
	CFBitVectorSetCount((CFMutableBitVectorRef)(uintptr_t)v, 3);
	test_equal(CFBitVectorGetCount(v), 16);
	CFRelease(m);
	CFRelease(v);
	test_true(CFBitVectorCreate(NULL, NULL, 3) == NULL);
	test_true(CFBitVectorCreate(NULL, bytes, -1) == NULL);
}

TEST_MAIN
