// SPDX-License-Identifier: MIT
#include "cf/cf_internal.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

struct __CFAllocator {
	struct cf_object base;
	CFAllocatorContext context;
};

static void *malloc_allocate(CFIndex size, CFOptionFlags hint, void *info)
{
	return malloc((size_t)size);
}

static void *malloc_reallocate(void *ptr, CFIndex size, CFOptionFlags hint, void *info)
{
	return realloc(ptr, (size_t)size);
}

static void malloc_deallocate(void *ptr, void *info)
{
	free(ptr);
}

#define MALLOC_CONTEXT \
	{ \
		0, NULL, NULL, NULL, NULL, malloc_allocate, malloc_reallocate, malloc_deallocate, \
			NULL \
	}

static const struct __CFAllocator system_default = { CF_OBJECT_STATIC(CF_TYPE_ALLOCATOR),
						     MALLOC_CONTEXT };
static const struct __CFAllocator malloc_allocator = { CF_OBJECT_STATIC(CF_TYPE_ALLOCATOR),
						       MALLOC_CONTEXT };
/* No callbacks: allocates NULL, frees nothing. */
static const struct __CFAllocator null_allocator = { CF_OBJECT_STATIC(CF_TYPE_ALLOCATOR), { 0 } };

/*
 * The reserve: handed out once, for constants that are made when there is no other memory. A
 * program's constants are as many as its source has; those of the registry take a third of it.
 */
static _Alignas(16) char reserve[128 << 10];
static atomic_size_t reserve_used;

static void *reserve_allocate(CFIndex size, CFOptionFlags hint, void *info)
{
	size_t used = atomic_load(&reserve_used), end;

	do {
		if ((size_t)size > sizeof(reserve) - used)
			return NULL;
		end = (used + (size_t)size + 15) & ~(size_t)15;
	} while (!atomic_compare_exchange_weak(&reserve_used, &used, end));
	return reserve + used;
}

static const struct __CFAllocator reserve_allocator = { CF_OBJECT_STATIC(CF_TYPE_ALLOCATOR),
							{ 0, NULL, NULL, NULL, NULL,
							  reserve_allocate, NULL, NULL, NULL } };
const CFAllocatorRef cf_allocator_reserve = &reserve_allocator;

const CFAllocatorRef kCFAllocatorDefault = NULL;
const CFAllocatorRef kCFAllocatorSystemDefault = &system_default;
const CFAllocatorRef kCFAllocatorMalloc = &malloc_allocator;
const CFAllocatorRef kCFAllocatorMallocZone = &malloc_allocator;
const CFAllocatorRef kCFAllocatorNull = &null_allocator;
/* Only its address counts. */
static const struct __CFAllocator use_context = { CF_OBJECT_STATIC(CF_TYPE_ALLOCATOR), { 0 } };
const CFAllocatorRef kCFAllocatorUseContext = &use_context;

static __thread CFAllocatorRef thread_default;

void cf_wait_for_memory(void)
{
	nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
}

CFAllocatorRef cf_allocator_real(CFAllocatorRef allocator)
{
	if (allocator)
		return allocator;
	return thread_default ? thread_default : &system_default;
}

bool cf_allocator_is_malloc(CFAllocatorRef allocator)
{
	allocator = cf_allocator_real(allocator);
	return allocator == &system_default || allocator == &malloc_allocator;
}

static void allocator_fini(void *object)
{
	struct __CFAllocator *a = object;

	if (a->context.release)
		a->context.release(a->context.info);
}

static CFStringRef allocator_copy_description(const void *object)
{
	const struct __CFAllocator *a = object;

	if (a->context.copyDescription)
		return a->context.copyDescription(a->context.info);
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFAllocator %p>"), object);
}

const struct cf_class cf_allocator_class = {
	.name = "CFAllocator",
	.fini = allocator_fini,
	.copy_description = allocator_copy_description,
};

CFTypeID CFAllocatorGetTypeID(void)
{
	return CF_TYPE_ALLOCATOR;
}

void CFAllocatorSetDefault(CFAllocatorRef allocator)
{
	/* As documented by Apple, a default is kept for ever: objects may be made with it at any
	 * time. */
	if (cf_is(allocator, CF_TYPE_ALLOCATOR) && allocator != &use_context)
		thread_default = CFRetain(allocator);
}

CFAllocatorRef CFAllocatorGetDefault(void)
{
	return cf_allocator_real(NULL);
}

CFAllocatorRef CFAllocatorCreate(CFAllocatorRef allocator, CFAllocatorContext *context)
{
	struct __CFAllocator *a;

	if (!context || context->version != 0)
		return NULL;
	if (allocator == &use_context)
		allocator = &system_default;
	a = cf_object_new_in(allocator, CF_TYPE_ALLOCATOR, sizeof(*a));
	if (!a)
		return NULL;
	a->context = *context;
	if (context->retain)
		a->context.info = (void *)context->retain(context->info);
	return a;
}

void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint)
{
	allocator = cf_allocator_real(allocator);
	if (size <= 0 || !allocator->context.allocate)
		return NULL;
	return allocator->context.allocate(size, hint, allocator->context.info);
}

void *CFAllocatorReallocate(CFAllocatorRef allocator, void *ptr, CFIndex newsize,
			    CFOptionFlags hint)
{
	allocator = cf_allocator_real(allocator);
	if (!ptr)
		return CFAllocatorAllocate(allocator, newsize, hint);
	if (newsize <= 0) {
		CFAllocatorDeallocate(allocator, ptr);
		return NULL;
	}
	if (!allocator->context.reallocate)
		return NULL;
	return allocator->context.reallocate(ptr, newsize, hint, allocator->context.info);
}

void CFAllocatorDeallocate(CFAllocatorRef allocator, void *ptr)
{
	allocator = cf_allocator_real(allocator);
	if (ptr && allocator->context.deallocate)
		allocator->context.deallocate(ptr, allocator->context.info);
}

CFIndex CFAllocatorGetPreferredSizeForSize(CFAllocatorRef allocator, CFIndex size,
					   CFOptionFlags hint)
{
	allocator = cf_allocator_real(allocator);
	if (size > 0 && allocator->context.preferredSize) {
		CFIndex preferred =
			allocator->context.preferredSize(size, hint, allocator->context.info);

		return preferred > size ? preferred : size;
	}
	return size;
}

void CFAllocatorGetContext(CFAllocatorRef allocator, CFAllocatorContext *context)
{
	if (context)
		*context = cf_allocator_real(allocator)->context;
}

/* --- null ----------------------------------------------------------------------------- */

struct __CFNull {
	struct cf_object base;
};

static const struct __CFNull null_object = { CF_OBJECT_STATIC(CF_TYPE_NULL) };
const CFNullRef kCFNull = &null_object;

static CFStringRef null_copy_description(const void *object)
{
	return CFSTR("<null>");
}

const struct cf_class cf_null_class = {
	.name = "CFNull",
	.copy_description = null_copy_description,
};

CFTypeID CFNullGetTypeID(void)
{
	return CF_TYPE_NULL;
}
