// SPDX-License-Identifier: MIT
/*
 * What the files of this folder share: object header, classes, and the few
 * views of strings and tables that other types need.
 *
 * Every object begins with struct cf_object. The type is in bits 8-17 of info,
 * the low eight bits belong to the class. clang's constant strings have the
 * same header with count 0, which means immortal. isa is the allocator of an
 * object that was made with one of the caller's own, otherwise NULL (and
 * __CFConstantStringClassReference in constant strings).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>

struct cf_object {
	const void *isa;
	uint32_t info;
	_Atomic uint32_t refs; /* 0: immortal */
};

#define CF_OBJECT_STATIC(type) \
	{ \
		NULL, (uint32_t)(type) << 8, 0 \
	}

/* Fixed type ids. Others come from cf_class_register. */
enum {
	CF_TYPE_ALLOCATOR = 2,
	CF_TYPE_NULL = 3,
	CF_TYPE_STRING = 7, /* fixed by clang's constant strings */
	CF_TYPE_BOOLEAN = 8,
	CF_TYPE_NUMBER = 9,
	CF_TYPE_DATA = 10,
	CF_TYPE_ARRAY = 11,
	CF_TYPE_DICTIONARY = 12,
	CF_TYPE_SET = 13,
	CF_TYPE_BAG = 14,
	CF_TYPE_DATE = 15,
	CF_TYPE_UUID = 16,
	CF_TYPE_URL = 17,
	CF_TYPE_ERROR = 18,
	CF_TYPE_READ_STREAM = 19,
	CF_TYPE_WRITE_STREAM = 20,
	CF_TYPE_CHARACTER_SET = 21,
	CF_TYPE_LOCALE = 22,
	CF_TYPE_TIME_ZONE = 23,
	CF_TYPE_CALENDAR = 24,
	CF_TYPE_NOTIFICATION_CENTER = 25,
	CF_TYPE_SOCKET = 26,
	CF_TYPE_USER_NOTIFICATION = 27,
	CF_TYPE_RUN_LOOP = 32,
	CF_TYPE_RUN_LOOP_SOURCE = 33,
	CF_TYPE_RUN_LOOP_TIMER = 34,
	CF_TYPE_RUN_LOOP_OBSERVER = 35,
	CF_TYPE_MACH_PORT = 36,
	CF_TYPE_FILE_DESCRIPTOR = 37,
	CF_TYPE_TREE = 38,
	CF_TYPE_BINARY_HEAP = 39,
	CF_TYPE_BIT_VECTOR = 40,
	CF_TYPE_FIRST_FREE = 64,
	CF_TYPE_LIMIT = 1024
};

struct cf_class {
	const char *name;
	/* Release what the object holds; its memory is freed by the runtime. NULL: nothing. */
	void (*fini)(void *object);
	/* Both of this class and not the same object. NULL: never equal. */
	bool (*equal)(const void *a, const void *b);
	/* NULL: by address. */
	CFHashCode (*hash)(const void *object);
	/* Caller releases. NULL: "<Name address>". */
	CFStringRef (*copy_description)(const void *object);
	/* What %@ inserts. Caller releases. NULL: the description. */
	CFStringRef (*copy_text)(const void *object);
};

/* --- runtime.c ----------------------------------------------------------------- */

/* A new type id; KLASS must stay valid. 0 when there are no more. Any thread; use it under
 * pthread_once, or register early. */
CFTypeID cf_class_register(const struct cf_class *klass);
/* The type has no class any more, and no objects. */
void cf_class_forget(CFTypeID type);
const struct cf_class *cf_class_find(CFTypeID type);
/* A zeroed object of SIZE bytes (with its header), one reference, the default allocator. NULL
 * without memory. */
void *cf_object_new(CFTypeID type, size_t size);
void *cf_object_new_in(CFAllocatorRef allocator, CFTypeID type, size_t size);
/* Retain unless the last reference is gone or the object is immortal. For tables that hold no references,
 * under the lock that the class's fini takes to leave the table. */
bool cf_object_try_retain(const void *object);
/* The object stays for ever; it no longer counts as live. */
void cf_object_make_immortal(const void *object);
/* Print the message and abort. */
_Noreturn void cf_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Objects that are alive, immortal ones excepted. For leak checks. */
__attribute__((visibility("default"))) long cf_private_count_objects(void);

static inline CFTypeID cf_type_of(const void *object)
{
	return ((const struct cf_object *)object)->info >> 8 & 0x3ff;
}

/* Neither NULL nor of another type. */
static inline bool cf_is(const void *object, CFTypeID type)
{
	return object && cf_type_of(object) == type;
}

static inline uint8_t cf_flags(const void *object)
{
	return (uint8_t)((const struct cf_object *)object)->info;
}

static inline void cf_set_flags(void *object, uint8_t flags)
{
	struct cf_object *o = object;

	o->info = (o->info & ~(uint32_t)0xff) | flags;
}

/* Release unless NULL. */
static inline void cf_drop(const void *object)
{
	if (object)
		CFRelease(object);
}

/* Retain unless NULL. */
static inline const void *cf_keep(const void *object)
{
	return object ? CFRetain(object) : NULL;
}

static inline void cf_scope_release_fn(const void *pointer)
{
	cf_drop(*(const void *const *)pointer);
}

/* A local object reference that is released at the end of its scope. */
/* The mutex LOCK of a file, under which nobody else's code runs, is free in the child of a fork. */
#define CF_FREE_AFTER_FORK(lock) \
	static void before_fork(void) \
	{ \
		pthread_mutex_lock(&lock); \
	} \
	static void after_fork(void) \
	{ \
		pthread_mutex_unlock(&lock); \
	} \
	__attribute__((constructor)) static void guard_fork(void) \
	{ \
		pthread_atfork(before_fork, after_fork, after_fork); \
	}

#define scope_cf __attribute__((cleanup(cf_scope_release_fn)))

/* -1, 0 or 1. */
static inline CFComparisonResult cf_order(int64_t a, int64_t b)
{
	return a < b ? kCFCompareLessThan : a > b ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

/* A range cut to [0, length). */
static inline CFRange cf_range_clip(CFRange range, CFIndex length)
{
	if (range.location < 0 || range.length < 0 || range.location > length)
		return (CFRange){ 0, 0 };
	if (range.length > length - range.location)
		range.length = length - range.location;
	return range;
}

/* Is it wholly inside [0, length]? */
static inline bool cf_range_is_inside(CFRange range, CFIndex length)
{
	return range.location >= 0 && range.length >= 0 && range.location <= length &&
	       range.length <= length - range.location;
}

/* --- allocator.c ------------------------------------------------------------------ */

/* Is it one whose memory is malloc's? (NULL included, when the thread's default is.) */
bool cf_allocator_is_malloc(CFAllocatorRef allocator);
/* The thread's default for NULL. */
CFAllocatorRef cf_allocator_real(CFAllocatorRef allocator);
/* Memory that is there when there is no other, for constants; what is freed does not come back. */
extern const CFAllocatorRef cf_allocator_reserve;
/* For a call that cannot tell its caller: sleep a moment, then try again. Memory comes back, or the
 * system ends us. */
void cf_wait_for_memory(void);

/* --- built-in classes --------------------------------------------------------------- */

extern const struct cf_class cf_allocator_class, cf_null_class, cf_string_class, cf_boolean_class,
	cf_number_class, cf_data_class, cf_array_class, cf_dictionary_class, cf_set_class,
	cf_bag_class, cf_date_class, cf_uuid_class, cf_url_class, cf_error_class,
	cf_read_stream_class, cf_write_stream_class, cf_character_set_class, cf_locale_class,
	cf_time_zone_class, cf_calendar_class, cf_notification_center_class, cf_socket_class,
	cf_user_notification_class, cf_run_loop_class, cf_run_loop_source_class,
	cf_run_loop_timer_class, cf_run_loop_observer_class, cf_mach_port_class,
	cf_file_descriptor_class, cf_tree_class, cf_binary_heap_class, cf_bit_vector_class;

/* --- description.c ------------------------------------------------------------------ */

/* The text that %@ inserts: a string itself, else its description. Caller releases. */
CFStringRef cf_copy_text(CFTypeRef object);

/* The description of a collection, one value a line, indented by its depth in others. */
struct cf_description {
	CFMutableStringRef text;
};
void cf_description_begin(struct cf_description *d, const char *opening);
void cf_description_line(struct cf_description *d);
/* COPY NULL: a plain pointer. */
void cf_description_value(struct cf_description *d, const void *value,
			  CFStringRef (*copy)(const void *value));
CFStringRef cf_description_end(struct cf_description *d, const char *closing);

/* --- callbacks for values that are CF objects ----------------------------------------- */

const void *cf_callback_retain(CFAllocatorRef allocator, const void *value);
void cf_callback_release(CFAllocatorRef allocator, const void *value);
