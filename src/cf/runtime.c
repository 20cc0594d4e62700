// SPDX-License-Identifier: MIT
#include "cf/cf_internal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A count at or above this is that of a freed object (REFS_DEAD), or counting went wild. */
#define REFS_LIMIT 0x80000000u
#define REFS_DEAD 0xdead0000u

static _Atomic(const struct cf_class *) classes[CF_TYPE_LIMIT] = {
	[CF_TYPE_ALLOCATOR] = &cf_allocator_class,
	[CF_TYPE_NULL] = &cf_null_class,
	[CF_TYPE_STRING] = &cf_string_class,
	[CF_TYPE_BOOLEAN] = &cf_boolean_class,
	[CF_TYPE_NUMBER] = &cf_number_class,
	[CF_TYPE_DATA] = &cf_data_class,
	[CF_TYPE_ARRAY] = &cf_array_class,
	[CF_TYPE_DICTIONARY] = &cf_dictionary_class,
	[CF_TYPE_SET] = &cf_set_class,
	[CF_TYPE_BAG] = &cf_bag_class,
	[CF_TYPE_DATE] = &cf_date_class,
	[CF_TYPE_UUID] = &cf_uuid_class,
	[CF_TYPE_URL] = &cf_url_class,
	[CF_TYPE_ERROR] = &cf_error_class,
	[CF_TYPE_READ_STREAM] = &cf_read_stream_class,
	[CF_TYPE_WRITE_STREAM] = &cf_write_stream_class,
	[CF_TYPE_CHARACTER_SET] = &cf_character_set_class,
	[CF_TYPE_LOCALE] = &cf_locale_class,
	[CF_TYPE_TIME_ZONE] = &cf_time_zone_class,
	[CF_TYPE_CALENDAR] = &cf_calendar_class,
	[CF_TYPE_NOTIFICATION_CENTER] = &cf_notification_center_class,
	[CF_TYPE_SOCKET] = &cf_socket_class,
	[CF_TYPE_USER_NOTIFICATION] = &cf_user_notification_class,
	[CF_TYPE_RUN_LOOP] = &cf_run_loop_class,
	[CF_TYPE_RUN_LOOP_SOURCE] = &cf_run_loop_source_class,
	[CF_TYPE_RUN_LOOP_TIMER] = &cf_run_loop_timer_class,
	[CF_TYPE_RUN_LOOP_OBSERVER] = &cf_run_loop_observer_class,
	[CF_TYPE_MACH_PORT] = &cf_mach_port_class,
	[CF_TYPE_FILE_DESCRIPTOR] = &cf_file_descriptor_class,
	[CF_TYPE_TREE] = &cf_tree_class,
	[CF_TYPE_BINARY_HEAP] = &cf_binary_heap_class,
	[CF_TYPE_BIT_VECTOR] = &cf_bit_vector_class,
};
static atomic_uint next_type = CF_TYPE_FIRST_FREE;
static atomic_long live_objects;

void cf_abort(const char *format, ...)
{
	va_list arguments;

	fputs("CoreFoundation: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

long cf_private_count_objects(void)
{
	return atomic_load_explicit(&live_objects, memory_order_relaxed);
}

double kCFCoreFoundationVersionNumber = 1858.112;

CFTypeRef CFMakeCollectable(CFTypeRef cf)
{
	return cf;
}

/* --- classes ------------------------------------------------------------------- */

CFTypeID cf_class_register(const struct cf_class *klass)
{
	unsigned type = atomic_load(&next_type);

	do
		if (type >= CF_TYPE_LIMIT)
			return 0;
	while (!atomic_compare_exchange_weak(&next_type, &type, type + 1));
	atomic_store_explicit(&classes[type], klass, memory_order_release);
	return type;
}

void cf_class_forget(CFTypeID type)
{
	atomic_store_explicit(&classes[type], NULL, memory_order_release);
}

const struct cf_class *cf_class_find(CFTypeID type)
{
	return type < CF_TYPE_LIMIT ? atomic_load_explicit(&classes[type], memory_order_acquire)
				    : NULL;
}

CFStringRef CFCopyTypeIDDescription(CFTypeID type_id)
{
	const struct cf_class *klass = cf_class_find(type_id);

	return klass ? CFStringCreateWithCString(NULL, klass->name, kCFStringEncodingUTF8) : NULL;
}

/* --- life ------------------------------------------------------------------------ */

void *cf_object_new_in(CFAllocatorRef allocator, CFTypeID type, size_t size)
{
	struct cf_object *o;

	if (cf_allocator_is_malloc(allocator)) {
		o = calloc(1, size);
		if (!o)
			return NULL;
	} else {
		allocator = cf_allocator_real(allocator);
		o = CFAllocatorAllocate(allocator, (CFIndex)size, 0);
		if (!o)
			return NULL;
		memset(o, 0, size);
		o->isa = CFRetain(allocator);
	}
	o->info = (uint32_t)type << 8;
	atomic_init(&o->refs, 1);
	atomic_fetch_add_explicit(&live_objects, 1, memory_order_relaxed);
	return o;
}

void *cf_object_new(CFTypeID type, size_t size)
{
	return cf_object_new_in(NULL, type, size);
}

void cf_object_make_immortal(const void *object)
{
	struct cf_object *o = (struct cf_object *)object;

	/* What is immortal already may be in read-only memory. */
	if (atomic_load(&o->refs) != 0 && atomic_exchange(&o->refs, 0) != 0)
		atomic_fetch_sub_explicit(&live_objects, 1, memory_order_relaxed);
}

static void object_free(struct cf_object *o)
{
	const struct cf_class *klass = cf_class_find(cf_type_of(o));
	CFAllocatorRef allocator = o->isa;

	/* A later release of freed memory that was not reused is caught by this value. */
	atomic_store_explicit(&o->refs, REFS_DEAD, memory_order_relaxed);
	if (klass && klass->fini)
		klass->fini(o);
	atomic_fetch_sub_explicit(&live_objects, 1, memory_order_relaxed);
	if (!allocator) {
		free(o);
		return;
	}
	CFAllocatorDeallocate(allocator, o);
	CFRelease(allocator);
}

CFTypeRef CFRetain(CFTypeRef cf)
{
	struct cf_object *o = (struct cf_object *)cf;
	uint32_t before;

	if (!o)
		cf_abort("CFRetain(NULL)");
	before = atomic_load_explicit(&o->refs, memory_order_relaxed);
	if (before == 0)
		return cf;
	before = atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	if (before >= REFS_LIMIT - 1)
		cf_abort("CFRetain(%p): the object was freed already", cf);
	return cf;
}

bool cf_object_try_retain(const void *object)
{
	struct cf_object *o = (struct cf_object *)object;
	uint32_t before = atomic_load_explicit(&o->refs, memory_order_relaxed);

	while (before != 0 && before < REFS_LIMIT)
		if (atomic_compare_exchange_weak(&o->refs, &before, before + 1))
			return true;
	return false;
}

void CFRelease(CFTypeRef cf)
{
	struct cf_object *o = (struct cf_object *)cf;
	uint32_t before;

	if (!o)
		cf_abort("CFRelease(NULL)");
	before = atomic_load_explicit(&o->refs, memory_order_relaxed);
	if (before == 0)
		return;
	before = atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel);
	if (before == 1)
		object_free(o);
	else if (before == 0 || before >= REFS_LIMIT)
		cf_abort("CFRelease(%p): the object was freed already", cf);
}

CFIndex CFGetRetainCount(CFTypeRef cf)
{
	uint32_t refs;

	if (!cf)
		cf_abort("CFGetRetainCount(NULL)");
	refs = atomic_load_explicit(&((struct cf_object *)cf)->refs, memory_order_relaxed);
	return refs ? (CFIndex)refs : LONG_MAX;
}

/* --- polymorphic ------------------------------------------------------------------- */

CFTypeID CFGetTypeID(CFTypeRef cf)
{
	if (!cf)
		cf_abort("CFGetTypeID(NULL)");
	return cf_type_of(cf);
}

CFAllocatorRef CFGetAllocator(CFTypeRef cf)
{
	const struct cf_object *o = cf;

	if (!cf)
		cf_abort("CFGetAllocator(NULL)");
	if (!o->isa || o->isa == (const void *)__CFConstantStringClassReference)
		return kCFAllocatorSystemDefault;
	return o->isa;
}

Boolean CFEqual(CFTypeRef cf1, CFTypeRef cf2)
{
	const struct cf_class *klass;

	if (!cf1 || !cf2)
		cf_abort("CFEqual(%p, %p)", cf1, cf2);
	if (cf1 == cf2)
		return TRUE;
	if (cf_type_of(cf1) != cf_type_of(cf2))
		return FALSE;
	klass = cf_class_find(cf_type_of(cf1));
	return klass && klass->equal && klass->equal(cf1, cf2);
}

CFHashCode CFHash(CFTypeRef cf)
{
	const struct cf_class *klass;

	if (!cf)
		cf_abort("CFHash(NULL)");
	klass = cf_class_find(cf_type_of(cf));
	return klass && klass->hash ? klass->hash(cf) : (CFHashCode)(uintptr_t)cf >> 4;
}
