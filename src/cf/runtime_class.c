// SPDX-License-Identifier: MIT
/* CFRuntime.h: classes of programs, seen as classes of ours. */
#include <CoreFoundation/CFRuntime.h>
#include <stdlib.h>

#include "cf/cf_internal.h"

_Static_assert(sizeof(CFRuntimeBase) == sizeof(struct cf_object), "headers of objects differ");

struct adapter {
	struct cf_class klass; /* first */
	const CFRuntimeClass *runtime;
};

static const CFRuntimeClass *runtime_of(const void *object)
{
	return ((const struct adapter *)cf_class_find(cf_type_of(object)))->runtime;
}

static void adapter_fini(void *object)
{
	const CFRuntimeClass *r = runtime_of(object);

	if (r->version & _kCFRuntimeResourcefulObject && r->reclaim)
		r->reclaim(object);
	if (r->finalize)
		r->finalize(object);
}

static bool adapter_equal(const void *a, const void *b)
{
	return runtime_of(a)->equal(a, b);
}

static CFHashCode adapter_hash(const void *object)
{
	return runtime_of(object)->hash(object);
}

static CFStringRef adapter_copy_description(const void *object)
{
	return runtime_of(object)->copyDebugDesc(object);
}

static CFStringRef adapter_copy_text(const void *object)
{
	return runtime_of(object)->copyFormattingDesc(object, NULL);
}

static bool is_supported(const CFRuntimeClass *cls)
{
	if (!cls || !cls->className || cls->version & _kCFRuntimeCustomRefCount)
		return false;
	return !(cls->version & _kCFRuntimeRequiresAlignment) ||
	       cls->requiredAlignment <= _Alignof(max_align_t);
}

CFTypeID _CFRuntimeRegisterClass(const CFRuntimeClass *const cls)
{
	struct adapter *a = is_supported(cls) ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return _kCFRuntimeNotATypeID;
	a->runtime = cls;
	a->klass.name = cls->className;
	a->klass.fini = adapter_fini;
	a->klass.equal = cls->equal ? adapter_equal : NULL;
	a->klass.hash = cls->hash ? adapter_hash : NULL;
	a->klass.copy_description = cls->copyDebugDesc ? adapter_copy_description : NULL;
	a->klass.copy_text = cls->copyFormattingDesc ? adapter_copy_text : NULL;
	return cf_class_register(&a->klass);
}

/* NULL for classes that are not of this kind. */
static const struct adapter *adapter_find(CFTypeID type)
{
	const struct cf_class *klass = cf_class_find(type);

	return klass && klass->fini == adapter_fini ? (const struct adapter *)klass : NULL;
}

const CFRuntimeClass *_CFRuntimeGetClassWithTypeID(CFTypeID typeID)
{
	const struct adapter *a = adapter_find(typeID);

	return a ? a->runtime : NULL;
}

void _CFRuntimeUnregisterClassWithTypeID(CFTypeID typeID)
{
	const struct adapter *a = adapter_find(typeID);

	if (!a)
		return;
	cf_class_forget(typeID);
	free((void *)a);
}

CFTypeRef _CFRuntimeCreateInstance(CFAllocatorRef allocator, CFTypeID typeID, CFIndex extraBytes,
				   unsigned char *category)
{
	const struct adapter *a = adapter_find(typeID);
	void *object;

	if (!a || extraBytes < 0 || extraBytes > LONG_MAX / 2)
		return NULL;
	object = cf_object_new_in(allocator, typeID, sizeof(CFRuntimeBase) + (size_t)extraBytes);
	if (object && a->runtime->init)
		a->runtime->init(object);
	return object;
}

void _CFRuntimeSetInstanceTypeID(CFTypeRef cf, CFTypeID typeID)
{
	struct cf_object *o = (struct cf_object *)(uintptr_t)cf;

	if (o && cf_class_find(typeID))
		o->info = (o->info & ~(0x3ffu << 8)) | (uint32_t)typeID << 8;
}

void _CFRuntimeInitStaticInstance(void *memory, CFTypeID typeID)
{
	struct cf_object *o = memory;

	o->isa = NULL;
	o->info = (uint32_t)typeID << 8;
	atomic_init(&o->refs, 0);
}
