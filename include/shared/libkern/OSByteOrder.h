// SPDX-License-Identifier: MIT
/*
 * Byte order: reading, writing and swapping integers of 16, 32 and 64 bits.
 * The Read and Write functions accept unaligned addresses: BASE plus OFFSET
 * bytes. All processors that Portico runs on are little endian.
 */
#ifndef PORTICO_LIBKERN_OSBYTEORDER_H
#define PORTICO_LIBKERN_OSBYTEORDER_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OSUnknownByteOrder = 0, OSLittleEndian = 1, OSBigEndian = 2 };

static __inline__ int32_t OSHostByteOrder(void)
{
	return OSLittleEndian;
}

static __inline__ uint16_t _OSSwapInt16(uint16_t data)
{
	return (uint16_t)((data << 8) | (data >> 8));
}

static __inline__ uint32_t _OSSwapInt32(uint32_t data)
{
	return __builtin_bswap32(data);
}

static __inline__ uint64_t _OSSwapInt64(uint64_t data)
{
	return __builtin_bswap64(data);
}

/* Usable in constant expressions. */
#define OSSwapConstInt16(x) \
	((uint16_t)((((uint16_t)(x)&0xff00U) >> 8) | (((uint16_t)(x)&0x00ffU) << 8)))
#define OSSwapConstInt32(x) \
	((uint32_t)((((uint32_t)(x)&0xff000000U) >> 24) | (((uint32_t)(x)&0x00ff0000U) >> 8) | \
		    (((uint32_t)(x)&0x0000ff00U) << 8) | (((uint32_t)(x)&0x000000ffU) << 24)))
#define OSSwapConstInt64(x) \
	((uint64_t)(((uint64_t)OSSwapConstInt32((uint64_t)(x)&0xffffffffU) << 32) | \
		    (uint64_t)OSSwapConstInt32((uint64_t)(x) >> 32)))

#define OSSwapInt16(x) \
	((uint16_t)(__builtin_constant_p(x) ? OSSwapConstInt16(x) : _OSSwapInt16((uint16_t)(x))))
#define OSSwapInt32(x) (__builtin_constant_p(x) ? OSSwapConstInt32(x) : _OSSwapInt32((uint32_t)(x)))
#define OSSwapInt(x) OSSwapInt32(x)
#define OSSwapInt64(x) (__builtin_constant_p(x) ? OSSwapConstInt64(x) : _OSSwapInt64((uint64_t)(x)))

static __inline__ uint16_t _OSReadInt16(const volatile void *base, uintptr_t offset)
{
	uint16_t value;

	memcpy(&value, (const char *)(uintptr_t)base + offset, sizeof(value));
	return value;
}

static __inline__ uint32_t _OSReadInt32(const volatile void *base, uintptr_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)(uintptr_t)base + offset, sizeof(value));
	return value;
}

static __inline__ uint64_t _OSReadInt64(const volatile void *base, uintptr_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)(uintptr_t)base + offset, sizeof(value));
	return value;
}

static __inline__ void _OSWriteInt16(volatile void *base, uintptr_t offset, uint16_t data)
{
	memcpy((char *)(uintptr_t)base + offset, &data, sizeof(data));
}

static __inline__ void _OSWriteInt32(volatile void *base, uintptr_t offset, uint32_t data)
{
	memcpy((char *)(uintptr_t)base + offset, &data, sizeof(data));
}

static __inline__ void _OSWriteInt64(volatile void *base, uintptr_t offset, uint64_t data)
{
	memcpy((char *)(uintptr_t)base + offset, &data, sizeof(data));
}

static __inline__ uint16_t OSReadSwapInt16(const volatile void *base, uintptr_t offset)
{
	return _OSSwapInt16(_OSReadInt16(base, offset));
}

static __inline__ uint32_t OSReadSwapInt32(const volatile void *base, uintptr_t offset)
{
	return _OSSwapInt32(_OSReadInt32(base, offset));
}

static __inline__ uint64_t OSReadSwapInt64(const volatile void *base, uintptr_t offset)
{
	return _OSSwapInt64(_OSReadInt64(base, offset));
}

static __inline__ void OSWriteSwapInt16(volatile void *base, uintptr_t offset, uint16_t data)
{
	_OSWriteInt16(base, offset, _OSSwapInt16(data));
}

static __inline__ void OSWriteSwapInt32(volatile void *base, uintptr_t offset, uint32_t data)
{
	_OSWriteInt32(base, offset, _OSSwapInt32(data));
}

static __inline__ void OSWriteSwapInt64(volatile void *base, uintptr_t offset, uint64_t data)
{
	_OSWriteInt64(base, offset, _OSSwapInt64(data));
}

#define OSReadLittleInt16(base, byteOffset) _OSReadInt16((base), (byteOffset))
#define OSReadLittleInt32(base, byteOffset) _OSReadInt32((base), (byteOffset))
#define OSReadLittleInt64(base, byteOffset) _OSReadInt64((base), (byteOffset))
#define OSWriteLittleInt16(base, byteOffset, data) _OSWriteInt16((base), (byteOffset), (data))
#define OSWriteLittleInt32(base, byteOffset, data) _OSWriteInt32((base), (byteOffset), (data))
#define OSWriteLittleInt64(base, byteOffset, data) _OSWriteInt64((base), (byteOffset), (data))
#define OSReadBigInt16(base, byteOffset) OSReadSwapInt16((base), (byteOffset))
#define OSReadBigInt32(base, byteOffset) OSReadSwapInt32((base), (byteOffset))
#define OSReadBigInt64(base, byteOffset) OSReadSwapInt64((base), (byteOffset))
#define OSReadBigInt(base, byteOffset) OSReadSwapInt32((base), (byteOffset))
#define OSWriteBigInt16(base, byteOffset, data) OSWriteSwapInt16((base), (byteOffset), (data))
#define OSWriteBigInt32(base, byteOffset, data) OSWriteSwapInt32((base), (byteOffset), (data))
#define OSReadLittleInt(base, byteOffset) _OSReadInt32((base), (byteOffset))
#define OSWriteBigInt(base, byteOffset, data) OSWriteSwapInt32((base), (byteOffset), (data))
#define OSWriteLittleInt(base, byteOffset, data) _OSWriteInt32((base), (byteOffset), (data))
#define OSWriteBigInt64(base, byteOffset, data) OSWriteSwapInt64((base), (byteOffset), (data))

#define OSSwapHostToBigConstInt16(x) OSSwapConstInt16(x)
#define OSSwapHostToBigConstInt32(x) OSSwapConstInt32(x)
#define OSSwapHostToBigConstInt64(x) OSSwapConstInt64(x)
#define OSSwapHostToBigInt16(x) OSSwapInt16(x)
#define OSSwapHostToBigInt32(x) OSSwapInt32(x)
#define OSSwapHostToBigInt64(x) OSSwapInt64(x)
#define OSSwapHostToBigInt(x) OSSwapInt32(x)
#define OSSwapBigToHostConstInt16(x) OSSwapConstInt16(x)
#define OSSwapBigToHostConstInt32(x) OSSwapConstInt32(x)
#define OSSwapBigToHostConstInt64(x) OSSwapConstInt64(x)
#define OSSwapBigToHostInt16(x) OSSwapInt16(x)
#define OSSwapBigToHostInt32(x) OSSwapInt32(x)
#define OSSwapBigToHostInt64(x) OSSwapInt64(x)
#define OSSwapBigToHostInt(x) OSSwapInt32(x)

#define OSSwapHostToLittleConstInt16(x) ((uint16_t)(x))
#define OSSwapHostToLittleConstInt32(x) ((uint32_t)(x))
#define OSSwapHostToLittleConstInt64(x) ((uint64_t)(x))
#define OSSwapHostToLittleInt16(x) ((uint16_t)(x))
#define OSSwapHostToLittleInt32(x) ((uint32_t)(x))
#define OSSwapHostToLittleInt64(x) ((uint64_t)(x))
#define OSSwapLittleToHostConstInt16(x) ((uint16_t)(x))
#define OSSwapLittleToHostConstInt32(x) ((uint32_t)(x))
#define OSSwapLittleToHostConstInt64(x) ((uint64_t)(x))
#define OSSwapHostToLittleInt(x) ((uint32_t)(x))
#define OSSwapLittleToHostInt(x) ((uint32_t)(x))
#define OSSwapLittleToHostInt16(x) ((uint16_t)(x))
#define OSSwapLittleToHostInt32(x) ((uint32_t)(x))
#define OSSwapLittleToHostInt64(x) ((uint64_t)(x))

#ifdef __cplusplus
}
#endif

#endif
