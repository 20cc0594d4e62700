// SPDX-License-Identifier: MIT
/* Numbers and booleans. */
#include "cf/cf_internal.h"

#include <CoreFoundation/CFNumber.h>
#include <math.h>

/* The low byte of info is the fixed-width CFNumberType. */
struct __CFNumber {
	struct cf_object base;
	union {
		int64_t integer;
		double real;
	};
};

/* Small integers of the two common widths are shared and immortal. */
#define SHARED_FIRST (-1)
#define SHARED_LAST 255
static struct __CFNumber shared_numbers[2][SHARED_LAST - SHARED_FIRST + 1];

#define NUMBER_STATIC(value) \
	{ \
		{ NULL, CF_TYPE_NUMBER << 8 | kCFNumberFloat64Type, 0 }, \
		{ \
			.real = (value) \
		} \
	}
static const struct __CFNumber positive_infinity = NUMBER_STATIC(INFINITY);
static const struct __CFNumber negative_infinity = NUMBER_STATIC(-INFINITY);
static const struct __CFNumber not_a_number = NUMBER_STATIC(NAN);
const CFNumberRef kCFNumberPositiveInfinity = &positive_infinity;
const CFNumberRef kCFNumberNegativeInfinity = &negative_infinity;
const CFNumberRef kCFNumberNaN = &not_a_number;

__attribute__((constructor)) static void make_shared_numbers(void)
{
	for (int i = SHARED_FIRST; i <= SHARED_LAST; i++) {
		for (int wide = 0; wide < 2; wide++) {
			struct __CFNumber *n = &shared_numbers[wide][i - SHARED_FIRST];

			n->base.info = CF_TYPE_NUMBER << 8 |
				       (wide ? kCFNumberSInt64Type : kCFNumberSInt32Type);
			n->integer = i;
		}
	}
}

/* The fixed-width type for any type, 0 when there is no such type. */
static CFNumberType fixed_type(CFNumberType type)
{
	static const uint8_t fixed[] = {
		0,
		kCFNumberSInt8Type,
		kCFNumberSInt16Type,
		kCFNumberSInt32Type,
		kCFNumberSInt64Type,
		kCFNumberFloat32Type,
		kCFNumberFloat64Type,
		kCFNumberSInt8Type, /* char */
		kCFNumberSInt16Type,
		kCFNumberSInt32Type,
		kCFNumberSInt64Type, /* long */
		kCFNumberSInt64Type,
		kCFNumberFloat32Type,
		kCFNumberFloat64Type,
		kCFNumberSInt64Type, /* CFIndex */
		kCFNumberSInt64Type,
		kCFNumberFloat64Type, /* CGFloat */
	};

	return type > 0 && type <= kCFNumberMaxType ? fixed[type] : 0;
}

static bool is_real(const struct __CFNumber *n)
{
	return cf_flags(n) >= kCFNumberFloat32Type;
}

/* An int64_t that is exactly the double? */
static bool real_to_integer(double real, int64_t *ret_integer)
{
	if (!(real >= -0x1p63 && real < 0x1p63))
		return false;
	*ret_integer = (int64_t)real;
	return (double)*ret_integer == real;
}

/* By value; NaN sorts below all numbers and equals itself. */
static int compare_real_integer(double real, int64_t integer)
{
	int64_t whole;

	if (isnan(real) || real < -0x1p63)
		return -1;
	if (real >= 0x1p63)
		return 1;
	whole = (int64_t)real;
	if (whole != integer)
		return whole < integer ? -1 : 1;
	return real < (double)whole ? -1 : real > (double)whole;
}

static int compare(const struct __CFNumber *a, const struct __CFNumber *b)
{
	if (is_real(a) && is_real(b)) {
		if (isnan(a->real) || isnan(b->real))
			return isnan(b->real) - isnan(a->real);
		return a->real < b->real ? -1 : a->real > b->real;
	}
	if (is_real(a))
		return compare_real_integer(a->real, b->integer);
	if (is_real(b))
		return -compare_real_integer(b->real, a->integer);
	return a->integer < b->integer ? -1 : a->integer > b->integer;
}

static bool number_equal(const void *a, const void *b)
{
	return compare(a, b) == 0;
}

static CFHashCode number_hash(const void *object)
{
	const struct __CFNumber *n = object;
	int64_t integer = 0;
	uint64_t h;

	if (!is_real(n))
		integer = n->integer;
	else if (!real_to_integer(n->real, &integer))
		memcpy(&integer, isnan(n->real) ? &not_a_number.real : &n->real, sizeof(integer));
	h = (uint64_t)integer * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

static CFStringRef number_copy_description(const void *object)
{
	const struct __CFNumber *n = object;

	if (is_real(n))
		return CFStringCreateWithFormat(NULL, NULL, CFSTR("%.*g"),
						cf_flags(n) == kCFNumberFloat32Type ? 9 : 17,
						n->real);
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("%lld"), (long long)n->integer);
}

const struct cf_class cf_number_class = {
	.name = "CFNumber",
	.equal = number_equal,
	.hash = number_hash,
	.copy_description = number_copy_description,
};

CFTypeID CFNumberGetTypeID(void)
{
	return CF_TYPE_NUMBER;
}

/* --- making ------------------------------------------------------------------------- */

static void load(struct __CFNumber *n, CFNumberType type, const void *from)
{
	float single;

	switch (type) {
	case kCFNumberSInt8Type:
		n->integer = *(const int8_t *)from;
		break;
	case kCFNumberSInt16Type: {
		int16_t v;

		memcpy(&v, from, sizeof(v));
		n->integer = v;
		break;
	}
	case kCFNumberSInt32Type: {
		int32_t v;

		memcpy(&v, from, sizeof(v));
		n->integer = v;
		break;
	}
	case kCFNumberSInt64Type:
		memcpy(&n->integer, from, sizeof(n->integer));
		break;
	case kCFNumberFloat32Type:
		memcpy(&single, from, sizeof(single));
		n->real = single;
		break;
	default:
		memcpy(&n->real, from, sizeof(n->real));
	}
}

CFNumberRef CFNumberCreate(CFAllocatorRef allocator, CFNumberType theType, const void *valuePtr)
{
	struct __CFNumber value, *n;

	theType = fixed_type(theType);
	if (!theType || !valuePtr)
		return NULL;
	load(&value, theType, valuePtr);
	if ((theType == kCFNumberSInt32Type || theType == kCFNumberSInt64Type) &&
	    value.integer >= SHARED_FIRST && value.integer <= SHARED_LAST &&
	    cf_allocator_is_malloc(allocator))
		return &shared_numbers[theType == kCFNumberSInt64Type]
				      [value.integer - SHARED_FIRST];
	n = cf_object_new_in(allocator, CF_TYPE_NUMBER, sizeof(*n));
	if (!n)
		return NULL;
	n->integer = value.integer; /* the bits of either member */
	cf_set_flags(n, (uint8_t)theType);
	return n;
}

/* --- reading ------------------------------------------------------------------------- */

CFNumberType CFNumberGetType(CFNumberRef number)
{
	return cf_is(number, CF_TYPE_NUMBER) ? cf_flags(number) : 0;
}

CFIndex CFNumberGetByteSize(CFNumberRef number)
{
	static const uint8_t sizes[] = { 0, 1, 2, 4, 8, 4, 8 };

	return sizes[CFNumberGetType(number)];
}

Boolean CFNumberIsFloatType(CFNumberRef number)
{
	return cf_is(number, CF_TYPE_NUMBER) && is_real(number);
}

/* Integer value for a reader: a real number is cut towards zero, and to the limits of 64 bits, or of 32 for
 * readers of 32 bits and less. */
static int64_t as_integer(const struct __CFNumber *n, CFNumberType type, bool *ret_exact)
{
	double limit = type == kCFNumberSInt64Type ? 0x1p63 : 0x1p31;
	int64_t v = 0;

	*ret_exact = true;
	if (!is_real(n))
		return n->integer;
	if (n->real >= -limit && n->real < limit) {
		*ret_exact = real_to_integer(n->real, &v);
		return v;
	}
	*ret_exact = false;
	if (isnan(n->real))
		return 0;
	if (n->real < 0)
		return type == kCFNumberSInt64Type ? INT64_MIN : INT32_MIN;
	return type == kCFNumberSInt64Type ? INT64_MAX : INT32_MAX;
}

static bool store_integer(int64_t v, CFNumberType type, void *to)
{
	int16_t v16 = (int16_t)v;
	int32_t v32 = (int32_t)v;

	switch (type) {
	case kCFNumberSInt8Type:
		*(int8_t *)to = (int8_t)v;
		return (int8_t)v == v;
	case kCFNumberSInt16Type:
		memcpy(to, &v16, sizeof(v16));
		return v16 == v;
	case kCFNumberSInt32Type:
		memcpy(to, &v32, sizeof(v32));
		return v32 == v;
	default:
		memcpy(to, &v, sizeof(v));
		return true;
	}
}

static bool store_real(const struct __CFNumber *n, CFNumberType type, void *to)
{
	double real = is_real(n) ? n->real : (double)n->integer;
	float single = (float)real;
	bool exact = is_real(n) || compare_real_integer(real, n->integer) == 0;

	if (type == kCFNumberFloat32Type) {
		memcpy(to, &single, sizeof(single));
		return exact && ((double)single == real || isnan(real));
	}
	memcpy(to, &real, sizeof(real));
	return exact;
}

Boolean CFNumberGetValue(CFNumberRef number, CFNumberType theType, void *valuePtr)
{
	bool exact;
	int64_t v;

	theType = fixed_type(theType);
	if (!theType || !valuePtr || !cf_is(number, CF_TYPE_NUMBER))
		return FALSE;
	if (theType >= kCFNumberFloat32Type)
		return store_real(number, theType, valuePtr);
	v = as_integer(number, theType, &exact);
	return store_integer(v, theType, valuePtr) && exact;
}

CFComparisonResult CFNumberCompare(CFNumberRef number, CFNumberRef otherNumber, void *context)
{
	int order;

	if (!cf_is(number, CF_TYPE_NUMBER) || !cf_is(otherNumber, CF_TYPE_NUMBER))
		return number == otherNumber ? kCFCompareEqualTo
		     : number < otherNumber  ? kCFCompareLessThan
					     : kCFCompareGreaterThan;
	order = compare(number, otherNumber);
	return order < 0 ? kCFCompareLessThan
	     : order > 0 ? kCFCompareGreaterThan
			 : kCFCompareEqualTo;
}

/* --- booleans -------------------------------------------------------------------------- */

struct __CFBoolean {
	struct cf_object base;
};

static const struct __CFBoolean boolean_true = { CF_OBJECT_STATIC(CF_TYPE_BOOLEAN) };
static const struct __CFBoolean boolean_false = { CF_OBJECT_STATIC(CF_TYPE_BOOLEAN) };
const CFBooleanRef kCFBooleanTrue = &boolean_true;
const CFBooleanRef kCFBooleanFalse = &boolean_false;

static CFStringRef boolean_copy_description(const void *object)
{
	return object == &boolean_true ? CFSTR("true") : CFSTR("false");
}

const struct cf_class cf_boolean_class = {
	.name = "CFBoolean",
	.copy_description = boolean_copy_description,
};

CFTypeID CFBooleanGetTypeID(void)
{
	return CF_TYPE_BOOLEAN;
}

Boolean CFBooleanGetValue(CFBooleanRef boolean)
{
	return boolean == &boolean_true;
}
