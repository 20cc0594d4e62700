// SPDX-License-Identifier: MIT
#include "cf/cf_internal.h"

#include <CoreFoundation/CFUUID.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/scope.h"

struct __CFUUID {
	struct cf_object base;
	CFUUIDBytes bytes;
};

static bool uuid_equal(const void *a, const void *b)
{
	return memcmp(&((CFUUIDRef)a)->bytes, &((CFUUIDRef)b)->bytes, sizeof(CFUUIDBytes)) == 0;
}

static CFHashCode uuid_hash(const void *object)
{
	uint64_t halves[2];

	memcpy(halves, &((CFUUIDRef)object)->bytes, sizeof(halves));
	return halves[0] ^ halves[1];
}

static CFStringRef uuid_copy_description(const void *object)
{
	scope_cf CFStringRef text = CFUUIDCreateString(NULL, object);

	return CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFUUID %p> %@"), object, text);
}

const struct cf_class cf_uuid_class = {
	.name = "CFUUID",
	.equal = uuid_equal,
	.hash = uuid_hash,
	.copy_description = uuid_copy_description,
};

CFTypeID CFUUIDGetTypeID(void)
{
	return CF_TYPE_UUID;
}

CFUUIDRef CFUUIDCreateFromUUIDBytes(CFAllocatorRef alloc, CFUUIDBytes bytes)
{
	struct __CFUUID *u = cf_object_new_in(alloc, CF_TYPE_UUID, sizeof(*u));

	if (u)
		u->bytes = bytes;
	return u;
}

CFUUIDRef CFUUIDCreate(CFAllocatorRef alloc)
{
	CFUUIDBytes bytes;

	if (getrandom(&bytes, sizeof(bytes), 0) != sizeof(bytes))
		return NULL;
	bytes.byte6 = (UInt8)((bytes.byte6 & 0x0f) | 0x40);
	bytes.byte8 = (UInt8)((bytes.byte8 & 0x3f) | 0x80);
	return CFUUIDCreateFromUUIDBytes(alloc, bytes);
}

CFUUIDRef CFUUIDCreateWithBytes(CFAllocatorRef alloc, UInt8 byte0, UInt8 byte1, UInt8 byte2,
				UInt8 byte3, UInt8 byte4, UInt8 byte5, UInt8 byte6, UInt8 byte7,
				UInt8 byte8, UInt8 byte9, UInt8 byte10, UInt8 byte11, UInt8 byte12,
				UInt8 byte13, UInt8 byte14, UInt8 byte15)
{
	CFUUIDBytes bytes = { byte0, byte1, byte2,  byte3,  byte4,  byte5,  byte6,  byte7,
			      byte8, byte9, byte10, byte11, byte12, byte13, byte14, byte15 };

	return CFUUIDCreateFromUUIDBytes(alloc, bytes);
}

/* --- constants: kept for ever, in a list that a program's few interfaces fill ------------------- */

struct constant {
	struct constant *next;
	CFUUIDRef uuid;
};

static pthread_mutex_t constants_lock = PTHREAD_MUTEX_INITIALIZER;
CF_FREE_AFTER_FORK(constants_lock)
static struct constant *constants;

CFUUIDRef CFUUIDGetConstantUUIDWithBytes(CFAllocatorRef alloc, UInt8 byte0, UInt8 byte1,
					 UInt8 byte2, UInt8 byte3, UInt8 byte4, UInt8 byte5,
					 UInt8 byte6, UInt8 byte7, UInt8 byte8, UInt8 byte9,
					 UInt8 byte10, UInt8 byte11, UInt8 byte12, UInt8 byte13,
					 UInt8 byte14, UInt8 byte15)
{
	CFUUIDBytes bytes = { byte0, byte1, byte2,  byte3,  byte4,  byte5,  byte6,  byte7,
			      byte8, byte9, byte10, byte11, byte12, byte13, byte14, byte15 };
	struct constant *c;

	scope_lock(&constants_lock);
	for (c = constants; c; c = c->next)
		if (!memcmp(&c->uuid->bytes, &bytes, sizeof(bytes)))
			return c->uuid;
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	c->uuid = CFUUIDCreateFromUUIDBytes(kCFAllocatorSystemDefault, bytes);
	if (!c->uuid) {
		free(c);
		return NULL;
	}
	cf_object_make_immortal(c->uuid);
	c->next = constants;
	constants = c;
	return c->uuid;
}

/* --- text -------------------------------------------------------------------------------------------- */

CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef uuid)
{
	return cf_is(uuid, CF_TYPE_UUID) ? uuid->bytes : (CFUUIDBytes){ 0 };
}

CFStringRef CFUUIDCreateString(CFAllocatorRef alloc, CFUUIDRef uuid)
{
	static const char digits[] = "0123456789ABCDEF";
	const UInt8 *bytes;
	char text[37];
	size_t n = 0;

	if (!cf_is(uuid, CF_TYPE_UUID))
		return NULL;
	bytes = (const UInt8 *)&uuid->bytes;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[n++] = '-';
		text[n++] = digits[bytes[i] >> 4];
		text[n++] = digits[bytes[i] & 15];
	}
	text[n] = '\0';
	return CFStringCreateWithCString(alloc, text, kCFStringEncodingASCII);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

CFUUIDRef CFUUIDCreateFromString(CFAllocatorRef alloc, CFStringRef uuidStr)
{
	CFUUIDBytes value;
	UInt8 *bytes = (UInt8 *)&value;
	char text[37];
	int at = 0;

	if (CFStringGetLength(uuidStr) != 36 ||
	    !CFStringGetCString(uuidStr, text, sizeof(text), kCFStringEncodingASCII))
		return NULL;
	for (int i = 0; i < 16; i++, at += 2) {
		if (at == 8 || at == 13 || at == 18 || at == 23)
			if (text[at++] != '-')
				return NULL;
		if (hex_digit(text[at]) < 0 || hex_digit(text[at + 1]) < 0)
			return NULL;
		bytes[i] = (UInt8)(hex_digit(text[at]) << 4 | hex_digit(text[at + 1]));
	}
	return CFUUIDCreateFromUUIDBytes(alloc, value);
}
