// SPDX-License-Identifier: MIT
/* Byte order. */
#ifndef __COREFOUNDATION_CFBYTEORDER__
#define __COREFOUNDATION_CFBYTEORDER__

#include <CoreFoundation/CFBase.h>

enum __CFByteOrder { CFByteOrderUnknown, CFByteOrderLittleEndian, CFByteOrderBigEndian };
typedef CFIndex CFByteOrder;

CF_INLINE CFByteOrder CFByteOrderGetCurrent(void)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return CFByteOrderLittleEndian;
#else
	return CFByteOrderBigEndian;
#endif
}

CF_INLINE uint16_t CFSwapInt16(uint16_t arg)
{
	return __builtin_bswap16(arg);
}

CF_INLINE uint32_t CFSwapInt32(uint32_t arg)
{
	return __builtin_bswap32(arg);
}

CF_INLINE uint64_t CFSwapInt64(uint64_t arg)
{
	return __builtin_bswap64(arg);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __CFSwapBig(bits, arg) CFSwapInt##bits(arg)
#define __CFSwapLittle(bits, arg) (arg)
#else
#define __CFSwapBig(bits, arg) (arg)
#define __CFSwapLittle(bits, arg) CFSwapInt##bits(arg)
#endif

#define __CF_SWAP_FUNCTIONS(bits) \
	CF_INLINE uint##bits##_t CFSwapInt##bits##BigToHost(uint##bits##_t arg) \
	{ \
		return __CFSwapBig(bits, arg); \
	} \
	CF_INLINE uint##bits##_t CFSwapInt##bits##HostToBig(uint##bits##_t arg) \
	{ \
		return __CFSwapBig(bits, arg); \
	} \
	CF_INLINE uint##bits##_t CFSwapInt##bits##LittleToHost(uint##bits##_t arg) \
	{ \
		return __CFSwapLittle(bits, arg); \
	} \
	CF_INLINE uint##bits##_t CFSwapInt##bits##HostToLittle(uint##bits##_t arg) \
	{ \
		return __CFSwapLittle(bits, arg); \
	}

__CF_SWAP_FUNCTIONS(16)
__CF_SWAP_FUNCTIONS(32)
__CF_SWAP_FUNCTIONS(64)

/* Floating-point numbers as they travel: in big-endian order. */
typedef struct {
	uint32_t v;
} CFSwappedFloat32;

typedef struct {
	uint64_t v;
} CFSwappedFloat64;

#define __CF_FLOAT_FUNCTIONS(name, bits, type) \
	CF_INLINE CFSwappedFloat##bits CFConvert##name##HostToSwapped(type arg) \
	{ \
		CFSwappedFloat##bits swapped; \
		memcpy(&swapped.v, &arg, sizeof(arg)); \
		swapped.v = CFSwapInt##bits##HostToBig(swapped.v); \
		return swapped; \
	} \
	CF_INLINE type CFConvert##name##SwappedToHost(CFSwappedFloat##bits arg) \
	{ \
		type number; \
		arg.v = CFSwapInt##bits##BigToHost(arg.v); \
		memcpy(&number, &arg.v, sizeof(number)); \
		return number; \
	}

__CF_FLOAT_FUNCTIONS(Float32, 32, Float32)
__CF_FLOAT_FUNCTIONS(Float64, 64, Float64)
__CF_FLOAT_FUNCTIONS(Float, 32, float)
__CF_FLOAT_FUNCTIONS(Double, 64, double)

#endif
