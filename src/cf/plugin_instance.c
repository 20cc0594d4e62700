// SPDX-License-Identifier: MIT
/* The older form of plug-in instances: CF objects that hold the instance's data. */
#include "cf/bundle_internal.h"

struct __CFPlugInInstance {
	struct cf_object base;
	CFUUIDRef factory; /* or NULL */
	CFPlugInInstanceGetInterfaceFunction get_interface;
	CFPlugInInstanceDeallocateInstanceDataFunction deallocate;
	_Alignas(16) unsigned char data[];
};

static CFTypeID instance_type;

static void instance_fini(void *object)
{
	CFPlugInInstanceRef i = object;

	if (i->deallocate)
		i->deallocate(i->data);
	if (i->factory) {
		CFPlugInRemoveInstanceForFactory(i->factory);
		CFRelease(i->factory);
	}
}

static const struct cf_class instance_class = { .name = "CFPlugInInstance", .fini = instance_fini };

static void instance_register(void)
{
	instance_type = cf_class_register(&instance_class);
}

CFTypeID CFPlugInInstanceGetTypeID(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, instance_register);
	return instance_type;
}

static bool is_instance(CFPlugInInstanceRef instance)
{
	return cf_is(instance, CFPlugInInstanceGetTypeID());
}

/* macOS takes the UUID itself where the declaration says text. */
static CFUUIDRef copy_factory(CFTypeRef name)
{
	if (cf_is(name, CF_TYPE_UUID))
		return CFRetain(name);
	return cf_is(name, CF_TYPE_STRING) ? CFUUIDCreateFromString(NULL, name) : NULL;
}

CFPlugInInstanceRef CFPlugInInstanceCreateWithInstanceDataSize(
	CFAllocatorRef allocator, CFIndex instanceDataSize,
	CFPlugInInstanceDeallocateInstanceDataFunction deallocateInstanceFunction,
	CFStringRef factoryName, CFPlugInInstanceGetInterfaceFunction getInterfaceFunction)
{
	CFPlugInInstanceRef i;

	if (instanceDataSize < 0 || instanceDataSize > LONG_MAX - (CFIndex)sizeof(*i))
		return NULL;
	i = cf_object_new_in(allocator, CFPlugInInstanceGetTypeID(),
			     sizeof(*i) + (size_t)instanceDataSize);
	if (!i)
		return NULL;
	i->get_interface = getInterfaceFunction;
	i->deallocate = deallocateInstanceFunction;
	i->factory = copy_factory(factoryName);
	if (i->factory)
		CFPlugInAddInstanceForFactory(i->factory);
	return i;
}

Boolean CFPlugInInstanceGetInterfaceFunctionTable(CFPlugInInstanceRef instance,
						  CFStringRef interfaceName, void **ftbl)
{
	void *table = NULL;

	if (!is_instance(instance) || !instance->get_interface ||
	    !instance->get_interface(instance, interfaceName, &table))
		return FALSE;
	if (ftbl)
		*ftbl = table;
	return TRUE;
}

CFStringRef CFPlugInInstanceGetFactoryName(CFPlugInInstanceRef instance)
{
	return is_instance(instance) && instance->factory
		     ? CFUUIDCreateString(NULL, instance->factory)
		     : NULL;
}

void *CFPlugInInstanceGetInstanceData(CFPlugInInstanceRef instance)
{
	return is_instance(instance) ? instance->data : NULL;
}
